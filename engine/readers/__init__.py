"""Readers: log formats → a typed DuckDB table, one row a log row."""

from __future__ import annotations

from typing import TYPE_CHECKING

from .model import Choose, Run, Wanted, WantedMetric

if TYPE_CHECKING:
    from .deadline import Deadline

__all__ = ["Choose", "Run", "Wanted", "WantedMetric", "read"]


def read(
    path: str,
    wanted: Wanted | Choose,
    *,
    threads: int | None = None,
    memory_limit: str | None = None,
    deadline: Deadline | None = None,
) -> Run:
    """Read the log at `path` (`-`: standard input) into a table; raises LogError when it cannot be judged.

    What is wanted may depend on the names of the log's keys: they are told before anything is read.
    """
    from .jsonl import read as read_jsonl

    return read_jsonl(path, wanted, threads=threads, memory_limit=memory_limit, deadline=deadline)
