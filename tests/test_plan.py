# ruff: noqa: E501 - tables of whole messages
"""From findings to a plan, a verdict and an exit code."""

from __future__ import annotations

import math
from collections.abc import Mapping

import pytest

from trainrules.engine.best import Best
from trainrules.engine.checkpoints import Checkpoint
from trainrules.engine.command import advice, command_line
from trainrules.engine.errors import Position
from trainrules.engine.pack import Action, Command, Pack, Rule, Scalar
from trainrules.engine.parser import parse
from trainrules.engine.plan import PlanInput, PlanResult, make_plan
from trainrules.engine.report import Finding, LogFacts, Moment, Report, RuleState, SetAside
from trainrules.engine.resolved import Resolved
from trainrules.engine.verdict import exit_code, settle, unjudged, worst

AT = Position("pack.yaml", 1, 1)


def action(
    id: str,
    rank: int,
    title: str,
    *,
    sets: Mapping[str, str] | None = None,
    direction: str = "",
    text: str = "",
    conflicts: tuple[str, ...] = (),
    alone: bool = False,
    target: str | None = None,
    command: str | None = None,
) -> Action:
    return Action(
        id,
        AT,
        rank,
        title,
        text,
        alone,
        conflicts,
        {setting: parse(value, AT) for setting, value in (sets or {}).items()},
        {"learning_rate": direction} if direction else {},
        target,
        command,
    )


ACTIONS = [
    action("stop", 100, "Stop the run", conflicts=("raise_lr",)),
    action("restart", 90, "Start again from the beginning", conflicts=("revert",)),
    action("revert", 80, "Go back to a checkpoint", target="checkpoint", command="resume"),
    action("stop_early", 70, "Stop here and keep the best checkpoint", text="The best was at step {best_step:g}."),
    action("halve_lr", 60, "Halve the learning rate", sets={"learning_rate": "lr_peak / 2"}, direction="down"),
    action("raise_lr", 60, "Double the learning rate", sets={"learning_rate": "lr_peak * 2"}, direction="up"),
    action("retune", 55, "Set both", sets={"beta": "beta * 2", "clip": "min(grad_high, 1)"}),
    action("lower_thresholds", 50, "Lower the threshold"),
    action(
        "resume", 30, "Go on from the last", target="last_checkpoint", conflicts=("stop", "revert"), command="resume"
    ),
    action("check_data", 40, "Check the data"),
    action("check_config", 40, "Check the configuration"),
    action("wait", 10, "Wait", alone=True),
    action("continue", 0, "Go on", alone=True),
]
PACK = Pack(
    "kto",
    AT,
    "1.0.0",
    "KTO",
    actions={each.id: each for each in ACTIONS},
    commands={"resume": Command("resume", AT, "train --size {model_size} --lr {learning_rate:g} --from {checkpoint}")},
    rules={"margin": Rule("margin", AT, "Margin is negative", "inverted", ())},
)
LOG = LogFacts("run.jsonl", "jsonl", "step", 200, 0, 0, 0, 1, 200, False, total=300)
ENDED = LOG._replace(ended=True)
SEEN = (Checkpoint("checkpoint-100", 100), Checkpoint("checkpoint-50", 50))


def finding(
    cause: str,
    *actions: str,
    onset: float | None = 81,
    severity: str = "critical",
    rule: str = "",
    title: str = "",
    state: str = "firing",
    train_only: bool = False,
    row: int = 81,
) -> Finding:
    at = Moment(onset, row)
    return Finding(
        rule or cause,
        title or f"{(rule or cause).capitalize()} found",
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
        actions,
        train_only=train_only,
    )


def state(
    rule: str, state: str = "ok", reason: str = "", severity: str = "warning", until: float | None = None
) -> RuleState:
    return RuleState(rule, state, reason, None, severity, until)


OK = (state("a"), state("b"))


