"""The formats of logs that can be read, and which of them a log is in, told by its content.

Each module of `formats` has one reader, in READER; a new one needs no other place. A module is called as its format
is; those of JSON lines, `jsonl_…`, are asked about JSON lines, and no others are, so that the usual log does not wait
for the rest to be imported.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Sequence
from functools import cache
from importlib import import_module
from typing import TYPE_CHECKING

from ..errors import LogError, did_you_mean
from ..record import Record
from ..words import listed

if TYPE_CHECKING:
    from .model import Run
    from .opening import Head, Opening

_PLACE = os.path.join(os.path.dirname(__file__), "formats")
_LINES = "jsonl"


class Reader(Record):
    """A format: its name, what writes it, how its files are called, and how it is told and read.

    `claims` looks at the beginning of a log. Of several readers that claim one, that with the lowest `rank` has it.
    `is_binary` logs are given as they are, all others as text whose lines are mended (see `normalise`).
    """

    id: str
    title: str
    files: tuple[str, ...]
    claims: Callable[[Head], bool]
    read: Callable[[Opening], Run]
    rank: int = 0
    is_binary: bool = False
    extra: str = ""  # what to install besides: trainrules[…]
    help: str = ""


def names() -> tuple[str, ...]:
    """The names of all formats, sorted; nothing is imported for them."""
    return tuple(sorted(map(_name, _modules())))


@cache
def readers(prefix: str = "") -> tuple[Reader, ...]:
    """The readers in the order in which they are asked; with `prefix`, those whose module is called so."""
    found = [_reader(module) for module in _modules() if module.startswith(prefix)]
    return tuple(sorted(found, key=lambda each: (each.rank, each.id)))


def by_name(name: str, path: str) -> Reader:
    """The reader of this name; raises LogError where there is none."""
    module = next((each for each in _modules() if _name(each) == name), None)
    if module is not None:
        return _reader(module)
    known = names()
    hint = did_you_mean(name, known) or f"the formats are {listed(known)}"
    raise LogError(f"{name!r} is no format of logs", path=path, hint=hint)


def claimed(head: Head) -> Reader | None:
    """The reader that a text belongs to, None where no one knows it."""
    asked: Sequence[Reader] = readers(_LINES) if head.is_lines else readers()
    return next((each for each in asked if not each.is_binary and each.claims(head)), None)


def claimed_bytes(head: Head) -> Reader | None:
    """The reader that bytes belong to which are no text, None where no one knows them."""
    if not _is_odd(head.raw[:512]):
        return None
    return next((each for each in readers() if each.is_binary and each.claims(head)), None)


def _modules() -> list[str]:
    return sorted(name[:-3] for name in os.listdir(_PLACE) if name.endswith(".py") and not name.startswith("_"))


def _name(module: str) -> str:
    return module.removeprefix(f"{_LINES}_")


def _reader(module: str) -> Reader:
    found: Reader = import_module(f".formats.{module}", __package__).READER
    return found


def _is_odd(raw: bytes) -> bool:
    """Whether bytes hold control characters that no text does: all but white space and those of a terminal."""
    return any(sign < 32 and sign not in b"\t\n\v\f\r\b\x1b\x1d\x1e\x1f" for sign in raw)
