"""Between which two numbers the values of an expression lie, whatever a log says."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from functools import reduce

from ..pack import Pack, Scalar
from ..record import Record
from ..tree import Arithmetic, Call, Conditional, Name, Negative, Node, Number


class Range(Record):
    """All numbers from `low` to `high`, both included."""

    low: float = -math.inf
    high: float = math.inf

    @property
    def is_point(self) -> bool:
        """Whether it is one number."""
        return self.low == self.high and math.isfinite(self.low)

    def joined(self, other: Range) -> Range:
        """The smallest range that holds both."""
        return Range(min(self.low, other.low), max(self.high, other.high))


ANY = Range()
FROM_ZERO = Range(0.0)

CLOCK = {"step": FROM_ZERO, "epoch": FROM_ZERO, "total": FROM_ZERO, "progress": FROM_ZERO, "row": Range(1.0)}

_KEEPING = {"latest", "prev", "first", "best", "lowest", "highest", "at"}
_KEEPING |= {"mean", "median", "minimum", "maximum", "quantile"}
"""Functions whose result lies among the values of their first argument, or between them."""

_OWN = {
    "exp": FROM_ZERO,
    "sign": Range(-1.0, 1.0),
    "age": FROM_ZERO,
    "std": FROM_ZERO,
    "mad": FROM_ZERO,
    "count": Range(1.0),
    "r2": Range(0.0, 1.0),
    "share": Range(0.0, 1.0),
    "sqrt": FROM_ZERO,
}
"""Functions whose result has a range of its own."""

_RISING: dict[str, Callable[[float], float]] = {
    "floor": math.floor,
    "ceil": math.ceil,
    "round": lambda x: math.copysign(math.floor(abs(x) + 0.5), x),
}


class Ranges:
    """The ranges of expressions of a pack, with its params at `values`."""

    def __init__(self, pack: Pack, values: Mapping[str, Scalar]) -> None:
        self.pack, self.values = pack, values
        self.known: dict[str, Range] = {}
        self.found: dict[Node, Range] = {}

    def of(self, node: Node) -> Range:
        """The range of a number."""
        if node not in self.found:
            self.found[node] = self._of(node)
        return self.found[node]

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
        if node.operator == "-" and node.left == node.right:
            return Range(0.0, 0.0)
        if node.operator == "+":
            return Range(left.low + right.low, left.high + right.high)
        if node.operator == "-":
            return Range(left.low - right.high, left.high - right.low)
        if node.operator == "**":
            even = isinstance(node.right, Number) and node.right.value % 2 == 0
            return FROM_ZERO if even or left.low >= 0 else ANY
        if node.operator == "/":
            if right.low <= 0 <= right.high:
                return FROM_ZERO if left.low >= 0 and right.low >= 0 else ANY
            right = Range(1 / right.high, 1 / right.low)
        ends = [_times(one, other) for one in left for other in right]
        return Range(min(ends), max(ends))

    def call(self, node: Call) -> Range:
        arguments = [self.of(argument) for argument in node.arguments if argument is not None]
        first = arguments[0] if arguments else ANY
        name = node.function
        if name in _KEEPING:
            return first
        if name in _OWN:
            return _OWN[name]
        if name in _RISING:
            ends = (_RISING[name](end) if math.isfinite(end) else end for end in first)
            return Range(*ends)
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
            case "default":
                return reduce(Range.joined, arguments)
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
