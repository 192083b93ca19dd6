"""A pack with a gate, and small runs that come to it, stand before it or have passed it."""

from __future__ import annotations

import functools
import json
import random
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import pytest

from trainrules import evaluate
from trainrules.engine import evaluation
from trainrules.engine.compile.program import Program
from trainrules.engine.load import load_pack
from trainrules.engine.pack import Pack
from trainrules.engine.report import GateResult, Report

Row = dict[str, Any]
Judge = Callable[..., Report]

PACK = """
schema: 1
pack: phases
version: 1.0.0
title: Phases
labels: {rank: [rank]}
clock: {step: [step], total: [max_steps], epoch: [epoch]}
metrics:
  loss: {keys: [loss], required: true}
  phase: {keys: [phase], type: text}
  here: {keys: [here], unit: steps}
  score: {keys: [score], unit: share}
  slope: {keys: [slope]}
  own: {keys: [own], by: rank}
params:
  least: {default: 10, type: integer, min: 1}
  score_min: {default: 0.5, min: 0.2}
  flat: {default: 0.1, min: 0}
  slope_advisory: {default: false, type: boolean}
  unset: {default: null}
windows:
  recent: {last: 20 points}
gates:
  next:
    title: Next phase
    while: default(phase != "last", true)
    passed: changed(phase)
    max_age: 3 points
    require:
      steps: {value: here, at_least: least}
      score: {value: score, above: score_min, near: 0.05, setting: min_score, why: It is measured}
      slope: {value: slope, between: [-flat, flat / 2], near: flat, advisory: slope_advisory}
    on_blocked: [wait]
    on_passed: [continue]
    stuck: {when: here >= least * 2, over: recent, quantile: 0.1, actions: [lower_thresholds]}
    why: Patience.
    source: My notes
rules:
  bad: {title: Loss is high, cause: diverging, severity: critical, when: loss > 9, actions: [stop]}
actions:
  stop: {rank: 100, title: Stop}
  lower_thresholds: {rank: 50, title: Lower it, text: Or go on as it is.}
  look: {rank: 40, title: Look at it}
  wait: {rank: 10, title: Wait, alone: true}
  continue: {rank: 0, title: Go on, alone: true}
"""


def rows(count: int, **more: Any) -> list[Row]:
    """Rows of one phase; a list or a function of the step gives values one by one, None leaves the key out."""
    made = []
    for step in range(1, count + 1):
        row: Row = {"step": step, "loss": 1.0, "phase": "first", "here": step, "score": 0.6, "slope": 0.0}
        for key, value in more.items():
            row[key] = value(step) if callable(value) else value
        made.append({key: value for key, value in row.items() if value is not None})
    return made


def noisy(level: float, rise: float = 0.0, seed: int = 1) -> Callable[[int], float]:
    chance = random.Random(seed)
    drawn = [chance.uniform(-0.004, 0.004) for _ in range(100)]
    return lambda step: round(level + drawn[step] + rise * step, 6)


def judged_in(folder: Path, long: int | None, monkeypatch: pytest.MonkeyPatch) -> Judge:
    """Writes a run into a folder and judges it; from `long` rows on as if it were too long to look at each of them."""
    if long:
        monkeypatch.setattr(evaluation, "Program", functools.partial(Program, long=long))

    def judged(run: Sequence[Row], change: tuple[str, str] | None = None, **options: Any) -> Report:
        (folder / "run.jsonl").write_text("".join(json.dumps(row) + "\n" for row in run), encoding="utf-8")
        return evaluate(folder / "run.jsonl", pack=pack(folder, change), **options)

    return judged


def pack(folder: Path, change: tuple[str, str] | None = None) -> Pack:
    text = PACK
    if change is not None:
        assert change[0] in text
        text = text.replace(*change)
    (folder / "p.yaml").write_text(text, encoding="utf-8")
    return load_pack(folder / "p.yaml")


def lines(gate: GateResult) -> dict[str, tuple[str, float | None, str, str]]:
    return {line.name: (line.target, line.value, line.status, line.reason) for line in gate.requirements}
