"""An action that sets what is nearly, but not quite, called `learning_rate`.

A plan puts the new learning rate into the command that resumes the run. Under another name it is a setting of one's
own, and that command goes on with the old rate.

fails::

    actions:
      halve: {rank: 60, title: Halve the learning rate, set: {learning_rte: lr_peak / 2}}
                                                              ^^^^^^^^^^^^

passes::

    actions:
      halve: {rank: 60, title: Halve the learning rate, set: {learning_rate: lr_peak / 2, weight_decay: 0.1}}
"""

from __future__ import annotations

from collections.abc import Iterator

from ..errors import surely_meant
from ..pack import Pack
from ..rate import RATE
from . import Remark
from ._places import find

SEVERITY = "warning"


def check(pack: Pack) -> Iterator[Remark]:
    """Settings in the pack's own file whose names look like that of the learning rate."""
    for action in pack.actions.values():
        for key, name in [("set", name) for name in action.set] + [("direction", name) for name in action.direction]:
            item = find(pack, "actions", action.id, key, name)
            is_own = item is not None and item.file == pack.at.file
            is_near = name != RATE and abs(len(name) - len(RATE)) <= 1 and surely_meant(name, [RATE]) is not None
            if item is not None and is_own and is_near:
                told = f"action {action.id!r} sets {name!r}, which no plan knows"
                yield Remark(item.key_at, told, f"did you mean {RATE!r}?", len(name))
