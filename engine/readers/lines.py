"""The lines of a file in DuckDB: as SQL, and loaded as the table `raw` with the wanted values as typed columns."""

from __future__ import annotations

import json
from dataclasses import dataclass

import duckdb

from .cells import Cells, Plan, literal
from .normalise import Source

CENSUS_ABOVE = 48  # values a line; beyond that it is cheaper to ask first which keys occur
SMALL = 1 << 22  # bytes; below that a second look at the file costs nothing
OBJECT, BLANK, MALFORMED, FOLLOWER = range(4)

_SHOWN = 5
_SPACE = literal(" \t")
_BRACED = f"starts_with(ltrim(line, {_SPACE}), '{{')"
_IS_OBJECT = f"{_BRACED} AND json_valid(line)"
_PIECES, _PIECE = 16, 1 << 16


def lines_sql(source: Source) -> str:
    """A FROM item with the column `line`; the name of the file is the statement's parameter."""
    options = {
        "columns": "{'line': 'VARCHAR'}",
        "delim": literal("\x1f"),
        "nullstr": literal("\x1e"),
        "quote": "''",
        "escape": "''",
        "comment": "''",
        "header": "false",
        "auto_detect": "false",
        "hive_partitioning": "false",
        "compression": "'none'",
    }
    if source.longest:
        options["max_line_size"] = str(source.longest + 16)
    return f"read_csv(?, {', '.join(f'{name} = {value}' for name, value in options.items())})"


def objects_sql(source: Source, plan: Plan, *, clean: bool = False) -> str:
    """A query of all lines, with `is_object` and for each structure of the plan p0, p1, … (NULL where no object).

    `clean` files have next to no malformed lines; there TRY saves the parsing that tells good lines from bad ones; each
    bad line costs milliseconds. The result is the same.
    """
    takes = [f"json_transform(line, {literal(structure)})" for structure in plan.structures]
    lines = f"SELECT line, {_IS_OBJECT} AS is_object FROM {lines_sql(source)}"
    if clean and takes:
        first, *takes = takes
        braced = f"SELECT line, CASE WHEN {_BRACED} THEN TRY({first}) END AS p0 FROM {lines_sql(source)}"
        lines = f"SELECT *, p0 IS NOT NULL AS is_object FROM ({braced})"
    planes = "".join(
        f", CASE WHEN is_object THEN {take} END AS p{number}"
        for number, take in enumerate(takes, start=len(plan.structures) - len(takes))
    )
    return f"SELECT *{planes} FROM ({lines})"


def _is_clean(source: Source) -> bool:
    """Whether a large file shows no malformed line in pieces of it that are spread evenly."""
    if source.size <= SMALL:
        return False
    with open(source.path, "rb") as stream:
        for number in range(_PIECES):
            stream.seek(number * (source.size - _PIECE) // (_PIECES - 1))
            for line in stream.read(_PIECE).split(b"\n")[1:-1]:
                try:
                    json.loads(line)
                except ValueError:
                    return False
    return True


@dataclass(frozen=True, slots=True)
class Lines:
    """What was counted while a file was loaded; `bad` are the numbers of the first malformed lines."""

    total: int
    objects: int
    malformed: int
    bad: tuple[int, ...]


def load(con: duckdb.DuckDBPyConnection, source: Source, cells: Cells) -> frozenset[str] | None:
    """Make the table `raw`, a row a line: its bytes, its kind and the cells; returns the top-level keys if counted."""
    occurring = None
    if cells.width() > CENSUS_ABOVE and source.size > SMALL:
        census = f"SELECT DISTINCT unnest(json_keys(line)) FROM {lines_sql(source)} WHERE {_IS_OBJECT}"
        occurring = frozenset(key for (key,) in con.execute(census, [source.path]).fetchall())
    plan = cells.plan(occurring)
    columns = "".join(f", {sql} AS {column}" for column, sql in plan.columns.items())
    con.execute(
        f"CREATE OR REPLACE TABLE raw AS SELECT strlen(line) AS bytes, (CASE WHEN is_object THEN {OBJECT}"
        f" WHEN regexp_full_match(line, '\\s*') THEN {BLANK} ELSE {MALFORMED} END)::UTINYINT AS kind{columns}"
        f" FROM ({objects_sql(source, plan, clean=_is_clean(source))})",
        [source.path],
    )
    return occurring


def count(con: duckdb.DuckDBPyConnection, source: Source) -> Lines | None:
    """Count the loaded lines by kind; None if some of the file is gone: empty lines, a byte order mark."""
    total, size, objects, malformed = con.execute(
        f"SELECT count(*), count(*) + coalesce(sum(bytes), 0), count(CASE WHEN kind = {OBJECT} THEN 1 END),"
        f" count(CASE WHEN kind = {MALFORMED} THEN 1 END) FROM raw"
    ).fetchall()[0]
    if not source.copied and size != source.size:
        return None
    first = f"SELECT rowid + 1 FROM raw WHERE kind = {MALFORMED} LIMIT {_SHOWN}"
    bad = tuple(sorted(line for (line,) in con.execute(first).fetchall())) if malformed else ()
    return Lines(total, objects, malformed, bad)
