"""Paths → the files to be validated, and what each is: a pack, a file of pack tests, an override file."""

from __future__ import annotations

import os
import re
from collections.abc import Iterator, Sequence
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
        inside = [Found(each, kind) for each in _walked(path) if (kind := kind_of(each)) is not None]
        if not inside:
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
    try:
        with open(path, "rb") as stream:
            text = stream.read(_HEAD).decode("utf-8-sig", "replace")
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


def _walked(folder: str) -> Iterator[str]:
    for place, folders, names in os.walk(folder):
        folders[:] = sorted(name for name in folders if name not in _SKIPPED and not name.startswith("."))
        for name in sorted(names):
            if name.endswith(SUFFIXES):
                yield os.path.join(place, name)
