"""An invariant with a tolerance as large as what it compares.

`rel` is a share of the larger of the two sides. At 1 or more, any two numbers of the same sign agree, and the invariant
can hardly ever be broken.

fails::

    metrics: {loss: {keys: [loss], required: true}, ce: {keys: [ce]}}
    invariants: {parts: {holds: loss == 2 * ce, rel: 5}}
                 ^^^^^

passes::

    metrics: {loss: {keys: [loss], required: true}, ce: {keys: [ce]}}
    invariants: {parts: {holds: loss == 2 * ce, rel: 0.05}}
"""

from __future__ import annotations

from collections.abc import Iterator

from ..pack import Pack
from ..tree import Number
from . import Remark
from ._names import is_own

SEVERITY = "warning"


def check(pack: Pack) -> Iterator[Remark]:
    """Invariants whose `rel` is 1 or more."""
    for invariant in pack.invariants.values():
        tree = invariant.rel.tree
        if is_own(pack, invariant) and isinstance(tree, Number) and tree.value >= 1:
            message = f"'rel' of invariant {invariant.id!r} is {tree.value:g}, a share of the larger side"
            yield Remark(invariant.at, message, "give less than 1, such as 0.05 for five per cent")
