"""SQL laid out for reading: a clause a line, long lists and conditions broken where they may; no token is changed."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from itertools import groupby, pairwise
from typing import TypeAlias

from ..record import Record
from .escape import printable

STEP = 2
FEW, SHORT = 12, 14  # a list of more items, none of them longer, is packed
_TOKEN = re.compile(
    r"""'(?:[^']|'')*' | "(?:[^"]|"")*" | [A-Za-z_][A-Za-z0-9_]* | [0-9][0-9.eE]*(?:(?<=[eE])[-+][0-9]+)?"""
    r""" | \$[0-9]+ | :: | <> | <= | >= | != | == | \|\| | . """,
    re.VERBOSE | re.DOTALL,
)
_OPEN, _CLOSE = "([{", ")]}"
_CLAUSES = ("SELECT", "FROM", "WHERE", "GROUP BY", "ORDER BY", "LIMIT", "USING", "WINDOW", "UNION ALL")
_JOINS = ("LEFT JOIN", "ASOF LEFT JOIN", "POSITIONAL JOIN", "JOIN", "CROSS JOIN")
_BREAKS = {"AND", "OR", "WHEN", "ELSE", "END", "+"}


class _Word(Record):
    """A token, and whether a space stands before it."""

    text: str
    is_apart: bool


class _Group(Record):
    """What stands between two brackets."""

    opening: str
    closing: str
    inside: tuple[_Node, ...]
    is_apart: bool


_Node: TypeAlias = "_Word | _Group"


def laid_out(sql: str, width: int = 80) -> str:
    """A statement over several lines of at most `width` columns, as far as its words allow."""
    return "\n".join(_lines(_parsed(sql), 0, width))


def words(sql: str) -> list[str]:
    """The tokens of a statement, without the space between them."""
    return [text for text in _TOKEN.findall(sql) if not text.isspace()]


def filled(sql: str, parameters: Sequence[str]) -> str:
    """A statement with its parameters, as SQL, in the places of its question marks, or of $1, $2, …."""
    given = iter(parameters)
    return "".join(
        next(given) if text == "?" else parameters[int(text[1:]) - 1] if text[0] == "$" and text[1:] else text
        for text in _TOKEN.findall(sql)
    )


def visible(sql: str) -> str:
    """A statement with no character in its literals that a terminal would not show: `chr(31)` for each."""
    return "".join(_visible(text) if text[:1] == "'" else text for text in _TOKEN.findall(sql))


def _visible(literal: str) -> str:
    pieces: list[str] = []
    for is_plain, characters in groupby(literal[1:-1].replace("''", "'"), lambda c: printable(c) == c):
        text = "".join(characters)
        pieces += [_quoted(text)] if is_plain else [f"chr({ord(character)})" for character in text]
    return " || ".join(pieces) or "''"


def _quoted(text: str) -> str:
    return "'" + text.replace("'", "''") + "'"


def _parsed(sql: str) -> tuple[_Node, ...]:
    return _until(iter(_TOKEN.findall(sql)), "")[0]


def _until(tokens: Iterator[str], closing: str) -> tuple[tuple[_Node, ...], str]:
    found: list[_Node] = []
    is_apart = False
    for text in tokens:
        if text.isspace():
            is_apart = bool(found)
            continue
        if text in _OPEN:
            inside, end = _until(tokens, _CLOSE[_OPEN.index(text)])
            found.append(_Group(text, end, inside, is_apart))
        elif text == closing:
            return tuple(found), text
        else:
            found.append(_Word(text, is_apart))
        is_apart = False
    return tuple(found), closing


def _flat(nodes: Sequence[_Node]) -> str:
    text = ""
    for node in nodes:
        space = " " if node.is_apart and text else ""
        text += space + (node.text if isinstance(node, _Word) else f"{node.opening}{_flat(node.inside)}{node.closing}")
    return text


def _lines(nodes: Sequence[_Node], indent: int, width: int, after: str = "") -> list[str]:
    """The nodes as lines; `after` is what follows the last of them."""
    flat = _flat(nodes)
    if indent + len(flat) + len(after) <= width or len(nodes) < 1:
        return [f"{' ' * indent}{flat}{after}"]
    for cut, inner in ((_clauses, 0), (_at_commas, 0), (_at_words, STEP), (_at_then, STEP)):
        parts = cut(nodes)
        if cut is _at_commas and len(parts) > FEW and all(len(_flat(part)) <= SHORT for part in parts):
            return _packed(parts, indent, width, after)
        if len(parts) > 1:
            found: list[str] = []
            for place, part in enumerate(parts):
                deeper = indent + (inner if place else 0)
                found += _part(part, deeper, width, after if place == len(parts) - 1 else "")
            return found
    return _opened(nodes, indent, width, after)


