"""The parts of a pack in a few words: lengths, bounds, values, conditions; what every page about packs shares."""

from __future__ import annotations

from ..expression import Expression
from ..pack import Duration, Scalar, Stage, Window

Band = tuple[float | None, float | None] | None


def plain(expression: Expression | None) -> str:
    """The text of an expression on one line, empty where there is none."""
    return " ".join(expression.text.split()) if expression else ""


def length(duration: Duration) -> str:
    """A length as packs write it: "30 steps"."""
    return f"{plain(duration.amount)} {duration.unit}"


def value(given: Scalar | Expression, code: str = "") -> str:
    """A value of a param; expressions stand in `code` marks."""
    if isinstance(given, Expression):
        return f"{code}{plain(given)}{code}"
    if given is None:
        return "unset"
    if isinstance(given, bool):
        return "true" if given else "false"
    return given if isinstance(given, str) else f"{given:g}"


def band(bounds: Band) -> str:
    """A range in words: "0 to 1", "at least 0", or nothing."""
    low, high = bounds or (None, None)
    if low is None and high is None:
        return ""
    if low is None:
        return f"at most {high:g}"
    return f"at least {low:g}" if high is None else f"{low:g} to {high:g}"


def end(stage: Stage) -> str:
    """Where a stage ends: "step 50 or 34% of the run"."""
    parts = [f"{stage.unit.removesuffix('s')} {stage.to:g}"] if stage.to is not None else []
    parts += [f"{stage.share:.0%} of the run"] if stage.share is not None else []
    return " or ".join(parts) or "the end"


def span(window: Window) -> str:
    """What a window holds: "the last 30 steps, at least 3 points"."""
    told = f"the last {length(window.last)}" if window.last else "the run so far"
    return told + (f", at least {plain(window.min_points)} points" if window.min_points else "")
