"""Invariants that say nothing."""

from __future__ import annotations

from collections.abc import Iterator

from ..errors import Problem
from ..pack import Pack
from ..tree import Name


def idle_invariant(pack: Pack) -> Iterator[Problem]:
    """An invariant that holds whatever the log says: it names no metric, or the same on both sides.

    passes::

        invariants: {scaled: {holds: ce == 2 * ce_unscaled}}

    fails::

        invariants: {scaled: {holds: ce == ce}}
    """
    for invariant in pack.invariants.values():
        if invariant.at.file != pack.at.file:
            continue
        left, right = invariant.holds.tree.children()
        if left == right:
            yield Problem(invariant.at, f"invariant {invariant.id!r} has the same on both sides", "mend one of them")
        elif not any(isinstance(node, Name) and node.id in pack.metrics for node in invariant.holds.tree.walk()):
            yield Problem(invariant.at, f"invariant {invariant.id!r} names no metric", "name what the log should hold")
