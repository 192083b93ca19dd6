"""The databases of trackio: SQLite, with a row of JSON for each step of each run.

They are read with Python's own SQLite, from a copy: trackio's own functions look in its folder only, and write to it.
"""

from __future__ import annotations

from contextlib import contextmanager
from typing import TYPE_CHECKING

from ..registry import Reader

if TYPE_CHECKING:
    import sqlite3
    from collections.abc import Iterator

    from ..documents import Row
    from ..model import Run
    from ..opening import Head, Opening

_MAGIC = b"SQLite format 3\0"
_COLUMNS = frozenset({"run_name", "timestamp", "step", "metrics"})
_STEPS = 10_000  # of SQLite's machine, between two looks at the clock
_HINT = "copy it while nothing writes to it"


def _claims(head: Head) -> bool:
    return head.raw.startswith(_MAGIC)


def _read(opening: Opening) -> Run:
    from contextlib import closing

    from ...errors import LogError
    from ..documents import written
    from ..jsonl import read_told

    broken: list[int] = []
    with _told(opening), closing(_connected(opening)) as con:
        run = _run_column(con, opening.path)
        asked = f"SELECT max(rowid), max(run_name) FROM metrics GROUP BY {run} ORDER BY 1"
        runs = con.execute(asked).fetchall()
        if not runs:
            hint = "wait until the run has logged something"
            raise LogError("the database has no rows yet", path=opening.path, hint=hint)
        (last, name) = runs[-1]
        told = opening.stack.enter_context(written(opening, _rows(con, run, last, broken)))
        ((damage,),) = con.execute("PRAGMA quick_check(1)").fetchall()
    if not told.size:
        message = f"none of the {len(broken)} rows of the last run can be read"
        raise LogError(message, path=opening.path, hint="copy the database again, while nothing writes to it")
    notes = []
    if len(runs) > 1:
        notes.append(f"the database holds {len(runs)} runs; the last one, {name!r}, was read")
    if damage != "ok":
        broken.append(1)
        notes.append(f"the database is damaged, and rows may be missing: {' '.join(str(damage).split())}")
    return read_told(opening, told, READER.id, notes=notes, malformed=len(broken))


def _connected(opening: Opening) -> sqlite3.Connection:
    """A connection to a copy, which may only read, and runs nothing that the database itself asks for."""
    import os
    import sqlite3
    from pathlib import Path

    from ..copies import folder
    from ..normalise import LONGEST_LINE, duplicate

    copy = os.path.join(opening.stack.enter_context(folder(opening.path)), "copy.db")
    source = os.path.realpath(opening.source.path)
    duplicate(source, copy, opening.path, opening.deadline)
    if os.path.isfile(f"{source}-wal"):  # what a running trackio has not yet written into the file
        duplicate(f"{source}-wal", f"{copy}-wal", opening.path, opening.deadline)
    con = sqlite3.connect(f"{Path(copy).as_uri()}?mode=ro", uri=True)
    con.text_factory = lambda raw: raw.decode("utf-8", "surrogateescape")
    con.setlimit(sqlite3.SQLITE_LIMIT_LENGTH, LONGEST_LINE)
    con.set_progress_handler(opening.check, _STEPS)
    con.execute("PRAGMA trusted_schema = OFF")
    con.execute("PRAGMA query_only = ON")
    return con


@contextmanager
def _told(opening: Opening) -> Iterator[None]:
    """Raise as LogError what SQLite says of the database."""
    import sqlite3

    from ...errors import LogError
    from ..copies import no_room

    try:
        yield
    except sqlite3.Error as error:
        code = getattr(error, "sqlite_errorcode", None)
        if code == sqlite3.SQLITE_INTERRUPT:  # what the handler raises, or a signal in it, is lost
            opening.check()
            raise KeyboardInterrupt from None
        if code == sqlite3.SQLITE_FULL:
            raise no_room(str(error), opening.path) from None
        raise LogError(f"the database is damaged: {error}", path=opening.path, hint=_HINT) from None
    except UnicodeError:  # in the names of columns, and in what SQLite says of them
        raise LogError("the database is damaged: a name in it is no text", path=opening.path, hint=_HINT) from None


def _run_column(con: sqlite3.Connection, path: str) -> str:
    """The column that tells runs apart; raises LogError where `metrics` is no table of trackio.

    A view, or a virtual table, has no page of its own: what it computes may never end.
    """
    from ...errors import LogError

    asked = "SELECT 1 FROM sqlite_master WHERE type = 'table' AND rootpage > 0 AND name = 'metrics' COLLATE NOCASE"
    columns: set[str] = set()
    if con.execute(asked).fetchall():
        columns = {name for _, name, *_ in con.execute("PRAGMA table_info(metrics)")}
    if not columns >= _COLUMNS:
        hint = "name the metrics log, or export the run"
        raise LogError("this SQLite database is not one of trackio", path=path, hint=hint)
    return "run_id" if "run_id" in columns else "run_name"


def _rows(con: sqlite3.Connection, column: str, last: int, broken: list[int]) -> Iterator[Row]:
    """The rows of the run to which the row `last` belongs; `broken` gets an entry for each that cannot be read."""
    import json

    from ..documents import Row

    asked = (
        "SELECT step, timestamp, metrics FROM metrics"
        f" WHERE {column} IS (SELECT {column} FROM metrics WHERE rowid = ?) ORDER BY rowid"
    )
    for step, time, metrics in con.execute(asked, [last]):
        try:
            given = metrics if isinstance(metrics, bytes) else str.encode(metrics)  # trackio has written both
            text = json.dumps({**json.loads(given.decode()), "step": step, "timestamp": time})
        except (TypeError, ValueError, RecursionError):  # no object, no JSON, no UTF-8, or a time that is bytes
            broken.append(1)
        else:
            yield Row(text, 0)


READER = Reader(
    "trackio",
    "A database of trackio",
    ("*.db",),
    _claims,
    _read,
    is_binary=True,
    help="Of several runs the last one is read, which the report says.",
)
