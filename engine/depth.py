"""What stands at the wrong depth of a file: a slip of the indentation, told once and put right in the tree.

A line that is not indented below the key that it belongs to is a neighbour of that key: each field of a rule would be a
rule, and each a fault.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import pairwise

from .errors import Problem, surely_meant
from .items import Item, fields_of, joined
from .record import Record
from .schemaforms import Forms, Schema
from .yamlerrors import outdented


class _Place(Record):
    """A value, what it is called in a message, and the schema that it is to have."""

    name: str
    item: Item
    schema: Schema


def put_right(root: Item, schema: Schema) -> list[Problem]:
    """What stands at the wrong depth of a tree that is to have a schema; it is moved to where it belongs."""
    return list(_Tree(root, schema).mended(_Place("the file", root, schema)))


class _Tree:
    def __init__(self, root: Item, schema: Schema) -> None:
        self.root, self.schema, self.forms = root, schema, Forms(schema)

    def mended(self, *path: _Place) -> Iterator[Problem]:
        """The slips in the value at the end of a path, and in all that it holds."""
        place = path[-1]
        if isinstance(place.item.value, list):
            for entry in place.item.value:
                yield from self.mended(*path, self.entry(place, entry))
        elif isinstance(place.item.value, dict) and self.forms.of(place.schema, "object"):
            yield from self.among(path, place.item.value)
            for key in [*place.item.value]:
                yield from self.mended(*path, self.under(place, key))

    def among(self, path: Sequence[_Place], entries: dict[str, Item]) -> Iterator[Problem]:
        """The slips among the entries of the mapping at the end of a path."""
        above: _Place | None = None
        is_moving = False  # whether the entry before was moved, below `above` or out of this mapping
        for key in [*entries]:
            place = self.under(path[-1], key)
            item = place.item
            is_open = above is not None and (is_moving or above.item.is_empty)
            home: _Place | None = None
            slip: Problem | None = None
            if self.is_strange(path[-1], key, is_open):
                home = self.home(above, key, item, is_open) if above is not None else None
                if home is not None and not _is_told(home.item):
                    slip = outdented(key, item.key_at, home.name, is_empty=not fields_of(home.item))
                elif len(path) == 1 and (section := self.section_of(key, item)) is not None:
                    told = f"{key!r} is no section: it looks like one of '{section}'"
                    slip = Problem(item.key_at, "wrong-depth", told, f"indent it below '{section}:'")
                    home = _Place(repr(section), entries.setdefault(section, _nothing(item)), {})
                elif len(path) > 1 and _is_block(path[-1].item) and (out := self.outside(path, key, item)) is not None:
                    home, inside = out
                    told = f"{key!r} is indented as a part of {path[-1].name}"
                    slip = Problem(item.key_at, "wrong-depth", told, f"begin it where {inside} begins")
                elif home is None and key in self.forms.fields(place.schema):
                    told = f"{key!r} stands in {path[-1].name} itself: the name of what it is a part of is missing"
                    slip = Problem(item.key_at, "wrong-depth", told, "write the name above it, and indent it below")
                    home = _Place("", _nothing(item), {})
            if home is None:
                above, is_moving = place, False
                continue
            if slip is not None and not is_moving:
                yield slip
            _move(entries, key, home.item)
            is_moving = True

    def is_strange(self, whole: _Place, key: str, is_open: bool) -> bool:
        """Whether an entry is none that its mapping may have."""
        if key in self.forms.fields(whole.schema):
            return False
        place = self.under(whole, key)
        if not place.schema:
            return True
        fields = self.forms.fields(place.schema)
        if isinstance(place.item.value, dict):
            return bool(fields) and not fields.keys() & place.item.value.keys()
        return bool(fields) and (is_open or not self.forms.takes(place.schema, place.item))

    def home(self, above: _Place, key: str, item: Item, is_open: bool) -> _Place | None:
        """What an entry belongs to that stands behind `above`; None where it does not belong there.

        Where `is_open`, so far nothing stands in it but what was moved there.
        """
        if isinstance(above.item.value, list):
            return self.home(self.entry(above, above.item.value[-1]), key, item, False) if above.item.value else None
        fields = fields_of(above.item)
        if not (is_open or _is_block(above.item)):
            return None
        if key in self.forms.fields(above.schema):
            return above if key not in fields else None
        if key not in fields and self.is_thing(self.forms.entry(above.schema, key), item, is_open):
            return above
        last = next(reversed(fields), None)
        return self.home(self.under(above, last), key, item, fields[last].is_empty) if last is not None else None

    def is_thing(self, schema: Schema, item: Item, is_open: bool) -> bool:
        """Whether a value looks like one of this schema; where `is_open`, it is enough that it is of its type."""
        fields = self.forms.fields(schema)
        if isinstance(item.value, dict) and fields:
            return bool(fields.keys() & item.value.keys())
        return is_open and bool(schema) and item.value is not None and self.forms.takes(schema, item)

    def section_of(self, key: str, item: Item) -> str | None:
        """The one section of the file whose things may have all the fields of an entry that stands beside it."""
        fields, sections = fields_of(item).keys(), self.forms.fields(self.schema)
        if not fields or surely_meant(key, [*sections]):
            return None
        found = [name for name in sections if fields <= self.things(name).keys()]
        return found[0] if len(found) == 1 else None

    def outside(self, path: Sequence[_Place], key: str, item: Item) -> tuple[_Place, str] | None:
        """What an entry belongs to of all that its mapping is a part of, and the name of the part that it stands in."""
        for outer, inside in reversed([*pairwise(path)]):
            fields, of_key = fields_of(outer.item), self.forms.entry(outer.schema, key)
            if key in self.forms.fields(outer.schema):
                things = self.forms.fields(self.forms.entry(of_key, ""))
                is_section = any(things.keys() & fields_of(each).keys() for each in fields_of(item).values())
                if is_section or (outer.item is not self.root and key not in fields and self.forms.takes(of_key, item)):
                    return outer, inside.name
            elif key not in fields and self.is_thing(of_key, item, False):
                return outer, inside.name
        return None

    def things(self, section: str) -> Schema:
        """The fields of the things of a section of the file."""
        return self.forms.fields(self.forms.entry(self.forms.fields(self.schema).get(section, {}), ""))

    def entry(self, place: _Place, entry: Item) -> _Place:
        return _Place(f"an entry of {place.name}", entry, self.forms.of(place.schema, "array").get("items", {}))

    def under(self, place: _Place, key: str) -> _Place:
        return _Place(repr(key), fields_of(place.item)[key], self.forms.entry(place.schema, key))


def _is_block(item: Item) -> bool:
    """Whether a mapping is written without braces."""
    first = next(iter(fields_of(item).values()), None)
    return first is not None and (first.key_line > item.line or first.key_column <= item.column)


def _is_told(item: Item) -> bool:
    """Whether what stands in a mapping begins where its name does: it was moved there, and told, when it was read."""
    first = next(iter(fields_of(item).values()), None)
    return first is not None and first.key_column == item.key_column and first.key_line > item.key_line


def _move(entries: dict[str, Item], key: str, home: Item) -> None:
    fields, item = dict(fields_of(home)), entries.pop(key)
    if key not in fields or not joined(fields[key], item):
        fields[key] = item
    home.value = fields


def _nothing(item: Item) -> Item:
    return Item(None, item.file, item.key_line, item.key_column, item.key_line, item.key_column)
