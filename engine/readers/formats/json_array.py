"""A JSON array of rows."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ..registry import Reader

if TYPE_CHECKING:
    from ..model import Run
    from ..opening import Head, Opening


def _claims(head: Head) -> bool:
    text = head.text.lstrip()
    return head.is_document and text[:1] == "[" and text[1:].lstrip()[:1] == "{"


def _read(opening: Opening) -> Run:
    from ...errors import LogError
    from ..documents import array_rows, text_of, written
    from ..jsonl import read_told

    found = array_rows(text_of(opening))
    if not found.rows:
        hint = "give a list of objects, one for each row, or name another --input-format"
        raise LogError("no list of rows", path=opening.path, hint=hint)
    told = opening.stack.enter_context(written(opening, found.rows))
    return read_told(opening, told, READER.id, malformed=found.malformed, lines=found.lines)


READER = Reader(
    "json_array",
    "A JSON array with an object for each row",
    ("*.json",),
    _claims,
    _read,
    help="The rows may be spread over several lines; a row is told by the line on which it begins.",
)
