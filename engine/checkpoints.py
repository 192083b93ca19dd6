"""Which checkpoints lie beside a log, by their names alone: no file is opened, no folder below is entered."""

from __future__ import annotations

import math
import os
import re
from collections.abc import Iterator, Sequence
from fnmatch import fnmatchcase
from functools import lru_cache
from itertools import islice
from typing import TypeAlias

from .pack import Checkpoints
from .record import Record

MAX_ENTRIES = 20_000
MAX_NAME = 128
MAX_PATTERN = 200


Looked: TypeAlias = "dict[tuple[str, Checkpoints], list[tuple[str, float]]]"
"""The checkpoints in a folder, by the folder and the patterns that told them: name and step of each."""


class Checkpoint(Record):
    """A checkpoint: its name, the step it was saved at, and its path as seen from where the command was given.

    One that the trainer keeps as its best, overwriting it, has a name that tells no step: its step is infinite.
    `number` is what the name tells where `step`, its place on the clock, is another; one that `is_placed` not has none
    there: its name counts steps, the log epochs, and nothing tells how many make one.
    """

    name: str
    step: float
    path: str = ""
    is_best: bool = False
    number: float | None = None
    is_placed: bool = True

    @property
    def numbered(self) -> float:
        """The number in its name."""
        return self.step if self.number is None else self.number


def find_checkpoints(
    log: str, patterns: Checkpoints, directory: str | None = None, *, looked: Looked | None = None
) -> tuple[Checkpoint, ...] | None:
    """The checkpoints of a run in the order of their steps, or None where none is seen.

    Looks beside the log, in the folder above, and in `checkpoints/` in either; with `directory`, only there.
    `looked` keeps what was seen in each folder for the next log.
    A checkpoint whose name tells no step is not listed, but for the one that the trainer keeps as its best, which comes
    last; of two with the same step, and of several best ones, the nearer place wins.
    """
    if patterns.step is None:
        return None
    seen: dict[float, Checkpoint] = {}
    looked = {} if looked is None else looked
    for place in [directory] if directory is not None else _places(log):
        if (place, patterns) not in looked:
            looked[place, patterns] = _told(sorted(_names(place)), patterns)
        for name, step in looked[place, patterns]:
            if step not in seen:
                seen[step] = Checkpoint(name, step, _shown(place, name), is_best=step == math.inf)
    return tuple(seen[step] for step in sorted(seen)) or None


def step_pattern_problem(pattern: str | None) -> str | None:
    """Why a step pattern cannot be used, or None: it must have a group, and must not be able to backtrack for ever."""
    if pattern is None:
        return "a pattern for the step is missing"
    if len(pattern) > MAX_PATTERN:
        return f"the pattern is longer than {MAX_PATTERN} characters"
    try:
        groups = re.compile(pattern).groups
    except (re.error, OverflowError, RecursionError) as error:
        return f"not a regular expression: {error}"
    if not groups:
        return "the pattern needs a group around the step, such as '(\\d+)'"
    plain = re.sub(r"\\.|\[\^?\]?(?:\\.|[^\]])*\]", "x", pattern)
    if re.search(r"\)[*+{]", plain):
        return "a repeated group can take for ever; repeat single characters instead"
    if len(re.findall(r"[*+{]", plain)) > 3:
        return "the pattern repeats more than three parts"
    return None


def _told(names: Sequence[str], patterns: Checkpoints) -> list[tuple[str, float]]:
    """The names of checkpoints with the steps they tell, then the one that is kept as the best, if there is one."""
    steps = {name: step_of(name, patterns) for name in names}
    found = [(name, step) for name, step in steps.items() if step is not None]
    others = [name for name, step in steps.items() if step is None and len(name) <= MAX_NAME]
    best = next((name for glob in patterns.best_glob for name in others if _fits(name, glob)), None)
    return [*found, (best, math.inf)] if best is not None else found


def _places(log: str) -> list[str]:
    if log == "-":
        return []
    beside = os.path.dirname(log) or "."
    # ".." as a person reads the path: a symbolic link to the folder of the log does not lead elsewhere.
    above = os.path.relpath(os.path.dirname(os.path.abspath(beside)))
    if os.path.isabs(log):
        above = os.path.dirname(os.path.abspath(beside))
    return [beside, above, os.path.join(beside, "checkpoints"), os.path.join(above, "checkpoints")]


def _names(place: str) -> Iterator[str]:
    try:
        with os.scandir(place) as entries:
            for entry in islice(entries, MAX_ENTRIES):
                # A link that leads nowhere is what `save_total_limit` leaves behind, not a checkpoint.
                if not entry.is_symlink() or os.path.exists(entry.path):
                    yield entry.name
    except OSError:
        return


def step_of(name: str, patterns: Checkpoints) -> float | None:
    """The step that the name of a checkpoint tells; None where it is the name of none."""
    if len(name) > MAX_NAME or not any(_fits(name, glob) for glob in patterns.glob):
        return None
    if step_pattern_problem(patterns.step):
        return None
    found = re.search(patterns.step or "", name)
    try:
        step = float(found[1]) if found and found[1] else math.nan
    except ValueError:
        return None
    return step if math.isfinite(step) else None


def _fits(name: str, glob: str) -> bool:
    """Whether a name fits a pattern; most fail by how the pattern begins or ends, which spares its translation."""
    begin, end = _ends(glob)
    return name.startswith(begin) and name.endswith(end) and fnmatchcase(name, glob)


@lru_cache(maxsize=256)
def _ends(glob: str) -> tuple[str, str]:
    """What every name that fits a pattern begins and ends with."""
    parts = re.split(r"[*?\[\]]", glob)
    return parts[0], parts[-1]


def _shown(place: str, name: str) -> str:
    # An absolute path would make the report depend on the machine.
    return name if os.path.isabs(place) else os.path.normpath(os.path.join(place, name)).replace(os.sep, "/")
