"""Packs and what is in them as JSON: every field of the model under its own name, whatever sections a pack has."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from typing import Any

from ..catalog import Entry, Standing, entries, plural, sections, standing, users
from ..errors import Position
from ..expression import Expression
from ..pack import Duration, KeyPattern, Pack
from ..resolved import Resolved
from ..thresholds import thresholds
from .json import Json, provenance
from .json import rounded as _rounded
from .phrases import length, plain

LISTED, SHOWN, EXPLAINED = "trainrules/packs/1", "trainrules/shown/1", "trainrules/explanation/1"
"""The versions of the shapes."""

_HEAD = ("version", "title", "source", "help", "extends", "detect")


def packs_json(packs: Sequence[tuple[str, Pack]]) -> Json:
    """A list of packs, each with the argument that --pack takes for it."""
    return {"schema": LISTED, "packs": [{"pack": name, **_counted(pack)} for name, pack in packs]}


def show_json(resolved: Resolved) -> Json:
    """All of a pack as it is in one run: its thresholds with where they come from, and every section."""
    pack = resolved.pack
    used = entries(pack)
    data: Json = {"schema": SHOWN, "pack": pack.id, **_fields(pack, _HEAD), "variant": resolved.variant}
    known = [plural(kind) for kind in sections(pack)]
    data |= _fields(pack, [field for field in pack._fields if field not in (*known, *_HEAD, "id", "at", "tree")])
    for kind, things in sections(pack).items():
        found = {entry.name: entry for entry in used if entry.kind == kind}
        data[plural(kind)] = [_entry(resolved, found[name]) for name in things]
    return data


def explain_json(resolved: Resolved, name: str, found: Sequence[Entry]) -> Json:
    """What a name of a pack means, an entry for each thing that is called so."""
    everything = entries(resolved.pack)
    return {
        "schema": EXPLAINED,
        "pack": resolved.pack.id,
        "name": name,
        "entries": [
            {
                "kind": entry.kind,
                **_entry(resolved, entry),
                "thresholds": _used_thresholds(resolved, entry),
                "used_by": _by_kind((each.kind, each.name) for each in users(everything, entry)),
            }
            for entry in found
        ],
    }


def dumps(data: Json) -> str:
    """The text of the data, ASCII only, with a line break at its end."""
    return json.dumps(data, indent=2, allow_nan=False) + "\n"


def _counted(pack: Pack) -> Json:
    return {
        "id": pack.id,
        **_fields(pack, _HEAD),
        "variants": list(pack.variants),
        **{plural(kind): len(things) for kind, things in sections(pack).items() if kind != "variant"},
    }


def _entry(resolved: Resolved, entry: Entry) -> Json:
    data: Json = {"id": entry.name, "at": str(entry.thing.at)}
    if entry.kind == "param":
        data |= _threshold(resolved, entry)
    if entry.kind == "rule":
        data |= _standing(standing(resolved, entry.thing))
    data |= {
        field.rstrip("_"): _plain(value)
        for field, value in entry.thing._asdict().items()
        if field not in ("id", "at") and field.rstrip("_") not in data
    }
    return data | {"uses": _by_kind(entry.uses)}


def _threshold(resolved: Resolved, entry: Entry) -> Json:
    (found,) = (each for each in thresholds(resolved) if each.param == entry.name)
    own = resolved.pack.params[entry.name].default
    return {
        "value": _plain(found.value),
        "default": _plain(found.default),
        "expression": plain(own) if isinstance(own, Expression) else None,
        "from": found.origin,
        **(provenance(found.override) if found.override else {}),
    }


def _standing(stands: Standing) -> Json:
    return {
        "enabled": stands.is_on,
        "enabled_by": stands.on_by or None,
        "held_to": stands.severity,
        "held_to_by": stands.severity_by or None,
        **({"reason": stands.reason} if stands.reason else {}),
        **({"until": stands.until} if stands.until else {}),
    }


def _used_thresholds(resolved: Resolved, entry: Entry) -> Json:
    return {name: _plain(resolved.values[name]) for kind, name in entry.uses if kind == "param"}


def _by_kind(names: Any) -> Json:
    found: dict[str, list[str]] = {}
    for kind, name in names:
        found.setdefault(plural(kind), []).append(name)
    return dict(found)


def _fields(thing: Any, names: Sequence[str]) -> Json:
    return {name: _plain(getattr(thing, name)) for name in names}


def _plain(value: Any) -> Any:
    """Plain data for a part of the model: expressions and lengths as they are written, numbers with 9 digits."""
    if isinstance(value, bool) or value is None or isinstance(value, str):
        return value
    if isinstance(value, (int, float)):
        return _rounded(float(value))
    if isinstance(value, Expression):
        return plain(value)
    if isinstance(value, Duration):
        return length(value)
    if isinstance(value, Position):
        return str(value)
    if isinstance(value, KeyPattern) and value.pattern is None:
        return value.key
    if isinstance(value, Mapping):
        return {key: _plain(inner) for key, inner in value.items()}
    if hasattr(value, "_asdict"):
        return {field.rstrip("_"): _plain(inner) for field, inner in value._asdict().items()}
    return [_plain(inner) for inner in value]
