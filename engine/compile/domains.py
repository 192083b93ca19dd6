"""How large the values of a plan can get in this run: where nothing overflows, no result needs to be checked for it."""

from __future__ import annotations

import math
from collections.abc import Mapping

from .ir import Clock, Const, Kernel, Op, Raw, Value

SAFE = 1e300
"""Below this magnitude a sum, difference or product is surely finite."""

_KEEPING = {"mean", "minimum", "maximum", "quantile", "mad"} | {"shift", "first", "lowest", "highest", "reached"}
_KEEPING |= {"latest", "held"}


def magnitude(value: Value, largest: Mapping[str, float]) -> float:
    """An upper bound of the value's magnitude, infinite where there is none; `largest` has that of each column."""
    match value:
        case Const(value=number):
            return abs(number) if isinstance(number, float) else 0.0
        case Raw(column=column):
            return largest.get(column, math.inf)
        case Clock():
            return 1e18
        case Kernel(kind="std", arg=arg):
            return 4 * magnitude(arg, largest) if magnitude(arg, largest) < 1e100 else math.inf
        case Kernel(kind="count"):
            return 1e18
        case Kernel(kind=kind, arg=arg) if kind in _KEEPING:
            return magnitude(arg, largest)
        case Op(name="+" | "-" | "default" | "min" | "max", args=(left, right)):
            return magnitude(left, largest) + magnitude(right, largest)
        case Op(name="*", args=(left, right)):
            sizes = magnitude(left, largest), magnitude(right, largest)
            return 0.0 if 0.0 in sizes else sizes[0] * sizes[1]
        case Op(name="/", args=(left, Const(value=float() as divisor))) if divisor:
            return magnitude(left, largest) / abs(divisor)
        case Op(name="neg" | "abs", args=(operand,)):
            return magnitude(operand, largest)
        case Op(name="where", args=(_, operand)):
            return magnitude(operand, largest)
        case Op(name="choose", args=(_, then, otherwise)):
            return max(magnitude(then, largest), magnitude(otherwise, largest))
        case Op(name="number" | "sign" | "among" | "known"):
            return 1.0
        case _:
            return math.inf
