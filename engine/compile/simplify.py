"""Takes out of a logical plan what this run cannot know: a metric that it does not log makes whole branches unknown."""

from __future__ import annotations

import math
from functools import lru_cache

from .ir import Const, Kernel, Op, Value, leaves

_LENIENT = frozenset({"and", "or", "default", "choose", "known", "where", "among"})


@lru_cache(maxsize=4096)
def simplify(value: Value) -> Value:
    """The same value with constants folded and whatever is surely unknown replaced by an unknown constant."""
    match value:
        case Kernel(arg=arg):
            inner = simplify(arg)
            if _is_unknown(inner):
                return Const(None, value.type)
            return value if inner is arg else value.over(inner)
        case Op(args=args):
            simpler = tuple(simplify(arg) for arg in args)
            is_same = all(new is old for new, old in zip(simpler, args, strict=True))
            return _operator(value if is_same else Op(value.name, simpler, value.type))
        case _:
            return value


def _operator(op: Op) -> Value:
    if not any(isinstance(arg, Const) for arg in op.args) or leaves(op):
        return op  # with metrics in it, it still gives its rows to whatever it stands in
    if op.name not in _LENIENT and any(_is_unknown(arg) for arg in op.args):
        return Const(None, op.type)
    match op:
        case Op(name="default", args=(first, fallback)) if _is_unknown(first):
            return fallback
        case Op(name="where", args=(Const(value=None | False), _)):
            return Const(None, op.type)
        case Op(name="where", args=(_, operand)) if _is_unknown(operand):
            return Const(None, op.type)
        case Op(name="and" | "or", args=args) if all(_is_unknown(arg) for arg in args):
            return Const(None, op.type)
    return _folded(op)


def _is_unknown(value: Value) -> bool:
    return isinstance(value, Const) and value.value is None


def _folded(op: Op) -> Value:
    numbers = [arg.value for arg in op.args if isinstance(arg, Const) and isinstance(arg.value, float)]
    if len(numbers) < len(op.args) or op.name not in ("neg", "+", "-", "*", "/"):
        return op
    a, b = [*numbers, 0.0][:2]
    if op.name == "/" and b == 0:
        return Const(None)
    result = {"neg": -a, "+": a + b, "-": a - b, "*": a * b, "/": a / (b or 1.0)}[op.name]
    return Const(result if math.isfinite(result) else None)
