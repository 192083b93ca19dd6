"""From what a user names to a plain file whose lines DuckDB counts as an editor does.

DuckDB's line reader skips empty lines, stumbles over lone carriage returns, mixed line ends, the delimiter byte and
bytes that are no UTF-8, and it expands wildcards in names. A file with any of these, and one in UTF-16, is read through
a temporary copy in which every line stands at its own number; all others are read where they are. In a copy, TURN
stands for a lone carriage return: white space to JSON, the end of a line to a progress bar.
"""

from __future__ import annotations

import codecs
import io
import os
import sys
import tempfile
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from typing import IO

from ..errors import LogError
from .packed import damaged, packing_of, unpacked

CHUNK = 1 << 20
LONGEST_LINE = 1 << 26
COPY = "trainrules-"  # how the names of copies begin
TOLD = f"{COPY}told-"  # and of those that hold what console output tells, as JSON lines
_USUAL_LINE = 1 << 21  # DuckDB's own limit while no other is given
_SAMPLE = 1 << 12
_CONTROLS = bytes({*range(32), 127} - {*b"\a\b\t\n\v\f\r\x1b\x1c\x1d\x1e\x1f"})
_UNPACKED_LIMIT = 1 << 34
_ODD = (b"\r", b"\x1f", b"\x1e", b"\0")
TURN = "\x1d"
_ODD_TEXT = str.maketrans({"\r": TURN, "\x1f": " ", "\x1e": " ", "\0": " "})


@dataclass(slots=True, eq=False, repr=False)
class Source:
    """A file to read: `size` in bytes, that of a last newline included even where the file lacks it; `copied` once its
    oddities are ironed out; `longest` line in bytes (0: nothing unusual); `binary` where its bytes, before, were
    surely no text, and `kept` where they are left as they are; `places` the lines of the user's own file that its
    lines were made from, where they were."""

    path: str
    size: int
    copied: bool
    longest: int = 0
    binary: bool = False
    kept: bool = False
    places: Sequence[int] = ()

    def place(self, line: int) -> int:
        """The number that a line has in the user's own file."""
        return self.places[line - 1] if 0 < line <= len(self.places) else line


Keeps = Callable[[bytes], bool]
"""Says of a log that begins so whether it is to be read as it is, and not as text."""


@contextmanager
def opened(path: str, keeps: Keeps = lambda head: False) -> Iterator[Source]:
    """Yield the source for `path` (`-` is standard input; what is compressed is unpacked); raises LogError if there is
    none."""
    made: list[str] = []
    try:
        yield _source(path, made, keeps)
    finally:
        for each in made:
            with suppress(OSError):
                os.unlink(each)


@contextmanager
def copied(source: Source, path: str) -> Iterator[Source]:
    """Yield a normalised copy of `source`; `path` is the name for error messages."""
    made: list[str] = []
    try:
        with open(source.path, "rb") as stream:
            yield _copy(stream, path, made)
    finally:
        for each in made:
            with suppress(OSError):
                os.unlink(each)


def _source(path: str, made: list[str], keeps: Keeps) -> Source:
    if path == "-":
        return _streamed(sys.stdin.buffer, path, made, keeps)
    try:
        if os.path.isdir(path):
            raise LogError("this is a directory", path=path, hint="name the metrics log in it")
        with open(path, "rb") as stream:
            head = stream.peek(_SAMPLE) if os.path.isfile(path) else b""
            if not os.path.isfile(path) or packing_of(head):
                return _streamed(stream, path, made, keeps)
            if keeps(head):
                return Source(_plain_name(path, made), os.path.getsize(path), copied=False, kept=True)
            found = _look(stream, path)
            if found is None:
                stream.seek(0)
                return _copy(stream, path, made)
    except FileNotFoundError:
        raise LogError("there is no such file", path=path, hint="check the path to the log") from None
    except PermissionError:
        raise LogError("no permission to read this file", path=path, hint="make it readable, or copy it") from None
    except OSError as error:
        raise LogError(f"cannot be read: {error.strerror or error}", path=path) from None
    return Source(_plain_name(path, made), found[0], copied=False, longest=found[1])


def _streamed(stream: IO[bytes], path: str, made: list[str], keeps: Keeps, *, packed: bool = False) -> Source:
    """The copy of what can be read only once: a pipe, standard input, what is compressed."""
    ahead = stream if isinstance(stream, io.BufferedReader) or packed else io.BufferedReader(stream)  # type: ignore[type-var]
    head = ahead.peek(_SAMPLE)  # type: ignore[attr-defined]
    packing = None if packed else packing_of(head)
    if packing is None:
        return (_kept if keeps(head) else _copy)(ahead, path, made)
    try:
        with unpacked(packing, ahead, path) as inner:
            return _streamed(inner, path, made, keeps, packed=True)
    except LogError:
        raise
    except Exception as error:
        if (told := damaged(packing, error, path)) is None:
            raise
        raise told from None


