# ruff: noqa: E501 - tables of whole messages
"""The checkpoint that a plan goes back to, or on from."""

from __future__ import annotations

import math
from collections.abc import Mapping

import pytest

from trainrules.engine.best import Best
from trainrules.engine.checkpoints import Checkpoint
from trainrules.engine.pack import Scalar
from trainrules.engine.report import Finding, LogFacts, Moment

from .planning import LOG, SEEN, actions, finding, plan, texts


@pytest.mark.parametrize(
    ("onset", "interval", "seen", "expected"),
    [
        (81, 1, SEEN, "checkpoint-50"),
        (101, 1, SEEN, "checkpoint-100"),
        (100, 1, SEEN, "checkpoint-50"),
        (110, 10, SEEN, "checkpoint-100"),
        (105, 10, SEEN, "checkpoint-50"),
        (105, 0, SEEN, "checkpoint-100"),
        (55, 10, SEEN, "checkpoint-50"),
        (1000, 1, SEEN, "checkpoint-100"),
        (50, 1, SEEN, None),
        (81, 1, None, None),
    ],
    ids=[
        "older",
        "one row before",
        "at the onset",
        "one interval before",
        "inside the first abnormal row's interval",
        "no interval known",
        "inside that interval, and the only one",
        "newest",
        "none older",
        "none seen",
    ],
)
def test_revert_names_the_newest_checkpoint_from_before_the_fault(
    onset: float, interval: float, seen: tuple[Checkpoint, ...] | None, expected: str | None
) -> None:
    result = plan(finding("inverted", "revert", onset=onset), checkpoints=seen, interval=interval)
    assert (result.plan[0].target or {}).get("checkpoint") == expected


def test_the_only_checkpoint_may_hold_the_fault_and_the_plan_says_so() -> None:
    result = plan(finding("inverted", "revert", onset=55), checkpoints=SEEN, interval=10)
    assert result.plan[0].text == (
        "Go back to checkpoint-50 (step 50), the newest one from before the fault began at step 55."
        " It was saved after the last sound row: if the fault comes back, restart from the beginning."
    )


def test_a_newer_checkpoint_that_is_passed_over_is_told() -> None:
    result = plan(finding("inverted", "revert", onset=105), checkpoints=SEEN, interval=10)
    assert result.plan[0].text == (
        "Go back to checkpoint-50 (step 50), from before the fault began at step 105: checkpoint-100 (step 100) was saved"
        " after the last sound row."
    )
    assert result.plan[0].target == {"checkpoint": "checkpoint-50", "step": 50}


def test_a_checkpoint_of_the_very_last_good_row_comes_with_a_second_choice() -> None:
    result = plan(finding("non_finite", "revert", onset=101), interval=1)
    assert texts(result)[0] == (
        "Go back to checkpoint-100 (step 100), the newest one from before the fault began at step 101."
        " If the fault comes back, take checkpoint-50 (step 50)."
    )


def test_checkpoints_seen_but_none_older_means_restart() -> None:
    result = plan(finding("diverging", "stop", "revert", "halve_lr", onset=6))
    assert actions(result) == ["stop", "restart", "halve_lr"]
    assert texts(result)[1] == (
        "Start again from the beginning: no checkpoint is from before step 6, where the fault began;"
        " the oldest is checkpoint-50 (step 50)."
    )
    assert result.plan[1].target is None


def test_no_checkpoint_seen_leaves_it_unnamed() -> None:
    result = plan(finding("diverging", "revert", onset=6), checkpoints=None)
    assert actions(result) == ["revert"]
    assert texts(result) == [
        "Go back to the newest checkpoint saved before step 6, where the fault began; none was seen beside the log."
    ]
    assert result.plan[0].target is None
    assert result.plan[0].command == "train --size <model_size> --lr 5e-07 --from <checkpoint>"


KEPT = Checkpoint("checkpoint_best.pth", math.inf, "out/checkpoint_best.pth", is_best=True)


