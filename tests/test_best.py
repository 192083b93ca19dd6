# ruff: noqa: E501 - tables of whole messages
"""The best checkpoint of a run: by which metric, at which step, and what is said where it was not saved."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from trainrules.engine.errors import PackError
from trainrules.engine.evaluate import evaluate
from trainrules.engine.load import load_pack
from trainrules.engine.report import Report

PACK = """\
schema: 1
pack: demo
version: 1.0.0
title: Demo
extends: common
checkpoints: {best: [eval_f1, eval_loss]}
metrics: {eval_f1: {keys: [eval_f1], role: eval, better: higher}}
"""


def report_of(
    folder: Path, evals: dict[int, dict[str, float]], saved: tuple[int | str, ...] = (), total: int = 60
) -> Report:
    """A run of sixty steps with evaluations at some of them and checkpoints at others."""
    (folder / "demo.yaml").write_text(PACK)
    for step in saved:
        (folder / (step if isinstance(step, str) else f"checkpoint-{step}")).mkdir()
    rows: list[dict[str, float]] = []
    for step in range(1, 61):
        rows.append({"step": step, "max_steps": total, "loss": 2.0 / step + 0.01 * (step % 3)})
        if step in evals:
            rows.append({"step": step, **evals[step]})
    log = folder / "run.jsonl"
    log.write_text("".join(json.dumps(row) + "\n" for row in rows))
    return evaluate(log, pack=folder / "demo.yaml")


RISING = {
    10: {"eval_loss": 1.0},
    20: {"eval_loss": 0.5},
    30: {"eval_loss": 0.7},
    40: {"eval_loss": 0.9},
    50: {"eval_loss": 1.0},
}


@pytest.mark.parametrize(
    ("saved", "target", "words"),
    [
        ((10, 20, 30), {"checkpoint": "checkpoint-20", "step": 20}, "eval_loss was best at step 20 (0.5): checkpoint-20."),
        (
            (10, 30),
            {"checkpoint": "checkpoint-30", "step": 30},
            "eval_loss was best at step 20 (0.5), which was not saved; the best that was is checkpoint-30 (0.7).",
        ),
        ((15,), None, "eval_loss was best at step 20 (0.5)."),
        ((), None, "eval_loss was best at step 20 (0.5)."),
        (
            ("checkpoint_best.pth", "checkpoint.pth"),
            {"checkpoint": "checkpoint_best.pth", "step": 20},
            "eval_loss was best at step 20 (0.5); checkpoint_best.pth is what the trainer kept as its best.",
        ),
        (
            (10, 30, "best_model"),
            {"checkpoint": "best_model", "step": 20},
            "eval_loss was best at step 20 (0.5); best_model is what the trainer kept as its best.",
        ),
        ((20, "model_best.pt"), {"checkpoint": "checkpoint-20", "step": 20}, "eval_loss was best at step 20 (0.5): checkpoint-20."),
    ],
)  # fmt: skip
def test_stopping_early_names_the_checkpoint_to_keep(
    tmp_path: Path, saved: tuple[int | str, ...], target: dict[str, object] | None, words: str
) -> None:
    first = report_of(tmp_path, RISING, saved).plan[0]
    assert (first.action, first.target) == ("stop_early", target)
    assert first.text.endswith(words)


@pytest.mark.parametrize(
    ("evals", "words"),
    [
        ({10: {"eval_f1": 0.3, "eval_loss": 0.1}, 20: {"eval_f1": 0.6, "eval_loss": 0.2}}, " eval_f1 was best at step 20 (0.6)."),
        ({10: {"eval_f1": 0.6}, 20: {"eval_f1": 0.6}}, " eval_f1 was best at step 10 (0.6)."),
        ({10: {"eval_loss": 0.1}, 20: {"eval_loss": 0.2}}, " eval_loss was best at step 10 (0.1)."),
        ({10: {"eval_f1": float("nan"), "eval_loss": 0.1}, 20: {"eval_f1": 0.2, "eval_loss": 0.2}}, "no fault."),
        ({20: {"eval_f1": 0.6}}, "no fault."),  # the only one is not the best of any
        ({}, "no fault."),
    ],
)  # fmt: skip
def test_a_run_that_is_over_says_where_it_was_at_its_best(
    tmp_path: Path, evals: dict[int, dict[str, float]], words: str
) -> None:
    step = report_of(tmp_path, evals).plan[0]
    assert step.action == "continue" or "not finite" in step.text or step.action == "wait"
    if step.action == "continue":
        assert step.text.endswith(words)


def test_a_run_that_goes_on_does_not(tmp_path: Path) -> None:
    step = report_of(tmp_path, {10: {"eval_f1": 0.3}, 20: {"eval_f1": 0.6}}, total=100).plan[0]
    assert "was best" not in step.text


@pytest.mark.parametrize(
    ("best", "problem"),
    [
        ("[eval_f2]", "p.yaml:5:22: unknown metric 'eval_f2'; did you mean 'eval_f1'?"),
        ("[eval_f1]", "p.yaml:5:22: metric 'eval_f1' does not say which direction is better; give it 'better:'"),
    ],
)
def test_slips(tmp_path: Path, best: str, problem: str) -> None:
    path = tmp_path / "p.yaml"
    head = "schema: 1\npack: p\nversion: 1.0.0\ntitle: P\n"
    path.write_text(head + f"checkpoints: {{best: {best}}}\nmetrics: {{eval_f1: {{keys: [f1]}}}}\n")
    with pytest.raises(PackError) as caught:
        load_pack(path)
    assert [str(one).removeprefix(f"{tmp_path.as_posix()}/") for one in caught.value.problems] == [problem]
