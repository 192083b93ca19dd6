"""A condition, or a part of one, that no log can make true, or none false.

A share is never above 1, `x > 2 and x < 1` never holds, `x > 2 or x <= 2` always does, and a comparison of params
alone says nothing of a run: such a rule never fires, or always does. Nor does one fire on what is never known: a
division by zero, or a metric where it is not finite. `loss > highest(loss)` never holds either, because windows and
the best values so far count the present row: `prev(highest(loss))` is what came before it. Params count with their
defaults and with what each variant sets; what is the same by default alone is no fault, and neither is a switch
such as `is_strict and loss > 2`. `count(x, w) >= 10` over a window of 10 points is none either: it asks whether the
window is full.

A value that a variant sets is told where a condition never holds with it, or that of a rule always does; so is the
value of an inherited param, window or metric that a pack changes, for the conditions that it inherits. Whoever means to
switch the rule off says so with `disable`.

fails::

    windows: {ten: {last: 10 points}}
    rules:
      often:
        title: Loss is often high
        cause: unstable
        severity: warning
        when: share(loss > 2, ten) > 1
              ^^^^^^^^^^^^^^^^^^^^^^^^

fails::

    rules:
      high:
        title: Loss is high
        cause: diverging
        severity: warning
        when: loss > 2 and loss < 1
              ^^^^^^^^^^^^^^^^^^^^^

fails::

    rules:
      high:
        title: Loss is high
        cause: diverging
        severity: warning
        when: loss > 2 or loss <= 2
              ^^^^^^^^^^^^^^^^^^^^^

fails::

    rules:
      high:
        title: Loss is high or infinite
        cause: non_finite
        severity: warning
        when: nonfinite(loss) and loss > 2
              ^^^^^^^^^^^^^^^^^^^^^^^^^^^^

fails::

    rules:
      high:
        title: Loss is infinite
        cause: non_finite
        severity: warning
        when: loss > 1 / 0
                     ^^^^^

fails::

    gates:
      often:
        require:
          often_low: {value: 'share(loss < 2, "20 points")', at_least: 80}
                                                                       ^^

fails::

    rules:
      high:
        title: Loss is higher than ever
        cause: diverging
        severity: warning
        when: loss > highest(loss)
              ^^^^^^^^^^^^^^^^^^^^

fails::

    params: {low: {default: 1}, high: {default: 3}}
    variants: {late: {set: {low: 5}}}
                                 ^
    rules:
      between: {title: Loss is odd, cause: diverging, severity: warning, when: loss > low and loss < high}

passes::

    params: {low: {default: 1}, high: {default: 3}}
    variants: {late: {set: {low: 5}, disable: [between]}}
    rules:
      between: {title: Loss is odd, cause: diverging, severity: warning, when: loss > low and loss < high}

passes::

    rules:
      high:
        title: Loss is higher than ever
        cause: diverging
        severity: warning
        when: loss > prev(highest(loss))

passes::

    windows: {ten: {last: 10 points}}
    rules:
      often:
        title: Loss is often high
        cause: unstable
        severity: warning
        when: share(loss > 2, ten) > 0.5
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from functools import partial
from typing import TypeAlias

from ..expression import Expression
from ..pack import Pack
from ..pack_gates import Requirement
from ..tree import And, Call, Comparison, Name, Node, Or
from . import Remark
from ._changed import Blame, changes_of, once
from ._conditions import Condition, all_conditions, conditions_of, logics_of, remark
from ._logic import Logic
from ._names import is_own
from ._why import why, why_unknown

SEVERITY = "warning"


def check(pack: Pack) -> Iterator[Remark]:
    """Conditions that come out the same whatever the log says."""
    for condition in conditions_of(pack):
        expression = condition.expression
        if not _looks_at_rows(expression.tree, pack):
            hint = "name a metric or the clock; to switch a rule on and off, there is 'enabled'"
            yield remark(expression, expression.tree, f"{condition.what} names nothing that is logged", hint)
            continue
        logics = _logics(condition, pack)
        found = _constant(condition, expression.tree, logics)
        if found:
            yield from found
        elif not any(logic.can_hold((expression.tree, True), *condition.scope) for logic in logics):
            told = f"{condition.what} never holds" + ("" if _is_alone(condition, logics) else " where it is looked at")
            yield remark(expression, expression.tree, told, _why_never(condition, logics))
    yield from _of_requirements(pack)
    yield from _beside_inherited(pack)
    yield from once(_by_changes(pack))


def _beside_inherited(pack: Pack) -> Iterator[Remark]:
    """A `while` or `after` of the pack's own that rules out the inherited `when` of its rule."""
    for condition in all_conditions(pack):
        own = [each for each in condition.beside if each is not None and is_own(pack, each)]
        if not own or is_own(pack, condition.expression):
            continue
        logics = _logics(condition, pack)
        goals = ((condition.expression.tree, True), *condition.scope)
        if not _is_alone(condition, logics) and not any(logic.can_hold(*goals) for logic in logics):
            told = f"{condition.what}, which is inherited, never holds where it is looked at"
            yield remark(own[0], own[0].tree, told, "this rules it out")