@pytest.mark.parametrize(
    ("onset", "interval", "seen", "best_at", "expected", "text"),
    [
        (30, 1, (KEPT,), 20, "checkpoint_best.pth", "Go back to checkpoint_best.pth, which the trainer kept as its best: f1 was best at step 20 (0.5), before the fault began at step 30."),
        (30, 1, (*SEEN, KEPT), 20, "checkpoint_best.pth", "Go back to checkpoint_best.pth, which the trainer kept as its best: f1 was best at step 20 (0.5), before the fault began at step 30."),
        (81, 1, (*SEEN, KEPT), 60, "checkpoint-50", "Go back to checkpoint-50 (step 50), the newest one from before the fault began at step 81."),
        (30, 1, (KEPT,), 30, None, "Go back to the newest checkpoint saved before step 30, where the fault began; none was seen but checkpoint_best.pth, which may hold the fault."),
        (30, 11, (KEPT,), 20, None, "Go back to the newest checkpoint saved before step 30, where the fault began; none was seen but checkpoint_best.pth, which may hold the fault."),
        (30, 1, (KEPT,), None, None, "Go back to the newest checkpoint saved before step 30, where the fault began; none was seen but checkpoint_best.pth, which may hold the fault."),
    ],
    ids=["alone", "the others are younger", "one by number is sure", "at the onset", "within a row of it", "no metric of evaluation"],
)  # fmt: skip
def test_the_best_that_a_trainer_keeps_under_one_name_is_gone_back_to_where_it_is_older(
    onset: float, interval: float, seen: tuple[Checkpoint, ...], best_at: float | None, expected: str | None, text: str
) -> None:
    best = Best("f1", 0.5, best_at, 9, kept=KEPT) if best_at is not None else None
    result = plan(finding("inverted", "revert", onset=onset), checkpoints=seen, interval=interval, best=best)
    step = result.plan[0]
    assert ((step.target or {}).get("checkpoint"), step.text) == (expected, text)
    if expected == KEPT.name:
        assert step.target == {"checkpoint": KEPT.name, "step": best_at}
        assert step.command == "train --size <model_size> --lr 5e-07 --from out/checkpoint_best.pth"


@pytest.mark.parametrize(
    ("clock", "first", "onset", "expected"),
    [
        ("step", Moment(1, 1), 1, "restart"),
        ("step", Moment(0, 1), 0, "restart"),
        ("epoch", Moment(0, 1), 0, "restart"),
        ("row", Moment(None, 2), None, "restart"),
        ("step", Moment(1, 1), 2, "revert"),  # the first row is fine
        ("step", Moment(10, 1), 10, "revert"),  # something may have been saved at step 5
        ("step", None, 1, "revert"),  # the first rows are missing
    ],
)
def test_a_fault_from_the_first_row_of_a_run_on_leaves_nothing_to_go_back_to(
    clock: str, first: Moment | None, onset: float | None, expected: str
) -> None:
    found = finding("non_finite", "stop", "revert", onset=onset)
    if onset is None:
        found = found._replace(onset=Moment(None, 2))
    result = plan(found, checkpoints=None, log=LOG._replace(clock=clock), first=first)
    assert actions(result) == ["stop", expected]
    began = {"step": f"step {onset:g}" if onset is not None else "", "epoch": "epoch 0", "row": "row 2"}[clock]
    if expected == "restart":
        assert texts(result)[1] == (
            f"Start again from the beginning: the fault is there from the first row on ({began}),"
            " so nothing was saved before it."
        )


def test_a_first_row_far_into_the_run_says_that_there_may_be_nothing_to_go_back_to() -> None:
    result = plan(finding("non_finite", "revert", onset=500), checkpoints=None, first=Moment(500, 1))
    assert texts(result) == [
        "Go back to the newest checkpoint saved before step 500, where the fault began; none was seen beside the log,"
        " and that is its first row: if nothing was saved by then, restart from the beginning."
    ]


