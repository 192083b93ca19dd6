"""Tables of text: the lines of a file, cut at a delimiter, with the names of their columns in the first one.

Lines stay lines: a cell cannot hold a line break, so that every row has its true line number and a broken line costs
only itself.
"""

from __future__ import annotations

import csv
from collections.abc import Callable, Mapping, Sequence
from functools import partial
from typing import TYPE_CHECKING

from ..errors import LogError
from .cells import literal
from .lines import BLANK, MALFORMED, OBJECT, lines_sql
from .table import Table, named, read_table

if TYPE_CHECKING:
    from .model import Run
    from .normalise import Source
    from .opening import Head, Opening

Derive = Callable[[Mapping[str, str]], Mapping[str, str]]
"""From the columns of a table, as SQL by their names, to more columns that it has not."""

DELIMITERS = (",", "\t", ";", "|")
_LOOKED_AT = 20  # rows below the header
_LONGEST_NAME = 200
_CLOCKS = frozenset({"step", "epoch", "iter", "iteration", "global_step"})
_WORDS = frozenset({"", "nan", "inf", "-inf", "-nan", "none", "null", "na", "n/a", "true", "false"})


def header_of(head: Head) -> tuple[list[str], str] | None:
    """The names of a table's columns and its delimiter, None where the first line is no header."""
    first = head.lines[0] if head.lines else ""
    if first.lstrip()[:1] in ("{", "["):
        return None
    delimiter = max(DELIMITERS, key=first.count)
    names = _cut(first, delimiter)
    names = names[:-1] if names and not names[-1] else names
    filled = [name for name in names if name]
    if len(filled) < 2 or any(_is_value(name) or len(name) > _LONGEST_NAME for name in filled):
        return None
    return names, delimiter


def looks_like_table(head: Head) -> bool:
    """Whether a text begins with a header and, below it, has as many cells, most of them numbers."""
    found = header_of(head)
    if found is None:
        return False
    names, delimiter = found
    rows = [_cut(line, delimiter) for line in head.lines[1 : _LOOKED_AT + 1]]
    if not rows:
        return any(name.lower() in _CLOCKS for name in names)
    like = [row for row in rows if len(row) == len(names) or (len(row) == len(names) + 1 and not row[-1])]
    cells = [cell for row in like for cell in row]
    return 2 * len(like) >= len(rows) and 2 * sum(map(_is_value, cells)) > len(cells)


def read_delimited(opening: Opening, name: str, derive: Derive = lambda columns: {}, notes: Sequence[str] = ()) -> Run:
    """The run in a table of text, with the columns that `derive` adds."""
    found = header_of(opening.head)
    if found is None:
        hint = "its first line must name the columns, with commas, semicolons, tabs or bars between them"
        raise LogError("this is no table with a header", path=opening.path, line=1, hint=hint)
    names, delimiter = found
    columns = named((name, _unquoted(f"trim(fields[{number}])")) for number, name in enumerate(names, 1))
    more = derive(columns)
    columns |= {key: sql for key, sql in more.items() if key not in columns}
    rows = partial(_rows, header=opening.head.lines[0], width=len(names), delimiter=delimiter)
    run = read_table(opening, lambda source: Table(source, rows(source), columns), name, notes=notes)
    if run.facts.lines <= 1:
        raise LogError("the table has no rows yet", path=opening.path, hint="wait until the run has logged something")
    return run


def _rows(source: Source, *, header: str, width: int, delimiter: str) -> str:
    """SQL for the lines: bytes, kind and the list of their cells as `fields`."""
    sign = literal(delimiter)
    one = f'(\\s*"(?:[^"]|"")*"\\s*|[^{delimiter}]*)[{delimiter}]'
    quoted = f"regexp_extract_all(line || {sign}, {literal(one)}, 1)"
    fields = f"CASE WHEN contains(line, '\"') THEN {quoted} ELSE string_split(line, {sign}) END"
    full = f"len(fields) = {width} OR len(fields) = {width + 1} AND trim(fields[{width + 1}]) = ''"
    kind = (
        f"CASE WHEN trim(line) = '' OR rtrim(line) = {literal(header.rstrip())} THEN {BLANK}"
        f" WHEN {full} THEN {OBJECT} ELSE {MALFORMED} END"
    )
    cut = f"SELECT line, {fields} AS fields FROM {lines_sql(source)}"
    known = f"SELECT strlen(line) AS bytes, {kind} AS kind, fields FROM ({cut})"
    return f"SELECT bytes, kind, CASE WHEN kind = {OBJECT} THEN fields END AS fields FROM ({known})"


def _unquoted(cell: str) -> str:
    inner = f"replace(substr({cell}, 2, length({cell}) - 2), '\"\"', '\"')"
    is_quoted = f"length({cell}) > 1 AND starts_with({cell}, '\"') AND ends_with({cell}, '\"')"
    return f"CASE WHEN {is_quoted} THEN {inner} ELSE {cell} END"


def _cut(line: str, delimiter: str) -> list[str]:
    try:
        (cells,) = csv.reader([line.strip("\n")], delimiter=delimiter, skipinitialspace=True)
    except (ValueError, csv.Error):
        cells = line.split(delimiter)
    return [cell.strip() for cell in cells]


def _is_value(cell: str) -> bool:
    try:
        float(cell)
    except ValueError:
        return cell.lower() in _WORDS
    return True
