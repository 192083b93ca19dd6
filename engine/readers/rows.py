"""From lines to rows: lines of one step are joined, the clock is carried and checked, stale rows are left out.

Everything stays in file order: plain scans and streaming windows keep it, and the few cases that need a sort (labels
together with rewinds) end in ORDER BY.
"""

from __future__ import annotations

import json
import math
from collections.abc import Mapping, Sequence
from itertools import groupby, pairwise
from typing import Any

from ..database import duckdb
from ..errors import LogError
from ..record import Record
from ..report import LogFacts
from .cells import literal
from .columns import Layout, Metric
from .lines import FOLLOWER, OBJECT, Lines
from .model import Run

_SO_FAR = "OVER (ROWS BETWEEN UNBOUNDED PRECEDING AND CURRENT ROW)"
_MASK_BITS = 60
MAX_REWINDS, MAX_REWIND_SHARE = 10, 0.05
_LATE_ROWS, _LATE_TICKS = 200, 20


def assemble(con: duckdb.DuckDBPyConnection, path: str, counted: Lines, layout: Layout) -> Run:
    """Turn the table `raw` into the table `run` and drop it; raises LogError where runs are interleaved."""
    repeats, falls = _turns(con, layout)
    if repeats and join_lines(con, layout, repeats) and layout.moves != "true":
        moving = f"count(*) = count(CASE WHEN {layout.moves} THEN 1 END)"
        if con.execute(f"SELECT {moving} FROM raw WHERE kind = {OBJECT} AND {layout.kept}").fetchall()[0][0]:
            layout = layout._replace(moves="true")
    labels = {label: f"l{number}" for number, label in enumerate(layout.labels)}
    metrics = {metric.id: f"m{number}" for number, metric in enumerate(layout.judged)}
    clocked = _Clocked(con, layout)
    rewinds = _rewinds(con, clocked, layout, path) if falls else []
    tick = tick_of(layout, "OVER (ORDER BY i ROWS UNBOUNDED PRECEDING)" if layout.labels else _SO_FAR)
    shown = ", ".join(
        [
            f"i::BIGINT AS i, line, step, {tick} AS tick, epoch, time, moves, segment::INTEGER AS segment",
            *(f"{column} AS {labels[label]}" for label, column in layout.labels.items()),
            *(f"{cell(metric, layout)} AS {metrics[metric.id]}" for metric in layout.judged),
            *(["logged IS NOT NULL AS logged"] if "step" in layout.carried else []),
        ]
    )
    kept = _kept(con, clocked, layout, rewinds)
    con.execute(f"CREATE TABLE run AS SELECT {shown} FROM ({kept.sql}){kept.order}", kept.parameters)
    superseded = _count(con, f"({clocked.sql()})") - _count(con, "run") if rewinds else 0
    facts, first = _facts(con, path, counted, layout, superseded, len(rewinds), repeats=bool(repeats or rewinds))
    if "step" in layout.carried:
        con.execute("ALTER TABLE run DROP COLUMN logged")
    con.execute("DROP TABLE raw")
    midway = layout.clock != "row" and starts_midway(first)
    return Run(con, metrics, {m.id: m.key for m in layout.judged}, labels, facts, midway)


def tick_of(layout: Layout, so_far: str) -> str:
    """SQL of the tick of the rows that are kept: theirs, or the number of those that moved the clock `so_far`."""
    return f"greatest(count(CASE WHEN moves THEN 1 END) {so_far}, 1)::DOUBLE" if layout.counts_rows else "tick"


def renumber(con: duckdb.DuckDBPyConnection, places: Sequence[int]) -> None:
    """Give the rows of the table `run` the line numbers `places[line - 1]`."""
    _table(con, "places", {"line": ("BIGINT", range(1, len(places) + 1)), "place": ("BIGINT", places)})
    con.execute("UPDATE run SET line = places.place FROM places WHERE run.line = places.line; DROP TABLE places")


