"""How long a log may be read and judged."""

from __future__ import annotations

from contextlib import suppress
from threading import Event, Thread
from time import monotonic

from ..database import duckdb

_EVERY = 0.05  # seconds between two interrupts: one that comes between two statements is forgotten


class OverdueError(Exception):
    """Raised between two steps of the work once the deadline is over; never leaves the engine."""


class Deadline:
    """Some seconds from now, after which every statement of the connection that is watched is interrupted."""

    def __init__(self, seconds: float) -> None:
        self.is_over = False
        self._at = monotonic() + seconds
        self._done = Event()

    def watch(self, con: duckdb.DuckDBPyConnection) -> None:
        """Keep an eye on a connection, until `close`."""
        Thread(target=self._wait, args=(con,), daemon=True).start()

    def check(self) -> None:
        """Raise OverdueError if the time is over: for work that DuckDB does not do."""
        if self.left() <= 0:
            self.is_over = True
            raise OverdueError

    def left(self) -> float:
        """The seconds that are left, at least 0."""
        return max(0.0, self._at - monotonic())

    def close(self) -> None:
        """Let the connection alone from now on."""
        self._done.set()

    def _wait(self, con: duckdb.DuckDBPyConnection) -> None:
        if self._done.wait(self.left()):
            return
        self.is_over = True
        while not self._done.is_set():
            with suppress(duckdb.Error):  # closed meanwhile
                con.interrupt()
            self._done.wait(_EVERY)
