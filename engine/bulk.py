"""How much an expression comes to once the metrics and params that it names stand in their place.

A metric that names another one twice, which names a third one twice, and so on, doubles with each step; one that names
another one, which names a third one, nests. Whoever works on expressions then takes for ever, or runs out of stack.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence

from .circles import ordered
from .errors import Problem
from .expression import Expression
from .pack import Pack
from .record import Record
from .tree import Name, Node

MAX_PARTS = 5_000
"""How many parts an expression may come to."""

MAX_NESTING = 300
"""How deep an expression may be nested."""

_OF_A_NAME = 3
"""How much deeper it is nested to look into what a name stands for than into a part of an expression."""


class Extent(Record):
    """How many parts an expression comes to, and how deep it is nested."""

    parts: int = 1
    depth: int = 1

    @property
    def is_too_much(self) -> bool:
        """Whether it is more than may be worked on."""
        return self.parts > MAX_PARTS or self.depth > MAX_NESTING


def bulky(pack: Pack) -> Iterator[Problem]:
    """The expressions of a pack that come to too much, though nothing that they name does."""
    defined = _defined(pack)
    extents = _extents(defined)
    asked = [(of_one[0], extents[id]) for id, of_one in defined.items()]
    asked += [(each, Extent(*_extent(each.tree, extents))) for each in _conditions(pack)]
    for expression, extent in asked:
        if not extent.is_too_much or any(extents[id].is_too_much for id in _named(expression, extents)):
            continue
        if extent.parts > MAX_PARTS:
            message = f"this comes to {extent.parts:,} parts with all that it names, and {MAX_PARTS:,} are the most"
            hint = "name fewer things, or each of them once"
        else:
            message = f"this comes to {extent.depth} levels with all that it names, and {MAX_NESTING} are the most"
            hint = "let fewer things rest on one another"
        yield Problem(expression.at, "too-long", message, hint)


def _extents(defined: Mapping[str, Sequence[Expression]]) -> dict[str, Extent]:
    """The extent of each thing, those that it names first; none of those in a circle, which is told elsewhere."""
    needs = {id: {name for each in of_one for name in _named(each, defined)} for id, of_one in defined.items()}
    order = ordered(needs)
    if order is None:
        return dict.fromkeys(defined, Extent())
    extents: dict[str, Extent] = {}
    for id in order:
        of_each = [_extent(each.tree, extents) for each in defined[id]]
        depth = max(depth for _, depth in of_each) + _OF_A_NAME
        extents[id] = Extent(1 + sum(parts for parts, _ in of_each), depth)
    return extents


def _extent(node: Node, extents: Mapping[str, Extent]) -> tuple[int, int]:
    """The parts and the depth of an extent; there are too many of them for more than that."""
    if isinstance(node, Name):
        return extents.get(node.id, (1, 1))
    parts, depth = 1, 0
    for child in node.children():
        inner, below = _extent(child, extents)
        parts += inner
        if below > depth:
            depth = below
    return parts, depth + 1


def _named(expression: Expression, defined: Collection[str]) -> set[str]:
    return {node.id for node in expression.tree.walk() if isinstance(node, Name) and node.id in defined}


def _defined(pack: Pack) -> dict[str, list[Expression]]:
    """The expressions that say what a metric or a param is, by its name; not of those that are read or numbers."""
    found = {metric.id: [each for each in (metric.expr, metric.where) if each] for metric in pack.metrics.values()}
    defaults = {id: param.default for id, param in pack.params.items()}
    found |= {id: [default] for id, default in defaults.items() if isinstance(default, Expression)}
    return {id: of_one for id, of_one in found.items() if of_one}


def _conditions(pack: Pack) -> Iterator[Expression]:
    for rule in pack.rules.values():
        yield from filter(None, (rule.since, rule.while_))
        for level in rule.levels:
            yield from filter(None, (level.when, level.until))
    for gate in pack.gates.values():
        yield from filter(None, (gate.while_, gate.passed, gate.stuck.when if gate.stuck else None))
        yield from (requirement.value for requirement in gate.require.values())
