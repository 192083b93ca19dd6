"""From the lines of many logs to rows, as `readers.rows` does it for one: the same steps, run by run.

The table `raw` has the lines of all logs, one log after the other, with `run`, the number of a log, and `line`.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from ..database import duckdb
from ..readers.columns import Layout
from ..readers.lines import OBJECT
from ..readers.rows import MAX_REWIND_SHARE, MAX_REWINDS, beginning, bounds_of, cell, join_lines, tick_of
from ..record import Record

_BY = "PARTITION BY run ORDER BY line"
_SO_FAR = f"OVER ({_BY} ROWS BETWEEN UNBOUNDED PRECEDING AND CURRENT ROW)"
_ALL = f"OVER ({_BY} ROWS BETWEEN UNBOUNDED PRECEDING AND UNBOUNDED FOLLOWING)"
_FIRST_TICKS = 200


class Glance(Record):
    """What is known of the rows of one run: numbers, and the clock. `first_ticks` are those of rows that move it."""

    rows: int
    same_steps: int
    first_step: float | None
    last_step: float | None
    last_tick: float | None
    last_epoch: float | None
    last_line: int | None
    first_ticks: list[float] | None
    started: float | None
    interval: float | None
    least: float | None
    most: float | None
    first_epoch: float | None
    superseded: int = 0
    rewinds: int = 0


def assemble_many(con: duckdb.DuckDBPyConnection, table: str, layout: Layout, runs: Sequence[int]) -> dict[int, Glance]:
    """Make a table of the rows of some runs, all of this layout; what is known of each, but of those that need more
    than is done here: their rows are of no use."""
    some = f"run IN ({', '.join(map(str, runs))})"
    _join_repeats(con, layout, some)
    cells = sorted({metric.column for metric in layout.judged})
    con.execute(f"CREATE OR REPLACE TEMP TABLE clocked AS {_clocked(layout, cells, some)}")
    rewinds = _rewinds(con)
    astray = _interleaved(con, rewinds)
    kept = _kept(con, {run: found for run, found in rewinds.items() if run not in astray})
    shown = ", ".join(f"{cell(metric, layout)} AS m{number}" for number, metric in enumerate(layout.judged))
    lengths = f"SELECT run, count(*) AS length FROM ({kept}) GROUP BY run"
    if layout.counts_rows:
        kept = f"SELECT * REPLACE ({tick_of(layout, _SO_FAR)} AS tick) FROM ({kept})"
    rows = f"SELECT r.*, length FROM ({kept}) r JOIN ({lengths}) l ON r.run = l.run ORDER BY r.run, line"
    con.execute(
        f"CREATE TABLE {table} AS SELECT run, i, line, step, tick, epoch, time, moves, segment::INTEGER AS segment,"
        f" length, logged IS NOT NULL AS logged, {shown} FROM ({numbered(f'({rows})', 'i')})"
    )
    found = _glances(con, table, layout)
    if rewinds:
        before = dict(con.execute("SELECT run, count(*) FROM clocked GROUP BY run").fetchall())
        for run, these in rewinds.items():
            if run in found:
                found[run] = found[run]._replace(superseded=before[run] - found[run].rows, rewinds=len(these))
    con.execute("DROP TABLE clocked; DROP TABLE IF EXISTS bounds")
    return {run: glance for run, glance in found.items() if run not in astray}


def numbered(rows: str, name: str) -> str:
    """SQL of rows that stand run after run, with the number of each in its run as column `name`."""
    turns = "SELECT *, row_number() OVER () AS n, run IS DISTINCT FROM lag(run) OVER () AS turns"
    start = "last_value(CASE WHEN turns THEN n END IGNORE NULLS) OVER (ROWS UNBOUNDED PRECEDING)"
    return f"SELECT * EXCLUDE (n, turns), n - {start} + 1 AS {name} FROM ({turns} FROM {rows})"


def _join_repeats(con: duckdb.DuckDBPyConnection, layout: Layout, some: str) -> None:
    """Join the lines of one step, as long as no key is repeated."""
    if layout.clock == "row":
        return
    clock = layout.step if layout.clock == "step" else layout.epoch
    assert clock is not None
    own = (
        f"SELECT run, rowid + 1 AS line, {clock.sql} AS own FROM raw WHERE kind = {OBJECT} AND {some} AND {layout.kept}"
    )
    turns = f"SELECT line, lag(line) OVER ({_BY}) AS before, own = lag(own) OVER ({_BY}) AS same FROM ({own})"
    found = con.execute(f"SELECT line, before FROM ({turns}) WHERE same ORDER BY line").fetchall()
    if found:
        join_lines(con, layout, found)


def _clocked(layout: Layout, cells: Sequence[str], some: str) -> str:
    """SQL of the rows with their clock."""
    more = "".join(f", {column}" for column in cells)
    step, epoch, time = (each.sql if each else "NULL::DOUBLE" for each in (layout.step, layout.epoch, layout.time))
    hidden = f"coalesce({layout.hidden}, false)" if layout.hidden else "false"
    lines = (
        f"SELECT run, line, {step} AS logged, {epoch} AS epoch_logged, {time} AS time_logged, {layout.moves} AS moves,"
        f" {hidden} AS hidden, {layout.kept} AS kept{more} FROM raw WHERE kind = {OBJECT} AND {some}"
    )
    carried = ", ".join(
        f"last_value({column} IGNORE NULLS) {_SO_FAR} AS {name}" if name in layout.carried else f"{column} AS {name}"
        for name, column in (("step", "logged"), ("epoch", "epoch_logged"), ("time", "time_logged"))
    )
    rows = f"SELECT *, {_own(layout)} AS own FROM (SELECT run, line, logged, {carried}, moves, hidden, kept{more}"
    rows = f"{rows} FROM ({lines})) WHERE kept"
    tick = "own"
    if layout.moves != "true":
        moved = "CASE WHEN moves THEN own END IGNORE NULLS"
        tick = f"coalesce(last_value({moved}) {_SO_FAR}, least(own, first_value({moved}) {_ALL}))"
    return f"SELECT * EXCLUDE (kept), {tick} AS tick FROM ({rows})"


def _own(layout: Layout) -> str:
    if layout.clock == "row":
        return f"(row_number() OVER ({_BY}))::DOUBLE"
    value = layout.clock
    if value in layout.carried:
        value = f"coalesce({value}, first_value({value} IGNORE NULLS) {_ALL})"
    return f"{value} + 1" if layout.clock == "epoch" and layout.epochs_completed else value


def _rewinds(con: duckdb.DuckDBPyConnection) -> dict[int, list[float]]:
    """By run, where the rows go back to that set its clock back."""
    before = f"SELECT run, line, own, lag(own) OVER ({_BY}) AS before FROM clocked WHERE moves"
    found: dict[int, list[float]] = {}
    for run, own in con.execute(f"SELECT run, own FROM ({before}) WHERE own < before ORDER BY run, line").fetchall():
        found.setdefault(run, []).append(own)
    return found


def _interleaved(con: duckdb.DuckDBPyConnection, rewinds: Mapping[int, Sequence[float]]) -> set[int]:
    """The runs whose clock goes back too often for restarts."""
    many = [run for run, found in rewinds.items() if len(found) > MAX_REWINDS]
    if not many:
        return set()
    moved = dict(con.execute("SELECT run, count(*) FROM clocked WHERE moves GROUP BY run").fetchall())
    return {run for run in many if len(rewinds[run]) > MAX_REWIND_SHARE * moved[run]}


def _kept(con: duckdb.DuckDBPyConnection, rewinds: Mapping[int, Sequence[float]]) -> str:
    """SQL of the rows that no later row replaces, with the number of rewinds up to each."""
    if not rewinds:
        return "SELECT *, 0 AS segment FROM clocked"
    bounds = [
        (run, segment, bound)
        for run, found in rewinds.items()
        for segment, bound in enumerate(bounds_of(found)[: len(found)])
    ]
    con.execute("CREATE OR REPLACE TEMP TABLE bounds (run INTEGER, passed BIGINT, bound DOUBLE)")
    con.execute(
        f"INSERT INTO bounds VALUES {', '.join(f'({run}, {n}, {bound!r}::DOUBLE)' for run, n, bound in bounds)}"
    )
    backs = f"SELECT *, moves AND own < lag(tick) OVER ({_BY}) AS back FROM clocked"
    counted = f"SELECT *, count(CASE WHEN back THEN 1 END) {_SO_FAR} AS segment FROM ({backs})"
    return (
        f"SELECT c.* FROM ({counted}) c LEFT JOIN bounds b ON c.run = b.run AND c.segment = b.passed"
        " WHERE b.bound IS NULL OR greatest(c.own, c.tick) < b.bound"
    )


def _glances(con: duckdb.DuckDBPyConnection, table: str, layout: Layout) -> dict[int, Glance]:
    logged = " AND logged AND lag(logged) OVER ()" if "step" in layout.carried else ""
    before = f"SELECT *, step = lag(step) OVER (){logged} AS same, tick - lag(tick) OVER () AS d FROM {table}"
    rows = f"SELECT * REPLACE (i > 1 AND same AS same, CASE WHEN i > 1 THEN d END AS d) FROM ({before})"
    found: list[tuple[Any, ...]] = con.execute(
        "SELECT run, count(*), count(CASE WHEN same THEN 1 END), arg_min(step, i), max(step), max(tick), max(epoch),"
        " max(CASE WHEN moves THEN line END),"
        f" (list({beginning(layout)} ORDER BY i) FILTER (WHERE moves))[1:{_FIRST_TICKS}],"
        " min(time), quantile_cont(CASE WHEN d > 0 THEN d END, 5e-1), min(d), max(d), arg_min(epoch, i)"
        f" FROM ({rows}) GROUP BY run"
    ).fetchall()
    return {run: Glance(*rest) for run, *rest in found}
