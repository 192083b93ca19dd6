"""A share that is held against a percentage.

A metric whose unit is `share` is read as a number between 0 and 1, whichever way the log has it, and `progress` goes
from 0 to 1. A limit of 50 is then never reached.

fails::

    metrics: {accuracy: {keys: [accuracy], unit: share, required: true}}
    rules:
      low: {title: Accuracy is low, cause: info, severity: info, when: accuracy < 50, message: "{accuracy:.2f}"}
                                                                                  ^^

fails::

    rules:
      late: {title: High loss in the second half, cause: diverging, severity: warning, when: loss > 2 and progress > 50}
                                                                                                                     ^^

fails::

    metrics: {accuracy: {keys: [accuracy], unit: share, required: true}}
    stages: {early: {to: 50 steps, expect: {accuracy: [40, 60]}}}
                                                       ^^

passes::

    metrics: {accuracy: {keys: [accuracy], unit: share, required: true}}
    rules:
      low: {title: Accuracy is low, cause: info, severity: info, when: accuracy < 0.5, message: "{accuracy:.2f}"}
"""

from __future__ import annotations

from collections.abc import Iterator

from ..expression import Expression
from ..items import Item
from ..pack import Pack
from ..tree import Call, Comparison, Name, Node, Number
from . import Remark
from ._conditions import logics_of, remark
from ._names import expressions_of, is_own
from ._places import find

SEVERITY = "warning"

MOST = 1.5
"""What a share stays below for sure: of a log with more in it, the reader takes the shares for percent."""

_OF_VALUES = {"latest", "prev", "first", "best", "lowest", "highest", "at", "abs"}
_OF_VALUES |= {"mean", "median", "minimum", "maximum", "quantile", "mean_lower", "mean_upper"}
"""Functions of which the result is a share where their first argument is one."""

_OF_SEVERAL = ("default", "min", "max")
"""The same, where no other argument is a number above those of shares."""


def check(pack: Pack) -> Iterator[Remark]:
    """Limits of shares that are none, in the pack's own file: in conditions, requirements, stages and good ranges."""
    shares = _shares(pack)
    for expression in expressions_of(pack):
        if is_own(pack, expression):
            yield from _compared(pack, expression, shares)
    for gate in pack.gates.values():
        for requirement in gate.require.values():
            for bound in requirement.bounds:
                if is_own(pack, bound.limit) and (name := _share(requirement.value.tree, shares)):
                    yield from _limit(pack, bound.limit, bound.limit.tree, name)
    for path, name in _bands(pack, shares):
        band = find(pack, *path)
        ends = band.value if band is not None and band.file == pack.at.file and isinstance(band.value, list) else []
        for end in (each for each in ends if _is_percent(each)):
            yield Remark(end.at, *_told(name, float(str(end.value))))
            break


def _compared(pack: Pack, expression: Expression, shares: set[str]) -> Iterator[Remark]:
    for node in expression.tree.walk():
        if isinstance(node, Comparison):
            for one, other in ((node.left, node.right), (node.right, node.left)):
                if name := _share(one, shares):
                    yield from _limit(pack, expression, other, name)


def _limit(pack: Pack, expression: Expression, limit: Node, name: str) -> Iterator[Remark]:
    ranges = logics_of(pack)[0].ranges
    found = ranges.of(limit)
    params = [pack.params[node.id] for node in limit.walk() if isinstance(node, Name) and node.id in pack.params]
    is_told = any(each.max is not None and ranges.name(each.id).low > each.max for each in params)
    if found.is_point and found.low > MOST and not is_told:
        yield remark(expression, limit, *_told(name, found.low))


def _told(name: str, limit: float) -> tuple[str, str]:
    hint = f"write {limit / 100:g}" if limit <= 100 else "write a number between 0 and 1"
    return f"{name} is a share of 1, which is held against {limit:g}", hint


def _shares(pack: Pack) -> set[str]:
    """The names of shares: `progress`, metrics in that unit, and those without one that are computed from these."""
    found = {"progress", *(metric.id for metric in pack.metrics.values() if metric.unit == "share")}
    computed = [(each.id, each.expr.tree) for each in pack.metrics.values() if each.expr is not None and not each.unit]
    while more := {id for id, tree in computed if id not in found and _share(tree, found)}:
        found |= more
    return found


def _share(node: Node | None, shares: set[str]) -> str:
    """The name of the share that a number is, or is taken of; empty for what is none."""
    while isinstance(node, Call):
        is_of_several = node.function in _OF_SEVERAL and not any(
            isinstance(each, Number) and each.value > MOST for each in node.arguments
        )
        if node.function not in _OF_VALUES and not is_of_several:
            break
        node = node.arguments[0]
    return node.id if isinstance(node, Name) and node.id in shares else ""


def _bands(pack: Pack, shares: set[str]) -> Iterator[tuple[tuple[str, ...], str]]:
    """Where shares have ranges, each with the name of the share."""
    for id, metric in pack.metrics.items():
        if metric.good is not None and id in shares:
            yield ("metrics", id, "good"), id
    for stage in pack.stages.values():
        yield from ((("stages", stage.id, "expect", id), id) for id in stage.expect if id in shares)


def _is_percent(item: Item) -> bool:
    return isinstance(item.value, (int, float)) and not isinstance(item.value, bool) and item.value > MOST
