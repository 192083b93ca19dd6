"""Which packs are shipped, and where their files are."""

from __future__ import annotations

from pathlib import Path

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


def pack_files(folder: Path) -> list[Path]:
    """The files of the packs in a folder, sorted; tests of packs are none."""
    return sorted(path for path in folder.glob("*.yaml") if not path.stem.endswith(".test"))
