"""JSON lines: an object a line."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ..registry import Reader

if TYPE_CHECKING:
    from ..model import Run
    from ..opening import Head, Opening


def _claims(head: Head) -> bool:
    return head.is_lines or bool(head.objects) or head.text.lstrip()[:2] == '{"'


def _read(opening: Opening) -> Run:
    from ..jsonl import read_lines

    return read_lines(opening, console=not opening.forced)


READER = Reader(
    "jsonl",
    "JSON lines, one object for each row",
    ("*.jsonl", "*.ndjson", "log.txt"),
    _claims,
    _read,
    rank=8,
    help='Objects may be nested: `a/b` is also read from `{"a": {"b": 1}}`. Bare `NaN` and `Infinity` are numbers.',
)
