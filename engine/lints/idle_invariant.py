"""An invariant that holds whatever the log says.

It names no metric, or has the same on both sides, and can never be broken.

fails::

    invariants: {scaled: {holds: loss == loss}}
                                 ^^^^^^^^^^^^

passes::

    metrics: {loss: {keys: [loss], required: true}, unscaled: {keys: [loss_unscaled]}}
    invariants: {scaled: {holds: loss == 2 * unscaled}}
"""

from __future__ import annotations

from collections.abc import Iterator

from ..pack import Pack
from ..tree import Name
from . import Remark
from ._conditions import remark
from ._names import is_own

SEVERITY = "warning"


def check(pack: Pack) -> Iterator[Remark]:
    """Invariants without a metric, or with the same on both sides."""
    for invariant in pack.invariants.values():
        if not is_own(pack, invariant):
            continue
        holds, name = invariant.holds, f"invariant {invariant.id!r}"
        left, right = holds.tree.children()
        if left == right:
            yield remark(holds, holds.tree, f"{name} has the same on both sides", "mend one of them")
        elif not any(isinstance(node, Name) and node.id in pack.metrics for node in holds.tree.walk()):
            yield remark(holds, holds.tree, f"{name} names no metric", "name what the log should hold")
