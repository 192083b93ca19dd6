"""A message without a placeholder.

It says the same of every run; a reader wants to know the value, and since when.

fails::

    rules:
      high:
        title: High loss
        cause: diverging
        severity: warning
        when: loss > 2
        message: "loss is too high"
                  ^^^^^^^^^^^^^^^^

passes::

    rules:
      high:
        title: High loss
        cause: diverging
        severity: warning
        when: loss > 2
        message: "loss {loss:.3g} since step {onset:g}"
"""

from __future__ import annotations

from collections.abc import Iterator

from ..pack import Pack
from ..template import placeholders
from . import Remark
from ._names import is_own
from ._places import level_path, value_at

SEVERITY = "warning"


def check(pack: Pack) -> Iterator[Remark]:
    """Messages that show no value, each once for its rule."""
    for rule in pack.rules.values():
        told: set[str] = set()
        for place, level in enumerate(rule.levels):
            message = level.message
            if is_own(pack, level) and message and message not in told and not any(placeholders(message)):
                told.add(message)
                hint = "show a value, as in {loss:.3g} or {onset:g}"
                at = value_at(pack, level.at, *level_path(pack, rule.id, place, "message"))
                yield Remark(at, f"the message of rule {rule.id!r} names no value", hint, len(message))
