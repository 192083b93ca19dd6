"""The SQL that judges a log, as a script that can be read and run, or as JSON."""

from __future__ import annotations

from collections.abc import Iterator

from ..tracing import Chapter, Statement, Trace, literals
from .escape import printable
from .json import Json
from .layout import wrap
from .sqltext import filled, laid_out, visible

SCHEMA = "trainrules/sql/1"
_ASIDE = ("SET ", "SELECT regexp_matches('', ")  # settings, and trials of patterns
_HEAD = """\
The SQL by which pack {pack} judges {path} ({rows} rows), in the order in which it is run.
It can be pasted into the duckdb shell, in the folder in which this was asked for. There it differs from \
'rules eval' in this: no setting keeps the statements from other files, from the network and from more memory; \
statements of one level run one after another; and what SELECT gives is printed, where the tool goes on with it: it \
follows each condition through the run (onset, duration, until) and makes the plan in Python."""
_COPIED = """
The tool reads a copy of this log: plain UTF-8, unpacked, with one kind of line break, and a space on each blank \
line. Make such a copy, and name it in the first statement, to get the same rows."""
_CONSOLE = """
This log is console output. What it tells is written to a file as lines of JSON, and read from there like any other \
log. The tool takes a file without a name that lasts for it; the script writes {told}, which can be removed \
afterwards."""
_TOLD = """
The format of this log is {format}. Its rows are written to a file of JSON lines, without a name that lasts, and read \
from there like any other log; here it is called {told}. To run the script, write that file."""


def render_trace(trace: Trace, *, width: int = 80) -> str:
    """The script, with comments that say what each part is for and what the columns are."""
    lines = [*_comment(_head(trace), width), "", "SET TimeZone = 'UTC';", "SET preserve_insertion_order = true;"]
    for place, chapter in enumerate(_chapters(trace), 1):
        lines += ["", *_comment(f"{place}. {chapter.title}", width)]
        if chapter is trace.chapters[0]:
            told = ", ".join(f"{column} {_named(*names)}" for column, names in trace.keys.items())
            lines += _comment(f"The table 'run' has a row for each row of the log; {told}.", width)
        for statement in chapter.statements:
            if not _is_aside(statement):
                lines += _statement(statement, width)
    return "\n".join(lines) + "\n"


def trace_json(trace: Trace) -> Json:
    """The same as data: chapters of statements, each with its SQL and what its columns are."""
    return {
        "schema": SCHEMA,
        "pack": trace.pack.id if trace.pack else None,
        "log": trace.path,
        "rows": trace.facts.rows if trace.facts else None,
        "columns": {column: {"metric": id, "key": key} for column, (id, key) in trace.keys.items()},
        "chapters": [
            {
                "title": chapter.title,
                "statements": [
                    {
                        "sql": _sql(statement),
                        "columns": dict(statement.legend),
                    }
                    for statement in chapter.statements
                    if not _is_aside(statement)
                ],
            }
            for chapter in _chapters(trace)
        ],
    }


def _head(trace: Trace) -> str:
    pack = f"{trace.pack.id} {trace.pack.version}" if trace.pack else ""
    rows = trace.facts.rows if trace.facts else 0
    is_console = trace.facts is not None and trace.facts.format == "console"
    told = _CONSOLE if is_console else _TOLD if trace.is_told else ""
    shape = trace.facts.format if trace.facts else ""
    more = (_COPIED if trace.is_copied else "") + told.format(told=trace.told, format=shape)
    return _HEAD.format(pack=pack, path=trace.path, rows=rows) + more


def _chapters(trace: Trace) -> list[Chapter]:
    return [chapter for chapter in trace.chapters if any(not _is_aside(each) for each in chapter.statements)]


def _is_aside(statement: Statement) -> bool:
    return statement.sql.startswith(_ASIDE)


def _named(id: str, key: str) -> str:
    return f"is {id}" + (f" (the key {key!r})" if key != id else "")


def _statement(statement: Statement, width: int) -> Iterator[str]:
    if statement.legend:
        yield ""
    for column, meaning in statement.legend:
        yield from wrap(printable(f"{column}: {meaning}"), width, "-- ", "--     ")
    yield ""
    yield laid_out(_sql(statement), width) + ";"


def _sql(statement: Statement) -> str:
    return visible(filled(statement.sql, literals(statement.parameters)))


def _comment(text: str, width: int) -> list[str]:
    return [line for part in text.splitlines() for line in wrap(printable(part), width, "-- ", "-- ")]
