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

from collections.abc import Iterator

from ..pack import Pack
from . import Remark
from ._conditions import logics_of, remark

SEVERITY = "warning"


def check(pack: Pack) -> Iterator[Remark]:
    """Each `since` of the pack's own that can hold, and never with the `when` of a level."""
    logics = logics_of(pack)
    for rule in pack.rules.values():
        since = rule.since
        if since is None or not rule.levels or since.at.file != pack.at.file:
            continue
        whens = [(level.when.tree, True) for level in rule.levels]
        together = any(logic.can_hold(when, (since.tree, True)) for logic in logics for when in whens)
        if not together and any(logic.can_hold((since.tree, True)) for logic in logics):
            message = f"'since' of rule {rule.id!r} never holds where 'when' does"
            yield remark(since, since.tree, message, "it is to hold from the onset on, while the fault lasts")
