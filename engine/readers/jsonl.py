"""The reader of JSON lines: raw lines → typed cells → rows.

One path for every file: DuckDB reads raw lines, in order, and takes the wanted values out of those that are JSON
objects, so that line numbers are true and malformed lines are counted, not fatal.
"""

from __future__ import annotations

from contextlib import ExitStack
from dataclasses import replace

import duckdb

from ..errors import LogError
from . import lines, rows
from .cells import literal
from .columns import choose, columns_for
from .diagnose import wrong_types
from .model import Run, Wanted
from .normalise import Source, copied, opened
from .sniff import other_format

_SETTINGS = """
SET autoinstall_known_extensions = false; SET autoload_known_extensions = false;
SET python_enable_replacements = false; SET temp_directory = ''; SET preserve_insertion_order = true;
SET TimeZone = 'UTC';
"""
_LOCK = "SET enable_external_access = false; SET lock_configuration = true"


def read(path: str, wanted: Wanted, *, threads: int | None = None, memory_limit: str | None = None) -> Run:
    """Read the log at `path` (`-`: standard input) into a table; raises LogError when it cannot be judged."""
    con = _connect(threads, memory_limit)
    try:
        with ExitStack() as stack:
            run = _read(con, stack, stack.enter_context(opened(path)), path, wanted)
        con.execute(_LOCK)
    except BaseException:
        con.close()
        raise
    return run


def _connect(threads: int | None, memory_limit: str | None) -> duckdb.DuckDBPyConnection:
    con = duckdb.connect(":memory:")
    con.execute(_SETTINGS)
    if threads is not None:
        con.execute(f"SET threads = {int(threads)}")
    if memory_limit is not None:
        con.execute(f"SET memory_limit = {literal(memory_limit)}")
    return con


def _read(con: duckdb.DuckDBPyConnection, stack: ExitStack, source: Source, path: str, wanted: Wanted) -> Run:
    if not source.size:
        raise LogError("the log is empty", path=path, hint="wait until the run has logged something")
    columns = columns_for(wanted)
    counted = None
    try:
        occurring = lines.load(con, source, columns.cells)
        counted = lines.count(con, source)
    except duckdb.Error:  # invalid UTF-8, or the file changed while it was read
        if source.copied:
            raise
    if counted is None:
        source = stack.enter_context(copied(source, path))
        occurring = lines.load(con, source, columns.cells)
        counted = lines.count(con, source)
        assert counted is not None
    layout = choose(con, columns, wanted)
    if (counted.malformed >= counted.objects or not layout.metrics) and (error := other_format(source, path, counted)):
        raise error
    notes = (*layout.notes, *wrong_types(con, source, wanted, layout, occurring))
    return rows.assemble(con, path, counted, replace(layout, notes=notes))