def _is_alone(condition: Condition, logics: Sequence[Logic]) -> bool:
    """Whether a condition never holds by itself, and not only where it is looked at."""
    return not any(logic.can_hold((condition.expression.tree, True)) for logic in logics)


def _why_never(condition: Condition, logics: Sequence[Logic]) -> str:
    """Why a condition never holds of which each part may."""
    return "its parts rule each other out" if _is_alone(condition, logics) else "its 'while' or 'after' rules it out"


def _of_requirements(pack: Pack) -> Iterator[Remark]:
    """What is the same always in the values of requirements, and limits that no value reaches."""
    for gate in (each for each in pack.gates.values() if is_own(pack, each)):
        for requirement in gate.require.values():
            value = requirement.value
            condition = Condition(f"'value' of requirement {requirement.id!r}", value)
            logics = _logics(condition, pack)
            if found := _constant(condition, value.tree, logics):
                yield from found
                continue
            told = f"requirement {requirement.id!r} of gate {gate.id!r} is never met"
            bounds = _bounds(requirement, logics)
            missed = [each for each in bounds if not any(logic.can_hold((each[0], True)) for logic in logics)]
            for compared, limit in missed:
                yield remark(limit, limit.tree, told, why(compared, logics[0]))
            if not missed and all(_is_unmet(bounds, logic) for logic in logics):
                yield remark(bounds[-1][1], bounds[-1][1].tree, told, "no number keeps all of its limits")


_Bounds: TypeAlias = "Sequence[tuple[Comparison, Expression]]"
"""What a requirement asks for, as comparisons, each with its limit."""


def _bounds(requirement: Requirement, logics: Sequence[Logic]) -> _Bounds:
    """What a requirement asks for of what is logged."""
    bounds = [
        (Comparison(each.operator, requirement.value.tree, each.limit.tree), each.limit) for each in requirement.bounds
    ]
    return [(each, limit) for each, limit in bounds if not any(logic.is_switch(each) for logic in logics)]


def _is_unmet(bounds: _Bounds, logic: Logic) -> bool:
    return not logic.can_hold(*((each, True) for each, _ in bounds))


def _by_changes(pack: Pack) -> Iterator[Remark]:
    """Values of the pack's own, or of its variants, with which a condition never holds, or one of a rule always."""
    changes = changes_of(pack)
    for condition in all_conditions(pack) if changes.any else ():
        expression, rule = condition.expression, condition.rule
        held = _held_by(condition, pack)
        blame = changes.blamed((expression, *condition.beside), partial(_never, condition, held), rule=rule)
        if blame is not None:
            logics = [_freed(blame.logic, held)]
            parts = _constant(condition, expression.tree, logics)
            hint = parts[0].hint if parts else _why_never(condition, logics)
            yield _told_of(blame, f"{condition.what} never holds", hint, rule)
        elif condition.is_when and _looks_at_rows(expression.tree, pack):
            blame = changes.blamed((expression,), partial(_always, condition, held), rule=rule)
            if blame is not None:
                hint = why(expression.tree, _freed(blame.logic, held))
                yield _told_of(blame, f"{condition.what} always holds", hint, rule)
    for gate in pack.gates.values() if changes.any else ():
        for requirement in gate.require.values():
            bounds = _bounds(requirement, logics_of(pack))
            blame = changes.blamed((requirement.value, *(limit for _, limit in bounds)), partial(_is_unmet, bounds))
            if blame is not None:
                missed = [each for each, _ in bounds if not blame.logic.can_hold((each, True))]
                hint = why(missed[0], blame.logic) if missed else "no number keeps all of its limits"
                yield _told_of(blame, f"requirement {requirement.id!r} of gate {gate.id!r} is never met", hint)


