"""A function over a window that need not, or cannot, hold as many points as its result takes.

A slope takes two points, a bound or an r2 three: over fewer they are unknown. A share or a quantile of one or two
points is no share yet: the first row that counts makes it 100 %. A pack that makes an inherited window shorter, or a
variant that does so, is told of its value.

fails::

    windows: {recent: {last: 20 steps, min: 1 point}}
    rules:
      often:
        title: Loss is often high
        cause: unstable
        severity: warning
        when: share(loss > 2, recent) > 0.5
                              ^^^^^^

fails::

    rules:
      rising:
        title: Loss is rising
        cause: diverging
        severity: warning
        when: slope_lower(loss, "2 points") > 0
                                ^^^^^^^^^^

passes::

    windows: {recent: {last: 20 steps, min: 5 points}}
    rules:
      often:
        title: Loss is often high
        cause: unstable
        severity: warning
        when: share(loss > 2, recent) > 0.5
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from functools import partial

from ..expression import Expression
from ..functions import FUNCTIONS, Kind
from ..pack import Pack
from ..record import Record
from ..tree import Call, Node
from . import Remark
from ._changed import changes_of, once
from ._conditions import Condition, all_conditions, logics_of, remark
from ._logic import Logic
from ._windows import points_of

SEVERITY = "warning"

TAKES = {
    **dict.fromkeys(("std", "slope", "zscore"), 2),
    **dict.fromkeys(("r2", "mean_lower", "mean_upper", "slope_lower", "slope_upper"), 3),
}
"""How many points a function takes to be known, or, of a line through them, to fit or not to fit."""

RATIOS = {"share": 3, "quantile": 3}
"""The fewest points of which a share or a quantile says anything."""


def check(pack: Pack) -> Iterator[Remark]:
    """Calls whose windows are too short: those of the pack's own, and those of which it gives the windows anew."""
    for condition in _conditions(pack):
        expression = condition.expression
        if expression.at.file == pack.at.file:
            for call, window in _calls(expression):
                short = _short(call, window, logics_of(pack))
                if short is not None:
                    yield remark(expression, window, f"{call.function}() {short.told}", short.hint)
    yield from once(_by_changes(pack))


class _Short(Record):
    """What is told of a window that is too short, and how it is mended."""

    told: str
    hint: str


def _short(call: Call, window: Node, logics: Sequence[Logic]) -> _Short | None:
    """Whether a window is too short for a function in each setting."""
    sizes = [points_of(window, logic.pack, logic.values) for logic in logics]
    least, most = max(size[0] for size in sizes), max(size[1] for size in sizes)
    if most < 1:  # an error of its own
        return None
    if most < TAKES.get(call.function, 0):
        return _Short(f"is unknown over {_told(most)}", f"it takes at least {TAKES[call.function]}")
    if least < RATIOS.get(call.function, 0):
        return _Short(f"may rest on {_told(least)} only", "let the window need more, as with 'min: 5 points'")
    return None


def _is_short(call: Call, window: Node, logic: Logic) -> bool:
    return _short(call, window, [logic]) is not None


def _by_changes(pack: Pack) -> Iterator[Remark]:
    """Lengths that the pack gives anew, or that its variants set, with which a window is too short."""
    changes = changes_of(pack)
    for condition in _conditions(pack) if changes.any else ():
        for call, window in _calls(condition.expression):
            looked_at = condition.expression._replace(tree=window)
            blame = changes.blamed((looked_at,), partial(_is_short, call, window), rule=condition.rule)
            short = _short(call, window, [blame.logic]) if blame is not None else None
            if blame is not None and short is not None:
                told = f"with this, {call.function}() in {condition.what} {short.told}{blame.where}"
                yield Remark(blame.at, told, short.hint)


def _told(points: float) -> str:
    return "1 point" if points == 1 else f"{points:g} points"


def _calls(expression: Expression) -> Iterator[tuple[Call, Node]]:
    """The calls of functions over windows, each with its window."""
    for call in expression.tree.walk():
        parameters = FUNCTIONS[call.function].parameters if isinstance(call, Call) else ()
        if isinstance(call, Call) and len(parameters) > 1 and parameters[1].kind is Kind.WINDOW:
            window = call.arguments[1]
            if window is not None:
                yield call, window


def _conditions(pack: Pack) -> Iterator[Condition]:
    """The conditions of a pack, and the numbers that it computes."""
    for metric in pack.metrics.values():
        if metric.expr is not None:
            yield Condition(f"'expr' of metric {metric.id!r}", metric.expr)
    yield from all_conditions(pack)
    for gate in pack.gates.values():
        for requirement in gate.require.values():
            yield Condition(f"'value' of requirement {requirement.id!r}", requirement.value)
