"""The connection that a log is read into: opened while Python does something else, and closed behind its back.

Either takes DuckDB as long as a pack takes to load, and leaves Python free meanwhile.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from threading import Thread

from ..database import IS_DUCKDB_1, duckdb
from . import spill

_SETTINGS: dict[str, str | bool | int | float | list[str]] = {
    "autoinstall_known_extensions": "false",
    "autoload_known_extensions": "false",
    "python_enable_replacements": "false",
    "temp_directory": "",
    "preserve_insertion_order": "true",
}
_SIDES = "build_side_probe_side"
"""What may exchange the sides of a join, and so the order of its rows; they are written as they are meant."""
_PASSES = "common_subexpressions,expression_rewriter,filter_pullup,filter_pushdown,join_order,statistics_propagation"


def prepare(threads: int | None = None, memory_limit: str | None = None) -> None:
    """Begin to open the connection that the next `connect` with the same arguments gives."""
    if not _ahead:
        _ahead.append(_Opening(threads, memory_limit))


def connect(threads: int | None = None, memory_limit: str | None = None) -> duckdb.DuckDBPyConnection:
    """A database of its own in memory."""
    try:
        opening = _ahead.pop()
    except IndexError:  # also where another thread was faster
        opening = None
    if opening is not None and opening.asked == (threads, memory_limit):
        con = opening.connection()
    else:
        con = _opened(threads, memory_limit)
    return _watching[-1](con) if _watching else con


@contextmanager
def watched(watch: Callable[[duckdb.DuckDBPyConnection], duckdb.DuckDBPyConnection]) -> Iterator[None]:
    """Let `connect` give what `watch` makes of a connection."""
    _watching.append(watch)
    try:
        yield
    finally:
        _watching.pop()


def plan_quickly(con: duckdb.DuckDBPyConnection, *more: str) -> None:
    """Leave out the passes of the optimizer that take longer over a few rows than they can save, and `more` of them.

    DuckDB 1 keeps them: it gives other values where a filter is not pushed down below `lag`.
    """
    if not IS_DUCKDB_1:
        con.execute(f"SET disabled_optimizers = '{','.join((_SIDES, _PASSES, *more))}'")


def is_interrupt(error: BaseException) -> bool:
    """Whether an error is what DuckDB makes of Ctrl-C while a statement runs."""
    return isinstance(error, KeyboardInterrupt) or (type(error) is RuntimeError and str(error) == "Query interrupted")


def close(con: duckdb.DuckDBPyConnection) -> None:
    """Give the memory of a connection back, which nobody has to wait for."""
    Thread(target=closed, args=(con,)).start()


def closed(con: duckdb.DuckDBPyConnection) -> None:
    """Close a connection and remove what it has written to disk."""
    with suppress(duckdb.Error):
        con.interrupt()  # after Ctrl-C its statement goes on, and to close it would be to wait for that
    con.close()
    spill.remove(con)


class _Opening:
    def __init__(self, threads: int | None, memory_limit: str | None) -> None:
        self.asked = (threads, memory_limit)
        self.found: duckdb.DuckDBPyConnection | None = None
        self.thread = Thread(target=self.open)
        self.thread.start()

    def open(self) -> None:
        try:
            self.found = _opened(*self.asked)
        except duckdb.Error:
            self.found = None  # told by whoever needs the connection

    def connection(self) -> duckdb.DuckDBPyConnection:
        self.thread.join()
        return self.found or _opened(*self.asked)


_ahead: list[_Opening] = []
_watching: list[Callable[[duckdb.DuckDBPyConnection], duckdb.DuckDBPyConnection]] = []


def _opened(threads: int | None, memory_limit: str | None) -> duckdb.DuckDBPyConnection:
    settings = dict(_SETTINGS)
    if threads is not None:
        settings["threads"] = int(threads)
    if memory_limit is not None:
        settings["memory_limit"] = memory_limit
    con = duckdb.connect(":memory:", config=settings)
    # DuckDB draws a bar where the main program has no file, which it takes for a person at a prompt.
    con.execute(f"SET TimeZone = 'UTC'; SET enable_progress_bar = false; SET disabled_optimizers = '{_SIDES}'")
    return con
