"""Where settings for one run may come from: each source read into a layer, not yet held against a pack."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path

from .errors import PackError, Position, Problem, did_you_mean
from .fields import kind
from .found import shown
from .items import Item
from .literals import is_given
from .pack import EMPTY, SEVERITIES, Pack, Scalar
from .problems import Problems
from .record import Record
from .settings import FILE, OPTION, VALUES, End
from .suppress import end_of
from .yamlscalars import scalar

KEYS = ("pack", "params", "severities", "disable", "enable")
"""What an override file may hold; `schemas/overrides.schema.json` describes it for editors."""

ENTRY = ("severity", "reason", "until")
"""What may be said of a rule under `disable` (but for `severity`) and `severities`."""

_CLI = "--set"


class Asked(Record):
    """What a source asks for a rule: the value with its place, why, and until when."""

    item: Item
    value: bool | str
    reason: str = ""
    until: End | None = None


class Layer(Record):
    """What one source sets, in the order in which it says so; `origin` is how reports name it.

    `texts` are the values of params as they were typed, for params that are texts.
    """

    origin: str
    kind: str = FILE
    params: Mapping[str, Item] = EMPTY
    severities: Mapping[str, Asked] = EMPTY
    enabled: Mapping[str, Asked] = EMPTY
    texts: Mapping[str, str] = EMPTY
    pack: Item | None = None  # the pack that it is for, if it says so


def from_file(path: Path, pack: Pack, problems: Problems, *, name: str | None = None) -> Layer:
    """The layer of an override file, called `name` in the places of problems (by default its path)."""
    from .yamlio import compose_file

    origin = shown(str(path))
    try:
        document = compose_file(path, path.as_posix() if name is None else name)
    except PackError as error:
        problems.extend(error.problems)
        return Layer(origin)
    problems.extend(document.problems)
    return from_item(document.root, origin, FILE, pack, problems)


def from_settings(settings: Sequence[str], problems: Problems) -> Layer:
    """The layer of `--set` options: `param=value`, `rule.severity=warning`, `rule.enabled=false`."""
    params: dict[str, Item] = {}
    severities: dict[str, Asked] = {}
    enabled: dict[str, Asked] = {}
    texts: dict[str, str] = {}
    for setting in settings:
        name, equals, text = (part.strip() for part in setting.partition("="))
        name, _, aspect = name.partition(".")
        at = Position(_CLI)
        if not equals or not name or not text:
            problems.add(at, "bad-setting", f"{setting!r} is no setting", "write --set name=value")
            continue
        try:
            item = Item(scalar(text), _CLI, 0, 0)
        except ValueError:
            problems.add(at, "out-of-range", f"the value of {name!r} has too many digits", "write a shorter number")
            continue
        if aspect == "severity":
            if problem := severity_problem(name, item):
                problems.extend([problem])
            else:
                severities[name] = Asked(item, text)
        elif aspect == "enabled" and isinstance(item.value, bool):
            enabled[name] = Asked(item, item.value)
        elif aspect == "enabled":
            problems.add(
                at,
                "wrong-type",
                f"'{name}.enabled' must be true or false, not {kind(item)}",
                f"write {form_of(name, text if _switch(text) else 'off')}",
            )
        elif aspect and name in ("params", "rules"):
            told = f"{setting!r} is no setting: {name} go by their names alone"
            hint = f"{aspect}={text}" if name == "params" else form_of(aspect.partition(".")[0], text)
            problems.add(at, "bad-setting", told, f"write {hint}")
        elif aspect:
            problems.add(at, "bad-setting", f"rule {name!r} has no setting {aspect!r}", f"write {form_of(name, text)}")
        else:
            params[name] = item
            texts[name] = text
    return Layer(_CLI, OPTION, params, severities, enabled, texts)


def form_of(rule: str, text: str) -> str:
    """The setting of a rule that a value is meant for; both where it fits neither."""
    if text in SEVERITIES:
        return f"{rule}.severity={text}"
    return f"{rule}.enabled={switch}" if (switch := _switch(text)) else f"{rule}.severity=… or {rule}.enabled=…"


def _switch(text: str) -> str:
    """What a word for on or off is in a setting, empty for any other."""
    word = text.lower()
    return "true" if word in ("true", "on", "yes") else "false" if word in ("false", "off", "no") else ""


def from_values(values: Mapping[str, Scalar]) -> Layer:
    """The layer of values given by a program."""
    return Layer("values", VALUES, {name: Item(value, "values", 0, 0) for name, value in values.items()})


def from_item(
    root: Item, origin: str, source: str, pack: Pack | None, problems: Problems, more: tuple[str, ...] = ()
) -> Layer:
    """The layer that the tree of an override file spells, for `pack`; the keys `more` are read elsewhere."""
    if root.value is None:
        return Layer(origin, source)
    if not isinstance(root.value, dict):
        problems.add(
            root.at, "wrong-type", f"overrides must be a mapping, not {kind(root)}", f"with the keys {', '.join(KEYS)}"
        )
        return Layer(origin, source)
    for key, item in root.value.items():
        if key not in KEYS:
            known = (*KEYS, *more)
            hint = did_you_mean(key, known) or f"known here: {', '.join(known)}"
            if pack is not None and key in pack.params:
                hint = f"write it under 'params', as in 'params: {{{key}: …}}'"
            elif pack is not None and key in pack.rules:
                hint = f"write it under 'severities', 'disable' or 'enable', as in 'disable: [{key}]'"
            problems.add(item.key_at, "unknown-key", f"unknown key {key!r}", hint)
    enabled = _disabled(root.value, problems)
    for item in _list(root.value, "enable", problems):
        rule = str(item.value)
        if rule in enabled:
            problems.add(item.at, "contradiction", f"rule {rule!r} is both disabled and enabled", "keep one")
        enabled[rule] = Asked(item, True)
    severities = {
        rule: asked
        for rule, item in _mapping(root.value, "severities", problems).items()
        if (asked := _severity(rule, item, problems))
    }
    target = _given(root.value, "pack")
    if target is not None and not isinstance(target.value, str):
        hint = "settings for one pack stand in [tool.trainrules.packs.NAME]" if more else "as in 'pack: kto'"
        problems.add(target.at, "wrong-type", f"'pack' must be the name of a pack, not {kind(target)}", hint)
        target = None
    params = {
        name: item for name, item in _mapping(root.value, "params", problems).items() if is_given(item, name, problems)
    }
    return Layer(origin, source, params, severities, enabled, EMPTY, target)


def _disabled(root: Mapping[str, Item], problems: Problems) -> dict[str, Asked]:
    """The rules to switch off: a list of them, or a mapping that gives each its reason."""
    given = root.get("disable")
    if given is None or not isinstance(given.value, dict):
        return {str(item.value): Asked(item, False) for item in _list(root, "disable", problems)}
    found = {}
    for rule, item in given.value.items():
        fields = _entry(rule, item, ENTRY[1:], "as in '{reason: known bug of the logger, until: step 5000}'", problems)
        if fields is not None:
            found[rule] = Asked(_named(item), False, *_why(rule, item, fields, problems))
    return found


def _severity(rule: str, item: Item, problems: Problems) -> Asked | None:
    """A severity, alone or with the reason for it; None where it is none."""
    if not isinstance(item.value, dict):
        problem = severity_problem(rule, item)
        problems.extend([problem] if problem else [])
        return None if problem else Asked(_named(item), str(item.value))
    fields = _entry(rule, item, ENTRY, "", problems)
    given = item.value.get("severity")
    if given is None:
        problems.add(item.key_at, "missing-key", f"{rule!r} lacks 'severity'", f"one of {', '.join(SEVERITIES)}")
    problem = severity_problem(rule, given) if given is not None else None
    problems.extend([problem] if problem else [])
    if fields is None or given is None or problem:
        return None
    return Asked(_named(item), str(given.value), *_why(rule, item, fields, problems))


def _entry(rule: str, item: Item, known: Sequence[str], example: str, problems: Problems) -> Mapping[str, Item] | None:
    """What is said of one rule; a text alone is the reason."""
    if isinstance(item.value, str) and item.value.strip():
        return {"reason": item}
    if not isinstance(item.value, dict):
        told = f"what is said of {rule!r} must be a reason, or a mapping with '{known[0]}', not {kind(item)}"
        problems.add(item.at, "wrong-type", told, example)
        return None
    for key, inner in item.value.items():
        if key not in known:
            hint = did_you_mean(key, known) or f"known here: {', '.join(known)}"
            problems.add(inner.key_at, "unknown-key", f"unknown key {key!r}", hint)
    return item.value


def _why(rule: str, item: Item, fields: Mapping[str, Item], problems: Problems) -> tuple[str, End | None]:
    given = fields.get("reason")
    reason = " ".join(given.value.split()) if given is not None and isinstance(given.value, str) else ""
    if given is None:
        problems.add(item.key_at, "missing-key", f"{rule!r} lacks 'reason'", "say why, for whoever reads the report")
    elif not reason:
        problems.add(
            given.at,
            "empty-value",
            f"'reason' must be a text, not {kind(given)}",
            "say why, for whoever reads the report",
        )
    end = _given(fields, "until")
    return reason, end_of(end, problems) if end is not None else None


def _given(fields: Mapping[str, Item], key: str) -> Item | None:
    """A field that may be null, which says as much as none."""
    item = fields.get(key)
    return None if item is not None and item.value is None and not item.is_empty else item


def _named(item: Item) -> Item:
    """An item whose place is that of its key."""
    return Item(item.value, item.file, item.key_line or item.line, item.key_column or item.column)


def _mapping(root: Mapping[str, Item], key: str, problems: Problems) -> dict[str, Item]:
    item = root.get(key)
    if item is None or _is_nothing(key, item, problems):
        return {}
    if isinstance(item.value, dict):
        return item.value
    problems.add(
        item.at, "wrong-type", f"'{key}' must be a mapping, not {kind(item)}", f"as in '{key}: {{name: value}}'"
    )
    return {}


def _list(root: Mapping[str, Item], key: str, problems: Problems) -> list[Item]:
    item = root.get(key)
    if item is None or _is_nothing(key, item, problems):
        return []
    example = f"as in '{key}: [rule]'"
    if not isinstance(item.value, list):
        problems.add(item.at, "wrong-type", f"'{key}' must be a list of rules, not {kind(item)}", example)
        return []
    for entry in item.value:
        if not isinstance(entry.value, str):
            told = f"an entry of '{key}' must be the name of a rule, not {kind(entry)}"
            problems.add(entry.at, "wrong-type", told, example)
    return [entry for entry in item.value if isinstance(entry.value, str)]


def _is_nothing(key: str, item: Item, problems: Problems) -> bool:
    if item.value is None:
        problems.add(item.at, "empty-value", f"'{key}' is empty", "fill it in or leave it out")
    return item.value is None


def severity_problem(rule: str, item: Item) -> Problem | None:
    """Why a value cannot be a rule's severity, if so."""
    if item.value in SEVERITIES:
        return None
    from .mends import choice

    message = f"severity of {rule!r} must be one of {', '.join(SEVERITIES)}, not {kind(item)}"
    return Problem(item.at, "unknown-choice", message, choice(item, SEVERITIES))
