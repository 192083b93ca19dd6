"""Logs of many runs for tests: of one trainer, with all that goes wrong in real ones, made from a seed."""

from __future__ import annotations

import json
import random
from collections.abc import Callable, Iterable
from math import inf, nan
from pathlib import Path
from typing import Any

from trainrules.engine.pack import Pack
from trainrules.engine.series import first_key

Row = dict[str, Any]

MOST_KEYS = 14


def plain(rng: random.Random, keys: list[str], rows: int) -> list[Row]:
    """Rows of a run: each key walks by itself."""
    walks = {key: rng.gauss(1, 1) for key in keys}
    trends = {key: rng.gauss(0, 0.02) for key in keys}
    found = []
    for step in range(1, rows + 1):
        for key in keys:
            walks[key] += trends[key]
        cells = {key: round(walk + rng.gauss(0, 0.1), 6) for key, walk in walks.items()}
        found.append({**cells, "epoch": step / 50, "step": step})
    return found


def with_evaluations(rng: random.Random, rows: list[Row]) -> list[Row]:
    out = []
    for number, row in enumerate(rows, 1):
        out.append(row)
        if number % 10 == 0:
            out.append({"eval_loss": 1 / number + rng.gauss(0, 0.01), "epoch": row["epoch"], "step": row["step"]})
    return out


def with_gaps(rng: random.Random, rows: list[Row]) -> list[Row]:
    """Keys are missing on some rows, and whole rows are."""
    return [
        {key: value for key, value in row.items() if key in ("step", "epoch") or rng.random() < 0.8}
        for row in rows
        if rng.random() < 0.9
    ]


def with_odd_values(rng: random.Random, rows: list[Row]) -> list[Row]:
    odd = (nan, inf, -inf, 0.0, -0.0, 1e200, 1e308, 5e-324, None, "0.5", "NaN", True, "text", [1], {"a": 1})
    at = rng.randrange(len(rows))
    for row in rows[at : at + 8]:
        key = rng.choice(list(row))
        if key not in ("step", "epoch"):
            row[key] = rng.choice(odd)
    return rows


def with_a_nan(rng: random.Random, rows: list[Row]) -> list[Row]:
    at = rng.randrange(len(rows))
    for row in rows[at:]:
        for key in list(row)[:3]:
            if key not in ("step", "epoch"):
                row[key] = nan if rng.random() < 0.7 else 0.0
    return rows


def with_restarts(rng: random.Random, rows: list[Row]) -> list[Row]:
    out = list(rows)
    for _ in range(rng.randint(1, 3)):
        at = rng.randrange(len(out))
        back = max(0, at - rng.randint(1, 12))
        out = [*out[:at], *(dict(row) for row in out[back:])]
    return out


def with_repeats(rng: random.Random, rows: list[Row]) -> list[Row]:
    """Lines of one step: some repeat its keys, some bring the rest of them."""
    out = []
    for row in rows:
        keys = [key for key in row if key != "step"]
        if rng.random() < 0.2 and len(keys) > 3:
            out.append({**{key: row[key] for key in keys[:2]}, "step": row["step"]})
            out.append({**{key: row[key] for key in keys[2:]}, "step": row["step"]})
        else:
            out += [row, row] if rng.random() < 0.05 else [row]
    return out


def flat(rng: random.Random, rows: list[Row]) -> list[Row]:
    return [{key: value if key in ("step", "epoch") else 0.1 for key, value in row.items()} for row in rows]


def zeros(rng: random.Random, rows: list[Row]) -> list[Row]:
    def cell(value: float) -> float:
        return rng.choice((0.0, -0.0, value if rng.random() < 0.1 else 0.0))

    return [{key: value if key in ("step", "epoch") else cell(value) for key, value in row.items()} for row in rows]


def every_fifth(rng: random.Random, rows: list[Row]) -> list[Row]:
    return [{**row, "step": row["step"] * 5 + 300} for row in rows]


def uneven(rng: random.Random, rows: list[Row]) -> list[Row]:
    step = 0
    out = []
    for row in rows:
        step += rng.choice((1, 1, 1, 2, 7))
        out.append({**row, "step": step})
    return out


def by_epoch(rng: random.Random, rows: list[Row]) -> list[Row]:
    return [
        {**{key: value for key, value in row.items() if key != "step"}, "epoch": place}
        for place, row in enumerate(rows)
    ]


