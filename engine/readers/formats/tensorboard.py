"""The event files of TensorBoard: scalars, one an event."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ..registry import Reader

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from typing import IO, Any

    from ..documents import Row
    from ..model import Run
    from ..opening import Head, Opening

_VERSION = b"brain.Event:"  # what the first record of each file says
_HEADER, _FOOTER = 12, 4
_LISTS = ("float_val", "double_val", "int_val", "int64_val", "bool_val")


def _claims(head: Head) -> bool:
    return _VERSION in head.raw[:64]


def _read(opening: Opening) -> Run:
    from ...errors import LogError
    from ..documents import written
    from ..extras import library
    from ..jsonl import read_told

    proto = library("tensorboard.compat.proto.event_pb2", READER, opening.path)
    checksum = library("tensorboard.compat.tensorflow_stub.pywrap_tensorflow", READER, opening.path).masked_crc32c
    broken: list[int] = []
    notes: list[str] = []

    def events() -> Iterator[Any]:
        with open(opening.source.path, "rb") as stream:
            for content in _records(stream, opening.source.size, checksum, broken, notes):
                opening.check()
                try:
                    yield proto.Event.FromString(content)
                except MemoryError:
                    raise
                except Exception:  # DecodeError lies in another library
                    broken.append(1)

    told = opening.stack.enter_context(written(opening, _rows(events())))
    if not told.size:
        hint = "copy it again from where it was written" if notes else "wait until the run has logged something"
        raise LogError("no scalars in this event file", path=opening.path, hint=hint)
    return read_told(opening, told, READER.id, notes=notes, malformed=len(broken))


def _records(
    stream: IO[bytes], size: int, checksum: Callable[[bytes], int], broken: list[int], notes: list[str]
) -> Iterator[bytes]:
    """The records of the file: each has a length, a checksum of that, the content, and a checksum of the content.

    `broken` gets an entry for each that is damaged; where the next one cannot be found, `notes` says so.
    """
    from ..normalise import LONGEST_LINE

    while left := size - stream.tell():
        header = stream.read(_HEADER)
        length = int.from_bytes(header[:8], "little")
        is_torn = len(header) < _HEADER
        is_known = not is_torn and checksum(header[:8]) == int.from_bytes(header[8:], "little")
        if not is_known or _HEADER + length + _FOOTER > left:
            broken.append(1)
            if not is_torn and not (is_known and length <= LONGEST_LINE):  # else the last one is still being written
                notes.append(f"the event file is damaged: its last {left:,} bytes cannot be read")
            return
        if length > LONGEST_LINE:
            broken.append(1)
            stream.seek(length + _FOOTER, 1)
            continue
        content, footer = stream.read(length), stream.read(_FOOTER)
        if checksum(content) == int.from_bytes(footer, "little"):
            yield content
        else:
            broken.append(1)


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
