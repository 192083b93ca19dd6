"""The report as JSON: the shape is `schemas/report.schema.json`, the order of the keys is part of it."""

from __future__ import annotations

import json
import math
from collections.abc import Iterable, Mapping
from typing import TypeAlias

from ..pack import Scalar
from ..report import (
    Evidence,
    Finding,
    GateResult,
    InvariantResult,
    LogFacts,
    Moment,
    Report,
    RequirementResult,
    StageResult,
    Step,
    Suppression,
)
from ..resolved import Override

Json: TypeAlias = dict[str, object]

SCHEMA = "trainrules/report/1"
DIGITS = 9


def to_json(report: Report) -> Json:
    """The report as plain data: numbers with 9 significant digits, null for what is unknown or not finite."""
    return {
        "schema": SCHEMA,
        "pack": _pack(report),
        "log": _log(report.log),
        "verdict": report.verdict,
        **({"reason": report.reason} if report.reason and report.verdict == "unknown" else {}),
        "plan": plan_json(report),
        "set_aside": [
            {"action": aside.action, "because": list(aside.because), "reason": aside.reason}
            for aside in report.set_aside
        ],
        "findings": [finding_json(finding) for finding in report.findings],
        "gates": [_gate(gate) for gate in report.gates],
        "invariants": [_invariant(result) for result in report.invariants],
        "stages": [_stage(stage) for stage in report.stages],
        "rules": _rules(report),
        "reasons": {state.rule: state.reason for state in report.rules if state.reason},
        "overrides": overrides_json(report.overrides),
        "override_files": [
            {"path": source.name, "found": source.kind, **({"unused": source.note} if source.note else {})}
            for source in report.sources
        ],
        "suppressions": [_suppression(each) for each in report.suppressions],
    }


def plan_json(report: Report) -> list[Json]:
    """What is recommended, the primary action first."""
    return [_step(step) for step in report.plan]


def overrides_json(overrides: Iterable[Override]) -> list[Json]:
    """Settings that are not the default, each with where it comes from."""
    return [
        {
            "param": override.param,
            "value": _scalar(override.value),
            "default": _scalar(override.default),
            "from": override.origin,
            **provenance(override),
        }
        for override in overrides
    ]


def provenance(override: Override) -> Json:
    """What there is to say of a setting beyond its source: place, expression, what it won over, why and until when."""
    data: Json = {"at": str(override.at)} if override.at else {}
    if override.given:
        data["given"] = override.given
    if override.over:
        data["over"] = [
            {"from": said.origin, "value": said.text, **({"at": str(said.at)} if said.at else {})}
            for said in override.over
        ]
    data |= {"reason": override.reason} if override.reason else {}
    return data | ({"until": override.until} if override.until else {})


def _suppression(each: Suppression) -> Json:
    data: Json = {"rule": each.rule, "status": each.status, "from": each.origin}
    data |= {"at": str(each.at)} if each.at else {}
    data |= {"reason": each.reason} if each.reason else {}
    data |= {"until": each.until} if each.until else {}
    if each.hides is not None:
        hidden = each.hides
        told = {"severity": hidden.severity, "state": hidden.state, "onset": _moment(hidden.onset)}
        data["hides"] = {**told, "message": hidden.message}
    return data | ({"warning": each.warning} if each.warning else {})


def _pack(report: Report) -> Json:
    data: Json = {"id": report.pack, "version": report.version, "variant": report.variant, "chosen": report.chosen}
    if report.detected:
        data["detected"] = list(report.detected)
    if report.candidates:
        data["candidates"] = [
            {"pack": fit.pack, "found": list(fit.found), "missing": list(fit.missing)} for fit in report.candidates
        ]
    return data


def dumps(report: Report | Iterable[Report], *, lines: bool = False) -> str:
    """The text of one report (an object) or of several (an array); with `lines`, one object a line.

    Ends with a line break. Only ASCII: control and bidirectional characters of a log are escaped.
    """
    if lines:
        reports = [report] if isinstance(report, Report) else report
        return "".join(json.dumps(to_json(each), allow_nan=False) + "\n" for each in reports)
    data = to_json(report) if isinstance(report, Report) else [to_json(each) for each in report]
    return json.dumps(data, indent=2, allow_nan=False) + "\n"


def rounded(value: float | None) -> float | None:
    """A number with 9 significant digits; None for what is unknown or not finite."""
    if value is None or not math.isfinite(value):
        return None
    return float(f"{value:.{DIGITS}g}") + 0.0


def _whole(value: float | None) -> float | int | None:
    """A position on the clock: 81 rather than 81.0, and in full however long the run is."""
    if value is not None and math.isfinite(value) and value == int(value):
        return int(value)
    return rounded(value)


def _scalar(value: Scalar) -> Scalar:
    return rounded(value) if isinstance(value, float) else value


