"""A condition, or a part of one, that no log can make true, or none false.

A share is never above 1, `x > 2 and x < 1` never holds, `x > 2 or x <= 2` always does, and a comparison of params
alone says nothing of a run: such a rule never fires, or always does. Nor does one fire on what is never known: a
division by zero, or a metric where it is not finite. `loss > highest(loss)` never holds either, because windows and
the best values so far count the present row: `prev(highest(loss))` is what came before it. Params count with their
defaults and with what each variant sets; what is the same for some of them only is no fault, and neither is a switch
such as `is_strict and loss > 2`. `count(x, w) >= 10` over a window of 10 points is none either: it asks whether the
window is full.

fails::

    windows: {ten: {last: 10 points}}
    rules:
      often:
        title: Loss is often high
        cause: unstable
        severity: warning
        when: share(loss > 2, ten) > 1
              ^^^^^^^^^^^^^^^^^^^^^^^^

fails::

    rules:
      high:
        title: Loss is high
        cause: diverging
        severity: warning
        when: loss > 2 and loss < 1
              ^^^^^^^^^^^^^^^^^^^^^

fails::

    rules:
      high:
        title: Loss is high
        cause: diverging
        severity: warning
        when: loss > 2 or loss <= 2
              ^^^^^^^^^^^^^^^^^^^^^

fails::

    rules:
      high:
        title: Loss is high or infinite
        cause: non_finite
        severity: warning
        when: nonfinite(loss) and loss > 2
              ^^^^^^^^^^^^^^^^^^^^^^^^^^^^

fails::

    rules:
      high:
        title: Loss is infinite
        cause: non_finite
        severity: warning
        when: loss > 1 / 0
                     ^^^^^

fails::

    gates:
      often:
        require:
          often_low: {value: 'share(loss < 2, "20 points")', at_least: 80}
                                                                       ^^

fails::

    rules:
      high:
        title: Loss is higher than ever
        cause: diverging
        severity: warning
        when: loss > highest(loss)
              ^^^^^^^^^^^^^^^^^^^^

passes::

    rules:
      high:
        title: Loss is higher than ever
        cause: diverging
        severity: warning
        when: loss > prev(highest(loss))

passes::

    windows: {ten: {last: 10 points}}
    rules:
      often:
        title: Loss is often high
        cause: unstable
        severity: warning
        when: share(loss > 2, ten) > 0.5
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from ..compile.text import text_of
from ..functions import FUNCTIONS, Family
from ..pack import Pack
from ..tree import And, Arithmetic, Call, Comparison, Name, Node, Or
from . import Remark
from ._conditions import Condition, conditions_of, logics_of, remark
from ._known import is_computed, known_with
from ._logic import Logic
from ._names import is_own

SEVERITY = "warning"

_PAST = (Family.HISTORY, Family.WINDOW)


def check(pack: Pack) -> Iterator[Remark]:
    """Conditions that come out the same whatever the log says."""
    for condition in conditions_of(pack):
        expression = condition.expression
        if not _looks_at_rows(expression.tree, pack):
            hint = "name a metric or the clock; to switch a rule on and off, there is 'enabled'"
            yield remark(expression, expression.tree, f"{condition.what} names nothing that is logged", hint)
            continue
        logics = _logics(condition, pack)
        found = _constant(condition, expression.tree, logics)
        if found:
            yield from found
        elif not any(logic.can_hold((expression.tree, True), *condition.scope) for logic in logics):
            alone = not any(logic.can_hold((expression.tree, True)) for logic in logics)
            told = f"{condition.what} never holds" + ("" if alone else " where it is looked at")
            hint = "its parts rule each other out" if alone else "its 'while' or 'after' rules it out"
            yield remark(expression, expression.tree, told, hint)
    yield from _of_requirements(pack)


def _of_requirements(pack: Pack) -> Iterator[Remark]:
    """What is the same always in the values of requirements, and limits that no value reaches."""
    for gate in (each for each in pack.gates.values() if is_own(pack, each)):
        for requirement in gate.require.values():
            value = requirement.value
            condition = Condition(f"'value' of requirement {requirement.id!r}", value)
            logics = _logics(condition, pack)
            if found := _constant(condition, value.tree, logics):
                yield from found
                continue
            told = f"requirement {requirement.id!r} of gate {gate.id!r} is never met"
            bounds = [
                (Comparison(each.operator, value.tree, each.limit.tree), each.limit) for each in requirement.bounds
            ]
            bounds = [(each, limit) for each, limit in bounds if not any(logic.is_switch(each) for logic in logics)]
            missed = [each for each in bounds if not any(logic.can_hold((each[0], True)) for logic in logics)]
            for compared, limit in missed:
                yield remark(limit, limit.tree, told, _why(compared, logics[0]))
            if not missed and not any(logic.can_hold(*((each, True) for each, _ in bounds)) for logic in logics):
                yield remark(bounds[-1][1], bounds[-1][1].tree, told, "no number keeps all of its limits")


def _logics(condition: Condition, pack: Pack) -> list[Logic]:
    """What can be told of a condition; a param that it holds against a number itself may be whatever that allows."""
    logics = logics_of(pack)
    trees = [condition.expression.tree, *(tree for tree, _ in condition.scope)]
    switches = [
        node for tree in trees for node in tree.walk() if isinstance(node, Comparison) and logics[0].is_switch(node)
    ]
    held = {name.id: None for switch in switches for name in switch.walk() if isinstance(name, Name)}
    return [Logic(pack, {**logic.values, **held}) for logic in logics] if held else logics


def _constant(condition: Condition, node: Node, logics: Sequence[Logic]) -> list[Remark]:
    """The smallest parts of a condition that come out the same, or are never known.

    What `default` looks at may be unknown, which is what it is for, so that nothing is asked of it.
    """
    if isinstance(node, Call) and node.function == "default":
        return []
    found = [each for child in node.children() for each in _constant(condition, child, logics)]
    if found:
        return found
    if all(logic.ranges.of(node).is_empty for logic in logics):
        return [remark(condition.expression, node, "this is never known", _why_unknown(node))]
    is_asked = isinstance(node, Comparison | And | Or) or (isinstance(node, Call) and node.function == "nonfinite")
    same = _same(condition, node, logics) if is_asked else None
    return [same] if same is not None else []


def _same(condition: Condition, node: Node, logics: Sequence[Logic]) -> Remark | None:
    if isinstance(node, Comparison) and all(logic.is_switch(node) for logic in logics):
        return None
    always = not any(logic.can_hold((node, False)) for logic in logics)
    if not always and any(logic.can_hold((node, True)) for logic in logics):
        return None
    if always and isinstance(node, Comparison) and any(_asks_whether_full(node, logic) for logic in logics):
        return None
    often = "always" if always else "never"
    is_whole = node == condition.expression.tree and isinstance(node, And | Or)
    told = f"{condition.what} {often} holds" if is_whole else f"this is {often} true"
    return remark(condition.expression, node, told, _why(node, logics[0]))


def _asks_whether_full(node: Comparison, logic: Logic) -> bool:
    """Whether a count is asked for the very number with which its window begins to be known."""
    side = logic.side(node)
    if side is None or not (isinstance(side.term, Call) and side.term.function == "count"):
        return False
    return side.number == logic.ranges.of(side.term).low - (side.operator == ">")


def _looks_at_rows(tree: Node, pack: Pack) -> bool:
    return any(
        (isinstance(node, Name) and node.id not in pack.params and node.id not in pack.windows)
        or (isinstance(node, Call) and node.function == "nonfinite")
        for node in tree.walk()
    )


def _why(node: Node, logic: Logic) -> str:
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
    if isinstance(node, Comparison) and (told := _why_in_order(node, logic)):
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


def _why_in_order(node: Comparison, logic: Logic) -> str:
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


def _why_unknown(node: Node) -> str:
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
