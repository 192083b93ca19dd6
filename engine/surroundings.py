"""What the files beside a log say about its run, and those that a trainer keeps with the log in one."""

from __future__ import annotations

from collections.abc import Mapping
from math import isfinite
from os.path import basename
from typing import Any

from .report import Known

TOTAL, BEST, SAVES, RATE = "total_steps", "best_checkpoint", "save_steps", "learning_rate"


def of_trainer_state(fields: Mapping[str, Any], where: str = "") -> tuple[Known, ...]:
    """What the fields of a trainer_state.json say about the run; `where` is that file, as a report names it."""

    def source(field: str) -> str:
        return f"{where}: {field}" if where else field

    found = []
    if (total := _positive(fields.get("max_steps"))) is not None:
        found.append(Known(TOTAL, total, source("max_steps")))
    saves = _positive(fields.get("save_steps"))
    if saves is not None and saves >= 1:  # below 1 it is a share of the total
        found.append(Known(SAVES, saves, source("save_steps")))
    best = fields.get("best_model_checkpoint")
    if isinstance(best, str) and (name := basename(best.replace("\\", "/").rstrip("/"))):
        # Only the name: the folder is one of the machine that the run was on.
        found.append(Known(BEST, name, source("best_model_checkpoint")))
    return tuple(found)


def is_over(fields: Mapping[str, Any]) -> bool:
    """Whether a trainer_state.json is that of the last planned step."""
    total, at = _positive(fields.get("max_steps")), _positive(fields.get("global_step"))
    return total is not None and at is not None and at >= total


def _positive(value: object) -> float | None:
    if not isinstance(value, int | float) or isinstance(value, bool):
        return None
    return float(value) if isfinite(value) and value > 0 else None
