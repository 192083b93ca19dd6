"""A pack made ready for one run, as data: the final value of every parameter, and what was set for it.

As in `pack.py`, annotations are evaluated: a named tuple compiles those of text at every start.
"""

from __future__ import annotations

from collections.abc import Mapping

from .errors import Position
from .pack import EMPTY, Pack, Scalar
from .record import Record
from .settings import Said, Source, Switch


class Override(Record):
    """One setting that is not the pack's default, and where it came from; `param` may be `<rule>.enabled|severity`.

    `given` is the expression that was written where it was one, `over` what earlier sources say, the latest first.
    """

    param: str
    value: Scalar
    default: Scalar
    origin: str
    at: Position | None = None
    given: str = ""
    over: tuple[Said, ...] = ()
    reason: str = ""
    until: str = ""


class Resolved(Record):
    """A pack made ready for one run: every parameter has its final value."""

    pack: Pack
    variant: str | None
    values: Mapping[str, Scalar]
    severities: Mapping[str, str] = EMPTY  # rule → the severity it is capped or set to
    disabled: frozenset[str] = frozenset()
    overrides: tuple[Override, ...] = ()
    suppressed: frozenset[str] = frozenset()  # those of the disabled rules that the user, not the pack, switched off
    switches: tuple[Switch, ...] = ()  # what all sources say of rules and gates, later ones win
    expired: tuple[Switch, ...] = ()  # those of them whose end is passed
    sources: tuple[Source, ...] = ()  # the files that settings were read from
