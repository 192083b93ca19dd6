"""A function over a window that need not, or cannot, hold as many points as its result takes.

A slope takes two points, a bound or an r2 three: over fewer they are unknown. A share or a quantile of one or two
points is no share yet: the first row that counts makes it 100 %.

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

from collections.abc import Iterator

from ..expression import Expression
from ..functions import FUNCTIONS, Kind
from ..pack import Pack
from ..tree import Call, Node
from . import Remark
from ._conditions import conditions_of, remark
from ._values import every_setting
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
    """Calls of the pack's own whose windows are too short, by default and in every variant."""
    settings = list(every_setting(pack))
    for expression in _expressions(pack):
        for call in expression.tree.walk():
            window = _window(call)
            if not isinstance(call, Call) or window is None:
                continue
            sizes = [points_of(window, pack, values) for values in settings]
            least, most = max(size[0] for size in sizes), max(size[1] for size in sizes)
            if most < 1:  # an error of its own
                continue
            if most < TAKES.get(call.function, 0):
                hint = f"it takes at least {TAKES[call.function]}"
                yield remark(expression, window, f"{call.function}() is unknown over {_told(most)}", hint)
            elif least < RATIOS.get(call.function, 0):
                hint = "let the window need more, as with 'min: 5 points'"
                yield remark(expression, window, f"{call.function}() may rest on {_told(least)} only", hint)


def _told(points: float) -> str:
    return "1 point" if points == 1 else f"{points:g} points"


def _window(call: Node) -> Node | None:
    if not isinstance(call, Call):
        return None
    parameters = FUNCTIONS[call.function].parameters
    return call.arguments[1] if len(parameters) > 1 and parameters[1].kind is Kind.WINDOW else None


def _expressions(pack: Pack) -> Iterator[Expression]:
    for metric in pack.metrics.values():
        if metric.expr is not None and metric.expr.at.file == pack.at.file:
            yield metric.expr
    for condition in conditions_of(pack):
        yield condition.expression
    for gate in pack.gates.values():
        for requirement in gate.require.values():
            if requirement.value.at.file == pack.at.file:
                yield requirement.value
