"""The keys that a log has, with what their values look like: what a new pack is started from."""

from __future__ import annotations

import json
import math
import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from itertools import islice
from typing import TYPE_CHECKING, Any

from .cells import TEXT, Cells
from .connection import close
from .lines import OBJECT
from .model import Wanted
from .normalise import TURN
from .reading import read

if TYPE_CHECKING:
    from .finish import Scan
    from .opening import Opening

MOST_ROWS = 100_000
"""So many rows are looked at; later ones seldom bring keys that these do not have."""
MOST_KEYS = 20_000
FEW_TEXTS = 12
_BATCH = 1_000
_TRUTHS: Mapping[Any, Any] = {"true": True, "false": False}
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


def inventory(path: str, wanted: Wanted, input_format: str | None = None) -> Inventory:
    """Look through the log at `path` as it is read for `wanted`; raises LogError if it cannot be."""
    seen: list[tuple[dict[str, Key], int, bool]] = []

    def look(opening: Opening, scan: Scan) -> None:
        rows = _of_lines(scan.source.path) if scan.is_lines else _of_table(opening, scan)
        seen.append((*_seen(rows), scan.is_lines))

    run = read(path, wanted, input_format=input_format, witness=look)
    close(run.con)
    found, rows, is_lines = seen[-1]
    is_told_twice = run.facts.format == "console" or not is_lines
    return Inventory(_without_doubles(found) if is_told_twice else list(found.values()), rows)


def _seen(rows: Iterable[Mapping[str, Any]]) -> tuple[dict[str, Key], int]:
    found: dict[str, Key] = {}
    amount = 0
    for row in islice(rows, MOST_ROWS):
        amount += 1
        for name, value in row.items():
            key = found.get(name)
            if key is None:
                if len(found) == MOST_KEYS:
                    continue
                key = found[name] = Key(name)
            key.see(value)
    return found, amount


def _without_doubles(found: Mapping[str, Key]) -> list[Key]:
    """The keys, but for those that the reader of the log has given a plain name besides: "Train Loss" is train_loss."""

    def is_double(key: Key) -> bool:
        plain = "_".join(key.name.replace(" / ", "/").lower().split())
        other = found.get(plain) if plain != key.name else None
        return other is not None and (other.rows, other.low, other.high) == (key.rows, key.low, key.high)

    return [key for key in found.values() if not is_double(key)]


def _of_table(opening: Opening, scan: Scan) -> Iterator[dict[str, Any]]:
    """The rows of a table."""
    cells = Cells()
    names = list(islice(opening.names, MOST_KEYS))
    columns = [cells.column(name, TEXT, nested=False) for name in names]
    shown = ", ".join(each for each in columns if each)
    sql = f"SELECT {shown} FROM ({scan.rows(cells, f' LIMIT {MOST_ROWS}')}) WHERE kind = {OBJECT}"
    cursor = opening.con.execute(sql, [scan.source.path])
    while rows := cursor.fetchmany(_BATCH):
        for row in rows:
            yield {name: _TRUTHS.get(value, value) for name, value in zip(names, row, strict=True)}


def _of_lines(path: str) -> Iterator[dict[str, Any]]:
    """The rows of JSON lines."""
    with open(path, encoding="utf-8", errors="replace", newline="\n") as stream:
        for line in stream:
            if (row := _object(line)) is not None:
                yield row


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
