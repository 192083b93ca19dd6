"""The model of a pack's gates: what must hold before a run may pass, and what counts as being stuck before one.

`pack.py` holds the rest of the model.
"""

from __future__ import annotations

from collections.abc import Mapping

from .errors import Position
from .expression import Expression
from .pack import EMPTY, Duration
from .record import Record

OUT_OF_REACH, NOT_TAKEN = "out_of_reach", "not_taken"
"""The two ways of standing still before a gate."""


class Bound(Record):
    """One side of what a requirement asks for; `operator` is >=, <=, > or <, the limit an expression over params."""

    operator: str
    at: Position
    limit: Expression


class Requirement(Record):
    """One line of a gate's checklist: a value over the rows, and the bounds that it has to keep.

    A value that misses a bound by at most `near` is a near miss. Where `advisory` is true, a miss blocks nothing.
    """

    id: str
    at: Position
    value: Expression
    bounds: tuple[Bound, ...] = ()
    near: Expression | None = None
    advisory: Expression | None = None
    setting: str = ""  # what the trainer's own configuration calls the limit
    title: str = ""
    why: str = ""
    source: str = ""


class Standstill(Record):
    """What to do about a gate that is late and that no near miss holds up; not where `unless` held last."""

    at: Position
    actions: tuple[str, ...] = ()
    unless: Expression | None = None
    advice: Mapping[str, str] = EMPTY  # action → what to say in place of its text
    why: str = ""


class Stuck(Record):
    """When a gate counts as held up: `when` holds, and over the window `over` only near misses fail, without a trend.

    The value to suggest is the one that all but `quantile` of that window's values reach; `why` is
    what the finding says.
    """

    at: Position
    when: Expression | None
    over: str
    quantile: Expression | None = None
    actions: tuple[str, ...] = ()
    why: str = ""
    out_of_reach: Standstill | None = None  # what misses its target by far shows no trend
    not_taken: Standstill | None = None  # all that the window holds keeps its targets, and the run does not pass

    @property
    def standstills(self) -> dict[str, Standstill]:
        """Those that are given, by what reports call them."""
        both = {OUT_OF_REACH: self.out_of_reach, NOT_TAKEN: self.not_taken}
        return {name: each for name, each in both.items() if each is not None}

    @property
    def conditions(self) -> list[Expression]:
        """Its conditions over the rows."""
        found = (self.when, *(each.unless for each in self.standstills.values()))
        return [each for each in found if each is not None]


class Gate(Record):
    """Requirements that must all hold before a run may pass; where `advisory` is true, for information only."""

    id: str
    at: Position
    title: str = ""
    while_: Expression | None = None
    passed: Expression | None = None
    max_age: Duration | None = None
    require: Mapping[str, Requirement] = EMPTY
    on_passed: tuple[str, ...] = ()
    on_blocked: tuple[str, ...] = ()
    stuck: Stuck | None = None
    advisory: Expression | None = None
    why: str = ""
    source: str = ""
