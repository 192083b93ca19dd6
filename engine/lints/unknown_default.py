"""A default that is no finite number.

What is divided by zero, a root of a negative number or a number that is too large is no number: rules that use the
param are not evaluated, as if it were null.

fails::

    params: {limit: {default: 1 / 0}}
                              ^^^^^
    rules:
      high: {title: High loss, cause: diverging, severity: warning, when: loss > limit}

passes::

    params: {limit: {default: 1 / 2}}
    rules:
      high: {title: High loss, cause: diverging, severity: warning, when: loss > limit}
"""

from __future__ import annotations

from collections.abc import Iterator

from ..expression import Expression
from ..pack import Pack
from ..tree import Name
from . import Remark
from ._conditions import remark
from ._names import is_own
from ._values import every_setting

SEVERITY = "warning"


def check(pack: Pack) -> Iterator[Remark]:
    """Defaults of the pack's own that are unknown though all params in them are known, by default and in variants."""
    settings = list(every_setting(pack))
    for param in pack.params.values():
        if not isinstance(param.default, Expression) or not is_own(pack, param.default):
            continue
        tree = param.default.tree
        names = [node.id for node in tree.walk() if isinstance(node, Name)]
        if all(values[param.id] is None and None not in map(values.get, names) for values in settings):
            hint = "rules that use it are not evaluated: mend it, or write null if that is meant"
            yield remark(param.default, tree, f"the default of param {param.id!r} is no finite number", hint)
