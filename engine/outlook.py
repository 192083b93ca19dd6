"""What to say when there is nothing to do: wait, for what and until when; or go on; or how the run finished."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from .best import Best
from .causes import IMPROVING, is_open, is_serious
from .pack import Rule
from .report import Finding, LogFacts, RuleState, Step
from .words import capital, clauses, counted, how_far, lowered, number, unit_of


def nothing_to_do(
    states: Sequence[RuleState],
    log: LogFacts,
    findings: Sequence[Finding],
    rules: Mapping[str, Rule],
    best: Best | None = None,
) -> Step:
    """`wait` while the run goes on and a rule that matters cannot judge yet, else `continue`."""
    unsettled = [state for state in states if state.state in ("pending", "waiting") and state.severity != "info"]
    if unsettled and not log.ended:
        unsettled.sort(key=lambda state: state.state != "pending")
        because = tuple(state.rule for state in unsettled)
        return Step("wait", "info", because, _wait_text(unsettled, log, rules) + _remark(findings, log))
    choice = f" {best.text(log.clock)}" if best is not None and log.ended and best.among > 1 else ""
    return Step("continue", "info", (), _continue_text(states, log) + choice + _remark(findings, log))


def _wait_text(unsettled: Sequence[RuleState], log: LogFacts, rules: Mapping[str, Rule]) -> str:
    return f"Let the run go on and look again {_until(unsettled, log)}: {_what(unsettled, rules)}."


def _until(unsettled: Sequence[RuleState], log: LogFacts) -> str:
    known = [state.until for state in unsettled if state.until is not None]
    if not known:
        return "when there are more rows"
    latest = max(known)
    if log.total is not None and latest >= log.total:
        return "at the end of the run"
    return f"after {unit_of(log.clock)} {number(latest, 9)}"


def _what(unsettled: Sequence[RuleState], rules: Mapping[str, Rule], at_most: int = 2) -> str:
    told = []
    for state in unsettled[:at_most]:
        title = rules[state.rule].title if state.rule in rules else state.rule
        verb = "may be starting" if state.state == "pending" else "cannot be judged yet"
        told.append(f'"{lowered(title)}" {verb}' + (f" ({state.reason})" if state.reason else ""))
    rest = len(unsettled) - len(told)
    if rest:
        told.append(f"{counted(rest, 'more rule')} cannot be judged yet")
    return ", ".join(told[:-1]) + (" and " if len(told) > 1 else "") + told[-1]


def _continue_text(states: Sequence[RuleState], log: LogFacts) -> str:
    judged = sum(state.state == "ok" for state in states)
    judges = f"{counted(judged, 'rule')} found no fault" if judged else "no rule found a fault"
    if not log.ended:
        return f"Keep training: {judges} up to {how_far(log)}."
    if log.total is not None and log.last_step is not None and log.last_step < log.total:
        return f"The run ended at {how_far(log)}, before its planned end; {judges}."
    return f"The run finished at {how_far(log)}; {judges}."


def _remark(findings: Sequence[Finding], log: LogFacts) -> str:
    """A sentence on findings that ask for nothing, or that an improving evaluation speaks against."""
    if open_ones := [finding for finding in findings if is_open(finding) and is_serious(finding)]:
        return f" Keep an eye on this: {clauses(open_ones, log.clock)}."
    if countered := [finding for finding in findings if finding.explained_by == IMPROVING]:
        return f" {capital(clauses(countered, log.clock))}; but an evaluation metric is surely improving."
    return ""