def plan(
    *findings: Finding,
    states: tuple[RuleState, ...] = OK,
    log: LogFacts = LOG,
    checkpoints: tuple[Checkpoint, ...] | None = SEEN,
    interval: float = 0.0,
    improving: bool = False,
    unjudged: str = "",
    pack: Pack = PACK,
    scalars: Mapping[str, Scalar] | None = None,
    first: Moment | None = None,
    best: Best | None = None,
) -> PlanResult:
    scalars = {"lr_peak": 5e-7, **(scalars or {})}
    return make_plan(
        PlanInput(
            findings,
            states,
            Resolved(pack, None, {"grad_high": 50.0}),
            log,
            scalars,
            checkpoints,
            interval,
            improving,
            unjudged,
            first=first,
            best=best,
        )
    )


def actions(result: PlanResult) -> list[str]:
    return [step.action for step in result.plan]


def texts(result: PlanResult) -> list[str]:
    return [step.text for step in result.plan]


def asides(result: PlanResult) -> list[tuple[str, tuple[str, ...], str]]:
    return [(aside.action, aside.because, aside.reason) for aside in result.set_aside]


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


GATE = finding("gate", "lower_thresholds", "check_config", rule="next_phase", onset=40, severity="warning")


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


def test_a_run_that_has_ended_is_not_told_to_wait() -> None:
    result = plan(finding("non_finite", "wait", severity="warning", title="Values are not finite"), log=ENDED)
    assert texts(result) == [
        "The run ended at step 200 of 300, before its planned end; 2 rules found no fault."
        " Look into this before you use what it gave: values are not finite, since step 81."
    ]
    assert asides(result) == [("wait", ("non_finite",), "the run has ended: there is nothing to wait for")]


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


# Revert


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


# New values, advice and commands


@pytest.mark.parametrize(
    ("scalars", "text", "sets"),
    [
        (
            {"lr_peak": 4e-5},
            "Halve the learning rate: 4e-05 → 2e-05, because x, since step 81.",
            {"learning_rate": 2e-5},
        ),
        (
            {"lr_peak": None},
            "Halve the learning rate (the log does not show the present value): x, since step 81.",
            None,
        ),
    ],
)
def test_what_an_action_sets_is_computed_from_the_run(
    scalars: dict[str, Scalar], text: str, sets: dict[str, float] | None
) -> None:
    result = plan(finding("unstable", "halve_lr", title="X"), scalars=scalars)
    assert texts(result) == [text]
    assert result.plan[0].set == sets


def test_several_settings_are_told_by_name_and_settings_of_the_pack_count() -> None:
    result = plan(finding("unstable", "retune", title="KL is high."), scalars={"beta": 0.1})
    assert texts(result) == ["Set both: beta 0.1 → 0.2, clip 50 → 1, because KL is high, since step 81."]
    assert result.plan[0].set == {"beta": 0.2, "clip": 1.0}


@pytest.mark.parametrize(("best", "end"), [(40.0, " The best was at step 40."), (None, "")])
def test_advice_follows_where_its_numbers_are_known(best: float | None, end: str) -> None:
    result = plan(finding("overfitting", "stop_early", title="X"), scalars={"best_step": best})
    assert texts(result) == [f"Stop here and keep the best checkpoint: x, since step 81.{end}"]


def test_a_pack_that_does_not_fit_the_log_gives_no_commands() -> None:
    result = plan(finding("inverted", "stop", "revert", "halve_lr"), unjudged="no kl in the log")
    assert [(step.action, step.command) for step in result.plan] == [
        ("stop", None),
        ("revert", None),
        ("halve_lr", None),
    ]


