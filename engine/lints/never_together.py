"""A condition that needs metrics on one row that are never on one.

A metric with `where` is known on the rows where that holds. Where one of them holds on no row of the other, a
comparison of the two is unknown everywhere, and the rule never fires.

fails::

    metrics:
      phase: {keys: [phase], type: text}
      first_loss: {keys: [loss], where: phase == "one"}
      second_loss: {keys: [loss], where: phase == "two"}
    rules:
      worse:
        title: The second phase is worse
        cause: diverging
        severity: warning
        when: second_loss > first_loss
              ^^^^^^^^^^^^^^^^^^^^^^^^

passes::

    metrics:
      phase: {keys: [phase], type: text}
      first_loss: {keys: [loss], where: phase == "one"}
      second_loss: {keys: [loss], where: phase == "two"}
    rules:
      worse:
        title: The second phase is worse
        cause: diverging
        severity: warning
        when: second_loss > latest(first_loss)
"""

from __future__ import annotations

from collections.abc import Iterator
from itertools import combinations

from ..pack import Pack
from . import Remark
from ._conditions import conditions_of, logics_of, needed, remark

SEVERITY = "warning"


def check(pack: Pack) -> Iterator[Remark]:
    """Conditions on metrics whose `where` rule one another, or the condition, out."""
    logics = logics_of(pack)
    for condition in conditions_of(pack):
        tree = condition.expression.tree
        goals = [(tree, True), *condition.scope]
        wheres = {id: where.tree for id in needed(tree, pack) if (where := pack.metrics[id].where) is not None}
        if not wheres or not any(logic.can_hold(*goals) for logic in logics):
            continue
        if any(logic.can_hold(*goals, *((where, True) for where in wheres.values())) for logic in logics):
            continue
        for one, other in combinations(wheres, 2):
            if not any(logic.can_hold((wheres[one], True), (wheres[other], True)) for logic in logics):
                told = f"metrics {one!r} and {other!r} are never on one row"
                hint = f"their 'where' rule each other out: write latest({other}), or mend one"
                yield remark(condition.expression, tree, told, hint)
                break
        else:
            told = f"{condition.what} never holds on the rows that 'where' leaves of {', '.join(map(repr, wheres))}"
            yield remark(condition.expression, tree, told, "mend the 'where', or the condition")
