"""Holds every expression of a pack against the pack's own scope, and collects what does not fit."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from .bulk import bulky
from .check import CLOCK, INTERVAL, RUN_SCALARS, Scope, check, type_of
from .circles import ordered
from .errors import Position, Problem
from .expression import Expression
from .pack import Duration, Invariant, Pack
from .tree import Name


def pack_scope(pack: Pack) -> Scope:
    """What the expressions of a pack's rules, metrics and stages may name."""
    params = {param.id: _SCALAR_TYPES.get(param.type, "number") for param in pack.params.values()}
    types = {metric.id: metric.type for metric in pack.metrics.values() if metric.expr is None}
    windows = frozenset(pack.windows)
    for _ in range(len(pack.metrics)):
        scope = Scope(types, params, CLOCK, windows)
        derived = {m.id: type_of(m.expr, scope) for m in pack.metrics.values() if m.expr is not None}
        if all(types.get(id) == kind for id, kind in derived.items()):
            break
        types = {**types, **derived}
    better = frozenset(metric.id for metric in pack.metrics.values() if metric.better)
    keys = {key: metric.id for metric in [*pack.metrics.values()][::-1] for key in metric.keys}
    hollow = frozenset(metric.id for metric in pack.metrics.values() if not metric.keys and metric.expr is None)
    return Scope(types, params, CLOCK, windows, better, keys=keys, hollow=hollow)


_SCALAR_TYPES = {"number": "number", "integer": "number", "boolean": "condition", "text": "text"}


def check_pack(pack: Pack) -> list[Problem]:
    """Every problem of every expression of a pack: unknown names, wrong types, cycles of metrics, clashes of names."""
    scope = pack_scope(pack)
    scalars = Scope(params={**scope.params, **dict.fromkeys(RUN_SCALARS, "number")}, windows=frozenset(), rows=False)
    rows = {*_rows(pack, scope), *_gates(pack, scope)}
    clashes = set(_clashes(pack))
    found = {*_cycles(pack), *bulky(pack), *rows, *_scalars(pack, scope, scalars)}
    if clashes:
        # A name that is taken changes what inherited expressions mean, which are not at fault.
        found = {problem for problem in found if problem.at.file == pack.at.file}
    return sorted(clashes | found)


def _rows(pack: Pack, scope: Scope) -> Iterator[Problem]:
    for metric in pack.metrics.values():
        if metric.expr:
            yield from check(metric.expr, scope, "value")
        if metric.where:
            yield from check(metric.where, scope, "condition")
    for invariant in pack.invariants.values():
        yield from _invariant(invariant, scope)
    for rule in pack.rules.values():
        for condition in (rule.since, rule.while_):
            if condition:
                yield from check(condition, scope, "condition")
        for level in rule.levels if rule.id not in pack.invariants else ():
            for condition in (level.when, level.until):
                if condition:
                    yield from check(condition, scope, "condition")


def _invariant(invariant: Invariant, scope: Scope) -> Iterator[Problem]:
    holds = invariant.holds
    found = check(holds, scope, "condition")
    yield from found
    sides = holds.tree.children() if not found else ()
    for side in sides:
        if (got := type_of(Expression(holds.text, holds.at, side), scope)) != "number":
            message = f"an invariant compares numbers, and this is a {got}"
            hint = "write two numbers with a comparison between them, as in 'loss_sum == loss_a + loss_b'"
            yield Problem(holds.position(side), "type-mismatch", message, hint, holds.reach(side))
            return


def _gates(pack: Pack, scope: Scope) -> Iterator[Problem]:
    for gate in pack.gates.values():
        for condition in (gate.while_, gate.passed, *(gate.stuck.conditions if gate.stuck else ())):
            if condition:
                yield from check(condition, scope, "condition")
        for requirement in gate.require.values():
            yield from check(requirement.value, scope, "number")
        if gate.id in pack.rules:
            yield Problem(
                gate.at,
                "name-clash",
                f"gate {gate.id!r} has the name of a rule",
                "reports name both; choose another name",
            )


