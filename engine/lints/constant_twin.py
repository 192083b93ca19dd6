"""A twin whose keys are the same for every metric.

`{key}`, `{name}` or `{id}` in a twin's keys stands for what the metric is called. A key without any of them is one and
the same key: all metrics with this twin would read it.

fails::

    twins: {eval: {keys: [eval_loss]}}
            ^^^^
    metrics: {loss: {keys: [loss], twin: eval, required: true}}

passes::

    twins: {eval: {keys: ["eval_{key}"]}}
    metrics: {loss: {keys: [loss], twin: eval, required: true}}
"""

from __future__ import annotations

from collections.abc import Iterator

from ..pack import Pack
from . import Remark
from ._names import is_own

SEVERITY = "warning"
PLACES = ("{key}", "{name}", "{id}")


def check(pack: Pack) -> Iterator[Remark]:
    """Twins with a key that names nothing of their metric."""
    for twin in pack.twins.values():
        if not is_own(pack, twin):
            continue
        for key in twin.keys:
            if not any(place in key for place in PLACES):
                message = f"key {key!r} of twin {twin.id!r} is the same for every metric"
                yield Remark(twin.at, message, "write {key} where the metric's own key stands, as in eval_{key}")