@pytest.mark.parametrize(
    ("template", "expected"),
    [
        ("run {size} {lr:g}", "run 7b 2.5e-07"),
        ("run {nothing} {none:g}", "run <nothing> <none>"),
        ("run {evil}", "run 'a; rm -rf ~'"),
        ("run\n  --lr {lr:.2e}", "run --lr 2.50e-07"),
        ("run {{size}}", "run {size}"),
        ("run {nan:g}", "run <nan>"),
        ("run {size.__class__} {size[0]}", "run {size.__class__} {size[0]}"),
    ],
)
def test_commands_are_filled_quoted_and_never_followed_into_objects(template: str, expected: str) -> None:
    names: dict[str, Scalar] = {"size": "7b", "lr": 2.5e-7, "none": None, "evil": "a; rm -rf ~", "nan": float("nan")}
    assert command_line(template, names) == expected


def test_commands_have_numbers_without_commas() -> None:
    assert command_line(
        "run --steps {steps:g} --lr {lr:g} {size}", {"steps": 1234567.0, "lr": 2.5e-7, "size": 2e4}
    ) == ("run --steps 1234567 --lr 2.5e-07 20000")
    assert advice("Best was {loss:.4g} at step {best_step:g}.", {"loss": 10514.3, "best_step": 12000.0}) == (
        "Best was 10,510 at step 12000."
    )


def test_advice_needs_all_of_its_numbers() -> None:
    assert advice("At {a:g} and {b:g}.", {"a": 1.0, "b": 2.0}) == "At 1 and 2."
    assert advice("At {a:g} and {b:g}.", {"a": 1.0, "b": None}) == ""
    assert advice("", {}) == ""


def test_a_run_that_has_ended_is_not_told_to_stop() -> None:
    result = plan(finding("inverted", "stop", title="Margin is negative"), log=ENDED)
    assert texts(result) == [
        "The run has ended and cannot be stopped any more; do not build on its result: margin is negative,"
        " since step 81."
    ]


def test_what_a_gate_asks_for_once_the_run_has_ended_is_for_the_next_one() -> None:
    assert texts(plan(GATE, log=ENDED)) == [
        "The run has ended; for the next one, lower the threshold: next_phase found, since step 40.",
        "For the next run, check the configuration.",
    ]


@pytest.mark.parametrize(
    ("log", "lead"),
    [
        (LOG, "Stop here and keep the best checkpoint: loss rises, since step 81."),
        (ENDED, "The run has ended: take the checkpoint of its best evaluation, not the last one: loss rises, since step 81."),
        (
            ENDED._replace(ended_because="the trainer says that it is done"),
            "The run has ended (the trainer says that it is done): take the checkpoint of its best evaluation, not the last one:"
            " loss rises, since step 81.",
        ),
    ],
    ids=["goes on", "ended", "ended and said why"],
)  # fmt: skip
def test_a_run_that_has_ended_is_told_which_checkpoint_to_take(log: LogFacts, lead: str) -> None:
    keep = action("stop_early", 70, "Stop here and keep the best checkpoint", target="best_checkpoint")
    pack = PACK._replace(actions={**PACK.actions, "stop_early": keep})
    found = finding("overfitting", "stop_early", title="Loss rises")
    assert texts(plan(found, log=log, pack=pack)) == [lead]
    best = Best("eval_loss", 0.5, 60, 9, (SEEN[1], 0.6))
    assert texts(plan(found, log=log, pack=pack, best=best)) == [f"{lead} {best.text('step')}"]


# Nothing left to do


