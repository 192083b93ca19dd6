"""A family that no key names.

The keys of a family are read where the keys of a metric name it in braces; without that, none of them is.

fails::

    families: {layer: ["", _0, _1]}
               ^^^^^
    metrics: {loss_ce: {keys: [loss_ce], required: true}}

passes::

    families: {layer: ["", _0, _1]}
    metrics: {loss_ce: {keys: ["loss_ce{layer}"], required: true}}
"""

from __future__ import annotations

from collections.abc import Iterator

from ..pack import Pack
from ..series import families_of
from . import Remark
from ._names import is_own

SEVERITY = "warning"


def check(pack: Pack) -> Iterator[Remark]:
    """Families that no key names."""
    named = {family for metric in pack.metrics.values() for family in families_of(metric)}
    for family in pack.families.values():
        if family.id not in named and is_own(pack, family):
            hint = f"write {{{family.id}}} in the keys of a metric, or remove it"
            yield Remark(family.at, f"family {family.id!r} is used nowhere", hint)
