# ruff: noqa: E501 - tables of whole sentences
"""Checkpoints that are numbered by steps beside a log that counts in epochs."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from trainrules import evaluate
from trainrules.engine.report import Report

WHOLE = (1.0, 2.0, 3.0, 4.0)
PARTS = (0.25, 0.5, 0.75, 1.0)
UNKNOWN = "those beside the log are numbered by steps, and nothing tells how many make an epoch."
STATE = {
    "best_metric": None,
    "epoch": 4.0,
    "global_step": 400,
    "log_history": [{"epoch": 1.0, "step": 7}],
    "max_steps": 400,
}


def report_of(
    folder: Path,
    epochs: tuple[float, ...],
    saved: tuple[str, ...],
    state: dict[str, object] | None = None,
    pack: str = "common",
) -> Report:
    """A run whose last epoch is no number, with what was saved of it; the log counts in epochs alone."""
    for name in saved:
        (folder / name).mkdir()
    if state is not None:
        (folder / "trainer_state.json").write_text(json.dumps(state), encoding="utf-8")
    losses = [*(4.0 - each for each in range(len(epochs) - 1)), float("nan")]
    rows = [{"epoch": epoch, "loss": loss, "eval_loss": loss} for epoch, loss in zip(epochs, losses, strict=True)]
    (folder / "log.jsonl").write_text("".join(json.dumps(row) + "\n" for row in rows), encoding="utf-8")
    return evaluate(folder / "log.jsonl", pack=pack)


@pytest.mark.parametrize(
    ("epochs", "saved", "state", "target", "text"),
    [
        (WHOLE, ("checkpoint-1", "checkpoint-3"), None, ("checkpoint-3", 3), "Go back to checkpoint-3 (epoch 3), the newest one from before the fault began at epoch 4."),
        (WHOLE, ("checkpoint-200", "checkpoint-400"), None, None, f"Go back to the newest checkpoint saved before epoch 4, where the fault began; {UNKNOWN}"),
        (PARTS, ("checkpoint-1", "checkpoint-2"), None, None, f"Go back to the newest checkpoint saved before epoch 1, where the fault began; {UNKNOWN}"),
        (WHOLE, ("checkpoint-150", "checkpoint-400"), STATE, ("checkpoint-150", 150), "Go back to checkpoint-150 (epoch 1.5), the newest one from before the fault began at epoch 4."),
        (PARTS, ("checkpoint-50", "checkpoint-100"), {**STATE, "epoch": 1.0, "global_step": 100}, ("checkpoint-50", 50), "Go back to checkpoint-50 (epoch 0.5), the newest one from before the fault began at epoch 1."),
    ],
    ids=["numbered by epochs", "beyond the last epoch", "epochs with fractions", "the trainer tells", "and so for a part"],
)  # fmt: skip
def test_a_step_is_no_epoch(
    tmp_path: Path,
    epochs: tuple[float, ...],
    saved: tuple[str, ...],
    state: dict[str, object] | None,
    target: tuple[str, float] | None,
    text: str,
) -> None:
    report = report_of(tmp_path, epochs, saved, state)
    step = next(each for each in report.plan if each.action in ("revert", "restart"))
    assert step.action == "revert"
    told = step.text.split(" If the fault")[0]
    assert (told, step.target) == (text, {"checkpoint": target[0], "step": target[1]} if target else None)


def test_names_that_tell_epochs_are_taken_at_their_word(tmp_path: Path) -> None:
    """As those that a longer run has left behind are."""
    report = report_of(tmp_path, WHOLE, ("checkpoint0002.pth", "checkpoint0009.pth"), pack="sam_detr")
    assert report.plan[1].target == {"checkpoint": "checkpoint0002.pth", "step": 2}


LIGHTNING = ("epoch=0-step=234.ckpt", "epoch=1-step=468.ckpt", "epoch=2-step=702.ckpt")


@pytest.mark.parametrize("pack", ["common", "sam_detr"])
@pytest.mark.parametrize(
    ("epochs", "target", "text"),
    [
        (WHOLE, 2, "epoch=2-step=702.ckpt (epoch 3), the newest one from before the fault began at epoch 4."),
        ((1.0, 2.0, 3.0), 1, "epoch=1-step=468.ckpt (epoch 2), the newest one from before the fault began at epoch 3."),
        ((0.0, 1.0, 2.0), 1, "epoch=1-step=468.ckpt (epoch 1), the newest one from before the fault began at epoch 2."),
    ],
    ids=["counted from 1", "one is too young", "counted from 0"],
)
def test_lightning_names_epochs_from_0_and_steps(
    tmp_path: Path, pack: str, epochs: tuple[float, ...], target: int, text: str
) -> None:
    step = report_of(tmp_path, epochs, LIGHTNING, pack=pack).plan[1]
    assert step.text.split(" If the fault")[0].split(" Where the")[0] == f"Go back to {text}"
    assert step.target == {"checkpoint": LIGHTNING[target], "step": target}


def test_the_best_one_of_lightning(tmp_path: Path) -> None:
    for name in LIGHTNING:
        (tmp_path / name).mkdir()
    rows = [{"epoch": n, "loss": 8.0 / n, "eval_loss": abs(n - 2) + 1.0} for n in range(1, 16)]
    (tmp_path / "log.jsonl").write_text("".join(json.dumps(row) + "\n" for row in rows), encoding="utf-8")
    step = evaluate(tmp_path / "log.jsonl", pack="sam_detr").plan[0]
    assert step.action == "stop_early"
    assert step.target == {"checkpoint": "epoch=1-step=468.ckpt", "step": 1}


def test_none_that_is_older_is_known_where_the_relation_is(tmp_path: Path) -> None:
    report = report_of(tmp_path, WHOLE, ("checkpoint-400",), STATE)
    assert [each.action for each in report.plan][:2] == ["stop", "restart"]
    assert report.plan[1].text.startswith(
        "Restart from the beginning: no checkpoint is from before epoch 4, where the fault began; the oldest is checkpoint-400 (epoch 4)."
    )


@pytest.mark.parametrize("state", [STATE, None], ids=["known", "unknown"])
def test_the_checkpoint_of_the_best_evaluation(tmp_path: Path, state: dict[str, object] | None) -> None:
    for step in (100, 200, 400):
        (tmp_path / f"checkpoint-{step}").mkdir()
    if state:
        (tmp_path / "trainer_state.json").write_text(json.dumps({**state, "epoch": 3.999999}), encoding="utf-8")
    rows = [{"epoch": n, "loss": 8.0 / n, "eval_loss": abs(n - 2) + 1.0} for n in range(1, 9)]
    (tmp_path / "log.jsonl").write_text("".join(json.dumps(row) + "\n" for row in rows), encoding="utf-8")
    step = evaluate(tmp_path / "log.jsonl", pack="common").plan[0]
    assert step.action == "stop_early"
    assert step.target == ({"checkpoint": "checkpoint-200", "step": 200} if state else None)
    told = ": checkpoint-200." if state else "."
    assert step.text.endswith(f"eval_loss was best at epoch 2 (1){told}")


def test_how_many_steps_an_epoch_has_is_a_fact_where_it_counts(tmp_path: Path) -> None:
    report = report_of(tmp_path, WHOLE, (), STATE)
    assert [(each.name, each.value, each.source) for each in report.log.known][-1] == (
        "steps_per_epoch",
        100,
        "trainer_state.json: global_step, epoch",
    )
    rows = [{"step": n, "loss": 1.0} for n in range(1, 9)]
    (tmp_path / "log.jsonl").write_text("".join(json.dumps(row) + "\n" for row in rows), encoding="utf-8")
    report = evaluate(tmp_path / "log.jsonl", pack="common")
    assert [each.name for each in report.log.known] == ["total_steps"]
