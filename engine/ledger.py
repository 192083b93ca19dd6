"""The end of a run as gates look at it, and how a value stands there against its bounds."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from .compile.bind import Names
from .record import Record
from .report import LogFacts
from .rowbook import RowBook
from .watch import Limit, Line
from .words import number as digits

if TYPE_CHECKING:
    from .compile.program import Program

_TOLERANCE = 1e-9
MET, MISSED, NEAR, UNKNOWN = "met", "not met", "near", "unknown"


class Ledger(Record):
    """What it takes to look at the end of a run."""

    program: Program
    book: RowBook
    log: LogFacts
    names: Names


def standing(line: Line, value: float) -> str:
    """Whether a known value keeps the bounds, misses them, or misses them by no more than `near`."""
    missed = [limit for limit in line.limits if not limit.holds(value)]
    if not missed:
        return MET
    gaps = [abs(value - limit.value) for limit in missed if limit.value is not None]
    room = line.near + _TOLERANCE * max(abs(value), *(abs(limit.value or 0.0) for limit in missed))
    return NEAR if line.near >= 0 and max(gaps) <= room else MISSED


def target(limits: Sequence[Limit]) -> str:
    """What a value must be: ">= 2000", "between -0.005 and 0.00025"."""
    shown = ["?" if limit.value is None else digits(limit.value) for limit in limits]
    if [limit.operator for limit in limits] == [">=", "<="]:
        return f"between {shown[0]} and {shown[1]}"
    return " and ".join(f"{limit.operator} {value}" for limit, value in zip(limits, shown, strict=True))
