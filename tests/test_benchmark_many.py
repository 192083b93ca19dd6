"""The benchmark of many runs runs, and holds what it says."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from pathlib import Path
from types import ModuleType

import pytest

from .scripts import loaded

SCRIPT = Path(__file__).resolve().parents[1] / "benchmarks" / "many.py"
pytestmark = pytest.mark.skipif(os.name == "nt", reason="memory is asked of ps")


@pytest.fixture
def script() -> ModuleType:
    return loaded(SCRIPT)


@pytest.mark.slow
def test_it_prints_its_figures() -> None:
    done = subprocess.run(
        [sys.executable, str(SCRIPT), "--runs", "12", "--rows", "20", "--sample", "2"],
        capture_output=True,
        text=True,
        timeout=300,
    )
    assert (done.returncode, done.stderr) == (0, "")
    numbers = {line[:26].strip(): float(line[26:].split()[0]) for line in done.stdout.splitlines()}
    assert list(numbers) == [
        "12 runs of 20 rows",
        "8 runs, mostly start-up",
        "after start-up",
        "memory of all processes",
        "as single calls",
        "sample",
    ]
    assert numbers["sample"] == 2
    assert min(numbers.values()) > 0


def test_a_report_that_is_another_one_by_itself_is_told(script: ModuleType, monkeypatch: pytest.MonkeyPatch) -> None:
    def judged(place: Path, *logs: str) -> tuple[float, float, list[str]]:
        found = [str(path.parent.name) for path in sorted(place.glob("**/*.jsonl"))] if len(logs) == 1 else []
        if logs[0] == "**/*.jsonl":
            return 2.0, 100.0, found
        return 1.0, 50.0, ["another" if logs[0].startswith("run00006") else logs[0].partition("/")[0]]

    monkeypatch.setattr(script, "judged", judged)
    monkeypatch.setattr(sys, "argv", ["many.py", "--runs", "9", "--rows", "3", "--sample", "3"])
    with pytest.raises(SystemExit, match="run00006 is judged otherwise by itself"):
        script.main()


def test_every_tenth_run_turns_and_every_tenth_is_lost(script: ModuleType) -> None:
    whole = {seed: [dict(row) for row in script.rows(seed, 20)] for seed in (0, 1, 2)}
    assert [whole[seed][-1]["rewards/chosen"] > 0 for seed in whole] == [False, True, True]
    assert [row["loss"] == 0 for row in whole[1]].count(True) == 2
    assert all(re.fullmatch(r"\d+", str(row["step"])) for row in whole[2])
