"""Paths → the files of tests that are meant: by themselves, in a folder, or as those of a pack."""

from __future__ import annotations

import os
from collections.abc import Sequence
from pathlib import Path

from ..ancestry import Files
from ..errors import PackError, Position, Problem
from ..folders import files_in
from ..kinds import kind_of
from .load import SUFFIX


def files_of(paths: Sequence[str], *, skip_others: bool = False) -> tuple[list[str], list[Problem]]:
    """The files that are meant, each once; and the paths that stand for none.

    A folder stands for the files of tests in it, a pack for its tests and for those of the packs beside it that
    extend it. With `skip_others`, packs without tests and what is neither are passed over.
    """
    meant: list[str] = []
    problems: list[Problem] = []
    packs = Files()
    for path in paths:
        kind = kind_of(path)
        if kind == "pack":
            tests = _tests_of(Path(path), packs)
            meant += tests
            if not tests and not skip_others:
                hint = f"write them to {_beside(Path(path)).name}, or record one: 'rules test --record LOG'"
                problems.append(Problem(Position(path), "no-file", "no tests are beside this pack", hint))
        elif kind == "tests" or os.path.isdir(path) or not skip_others or not os.path.isfile(path):
            meant.append(path)
    files, wrong = files_in(meant, lambda path: path.endswith(SUFFIX), "tests", SUFFIX)
    return files, problems + wrong


def _beside(pack: Path) -> Path:
    return pack.with_name(pack.stem + SUFFIX)


def _tests_of(pack: Path, files: Files) -> list[str]:
    """The tests beside a pack, then those of the packs in its folder that extend it."""
    others = [
        path.with_name(f"{path.name.removesuffix(SUFFIX)}.yaml") for path in sorted(pack.parent.glob(f"*{SUFFIX}"))
    ]
    found = [pack, *(path for path in others if path.name != pack.name and _extends(path, pack, files))]
    return [tests.as_posix() for path in found if (tests := _beside(path)).is_file()]


def _extends(pack: Path, parent: Path, files: Files) -> bool:
    try:
        chain = files.chain(pack, pack.as_posix())
    except PackError:
        return False
    return any(os.path.realpath(document.file) == os.path.realpath(parent) for document in chain.documents[1:])
