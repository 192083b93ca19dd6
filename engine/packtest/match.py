"""A report against what a case expects of it: what is said is compared, and what fires unsaid is told."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping, Sequence
from typing import TypeAlias

from ..items import Plain
from ..report import Evidence, Finding, Moment, Report, RuleState
from ..words import as_written, moment, number
from .model import Case, Difference, Expected

Facts: TypeAlias = Mapping[str, object]

_NOTHING = object()


def compare(report: Report, case: Case) -> tuple[Difference, ...]:
    """What the report says otherwise than the case expects, in the order of the file; then what fires unlisted."""
    facts = facts_of(report)
    wrong: set[str] = set()  # rules whose state differs: what else is said of them follows from that
    found: list[Difference] = []
    for expected in sorted(case.expects, key=lambda each: each.path[-1] not in ("state", "status")):
        if expected.path[:2] == ("rules", *expected.path[1:2]) and expected.path[1] in wrong:
            continue
        different = list(_differences(expected, facts, report))
        if different and expected.path[0] == "rules" and expected.path[-1] == "state":
            wrong.add(expected.path[1])
        found += different
    order = {".".join(expected.path): place for place, expected in enumerate(case.expects)}
    found.sort(key=lambda each: next((order[path] for path in _prefixes(each.path) if path in order), len(order)))
    return (*_told_once(found), *_unlisted(report, case))


def _told_once(differences: Sequence[Difference]) -> Iterator[Difference]:
    """The differences, what is known of a rule told with the first of them only."""
    told: set[tuple[str, ...]] = set()
    for each in differences:
        yield each._replace(why=()) if each.why in told else each
        told.add(each.why)


def _prefixes(path: str) -> Iterator[str]:
    parts = path.split(".")
    return (".".join(parts[:length]) for length in range(len(parts), 0, -1))


def facts_of(report: Report) -> dict[str, object]:
    """All of a report that a case can expect something of, as nested mappings."""
    from ..render.json import to_json

    told = to_json(report)
    rules: dict[str, object] = {
        state.rule: {"state": state.state, "severity": state.severity, "reason": state.reason} for state in report.rules
    }
    rules |= {finding.rule: _finding(finding) for finding in report.findings}
    stages: dict[str, dict[str, object]] = {}
    for stage in report.stages:
        stages.setdefault(stage.stage, {})[stage.metric] = {"within": stage.within, "median": stage.median}
    return {
        "verdict": report.verdict,
        "reason": report.reason,
        "plan": told["plan"],
        "set_aside": [aside.action for aside in report.set_aside],
        "rules": rules,
        "gates": _by_name(told.get("gates"), "gate"),
        "invariants": _by_name(told.get("invariants"), "invariant"),
        "stages": stages,
        "log": told["log"],
    }


def _finding(finding: Finding) -> dict[str, object]:
    return {
        "state": finding.state,
        "severity": finding.severity,
        "onset": _place(finding.onset),
        "fired": _place(finding.fired),
        "end": None if finding.end is None else _place(finding.end),
        "episodes": finding.episodes,
        "series": list(finding.series),
        "message": finding.message,
        "explained_by": finding.explained_by or "",
        "reason": "",
    }


def _place(at: Moment) -> float:
    return float(at.row) if at.step is None else at.step


def _by_name(entries: object, key: str) -> dict[str, object]:
    """The entries of a list of the JSON report by their names, those over series with the series behind the name."""
    named: dict[str, object] = {}
    for entry in entries if isinstance(entries, list) else ():
        told = {"reason": "", "passed": None, "advisory": False, "first": None, **entry}
        for moment_ in ("passed", "first"):
            at = told[moment_]
            if isinstance(at, Mapping):
                told[moment_] = at["row"] if at["step"] is None else at["step"]
        told["requirements"] = {
            each["name"]: {"reason": "", "advisory": False, **each} for each in entry.get("requirements", ())
        }
        told["suggestions"] = {each["param"]: each["value"] for each in entry.get("suggestions", ())}
        series = entry.get("series")
        named[f"{entry[key]} {series}" if series and isinstance(series, str) else str(entry[key])] = told
    return named


def _differences(expected: Expected, facts: Facts, report: Report) -> Iterator[Difference]:
    if expected.path == ("plan",):
        yield from _plan(expected, facts["plan"], report)
        return
    got: object = facts
    for part in expected.path:
        got = got.get(part, _NOTHING) if isinstance(got, Mapping) else _NOTHING
    if not same(expected.value, got):
        path = ".".join(expected.path)
        shown = _nothing(expected.path) if got is _NOTHING else shown_value(got)
        yield Difference(path, shown_value(expected.value), shown, tuple(_why(expected.path, report)))


def _nothing(path: tuple[str, ...]) -> str:
    if path[0] == "stages":
        return "not judged: the stage is not over, or its metric was not logged"
    return "no finding" if path[0] == "rules" else "not in the report"


def same(expected: object, got: object) -> bool:
    """Whether a value of the report is the expected one; numbers may differ from the ninth digit on."""
    if isinstance(expected, bool) or isinstance(got, bool):
        return expected is got
    if isinstance(expected, (int, float)) and isinstance(got, (int, float)):
        return math.isclose(expected, got, rel_tol=1e-6, abs_tol=1e-12)
    if isinstance(expected, list) and isinstance(got, list):
        return len(expected) == len(got) and all(map(same, expected, got))
    if isinstance(expected, dict) and isinstance(got, Mapping):
        return set(expected) == set(got) and all(same(expected[key], got[key]) for key in expected)
    return expected == got


def _plan(expected: Expected, got: object, report: Report) -> Iterator[Difference]:
    steps: list[dict[str, object]] = got if isinstance(got, list) else []
    wanted: list[dict[str, Plain]] = [
        each if isinstance(each, dict) else {"action": each}
        for each in (expected.value if isinstance(expected.value, list) else [])
    ]
    names, actions = [str(each["action"]) for each in wanted], [str(step["action"]) for step in steps]
    if names != actions:
        why = [f"{step.action} because of {', '.join(step.because)}" for step in report.plan if step.because]
        why += [f"{aside.action} was set aside: {aside.reason}" for aside in report.set_aside if aside.action in names]
        yield Difference("plan", ", ".join(names) or "no action", ", ".join(actions) or "no action", tuple(why))
        return
    for place, (want, step) in enumerate(zip(wanted, steps, strict=True), 1):
        for key, value in want.items():
            told: object = step.get(key)
            if key == "target" and isinstance(told, Mapping):
                told = told["checkpoint"]
            if not same(value, told):
                said = (str(step["text"]),) if key != "text" else ()
                path = f"plan.{place} ({want['action']}).{key}"
                yield Difference(path, shown_value(value), shown_value(told), said)


def _unlisted(report: Report, case: Case) -> Iterator[Difference]:
    """The rules that fire and of which the case says nothing."""
    for finding in report.findings:
        if finding.state == "firing" and finding.rule not in case.listed:
            since = f"since {moment(finding.onset, report.log.clock)}"
            why = tuple(_proof(finding))
            yield Difference(f"rules.{finding.rule}", "not listed", f"firing, {finding.severity}, {since}", why)


def _why(path: tuple[str, ...], report: Report) -> Iterator[str]:
    """What the report knows of the rule that a path leads to."""
    if path[0] not in ("rules", "invariants", "gates"):
        return
    for finding in report.findings:
        if finding.rule == path[1]:
            yield from _proof(finding)
    for state in report.rules:
        if state.rule == path[1]:
            yield from _state(state, report)
    for invariant in report.invariants:
        if invariant.invariant == path[1] and invariant.reason:
            yield invariant.reason


def _proof(finding: Finding) -> Iterator[str]:
    yield from (evidence_words(evidence) for evidence in finding.evidence)
    if finding.message:
        yield f'"{finding.message}"'
    if finding.explained_by:
        yield f"explained by {finding.explained_by}"


def _state(state: RuleState, report: Report) -> Iterator[str]:
    if state.reason:
        yield state.reason
    if state.closest is not None:
        told = f"nearest {evidence_words(state.closest, of_finding=False)}"
        at = state.closest.worst_at
        yield told if at is None else f"{told}, at {moment(at, report.log.clock)}"


def evidence_words(evidence: Evidence, *, of_finding: bool = True) -> str:
    """One comparison with its numbers: "mean(loss, ten): 0.5 at onset, 0.9 at worst, 0.8 last, limit 0.6"."""
    values = [("at onset", evidence.at_onset)] if of_finding else []
    values += [("at worst", evidence.worst), ("last", evidence.last)]
    told = [f"{number(value, 4)} {when}" for when, value in values if value is not None]
    told += [f"limit {number(evidence.threshold, 4)}"] if evidence.threshold is not None else []
    return f"{evidence.expression}: {', '.join(told)}" if told else evidence.expression


def shown_value(value: object) -> str:
    """A value as a diff shows it."""
    if value is None:
        return "nothing"
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, (int, float)):
        return as_written(float(value))
    if isinstance(value, list):
        return ", ".join(map(shown_value, value)) or "nothing"
    if isinstance(value, Mapping):
        return ", ".join(f"{key}: {shown_value(each)}" for key, each in value.items()) or "nothing"
    return str(value) or "nothing"
