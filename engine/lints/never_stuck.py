"""A gate with `stuck` that can never be stuck.

Only near misses make a gate count as held up, and none of its requirements says with `near` what is near.

fails::

    windows: {recent: {last: 5 points}}
    params: {limit: {default: 1}}
    actions: {ease: {rank: 1, title: Ease the limit}}
    gates:
      next:
        require: {calm: {value: loss, below: limit}}
        stuck: {when: loss > limit, over: recent, actions: [ease]}
        ^^^^^

passes::

    windows: {recent: {last: 5 points}}
    params: {limit: {default: 1}}
    actions: {ease: {rank: 1, title: Ease the limit}}
    gates:
      next:
        require: {calm: {value: loss, below: limit, near: 0.1}}
        stuck: {when: loss > limit, over: recent, actions: [ease]}
"""

from __future__ import annotations

from collections.abc import Iterator

from ..pack import Pack
from . import Remark
from ._names import is_own

SEVERITY = "warning"


def check(pack: Pack) -> Iterator[Remark]:
    """Gates with `stuck` none of whose requirements has `near`."""
    for gate in pack.gates.values():
        if is_own(pack, gate) and gate.stuck is not None and not any(each.near for each in gate.require.values()):
            yield Remark(gate.stuck.at, f"gate {gate.id!r} can never be stuck", "give a requirement 'near'")
