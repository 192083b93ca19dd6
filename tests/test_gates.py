# ruff: noqa: E501 - tables of whole messages
"""How a gate stands in small runs: each requirement's status, whether it is open, and what the plan says."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from trainrules.engine.errors import OverrideError
from trainrules.engine.render.table import render

from .gatedruns import Judge, Row, judged_in, lines, rows


@pytest.fixture(params=[pytest.param(None, id="short"), pytest.param(1, id="long")])
def judge(tmp_path: Path, request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> Judge:
    """Judges a run, once as any and once as if it were too long to look at each of its rows."""
    return judged_in(tmp_path, request.param, monkeypatch)


def test_a_blocked_gate_is_a_checklist(judge: Judge) -> None:
    report = judge(rows(4, score=0.48, slope=-0.3))
    (gate,) = report.gates
    assert (gate.gate, gate.title, gate.status, gate.passed) == ("next", "Next phase", "blocked", None)
    assert lines(gate) == {
        "steps": (">= 10", 4.0, "not met", ""),
        "score": ("> 0.5", 0.48, "near", ""),
        "slope": ("between -0.1 and 0.05", -0.3, "not met", ""),
    }
    assert [line.until for line in gate.requirements] == [10.0, None, None]
    assert [(step.action, step.because) for step in report.plan] == [("wait", ("next",))]
    assert report.plan[0].text == (
        "Let the run go on and look again after step 10: next phase waits for steps (4 of 10), score (0.48, needs > 0.5),"
        " slope (-0.3, needs between -0.1 and 0.05). It is measured Patience."
    )
    assert report.verdict == "wait"


@pytest.mark.parametrize(
    ("name", "value", "status"),
    [
        ("here", 10, "met"),
        ("here", 9, "not met"),
        ("score", 0.5, "near"),  # above is strict
        ("score", 0.500001, "met"),
        ("score", 0.45, "near"),
        ("score", 0.449, "not met"),
        ("slope", -0.1, "met"),  # between includes its ends
        ("slope", 0.05, "met"),
        ("slope", 0.0501, "near"),
        ("slope", 0.15, "near"),
        ("slope", 0.151, "not met"),
        ("slope", -0.2, "near"),
    ],
)
def test_status_of_a_value(judge: Judge, name: str, value: float, status: str) -> None:
    (gate,) = judge(rows(5, **{name: value})).gates
    assert lines(gate)[{"here": "steps"}.get(name, name)][2] == status


@pytest.mark.parametrize(
    ("key", "values", "reason"),
    [
        ("score", lambda step: None, "no score in the log"),
        ("score", lambda step: 0.6 if step <= 7 else None, ""),  # three rows old is not too old
        ("score", lambda step: 0.6 if step <= 6 else None, "last logged at step 6, 4 rows ago"),
        ("score", lambda step: 0.6 if step < 9 else float("nan"), "score is not finite since step 9"),
        ("score", lambda step: 0.6 if step != 9 else float("nan"), ""),  # it is a number again
        ("score", lambda step: float("nan"), "score is not finite since step 1"),
        ("score", lambda step: float("inf") if step == 10 else 0.6, "score is not finite since step 10"),
    ],
)
def test_why_a_value_is_unknown(judge: Judge, key: str, values: Callable[[int], float | None], reason: str) -> None:
    (gate,) = judge(rows(10, **{key: values})).gates
    assert lines(gate)["score"][3] == reason
    assert gate.status == ("unknown" if reason else "open")


def test_a_window_waits_for_its_points(judge: Judge) -> None:
    (gate,) = judge(rows(10), ("value: score", 'value: "mean(score, recent)"')).gates
    assert (gate.status, lines(gate)["score"][3], gate.waits) == ("unknown", "no row tells it yet", True)


def test_an_unset_target_is_unknown_and_waiting_is_no_use(judge: Judge) -> None:
    report = judge(rows(10), ("above: score_min", "above: unset"))
    (gate,) = report.gates
    assert (gate.status, lines(gate)["score"]) == ("unknown", ("> ?", None, "unknown", "its target is not set"))
    assert not gate.waits
    assert report.plan[0].action == "continue"
    assert report.plan[0].text.endswith("Next phase cannot be judged: score (its target is not set).")


@pytest.mark.parametrize(
    ("unit", "last", "reason"),
    [
        ("3 steps", 7, ""),
        ("3 steps", 6, "last logged at step 6, 4 steps ago"),
        ("1 epochs", 5, ""),
        ("0.4 epochs", 5, "last logged at step 5, 0.5 epochs ago"),
    ],
)
def test_age_on_the_clock(judge: Judge, unit: str, last: int, reason: str) -> None:
    run = rows(10, score=lambda step: 0.6 if step <= last else None, epoch=lambda step: step / 10)
    (gate,) = judge(run, ("max_age: 3 points", f"max_age: {unit}")).gates
    assert lines(gate)["score"][3] == reason


@pytest.mark.parametrize(
    ("run", "status", "passed", "text"),
    [
        (rows(10), "open", None, "Next phase is open: every requirement is met."),
        (rows(10, phase="last"), "out of scope", None, ""),
        (
            rows(12, phase=lambda step: "first" if step < 8 else "last"),
            "passed",
            8,
            "Next phase was passed at step 8.",
        ),
        (
            rows(30, phase=lambda step: "first" if step < 8 else "second", here=lambda step: step if step < 8 else step - 8),
            "open",
            8,
            "Next phase is open: every requirement is met.",
        ),
        (
            rows(12, phase=lambda step: "first" if step < 8 else "second", here=lambda step: step if step < 8 else step - 8),
            "blocked",
            8,
            "Let the run go on and look again after step 18: next phase waits for steps (4 of 10). Patience.",
        ),
        (rows(10, phase=None), "open", None, "Next phase is open: every requirement is met."),  # no phase is logged
    ],
    ids=["open", "out of scope", "passed", "open again", "blocked again", "no phase"],
)  # fmt: skip
def test_how_a_gate_stands(judge: Judge, run: list[Row], status: str, passed: int | None, text: str) -> None:
    report = judge(run)
    (gate,) = report.gates
    assert gate.status == status
    assert (gate.passed.step if gate.passed else None, gate.passes) == (passed, int(passed is not None))
    assert report.plan[0].text.endswith(text)


def test_a_resume_forgets_a_passage_that_it_takes_back(judge: Judge) -> None:
    run = rows(9, phase=lambda step: "first" if step < 6 else "second") + rows(5)[3:]
    (gate,) = judge(run).gates
    assert (gate.status, gate.passed) == ("blocked", None)


def test_a_run_that_ended_waits_for_nothing(judge: Judge) -> None:
    report = judge([row | {"max_steps": 5} for row in rows(5)])
    assert report.plan[0].action == "continue"
    assert report.plan[0].text.endswith("Next phase was not reached: steps (5 of 10).")


def test_the_wait_tells_when_it_goes_past_the_planned_end(judge: Judge) -> None:
    report = judge([row | {"max_steps": 8} for row in rows(5)])
    assert "after step 10, past the planned end" in report.plan[0].text


def test_a_finding_comes_before_the_gate(judge: Judge) -> None:
    report = judge(rows(5, loss=20.0, score=0.1))
    assert [step.action for step in report.plan] == ["stop"]
    assert report.gates[0].status == "blocked"


def test_an_advisory_requirement_blocks_nothing(judge: Judge) -> None:
    report = judge(rows(12, slope=9.0), settings=["slope_advisory=true"])
    (gate,) = report.gates
    assert gate.status == "open"
    assert [(line.name, line.status, line.advisory) for line in gate.requirements][2] == ("slope", "not met", True)
    assert "slope" not in report.plan[0].text


def test_an_advisory_gate_decides_nothing_and_comes_last(judge: Judge) -> None:
    other = (
        "gates:\n  first_seen:\n    advisory: not slope_advisory\n    require: {steps: {value: here, at_least: 99}}\n"
    )
    report = judge(rows(12), ("gates:\n", other))
    assert [(gate.gate, gate.advisory, gate.status) for gate in report.gates] == [
        ("next", False, "open"),
        ("first_seen", True, "blocked"),
    ]
    assert report.plan[0].action == "continue"
    assert "First seen: blocked by steps (12, needs >= 99)" in render(report)


def test_a_gate_can_be_switched_off(judge: Judge) -> None:
    report = judge(rows(4), settings=["next.enabled=false"])
    assert report.gates == ()
    assert [(each.param, each.value) for each in report.overrides] == [("next.enabled", False)]
    with pytest.raises(OverrideError, match="'next' is a gate and has no severity"):
        judge(rows(4), settings=["next.severity=info"])


def test_a_gate_holds_for_each_series(judge: Judge) -> None:
    run = [row | {"rank": str(rank), "own": 0.9 if rank else 0.1} for row in rows(8) for rank in (0, 1)]
    report = judge(run, ("slope: {value: slope, between: [-flat, flat / 2]", "slope: {value: own, between: [0.5, 1]"))
    assert [(gate.series, lines(gate)["slope"][1], gate.status) for gate in report.gates] == [
        ("rank=0", 0.1, "blocked"),
        ("rank=1", 0.9, "blocked"),
    ]
    assert lines(report.gates[1])["slope"][2] == "met"


def test_actions_that_do_not_stand_alone_become_a_finding(judge: Judge) -> None:
    report = judge(rows(4), ("on_blocked: [wait]", "on_blocked: [look]"))
    (finding,) = report.findings
    assert (finding.rule, finding.cause, finding.severity, finding.title) == (
        "next",
        "gate",
        "warning",
        "Next phase is blocked",
    )
    assert [(step.action, step.because) for step in report.plan] == [("look", ("next",))]
