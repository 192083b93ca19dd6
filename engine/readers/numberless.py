"""A metric that stops being a number while its key goes on: what writes NaN as null does so to a run that is lost."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any

from ..database import duckdb
from ..record import Record
from .cells import nestings
from .columns import Layout, Metric
from .lines import Lines
from .normalise import Source

FEWEST = 10
"""Lines without a number, at the end of a log, that are told; fewer may be an epoch's end or a summary."""
LOOKED_AT = 100_000
"""Lines before the last number that are searched for a stretch as long."""


class Numberless(Record):
    """The sentinel whose key holds no number in the most lines at the end of a log: so many, the number of the
    first, and what to say of them."""

    lines: int = 0
    first: int = 0
    because: str = ""


def numberless(con: duckdb.DuckDBPyConnection, source: Source, layout: Layout, counted: Lines) -> Numberless:
    """What stopped being a number in a log of JSON lines, whose cells are in the table `raw`."""
    watched = _in_question(layout, counted.objects)
    if not watched:
        return Numberless()
    ends = f"(FROM raw LIMIT {FEWEST} OFFSET {max(0, counted.total - FEWEST)})"
    (found,) = con.execute(f"SELECT {', '.join(f'count({m.column})' for m in watched)} FROM {ends}").fetchall()
    gone = [metric for metric, amount in zip(watched, found, strict=True) if not amount]
    if not gone:
        return Numberless()
    asked = ", ".join(f"max(CASE WHEN {m.column} IS NOT NULL THEN rowid END)" for m in gone)
    (last,) = con.execute(f"SELECT {asked} FROM raw").fetchall()
    with open(source.path, "rb") as stream:
        return at_the_end(stream, gone, layout.metrics, source.place, max(0, min(last) - LOOKED_AT))


def of_text(raw: bytes, layout: Layout, objects: int) -> Numberless:
    """As `numberless`, of a text in memory with so many JSON objects."""
    watched = _in_question(layout, objects)
    lines = raw.splitlines() if watched else []
    ends = [_row(line) for line in lines[-FEWEST:]]
    gone = [m for m in watched if not any(_is_number(_at(row, path)) for path in nestings(m.key) for row in ends)]
    return at_the_end(lines, gone, layout.metrics) if gone else Numberless()


def _in_question(layout: Layout, objects: int) -> list[Metric]:
    """The sentinels that enough of all objects have no number of."""
    return [
        m for m in layout.metrics if m.sentinel and not m.evaluation and layout.logged[m.column] + FEWEST <= objects
    ]


def at_the_end(
    lines: Iterable[bytes],
    watched: Sequence[Metric],
    metrics: Sequence[Metric],
    place: Callable[[int], int] = int,
    skipped: int = 0,
) -> Numberless:
    """As `numberless`, of lines as bytes, but for the first `skipped`; `place` gives the number of a line in the file.

    A stretch counts where it is more than twice as long as any before it: tables of all metrics have one in each line
    between two values. Lines that evaluate are passed over.
    """
    evaluated = [path for m in metrics if m.evaluation for path in nestings(m.key)]
    ends = {metric.id: _End() for metric in watched}
    paths = {metric.id: list(nestings(metric.key)) for metric in watched}
    for number, line in enumerate(lines, 1):
        row = _row(line) if number > skipped else None
        if row is None or any(_is_number(_at(row, path)) for path in evaluated):
            continue
        for id, end in ends.items():
            end.see(number, [_at(row, path) for path in paths[id]])
    told = [metric for metric in watched if ends[metric.id].is_told]
    if not told:
        return Numberless()
    longest = max((ends[metric.id] for metric in told), key=lambda end: end.lines)
    keys = ", ".join(metric.key for metric in told if ends[metric.id].lines == longest.lines)
    first = place(longest.first)
    because = f"{keys}: {longest.kind} in {longest.lines:,} lines, from line {first:,} to the end"
    return Numberless(longest.lines, first, because)


class _End:
    """The lines at the end in which a key holds no number."""

    def __init__(self) -> None:
        self.lines = self.first = self.longest = 0
        self.kind = ""

    def see(self, number: int, cells: Sequence[Any]) -> None:
        there = [cell for cell in cells if cell is not _ABSENT]
        if not there:
            return
        if any(map(_is_number, there)):
            self.longest, self.lines = max(self.longest, self.lines), 0
            return
        self.first = self.first if self.lines else number
        self.lines += 1
        self.kind = "null" if there[0] is None else repr(there[0]) if isinstance(there[0], str) else "no number"

    @property
    def is_told(self) -> bool:
        return self.lines >= FEWEST and self.lines > 2 * self.longest


_ABSENT = object()


def _row(line: bytes) -> Any:
    """The object in a line, None where it is none."""
    try:
        return json.loads(line) if line.lstrip().startswith(b"{") else None
    except (ValueError, RecursionError):
        return None


def _at(row: Any, path: Sequence[str]) -> Any:
    for part in path:
        if not isinstance(row, Mapping) or part not in row:
            return _ABSENT
        row = row[part]
    return row


def _is_number(cell: Any) -> bool:
    if isinstance(cell, str):
        try:
            float(cell.strip().removesuffix("%"))
        except ValueError:
            return False
        return True
    return isinstance(cell, bool | int | float)
