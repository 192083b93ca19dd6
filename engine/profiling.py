"""Where the time of one evaluation goes: its parts, each with its seconds and what it asked of DuckDB."""

from __future__ import annotations

import sys
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, cast

from . import phases
from .readers.connection import watched

if TYPE_CHECKING:
    from .database import duckdb

BEFORE = "Importing, and loading the pack"


@dataclass(slots=True)
class Phase:
    """One part of an evaluation: seconds on the clock, and the statements that DuckDB was given in it.

    `in_duckdb` is the time that these took. Statements that ran beside each other count fully, so it may be longer.
    """

    title: str
    seconds: float = 0.0
    statements: int = 0
    in_duckdb: float = 0.0


@dataclass(slots=True)
class Profile:
    """The phases of an evaluation from `began` (a reading of `time.perf_counter`) on, in the order they began in."""

    began: float
    phases: list[Phase] = field(default_factory=lambda: [Phase(BEFORE)])
    _open: int = 0

    @property
    def seconds(self) -> float:
        """What all phases took together."""
        return sum(phase.seconds for phase in self.phases)

    @property
    def open(self) -> Phase:
        """The phase that is open."""
        return self.phases[self._open]

    def begin(self, title: str) -> None:
        """End the phase that was open, and begin another, or go on with the one of this title."""
        self.end()
        titles = [phase.title for phase in self.phases]
        if title not in titles:
            self.phases.append(Phase(title))
            titles.append(title)
        self._open = titles.index(title)

    def end(self) -> None:
        """End the phase that is open."""
        now = time.perf_counter()
        self.open.seconds += now - self.began
        self.began = now

    @contextmanager
    def watching(self) -> Iterator[None]:
        """Watch what is evaluated, in one process and one evaluation at a time."""
        with phases.watched(self.begin), watched(lambda con: cast("duckdb.DuckDBPyConnection", _Timed(con, self))):
            yield


class _Timed:
    """A connection whose statements count in the phase that is open when they begin."""

    def __init__(self, con: duckdb.DuckDBPyConnection, profile: Profile) -> None:
        self._con, self._profile = con, profile

    def execute(self, sql: str, parameters: Sequence[object] = ()) -> duckdb.DuckDBPyConnection:
        """Run the statement, and note how long it took."""
        phase, began = self._profile.open, time.perf_counter()
        try:
            return self._con.execute(sql, parameters) if parameters else self._con.execute(sql)
        finally:
            phase.statements += 1
            phase.in_duckdb += time.perf_counter() - began

    def cursor(self) -> _Timed:
        """A second connection to the same data, timed in the same place."""
        return _Timed(self._con.cursor(), self._profile)

    def __getattr__(self, name: str) -> Any:
        return getattr(self._con, name)


def peak_memory() -> int | None:
    """Bytes of the process's largest resident set so far; None where the system does not tell."""
    try:
        import resource
    except ImportError:
        return None
    largest = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return largest if sys.platform == "darwin" else largest * 1024
