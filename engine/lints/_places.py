"""Where the values of a pack stand that its model holds without their places."""

from __future__ import annotations

from ..errors import Position
from ..items import Item, Keys
from ..pack import Pack
from ..template import placeholders


def find(pack: Pack, *path: str | int) -> Item | None:
    """The value at a path of keys and indices in the merged file, None where there is none."""
    return _found(pack.tree, path) if pack.tree is not None else None


def value_at(pack: Pack, otherwise: Position, *path: str | int) -> Position:
    """Where the value at a path stands."""
    item = find(pack, *path)
    return item.at if item is not None else otherwise


def key_at(pack: Pack, otherwise: Position, *path: str | int) -> Position:
    """Where the key of the value at a path stands."""
    item = find(pack, *path)
    return item.key_at if item is not None else otherwise


def hole_at(pack: Pack, otherwise: Position, name: str, *path: str | int) -> Position:
    """Where the first place {name} of the text at a path stands."""
    item = find(pack, *path)
    if item is None or not isinstance(item.value, str):
        return otherwise
    offset = next((hole.offset for hole in placeholders(item.value) if hole.name == name), None)
    return item.at if offset is None else item.at.within(item.value, offset)


def level_path(pack: Pack, rule: str, place: int, key: str) -> tuple[str | int, ...]:
    """The path of a field of a level: its own, or, where it has none, that of its rule."""
    own = ("rules", rule, "levels", place, key)
    return own if find(pack, *own) is not None else ("rules", rule, key)


def _found(tree: Item, path: Keys) -> Item | None:
    try:
        return tree.find(path)
    except (KeyError, IndexError):
        return None
