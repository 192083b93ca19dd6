"""Tables of text: CSV, and its kin with semicolons, tabs or bars."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ..registry import Reader

if TYPE_CHECKING:
    from ..model import Run
    from ..opening import Head, Opening


def _claims(head: Head) -> bool:
    from ..delimited import looks_like_table

    return looks_like_table(head)


def _read(opening: Opening) -> Run:
    from ..delimited import read_delimited

    return read_delimited(opening, READER.id)


READER = Reader(
    "csv",
    "A table of text with a header: commas, semicolons, tabs or bars between its columns",
    ("*.csv", "*.tsv"),
    _claims,
    _read,
    rank=7,
    help=(
        "Empty cells are no values. A column is also known by the plain form of its name: `Train Loss` is `train_loss`,"
        " `rewards / margins` is `rewards/margins`. A row without as many cells as the header is malformed."
    ),
)
