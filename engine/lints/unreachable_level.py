"""A level that is never shown, because a graver one holds wherever it does.

A finding has the highest level that is open. If the graver condition is the weaker one, or the same, the lower level
never shows, and what was meant as a warning is critical at once.

fails::

    rules:
      high:
        title: Loss is high
        cause: diverging
        levels:
          - {severity: warning, when: loss > 4}
                                      ^^^^^^^^
          - {severity: critical, when: loss > 2, actions: [stop]}
    actions: {stop: {rank: 100, title: Stop}}

passes::

    rules:
      high:
        title: Loss is high
        cause: diverging
        levels:
          - {severity: warning, when: loss > 2}
          - {severity: critical, when: loss > 4, actions: [stop]}
    actions: {stop: {rank: 100, title: Stop}}
"""

from __future__ import annotations

from collections.abc import Iterator

from ..pack import Level, Pack
from ..tree import Number
from . import Remark
from ._conditions import logics_of, remark

SEVERITY = "warning"


def check(pack: Pack) -> Iterator[Remark]:
    """Levels whose condition implies that of a graver level, which fires no later."""
    logics = logics_of(pack)
    for rule in pack.rules.values():
        for place, lower in enumerate(rule.levels[:-1]):
            when = lower.when
            if when.at.file != pack.at.file or not any(logic.can_hold((when.tree, True)) for logic in logics):
                continue
            for higher in rule.levels[place + 1 :]:
                shown = any(logic.can_hold((when.tree, True), (higher.when.tree, False)) for logic in logics)
                if not shown and _is_no_later(higher, lower):
                    message = f"level {lower.severity!r} of rule {rule.id!r} is never shown"
                    hint = f"{higher.severity!r} holds wherever it does: give that one the stricter 'when'"
                    yield remark(when, when.tree, message, hint)
                    break


def _is_no_later(higher: Level, lower: Level) -> bool:
    """Whether a higher level fires at the latest when the lower one does, given that its condition holds."""
    if higher.for_ is None or higher.for_ == lower.for_:
        return True
    if lower.for_ is None or higher.for_.unit != lower.for_.unit:
        return False
    one, other = higher.for_.amount.tree, lower.for_.amount.tree
    return one == other or (isinstance(one, Number) and isinstance(other, Number) and one.value <= other.value)
