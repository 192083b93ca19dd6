"""The files of settings that nobody named, read into layers: a project's table, and the file beside a log."""

from __future__ import annotations

from pathlib import Path

from .errors import surely_meant
from .fields import kind
from .found import BESIDE_LOG, Found
from .items import Item
from .kinds import packs_near
from .overrides import Layer, from_item
from .pack import Pack
from .problems import Problems
from .settings import PROJECT
from .shipped import shipped_files

PACKS = "packs"
"""The key of a project's table under which settings for one pack stand, by its name."""


def from_found(found: Found, pack: Pack, problems: Problems) -> list[Layer]:
    """The layers of a file that was found: of a project's table, what is for all packs, then what is for this one."""
    if found.root is None:
        return []
    if found.kind != PROJECT:
        return [from_item(found.root, BESIDE_LOG, found.kind, pack, problems)]
    layers = [general(found, pack, problems)]
    packs = of_packs(found, problems)
    if pack.id in packs:
        layers.append(from_item(packs[pack.id], found.name, PROJECT, pack, problems))
        return layers
    for name, item in packs.items():
        if surely_meant(name, [pack.id]) and name not in (*shipped_files(), *packs_near(Path(found.name).parent)):
            problems.add(item.key_at, "unknown-pack", f"no pack is called {name!r}", f"did you mean {pack.id!r}?")
    return layers


def general(found: Found, pack: Pack | None, problems: Problems) -> Layer:
    """What a project's table says for all packs."""
    assert found.root is not None
    root = found.root
    if not isinstance(root.value, dict):
        told = f"[tool.trainrules] must be a table, not {kind(root)}"
        problems.add(root.key_at, "wrong-type", told, "write it as a table")
        return Layer(found.name, PROJECT)
    item = Item({key: each for key, each in root.value.items() if key != PACKS}, found.name, *_place(root))
    return from_item(item, found.name, PROJECT, pack, problems, more=(PACKS,))


def of_packs(found: Found, problems: Problems) -> dict[str, Item]:
    """What a project's table says for single packs, by their names."""
    root = found.root
    packs = root.value.get(PACKS) if root is not None and isinstance(root.value, dict) else None
    if packs is None:
        return {}
    if not isinstance(packs.value, dict):
        told = f"'{PACKS}' must be a table, not {kind(packs)}"
        problems.add(packs.at, "wrong-type", told, "as in [tool.trainrules.packs.kto]")
        return {}
    return packs.value


def _place(item: Item) -> tuple[int, int]:
    return (item.key_line, item.key_column) if item.key_line else (item.line, item.column)
