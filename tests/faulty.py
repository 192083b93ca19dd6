"""Edits of shipped files, read from `tests/faults/*.txt`, and what must be reported of each; of those in `good`, none.

An edit is a block of lines, set apart from the next by an empty one:

    # what is wrong
    - the old text, which stands in the file once
    + the new text, in which «marks» stand around what is to be reported
    @ text that stands elsewhere in the file then, and marks «something» that is to be reported
    ! the codes of what is reported, in the order of their places; one+other for two at the same place

Several lines of a sort are lines of the file that follow one another; a block may hold several edits. Of a file that is
not shipped there is new text only.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from itertools import groupby
from pathlib import Path
from typing import NamedTuple

HERE = Path(__file__).parent
MARKS = re.compile("«([^»]*)»")


class Report(NamedTuple):
    """A problem as the command tells it: its line and column, its code."""

    line: int
    column: int
    code: str


class Edit(NamedTuple):
    """One edit: the file that it is of, what it is, the text that comes of it, and what must be reported."""

    file: str
    what: str
    text: str
    reports: tuple[Report, ...]


def edits(folder: str, rules: Path) -> Iterator[Edit]:
    """Every edit of every list in a folder beside this file, applied to the files of the folder `rules`."""
    for path in sorted((HERE / folder).glob("*.txt")):
        name = path.name.removesuffix(".txt")
        source = rules / name
        shipped = source.read_text(encoding="utf-8") if source.is_file() else ""
        for block in re.split(r"\n{2,}(?=#)", path.read_text(encoding="utf-8").strip()):
            if block:
                yield _edit(name, shipped, block)


def _edit(name: str, text: str, block: str) -> Edit:
    what, codes, places, old = "", [], list[str](), ""
    for sign, lines in groupby(block.splitlines(), key=lambda line: line[:1]):
        given = "\n".join(line[2:] for line in lines)
        match sign:
            case "#":
                what = given
            case "!":
                codes = given.split()
            case "@":
                places.append(given)
            case "-":
                old = given
            case "+":
                places.append(given)
                text = _replaced(text, old, MARKS.sub(r"\1", given), f"{name}: {what}")
                old = ""
            case _:
                raise AssertionError(f"{name}: {what}: cannot read {given!r}")
    if old:
        text = _replaced(text, old, "", f"{name}: {what}")
    reports = sorted(place for marked in places for place in _places(text, marked, f"{name}: {what}"))
    assert len(reports) == len(codes), f"{name}: {what}: {len(codes)} codes for {len(reports)} marks"
    told = (Report(*place, code) for place, several in zip(reports, codes, strict=True) for code in several.split("+"))
    return Edit(name, what, text, tuple(told))


def _replaced(text: str, old: str, new: str, where: str) -> str:
    if not old:
        return text + new + "\n"
    assert text.count(old) == 1, f"{where}: {old!r} stands in the file {text.count(old)} times"
    return text.replace(old, new)


def _places(text: str, marked: str, where: str) -> Iterator[tuple[int, int]]:
    """The line and the column of each mark."""
    if not MARKS.search(marked):
        return
    plain = MARKS.sub(r"\1", marked)
    assert text.count(plain) == 1, f"{where}: {plain!r} stands in the edited file {text.count(plain)} times"
    start = text.index(plain)
    for count, mark in enumerate(MARKS.finditer(marked)):
        at = start + mark.start() - 2 * count
        yield text.count("\n", 0, at) + 1, at - text.rfind("\n", 0, at)
