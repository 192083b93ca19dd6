"""The event files of TensorBoard: scalars, one an event."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ..registry import Reader

if TYPE_CHECKING:
    from collections.abc import Iterator
    from typing import Any

    from ..documents import Row
    from ..model import Run
    from ..opening import Head, Opening

_VERSION = b"brain.Event:"  # what the first record of each file says
_LISTS = ("float_val", "double_val", "int_val", "int64_val", "bool_val")


def _claims(head: Head) -> bool:
    return _VERSION in head.raw[:64]


def _read(opening: Opening) -> Run:
    from ...errors import LogError
    from ..documents import written
    from ..extras import library
    from ..jsonl import read_told

    loader = library("tensorboard.backend.event_processing.event_file_loader", READER, opening.path)
    told = opening.stack.enter_context(
        written(opening, _rows(loader.LegacyEventFileLoader(opening.source.path).Load()))
    )
    if not told.size:
        hint = "wait until the run has logged something"
        raise LogError("no scalars in this event file", path=opening.path, hint=hint)
    return read_told(opening, told, READER.id)


def _rows(events: Iterator[Any]) -> Iterator[Row]:
    """A row for each step, or for several where a tag is written more than once at it."""
    import json

    from ..documents import Row

    row: dict[str, float] = {}
    for event in events:
        for value in event.summary.value if event.HasField("summary") else ():
            number = _number(value)
            if number is None:
                continue
            if row and (row["step"] != event.step or value.tag in row):
                yield Row(json.dumps(row), 0)
                row = {}
            if not row:
                row = {"step": event.step, "time": event.wall_time}
            row[value.tag] = number
    if row:
        yield Row(json.dumps(row), 0)


def _number(value: Any) -> float | None:
    if value.HasField("simple_value"):
        return float(value.simple_value)
    if not value.HasField("tensor") or value.tensor.tensor_shape.dim:
        return None
    tensor = value.tensor
    for name in _LISTS:
        found = getattr(tensor, name)
        if len(found) == 1:
            return float(found[0])
    size = {1: "f", 2: "d", 3: "i", 9: "q"}.get(tensor.dtype)  # DT_FLOAT, DT_DOUBLE, DT_INT32, DT_INT64
    if size is None or not tensor.tensor_content:
        return None
    from struct import error, unpack

    try:
        (number,) = unpack(f"<{size}", tensor.tensor_content)
    except error:
        return None
    return float(number)


READER = Reader(
    "tensorboard",
    "An event file of TensorBoard",
    ("events.out.tfevents.*",),
    _claims,
    _read,
    is_binary=True,
    extra="tensorboard",
    help="Its scalars by their tags; those of one step are one row.",
)
