"""What to say when there is nothing to do: wait, for what and until when; or go on; or how the run finished."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from .best import Best
from .causes import IMPROVING, is_open, is_serious
from .pack import Rule
from .report import Finding, GateResult, LogFacts, RequirementResult, RuleState, Step
from .words import as_written, capital, clauses, counted, how_far, listed, lowered, moment, number, unit_of


def nothing_to_do(
    states: Sequence[RuleState],
    log: LogFacts,
    findings: Sequence[Finding],
    rules: Mapping[str, Rule],
    best: Best | None = None,
    gates: Sequence[GateResult] = (),
) -> Step:
    """`wait` while the run goes on and a gate is closed or a rule that matters cannot judge yet, else `continue`."""
    closed = [gate for gate in gates if gate.waits and not gate.advisory]
    unsettled = [state for state in states if state.state in ("pending", "waiting") and state.severity != "info"]
    if closed and not log.ended:
        because = tuple(dict.fromkeys(gate.gate for gate in closed))
        return Step("wait", "info", because, _gate_text(closed, log) + _remark(findings, log))
    if unsettled and not log.ended:
        unsettled.sort(key=lambda state: state.state != "pending")
        because = tuple(state.rule for state in unsettled)
        return Step("wait", "info", because, _wait_text(unsettled, states, findings, log, rules))
    standing = [_standing(gate, log) for gate in gates if not gate.advisory]
    told = " ".join(filter(None, (_continue_text(states, log), *standing)))
    choice = f" {best.text(log.clock)}" if best is not None and log.ended and best.among > 1 else ""
    return Step("continue", "info", (), told + choice + _remark(findings, log))


def _gate_text(closed: Sequence[GateResult], log: LogFacts) -> str:
    """For what to wait and until when, and why there is nothing else to do."""
    lines = [line for gate in closed for line in _blocking(gate)]
    known = [line.until for line in lines if line.until is not None]
    until = "when there are more rows"
    if known:
        at = max(known)
        is_last = log.total is not None and at > log.total
        until = f"after {unit_of(log.clock)} {as_written(at)}" + (", past the planned end" if is_last else "")
    told = ". ".join(capital(_waiting(gate)) if place else _waiting(gate) for place, gate in enumerate(closed))
    whys = [line.why for line in lines if not line.is_lacking] + [gate.why for gate in closed]
    why = " ".join(dict.fromkeys(filter(None, whys)))
    return f"Let the run go on and look again {until}: {told}." + (f" {why}" if why else "")


def _waiting(gate: GateResult) -> str:
    """What a gate waits for, what of it this log will never tell, and why a late one is not simply held up."""
    told = f"{_named(gate)} waits for {_missing(gate._replace(requirements=_tellable(gate)))}"
    lacking = [line for line in _blocking(gate) if line.is_lacking]
    if lacking:
        told += f"; this log can never tell {listed([f'{line.title} ({line.reason})' for line in lacking])}"
    return told + (f". It is late, but lowering a threshold is no answer yet: {gate.veto}" if gate.veto else "")


def _tellable(gate: GateResult) -> tuple[RequirementResult, ...]:
    """The requirements that waiting may settle."""
    return tuple(line for line in gate.requirements if not line.is_lacking)


def _named(gate: GateResult) -> str:
    return lowered(gate.title) + (f" ({gate.series})" if gate.series else "")


def _blocking(gate: GateResult) -> list[RequirementResult]:
    return [line for line in gate.requirements if not line.advisory and line.status != "met"]


def _missing(gate: GateResult) -> str:
    """What keeps a gate closed: "minimum steps (404 of 2000), stability (0.48, needs > 0.5)"."""
    return ", ".join(f"{line.title} ({_short(line)})" for line in _blocking(gate)) or gate.reason


def _short(line: RequirementResult) -> str:
    if line.value is None or line.status == "unknown":
        return line.reason or "unknown"
    if line.until is not None and line.target.startswith(">="):
        return f"{number(line.value)} of {line.target.removeprefix('>= ')}"
    return f"{number(line.value, 4)}, needs {line.target}"


def _standing(gate: GateResult, log: LogFacts) -> str:
    """How a gate stands that needs no waiting for, in a sentence."""
    match gate.status:
        case "passed" if gate.passed is not None:
            return f"{capital(_named(gate))} was passed at {moment(gate.passed, log.clock)}."
        case "open":
            return (
                f"{capital(_named(gate))} is open{f' {gate.reason}' if gate.reason else ': every requirement is met'}."
            )
        case "blocked":
            return f"{capital(_named(gate))} was not reached: {_missing(gate)}."
        case "out of scope" if gate.reason:
            return f"{capital(_named(gate))} does not apply: {gate.reason}."
        case "unknown":
            return f"{capital(_named(gate))} cannot be judged: {_missing(gate)}."
    return ""


def _wait_text(
    unsettled: Sequence[RuleState],
    states: Sequence[RuleState],
    findings: Sequence[Finding],
    log: LogFacts,
    rules: Mapping[str, Rule],
) -> str:
    """How it stands, until when to wait, and what for."""
    remark = _remark(findings, log)
    judged = sum(state.state == "ok" for state in states)
    is_starting = any(state.state == "pending" for state in unsettled)
    stands, found = ("No fault is certain yet", "none") if is_starting else ("Nothing wrong so far", "no fault")
    told = f": {counted(judged, 'rule')} found {found}" if judged else ""
    lead = "" if remark else f"{stands}{told}. "
    return f"{lead}Let the run go on and look again {_until(unsettled, log)}: {_what(unsettled, rules)}.{remark}"


def _until(unsettled: Sequence[RuleState], log: LogFacts) -> str:
    known = [state.until for state in unsettled if state.until is not None]
    if not known:
        return "when there are more rows"
    latest = max(known)
    if log.total is not None and latest >= log.total:
        return "at the end of the run"
    return f"after {unit_of(log.clock)} {as_written(latest)}"


def _what(unsettled: Sequence[RuleState], rules: Mapping[str, Rule], at_most: int = 2) -> str:
    """The rules that may be starting by their titles, those that cannot judge by their number and their reasons."""
    pending = [state for state in unsettled if state.state == "pending"]
    told = []
    for state in pending[:at_most]:
        title = rules[state.rule].title if state.rule in rules else state.rule
        told.append(f'"{lowered(title)}" may be starting' + (f" ({state.reason})" if state.reason else ""))
    if len(pending) > at_most:
        told.append(f"{counted(len(pending) - at_most, 'more rule')} may be about to fire")
    if waiting := [state for state in unsettled if state.state != "pending"]:
        reasons = [reason for reason in dict.fromkeys(state.reason for state in waiting) if reason]
        more = [counted(len(reasons) - at_most, "more reason")] if len(reasons) > at_most else []
        why = f" ({'; '.join([*reasons[:at_most], *more])})" if reasons else ""
        told.append(f"{counted(len(waiting), 'rule')} cannot judge yet{why}")
    return ", ".join(told[:-1]) + (" and " if len(told) > 1 else "") + told[-1]


def _continue_text(states: Sequence[RuleState], log: LogFacts) -> str:
    judged = sum(state.state == "ok" for state in states)
    judges = f"{counted(judged, 'rule')} found no fault" if judged else "no rule found a fault"
    if not log.ended:
        return f"Keep training: {judges} up to {how_far(log)}."
    if log.total is not None and log.last_step is not None and log.last_step < log.total:
        return f"The run ended at {how_far(log)}, before its planned end; {judges}."
    if log.ended_because:
        return f"The run ended at {how_far(log)} ({log.ended_because}); {judges}."
    return f"The run finished at {how_far(log)}; {judges}."


def _remark(findings: Sequence[Finding], log: LogFacts) -> str:
    """A sentence on findings that ask for nothing, or that an improving evaluation speaks against."""
    if open_ones := [finding for finding in findings if is_open(finding) and is_serious(finding)]:
        lead = "Look into this before you use what it gave" if log.ended else "Keep an eye on this"
        return f" {lead}: {clauses(open_ones, log.clock)}."
    if countered := [finding for finding in findings if finding.explained_by == IMPROVING]:
        return f" {capital(clauses(countered, log.clock))}; but an evaluation metric is surely improving."
    return ""
