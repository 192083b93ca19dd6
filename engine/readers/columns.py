"""From what is wanted to the columns that a log has: which keys occur, and what kind of clock they make."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any

from ..database import duckdb
from ..pack import EMPTY, KeyPattern
from ..record import Record
from .cells import NUMBER, PERCENT, SHARE, TEXT, Cells, Path, literal
from .model import Wanted

PERCENT_ABOVE = 1.5

_ROWS_PER_EPOCH = 2.0
"""From more rows an epoch on, epochs with fractions are those of a trainer that logs by steps and prints none."""

_STANDSTILL = 10
"""A step that never changes, while some metric is logged so often and no label tells its rows apart, is no clock."""


class Value(Record):
    """A number of the clock: the column of `raw` it is made of, and the SQL that makes it."""

    column: str
    sql: str


class Columns(Record):
    """The candidates: for each wanted thing, in order, the columns of `raw` that may hold it."""

    cells: Cells
    metrics: Mapping[str, Sequence[tuple[str, str]]]  # id → (key, column)
    labels: Mapping[str, Sequence[str]]
    clock: Mapping[str, Sequence[Value]]  # step, total, epoch, time
    summary: Sequence[str]
    signed: Mapping[str, str] = EMPTY  # of a share that may have a percent sign: its column → that of its text


class Metric(Record):
    """A metric that occurs, and its column of `raw`."""

    id: str
    key: str
    column: str
    text: bool
    evaluation: bool
    sentinel: bool
    percent: bool = False
    judged: bool = True


class Layout(Record):
    """What occurs in a log. A line is kept if it carries any of the metrics; `moves` says that it moves the clock."""

    metrics: tuple[Metric, ...] = ()
    labels: Mapping[str, str] = EMPTY  # id → column of `raw`
    clock: str = "row"
    step: Value | None = None
    epoch: Value | None = None
    time: Value | None = None
    total: float | None = None
    epochs_completed: bool = False  # epochs count from 0: epoch 0 is over when its row is written
    counts_rows: bool = False  # epochs have fractions: they order the rows, which are counted in place of steps
    carried: frozenset[str] = frozenset()  # of step, epoch, time: those that some kept lines lack
    summary_line: int = 0
    kept: str = "false"
    moves: str = "true"
    hidden: str | None = None  # SQL: a sentinel is not finite on this row, so 0.0 hides a NaN
    notes: tuple[str, ...] = ()
    logged: Mapping[str, int] = EMPTY  # column of `raw` → the lines that have it

    @property
    def judged(self) -> list[Metric]:
        """The metrics whose values are asked for."""
        return [metric for metric in self.metrics if metric.judged]


def columns_for(
    wanted: Wanted, lacks: Callable[[Path], str | None] = lambda path: None, *, percent: bool = False
) -> Columns:
    """The cells that answer `wanted`, but for keys that cannot occur: `lacks` names them for a path.

    Where the log may have `percent` texts, as in "48%", shares are read from them too.
    """
    cells = Cells(lacks)
    column = cells.column
    kinds = {m.id: TEXT if m.type == "text" else SHARE if percent and m.share else NUMBER for m in wanted.metrics}
    metrics = {m.id: [(key, name) for key in m.keys if (name := column(key, kinds[m.id]))] for m in wanted.metrics}
    shares = {name: key for id, found in metrics.items() if kinds[id] == SHARE for key, name in found}
    return Columns(
        cells,
        metrics,
        {label: [name for key in keys if (name := column(key, TEXT))] for label, keys in wanted.labels.items()},
        {
            "step": [value for key in wanted.clock.step if (value := _number(cells, key))],
            "total": [value for key in wanted.clock.total if (value := _number(cells, key))],
            "epoch": [value for key in wanted.clock.epoch if (value := _number(cells, key))],
            "time": [value for key in wanted.clock.time if (value := _time(cells, key))],
        },
        [name for key in wanted.summary if (name := column(key, TEXT))],
        {share: text for share, key in shares.items() if (text := column(key, TEXT))},
    )


def _number(cells: Cells, key: KeyPattern) -> Value | None:
    if key.pattern is None:
        column = cells.column(key.key, NUMBER)
        return Value(column, f"CASE WHEN isfinite({column}) THEN {column} END") if column else None
    column = cells.column(key.key, TEXT, nested=False)  # "5/200" under "global_step/max_steps" is a name, no path
    if column is None:
        return None
    number = f"TRY_CAST(regexp_extract({column}, {literal(key.pattern)}, 1) AS DOUBLE)"
    return Value(column, f"CASE WHEN isfinite({number}) THEN {number} END")


def _time(cells: Cells, key: KeyPattern) -> Value | None:
    """Seconds since 1970; a number too large for them is in milliseconds, microseconds or nanoseconds."""
    column = cells.column(key.key, TEXT)
    if column is None:
        return None
    text = column if key.pattern is None else f"regexp_extract({column}, {literal(key.pattern)}, 1)"
    number = f"TRY_CAST({text} AS DOUBLE)"
    scaled = " ".join(f"WHEN {number} > {bound} THEN {number} / {unit}" for bound, unit in _TIME_UNITS)
    moment = f"epoch(TRY_CAST({text} AS TIMESTAMPTZ))"
    return Value(
        column,
        f"CASE WHEN {number} IS NULL THEN CASE WHEN isfinite({moment}) THEN {moment} END"
        f" WHEN NOT isfinite({number}) THEN NULL {scaled} ELSE {number} END",
    )


_TIME_UNITS = (("1e17", "1e9"), ("1e14", "1e6"), ("1e11", "1e3"))


def questions(columns: Columns, line: str = "rowid + 1") -> list[str]:
    """What `choose` has to know of all lines, as SQL aggregates over the table `raw`; `line` is the number of one."""
    return [
        *(f"count({column})" for column in _cells(columns)),
        *(f"max({each.sql})" for each in columns.clock["total"]),
        f"max(CASE WHEN {_any(columns.summary)} THEN {line} END)",
    ]


def _cells(columns: Columns) -> list[str]:
    return sorted({column for pairs in columns.metrics.values() for _, column in pairs})


def choose(con: duckdb.DuckDBPyConnection, columns: Columns, wanted: Wanted, counted: Sequence[Any]) -> Layout:
    """Settle which key each wanted thing is read from, by the answers to `questions` and the table `raw`."""
    layout = chosen(columns, wanted, counted)
    if not layout.metrics:
        return layout
    asked = ", ".join(kept_questions(columns, layout))
    (answers,) = con.execute(f"SELECT {asked} FROM raw WHERE {layout.kept}").fetchall()
    return settled(columns, layout, answers)


def chosen(columns: Columns, wanted: Wanted, counted: Sequence[Any]) -> Layout:
    """The layout as far as the answers to `questions` settle it: which metrics occur, and which lines are rows."""
    cells = _cells(columns)
    logged = dict(zip(cells, counted, strict=False))
    layout = Layout(
        total=next((value for value in counted[len(cells) : -1] if value is not None), None),
        summary_line=counted[-1] or 0,
        logged=logged,
    )
    metrics = []
    for metric in wanted.metrics:
        at = _first([logged[column] for _, column in columns.metrics[metric.id]])
        if at is not None:
            text = metric.type == "text"
            sentinel, share = metric.id in wanted.sentinels and not text, metric.share and not text
            key, column = columns.metrics[metric.id][at]
            metrics.append(Metric(metric.id, key, column, text, metric.role == "eval", sentinel, share, metric.judged))
    if not metrics:
        return layout

    def often(chosen: Iterable[Metric]) -> str:
        return _any(sorted({m.column for m in chosen}, key=lambda column: (-logged[column], column)))

    kept, moves = often(metrics), often(m for m in metrics if not m.evaluation)
    return layout._replace(metrics=tuple(metrics), kept=kept, moves=moves)


def kept_questions(columns: Columns, layout: Layout) -> list[str]:
    """What `settled` has to know of the kept lines, as SQL aggregates over the table `raw`."""
    hidden, clock, labels, shares, signed = _open(columns, layout)
    return [
        "count(*)",
        f"count(CASE WHEN {layout.moves} THEN 1 END)",
        f"count(CASE WHEN {hidden or 'false'} THEN 1 END)",
        *(f"count({column})" for _, column in labels),
        *(f"max(CASE WHEN isfinite({column}) THEN {column} END)" for column in shares),
        *(f"min(CASE WHEN {_is_signed(columns, column)} THEN {columns.signed[column]} END)" for column in signed),
        *(f"count({each.sql})" for found in clock.values() for each in found),
        *(f"{extreme}({each.sql})" for each in clock["step"] for extreme in ("min", "max")),
        *(f"min({each.sql})" for each in clock["epoch"]),
        *(f"max({each.sql})" for each in clock["epoch"]),
        *(f"count(CASE WHEN {each.sql} <> floor({each.sql}) THEN 1 END)" for each in clock["epoch"]),
    ]


def _open(
    columns: Columns, layout: Layout
) -> tuple[str, dict[str, Sequence[Value]], list[tuple[str, str]], list[str], list[str]]:
    """What is yet to be settled: SQL for where a value may be hidden, the clocks, the labels, shares, signed shares."""
    sentinels = sorted({m.column for m in layout.metrics if m.sentinel})
    hidden = " OR ".join(f"NOT isfinite({column})" for column in sentinels)
    shares = sorted({m.column for m in layout.metrics if m.percent})
    signed = [column for column in shares if column in columns.signed]
    clock = {name: columns.clock[name] for name in ("step", "epoch", "time")}
    labels = [(label, column) for label, found in columns.labels.items() for column in found]
    return hidden, clock, labels, shares, signed


def settled(columns: Columns, layout: Layout, found: Sequence[Any]) -> Layout:
    """Add to a layout what depends on the kept lines only: clock, labels, percentages, hidden values."""
    hidden, clock, labels, shares, signed = _open(columns, layout)
    answers = iter(found)
    rows, moving, non_finite = next(answers), next(answers), next(answers)
    occurring = [(label, column) for label, column in labels if next(answers)]
    tops = {column: next(answers) for column in shares}
    written = {column: text for column in signed if (text := next(answers)) is not None}
    percent = {
        column for column, top in tops.items() if top is not None and top > PERCENT_ABOVE and column not in written
    }
    counts = {name: [next(answers) for _ in found] for name, found in clock.items()}
    most = max((layout.logged.get(metric.column, 0) for metric in layout.metrics), default=0)
    for place, _ in enumerate(clock["step"]):
        if next(answers) == next(answers) and most >= _STANDSTILL and not occurring:
            counts["step"][place] = 0
    at = {name: _first(found) for name, found in counts.items()}
    values = {name: None if n is None else clock[name][n] for name, n in at.items()}
    starts, ends, broken = ([next(answers) for _ in clock["epoch"]] for _ in range(3))
    n = at["epoch"]
    counts_rows = False
    if n is not None and not values["step"] and broken[n]:
        covered = ends[n] - starts[n]
        counts_rows = not covered or moving - 1 > _ROWS_PER_EPOCH * covered
    return layout._replace(
        metrics=tuple(m._replace(percent=m.percent and m.column in percent) for m in layout.metrics),
        labels=dict(reversed(occurring)),  # the first key that occurs stays
        clock="step" if values["step"] else "epoch" if values["epoch"] else "row",
        step=values["step"],
        epoch=values["epoch"],
        time=values["time"],
        epochs_completed=n is not None and starts[n] == 0 and not broken[n],
        counts_rows=counts_rows,
        carried=frozenset(name for name, n in at.items() if n is not None and counts[name][n] < rows),
        moves=layout.moves if 0 < moving < rows else "true",
        hidden=hidden if non_finite else None,
        notes=("no step is logged: lengths in steps count rows",) * counts_rows
        + tuple(
            f"{m.id}: {m.key!r} is written with a percent sign ({written[m.column]!r}); read as a share of 1"
            if m.column in written
            else f"{m.id}: {m.key!r} is in percent (up to {tops[m.column]:g}); divided by 100"
            for m in layout.judged
            if m.percent and (m.column in percent or m.column in written)
        ),
    )


def _is_signed(columns: Columns, column: str) -> str:
    return f"{column} IS NOT NULL AND regexp_matches({columns.signed[column]}, {literal(PERCENT)})"


def _first(counts: Sequence[int]) -> int | None:
    return next((number for number, count in enumerate(counts) if count), None)


def _any(columns: Iterable[str]) -> str:
    return "(" + (" OR ".join(f"{column} IS NOT NULL" for column in columns) or "false") + ")"
