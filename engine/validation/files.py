"""Paths → the files to be validated, and what each is."""

from __future__ import annotations

import os
from collections.abc import Iterator, Sequence
from pathlib import Path

from ..errors import Position, Problem
from ..filenames import SUFFIXES
from ..found import PROJECT_FILE
from ..kinds import Kind, kind_of
from ..record import Record

_SKIPPED = frozenset({"node_modules", "__pycache__", "site-packages"})


class Found(Record):
    """A file and what it is."""

    path: str
    kind: Kind


def files_in(paths: Sequence[str], *, skip_others: bool = False) -> tuple[list[Found], list[Problem]]:
    """The files that are meant, each once, folders walked; and the paths in which there is nothing.

    In a folder only what is recognised is taken; a file that is given by itself and is nothing else counts as a pack,
    but with `skip_others`.
    """
    found: dict[str, Found] = {}
    problems: list[Problem] = []
    for path in paths:
        if not os.path.isdir(path):
            kind = kind_of(path)
            if kind is not None or not skip_others or not os.path.isfile(path):
                found.setdefault(os.path.normpath(path), Found(path, kind or "pack"))
            continue
        inside: list[Found] = []
        unread: list[Problem] = []
        for name in _walked(path, unread):
            if (fault := _fault(name)) is not None:
                unread.append(Problem(Position(Path(name).as_posix()), "no-file", *fault))
            elif (kind := kind_of(name)) is not None:
                inside.append(Found(name, kind))
        problems += unread
        if not inside and not unread:
            hint = "packs, their tests and override files are files that end in .yaml"
            problems.append(Problem(Position(path), "no-file", "nothing to validate in this folder", hint))
        for each in inside:
            found.setdefault(os.path.normpath(each.path), each)
    return list(found.values()), problems


def _fault(path: str) -> tuple[str, str] | None:
    """Why a file of a folder cannot be read, and what to do about it."""
    if not os.path.exists(path):
        return "the link leads nowhere", "remove it, or mend what it points at"
    if not os.path.isfile(path):
        return "this is no file", "remove it"
    return None if os.access(path, os.R_OK) else ("file cannot be read", "give yourself the right to read it")


def _walked(folder: str, unread: list[Problem]) -> Iterator[str]:
    def told(error: OSError) -> None:
        place = Position(Path(str(error.filename)).as_posix())
        unread.append(Problem(place, "no-file", f"folder cannot be read: {error.strerror}", "leave it out"))

    for place, folders, names in os.walk(folder, onerror=told):
        folders[:] = sorted(name for name in folders if name not in _SKIPPED and not name.startswith("."))
        for name in sorted(names):
            if name.endswith(SUFFIXES) or name == PROJECT_FILE:
                yield os.path.join(place, name)
