"""How long a log may be read and judged."""

from __future__ import annotations

from contextlib import suppress
from threading import Event, Thread
from time import monotonic
from typing import Any, cast

from ..database import duckdb

_EVERY = 0.05  # seconds between two interrupts: one that comes between two statements is forgotten


class OverdueError(Exception):
    """Raised between two steps of the work once the deadline is over; never leaves the engine."""


class Deadline:
    """Some seconds from now, after which every statement of the connections that are watched is interrupted."""

    def __init__(self, seconds: float) -> None:
        self.is_over = False
        self._at = monotonic() + seconds
        self._done = Event()
        self._watched: list[duckdb.DuckDBPyConnection] = []

    def watch(self, con: duckdb.DuckDBPyConnection) -> duckdb.DuckDBPyConnection:
        """The connection, on which an eye is kept until `close`; so it is on the cursors that it gives."""
        if not self._watched:
            Thread(target=self._wait, daemon=True).start()
        self._watched.append(con)
        return cast("duckdb.DuckDBPyConnection", _Watched(con, self))

    def check(self) -> None:
        """Raise OverdueError if the time is over: for work that DuckDB does not do."""
        if self.left() <= 0:
            self.is_over = True
            raise OverdueError

    def left(self) -> float:
        """The seconds that are left, at least 0."""
        return max(0.0, self._at - monotonic())

    def close(self) -> None:
        """Let the connections alone from now on."""
        self._done.set()

    def _wait(self) -> None:
        if self._done.wait(self.left()):
            return
        self.is_over = True
        while not self._done.is_set():
            for con in tuple(self._watched):
                with suppress(duckdb.Error):  # closed meanwhile
                    con.interrupt()
            self._done.wait(_EVERY)


class _Watched:
    """A connection whose cursors are watched as well: a statement on one of them is not ended by another's end."""

    def __init__(self, con: duckdb.DuckDBPyConnection, deadline: Deadline) -> None:
        self._con, self._deadline = con, deadline

    def cursor(self) -> duckdb.DuckDBPyConnection:
        """A second connection to the same data."""
        return self._deadline.watch(self._con.cursor())

    def __getattr__(self, name: str) -> Any:
        return getattr(self._con, name)