@pytest.mark.parametrize(
    ("log", "onset", "words"),
    [(LOG._replace(clock="row"), 6, "before row 81,"), (LOG, None, "before row 81,"), (LOG, 6.0, "before step 6,")],
)
def test_rows_are_not_held_against_the_steps_of_checkpoints(log: LogFacts, onset: float | None, words: str) -> None:
    result = plan(finding("diverging", "revert", onset=onset), log=log, checkpoints=SEEN if onset is None else None)
    assert actions(result) == ["revert"]
    assert words in texts(result)[0]


def test_the_bound_is_the_earliest_onset_among_the_open_critical_findings_of_the_plan() -> None:
    result = plan(
        finding("inverted", "revert", onset=120, rule="late"),
        finding("overfitting", "stop", onset=70, rule="early"),
        finding("gate", "check_data", onset=10, severity="warning", rule="warns"),
        finding("stalled", "stop", onset=20, state="resolved", rule="passed"),
        finding("unstable", "stop", onset=130, rule="explained"),
    )
    assert result.plan[0].target == {"checkpoint": "checkpoint-50", "step": 50}
    assert "before the fault began at step 70" in texts(result)[0]


def test_an_explained_critical_finding_that_began_earlier_bounds_the_checkpoint_too() -> None:
    early = finding("diverging", "stop", onset=97, rule="early", title="Loss is above its start")
    result = plan(
        finding("inverted", "revert", onset=101, rule="late"),
        early._replace(longest_window=50),
        checkpoints=(Checkpoint("checkpoint-50", 50), Checkpoint("checkpoint-100", 100)),
    )
    assert [each.explained_by for each in result.findings] == [None, "late"]
    assert result.plan[0].target == {"checkpoint": "checkpoint-50", "step": 50}
    assert texts(result) == [
        "Go back to checkpoint-50 (step 50), the newest one from before the fault began at step 97 (loss is above its"
        " start)."
    ]


@pytest.mark.parametrize(
    ("other", "improving"),
    [
        (finding("stalled", "stop", onset=97, severity="warning")._replace(longest_window=50), False),
        (finding("diverging", "stop", onset=97, train_only=True)._replace(longest_window=50), True),
        (finding("diverging", "stop", onset=97, state="resolved")._replace(longest_window=50), False),
    ],
    ids=["a warning", "an improving evaluation", "over"],
)
def test_an_explained_finding_that_is_no_fault_bounds_nothing(other: Finding, improving: bool) -> None:
    result = plan(
        finding("inverted", "revert", onset=101),
        other,
        checkpoints=(Checkpoint("checkpoint-50", 50), Checkpoint("checkpoint-100", 100)),
        improving=improving,
    )
    assert result.plan[0].target == {"checkpoint": "checkpoint-100", "step": 100}


def test_without_a_critical_finding_the_bound_is_the_earliest_open_warning() -> None:
    assert plan(finding("unstable", "revert", severity="warning")).plan[0].target == {
        "checkpoint": "checkpoint-50",
        "step": 50,
    }


@pytest.mark.parametrize(
    ("checkpoints", "text", "target"),
    [
        (SEEN, ", checkpoint-100 (step 100)", {"checkpoint": "checkpoint-100", "step": 100}),
        (None, " (none was seen beside the log)", None),
    ],
)
def test_a_run_that_was_sound_goes_on_from_its_last_checkpoint(
    checkpoints: tuple[Checkpoint, ...] | None, text: str, target: Mapping[str, Scalar] | None
) -> None:
    (step,) = plan(finding("logging", "resume"), checkpoints=checkpoints, scalars={"model_size": "small"}).plan
    named = "checkpoint-100" if checkpoints else "<checkpoint>"
    assert (step.text, step.target) == (f"Go on from the last{text}: logging found, since step 81.", target)
    assert step.command == f"train --size small --lr 5e-07 --from {named}"


def test_a_run_that_diverged_before_does_not() -> None:
    result = plan(finding("logging", "resume", onset=200), finding("diverging", "revert", onset=81))
    assert [(step.action, step.target) for step in result.plan] == [
        ("revert", {"checkpoint": "checkpoint-50", "step": 50})
    ]
    assert [(left.action, left.reason) for left in result.set_aside] == [("resume", "conflicts with revert")]
