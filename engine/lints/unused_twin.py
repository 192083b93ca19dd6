"""A twin that no metric has.

A twin says how the keys of a metric look in evaluation. Without a metric that has it, none of those keys is read.

fails::

    twins: {eval: {keys: ["eval_{key}"]}}
            ^^^^
    metrics: {loss: {keys: [loss], required: true}}

passes::

    twins: {eval: {keys: ["eval_{key}"]}}
    metrics: {loss: {keys: [loss], required: true, twin: eval}}
"""

from __future__ import annotations

from collections.abc import Iterator

from ..pack import Pack
from . import Remark
from ._names import is_own

SEVERITY = "warning"


def check(pack: Pack) -> Iterator[Remark]:
    """Twins that no metric has."""
    had = {metric.twin for metric in pack.metrics.values()}
    for twin in pack.twins.values():
        if twin.id not in had and is_own(pack, twin):
            hint = f"give a metric 'twin: {twin.id}', or remove it"
            yield Remark(twin.at, f"twin {twin.id!r} is used nowhere", hint)
