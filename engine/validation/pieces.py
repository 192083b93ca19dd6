"""Files → the pieces that processes take: a pack with its tests, those that take longest first."""

from __future__ import annotations

import os
from collections.abc import Sequence

from .files import Found
from .sharing import MOST_PIECES, may_share

MUCH = 256 * 1024
"""The work, in bytes of tests or four times those of packs, from which on another process saves more than it takes."""


def processes_for(files: Sequence[Found]) -> int:
    """How many processes should look at some files."""
    pieces = pieces_of(files)
    is_much = sum(_work(each) for each in files) >= MUCH and 1 < len(pieces) <= MOST_PIECES
    return min(may_share(), len(pieces)) if is_much else 1


def pieces_of(files: Sequence[Found]) -> list[list[int]]:
    """The places of packs, each with its tests, those first that take longest; override files are none of them."""
    found: dict[str, list[int]] = {}
    for place, each in enumerate(files):
        if each.kind != "overrides":
            stem = os.path.splitext(os.path.normpath(each.path))[0]
            found.setdefault(stem.removesuffix(".test"), []).append(place)
    return sorted(found.values(), key=lambda places: -sum(_work(files[place]) for place in places))


def _work(found: Found) -> int:
    """How long a file takes, against others."""
    try:
        size = os.path.getsize(found.path)
    except OSError:
        return 0
    return size * 4 if found.kind == "pack" else size
