"""The reader of JSON lines: raw lines → typed cells → rows.

One path for every file: DuckDB reads raw lines, in order, and takes the wanted values out of those that are JSON
objects, so that line numbers are true and malformed lines are counted, not fatal. Console output, documents and
databases are turned into JSON lines first.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from contextlib import suppress
from functools import partial
from typing import TYPE_CHECKING

from ..database import duckdb
from ..errors import LogError
from ..pack import Clock
from ..report import Known
from . import lines, spill
from .columns import Columns, choose, columns_for, questions
from .doubled import count_doubled
from .finish import Scan, finished
from .model import Run, Wanted
from .normalise import Source
from .opening import Opening
from .sniff import CONSOLE_HINT, may_be_console, other_format
from .survey import Survey, names, survey

if TYPE_CHECKING:
    from .console import Told

FEW = 24  # keys that a large log may lack; up to so many it is cheaper to look for all than to watch out for the others


def read_lines(opening: Opening, name: str = "jsonl", *, console: bool = True) -> Run:
    """The run in a log of JSON lines; with `console`, also that which console output tells, where it is that."""
    source, path, asked = opening.source, opening.path, opening.asked
    if console and (run := _console(opening)) is not None:
        return run
    seen = survey(source)
    loaded = refusal = None
    try:
        wanted = opening.wanted(names(source, seen))
    except LogError as refused:
        # What is no log of JSON lines at all is told as that.
        wanted, refusal = Wanted(Clock(), ()), refused
    try:
        loaded = _load(opening.con, source, wanted, seen)
    except (duckdb.InterruptException, duckdb.OutOfMemoryException):
        raise
    except duckdb.Error as failed:  # invalid UTF-8, or the file changed while it was read
        if source.copied or spill.is_full(failed):
            raise
    if loaded is None:
        source = opening.mended()
        loaded = _load(opening.con, source, wanted, survey(source))
        assert loaded is not None
    columns, counted = loaded
    layout = choose(opening.con, columns, wanted, counted.answers)
    if (counted.malformed >= counted.objects or not layout.metrics) and (error := other_format(source, path, counted)):
        if error.hint == CONSOLE_HINT and console:
            from .console import unknown

            error = unknown(opening.con, opening.mended(), error, opening.formats(), opening.shipped())
        raise error
    found = {metric.id for metric in layout.metrics}
    lost = counted.malformed and not _suffices(found, wanted)
    if lost and console and (refusal is not None or isinstance(asked, Wanted)):
        # A JSON line or two may stand among console output: what a launcher prints of its settings, for instance.
        with suppress(LogError):
            run = _console(opening, whatever=True)
            if run is not None and (refusal is not None or _suffices(run.columns, wanted)):
                return run
        if refusal is None:
            opening.con.execute("DROP TABLE IF EXISTS run")
            loaded = _load(opening.con, source, wanted, survey(source))
            assert loaded is not None
    if refusal is not None:
        raise refusal
    run = finished(opening, _scan(source), wanted, columns, counted, layout, name=name)
    if not _suffices(found, wanted):
        run.offered = tuple(sorted(names(source, seen)))
    if seen.doubled:
        amount, told = count_doubled(source.path)
        run.facts = run.facts._replace(doubled=amount, notes=(*run.facts.notes, told))
    return run


def read_console(opening: Opening) -> Run:
    """The run that console output tells, whatever else may be in the file."""
    if (run := _console(opening, whatever=True)) is not None:
        return run
    from .console import unknown

    error = LogError("this is not console output", path=opening.path, hint="leave --input-format out")
    raise unknown(opening.con, opening.mended(), error, opening.formats(), opening.shipped())


def read_told(
    opening: Opening,
    told: Source,
    name: str,
    *,
    notes: Sequence[str] = (),
    known: Sequence[Known] = (),
    malformed: int = 0,
    lines: int = 0,
    mentioned: frozenset[str] = frozenset(),
) -> Run:
    """The run in JSON lines that were made from a log; its rows get the places that they were made from.

    Keys that the log has besides are `mentioned`: they help to choose a pack. Of the log's own rows `malformed` could
    not be read; it has so many `lines`, if it has any. `known` is what it says of the run besides.
    """
    seen = survey(told)
    wanted = opening.wanted(names(told, seen) | mentioned)
    loaded = _load(opening.con, told, wanted, seen)
    assert loaded is not None
    columns, counted = loaded
    counted = counted._replace(total=lines or counted.total, malformed=counted.malformed + malformed)
    layout = choose(opening.con, columns, wanted, counted.answers)
    return finished(opening, _scan(told), wanted, columns, counted, layout, name=name, notes=notes, known=known)


def _scan(source: Source) -> Scan:
    return Scan(source, partial(lines.rows_sql, source), is_lines=True)


def _suffices(found: Collection[str], wanted: Wanted) -> bool:
    """Whether the run can be judged by the metrics that its log has."""
    return any(id in found for id in wanted.required) if wanted.required else bool(found)


def _console(opening: Opening, *, whatever: bool = False) -> Run | None:
    """The run that console output tells in one of the formats of the pack (of all, where it is yet to be chosen).

    None where there is none, and where the log begins with JSON lines, unless these are to be passed over `whatever`.
    """
    asked = opening.asked
    if isinstance(asked, Wanted) and not asked.formats:
        return None
    if not whatever and not may_be_console(opening.source):
        return None
    from .console import told

    formats = opening.formats()
    if not formats:
        return None
    keys = {key for metric in asked.metrics for key in metric.keys} if isinstance(asked, Wanted) else ()
    found = opening.stack.enter_context(told(opening.con, opening.mended(), opening.path, formats, keys))
    return None if found is None else _as_console(opening, found)


def _as_console(opening: Opening, found: Told) -> Run:
    """The run that console output tells, with the lines of the user's file in place of those it was turned into."""
    run = read_told(opening, found.source, "console", notes=found.notes, lines=found.lines, mentioned=found.mentioned)
    if not run.columns:
        run.offered = found.names
    why, by = found.ended
    run.facts = run.facts._replace(ended=run.facts.ended or bool(why), ended_because=why, ended_by=by)
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
