"""Parquet files: a table with types."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ..registry import Reader

if TYPE_CHECKING:
    from collections.abc import Iterator

    from ...database import duckdb
    from ..model import Run
    from ..normalise import Source
    from ..opening import Head, Opening
    from ..table import Table


def _claims(head: Head) -> bool:
    return head.raw.startswith(b"PAR1")


def _read(opening: Opening) -> Run:
    from ...database import duckdb
    from ...errors import LogError
    from .. import spill
    from ..table import read_table

    try:
        return read_table(opening, lambda source: _table(opening.con, source, opening.path), READER.id, exact=False)
    except (duckdb.InterruptException, duckdb.OutOfMemoryException):
        raise
    except duckdb.Error as error:
        if spill.is_full(error):
            raise
        said = str(error).splitlines()[0].partition(": ")[2] or "not to be read"
        said = said.replace(opening.source.path, opening.path)
        raise LogError(
            f"the Parquet file is damaged: {said}", path=opening.path, hint="write it anew, or name another log"
        ) from None


def _table(con: duckdb.DuckDBPyConnection, source: Source, path: str) -> Table:
    from ...errors import LogError
    from ..table import Table, named

    given = "read_parquet(?, hive_partitioning = false)"
    if con.execute(f"SELECT count(*) FROM {given}", [source.path]).fetchone() == (0,):
        raise LogError("the table has no rows yet", path=path, hint="wait until the run has logged something")
    found = con.execute(f"DESCRIBE SELECT * FROM {given}", [source.path]).fetchall()
    own = [f"v{number}" for number in range(len(found))]
    rows = f"SELECT 0 AS bytes, 0 AS kind, * FROM {given} AS given({', '.join(own)})"
    cells = ((name, kind, column) for column, (name, kind, *_) in zip(own, found, strict=True))
    return Table(source, rows, named(pair for each in cells for pair in _flat(con, *each)))


def _flat(con: duckdb.DuckDBPyConnection, name: str, kind: str, sql: str) -> Iterator[tuple[str, str]]:
    """A column, or the fields of a nested one, each with the SQL for its value."""
    from ..cells import literal

    if not kind.startswith("STRUCT("):
        yield name, sql
        return
    for field, inner, *_ in con.execute(f"DESCRIBE SELECT unnest(NULL::{kind})").fetchall():
        yield from _flat(con, f"{name}/{field}", inner, f"struct_extract({sql}, {literal(field)})")


READER = Reader(
    "parquet",
    "A Parquet file",
    ("*.parquet",),
    _claims,
    _read,
    is_binary=True,
    help="Rows are told by their number. The fields of a nested column are `a/b`.",
)
