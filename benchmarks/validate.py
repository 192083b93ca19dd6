"""What validating the shipped packs costs, beside importing the libraries that it could not do without.

Each measurement is a whole process; the commands run in turn, medians are printed. Run it where
trainrules is installed; of the shipped packs, it is `rules validate rules/` in the repository that is measured:

    python benchmarks/validate.py --rounds 11
"""

from __future__ import annotations

import argparse
import os
import sys
from pathlib import Path
from statistics import median

from measure import in_turn

ROOT = Path(__file__).resolve().parents[1]


def main() -> None:
    ask = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    ask.add_argument("--rounds", type=int, default=11, help="runs of each command, in turn")
    ask.add_argument("paths", nargs="*", help="what is validated; by default the shipped packs")
    given = ask.parse_args()
    if not given.paths:
        os.chdir(ROOT)
        given.paths = ["rules/"]
    imports = "import duckdb, jsonschema, yaml"
    commands = {
        f"python -c '{imports}'": [sys.executable, "-c", imports],
        "rules validate": [sys.executable, "-m", "trainrules", "validate", *given.paths],
    }
    results = in_turn(list(commands.values()), given.rounds, accept=[{0}, {0, 1}])
    floor = median(run.seconds for run in results[0])
    print(f"{'median of ' + str(given.rounds):46} {'ms':>7} {'MB':>6} {'x imports':>10}")
    for name, runs in zip(commands, results, strict=True):
        seconds, memory = median(run.seconds for run in runs), median(run.megabytes for run in runs)
        print(f"{name:46} {seconds * 1000:7.0f} {memory:6.0f} {seconds / floor:8.2f} x")


if __name__ == "__main__":
    main()
