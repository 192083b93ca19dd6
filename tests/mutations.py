"""Single edits of a YAML file, as a slip of the hand makes them: drawn at random, the same for the same seed."""

from __future__ import annotations

import random
import re
from collections.abc import Iterator
from typing import Any, NamedTuple

import yaml


class Mutation(NamedTuple):
    """One edit: what was done, in which line, and the text that comes of it."""

    what: str
    line: int
    text: str


class Entry(NamedTuple):
    """A key and its value, as nodes with marks, and the mapping they stand in."""

    mapping: Any
    key: Any
    value: Any


_OPERATORS = (*(">=", "<=", "==", "!=", ">", "<", "+", "-", "*", "/"), *(" and ", " or ", "not ", "(", ")", ",", "="))
_INSTEAD = (
    *(">=", "<", "==", "=", ">>", "**", "//", "%", "&&", "!", "~"),
    *(" and ", " xor ", "((", ")", ",", ".", ""),
)
_VALUES = (
    *("0", "-1", "1", "3.5", "1e400", "99999999999999999999", "true", "null", "text", "''", "'0'", "2024-01-01", "on"),
    *("[]", "{}", "[1, 2]", "[x]", "{a: 1}", "[null]", "[[1]]", "all", "0 points", "2 epochs", "5 minutes", "x steps"),
    *("step", "loss", "loss > 1", "'(?P<name>x)'", "'('", "'[a'", "'\\d+'", "'{x}'", "'{'", "'{loss:q}'"),
)


def mutations(text: str, amount: int, seed: int) -> Iterator[Mutation]:
    """`amount` edits of one YAML document."""
    chance = random.Random(seed)
    root = yaml.compose(text, Loader=getattr(yaml, "CSafeLoader", yaml.SafeLoader))
    entries, scalars = list(_entries(root)), [node for node in _nodes(root) if node.id == "scalar"]
    kinds = (_delete, _rename, _misspell, _retype, _break, _swap)
    found = 0
    while found < amount:
        mutation = chance.choice(kinds)(text, entries, scalars, chance)
        if mutation is not None and mutation.text != text:
            found += 1
            yield mutation


def _delete(text: str, entries: list[Entry], scalars: list[Any], chance: random.Random) -> Mutation | None:
    """A key and its value."""
    entry = chance.choice(entries)
    start, end = entry.key.start_mark.index, entry.value.end_mark.index
    if entry.mapping.flow_style:
        rest = text[end:]
        comma = re.match(r"\s*,\s*", rest)
        end += len(comma[0]) if comma else 0
    else:
        start = text.rfind("\n", 0, start) + 1
        newline = text.find("\n", max(end - 1, 0))
        end = len(text) if newline < 0 else newline + 1
    return Mutation(f"delete {entry.key.value!r}", entry.key.start_mark.line + 1, text[:start] + text[end:])


def _rename(text: str, entries: list[Entry], scalars: list[Any], chance: random.Random) -> Mutation | None:
    key = chance.choice(entries).key
    return _replaced(text, key, _slip(key.value, chance), f"rename {key.value!r}")


def _misspell(text: str, entries: list[Entry], scalars: list[Any], chance: random.Random) -> Mutation | None:
    """A word somewhere in a value."""
    node = chance.choice(scalars)
    start, end = node.start_mark.index, node.end_mark.index
    words = list(re.finditer(r"[A-Za-z_][A-Za-z_0-9]+", text[start:end]))
    if not words:
        return None
    word = chance.choice(words)
    new = _slip(word[0], chance)
    at = start + word.start()
    return Mutation(f"{word[0]!r} -> {new!r}", _line(text, at), text[:at] + new + text[at + len(word[0]) :])


def _retype(text: str, entries: list[Entry], scalars: list[Any], chance: random.Random) -> Mutation | None:
    value = chance.choice(entries).value
    return _replaced(text, value, chance.choice(_VALUES), f"retype {text[value.start_mark.index :][:30]!r}")


def _break(text: str, entries: list[Entry], scalars: list[Any], chance: random.Random) -> Mutation | None:
    """An operator, a parenthesis, a comma or a number of a value."""
    node = chance.choice(scalars)
    start, end = node.start_mark.index, node.end_mark.index
    sign = chance.choice(_OPERATORS)
    places = [match.start() for match in re.finditer(re.escape(sign), text[start:end])]
    if not places:
        return None
    at = start + chance.choice(places)
    new = chance.choice(_INSTEAD)
    return Mutation(f"{sign!r} -> {new!r}", _line(text, at), text[:at] + new + text[at + len(sign) :])


def _swap(text: str, entries: list[Entry], scalars: list[Any], chance: random.Random) -> Mutation | None:
    """One value in place of another."""
    one, other = chance.choice(entries).value, chance.choice(entries).value
    new = text[other.start_mark.index : other.end_mark.index]
    return _replaced(text, one, new.rstrip(), f"take the value of line {other.start_mark.line + 1}")


def _replaced(text: str, node: Any, new: str, what: str) -> Mutation:
    start, end = node.start_mark.index, node.end_mark.index
    end = start + len(text[start:end].rstrip())
    return Mutation(f"{what} as {new[:40]!r}", _line(text, start), text[:start] + new + text[end:])


def _slip(word: str, chance: random.Random) -> str:
    at = chance.randrange(len(word)) if word else 0
    letter = chance.choice("abcxyz_0. ")
    before, here, after = word[:at], word[at : at + 1], word[at + 1 :]
    slips = (
        before + after,
        before + letter + here + after,
        before + letter + after,
        before + after[:1] + here + after[1:],
    )
    return chance.choice((*slips, word + "s", word.upper()))


def _line(text: str, at: int) -> int:
    return text.count("\n", 0, at) + 1


def _nodes(node: Any) -> Iterator[Any]:
    yield node
    for child in node.value if node.id != "scalar" else ():
        for part in child if isinstance(child, tuple) else (child,):
            yield from _nodes(part)


def _entries(root: Any) -> Iterator[Entry]:
    for node in _nodes(root):
        if node.id == "mapping":
            for key, value in node.value:
                yield Entry(node, key, value)
