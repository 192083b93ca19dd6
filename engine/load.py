"""A pack's file, its parents and the checks → a `Pack`, or every problem at once."""

from __future__ import annotations

import os
from collections.abc import Collection
from pathlib import Path
from typing import TYPE_CHECKING

from .build import build
from .check import check_pack
from .errors import PackError, Position, Problem, did_you_mean
from .fields import Problems
from .groups import expand
from .items import Document, Item
from .merge import merge
from .pack import Pack
from .references import check_references
from .shipped import RULES, shipped_files
from .yamlio import MAX_BYTES, compose_file

if TYPE_CHECKING:
    from .codes import Code

SUFFIXES = (".yaml", ".yml")
MAX_PARENTS = 8


def load_pack(name_or_path: str | Path, *, strict: bool = False) -> Pack:
    """The pack of that name, or in that file: parents merged in, expressions parsed, every name checked.

    A bare name is a shipped pack; anything with a suffix or a folder is a file. The shape of files that are not
    shipped is held against `schemas/pack.schema.json`; with `strict`, that of shipped ones too. Raises PackError with
    all the problems of the pack.
    """
    path, file = _locate(name_or_path)
    problems = Problems()
    chain = _chain(path, file, strict)
    shape = [problem for _, found in chain for problem in found]
    problems = Problems(shape)
    tree = chain[-1][0].root
    for document, _ in reversed(chain[:-1]):
        tree = merge(tree, document.root, problems)
    tree = expand(tree, problems)
    pack = build(tree, problems)
    check_references(tree, pack, problems)
    problems.extend(check_pack(pack))
    problems.raise_any()
    return pack


def parent_of(pack: Pack) -> Pack | None:
    """The pack that a pack extends, loaded; None where it extends none."""
    if pack.extends is None:
        return None
    is_file = bool(Path(pack.extends).suffix)
    return load_pack(Path(pack.at.file).parent / pack.extends if is_file else pack.extends)


def _locate(name: str | Path) -> tuple[Path, str]:
    """The path of a pack and what it is called in positions."""
    text = os.fspath(name)
    if isinstance(name, str) and not Path(text).suffix and "/" not in text and os.sep not in text:
        path = RULES / f"{text}.yaml"
        if not text or not path.is_file():
            hint = did_you_mean(text, shipped_files())
            file = next((file for file in (text, f"{text}.yaml") if Path(file).is_file()), None)
            if file is not None:
                hint = f"a file is given with its suffix or folder, as ./{file}"
            hint = hint or f"shipped packs are {', '.join(shipped_files()) or 'none'}; a file is given with its suffix"
            raise PackError([Problem(Position("--pack"), "unknown-pack", f"unknown pack {text!r}", hint)])
        return path, f"rules/{text}.yaml"
    return Path(text), Path(text).as_posix()


def _chain(path: Path, file: str, strict: bool) -> list[tuple[Document, list[Problem]]]:
    """The documents of a pack and its parents, the pack first, each with the problems of its shape."""
    chain: list[tuple[Document, list[Problem]]] = []
    seen: list[Path] = []
    here: Item | None = None
    while True:
        real = path.resolve()
        if real in seen:
            assert here is not None
            raise _broken(
                chain, here, f"pack extends itself through {file!r}", "remove one 'extends'", "circular-extends"
            )
        if len(seen) > MAX_PARENTS:
            assert here is not None
            raise _broken(
                chain,
                here,
                f"more than {MAX_PARENTS} packs extend one another",
                "merge some of them",
                "circular-extends",
            )
        seen.append(real)
        try:
            document = compose_file(path, file)
        except PackError as error:
            if not chain and is_log(path):
                raise _a_log(file) from None
            if here is not None and not path.is_file():
                raise _broken(chain, here, f"parent pack {here.value!r} does not exist", _parent_hint(here)) from None
            raise PackError([*error.problems, *_found(chain)]) from None
        found = list(document.problems)
        if not chain and path.suffix not in SUFFIXES and is_log(path):
            raise _a_log(file)
        if not chain and isinstance(document.root.value, dict) and _is_of_tests(document.root.value):
            told = f"'rules test {file}' runs them"
            raise PackError(
                [Problem(Position(file, 1, 1), "wrong-file", "this is a file of pack tests, not a pack", told)]
            )
        if not isinstance(document.root.value, dict):
            found.append(
                Problem(document.root.at, "wrong-file", "a pack is a mapping of keys", "begin it with 'schema: 1'")
            )
            raise PackError([*found, *_found(chain)])
        if strict or real.parent != RULES:
            from .schema import shape_problems

            found += shape_problems(document, "pack")
        chain.append((document, found))
        here = document.root.value.get("extends")
        if here is None or not isinstance(here.value, str):
            return chain
        path, file = _parent(here, path, file, chain)


def is_log(path: Path) -> bool:
    """Whether the first line of a file is a JSON object that is no pack."""
    import json

    try:
        with path.open("rb") as stream:
            first = json.loads(stream.readline(MAX_BYTES))
    except (OSError, ValueError, RecursionError):
        return False
    return isinstance(first, dict) and not first.keys() & {"schema", "pack", "rules"}


def _is_of_tests(keys: Collection[str]) -> bool:
    return "tests" in keys and not {"rules", "metrics", "extends"} & set(keys)


def _a_log(file: str) -> PackError:
    return PackError(
        [Problem(Position(file, 1, 1), "wrong-file", "this is a log, not a pack", f"'rules eval {file}' judges it")]
    )


def _parent(here: Item, path: Path, file: str, chain: list[tuple[Document, list[Problem]]]) -> tuple[Path, str]:
    name = str(here.value)
    suffix = Path(name).suffix
    if not suffix and "/" not in name and "\\" not in name:
        return RULES / f"{name}.yaml", f"rules/{name}.yaml"
    if suffix not in SUFFIXES or Path(name).is_absolute():
        hint = "name a shipped pack, or a .yaml file relative to this one"
        raise _broken(chain, here, f"parent {name!r} is no pack", hint)
    return path.parent / name, os.path.normpath(Path(file).parent / name).replace(os.sep, "/")


def _parent_hint(here: Item) -> str:
    name = str(here.value)
    if Path(name).suffix:
        return "give a path relative to this file"
    return did_you_mean(name, shipped_files()) or f"shipped packs are {', '.join(shipped_files()) or 'none'}"


def _broken(
    chain: list[tuple[Document, list[Problem]]], here: Item, message: str, hint: str, code: Code = "unknown-parent"
) -> PackError:
    return PackError([Problem(here.at, code, message, hint), *_found(chain)])


def _found(chain: list[tuple[Document, list[Problem]]]) -> list[Problem]:
    return [problem for _, found in chain for problem in found]
