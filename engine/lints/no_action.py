"""A critical rule that asks for no action.

A critical finding fails the run, and the plan is what its reader looks at first: it should say what to do, if only to
look at the data.

fails::

    rules:
      high:
      ^^^^
        title: Loss is high
        cause: diverging
        severity: critical
        when: loss > 2

passes::

    rules:
      high:
        title: Loss is high
        cause: diverging
        severity: critical
        when: loss > 2
        actions: [stop]
    actions: {stop: {rank: 100, title: Stop}}
"""

from __future__ import annotations

from collections.abc import Iterator

from ..pack import Pack
from . import Remark
from ._names import is_own

SEVERITY = "warning"


def check(pack: Pack) -> Iterator[Remark]:
    """Rules of the pack's own with a critical level that has no action."""
    for rule in pack.rules.values():
        for level in rule.levels:
            if level.severity == "critical" and not level.actions and is_own(pack, level):
                at = level.at if len(rule.levels) > 1 else rule.at
                width = 0 if len(rule.levels) > 1 else len(rule.id)
                yield Remark(at, f"rule {rule.id!r} is critical and says nothing to do", "give it 'actions'", width)
