"""From a plan to a verdict and an exit code."""

from __future__ import annotations

import pytest

from trainrules.engine.plan import PlanResult
from trainrules.engine.report import Finding, Report, RuleState
from trainrules.engine.verdict import exit_code, settle, unjudged, worst

from .planning import LOG, OK, finding, plan, state

# Verdict


@pytest.mark.parametrize(
    ("findings", "verdict"),
    [
        ([], "healthy"),
        ([finding("stalled", "stop", severity="warning")], "act"),
        ([finding("stalled", "halve_lr", severity="warning")], "act"),
        ([finding("stalled", "check_data")], "attention"),
        ([finding("stalled", "check_config", severity="warning")], "attention"),
        ([finding("stalled", "wait", severity="warning")], "attention"),
        ([finding("stalled", "continue", severity="warning")], "attention"),
        ([finding("stalled", "stop", severity="info")], "healthy"),
        ([finding("stalled", "stop", state="resolved")], "healthy"),
    ],
)
def test_verdict(findings: list[Finding], verdict: str) -> None:
    assert plan(*findings).verdict == verdict


@pytest.mark.parametrize(
    ("states", "why", "reason"),
    [
        (OK, "no required key was ever logged", "no required key was ever logged"),
        ((), "", "no rule could be evaluated"),
        ((state("a", "disabled"),), "", "no rule could be evaluated"),
        ((state("a", "not_evaluated", "no loss"),), "", "no rule could be evaluated: no loss"),
        ((state("a", "not_evaluated", "x"), state("b", "not_evaluated", "y")), "", "no rule could be evaluated"),
    ],
)
def test_nothing_could_be_judged(states: tuple[RuleState, ...], why: str, reason: str) -> None:
    result = plan(states=states, unjudged=why)
    assert (result.verdict, result.reason, result.plan) == ("unknown", reason, ())


def test_a_waiting_rule_is_enough_to_judge() -> None:
    assert plan(states=(state("a", "waiting"), state("b", "not_evaluated"))).verdict == "wait"


# Exit codes


def report(result: PlanResult) -> Report:
    return Report(
        "kto",
        "1",
        None,
        "",
        LOG,
        result.verdict,
        result.plan,
        result.set_aside,
        result.findings,
        (),
        (),
        (),
        result.reason,
    )


FAIL_ON = ("info", "warning", "critical", "never")


@pytest.mark.parametrize(
    ("result", "codes"),
    [
        (plan(), "0000"),
        (plan(states=(state("a", "waiting"),)), "0000"),
        (plan(finding("stalled", severity="info")), "1000"),
        (plan(finding("stalled", severity="warning")), "1100"),
        (plan(finding("stalled")), "1110"),
        (plan(finding("stalled", state="resolved")), "0000"),
        (plan(finding("inverted", onset=10), finding("stalled", severity="critical")), "1110"),
        (plan(finding("inverted", onset=10, severity="warning"), finding("stalled", severity="warning")), "1100"),
        (plan(finding("overfitting", train_only=True), improving=True), "0000"),
        (plan(unjudged="nothing"), "3333"),
        (plan(finding("stalled", severity="warning"), unjudged="nothing"), "1133"),
        (plan(finding("stalled"), unjudged="nothing"), "1113"),
        (plan(states=()), "3333"),
    ],
    ids=[
        "healthy",
        "waiting",
        "info",
        "warning",
        "critical",
        "resolved",
        "two",
        "explained",
        "improving",
        "unjudged",
        "unjudged with a warning",
        "unjudged with a critical one",
        "no rules",
    ],
)
def test_exit_codes(result: PlanResult, codes: str) -> None:
    whole = report(result)
    assert "".join(str(exit_code(whole, fail_on)) for fail_on in FAIL_ON) == codes
    for fail_on in FAIL_ON:
        settled, code = settle(whole, fail_on)
        assert (settled.verdict == "unknown") is (code == 3)


@pytest.mark.parametrize(
    ("codes", "expected", "strict", "absent"),
    [
        ([], 0, 0, 0),
        ([0, 0], 0, 0, 0),
        ([0, 3], 0, 3, 3),
        ([3, 1, 0], 1, 3, 1),
        ([1, 2, 3], 2, 2, 2),
        ([3, 3], 3, 3, 3),
    ],
)
def test_the_exit_code_of_several_logs(codes: list[int], expected: int, strict: int, absent: int) -> None:
    assert (worst(codes), worst(codes, strict=True), worst(codes, absent=True)) == (expected, strict, absent)


@pytest.mark.parametrize(("log", "path"), [("a/run.jsonl", "a/run.jsonl"), ("/a/b/run.jsonl", "run.jsonl")])
def test_the_report_on_a_log_that_cannot_be_read(log: str, path: str) -> None:
    empty = unjudged(log, "the log is empty", pack="kto", version="1.0.0")
    assert (empty.verdict, empty.reason, empty.plan, empty.log.path) == ("unknown", "the log is empty", (), path)
    assert exit_code(empty) == 3
