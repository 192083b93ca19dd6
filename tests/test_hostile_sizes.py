"""Logs beyond all measure, and logs that change while they are read."""

from __future__ import annotations

import json
import math
import os
import subprocess
import sys
import threading
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from trainrules import LogError, cli, evaluate
from trainrules.engine.pack import Clock, KeyPattern
from trainrules.engine.readers.deadline import Deadline, OverdueError
from trainrules.engine.readers.model import Run, Wanted, WantedMetric
from trainrules.engine.readers.reading import read

WANTED = Wanted(
    Clock(step=(KeyPattern("step"),)), (WantedMetric("loss", ("loss",)), WantedMetric("deep", ("a/b",))), ("loss",)
)
ROOT = Path(__file__).resolve().parents[1]


def read_log(path: Path, content: str | bytes) -> Run:
    path.write_bytes(content.encode() if isinstance(content, str) else content)
    run = read(str(path), WANTED)
    return run


def losses(run: Run) -> list[float]:
    return [value for (value,) in run.con.execute(f"SELECT {run.columns['loss']} FROM run ORDER BY i").fetchall()]


def row(step: int, loss: str = "1", more: str = "") -> str:
    return f'{{"step": {step}, "loss": {loss}{more}}}\n'


@pytest.mark.parametrize(
    ("written", "value"),
    [
        ("1e308", 1e308),
        ("-1.7976931348623157e308", -sys.float_info.max),
        ("1e309", math.inf),
        ("-1e400", -math.inf),
        ("5e-324", 5e-324),
        ("2.2250738585072011e-308", 2.225073858507201e-308),
        ("1e-400", 0.0),
        ("-0.0", 0.0),
        ("9007199254740993", 9007199254740992.0),
        ("18446744073709551616", 18446744073709551616.0),
        ("9" * 300, float("9" * 300)),
        ("9" * 400, math.inf),
        ("1" + "0" * 5_000, math.inf),
        ("0." + "0" * 5_000 + "1", 0.0),
        ("1e" + "9" * 50, math.inf),
    ],
    ids=lambda value: str(value)[:24],
)
def test_numbers_at_the_ends_of_the_range(tmp_path: Path, written: str, value: float) -> None:
    run = read_log(tmp_path / "run.jsonl", row(1) + row(2, written) + row(3))
    assert losses(run) == [1.0, value, 1.0]
    assert run.facts.malformed == 0


def test_a_run_at_the_ends_of_the_range_is_judged(tmp_path: Path) -> None:
    values = ("1e308", "-1e308", "5e-324", "1e308", "0", "1e-320", "-1.7976931348623157e308")
    path = tmp_path / "run.jsonl"
    path.write_text("".join(row(n, values[n % len(values)], ', "grad_norm": 1e308') for n in range(1, 60)))
    report = evaluate(path, pack="kto")
    assert report.log.rows == 59
    json.dumps(report.log.first_step, allow_nan=False)


@pytest.mark.parametrize("step", ["1e308", "9" * 30, "-5", "5e-324", "NaN", "1e400", '"x"', "[1]", "null", "true"])
def test_steps_of_any_kind(tmp_path: Path, step: str) -> None:
    path = tmp_path / "run.jsonl"
    path.write_text("".join(row(n) for n in range(1, 20)) + f'{{"step": {step}, "loss": 1}}\n' + row(21))
    with pytest.raises(LogError) if step == "never" else _nothing():
        report = evaluate(path, pack="common")
        assert report.log.rows >= 2


class _nothing:  # noqa: N801
    def __enter__(self) -> None: ...

    def __exit__(self, *_: object) -> None: ...


def test_lines_of_ten_mebibytes(tmp_path: Path) -> None:
    text = "x" * (10 << 20)
    content = row(1) + row(2, "2", f', "text": "{text}"') + text + "\n" + row(3, "3")
    run = read_log(tmp_path / "run.jsonl", content)
    assert losses(run) == [1.0, 2.0, 3.0]
    assert (run.facts.lines, run.facts.malformed, run.facts.bad_lines) == (4, 1, (3,))


def test_a_line_that_is_longer_than_any_log_has(tmp_path: Path) -> None:
    (tmp_path / "run.jsonl").write_bytes(b'{"loss": "' + b"x" * ((64 << 20) + 1) + b'"}\n')
    with pytest.raises(LogError, match="a line is longer than 64 MiB"):
        evaluate(tmp_path / "run.jsonl", pack="common")


@pytest.mark.slow
def test_a_million_keys(tmp_path: Path) -> None:
    lines = [
        "{" + ", ".join(f'"k{n}": {n}' for n in range(start, start + 10_000)) + f', "step": {start + 1}, "loss": 2}}\n'
        for start in range(0, 1_000_000, 10_000)
    ]
    began = time.process_time()
    run = read_log(tmp_path / "run.jsonl", "".join(lines))
    assert losses(run) == [2.0] * 100
    assert time.process_time() - began < 20


@pytest.mark.parametrize(("depth", "lost"), [(50, 0), (900, 0), (20_000, 1)])
def test_deep_nesting(tmp_path: Path, depth: int, lost: int) -> None:
    for opens, closes in (('{"a":', "}"), ("[", "]")):
        deep = f'{{"step": 2, "loss": 2, "x": {opens * depth}1{closes * depth}}}\n'
        run = read_log(tmp_path / "run.jsonl", row(1) + deep + row(3, "3"))
        assert losses(run)[0::2][-1] in (3.0, 1.0)
        assert run.facts.malformed in (0, lost)
        assert run.facts.rows + run.facts.malformed == 3
    (tmp_path / "deep.json").write_text("[" * depth)
    with pytest.raises(LogError):
        evaluate(tmp_path / "deep.json", pack="common")


