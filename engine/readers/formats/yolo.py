"""The results.csv of YOLO: a table with a row for each epoch and padded cells."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ..registry import Reader

if TYPE_CHECKING:
    from collections.abc import Mapping

    from ..model import Run
    from ..opening import Head, Opening


def _claims(head: Head) -> bool:
    from ..delimited import header_of

    found = header_of(head)
    return found is not None and {"epoch", "train/box_loss"} <= set(found[0])


def _read(opening: Opening) -> Run:
    from ..delimited import read_delimited

    return read_delimited(opening, READER.id, _sums)


def _sums(columns: Mapping[str, str]) -> Mapping[str, str]:
    """The loss that is minimised, and the same of the evaluation: the sums of their parts, which are weighted."""
    sums = {}
    for split in ("train", "val"):
        parts = [sql for name, sql in columns.items() if name.startswith(f"{split}/") and name.endswith("_loss")]
        if parts:
            sums[f"{split}/loss"] = " + ".join(f"TRY_CAST({part} AS DOUBLE)" for part in parts)
    return sums


READER = Reader(
    "yolo",
    "The results.csv of YOLO",
    ("results.csv",),
    _claims,
    _read,
    rank=6,
    help="`train/loss` and `val/loss` are the sums of their parts, such as `train/box_loss`, which YOLO has weighted.",
)
