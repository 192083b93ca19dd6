"""From findings to a plan: the guide's own answer, which findings count, and which of their actions."""

from __future__ import annotations

import pytest

from trainrules.engine.report import Finding, LogFacts, SetAside

from .planning import ENDED, GATE, LOG, PACK, actions, asides, finding, plan, texts

# The guide's own answer


def test_the_guides_own_answer_in_full() -> None:
    margin = finding("inverted", "halve_lr", "revert", "stop", rule="margin", title="Margin is negative after warm-up")
    flat = finding("stalled", "raise_lr", onset=90, severity="warning", rule="flat")
    result = plan(margin, flat)
    assert texts(result) == [
        "Stop the run: margin is negative after warm-up, since step 81.",
        "Go back to checkpoint-50 (step 50), the newest one from before the fault began at step 81.",
        "Halve the learning rate: 5e-07 → 2.5e-07.",
    ]
    assert actions(result) == ["stop", "revert", "halve_lr"]
    assert {step.severity for step in result.plan} == {"critical"}
    assert {step.because for step in result.plan} == {("margin",)}
    assert result.plan[1].target == {"checkpoint": "checkpoint-50", "step": 50}
    assert result.plan[1].command == "train --size <model_size> --lr 2.5e-07 --from checkpoint-50"
    assert result.plan[2].set == {"learning_rate": 2.5e-07}
    assert result.set_aside == (SetAside("raise_lr", ("flat",), "explained by margin"),)
    assert [(each.rule, each.state, each.explained_by) for each in result.findings] == [
        ("margin", "firing", None),
        ("flat", "explained", "margin"),
    ]
    assert result.verdict == "act"


# Which findings, which actions


@pytest.mark.parametrize(
    ("findings", "expected"),
    [
        ([finding("inverted", "check_data", severity="info")], ["continue"]),
        ([finding("inverted", "check_data", state="resolved")], ["continue"]),
        ([finding("inverted", "check_data", severity="warning")], ["check_data"]),
        ([finding("inverted", "check_data", "stop", "halve_lr")], ["stop", "halve_lr", "check_data"]),
        (
            [finding("overfitting", "stop_early"), finding("inverted", "check_data", onset=90)],
            ["check_data", "stop_early"],
        ),
        ([finding("gate", "stop", onset=5), finding("stalled", "check_data", onset=90)], ["check_data", "stop"]),
        ([finding("gate", "not_in_the_pack")], ["not_in_the_pack"]),
    ],
    ids=["info", "resolved", "warning", "rank", "cause before rank", "cause before onset", "unknown action"],
)
def test_actions_of_the_primary_cause_by_rank_then_those_of_the_others(
    findings: list[Finding], expected: list[str]
) -> None:
    assert actions(plan(*findings)) == expected


def test_the_rules_of_the_primary_cause_act_together_and_duplicates_are_joined() -> None:
    result = plan(
        finding("unstable", "halve_lr", rule="grad", onset=90, severity="warning"),
        finding("unstable", "stop", "halve_lr", rule="jumps", onset=95),
        finding("overfitting", "halve_lr", rule="over", onset=20, severity="warning"),
    )
    assert [(step.action, step.because, step.severity) for step in result.plan] == [
        ("stop", ("jumps",), "critical"),
        ("halve_lr", ("jumps", "grad", "over"), "critical"),
    ]
    assert texts(result)[1] == (
        "Halve the learning rate: 5e-07 → 2.5e-07, because jumps found, since step 95; grad found, since step 90;"
        " and 1 more finding."
    )


def test_an_action_that_conflicts_with_one_already_there_is_set_aside() -> None:
    result = plan(finding("unstable", "stop"), finding("stalled", "raise_lr", onset=20, severity="warning"))
    assert actions(result) == ["stop"]
    assert asides(result) == [("raise_lr", ("stalled",), "conflicts with stop")]


