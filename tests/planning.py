"""A small pack, findings and states of rules for the tests of plans, and what was planned of them."""

from __future__ import annotations

from collections.abc import Mapping

from trainrules.engine.best import Best
from trainrules.engine.checkpoints import Checkpoint
from trainrules.engine.errors import Position
from trainrules.engine.pack import Action, Command, Pack, Rule, Scalar
from trainrules.engine.parser import parse
from trainrules.engine.plan import PlanInput, PlanResult, make_plan
from trainrules.engine.report import Finding, LogFacts, Moment, RuleState
from trainrules.engine.resolved import Resolved

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
GATE = finding("gate", "lower_thresholds", "check_config", rule="next_phase", onset=40, severity="warning")


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
