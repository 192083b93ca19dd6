"""A window that no function is given.

What a rule sees does not depend on it, so that changing its length changes nothing.

fails::

    windows: {trend: {last: 20 points}}
              ^^^^^
    rules:
      high: {title: High loss, cause: diverging, severity: warning, when: 'mean(loss, "20 points") > 2'}

passes::

    windows: {trend: {last: 20 points}}
    rules:
      high: {title: High loss, cause: diverging, severity: warning, when: "mean(loss, trend) > 2"}
"""

from __future__ import annotations

from collections.abc import Iterator

from ..pack import Pack
from . import Remark
from ._names import is_own, or_inherited, used

SEVERITY = "warning"


def check(pack: Pack) -> Iterator[Remark]:
    """Windows that no function is given."""
    named = used(pack) | {gate.stuck.over for gate in pack.gates.values() if gate.stuck}
    for window in pack.windows.values():
        if window.id not in named and is_own(pack, window):
            hint = or_inherited(pack, window.id, pack.windows, "use it in a rule or remove it")
            yield Remark(window.at, f"window {window.id!r} is used nowhere", hint)
