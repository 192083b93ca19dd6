"""Text tables → rows, as guides and consoles print them, so that they can be pasted.

Three shapes are known, told apart by their first line:

    | Step | Loss |        step   loss             Epoch 1: loss=10,500, val_loss=11,000
    |------|------|        5      0.650   ← note   Epoch 2: loss=8,200   ← Down by 22%!
    | 5    | 0.65 |        10     -                Epoch 3: loss=nan

`10,500` is a number and `48%` is 0.48; `-`, `_`, `?`, `n/a` and an empty cell are missing; `nan` and `inf` are what
they say. What follows an arrow (`←`, `<-`) or a hash is a remark, marks such as ✓ go, and so does a line of dots.
"""

from __future__ import annotations

import math
import re
from collections.abc import Callable, Iterator

from ..record import Record
from .model import Cell
from .notation import NUMBER, number, tidy


class Spot(Record):
    """A place in a text: the line from 0, the column from 0."""

    line: int
    column: int


class TableCell(Record):
    """A cell: the column's head as it is written, the text, and where each of the two stands."""

    head: str
    text: str
    at: Spot
    head_at: Spot


class Fault(Record):
    """What is wrong with a table: the message, where, and how to mend it."""

    message: str
    at: Spot
    hint: str


_REMARK = re.compile(r"\s*(?:←|<-+|⟵|\s#(?:\s|$)|^#).*$")
_MARKS = re.compile(r"[\s✓✔✗✘✅❌⚠️🎯☑]+$")
_RULE = re.compile(r"[\s|+:=─━│┃┼╪-]+")
_DOTS = re.compile(r"\s*(?:\.{2,}|…|⋮)\s*")
_GAP = re.compile(r"\s{2,}|\t")
_PAIR = re.compile(
    r"(?P<head>[A-Za-z_][^\s=:,|]*(?: [A-Za-z_][^\s=:,|]*)*?)"
    r"(?:\s*[=:]\s*(?P<text>[^\s,;]+(?:,\d{3}(?!\d)[^\s,;]*)*)|\s+(?P<count>\d+)\s*:)"
)
_VALUE = re.compile(rf"[+-]?{NUMBER}")
_MISSING = frozenset({"", "-", "\u2013", "\u2014", "_", "?", "n/a", "na", "none", "null"})
_SPECIAL = {"nan": math.nan, "inf": math.inf, "infinity": math.inf}


def read_table(text: str) -> tuple[list[list[TableCell]], list[Fault]]:
    """The rows of a table, each with the cells that it has, and what is wrong with the table."""
    lines = [(place, line) for place, line in _lines(text) if line.strip()]
    if not lines:
        return [], [Fault("a table without a row", Spot(0, 0), "paste one, its first line the names of the columns")]
    faults: list[Fault] = []
    first = lines[0][1]
    if "|" in first:
        split = _between_bars
    elif _PAIR.match(first.strip()):
        return [_pairs(place, line, faults) for place, line in lines if not _DOTS.fullmatch(line)], faults
    else:
        # Heads of several words stand two spaces apart.
        split = _by_gaps if _GAP.search(first.strip()) and " " in _GAP.sub("", first.strip()) else _by_spaces
    return list(_below(lines, split, faults)), faults


def _lines(text: str) -> Iterator[tuple[int, str]]:
    for place, line in enumerate(text.splitlines()):
        yield place, _REMARK.sub("", line).rstrip()


def _between_bars(line: str) -> list[tuple[str, int]]:
    start = line.index("|") + 1 if line.lstrip().startswith("|") else 0
    end = len(line.rstrip()) - 1 if line.rstrip().endswith("|") and line.rstrip()[:-1].strip() else len(line)
    cells: list[tuple[str, int]] = []
    for piece in line[start:end].split("|"):
        text = piece.strip()
        cells.append((text, start + (piece.index(text) if text else 0)))
        start += len(piece) + 1
    return cells


def _by_spaces(line: str) -> list[tuple[str, int]]:
    return [(found[0], found.start()) for found in re.finditer(r"\S+", line)]


def _by_gaps(line: str) -> list[tuple[str, int]]:
    return [(found[0], found.start()) for found in re.finditer(r"\S+(?: \S+)*", line)]


def _below(
    lines: list[tuple[int, str]], split: Callable[[str], list[tuple[str, int]]], faults: list[Fault]
) -> Iterator[list[TableCell]]:
    """The rows below a line of heads."""
    place, line = lines[0]
    heads = split(line)
    names = [head for head, _ in heads]
    for nth, (name, column) in enumerate(heads):
        if not name:
            faults.append(Fault("a column without a name", Spot(place, column), "name it, or leave the column out"))
        elif name in names[:nth]:
            faults.append(Fault(f"two columns are called {name!r}", Spot(place, column), "name them apart"))
    rows = [(at, row) for at, row in lines[1:] if not _RULE.fullmatch(row) and not _DOTS.fullmatch(row)]
    if not rows:
        faults.append(Fault("a table without a row below its heads", Spot(place, 0), "paste the rows as well"))
    for at, row in rows:
        cells = split(_MARKS.sub("", row) if split is not _between_bars else row)
        if len(cells) != len(heads):
            message = f"{len(cells)} cells stand under {len(heads)} heads ({', '.join(names)})"
            faults.append(Fault(message, Spot(at, 0), "write - where a value is missing"))
        yield [
            TableCell(head, cell, Spot(at, column), Spot(place, head_column))
            for (head, head_column), (cell, column) in zip(heads, cells, strict=False)
        ]


def _pairs(place: int, line: str, faults: list[Fault]) -> list[TableCell]:
    """The cells of a line such as `Epoch 3:  Train Loss: 35.67  Val Loss: 28.93`."""
    cells: list[TableCell] = []
    at = 0
    while True:
        at += len(line[at:]) - len(line[at:].lstrip(" \t,;"))
        if at >= len(line) or not _MARKS.sub("", line[at:]):
            return cells
        found = _PAIR.match(line, at)
        if found is None:
            faults.append(Fault(f"{line[at:].strip()!r} is no pair", Spot(place, at), "as in 'Epoch 1: loss=10,500'"))
            return cells
        group = "count" if found["count"] else "text"
        at = found.end()
        where = Spot(place, found.start(group)), Spot(place, found.start("head"))
        cells.append(TableCell(found["head"], found[group], *where))


def read_cell(text: str, *, is_text: bool = False) -> Cell | None:
    """The value of a cell, None where it is missing; ValueError where a number is wanted and there is none."""
    text = _MARKS.sub("", text).strip().strip("`*")
    low = text.lower()
    if low in _MISSING:
        return None
    if is_text:
        return text
    if low in ("true", "false"):
        return low == "true"
    sign = -1.0 if low.startswith("-") else 1.0
    if low.lstrip("+-") in _SPECIAL:
        return sign * _SPECIAL[low.lstrip("+-")]
    is_percent = text.endswith("%")
    plain = text.removesuffix("%").replace("\u2212", "-").strip()
    if not _VALUE.fullmatch(plain):
        raise ValueError(text)
    value = number(plain)
    return tidy(value / 100) if is_percent else tidy(value, digits=17)
