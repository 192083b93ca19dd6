"""The lines of a file in DuckDB: as SQL, and loaded as the table `raw` with the wanted values as typed columns."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from typing import Any

from ..database import duckdb
from ..record import Record
from .cells import Cells, Plan, literal
from .normalise import TURN, Source
from .survey import ESCAPES, pattern

OBJECT, MALFORMED, BLANK, FOLLOWER = range(4)

_SHOWN = 5
_SPACE = literal(" \t")
_BRACED = f"(starts_with(line, '{{') OR starts_with(ltrim(line, {_SPACE}), '{{'))"
_IS_OBJECT = f"{_BRACED} AND json_valid(line)"
_IS_BLANK = "regexp_full_match(line, '\\s*')"
_SHAPE = f"CASE WHEN {_BRACED} THEN {OBJECT} WHEN {_IS_BLANK} THEN {BLANK} ELSE {MALFORMED} END"


def lines_sql(source: Source, *, turns: bool = False) -> str:
    """A FROM item with the column `line`; the name of the file is the statement's parameter.

    Lone carriage returns are spaces, as they are to JSON; with `turns`, they stand as TURN.
    """
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
    read = f"read_csv(?, {', '.join(f'{name} = {value}' for name, value in options.items())})"
    if not source.copied or turns:
        return read
    return f"(SELECT replace(line, {literal(TURN)}, ' ') AS line FROM {read})"


def objects_sql(source: Source, plan: Plan, *, clean: bool = False) -> str:
    """A query of all lines with their `kind`, and for each structure of the plan p0, p1, … (NULLs where no object).

    `clean` files have next to no malformed lines; there TRY saves the parsing that tells good lines from bad ones; each
    bad line costs milliseconds. The result is the same.
    """
    takes = [f"json_transform(line, {literal(structure)})" for structure in plan.structures]
    if clean and takes:
        planes = ", ".join(f"TRY({take}) AS p{number}" for number, take in enumerate(takes))
        # No CASE around p0: DuckDB would parse the line again for it.
        kind = f"greatest({_SHAPE}, CAST(p0 IS NULL AS INTEGER))"
        return f"SELECT *, {kind} AS kind FROM (SELECT line, {planes} FROM {lines_sql(source)})"
    valid = f"CASE WHEN {_IS_OBJECT} THEN {OBJECT} WHEN {_IS_BLANK} THEN {BLANK} ELSE {MALFORMED} END"
    planes = "".join(f", CASE WHEN kind = {OBJECT} THEN {take} END AS p{number}" for number, take in enumerate(takes))
    return f"SELECT *{planes} FROM (SELECT line, {valid} AS kind FROM {lines_sql(source)})"


class Lines(Record):
    """What was counted in a loaded file; `bad` are the numbers of the first malformed lines.

    `others` are the lines in which keys may occur that were not looked for, `answers` those to the questions asked.
    """

    total: int
    objects: int
    malformed: int
    bad: tuple[int, ...]
    others: int = 0
    answers: tuple[Any, ...] = ()


def load(
    con: duckdb.DuckDBPyConnection, source: Source, cells: Cells, *, clean: bool = False, watched: Collection[str] = ()
) -> None:
    """Make the table `raw`, a row a line: bytes, kind, the cells, and whether a `watched` key may be in it."""
    con.execute(
        f"CREATE OR REPLACE TABLE raw AS {rows_sql(source, cells, clean=clean, watched=watched)}", [source.path]
    )


def rows_sql(
    source: Source, cells: Cells, limit: str = "", *, clean: bool = False, watched: Collection[str] = ()
) -> str:
    """A query of the lines as rows: bytes, kind, the cells, and whether a `watched` key may be in it."""
    plan = cells.plan()
    columns = "".join(f", {sql} AS {column}" for column, sql in plan.columns.items())
    if watched:
        columns += f", {_spells(watched)} AS other"
    lines = objects_sql(source, plan, clean=clean)
    return f"SELECT strlen(line) AS bytes, kind::UTINYINT AS kind{columns} FROM ({lines}{limit})"


def census(con: duckdb.DuckDBPyConnection, source: Source, watched: Collection[str]) -> list[str]:
    """The outermost keys of the lines in which a `watched` key may occur."""
    suspects = f"SELECT line FROM {lines_sql(source)} WHERE {_spells(watched)}"
    keys = f"SELECT DISTINCT unnest(json_keys(line)) FROM ({suspects}) WHERE {_IS_OBJECT}"
    return [key for (key,) in con.execute(keys, [source.path]).fetchall()]


def count(
    con: duckdb.DuckDBPyConnection,
    source: Source,
    questions: Sequence[str] = (),
    *,
    watching: bool = False,
    exact: bool = True,
) -> Lines | None:
    """Count the loaded lines by kind and answer questions (SQL aggregates) about them.

    None if some of the file is gone, where it is counted in `exact` bytes: empty lines, a byte order mark.
    """
    asked = ", ".join(["count(CASE WHEN other THEN 1 END)" if watching else "0", *questions])
    total, size, objects, malformed, others, *answers = con.execute(
        f"SELECT count(*), count(*) + coalesce(sum(bytes), 0), count(CASE WHEN kind = {OBJECT} THEN 1 END),"
        f" count(CASE WHEN kind = {MALFORMED} THEN 1 END), {asked} FROM raw"
    ).fetchall()[0]
    if exact and not source.copied and size != source.size:
        return None
    first = f"SELECT rowid + 1 FROM raw WHERE kind = {MALFORMED} LIMIT {_SHOWN}"
    bad = tuple(sorted(line for (line,) in con.execute(first).fetchall())) if malformed else ()
    return Lines(total, objects, malformed, bad, others, tuple(answers))


def _spells(keys: Collection[str]) -> str:
    escaped = (f"contains(line, {literal(sign)})" for sign in ESCAPES)
    return f"({' OR '.join([f'regexp_matches(line, {literal(pattern(keys))})', *escaped])})"
