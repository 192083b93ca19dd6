"""Between which two numbers the values of an expression lie, whatever a log says."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from functools import reduce

from ..pack import Pack, Scalar
from ..record import Record
from ..tree import Arithmetic, Call, Conditional, Name, Negative, Node, Number
from ._order import Order
from ._windows import points_of


class Range(Record):
    """All numbers from `low` to `high`, both included; none, where `low` is above `high`."""

    low: float = -math.inf
    high: float = math.inf

    @property
    def is_point(self) -> bool:
        """Whether it is one number."""
        return self.low == self.high and math.isfinite(self.low)

    @property
    def is_empty(self) -> bool:
        """Whether there is no number, so that what it is the range of is unknown on every row."""
        return self.low > self.high

    def joined(self, other: Range) -> Range:
        """The smallest range that holds both."""
        return Range(min(self.low, other.low), max(self.high, other.high))


ANY = Range()
NONE = Range(math.inf, -math.inf)
FROM_ZERO = Range(0.0)

CLOCK = {"step": FROM_ZERO, "epoch": FROM_ZERO, "total": FROM_ZERO, "progress": FROM_ZERO, "row": Range(1.0)}

_KEEPING = {"latest", "prev", "first", "best", "lowest", "highest", "at"}
_KEEPING |= {"mean", "median", "minimum", "maximum", "quantile"}
"""Functions whose result lies among the values of their first argument, or between them."""

_OWN = {
    "sign": Range(-1.0, 1.0),
    "age": FROM_ZERO,
    "std": FROM_ZERO,
    "mad": FROM_ZERO,
    "r2": Range(0.0, 1.0),
    "share": Range(0.0, 1.0),
}
"""Functions whose result has a range of its own."""

_RISING: dict[str, Callable[[float], float]] = {
    "floor": lambda x: math.floor(x) if math.isfinite(x) else x,
    "ceil": lambda x: math.ceil(x) if math.isfinite(x) else x,
    "round": lambda x: math.copysign(math.floor(abs(x) + 0.5), x) if math.isfinite(x) else x,
    "sqrt": math.sqrt,
    "exp": lambda x: math.exp(x) if x < _LARGEST_POWER else math.inf,
    "log": lambda x: math.log(x) if x else -math.inf,
    "log10": lambda x: math.log10(x) if x else -math.inf,
}
"""Functions that grow with their argument."""

_LARGEST_POWER = 709.0

_FROM_ZERO_ON = ("sqrt", "log", "log10")
"""Functions that are unknown of a negative number."""

_WHOLE = ("floor", "ceil", "round", "sign", "count")
"""Functions whose result is a whole number."""


class Ranges:
    """The ranges of expressions of a pack, with its params at `values`."""

    def __init__(self, pack: Pack, values: Mapping[str, Scalar]) -> None:
        self.pack, self.values = pack, values
        self.known: dict[str, Range] = {}
        self.found: dict[Node, Range] = {}
        self.order = Order(pack.metrics, self.of)

    def of(self, node: Node) -> Range:
        """The range of a number."""
        if node not in self.found:
            found = self._of(node)
            # What lies beyond the largest number is unknown, as is what is computed from what is.
            self.found[node] = NONE if found.low == math.inf or found.high == -math.inf else found
        return self.found[node]

    def is_whole(self, node: Node) -> bool:
        """Whether a number has no fraction, whatever a log says."""
        return (isinstance(node, Call) and node.function in _WHOLE) or node == Name("row")

    def _of(self, node: Node) -> Range:
        match node:
            case Number(value=value):
                return Range(value, value)
            case Name(id=id):
                return self.name(id)
            case Negative(operand=operand):
                low, high = self.of(operand)
                return Range(-high, -low)
            case Arithmetic():
                return self.arithmetic(node)
            case Conditional(then=then, otherwise=otherwise):
                return self.of(then).joined(self.of(otherwise))
            case Call():
                return self.call(node)
            case _:
                return ANY

    def name(self, id: str) -> Range:
        value = self.values.get(id)
        if isinstance(value, (int, float)) and not isinstance(value, bool):
            return Range(value, value)
        if id not in self.known:
            metric = self.pack.metrics.get(id)
            self.known[id] = CLOCK.get(id, ANY)
            if metric is not None and metric.expr is not None:
                self.known[id] = self.of(metric.expr.tree)
        return self.known[id]

    def arithmetic(self, node: Arithmetic) -> Range:
        left, right = self.of(node.left), self.of(node.right)
        if left.is_empty or right.is_empty:
            return NONE
        if node.operator == "-" and node.left == node.right:
            return Range(0.0, 0.0)
        if node.operator == "+":
            return Range(left.low + right.low, left.high + right.high)
        if node.operator == "-":
            least, most = self.order.gap(node.right, node.left), -self.order.gap(node.left, node.right)
            return Range(max(left.low - right.high, least), min(left.high - right.low, most))
        if node.operator == "**":
            if left.is_point and right.is_point:
                return _power(left.low, right.low)
            even = isinstance(node.right, Number) and node.right.value % 2 == 0
            return FROM_ZERO if even or left.low >= 0 else ANY
        if node.operator == "/":
            return self.ratio(node, left, right)
        ends = [_times(one, other) for one in left for other in right]
        return Range(min(ends), max(ends))

    def ratio(self, node: Arithmetic, left: Range, right: Range) -> Range:
        if right.low == right.high == 0:
            return NONE
        least = 1.0 if right.low >= 0 and self.order.gap(node.right, node.left) >= 0 else -math.inf
        most = 1.0 if right.low >= 0 and self.order.gap(node.left, node.right) >= 0 else math.inf
        if right.low <= 0 <= right.high:
            return Range(max(least, 0.0) if left.low >= 0 and right.low >= 0 else least, most)
        ends = [_times(one, 1 / other) for one in left for other in right]
        return Range(max(min(ends), least), min(max(ends), most))

    def call(self, node: Call) -> Range:
        arguments = [self.of(argument) for argument in node.arguments if argument is not None]
        first = arguments[0] if arguments else ANY
        name = node.function
        if name == "default":
            return reduce(Range.joined, arguments)
        if any(each.is_empty for each in arguments):
            return NONE
        if name in _KEEPING:
            return first
        if name in _OWN:
            return _OWN[name]
        if name in _RISING:
            if name in _FROM_ZERO_ON:
                first = Range(max(first.low, 0.0), first.high)
            return first if first.is_empty else Range(*map(_RISING[name], first))
        match name:
            case "abs":
                return first if first.low >= 0 else Range(0.0, max(-first.low, first.high))
            case "min":
                return Range(min(each.low for each in arguments), min(each.high for each in arguments))
            case "max":
                return Range(max(each.low for each in arguments), max(each.high for each in arguments))
            case "clip":
                low, high = arguments[1].low, arguments[2].high
                return Range(max(min(first.low, high), low), min(max(first.high, low), high)) if low <= high else ANY
            case "count":
                least, most = points_of(node.arguments[1], self.pack, self.values)
                return Range(max(1.0, min(least, most)) if math.isfinite(least) else 1.0, most)
            case "zscore" if node.arguments[2] == Number(0.0):
                # The value is one of the n whose mean and deviation are taken, which keeps it near them.
                _, most = points_of(node.arguments[1], self.pack, self.values)
                return (
                    Range(-(most - 1) / math.sqrt(most), (most - 1) / math.sqrt(most)) if 1 < most < math.inf else ANY
                )
            case "delta" if math.isfinite(first.high - first.low):
                return Range(first.low - first.high, first.high - first.low)
            case "mean_lower":
                return Range(high=first.high)
            case "mean_upper":
                return Range(low=first.low)
            case "total":
                return Range(0.0 if first.low >= 0 else -math.inf, 0.0 if first.high <= 0 else math.inf)
            case _:
                return ANY


def _times(one: float, other: float) -> float:
    return 0.0 if 0.0 in (one, other) else one * other


def _power(base: float, exponent: float) -> Range:
    try:
        power = math.pow(base, exponent)
    except (ArithmeticError, ValueError):
        return NONE
    return Range(power, power)
