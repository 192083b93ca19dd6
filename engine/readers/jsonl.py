"""The reader of JSON lines: raw lines → typed cells → rows.

One path for every file: DuckDB reads raw lines, in order, and takes the wanted values out of those that are JSON
objects, so that line numbers are true and malformed lines are counted, not fatal.
"""

from __future__ import annotations

from contextlib import ExitStack

import duckdb

from ..errors import LogError
from ..pack import Clock
from . import lines, rows
from .columns import Columns, choose, columns_for, questions
from .connection import connect, plan_quickly
from .diagnose import wrong_types
from .model import Choose, Run, Wanted
from .normalise import Source, copied, opened
from .sniff import other_format
from .survey import Survey, names, survey

FEW = 24  # keys that a large log may lack; up to so many it is cheaper to look for all than to watch out for the others
SHORT = 1_000  # rows below which queries take longer to plan than to run

_LOCK = "SET enable_external_access = false; SET lock_configuration = true"


def read(path: str, wanted: Wanted | Choose, *, threads: int | None = None, memory_limit: str | None = None) -> Run:
    """Read the log at `path` (`-`: standard input) into a table; raises LogError when it cannot be judged."""
    con = connect(threads, memory_limit)
    try:
        with ExitStack() as stack:
            run = _read(con, stack, stack.enter_context(opened(path)), path, wanted)
        if run.facts.rows < SHORT:
            plan_quickly(con)
        con.execute(_LOCK)
    except BaseException:
        con.close()
        raise
    return run


def _read(con: duckdb.DuckDBPyConnection, stack: ExitStack, source: Source, path: str, asked: Wanted | Choose) -> Run:
    if not source.size:
        raise LogError("the log is empty", path=path, hint="wait until the run has logged something")
    seen = survey(source)
    loaded = refusal = None
    try:
        wanted = asked if isinstance(asked, Wanted) else asked(names(source, seen))
    except LogError as refused:
        # What is no log of JSON lines at all is told as that.
        wanted, refusal = Wanted(Clock(), ()), refused
    try:
        loaded = _load(con, source, wanted, seen)
    except duckdb.Error:  # invalid UTF-8, or the file changed while it was read
        if source.copied:
            raise
    if loaded is None:
        source = stack.enter_context(copied(source, path))
        loaded = _load(con, source, wanted, survey(source))
        assert loaded is not None
    columns, counted = loaded
    layout = choose(con, columns, wanted, counted.answers)
    if (counted.malformed >= counted.objects or not layout.metrics) and (error := other_format(source, path, counted)):
        raise error
    if refusal is not None:
        raise refusal
    notes = (*layout.notes, *wrong_types(con, source, wanted, layout, columns.cells.lacks))
    return rows.assemble(con, path, counted, layout._replace(notes=notes))


def _load(
    con: duckdb.DuckDBPyConnection, source: Source, wanted: Wanted, seen: Survey
) -> tuple[Columns, lines.Lines] | None:
    """Load the columns that can be there; a large file is loaded again if it has keys that its pieces did not show."""
    columns = columns_for(wanted, seen.lacks)
    watched = set() if seen.whole else columns.cells.left_out
    if 0 < len(watched) <= FEW:
        columns, watched = columns_for(wanted), set()
    lines.load(con, source, columns.cells, clean=seen.clean, watched=watched)
    counted = lines.count(con, source, questions(columns), watching=bool(watched))
    if counted is not None and counted.others:
        more = columns_for(wanted, seen.with_outermost(lines.census(con, source, watched)).lacks)
        if more.cells.plan() != columns.cells.plan():
            columns = more
            lines.load(con, source, columns.cells, clean=seen.clean)
            counted = lines.count(con, source, questions(columns))
    return None if counted is None else (columns, counted)