def _packed(parts: Sequence[Sequence[_Node]], indent: int, width: int, after: str) -> list[str]:
    """Many short items of a list, as many on a line as it holds."""
    lines = [" " * indent + _flat(parts[0])]
    for place, part in enumerate(parts[1:], 2):
        text = _flat(part) + (after if place == len(parts) else "")
        if len(lines[-1]) + 1 + len(text) <= width:
            lines[-1] += f" {text}"
        else:
            lines.append(" " * indent + text)
    return lines


def _part(part: Sequence[_Node], indent: int, width: int, after: str) -> list[str]:
    """A clause, its keywords on a line of their own where the rest does not fit beside them."""
    flat = _flat(part)
    length = _keywords(part)
    if not length or indent + len(flat) + len(after) <= width or length == len(part):
        return _lines(part, indent, width, after) if not length else [f"{' ' * indent}{flat}{after}"]
    rest = (part[length]._replace(is_apart=False), *part[length + 1 :])
    if len(_at_commas(rest)) == 1 and isinstance(rest[0], _Group):
        return _opened(part, indent, width, after)
    return [f"{' ' * indent}{_flat(part[:length])}", *_lines(rest, indent + STEP, width, after)]


def _opened(nodes: Sequence[_Node], indent: int, width: int, after: str) -> list[str]:
    """The nodes with their largest group on lines of its own."""
    sizes = [len(_flat(node.inside)) if isinstance(node, _Group) else -1 for node in nodes]
    largest = max(range(len(nodes)), key=sizes.__getitem__)
    group = nodes[largest]
    if not isinstance(group, _Group) or not group.inside:
        return [f"{' ' * indent}{_flat(nodes)}{after}"]
    space = " " if group.is_apart and largest else ""
    head = f"{' ' * indent}{_flat(nodes[:largest])}{space}{group.opening}"
    tail = nodes[largest + 1 :]
    lines = [head, *_lines(group.inside, indent + STEP, width)]
    if not tail:
        return [*lines, f"{' ' * indent}{group.closing}{after}"]
    gap = " " if tail[0].is_apart else ""
    first, *others = _lines(tail, indent, width, after)
    return [*lines, f"{' ' * indent}{group.closing}{gap}{first.strip()}", *others]


def _clauses(nodes: Sequence[_Node]) -> list[Sequence[_Node]]:
    starts = [place for place in range(len(nodes)) if _keywords(nodes[place:])]
    # "LEFT JOIN" inside "ASOF LEFT JOIN", and "JOIN" inside both, begin nothing.
    starts = [place for place in starts if not any(p < place < p + _keywords(nodes[p:]) for p in starts)]
    return _cut(nodes, starts)


def _keywords(nodes: Sequence[_Node]) -> int:
    """How many words at the beginning are the keywords of a clause."""
    for clause in (*_JOINS, *_CLAUSES):
        parts = clause.split()
        if [node.text if isinstance(node, _Word) else "" for node in nodes[: len(parts)]] == parts:
            return len(parts)
    return 0


def _at_commas(nodes: Sequence[_Node]) -> list[Sequence[_Node]]:
    return _cut(nodes, [place + 1 for place, node in enumerate(nodes) if isinstance(node, _Word) and node.text == ","])


def _at_words(nodes: Sequence[_Node]) -> list[Sequence[_Node]]:
    depth, starts = 0, []
    for place, node in enumerate(nodes):
        text = node.text if isinstance(node, _Word) else ""
        depth -= text == "END"
        if text in _BREAKS and depth <= (text in ("WHEN", "ELSE")):
            starts.append(place)
        depth += text == "CASE"
    return _cut(nodes, starts)


def _at_then(nodes: Sequence[_Node]) -> list[Sequence[_Node]]:
    """The condition and the result of a branch that is too long for a line."""
    if not isinstance(nodes[0], _Word) or nodes[0].text != "WHEN":
        return [nodes]
    depth = 0
    for place, node in enumerate(nodes):
        text = node.text if isinstance(node, _Word) else ""
        depth += (text == "CASE") - (text == "END")
        if text == "THEN" and not depth:
            return _cut(nodes, [place])
    return [nodes]


def _cut(nodes: Sequence[_Node], starts: Sequence[int]) -> list[Sequence[_Node]]:
    bounds = [0, *(start for start in starts if 0 < start < len(nodes)), len(nodes)]
    parts = [list(nodes[a:b]) for a, b in pairwise(bounds) if a < b]
    return [[part[0]._replace(is_apart=False), *part[1:]] for part in parts]
