"""A folder in place of a log: which of its files is the log of the run."""

from __future__ import annotations

import os
from collections.abc import Iterator
from fnmatch import fnmatchcase

from ..errors import LogError
from ..record import Record
from ..words import listed

DEEPEST = 3
MOST = 5_000
"""How many levels below the folder, and how many entries, are looked through."""

SEVERAL = "name one of them, or all by a pattern in quotes, as in 'runs/**/*.jsonl'"
_SHOWN = 8
_HEAD = 1 << 16
_SKIPPED = ("__pycache__", "node_modules", "site-packages")
_CLOCKS = frozenset({"step", "epoch", "iter", "iteration", "global_step", "current_steps", "_step"})
# The same run is often logged in several ways; what is written as it goes, a row at a time, tells the most.
_RANKS = (
    ("*.jsonl", "*.ndjson", "log.txt", "scalars.json", "*.log.json", "metrics.csv", "results.csv"),
    ("trainer_state.json", "history.json"),
    ("*.csv", "*.tsv", "*.parquet"),
    ("events.out.tfevents.*", "*.wandb", "*.db"),
    ("*.json",),
    ("*.log", "*.out", "*.txt"),
)
_IN_CHECKPOINT = len(_RANKS)


class Candidate(Record):
    """A file that may be the log: how likely its name is, how deep it lies, where it is."""

    rank: int
    depth: int
    path: str


def log_in(path: str) -> str:
    """The log of the run in a folder; raises LogError where it holds none, or several."""
    found = sorted(_candidates(path, 0, [MOST]))
    for rank, depth in sorted({(each.rank, each.depth) for each in found}):
        logs = [each.path for each in found if (each.rank, each.depth) == (rank, depth) and is_log(each.path)]
        if len(logs) == 1 or (logs and rank == _IN_CHECKPOINT):
            return max(logs, key=_step)
        if logs and _are_one_run(logs):
            return max(logs, key=os.path.getsize)
        if logs:
            names = [os.path.relpath(each, path).replace(os.sep, "/") for each in logs[:_SHOWN]]
            names += [f"{len(logs) - _SHOWN} more"] if len(logs) > _SHOWN else []
            raise LogError(f"this folder holds {len(logs)} logs: {listed(names)}", path=path, hint=SEVERAL)
    raise LogError("this is a directory, and no log was found in it", path=path, hint="name the metrics log in it")


def holds_log(path: str) -> bool:
    """Whether there is any log in a folder."""
    return any(is_log(each.path) for each in sorted(_candidates(path, 0, [MOST])))


def is_log(path: str) -> bool:
    """Whether the content of a file is that of a log: rows with a loss, or a place on a clock."""
    from . import registry
    from .opening import Head

    try:
        with open(path, "rb") as stream:
            head = Head(stream.read(_HEAD))
    except OSError:
        return False
    if (reader := registry.claimed_bytes(head)) is not None:
        return True
    reader = registry.claimed(head)
    if reader is None or reader.id == "console":
        return reader is not None and _is_told(head.text)
    keys = head.keys
    if not keys:
        from .delimited import header_of

        table = header_of(head)
        keys = frozenset(name.lower() for name in table[0]) if table else frozenset()
        return _is_logged(keys) if keys else reader.id in ("trainer_state", "keras") or _is_told(head.text)
    return _is_logged(keys)


def _is_logged(keys: frozenset[str]) -> bool:
    return bool(keys & _CLOCKS) or any("loss" in key.lower() for key in keys)


def _is_told(text: str) -> bool:
    return "loss" in text.lower()


def _candidates(folder: str, depth: int, left: list[int]) -> Iterator[Candidate]:
    try:
        with os.scandir(folder) as entries:
            names = sorted((entry.name, entry.is_dir(follow_symlinks=False), entry.is_file()) for entry in entries)
    except OSError:
        return
    inside = os.path.basename(folder).startswith("checkpoint")
    for name, is_folder, is_file in names:
        left[0] -= 1
        if left[0] < 0:
            return
        path = os.path.join(folder, name)
        if is_file and (rank := _rank(name, inside=inside and depth > 0)) is not None:
            yield Candidate(rank, depth, path)
        elif is_folder and depth < DEEPEST and not name.startswith(".") and name not in _SKIPPED:
            yield from _candidates(path, depth + 1, left)


def _rank(name: str, *, inside: bool) -> int | None:
    if inside:
        return _IN_CHECKPOINT if name == "trainer_state.json" else None
    return next((rank for rank, globs in enumerate(_RANKS) if any(fnmatchcase(name, glob) for glob in globs)), None)


def _are_one_run(logs: list[str]) -> bool:
    """Whether these are the event files of one folder: a trainer opens another one for its last evaluation."""
    return len({os.path.dirname(each) for each in logs}) == 1 and all(
        os.path.basename(each).startswith("events.out.tfevents.") for each in logs
    )


def _step(path: str) -> int:
    """The step of the checkpoint that a file lies in."""
    digits = "".join(sign for sign in os.path.basename(os.path.dirname(path)) if sign.isdecimal())
    return int(digits[:18]) if digits else 0
