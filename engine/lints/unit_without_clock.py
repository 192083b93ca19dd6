"""A length in epochs or minutes, in a pack whose clock has no key for them.

Where nothing tells the epoch, none ever passes: such a window stays empty, and such a rule stays pending for good.

fails::

    clock: {step: [step]}
    rules:
      high:
        title: Loss is high
        cause: diverging
        severity: warning
        when: loss > 2
        for: 2 epochs
             ^^^^^^^^

passes::

    clock: {step: [step], epoch: [epoch]}
    rules:
      high:
        title: Loss is high
        cause: diverging
        severity: warning
        when: loss > 2
        for: 2 epochs
"""

from __future__ import annotations

from collections.abc import Iterator

from ..pack import Duration, Pack
from . import Remark

SEVERITY = "warning"

PARTS = {"epochs": "epoch", "minutes": "time"}
"""The part of the clock that a length is measured on; steps are told by the rows where nothing else tells them."""


def check(pack: Pack) -> Iterator[Remark]:
    """Lengths of the pack's own in units that its clock does not have."""
    told = set()
    for what, length in _lengths(pack):
        part, at = PARTS.get(length.unit), length.amount.at
        if part is not None and not getattr(pack.clock, part) and at.file == pack.at.file and at not in told:
            told.add(at)
            width = len(length.amount.text) + len(length.unit) + 1
            message = f"{what} is measured in {length.unit}, and the clock has no key for the {part}"
            yield Remark(at, message, f"name the keys that log it, as in 'clock: {{{part}: [{part}]}}'", width)


def _lengths(pack: Pack) -> Iterator[tuple[str, Duration]]:
    for window in pack.windows.values():
        if window.last is not None:
            yield f"window {window.id!r}", window.last
    for rule in pack.rules.values():
        for level in rule.levels:
            if level.for_ is not None:
                yield f"'for' of rule {rule.id!r}", level.for_
    for gate in pack.gates.values():
        if gate.max_age is not None:
            yield f"'max_age' of gate {gate.id!r}", gate.max_age
