"""A `since` that never holds where `when` does.

It moves the onset back to the first row of its own unbroken run, so it must hold while the fault lasts. One that is
false where the rule fires moves nothing.

fails::

    rules:
      negative:
        title: Loss is negative
        cause: inverted
        severity: warning
        when: loss < 0
        since: loss > 0
               ^^^^^^^^

passes::

    windows: {five: {last: 5 points}}
    rules:
      negative:
        title: Loss is negative
        cause: inverted
        severity: warning
        when: mean(loss, five) < 0
        since: loss < 0
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from functools import partial

from ..expression import Expression
from ..pack import Pack
from . import Remark
from ._changed import changes_of
from ._conditions import logics_of, remark
from ._logic import Logic

SEVERITY = "warning"


def check(pack: Pack) -> Iterator[Remark]:
    """Each `since` that can hold, and never with the `when` of a level."""
    logics, changes = logics_of(pack), changes_of(pack)
    hint = "it is to hold from the onset on, while the fault lasts"
    for rule in pack.rules.values():
        since, whens = rule.since, [level.when for level in rule.levels]
        if since is None or not whens:
            continue
        message = f"'since' of rule {rule.id!r} never holds where 'when' does"
        if since.at.file == pack.at.file:
            together = any(_together(since, when, logic) for logic in logics for when in whens)
            if not together and any(logic.can_hold((since.tree, True)) for logic in logics):
                yield remark(since, since.tree, message, hint)
                continue
        blame = changes.blamed((since, *whens), partial(_is_apart, since, whens), rule=rule.id)
        if blame is not None:
            yield Remark(blame.at, f"with this, {message}{blame.where}", hint)


def _together(since: Expression, when: Expression, logic: Logic) -> bool:
    return logic.can_hold((when.tree, True), (since.tree, True))


def _is_apart(since: Expression, whens: Sequence[Expression], logic: Logic) -> bool:
    """Whether both can hold, and never on one row."""
    goals = [(since.tree, True)], *([(when.tree, True)] for when in whens)
    return all(logic.can_hold(*each) for each in goals) and not any(_together(since, when, logic) for when in whens)
