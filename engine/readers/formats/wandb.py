"""The files that Weights & Biases writes: records of protocol buffers in the container of LevelDB's log."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ..registry import Reader

if TYPE_CHECKING:
    from collections.abc import Iterator
    from typing import IO, Any

    from ...report import Known
    from ..model import Run
    from ..opening import Head, Opening

_MAGIC = b":W&B"
_BLOCK, _HEADER, _IDENT = 1 << 15, 7, 7
_FULL, _LAST = 1, 4


def _claims(head: Head) -> bool:
    return head.raw.startswith(_MAGIC)


def _read(opening: Opening) -> Run:
    from ...errors import LogError
    from ..documents import Row, written
    from ..extras import library
    from ..jsonl import read_told

    proto = library("wandb.proto.wandb_internal_pb2", READER, opening.path)
    known: list[Known] = []
    over: list[bool] = []
    broken: list[int] = []

    def rows() -> Iterator[Row]:
        with open(opening.source.path, "rb") as stream:
            for content in _records(stream, broken):
                record = proto.Record()
                try:
                    record.ParseFromString(content)
                except MemoryError:
                    raise
                except Exception:  # DecodeError lies in another library
                    broken.append(1)
                    continue
                kind = record.WhichOneof("record_type")
                if kind == "history":
                    yield Row(_object(record.history.item), 0)
                elif kind in ("config", "run"):
                    known.extend(_known(record.config if kind == "config" else record.run.config))
                elif kind == "exit":
                    over.append(True)

    told = opening.stack.enter_context(written(opening, rows()))
    if not told.size:
        hint = "wait until the run has logged something"
        raise LogError("no history in this file", path=opening.path, hint=hint)
    latest = {each.name: each for each in known}
    run = read_told(opening, told, READER.id, known=tuple(latest.values()), malformed=len(broken))
    if over:
        run.facts = run.facts._replace(ended=True)
    return run


def _object(items: Any) -> str:
    """A row as JSON, from items whose values are JSON already."""
    import json

    pairs = ((each.key or "/".join(each.nested_key), each.value_json) for each in items)
    return "{" + ", ".join(f"{json.dumps(key)}: {value or 'null'}" for key, value in pairs) + "}"


def _known(config: Any) -> Iterator[Known]:
    """The total and the rate, where the settings of the run have them."""
    import json
    from contextlib import suppress

    from ...report import Known
    from ...surroundings import RATE, TOTAL

    for each in config.update:
        name = {"max_steps": TOTAL, "learning_rate": RATE}.get(each.key)
        if name is not None:
            with suppress(ValueError, OverflowError, RecursionError):
                value = json.loads(each.value_json)
                if isinstance(value, int | float) and value > 0:
                    yield Known(name, float(value), f"config: {each.key}")


def _records(stream: IO[bytes], broken: list[int]) -> Iterator[bytes]:
    """The records of the container, pieced together; `broken` gets an entry for each that is damaged."""
    stream.seek(_IDENT)
    parts: list[bytes] = []
    while len(header := stream.read(_header_room(stream))) == _HEADER:
        length, kind = int.from_bytes(header[4:6], "little"), header[6]
        content = stream.read(length)
        if len(content) < length or not _FULL <= kind <= _LAST or _differs(header, content):
            broken.append(1)
            if len(content) < length:
                return
            parts = []
            continue
        parts = [*parts, content] if kind > 2 else [content]
        if kind in (_FULL, _LAST):
            yield b"".join(parts)


def _header_room(stream: IO[bytes]) -> int:
    """How long a header is, after what is left of a block that has no room for one was passed over."""
    left = _BLOCK - stream.tell() % _BLOCK
    if left < _HEADER:
        stream.read(left)
    return _HEADER


def _differs(header: bytes, content: bytes) -> bool:
    """Whether the checksum is not that of the content."""
    from zlib import crc32

    return crc32(content, crc32(header[6:7])) & 0xFFFFFFFF != int.from_bytes(header[:4], "little")


READER = Reader(
    "wandb",
    "An offline file of Weights & Biases",
    ("run-*.wandb",),
    _claims,
    _read,
    is_binary=True,
    extra="wandb",
    help="Its history; `max_steps` and `learning_rate` of the run's settings are known of it.",
)
