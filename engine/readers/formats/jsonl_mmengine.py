"""The scalars.json of MMEngine: JSON lines in which the step of an evaluation may be its epoch."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ..registry import Reader

if TYPE_CHECKING:
    from collections.abc import Iterator
    from typing import Any

    from ..model import Run
    from ..opening import Head, Opening

_MARKS = frozenset({"step", "iter", "time", "data_time"})


def _claims(head: Head) -> bool:
    return head.keys >= _MARKS


def _read(opening: Opening) -> Run:
    from ..documents import rewritten

    return rewritten(opening, _mended, READER.id)


def _mended(rows: Iterator[dict[str, Any]]) -> Iterator[dict[str, Any]]:
    """For each row the fields that stand above its own."""
    last: float | None = None
    for row in rows:
        step = row.get("step")
        more = {}
        if isinstance(step, int | float):
            if "iter" in row or "lr" in row:
                last = step
            elif last is not None and step < last:
                more = {"step": last, "epoch": step}
        yield more


READER = Reader(
    "mmengine",
    "The scalars.json of MMEngine",
    ("scalars.json", "vis_data/*.json"),
    _claims,
    _read,
    help="An evaluation whose `step` is its epoch gets the step of the training row before it, and that epoch.",
)
