"""Two rules with the same title.

In a report they look like one, and nobody can tell which of them fired.

fails::

    rules:
      high: {title: Loss is high, cause: diverging, severity: warning, when: loss > 2}
      huge: {title: loss is high, cause: diverging, severity: warning, when: loss > 9}
                    ^^^^^^^^^^^^

passes::

    rules:
      high: {title: Loss is high, cause: diverging, severity: warning, when: loss > 2}
      huge: {title: Loss is huge, cause: diverging, severity: warning, when: loss > 9}
"""

from __future__ import annotations

from collections.abc import Iterator

from ..pack import Pack
from . import Remark
from ._names import is_own
from ._places import value_at

SEVERITY = "warning"


def check(pack: Pack) -> Iterator[Remark]:
    """Rules with the title of a rule before them."""
    first: dict[str, str] = {}
    for rule in pack.rules.values():
        title = " ".join(rule.title.lower().split())
        if title in first and is_own(pack, rule):
            section = "invariants" if rule.id in pack.invariants else "rules"
            at = value_at(pack, rule.at, section, rule.id, "title")
            message = f"rule {rule.id!r} has the title of {first[title]!r}"
            yield Remark(at, message, "say what sets them apart", len(rule.title))
        first.setdefault(title, rule.id)
