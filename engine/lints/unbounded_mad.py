"""A median absolute distance over the whole run so far.

Each row is measured against a median of its own, so that every row before it is looked at anew: ten times the rows take
a hundred times as long, minutes for a hundred thousand. A median or a quantile of the whole run takes no such time, and
of evaluations there are few.

fails::

    windows: {run: {last: all, min: 20 points}}
    rules:
      spike:
        title: Loss is far off
        cause: unstable
        severity: warning
        when: loss > median(loss, run) + 6 * mad(loss, run)
                                             ^^^^^^^^^^^^^^

passes::

    windows: {run: {last: all, min: 20 points}, recent: {last: 100 points, min: 20 points}}
    rules:
      spike:
        title: Loss is far off
        cause: unstable
        severity: warning
        when: loss > median(loss, run) + 6 * mad(loss, recent)
"""

from __future__ import annotations

from collections.abc import Iterator

from ..pack import Pack
from ..tree import Call, Name, Node
from . import Remark
from ._conditions import remark
from ._names import expressions_of, is_own

SEVERITY = "warning"


def check(pack: Pack) -> Iterator[Remark]:
    """Calls of mad() of the pack's own, over windows without an end and metrics that training logs."""
    known = set()
    for expression in expressions_of(pack):
        for call in expression.tree.walk() if is_own(pack, expression) else ():
            if not isinstance(call, Call) or call.function != "mad" or not _is_unbounded(call.arguments[1], pack):
                continue
            told = "mad() over the whole run looks at all earlier rows anew on each row"
            found = remark(expression, call, told, "give it a window with a length")
            if _is_of_training(call, pack, frozenset()) and found.at not in known:
                known.add(found.at)
                yield found


def _is_unbounded(window: Node | None, pack: Pack) -> bool:
    known = pack.windows.get(window.id) if isinstance(window, Name) else None
    return known is not None and known.last is None


def _is_of_training(node: Node, pack: Pack, seen: frozenset[str]) -> bool:
    """Whether anything in an expression is logged as often as the training is."""
    for name in node.walk():
        metric = pack.metrics.get(name.id) if isinstance(name, Name) and name.id not in seen else None
        if metric is None:
            continue
        if metric.expr is None and metric.role != "eval":
            return True
        if metric.expr is not None and _is_of_training(metric.expr.tree, pack, seen | {metric.id}):
            return True
    return False