def _never(condition: Condition, held: _Held, logic: Logic) -> bool:
    return not _freed(logic, held).can_hold((condition.expression.tree, True), *condition.scope)


def _always(condition: Condition, held: _Held, logic: Logic) -> bool:
    tree, logic = condition.expression.tree, _freed(logic, held)
    is_asked = not isinstance(tree, Comparison) or not _asks_whether_full(tree, logic)
    return is_asked and not logic.can_hold((tree, False))


def _told_of(blame: Blame, told: str, hint: str, rule: str = "") -> Remark:
    hint = f"{hint}; to switch the rule off, name it under 'disable'" if rule else hint
    return Remark(blame.at, f"with this, {told}{blame.where}", hint)


_Held: TypeAlias = "Mapping[str, None]"
"""The params that a condition holds against numbers itself, which may be whatever that allows."""


def _logics(condition: Condition, pack: Pack) -> list[Logic]:
    """What can be told of a condition in each setting."""
    held = _held_by(condition, pack)
    return [_freed(logic, held) for logic in logics_of(pack)]


def _held_by(condition: Condition, pack: Pack) -> _Held:
    trees = [condition.expression.tree, *(tree for tree, _ in condition.scope)]
    compared = [node for tree in trees for node in tree.walk() if isinstance(node, Comparison)]
    switches = filter(logics_of(pack)[0].is_switch, compared)
    return {name.id: None for switch in switches for name in switch.walk() if isinstance(name, Name)}


def _freed(logic: Logic, held: _Held) -> Logic:
    return Logic(logic.pack, {**logic.values, **held}, logic) if held else logic


def _constant(condition: Condition, node: Node, logics: Sequence[Logic]) -> list[Remark]:
    """The smallest parts of a condition that come out the same, or are never known.

    What `default` looks at may be unknown, which is what it is for, so that nothing is asked of it.
    """
    if isinstance(node, Call) and node.function == "default":
        return []
    found = [each for child in node.children() for each in _constant(condition, child, logics)]
    if found:
        return found
    if all(logic.ranges.of(node).is_empty for logic in logics):
        return [remark(condition.expression, node, "this is never known", why_unknown(node))]
    is_asked = isinstance(node, Comparison | And | Or) or (isinstance(node, Call) and node.function == "nonfinite")
    same = _same(condition, node, logics) if is_asked else None
    return [same] if same is not None else []


def _same(condition: Condition, node: Node, logics: Sequence[Logic]) -> Remark | None:
    if isinstance(node, Comparison) and all(logic.is_switch(node) for logic in logics):
        return None
    always = not any(logic.can_hold((node, False)) for logic in logics)
    if not always and any(logic.can_hold((node, True)) for logic in logics):
        return None
    if always and isinstance(node, Comparison) and any(_asks_whether_full(node, logic) for logic in logics):
        return None
    often = "always" if always else "never"
    is_whole = node == condition.expression.tree and isinstance(node, And | Or)
    told = f"{condition.what} {often} holds" if is_whole else f"this is {often} true"
    return remark(condition.expression, node, told, why(node, logics[0]))


def _asks_whether_full(node: Comparison, logic: Logic) -> bool:
    """Whether a count is asked for the very number with which its window begins to be known."""
    side = logic.side(node)
    if side is None or not (isinstance(side.term, Call) and side.term.function == "count"):
        return False
    return side.number == logic.ranges.of(side.term).low - (side.operator == ">")


def _looks_at_rows(tree: Node, pack: Pack) -> bool:
    return any(
        (isinstance(node, Name) and node.id not in pack.params and node.id not in pack.windows)
        or (isinstance(node, Call) and node.function == "nonfinite")
        for node in tree.walk()
    )
