"""A field of a rule that each of its levels gives anew.

What a rule with `levels` says beside them is for those that do not say it; where each does, it has no effect.

fails::

    rules:
      high:
        title: Loss is high
        cause: diverging
        severity: info
        ^^^^^^^^
        levels:
          - {severity: info, when: loss > 2}
          - {severity: warning, when: loss > 3}

passes::

    rules:
      high:
        title: Loss is high
        cause: diverging
        for: 3 points
        levels:
          - {severity: info, when: loss > 2}
          - {severity: warning, when: loss > 3}
"""

from __future__ import annotations

from collections.abc import Iterator

from ..build_rules import LEVEL_FIELDS
from ..pack import Pack
from . import Remark
from ._places import find

SEVERITY = "warning"


def check(pack: Pack) -> Iterator[Remark]:
    """Fields beside the levels of a rule that none of them takes over."""
    for rule in pack.rules.values():
        levels = find(pack, "rules", rule.id, "levels")
        entries = levels.value if levels is not None and isinstance(levels.value, list) else []
        for key in LEVEL_FIELDS:
            item = find(pack, "rules", rule.id, key)
            is_given = all(isinstance(each.value, dict) and key in each.value for each in entries)
            if entries and is_given and item is not None and item.file == pack.at.file:
                told = f"'{key}' of rule {rule.id!r} has no effect: each of its levels has its own"
                yield Remark(item.key_at, told, "remove it")
