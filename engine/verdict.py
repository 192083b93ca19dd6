"""The verdict in one word and the exit code, from what was found and what is recommended."""

from __future__ import annotations

import os
from collections.abc import Iterable, Sequence

from .causes import is_open, is_serious
from .pack import SEVERITIES
from .report import Finding, GateResult, LogFacts, Report, RuleState, Step

HEALTHY, FOUND, WRONG, UNKNOWN = 0, 1, 2, 3
"""The exit codes: nothing found; something found; a wrong command or pack; nothing could be judged."""

FAIL_ON = (*SEVERITIES, "never")


def verdict_of(plan: Sequence[Step], findings: Iterable[Finding]) -> str:
    """The verdict on a run that could be judged: act, attention, wait or healthy."""
    primary = plan[0].action if plan else "continue"
    if primary not in ("continue", "wait") and not primary.startswith("check_"):
        return "act"
    if primary.startswith("check_") or any(is_open(finding) and is_serious(finding) for finding in findings):
        return "attention"
    return "wait" if primary == "wait" else "healthy"


def nothing_judged(states: Iterable[RuleState], findings: Sequence[Finding], gates: Sequence[GateResult] = ()) -> str:
    """Why nothing could be judged, where no rule got beyond "not evaluated" and no gate is known; else empty."""
    states = tuple(states)
    if findings or any(gate.status != "unknown" for gate in gates):
        return ""
    if any(state.state not in ("not_evaluated", "disabled") for state in states):
        return ""
    reasons = sorted({state.reason for state in states if state.state == "not_evaluated" and state.reason})
    return "no rule could be evaluated" + (f": {reasons[0]}" if len(reasons) == 1 else "")


def exit_code(report: Report, fail_on: str = "critical") -> int:
    """1 where an open finding is at or above `fail_on` (a severity, or "never"), else 3 for nothing judged, else 0."""
    if fail_on != "never":
        least = SEVERITIES.index(fail_on)
        if any(is_open(finding) and SEVERITIES.index(finding.severity) >= least for finding in report.findings):
            return FOUND
    return UNKNOWN if report.reason else HEALTHY


def exit_note(report: Report, fail_on: str = "critical") -> str:
    """Why a settled report that asks for something leaves the exit code at 0; else empty."""
    if report.verdict not in ("act", "attention") or exit_code(report, fail_on) != HEALTHY:
        return ""
    if fail_on == "never":
        return "0: --fail-on never"
    highest = max((SEVERITIES.index(f.severity) for f in report.findings if is_open(f)), default=None)
    more = f" (--fail-on {SEVERITIES[highest]} makes it 1)" if highest is not None else ""
    return f"0: nothing {fail_on} was found{more}"


def settle(report: Report, fail_on: str = "critical") -> tuple[Report, int]:
    """The report and its exit code, with the verdict "unknown" exactly when the code is 3."""
    code = exit_code(report, fail_on)
    verdict = "unknown" if code == UNKNOWN else verdict_of(report.plan, report.findings)
    return report._replace(verdict=verdict), code


def worst(codes: Iterable[int], *, strict: bool = False, absent: bool = False) -> int:
    """The exit code for several logs: 2 where that of any is 2, else 1 where that of any is 1.

    3 where that of all is 3, or where an argument stood for no log (`absent`); with `strict`, where that of any is 3,
    and then before 1.
    """
    found = set(codes)
    if WRONG in found:
        return WRONG
    if strict and UNKNOWN in found:
        return UNKNOWN
    if FOUND in found:
        return FOUND
    return UNKNOWN if UNKNOWN in found and (absent or HEALTHY not in found) else HEALTHY


def unjudged(log: str, reason: str, *, pack: str, version: str = "", title: str = "") -> Report:
    """The report on a log that could not be read: no findings, no plan, and the reason."""
    path = os.path.basename(log) if os.path.isabs(log) else log
    facts = LogFacts(path, "unknown", "row", 0, 0, 0, 0, None, None, False)
    return Report(pack, version, None, title, facts, "unknown", (), (), (), (), (), (), reason)
