"""A rule that asks for two actions of which a plan takes one.

Actions that are declared as conflicts, or move one setting up and down, are never recommended together; and one that
stands alone is left out where there is any other.

fails::

    rules:
      high:
        title: Loss is high
        cause: diverging
        severity: critical
        when: loss > 2
        actions: [halve_lr, raise_lr]
                            ^^^^^^^^
    actions:
      halve_lr: {rank: 60, title: Halve the rate, direction: {learning_rate: down}}
      raise_lr: {rank: 60, title: Raise the rate, direction: {learning_rate: up}}

passes::

    rules:
      high:
        title: Loss is high
        cause: diverging
        severity: critical
        when: loss > 2
        actions: [stop, halve_lr]
    actions:
      stop: {rank: 100, title: Stop}
      halve_lr: {rank: 60, title: Halve the rate, direction: {learning_rate: down}}
"""

from __future__ import annotations

from collections.abc import Iterator
from itertools import combinations

from ..pack import Action, Pack
from . import Remark
from ._places import level_path, value_at

SEVERITY = "warning"


def check(pack: Pack) -> Iterator[Remark]:
    """Pairs of actions that exclude each other, where a rule or a gate of the pack's own asks for both."""
    told = set()
    for path, names in _asked(pack):
        for (_, one), (place, other) in combinations(enumerate(names), 2):
            why = _opposed(pack.actions[one], pack.actions[other]) if {one, other} <= pack.actions.keys() else ""
            at = value_at(pack, pack.at, *path, place)
            if why and at.file == pack.at.file and at not in told:
                told.add(at)
                yield Remark(at, f"{one!r} and {other!r} exclude each other: {why}", "keep one of them", len(other))


def _asked(pack: Pack) -> Iterator[tuple[tuple[str | int, ...], tuple[str, ...]]]:
    """Where actions are listed, and which."""
    for rule in pack.rules.values():
        section = "invariants" if rule.id in pack.invariants else "rules"
        for place, level in enumerate(rule.levels):
            path = level_path(pack, rule.id, place, "actions")
            yield (section, *path[1:]), level.actions
    for gate in pack.gates.values():
        yield ("gates", gate.id, "on_passed"), gate.on_passed
        yield ("gates", gate.id, "on_blocked"), gate.on_blocked
        if gate.stuck is not None:
            yield ("gates", gate.id, "stuck", "actions"), gate.stuck.actions
            for name, still in gate.stuck.standstills.items():
                yield ("gates", gate.id, "stuck", name, "actions"), still.actions


def _opposed(one: Action, other: Action) -> str:
    """Why two actions are not recommended together, empty where they may be."""
    if other.id in one.conflicts or one.id in other.conflicts:
        return "they conflict"
    for setting, direction in one.direction.items():
        if other.direction.get(setting, direction) != direction:
            return f"they move {setting} up and down"
    alone = next((each.id for each in (one, other) if each.alone and one.id != other.id), None)
    return f"{alone!r} is for when nothing else is recommended" if alone else ""