def _turns(con: duckdb.DuckDBPyConnection, layout: Layout) -> tuple[list[tuple[int, int]], bool]:
    """The lines of the same step as the line before, with that line, and whether the clock may go back anywhere."""
    if layout.clock == "row":
        return [], False
    clock = layout.step if layout.clock == "step" else layout.epoch
    assert clock is not None
    labels = sorted(set(layout.labels.values()))
    same = ["own = lag(own) OVER ()", *(f"{column} IS NOT DISTINCT FROM lag({column}) OVER ()" for column in labels)]
    shown = "".join(f", {column}" for column in labels)
    kept = f"SELECT rowid + 1 AS line, {clock.sql} AS own{shown} FROM raw WHERE kind = {OBJECT} AND {layout.kept}"
    turns = (
        f"SELECT line, lag(line) OVER () AS before, {' AND '.join(same)} AS same, own < lag(own) OVER () AS falls"
        f" FROM ({kept})"
    )
    found = con.execute(f"SELECT line, before, same, falls FROM ({turns}) WHERE same OR falls").fetchall()
    falls = layout.clock in layout.carried or any(fallen for *_, fallen in found)
    return sorted((line, before) for line, before, repeated, _ in found if repeated), falls


def _count(con: duckdb.DuckDBPyConnection, rows: str) -> int:
    (found,) = con.execute(f"SELECT count(*) FROM {rows}").fetchall()[0]
    return int(found)


def cell(metric: Metric, layout: Layout) -> str:
    if metric.text:
        return metric.column
    value = metric.column
    if layout.hidden is not None:
        value = f"CASE WHEN NOT hidden OR {value} <> 0 THEN {value} END"
    return f"({value}) / 100" if metric.percent else value


class _Clocked:
    """SQL of the rows with their clock: line, logged, step, epoch, time, own, tick, moves, hidden and cells.

    `own` is where the row itself says it stands, in units of the clock; `tick` where the run stands there.
    """

    def __init__(self, con: duckdb.DuckDBPyConnection, layout: Layout) -> None:
        self._layout = layout
        self._first = self._first_moving = 0.0
        if layout.clock in layout.carried:
            known = f"SELECT {layout.clock} AS known FROM ({self._rows(())}) WHERE {layout.clock} IS NOT NULL"
            self._first = _one(con, f"{known} LIMIT 1")
        if layout.moves != "true":
            self._first_moving = _one(con, f"SELECT own FROM ({self._rows(())}) WHERE moves LIMIT 1")

    def sql(self, cells: Sequence[str] = ()) -> str:
        """The query, with these columns of `raw` besides."""
        tick = "own"
        if self._layout.moves != "true":
            before = f"arg_max(own, line) FILTER (WHERE moves) {_SO_FAR}"
            tick = f"coalesce({before}, least(own, {self._first_moving!r}::DOUBLE))"
        return f"SELECT *, {tick} AS tick FROM ({self._rows(cells)})"

    def _rows(self, cells: Sequence[str]) -> str:
        layout, more = self._layout, "".join(f", {column}" for column in cells)
        step, epoch, time = (each.sql if each else "NULL::DOUBLE" for each in (layout.step, layout.epoch, layout.time))
        hidden = f"coalesce({layout.hidden}, false)" if layout.hidden else "false"
        lines = (
            f"SELECT rowid + 1 AS line, {step} AS logged, {epoch} AS epoch_logged, {time} AS time_logged,"
            f" {layout.moves} AS moves, {hidden} AS hidden, {layout.kept} AS kept{more} FROM raw WHERE kind = {OBJECT}"
        )
        carried = (
            f"SELECT line, logged, {self._carry('step', 'logged')} AS step,"
            f" {self._carry('epoch', 'epoch_logged')} AS epoch, {self._carry('time', 'time_logged')} AS time,"
            f" moves, hidden, kept{more} FROM ({lines})"
        )
        return f"SELECT * EXCLUDE (kept), {self._own()} AS own FROM ({carried}) WHERE kept"

    def _carry(self, name: str, column: str) -> str:
        if name not in self._layout.carried:
            return column
        return f"arg_max({column}, line) FILTER (WHERE {column} IS NOT NULL) {_SO_FAR}"

    def _own(self) -> str:
        if self._layout.clock == "row":
            return "(row_number() OVER ())::DOUBLE"
        value = self._layout.clock
        if value in self._layout.carried:
            value = f"coalesce({value}, {self._first!r}::DOUBLE)"
        return f"{value} + 1" if self._layout.clock == "epoch" and self._layout.epochs_completed else value


