"""Logs without a step whose epochs have fractions: positions are told in epochs, and rows stand for steps."""

from __future__ import annotations

import json
import random
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from trainrules import evaluate
from trainrules.engine.many.batch import FEW, batch_of, together
from trainrules.engine.many.model import Asked
from trainrules.engine.render.json import dumps
from trainrules.engine.report import Report

Row = dict[str, Any]
ROWS = 145
NOTE = "no step is logged: lengths in steps count rows"


def kto(end: float, seed: int = 3) -> list[Row]:
    """The rows of one epoch of KTO whose margin goes from 0 to `end`, by step and epoch."""
    rng, rows = random.Random(seed), []
    for step in range(1, ROWS + 1):
        margin = end * step / ROWS + rng.gauss(0, 0.1)
        rows.append(
            {
                "loss": round(0.5 - 0.1 * margin + rng.gauss(0, 0.01), 4),
                "grad_norm": 5 + rng.random(),
                "learning_rate": 5e-7,
                "kl": 0.1 + 0.01 * rng.random(),
                "rewards/chosen": margin / 2,
                "rewards/rejected": -margin / 2,
                "rewards/margins": margin,
                "step": step,
                "epoch": round(step / ROWS, 4),
            }
        )
    return rows


def written(folder: Path, rows: list[Row], name: str = "run.jsonl") -> str:
    path = folder / name
    path.write_text("".join(json.dumps(row) + "\n" for row in rows), encoding="utf-8")
    return str(path)


def without_step(rows: list[Row]) -> list[Row]:
    return [{key: value for key, value in row.items() if key != "step"} for row in rows]


def at_step_0(rows: list[Row]) -> list[Row]:
    return [{**row, "step": 0} for row in rows]


def without_clock(rows: list[Row]) -> list[Row]:
    return [{key: value for key, value in row.items() if key not in ("step", "epoch")} for row in rows]


def at_step_0_alone(rows: list[Row]) -> list[Row]:
    return at_step_0(without_clock(rows))


def found(report: Report) -> tuple[str, list[str], list[tuple[str, str, int]]]:
    """The verdict, the actions, and each finding with its state and the row of its onset."""
    findings = [(each.rule, each.state, each.onset.row) for each in report.findings]
    return report.verdict, [step.action for step in report.plan], findings


@pytest.mark.parametrize("end", [1.5, -1.5], ids=["learns", "backwards"])
@pytest.mark.parametrize("way", [without_step, at_step_0])
def test_a_run_is_judged_as_it_is_by_its_steps(
    way: Callable[[list[Row]], list[Row]], end: float, tmp_path: Path
) -> None:
    by_steps = found(evaluate(written(tmp_path, kto(end)), pack="kto"))
    assert (by_steps[0], by_steps[1][0]) == (("act", "stop") if end < 0 else ("healthy", "continue"))
    assert "margin_negative" in [rule for rule, *_ in by_steps[2]] or end > 0
    assert found(evaluate(written(tmp_path, way(kto(end))), pack="kto")) == by_steps


@pytest.mark.parametrize("end", [1.5, -1.5], ids=["learns", "backwards"])
def test_a_step_that_stands_still_is_as_good_as_none(end: float, tmp_path: Path) -> None:
    alone, with_step_0 = (
        found(evaluate(written(tmp_path, way(kto(end))), pack="kto")) for way in (without_clock, at_step_0_alone)
    )
    assert with_step_0 == alone
    assert alone[0] == ("act" if end < 0 else "healthy")


@pytest.mark.parametrize(("end", "verdict"), [(1.5, "healthy"), (-1.5, "act")], ids=["learns", "backwards"])
def test_the_lines_that_the_trainer_prints(end: float, verdict: str, tmp_path: Path) -> None:
    rows = [*without_step(kto(end)), {"train_runtime": 800.1, "train_loss": 0.45, "epoch": 1.0}]
    log = tmp_path / "train.log"
    log.write_text("".join(f"{row}\n" for row in rows), encoding="utf-8")
    report = evaluate(str(log), pack="kto")
    assert (report.verdict, report.log.format, report.log.clock) == (verdict, "console", "epoch")
    assert (report.log.rows, report.log.first_step, report.log.last_step) == (ROWS, 0.0069, 1.0)
    assert report.log.notes == (NOTE,)


