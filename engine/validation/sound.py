"""What of a faulty pack can be looked at all the same, so that one fault hides no other.

Each faulty place is cut out of the pack's tree, or gets a stand-in that says nothing, and what is left is built anew.
What is wrong only because something was cut out is told by nobody: it is cut out in turn.
"""

from __future__ import annotations

import re
from bisect import bisect_right
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from functools import lru_cache
from typing import TypeAlias, TypeVar

from ..errors import Position, Problem
from ..items import Item, Value
from ..load import Attempt, spelled
from ..pack import Pack
from ..problems import Problems
from ..record import Record

_ROUNDS = 12
_WORD = re.compile(r"[A-Za-z_]\w*")
_QUOTED = re.compile(r"'([^']*)'")
_SAYS_NOTHING = "nonfinite()"
"""A condition of which no lint can tell anything."""

_HARMLESS = frozenset({"duplicate-key", "duplicate-entry", "unquoted-comma", "duplicate-anchor", "wrong-depth"})
"""Faults after which the tree holds all that can be understood of the place."""

_MAY_LACK = frozenset({"rules", "params", "windows", "actions", "commands", "notes", "stages"})
"""Sections whose things can be looked at though they lack a key."""

_TOLD_IN_WORDS = frozenset({"schema", "pack", "version", "title", "cause", "severity", "help", "rank", "reason"})
"""Keys that say nothing of other parts of a pack."""

_OF_THE_FILE = frozenset({"schema", "pack", "version", "title", "extends"})
_UNUSED = frozenset({"unused-param", "unused-metric", "unused-window", "unused-family", "unused-twin"})
_OF_PLANS = frozenset({"unfilled-text", "misspelt-place", "misspelt-command"})

_Path: TypeAlias = "tuple[str | int, ...]"
_K = TypeVar("_K", str, int)
_Start: TypeAlias = "tuple[tuple[int, int], _Path]"


class Sound(Record):
    """What is sound of a pack: `cut` are the paths that had to go, `places` where they stood.

    `names` are those that problems suggest: they may be meant where others stand. Where not even that is known, names
    are `unsure`.
    """

    pack: Pack
    cut: frozenset[_Path]
    places: frozenset[Position]
    names: frozenset[str]
    unsure: bool

    def keeps(self, remark: Problem, sources: Mapping[str, str]) -> bool:
        """Whether a remark on the sound part holds of the whole pack as well."""
        sections = {path[0] for path in self.cut}
        code = str(remark.code)
        if remark.at in self.places:
            return False
        if code in _UNUSED or (code in _OF_PLANS and sections & {"actions", "params"}):
            if code in _UNUSED and (self.unsure or any(len(path) == 1 for path in self.cut)):
                return False
            word = _word_at(remark.at, sources.get(remark.at.file, ""))
            return word not in self.names and sum(_words(text)[word] for text in sources.values()) < 2
        if code == "unit-without-clock":
            return "clock" not in sections
        if code == "no-action":
            return not any({"actions", "levels", "severity"} & set(path) for path in self.cut)
        return True


def sound_part(attempt: Attempt) -> Sound | None:
    """What can be looked at of a pack that has problems; None where nothing can."""
    if not attempt.whole:
        return None
    tree, pack = attempt.tree, attempt.pack
    problems: Sequence[Problem] = attempt.problems
    cut: set[_Path] = set()
    places: set[Position] = set()
    for _ in range(_ROUNDS):
        starts = _starts_of(tree)
        paths = {path for each in problems for path in _faulty(each, starts, tree)}
        if not paths:
            names = frozenset(name for each in attempt.problems for name in _QUOTED.findall(each.hint))
            unsure = any(map(_may_name_more, attempt.problems))
            return Sound(pack, frozenset(cut), frozenset(places), names, unsure)
        for path in sorted(paths, key=_order, reverse=True):
            # What is faulty once more, with a stand-in, goes with all that it is a part of.
            while path in cut and len(path) > 1:
                path = path[:-1]
            if (item := _found(tree, path)) is not None:
                places |= {item.at, item.key_at}
                tree = _changed(tree, path, _stand_in(path, item))
                cut.add(path)
        found = Problems()
        pack = spelled(tree, found)
        problems = found.found
    return None


def _faulty(problem: Problem, starts: Mapping[str, Sequence[_Start]], tree: Item) -> Iterator[_Path]:
    """The values that are to go because of a problem: several where one line stands for several."""
    if problem.code in _HARMLESS:
        return
    mine = starts.get(problem.at.file, ())
    last = bisect_right(mine, (problem.at.line, problem.at.column), key=lambda each: each[0])
    here = [path for start, path in mine[:last] if start == mine[last - 1][0]]
    deepest = max(map(len, here), default=0)
    for path in here:
        if len(path) < deepest or path[0] in _OF_THE_FILE:
            continue
        if problem.code == "unknown-key" and len(path) == 1:
            continue
        path = _piece(path, problem)
        if problem.code != "missing-key" or not _may_lack(path, tree):
            yield path
        if problem.code == "bad-range" and path[0] == "params":  # either bound may be the wrong one
            yield (*path[:2], "min")


