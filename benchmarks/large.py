"""A log far larger than the memory: time and peak memory of `rules eval --pack kto --memory-limit` at three sizes.

Makes deterministic logs of a KTO run, a quarter, a half and the whole of SIZE, each judged once in a process of its own
with a memory limit of half its size, and prints what their times make of each other: 1 : 2 : 4 is linear; it fails
where they grow faster. Run it where trainrules is installed, with disk for four times the largest log:

    python benchmarks/large.py --size 4GiB
"""

from __future__ import annotations

import argparse
import math
import random
import re
import sys
import tempfile
from itertools import pairwise
from pathlib import Path

from measure import Run, once  # beside this file

PARTS = (4, 2, 1)
LINEAR = 1.3
"""Time may grow by this factor more than the log does and still be called linear."""
POOL = 10_007
EVAL_EVERY = 500
_UNITS = {"": 1, "KiB": 1 << 10, "MiB": 1 << 20, "GiB": 1 << 30}


def size_of(text: str) -> int:
    """Bytes, from a text such as 64MiB."""
    found = re.fullmatch(r"(\d+)\s*(KiB|MiB|GiB|)", text)
    if not found:
        raise argparse.ArgumentTypeError(f"{text!r} is not a size; write 64MiB or 4GiB")
    return int(found[1]) * _UNITS[found[2]]


def shown(size: int) -> str:
    """A size as `--memory-limit` takes it."""
    return f"{size >> 20}MiB"


def write_log(path: Path, size: int) -> int:
    """Write a log of at least `size` bytes; returns its steps. Its noise repeats after POOL rows."""
    noise = random.Random(0)
    pool = []
    for _ in range(POOL):
        chosen, rejected = 0.38 + noise.gauss(0, 0.08), -0.9 + noise.gauss(0, 0.08)
        pool.append(
            f'{{"loss": {0.4 + noise.gauss(0, 0.008)!r}, "grad_norm": {abs(noise.gauss(2, 0.4))!r},'
            f' "learning_rate": 5e-07, "kl": 0.0, "entropy": {3.2 + noise.gauss(0, 0.1)!r},'
            f' "logits/chosen": {-1.5 + noise.gauss(0, 0.05)!r}, "rewards/chosen": {chosen!r},'
            f' "rewards/rejected": {rejected!r}, "rewards/margins": {chosen - rejected!r}, '
        )
    done = step = 0
    with path.open("w", encoding="ascii") as log:
        while done < size:
            batch = []
            for step in range(step + 1, step + 2_001):  # noqa: B020
                clock = f'"epoch": {step / 2000!r}, "step": {step}}}\n'
                batch.append(f'{pool[step % POOL]}"num_tokens": {200 * step}, {clock}')
                if step % EVAL_EVERY == 0:
                    batch.append(f'{{"eval_loss": {0.5 - 0.001 * math.log(step)!r}, {clock}')
            done += log.write("".join(batch))
    return step


def measure(size: int, limit: int, place: Path) -> Run:
    """Print the line of one size and return the run."""
    log = place / "training_metrics.jsonl"
    steps = write_log(log, size)
    run = once([sys.executable, "-m", "trainrules", "eval", "--pack", "kto", "--memory-limit", shown(limit), str(log)])
    log.unlink()
    if run.code not in (0, 1):
        sys.exit(f"exit code {run.code}: a log of {shown(size)} was not judged within {shown(limit)}")
    print(
        f"{shown(size):>10} {steps:>12,} {shown(limit):>10} {run.seconds:>9.1f} s {run.megabytes:>9.0f} MB", flush=True
    )
    return run


def main() -> None:
    ask = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    ask.add_argument("--size", type=size_of, default=size_of("256MiB"), help="of the largest log (default: 256MiB)")
    ask.add_argument("--limit", type=size_of, help="the memory limit for the largest (default: half its size)")
    ask.add_argument("--dir", type=Path, help="where the logs are made (and removed); default: the temp folder")
    given = ask.parse_args()
    limit = given.limit or given.size // 2
    print(f"{'log':>10} {'steps':>12} {'limit':>10} {'rules eval':>11} {'peak':>12}")
    with tempfile.TemporaryDirectory(dir=given.dir) as place:
        seconds = [measure(given.size // part, max(limit // part, 64 << 20), Path(place)).seconds for part in PARTS]
    ratios = " : ".join(f"{each / seconds[0]:.2f}" for each in seconds)
    grows = max(after / before for before, after in pairwise(seconds))
    print(f"times {ratios} for sizes 1 : 2 : 4; twice the log takes {grows:.2f} x the time at most", end=": ")
    print("linear" if grows <= 2 * LINEAR else "MORE THAN LINEAR")
    sys.exit(grows > 2 * LINEAR)


if __name__ == "__main__":
    main()
