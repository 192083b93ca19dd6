"""The conditions of a pack, and what must be known for one of them to hold."""

from __future__ import annotations

from collections.abc import Iterator

from ..expression import Expression
from ..pack import Pack
from ..record import Record
from ..tree import And, Comparison, Name, Node
from . import Remark
from ._known import known_with
from ._logic import Goal, Logic
from ._values import every_setting

_recent: list[tuple[Pack, list[Logic]]] = []
"""The pack that was looked at last, since several lints look at one pack one after another."""


class Condition(Record):
    """A condition of a pack, what it is called, and what else holds wherever it is looked at.

    `beside` is where the latter is said, `rule` the rule that it is of; `is_when`: on which that fires.
    """

    what: str
    expression: Expression
    scope: tuple[Goal, ...] = ()
    beside: tuple[Expression | None, ...] = ()
    rule: str = ""
    is_when: bool = False


def logics_of(pack: Pack) -> list[Logic]:
    """What can be told of conditions with the defaults of a pack, and with the settings of each variant."""
    if not _recent or _recent[0][0] is not pack:
        first, *others = every_setting(pack)
        logic = Logic(pack, first)
        _recent[:] = [(pack, [logic, *(Logic(pack, values, logic) for values in others)])]
    return _recent[0][1]


def remark(expression: Expression, node: Node, message: str, hint: str) -> Remark:
    """A remark on a part of an expression."""
    return Remark(expression.position(node), message, hint, expression.reach(node))


def conditions_of(pack: Pack) -> Iterator[Condition]:
    """Every condition over the rows that stands in the pack's own file."""
    return (each for each in all_conditions(pack) if each.expression.at.file == pack.at.file)


def all_conditions(pack: Pack) -> Iterator[Condition]:
    """Every condition over the rows, what is inherited included, once for each place where one stands."""
    told = set()
    for condition in _conditions(pack):
        if condition.expression.at not in told:
            told.add(condition.expression.at)
            yield condition


def _conditions(pack: Pack) -> Iterator[Condition]:
    for metric in pack.metrics.values():
        if metric.where is not None:
            yield Condition(f"'where' of metric {metric.id!r}", metric.where)
    for rule in pack.rules.values():
        if rule.id in pack.invariants:
            continue
        name = f"of rule {rule.id!r}"
        scope: list[Goal] = []
        if rule.while_ is not None:
            yield Condition(f"'while' {name}", rule.while_, rule=rule.id)
            scope.append((rule.while_.tree, True))
        if rule.after is not None:
            scope.append((Comparison(">", Name("step"), rule.after.tree), True))
        if rule.since is not None:
            yield Condition(f"'since' {name}", rule.since, rule=rule.id)
        for level in rule.levels:
            yield Condition(f"'when' {name}", level.when, tuple(scope), (rule.while_, rule.after), rule.id, True)
            if level.until is not None:
                yield Condition(f"'until' {name}", level.until, rule=rule.id)
    for gate in pack.gates.values():
        name = f"of gate {gate.id!r}"
        stuck = [("stuck", each) for each in gate.stuck.conditions] if gate.stuck is not None else []
        for what, expression in (("while", gate.while_), ("passed", gate.passed), *stuck):
            if expression is not None:
                yield Condition(f"{what!r} {name}", expression)


def needed(node: Node, pack: Pack) -> tuple[str, ...]:
    """The metrics that must be known on the very row on which a condition is true."""
    if isinstance(node, And):
        return tuple(dict.fromkeys(id for operand in node.operands for id in needed(operand, pack)))
    return known_with(node, pack)