def _one(con: duckdb.DuckDBPyConnection, query: str) -> float:
    (value,) = con.execute(query).fetchall()[0]
    return float(value)


def join_lines(con: duckdb.DuckDBPyConnection, layout: Layout, repeats: list[tuple[int, int]]) -> bool:
    """Move the cells of lines that continue a row up into its first line; returns whether there were any such lines."""
    columns = sorted({metric.column for metric in layout.metrics})
    if len(columns) < 2:
        return False
    parts = [
        " + ".join(f"CASE WHEN {column} IS NULL THEN 0 ELSE {1 << bit} END" for bit, column in enumerate(part))
        for part in (columns[at : at + _MASK_BITS] for at in range(0, len(columns), _MASK_BITS))
    ]
    _table(con, "repeats", {"line": ("BIGINT", sorted({line for pair in repeats for line in pair}))})
    masks: dict[int, list[int]] = {
        line: mask
        for line, *mask in con.execute(
            f"SELECT rowid + 1, {', '.join(parts)} FROM raw WHERE rowid IN (SELECT line - 1 FROM repeats)"
        ).fetchall()
    }
    con.execute("DROP TABLE repeats")
    followers, heads = _segmented(repeats, masks)
    if not followers:
        return False
    clock = sorted({each.column for each in (layout.epoch, layout.time) if each} - set(columns))
    _table(con, "joins", {"line": ("BIGINT", followers), "head": ("BIGINT", heads)})
    cells = [*columns, *clock]
    con.execute(
        f"CREATE TEMP TABLE merged AS SELECT head, {', '.join(f'max({column}) AS {column}' for column in cells)}"
        " FROM raw JOIN joins ON raw.rowid = joins.line - 1 GROUP BY head"
    )
    moved = ", ".join(f"{column} = coalesce(raw.{column}, merged.{column})" for column in cells)
    con.execute(f"UPDATE raw SET {moved} FROM merged WHERE raw.rowid = merged.head - 1")
    con.execute(f"UPDATE raw SET kind = {FOLLOWER} FROM joins WHERE raw.rowid = joins.line - 1")
    con.execute("DROP TABLE joins; DROP TABLE merged")
    return True


def _segmented(repeats: list[tuple[int, int]], masks: Mapping[int, list[int]]) -> tuple[list[int], list[int]]:
    """The lines that continue a row, and the first lines of their rows; a line that repeats a key starts a new row."""
    followers, heads = [], []
    head = last = 0
    seen: list[int] = []
    for line, before in repeats:
        mask = masks[line]
        if before != last:
            head, seen = before, masks[before]
        if any(a & b for a, b in zip(mask, seen, strict=True)):
            head, seen = line, mask
        else:
            followers.append(line)
            heads.append(head)
            seen = [a | b for a, b in zip(mask, seen, strict=True)]
        last = line
    return followers, heads


class _Rewind(Record):
    line: int
    to: float
    series: tuple[str | None, ...]


def _rewinds(con: duckdb.DuckDBPyConnection, clocked: _Clocked, layout: Layout, path: str) -> list[_Rewind]:
    """The rows that set the clock back, in file order; raises LogError where they are too many for restarts."""
    if layout.clock == "row":
        return []
    labels = list(layout.labels.values())
    over = f"PARTITION BY {', '.join(labels)} ORDER BY line" if labels else ""
    shown = "".join(f", {column}" for column in labels)
    moving = f"SELECT * FROM ({clocked.sql(sorted(set(labels)))}) WHERE moves"
    found = con.execute(
        f"SELECT line, own{shown} FROM (SELECT line, own, lag(own) OVER ({over}) AS before{shown} FROM ({moving}))"
        f" WHERE own < before{' ORDER BY line' if labels else ''}"
    ).fetchall()
    rewinds = [_Rewind(line, own, tuple(series)) for line, own, *series in found]
    if len(rewinds) > MAX_REWINDS:
        moved = _count(con, f"({moving})")
        if len(rewinds) > MAX_REWIND_SHARE * moved:
            raise LogError(
                f"the {layout.clock} goes back {len(rewinds)} times in {moved} rows: the lines of several runs or ranks"
                " are interleaved",
                path=path,
                line=rewinds[0].line,
                hint="name the label that tells them apart under 'labels' in the pack, or give a log of one run",
            )
    return rewinds


