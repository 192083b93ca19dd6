"""A rule over two families that have nothing to do with each other.

A rule is judged for every pair of their members: of three layers and two splits, six times, although no key has both.
A finding then names pairs that the log does not have. Metrics whose keys name both families relate them.

fails::

    families: {layer: [_0, _1], split: [train, test]}
    metrics:
      ce: {keys: ["ce{layer}"], required: true}
      accuracy: {keys: ["{split}_accuracy"]}
    rules:
      bad: {title: Bad, cause: info, severity: info, when: ce > 2 and accuracy < 0.5, message: "{ce:g} in {series}"}
      ^^^

passes::

    families: {layer: [_0, _1], split: [train, test]}
    metrics:
      ce: {keys: ["{split}_ce{layer}"], required: true}
      accuracy: {keys: ["{split}_accuracy"]}
    rules:
      bad: {title: Bad, cause: info, severity: info, when: ce > 2 and accuracy < 0.5, message: "{ce:g} in {series}"}
"""

from __future__ import annotations

from collections.abc import Iterator
from itertools import combinations

from ..expression import Expression
from ..pack import Pack
from ..series import families_of
from ..tree import Name
from . import Remark
from ._names import is_own

SEVERITY = "warning"


def check(pack: Pack) -> Iterator[Remark]:
    """Rules over two families that no metric has both of."""
    if len(pack.families) < 2:
        return
    related = [set(families_of(metric)) for metric in pack.metrics.values()]
    for rule in pack.rules.values():
        if not is_own(pack, rule):
            continue
        named = {family for id in _metrics(pack, rule.levels[-1].when) for family in families_of(pack.metrics[id])}
        for pair in combinations(sorted(named), 2):
            if not any(set(pair) <= both for both in related):
                message = f"rule {rule.id!r} is judged for every pair of the families {pair[0]!r} and {pair[1]!r}"
                yield Remark(rule.at, message, "no metric has both; make it two rules")


def _metrics(pack: Pack, expression: Expression) -> set[str]:
    """The metrics that an expression names, directly or through computed ones."""
    found: set[str] = set()
    waiting = [expression]
    while waiting:
        for node in waiting.pop().tree.walk():
            if isinstance(node, Name) and node.id in pack.metrics and node.id not in found:
                found.add(node.id)
                metric = pack.metrics[node.id]
                waiting += [inner for inner in (metric.expr, metric.where) if inner]
    return found
