"""Which finding explains which."""

from __future__ import annotations

import pytest

from trainrules.engine.causes import EXPLAINS, explain, precedence
from trainrules.engine.pack import CAUSES
from trainrules.engine.report import Finding, Moment


def finding(
    cause: str,
    onset: float = 50,
    severity: str = "critical",
    *,
    rule: str = "",
    state: str = "firing",
    window: float = 0.0,
    train_only: bool = False,
) -> Finding:
    at = Moment(onset, int(onset))
    return Finding(
        rule or cause,
        "",
        cause,
        severity,
        state,
        at,
        at,
        None,
        at,
        1,
        (),
        (),
        "",
        "",
        "",
        (),
        train_only=train_only,
        longest_window=window,
    )


def explained(*findings: Finding, eval_improving: bool = False) -> dict[str, str]:
    """Rule → what explains it."""
    marked = explain(findings, eval_improving=eval_improving)
    assert [one.rule for one in marked] == [one.rule for one in findings]
    assert all((one.state == "explained") == (one.explained_by is not None) for one in marked)
    return {one.rule: one.explained_by for one in marked if one.explained_by}


@pytest.mark.parametrize(
    ("severity", "onset", "explained_by"),
    [
        ("warning", 50, {}),
        ("warning", 51, {"other": "first"}),
        ("critical", 49, {}),
        ("critical", 50, {"other": "first"}),
    ],
)
def test_of_one_cause_the_earlier_or_the_graver_explains(
    severity: str, onset: float, explained_by: dict[str, str]
) -> None:
    first = finding("non_finite", 50, severity, rule="first")
    other = finding("non_finite", onset, "warning", rule="other")
    assert explained(first, other) == explained_by


@pytest.mark.parametrize(
    ("cause", "explains"),
    [
        ("non_finite", {"inverted", "diverging", "unstable", "overfitting", "stalled", "gate", "logging", "info"}),
        ("inverted", {"diverging", "unstable", "stalled"}),
        ("diverging", {"unstable", "overfitting", "stalled"}),
        ("unstable", {"stalled"}),
        ("overfitting", set()),
        ("stalled", set()),
        ("gate", set()),
        ("logging", set()),
        ("info", set()),
    ],
)
def test_each_cause_explains_those_and_no_others(cause: str, explains: set[str]) -> None:
    others = [other for other in CAUSES if other != cause]
    assert {other for other in others if explained(finding(cause, 10), finding(other, 50)).get(other)} == explains
    assert set(EXPLAINS) <= set(CAUSES)


@pytest.mark.parametrize(
    ("onset", "window", "is_explained"),
    [
        (101, 0, True),
        (100, 0, True),
        (99, 0, False),
        (99, 1, True),
        (70, 30, True),
        (69, 30, False),
    ],
)
def test_an_explained_onset_is_not_older_than_the_causes_minus_its_own_longest_window(
    onset: float, window: float, is_explained: bool
) -> None:
    found = explained(finding("inverted", 100, window=1000), finding("stalled", onset, window=window))
    assert found == ({"stalled": "inverted"} if is_explained else {})


def test_non_finite_explains_a_later_one_of_its_own_kind_and_never_each_other() -> None:
    first, second = finding("non_finite", 101, rule="nan_grad"), finding("non_finite", 102, rule="nan_loss", window=30)
    assert explained(second, first) == {"nan_loss": "nan_grad"}
    assert explained(first, finding("non_finite", 101, rule="nan_loss")) == {}


@pytest.mark.parametrize(
    ("cause", "found", "is_explained"),
    [
        (finding("diverging", 10, "info"), finding("stalled"), False),
        (finding("diverging", 10), finding("stalled", 50, "info"), True),
        (finding("diverging", 10, state="resolved"), finding("stalled"), False),
        (finding("diverging", 10), finding("stalled", state="resolved"), False),
        (finding("diverging", 10, "warning"), finding("stalled", 50, "warning"), True),
        (finding("diverging", 10, "critical"), finding("stalled", 50, "warning"), True),
        (finding("diverging", 10, "warning"), finding("stalled", 50, "critical"), False),
    ],
    ids=["info explains nothing", "info may be explained", "past cause", "past finding", "equal", "milder", "graver"],
)
def test_only_open_serious_findings_explain_and_none_is_explained_by_a_milder_one(
    cause: Finding, found: Finding, is_explained: bool
) -> None:
    assert bool(explained(cause, found)) is is_explained


def test_an_explained_finding_still_explains() -> None:
    chain = (finding("overfitting", 30), finding("diverging", 20), finding("inverted", 10))
    assert explained(*chain) == {"diverging": "inverted", "overfitting": "diverging"}


def test_the_first_cause_that_explains_is_named() -> None:
    found = (finding("unstable", 10), finding("stalled", 50), finding("inverted", 20))
    assert explained(*found) == {"stalled": "inverted"}


@pytest.mark.parametrize(
    ("found", "is_set_aside"),
    [
        (finding("overfitting", train_only=True), True),
        (finding("diverging", train_only=True), True),
        (finding("overfitting", train_only=False), False),
        (finding("unstable", train_only=True), False),
        (finding("diverging", severity="info", train_only=True), False),
    ],
)
def test_an_improving_evaluation_speaks_against_what_rests_on_train_metrics_alone(
    found: Finding, is_set_aside: bool
) -> None:
    assert explained(found) == {}
    assert explained(found, eval_improving=True) == ({found.rule: "eval_improving"} if is_set_aside else {})


def test_what_an_improving_evaluation_speaks_against_explains_nothing() -> None:
    found = (finding("diverging", 10, train_only=True), finding("stalled", 50))
    assert explained(*found, eval_improving=True) == {"diverging": "eval_improving"}


def test_findings_stand_in_the_order_of_cause_severity_onset_and_id() -> None:
    ordered = [
        finding("non_finite", 90, "warning"),
        finding("diverging", 80),
        finding("diverging", 20, "warning", rule="b"),
        finding("diverging", 30, "warning", rule="a"),
        finding("diverging", 30, "warning", rule="c"),
        finding("stalled", 1),
    ]
    shuffled = ordered[::-1]
    assert sorted(shuffled, key=precedence) == ordered
