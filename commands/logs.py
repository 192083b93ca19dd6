"""The logs that are meant: files, folders, and patterns in place of many."""

from __future__ import annotations

import os
from collections.abc import Iterable
from pathlib import Path

from ..engine.record import Record

SIGNS = "*?["
ANY_DEPTH = "**"


class Meant(Record):
    """The logs that some arguments stand for, each once; and the arguments that stand for none."""

    logs: list[str]
    absent: list[str]


def is_pattern(argument: str) -> bool:
    """Whether an argument stands for all the files that it fits: what exists by this very name is itself."""
    return any(sign in argument for sign in SIGNS) and not os.path.lexists(argument)


def meant(arguments: Iterable[str]) -> Meant:
    """The logs in the order of the arguments, those of one pattern sorted.

    A log that is named twice, in whatever way, counts once. An argument that stands for nothing is among the logs all
    the same, so that something is said of it.
    """
    found: dict[str, str] = {}
    absent = []
    for argument in arguments:
        paths = matches(argument) if is_pattern(argument) else [argument]
        if not paths or not (argument == "-" or is_pattern(argument) or os.path.exists(argument)):
            absent.append(argument)
        for path in paths or [argument]:
            found.setdefault(path if path == "-" else os.path.abspath(path), path)
    return Meant(_without_doubles(found), absent)


def matches(pattern: str) -> list[str]:
    """What a pattern fits, sorted: files, and folders, each of which stands for the log in it.

    `*`, `?` and `[…]` are what they are to a shell, `**` is any number of folders, but follows no links. Hidden files
    and folders are passed over unless the pattern names them, and folders where the pattern has `**` and fits files;
    with a slash at its end it is for folders only.
    """
    root, rest = _parted(pattern)
    if rest[-1] == ANY_DEPTH:
        rest.append("*")
    try:
        found = {path for path in Path(root).glob("/".join(rest)) if _is_shown(path, root, rest)}
    except (ValueError, OSError):  # "a**" is no pattern
        return []
    folders = {path for path in found if path.is_dir()}
    files = found - folders
    if pattern.endswith(("/", os.sep)):
        files = set()
    elif files and ANY_DEPTH in rest:
        folders = set()
    elif files and folders:
        from ..engine.readers.directory import holds_log

        folders = {path for path in folders if holds_log(str(path))}
    return sorted(map(str, files | folders))


def _parted(pattern: str) -> tuple[str, list[str]]:
    """The folder that a pattern begins with, in which every sign is meant as it stands, and the parts after it."""
    drive, tail = os.path.splitdrive(pattern)
    parts = [part for part in tail.replace(os.sep, "/").split("/") if part not in ("", ".")]
    root = drive + (os.sep if tail.startswith(("/", os.sep)) else "")
    while len(parts) > 1:
        there = os.path.join(root, parts[0])
        if any(sign in parts[0] for sign in SIGNS) and not os.path.isdir(there):
            break
        root = there
        del parts[0]
    return root, parts


def _is_shown(path: Path, root: str, rest: list[str]) -> bool:
    inside = path.relative_to(root or ".").parts
    return any(part.startswith(".") for part in rest) or not any(part.startswith(".") for part in inside)


def _without_doubles(found: dict[str, str]) -> list[str]:
    """The logs without the folders whose log is named as well."""
    folders = [path for path in found if path != "-" and os.path.isdir(path)]
    if not folders or len(folders) == len(found):
        return list(found.values())
    doubles = {path for path in folders if _log_in(path) in found}
    return [name for path, name in found.items() if path not in doubles]


def _log_in(folder: str) -> str | None:
    from ..engine.errors import LogError
    from ..engine.readers.directory import log_in

    try:
        return os.path.abspath(log_in(folder))
    except LogError:
        return None
