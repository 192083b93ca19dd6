"""Which packs are shipped, and where their files are."""

from __future__ import annotations

import os
from pathlib import Path

from .errors import Position

RULES = Path(__file__).resolve().parent.parent / "rules"
"""The folder of the packs that are shipped."""


def shipped() -> list[str]:
    """The names of the packs that are shipped, sorted; `common`, which they extend, is not one."""
    return [name for name in shipped_files() if name != "common"]


def shipped_files() -> list[str]:
    """The names of all packs that are shipped, sorted."""
    return [path.stem for path in pack_files(RULES)]


def shipped_with(section: str) -> list[str]:
    """The shipped packs whose own files have a section, by name, `common` first; what they inherit is not theirs."""
    own = [path.stem for path in pack_files(RULES) if f"\n{section}:" in path.read_text(encoding="utf-8")]
    return sorted(own, key=lambda name: (name != "common", name))


def path_of(name: str) -> str:
    """Where one finds the file of a shipped pack: seen from the current folder if it lies in there."""
    path = RULES / f"{name}.yaml"
    here = Path(os.getcwd()).resolve()
    return (path.relative_to(here) if path.is_relative_to(here) else path).as_posix()


def findable(at: Position, own: str) -> Position:
    """A place in a shipped parent of a pack in the file `own`, as one finds it; other places as they are."""
    folder, name = os.path.split(at.file)
    stem = name.removesuffix(".yaml")
    if at.file == own or folder != "rules" or stem not in shipped_files():
        return at
    return at._replace(file=path_of(stem))


def pack_files(folder: Path) -> list[Path]:
    """The files of the packs in a folder, sorted; tests of packs are none."""
    return sorted(path for path in folder.glob("*.yaml") if not path.stem.endswith(".test"))
