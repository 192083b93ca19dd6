"""When conditions were true, false or unknown: the whole run as a few segments, whatever its length."""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial
from typing import TYPE_CHECKING

from .compile.halves import halves
from .record import Record
from .segments import FALSE, SINCE, TRUE, UNKNOWN, HeldTrack, Timeline, Track

if TYPE_CHECKING:
    from .compile.ir import Value
    from .compile.program import Program
    from .compile.sql import Renderer
    from .database import duckdb

_PER_CODE = 30
_STATES = {None: UNKNOWN, False: FALSE, True: TRUE}
_HELD_WORK = 2
"""What it takes to tell for how long a condition has held, beside what it takes to tell whether it holds."""


class Held(Record):
    """A condition that counts from the n-th of its true observations in a row on; `in_rows` where rows are counted, of
    which some may be none."""

    condition: Value
    n: int = 1
    in_rows: bool = False


def is_long(program: Program) -> bool:
    """Whether the run is too long to look at each of its rows outside DuckDB."""
    return program.rows >= program.long


def timelines(program: Program, asked: Sequence[Held], rows: int) -> list[Timeline]:
    """One timeline for each condition, in one pass over the working table.

    Each condition takes two bits of a code (1: false, 3: true, 0: unknown); only rows at which it changes leave DuckDB.
    Of a short run, every row at which one is true counts. Of a long one, what flickers from row to row and never holds
    for as long as is asked never leaves DuckDB; an empty timeline says of one `in_rows` that rows are not observations.
    """
    if not asked or not rows:
        return [() for _ in asked]
    if not is_long(program):
        return _short(program, [each.condition for each in asked], rows)
    # One pass keeps one thread busy, so the conditions are looked at in two.
    shares = halves(range(len(asked)), lambda place: 1 if asked[place].n < 2 else _HELD_WORK)
    passes = [[asked[place] for place in share] for share in shares]
    sources = [program.columns_for([each.condition for each in some], []) for some in passes]
    tasks = [partial(_pass, *source, some, rows) for source, some in zip(sources, passes, strict=True)]
    found = program.concurrently(tasks)
    lines = {
        place: line for share, some in zip(shares, found, strict=True) for place, line in zip(share, some, strict=True)
    }
    return [lines[place] for place in range(len(asked))]


def _pass(
    base: str,
    render: Renderer,
    asked: Sequence[Held],
    rows: int,
    con: duckdb.DuckDBPyConnection,
) -> list[Timeline]:
    flags = [render.observed(each.condition) for each in asked]
    counted = [place for place, each in enumerate(asked) if each.n > 1]
    terms = [_state(place, flag, each.n) for place, (flag, each) in enumerate(zip(flags, asked, strict=True))]
    codes = [" + ".join(terms[start : start + _PER_CODE]) for start in range(0, len(terms), _PER_CODE)]
    names = [f"c{place}" for place in range(len(codes))]
    coded = ", ".join(f"CAST({code} AS BIGINT) AS {name}" for code, name in zip(codes, names, strict=True))
    before = ", ".join(f"lag({name}) OVER () AS p_{name}" for name in names)
    changed = " OR ".join(f"{name} IS DISTINCT FROM p_{name}" for name in names)
    falls = "".join(f", f{place}" for place in counted)
    # The last row leaves as well: it tells since when what holds there, and not for long enough, has held.
    cursor = con.execute(
        f"SELECT i, {', '.join(names)}{falls} FROM (SELECT *, {before}"
        f" FROM (SELECT i, {coded}{falls} FROM {_with_falls(base, flags, counted)}))"
        f" WHERE {changed} OR i = {rows} ORDER BY i"
    )
    tracks = [HeldTrack(n=each.n) if each.n > 1 else Track() for each in asked]
    column = {place: 1 + len(codes) + number for number, place in enumerate(counted)}
    known = [-1] * len(codes)
    row: tuple[int, ...] = ()
    while batch := cursor.fetchmany(10_000):
        for row in batch:
            for block, code in enumerate(row[1 : 1 + len(codes)]):
                count = min(_PER_CODE, len(asked) - block * _PER_CODE)
                turned = known[block] ^ code if known[block] >= 0 else (1 << 2 * count) - 1
                known[block] = code
                while turned:
                    bit = (turned & -turned).bit_length() - 1 & ~1
                    turned &= ~(3 << bit)
                    place = block * _PER_CODE + bit // 2
                    tracks[place].turn(row[0], code >> bit & 3, row[column[place]] if place in column else 0)
    lines = [track.closed(rows, row[column[place]] if place in column else 0) for place, track in enumerate(tracks)]
    return [
        () if each.in_rows and track.is_broken else line for each, track, line in zip(asked, tracks, lines, strict=True)
    ]


def _state(place: int, flag: str, n: int) -> str:
    """SQL of a condition's state on a row, in its place in the code; with n > 1 as rows are counted."""
    false, since, true = (state << 2 * (place % _PER_CODE) for state in (FALSE, SINCE, TRUE))
    held = f"CASE WHEN u{place} > f{place} THEN {since} WHEN i - f{place} >= {n} THEN {true} ELSE {false} END"
    return f"(CASE {flag} WHEN true THEN {true if n == 1 else held} WHEN false THEN {false} ELSE {UNKNOWN} END)"


def _with_falls(source: str, flags: Sequence[str], counted: Sequence[int]) -> str:
    """The source with the last row at which each of these flags was false, and was unknown, so far; 0 for none.

    To count the rows on which it was known would be exact, and is a hundred times the work.
    """
    last = "coalesce(last_value(CASE WHEN {} THEN i END IGNORE NULLS) OVER (ROWS UNBOUNDED PRECEDING), 0) AS {}"
    found = [last.format(f"NOT {flags[place]}", f"f{place}") for place in counted]
    found += [last.format(f"{flags[place]} IS NULL", f"u{place}") for place in counted]
    return f"(SELECT *, {', '.join(found)} FROM {source})" if found else source


def _short(program: Program, conditions: Sequence[Value], rows: int) -> list[Timeline]:
    """The same for a run whose values are quicker to fetch than a query that leaves most of them out."""
    render = program.renderer
    items = ", ".join(render.observed(condition) for condition in conditions)
    columns = zip(*program.con.execute(f"SELECT {items} FROM {program.table} ORDER BY i").fetchall(), strict=True)
    lines = []
    for values in columns:
        track, before = Track(), -1
        for i, value in enumerate(values, 1):
            if value is not before:
                track.turn(i, _STATES[value])
                before = value
        lines.append(track.closed(rows))
    return lines
