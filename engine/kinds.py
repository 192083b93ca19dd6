"""What a file is: a pack, a file of pack tests, an override file, or none of ours; told by its name and its keys."""

from __future__ import annotations

import os
import re
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Literal, TypeAlias

from .errors import LogError, surely_meant
from .filenames import SUFFIXES
from .found import BESIDE_LOG, PROJECT_FILE, may_have_table
from .overrides import KEYS
from .shipped import shipped_files

Kind: TypeAlias = Literal["pack", "tests", "overrides"]

_HEAD = 65_536
"""How much of a file is looked at to tell what it is."""

_MODELINE = re.compile(r"^#.*\$schema=\S*?(pack|test|overrides)\.schema\.json", re.M)
_KEY = r"(?P<quote>[\"']?)(?P<key>[A-Za-z_]\w*)(?P=quote)[ \t]*:(?:[ \t]*[\"']?(?P<value>\w+))?"
_LINE = re.compile(rf"^(?P<indent> *){_KEY}", re.M)
_BRACED = re.compile(r"(?:[ \t]*(?:(?:#|---|%).*)?\n)*[ \t]*(?=\{)")
_TOKEN = re.compile(
    rf"(?<!\S)#.*|(?<!\w)(?:{_KEY}|\"(?:[^\"\\]|\\[\s\S])*\"?|'[^']*'?)|(?P<opens>[\[{{])|(?P<closes>[\]}}])"
)
_OF_PACKS = frozenset({"pack", "extends", "metrics", "rules", "params", "windows", "stages", "gates", "clock"})
_OF_TESTS = ("schema", "pack", "names", "tests")


def kind_of(path: str) -> Kind | None:
    """What a file is, by its modeline, its name or its keys; None where it is none of ours.

    A pyproject.toml with a table [tool.trainrules] is an override file. One that is named like tests or overrides is
    that, unless its keys are those of another tool.
    """
    if os.path.basename(path) == PROJECT_FILE:
        return "overrides" if may_have_table(path) else None
    named = _named(path)
    if not os.path.isfile(path):  # a pipe would keep one waiting
        return named
    try:
        text = _head(path)
    except OSError:
        return named
    if line := _MODELINE.search(text):
        return {"pack": "pack", "test": "tests", "overrides": "overrides"}[line[1]]  # type: ignore[return-value]
    keys = set(_top(text))
    if named is not None:
        known = KEYS if named == "overrides" else _OF_TESTS
        is_ours = not keys or os.path.basename(path) == BESIDE_LOG or any(surely_meant(key, known) for key in keys)
        return named if is_ours else None
    if "tests" in keys and not keys & {"rules", "metrics", "extends"}:
        return "tests"
    if keys <= set(KEYS) and keys - {"pack"}:
        return "overrides"
    if ("schema" in keys and keys & _OF_PACKS) or len(keys & _OF_PACKS) > 1:
        return "pack"
    return "overrides" if keys and keys <= {*KEYS, "schema", "pack"} else None


def _head(path: str) -> str:
    with open(path, "rb") as stream:
        return stream.read(_HEAD).decode("utf-8-sig", "replace").replace("\r", "\n")


_NO_LOG = {
    "pack": ("a rule pack", "'rules eval --pack {0} LOG' judges a log by it"),
    "tests": ("a file of pack tests", "'rules test {0}' runs them"),
    "overrides": ("an override file", "'rules eval --overrides {0} LOG' judges a log with it"),
}


def refuse_rules(path: str) -> None:
    """Raise LogError for a file of ours that is given as a log, with what it is given to."""
    kind = kind_of(path) if os.path.isfile(path) else None
    if kind is not None:
        what, hint = _NO_LOG[kind]
        if os.path.basename(path) == PROJECT_FILE:
            what, hint = "a project file", "its settings count for the logs below its folder"
        raise LogError(f"this is {what}, not a log", path=path, hint=hint.format(path))


def _top(text: str) -> dict[str, str | None]:
    """The keys at the top of a YAML file, which need not be sound, with the first word of what stands behind each."""
    if braced := _BRACED.match(text):
        return _braced(text, braced.end())
    lines = list(_LINE.finditer(text))
    indent = min((len(line["indent"]) for line in lines), default=0)
    return {line["key"]: line["value"] for line in reversed(lines) if len(line["indent"]) == indent}


def _braced(text: str, start: int) -> dict[str, str | None]:
    """The same of a mapping in braces, as JSON has it."""
    found: dict[str, str | None] = {}
    depth = 0
    for token in _TOKEN.finditer(text, start):
        depth += (token["opens"] is not None) - (token["closes"] is not None)
        if depth == 1 and token["key"] is not None:
            found.setdefault(token["key"], token["value"])
    return found


def _named(path: str) -> Kind | None:
    stem, suffix = os.path.splitext(os.path.basename(path))
    if suffix in SUFFIXES and stem.endswith(".test"):
        return "tests"
    return "overrides" if suffix in SUFFIXES and re.search(r"\.overrides?$", stem) else None


def packs_near(folder: Path) -> dict[str, str]:
    """The files of the packs in a folder, the current one, and where packs lie in both, by their names."""
    here = Path()
    return _packs_in(dict.fromkeys(place / inside for place in (folder, here) for inside in ("", "rules", "packs")))


def pack_meant(name: str, folder: Path, known: Sequence[str]) -> str | None:
    """The one of some packs, shipped ones and those near a folder that is meant by a name which none of them has."""
    others = [*known, *shipped_files(), *packs_near(folder)]
    return None if name in others else surely_meant(name, others)


def _packs_in(folders: Iterable[Path]) -> dict[str, str]:
    """The files of the packs in some folders by the names that they give themselves; the first of a name counts."""
    found: dict[str, str] = {}
    for folder in folders:
        for path in sorted(folder.iterdir()) if folder.is_dir() else ():
            is_pack = path.suffix in SUFFIXES and path.is_file() and kind_of(str(path)) == "pack"
            if is_pack and (name := _top(_head(str(path))).get("pack")):
                found.setdefault(name, str(path))
    return found
