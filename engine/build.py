"""The merged tree of a pack → the model. Each section has a function; what does not fit becomes a problem."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from itertools import pairwise
from typing import Any, TypeAlias, TypeVar

from .build_formats import format_of
from .build_gates import gate
from .build_keys import checkpoints, clock, family, label
from .build_rules import action, command, invariant, note, rule, stage
from .errors import Position
from .fields import Fields
from .invariants import as_rule
from .items import Item
from .literals import PARAM_TYPES, setting
from .merge import spelled_out
from .pack import (
    UNITS,
    Group,
    Invariant,
    Metric,
    Pack,
    Param,
    Stage,
    Twin,
    Variant,
    Window,
)
from .problems import Problems
from .record import Record

SCHEMA = 1

_T = TypeVar("_T")
_Builder = Callable[[str, Fields, Problems], _T]


Kept: TypeAlias = "dict[Any, Any]"
"""What was built of entries without fault, by their identity and their names, each with its entry."""


def build(tree: Item, problems: Problems, kept: Kept | None = None) -> Pack:
    """The pack that a merged tree spells; what cannot be understood is left out, and a problem."""
    top = Fields(tree, problems, "the pack")
    sections = _Sections(top, {} if kept is None else kept)
    if not top.has("schema"):
        problems.add(tree.at, "missing-key", "the pack lacks 'schema'", f"begin it with 'schema: {SCHEMA}'")
    elif top.whole("schema", SCHEMA) != SCHEMA:
        problems.add(
            top.place("schema"), "unknown-choice", "this version knows schema 1 only", f"write 'schema: {SCHEMA}'"
        )
    for key, hint in (("pack", "add 'pack: name'"), ("version", "add 'version: 1.0.0'"), ("title", "add 'title: …'")):
        if not top.has(key):
            problems.add(tree.at, "missing-key", f"the pack lacks '{key}'", hint)
    params = sections.of("params", "param", _param)
    rules, invariants = sections.of("rules", "rule", rule), _invariants(top, sections)
    for id in set(rules) & set(invariants):
        problems.add(invariants[id].at, "name-clash", f"invariant {id!r} is already a rule", "choose another name")
    return Pack(
        id=top.text("pack"),
        at=top.place("pack"),
        version=top.text("version"),
        title=top.text("title"),
        source=top.text("source"),
        help=top.text("help"),
        extends=top.optional_text("extends"),
        detect=top.texts("detect"),
        clock=clock(top),
        sentinels=top.texts("sentinels"),
        checkpoints=checkpoints(top),
        labels={name: label(name, item, problems) for name, item in top.mapping("labels").items()},
        families={name: family(name, item, problems) for name, item in top.mapping("families").items()},
        summary=top.texts("summary"),
        metrics=sections.of("metrics", "metric", _metric),
        groups=sections.of("groups", "group", _group),
        twins=sections.of("twins", "twin", _twin),
        params=params,
        variants=_variants(top, params),
        windows=sections.of("windows", "window", _window),
        rules={**{id: as_rule(each) for id, each in invariants.items()}, **rules} if invariants else rules,
        invariants=invariants,
        stages=_stages(top, sections),
        gates=sections.of("gates", "gate", gate),
        actions=sections.of("actions", "action", action),
        commands=sections.of("commands", "command", command),
        notes=sections.of("notes", "note", note),
        formats=sections.of("formats", "format", format_of),
        tree=tree,
    )


def _invariants(top: Fields, sections: _Sections) -> dict[str, Invariant]:
    found = {id: each for id, each in sections.of("invariants", "invariant", invariant).items() if each is not None}
    usual = ("check_logging",) if "check_logging" in top.mapping("actions") else ()
    given = {id: Fields(item, Problems(), "").has("actions") for id, item in top.mapping("invariants").items()}
    return {id: each if given[id] else each._replace(actions=usual) for id, each in found.items()}


def _stages(top: Fields, sections: _Sections) -> dict[str, Stage]:
    stages = sections.of("stages", "stage", stage)
    items = top.mapping("stages")
    for each in list(stages.values())[:-1]:
        fields = items[each.id].value
        if each.to is None and each.share is None and isinstance(fields, dict) and "to" not in fields:
            top.problems.add(
                each.at, "missing-key", f"stage {each.id!r} has no end", "only the last stage may leave 'to' out"
            )
    for former, latter in pairwise(stages.values()):
        if former.unit == latter.unit:
            _in_order(former, latter, "to", latter.unit, top)
        _in_order(former, latter, "share", "of the run", top)
    return stages


def _in_order(former: Stage, latter: Stage, key: str, unit: str, top: Fields) -> None:
    first, second = getattr(former, key), getattr(latter, key)
    if first is not None and second is not None and second <= first:
        message = f"stage {latter.id!r} ends at {second:g} {unit}, not after {former.id!r} at {first:g}"
        at = top.items["stages"].find([latter.id, key]).at
        top.problems.add(at, "wrong-order", message, "list the stages in order")


class _Sections(Record):
    """The sections of named things in a pack; `kept` has what of them was built before."""

    top: Fields
    kept: Kept

    def of(self, key: str, noun: str, builder: _Builder[_T]) -> dict[str, _T]:
        result: dict[str, _T] = {}
        lines: set[Position] = set()
        for name, item in self.top.mapping(key).items():
            # What one line stands for several times (a brace list, a twin) has its problems told once.
            problems = self.top.problems if item.key_at not in lines else Problems()
            lines.add(item.key_at)
            known = self.kept.get((id(item), key, name))
            if known is not None:
                result[name] = known[1]
                continue
            before = len(problems.found)
            result[name] = builder(name, Fields(spelled_out(item, key), problems, f"{noun} {name!r}"), problems)
            if len(problems.found) == before:  # kept with the entry, so that no other one gets its identity
                self.kept[id(item), key, name] = (item, result[name])
        return result


def _metric(name: str, fields: Fields, problems: Problems) -> Metric:
    keys, expr = fields.texts("keys"), fields.expression("expr")
    if fields.has("keys") and fields.has("expr"):
        later = max((fields.items[key].key_at for key in ("keys", "expr")), key=tuple)
        problems.add(later, "contradiction", f"metric {name!r} has both 'keys' and 'expr'", "keep one of them")
    elif not keys and not fields.has("expr") and not problems.knows(fields.place("keys")):
        problems.add(
            fields.at, "missing-key", f"metric {name!r} has neither 'keys' nor 'expr'", "name the keys that log it"
        )
    return Metric(
        id=name,
        at=fields.at,
        keys=keys,
        expr=expr,
        where=fields.expression("where"),
        role=fields.choice("role", ("train", "eval"), "train"),
        type=fields.choice("type", ("number", "text"), "number"),
        by=fields.one_or_more("by"),
        better=fields.choice("better", ("higher", "lower"), "") or None,
        unit=fields.optional_text("unit"),
        required=fields.flag("required"),
        good=fields.band("good"),
        in_loss=fields.flag("in_loss") if fields.has("in_loss") else None,
        help=fields.text("help"),
        source=fields.text("source"),
        twin=fields.optional_text("twin"),
        twin_of=fields.optional_text("twin_of"),
        group=fields.optional_text("group"),
    )


def _twin(name: str, fields: Fields, problems: Problems) -> Twin:
    if not fields.has("keys"):
        fields.missing("keys", 'say how its keys are formed, as in "eval_{key}"')
    return Twin(
        id=name,
        at=fields.at,
        keys=fields.texts("keys"),
        name=fields.optional_text("name"),
        role=fields.choice("role", ("train", "eval"), "eval"),
        where=fields.expression("where"),
        by=fields.one_or_more("by"),
        help=fields.text("help"),
    )


def _group(name: str, fields: Fields, problems: Problems) -> Group:
    return Group(
        id=name,
        at=fields.at,
        prefix=fields.texts("prefix"),
        where=fields.expression("where"),
        by=fields.one_or_more("by"),
        twin=fields.optional_text("twin"),
        help=fields.text("help"),
        source=fields.text("source"),
    )


def _param(name: str, fields: Fields, problems: Problems) -> Param:
    item = fields.items.get("default")
    if item is None:
        fields.missing("default", "give a value, or null for one that must be set")
    guess = "boolean" if item is not None and isinstance(item.value, bool) else "number"
    if item is not None and isinstance(item.value, str) and fields.has("type"):
        guess = "text"  # of a type that is none, the value is taken as it reads
    type_ = fields.choice("type", PARAM_TYPES, guess)
    low, high = fields.number("min"), fields.number("max")
    if low is not None and high is not None and low > high:
        problems.add(fields.place("max"), "bad-range", f"'max' {high:g} is below 'min' {low:g}", "swap them")
    if type_ in ("boolean", "text") and (low is not None or high is not None):
        problems.add(
            fields.at, "contradiction", f"param {name!r} is a {type_} and has bounds", "remove 'min' and 'max'"
        )
    unit = fields.optional_text("unit")
    unit = f"{unit}s" if f"{unit}s" in UNITS else unit
    default = setting(item, name, type_, problems, unit=unit) if item is not None else None
    return Param(
        id=name,
        at=fields.at,
        default=default,
        type=type_,
        unit=unit,
        min=low,
        max=high,
        help=fields.text("help"),
        source=fields.text("source"),
    )


def _variants(top: Fields, params: Mapping[str, Param]) -> dict[str, Variant]:
    result = {}
    for name, item in top.mapping("variants").items():
        fields = Fields(item, top.problems, f"variant {name!r}")
        values = {
            param: setting(value, param, params[param].type, top.problems, unit=params[param].unit)
            for param, value in fields.mapping("set").items()
            if param in params
        }
        disable, advise = fields.reasons("disable"), fields.reasons("advise")
        result[name] = Variant(name, fields.at, values, disable, advise, fields.text("help"), fields.text("source"))
    return result


def _window(name: str, fields: Fields, problems: Problems) -> Window:
    smallest = fields.duration("min")
    if smallest is not None and smallest.unit != "points":
        problems.add(
            fields.place("min"),
            "bad-length",
            f"'min' is a number of points, not of {smallest.unit}",
            "write '3 points'",
        )
        smallest = None
    points = smallest.amount if smallest is not None else None
    help = fields.text("help")
    if not fields.has("last"):
        fields.missing("last", "give its length, such as 'last: 30 steps' or 'last: all'")
        return Window(name, fields.at, None, points, help)
    if fields.items["last"].value == "all":
        return Window(name, fields.at, None, points, help)
    last = fields.duration("last")
    if last is not None and last.unit != "points" and not fields.has("min"):
        hint = f"a window in {last.unit} needs to know how many points it takes, such as 'min: 3 points'"
        fields.missing("min", hint)
    return Window(name, fields.at, last, points, help)
