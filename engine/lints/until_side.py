"""An `until` that can hold where `when` does.

Once a rule fires, it stays so until this holds: on the other side of the threshold, once the fault is over. On the
same side it comes to rest at the next row, and fires again.

fails::

    rules:
      high:
        title: Loss is high
        cause: diverging
        severity: warning
        when: loss > 2
        until: loss < 3
               ^^^^^^^^

passes::

    rules:
      high:
        title: Loss is high
        cause: diverging
        severity: warning
        when: loss > 2
        until: loss < 1.5
"""

from __future__ import annotations

from collections.abc import Iterator
from functools import partial

from ..pack import Level, Pack
from ..tree import And, Comparison, Node
from . import Remark
from ._changed import changes_of
from ._conditions import logics_of, remark
from ._logic import Logic

SEVERITY = "warning"


def check(pack: Pack) -> Iterator[Remark]:
    """Each `until` that limits the same as `when`, and overlaps with it."""
    logics, changes = logics_of(pack), changes_of(pack)
    hint = "it is to hold once the fault is over, on the other side of 'when'"
    for rule in pack.rules.values():
        told = set()
        message = f"'until' of rule {rule.id!r} can hold where 'when' does"
        for level in rule.levels if not rule.sticky else ():
            until = level.until
            if until is None or until.at in told:
                continue
            if until.at.file == pack.at.file and all(_overlap(level, until.tree, logic) for logic in logics):
                told.add(until.at)
                yield remark(until, until.tree, message, hint)
                continue
            blame = changes.blamed((until, level.when), partial(_overlap, level, until.tree), rule=rule.id)
            if blame is not None:
                told.add(until.at)
                yield Remark(blame.at, f"with this, {message}{blame.where}", hint)


def _overlap(level: Level, until: Node, logic: Logic) -> bool:
    """Whether `when` and `until` limit one and the same term, and can both hold of it; ends that touch do not count."""
    strict = _strict(until)
    side = logic.side(strict) if strict is not None else None
    if strict is None or side is None:
        return False
    parts = level.when.tree.operands if isinstance(level.when.tree, And) else (level.when.tree,)
    whens = [_strict(part) or part for part in parts]
    sides = [logic.side(when) for when in whens if isinstance(when, Comparison)]
    is_same = any(each is not None and each.term == side.term for each in sides)
    return is_same and logic.can_hold((strict, True), *((when, True) for when in whens))


def _strict(node: Node) -> Comparison | None:
    """A comparison of order with its end left out; None for anything else."""
    if not isinstance(node, Comparison) or node.operator in ("==", "!="):
        return None
    return Comparison(node.operator[0], node.left, node.right)
