"""Lengths in expressions: windows by name or in quotes, and moments; what is wrong with one, and how it is mended."""

from __future__ import annotations

import re
from collections.abc import Collection
from typing import TYPE_CHECKING

from .amounts import length_meant, window_mend
from .errors import did_you_mean
from .functions import FUNCTIONS, Family
from .record import Record
from .tree import Call, Name, Node, Number, Text

if TYPE_CHECKING:
    from .codes import Code

LONGEST = 1e12
"""The largest amount of a window or a duration, in its own unit."""

LENGTH = re.compile(r"\s*(?P<amount>\d+(?:\.\d+)?)\s+(?P<unit>point|step|epoch|minute)s?\s*")
"""A quoted length, its unit in the singular."""

_OVER_WINDOWS = {"min": "minimum", "max": "maximum"}


class Fault(Record):
    """What is wrong with a length."""

    code: Code
    message: str
    hint: str


class Turned(Record):
    """A window that stands where numbers are due, `over` which it is meant; `mend` takes the numbers and the length."""

    window: Node
    over: Node
    mend: str


def is_window(node: Node, windows: Collection[str]) -> bool:
    """Whether a node is the name of a window, or a quoted length."""
    if isinstance(node, Name):
        return node.id in windows
    return isinstance(node, Text) and LENGTH.fullmatch(node.value) is not None


def turned(call: Call, windows: Collection[str]) -> Turned | None:
    """The window of a call that is written otherwise: of `mean(w, x)` or `max(x, w)`."""
    instead = _OVER_WINDOWS.get(call.function) if len(call.arguments) == 2 else None
    if instead is None and FUNCTIONS[call.function].family is not Family.WINDOW:
        return None
    first, second = call.arguments[:2]
    assert first is not None
    assert second is not None
    window, over = (first, second) if is_window(first, windows) else (second, first)
    if not is_window(window, windows) or is_window(over, windows) or (window is second and instead is None):
        return None
    mend = f"over a window it is {instead}({{}}, {{}})" if instead else "the other way round: {} first, then {}"
    return Turned(window, over, mend)


def window_fault(argument: Node, windows: Collection[str]) -> Fault | None:
    """What is wrong with what stands for a window."""
    if isinstance(argument, Text):
        return _quoted_fault(argument.value, windows)
    if not isinstance(argument, Name):
        hint = 'as in trend or "20 points"'
        if isinstance(argument, Number) and argument.value >= 1 and argument.value.is_integer():
            hint = f'write "{argument.value:g} points"'
        return Fault("bad-window", "a window is a name or a quoted length", hint)
    if argument.id not in windows:
        hint = did_you_mean(argument.id, sorted(windows)) or "declare it under windows"
        return Fault("unknown-window", f"unknown window {argument.id!r}", hint)
    return None


def _quoted_fault(text: str, windows: Collection[str]) -> Fault | None:
    found = LENGTH.fullmatch(text)
    if not found:
        return Fault("bad-window", f"{text!r} is not a window", window_mend(text, windows))
    amount = float(found["amount"])
    if found["unit"] != "point":
        told = f"a window of {found['unit']}s must say how many points it needs"
        return Fault("bad-window", told, window_mend(text, windows))
    if amount > LONGEST:
        told = f"a window holds at most {LONGEST:,.0f} points"
        return Fault("bad-window", told, "name one under windows, with 'last: all'")
    if amount < 1 or not amount.is_integer():
        return Fault("bad-window", "a window of points needs a whole number of at least 1", 'as in "20 points"')
    return None


def moment_fault(argument: Node) -> Fault | None:
    """What is wrong with what stands for a moment, a quoted length on the clock."""
    found = LENGTH.fullmatch(argument.value) if isinstance(argument, Text) else None
    if found and found["unit"] != "point":
        return None
    amount, unit = (length_meant(argument.value) if isinstance(argument, Text) else None) or ("5", "points")
    hint = 'as in "5 epochs"' if unit == "points" else f'write "{amount} {unit}"'
    return Fault("bad-length", "a moment is written in quotes, with its unit", hint)
