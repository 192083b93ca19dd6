"""Typed access to the fields of a mapping in a file; what does not fit becomes a problem at its place."""

from __future__ import annotations

import math
import re
from collections.abc import Callable, Sequence
from functools import partial
from typing import TYPE_CHECKING, TypeVar

from .errors import ExpressionError, Position
from .expression import Expression
from .items import Item
from .pack import UNITS, Duration
from .parser import parse, parse_on
from .problems import Problems
from .tree import Number, Truth

if TYPE_CHECKING:
    from .codes import Code

_LENGTH = partial(re.compile, r"(.*\S)\s+(point|step|epoch|minute)s?\s*", re.DOTALL)
_T = TypeVar("_T")


class Fields:
    """The fields of one mapping. Each getter gives its default where the field is absent, null or does not fit."""

    def __init__(self, item: Item, problems: Problems, name: str) -> None:
        self.item, self.problems, self.name = item, problems, name
        self.items: dict[str, Item] = {}
        if isinstance(item.value, dict):
            self.items = item.value
        else:
            problems.add(item.at, "wrong-type", f"{name} must be a mapping, not {kind(item)}", "write {name: value}")

    @property
    def at(self) -> Position:
        """Where the thing is named."""
        return self.item.key_at

    def has(self, key: str) -> bool:
        """Whether the field is there and not null."""
        item = self.items.get(key)
        return item is not None and item.value is not None

    def place(self, key: str) -> Position:
        """Where the field's value stands, or the thing's where the field is absent."""
        item = self.items.get(key)
        return item.at if item is not None else self.item.at

    def wrong(self, item: Item, key: str, expected: str, code: Code = "wrong-type") -> None:
        """Note that a field is not what it should be."""
        from .mends import mend

        self.problems.add(item.at, code, f"'{key}' must be {expected}, not {kind(item)}", mend(item, key, expected))

    def missing(self, key: str, hint: str) -> None:
        """Note that a field is lacking in what is a mapping."""
        given = self.items.get(key)
        if not isinstance(self.item.value, dict) or (given is not None and self.problems.knows(given.at)):
            return
        self.problems.add(self.at, "missing-key", f"{self.name} lacks '{key}'", hint)

    def _get(
        self,
        key: str,
        expected: str,
        convert: Callable[[Item], _T | None],
        default: _T,
        code: Code = "wrong-type",
    ) -> _T:
        item = self.items.get(key)
        if item is None or item.value is None:
            return default
        value = convert(item)
        if value is None:
            self.wrong(item, key, expected, code)
            return default
        return value

    def text(self, key: str, default: str = "") -> str:
        """A text; numbers are taken as they read."""
        return self._get(key, "a text", _text, default).strip()

    def optional_text(self, key: str) -> str | None:
        """A text, or None where there is none."""
        return self.text(key) or None

    def flag(self, key: str, default: bool = False) -> bool:
        """true or false."""
        return self._get(key, "true or false", lambda i: i.value if isinstance(i.value, bool) else None, default)

    def number(self, key: str) -> float | None:
        """A finite number."""
        return self._get(key, "a finite number", number, None)

    def whole(self, key: str, default: int = 0) -> int:
        """A whole number."""
        return self._get(key, "a whole number", _whole, default)

    def choice(self, key: str, choices: Sequence[str], default: str) -> str:
        """One of `choices`."""
        item = self.items.get(key)
        if item is None or item.value is None:
            return default
        if isinstance(item.value, str) and item.value in choices:
            return item.value
        from .mends import choice

        message = f"'{key}' must be one of {', '.join(choices)}, not {kind(item)}"
        self.problems.add(item.at, "unknown-choice", message, choice(item, choices))
        return default

    def texts(self, key: str) -> tuple[str, ...]:
        """A list of texts."""
        return tuple(str(item.value) for item in self.entries(key))

    def reasons(self, key: str) -> dict[str, str]:
        """Names, each with the reason given for it: a mapping, or a list of names without reasons."""
        item = self.items.get(key)
        if item is None or not isinstance(item.value, dict):
            return dict.fromkeys(self.texts(key), "")
        for each in item.value.values():
            if not isinstance(each.value, str):
                self.wrong(each, key, "a mapping of names and reasons")
        return {name: " ".join(str(each.value).split()) for name, each in item.value.items()}

    def one_or_more(self, key: str) -> tuple[str, ...]:
        """A text or a list of texts."""
        item = self.items.get(key)
        if item is not None and isinstance(item.value, list):
            return self.texts(key)
        return (text,) if (text := self.text(key)) else ()

    def entries(self, key: str) -> list[Item]:
        """The entries of a list of texts, with their places."""
        items = self.list(key)
        for item in items:
            if not isinstance(item.value, str):
                self.wrong(item, key, "a list of texts")
        return [item for item in items if isinstance(item.value, str)]

    def list(self, key: str) -> list[Item]:
        """A list of anything."""
        return self._get(key, "a list", lambda i: i.value if isinstance(i.value, list) else None, [])

    def mapping(self, key: str) -> dict[str, Item]:
        """A mapping of anything."""
        return self._get(key, "a mapping", lambda i: i.value if isinstance(i.value, dict) else None, {})

    def expression(self, key: str) -> Expression | None:
        """A parsed expression, or None where there is none or it does not parse."""
        item = self.items.get(key)
        return expression(item, key, self.problems) if item is not None and item.value is not None else None

    def from_zero(self, key: str, example: str) -> Expression | None:
        """A parsed expression as `expression` gives it; a number below 0 is a problem."""
        given = self.expression(key)
        if given is not None and isinstance(given.tree, Number) and given.tree.value < 0:
            self.problems.add(given.at, "out-of-range", f"'{key}' must not be below 0", example)
        return given

    def duration(self, key: str) -> Duration | None:
        """A length such as "30 steps" or "patience points"."""
        item = self.items.get(key)
        return duration(item, key, self.problems) if item is not None and item.value is not None else None

    def band(self, key: str) -> tuple[float | None, float | None] | None:
        """A pair [low, high]; null leaves a side open."""
        item = self.items.get(key)
        return band(item, key, self.problems) if item is not None and item.value is not None else None


