"""The comparisons of numbers that a rule's condition rests on: what its evidence is read from."""

from __future__ import annotations

from collections.abc import Iterator

from .compile.bind import Binder
from .compile.ir import Const, Value
from .compile.text import text_of
from .expression import Expression
from .record import Record
from .tree import Call, Comparison, Node, Not

_MIRRORED = {"<": ">", "<=": ">=", ">": "<", ">=": "<=", "==": "==", "!=": "!="}


class Test(Record):
    """One comparison of a condition, its sides bound; `operator` is as written, `positive` whether it should hold."""

    text: str
    operator: str
    left: Value
    right: Value
    positive: bool

    @property
    def is_fixed(self) -> bool:
        """Whether the right side is the same on every row."""
        return isinstance(self.right, Const)

    @property
    def is_upward(self) -> bool:
        """Whether larger values of the left side are the worse ones."""
        return (self.operator in (">", ">=")) is self.positive

    @property
    def has_direction(self) -> bool:
        return self.operator not in ("==", "!=")

    def holds(self, left: float | None, right: float | None) -> bool:
        """Whether two known values are as the condition wants them."""
        if left is None or right is None:
            return False
        results = {
            "<": left < right,
            "<=": left <= right,
            ">": left > right,
            ">=": left >= right,
            "==": left == right,
            "!=": left != right,
        }
        return results[self.operator] is self.positive


def tests_of(condition: Expression, binder: Binder) -> tuple[Test, ...]:
    """The comparisons of a condition, each once, a constant side on the right."""
    found = (_test(node, positive, condition, binder) for node, positive in _comparisons(condition.tree, True))
    return tuple(dict.fromkeys(test for test in found if test is not None))


def _test(node: Comparison, positive: bool, condition: Expression, binder: Binder) -> Test | None:
    left, right = binder.value(condition, node.left), binder.value(condition, node.right)
    if left.type != "number" or right.type != "number" or (isinstance(left, Const) and isinstance(right, Const)):
        return None
    if isinstance(left, Const):
        shown = _logged(node.right)
        return Test(text_of(shown), _MIRRORED[node.operator], binder.value(condition, shown), left, positive)
    shown = _logged(node.left)
    return Test(text_of(shown), node.operator, binder.value(condition, shown), right, positive)


def _logged(node: Node) -> Node:
    """A side without what default() takes in its place: a number that was never logged is no evidence."""
    while isinstance(node, Call) and node.function == "default" and node.arguments[0] is not None:
        node = node.arguments[0]
    return node


def _comparisons(node: Node, positive: bool) -> Iterator[tuple[Comparison, bool]]:
    match node:
        case Comparison():
            yield node, positive
        case Not(operand=operand):
            yield from _comparisons(operand, not positive)
        case Call(function="latest" | "default", arguments=(inner, *_)) if inner is not None:
            yield from _comparisons(inner, positive)
        case Call():
            return
        case _:
            for child in node.children():
                yield from _comparisons(child, positive)
