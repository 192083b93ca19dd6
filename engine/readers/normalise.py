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
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from typing import IO, TYPE_CHECKING

from ..errors import LogError
from .copies import Copy, Limit, plain_name, proportionate, remove
from .packed import Consumed, damaged, packing_of, unpacked
from .patient import opened_file, standard_input

if TYPE_CHECKING:
    from .deadline import Deadline

CHUNK = 1 << 18
LONGEST_LINE = 1 << 26
_USUAL_LINE = 1 << 21  # DuckDB's own limit while no other is given
_SAMPLE = 1 << 12
_CONTROLS = bytes({*range(32), 127} - {*b"\a\b\t\n\v\f\r\x1b\x1c\x1d\x1e\x1f"})
BINARY = ("this is a binary file, not text", "name the metrics log, not a checkpoint or an archive")
_ODD = (b"\r", b"\x1f", b"\x1e", b"\0")
TURN = "\x1d"
# A control character of the log's own must not be taken for ours.
_ODD_TEXT = str.maketrans({TURN: "\x1c", "\r": TURN, "\x1f": " ", "\x1e": " ", "\0": " "})


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
def opened(path: str, keeps: Keeps = lambda head: False, deadline: Deadline | None = None) -> Iterator[Source]:
    """Yield the source for `path` (`-` is standard input; what is compressed is unpacked); raises LogError if there is
    none."""
    made: list[str] = []
    try:
        yield _source(path, made, keeps, deadline)
    finally:
        remove(made)


@contextmanager
def copied(source: Source, path: str, deadline: Deadline | None = None) -> Iterator[Source]:
    """Yield a normalised copy of `source`; `path` is the name for error messages."""
    made: list[str] = []
    try:
        with _told(path), opened_file(source.path, deadline)[0] as stream:
            copy = _copy(stream, path, made)
        yield copy
    finally:
        remove(made)


def duplicate(name: str, copy: str, path: str, deadline: Deadline | None = None) -> None:
    """Copy the file `name` as it is to `copy`; `path` is the log for error messages."""
    with _told(path), opened_file(name, deadline)[0] as stream:
        _kept(stream, path, [], proportionate(path), copy)


@contextmanager
def _told(path: str) -> Iterator[None]:
    """Raise as LogError what keeps a log from being opened or read."""
    try:
        yield
    except FileNotFoundError:
        raise LogError("there is no such file", path=path, hint="check the path to the log") from None
    except PermissionError:
        raise LogError("no permission to read this file", path=path, hint="make it readable, or copy it") from None
    except OSError as error:
        raise LogError(f"cannot be read: {error.strerror or error}", path=path) from None


def _source(path: str, made: list[str], keeps: Keeps, deadline: Deadline | None) -> Source:
    if path == "-":
        with _told(path):
            return _streamed(standard_input(deadline), path, made, keeps)
    with _told(path):
        if os.path.isdir(path):
            raise LogError("this is a directory", path=path, hint="name the metrics log in it")
        stream, is_plain = opened_file(path, deadline)
        with stream:
            head = stream.peek(_SAMPLE) if is_plain else b""
            if not is_plain or packing_of(head):
                return _streamed(stream, path, made, keeps)
            if keeps(head):
                return Source(plain_name(path, made), os.path.getsize(path), copied=False, kept=True)
            found = _look(stream, path)
            if found is None:
                stream.seek(0)
                return _copy(stream, path, made)
    return Source(plain_name(path, made), found[0], copied=False, longest=found[1])


def _streamed(stream: IO[bytes], path: str, made: list[str], keeps: Keeps) -> Source:
    """The copy of what can be read only once: a pipe, standard input, what is compressed."""
    ahead = stream if isinstance(stream, io.BufferedReader) else io.BufferedReader(stream)  # type: ignore[type-var]
    packing = packing_of(ahead.peek(_SAMPLE))
    if packing is None:
        return _taken(ahead, path, made, keeps, proportionate(path))
    try:
        consumed = Consumed(ahead)
        with unpacked(packing, consumed, path) as inner:
            return _taken(inner, path, made, keeps, proportionate(path, consumed))
    except LogError:
        raise
    except Exception as error:
        if (told := damaged(packing, error, path)) is None:
            raise
        raise told from None


def _taken(stream: IO[bytes], path: str, made: list[str], keeps: Keeps, limit: Limit) -> Source:
    head = stream.peek(_SAMPLE)  # type: ignore[attr-defined]
    return (_kept if keeps(head) else _copy)(stream, path, made, limit)


def _kept(stream: IO[bytes], path: str, made: list[str], limit: Limit, name: str = "") -> Source:
    """Write a copy as it is."""
    with Copy(path, made, name=name) as copy:
        while chunk := stream.read(CHUNK):
            copy.write(chunk)
            limit(copy.size)
    return Source(copy.name, copy.size, copied=True, kept=True)


class _Measured:
    """The size of what is seen piece by piece and its longest line; raises LogError for one that is too long."""

    def __init__(self, path: str) -> None:
        self._path = path
        self._unbroken = 0
        self._last = b"\n"
        self.longest = self.bytes = 0

    def see(self, chunk: bytes) -> None:
        """Take the next piece into account."""
        self.bytes += len(chunk)
        first = chunk.find(b"\n")
        if first < 0:
            self._unbroken += len(chunk)
        else:
            self.longest = max(self.longest, self._unbroken + first)
            self._unbroken = len(chunk) - 1 - chunk.rfind(b"\n")
        self.longest = max(self.longest, self._unbroken)
        if self.longest > LONGEST_LINE:
            raise _too_long(self._path)
        self._last = chunk[-1:] or self._last

    @property
    def found(self) -> tuple[int, int]:
        """The size, with that of a last newline, and the length of the longest line where that is unusual."""
        return self.bytes + (self._last != b"\n"), self.longest if self.longest >= _USUAL_LINE else 0


def _look(stream: IO[bytes], path: str) -> tuple[int, int] | None:
    """The size of a file and the length of its longest line where that is unusual; None if the file needs a copy."""
    measured = _Measured(path)
    while chunk := stream.read(CHUNK):
        if any(sign in chunk for sign in _ODD):
            return None
        measured.see(chunk)
    return measured.found


def _too_long(path: str) -> LogError:
    return LogError(
        f"a line is longer than {LONGEST_LINE >> 20} MiB: this is no log of JSON lines",
        path=path,
        hint="give the log that has one JSON object a line",
    )


def _copy(
    stream: IO[bytes] | io.BufferedIOBase, path: str, made: list[str], limit: Limit = lambda size: None
) -> Source:
    """Write the normalised copy: CRLF to LF, lone CR to TURN, blank lines and odd bytes to spaces, invalid UTF-8 to
    U+FFFD."""
    measured = _Measured(path)
    with Copy(path, made, suffix=".jsonl") as copy:
        first = stream.read(CHUNK)
        encoding = _encoding(first)
        binary = encoding.startswith("utf-8") and _is_binary(first)
        if binary and len(first) == CHUNK and not _has_object(first):
            message, hint = BINARY
            raise LogError(f"no line is a JSON object: {message}", path=path, line=1, hint=hint)
        for piece in _normalised(first, stream, encoding):
            copy.write(piece)
            measured.see(piece)
            limit(copy.size)
    size, longest = measured.found
    return Source(copy.name, size, copied=True, longest=longest, binary=binary)


def _has_object(head: bytes) -> bool:
    """Whether any line is a JSON object."""
    import json

    for line in head.split(b"\n"):
        if line[:1] == b"{":
            with suppress(ValueError, RecursionError):
                json.loads(line)
                return True
    return False


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
