"""A pack's file and those of the packs that it extends, one behind the other."""

from __future__ import annotations

import os
from collections.abc import Collection
from pathlib import Path
from typing import Any

from .errors import PackError, Position, Problem, did_you_mean, surely_meant
from .filenames import SUFFIXES, file_beside, file_meant
from .items import Document, Item
from .record import Record
from .shipped import RULES, shipped_files
from .yamlio import MAX_BYTES, compose_bytes, content_of

MAX_PARENTS = 8


class Shaped(Record):
    """A file of a pack, and what is wrong with its shape."""

    document: Document
    problems: tuple[Problem, ...]


class Chain(Record):
    """The files of a pack and its parents, the pack first; `problems` are those of their shapes and of `extends`.

    Where a parent cannot be used, the chain ends before it and is not `whole`.
    """

    documents: tuple[Document, ...]
    problems: tuple[Problem, ...]
    whole: bool = True


class Files:
    """The files of packs that were read; each is read once, which pays where several packs have one parent."""

    def __init__(self, *, strict: bool = False) -> None:
        """`strict`: the shape of shipped packs is checked as well."""
        self.strict = strict
        self.called: dict[str, str] = {}
        """What files are called in positions by their real paths, where that is not how packs name them."""
        self._shaped: dict[tuple[Path, str], Shaped] = {}
        self._same: dict[tuple[bytes, str, bool], Shaped] = {}
        self.kept: dict[Any, Any] = {}
        """What was made of the files, for whoever makes it."""

    def chain(self, path: Path, file: str) -> Chain:
        """The pack at `path`, called `file` in positions, with its parents. Raises PackError if it cannot be read."""
        first = self._pack(path, file)
        documents, problems = [first.document], [*first.problems]
        seen = [Path(os.path.realpath(path))]
        while (here := _extended(documents[-1])) is not None:
            parent = _parent(here, path, file)
            found: Shaped | Problem | PackError
            if isinstance(parent, Problem):
                found = parent
            else:
                path, file = parent
                if not path.exists() and (near := _meant(path)) is not None:
                    # Its name is a fault of its own; the rest is held against the pack that is surely meant.
                    problems.append(_missing(here, path))
                    path, file = near, f"{file.removesuffix(path.name)}{near.name}"
                file = self.called.get(os.path.realpath(path), file)
                found = self._above(here, path, file, seen)
            if isinstance(found, Shaped):
                documents.append(found.document)
                problems += found.problems
                continue
            problems += found.problems if isinstance(found, PackError) else [found]
            return Chain(tuple(documents), tuple(problems), whole=False)
        is_parent_known = _extends(documents[-1]) is None  # else it is named by what is no text, which is told
        return Chain(tuple(documents), tuple(problems), whole=is_parent_known)

    def _pack(self, path: Path, file: str) -> Shaped:
        if path.suffix == ".toml" and path.is_file():
            hint = "packs, tests and overrides are YAML; of TOML, only [tool.trainrules] of a pyproject.toml is read"
            raise PackError([Problem(Position(file, 1, 1), "wrong-file", "this is TOML, not a pack", hint)])
        try:
            shaped = self._read(path, file)
        except PackError:
            if is_log(path):
                raise _a_log(file) from None
            raise
        if path.suffix not in SUFFIXES and is_log(path):
            raise _a_log(file)
        value = shaped.document.root.value
        if isinstance(value, dict) and _is_of_tests(value):
            told = f"'rules test {file}' runs them"
            message = "this is a file of pack tests, not a pack"
            raise PackError([Problem(Position(file, 1, 1), "wrong-file", message, told)])
        if not isinstance(value, dict):
            raise PackError(shaped.problems)
        return shaped

    def _above(self, here: Item, path: Path, file: str, seen: list[Path]) -> Shaped | Problem | PackError:
        """A parent, or what keeps it from being one."""
        real = Path(os.path.realpath(path))
        if real in seen:
            message = f"pack extends itself through {file!r}"
            return Problem(here.at, "circular-extends", message, "remove one 'extends'")
        if len(seen) > MAX_PARENTS:
            message = f"more than {MAX_PARENTS} packs extend one another"
            return Problem(here.at, "circular-extends", message, "merge some of them")
        seen.append(real)
        try:
            shaped = self._read(path, file)
        except PackError as error:
            if path.is_file():
                return error
            return _missing(here, path)
        return shaped if isinstance(shaped.document.root.value, dict) else PackError(shaped.problems)

    def _read(self, path: Path, file: str) -> Shaped:
        real = Path(os.path.realpath(path))
        if (real, file) not in self._shaped:
            # A shipped pack may be read a second time from where it was installed.
            data, is_checked = content_of(path, file), self.strict or real.parent != RULES
            if (data, file, is_checked) not in self._same:
                self._same[data, file, is_checked] = _shaped(compose_bytes(data, file), is_checked)
            self._shaped[real, file] = self._same[data, file, is_checked]
        return self._shaped[real, file]


