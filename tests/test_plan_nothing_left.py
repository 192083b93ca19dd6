"""What a plan says where there is nothing to do: go on, or wait, and until when."""

from __future__ import annotations

import pytest

from trainrules.engine.report import LogFacts, RuleState

from .planning import ENDED, LOG, OK, finding, plan, state, texts


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
