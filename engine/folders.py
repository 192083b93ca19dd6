"""Paths of files and folders → the files that are meant."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable

from .errors import Position, Problem


def files_in(
    paths: Iterable[str], wanted: Callable[[str], bool], what: str, ending: str
) -> tuple[list[str], list[Problem]]:
    """The files that are meant, each once; and the paths in which there is nothing.

    A folder stands for those of its files that are `wanted`, sorted; `what` they are and how their names end is told
    where there are none.
    """
    files: list[str] = []
    problems: list[Problem] = []
    for path in paths:
        if not os.path.isdir(path):
            files.append(path)
            continue
        inside = [file for name in sorted(os.listdir(path)) if wanted(file := os.path.join(path, name))]
        if not inside:
            hint = f"they are files that end in {ending}"
            problems.append(Problem(Position(path), "no-file", f"no {what} in this folder", hint))
        files += inside
    return list(dict.fromkeys(files)), problems
