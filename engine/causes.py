"""Which finding explains which: a run that turned to NaN also looks flat, and only the first needs a remedy."""

from __future__ import annotations

from collections.abc import Sequence

from .pack import CAUSES, SEVERITIES
from .report import Finding
from .words import position

EXPLAINS: dict[str, frozenset[str]] = {
    "non_finite": frozenset(CAUSES),
    "inverted": frozenset({"diverging", "unstable", "stalled"}),
    "diverging": frozenset({"unstable", "overfitting", "stalled"}),
    "unstable": frozenset({"stalled"}),
}
"""The causes that each cause explains; non_finite explains whatever starts later."""

IMPROVING = "eval_improving"
"""What `explained_by` names where a surely improving evaluation metric speaks against a finding."""


def is_open(finding: Finding) -> bool:
    """Whether the finding still holds and nothing else explains it."""
    return finding.state == "firing"


def is_serious(finding: Finding) -> bool:
    """Whether the finding is more than information."""
    return finding.severity in ("warning", "critical")


def precedence(finding: Finding) -> tuple[int, int, float, str]:
    """The order of findings in a plan: cause, then severity, then onset, then id."""
    return (
        CAUSES.index(finding.cause),
        -SEVERITIES.index(finding.severity),
        position(finding.onset),
        finding.rule,
    )


def explains(cause: Finding, finding: Finding) -> bool:
    """Whether `cause` accounts for `finding`: by its kind, by its weight and by when each began."""
    if finding.rule == cause.rule or finding.cause not in EXPLAINS.get(cause.cause, frozenset()):
        return False
    # A warning must not swallow the stop that a critical finding asks for.
    if SEVERITIES.index(cause.severity) < SEVERITIES.index(finding.severity):
        return False
    if finding.cause == cause.cause:
        later = position(finding.onset) - position(cause.onset)
        # Of two that begin together, the graver one accounts for the other.
        return later > 0 or (later == 0 and cause.severity != finding.severity)
    return position(finding.onset) >= position(cause.onset) - finding.longest_window


def explain(findings: Sequence[Finding], *, eval_improving: bool = False) -> tuple[Finding, ...]:
    """Mark the open findings that another open one explains (state "explained", `explained_by` names it).

    With `eval_improving`, overfitting and divergence that rest on train metrics alone are marked first: they explain
    nothing then. Findings of severity info explain nothing. The order stays.
    """
    marked = [
        finding._replace(state="explained", explained_by=IMPROVING)
        if eval_improving
        and finding.train_only
        and finding.cause in ("overfitting", "diverging")
        and _takes_part(finding)
        else finding
        for finding in findings
    ]
    causes = sorted(filter(_takes_part, marked), key=precedence)
    return tuple(_explained(finding, causes) if is_open(finding) else finding for finding in marked)


def _takes_part(finding: Finding) -> bool:
    return is_open(finding) and is_serious(finding)


def _explained(finding: Finding, causes: Sequence[Finding]) -> Finding:
    for cause in causes:
        if explains(cause, finding):
            return finding._replace(state="explained", explained_by=cause.rule)
    return finding
