"""The merged tree of a pack → the model. Each section has a function; what does not fit becomes a problem."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping
from itertools import pairwise
from typing import TypeVar

from .build_formats import format_of
from .build_gates import gate
from .build_rules import action, command, invariant, note, rule, stage
from .checkpoints import MAX_PATTERN, step_pattern_problem
from .errors import Position, Problem
from .fields import Fields, Problems, kind
from .invariants import as_rule
from .items import Item
from .literals import PARAM_TYPES, setting
from .merge import spelled_out
from .pack import (
    UNITS,
    Checkpoints,
    Clock,
    Family,
    Group,
    Invariant,
    KeyPattern,
    Metric,
    Pack,
    Param,
    Stage,
    Twin,
    Variant,
    Window,
)
from .patterns import foreign, parsed
from .series import called

SCHEMA = 1
_RE2 = "a sign that means itself is written with a backslash, as in \\("
_OF_STEP = "put the number in parentheses and use nothing that RE2 lacks, as in 'checkpoint-([0-9]+)$'"

_T = TypeVar("_T")
_Builder = Callable[[str, Fields, Problems], _T]


def build(tree: Item, problems: Problems) -> Pack:
    """The pack that a merged tree spells; what cannot be understood is left out, and a problem."""
    top = Fields(tree, problems, "the pack")
    if not top.has("schema"):
        problems.add(tree.at, "missing-key", "the pack lacks 'schema'", f"begin it with 'schema: {SCHEMA}'")
    elif top.whole("schema", SCHEMA) != SCHEMA:
        problems.add(
            top.place("schema"), "unknown-choice", "this version knows schema 1 only", f"write 'schema: {SCHEMA}'"
        )
    for key, hint in (("pack", "add 'pack: name'"), ("version", "add 'version: 1.0.0'"), ("title", "add 'title: …'")):
        if not top.has(key):
            problems.add(tree.at, "missing-key", f"the pack lacks '{key}'", hint)
    params = _section(top, "params", "param", _param)
    rules, invariants = _section(top, "rules", "rule", rule), _invariants(top)
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
        clock=_clock(top),
        sentinels=top.texts("sentinels"),
        checkpoints=_checkpoints(top),
        labels={name: _label(name, item, problems) for name, item in top.mapping("labels").items()},
        families={name: _family(name, item, problems) for name, item in top.mapping("families").items()},
        summary=top.texts("summary"),
        metrics=_section(top, "metrics", "metric", _metric),
        groups=_section(top, "groups", "group", _group),
        twins=_section(top, "twins", "twin", _twin),
        params=params,
        variants=_variants(top, params),
        windows=_section(top, "windows", "window", _window),
        rules={**{id: as_rule(each) for id, each in invariants.items()}, **rules} if invariants else rules,
        invariants=invariants,
        stages=_stages(top),
        gates=_section(top, "gates", "gate", gate),
        actions=_section(top, "actions", "action", action),
        commands=_section(top, "commands", "command", command),
        notes=_section(top, "notes", "note", note),
        formats=_section(top, "formats", "format", format_of),
        tree=tree,
    )


def _invariants(top: Fields) -> dict[str, Invariant]:
    found = {id: each for id, each in _section(top, "invariants", "invariant", invariant).items() if each is not None}
    usual = ("check_logging",) if "check_logging" in top.mapping("actions") else ()
    given = {id: Fields(item, Problems(), "").has("actions") for id, item in top.mapping("invariants").items()}
    return {id: each if given[id] else each._replace(actions=usual) for id, each in found.items()}


def _stages(top: Fields) -> dict[str, Stage]:
    stages = _section(top, "stages", "stage", stage)
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


def _section(top: Fields, key: str, noun: str, builder: _Builder[_T]) -> dict[str, _T]:
    result = {}
    lines: set[Position] = set()
    for name, item in top.mapping(key).items():
        # What one line stands for several times (a brace list, a twin) has its problems told once.
        problems = top.problems if item.key_at not in lines else Problems()
        lines.add(item.key_at)
        result[name] = builder(name, Fields(spelled_out(item, key), problems, f"{noun} {name!r}"), problems)
    return result


def _label(name: str, item: Item, problems: Problems) -> tuple[str, ...]:
    whole = Item({name: item}, item.file, item.line, item.column)
    return Fields(whole, problems, "labels").texts(name)


def _family(name: str, item: Item, problems: Problems) -> Family:
    """A family of keys, its members given as {name: text} or as a list of texts."""
    if isinstance(item.value, dict):
        entries = [(member, text) for member, text in item.value.items()]
    elif isinstance(item.value, list):
        entries = [(called(str(text.value)), text) for text in item.value]
    else:
        entries = []
    found: dict[str, str] = {}
    for member, text in entries:
        if not isinstance(text.value, str):
            problems.add(
                text.at,
                "wrong-type",
                f"a member of family {name!r} must be a text, not {kind(text)}",
                "put it in quotes",
            )
        elif member in found:
            hint = "name them, as in {first: _0, second: '0'}"
            problems.add(text.at, "name-clash", f"two members of family {name!r} are called {member!r}", hint)
        else:
            found[member] = text.value
    if not entries:
        problems.add(
            item.at, "empty-value", f"family {name!r} has no members", "list their texts, such as ['', _0, _1]"
        )
    return Family(name, item.key_at, found)


def _clock(top: Fields) -> Clock:
    if not top.has("clock"):
        return Clock()
    clock = Fields(top.items["clock"], top.problems, "the clock")

    def keys(part: str) -> tuple[KeyPattern, ...]:
        return tuple(found for item in clock.list(part) if (found := _key_pattern(item, part, top.problems)))

    return Clock(keys("step"), keys("total"), keys("epoch"), keys("time"))


def _key_pattern(item: Item, part: str, problems: Problems) -> KeyPattern | None:
    if isinstance(item.value, str):
        return KeyPattern(item.value)
    if not isinstance(item.value, dict):
        problems.add(
            item.at, "wrong-type", f"'{part}' must list keys or {{key, pattern}}, not {kind(item)}", "as in [step]"
        )
        return None
    fields = Fields(item, problems, f"an entry of '{part}'")
    if not fields.has("key"):
        fields.missing("key", "name the key of the log")
        return None
    pattern = fields.optional_text("pattern")
    if pattern is not None:
        problems.extend(list(_pattern_problems(fields.items["pattern"], pattern)))
    return KeyPattern(fields.text("key"), pattern)


def _pattern_problems(item: Item, pattern: str) -> Iterator[Problem]:
    try:
        groups = parsed(pattern).groups
    except (re.error, OverflowError, RecursionError) as error:
        yield Problem(item.at, "bad-pattern", f"pattern {pattern!r} is no regular expression: {error}", _RE2)
        return
    if groups != 1:
        hint = "put the value in parentheses, as in '^(\\d+)/'; (?:…) groups without capturing"
        yield Problem(item.at, "bad-pattern", f"pattern {pattern!r} has {groups or 'no'} groups, it needs one", hint)
    elif found := foreign(pattern):
        message = f"pattern {pattern[:40]!r} is not in the syntax of RE2, which has no {found}"
        yield Problem(item.at, "bad-pattern", message, "write it without")
    elif len(pattern) > MAX_PATTERN:
        message = f"pattern {pattern[:40]!r} is longer than {MAX_PATTERN} characters"
        yield Problem(item.at, "bad-pattern", message, "shorten it")


def _checkpoints(top: Fields) -> Checkpoints:
    if not top.has("checkpoints"):
        return Checkpoints()
    fields = Fields(top.items["checkpoints"], top.problems, "checkpoints")
    for item in (*fields.entries("glob"), *fields.entries("best_glob")):
        name = str(item.value)
        if not name or "/" in name or "\\" in name or ".." in name or "\0" in name:
            hint = "checkpoints are looked for beside the log and in checkpoints/"
            top.problems.add(item.at, "bad-glob", f"glob {name!r} must be a name without folders", hint)
    step = fields.optional_text("step")
    fault = step_pattern_problem(step) if step is not None else None
    if step is not None and fault is None and (strange := foreign(step)):
        fault = f"patterns know no {strange}"
    if fault:
        top.problems.add(fields.place("step"), "bad-pattern", f"'step' cannot be used: {fault}", _OF_STEP)
    return Checkpoints(fields.texts("glob"), step, fields.texts("best"), fields.texts("best_glob"))


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
