"""How `rules eval --pack kto` grows with the log, beside what it takes only to read the same file.

Makes deterministic logs of a KTO run that learns well: 12 keys a row, an evaluation row every 500 steps. Beside it run
a bare `json.loads` loop and DuckDB's own typed scan of the same keys. Each measurement is a whole process; the commands
run in turn (A B C A B C ...) and medians are printed, so that a machine that slows down slows all. What is found in the
file is compared before anything is timed. Run it where trainrules is installed:

    python benchmarks/scale.py --rows 10000 100000 1000000 --rounds 5 --json docs/speed.json

docs/build.py makes the table of docs/speed.md from the JSON.
"""

from __future__ import annotations

import argparse
import json
import math
import os
import platform
import random
import subprocess
import sys
import tempfile
from importlib.metadata import version
from pathlib import Path
from statistics import median
from typing import Any

from measure import in_turn  # beside this file

RULES = "rules eval --pack kto"
LOOP = "a json.loads loop"
SCAN = "DuckDB's bare scan"
LOOPED = """
import json, sys
with open(sys.argv[1], encoding="utf-8") as log:
    for line in log:
        json.loads(line)
"""
SCANNED = """
import duckdb, sys
keys = sys.argv[2:]
sums = ", ".join(f'sum("{key}")' for key in keys)
found = duckdb.execute(
    f"SELECT count(*), count(loss), {sums} FROM read_json($1, format='newline_delimited', columns=$2)",
    [sys.argv[1], dict.fromkeys(keys, "DOUBLE")],
).fetchone()
print(*found[:2])
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


def commands(log: Path) -> dict[str, list[str]]:
    """What is measured over a log, by name."""
    keys = list(train_row(1, random.Random(0)))
    return {
        RULES: [sys.executable, "-m", "trainrules", "eval", "--pack", "kto", str(log)],
        LOOP: [sys.executable, "-c", LOOPED, str(log)],
        SCAN: [sys.executable, "-c", SCANNED, str(log), *keys],
    }


def compare(log: Path, rows: int) -> None:
    """Exit with a message unless what is found in the file is what was put there, and a healthy run is let go on."""
    lines = rows + rows // EVAL_EVERY
    asked = commands(log)
    done = subprocess.run(asked[SCAN], capture_output=True, text=True, check=True)
    if done.stdout.split() != [str(lines), str(rows)]:
        sys.exit(f"{SCAN} found {done.stdout.strip()} lines and losses, not {lines} {rows}")
    report = json.loads(subprocess.run([*asked[RULES], "--format", "json"], capture_output=True, text=True).stdout)
    found = {name: report["log"][name] for name in ("rows", "last_step", "malformed")}
    if found != {"rows": rows, "last_step": rows, "malformed": 0}:
        sys.exit(f"{RULES} found {found} in a log of {rows} steps")
    if harm := {action["action"] for action in report["plan"]} & {"stop", "revert", "restart"}:
        sys.exit(f"{RULES} would {' and '.join(sorted(harm))} a run that learns well")


def measure(rows: int, rounds: int, place: Path) -> dict[str, Any]:
    """The runs of each command over a log of one size; prints their line."""
    log = place / f"training_metrics_{rows}.jsonl"
    write_log(log, rows)
    compare(log, rows)
    asked = commands(log)
    runs = dict(zip(asked, in_turn(list(asked.values()), rounds, accept=({0, 1}, {0}, {0})), strict=True))
    found = {"rows": rows, "megabytes": round(log.stat().st_size / 1e6, 1), "commands": {}}
    log.unlink()
    for name, each in runs.items():
        found["commands"][name] = {
            "seconds": [round(run.seconds, 3) for run in each],
            "megabytes": [round(run.megabytes) for run in each],
        }
    print(line(found), flush=True)
    return found


def ratio(measured: dict[str, Any], name: str, other: str) -> float:
    """The median of the ratios of one command's seconds to another's, round by round."""
    pairs = zip(*(measured["commands"][each]["seconds"] for each in (name, other)), strict=True)
    return median(a / b for a, b in pairs)


def line(measured: dict[str, Any]) -> str:
    """One size as a line of figures."""
    cells = [
        f"{median(each['seconds']):8.2f} s {median(each['megabytes']):6.0f} MB"
        for each in measured["commands"].values()
    ]
    ratios = [f"{ratio(measured, RULES, other):6.2f} x" for other in (LOOP, SCAN)]
    return f"{measured['rows']:>10,} {measured['megabytes']:>7,.0f} MB {'  '.join(cells)}  {'  '.join(ratios)}"


def growth(measured: list[dict[str, Any]]) -> str:
    """How the time grows with the rows from size to size, so that what a start costs falls out."""
    sizes = [each["rows"] for each in measured]
    seconds = [median(each["commands"][RULES]["seconds"]) for each in measured]
    rows_grow = (sizes[-1] - sizes[0]) / (sizes[1] - sizes[0])
    time_grows = (seconds[-1] - seconds[0]) / (seconds[1] - seconds[0])
    verdict = "linear" if time_grows <= LINEAR * rows_grow else "MORE THAN LINEAR"
    return (
        f"from {sizes[0]:,}: rows to {sizes[-1]:,} are {rows_grow:.1f} x those to {sizes[1]:,},"
        f" their time {time_grows:.1f} x: {verdict}"
    )


def main() -> None:
    ask = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    ask.add_argument("--rows", type=int, nargs="+", default=[10_000, 100_000, 1_000_000])
    ask.add_argument("--rounds", type=int, default=5, help="runs of each command, in turn")
    ask.add_argument("--dir", type=Path, help="where the logs are made (and removed); default: the temp folder")
    ask.add_argument("--json", type=Path, help="where to write what was measured, run by run")
    given = ask.parse_args()
    print(f"{'rows':>10} {'log':>10}   {RULES:>20}  {LOOP:>20}  {SCAN:>20}  {'/loop':>8}  {'/scan':>8}")
    with tempfile.TemporaryDirectory(dir=given.dir) as place:
        measured = [measure(rows, given.rounds, Path(place)) for rows in sorted(set(given.rows))]
    if len(measured) > 2:
        print(growth(measured))
    if given.json:
        about = {
            "python": platform.python_version(),
            "duckdb": version("duckdb"),
            "trainrules": version("trainrules"),
            "cores": os.cpu_count(),
            "rounds": given.rounds,
        }
        text = json.dumps({"schema": "trainrules/speed/1", **about, "measured": measured}, indent=1)
        given.json.write_text(text + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