def _log(log: LogFacts) -> Json:
    data: Json = {
        "path": log.path,
        "format": log.format,
        "clock": log.clock,
        "rows": log.rows,
        "malformed": log.malformed,
        **({"doubled": log.doubled} if log.doubled else {}),
        "repeated": log.repeated,
        "superseded": log.superseded,
        "first_step": _whole(log.first_step),
        "last_step": _whole(log.last_step),
        "ended": log.ended,
    }
    if log.ended_because:
        data["ended_because"] = log.ended_because
    if log.ended_by:
        data["ended_by"] = log.ended_by
    if log.numberless:
        data["numberless"] = log.numberless
        data["numberless_from"] = log.numberless_from
        data["numberless_because"] = log.numberless_because
    if log.known:
        data["known"] = [
            {
                "name": each.name,
                "value": _whole(each.value) if isinstance(each.value, float) else each.value,
                "from": each.source,
            }
            for each in log.known
        ]
    return data


def _step(step: Step) -> Json:
    data: Json = {
        "action": step.action,
        "severity": step.severity,
        "because": list(step.because),
        "text": step.text,
    }
    if step.target is not None:
        data["target"] = _target(step.target)
    if step.set is not None:
        data["set"] = {setting: rounded(value) for setting, value in step.set.items()}
    if step.command is not None:
        data["command"] = step.command
    return data


def _target(target: Mapping[str, Scalar]) -> Json:
    return {
        name: _whole(value) if isinstance(value, float) and not isinstance(value, bool) else value
        for name, value in target.items()
    }


def finding_json(finding: Finding) -> Json:
    """One finding."""
    data: Json = {
        "rule": finding.rule,
        "cause": finding.cause,
        "series": list(finding.series),
        "severity": finding.severity,
        "state": finding.state,
    }
    if finding.explained_by is not None:
        data["explained_by"] = finding.explained_by
    data |= {"onset": _moment(finding.onset), "fired": _moment(finding.fired)}
    if finding.end is not None:
        data["end"] = _moment(finding.end)
    return data | {
        "last": _moment(finding.last),
        "episodes": finding.episodes,
        "evidence": [_evidence(evidence) for evidence in finding.evidence],
        "message": finding.message,
        "source": finding.source,
    }


def _moment(moment: Moment) -> Json:
    return {"step": _whole(moment.step), "row": moment.row}


def _evidence(evidence: Evidence) -> Json:
    return {
        "expression": evidence.expression,
        "threshold": rounded(evidence.threshold),
        "at_onset": rounded(evidence.at_onset),
        "worst": rounded(evidence.worst),
        "last": rounded(evidence.last),
    }


def _invariant(result: InvariantResult) -> Json:
    return {
        "invariant": result.invariant,
        "holds": result.holds,
        "status": result.status,
        "reason": result.reason,
        "series": list(result.series),
        "broken": list(result.broken),
        "rows": result.rows,
        "failed": result.failed,
        **({"first": _moment(result.first)} if result.first is not None else {}),
        "largest_gap": rounded(result.largest_gap),
        "source": result.source,
    }


def _gate(gate: GateResult) -> Json:
    data: Json = {"gate": gate.gate, "status": gate.status}
    if gate.series:
        data["series"] = gate.series
    if gate.advisory:
        data["advisory"] = True
    if gate.reason:
        data["reason"] = gate.reason
    if gate.passed is not None:
        data["passed"] = {**_moment(gate.passed), "times": gate.passes}
    data["requirements"] = [_requirement(line) for line in gate.requirements]
    if gate.suggestions:
        data["suggestions"] = [
            {
                "param": each.param,
                "value": rounded(each.value),
                "now": rounded(each.now),
                "requirement": each.requirement,
                "reached": rounded(each.reached),
                **({"setting": each.setting} if each.setting else {}),
            }
            for each in gate.suggestions
        ]
    if gate.veto:
        data["not_held_up"] = gate.veto
    if gate.delay:
        data["delay"] = gate.delay
    return data | {"source": gate.source}


def _requirement(line: RequirementResult) -> Json:
    data: Json = {"name": line.name, "target": line.target, "value": rounded(line.value), "status": line.status}
    if line.reason:
        data["reason"] = line.reason
    if line.advisory:
        data["advisory"] = True
    if line.at is not None:
        data["at"] = _moment(line.at)
    if line.until is not None:
        data["until"] = _whole(line.until)
    if line.setting:
        data["setting"] = line.setting
    return data


def _stage(stage: StageResult) -> Json:
    return {
        "stage": stage.stage,
        "metric": stage.metric,
        "expected": [rounded(bound) for bound in stage.expected],
        "median": rounded(stage.median),
        "within": stage.within,
        "source": stage.source,
    }


def _rules(report: Report) -> Json:
    states: dict[str, list[str]] = {
        state: [] for state in ("ok", "pending", "waiting", "not_evaluated", "disabled", "explained")
    }
    for rule in report.rules:
        if rule.state in states:
            states[rule.state].append(rule.rule)
    states["explained"] += [finding.rule for finding in report.findings if finding.state == "explained"]
    return dict(states)
