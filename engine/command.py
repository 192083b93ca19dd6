"""New values of settings, and the commands and advice of a plan, filled from the run's numbers."""

from __future__ import annotations

import math
import shlex
from collections.abc import Mapping

from .errors import TrainrulesError
from .pack import Action, Scalar
from .template import fill, placeholders
from .tree import Name

_PEAK = "lr_peak"
_SHARES = {f"{_PEAK} / 2": "half of the configured peak", f"{_PEAK} * 10": "ten times the configured peak"}


def new_values(action: Action, names: Mapping[str, Scalar]) -> dict[str, tuple[float | None, float]]:
    """What an action sets: setting → (the value it is computed from, the new value); unknown ones are left out.

    The old value is told where the expression names exactly one number of the run.
    """
    if not action.set:
        return {}
    from .scalar import evaluate_scalar

    values: dict[str, tuple[float | None, float]] = {}
    for setting, expression in action.set.items():
        try:
            new = _finite(evaluate_scalar(expression, names))
        except TrainrulesError:
            continue
        if new is None:
            continue
        sources = {node.id for node in expression.tree.walk() if isinstance(node, Name)}
        values[setting] = (_finite(names.get(sources.pop())) if len(sources) == 1 else None, new)
    return values


def of_configured_peak(action: Action) -> str:
    """What an action sets, in words, where the run's largest rate is unknown; empty where it does not rest on that."""
    wholes = [each.text for each in action.set.values() if any(_is_peak(node) for node in each.tree.walk())]
    return ", ".join(_SHARES.get(text, text.replace(_PEAK, "the configured peak")) for text in wholes)


def _is_peak(node: object) -> bool:
    return isinstance(node, Name) and node.id == _PEAK


def command_line(template: str, names: Mapping[str, Scalar]) -> str:
    """A command for a shell; texts are quoted, and what has no value stays as <name> for a person to fill in."""
    words = {each.name: _word(each.name, names.get(each.name)) for each in placeholders(template)}
    return fill(" ".join(template.split()), words, is_plain=True)


def advice(template: str, names: Mapping[str, Scalar]) -> str:
    """A sentence with its numbers filled in, or an empty text where one of them is unknown."""
    needed = [names.get(each.name) for each in placeholders(template)]
    if any(value is None or (isinstance(value, float) and not math.isfinite(value)) for value in needed):
        return ""
    return fill(" ".join(template.split()), names)


def _word(name: str, value: Scalar) -> Scalar:
    if value is None or (isinstance(value, float) and not math.isfinite(value)):
        return f"<{name}>"
    return shlex.quote(value) if isinstance(value, str) else value


def _finite(value: Scalar) -> float | None:
    if isinstance(value, bool) or not isinstance(value, (int, float)) or not math.isfinite(value):
        return None
    return float(value)
