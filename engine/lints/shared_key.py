"""A list of names in braces that reads one key only.

`"len_{mean,p90}"` stands for two metrics. Where its `keys` do not say `{name}`, both are read from the same key, and
hold the same numbers under two names.

fails::

    metrics:
      loss: {keys: [loss], required: true}
      "len/*":
        metrics:
          "{mean,p90}": {keys: [mean], help: Length of the rollouts}
           ^^^^^^^^^^

passes::

    metrics:
      loss: {keys: [loss], required: true}
      "len/*":
        metrics:
          "{mean,p90}": {keys: ["{name}", "{name}_tokens"], help: Length of the rollouts}
"""

from __future__ import annotations

from collections.abc import Iterator

from ..errors import Position
from ..pack import Metric, Pack
from . import Remark
from ._names import is_own

SEVERITY = "warning"


def check(pack: Pack) -> Iterator[Remark]:
    """Metrics of one line that are read from the same keys."""
    lines: dict[Position, list[Metric]] = {}
    for metric in pack.metrics.values():
        if metric.group and metric.keys and metric.twin_of is None and is_own(pack, metric):
            lines.setdefault(metric.at, []).append(metric)
    for at, metrics in lines.items():
        if len(metrics) > 1 and len({metric.keys for metric in metrics}) == 1:
            named = " and ".join(repr(metric.id) for metric in metrics[:2])
            message = f"metrics {named} are both read from {metrics[0].keys[0]!r}"
            yield Remark(at, message, "write {name} in their keys")
