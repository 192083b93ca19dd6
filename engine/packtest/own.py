"""What a pack holds itself, against its parent: what it merely inherits is shown by the parent's tests."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from ..expression import Expression
from ..load import parent_of
from ..pack import Pack
from .model import Own

TOLD = frozenset({"at", "title", "why", "source", "message", "help", "actions"})
"""The fields that change how a thing is told and what is advised, not when it fires."""


def own_of(pack: Pack, load: Callable[[str | Path], Pack] | None = None) -> Own:
    """The rules, gates and invariants that are the pack's own, or that it judges differently than its parent.

    `load` loads the parent.
    """
    parent = parent_of(pack, load)
    rules, *others = (_own(getattr(pack, part), getattr(parent, part, {})) for part in Own._fields)
    return Own(rules - set(pack.invariants), *others)  # an invariant is judged as a rule, under the same name


def _own(things: Mapping[str, Any], inherited: Mapping[str, Any]) -> frozenset[str]:
    return frozenset(
        id
        for id, thing in things.items()
        if getattr(thing, "enabled", True) and (id not in inherited or _judged(thing) != _judged(inherited[id]))
    )


def _judged(thing: object) -> object:
    """What of a thing decides when it fires, as plain values that can be compared."""
    if isinstance(thing, Expression):
        return " ".join(thing.text.split())
    if isinstance(thing, Mapping):
        return {key: _judged(value) for key, value in thing.items()}
    if isinstance(thing, tuple) and hasattr(thing, "_fields"):
        return {field: _judged(getattr(thing, field)) for field in thing._fields if field not in TOLD}
    return [_judged(value) for value in thing] if isinstance(thing, tuple) else thing
