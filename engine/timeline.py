"""When conditions were true, false or unknown: the whole run as a few segments, whatever its length."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from .compile.ir import Value
    from .compile.program import Program

_PER_CODE = 30
_TRUTH = (None, False, None, True)


@dataclass(frozen=True, slots=True)
class Segment:
    """Neighbouring rows `first`..`last` (both included, counted from 1) on which a condition has one value."""

    first: int
    last: int
    value: bool | None


Timeline = tuple[Segment, ...]
"""Segments that cover all rows of the run, in order."""


def timelines(program: Program, conditions: Sequence[Value], rows: int) -> list[Timeline]:
    """One timeline for each condition, in one pass over the working table.

    Each condition takes two bits of a code (1: false, 3: true, 0: unknown); only rows on which a code changes leave DuckDB.
    """
    if not conditions or not rows:
        return [() for _ in conditions]
    if rows < program.long:
        return _short(program, conditions, rows)
    source, render = program.columns_for(conditions, [])
    codes = []
    for start in range(0, len(conditions), _PER_CODE):
        terms = [
            f"(CASE {render.observed(condition)} WHEN true THEN {3 << 2 * place} WHEN false THEN {1 << 2 * place} ELSE 0 END)"
            for place, condition in enumerate(conditions[start : start + _PER_CODE])
        ]
        codes.append(" + ".join(terms))
    names = [f"c{place}" for place in range(len(codes))]
    coded = ", ".join(f"CAST({code} AS BIGINT) AS {name}" for code, name in zip(codes, names, strict=True))
    before = ", ".join(f"lag({name}) OVER () AS p_{name}" for name in names)
    changed = " OR ".join(f"{name} IS DISTINCT FROM p_{name}" for name in names)
    cursor = program.con.execute(
        f"SELECT i, {', '.join(names)} FROM (SELECT *, {before} FROM (SELECT i, {coded} FROM {source}))"
        f" WHERE {changed} ORDER BY i"
    )
    tracks = [_Track() for _ in conditions]
    known = [0] * len(codes)
    started = False
    while batch := cursor.fetchmany(10_000):
        for i, *row in batch:
            for block, code in enumerate(row):
                changed_bits = known[block] ^ code
                if not started:
                    count = min(_PER_CODE, len(conditions) - block * _PER_CODE)
                    changed_bits = (1 << 2 * count) - 1
                known[block] = code
                while changed_bits:
                    bit = (changed_bits & -changed_bits).bit_length() - 1 & ~1
                    changed_bits &= ~(3 << bit)
                    tracks[block * _PER_CODE + bit // 2].turn(i, _TRUTH[code >> bit & 3])
            started = True
    return [track.closed(rows) for track in tracks]


def _short(program: Program, conditions: Sequence[Value], rows: int) -> list[Timeline]:
    """The same for a run whose values are quicker to fetch than a query that leaves most of them out."""
    render = program.renderer
    items = ", ".join(render.observed(condition) for condition in conditions)
    columns = zip(*program.con.execute(f"SELECT {items} FROM {program.table} ORDER BY i").fetchall(), strict=True)
    lines = []
    for values in columns:
        track = _Track()
        for i, value in enumerate(values, 1):
            if i == 1 or value is not track.value:
                track.turn(i, value)
        lines.append(track.closed(rows))
    return lines


@dataclass(slots=True)
class _Track:
    segments: list[Segment] = field(default_factory=list)
    first: int = 0
    value: bool | None = None

    def turn(self, i: int, value: bool | None) -> None:
        if self.first:
            self.segments.append(Segment(self.first, i - 1, self.value))
        self.first, self.value = i, value

    def closed(self, rows: int) -> Timeline:
        if self.first:
            self.segments.append(Segment(self.first, rows, self.value))
        return tuple(self.segments)