def _kept(stream: IO[bytes], path: str, made: list[str]) -> Source:
    """Write a copy as it is."""
    handle, name = tempfile.mkstemp(prefix=COPY)
    made.append(name)
    size = 0
    with os.fdopen(handle, "wb") as out:
        while chunk := stream.read(CHUNK):
            size += out.write(chunk)
            if size > _UNPACKED_LIMIT:
                raise _too_large(path)
    return Source(name, size, copied=True, kept=True)


def _too_large(path: str) -> LogError:
    return LogError(f"the log is larger than {_UNPACKED_LIMIT >> 30} GiB", path=path)


def _plain_name(path: str, made: list[str]) -> str:
    """A name without wildcards or schemes for the same file."""
    full = os.path.join(os.getcwd(), path)  # not abspath, which takes the wrong turn where ".." follows a link
    if not any(sign in full for sign in "*?[]{}"):
        return full
    link = tempfile.mktemp(prefix=COPY, suffix=".jsonl")
    os.symlink(full, link)
    made.append(link)
    return link


def _look(stream: IO[bytes], path: str) -> tuple[int, int] | None:
    """The size of a file and the length of its longest line where that is unusual; None if the file needs a copy."""
    size = unbroken = longest = 0
    last = b"\n"
    while chunk := stream.read(CHUNK):
        if any(sign in chunk for sign in _ODD):
            return None
        size += len(chunk)
        first = chunk.find(b"\n")
        if first < 0:
            unbroken += len(chunk)
        else:
            longest = max(longest, unbroken + first)
            unbroken = len(chunk) - 1 - chunk.rfind(b"\n")
        if max(longest, unbroken) > LONGEST_LINE:
            raise _too_long(path)
        last = chunk[-1:]
    longest = max(longest, unbroken)
    return size + (last != b"\n"), longest if longest >= _USUAL_LINE else 0


def _too_long(path: str) -> LogError:
    return LogError(
        f"a line is longer than {LONGEST_LINE >> 20} MiB: this is no log of JSON lines",
        path=path,
        hint="give the log that has one JSON object a line",
    )


def _copy(stream: IO[bytes] | io.BufferedIOBase, path: str, made: list[str]) -> Source:
    """Write the normalised copy: CRLF to LF, lone CR to TURN, blank lines and odd bytes to spaces, invalid UTF-8 to
    U+FFFD."""
    handle, name = tempfile.mkstemp(prefix=COPY, suffix=".jsonl")
    made.append(name)
    size, binary = 0, False
    with os.fdopen(handle, "wb") as out:
        first = stream.read(CHUNK)
        encoding = _encoding(first)
        binary = encoding.startswith("utf-8") and _is_binary(first)
        for piece in _normalised(first, stream, encoding):
            size += out.write(piece)
            if size > _UNPACKED_LIMIT:
                raise _too_large(path)
    with open(name, "rb") as written:
        found = _look(written, path)
    assert found is not None
    return Source(name, found[0], copied=True, longest=found[1], binary=binary)


def _encoding(head: bytes) -> str:
    """The encoding of a text that begins so; what PowerShell redirects into a file is UTF-16.

    Without a byte order mark, the bytes 0 of its Latin characters tell: each second one, on one side only.
    """
    if head.startswith((codecs.BOM_UTF32_LE, codecs.BOM_UTF32_BE)):
        return "utf-32"
    if (head[:2], head[3:4]) == (codecs.BOM_UTF16_LE, b"\0") or head[:3] == codecs.BOM_UTF16_BE + b"\0":
        return "utf-16"
    sample = head[: 2 * (min(len(head), _SAMPLE) // 2)]
    zeros = sample[::2].count(0), sample[1::2].count(0)
    for encoding, few, many in (("utf-16-le", *zeros), ("utf-16-be", *zeros[::-1])):
        if not few and many * 2 * 10 > 9 * len(sample):
            return encoding
    return "utf-8-sig"


def _is_binary(head: bytes) -> bool:
    """Whether more than a few of the first bytes are control characters that no log has."""
    sample = head[:_SAMPLE]
    return sum(map(sample.count, _CONTROLS)) * 20 > len(sample)


def _normalised(chunk: bytes, stream: IO[bytes] | io.BufferedIOBase, encoding: str) -> Iterator[bytes]:
    decoder = codecs.getincrementaldecoder(encoding)(errors="replace")
    held = ""
    line_start = True
    while True:
        text = held + decoder.decode(chunk, final=not chunk)
        held = "\r" if chunk and text.endswith("\r") else ""
        if held:
            text = text[:-1]
        text = text.replace("\r\n", "\n").translate(_ODD_TEXT)
        if text:
            if line_start and text[0] == "\n":
                text = " " + text
            line_start = text[-1] == "\n"
            text = text.replace("\n\n", "\n \n").replace("\n\n", "\n \n")
            yield text.encode()
        if not chunk:
            return
        chunk = stream.read(CHUNK)
