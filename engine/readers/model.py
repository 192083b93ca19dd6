"""What a reader is asked for and what it hands over."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, TypeAlias

from ..pack import EMPTY, Clock, Format
from ..record import Record
from ..report import LogFacts

if TYPE_CHECKING:
    from ..database import duckdb


class WantedMetric(Record):
    """A metric to read: the first of `keys` that occurs in the log is its key."""

    id: str
    keys: tuple[str, ...]
    type: str = "number"  # number | text
    role: str = "train"  # train | eval
    share: bool = False  # a share of 1; values above 1.5 anywhere say that the log has percent
    judged: bool = True  # its values are asked for; else it only says which lines are rows


class Wanted(Record):
    """Everything that an evaluation wants to know from a log; `sentinels` and `required` are metric ids."""

    clock: Clock
    metrics: tuple[WantedMetric, ...]
    sentinels: tuple[str, ...] = ()
    labels: Mapping[str, tuple[str, ...]] = EMPTY
    summary: tuple[str, ...] = ()
    required: tuple[str, ...] = ()
    formats: tuple[Format, ...] = ()


Choose: TypeAlias = Callable[[frozenset[str]], Wanted]
"""Says what is wanted of a log whose keys have these names; of nested objects, each name stands on its own."""


Shipped: TypeAlias = Callable[[], Mapping[str, tuple[Format, ...]]]
"""Gives the formats of console output of the packs that are shipped, by pack; asked only where they matter."""


@dataclass(slots=True, eq=False, repr=False)
class Run:
    """A log as a DuckDB table, on a connection of its own without access to files, network or settings.

    The table has one row a log row, in file order, superseded rows left out: `i` (1, 2, …), `line`, `step`, `tick`,
    `epoch`, `time` (seconds since 1970, UTC), `moves`, `segment`, then labels and metrics. `columns`, `keys` and
    `labels` hold only what occurs in the log; `offered` are the names that the lines gave where none was needed,
    `never` has a note for each metric that was logged, but never as a number.
    """

    con: duckdb.DuckDBPyConnection
    columns: dict[str, str]
    keys: dict[str, str]
    labels: dict[str, str]
    facts: LogFacts
    starts_midway: bool
    table: str = "run"
    offered: tuple[str, ...] = ()
    never: Mapping[str, str] = field(default_factory=dict)
