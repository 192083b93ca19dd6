"""Small logs for the tests of readers: what is wanted of them, how they are written, and what was read."""

from __future__ import annotations

import json
import math
from collections.abc import Callable
from pathlib import Path
from typing import Any

from trainrules.engine.pack import Clock, KeyPattern
from trainrules.engine.readers.model import Run, Wanted, WantedMetric

FRACTION = "global_step/max_steps"
CLOCK = Clock(
    step=(KeyPattern("step"), KeyPattern("global_step"), KeyPattern(FRACTION, r"^(\d+)/")),
    total=(KeyPattern("max_steps"), KeyPattern(FRACTION, r"/(\d+)$")),
    epoch=(KeyPattern("epoch"),),
    time=(KeyPattern("time"), KeyPattern("timestamp")),
)
LOSS = WantedMetric("loss", ("loss", "train_loss"))
MARGIN = WantedMetric("margin", ("rewards/margins",))
GRAD = WantedMetric("grad", ("grad_norm",))
EVAL = WantedMetric("eval_loss", ("eval_loss",), role="eval")
PHASE = WantedMetric("phase", ("phase",), type="text")
NAN, INF = math.nan, math.inf


def wanted(*metrics: WantedMetric, **more: Any) -> Wanted:
    more.setdefault("clock", CLOCK)
    more.setdefault("summary", ("train_runtime",))
    return Wanted(metrics=metrics or (LOSS, MARGIN, GRAD, EVAL), **more)


def writer(folder: Path) -> Callable[..., str]:
    """Writes a log: bytes as they are, a text as UTF-8, objects one a line."""

    def write(*lines: Any, name: str = "run.jsonl") -> str:
        path = folder / name
        if len(lines) == 1 and isinstance(lines[0], bytes):
            path.write_bytes(lines[0])
        else:
            text = "".join((line if isinstance(line, str) else json.dumps(line)) + "\n" for line in lines)
            path.write_bytes(text.encode())
        return str(path)

    return write


def steps(*numbers: float, **more: Any) -> list[dict[str, Any]]:
    return [{"step": number, "loss": index, **more} for index, number in enumerate(numbers)]


def cells(run: Run, *names: str) -> list[Any]:
    """The columns of a run by metric, label or own name: a list of values, or of tuples."""
    columns = [run.columns.get(name) or run.labels.get(name) or name for name in names]
    rows = run.con.execute(f"SELECT {', '.join(columns)} FROM run ORDER BY i").fetchall()
    return [row[0] for row in rows] if len(names) == 1 else rows


def same(left: list[Any], right: list[Any]) -> bool:
    """Equality in which NaN equals NaN."""
    return repr([float(x) if isinstance(x, int) else x for x in left]) == repr(
        [float(x) if isinstance(x, int) else x for x in right]
    )