@pytest.mark.parametrize(
    ("others", "expected", "left"),
    [
        ([finding("diverging", "stop", "revert")], ["stop", "revert"], ["lower_thresholds", "check_config"]),
        ([finding("overfitting", "stop_early")], ["stop_early"], ["lower_thresholds", "check_config"]),
        ([finding("diverging", "restart")], ["restart"], ["lower_thresholds", "check_config"]),
        ([finding("diverging", "stop", "check_config")], ["stop", "check_config"], ["lower_thresholds"]),
        ([finding("diverging", "stop", severity="info")], ["lower_thresholds", "check_config"], []),
        ([finding("unstable", "halve_lr")], ["halve_lr", "lower_thresholds", "check_config"], []),
    ],
    ids=["stop", "stop early", "restart", "an action that another asks for as well", "information", "the run goes on"],
)
def test_what_a_gate_asks_for_is_for_a_run_that_goes_on(
    others: list[Finding], expected: list[str], left: list[str]
) -> None:
    result = plan(*others, GATE)
    assert actions(result) == expected
    reason = f"{expected[0]} ends the run, and next_phase asks for one that goes on"
    assert asides(result) == [(name, ("next_phase",), reason) for name in left]
    assert any("next_phase" in step.because for step in result.plan) is not bool(left)


def test_a_gate_that_asks_to_stop_keeps_what_else_it_asks_for() -> None:
    result = plan(finding("gate", "stop", "check_config", rule="next_phase", severity="warning"))
    assert actions(result) == ["stop", "check_config"]


def test_opposite_moves_of_one_setting_become_one_check_config() -> None:
    result = plan(
        finding("unstable", "halve_lr", "check_data", severity="warning"),
        finding("stalled", "raise_lr", onset=20, severity="warning"),
    )
    assert actions(result) == ["check_config", "check_data"]
    assert result.plan[0].because == ("unstable", "stalled")
    assert texts(result)[0] == (
        "Check the configuration: the findings ask for learning rate to go both up and down "
        "(unstable found, since step 81; stalled found, since step 20)."
    )
    reason = "halve_lr and raise_lr move learning_rate in opposite directions"
    assert asides(result) == [("raise_lr", ("stalled",), reason), ("halve_lr", ("unstable",), reason)]
    assert result.verdict == "attention"


def test_without_a_check_config_the_first_of_two_opposites_stays() -> None:
    some = PACK._replace(actions={name: each for name, each in PACK.actions.items() if name != "check_config"})
    result = plan(finding("unstable", "halve_lr"), finding("stalled", "raise_lr", onset=20), pack=some)
    assert actions(result) == ["halve_lr"]


@pytest.mark.parametrize(
    ("asked", "log", "expected", "left"),
    [
        (["wait"], LOG, ["wait"], []),
        (["wait", "continue"], LOG, ["wait"], ["continue"]),
        (["wait", "check_data", "continue"], LOG, ["check_data"], ["wait", "continue"]),
        (["wait"], ENDED, ["continue"], ["wait"]),
        (["wait", "check_data"], ENDED, ["check_data"], ["wait"]),
    ],
)
def test_wait_and_continue_stand_alone(asked: list[str], log: LogFacts, expected: list[str], left: list[str]) -> None:
    result = plan(finding("stalled", *asked, severity="warning"), log=log)
    assert actions(result) == expected
    assert [aside.action for aside in result.set_aside] == left
    assert result.verdict == "attention"


def test_an_improving_evaluation_sets_train_only_findings_aside() -> None:
    found = finding("overfitting", "stop_early", rule="margin", title="Margin is very large", train_only=True)
    assert actions(plan(found)) == ["stop_early"]
    result = plan(found, improving=True)
    assert actions(result) == ["continue"]
    assert texts(result) == [
        "Keep training: 2 rules found no fault up to step 200 of 300. Margin is very large, since step 81; but an"
        " evaluation metric is surely improving."
    ]
    assert asides(result) == [("stop_early", ("margin",), "an evaluation metric is surely improving")]
    assert result.verdict == "healthy"
