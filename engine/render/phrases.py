"""The parts of a pack in a few words: lengths, bounds, values, conditions; what every page about packs shares."""

from __future__ import annotations

from collections.abc import Mapping

from ..expression import Expression
from ..pack import Duration, Invariant, LinePattern, Scalar, Stage, Window
from ..pack_gates import NOT_TAKEN, OUT_OF_REACH, Requirement
from ..words import as_written

STANDSTILLS = {OUT_OF_REACH: "out of reach without a trend", NOT_TAKEN: "open for long and not taken"}
"""How a gate stands that is late for no near miss, in words."""

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
    return given if isinstance(given, str) else as_written(given, 6)


def band(bounds: Band) -> str:
    """A range in words: "0 to 1", "at least 0", or nothing."""
    low, high = ("" if end is None else as_written(end, 6) for end in bounds or (None, None))
    if low and high:
        return f"{low} to {high}"
    return f"at least {low}" if low else f"at most {high}" if high else ""


def by_reason(rules: Mapping[str, str]) -> dict[str, list[str]]:
    """Rules that map to the reason given for each, those of one reason together, in the order of the pack."""
    found: dict[str, list[str]] = {}
    for rule, reason in rules.items():
        found.setdefault(reason, []).append(rule)
    return found


def end(stage: Stage) -> str:
    """Where a stage ends: "step 50 or 34% of the run"."""
    parts = [f"{stage.unit.removesuffix('s')} {as_written(stage.to)}"] if stage.to is not None else []
    parts += [f"{100 * stage.share:.6g}% of the run"] if stage.share is not None else []
    return " or ".join(parts) or "the end"


def span(window: Window) -> str:
    """What a window holds: "the last 30 steps, at least 3 points"."""
    told = f"the last {length(window.last)}" if window.last else "the run so far"
    least = plain(window.min_points)
    return told + (f", at least {least} point{'' if least == '1' else 's'}" if least else "")


def requirement(each: Requirement) -> str:
    """What a line of a checklist asks for: "loss_slope >= -plateau and <= plateau"."""
    return f"{plain(each.value)} " + " and ".join(f"{bound.operator} {plain(bound.limit)}" for bound in each.bounds)


def leeway(each: Requirement) -> str:
    """How near a miss of a requirement may be, whether it blocks, and what the trainer calls the limit."""
    told = [f"near within {plain(each.near)}"] if each.near else []
    told += [f"advice where {plain(each.advisory)}"] if each.advisory else []
    told += [f"{each.setting} in the trainer"] if each.setting else []
    return "; ".join(told)


def identity(each: Invariant) -> str:
    """What must hold, and how nearly: "ce == 2 * ce_unscaled, to 0.0001 of it"."""
    told = [f"to {plain(each.rel)} of the larger side"] if plain(each.rel) not in ("0", "0.0") else []
    told += [f"to {plain(each.abs)}"] if plain(each.abs) not in ("0", "0.0") else []
    return ", ".join([plain(each.holds), " or ".join(told)]) if told else plain(each.holds)


def line(pattern: LinePattern) -> str:
    """What a line of a console log looks like and what is taken from it."""
    told = [f"{name} for the lines to come" for name in pattern.remember] + list(pattern.values)
    told += ["pairs of a name and a value"] if pattern.pairs else []
    told += ["the end of the run"] if pattern.ends else []
    return f"{pattern.match} gives {', '.join(told) or 'nothing'}"
