"""A param that nothing uses.

No expression, message or command names it, so that overriding it changes nothing.

fails::

    params: {limit: {default: 2}}
             ^^^^^
    rules:
      high: {title: High loss, cause: diverging, severity: warning, when: loss > 2}

passes::

    params: {limit: {default: 2}}
    rules:
      high: {title: High loss, cause: diverging, severity: warning, when: loss > limit}
"""

from __future__ import annotations

from collections.abc import Iterator

from ..pack import Pack
from . import Remark
from ._names import is_own, or_inherited, used

SEVERITY = "warning"


def check(pack: Pack) -> Iterator[Remark]:
    """Params that no expression, message or command names."""
    named = used(pack)
    for param in pack.params.values():
        if param.id not in named and is_own(pack, param):
            hint = or_inherited(pack, param.id, pack.params, "use it in a rule or remove it")
            yield Remark(param.at, f"param {param.id!r} is used nowhere", hint)
