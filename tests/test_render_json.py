"""The report as data."""

from __future__ import annotations

import json
from pathlib import Path

import jsonschema
import pytest

from trainrules.engine.errors import Position
from trainrules.engine.render.json import dumps, rounded, to_json
from trainrules.engine.report import (
    Evidence,
    Finding,
    LogFacts,
    Moment,
    Report,
    RuleState,
    SetAside,
    StageResult,
    Step,
    Suppression,
)
from trainrules.engine.resolved import Override
from trainrules.engine.settings import Said, Source
from trainrules.engine.verdict import unjudged

NAN, INF = float("nan"), float("inf")
SCHEMA = json.loads((Path(__file__).parents[1] / "schemas/report.schema.json").read_text(encoding="utf-8"))

FINDING = Finding(
    "margin_negative",
    "Margin is negative",
    "inverted",
    "critical",
    "firing",
    Moment(81.0, 81),
    Moment(95.0, 95),
    None,
    Moment(200.0, 200),
    1,
    (),
    (Evidence("margin", 0.0, -0.7612345678912, -INF, None),),
    "margin -0.4",
    "why",
    "1",
    ("stop",),
)
REPORT = Report(
    "kto",
    "1.0.0",
    None,
    "KTO",
    LogFacts("run.jsonl", "jsonl", "step", 200, 0, 0, 36, 1.0, 200.0, True),
    "act",
    (
        Step("stop", "critical", ("margin_negative",), "Stop."),
        Step(
            "revert",
            "critical",
            ("margin_negative",),
            "Go back.",
            {"checkpoint": "checkpoint-50", "step": 50.0},
            None,
            "train",
        ),
        Step("halve_lr", "critical", ("margin_negative",), "5e-07 → 2.5e-07", None, {"learning_rate": 1 / 3e6}),
    ),
    (SetAside("raise_lr", ("loss_flat",), "explained by margin_negative"),),
    (
        FINDING,
        FINDING._replace(rule="loss_flat", cause="stalled", state="explained", explained_by="margin_negative"),
        FINDING._replace(rule="spike", state="resolved", end=Moment(None, 99), series=("a",), episodes=2),
    ),
    (StageResult("start", "Start", "loss", (0.6, None), 0.5, False, "table"),),
    (
        RuleState("a", "ok"),
        RuleState("b", "pending", "since step 199"),
        RuleState("c", "waiting", "after step 220"),
        RuleState("d", "not_evaluated"),
        RuleState("e", "disabled"),
    ),
    (
        Override("margin_floor", -0.05, 0.0, "--set"),
        Override("name", "x", None, "file.yaml:3"),
        Override("on", True, False, "v"),
        Override(
            "low.enabled",
            False,
            True,
            "o.yaml",
            Position("o.yaml", 3, 5),
            "default * 2",
            (Said("pyproject.toml", "true", Position("pyproject.toml", 2, 1)), Said("variant v", "false")),
            "known",
            "step 9",
        ),
    ),
    sources=(Source("../pyproject.toml", "project", "is for another"), Source("o.yaml", "file")),
    suppressions=(
        Suppression("low", "o.yaml", Position("o.yaml", 3, 5), "known", "step 9", "hides", FINDING),
        Suppression("high", "--set", None, "", "", "unused", warning="remove it"),
    ),
)