@pytest.mark.parametrize(
    ("states", "log", "action", "because", "text"),
    [
        (OK, LOG, "continue", (), "Keep training: 2 rules found no fault up to step 200 of 300."),
        (OK[:1], LOG._replace(total=None), "continue", (), "Keep training: 1 rule found no fault up to step 200."),
        (
            OK,
            LOG._replace(ended=True, total=None),
            "continue",
            (),
            "The run finished at step 200; 2 rules found no fault.",
        ),
        (
            OK,
            LOG._replace(ended=True, total=200),
            "continue",
            (),
            "The run finished at step 200 of 200; 2 rules found no fault.",
        ),
        (
            OK,
            ENDED,
            "continue",
            (),
            "The run ended at step 200 of 300, before its planned end; 2 rules found no fault.",
        ),
        (
            (*OK, state("margin", "waiting", "after step 220", until=220)),
            LOG,
            "wait",
            ("margin",),
            "Nothing wrong so far: 2 rules found no fault. Let the run go on and look again after step 220: 1 rule"
            " cannot judge yet (after step 220).",
        ),
        (
            (state("z", "waiting", until=220), state("margin", "pending", "2 of 3 points"), state("y", "waiting")),
            LOG,
            "wait",
            ("margin", "z", "y"),
            "No fault is certain yet. Let the run go on and look again after step 220:"
            ' "margin is negative" may be starting (2 of 3 points) and 2 rules cannot judge yet.',
        ),
        (
            tuple(state(name, "pending") for name in ("margin", "x", "y", "z"))
            + tuple(state(f"w{n}", "waiting", f"after step {n}") for n in range(4)),
            LOG,
            "wait",
            ("margin", "x", "y", "z", "w0", "w1", "w2", "w3"),
            "No fault is certain yet. Let the run go on and look again when there are more rows:"
            ' "margin is negative" may be starting, "x" may be starting, 2 more rules may be about to fire and 4 rules'
            " cannot judge yet (after step 0; after step 1; 2 more reasons).",
        ),
        (
            (state("z", "waiting"),),
            LOG,
            "wait",
            ("z",),
            "Nothing wrong so far. Let the run go on and look again when there are more rows: 1 rule cannot judge yet.",
        ),
        (
            (state("z", "waiting", until=1000),),
            LOG,
            "wait",
            ("z",),
            "Nothing wrong so far. Let the run go on and look again at the end of the run: 1 rule cannot judge yet.",
        ),
        (
            (state("z", "waiting", until=5),),
            LOG._replace(clock="epoch", total=None),
            "wait",
            ("z",),
            "Nothing wrong so far. Let the run go on and look again after epoch 5: 1 rule cannot judge yet.",
        ),
        (
            (*OK, state("z", "waiting", severity="info")),
            LOG,
            "continue",
            (),
            "Keep training: 2 rules found no fault up to step 200 of 300.",
        ),
        (
            (*OK, state("z", "not_evaluated")),
            LOG,
            "continue",
            (),
            "Keep training: 2 rules found no fault up to step 200 of 300.",
        ),
        (
            (*OK, state("z", "waiting")),
            ENDED._replace(total=None),
            "continue",
            (),
            "The run finished at step 200; 2 rules found no fault.",
        ),
    ],
    ids=[
        "running",
        "total unknown",
        "ended",
        "ended at its total",
        "ended early",
        "waiting",
        "pending first",
        "many pending",
        "no moment",
        "end of the run",
        "epochs",
        "info waits",
        "not evaluated",
        "ended and waiting",
    ],
)
def test_nothing_left(
    states: tuple[RuleState, ...], log: LogFacts, action: str, because: tuple[str, ...], text: str
) -> None:
    result = plan(states=states, log=log)
    assert [(step.action, step.because, step.text) for step in result.plan] == [(action, because, text)]
    assert result.verdict == ("wait" if action == "wait" else "healthy")


def test_an_open_finding_that_asks_for_nothing_is_still_told() -> None:
    result = plan(finding("stalled", severity="warning", title="Loss is flat"))
    assert texts(result) == [
        "Keep training: 2 rules found no fault up to step 200 of 300. Keep an eye on this: loss is flat, since step 81."
    ]
    assert result.verdict == "attention"


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


def test_what_is_said_of_a_run_that_the_process_ended() -> None:
    ended = ENDED._replace(ended_because="an error stopped it")
    (step,) = plan(finding("logging", "stop"), log=ended).plan
    told = "The run has ended (an error stopped it): do not start it again as it is: logging found, since step 81."
    assert step.text == told
