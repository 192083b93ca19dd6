"""What a pack declares itself, and the names that it uses."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from ..check import RUN_SCALARS
from ..errors import Position, surely_meant
from ..expression import Expression
from ..pack import Duration, Pack
from ..template import placeholders
from ..tree import Name

OF_PLANS = ("log", "learning_rate", "checkpoint", "checkpoint_step")
"""What a plan knows besides the scalars of a run, the params, and the settings that its actions set."""


_recent: list[tuple[Pack, frozenset[str]]] = []
"""The pack that was looked at last, since several lints look at one pack one after another."""


def is_own(pack: Pack, thing: Any) -> bool:
    """Whether the pack itself declares a thing; what a parent declares is the parent's business."""
    at: Position = thing.at
    return at.file == pack.at.file


def or_inherited(pack: Pack, id: str, things: Mapping[str, Any], hint: str) -> str:
    """A hint for a thing of the pack's own that nothing uses: perhaps it was to change an inherited one."""
    near = surely_meant(id, [other for other, thing in things.items() if not is_own(pack, thing)])
    return f"did you mean {near!r}, which is inherited? else {hint}" if near is not None else hint


def used(pack: Pack) -> frozenset[str]:
    """Every name in an expression or a text of the pack."""
    if not _recent or _recent[0][0] is not pack:
        _recent[:] = [(pack, frozenset(_used(pack)))]
    return _recent[0][1]


def _used(pack: Pack) -> set[str]:
    found = {
        node.id for expression in expressions_of(pack) for node in expression.tree.walk() if isinstance(node, Name)
    }
    texts = [level.message for rule in pack.rules.values() for level in rule.levels]
    texts += [command.text for command in pack.commands.values()] + [action.text for action in pack.actions.values()]
    texts += [text for rule in pack.rules.values() for text in rule.advice.values()]
    texts += [text for invariant in pack.invariants.values() for text in invariant.advice.values()]
    stuck = [gate.stuck for gate in pack.gates.values() if gate.stuck]
    texts += [text for each in stuck for still in each.standstills.values() for text in still.advice.values()]
    return found | {placeholder.name for text in texts for placeholder in placeholders(text)}


def of_plans(pack: Pack) -> list[str]:
    """What the texts and commands of a plan may name: params, facts of the run, and the settings that actions set."""
    settings = [setting for action in pack.actions.values() for setting in action.set]
    return list(dict.fromkeys((*RUN_SCALARS, *OF_PLANS, *settings, *pack.params)))


def expressions_of(pack: Pack) -> Iterator[Expression]:
    """Every expression of a pack, those it inherits included."""
    found: list[object] = [param.default for param in pack.params.values()]
    for metric in pack.metrics.values():
        found += [metric.expr, metric.where]
    for window in pack.windows.values():
        found += [window.last, window.min_points]
    for rule in pack.rules.values():
        found += [rule.since, rule.after, rule.while_]
        for level in rule.levels:
            found += [level.when, level.until, level.for_]
    for gate in pack.gates.values():
        found += [gate.while_, gate.passed, gate.max_age, gate.advisory]
        found += [*gate.stuck.conditions, gate.stuck.quantile] if gate.stuck else []
        for requirement in gate.require.values():
            found += [requirement.value, requirement.near, requirement.advisory]
            found += [bound.limit for bound in requirement.bounds]
    for action in pack.actions.values():
        found += action.set.values()
    for variant in pack.variants.values():
        found += variant.set.values()
    for thing in found:
        if isinstance(thing, Duration):
            yield thing.amount
        elif isinstance(thing, Expression):
            yield thing
