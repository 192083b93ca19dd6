"""What a plan fills in: new values of settings, advice and commands."""

from __future__ import annotations

import pytest

from trainrules.engine.command import advice, command_line
from trainrules.engine.pack import Scalar

from .planning import finding, plan, texts


@pytest.mark.parametrize(
    ("scalars", "text", "sets"),
    [
        (
            {"lr_peak": 4e-5},
            "Halve the learning rate: 4e-05 → 2e-05, because x, since step 81.",
            {"learning_rate": 2e-5},
        ),
        (
            {"lr_configured": 5e-7},
            "Halve the learning rate: 5e-07 → 2.5e-07, because x, since step 81.",
            {"learning_rate": 2.5e-7},
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
