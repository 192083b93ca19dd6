"""The log.txt of DETR and its kin: JSON lines, one for each epoch."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ..registry import Reader

if TYPE_CHECKING:
    from ..model import Run
    from ..opening import Head, Opening


def _claims(head: Head) -> bool:
    return "train_lr" in head.keys and "epoch" in head.keys


def _read(opening: Opening) -> Run:
    from ..jsonl import read_lines

    return read_lines(opening, READER.id, console=not opening.forced)


READER = Reader(
    "detr",
    "The log.txt of DETR, MAE, DeiT and their kin, an object for each epoch",
    ("log.txt",),
    _claims,
    _read,
    help="`train_…` and `test_…` with the epoch, which counts from 0.",
)