def _scalars(pack: Pack, scope: Scope, scalars: Scope) -> Iterator[Problem]:
    params = Scope(params=scope.params, rows=False)
    for param in pack.params.values():
        if isinstance(param.default, Expression):
            yield from check(param.default, params, scope.params[param.id])
    lengths: list[Duration | None] = [window.last for window in pack.windows.values()]
    lengths += [level.for_ for rule in pack.rules.values() for level in rule.levels]
    amounts = [length.amount for length in lengths if length]
    amounts += [window.min_points for window in pack.windows.values() if window.min_points]
    amounts += [rule.after for rule in pack.rules.values() if rule.after]
    lengths_scope = params._replace(params={**params.params, INTERVAL: "number"})
    for amount in amounts:
        yield from check(amount, lengths_scope, "number")
    for invariant in pack.invariants.values():
        yield from check(invariant.rel, params, "number")
        yield from check(invariant.abs, params, "number")
    for action in pack.actions.values():
        for value in action.set.values():
            yield from check(value, scalars, "number")
    for gate in pack.gates.values():
        for requirement in gate.require.values():
            limits = [bound.limit for bound in requirement.bounds]
            for limit in (*limits, requirement.near):
                if limit:
                    yield from check(limit, params, "number")
            if requirement.advisory:
                yield from check(requirement.advisory, params, "condition")
        if gate.advisory:
            yield from check(gate.advisory, params, "condition")
        if gate.max_age:
            yield from check(gate.max_age.amount, lengths_scope, "number")
        if gate.stuck and gate.stuck.quantile:
            yield from check(gate.stuck.quantile, params, "number")


def _clashes(pack: Pack) -> Iterator[Problem]:
    taken: dict[str, tuple[str, Position]] = dict.fromkeys(CLOCK, ("part of the clock", Position("")))
    for kind, things in (("metric", pack.metrics), ("param", pack.params), ("window", pack.windows)):
        for thing in things.values():
            if thing.id in taken:
                one, (other, at), place = kind, taken[thing.id], thing.at
                if at.file == pack.at.file != place.file:  # of an inherited name and one of its own, that is to go
                    one, other, place, at = other, one, at, place
                told = f"{one} {thing.id!r} is already a {other}"
                inherited = f"; the {other} is inherited, from {at.file}" if at.file not in ("", place.file) else ""
                yield Problem(place, "name-clash", told, f"choose another name{inherited}")
            elif thing.id in ("true", "false", "default") and kind != "window":
                yield Problem(
                    thing.at, "reserved-name", f"{thing.id!r} has a meaning of its own", "choose another name"
                )
            taken.setdefault(thing.id, (kind, thing.at))


def _cycles(pack: Pack) -> Iterator[Problem]:
    needs = {
        metric.id: [
            (node, source)
            for source in (metric.expr, metric.where)
            if source
            for node in source.tree.walk()
            if isinstance(node, Name) and node.id in pack.metrics
        ]
        for metric in pack.metrics.values()
    }
    names = {id: {node.id for node, _ in named} for id, named in needs.items()}
    if ordered(names) is not None:
        return
    behind = {id: _reached(id, names) for id in needs}
    for metric in pack.metrics.values():
        if metric.id in behind[metric.id]:
            back = [each for each in needs[metric.id] if metric.id in {each[0].id, *behind[each[0].id]}]
            node, source = back[0]
            message = f"metric {metric.id!r} is defined by itself"
            if metric.group and metric.where:
                yield Problem(metric.at, "circular-definition", message, "give it 'where: null'")
            else:
                at, width = source.position(node), source.reach(node)
                yield Problem(at, "circular-definition", message, "break the circle", width)


def _reached(start: str, needs: Mapping[str, set[str]]) -> set[str]:
    """What a metric needs, what that needs, and so on."""
    seen: set[str] = set()
    front = set(needs[start])
    while front:
        seen |= front
        front = {name for known in front for name in needs[known]} - seen
    return seen
