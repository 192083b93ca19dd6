"""Which of two numbers is never below the other, whatever a log says.

A window holds the present row, and the best of all values so far may be the present one: `loss > highest(loss)` never
holds.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from math import inf

from ..pack import Metric
from ..tree import Arithmetic, Call, Name, Node, Number

_BETWEEN = ("mean", "median", "quantile")
"""Functions over a window whose result lies between its smallest and its largest value."""

_AMONG = ("latest", "prev", "first", "best", "lowest", "highest", "at", "minimum", "maximum", *_BETWEEN)
"""Functions whose result is a value that their first argument has had so far, or lies between two of them."""

_BEST = {"lowest": "lower", "minimum": "lower", "highest": "higher", "maximum": "higher"}
"""On which side the extremes lie that functions give."""


class Order:
    """The order of the numbers of a row; `between` tells between which two numbers a value lies."""

    def __init__(self, metrics: Mapping[str, Metric], between: Callable[[Node], tuple[float, float]]) -> None:
        self.metrics, self.between = metrics, between
        self.found: dict[tuple[Node, Node], float] = {}

    def gap(self, low: Node, high: Node) -> float:
        """How far `high` is above `low` at the least, where both are known; minus infinity where nobody can tell."""
        if (low, high) not in self.found:
            self.found[low, high] = -inf  # what a circle comes back to; it is told elsewhere
            is_known = low == high or self.is_past(low, high) or _in_one_window(low, high)
            self.found[low, high] = 0.0 if is_known else max(self.under(low, high), self.over(low, high))
        return self.found[low, high]

    def side(self, node: Node) -> str | None:
        """On which side ("lower", "higher") an extreme lies that is taken of values the present one is among."""
        match node:
            case Call(function="best", arguments=(Name(id=id), *_)) if id in self.metrics:
                return self.metrics[id].better
            case Call(function="lowest" | "highest" as function):
                return _BEST[function]
            case Call(function="minimum" | "maximum" as function, arguments=(*_, lag)) if lag == Number(0.0):
                return _BEST[function]
        return None

    def is_past(self, low: Node, high: Node) -> bool:
        """Whether one is the best of all that the other was taken from: `mean(loss, w)` and `highest(loss)`."""
        for extreme, other, side in ((low, high, "lower"), (high, low, "higher")):
            if isinstance(extreme, Call) and extreme.function in ("lowest", "highest", "best"):
                while isinstance(other, Call) and other.function in _AMONG and other.arguments[0] is not None:
                    other = other.arguments[0]
                    if other == extreme.arguments[0] and self.side(extreme) == side:
                        return True
        return False

    def under(self, low: Node, high: Node) -> float:
        """The gap, as far as the lower number is made of others."""
        match low:
            case Call(function="min", arguments=arguments):
                return max(self.gap(each, high) for each in arguments if each is not None)
            case Call(function="max", arguments=arguments):
                return min(self.gap(each, high) for each in arguments if each is not None)
            case Call(arguments=(Node() as values, *_)) if self.side(low) == "lower":
                return self.gap(values, high)
            case Arithmetic(operator="+", left=left, right=right):
                return max(
                    _less(self.gap(one, high), self.between(other)[1]) for one, other in ((left, right), (right, left))
                )
            case Arithmetic(operator="-", left=left, right=right):
                return _less(self.gap(left, high), -self.between(right)[0])
            case Name(id=id) if (meaning := self.meaning(id)) is not None:
                return self.gap(meaning, high)
        return -inf

    def over(self, low: Node, high: Node) -> float:
        """The gap, as far as the higher number is made of others."""
        match high:
            case Call(function="min", arguments=arguments):
                return min(self.gap(low, each) for each in arguments if each is not None)
            case Call(function="max", arguments=arguments):
                return max(self.gap(low, each) for each in arguments if each is not None)
            case Call(arguments=(Node() as values, *_)) if self.side(high) == "higher":
                return self.gap(low, values)
            case Arithmetic(operator="+", left=left, right=right):
                return max(
                    _less(self.gap(low, one), -self.between(other)[0]) for one, other in ((left, right), (right, left))
                )
            case Arithmetic(operator="-", left=left, right=right):
                return _less(self.gap(low, left), self.between(right)[1])
            case Name(id=id) if (meaning := self.meaning(id)) is not None:
                return self.gap(low, meaning)
        return -inf

    def meaning(self, id: str) -> Node | None:
        """The number that a metric is short for, where that is known on the same rows."""
        metric = self.metrics.get(id)
        if metric is None or metric.expr is None or metric.where is not None or metric.by:
            return None
        return metric.expr.tree


def _in_one_window(low: Node, high: Node) -> bool:
    """Whether two numbers of one window are in order, as its smallest one and its median."""
    if not isinstance(low, Call) or not isinstance(high, Call):
        return False
    if low.arguments[:2] != high.arguments[:2] or low.arguments[-1] != high.arguments[-1]:
        return False
    pair = (low.function, high.function)
    return pair == ("minimum", "maximum") or any(pair in (("minimum", each), (each, "maximum")) for each in _BETWEEN)


def _less(gap: float, amount: float) -> float:
    return gap - amount if gap > -inf else gap
