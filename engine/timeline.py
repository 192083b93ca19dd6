"""When conditions were true, false or unknown: the whole run as a few segments, whatever its length."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from functools import partial
from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    import duckdb

    from .compile.ir import Value
    from .compile.program import Program
    from .compile.sql import Renderer

_PER_CODE = 30
_TRUTH = (None, False, None, True)
_HELD_WORK = 4
"""What it takes to tell for how long a condition has held, beside what it takes to tell whether it holds."""


class Segment(NamedTuple):
    """Neighbouring rows `first`..`last` (both included, counted from 1) on which a condition has one value.

    `is_short` marks, at the end of a timeline of held conditions, what is true but has not held long enough.
    """

    first: int
    last: int
    value: bool | None
    is_short: bool = False


Timeline = tuple[Segment, ...]
"""Segments that cover all rows of the run, in order."""


def is_long(program: Program) -> bool:
    """Whether the run is too long to look at each of its rows outside DuckDB."""
    return program.rows >= program.long


def timelines(program: Program, conditions: Sequence[Value], rows: int, held: Sequence[int] = ()) -> list[Timeline]:
    """One timeline for each condition, in one pass over the working table.

    Each condition takes two bits of a code (1: false, 3: true, 0: unknown); only rows at which it changes leave DuckDB.
    With `held`, a condition of a long run counts as true only from the n-th of its true observations in a row on: what
    flickers from row to row then never leaves DuckDB.
    """
    if not conditions or not rows:
        return [() for _ in conditions]
    if not is_long(program):
        return _short(program, conditions, rows)
    held = held or [1] * len(conditions)
    # One pass keeps one thread busy, so the conditions are looked at in two.
    shares = _halves(held)
    passes = [([conditions[place] for place in share], [held[place] for place in share]) for share in shares]
    sources = [program.columns_for(some, []) for some, _ in passes]
    tasks = [partial(_pass, *source, *each, rows) for source, each in zip(sources, passes, strict=True)]
    found = program.concurrently(tasks)
    lines = {
        place: line for share, some in zip(shares, found, strict=True) for place, line in zip(share, some, strict=True)
    }
    return [lines[place] for place in range(len(conditions))]


def _halves(held: Sequence[int]) -> list[list[int]]:
    """The places of the conditions in two parts of about the same work: to tell how long one has held takes more."""
    halves: list[list[int]] = [[], []]
    work = [0, 0]
    for place, n in enumerate(held):
        lighter = work.index(min(work))
        halves[lighter].append(place)
        work[lighter] += 1 if n < 2 else _HELD_WORK
    return [half for half in halves if half]


def _pass(
    base: str,
    render: Renderer,
    conditions: Sequence[Value],
    held: Sequence[int],
    rows: int,
    con: duckdb.DuckDBPyConnection,
) -> list[Timeline]:
    plain = [render.observed(condition) for condition in conditions]
    source, flags = _held(base, plain, held)
    codes = []
    for start in range(0, len(conditions), _PER_CODE):
        terms = [
            f"(CASE {flag} WHEN true THEN {3 << 2 * place} WHEN false THEN {1 << 2 * place} ELSE 0 END)"
            for place, flag in enumerate(flags[start : start + _PER_CODE])
        ]
        codes.append(" + ".join(terms))
    names = [f"c{place}" for place in range(len(codes))]
    coded = ", ".join(f"CAST({code} AS BIGINT) AS {name}" for code, name in zip(codes, names, strict=True))
    before = ", ".join(f"lag({name}) OVER () AS p_{name}" for name in names)
    changed = " OR ".join(f"{name} IS DISTINCT FROM p_{name}" for name in names)
    cursor = con.execute(
        f"SELECT i, {', '.join(names)} FROM (SELECT *, {before} FROM (SELECT i, {coded} FROM {source}))"
        f" WHERE {changed} ORDER BY i"
    )
    tracks = [_Track() for _ in conditions]
    known = [-1] * len(codes)
    while batch := cursor.fetchmany(10_000):
        for i, *row in batch:
            for block, code in enumerate(row):
                count = min(_PER_CODE, len(conditions) - block * _PER_CODE)
                turned = known[block] ^ code if known[block] >= 0 else (1 << 2 * count) - 1
                known[block] = code
                while turned:
                    bit = (turned & -turned).bit_length() - 1 & ~1
                    turned &= ~(3 << bit)
                    tracks[block * _PER_CODE + bit // 2].turn(i, _TRUTH[code >> bit & 3])
    lines = [track.closed(rows) for track in tracks]
    counted = [place for place, n in enumerate(held) if n > 1]
    if counted:
        falls = ", ".join(f"max(CASE WHEN NOT {plain[place]} THEN i END)" for place in counted)
        found = con.execute(f"SELECT {falls} FROM {base}").fetchone()
        assert found is not None
        for place, fall in zip(counted, found, strict=True):
            lines[place] = _with_short_end(lines[place], fall or 0)
    return lines


def _with_short_end(line: Timeline, fall: int) -> Timeline:
    """The timeline of a held condition with what stands after its last false row, and is not held yet, told apart."""
    out: list[Segment] = []
    for segment in line:
        if segment.value is not False or segment.last <= fall:
            out.append(segment)
            continue
        if segment.first <= fall:
            out.append(Segment(segment.first, fall, False))
        out.append(Segment(max(segment.first, fall + 1), segment.last, True, is_short=True))
    return tuple(out)


def _held(source: str, flags: Sequence[str], held: Sequence[int]) -> tuple[str, list[str]]:
    """The source with what it takes to tell for how many observations each flag has been true, and the flags held."""
    so_far = "OVER (ROWS UNBOUNDED PRECEDING)"
    counts, falls, out = [], [], []
    for place, (flag, n) in enumerate(zip(flags, held, strict=True)):
        if n < 2:
            out.append(flag)
            continue
        counts.append(f"count({flag}) {so_far} AS n{place}")
        falls.append(f"last_value(CASE WHEN NOT {flag} THEN n{place} END IGNORE NULLS) {so_far} AS f{place}")
        out.append(f"CASE {flag} WHEN true THEN n{place} - coalesce(f{place}, 0) >= {n} WHEN false THEN false END")
    if not counts:
        return source, out
    return f"(SELECT *, {', '.join(falls)} FROM (SELECT *, {', '.join(counts)} FROM {source}))", out


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


@dataclass(slots=True, eq=False, repr=False)
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
