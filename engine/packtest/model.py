"""What a file of pack tests holds, and what running it gives: plain data that every module of this room reads."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TypeAlias

from ..errors import Position
from ..items import Plain
from ..pack import EMPTY, Pack, Scalar
from ..record import Record

Cell: TypeAlias = float | int | bool | str
"""A value as a log has it: a number (NaN and infinities too), true or false, or a text."""

Row: TypeAlias = dict[str, Cell]
"""One row of a log: keys as the log spells them, those that the row lacks left out."""


class Data(Record):
    """The log of a case: rows made of a table or of series, the raw text of a log, or the path of one."""

    rows: tuple[Row, ...] = ()
    text: str | None = None
    path: str | None = None


class Expected(Record):
    """One thing that a case expects: where it stands in the report, such as `rules.loss_flat.onset`, and its value."""

    path: tuple[str, ...]
    value: Plain
    at: Position


class Case(Record):
    """One test: a run, how it is judged, and what the report must say of it. `expects` is in the order of the file."""

    name: str
    at: Position
    data: Data
    expects: tuple[Expected, ...]
    variant: str | None = None
    settings: tuple[str, ...] = ()
    override_files: tuple[str, ...] = ()
    checkpoints: tuple[str, ...] | None = None
    now: float | None = None
    source: str = ""

    @property
    def listed(self) -> frozenset[str]:
        """The rules, invariants and gates that the case says something of, gates without their series."""
        named = ("rules", "invariants", "gates")
        return frozenset(each.path[1].partition(" ")[0] for each in self.expects if each.path[0] in named)


class Own(Record):
    """The rules, gates and invariants of a pack that its own tests must show: not those that it merely inherits."""

    rules: frozenset[str] = frozenset()
    gates: frozenset[str] = frozenset()
    invariants: frozenset[str] = frozenset()


class Suite(Record):
    """One file of tests and the pack that they test; `own` are the things that the pack does not merely inherit."""

    file: str
    pack: Pack
    own: Own
    cases: tuple[Case, ...]
    at: Position = Position("")  # where the list of cases begins


class Difference(Record):
    """One thing that the report says otherwise; `why` is what is known about it, a line each."""

    path: str
    expected: str
    got: str
    why: tuple[str, ...] = ()


class Seen(Record):
    """What a case that passed has shown of its pack, as names such as `rules.loss_flat` or `gates.next_phase`."""

    fired: frozenset[tuple[str, str]] = frozenset()  # (rule, severity)
    quiet: frozenset[str] = frozenset()
    gates: frozenset[tuple[str, str]] = frozenset()  # (gate, or gate.requirement; status)
    invariants: frozenset[tuple[str, str]] = frozenset()  # (invariant, status)


class Result(Record):
    """How one case went; it passed if there are no differences."""

    case: Case
    differences: tuple[Difference, ...]
    seen: Seen

    @property
    def passed(self) -> bool:
        """Whether the report says all that was expected, and nothing fires beyond it."""
        return not self.differences


class Gap(Record):
    """Something of a pack that no test shows: a rule that never fires, a gate that is never open."""

    kind: str  # rule | gate | requirement | invariant
    name: str
    never: str  # such as "fires", "stays quiet" or "opens"
    severity: str = ""  # of the level of a rule that never fires, where others do


class Coverage(Record):
    """What the tests of one pack show of what it holds itself; `counts` is kind → (shown, all)."""

    pack: str
    counts: Mapping[str, tuple[int, int]] = EMPTY
    gaps: tuple[Gap, ...] = ()


__all__ = [
    "Case",
    "Cell",
    "Coverage",
    "Data",
    "Difference",
    "Expected",
    "Gap",
    "Own",
    "Plain",
    "Result",
    "Row",
    "Scalar",
    "Seen",
    "Suite",
]
