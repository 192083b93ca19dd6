"""Two ways to judge a log as JSON: the shape is `schemas/diff.schema.json`."""

from __future__ import annotations

from collections.abc import Sequence

from ..difference import Difference, FindingChange
from ..report import Finding, Report
from ..resolved import Override
from .json import Json, finding_json, overrides_json, plan_json

SCHEMA = "trainrules/diff/1"


def difference_json(both: Difference) -> Json:
    """The difference as plain data; `a` is the first way, `b` the one after --against."""
    a, b = both.a, both.b
    return {
        "schema": SCHEMA,
        "pack": {"id": a.pack, "version": a.version, "chosen": a.chosen},
        "log": a.log.path,
        "same": both.is_same,
        "a": _side(a, both.settings[0]),
        "b": _side(b, both.settings[1]),
        "shared": overrides_json(both.shared),
        "findings": [_finding(change) for change in both.findings],
        "changes": [
            {"kind": change.kind, "name": change.name, "a": change.a, "b": change.b} for change in both.changes
        ],
        "plan": {"same": not both.plan_differs, "a": plan_json(a), "b": plan_json(b)},
    }


def _side(report: Report, own: Sequence[Override]) -> Json:
    data: Json = {"variant": report.variant, "settings": overrides_json(own), "verdict": report.verdict}
    return data | ({"reason": report.reason} if report.reason else {})


def _finding(change: FindingChange) -> Json:
    return {
        "rule": change.rule,
        "title": change.title,
        "found": "both" if change.a and change.b else "a" if change.a else "b",
        "differs": list(change.differs),
        "a": _found(change.a, change.a_state),
        "b": _found(change.b, change.b_state),
    }


def _found(finding: Finding | None, state: str) -> Json:
    return {"state": state} if finding is None else {"state": state, "finding": finding_json(finding)}
