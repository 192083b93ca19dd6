"""The text of an action, or the advice of a rule, that names what no plan knows.

Such a text is left out of every plan, because one of its numbers is missing.

fails::

    actions:
      lower_rate: {rank: 60, title: Lower the rate, text: "The peak so far was {lr_paek:.3g}."}
                                                                                ^^^^^^^

passes::

    actions:
      lower_rate: {rank: 60, title: Lower the rate, text: "The peak so far was {lr_peak:.3g}."}
"""

from __future__ import annotations

from collections.abc import Iterator

from ..errors import did_you_mean
from ..pack import Pack
from ..template import placeholders
from . import Remark
from ._names import of_plans
from ._places import hole_at

SEVERITY = "warning"


def check(pack: Pack) -> Iterator[Remark]:
    """Places of texts in the pack's own file that nothing fills."""
    known = of_plans(pack)
    for path, what, text in _texts(pack):
        for hole in placeholders(text):
            at = hole_at(pack, pack.at, hole.name, *path)
            if hole.name not in known and at.file == pack.at.file:
                hint = did_you_mean(hole.name, known) or f"known are {', '.join(known)}"
                yield Remark(at, f"{what} names {hole.name!r}, which no plan knows", hint, len(hole.name))


def _texts(pack: Pack) -> Iterator[tuple[tuple[str, ...], str, str]]:
    for action in pack.actions.values():
        yield ("actions", action.id, "text"), f"the text of action {action.id!r}", action.text
    for section in ("rules", "invariants"):
        for rule in getattr(pack, section).values():
            if section == "rules" and rule.id in pack.invariants:
                continue
            for action_id, text in rule.advice.items():
                yield (section, rule.id, "advice", action_id), f"the advice of {rule.id!r}", text
    for gate in pack.gates.values():
        for name, still in gate.stuck.standstills.items() if gate.stuck else ():
            for action_id, text in still.advice.items():
                yield ("gates", gate.id, "stuck", name, "advice", action_id), f"the advice of {gate.id!r}", text
