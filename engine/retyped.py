"""What a pack makes of an inherited metric or param that inherited expressions cannot take, told where it does so."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import TypeAlias

from .errors import Position, Problem
from .items import Item, fields_of
from .shipped import findable

_FIELDS = ("type", "expr", "default")
"""What decides of which type a metric or a param is."""

_Path: TypeAlias = "tuple[str, ...]"


def told_where_given(
    files: Sequence[Item], problems: Sequence[Problem], told: Callable[[Sequence[Item]], Sequence[Problem]]
) -> list[Problem]:
    """The problems of a pack, those that a type in a nearer file brings about in a farther one as one at that type.

    `files` are the pack's own and those of its parents, the nearest first; `told` gives the problems of others.
    """
    found, nearer = list(problems), set[str]()
    for place, file in enumerate(files[:-1]):
        nearer.add(file.file)
        for path, fields in _types(file):
            if all(each.at.file in nearer for each in found):
                break
            others = set(told([*files[:place], _without(file, path, fields), *files[place + 1 :]]))
            gone = {each.at for each in found if each.at.file not in nearer and each not in others}
            if gone:
                found = [each for each in found if each.at not in gone]
                found.append(_as_one(path, fields, [findable(each, files[0].file) for each in gone]))
    return found


def _as_one(path: _Path, fields: Mapping[str, Item], places: Sequence[Position]) -> Problem:
    field, item = next(iter(fields.items()))
    more = f", and {len(places) - 1} more" if len(places) > 1 else ""
    noun = path[0].removesuffix("s")
    message = f"{field!r} of {noun} {path[-1]!r} does not fit what is inherited: {min(places)}{more}"
    return Problem(item.at, "type-mismatch", message, f"leave it out, or give the {noun} another name")


def _types(file: Item) -> Iterator[tuple[_Path, dict[str, Item]]]:
    """The entries that decide of types, each with the fields by which it does; a group, then those in it."""
    for section in ("metrics", "params"):
        for name, entry in fields_of(fields_of(file).get(section)).items():
            inner = fields_of(fields_of(entry).get("metrics")) if section == "metrics" else {}
            paths = [((section, name), entry), *(((section, name, "metrics", id), each) for id, each in inner.items())]
            for path, each in paths:
                if fields := {field: fields_of(each)[field] for field in _FIELDS if field in fields_of(each)}:
                    yield path, fields


def _without(item: Item, path: _Path, fields: Mapping[str, Item]) -> Item:
    """A copy without some fields of the entry at a path."""
    inside = dict(fields_of(item))
    if path:
        inside[path[0]] = _without(inside[path[0]], path[1:], fields)
    else:
        inside = {key: each for key, each in inside.items() if key not in fields}
    return Item(inside, item.file, item.line, item.column, item.key_line, item.key_column)
