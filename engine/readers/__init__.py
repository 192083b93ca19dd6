"""Readers: log formats → a typed DuckDB table, one row a log row."""

from __future__ import annotations

from typing import TYPE_CHECKING

from .model import Choose, Run, Shipped, Wanted, WantedMetric

if TYPE_CHECKING:
    from ..report import Known
    from .deadline import Deadline
    from .opening import Witness

__all__ = ["Choose", "Run", "Wanted", "WantedMetric", "read"]


def read(
    path: str,
    wanted: Wanted | Choose,
    *,
    shipped: Shipped = dict,
    input_format: str | None = None,
    known: tuple[Known, ...] = (),
    threads: int | None = None,
    memory_limit: str | None = None,
    deadline: Deadline | None = None,
    witness: Witness | None = None,
) -> Run:
    """Read the log at `path` (`-`: standard input) into a table; raises LogError when it cannot be judged.

    `input_format` names the reader; without it, the content of the log decides. `known` is what files beside it say.
    A `witness` sees the rows beside it.
    What is wanted may depend on the names of the log's keys: they are told before anything is read.
    """
    from .reading import read as read_run

    return read_run(
        path,
        wanted,
        shipped=shipped,
        input_format=input_format,
        known=known,
        threads=threads,
        memory_limit=memory_limit,
        deadline=deadline,
        witness=witness,
    )
