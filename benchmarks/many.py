"""Many runs in one call: how many a second after start-up, the memory of all processes, and whether a sample of the
reports is that of single calls, byte for byte.

The runs are made here: preference tuning that learns, one in ten turned around half-way, one in ten NaN near the end.
Run it where trainrules is installed; the figures to compare are those of

    python benchmarks/many.py --runs 2000 --rows 200 --least 300 --most 1024

which fails where they are not reached.
"""

from __future__ import annotations

import argparse
import json
import math
import random
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path
from statistics import median
from threading import Event, Thread

RULES = [sys.executable, "-m", "trainrules", "eval", "--pack", "kto", "--format", "jsonl"]
FIRST = 8
"""The runs of the call that tells what starting costs."""


def rows(seed: int, amount: int) -> Iterator[dict[str, object]]:
    """The rows of one run."""
    draw = random.Random(seed)
    fault = {0: "turned", 1: "nan"}.get(seed % 10)
    for step in range(1, amount + 1):
        is_turned = fault == "turned" and step > amount / 2
        margin = 1.5 * step / amount * (-1 if is_turned else 1) + draw.gauss(0, 0.2)
        row: dict[str, object] = {"step": step, "loss": 0.5 - margin / 10, "grad_norm": 1 + draw.random()}
        row |= {"learning_rate": 5e-7, "kl": max(0.0, draw.gauss(0, 1)), "epoch": step / 100}
        row |= {"rewards/chosen": margin / 2, "rewards/rejected": -margin / 2}
        if step % 3:
            row["rewards/margins"] = margin
        if fault == "nan" and step > 0.9 * amount:
            row |= {"loss": 0.0, "grad_norm": math.nan}
        yield row


def make(place: Path, runs: int, length: int) -> None:
    """Write the logs, each in a folder of its own."""
    for run in range(runs):
        folder = place / f"run{run:05}"
        folder.mkdir()
        text = "".join(json.dumps(row) + "\n" for row in rows(run, length))
        (folder / "log.jsonl").write_text(text, encoding="utf-8")


def judged(place: Path, *logs: str) -> tuple[float, float, list[str]]:
    """The seconds and the megabytes of all processes that a call takes, and its lines."""
    started = time.perf_counter()
    process = subprocess.Popen([*RULES, *logs], cwd=place, stdout=subprocess.PIPE, text=True)
    done, peak = Event(), [0.0]
    watcher = Thread(target=_watch, args=(process.pid, done, peak))
    watcher.start()
    out, _ = process.communicate()
    seconds = time.perf_counter() - started
    done.set()
    watcher.join()
    if process.returncode not in (0, 1):
        sys.exit(f"exit code {process.returncode}: {' '.join(logs[:2])}")
    return seconds, peak[0], out.splitlines()


def _watch(top: int, done: Event, peak: list[float]) -> None:
    while not done.wait(0.1):
        listed = subprocess.run(["ps", "-eo", "pid=,ppid=,rss="], capture_output=True, text=True).stdout
        found = [tuple(map(int, line.split())) for line in listed.splitlines()]
        peak[0] = max(peak[0], sum(rss for pid, parent, rss in found if top in (pid, parent)) / 1e3)


def main() -> None:
    ask = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    ask.add_argument("--runs", type=int, default=60, help="how many runs are judged in one call")
    ask.add_argument("--rows", type=int, default=200, help="how long each is")
    ask.add_argument("--sample", type=int, default=4, help="how many of them are judged by themselves as well")
    ask.add_argument("--least", type=float, default=0, help="fail below so many runs a second")
    ask.add_argument("--most", type=float, default=math.inf, help="fail above so many MiB of memory")
    given = ask.parse_args()
    if given.runs <= FIRST:
        ask.error(f"--runs must be more than {FIRST}")
    with tempfile.TemporaryDirectory() as folder:
        place = Path(folder)
        make(place, given.runs, given.rows)
        first = [f"run{run:05}/log.jsonl" for run in range(FIRST)]
        judged(place, *first)  # what is read for the first time is not counted
        start, _, _ = judged(place, *first)
        seconds, megabytes, lines = judged(place, "**/*.jsonl")
        if len(lines) != given.runs:
            sys.exit(f"{len(lines)} lines for {given.runs} runs")
        alone = []
        for place_of in range(0, given.runs, max(1, given.runs // given.sample)):
            took, _, (line,) = judged(place, f"run{place_of:05}/log.jsonl")
            alone.append(took)
            if line != lines[place_of]:
                sys.exit(f"run{place_of:05} is judged otherwise by itself")
    rate = (given.runs - FIRST) / max(seconds - start, 1e-9)
    print(f"{f'{given.runs:,} runs of {given.rows:,} rows':26}{seconds:8.2f} s")
    print(f"{f'{FIRST} runs, mostly start-up':26}{start:8.2f} s")
    print(f"after start-up            {rate:8.1f} runs a second")
    print(f"memory of all processes   {megabytes:8.0f} MB")
    print(f"as single calls           {median(alone) * given.runs / seconds:8.1f} x as long")
    print(f"sample                    {len(alone):8} reports, the same bytes")
    if rate < given.least or megabytes * 1e6 > given.most * (1 << 20):
        sys.exit(f"not reached: {given.least:g} runs a second within {given.most:g} MiB")


if __name__ == "__main__":
    main()
