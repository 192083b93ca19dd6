"""What a user changes for one run, as data: which source says what of a threshold or a rule, and until when."""

from __future__ import annotations

from .errors import Position
from .record import Record

VARIANT, PROJECT, BESIDE, FILE, OPTION, VALUES = "variant", "project", "log", "file", "set", "values"
"""The kinds of sources, in their order: later ones win."""

FOUND = (PROJECT, BESIDE)
"""The kinds of sources that count without being named on the command line."""


class Said(Record):
    """What one source says of a param, as it is written there."""

    origin: str
    text: str
    at: Position | None = None


class End(Record):
    """Where a setting ends: after a step or an epoch, or after a moment (seconds since 1970); `text` is as written."""

    unit: str  # step | epoch | time
    value: float
    text: str


class Switch(Record):
    """What one source says of a rule or a gate: on or off, or the severity that it has."""

    rule: str
    value: bool | str
    origin: str
    kind: str
    at: Position | None = None
    reason: str = ""
    until: End | None = None


class Source(Record):
    """A file that settings were read from; `note` says why none of them count, if so."""

    name: str
    kind: str  # project | log | file
    note: str = ""


class Whereabouts(Record):
    """How far a run has come: its last step and epoch, and the time to judge dates by; None for what is not known."""

    step: float | None = None
    epoch: float | None = None
    time: float | None = None
