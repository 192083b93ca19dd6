"""The thresholds of a pack as they are in one run, each with where it comes from."""

from __future__ import annotations

from typing import Any

from .found import shown
from .pack import Pack
from .report import Threshold
from .resolved import Resolved


def thresholds(resolved: Resolved) -> list[Threshold]:
    """The params of a pack as they are in one run."""
    pack = resolved.pack
    set_by = {override.param: override for override in resolved.overrides}
    found = []
    for param in pack.params.values():
        override = set_by.get(param.id)
        value = resolved.values[param.id]
        default = override.default if override else value
        origin = override.origin if override else home(pack, param)
        found.append(Threshold(param.id, value, default, param.unit, origin, override))
    return found


def home(pack: Pack, thing: Any) -> str:
    """The name of the pack that declares a thing: the pack itself, or one that it extends."""
    if thing.at.file == pack.at.file:
        return pack.id
    file = str(thing.at.file)
    return file.removeprefix("rules/").removesuffix(".yaml") if file.startswith("rules/") else shown(file)
