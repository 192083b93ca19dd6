"""Room on disk for what a long log needs beyond the memory: a folder of its own among the temporary files.

DuckDB may read and write in that folder even when everything else is locked, so only long logs get one.
"""

from __future__ import annotations

import atexit
from contextlib import suppress

from ..database import duckdb
from .cells import literal
from .copies import COPY

LONG = 1 << 26
"""Bytes of a log from which on DuckDB may write to disk what does not fit into its memory."""

_folders: dict[int, str] = {}


def allow(con: duckdb.DuckDBPyConnection, size: int) -> None:
    """Give a connection its folder, if it is to read a log of so many bytes that it may need one."""
    if size < LONG:
        return
    import tempfile

    try:
        folder = tempfile.mkdtemp(prefix=COPY)
    except OSError:  # nowhere to write: the memory must do
        return
    if not _folders:
        atexit.register(_remove_all)
    _folders[id(con)] = folder
    con.execute(f"SET temp_directory = {literal(folder)}")


def is_full(error: duckdb.Error) -> bool:
    """Whether an error says that there was no room, by DuckDB's own limit or on the disk, for what it puts there."""
    said = str(error)
    return "max_temp_directory_size" in said or "duckdb_temp" in said


def remove(con: duckdb.DuckDBPyConnection) -> None:
    """Remove the folder of a connection that is closed, if it has one."""
    folder = _folders.pop(id(con), None)
    if folder is not None:
        from shutil import rmtree

        rmtree(folder, ignore_errors=True)


def _remove_all() -> None:
    from shutil import rmtree

    while _folders:
        with suppress(KeyError):
            rmtree(_folders.popitem()[1], ignore_errors=True)
