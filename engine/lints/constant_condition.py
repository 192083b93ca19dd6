"""A condition, or a part of one, that no log can make true, or none false.

A share is never above 1, `x > 2 and x < 1` never holds, and a comparison of params alone says nothing of a run: such
a rule never fires, or always does. Params count with their defaults and with what each variant sets; what is the same
for some of them only is no fault, and neither is a switch such as `is_strict and loss > 2`.

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

from ..pack import Pack
from ..tree import Call, Comparison, Name, Node
from . import Remark
from ._conditions import Condition, conditions_of, logics_of, remark
from ._logic import Logic

SEVERITY = "warning"


def check(pack: Pack) -> Iterator[Remark]:
    """Conditions that come out the same whatever the log says."""
    logics = logics_of(pack)
    for condition in conditions_of(pack):
        expression = condition.expression
        if not _looks_at_rows(expression.tree, pack):
            hint = "name a metric or the clock; to switch a rule on and off, there is 'enabled'"
            yield remark(expression, expression.tree, f"{condition.what} names nothing that is logged", hint)
            continue
        found = [_same(condition, node, logics) for node in _comparisons(expression.tree)]
        if any(found):
            yield from (each for each in found if each)
        elif not any(logic.can_hold((expression.tree, True), *condition.scope) for logic in logics):
            alone = not any(logic.can_hold((expression.tree, True)) for logic in logics)
            told = f"{condition.what} never holds" + ("" if alone else " where it is looked at")
            hint = "its parts rule each other out" if alone else "its 'while' or 'after' rules it out"
            yield remark(expression, expression.tree, told, hint)


def _same(condition: Condition, node: Node, logics: Sequence[Logic]) -> Remark | None:
    if all(logic.is_switch(node) for logic in logics):
        return None
    always = not any(logic.can_hold((node, False)) for logic in logics)
    if not always and any(logic.can_hold((node, True)) for logic in logics):
        return None
    return remark(condition.expression, node, f"this is {'always' if always else 'never'} true", _why(node, logics[0]))


def _comparisons(node: Node) -> Iterator[Node]:
    """The comparisons of a condition; what `default` looks at may be unknown, and that is what is asked for."""
    if isinstance(node, Comparison):
        yield node
    if not (isinstance(node, Call) and node.function == "default"):
        for child in node.children():
            yield from _comparisons(child)


def _looks_at_rows(tree: Node, pack: Pack) -> bool:
    return any(
        (isinstance(node, Name) and node.id not in pack.params and node.id not in pack.windows)
        or (isinstance(node, Call) and node.function == "nonfinite")
        for node in tree.walk()
    )


def _why(node: Node, logic: Logic) -> str:
    """Why a comparison comes out the same always."""
    if isinstance(node, Comparison) and node.left == node.right:
        return "both sides are the same"
    for side in node.children():
        low, high = logic.ranges.of(side)
        if float("-inf") < low < high < float("inf"):
            return f"that number lies between {low:g} and {high:g}"
        if float("-inf") < low < high:
            return f"that number is never below {low:g}"
        if low < high < float("inf"):
            return f"that number is never above {high:g}"
    return "mend the condition"
