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
from functools import partial

from ..pack import Level, Pack
from ..tree import Number
from . import Remark
from ._changed import changes_of
from ._conditions import logics_of, remark
from ._logic import Logic

SEVERITY = "warning"


def check(pack: Pack) -> Iterator[Remark]:
    """Levels whose condition implies that of a graver level, which fires no later."""
    logics, changes = logics_of(pack), changes_of(pack)
    for rule in pack.rules.values():
        for place, lower in enumerate(rule.levels[:-1]):
            for higher in (each for each in rule.levels[place + 1 :] if _is_no_later(each, lower)):
                message = f"level {lower.severity!r} of rule {rule.id!r} is never shown"
                hint = f"{higher.severity!r} holds wherever it does: give that one the stricter 'when'"
                is_own, may_hold = lower.when.at.file == pack.at.file, any(_may_hold(lower, logic) for logic in logics)
                if is_own and may_hold and not any(_is_shown(lower, higher, logic) for logic in logics):
                    yield remark(lower.when, lower.when.tree, message, hint)
                    break
                both = (lower.when, higher.when)
                blame = changes.blamed(both, partial(_is_hidden, lower, higher), rule=rule.id)
                if blame is not None:
                    yield Remark(blame.at, f"with this, {message}{blame.where}", hint)
                    break


def _may_hold(level: Level, logic: Logic) -> bool:
    return logic.can_hold((level.when.tree, True))


def _is_shown(lower: Level, higher: Level, logic: Logic) -> bool:
    """Whether a level may hold where a higher one does not."""
    return logic.can_hold((lower.when.tree, True), (higher.when.tree, False))


def _is_hidden(lower: Level, higher: Level, logic: Logic) -> bool:
    """Whether a level holds somewhere, and only where a higher one does."""
    return _may_hold(lower, logic) and not _is_shown(lower, higher, logic)


def _is_no_later(higher: Level, lower: Level) -> bool:
    """Whether a higher level fires at the latest when the lower one does, given that its condition holds."""
    if higher.for_ is None or higher.for_ == lower.for_:
        return True
    if lower.for_ is None or higher.for_.unit != lower.for_.unit:
        return False
    one, other = higher.for_.amount.tree, lower.for_.amount.tree
    return one == other or (isinstance(one, Number) and isinstance(other, Number) and one.value <= other.value)