EXPECTED = {
    "schema": "trainrules/report/1",
    "pack": {"id": "kto", "version": "1.0.0", "variant": None, "chosen": "given"},
    "log": {
        "path": "run.jsonl",
        "format": "jsonl",
        "clock": "step",
        "rows": 200,
        "malformed": 0,
        "repeated": 0,
        "superseded": 36,
        "first_step": 1,
        "last_step": 200,
        "ended": True,
    },
    "verdict": "act",
    "plan": [
        {"action": "stop", "severity": "critical", "because": ["margin_negative"], "text": "Stop."},
        {
            "action": "revert",
            "severity": "critical",
            "because": ["margin_negative"],
            "text": "Go back.",
            "target": {"checkpoint": "checkpoint-50", "step": 50},
            "command": "train",
        },
        {
            "action": "halve_lr",
            "severity": "critical",
            "because": ["margin_negative"],
            "text": "5e-07 → 2.5e-07",
            "set": {"learning_rate": 3.33333333e-07},
        },
    ],
    "set_aside": [{"action": "raise_lr", "because": ["loss_flat"], "reason": "explained by margin_negative"}],
    "findings": [
        {
            "rule": "margin_negative",
            "cause": "inverted",
            "series": [],
            "severity": "critical",
            "state": "firing",
            "onset": {"step": 81, "row": 81},
            "fired": {"step": 95, "row": 95},
            "last": {"step": 200, "row": 200},
            "episodes": 1,
            "evidence": [
                {"expression": "margin", "threshold": 0.0, "at_onset": -0.761234568, "worst": None, "last": None}
            ],
            "message": "margin -0.4",
            "source": "1",
        },
        {
            "rule": "loss_flat",
            "cause": "stalled",
            "series": [],
            "severity": "critical",
            "state": "explained",
            "explained_by": "margin_negative",
            "onset": {"step": 81, "row": 81},
            "fired": {"step": 95, "row": 95},
            "last": {"step": 200, "row": 200},
            "episodes": 1,
            "evidence": [
                {"expression": "margin", "threshold": 0.0, "at_onset": -0.761234568, "worst": None, "last": None}
            ],
            "message": "margin -0.4",
            "source": "1",
        },
        {
            "rule": "spike",
            "cause": "inverted",
            "series": ["a"],
            "severity": "critical",
            "state": "resolved",
            "onset": {"step": 81, "row": 81},
            "fired": {"step": 95, "row": 95},
            "end": {"step": None, "row": 99},
            "last": {"step": 200, "row": 200},
            "episodes": 2,
            "evidence": [
                {"expression": "margin", "threshold": 0.0, "at_onset": -0.761234568, "worst": None, "last": None}
            ],
            "message": "margin -0.4",
            "source": "1",
        },
    ],
    "gates": [],
    "invariants": [],
    "stages": [
        {"stage": "start", "metric": "loss", "expected": [0.6, None], "median": 0.5, "within": False, "source": "table"}
    ],
    "rules": {
        "ok": ["a"],
        "pending": ["b"],
        "waiting": ["c"],
        "not_evaluated": ["d"],
        "disabled": ["e"],
        "explained": ["loss_flat"],
    },
    "reasons": {"b": "since step 199", "c": "after step 220"},
    "overrides": [
        {"param": "margin_floor", "value": -0.05, "default": 0.0, "from": "--set"},
        {"param": "name", "value": "x", "default": None, "from": "file.yaml:3"},
        {"param": "on", "value": True, "default": False, "from": "v"},
        {
            "param": "low.enabled",
            "value": False,
            "default": True,
            "from": "o.yaml",
            "at": "o.yaml:3:5",
            "given": "default * 2",
            "over": [
                {"from": "pyproject.toml", "value": "true", "at": "pyproject.toml:2:1"},
                {"from": "variant v", "value": "false"},
            ],
            "reason": "known",
            "until": "step 9",
        },
    ],
    "override_files": [
        {"path": "../pyproject.toml", "found": "project", "unused": "is for another"},
        {"path": "o.yaml", "found": "file"},
    ],
    "suppressions": [
        {
            "rule": "low",
            "status": "hides",
            "from": "o.yaml",
            "at": "o.yaml:3:5",
            "reason": "known",
            "until": "step 9",
            "hides": {
                "severity": "critical",
                "state": "firing",
                "onset": {"step": 81, "row": 81},
                "message": "margin -0.4",
            },
        },
        {"rule": "high", "status": "unused", "from": "--set", "warning": "remove it"},
    ],
}


def test_the_shape_and_the_order_of_the_keys() -> None:
    assert json.dumps(to_json(REPORT)) == json.dumps(EXPECTED)


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        (None, None),
        (NAN, None),
        (INF, None),
        (-INF, None),
        (0.1 + 0.2, 0.3),
        (-0.0, 0.0),
        (123456789.123, 123456789.0),
        (1.23456789012e-7, 1.23456789e-7),
    ],
)
def test_numbers_have_nine_significant_digits(value: float | None, expected: float | None) -> None:
    assert repr(rounded(value)) == repr(expected)


def test_steps_are_whole_and_in_full() -> None:
    log = to_json(REPORT._replace(log=REPORT.log._replace(first_step=0.5, last_step=12_345_678_901.0)))["log"]
    assert isinstance(log, dict)
    assert (repr(log["first_step"]), repr(log["last_step"])) == ("0.5", "12345678901")


def test_one_report_is_an_object_several_an_array_and_lines_are_lines() -> None:
    assert json.loads(dumps(REPORT)) == EXPECTED
    assert json.loads(dumps([REPORT, REPORT])) == [EXPECTED, EXPECTED]
    assert dumps([]) == "[]\n"
    lines = dumps([REPORT, REPORT], lines=True).splitlines()
    assert [json.loads(line) for line in lines] == [EXPECTED, EXPECTED]
    assert dumps(REPORT, lines=True).count("\n") == 1


def test_text_of_a_log_is_escaped() -> None:
    text = dumps(REPORT._replace(plan=(REPORT.plan[0]._replace(text="\x1b\u202e\ud800"),)))
    assert text.isascii()
    assert "\\u001b\\u202e\\ud800" in text


EMPTY = unjudged("run.jsonl", "the log is empty", pack="kto")


def test_a_log_that_could_not_be_judged_says_why() -> None:
    data = to_json(EMPTY)
    assert (data["verdict"], data["reason"], data["plan"]) == ("unknown", "the log is empty", [])


@pytest.mark.parametrize("report", [REPORT, EMPTY], ids=["act", "unknown"])
def test_reports_follow_their_schema(report: Report) -> None:
    jsonschema.Draft7Validator(SCHEMA).validate(to_json(report))


def test_the_schema_is_closed_and_described_throughout() -> None:
    jsonschema.Draft7Validator.check_schema(SCHEMA)

    def walk(node: object, path: str) -> None:
        if not isinstance(node, dict):
            return
        if "properties" in node:
            assert node["additionalProperties"] is False, path
            for name, child in node["properties"].items():
                described = "description" in child or "$ref" in child
                assert described, f"{path}/{name}"
        for name, child in node.items():
            for each in child if isinstance(child, list) else [child]:
                walk(each, f"{path}/{name}")

    walk(SCHEMA, "")
