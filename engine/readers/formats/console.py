"""Console output: the lines that a pack's `formats` know."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ..registry import Reader

if TYPE_CHECKING:
    from ..model import Run
    from ..opening import Head, Opening


def _claims(head: Head) -> bool:
    return not head.is_lines and not head.is_document


def _read(opening: Opening) -> Run:
    from ..jsonl import read_console, read_lines

    return read_console(opening) if opening.forced else read_lines(opening)


READER = Reader(
    "console",
    "Console output, in one of the formats that the pack knows",
    ("*.log", "*.out", "console.txt"),
    _claims,
    _read,
    rank=9,
    help=(
        "The lines of MetricLogger, the dictionaries that the Hugging Face Trainer prints, a line for each epoch; more"
        " under `formats` of a pack."
    ),
)
