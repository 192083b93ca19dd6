"""Every problem of packs, of their tests and of override files, in one go."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from contextlib import suppress

from ..errors import Problem
from ..record import Record
from .files import Found


class Note(Record):
    """What could not be checked of a file, through no fault of its own, and what to do so that it is."""

    file: str
    message: str
    hint: str


class Outcome(Record):
    """What validating some files found: the problems by file and place, the text of the files by name, and notes."""

    files: tuple[Found, ...]
    problems: tuple[Problem, ...]
    sources: Mapping[str, str]
    notes: tuple[Note, ...] = ()

    @property
    def unread(self) -> tuple[Problem, ...]:
        """The problems of files and folders that cannot be read at all, and of a pack that the command names."""
        return tuple(
            each for each in self.problems if (each.code == "no-file" and not each.at.line) or each.at.file == "--pack"
        )


class NotSharedError(Exception):
    """Raised where what several processes found is not surely what one would find."""


def validate(
    paths: Sequence[str], pack: str | None = None, *, skip_others: bool = False, alone: bool = True
) -> Outcome:
    """Validate files and folders; override files are held against `pack` (a name or file), where it is given.

    A file that is given by itself and is nothing else counts as a pack; with `skip_others` it is passed over. Unless
    this process is to do it `alone`, large packs are shared with forks of it, where it has but one thread.
    """
    from .check import Checker

    if not alone:
        with suppress(NotSharedError):
            return Checker(pack, alone=False).outcome(paths, skip_others=skip_others)
    return Checker(pack).outcome(paths, skip_others=skip_others)
