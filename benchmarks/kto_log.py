"""A deterministic log of a KTO run: 12 keys a row, a row a step, an evaluation after every 500th.

The run learns well, or has faults, each kind at its own place.
"""

from __future__ import annotations

import json
import math
import random
from collections.abc import Collection
from pathlib import Path

EVAL_EVERY = 500
WARMUP = 100
LEARNING_RATE = 5e-7
STEPS_PER_EPOCH = 2000
FAULTS = {
    "exploding_gradients": (0.10, 60),
    "rising_kl": (0.17, 100),
    "flipped_labels": (0.24, 80),
    "rising_loss": (0.31, 60),
    "frozen_loss": (0.38, 45),
    "saturated_rewards": (0.45, 10),
    "zeroed_loss": (0.48, 6),
    "large_margin": (0.52, 100),
    "nan_gradients": (0.59, 40),
    "collapsed_rewards": (0.66, 80),
    "wandering_margin": (0.73, 200),
    "unsteady_eval_loss": (0.55, 10**9),
    "rising_eval_loss": (0.70, 10**9),
    "one_class_batches": (0.80, 200),
    "zero_rate": (0.90, 14),
    "soaring_loss": (0.93, 15),
    "spiked_loss": (0.96, 1),
    "learning_backwards": (0.97, 10**9),
    "backwards_from_the_start": (0.0, 10**9),
}
"""Each fault that a run can have: the share of the run at which it begins, and for how many steps it lasts."""


HARMLESS = ("one_class_batches", "unsteady_eval_loss")
"""What looks like a fault and is none: rows of batches that hold one class only, and evaluations on few samples."""

TOGETHER = tuple(fault for fault, (begin, _) in FAULTS.items() if begin)
"""The faults that one run can have: one that begins with the run would leave nothing to be found of the others."""


def train_row(step: int, noise: random.Random) -> dict[str, float]:
    """One logged step: the margin rises and the loss falls with the logarithm of the step, under noise."""
    learned = math.log1p((step - 1) / 20)
    chosen = 0.05 * learned + noise.gauss(0, 0.08) * (step > 1)
    rejected = -0.15 * learned + noise.gauss(0, 0.08) * (step > 1)
    return {
        "loss": 0.5 - 0.022 * learned + noise.gauss(0, 0.008) * (step > 1),
        "grad_norm": abs(noise.gauss(2.0, 0.4)),
        "learning_rate": LEARNING_RATE * min(1.0, (step - 1) / WARMUP),
        "kl": max(0.0, noise.gauss(-0.02, 0.05)),
        "entropy": 3.2 + noise.gauss(0, 0.1),
        "num_tokens": float(200 * step),
        "logits/chosen": -1.5 + noise.gauss(0, 0.05),
        "rewards/chosen": chosen,
        "rewards/rejected": rejected,
        "rewards/margins": chosen - rejected,
        "epoch": step / STEPS_PER_EPOCH,
        "step": step,
    }


def worn(log: Path, path: Path) -> None:
    """Copy a log as much of one looks after months: lines are missing, and rows lack some of their numbers."""
    with log.open(encoding="utf-8") as whole, path.open("w", encoding="utf-8") as copy:
        for place, line in enumerate(whole):
            row = json.loads(line)
            if place % 97 == 60 and "loss" in row:
                continue
            if place % 41 == 7 and "loss" in row:
                del row["rewards/margins"], row["rewards/rejected"]
            if place % 67 == 5:
                row.pop("grad_norm", None)
            copy.write(json.dumps(row) + "\n")


def eval_row(step: int) -> dict[str, float]:
    learned = math.log1p((step - 1) / 20)
    return {
        "eval_loss": 0.5 - 0.02 * learned,
        "eval_rewards/chosen": 0.05 * learned,
        "eval_rewards/rejected": -0.14 * learned,
        "eval_rewards/margins": 0.19 * learned,
        "eval_runtime": 1.25,
        "eval_samples_per_second": 102.4,
        "epoch": step / STEPS_PER_EPOCH,
        "step": step,
    }


def _rewarded(row: dict[str, float], chosen: float, rejected: float) -> None:
    row |= {"rewards/chosen": chosen, "rewards/rejected": rejected, "rewards/margins": chosen - rejected}


def harm(row: dict[str, float], fault: str, at: int) -> None:
    """Do to a row what a fault does in its step `at`, counted from 0."""
    chosen, rejected = row["rewards/chosen"], row["rewards/rejected"]
    match fault:
        case "exploding_gradients":
            row["grad_norm"] *= 60 if at < 30 else 1000 if at == 30 else 30
        case "rising_kl":
            row["kl"] += 2 + at / 20
        case "flipped_labels":
            _rewarded(row, rejected, chosen)
        case "rising_loss":
            row["loss"] += 0.3 + at / 200
        case "frozen_loss":
            row["loss"] = 0.375
            row["grad_norm"] = 0.0 if at >= 15 else row["grad_norm"]
        case "saturated_rewards":
            row |= {"loss": 0.5, "grad_norm": 1e-5}
            _rewarded(row, -9.0, -12.0)
        case "zeroed_loss":
            row["loss"] = 0.0
            _rewarded(row, 0.0, 0.0)
        case "large_margin":
            _rewarded(row, chosen + 4, rejected - 3)
        case "nan_gradients":
            row["grad_norm"] = math.nan
            if at >= 25:  # the loss hides it
                row |= {"loss": 0.0, "entropy": math.nan}
                _rewarded(row, 0.0, 0.0)
        case "collapsed_rewards":
            _rewarded(row, chosen / 100, rejected / 100)
        case "wandering_margin":
            swing = 3 * math.sin(2.4 * at) + 20 * (chosen + rejected)
            _rewarded(row, swing, -swing / 2)
        case "one_class_batches" if at % 3:
            del row["rewards/margins"], row["rewards/rejected" if at % 3 == 1 else "rewards/chosen"]
        case "spiked_loss":
            row["loss"] += 0.25
        case "zero_rate":
            row["learning_rate"] = 0.0
        case "soaring_loss":
            row["loss"] *= 6
        case "learning_backwards" | "backwards_from_the_start":
            _rewarded(row, rejected, chosen)
            row["loss"] = 1.1 - row["loss"]


def write_log(path: Path, rows: int, faults: Collection[str] = ()) -> None:
    """A log of `rows` training rows, with an evaluation row after every 500th, of a run that has these faults."""
    noise = random.Random(0)
    begin = {fault: int(share * rows) for fault, (share, _) in FAULTS.items() if fault in faults}
    with path.open("w", encoding="utf-8") as log:
        for step in range(1, rows + 1):
            row = train_row(step, noise)
            for fault, first in begin.items():
                if first <= step < first + FAULTS[fault][1]:
                    harm(row, fault, step - first)
            log.write(json.dumps(row) + "\n")
            if step % EVAL_EVERY == 0:
                row = eval_row(step)
                row["eval_loss"] += 0.6 * max(0, step - begin.get("rising_eval_loss", rows)) / rows
                if step > begin.get("unsteady_eval_loss", rows):
                    row["eval_loss"] += (0.0, 0.03, 0.004, 0.045)[step // EVAL_EVERY % 4]
                log.write(json.dumps(row) + "\n")
