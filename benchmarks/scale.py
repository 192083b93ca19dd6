"""How `rules eval --pack kto` grows with the log, beside a bare `json.loads` loop over the same file.

Makes deterministic logs of a KTO run that learns well: 12 keys a row, an evaluation row every 500 steps. Each
measurement is a whole process; the two commands run in turn (A B A B ...), medians are printed, so that a machine that
slows down slows both. Run it where trainrules is installed:

    python benchmarks/scale.py --rows 10000 100000 1000000 --rounds 5
"""

from __future__ import annotations

import argparse
import json
import math
import random
import sys
import tempfile
from pathlib import Path
from statistics import median

from measure import Run, in_turn  # beside this file

LOOP = """
import json, sys
with open(sys.argv[1], encoding="utf-8") as log:
    for line in log:
        json.loads(line)
"""
EVAL_EVERY = 500
WARMUP = 100
LEARNING_RATE = 5e-7
STEPS_PER_EPOCH = 2000
LINEAR = 1.3
"""Time may grow by this factor more than the rows do and still be called linear."""


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


def write_log(path: Path, rows: int) -> None:
    """A log of `rows` training rows, with an evaluation row after every 500th."""
    noise = random.Random(0)
    with path.open("w", encoding="utf-8") as log:
        for step in range(1, rows + 1):
            log.write(json.dumps(train_row(step, noise)) + "\n")
            if step % EVAL_EVERY == 0:
                log.write(json.dumps(eval_row(step)) + "\n")


def measure(rows: int, rounds: int, place: Path) -> tuple[float, float]:
    """Print the line of one size; return the median seconds of `rules eval` and of the loop."""
    log = place / f"training_metrics_{rows}.jsonl"
    write_log(log, rows)
    size = log.stat().st_size / 1e6
    rules = [sys.executable, "-m", "trainrules", "eval", "--pack", "kto", str(log)]
    loop = [sys.executable, "-c", LOOP, str(log)]
    ours, theirs = in_turn([rules, loop], rounds, accept=({0, 1}, {0}))
    log.unlink()

    def column(runs: list[Run]) -> str:
        return f"{median(run.seconds for run in runs):8.2f} s {median(run.megabytes for run in runs):7.0f} MB"

    seconds, loop_seconds = (median(run.seconds for run in runs) for runs in (ours, theirs))
    print(
        f"{rows:>9,} {size:>7.0f} MB  {column(ours)}  {column(theirs)}  {seconds / loop_seconds:>5.2f} x"
        f"   exit {'/'.join(str(code) for code in sorted({run.code for run in ours}))}",
        flush=True,
    )
    return seconds, loop_seconds


def main() -> None:
    ask = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    ask.add_argument("--rows", type=int, nargs="+", default=[10_000, 100_000, 1_000_000])
    ask.add_argument("--rounds", type=int, default=5, help="runs of each command, in turn")
    ask.add_argument("--dir", type=Path, help="where the logs are made (and removed); default: the temp folder")
    given = ask.parse_args()
    print(f"{'rows':>9} {'log':>10}  {'rules eval --pack kto':>22}  {'json.loads loop':>22}  {'ratio':>7}")
    with tempfile.TemporaryDirectory(dir=given.dir) as place:
        sizes = sorted(set(given.rows))
        seconds = [measure(rows, given.rounds, Path(place))[0] for rows in sizes]
    if len(sizes) > 2:
        # From size to size, so that what a start costs falls out.
        rows_grow = (sizes[-1] - sizes[0]) / (sizes[1] - sizes[0])
        time_grows = (seconds[-1] - seconds[0]) / (seconds[1] - seconds[0])
        verdict = "linear" if time_grows <= LINEAR * rows_grow else "MORE THAN LINEAR"
        print(
            f"from {sizes[0]:,}: rows to {sizes[-1]:,} are {rows_grow:.1f} x those to {sizes[1]:,},"
            f" their time {time_grows:.1f} x: {verdict}"
        )


if __name__ == "__main__":
    main()
