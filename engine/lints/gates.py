"""Gates that cannot say what their author wants of them. Those of a parent are the parent's business."""

from __future__ import annotations

from collections.abc import Iterator

from ..errors import Problem
from ..pack import Gate, Pack
from ..tree import Name


def never_stuck(pack: Pack) -> Iterator[Problem]:
    """A gate with `stuck` none of whose requirements has `near`: only near misses make it count as held up.

    passes::

        gates: {next: {require: {calm: {value: noise, below: limit, near: 0.1}}, stuck: {…}}}

    fails::

        gates: {next: {require: {calm: {value: noise, below: limit}}, stuck: {…}}}
    """
    for gate in _own(pack):
        if gate.stuck is not None and not any(each.near for each in gate.require.values()):
            yield Problem(gate.stuck.at, f"gate {gate.id!r} can never be stuck", "give a requirement 'near'")


def fixed_limit(pack: Pack) -> Iterator[Problem]:
    """A requirement with `near`, of a gate with `stuck`, whose limit rests on no param, so that none can be lowered.

    passes::

        calm: {value: noise, below: limit, near: 0.1}

    fails::

        calm: {value: noise, below: 0.5, near: 0.1}
    """
    for gate in _own(pack):
        for requirement in gate.require.values() if gate.stuck is not None else ():
            for bound in requirement.bounds if requirement.near else ():
                named = {node.id for node in bound.limit.tree.walk() if isinstance(node, Name)}
                if not named:
                    message = f"requirement {requirement.id!r} of gate {gate.id!r} has a limit that no setting changes"
                    yield Problem(bound.at, message, "make it a param")


def _own(pack: Pack) -> Iterator[Gate]:
    return (gate for gate in pack.gates.values() if gate.at.file == pack.at.file)