def test_positions_are_told_in_epochs(tmp_path: Path) -> None:
    finding, by_steps = (
        next(each for each in evaluate(written(tmp_path, rows), pack="kto").findings if each.rule == "margin_negative")
        for rows in (without_step(kto(-1.5)), kto(-1.5))
    )
    assert finding.onset.step == round(finding.onset.row / ROWS, 4)
    assert f"negative since epoch {finding.onset.step:g}" in finding.message
    assert finding.longest_window == pytest.approx(by_steps.longest_window / ROWS, rel=0.01)


def test_what_is_waited_for_is_told_in_rows(tmp_path: Path) -> None:
    report = evaluate(written(tmp_path, without_step(kto(1.5))[:12]), pack="kto")
    (step,) = report.plan
    assert step.action == "wait"
    assert "look again when there are more rows" in step.text
    assert "(needs more than 20 rows; needs more than 50 rows)" in step.text
    assert {each.until for each in report.rules} == {None}


def test_an_epoch_that_is_waited_for_is_called_one(tmp_path: Path) -> None:
    rows = [{**row, "epoch": place} for place, row in enumerate(without_step(kto(1.5))[:12], 1)]
    report = evaluate(written(tmp_path, rows), pack="kto")
    reasons = {each.reason for each in report.rules if each.until is not None}
    assert reasons == {"after epoch 20", "after epoch 30", "after epoch 50"}


def test_runs_judged_together_have_the_same_reports(tmp_path: Path) -> None:
    logs = [
        written(tmp_path, way(kto(end, seed))[:rows], f"{way.__name__}{end}{rows}-{seed}.jsonl")
        for way in (without_step, at_step_0)
        for end in (1.5, -1.5)
        for rows in (9, 60, ROWS)
        for seed in range(FEW)
    ]
    plain = Asked("kto", None, {}, (), (), None, None, 1, None, None, None, isolated=False)
    reports = {place: report for place, (_, report) in enumerate(together(logs, batch_of(plain))) if report is not None}
    assert len(reports) > 0.8 * len(logs)
    for place in range(0, len(logs), 3):
        if place in reports:
            assert dumps(reports[place]) == dumps(evaluate(logs[place], pack="kto")), logs[place]
    assert {report.log.counts_rows for report in reports.values()} == {False, True}


PACK = """
schema: 1
pack: late
version: 1.0.0
title: Late
clock: {step: [step]}
summary: [train_runtime]
metrics:
  loss: {keys: [loss], required: true}
  other: {keys: [other]}
rules:
  high: {title: High, cause: diverging, severity: warning, when: loss > 9, after: 20, actions: [stop], message: m}
  rises:
    title: Rises
    cause: diverging
    severity: warning
    when: 'slope(loss, "30 points") > 1'
    actions: [stop]
    message: m
  odd: {title: Odd, cause: logging, severity: warning, when: other > 9, actions: [stop], message: m}
actions: {stop: {rank: 90, title: Stop}}
"""


@pytest.mark.parametrize(
    ("rows", "ended", "verdict", "reason"),
    [
        (9, True, "unknown", "none of the 2 rules on loss could be judged: the run ended before it could be judged"),
        (9, False, "wait", ""),
        (25, True, "healthy", ""),
    ],
    ids=["too short", "goes on", "one of them"],
)
def test_a_run_of_which_nothing_needed_was_judged_is_not_healthy(
    rows: int, ended: bool, verdict: str, reason: str, tmp_path: Path
) -> None:
    pack = tmp_path / "late.yaml"
    pack.write_text(PACK, encoding="utf-8")
    lines = [{"step": n + 1, "loss": 1.0 - n / 100, "other": 1.0} for n in range(rows)]
    log = written(tmp_path, lines + ([{"train_runtime": 3.0, "step": rows}] if ended else []))
    report = evaluate(log, pack=str(pack))
    assert (report.verdict, report.reason) == (verdict, reason)
