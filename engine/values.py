"""The values of params in one run, worked out in the order in which they need one another."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from math import isfinite

from .errors import Position
from .expression import Expression
from .pack import Pack, Param, Scalar
from .problems import Problems
from .record import Record
from .scalar import evaluate_scalar
from .tree import Name

DEFAULT = "default"
"""The name of the pack's own default within a setting."""


class Setting(Record):
    """What one source gives a param: its value, where that stands, what reports call the source, the text."""

    value: Scalar | Expression
    at: Position
    origin: str
    text: str


class Values:
    """Evaluates defaults and settings in the order in which they need one another."""

    def __init__(self, pack: Pack, settings: Mapping[str, Setting], problems: Problems) -> None:
        self.pack, self.settings, self.problems = pack, settings, problems
        self.done: dict[tuple[str, bool], Scalar] = {}
        self.open: list[tuple[str, bool]] = []

    def all(self) -> dict[str, Scalar]:
        """The value of each param in this run."""
        values = {name: self.final(name) for name in self.pack.params}
        if not self.problems.found:
            self.check_followers()
        return values

    def final(self, name: str) -> Scalar:
        """The value of a param in this run."""
        return self.once((name, True), self.setting) if name in self.settings else self.default(name)

    def default(self, name: str) -> Scalar:
        """What the param would be without a setting of its own."""
        return self.once((name, False), self.own)

    def once(self, key: tuple[str, bool], compute: Callable[[str], Scalar]) -> Scalar:
        if key in self.done:
            return self.done[key]
        name = key[0]
        if key in self.open:
            circle = list(dict.fromkeys(other for other, _ in self.open[self.open.index(key) :]))
            at = self.settings[name].at if name in self.settings else self.pack.params[name].at
            hint = (
                "write 'default' for the pack's own value"
                if len(circle) == 1
                else f"give one of them a number: {' -> '.join([*circle, name])}"
            )
            self.problems.add(at, "circular-definition", f"param {name!r} is defined by itself", hint)
            return None
        self.open.append(key)
        value = compute(name)
        self.open.pop()
        self.done[key] = value
        return value

    def setting(self, name: str) -> Scalar:
        param, (given, at, *_) = self.pack.params[name], self.settings[name]
        before = len(self.problems.found)
        value = self.value(given, name)
        if value is None and isinstance(given, Expression) and len(self.problems.found) == before:
            unset = [id for id in _names(given) if self.done.get((id, id in self.settings)) is None and id != DEFAULT]
            if DEFAULT in _names(given) and self.default(name) is None:
                unset.append(DEFAULT)
            why = f"{', '.join(unset)} is not set" if unset else "its result is unknown"
            needed = [id for id in unset if id != DEFAULT]
            mend = f"set {' and '.join(needed)}, or give a number" if needed else "give a number"
            self.problems.add(at, "no-value", f"param {name!r} has no value: {given.text!r}, {why}", mend)
        self.bounded(param, value, at)
        return value

    def own(self, name: str) -> Scalar:
        return self.value(self.pack.params[name].default, name)

    def check_followers(self) -> None:
        """Note defaults that left their bounds because they follow params that were set."""
        for name, param in self.pack.params.items():
            if isinstance(param.default, Expression) and name not in self.settings:
                self.bounded(param, self.final(name), param.default.at)

    def value(self, given: Scalar | Expression, name: str) -> Scalar:
        if not isinstance(given, Expression):
            return given
        names = {id: self.default(name) if id == DEFAULT else self.final(id) for id in _names(given)}
        return evaluate_scalar(given, names)

    def bounded(self, param: Param, value: Scalar, at: Position) -> None:
        if value is None:
            return
        if not fits(value, param.type):
            shown = f"{value:g}" if isinstance(value, float) else repr(value)
            message = f"param {param.id!r} must be {type_words(param.type)}, not {shown}"
            self.problems.add(at, "wrong-type", message, f"mend the expression, or set {type_words(param.type)}")
        elif isinstance(value, float):
            low, high = param.min, param.max
            allowed = f"the pack allows {low:g} to {high:g}" if low is not None and high is not None else ""
            if low is not None and value < low:
                message = f"param {param.id!r} must be at least {low:g}, not {value:g}"
                self.problems.add(at, "out-of-bounds", message, allowed or f"set {low:g} or more")
            if high is not None and value > high:
                message = f"param {param.id!r} must be at most {high:g}, not {value:g}"
                self.problems.add(at, "out-of-bounds", message, allowed or f"set {high:g} or less")


def _names(expression: Expression) -> list[str]:
    return list(dict.fromkeys(node.id for node in expression.tree.walk() if isinstance(node, Name)))


def type_words(type_: str) -> str:
    """The type of a param in the words of an error message."""
    words = {"number": "a finite number", "integer": "a whole number", "boolean": "true or false", "text": "a text"}
    return words[type_]


def fits(value: Scalar, type_: str) -> bool:
    """Whether a known value is of a param's type."""
    if type_ in ("boolean", "text"):
        return isinstance(value, bool if type_ == "boolean" else str)
    if isinstance(value, bool) or not isinstance(value, (int, float)) or not isfinite(value):
        return False
    return type_ == "number" or float(value).is_integer()
