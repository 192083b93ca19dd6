"""Runs with noise, many seeds of each kind: chance alone stops no run, and what is real is found in it."""

from __future__ import annotations

import json
import math
import random
from collections import Counter
from pathlib import Path

import pytest

from trainrules import evaluate_many

SEEDS = 40
NOISES = (0.02, 0.04, 0.06, 0.08)


def run_of(seed: int, *, rows: int = 100, rise: float = 0.0, since: int = 60) -> str:
    """The log of a run that settles within 60 epochs; from `since` on its validation loss rises by `rise` an epoch."""
    chance = random.Random(seed)
    noise, pace, fall = NOISES[seed % 4] / (2 if rise else 1), chance.uniform(0.7, 0.85), chance.choice([0.0, 0.003])
    lines = []
    for epoch in range(rows):
        train = (20 * (1 - fall - rise / 4) ** epoch + 10480 * pace**epoch) * math.exp(chance.gauss(0, noise / 2))
        val = (27 + 10000 * pace**epoch) * (1 + rise * max(0, epoch - since)) * math.exp(chance.gauss(0, noise))
        lines.append(json.dumps({"epoch": epoch + 1, "train_loss": train, "val_loss": val}))
    return "\n".join(lines) + "\n"


def plans(place: Path, logs: dict[str, str], pack: str) -> dict[str, str]:
    """The first action for each log."""
    paths = []
    for name, text in logs.items():
        paths.append(place / f"{name}.jsonl")
        paths[-1].write_text(text, encoding="utf-8")
    judged = evaluate_many(paths, pack=pack)
    return {Path(each.log).stem: each.report.plan[0].action for each in judged if each.report is not None}


@pytest.mark.parametrize("pack", ["common", "sam_detr"])
def test_chance_stops_no_run_that_has_settled(tmp_path: Path, pack: str) -> None:
    logs = {f"{seed}-{rows}": run_of(seed, rows=rows) for seed in range(SEEDS) for rows in (60, 100)}
    found = plans(tmp_path, logs, pack)
    assert len(found) == len(logs)
    assert {name: action for name, action in found.items() if action not in ("continue", "wait")} == {}


@pytest.mark.parametrize("rise", [0.01, 0.03])
def test_a_validation_loss_that_rises_is_found_in_the_noise(tmp_path: Path, rise: float) -> None:
    found = plans(tmp_path, {f"{seed}": run_of(seed, rise=rise) for seed in range(SEEDS)}, "sam_detr")
    assert Counter(found.values()) == {"stop_early": SEEDS}
