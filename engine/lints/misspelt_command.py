"""A command that no action has, with nearly the name of one that some have.

Things merge by name, so that a pack changes an inherited command under that name only; under another one it adds a
command, which no plan shows. A command of its own need not belong to an action: it is listed for people.

fails::

    actions: {resume: {rank: 30, title: Resume the run, command: resume}}
    commands:
      resume: "python train.py --resume {checkpoint}"
      resum: "python train.py --fast --resume {checkpoint}"
      ^^^^^

passes::

    actions: {resume: {rank: 30, title: Resume the run, command: resume}}
    commands:
      resume: "python train.py --resume {checkpoint}"
      watch: "tail -f {log}"
"""

from __future__ import annotations

from collections.abc import Iterator

from ..errors import surely_meant
from ..pack import Pack
from . import Remark
from ._names import is_own

SEVERITY = "warning"


def check(pack: Pack) -> Iterator[Remark]:
    """Commands of the pack's own that no action has and that look like one that some have."""
    had = {action.command: None for action in pack.actions.values() if action.command is not None}
    for command in pack.commands.values():
        near = surely_meant(command.id, list(had)) if is_own(pack, command) and command.id not in had else None
        if near is not None:
            yield Remark(
                command.at, f"no action has command {command.id!r}", f"did you mean {near!r}?", len(command.id)
            )
