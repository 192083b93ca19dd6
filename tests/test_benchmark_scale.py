"""The benchmark of one log runs, finds what is in it, and writes what it measured."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest

SCRIPT = Path(__file__).resolve().parents[1] / "benchmarks" / "scale.py"


@pytest.mark.slow
def test_it_writes_what_it_measured(tmp_path: Path) -> None:
    file = tmp_path / "speed.json"
    done = subprocess.run(
        [sys.executable, str(SCRIPT), "--rows", "500", "1000", "4000", "--rounds", "1", "--json", str(file)],
        capture_output=True,
        text=True,
        timeout=300,
    )
    assert (done.returncode, done.stderr) == (0, "")
    head, *lines, growth = done.stdout.splitlines()
    assert head.split()[:2] == ["rows", "log"]
    assert [line.split()[0] for line in lines] == ["500", "1,000", "4,000"]
    assert growth.startswith("from 500: rows to 4,000 are 7.0 x those to 1,000, their time ")
    found = json.loads(file.read_text(encoding="utf-8"))
    assert set(found) == {"schema", "python", "duckdb", "trainrules", "cores", "rounds", "measured"}
    assert [each["rows"] for each in found["measured"]] == [500, 1000, 4000]
    for each in found["measured"]:
        assert list(each["commands"]) == ["rules eval --pack kto", "a json.loads loop", "DuckDB's bare scan"]
        for runs in each["commands"].values():
            assert [len(runs["seconds"]), len(runs["megabytes"])] == [1, 1]
            assert min(*runs["seconds"], *runs["megabytes"]) > 0
