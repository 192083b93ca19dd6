"""Names that a pack declares and nothing in it uses. What a parent declares is the parent's business."""

from __future__ import annotations

from collections.abc import Iterator

from ..errors import Position, Problem
from ..expression import Expression
from ..pack import Duration, Family, Metric, Pack, Param, Twin, Window
from ..series import families_of
from ..template import placeholders
from ..tree import Name


def unused_param(pack: Pack) -> Iterator[Problem]:
    """A param that no expression, message or command names: overriding it changes nothing.

    passes::

        params: {limit: {default: 2}}
        rules: {high: {when: loss > limit, …}}

    fails::

        params: {limit: {default: 2}}
        rules: {high: {when: loss > 2, …}}
    """
    used = _used(pack)
    for param in pack.params.values():
        if param.id not in used and _own(pack, param):
            yield Problem(param.at, f"param {param.id!r} is used nowhere", "use it in a rule or remove it")


def unused_metric(pack: Pack) -> Iterator[Problem]:
    """A metric that no rule, gate, stage, sentinel or other metric names, and that gives no range to know about.

    A group is a glossary: of its metrics it is enough to say what they are.

    passes::

        metrics: {kl: {keys: [kl], good: [0, 1]}, "len/*": {metrics: {mean: {help: Mean number of tokens}}}}

    fails::

        metrics: {kl: {keys: [kl]}, "len/*": {metrics: {mean: {}}}}
    """
    used = (
        _used(pack)
        | set(READ_BY_ENGINE)
        | set(pack.sentinels)
        | {metric for stage in pack.stages.values() for metric in stage.expect}
    )
    of_lines: dict[Position, list[Metric]] = {}
    for metric in pack.metrics.values():
        if metric.twin_of is None and _own(pack, metric):
            of_lines.setdefault(metric.at, []).append(metric)
    for at, metrics in of_lines.items():
        first, others = metrics[0], len(metrics) - 1
        if any(each.id in used or each.required or each.good is not None for each in metrics):
            continue
        if first.group and first.help:
            continue
        told = f"metric {first.id!r} is" if not others else f"metric {first.id!r} and {others} more of its line are"
        yield Problem(at, f"{told} used nowhere", "use it, give it 'good', or remove it")


def unused_twin(pack: Pack) -> Iterator[Problem]:
    """A twin that no metric has.

    passes::

        twins: {eval: {keys: ["eval_{key}"]}}
        metrics: {loss: {keys: [loss], twin: eval}}

    fails::

        twins: {eval: {keys: ["eval_{key}"]}}
        metrics: {loss: {keys: [loss]}}
    """
    used = {metric.twin for metric in pack.metrics.values()}
    for twin in pack.twins.values():
        if twin.id not in used and _own(pack, twin):
            yield Problem(
                twin.at, f"twin {twin.id!r} is used nowhere", f"give a metric 'twin: {twin.id}', or remove it"
            )


def unused_window(pack: Pack) -> Iterator[Problem]:
    """A window that no function is given.

    passes::

        windows: {trend: {last: 20 points}}
        rules: {high: {when: mean(loss, trend) > 2, …}}

    fails::

        windows: {trend: {last: 20 points}}
        rules: {high: {when: mean(loss, "20 points") > 2, …}}
    """
    used = _used(pack) | {gate.stuck.over for gate in pack.gates.values() if gate.stuck}
    for window in pack.windows.values():
        if window.id not in used and _own(pack, window):
            yield Problem(window.at, f"window {window.id!r} is used nowhere", "use it in a rule or remove it")


def unused_family(pack: Pack) -> Iterator[Problem]:
    """A family that no key names.

    passes::

        families: {layer: ["", _0, _1]}
        metrics: {loss_ce: {keys: ["loss_ce{layer}"]}}

    fails::

        families: {layer: ["", _0, _1]}
        metrics: {loss_ce: {keys: [loss_ce]}}
    """
    named = {family for metric in pack.metrics.values() for family in families_of(metric)}
    for family in pack.families.values():
        if family.id not in named and _own(pack, family):
            hint = f"write {{{family.id}}} in the keys of a metric, or remove it"
            yield Problem(family.at, f"family {family.id!r} is used nowhere", hint)


READ_BY_ENGINE = ("eval_improves", "learning_rate")
"""Metrics that mean something by their names: what sets findings aside, and what `lr_peak` is the largest of."""


def _own(pack: Pack, thing: Family | Metric | Param | Twin | Window) -> bool:
    return thing.at.file == pack.at.file


def _used(pack: Pack) -> set[str]:
    used = {node.id for expression in _expressions(pack) for node in expression.tree.walk() if isinstance(node, Name)}
    texts = [level.message for rule in pack.rules.values() for level in rule.levels]
    texts += [command.text for command in pack.commands.values()] + [action.text for action in pack.actions.values()]
    texts += [text for rule in pack.rules.values() for text in rule.advice.values()]
    texts += [text for invariant in pack.invariants.values() for text in invariant.advice.values()]
    return used | {placeholder.name for text in texts for placeholder in placeholders(text)}


def _expressions(pack: Pack) -> Iterator[Expression]:
    found: list[object] = [param.default for param in pack.params.values()]
    for metric in pack.metrics.values():
        found += [metric.expr, metric.where]
    for window in pack.windows.values():
        found += [window.last, window.min_points]
    for rule in pack.rules.values():
        found += [rule.since, rule.after, rule.while_]
        for level in rule.levels:
            found += [level.when, level.until, level.for_]
    for gate in pack.gates.values():
        found += [gate.while_, gate.passed, gate.max_age, gate.advisory]
        found += [gate.stuck.when, gate.stuck.quantile] if gate.stuck else []
        for requirement in gate.require.values():
            found += [requirement.value, requirement.near, requirement.advisory]
            found += [bound.limit for bound in requirement.bounds]
    for action in pack.actions.values():
        found += action.set.values()
    for variant in pack.variants.values():
        found += variant.set.values()
    for thing in found:
        if isinstance(thing, Duration):
            yield thing.amount
        elif isinstance(thing, Expression):
            yield thing
