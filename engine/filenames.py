"""How the files of packs, tests and overrides are called, and which is meant by a name that no file has."""

from __future__ import annotations

from pathlib import Path

from .errors import surely_meant

SUFFIXES = (".yaml", ".yml")


def file_beside(path: Path) -> Path | None:
    """The file beside a path that looks like it; None where none does."""
    try:
        found = sorted(each.name for each in path.parent.iterdir() if each.suffix in SUFFIXES and each.is_file())
    except OSError:
        return None
    beside = {Path(each).stem: each for each in found}
    near = surely_meant(path.stem if path.suffix else path.name, list(beside))
    return None if near is None else path.parent / beside[near]


def file_meant(path: Path, name: str) -> str:
    """A hint that names the file beside a path that looks like it, seen from where `name` is; empty where none does."""
    near = file_beside(path)
    return f"did you mean {name.removesuffix(path.name) + near.name!r}?" if near is not None else ""
