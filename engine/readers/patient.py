"""The bytes of a log that may keep one waiting: pipes, standard input, slow disks.

A pipe is opened without waiting for whoever writes to it, so that one to which nobody ever writes is told. What is
neither a file nor a pipe is refused: most devices never end.
"""

from __future__ import annotations

import io
import os
import stat
from time import monotonic, sleep
from typing import TYPE_CHECKING

from ..errors import LogError

if TYPE_CHECKING:
    from .deadline import Deadline

NO_WRITER = 10.0
"""Seconds after which a pipe that nobody has opened for writing is given up."""

_POLLED = 250  # milliseconds between two looks at the clock
_PAUSE = 0.05
_FLAGS = ("O_NONBLOCK", "O_NOCTTY", "O_CLOEXEC", "O_BINARY")
_KINDS = ((stat.S_ISCHR, "a device"), (stat.S_ISBLK, "a device"), (stat.S_ISSOCK, "a socket"))


class Patient(io.RawIOBase):
    """The bytes of a descriptor, for as long as the deadline allows (OverdueError).

    Of a pipe to which nobody writes (LogError) `path` is the name.
    """

    def __init__(self, handle: int, path: str, deadline: Deadline | None, *, is_pipe: bool, owned: bool) -> None:
        self._handle, self._path, self._deadline, self._owned = handle, path, deadline, owned
        self._is_pipe = self._is_silent = is_pipe
        self._given_up = monotonic() + NO_WRITER

    def readable(self) -> bool:
        return True

    def fileno(self) -> int:
        return self._handle

    def seekable(self) -> bool:
        return not self._is_pipe

    def seek(self, offset: int, whence: int = os.SEEK_SET) -> int:
        return os.lseek(self._handle, offset, whence)

    def close(self) -> None:
        if not self.closed and self._owned:
            os.close(self._handle)
        super().close()

    def readinto(self, into: bytearray | memoryview) -> int:  # type: ignore[override]
        while True:
            if self._deadline is not None:
                self._deadline.check()
            if self._deadline is not None and not self._is_pipe and not _is_ready(self._handle):
                continue
            try:
                found = os.read(self._handle, len(into))
            except BlockingIOError:  # someone has the pipe open, and nothing to say yet
                self._is_silent = False
                _is_ready(self._handle)
                continue
            if found or not self._is_silent:
                self._is_silent = False
                into[: len(found)] = found
                return len(found)
            if monotonic() > self._given_up:
                hint = "start what writes the log first, or name a file"
                raise LogError("nobody writes to this pipe", path=self._path, hint=hint)
            sleep(_PAUSE)


def opened_file(path: str, deadline: Deadline | None) -> tuple[io.BufferedReader, bool]:
    """The bytes of a log at `path`, and whether it is a plain file; raises LogError where it is a device."""
    _refuse_devices(os.stat(path), path)
    flags = os.O_RDONLY
    for name in _FLAGS:
        flags |= getattr(os, name, 0)
    handle = os.open(path, flags)
    try:
        found = os.fstat(handle)
        _refuse_devices(found, path)
        is_pipe = stat.S_ISFIFO(found.st_mode)
        is_plain = stat.S_ISREG(found.st_mode)
        return _buffered(handle, path, deadline, is_pipe=is_pipe), is_plain
    except BaseException:
        os.close(handle)
        raise


def standard_input(deadline: Deadline | None) -> io.BufferedReader | io.BytesIO:
    """The bytes of standard input; raises LogError where it is closed."""
    import sys

    if sys.stdin is None:  # as "<&-" has it
        raise LogError("standard input is closed", path="-", hint="name a file, or write to the command")
    stream = sys.stdin.buffer
    if deadline is None:
        return stream  # type: ignore[return-value]
    try:
        handle = stream.fileno()
    except (OSError, io.UnsupportedOperation):
        return stream  # type: ignore[return-value]
    return io.BufferedReader(Patient(handle, "-", deadline, is_pipe=False, owned=False))


def _buffered(handle: int, path: str, deadline: Deadline | None, *, is_pipe: bool) -> io.BufferedReader:
    if deadline is None and not is_pipe:
        return open(handle, "rb")
    return io.BufferedReader(Patient(handle, path, deadline, is_pipe=is_pipe, owned=True), 1 << 16)


def _refuse_devices(found: os.stat_result, path: str) -> None:
    what = next((name for is_one, name in _KINDS if is_one(found.st_mode)), None)
    if what is None or _is_null(found):
        return
    raise LogError(f"this is {what}, not a file", path=path, hint="name the metrics log, or - for standard input")


def _is_null(found: os.stat_result) -> bool:
    try:
        return os.path.samestat(found, os.stat(os.devnull))
    except OSError:
        return False


def _is_ready(handle: int) -> bool:
    """Wait a moment for something to read; True where this cannot be known."""
    import select

    if not hasattr(select, "poll"):
        return True
    waiting = select.poll()
    waiting.register(handle, select.POLLIN)
    return bool(waiting.poll(_POLLED))
