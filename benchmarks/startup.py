"""What a start costs: `rules eval` on a log of 145 rows (a table, JSON) and `rules --help`, beside `import duckdb`.

Each measurement is a whole process; the commands run in turn, medians are printed. Run it where
trainrules is installed:

    python benchmarks/startup.py --rounds 21
"""

from __future__ import annotations

import argparse
import sys
from pathlib import Path
from statistics import median

from measure import in_turn

LOG = Path(__file__).resolve().parents[1] / "examples" / "kto_healthy" / "training_metrics.jsonl"


def main() -> None:
    ask = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    ask.add_argument("--rounds", type=int, default=21, help="runs of each command, in turn")
    ask.add_argument("--log", type=Path, default=LOG)
    given = ask.parse_args()
    rules = [sys.executable, "-m", "trainrules"]
    commands = {
        "python -c 'import duckdb'": [sys.executable, "-c", "import duckdb"],
        "python -c pass": [sys.executable, "-c", "pass"],
        "rules --help": [*rules, "--help"],
        f"rules eval ({given.log.parent.name})": [*rules, "eval", "--pack", "kto", str(given.log)],
        "rules eval --format json": [*rules, "eval", "--pack", "kto", "--format", "json", str(given.log)],
    }
    results = in_turn(list(commands.values()), given.rounds, accept=[{0}, {0}, {0}, {0, 1}, {0, 1}])
    floor = median(run.seconds for run in results[0])
    print(f"{'median of ' + str(given.rounds):34} {'ms':>7} {'MB':>6} {'x import duckdb':>16}")
    for name, runs in zip(commands, results, strict=True):
        seconds, memory = median(run.seconds for run in runs), median(run.megabytes for run in runs)
        print(f"{name:34} {seconds * 1000:7.0f} {memory:6.0f} {seconds / floor:14.2f} x")


if __name__ == "__main__":
    main()
