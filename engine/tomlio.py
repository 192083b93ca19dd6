"""TOML with positions: what the standard library reads, and where in the text each key and value stands."""

from __future__ import annotations

import re
from bisect import bisect_right
from collections.abc import Mapping
from contextlib import suppress
from typing import Any, NoReturn, TypeAlias

from .errors import PackError, Position, Problem
from .items import MAX_DEPTH, Item
from .record import Record

Path: TypeAlias = "tuple[str | int, ...]"

_AT = re.compile(r"^(.*) \(at line (\d+), column (\d+)\)$", re.DOTALL).match
_BARE_KEY = re.compile(r"[A-Za-z0-9_-]+").match
_BLANK = re.compile(r"(?:[ \t\r\n]|#[^\n]*)*").match
_BARE_VALUE = re.compile(r"[^,\]}#\n]*").match
_STRINGS = {
    '"""': re.compile(r'(?:[^"\\]|\\.|""?(?!"))*"{3,5}', re.DOTALL).match,
    "'''": re.compile(r"(?:[^']|''?(?!'))*'{3,5}", re.DOTALL).match,
    '"': re.compile(r'((?:[^"\\\n]|\\.)*)"').match,
    "'": re.compile(r"([^'\n]*)'").match,
}


class _Place(Record):
    key: int
    value: int


def compose_toml(text: str, file: str) -> Item:
    """The tree of a TOML file; dates and times are texts. Raises PackError where it is not TOML."""
    import tomllib

    text = text.removeprefix("\ufeff")
    try:
        tree = tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        told = _AT(str(error))
        message, at = (told[1], Position(file, int(told[2]), int(told[3]))) if told else (str(error), Position(file))
        raise PackError(
            [Problem(at, "wrong-file", f"not TOML: {message[:1].lower()}{message[1:]}", _mend(message))]
        ) from None
    except RecursionError:
        _refuse(file)
    scanner = _Scanner(text)
    with suppress(IndexError, RecursionError):  # what is known up to there will do
        scanner.scan()
    starts = [0, *(found.end() for found in re.finditer("\n", text))]

    def place(offset: int | None) -> tuple[int, int]:
        if offset is None:
            return 0, 0
        line = bisect_right(starts, offset)
        return line, offset - starts[line - 1] + 1

    def item(value: object, path: Path) -> Item:
        if len(path) > MAX_DEPTH:
            _refuse(file)
        key, start = scanner.places.get(path, (None, None))
        made = Item(None, file, *place(start), *place(key))
        if isinstance(value, dict):
            made.value = {name: item(inner, (*path, name)) for name, inner in value.items()}
        elif isinstance(value, list):
            made.value = [item(inner, (*path, index)) for index, inner in enumerate(value)]
        else:
            made.value = value if isinstance(value, (str, int, float, bool)) else str(value)
        return made

    root = item(tree, ())
    root.line, root.column = 1, 1
    return root


def _mend(said: str) -> str:
    """What is done about a fault that the standard library tells of."""
    if "overwrite" in said or "twice" in said:
        return "keep one of the two"
    return "write it as in [tool.trainrules]" if "declaration" in said else "a value is 5, 'text', true or [1, 2]"


def _refuse(file: str) -> NoReturn:
    raise PackError([Problem(Position(file), "too-deep", f"nested more than {MAX_DEPTH} deep", "split it")])


class _Scanner:
    """Finds the places of keys and values in a text that is known to be TOML."""

    def __init__(self, text: str) -> None:
        self.text, self.at = text, 0
        self.places: dict[Path, _Place] = {}
        self.counts: dict[Path, int] = {}

    def scan(self) -> None:
        table: Path = ()
        while self.blank():
            if self.text.startswith("[", self.at):
                table = self.header()
            else:
                self.pair(table)

    def blank(self) -> bool:
        """Skip blanks and comments; whether anything is left."""
        found = _BLANK(self.text, self.at)
        self.at = found.end() if found else self.at
        return self.at < len(self.text)

    def header(self) -> Path:
        is_list = self.text.startswith("[[", self.at)
        self.at += 1 + is_list
        table: Path = ()
        names = self.names()
        self.at = self.text.index("]", self.at) + 1 + is_list
        for place, (name, offset) in enumerate(names):
            table = (*table, name)
            is_last = place == len(names) - 1
            if is_last and is_list:
                self.places.setdefault(table, _Place(offset, offset))
                self.counts[table] = self.counts.get(table, -1) + 1
                table = (*table, self.counts[table])
            elif table in self.counts:
                table = (*table, self.counts[table])
            self.places.setdefault(table, _Place(offset, offset))
        return table

    def names(self) -> list[tuple[str, int]]:
        """The parts of a key, each with its place."""
        found = []
        while True:
            self.gap()
            start, quote = self.at, self.text[self.at]
            if quote in "\"'":
                quoted = _STRINGS[quote](self.text, self.at + 1)
                assert quoted is not None
                found.append((_unescaped(quoted[1]) if quote == '"' else quoted[1], start + 1))
                self.at = quoted.end()
            else:
                bare = _BARE_KEY(self.text, self.at)
                if bare is None:
                    raise IndexError(self.at)
                found.append((bare[0], start))
                self.at = bare.end()
            self.gap()
            if not self.text.startswith(".", self.at):
                return found
            self.at += 1

    def gap(self) -> None:
        while self.text[self.at] in " \t":
            self.at += 1

    def pair(self, table: Path) -> None:
        path = table
        names = self.names()
        self.at += 1  # the equals sign
        self.gap()
        for name, offset in names:
            path = (*path, name)
            self.places.setdefault(path, _Place(offset, offset))
        self.places[path] = _Place(names[-1][1], self.start())
        self.value(path)

    def start(self) -> int:
        """Where the text of the value begins: inside its quotes."""
        quotes = next((quotes for quotes in _STRINGS if self.text.startswith(quotes, self.at)), "")
        begin = self.at + len(quotes)
        return begin + (len(quotes) == 3 and self.text[begin] == "\n")

    def value(self, path: Path) -> None:
        opening = self.text[self.at]
        if opening == "[":
            self.at += 1
            index = 0
            while self.blank() and self.text[self.at] != "]":
                begin = self.start()
                self.places[(*path, index)] = _Place(begin, begin)
                self.value((*path, index))
                index += 1
                self.comma()
            self.at += 1
        elif opening == "{":
            self.at += 1
            while self.blank() and self.text[self.at] != "}":
                self.pair(path)
                self.comma()
            self.at += 1
        else:
            quotes = next((quotes for quotes in _STRINGS if self.text.startswith(quotes, self.at)), "")
            match = _STRINGS[quotes](self.text, self.at + len(quotes)) if quotes else _BARE_VALUE(self.text, self.at)
            if match is None:
                raise IndexError(self.at)
            self.at = match.end()

    def comma(self) -> None:
        self.blank()
        self.at += self.text.startswith(",", self.at)


def _unescaped(text: str) -> str:
    if "\\" not in text:
        return text
    import tomllib

    found: Mapping[str, Any] = tomllib.loads(f'x = "{text}"')
    return str(found["x"])
