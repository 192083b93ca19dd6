"""The parts of an evaluation, told in their order to whoever watches how it is done."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager

READING = "Reading the log"
GLANCE = "The run at a glance"
WINDOWS = "Windows, level {depth}"
TABLE = "Conditions (o) and the values (v) compared"
HELD = "When each condition held"
FOUND = "Numbers of what was found, and of near misses"
GATES = "The gates"
PLAN = "What the plan and the stages rest on"

_watching: list[Callable[[str], None]] = []


def begin(title: str) -> None:
    """Say that this part begins, and that the one before is done."""
    for tell in _watching[-1:]:
        tell(title)


@contextmanager
def watched(tell: Callable[[str], None]) -> Iterator[None]:
    """Let `tell` have the title of each part that begins."""
    _watching.append(tell)
    try:
        yield
    finally:
        _watching.pop()
