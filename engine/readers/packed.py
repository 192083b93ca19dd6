"""Compressed logs: told by their first bytes, unpacked as they are read."""

from __future__ import annotations

from typing import IO, Any, cast

from ..errors import LogError
from ..record import Record


class Packing(Record):
    """A way to compress files, by the bytes that they begin with."""

    name: str
    magic: bytes


class Consumed:
    """A compressed stream that counts how much of it was read."""

    def __init__(self, stream: IO[bytes]) -> None:
        self._stream = stream
        self.size = 0

    def read(self, size: int = -1) -> bytes:
        found = self._stream.read(size)
        self.size += len(found)
        return found

    def __getattr__(self, name: str) -> Any:
        return getattr(self._stream, name)


PACKINGS = (
    Packing("gzip", b"\x1f\x8b"),
    Packing("zstd", b"\x28\xb5\x2f\xfd"),
    Packing("bzip2", b"BZh"),
    Packing("xz", b"\xfd7zXZ\0"),
)


def packing_of(head: bytes) -> Packing | None:
    """How a file is compressed that begins with these bytes; None where it is not."""
    return next((each for each in PACKINGS if head.startswith(each.magic)), None)


def unpacked(packing: Packing, stream: Consumed, path: str) -> IO[bytes]:
    """What a compressed stream holds; raises LogError where the library for it is missing."""
    if packing.name == "gzip":
        import gzip

        return cast("IO[bytes]", gzip.GzipFile(fileobj=cast("Any", stream)))
    if packing.name == "bzip2":
        import bz2

        return cast("IO[bytes]", bz2.BZ2File(cast("Any", stream)))
    if packing.name == "xz":
        import lzma

        return cast("IO[bytes]", lzma.LZMAFile(cast("Any", stream)))
    return cast("IO[bytes]", _zstd(path).ZstdFile(stream))


def damaged(packing: Packing, error: Exception, path: str) -> LogError | None:
    """What to say of an error that came up while something was unpacked; None if it was not about that."""
    from zlib import error as zlib_error

    kinds: tuple[type[Exception], ...] = (EOFError, zlib_error)
    if packing.name == "gzip":
        import gzip

        kinds += (gzip.BadGzipFile,)
    elif packing.name == "xz":
        import lzma

        kinds += (lzma.LZMAError,)
    elif packing.name == "zstd":
        kinds += (_zstd(path).ZstdError,)
    elif isinstance(error, OSError) and error.errno is None:  # what bz2 raises
        kinds += (OSError,)
    if not isinstance(error, kinds):
        return None
    return LogError(f"the {packing.name} file is damaged: {error}", path=path, hint="unpack it by hand")


def _zstd(path: str) -> Any:
    from importlib import import_module

    for name in ("compression.zstd", "backports.zstd"):
        try:
            return import_module(name)
        except ImportError:
            continue
    raise LogError(
        "this is compressed with zstd, which Python cannot unpack before version 3.14",
        path=path,
        hint="pip install backports.zstd, or unpack it by hand",
    )
