# ruff: noqa: E501 - tables of whole messages
"""What a plan says of a run that has ended."""

from __future__ import annotations

import pytest

from trainrules.engine.best import Best
from trainrules.engine.report import LogFacts

from .planning import ENDED, GATE, LOG, PACK, SEEN, action, asides, finding, plan, texts


def test_a_run_that_has_ended_is_not_told_to_wait() -> None:
    result = plan(finding("non_finite", "wait", severity="warning", title="Values are not finite"), log=ENDED)
    assert texts(result) == [
        "The run ended at step 200 of 300, before its planned end; 2 rules found no fault."
        " Look into this before you use what it gave: values are not finite, since step 81."
    ]
    assert asides(result) == [("wait", ("non_finite",), "the run has ended: there is nothing to wait for")]


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


def test_what_is_said_of_a_run_that_the_process_ended() -> None:
    ended = ENDED._replace(ended_because="an error stopped it")
    (step,) = plan(finding("logging", "stop"), log=ended).plan
    told = "The run has ended (an error stopped it): do not start it again as it is: logging found, since step 81."
    assert step.text == told
