"""Logs that become JSON lines first: documents, whose rows are found one by one, so that a torn or damaged one still
gives the others, and JSON lines that need a field more. Each row keeps its own text and the line on which it begins.
"""

from __future__ import annotations

import json
from array import array
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from typing import Any

from ..errors import LogError
from ..record import Record
from .copies import TOLD, Copy, remove
from .model import Run
from .normalise import Source
from .opening import Opening

LARGEST = 1 << 28
"""Bytes up to which a document is read: all of it is held in memory."""
_SPACE = " \t\n\r\x1d"
_DECODER = json.JSONDecoder(strict=False)


class Row(Record):
    """A row: its JSON text on one line, and the line of the log on which it begins (0: rows have no lines)."""

    text: str
    line: int


class Document(Record):
    """What a JSON document holds: the rows of its list, and all else that is at the top."""

    rows: list[Row]
    fields: dict[str, Any]
    malformed: int  # rows that could not be read
    lines: int


def text_of(opening: Opening) -> str:
    """All of a log as text; raises LogError if it is too large for a document."""
    source = opening.mended()
    if source.size > LARGEST:
        message = f"one JSON document of {source.size >> 20} MiB"
        raise LogError(message, path=opening.path, hint="give the log that has one JSON object a line")
    with open(source.path, encoding="utf-8") as stream:
        return stream.read()


def document(text: str, name: str) -> Document:
    """Take an object apart whose field `name` is the list of its rows."""
    fields: dict[str, Any] = {}
    rows: list[Row] = []
    malformed, at = 0, _after(text, 0)
    if text[at : at + 1] == "{":
        at = _after(text, at + 1)
    while text[at : at + 1] == '"':
        try:
            key, at = _DECODER.raw_decode(text, at)
            at = _after(text, _after(text, at) + 1)
            if key == name and text[at : at + 1] == "[":
                found, malformed, at = _items(text, at)
                rows += found
            else:
                fields[key], at = _DECODER.raw_decode(text, at)
        except (ValueError, RecursionError):
            break
        at = _after(text, at)
        at = _after(text, at + 1) if text[at : at + 1] == "," else at
    return Document(rows, fields, malformed, text.count("\n"))


def array_rows(text: str) -> Document:
    """Take a list of rows apart."""
    rows, malformed, _ = _items(text, _after(text, 0))
    return Document(rows, {}, malformed, text.count("\n"))


def _items(text: str, at: int) -> tuple[list[Row], int, int]:
    """The objects of the list that begins at `at`, how many are damaged, and where the list ends."""
    rows: list[Row] = []
    malformed, line, counted = 0, 1, 0
    at = _after(text, at + 1)
    while at < len(text) and text[at] != "]":
        begin = at
        try:
            value, at = _DECODER.raw_decode(text, at)
            is_row = isinstance(value, dict)
        except (ValueError, RecursionError):
            is_row = False
            at = _next_object(text, at + 1)
        malformed += not is_row
        if is_row:
            line, counted = line + text.count("\n", counted, begin), begin
            rows.append(Row(" ".join(text[begin:at].splitlines()), line))
        at = _after(text, at)
        if text[at : at + 1] == ",":
            at = _after(text, at + 1)
        elif is_row and text[at : at + 1] not in ("]", ""):
            malformed += 1  # what stands between two rows is what is left of a third
            at = _next_object(text, at)
    if len({row.line for row in rows}) < len(rows):
        rows = [row._replace(line=0) for row in rows]
    return rows, malformed, at + 1


def _after(text: str, at: int) -> int:
    while at < len(text) and text[at] in _SPACE:
        at += 1
    return at


def _next_object(text: str, at: int) -> int:
    """Where the next object begins that follows another one, or the end of the text."""
    while (at := text.find("{", at)) >= 0:
        if text[:at].rstrip(_SPACE)[-1:] in (",", "["):
            return at
        at += 1
    return len(text)


@contextmanager
def written(opening: Opening, rows: Iterable[Row]) -> Iterator[Source]:
    """Yield the rows as a file of JSON lines, which is gone afterwards."""
    places = array("q")
    made: list[str] = []
    try:
        with Copy(opening.path, made, prefix=TOLD, suffix=".jsonl") as copy:
            for text, line in rows:
                copy.write(text.encode("utf-8", "replace") + b"\n")
                places.append(line or len(places) + 1)
                opening.check()
        yield Source(copy.name, copy.size, copied=True, places=places)
    finally:
        remove(made)


def objects(source: Source) -> Iterator[dict[str, Any]]:
    """The lines of a source as JSON objects; {} stands for a line that is none."""
    with open(source.path, encoding="utf-8") as stream:
        for line in stream:
            try:
                value = _DECODER.decode(line)
            except (ValueError, RecursionError):
                value = None
            yield value if isinstance(value, dict) else {}


def rewritten(
    opening: Opening,
    mend: Callable[[Iterator[dict[str, Any]]], Iterator[dict[str, Any]]],
    name: str,
    *,
    notes: Sequence[str] = (),
) -> Run:
    """The run in JSON lines to which `mend` gives fields that stand above those of the line."""
    from .jsonl import read_told

    source = opening.mended()

    def lines() -> Iterator[Row]:
        with open(source.path, encoding="utf-8") as stream:
            for number, (line, more) in enumerate(zip(stream, mend(objects(source)), strict=True), 1):
                text = line.rstrip("\n")
                if more:
                    # Of two fields of the same name, the first one is read.
                    text = json.dumps(more)[:-1] + ", " + text.lstrip()[1:]
                yield Row(text, number)

    return read_told(opening, opening.stack.enter_context(written(opening, lines())), name, notes=notes)