class _Query(Record):
    """SQL with its parameters, and the ORDER BY that it needs (none where it keeps the order of the file)."""

    sql: str
    parameters: list[object]
    order: str = ""


def _kept(con: duckdb.DuckDBPyConnection, clocked: _Clocked, layout: Layout, rewinds: list[_Rewind]) -> _Query:
    """The rows that no later row replaces, numbered, with the number of rewinds up to each."""
    cells = sorted({*layout.labels.values(), *(metric.column for metric in layout.judged)})
    rows = clocked.sql(cells)
    if not rewinds:
        return _Query(f"SELECT *, row_number() OVER () AS i, 0 AS segment FROM ({rows})", [])
    if not layout.labels:
        backs = f"SELECT *, moves AND own < lag(tick) OVER () AS back FROM ({rows})"
        counted = f"SELECT *, count(CASE WHEN back THEN 1 END) {_SO_FAR} AS segment FROM ({backs})"
        bounds = "json_transform(?, '[\"DOUBLE\"]')"
        valid = f"SELECT * FROM ({counted}) WHERE greatest(own, tick) < list_extract({bounds}, segment + 1)"
        limits = json.dumps(bounds_of([each.to for each in rewinds]))
        return _Query(f"SELECT *, row_number() OVER () AS i FROM ({valid})", [limits])
    _stops(con, rewinds, len(layout.labels))
    series = f"[{', '.join(layout.labels.values())}]"
    valid = (
        "SELECT rows.*, coalesce(stops.segment, 0) AS segment"
        f" FROM (SELECT *, {series} AS series FROM ({rows})) AS rows"
        " ASOF LEFT JOIN stops ON rows.series = stops.series AND rows.line < stops.line"
        " WHERE stops.bound IS NULL OR greatest(rows.own, rows.tick) < stops.bound"
    )
    return _Query(f"SELECT *, row_number() OVER (ORDER BY line) AS i FROM ({valid})", [], " ORDER BY i")


def bounds_of(rewinds: Sequence[float]) -> list[float]:
    """For each number of rewinds passed, the lowest clock that a later rewind goes back to."""
    bounds = [math.inf]
    for to in reversed(rewinds):
        bounds.append(min(bounds[-1], to))
    return bounds[::-1]


def _stops(con: duckdb.DuckDBPyConnection, rewinds: list[_Rewind], width: int) -> None:
    """Make the table of rewinds by series; rows without any label belong to all series."""
    everywhere: tuple[str | None, ...] = (None,) * width
    stops: list[tuple[list[str | None], int, float, int]] = []
    for one in {rewind.series for rewind in rewinds} | {everywhere}:
        these = rewinds if one == everywhere else [rewind for rewind in rewinds if rewind.series == one]
        ends = [*(rewind.line for rewind in these), 1 << 62]
        passed: dict[tuple[str | None, ...], int] = {}
        segments = [0]
        for rewind in these:
            passed[rewind.series] = passed.get(rewind.series, 0) + 1
            segments.append(max(passed.values()))
        stops += [
            (list(one), *stop) for stop in zip(ends, bounds_of([each.to for each in these]), segments, strict=True)
        ]
    kinds = {"series": "VARCHAR[]", "line": "BIGINT", "bound": "DOUBLE", "segment": "INTEGER"}
    _table(con, "stops", {name: (kind, [stop[n] for stop in stops]) for n, (name, kind) in enumerate(kinds.items())})