def _shaped(document: Document, is_checked: bool) -> Shaped:
    problems = document.problems
    if not isinstance(document.root.value, dict):
        hint = "begin it with 'schema: 1'"
        problems += (Problem(document.root.at, "wrong-file", "a pack is a mapping of keys", hint),)
    elif is_checked and not _is_of_tests(document.root.value):
        from .schema import shaped

        problems = tuple(shaped(document, "pack"))
    return Shaped(document, problems)


def is_log(path: Path) -> bool:
    """Whether the first line of a file is a JSON object that is no pack."""
    import json

    if not path.is_file():  # a pipe would keep one waiting
        return False
    try:
        with path.open("rb") as stream:
            first = json.loads(stream.readline(MAX_BYTES))
    except (OSError, ValueError, RecursionError):
        return False
    return isinstance(first, dict) and not first.keys() & {"schema", "pack", "rules"}


def _is_of_tests(keys: Collection[str]) -> bool:
    return "tests" in keys and not {"rules", "metrics", "extends"} & set(keys)


def _a_log(file: str) -> PackError:
    message, hint = "this is a log, not a pack", f"'rules eval {file}' judges it"
    return PackError([Problem(Position(file, 1, 1), "wrong-file", message, hint)])


def _extended(document: Document) -> Item | None:
    here = _extends(document)
    return here if here is not None and isinstance(here.value, str) else None


def _extends(document: Document) -> Item | None:
    return document.root.value.get("extends") if isinstance(document.root.value, dict) else None


def _parent(here: Item, path: Path, file: str) -> tuple[Path, str] | Problem:
    name = str(here.value)
    suffix = Path(name).suffix
    if not suffix and "/" not in name and "\\" not in name:
        return RULES / f"{name}.yaml", f"rules/{name}.yaml"
    if suffix not in SUFFIXES or Path(name).is_absolute():
        hint = "name a shipped pack, or a .yaml file relative to this one"
        return Problem(here.at, "unknown-parent", f"parent {name!r} is no pack", hint)
    return path.parent / name, os.path.normpath(Path(file).parent / name).replace(os.sep, "/")


def _meant(path: Path) -> Path | None:
    """The file of the parent that is surely meant by one that is not there."""
    if path.parent != RULES:
        return file_beside(path)
    near = surely_meant(path.stem, shipped_files())
    return None if near is None else RULES / f"{near}.yaml"


def _missing(here: Item, path: Path) -> Problem:
    message = f"parent pack {here.value!r} does not exist"
    return Problem(here.at, "unknown-parent", message, _parent_hint(here, path))


def _parent_hint(here: Item, path: Path) -> str:
    name = str(here.value)
    if Path(name).suffix:
        if near := did_you_mean(Path(name).stem, shipped_files()):
            near += " a shipped pack goes by its name alone"
        return file_meant(path, name) or near or "give a path relative to this file"
    return did_you_mean(name, shipped_files()) or f"shipped packs are {', '.join(shipped_files()) or 'none'}"
