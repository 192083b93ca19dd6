"""The reader of JSON lines: raw lines → typed cells → rows.

One path for every file: DuckDB reads raw lines, in order, and takes the wanted values out of those that are JSON
objects, so that line numbers are true and malformed lines are counted, not fatal. Console output is turned into JSON
lines first, by the formats of the pack.
"""

from __future__ import annotations

from collections.abc import Collection
from contextlib import ExitStack, suppress
from typing import TYPE_CHECKING

import duckdb

from ..errors import LogError
from ..pack import Clock
from . import lines, rows
from .columns import Columns, choose, columns_for, questions
from .connection import connect, plan_quickly
from .deadline import Deadline
from .diagnose import wrong_types
from .model import Choose, Run, Wanted
from .normalise import Source, copied, opened
from .sniff import CONSOLE_HINT, other_format
from .survey import Survey, names, survey

if TYPE_CHECKING:
    from .console import Told

FEW = 24  # keys that a large log may lack; up to so many it is cheaper to look for all than to watch out for the others
SHORT = 1_000  # rows below which queries take longer to plan than to run

_LOCK = "SET enable_external_access = false; SET lock_configuration = true"


def read(
    path: str,
    wanted: Wanted | Choose,
    *,
    threads: int | None = None,
    memory_limit: str | None = None,
    deadline: Deadline | None = None,
) -> Run:
    """Read the log at `path` (`-`: standard input) into a table; raises LogError when it cannot be judged."""
    con = connect(threads, memory_limit)
    if deadline:
        deadline.watch(con)
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
    if (run := _console(con, stack, source, path, asked)) is not None:
        return run
    seen = survey(source)
    loaded = refusal = None
    try:
        wanted = asked if isinstance(asked, Wanted) else asked(names(source, seen))
    except LogError as refused:
        # What is no log of JSON lines at all is told as that.
        wanted, refusal = Wanted(Clock(), ()), refused
    try:
        loaded = _load(con, source, wanted, seen)
    except (duckdb.InterruptException, duckdb.OutOfMemoryException):
        raise
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
        if error.hint == CONSOLE_HINT:
            from .console import every_format, unknown

            plain = source if source.copied else stack.enter_context(copied(source, path))
            error = unknown(con, plain, error, asked.formats if isinstance(asked, Wanted) else every_format())
        raise error
    found = {metric.id for metric in layout.metrics}
    if counted.malformed and not _suffices(found, wanted) and (refusal is not None or isinstance(asked, Wanted)):
        # A JSON line or two may stand among console output: what a launcher prints of its settings, for instance.
        with suppress(LogError):
            run = _console(con, stack, source, path, asked, whatever=True)
            if run is not None and (refusal is not None or _suffices(run.columns, wanted)):
                return run
        if refusal is None:
            con.execute("DROP TABLE IF EXISTS run")
            loaded = _load(con, source, wanted, survey(source))
            assert loaded is not None
    if refusal is not None:
        raise refusal
    never = dict(wrong_types(con, source, wanted, layout, columns.cells.lacks))
    run = rows.assemble(con, path, counted, layout._replace(notes=(*layout.notes, *never.values())))
    run.never = never
    return run


def _suffices(found: Collection[str], wanted: Wanted) -> bool:
    """Whether the run can be judged by the metrics that its log has."""
    return any(id in found for id in wanted.required) if wanted.required else bool(found)


def _console(
    con: duckdb.DuckDBPyConnection,
    stack: ExitStack,
    source: Source,
    path: str,
    asked: Wanted | Choose,
    *,
    whatever: bool = False,
) -> Run | None:
    """The run that console output tells in one of the formats of the pack (of all, where it is yet to be chosen).

    None where there is none, and where the log begins with JSON lines, unless these are to be passed over `whatever`.
    """
    if isinstance(asked, Wanted) and not asked.formats:
        return None
    from .console import every_format, may_be_console, told

    if not whatever and not may_be_console(source):
        return None
    formats = asked.formats if isinstance(asked, Wanted) else every_format()
    if not formats:
        return None
    plain = source if source.copied else stack.enter_context(copied(source, path))
    keys = {key for metric in asked.metrics for key in metric.keys} if isinstance(asked, Wanted) else ()
    found = stack.enter_context(told(con, plain, path, formats, keys))
    if found is None:
        return None
    wanted = asked if isinstance(asked, Wanted) else asked(names(found.source, survey(found.source)))
    return _as_console(con, found, path, wanted)


def _as_console(con: duckdb.DuckDBPyConnection, found: Told, path: str, wanted: Wanted) -> Run:
    """The run that console output tells, with the lines of the user's file in place of those it was turned into."""
    loaded = _load(con, found.source, wanted, survey(found.source))
    assert loaded is not None
    columns, counted = loaded
    layout = choose(con, columns, wanted, counted.answers)
    never = dict(wrong_types(con, found.source, wanted, layout, columns.cells.lacks))
    notes = (*layout.notes, *found.notes, *never.values())
    try:
        run = rows.assemble(con, path, counted, layout._replace(notes=notes))
    except LogError as error:
        raise LogError(
            error.message, path=path, line=found.source.place(error.position.line), hint=error.hint
        ) from None
    run.never = never
    if not run.columns:
        run.offered = found.names
    rows.renumber(con, found.source.places)
    run.facts = run.facts._replace(
        format="console",
        lines=found.lines,
        ended=run.facts.ended or bool(found.ended),
        ended_because=found.ended,
    )
    return run


def _load(
    con: duckdb.DuckDBPyConnection, source: Source, wanted: Wanted, seen: Survey
) -> tuple[Columns, lines.Lines] | None:
    """Load the columns that can be there; a large file is loaded again if it has keys that its pieces did not show."""
    columns = columns_for(wanted, seen.lacks, percent=seen.percent)
    watched = set() if seen.whole else columns.cells.left_out
    if 0 < len(watched) <= FEW:
        columns, watched = columns_for(wanted, percent=seen.percent), set()
    lines.load(con, source, columns.cells, clean=seen.clean, watched=watched)
    counted = lines.count(con, source, questions(columns), watching=bool(watched))
    if counted is not None and counted.others:
        known = seen.with_outermost(lines.census(con, source, watched))
        more = columns_for(wanted, known.lacks, percent=seen.percent)
        if more.cells.plan() != columns.cells.plan():
            columns = more
            lines.load(con, source, columns.cells, clean=seen.clean)
            counted = lines.count(con, source, questions(columns))
    return None if counted is None else (columns, counted)