def _may_name_more(problem: Problem) -> bool:
    """Whether a name that nothing uses may belong where this problem is."""
    lacking = _QUOTED.search(problem.message.partition(" lacks ")[2])
    if problem.code == "missing-key":
        return lacking is not None and lacking[1] not in _TOLD_IN_WORDS
    return problem.code in ("type-mismatch", "wrong-arguments", "expression-syntax", "empty-value")


def _may_lack(path: _Path, tree: Item) -> bool:
    if path[0] == "rules" and (item := _found(tree, path)) is not None and isinstance(item.value, dict):
        return bool(item.value.keys() & {"when", "levels"}) or "levels" in path
    return len(path) == 1 or path[0] in _MAY_LACK


def _piece(path: _Path, problem: Problem) -> _Path:
    """The part that can be taken out by itself: of a window or a gate the whole, of a rule one field."""
    if path[0] in ("windows", "gates", "formats", "twins"):
        return path[:2]
    if path[0] == "invariants" and path[2:3] == ("holds",):
        return path[:2]
    if path[0] == "params" and len(path) == 2 and problem.code == "circular-definition":
        return (*path, "default")
    return path


def _stand_in(path: _Path, item: Item) -> Value:
    """What takes the place of a faulty value; None where it just goes."""
    if path[0] == "rules" and path[-1] == "when":
        return _SAYS_NOTHING
    if path[0] == "rules" and len(path) == 2 and isinstance(item.value, dict) and "when" not in item.value:
        return {**item.value, "when": Item(_SAYS_NOTHING, item.file, item.line, item.column)}
    if path[0] == "windows" and len(path) == 2 and item.plain() != {"last": "all"}:
        return {"last": Item("all", item.file, item.line, item.column)}
    is_metric = path[0] == "metrics" and len(path) == 2 and isinstance(item.value, dict)
    if is_metric and isinstance(item.value, dict) and not item.value.keys() & {"keys", "expr", "metrics"}:
        key = Item(f"?{path[1]}", item.file, item.line, item.column)
        return {**item.value, "keys": Item([key], item.file, item.line, item.column)}
    return None


def _changed(tree: Item, path: _Path, value: Value) -> Item:
    """A copy of a tree in which the value at a path is another one, or is gone (None)."""
    first, rest = path[0], path[1:]
    if isinstance(tree.value, dict):
        fields = dict(tree.value)
        _put(fields, str(first), rest, value)
        return _with(tree, fields)
    entries = dict(enumerate(tree.value if isinstance(tree.value, list) else ()))
    _put(entries, int(first), rest, value)
    return _with(tree, list(entries.values()))


def _put(inside: dict[_K, Item], key: _K, rest: _Path, value: Value) -> None:
    if rest:
        inside[key] = _changed(inside[key], rest, value)
    elif value is None:
        del inside[key]
    else:
        inside[key] = _with(inside[key], value)


def _with(item: Item, value: Value) -> Item:
    return Item(value, item.file, item.line, item.column, item.key_line, item.key_column)


def _found(tree: Item, path: _Path) -> Item | None:
    try:
        return tree.find(path)
    except (KeyError, IndexError):
        return None


def _starts_of(tree: Item) -> dict[str, list[_Start]]:
    """Where each value, or its key, begins, by file and in the order of the places."""
    found: dict[str, list[_Start]] = {}
    for path, item in _walked(tree, ()):
        at = item.key_at
        found.setdefault(at.file, []).append(((at.line, at.column), path))
    return {file: sorted(starts, key=lambda each: each[0]) for file, starts in found.items()}


def _walked(item: Item, path: _Path) -> Iterator[tuple[_Path, Item]]:
    value = item.value
    for key, each in value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ():
        yield (*path, key), each
        yield from _walked(each, (*path, key))


def _order(path: _Path) -> tuple[int, tuple[str, ...]]:
    """The deepest last, the entries of a list in their order."""
    return len(path), tuple(f"{part:09d}" if isinstance(part, int) else part for part in path)


def _word_at(at: Position, text: str) -> str:
    lines = text.split("\n")
    word = _WORD.match(lines[at.line - 1], max(at.column - 1, 0)) if 0 < at.line <= len(lines) else None
    return word[0] if word else ""


@lru_cache(maxsize=8)
def _words(text: str) -> Counter[str]:
    return Counter(_WORD.findall(text))
