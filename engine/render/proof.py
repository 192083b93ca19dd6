"""What findings and quiet rules rest on, in words: the numbers of a comparison against its limit."""

from __future__ import annotations

from collections.abc import Sequence

from ..report import Evidence, Finding, RuleState
from ..words import number
from .layout import Page


def evidence(page: Page, finding: Finding, indent: str) -> None:
    """A line for each value that the condition compares, with all that it is compared with."""
    by_value: dict[str, list[Evidence]] = {}
    for each in finding.evidence:
        by_value.setdefault(each.expression, []).append(each)
    for expression, same in by_value.items():
        if told := _values(same):
            page.add(f"{expression}: {told}", indent, indent + "  ")


def _values(same: Sequence[Evidence]) -> str:
    first = same[0]
    values = [
        f"{number(value, 4)} {when}".strip()
        for when, value in (("at onset", first.at_onset), ("at worst", first.worst), ("last", first.last))
        if value is not None
    ]
    limits = [number(each.threshold, 4) for each in same if each.threshold is not None]
    if limits:
        values.append(f"limit{'s' if len(limits) > 1 else ''} {', '.join(limits)}")
    return ", ".join(values)


def numbers(finding: Finding) -> str:
    """The last value of an advisory finding against its threshold, in few characters."""
    for evidence in finding.evidence:
        if evidence.last is not None and evidence.threshold is not None:
            return f": {number(evidence.last, 4)}, limit {number(evidence.threshold, 4)}"
    return ""


def approach(closest: Evidence, limit: float) -> str:
    """How near a quiet rule came: "47 at most, fires above 50"; beyond that it takes more than this comparison."""
    worst, told, shown = closest.worst or 0.0, number(closest.worst or 0.0, 4), number(limit, 4)
    if closest.is_upward is None:
        return f"nearest: {told}, limit {shown}"
    side = "above" if closest.is_upward else "below"
    if worst != limit and (worst > limit) is closest.is_upward:
        return f"reached {told}; {side} {shown} alone is not enough"
    return f"{told} at {'most' if closest.is_upward else 'least'}, fires {side} {shown}"


def gap(rule: RuleState) -> float:
    """How far a rule stayed from its threshold, as a share of the larger of the two."""
    closest = rule.closest
    if closest is None or closest.worst is None or closest.threshold is None:
        return float("inf")
    larger = max(abs(closest.worst), abs(closest.threshold))
    return abs(closest.worst - closest.threshold) / larger if larger else float("inf")
