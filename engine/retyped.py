"""What a pack makes of an inherited metric or param that inherited expressions cannot take, told where it does so."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence

from .errors import Problem
from .items import Item, fields_of

_FIELDS = ("type", "expr", "default")
"""What decides of which type a metric or a param is."""


def told_at_child(child: Item, problems: Sequence[Problem], told: Callable[[Item], Sequence[Problem]]) -> list[Problem]:
    """The problems of a pack, those of its parents that a type in `child`, its own file, brings about as one at that.

    `told` gives the problems of the pack with another file of its own.
    """
    found = list(problems)
    for path, item in _types(child):
        if all(each.at.file == child.file for each in found):
            break
        others = set(told(_without(child, path)))
        places = [each.at for each in found if each.at.file != child.file and each not in others]
        if not places:
            continue
        more = f", and {len(places) - 1} more" if len(places) > 1 else ""
        noun, name, field = path[0].removesuffix("s"), path[1], path[2]
        message = f"{field!r} of {noun} {name!r} does not fit what is inherited: {min(places)}{more}"
        hint = f"leave it out, or give the {noun} another name"
        gone = set(places)
        found = [each for each in found if each.at not in gone]
        found.append(Problem(item.at, "type-mismatch", message, hint))
    return found


def _types(child: Item) -> Iterator[tuple[tuple[str, str, str], Item]]:
    for section in ("metrics", "params"):
        for name, entry in fields_of(fields_of(child).get(section)).items():
            for field in _FIELDS:
                if (item := fields_of(entry).get(field)) is not None:
                    yield (section, name, field), item


def _without(item: Item, path: Sequence[str]) -> Item:
    """A copy without the value at a path."""
    first, *rest = path
    fields = dict(fields_of(item))
    if rest:
        fields[first] = _without(fields[first], rest)
    else:
        del fields[first]
    return Item(fields, item.file, item.line, item.column, item.key_line, item.key_column)
