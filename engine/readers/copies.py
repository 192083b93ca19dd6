"""Temporary copies of logs: where they are, how large they may become, and what is said where there is no room."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable
from contextlib import suppress
from typing import TYPE_CHECKING

from ..errors import LogError

if TYPE_CHECKING:
    import tempfile

    from .packed import Consumed

COPY = "trainrules-"  # how the names of copies begin
TOLD = f"{COPY}told-"  # and of those that hold what console output tells, as JSON lines
LARGEST_COPY = 1 << 34
MOST_UNPACKED = 200
"""How many times larger than the file the log in it may be; those of trainers shrink to a tenth, few to a fiftieth."""
UNSUSPICIOUS = 1 << 28

Limit = Callable[[int], None]
"""Raises LogError where a copy of so many bytes is too large."""


def proportionate(path: str, packed: Consumed | None = None) -> Limit:
    """Says how large a copy may be: what grows out of all proportion when it is unpacked was made to fill a disk."""

    def limit(size: int) -> None:
        if size > LARGEST_COPY:
            raise LogError(f"the log is larger than {LARGEST_COPY >> 30} GiB", path=path)
        if packed is not None and size > max(UNSUSPICIOUS, MOST_UNPACKED * packed.size):
            message = f"it unpacks to more than {MOST_UNPACKED} times its size: this is no log of a training"
            raise LogError(message, path=path, hint="unpack it by hand if it is one")

    return limit


def no_room(error: OSError | str, path: str) -> LogError:
    """What to say where a temporary file cannot be written, because of an error or in the words of one."""
    why = error if isinstance(error, str) else error.strerror or str(error)
    message = f"there is no room for a copy: {why}"
    return LogError(message, path=path, hint="make room in the folder for temporary files, or name another in TMPDIR")


def folder(path: str) -> tempfile.TemporaryDirectory[str]:
    """A temporary folder for copies; raises LogError where there can be none."""
    import tempfile

    try:
        return tempfile.TemporaryDirectory(prefix=COPY)
    except OSError as error:
        raise no_room(error, path) from None


class Copy:
    """A temporary file that is being written; its name (a new one, unless `name` is given) goes to `made` at once.

    Raises LogError where it cannot be.
    """

    def __init__(self, path: str, made: list[str], *, prefix: str = COPY, suffix: str = "", name: str = "") -> None:
        import tempfile

        self._path, self.name = path, name
        self.size = 0
        try:
            if name:
                handle = os.open(name, os.O_WRONLY | os.O_CREAT | os.O_EXCL | getattr(os, "O_BINARY", 0), 0o600)
            else:
                handle, self.name = tempfile.mkstemp(prefix=prefix, suffix=suffix)
        except OSError as error:
            raise no_room(error, path) from None
        made.append(self.name)
        self._out = os.fdopen(handle, "wb")

    def write(self, piece: bytes) -> None:
        """Write on."""
        try:
            self.size += self._out.write(piece)
        except OSError as error:
            raise no_room(error, self._path) from None

    def __enter__(self) -> Copy:
        return self

    def __exit__(self, kind: type[BaseException] | None, *_: object) -> None:
        try:
            self._out.close()
        except OSError as error:
            if kind is None:
                raise no_room(error, self._path) from None


def plain_name(path: str, made: list[str]) -> str:
    """A name without wildcards or schemes for the same file, in UTF-8 (DuckDB 1 takes no other)."""
    full = os.path.join(os.getcwd(), path)  # not abspath, which takes the wrong turn where ".." follows a link
    if full.isprintable() and not any(sign in full for sign in "*?[]{}"):
        return full
    import tempfile

    link = tempfile.mktemp(prefix=COPY, suffix=".jsonl")
    try:
        os.symlink(full, link)
    except OSError as error:
        raise no_room(error, path) from None
    made.append(link)
    return link


def remove(made: Iterable[str]) -> None:
    """Remove temporary files; those that are gone are no fault."""
    for each in made:
        with suppress(OSError):
            os.unlink(each)
