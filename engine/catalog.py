"""What a pack holds, by kind and name, who uses what, and where each threshold comes from: for `rules show|explain`."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any, TypeAlias

from .errors import Position, did_you_mean
from .expression import Expression
from .pack import Action, Pack, Rule
from .record import Record
from .resolved import Override, Resolved
from .series import members
from .template import placeholders
from .tree import Call, Name

Thing: TypeAlias = Any
"""An entry of a section of a pack: a named tuple with `id` and `at`."""

_ACTIONS = ("actions", "conflicts", "on_passed", "on_blocked")
_TEMPLATES = ("message", "text")
_BY_NAME = {
    **dict.fromkeys(_ACTIONS, "action"),
    **{"command": "command", "over": "window"},
    **{"group": "group", "twin": "twin", "twin_of": "metric"},
}
"""Fields that name other things of the pack, and of which kind."""
_BY_KEY = {"expect": "metric", "set": "param", "disable": "rule", "advise": "rule"}
"""Fields that map the names of other things, and of which kind."""


_SINGULAR = {"families": "family"}


class Entry(Record):
    """A thing of a pack: what kind it is of (metric, rule, …), itself, and the names, by kind, of what it uses."""

    kind: str
    thing: Thing
    uses: tuple[tuple[str, str], ...]

    @property
    def name(self) -> str:
        """What the thing is called."""
        return str(self.thing.id)


class ClockName(Record):
    """A name of the clock, which every pack knows, with the keys of the log that this pack takes it from."""

    id: str
    at: Position
    help: str
    keys: tuple[str, ...] = ()


CLOCK_HELP = {
    "step": "The step of the row.",
    "epoch": "The epoch of the row.",
    "time": "The time of the row, in seconds since 1970.",
    "row": "The number of the row's first line in the file.",
    "total": "The number of steps that the run is to have; unknown where the log does not say.",
    "progress": "step / total.",
    "silence": "Seconds from the last row to --now; known on the last row of a run that has not ended.",
    "ended": "Whether the log shows that the run is over; known on the last row.",
    "ended_by": (
        "What ended it: 'finish', 'interrupt', 'error', 'out_of_memory' or 'non_finite'; known on the last row, where"
        " console output tells it."
    ),
    "numberless": (
        "How many lines at the end name a sentinel and give it no number (null, text), though they did before; known on"
        " these, and on the last row."
    ),
}
"""What the names of the clock mean, which stand in no pack."""


class Standing(Record):
    """Whether a rule is on, the severity it is held to (None: its own), and what made it so ("": the pack)."""

    is_on: bool
    severity: str | None = None
    on_by: str = ""
    severity_by: str = ""
    reason: str = ""
    until: str = ""

    @property
    def why(self) -> str:
        """How long that lasts and the reason for it, to follow what made it so."""
        return (f" until {self.until}" if self.until else "") + (f": {self.reason}" if self.reason else "")


def sections(pack: Pack) -> dict[str, Mapping[str, Thing]]:
    """The sections of a pack that hold named things, by what one of them is called."""
    fields = [
        field for field, empty in pack._field_defaults.items() if isinstance(empty, Mapping) and field != "labels"
    ]
    found = {_SINGULAR.get(field, field.removesuffix("s")): getattr(pack, field) for field in fields}
    # An invariant is judged as a rule is, and stands among them as one.
    return {**found, "rule": {id: rule for id, rule in pack.rules.items() if id not in pack.invariants}}


def plural(kind: str) -> str:
    """What the section of a kind of things is called in a pack."""
    return next((field for field, one in _SINGULAR.items() if one == kind), f"{kind}s")


def entries(pack: Pack) -> list[Entry]:
    """Everything in a pack that has a name, section by section."""
    known = sections(pack)
    return [
        Entry(kind, thing, tuple(dict.fromkeys(_references(thing, pack, known))))
        for kind, things in known.items()
        for thing in things.values()
    ]


def users(everything: list[Entry], entry: Entry) -> list[Entry]:
    """The entries that use this one."""
    if entry.kind == "clock":
        return [each for each in everything if entry.name in _named_in(each.thing)]
    return [each for each in everything if (entry.kind, entry.name) in each.uses and each is not entry]


def _named_in(value: Any) -> Iterator[str]:
    """Every name in the expressions of a thing."""
    if isinstance(value, Expression):
        yield from (node.id for node in value.tree.walk() if isinstance(node, Name))
    elif isinstance(value, Mapping):
        yield from (name for inner in value.values() for name in _named_in(inner))
    elif isinstance(value, tuple):
        yield from (name for inner in value for name in _named_in(inner))


def named(everything: list[Entry], pack: Pack, name: str) -> list[Entry]:
    """The entries of that name, or, where there are none, the clock, or the metrics that are read from such a key."""
    found = [entry for entry in everything if entry.name == name]
    found = found or [entry for entry in everything if name in _keys(pack, entry)]
    return found or [Entry("clock", one, ()) for one in _clock(pack) if one.id == name or name in one.keys]


def _clock(pack: Pack) -> list[ClockName]:
    keys = {field: tuple(one.key for one in getattr(pack.clock, field)) for field in pack.clock._fields}
    return [ClockName(id, pack.at, told, keys.get(id, ())) for id, told in CLOCK_HELP.items()]


def unknown_name(everything: list[Entry], pack: Pack, given: str, name: str) -> str:
    """The hint for a name that a pack, called `given` on the command line, does not have."""
    names = list(dict.fromkeys(entry.name for entry in everything))
    keys = list(dict.fromkeys(key for entry in everything for key in _keys(pack, entry)))
    from difflib import get_close_matches

    # What is spelled like a key of the log, such as "rewards/margin", is one.
    is_key = any(nearest not in names for nearest in get_close_matches(name, [*names, *keys], n=1))
    near = did_you_mean(name, keys if is_key else names)
    return near or f"'rules show {given}' lists all that it has"


def _keys(pack: Pack, entry: Entry) -> list[str]:
    """The keys of a log that a metric is read from, those of all members of its families."""
    return [key for *_, keys in members(pack, entry.thing) for key in keys] if entry.kind == "metric" else []


def standing(resolved: Resolved, rule: Rule) -> Standing:
    """How a rule stands in one run."""
    set_by = {override.param: override for override in resolved.overrides}
    switched, weighed = set_by.get(f"{rule.id}.enabled"), set_by.get(f"{rule.id}.severity")
    because = switched or weighed
    return Standing(
        rule.id not in resolved.disabled,
        resolved.severities.get(rule.id),
        _source(switched) if switched else "",
        _source(weighed) if weighed else "",
        because.reason if because else "",
        because.until if because else "",
    )


def _source(override: Override) -> str:
    return f"{override.origin}:{override.at.line}" if override.at else override.origin


def _references(value: Any, pack: Pack, known: Mapping[str, Mapping[str, Thing]], field: str = "") -> Iterator[Any]:
    """What a thing names, as (kind, name), in the order in which it does."""
    if isinstance(value, Expression):
        yield from _in_expression(value, pack)
    elif isinstance(value, str):
        kind = _BY_NAME.get(field)
        if kind and value in known.get(kind, ()):
            yield kind, value
        if field == "keys":
            yield from (("family", hole.name) for hole in placeholders(value) if hole.name in pack.families)
        if field in _TEMPLATES:
            yield from (found for hole in placeholders(value) if (found := _in_rows(hole.name, pack)))
    elif isinstance(value, Mapping):
        for key, inner in value.items():
            kind = _BY_KEY.get(field, "")
            if kind and key in known[kind]:
                yield kind, key
            yield from _references(inner, pack, known, field)
    elif isinstance(value, tuple):
        for name, inner in zip(getattr(value, "_fields", [field] * len(value)), value, strict=True):
            if name not in ("id", "at"):
                # An action sets settings of the trainer, a variant sets params.
                yield from _references(inner, pack, known, "" if isinstance(value, Action) and name == "set" else name)


def _in_expression(expression: Expression, pack: Pack) -> Iterator[tuple[str, str]]:
    for node in expression.tree.walk():
        if isinstance(node, Name) and (found := _in_rows(node.id, pack)):
            yield found
        elif isinstance(node, Call) and node.function == "nonfinite" and node.arguments == (None,):
            yield from (("metric", id) for id in pack.sentinels if id in pack.metrics)


def _in_rows(name: str, pack: Pack) -> tuple[str, str] | None:
    """What a name in an expression or a message stands for; None for the clock and the like."""
    for kind, known in (("metric", pack.metrics), ("param", pack.params), ("window", pack.windows)):
        if name in known:
            return kind, name
    return None
