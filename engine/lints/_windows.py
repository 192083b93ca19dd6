"""How many points a window holds."""

from __future__ import annotations

from math import inf

from ..expression import Expression
from ..lengths import LENGTH
from ..pack import Pack, Window
from ..scalar import evaluate_scalar
from ..tree import Name, Node, Text
from ._values import Values


def points(window: Window, values: Values) -> tuple[float, float]:
    """The fewest points with which a window is known, and the most that it holds; infinite where nobody can tell."""
    is_of_points = window.last is not None and window.last.unit == "points"
    most = _amount(window.last.amount, values) if window.last is not None and is_of_points else inf
    return (most if window.min_points is None else _amount(window.min_points, values)), most


def points_of(node: Node | None, pack: Pack, values: Values) -> tuple[float, float]:
    """The same of what stands for a window in an expression: its name, or a quoted length."""
    if isinstance(node, Text):
        found = LENGTH.fullmatch(node.value)
        amount = float(found["amount"]) if found else inf
        return amount, amount
    window = pack.windows.get(node.id) if isinstance(node, Name) else None
    return points(window, values) if window is not None else (inf, inf)


def _amount(expression: Expression, values: Values) -> float:
    names = {node.id for node in expression.tree.walk() if isinstance(node, Name)}
    found = evaluate_scalar(expression, values) if all(values.get(name) is not None for name in names) else None
    return float(found) if isinstance(found, (int, float)) and not isinstance(found, bool) else inf
