"""Where settings for one run may come from: each source read into a layer, not yet held against a pack."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import NamedTuple

from .errors import PackError, Position, Problem, did_you_mean
from .fields import Problems, kind
from .items import Item
from .pack import EMPTY, SEVERITIES, Pack, Scalar
from .yamlscalars import scalar

BESIDE_LOG = "rules.override.yaml"
KEYS = ("params", "severities", "disable", "enable")
"""What an override file may hold; `schemas/overrides.schema.json` describes it for editors."""

_CLI = "--set"


class Layer(NamedTuple):
    """What one source sets, in the order in which it says so; `origin` is how reports name it."""

    origin: str
    params: Mapping[str, Item] = EMPTY
    severities: Mapping[str, Item] = EMPTY
    enabled: Mapping[str, tuple[bool, Item]] = EMPTY


def from_file(path: Path, pack: Pack, problems: Problems, *, name: str | None = None) -> Layer:
    """The layer of an override file, called `name` in reports (by default the file's name)."""
    from .yamlio import compose_file

    file = path.as_posix() if name is None else name
    try:
        document = compose_file(path, file)
    except PackError as error:
        problems.extend(error.problems)
        return Layer(path.name)
    problems.extend(document.problems)
    return from_item(document.root, path.name, pack, problems)


def from_project(start: Path, pack: Pack, problems: Problems) -> Layer | None:
    """The table `[tool.trainrules.packs.<pack>]` of the nearest pyproject.toml at or above `start`.

    The table holds what an override file holds: params, severities, disable, enable.
    """
    start = start.resolve()
    places = [start, *start.parents] if start.is_dir() or not start.exists() else [start.parent]
    path = next((place / "pyproject.toml" for place in places if (place / "pyproject.toml").is_file()), None)
    if path is None:
        return None
    try:
        text = path.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError):
        return None
    if "trainrules" not in text:
        return None
    import tomllib

    file = path.name
    try:
        table = tomllib.loads(text).get("tool", {}).get("trainrules", {})
    except (tomllib.TOMLDecodeError, AttributeError) as error:
        problems.add(Position(file), "no-file", f"not TOML: {error}")
        return None
    root = _item(table, file)
    packs = root.value.get("packs") if isinstance(root.value, dict) else None
    if isinstance(root.value, dict):
        for key in root.value:
            if key != "packs":
                hint = did_you_mean(key, ["packs"]) or f"write [tool.trainrules.packs.{pack.id}]"
                problems.add(root.at, "unknown-key", f"unknown key {key!r} in [tool.trainrules]", hint)
    mine = packs.value.get(pack.id) if packs is not None and isinstance(packs.value, dict) else None
    return from_item(mine, file, pack, problems) if mine is not None else None


def from_settings(settings: Sequence[str], problems: Problems) -> Layer:
    """The layer of `--set` options: `param=value`, `rule.severity=warning`, `rule.enabled=false`."""
    params: dict[str, Item] = {}
    severities: dict[str, Item] = {}
    enabled: dict[str, tuple[bool, Item]] = {}
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
            problems.add(at, "out-of-range", f"the value of {name!r} has too many digits")
            continue
        if aspect == "severity":
            severities[name] = item
        elif aspect == "enabled" and isinstance(item.value, bool):
            enabled[name] = (item.value, item)
        elif aspect == "enabled":
            problems.add(at, "wrong-type", f"'{name}.enabled' must be true or false, not {kind(item)}")
        elif aspect:
            problems.add(
                at,
                "bad-setting",
                f"rule {name!r} has no setting {aspect!r}",
                f"write {name}.severity=… or {name}.enabled=…",
            )
        else:
            params[name] = item
    return Layer(_CLI, params, severities, enabled)


def from_values(values: Mapping[str, Scalar]) -> Layer:
    """The layer of values given by a program."""
    return Layer("values", {name: Item(value, "values", 0, 0) for name, value in values.items()})


def from_item(root: Item, origin: str, pack: Pack, problems: Problems) -> Layer:
    """The layer that the tree of an override file spells."""
    if root.value is None:
        return Layer(origin)
    if not isinstance(root.value, dict):
        problems.add(
            root.at, "wrong-type", f"overrides must be a mapping, not {kind(root)}", f"with the keys {', '.join(KEYS)}"
        )
        return Layer(origin)
    for key, item in root.value.items():
        if key not in KEYS:
            hint = did_you_mean(key, KEYS) or f"known here: {', '.join(KEYS)}"
            if key in pack.params:
                hint = f"write it under 'params', as in 'params: {{{key}: …}}'"
            elif key in pack.rules:
                hint = f"write it under 'severities', 'disable' or 'enable', as in 'disable: [{key}]'"
            problems.add(item.key_at, "unknown-key", f"unknown key {key!r}", hint)
    severities = _mapping(root.value, "severities", problems)
    enabled: dict[str, tuple[bool, Item]] = {}
    for key, state in (("disable", False), ("enable", True)):
        for item in _list(root.value, key, problems):
            rule = str(item.value)
            if rule in enabled and enabled[rule][0] != state:
                problems.add(item.at, "contradiction", f"rule {rule!r} is both disabled and enabled", "keep one")
            enabled[rule] = (state, item)
    return Layer(origin, _mapping(root.value, "params", problems), severities, enabled)


def _mapping(root: Mapping[str, Item], key: str, problems: Problems) -> dict[str, Item]:
    item = root.get(key)
    if item is None or item.value is None:
        return {}
    if isinstance(item.value, dict):
        return item.value
    problems.add(
        item.at, "wrong-type", f"'{key}' must be a mapping, not {kind(item)}", f"as in '{key}: {{name: value}}'"
    )
    return {}


def _list(root: Mapping[str, Item], key: str, problems: Problems) -> list[Item]:
    item = root.get(key)
    if item is None or item.value is None:
        return []
    if isinstance(item.value, list) and all(isinstance(entry.value, str) for entry in item.value):
        return item.value
    problems.add(item.at, "wrong-type", f"'{key}' must be a list of rules, not {kind(item)}", f"as in '{key}: [rule]'")
    return []


def _item(value: object, file: str) -> Item:
    if isinstance(value, dict):
        return Item({str(key): _item(entry, file) for key, entry in value.items()}, file, 0, 0)
    if isinstance(value, list):
        return Item([_item(entry, file) for entry in value], file, 0, 0)
    return Item(value if isinstance(value, (str, int, float, bool)) else str(value), file, 0, 0)


def severity_problem(rule: str, item: Item) -> Problem | None:
    """Why a value cannot be a rule's severity, if so."""
    if item.value in SEVERITIES:
        return None
    near = did_you_mean(str(item.value), SEVERITIES)
    message = f"severity of {rule!r} must be one of {', '.join(SEVERITIES)}, not {kind(item)}"
    return Problem(item.at, "unknown-choice", message, near)