def by_parts_of_epochs(rng: random.Random, rows: list[Row]) -> list[Row]:
    """As the Hugging Face Trainer prints them, with its rounding; some runs have a step that stands still."""
    step = {"step": 0} if rng.random() < 0.5 else {}
    return [
        {**{key: value for key, value in row.items() if key != "step"}, **step, "epoch": round((place + 1) / 30, 2)}
        for place, row in enumerate(rows)
    ]


def without_a_clock(rng: random.Random, rows: list[Row]) -> list[Row]:
    return [{key: value for key, value in row.items() if key not in ("step", "epoch")} for row in rows]


def with_lost_steps(rng: random.Random, rows: list[Row]) -> list[Row]:
    return [{key: value for key, value in row.items() if key != "step" or rng.random() < 0.7} for row in rows]


def with_times(rng: random.Random, rows: list[Row]) -> list[Row]:
    return [{**row, "time": 1.7e9 + 30 * place + rng.random()} for place, row in enumerate(rows)]


def ended(rng: random.Random, rows: list[Row]) -> list[Row]:
    last = rows[-1]
    return [*rows, {"train_runtime": 12.5, "train_loss": 0.4, "epoch": last["epoch"], "step": last["step"]}]


def short(rng: random.Random, rows: list[Row]) -> list[Row]:
    return rows[: rng.randint(1, 4)]


def that_end_in_null(rng: random.Random, rows: list[Row]) -> list[Row]:
    first, gone = len(rows) - rng.randint(5, 20), rng.choice((None, "n/a"))
    keys = [key for key in rows[-1] if key not in ("step", "epoch")]
    gone_keys = rng.sample(keys, min(2, len(keys)))
    return [row | dict.fromkeys(gone_keys, gone) if place >= first else row for place, row in enumerate(rows)]


Twist = Callable[[random.Random, list[Row]], list[Row]]

TWISTS: tuple[Twist, ...] = (
    lambda rng, rows: rows,
    with_evaluations,
    with_gaps,
    with_odd_values,
    with_a_nan,
    with_restarts,
    with_repeats,
    flat,
    zeros,
    every_fifth,
    uneven,
    by_epoch,
    by_parts_of_epochs,
    without_a_clock,
    with_lost_steps,
    with_times,
    ended,
    short,
    that_end_in_null,
)


def torn(rng: random.Random, lines: list[str]) -> list[str]:
    """Some lines are no JSON, some are not there, some are blank."""
    out = []
    for line in lines:
        chance = rng.random()
        if chance < 0.02:
            out.append(line[: len(line) // 2])
        elif chance < 0.03:
            out += ["epoch done", line]
        elif chance < 0.04:
            out += ["   ", line]
        else:
            out.append(line)
    return out


def keys_of(pack: Pack) -> list[str]:
    """Keys that a pack asks for, the required ones first; what are texts or labels is left out."""
    metrics = sorted(pack.metrics.values(), key=lambda metric: not metric.required)
    found = [first_key(pack, metric.id) for metric in metrics if metric.keys and metric.type == "number"]
    found = [key for key in found if "{" not in key and "/max_steps" not in key]
    return list(dict.fromkeys(["loss", *found]))[:MOST_KEYS]


def write(folder: Path, pack: Pack, twists: Iterable[Twist], *, each: int, seed: int = 0, rows: int = 60) -> list[str]:
    """Write `each` logs for each twist, each in a folder of its own; some have two twists, some torn lines."""
    logs = []
    for number, twist in enumerate(twists):
        for one in range(each):
            rng = random.Random(f"{seed}/{number}/{one}")
            found = plain(rng, keys_of(pack), rows + rng.randint(0, 20))
            if one % 3 == 2:
                found = rng.choice((with_gaps, with_restarts, with_evaluations))(rng, found)
            lines = [json.dumps(row) for row in twist(rng, found)]
            lines = torn(rng, lines) if one % 4 == 3 else lines
            place = folder / f"{number:02}_{one}"
            place.mkdir(parents=True)
            path = place / "log.jsonl"
            path.write_text("".join(f"{line}\n" for line in lines), encoding="utf-8")
            logs.append(str(path))
    return logs
