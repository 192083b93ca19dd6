"""`rules eval --profile`: where the time of one evaluation went."""

from __future__ import annotations

import math
import re
from collections.abc import Callable
from pathlib import Path

import pytest

from trainrules import cli, evaluate
from trainrules.commands.profile import table
from trainrules.engine.profiling import Phase, Profile

Run = Callable[..., tuple[int, str, str]]

PHASES = [
    "Importing, and loading the pack",
    "Reading the log",
    "The run at a glance",
    "Windows, level 1",
    "Windows, level 2: over those of level 1",
    "When each condition held",
    "Numbers of what was found, and of near misses",
    "The gates",
    "What the plan and the stages rest on",
    "Making the page",
]


@pytest.fixture
def run(capsys: pytest.CaptureFixture[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Run:
    """Runs the command line in a folder with a short log and a long one: exit code, standard output and error."""
    monkeypatch.chdir(tmp_path)
    for name, rows in (("short", 12), ("long", 4_001)):
        lines = (f'{{"step": {step}, "loss": {2 + math.sin(step)}}}\n' for step in range(rows))
        (tmp_path / f"{name}.jsonl").write_text("".join(lines), encoding="utf-8")

    def called(*arguments: str) -> tuple[int, str, str]:
        with pytest.raises(SystemExit) as left:
            cli.main(["eval", "--pack", "common", *arguments])
        assert isinstance(left.value.code, int)
        return left.value.code, *capsys.readouterr()

    return called


LINE = re.compile(r" *(\d+\.\d{3}) +(\d+\.\d)% (?: +\d+\.\d{3} +\d+| {15})  (.+)")


@pytest.mark.parametrize("name", ["short", "long"])
def test_every_part_has_its_line(run: Run, name: str) -> None:
    code, page, told = run("--profile", f"{name}.jsonl")
    assert (code, page) == run(f"{name}.jsonl")[:2]
    head, *lines, last = told.splitlines()
    assert head == "seconds  share in DuckDB asked"
    assert max(map(len, told.splitlines())) <= 80
    parts = [match.groups() for line in lines if (match := LINE.fullmatch(line))]
    titles = [title for *_, title in parts if not title.startswith(("Windows, level 3", "Conditions"))]
    assert (len(parts), titles) == (len(lines), PHASES)
    whole = re.fullmatch(r" *(\d+\.\d{3}) in all, without the start of Python(; at most [\d,]+ MB of memory)?", last)
    assert whole is not None
    assert sum(float(seconds) for seconds, *_ in parts) == pytest.approx(float(whole[1]), abs=0.01)
    assert sum(float(share) for _, share, _ in parts) == pytest.approx(100, abs=1)


def test_a_log_that_cannot_be_read_has_a_profile(run: Run) -> None:
    code, _, told = run("--profile", "none.jsonl")
    assert code == 3
    assert told.startswith("none.jsonl: there is no such file; check the path to the log\nseconds  share in DuckDB")


def test_several_logs_have_none(run: Run) -> None:
    code, page, told = run("--profile", "short.jsonl", "long.jsonl")
    assert (code, page) == (2, "")
    assert (
        told == "rules eval: --profile takes one log: several are judged beside each other; see 'rules eval --help'\n"
    )


def test_the_table() -> None:
    profile = Profile(0.0, [Phase("Reading the log", 0.75, 12, 1.25), Phase("The gates", 0.25)])
    assert table(profile, 182_400_000) == [
        "seconds  share in DuckDB asked",
        "  0.750  75.0%      1.250   12  Reading the log",
        "  0.250  25.0%                  The gates",
        "  1.000 in all, without the start of Python; at most 182 MB of memory",
    ]
    assert table(Profile(0.0, []), None)[-1] == "  0.000 in all, without the start of Python"


def test_who_watches_changes_no_report(tmp_path: Path) -> None:
    log = tmp_path / "run.jsonl"
    log.write_text("".join(f'{{"step": {step}, "loss": {1 / (1 + step)}}}\n' for step in range(20)), encoding="utf-8")
    profile = Profile(0.0)
    with profile.watching():
        watched = evaluate(log, pack="common")
    assert watched == evaluate(log, pack="common")
    reading = next(phase for phase in profile.phases if phase.title == "Reading the log")
    assert reading.statements > 0
    assert reading.in_duckdb > 0
