"""Paths → the files to be validated, and what each is: a pack, a file of pack tests, an override file."""

from __future__ import annotations

import os
import re
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Literal, NamedTuple, TypeAlias

from ..ancestry import SUFFIXES
from ..errors import Position, Problem
from ..found import BESIDE_LOG
from ..overrides import KEYS

Kind: TypeAlias = Literal["pack", "tests", "overrides"]

_HEAD = 65_536
"""How much of a file is looked at to tell what it is."""

_MODELINE = re.compile(r"^#.*\$schema=\S*?(pack|test|overrides)\.schema\.json", re.M)
_TOP = re.compile(r"^[\"']?([A-Za-z_]\w*)[\"']?[ \t]*:", re.M)
_NAMED = re.compile(r"^pack:[ \t]*[\"']?(\w+)", re.M)
_OF_PACKS = frozenset({"pack", "extends", "metrics", "rules", "params", "windows", "stages", "gates", "clock"})
_SKIPPED = frozenset({"node_modules", "__pycache__", "site-packages"})


class Found(NamedTuple):
    """A file and what it is."""

    path: str
    kind: Kind


def files_in(paths: Sequence[str]) -> tuple[list[Found], list[Problem]]:
    """The files that are meant, each once, folders walked; and the paths in which there is nothing.

    In a folder only what is recognised is taken; a file that is given by itself and is nothing else counts as a pack.
    """
    found: dict[str, Found] = {}
    problems: list[Problem] = []
    for path in paths:
        if not os.path.isdir(path):
            found.setdefault(os.path.normpath(path), Found(path, kind_of(path) or "pack"))
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


def kind_of(path: str) -> Kind | None:
    """What a file is, by its name, else by its modeline or its keys; None where it is none of ours."""
    stem, suffix = os.path.splitext(os.path.basename(path))
    if suffix in SUFFIXES and stem.endswith(".test"):
        return "tests"
    if os.path.basename(path) == BESIDE_LOG or (suffix in SUFFIXES and re.search(r"\.overrides?$", stem)):
        return "overrides"
    if not os.path.isfile(path):  # a pipe would keep one waiting
        return None
    try:
        with open(path, "rb") as stream:
            text = stream.read(_HEAD).decode("utf-8-sig", "replace").replace("\r", "\n")
    except OSError:
        return None
    if line := _MODELINE.search(text):
        return {"pack": "pack", "test": "tests", "overrides": "overrides"}[line[1]]  # type: ignore[return-value]
    keys = set(_TOP.findall(text))
    if "tests" in keys and not keys & {"rules", "metrics", "extends"}:
        return "tests"
    if keys <= set(KEYS) and keys - {"pack"}:
        return "overrides"
    if ("schema" in keys and keys & _OF_PACKS) or len(keys & _OF_PACKS) > 1:
        return "pack"
    return "overrides" if keys and keys <= {*KEYS, "schema", "pack"} else None


def packs_in(folders: Sequence[Path]) -> dict[str, str]:
    """The files of the packs in some folders by the names that they give themselves; the first of a name counts."""
    found: dict[str, str] = {}
    for folder in folders:
        for path in sorted(folder.iterdir()) if folder.is_dir() else ():
            if path.suffix in SUFFIXES and path.is_file() and kind_of(str(path)) == "pack":
                with path.open("rb") as stream:
                    named = _NAMED.search(stream.read(_HEAD).decode("utf-8-sig", "replace").replace("\r", "\n"))
                if named is not None:
                    found.setdefault(named[1], str(path))
    return found


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
            if name.endswith(SUFFIXES):
                yield os.path.join(place, name)
