"""Why a metric is missing although its key is there: a second look at the file, taken only then."""

from __future__ import annotations

from collections.abc import Callable, Iterator

from ..database import duckdb
from .cells import RAW, Cells, Path
from .columns import Layout
from .lines import OBJECT
from .model import Wanted, WantedMetric
from .normalise import Source
from .survey import SMALL

_PROBED = 1_000  # lines of a large file that are looked at for metrics nobody requires
_SHOWN = 60
_KINDS = (("text", '"'), ("a list", "["), ("an object", "{"))


def wrong_types(
    con: duckdb.DuckDBPyConnection,
    source: Source,
    rows_sql: Callable[..., str],
    wanted: Wanted,
    layout: Layout,
    lacks: Callable[[Path], str | None],
) -> Iterator[tuple[str, str]]:
    """Yield the id and a note for each numeric metric that was logged, but never as a number.

    `rows_sql` reads cells again.

    Keys that `lacks` rules out are not looked for; in a large file, metrics that are not required are looked for in
    its first lines only.
    """
    read = {metric.id for metric in layout.metrics}
    missing = [m for m in wanted.metrics if m.id not in read and m.type == "number" and m.judged]
    urgent = [m for m in missing if m.id in wanted.required]
    if not missing:
        return
    if source.size > SMALL and missing != urgent:
        seen = {metric.id for metric, *_ in _found(con, source, rows_sql, missing, lacks, f" LIMIT {_PROBED}")}
        missing = [m for m in missing if m in urgent or m.id in seen]
    for metric, key, line, value, rows, total in _found(con, source, rows_sql, missing, lacks):
        kind = next((name for name, sign in _KINDS if value.startswith(sign)), "not a number")
        shown = value.strip('"') if kind == "text" else value
        shown = shown if len(shown) <= _SHOWN else shown[: _SHOWN - 1] + "…"
        where = f"all {rows}" if rows == total else f"{rows} of {total}"
        first = f"first at line {source.place(line)} ({shown!r})"
        yield metric.id, f"{metric.id}: {key!r} is {kind} in {where} rows, {first}, never a number"


def _found(
    con: duckdb.DuckDBPyConnection,
    source: Source,
    rows_sql: Callable[..., str],
    metrics: list[WantedMetric],
    lacks: Callable[[Path], str | None],
    limit: str = "",
) -> Iterator[tuple[WantedMetric, str, int, str, int, int]]:
    cells = Cells(lacks)
    columns = {(metric.id, key): cells.column(key, RAW) for metric in metrics for key in metric.keys}
    known = sorted({column for column in columns.values() if column})
    if not known:
        return
    numbered = f"SELECT *, row_number() OVER () AS number FROM ({rows_sql(cells, limit)})"
    asked = ", ".join(
        f"count({column}), arg_min({column}::VARCHAR, number) FILTER ({column} IS NOT NULL),"
        f" min(number) FILTER ({column} IS NOT NULL)"
        for column in known
    )
    rows, *answers = con.execute(
        f"SELECT count(*) FILTER (kind = {OBJECT}), {asked} FROM ({numbered})", [source.path]
    ).fetchall()[0]
    by_column = {column: answers[3 * n : 3 * n + 3] for n, column in enumerate(known)}
    for metric in metrics:
        for key in metric.keys:
            column = columns[metric.id, key]
            if column is None:
                continue
            count, value, line = by_column[column]
            if count:
                yield metric, key, line, value, count, rows
                break
