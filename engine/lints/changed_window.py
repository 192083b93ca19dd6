"""A window of the pack's own that has the name of an inherited one, which inherited rules look at.

Things merge by name, so that the inherited rules look at the pack's window from then on. That is meant where a pack
gives such a window another length; where rules of its own look at it too, the name is more likely an accident.

fails::

    extends: common
    windows: {ten: {last: 20 points}}
              ^^^
    rules:
      high:
        title: High loss
        cause: diverging
        severity: warning
        when: mean(loss, ten) > 2

passes::

    extends: common
    windows: {twenty: {last: 20 points}}
    rules:
      high:
        title: High loss
        cause: diverging
        severity: warning
        when: mean(loss, twenty) > 2
"""

from __future__ import annotations

from collections.abc import Iterator

from ..pack import Pack
from ..tree import Name
from . import Remark
from ._names import expressions_of, is_own

SEVERITY = "warning"


def check(pack: Pack) -> Iterator[Remark]:
    """Windows of the pack's own that expressions of its own and inherited ones look at."""
    mine: set[str] = set()
    theirs: set[str] = set()
    for expression in expressions_of(pack):
        names = mine if is_own(pack, expression) else theirs
        names |= {node.id for node in expression.tree.walk() if isinstance(node, Name)}
    for window in pack.windows.values():
        if is_own(pack, window) and window.id in mine & theirs:
            told = f"window {window.id!r} takes the place of an inherited one, which inherited rules look at"
            yield Remark(window.at, told, "give it a name of its own")
