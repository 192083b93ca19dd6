"""The trainer_log.jsonl of LLaMA-Factory: JSON lines with steps of its own name."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ..registry import Reader

if TYPE_CHECKING:
    from ..model import Run
    from ..opening import Head, Opening


def _claims(head: Head) -> bool:
    return {"current_steps", "total_steps"} <= head.keys


def _read(opening: Opening) -> Run:
    from ..jsonl import read_lines

    return read_lines(opening, READER.id, console=not opening.forced)


READER = Reader(
    "llama_factory",
    "The trainer_log.jsonl of LLaMA-Factory",
    ("trainer_log.jsonl",),
    _claims,
    _read,
    help="Step and total are `current_steps` and `total_steps`.",
)
