"""A place of a command that is nearly, but not quite, one that a plan fills.

What a plan does not know stays as `<name>` for a person to fill in, which is right for a name of one's own and wrong
for a slip.

fails::

    commands:
      again: "python train.py --resume {checkpont}"
                                        ^^^^^^^^^

passes::

    commands:
      again: "python train.py --resume {checkpoint} --name {run_name}"
"""

from __future__ import annotations

from collections.abc import Iterator
from difflib import get_close_matches

from ..pack import Pack
from ..template import placeholders
from . import Remark
from ._names import of_plans
from ._places import find, hole_at

SEVERITY = "warning"


def check(pack: Pack) -> Iterator[Remark]:
    """Places of commands in the pack's own file that look like known ones."""
    known = of_plans(pack)
    for command in pack.commands.values():
        path: tuple[str, ...] = ("commands", command.id, "text")
        path = path if find(pack, *path) is not None else path[:2]
        for hole in placeholders(command.text):
            near = get_close_matches(hole.name, known, n=1, cutoff=0.8) if hole.name not in known else []
            at = hole_at(pack, command.at, hole.name, *path)
            if near and at.file == pack.at.file:
                message = f"command {command.id!r} leaves {hole.name!r} to a person"
                yield Remark(at, message, f"did you mean {near[0]!r}?", len(hole.name))
