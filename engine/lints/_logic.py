"""Whether conditions can hold together, as far as that can be told without a log.

What cannot be told counts as possible: a lint built on this may miss a fault, and finds none where there is none.
Params stand at the values given; a comparison of params alone is a switch, and either way is possible.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import TypeAlias

from ..pack import Pack, Scalar
from ..record import Record
from ..tree import Among, And, Arithmetic, Call, Comparison, Name, Negative, Node, Not, Number, Or, Text, Truth
from ._known import is_computed, known_with
from ._ranges import Ranges

Goal: TypeAlias = "tuple[Node, bool]"
"""A condition, and whether it is to hold or to fail."""

MAX_STEPS = 2_000
"""How many alternatives are tried before anything counts as possible."""

_FAILS = {"<": ">=", "<=": ">", ">": "<=", ">=": "<", "==": "!=", "!=": "=="}
_TURNED = {"<": ">", "<=": ">=", ">": "<", ">=": "<=", "==": "==", "!=": "!="}
_AROUND = ("latest", "any", "all")
"""Functions of a condition that is known for sure whenever the condition itself is."""


class Side(Record):
    """What a comparison says of one term: `term operator number`."""

    term: Node
    operator: str
    number: float


class _Left(Record):
    """What is left of the numbers that a term may be."""

    low: float
    high: float
    above: bool = False  # low itself is excluded
    below: bool = False  # high itself is excluded
    without: frozenset[float] = frozenset()

    @property
    def is_empty(self) -> bool:
        if self.low == self.high:
            return self.above or self.below or self.low in self.without or math.isinf(self.low)
        # What was computed in two ways may differ in its last digits, which proves nothing.
        return self.low > self.high and not math.isclose(self.low, self.high, rel_tol=1e-9)


class Logic:
    """Conditions of a pack with its params at `values`; `other` is one of the same pack, with whatever values."""

    def __init__(self, pack: Pack, values: Mapping[str, Scalar], other: Logic | None = None) -> None:
        self.pack, self.values = pack, values
        self.ranges = Ranges(pack, values)
        self.nonfinite: dict[Node, tuple[Node, ...]] = other.nonfinite if other is not None else {}
        self.steps = 0
        self.asked: dict[Goal, bool] = {}
        self.sides: dict[Comparison, Side | None] = {}

    def can_hold(self, *goals: Goal) -> bool:
        """Whether all of the goals may be met on one row."""
        if len(goals) == 1 and goals[0] in self.asked:
            return self.asked[goals[0]]
        self.steps = MAX_STEPS
        found = self.search(list(goals), {}, {})
        if len(goals) == 1:
            self.asked[goals[0]] = found
        return found

    def search(self, goals: list[Goal], numbers: Mapping[Node, _Left], facts: Mapping[Node, object]) -> bool:
        goals, numbers, facts = list(goals), dict(numbers), dict(facts)
        choices: list[list[Goal]] = []
        while goals:
            node, wanted = goals.pop()
            if not isinstance(node, (And, Or, Not, Truth)) and not self.is_known(node, facts):
                return False
            match node:
                case Truth(value=value):
                    if value != wanted:
                        return False
                case Not(operand=operand):
                    goals.append((operand, not wanted))
                case And(operands=operands) | Or(operands=operands):
                    parts = [(operand, wanted) for operand in operands]
                    if isinstance(node, And) == wanted:
                        goals += [part for part in parts if wanted or not self.is_nothing(part[0])]
                    else:
                        choices.append(parts)
                case Comparison() if (side := self.side(node)) is not None:
                    if not self.narrowed(side, wanted, numbers):
                        return False
                case Comparison() | Among() if (options := _texts(node)) is not None:
                    if not _said(*options, wanted, facts):
                        return False
                case Among(operand=operand, choices=listed) if all(isinstance(each, Number) for each in listed):
                    parts = [(Comparison("==", operand, each), wanted) for each in listed]
                    if wanted:
                        choices.append(parts)
                    else:
                        goals += parts
                case Call(function="nonfinite", arguments=(Name(id=id),)) if wanted and is_computed(id, self.pack):
                    return False
                case Name(id=id) if (meaning := self.meaning(id)) is not None:
                    goals.append((meaning, wanted))
                case _:
                    if facts.setdefault(node, wanted) is not wanted or not self.opaque(node, wanted):
                        return False
        if not choices:
            return True
        first, *rest = choices
        for choice in first:
            self.steps -= 1
            if self.steps < 0 or self.search([choice, *self.all_of(rest)], numbers, facts):
                return True
        return False

    def all_of(self, choices: Sequence[Sequence[Goal]]) -> list[Goal]:
        """Choices that are still to be made, as goals: one part of each must come out."""
        found: list[Goal] = []
        for parts in choices:
            nodes, wanted = tuple(node for node, _ in parts), parts[0][1]
            found.append((Or(nodes), True) if wanted else (And(nodes), False))
        return found

    def is_known(self, node: Node, facts: dict[Node, object]) -> bool:
        """Note that what a condition rests on is known, and so finite; whether it may be."""
        if node not in self.nonfinite:
            self.nonfinite[node] = tuple(Call("nonfinite", (Name(id),)) for id in known_with(node, self.pack))
        is_finite = all(facts.setdefault(each, False) is False for each in self.nonfinite[node])
        return is_finite and not self.is_nothing(node)

    def is_nothing(self, node: Node) -> bool:
        """Whether a condition compares what is unknown on every row."""
        return isinstance(node, (Comparison, Among)) and any(self.ranges.of(side).is_empty for side in node.children())

    def meaning(self, id: str) -> Node | None:
        """The condition that a metric is short for, where that is known on the same rows."""
        metric = self.pack.metrics.get(id)
        if metric is None or metric.expr is None or metric.where is not None or metric.by:
            return None
        tree = metric.expr.tree
        return tree if isinstance(tree, (And, Or, Not, Comparison, Among)) else None

    def opaque(self, node: Node, wanted: bool) -> bool:
        """Whether a condition that is not looked into may be as wanted."""
        if isinstance(node, Call) and node.function in _AROUND and node.arguments[0] is not None:
            return self.search([(node.arguments[0], wanted)], {}, {})
        return True

    def narrowed(self, side: Side, wanted: bool, numbers: dict[Node, _Left]) -> bool:
        """Hold a comparison against what is left of its term; whether anything is left then."""
        operator = side.operator if wanted else _FAILS[side.operator]
        if operator == "==" and not side.number.is_integer() and self.ranges.is_whole(side.term):
            return False
        left = numbers.get(side.term)
        if left is None:
            left = _Left(*self.ranges.of(side.term))
        number = side.number
        if operator in (">", ">=", "==") and (number > left.low or (number == left.low and operator == ">")):
            left = left._replace(low=number, above=operator == ">")
        if operator in ("<", "<=", "==") and (number < left.high or (number == left.high and operator == "<")):
            left = left._replace(high=number, below=operator == "<")
        if operator == "!=":
            left = left._replace(without=left.without | {number})
        numbers[side.term] = left
        return not left.is_empty

    def side(self, node: Comparison) -> Side | None:
        """What a comparison says of a term, constants brought to the right; None for switches and texts."""
        if node not in self.sides:
            self.sides[node] = self.told(node)
        return self.sides[node]

    def told(self, node: Comparison) -> Side | None:
        left, right = self.ranges.of(node.left), self.ranges.of(node.right)
        if self.is_switch(node):
            return None
        if right.is_point and left.is_point:
            return Side(node.left, node.operator, right.low)
        if right.is_point:
            return self.simpler(node.left, node.operator, right.low)
        if left.is_point:
            return self.simpler(node.right, _TURNED[node.operator], left.low)
        if not _is_number(node.left) or not _is_number(node.right):
            return None
        one, other, operator = node.left, node.right, node.operator
        for term, measure, turned in ((one, other, operator), (other, one, _TURNED[operator])):
            share, core = self.share(measure)
            if share > 0 and term != core and self.ranges.of(core).low >= 0:
                return Side(Arithmetic("/", term, core), turned, share)
        if repr(one) > repr(other):
            one, other, operator = other, one, _TURNED[operator]
        return Side(Arithmetic("-", one, other), operator, 0.0)

    def share(self, node: Node) -> tuple[float, Node]:
        """A product as a number times what is no constant: `0.5 * limit * x` at limit 4 is 2 times x."""
        if isinstance(node, Arithmetic) and node.operator in ("*", "/"):
            left, right = self.ranges.of(node.left), self.ranges.of(node.right)
            if right.is_point and right.low:
                share, core = self.share(node.left)
                return (share * right.low if node.operator == "*" else share / right.low), core
            if left.is_point and node.operator == "*":
                share, core = self.share(node.right)
                return share * left.low, core
        return 1.0, node

    def simpler(self, term: Node, operator: str, number: float) -> Side:
        """The same of a simpler term: `2 * x - 1 > 3` says `x > 2`."""
        match term:
            case Negative(operand=operand):
                return self.simpler(operand, _TURNED[operator], -number)
            case Arithmetic(operator="+", left=left, right=right) if (fixed := self.ranges.of(right)).is_point:
                return self.simpler(left, operator, number - fixed.low)
            case Arithmetic(operator="-", left=left, right=right) if (fixed := self.ranges.of(right)).is_point:
                return self.simpler(left, operator, number + fixed.low)
            case Arithmetic(operator="*", left=left, right=right):
                for factor, rest in ((self.ranges.of(left), right), (self.ranges.of(right), left)):
                    if factor.is_point and factor.low:
                        turned = operator if factor.low > 0 else _TURNED[operator]
                        return self.simpler(rest, turned, number / factor.low)
            case Arithmetic(operator="/", left=left, right=right):
                divisor = self.ranges.of(right)
                if divisor.is_point and divisor.low:
                    turned = operator if divisor.low > 0 else _TURNED[operator]
                    return self.simpler(left, turned, number * divisor.low)
        return Side(term, operator, number)

    def is_switch(self, node: Node) -> bool:
        """Whether a condition rests on params and literals alone."""
        return all(each.id in self.pack.params for each in node.walk() if isinstance(each, Name))


def _is_number(node: Node) -> bool:
    return not isinstance(node, (Text, Truth, Comparison, And, Or, Not, Among))


def _texts(node: Node) -> tuple[Node, frozenset[str], bool] | None:
    """What a comparison of a text says: the text, the values meant, and whether it must be one of them."""
    match node:
        case Comparison(operator="==" | "!=" as operator, left=Text(value=value), right=other):
            return (other, frozenset([value]), operator == "==")
        case Comparison(operator="==" | "!=" as operator, left=other, right=Text(value=value)):
            return (other, frozenset([value]), operator == "==")
        case Among(operand=operand, choices=choices) if all(isinstance(each, Text) for each in choices):
            return operand, frozenset(each.value for each in choices if isinstance(each, Text)), True
    return None


def _said(text: Node, values: frozenset[str], among: bool, wanted: bool, facts: dict[Node, object]) -> bool:
    """Note that a text is, or is not, among `values`; whether it still may be something."""
    known = facts.get(text, (None, frozenset()))
    assert isinstance(known, tuple)
    only, never = known
    if among == wanted:
        only = values if only is None else only & values
    else:
        never = never | values
    facts[text] = (only, never)
    return only is None or bool(only - never)
