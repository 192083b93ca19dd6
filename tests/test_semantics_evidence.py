"""What a report shows of a rule and of a run: evidence, messages, and the medians of stages."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from .columnlogs import finding, judge_as, report_of, state


@pytest.fixture(params=["short", "long"])
def way(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> str:
    """Makes a test run as if its log were short, and once more as if it were long."""
    judge_as(request.param, monkeypatch)
    return str(request.param)


# Evidence and messages


@pytest.mark.usefixtures("way")
def test_evidence_is_both_sides_at_onset_worst_and_last(tmp_path: Path) -> None:
    report = report_of(tmp_path, "loss 1 6 9 7\nkl 1 1 2 3", "when: loss > 5 + kl - kl and kl < 4")
    shown = [
        (e.expression, e.threshold, e.at_onset, e.worst, e.last, e.worst_at and e.worst_at.step)
        for e in finding(report).evidence
    ]
    assert shown == [("loss", 5.0, 6.0, 9.0, 7.0, 3.0), ("kl", 4.0, 1.0, 1.0, 3.0, 2.0)]


@pytest.mark.parametrize(
    ("rule", "expression", "threshold", "worst"),
    [
        ("when: 5 < loss", "loss", 5.0, 9.0),
        ("when: not loss <= 5", "loss", 5.0, 9.0),
        ("when: loss > floor + 5", "loss", 5.0, 9.0),
        ("when: loss - kl > 4", "loss - kl", 4.0, 7.0),
        ("when: mean(loss, some) > 2", "mean(loss, some)", 2.0, 22 / 3),
        ("when: latest(loss > 5)", "loss", 5.0, 9.0),
        ("when: loss > 5 or kl > 5", "loss", 5.0, 9.0),
        ("when: kl > 1", "kl", 1.0, 3.0),
        # what was never logged is no evidence, whatever stands in its place
        ("when: default(loss, 8) > 5", "loss", 5.0, 9.0),
        ("when: 5 < default(default(loss, 8), 7)", "loss", 5.0, 9.0),
        ("when: loss > 5 and default(eval_loss, 8) > 5", "loss", 5.0, 9.0),
    ],
)
def test_evidence_names_what_was_compared(
    tmp_path: Path, rule: str, expression: str, threshold: float, worst: float
) -> None:
    (found,) = finding(report_of(tmp_path, "loss 1 6 9 7\nkl 1 1 2 3", rule)).evidence
    assert (found.expression, found.threshold, found.worst) == (expression, threshold, pytest.approx(worst, rel=1e-12))


@pytest.mark.usefixtures("way")
@pytest.mark.parametrize(
    ("rule", "expression", "threshold", "nearest"),
    [
        ("when: loss > 10", "loss", 10.0, 9.0),
        ("when: loss < 0", "loss", 0.0, 1.0),
        ("when: not loss > 0.5", "loss", 0.5, 1.0),
        ("when: loss > 10\nafter: 3", "loss", 10.0, 7.0),
    ],
)
def test_a_rule_that_is_ok_shows_its_closest_approach(
    tmp_path: Path, rule: str, expression: str, threshold: float, nearest: float
) -> None:
    near = state(report_of(tmp_path, "loss 1 6 9 7", rule)).closest
    assert near is not None
    assert (near.expression, near.threshold, near.worst) == (expression, threshold, nearest)


@pytest.mark.parametrize(
    ("columns", "message", "filled"),
    [
        (
            "loss 1 6 9",
            "{loss:.1f} since step {onset:g}, fired {fired:g}, now {step:g}",
            "9.0 since step 2, fired 2, now 3",
        ),
        ("loss 1 6 .\nkl 1 1 1", "{loss:g} at {step:g}", "6 at 2"),
        ("loss 1 6 9", "{value:g} > {threshold:g}, {floor:g}, {double:g}", "9 > 5, 0, 18"),
        ("loss 1 6 9", "{kl:g} {unset} {{x}}", "? ? {x}"),
        ("loss 1 6 9\nphase a b c", "{phase} {epoch}", "c ?"),
        ("loss 1 6 1", "{loss:g} at {step:g}", "1 at 3"),
    ],
)
def test_messages(tmp_path: Path, columns: str, message: str, filled: str) -> None:
    rule = f"when: loss > 5\nmessage: {json.dumps(message)}"
    assert finding(report_of(tmp_path, columns, rule)).message == filled


# Stages

STAGES = """
stages:
  early: {to: 2 steps, share: 0.5, expect: {loss: [1, 2], kl: [null, 0]}}
  late: {to: 4 steps, expect: {loss: [5, null]}}
  rest: {expect: {loss: [0, 100]}}
"""


@pytest.mark.parametrize(
    ("columns", "expected"),
    [
        ("loss 1 2", []),
        ("loss 1 2 9", [("early", "loss", 1.5, True)]),
        ("loss 1 3 9\nkl 1 . .", [("early", "loss", 2.0, True), ("early", "kl", 1.0, False)]),
        ("loss 1 5 9", [("early", "loss", 3.0, False)]),
        ("loss . 5 9\nkl 1 . .", [("early", "loss", 5.0, False), ("early", "kl", 1.0, False)]),
        ("loss 1 2 3 4 5", [("early", "loss", 1.5, True), ("late", "loss", 3.5, False)]),
        # a share of the total where that is known; the last stage is over when the run is
        ("loss 1 2 3 4\ntotal 8 8 8 8", []),
        ("loss 1 2 3 4 5\ntotal 8 8 8 8 8", [("early", "loss", 2.5, False)]),
        (
            "loss 1 2 3 4 5 6\ntotal 6 6 6 6 6 6",
            [("early", "loss", 2.0, True), ("late", "loss", 4.0, False), ("rest", "loss", 5.5, True)],
        ),
    ],
)
def test_stages_are_judged_on_medians_once_they_are_over(
    tmp_path: Path, columns: str, expected: list[tuple[str, str, float, bool]]
) -> None:
    found = report_of(tmp_path, columns, "when: loss > 50", more=STAGES).stages
    assert [(each.stage, each.metric, each.median, each.within) for each in found] == expected
