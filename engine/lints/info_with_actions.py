"""A rule of severity info that asks for actions.

A plan rests on findings of severity warning and critical. What a rule for information asks for is never recommended,
unless a user raises its severity.

fails::

    rules:
      high:
        title: Loss is high
        cause: info
        severity: info
        when: loss > 2
        actions: [stop]
                 ^
    actions: {stop: {rank: 100, title: Stop}}

passes::

    rules:
      high:
        title: Loss is high
        cause: diverging
        severity: warning
        when: loss > 2
        actions: [stop]
    actions: {stop: {rank: 100, title: Stop}}
"""

from __future__ import annotations

from collections.abc import Iterator

from ..pack import Pack
from . import Remark
from ._places import value_at

SEVERITY = "warning"


def check(pack: Pack) -> Iterator[Remark]:
    """Rules of the pack's own that are for information alone and list actions."""
    for rule in pack.rules.values():
        if rule.id in pack.invariants or not any(level.actions for level in rule.levels):
            continue
        at = value_at(pack, rule.at, "rules", rule.id, "actions")
        if all(level.severity == "info" for level in rule.levels) and at.file == pack.at.file:
            message = f"rule {rule.id!r} is for information, so its actions are never recommended"
            yield Remark(at, message, "make it a warning, or take them out")
