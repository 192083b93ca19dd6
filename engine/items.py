"""The values of a file, each with the place where it stands."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TypeAlias

from .errors import Position, Problem
from .record import Record
from .yamlplaces import Written, text_position

MAX_DEPTH = 50
"""How deep a file may be nested."""

Plain: TypeAlias = "str | int | float | bool | list[Plain] | dict[str, Plain] | None"
Value: TypeAlias = "str | int | float | bool | list[Item] | dict[str, Item] | None"
Keys: TypeAlias = Sequence[str | int]


@dataclass(slots=True, eq=False, repr=False)
class Item:
    """A value of a file and where it stands; mappings and lists hold items.

    Positions count from 1. For quoted text the column is that of the first character inside the quotes, for block text
    (`|`, `>`) that of its first line, so that an offset into the text can be added to it.
    """

    value: Value
    file: str
    line: int
    column: int
    key_line: int = 0
    key_column: int = 0
    written: Written | None = None  # where the text in the file is another than the value

    @property
    def at(self) -> Position:
        """Where the value stands."""
        at = Position(self.file, self.line, self.column)
        return at if self.written is None else text_position(at, self.written)

    @property
    def key_at(self) -> Position:
        """Where the key of the value stands; the value's own place for an entry of a list."""
        return Position(self.file, self.key_line, self.key_column) if self.key_line else self.at

    @property
    def is_empty(self) -> bool:
        """Whether nothing is written behind the key, which is not the same as `null`."""
        is_at_key = (self.line, self.column) == (self.key_line, self.key_column)
        return self.value is None and self.key_line > 0 and is_at_key

    def plain(self) -> Plain:
        """The value without positions."""
        if isinstance(self.value, dict):
            return {key: item.plain() for key, item in self.value.items()}
        if isinstance(self.value, list):
            return [item.plain() for item in self.value]
        return self.value

    def find(self, path: Keys) -> Item:
        """The item at `path` (keys and indices) below this one; KeyError or IndexError where there is none."""
        item = self
        for part in path:
            match item.value, part:
                case dict() as fields, str():
                    item = fields[part]
                case list() as entries, int():
                    item = entries[part]
                case _:
                    raise KeyError(part)
        return item


class Document(Record):
    """One YAML file: its tree, and the problems that did not keep it from being read."""

    file: str
    root: Item
    problems: tuple[Problem, ...] = ()

    def plain(self) -> Plain:
        """The whole file as plain values."""
        return self.root.plain()

    def at(self, path: Keys = ()) -> Position:
        """Where the value at `path` stands."""
        return self.root.find(path).at

    def key_at(self, path: Keys) -> Position:
        """Where the key of the value at `path` stands."""
        return self.root.find(path).key_at


def fields_of(item: Item | None) -> dict[str, Item]:
    """The fields of a mapping; none of what is no mapping, or is not there."""
    return item.value if item is not None and isinstance(item.value, dict) else {}


def joined(one: Item, other: Item) -> bool:
    """Add to a mapping or a list what another one has more; whether they are such."""
    if isinstance(one.value, dict) and isinstance(other.value, dict):
        one.value = {**one.value, **{key: item for key, item in other.value.items() if key not in one.value}}
        return True
    if isinstance(one.value, list) and isinstance(other.value, list):
        known = [entry.plain() for entry in one.value]
        one.value = [*one.value, *(entry for entry in other.value if entry.plain() not in known)]
        return True
    return False
