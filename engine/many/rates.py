"""Runs that differ in the learning rate that was configured: a column of their rows instead of a number."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence

from ..compile.ir import Clock, Const, Kernel, Op, Value, walk
from ..compile.simplify import simplify
from ..compile.sql import number
from ..judged import Judged
from ..pack import Pack
from ..record import Record
from ..resolved import Resolved
from ..surroundings import RATE_PARAM
from ..tree import Name

COLUMN = "configured"
_LARGEST = 1e18


class Settings(Record):
    """The settings that some runs share, and whether each has a configured rate of its own besides."""

    resolved: Resolved
    is_rated: bool = False


def settings_of(plain: Resolved, own: Resolved) -> Settings:
    """What a run shares with others, from its settings without and with the rate that stands beside its log."""
    if own is plain or _is_counted_by(own.pack) or not _rate(own) <= _LARGEST:
        return Settings(own)
    return Settings(plain, is_rated=True)


def _is_counted_by(pack: Pack) -> bool:
    """Whether a rule begins after something that is computed from the rate."""
    afters = (rule.after for rule in pack.rules.values() if rule.after is not None)
    return any(isinstance(node, Name) and node.id == RATE_PARAM for after in afters for node in after.tree.walk())


class Rates:
    """The configured rates of the runs of one group, where they differ."""

    def __init__(self, settings: Mapping[int, Resolved]) -> None:
        found = {run: own.values.get(RATE_PARAM) for run, own in settings.items()}
        self.differ = len(set(found.values())) > 1
        self.of = {run: float(rate) for run, rate in found.items() if isinstance(rate, int | float)}

    @property
    def params(self) -> dict[str, str]:
        """The params that are columns."""
        return {RATE_PARAM: COLUMN} if self.differ else {}

    @property
    def item(self) -> str:
        """SQL of the column, beside the others of a table that has `run`."""
        if not self.differ:
            return ""
        rates = (number(self.of[run]) if run in self.of else "NULL" for run in range(max(self.of) + 1))
        return f", [{', '.join(rates)}][run + 1] AS {COLUMN}"

    def shared(self, resolved: Resolved) -> Resolved:
        """The settings of all runs: what would be computed from the rate before there are rows cannot be."""
        return resolved._replace(values={**resolved.values, RATE_PARAM: math.nan}) if self.differ else resolved

    def rated(self, judged: Sequence[Judged]) -> list[int]:
        """The places of what is judged whose evidence names the rate. Raises ValueError where it is looked at as a
        value is, and not as a limit."""
        if not self.differ:
            return []
        if any(_is_in(test.left) for each in judged for test in each.tests):
            raise ValueError("the configured rate is no limit here")
        return [place for place, each in enumerate(judged) if any(_is_in(test.right) for test in each.tests)]

    def told(self, judged: Judged, run: int) -> Judged:
        """The same, with the rate of one run in its evidence."""
        rate = Const(self.of[run])
        tests = (test._replace(right=simplify(_with(test.right, rate))) for test in judged.tests)
        return judged._replace(tests=tuple(tests))


def _rate(own: Resolved) -> float:
    rate = own.values[RATE_PARAM]
    return float(rate) if isinstance(rate, int | float) else math.nan


def _is_in(value: Value) -> bool:
    return any(isinstance(node, Clock) and node.column == COLUMN for node in walk(value))


def _with(value: Value, rate: Const) -> Value:
    match value:
        case Clock(column=column) if column == COLUMN:
            return rate
        case Op(args=args):
            return Op(value.name, tuple(_with(arg, rate) for arg in args), value.type)
        case Kernel(arg=arg):
            return value.over(_with(arg, rate)) if _is_in(arg) else value
        case _:
            return value
