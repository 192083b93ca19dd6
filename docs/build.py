"""Writes docs/packs/*.md from the packs and their guides' statements; with --check, only says what is out of date."""

from __future__ import annotations

import sys
from pathlib import Path

import yaml

from trainrules.engine.load import load_pack
from trainrules.engine.render.packdoc import Statement, render_pack_doc

ROOT = Path(__file__).resolve().parents[1]


def pages() -> dict[Path, str]:
    """The text of every page by its path."""
    names = sorted(path.stem for path in (ROOT / "rules").glob("*.yaml") if not path.stem.endswith(".test"))
    return {
        ROOT / "docs" / "packs" / f"{name}.md": render_pack_doc(load_pack(name), statements(name)) for name in names
    }


def statements(pack: str) -> list[Statement]:
    """What the guide of a pack says; nothing where the pack has none."""
    path = ROOT / "tests" / "guides" / f"{pack}.yaml"
    return [Statement(**entry) for entry in yaml.safe_load(path.read_text(encoding="utf-8"))] if path.exists() else []


def main(arguments: list[str]) -> int:
    """Write the pages; with --check, write nothing and give 1 if one differs."""
    stale = [(path, text) for path, text in pages().items() if not path.exists() or path.read_text("utf-8") != text]
    if "--check" in arguments:
        for path, _ in stale:
            print(f"{path.relative_to(ROOT)} is out of date; run python docs/build.py", file=sys.stderr)
        return 1 if stale else 0
    for path, text in stale:
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")
        print(f"wrote {path.relative_to(ROOT)}")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
