"""The logging.jsonl of ms-swift: JSON lines whose step is a fraction."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ..registry import Reader

if TYPE_CHECKING:
    from ..model import Run
    from ..opening import Head, Opening


def _claims(head: Head) -> bool:
    return "global_step/max_steps" in head.keys


def _read(opening: Opening) -> Run:
    from ..jsonl import read_lines

    return read_lines(opening, READER.id, console=not opening.forced)


READER = Reader(
    "ms_swift",
    "The logging.jsonl of ms-swift",
    ("logging.jsonl",),
    _claims,
    _read,
    help="The step and the total are the text `global_step/max_steps`; the large last row is its summary.",
)
