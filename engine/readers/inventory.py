"""The keys that a log has, with what their values look like: what a new pack is started from."""

from __future__ import annotations

import json
import math
import re
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

from ..pack import Format
from .connection import connect
from .normalise import TURN, Source, copied, opened

MOST_ROWS = 100_000
"""So many rows are looked at; later ones seldom bring keys that these do not have."""
MOST_KEYS = 20_000
FEW_TEXTS = 12
_NUMBER = re.compile(r"\s*[-+]?(?:\d+\.?\d*|\.\d+)(?:[eE][-+]?\d+)?\s*").fullmatch
_NOT_FINITE = re.compile(r"\s*[-+]?(?:nan|inf|infinity)\s*", re.IGNORECASE).fullmatch
_OF = re.compile(r"\d+/\d+").fullmatch


@dataclass(slots=True)
class Key:
    """One key of a log (nested ones with "/"), and what was seen of its values; `rows` are those that have one."""

    name: str
    rows: int = 0
    numbers: int = 0
    nonfinite: int = 0
    truths: int = 0
    texts: int = 0
    low: float = math.inf
    high: float = -math.inf
    last: float = -math.inf
    is_whole: bool = True
    never_falls: bool = True
    are_ratios: bool = True  # its texts are such as "5/200"
    few: list[str] = field(default_factory=list)  # its different texts, up to FEW_TEXTS

    @property
    def is_text(self) -> bool:
        """Whether it holds texts rather than numbers."""
        return self.texts > self.numbers + self.nonfinite

    def see(self, value: Any) -> None:
        """Take one value into account; lists and null are none."""
        if isinstance(value, bool):
            self.truths += 1
            value = float(value)
        elif isinstance(value, str):
            if not (_NUMBER(value) or _NOT_FINITE(value)):
                self._text(value)
                return
            value = float(value)
        elif not isinstance(value, (int, float)):
            return
        self.rows += 1
        try:
            number = float(value)
        except OverflowError:
            number = math.inf
        if not math.isfinite(number):
            self.nonfinite += 1
            return
        self.numbers += 1
        self.low, self.high = min(self.low, number), max(self.high, number)
        self.is_whole = self.is_whole and number.is_integer()
        self.never_falls = self.never_falls and number >= self.last
        self.last = number

    def _text(self, value: str) -> None:
        self.rows += 1
        self.texts += 1
        self.are_ratios = self.are_ratios and bool(_OF(value))
        if len(self.few) < FEW_TEXTS and value not in self.few:
            self.few.append(value)


@dataclass(slots=True)
class Inventory:
    """The keys of a log in the order in which they occur, and how many of its rows were looked at."""

    keys: list[Key]
    rows: int


def inventory(path: str, formats: Sequence[Format]) -> Inventory:
    """Look through the log at `path`, console output by one of `formats`; raises LogError if it cannot be read."""
    found: dict[str, Key] = {}
    rows = 0
    with (
        _json_lines(path, formats) as (source, is_console),
        open(source.path, encoding="utf-8", errors="replace", newline="\n") as stream,
    ):
        for line in stream:
            row = _object(line)
            if row is None:
                continue
            if rows == MOST_ROWS:
                break
            rows += 1
            for name, value in row.items():
                key = found.get(name)
                if key is None:
                    if len(found) == MOST_KEYS:
                        continue
                    key = found[name] = Key(name)
                key.see(value)
    keys = [key for key in found.values() if not (is_console and _plain(key.name) in found.keys() - {key.name})]
    return Inventory(keys, rows)


def _plain(name: str) -> str:
    """What the reader of console output calls "Train Loss" besides."""
    return "_".join(name.lower().split())


@contextmanager
def _json_lines(path: str, formats: Sequence[Format]) -> Iterator[tuple[Source, bool]]:
    """Yield the log as JSON lines, and whether they were made of console output."""
    from .console import may_be_console, told

    with opened(path) as source:
        if not formats or not may_be_console(source):
            yield source, False
            return
        con = connect(None, None)
        try:
            with copied(source, path) as plain, told(con, plain, path, formats) as found:
                yield (source, False) if found is None else (found.source, True)
        finally:
            con.close()


def _object(line: str) -> dict[str, Any] | None:
    """The keys of one line and their values, the first of each, nested objects flat; None where it is no object."""
    text = line.replace(TURN, " ").strip("\ufeff \t\r\n")
    if not text.startswith("{"):
        return None
    found: dict[str, Any] = {}
    try:
        document = json.loads(text, object_pairs_hook=lambda pairs: _Pairs(pairs))
    except (ValueError, RecursionError):
        return None
    _flatten(document, "", found)
    return found


class _Pairs(list[tuple[str, Any]]):
    """The members of an object, as they stand."""


def _flatten(pairs: _Pairs, prefix: str, found: dict[str, Any]) -> None:
    for name, value in pairs:
        if isinstance(value, _Pairs):
            _flatten(value, f"{prefix}{name}/", found)
        else:
            found.setdefault(prefix + name, value)