def kind(item: Item) -> str:
    """What a value is, in the words of an error message."""
    value = item.value
    if value is None:
        return "nothing"
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, (int, float)):
        return f"the number {value:g}" if isinstance(value, float) or abs(value) < 1e15 else "a huge number"
    if isinstance(value, str):
        return f"the text {value!r}" if len(value) <= 40 else "a long text"
    return "a list" if isinstance(value, list) else "a mapping"


def number(item: Item) -> float | None:
    """The value as a finite float, None where it is no number."""
    value = item.value
    if isinstance(value, bool) or not isinstance(value, (int, float)):
        return None
    try:
        return float(value) if math.isfinite(value) else None
    except OverflowError:
        return None


def _whole(item: Item) -> int | None:
    value = number(item)
    return int(value) if value is not None and value.is_integer() else None


def _text(item: Item) -> str | None:
    if isinstance(item.value, str):
        return item.value
    value = number(item)
    return None if value is None else f"{item.value}"


def expression(item: Item, key: str, problems: Problems) -> Expression | None:
    """The expression that a value spells; a bare number or truth is one.

    A call that does not fit the language is a problem, and stays in it as a `Broken`.
    """
    value = item.value
    if isinstance(value, bool):
        return Expression(str(value).lower(), item.at, Truth(value))
    amount = number(item)
    if amount is not None:
        return Expression(f"{value}", item.at, Number(amount))
    if not isinstance(value, str):
        hint = "write a condition or a number, in quotes if it holds a comma or begins with a bracket"
        problems.add(item.at, "wrong-type", f"'{key}' must be an expression, not {kind(item)}", hint)
        return None
    parsed, found = parse_on(value, item.at)
    if parsed is None and key == "after":
        from .mends import beyond

        found = [each._replace(hint=beyond(value) or each.hint) for each in found]
    problems.extend(found)
    return parsed


def duration(item: Item, key: str, problems: Problems) -> Duration | None:
    """The length that a value spells: an amount, which may be an expression, and a unit."""
    expected = f"a length with its unit ({', '.join(UNITS)}), such as '30 steps'"
    match = _LENGTH().fullmatch(item.value) if isinstance(item.value, str) else None
    if match is None:
        from .mends import mend

        bare = number(item)
        hint = f"write '{bare:g} points' or '{bare:g} steps'" if bare is not None else mend(item, key, expected)
        problems.add(item.at, "bad-length", f"'{key}' must be {expected}, not {kind(item)}", hint)
        return None
    text, unit = match[1], f"{match[2]}s"
    if problems.knows(item.at):
        return None
    try:
        amount = parse(text, item.at)
    except ExpressionError as error:
        problems.extend(error.problems)
        return None
    if isinstance(amount.tree, Number):
        value = amount.tree.value
        if value <= 0:
            problems.add(
                item.at,
                "bad-length",
                f"'{key}' must be longer than nothing, not {value:g} {unit}",
                f"write '1 {unit[:-1]}' or more",
            )
            return None
        if unit == "points" and not value.is_integer():
            problems.add(
                item.at,
                "bad-length",
                f"'{key}' must be a whole number of points, not {value:g}",
                f"write '{value + 0.5:.0f} points'",
            )
            return None
    return Duration(amount, unit)


def band(item: Item, key: str, problems: Problems) -> tuple[float | None, float | None] | None:
    """The pair [low, high] that a value spells."""
    value = item.value
    sides = value if isinstance(value, list) else []
    ends = [number(side) for side in sides]
    if len(sides) != 2 or any(end is None and side.value is not None for end, side in zip(ends, sides, strict=True)):
        message = f"'{key}' must be a pair [low, high] of numbers or null, not {kind(item)}"
        problems.add(item.at, "wrong-type", message, "write two numbers in brackets, as in [0.1, 0.5]")
        return None
    low, high = ends
    if low is None and high is None:
        problems.add(item.at, "bad-range", f"'{key}' is open on both sides", "give at least one bound")
        return None
    if low is not None and high is not None and low > high:
        problems.add(item.at, "bad-range", f"'{key}' is upside down: {low:g} is above {high:g}", "write [low, high]")
        return None
    return low, high
