"""The gates of a pack, each from its fields."""

from __future__ import annotations

from itertools import combinations, product

from .build_rules import advice
from .fields import Fields, expression, kind
from .pack_gates import NOT_TAKEN, OUT_OF_REACH, Bound, Gate, Requirement, Standstill, Stuck
from .problems import Problems
from .tree import Number

OPERATORS = {"at_least": ">=", "at_most": "<=", "above": ">", "below": "<"}
"""What a requirement may ask of its value, besides `between`, and how reports write it."""

BOUNDS = (*OPERATORS, "between")


def gate(name: str, fields: Fields, problems: Problems) -> Gate:
    """A gate with its requirements."""
    require = {}
    for id, item in fields.mapping("require").items():
        one = _requirement(id, Fields(item, problems, f"requirement {id!r} of gate {name!r}"), problems)
        if one is not None:
            require[id] = one
    if not fields.has("require") or fields.items["require"].value == {}:
        fields.missing("require", "name what must hold, as in 'require: {enough: {value: step, at_least: 100}}'")
    return Gate(
        id=name,
        at=fields.at,
        title=fields.text("title"),
        while_=fields.expression("while"),
        passed=fields.expression("passed"),
        max_age=fields.duration("max_age"),
        require=require,
        on_passed=fields.texts("on_passed"),
        on_blocked=fields.texts("on_blocked"),
        stuck=_stuck(name, fields, problems),
        advisory=fields.expression("advisory"),
        why=fields.text("why"),
        source=fields.text("source"),
    )


def _requirement(name: str, fields: Fields, problems: Problems) -> Requirement | None:
    if not isinstance(fields.item.value, dict):
        return None
    value = fields.expression("value")
    if not fields.has("value"):
        fields.missing("value", "give the expression that is held against the target")
    if not any(fields.has(key) for key in BOUNDS):
        fields.missing("at_least", f"say what it must keep: one or more of {', '.join(BOUNDS)}")
    bounds = [
        Bound(operator, fields.place(key), limit)
        for key, operator in OPERATORS.items()
        if (limit := fields.expression(key)) is not None
    ]
    between = _between(fields, problems)
    for one, other in (*combinations(bounds, 2), *product(bounds, between)):
        _compatible(one, other, problems)
    bounds += between
    if value is None:
        return None
    return Requirement(
        id=name,
        at=fields.at,
        value=value,
        bounds=tuple(bounds),
        near=fields.from_zero("near", "how far a near miss may be off, such as 0.05"),
        advisory=fields.expression("advisory"),
        setting=fields.text("setting"),
        title=fields.text("title"),
        why=fields.text("why"),
        source=fields.text("source"),
    )


def _compatible(one: Bound, other: Bound, problems: Problems) -> None:
    """Tell two bounds that leave no number between them, as far as both are numbers."""
    low, high = (one, other) if one.operator in (">", ">=") else (other, one)
    least, most = low.limit.tree, high.limit.tree
    if low.operator not in (">", ">=") or high.operator not in ("<", "<="):
        return
    if not isinstance(least, Number) or not isinstance(most, Number):
        return
    if least.value > most.value or (least.value == most.value and (low.operator, high.operator) != (">=", "<=")):
        names = {operator: key.replace("_", " ") for key, operator in OPERATORS.items()}
        message = f"no number is {names[low.operator]} {least.value:g} and {names[high.operator]} {most.value:g}"
        problems.add(max(one.at, other.at), "bad-range", message, "swap them, or keep one")


def _between(fields: Fields, problems: Problems) -> list[Bound]:
    if not fields.has("between"):
        return []
    ends = fields.list("between")
    if len(ends) != 2:
        if isinstance(fields.items["between"].value, list):
            hint = "for one bound there are at_least, at_most, above and below"
            problems.add(fields.place("between"), "bad-range", f"'between' needs two bounds, not {len(ends)}", hint)
        return []
    sides = zip((">=", "<="), ends, strict=True)
    limits = [(operator, end, expression(end, "between", problems)) for operator, end in sides]
    low, high = (limit.tree if limit else None for _, _, limit in limits)
    if isinstance(low, Number) and isinstance(high, Number) and low.value > high.value:
        message = f"'between' is upside down: {low.value:g} is above {high.value:g}"
        problems.add(fields.place("between"), "bad-range", message, "write [low, high]")
    return [Bound(operator, end.at, limit) for operator, end, limit in limits if limit is not None]


def _stuck(gate: str, fields: Fields, problems: Problems) -> Stuck | None:
    if not fields.has("stuck"):
        return None
    stuck = Fields(fields.items["stuck"], problems, f"'stuck' of gate {gate!r}")
    if not isinstance(stuck.item.value, dict):
        return None
    if not stuck.has("when"):
        stuck.missing("when", "say from when on the gate should have opened, as in 'steps_in_phase >= min_steps * 2'")
    if not stuck.has("over"):
        stuck.missing("over", "name the window whose values a threshold is suggested from")
    if not stuck.has("actions"):
        stuck.missing("actions", "name what to do then, as in 'actions: [lower_thresholds]'")
    share = stuck.expression("quantile")
    if share is not None and isinstance(share.tree, Number) and not 0 < share.tree.value < 0.5:
        message = f"'quantile' must lie between 0 and 0.5, not be {share.tree.value:g}"
        problems.add(stuck.place("quantile"), "out-of-range", message, "0.1 suggests what nine values in ten reach")
    elif stuck.has("quantile") and share is None and not problems.knows(stuck.place("quantile")):
        message = f"'quantile' must be a share, not {kind(stuck.items['quantile'])}"
        problems.add(stuck.place("quantile"), "wrong-type", message, "such as 0.1, or the name of a param")
    return Stuck(
        stuck.at,
        stuck.expression("when"),
        stuck.text("over"),
        share,
        stuck.texts("actions"),
        stuck.text("why"),
        _standstill(OUT_OF_REACH, gate, stuck, problems),
        _standstill(NOT_TAKEN, gate, stuck, problems),
    )


def _standstill(name: str, gate: str, stuck: Fields, problems: Problems) -> Standstill | None:
    if not stuck.has(name):
        return None
    fields = Fields(stuck.items[name], problems, f"{name!r} of gate {gate!r}")
    if not isinstance(fields.item.value, dict):
        return None
    if not fields.has("actions"):
        fields.missing("actions", "name what to do then, as in 'actions: [check_config]'")
    unless, told = fields.expression("unless"), advice(fields, problems)
    return Standstill(fields.at, fields.texts("actions"), unless, told, fields.text("why"))
