"""The *.log.json of mmcv, older than MMEngine: JSON lines with a mode, whose iterations may begin anew each epoch."""

from __future__ import annotations

from itertools import pairwise
from typing import TYPE_CHECKING

from ..registry import Reader

if TYPE_CHECKING:
    from collections.abc import Iterator
    from typing import Any

    from ..model import Run
    from ..opening import Head, Opening

_MARKS = frozenset({"mode", "epoch", "iter"})


def _claims(head: Head) -> bool:
    return head.keys >= _MARKS


def _read(opening: Opening) -> Run:
    from ..documents import objects, rewritten

    places = [place for row in objects(opening.mended()) if (place := _place(row)) is not None]
    # Iterations that go back where an epoch begins are those of the epoch.
    anew = any(after[0] > before[0] and after[1] <= before[1] for before, after in pairwise(places))
    length = max((iteration for _, iteration in places), default=0) if anew else 0
    told = f"mmcv counts iterations within an epoch; steps are counted with {length:g} of them an epoch"

    def mended(rows: Iterator[dict[str, Any]]) -> Iterator[dict[str, Any]]:
        last: float | None = None
        for row in rows:
            place = _place(row)
            more: dict[str, Any] = {}
            if place is not None:
                last = max(place[0] - 1, 0) * length + place[1]
                more = {"step": last}
            elif last is not None and row:
                more = {"step": last, "lr": None}  # which it repeats
            yield more

    return rewritten(opening, mended, READER.id, notes=(told,) if anew else ())


def _place(row: dict[str, Any]) -> tuple[float, float] | None:
    """The epoch and the iteration of a training row."""
    epoch, iteration = row.get("epoch"), row.get("iter")
    if row.get("mode") != "train" or not isinstance(epoch, int | float) or not isinstance(iteration, int | float):
        return None
    return epoch, iteration


READER = Reader(
    "mmcv",
    "The *.log.json of mmcv",
    ("*.log.json",),
    _claims,
    _read,
    help="The `iter` of an evaluation counts its batches, so that it gets the step of the training row before it.",
)
