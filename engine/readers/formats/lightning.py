"""The metrics.csv of Lightning's CSVLogger: a sparse table."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ..registry import Reader

if TYPE_CHECKING:
    from ..model import Run
    from ..opening import Head, Opening

_MARKS = {"epoch", "step"}


def _claims(head: Head) -> bool:
    from ..delimited import header_of, looks_like_table

    found = header_of(head)
    return found is not None and set(found[0]) >= _MARKS and looks_like_table(head)


def _read(opening: Opening) -> Run:
    from ..delimited import read_delimited

    return read_delimited(opening, READER.id)


READER = Reader(
    "lightning",
    "The metrics.csv of Lightning's CSVLogger",
    ("metrics.csv",),
    _claims,
    _read,
    rank=6,
    help="A sparse table with `step` and `epoch`; rows of one step whose cells complete each other are one row.",
)
