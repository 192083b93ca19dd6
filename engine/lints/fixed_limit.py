"""A requirement of a gate whose limit no setting changes.

Its gate has `stuck`, and it has `near`, so that the plan would suggest a limit that the run does reach; but the limit
rests on no param, so that none can be set.

fails::

    windows: {recent: {last: 5 points}}
    params: {limit: {default: 1}}
    actions: {ease: {rank: 1, title: Ease the limit}}
    gates:
      next:
        require: {calm: {value: loss, below: 0.5, near: 0.1}}
                                             ^^^
        stuck: {when: loss > limit, over: recent, actions: [ease]}

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
from ..tree import Name
from . import Remark
from ._names import is_own

SEVERITY = "warning"


def check(pack: Pack) -> Iterator[Remark]:
    """Limits without a param, of requirements that could be near misses."""
    for gate in pack.gates.values():
        if gate.stuck is None or not is_own(pack, gate):
            continue
        for requirement in gate.require.values():
            for bound in requirement.bounds if requirement.near else ():
                if not any(isinstance(node, Name) for node in bound.limit.tree.walk()):
                    message = f"requirement {requirement.id!r} of gate {gate.id!r} has a limit that no setting changes"
                    yield Remark(bound.at, message, "make it a param")
