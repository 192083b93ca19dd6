"""Which metrics must be known on a row for something to be known there."""

from __future__ import annotations

from collections.abc import Iterable

from ..functions import FUNCTIONS, Family
from ..pack import Pack
from ..tree import And, Call, Conditional, Name, Node, Or

_HELD = ("latest", "default", "age", "nonfinite")
"""Functions that are known on rows on which their argument is not."""


def known_with(node: Node | None, pack: Pack, seen: frozenset[str] = frozenset()) -> tuple[str, ...]:
    """The metrics that are known on every row on which a value or a condition is, true or false."""
    match node:
        case None:
            return ()
        case Name(id=id) if id in pack.metrics and id not in seen:
            expression = pack.metrics[id].expr
            return _all([(id,), known_with(expression.tree if expression else None, pack, seen | {id})])
        case And(operands=operands) | Or(operands=operands):
            return _common([known_with(each, pack, seen) for each in operands])
        case Conditional(condition=condition, then=then, otherwise=otherwise):
            either = _common([known_with(each, pack, seen) for each in (then, otherwise)])
            return _all([known_with(condition, pack, seen), either])
        case Call(function=function) if function in _HELD:
            return ()
        case Call(function=function, arguments=arguments):
            is_of_row = FUNCTIONS[function].family is Family.POINTWISE
            return _all(known_with(each, pack, seen) for each in (arguments if is_of_row else arguments[:1]))
        case _:
            return _all(known_with(each, pack, seen) for each in node.children())


def is_computed(id: str, pack: Pack) -> bool:
    """Whether a metric is computed, so that it is unknown where its result is not finite; another name is not."""
    metric, seen = pack.metrics.get(id), {id}
    while metric is not None and metric.expr is not None:
        tree = metric.expr.tree
        if not isinstance(tree, Name) or tree.id in seen:
            return True
        seen.add(tree.id)
        metric = pack.metrics.get(tree.id)
    return False


def _all(found: Iterable[tuple[str, ...]]) -> tuple[str, ...]:
    return tuple(dict.fromkeys(id for each in found for id in each))


def _common(found: list[tuple[str, ...]]) -> tuple[str, ...]:
    return tuple(id for id in found[0] if all(id in each for each in found[1:]))
