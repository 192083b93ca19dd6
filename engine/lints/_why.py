"""Why a condition comes out the same whatever a log says, and how it is mended: the hints of `constant_condition`."""

from __future__ import annotations

from ..compile.text import text_of
from ..functions import FUNCTIONS, Family
from ..tree import And, Arithmetic, Call, Comparison, Name, Node, Or
from ._known import is_computed, known_with
from ._logic import Logic

_PAST = (Family.HISTORY, Family.WINDOW)


def why(node: Node, logic: Logic) -> str:
    """Why a comparison, or what joins some, comes out the same always."""
    if isinstance(node, And):
        wild = [part.arguments[0] for part in node.operands if isinstance(part, Call) and part.function == "nonfinite"]
        for id in (name.id for name in wild if isinstance(name, Name)):
            if any(id in known_with(part, logic.pack) for part in node.operands):
                return f"where {id} is not finite, nothing else is known of it: join them with 'or'"
        return "its parts rule each other out"
    if isinstance(node, Call) and isinstance(node.arguments[0], Name):
        ids = [id for id in known_with(node.arguments[0], logic.pack) if not is_computed(id, logic.pack)]
        name = node.arguments[0].id
        return f"{name} is computed, and unknown where it is not finite: write nonfinite({(ids or ['loss'])[0]})"
    if isinstance(node, Or):
        return "where one part fails, another one holds"
    if isinstance(node, Comparison) and node.left == node.right:
        return "both sides are the same"
    if isinstance(node, Comparison) and (told := _in_order(node, logic)):
        return told
    for side in node.children():
        if logic.is_switch(side):
            continue
        if logic.ranges.is_whole(side) and isinstance(node, Comparison) and node.operator in ("==", "!="):
            return "that number has no fraction"
        low, high = logic.ranges.of(side)
        if low == high:
            return f"that number is always {low:g}"
        if float("-inf") < low < high < float("inf"):
            return f"that number lies between {low:g} and {high:g}"
        if float("-inf") < low < high:
            return f"that number is never below {low:g}"
        if low < high < float("inf"):
            return f"that number is never above {high:g}"
    return "mend the condition"


def _in_order(node: Comparison, logic: Logic) -> str:
    """Why one number is never below another, if that is what a comparison of the two is about; else empty."""
    side, order = logic.side(node), logic.ranges.order
    if side is None or not isinstance(side.term, Arithmetic) or side.term.operator not in ("-", "/"):
        return ""
    low, high = side.term.left, side.term.right
    if order.gap(low, high) < 0:
        low, high = high, low
    if low == high or order.gap(low, high) < 0:
        return ""
    past = [each for each in node.walk() if isinstance(each, Call) and FUNCTIONS[each.function].family in _PAST]
    if len(past) == 1 and order.side(past[0]) is not None:
        before = "'lag=1' leaves it out"
        if FUNCTIONS[past[0].function].family is Family.HISTORY:
            before = f"write prev({text_of(past[0])}) for what came before"
        return f"{past[0].function}() counts the present row: {before}"
    return f"{text_of(high)} is never below {text_of(low)}"


def why_unknown(node: Node) -> str:
    """Why a number is unknown on every row."""
    match node:
        case Arithmetic(operator="/"):
            return "what is divided by zero is unknown; to find NaN and infinite values, call nonfinite()"
        case Call(function="log" | "log10" as function):
            return f"{function}() is known above 0 only"
        case Call(function="sqrt"):
            return "sqrt() is known from 0 on only"
        case Name(id=id):
            return f"mend the 'expr' of metric {id!r}"
    return "it is too large for a number; write a smaller one"
