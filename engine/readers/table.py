"""Logs that are tables: rows whose columns have names, read into the table `raw` without a detour."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from ..database import duckdb
from . import lines, spill
from .cells import NUMBER, PERCENT, RAW, SHARE, TEXT, Cells, Path, literal
from .columns import Columns, choose, columns_for, questions
from .finish import Scan, finished

if TYPE_CHECKING:
    from .model import Run
    from .normalise import Source
    from .opening import Opening


@dataclass(slots=True, eq=False, repr=False)
class Table:
    """A table: `rows` is SQL that gives `bytes`, `kind` and the columns of `values`, in the order of the file; its only
    parameter is the path. `values` are SQL for the values of a column, by its name in the log."""

    source: Source
    rows: str
    values: Mapping[str, str]

    def lacks(self, path: Path) -> str | None:
        """The key that keeps a path from occurring: a table is flat."""
        return None if len(path) == 1 and path[0] in self.values else path[-1]

    def sql(self, cells: Cells, limit: str = "") -> str:
        """A query of the rows with a column for each cell."""
        shown = "".join(
            f", {_as(self.values[key], kind)} AS {column}"
            for (key, kind, _), (column, paths) in cells.wanted.items()
            if paths
        )
        return f"SELECT bytes, kind::UTINYINT AS kind{shown} FROM ({self.rows}{limit})"


def named(given: Iterable[tuple[str, str]]) -> dict[str, str]:
    """Values by the names of their columns, and by the plain form of these, where no other column has that name.

    `Train Loss` is also train_loss, and `rewards / margins`, as notebooks write it, is rewards/margins.
    """
    columns = {name.strip(): value for name, value in reversed(list(given)) if name.strip()}
    for name, value in [*columns.items()]:
        slashed = re.sub(r" */ *", "/", name)
        for plain in (slashed, slashed.lower(), slashed.lower().replace(" ", "_")):
            columns.setdefault(plain, value)
    return columns


def read_table(
    opening: Opening, made: Callable[[Source], Table], name: str, *, exact: bool = True, notes: Sequence[str] = ()
) -> Run:
    """The run in the table that is `made` from the log, or from a mended copy where DuckDB would lose lines of it.

    `exact` tables tell by their bytes whether lines are lost; others have none.
    """
    con, table = opening.con, made(opening.source)
    wanted = opening.wanted(table.values)
    columns = columns_for(wanted, table.lacks, percent=True)
    counted = None
    try:
        counted = _loaded(con, table, columns, exact=exact)
    except (duckdb.InterruptException, duckdb.OutOfMemoryException):
        raise
    except duckdb.Error as error:  # invalid UTF-8, or the file changed while it was read
        if opening.source.copied or not exact or spill.is_full(error):
            raise
    if counted is None:
        table = made(opening.mended())
        counted = _loaded(con, table, columns, exact=exact)
        assert counted is not None
    layout = choose(con, columns, wanted, counted.answers)
    return finished(opening, Scan(table.source, table.sql), wanted, columns, counted, layout, name=name, notes=notes)


def _loaded(con: duckdb.DuckDBPyConnection, table: Table, columns: Columns, *, exact: bool) -> lines.Lines | None:
    con.execute(f"CREATE OR REPLACE TABLE raw AS {table.sql(columns.cells)}", [table.source.path])
    return lines.count(con, table.source, questions(columns), exact=exact)


def _as(value: str, kind: str) -> str:
    if kind == TEXT:
        return f"nullif(CAST({value} AS VARCHAR), '')"
    if kind == RAW:
        return f"to_json(nullif(CAST({value} AS VARCHAR), ''))"
    text = f"CAST({value} AS VARCHAR)"
    number = [f"TRY_CAST({value} AS DOUBLE)"]
    if kind == SHARE:
        number.append(f"TRY_CAST(nullif(regexp_extract({text}, {literal(PERCENT)}, 1), '') AS DOUBLE) / 100")
    elif kind != NUMBER:
        raise ValueError(kind)
    number.append(f"CASE lower({text}) WHEN 'true' THEN 1.0 WHEN 'false' THEN 0.0 END")
    return f"coalesce({', '.join(number)})"
