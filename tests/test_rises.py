"""A loss that rises again after it had fallen: the longer it goes on, the graver the plan, whatever came before it."""

from __future__ import annotations

import json
import math
from itertools import pairwise
from pathlib import Path

import pytest

from trainrules import evaluate_many

GRAVITY = {"continue": 0, "wait": 1, "stop": 3}
"""How grave the first action of a plan is; a wait that a warning asks for is 2."""


def log_of(falls: int, pace: float, floor: float, rise: float, rises: int) -> str:
    """A loss that falls to a share of its first value, evenly or not, and then rises by a share an epoch."""
    losses = [10500 * (floor + (1 - floor) * math.exp(-epoch / pace)) for epoch in range(falls)]
    losses += [losses[-1] * (1 + rise) ** (each + 1) for each in range(rises)]
    rows = [{"epoch": epoch, "train_loss": loss, "val_loss": 1.05 * loss} for epoch, loss in enumerate(losses, 1)]
    return "".join(json.dumps(row) + "\n" for row in rows)


@pytest.mark.parametrize("rise", [0.06, 0.12])
@pytest.mark.parametrize(
    ("falls", "pace", "floor"),
    [(5, 1.5, 0.2), (10, 1.5, 0.2), (10, 3, 0.4)],
)
def test_a_rise_that_goes_on_never_gets_a_milder_plan(
    tmp_path: Path, falls: int, pace: float, floor: float, rise: float
) -> None:
    logs = [tmp_path / f"{rises}.jsonl" for rises in range(2, 9)]
    for rises, log in enumerate(logs, 2):
        log.write_text(log_of(falls, pace, floor, rise, rises), encoding="utf-8")
    reports = [each.report for each in evaluate_many(logs, pack="sam_detr")]
    plans = [(each.plan[0].action, each.verdict) for each in reports if each is not None]
    grave = [GRAVITY[action] + (verdict == "attention") for action, verdict in plans]
    assert len(grave) == len(logs)
    assert all(later >= earlier for earlier, later in pairwise(grave[1:])), plans
    # A quarter above the best epoch, three times in a row: what the guide stops.
    firm = max(3, math.ceil(math.log(1.25) / math.log(1 + rise)))
    assert [action for action, _ in plans[firm - 2 :]] == ["stop"] * (len(plans) - firm + 2)