def _table(con: duckdb.DuckDBPyConnection, name: str, columns: Mapping[str, tuple[str, Sequence[object]]]) -> None:
    """Make a temporary table of columns (type, values); they travel as JSON, as lists of parameters are slow in 1.4."""
    structure = json.dumps({column: _shape(kind) for column, (kind, _) in columns.items()})
    values = json.dumps({column: list(values) for column, (_, values) in columns.items()})
    con.execute(
        f"CREATE TEMP TABLE {name} AS SELECT {', '.join(f'unnest(found.{column}) AS {column}' for column in columns)}"
        f" FROM (SELECT json_transform(?, {literal(structure)}) AS found)",
        [values],
    )


def _shape(kind: str) -> list[object]:
    return [_shape(kind[:-2])] if kind.endswith("[]") else [kind]


def _facts(
    con: duckdb.DuckDBPyConnection,
    path: str,
    counted: Lines,
    layout: Layout,
    superseded: int,
    rewinds: int,
    *,
    repeats: bool,
) -> tuple[LogFacts, list[float]]:
    """What is to be said of the log, and the ticks it starts with."""
    rows, repeated = "run", "0"
    if repeats:
        same = ["step = lag(step) OVER ()"]
        if "step" in layout.carried:
            same += ["logged", "lag(logged) OVER ()"]
        same += [f"l{number} IS NOT DISTINCT FROM lag(l{number}) OVER ()" for number in range(len(layout.labels))]
        rows, repeated = f"(SELECT *, {' AND '.join(same)} AS same FROM run)", "count(CASE WHEN same THEN 1 END)"
    count, same_steps, first_step, last_step, last_tick, last_epoch, last_line, first = con.execute(
        f"SELECT count(*), {repeated}, arg_min(step, i), max(step), max(tick), max(epoch),"
        " max(CASE WHEN moves THEN line END),"
        f" (SELECT list(tick ORDER BY i) FROM (SELECT {beginning(layout)} AS tick, i FROM run WHERE moves"
        f" LIMIT {_LATE_ROWS})) FROM {rows}"
    ).fetchall()[0]
    found = (count, same_steps, first_step, last_step, last_tick, last_epoch, last_line)
    return facts_of(path, counted, layout, superseded, rewinds, found), first or []


def beginning(layout: Layout) -> str:
    """SQL of what tells by its first values whether rows are missing before them."""
    return "coalesce(epoch, 0)" if layout.counts_rows else "tick"


def facts_of(
    path: str, counted: Lines, layout: Layout, superseded: int, rewinds: int, found: Sequence[Any]
) -> LogFacts:
    """What is to be said of a log; `found` are the numbers of its rows and of those that repeat a step, the first and
    the last step, the last tick, epoch and line."""
    count, same_steps, first_step, last_step, last_tick, last_epoch, last_line = found
    end = last_epoch if layout.counts_rows else last_tick
    reached = layout.total is not None and layout.clock != "row" and count and end >= layout.total
    return LogFacts(
        path=path,
        format="jsonl",
        clock=layout.clock,
        rows=count,
        malformed=counted.malformed,
        repeated=same_steps,
        superseded=superseded,
        first_step=first_step,
        last_step=last_step,
        ended=bool(reached or (layout.summary_line and layout.summary_line >= (last_line or 0))),
        total=layout.total,
        last_epoch=last_epoch,
        lines=counted.total,
        rewinds=rewinds,
        bad_lines=counted.bad,
        notes=layout.notes,
        counts_rows=layout.counts_rows,
    )


def starts_midway(ticks: list[float]) -> bool:
    """Whether the first rows are missing: the clock starts later than its own spacing explains."""
    ticks = [tick for tick, _ in groupby(ticks)][:_LATE_TICKS]
    spacings = [b - a for a, b in pairwise(ticks) if b > a]
    # Not by the library for it, which takes longer to import than this log to look at.
    ordered, half = sorted(spacings), len(spacings) // 2
    return bool(spacings) and ticks[0] > max(2.0, ordered[half] + ordered[~half])