# Limits


def test_no_half_of_a_report_where_the_memory_does_not_do(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "run.jsonl").write_text("".join(row(n, str(n % 7), ', "grad_norm": 2') for n in range(30_000)))
    monkeypatch.chdir(tmp_path)
    with pytest.raises(SystemExit) as left:
        cli.main(["eval", "--pack", "common", "--memory-limit", "5MB", "--format", "json", "run.jsonl"])
    out, err = capsys.readouterr()
    assert left.value.code == 3
    assert "takes more than the 5MB" in err
    assert len(err.splitlines()) == 1
    assert json.loads(out)["verdict"] == "unknown"
    assert [each.name for each in tmp_path.iterdir()] == ["run.jsonl"]


def test_work_outside_duckdb_is_given_up_in_time(tmp_path: Path) -> None:
    deadline = Deadline(0.0)
    with pytest.raises(OverdueError):
        deadline.check()
    assert deadline.is_over
    (tmp_path / "history.json").write_text(json.dumps({"loss": [1.5] * 100_000}))
    with pytest.raises(LogError, match=r"within 0\.02 seconds"):
        evaluate(tmp_path / "history.json", pack="common", timeout=0.02)


# A log that changes


def changing(path: Path, change: Callable[[int], None]) -> tuple[threading.Event, threading.Thread]:
    stop = threading.Event()

    def work() -> None:
        number = 0
        while not stop.is_set():
            change(number)
            number += 1

    thread = threading.Thread(target=work, daemon=True)
    thread.start()
    return stop, thread


def grows(path: Path) -> Callable[[int], None]:
    def change(number: int) -> None:
        with path.open("a") as stream:
            stream.write(row(1_000_000 + number)[:20])
            stream.flush()
            stream.write(row(1_000_000 + number)[20:])

    return change


def is_truncated(path: Path) -> Callable[[int], None]:
    def change(number: int) -> None:
        with path.open("r+") as stream:
            stream.truncate((number * 7_919) % 200_000)
            stream.seek(0, os.SEEK_END)
            stream.write("".join(row(n) for n in range(number % 3_000)))

    return change


def is_replaced(path: Path) -> Callable[[int], None]:
    def change(number: int) -> None:
        new = path.with_suffix(".new")
        new.write_text("".join(row(n, str(number)) for n in range(1, 2 + number * 37 % 5_000)))
        os.replace(new, path)

    return change


@pytest.mark.parametrize("how", [grows, is_truncated, is_replaced])
def test_a_log_that_changes_while_it_is_read(tmp_path: Path, how: Callable[[Path], Callable[[int], None]]) -> None:
    path = tmp_path / "run.jsonl"
    path.write_text("".join(row(n) for n in range(1, 3_000)))
    stop, thread = changing(path, how(path))
    try:
        for _ in range(3):
            try:
                run = read(str(path), WANTED)
            except LogError:
                continue
            assert run.facts.rows + run.facts.superseded + run.facts.malformed <= run.facts.lines
            run.con.close()
    finally:
        stop.set()
        thread.join(10)


# Far larger than the memory


@pytest.mark.slow
def test_the_benchmark_of_large_logs(tmp_path: Path) -> None:
    command = [
        sys.executable,
        str(ROOT / "benchmarks" / "large.py"),
        "--size",
        "8MiB",
        "--limit",
        "2GiB",
        "--dir",
        str(tmp_path),
    ]
    done = subprocess.run(command, capture_output=True, text=True, timeout=300, check=False)
    assert done.returncode == 0, done.stderr
    assert [line.split()[0] for line in done.stdout.splitlines()[1:4]] == ["2MiB", "4MiB", "8MiB"]
    assert "for sizes 1 : 2 : 4" in done.stdout
    assert not list(tmp_path.iterdir())


FULL_DISK = """
import resource, sys, tempfile
from trainrules import cli
from trainrules.engine.readers import spill

spill.LONG = 1  # as for a log of many megabytes
tempfile.tempdir = sys.argv[1]
resource.setrlimit(resource.RLIMIT_FSIZE, (100_000, 100_000))  # no file may grow beyond that
cli.main(["eval", "--pack", "kto", "--threads", "1", "--format", "json", "--memory-limit", *sys.argv[2:]])
"""


@pytest.mark.slow
@pytest.mark.skipif(sys.platform == "win32", reason="only POSIX limits the size of files")
def test_a_disk_that_is_full_when_the_memory_does_not_do(tmp_path: Path) -> None:
    """How much memory a log needs depends on DuckDB: of ever smaller limits, one is the first that needs the disk."""
    temp = tmp_path / "temp"
    temp.mkdir()
    rewards = ', "rewards/margins": 0.5, "rewards/chosen": 0.3, "rewards/rejected": -0.2, "grad_norm": 2'
    (tmp_path / "run.jsonl").write_text("".join(row(n, str(n % 7), rewards) for n in range(1, 10_001)))
    told = ""
    for limit in ("60MB", "50MB", "45MB", "40MB", "30MB"):
        command = [sys.executable, "-c", FULL_DISK, str(temp), limit, "run.jsonl"]
        done = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, timeout=60)
        assert not list(temp.iterdir())
        if done.returncode == 3:
            assert json.loads(done.stdout)["verdict"] == "unknown"
            told = done.stderr
        else:
            assert (done.returncode, done.stderr) in [(0, ""), (1, "")]
        if "disk" in told:
            break
    assert told == (
        f"run.jsonl: reading and judging it takes more than the {limit} that DuckDB may use, and the disk for temporary"
        " files is full; raise --memory-limit, or judge with fewer --threads, or make room there (TMPDIR names another"
        " place)\n"
    )
