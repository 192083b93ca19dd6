"""The databases of trackio: SQLite, with a row of JSON for each step of each run.

They are read with Python's own SQLite, from a copy: trackio's own functions look in its folder only, and write to it.
"""

from __future__ import annotations

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


def _claims(head: Head) -> bool:
    return head.raw.startswith(_MAGIC)


def _read(opening: Opening) -> Run:
    import os
    import shutil
    import sqlite3
    import tempfile
    from contextlib import closing

    from ...errors import LogError
    from ..documents import written
    from ..jsonl import read_told

    folder = opening.stack.enter_context(tempfile.TemporaryDirectory(prefix="trainrules-"))
    copy = os.path.join(folder, "copy.db")
    shutil.copyfile(opening.source.path, copy)
    if os.path.isfile(
        ahead := f"{opening.source.path}-wal"
    ):  # what a running trackio has not yet written into the file
        shutil.copyfile(ahead, f"{copy}-wal")
    try:
        with closing(sqlite3.connect(copy)) as con:
            columns = {name for _, name, *_ in con.execute("PRAGMA table_info(metrics)")}
            if not columns >= _COLUMNS:
                hint = "name the metrics log, or export the run"
                raise LogError("this SQLite database is not one of trackio", path=opening.path, hint=hint)
            run = "run_id" if "run_id" in columns else "run_name"
            runs = con.execute(f"SELECT {run}, max(run_name) FROM metrics GROUP BY {run} ORDER BY max(id)").fetchall()
            if not runs:
                hint = "wait until the run has logged something"
                raise LogError("the database has no rows yet", path=opening.path, hint=hint)
            (last, name) = runs[-1]
            told = opening.stack.enter_context(written(opening, _rows(con, run, last)))
    except sqlite3.Error as error:
        hint = "copy it while nothing writes to it"
        raise LogError(f"the database is damaged: {error}", path=opening.path, hint=hint) from None
    notes = (f"the database holds {len(runs)} runs; the last one, {name!r}, was read",) if len(runs) > 1 else ()
    return read_told(opening, told, READER.id, notes=notes)


def _rows(con: sqlite3.Connection, column: str, run: object) -> Iterator[Row]:
    import json

    from ..documents import Row

    asked = f"SELECT step, timestamp, metrics FROM metrics WHERE {column} = ? ORDER BY id"
    for step, time, metrics in con.execute(asked, [run]):
        try:
            row = json.loads(metrics)
        except (TypeError, ValueError, RecursionError):
            row = {}
        if isinstance(row, dict):
            yield Row(json.dumps({**row, "step": step, "timestamp": time}), 0)


READER = Reader(
    "trackio",
    "A database of trackio",
    ("*.db",),
    _claims,
    _read,
    is_binary=True,
    help="Of several runs the last one is read, which the report says.",
)
