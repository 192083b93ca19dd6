"""A metric that nothing uses.

No rule, gate, stage, sentinel or other metric names it, and it gives no range to know about. A group is a glossary: of
its metrics it is enough to say what they are.

fails::

    metrics:
      loss: {keys: [loss], required: true}
      kl: {keys: [kl]}
      ^^
      "len/*": {metrics: {mean: {}}}
                          ^^^^

passes::

    metrics:
      loss: {keys: [loss], required: true}
      kl: {keys: [kl], good: [0, 1]}
      "len/*": {metrics: {mean: {help: Mean number of tokens}}}
"""

from __future__ import annotations

from collections.abc import Iterator

from ..errors import Position
from ..pack import Metric, Pack
from . import Remark
from ._names import is_own, or_inherited, used

SEVERITY = "warning"


READ_BY_ENGINE = ("eval_improves", "learning_rate")
"""Metrics that mean something by their names: what sets findings aside, and what `lr_peak` is the largest of."""


def check(pack: Pack) -> Iterator[Remark]:
    """Metrics that nothing names and that say nothing by themselves, once for each line."""
    named = (
        used(pack)
        | set(READ_BY_ENGINE)
        | set(pack.sentinels)
        | {metric for stage in pack.stages.values() for metric in stage.expect}
    )
    of_lines: dict[Position, list[Metric]] = {}
    for metric in pack.metrics.values():
        if metric.twin_of is None and is_own(pack, metric):
            of_lines.setdefault(metric.at, []).append(metric)
    for at, metrics in of_lines.items():
        first, others = metrics[0], len(metrics) - 1
        if any(each.id in named or each.required or each.good is not None for each in metrics):
            continue
        if first.group and first.help:
            continue
        told = f"metric {first.id!r} is" if not others else f"metric {first.id!r} and {others} more of its line are"
        hint = or_inherited(pack, first.id, pack.metrics, "use it, give it 'good', or remove it")
        yield Remark(at, f"{told} used nowhere", hint)
