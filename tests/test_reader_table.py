"""Logs → tables: what is known of a run, the table and its connection, large and real logs."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import duckdb
import pytest

from trainrules.engine.errors import LogError
from trainrules.engine.readers.cells import Cells
from trainrules.engine.readers.model import WantedMetric
from trainrules.engine.readers.reading import read

from .readerlogs import EVAL, FRACTION, GRAD, LOSS, MARGIN, PHASE, cells, steps, wanted, writer


@pytest.fixture
def log(tmp_path: Path) -> Callable[..., str]:
    """Writes a log: bytes as they are, a text as UTF-8, objects one a line."""
    return writer(tmp_path)


# Facts


@pytest.mark.parametrize(
    ("lines", "facts"),
    [
        (
            steps(5, 10, 15),
            {"first_step": 5, "last_step": 15, "ended": False, "total": None, "repeated": 0, "last_epoch": None},
        ),
        (steps(1, 2, 2, 2, 3), {"repeated": 2}),
        ([*steps(1, 2), {"loss": 1}], {"repeated": 0}),
        ([*steps(1, 1, rank=0), *steps(1, rank=1)], {"repeated": 1}),
        (steps(1, 2, max_steps=2), {"ended": True, "total": 2}),
        (steps(1, 2, max_steps=3), {"ended": False, "total": 3}),
        ([{"max_steps": 2}, *steps(1, 2)], {"ended": True, "total": 2, "rows": 2}),
        ([*steps(1, 2), {"step": 2, "train_runtime": 9, "train_loss": 1}], {"ended": True, "rows": 2, "repeated": 0}),
        ([*steps(1, 2), {"train_runtime": 9}, *steps(3)], {"ended": False}),  # it went on
        ([*steps(1, 2), {"train_runtime": 9}, {"step": 2, "eval_loss": 3}], {"ended": True}),
        ([{FRACTION: "7/8", "loss": 1}, {FRACTION: "8/8", "loss": 1}], {"ended": True, "total": 8, "last_step": 8}),
        ([{"step": 0, "eval_loss": 1}, *steps(10), {"step": 12, "eval_loss": 1}], {"first_step": 0, "last_step": 12}),
        ([{"epoch": 0, "loss": 1}, {"epoch": 1, "loss": 2}], {"first_step": None, "last_step": None, "last_epoch": 1}),
        ([*steps(1, 2, 3, epoch=0.5), *steps(2, epoch=0.4)], {"last_step": 2, "superseded": 2, "last_epoch": 0.5}),
    ],
)
def test_facts(log: Any, lines: Any, facts: Mapping[str, Any]) -> None:
    found = read(log(*lines), wanted(labels={"rank": ("rank",)})).facts
    assert {name: getattr(found, name) for name in facts} == facts


@pytest.mark.parametrize(
    ("numbers", "midway"),
    [
        ([1, 2, 3], False),
        ([5, 10, 15], False),
        ([0, 1], False),
        ([2, 3, 4], False),
        ([3, 4, 5], True),
        ([10, 15, 20], False),
        ([11, 16, 21], True),
        ([500, 510, 520], True),
        ([500], False),
        ([500, 500], False),
    ],
)
def test_a_log_can_start_in_the_middle_of_a_run(log: Any, numbers: Any, midway: bool) -> None:
    assert read(log(*steps(*numbers)), wanted()).starts_midway is midway
    assert read(log(*({"epoch": number, "loss": 1} for number in numbers)), wanted()).starts_midway is midway


# The connection


def test_the_connection_is_locked(log: Any, tmp_path: Path) -> None:
    con = read(log({"loss": 1}), wanted(), threads=1, memory_limit="1GB").con
    assert con.execute("SELECT current_setting('threads')").fetchall() == [(1,)]
    secret = log({"secret": 1}, name="secret.json")
    for statement in (
        f"SELECT * FROM read_text('{secret}')",
        f"COPY run TO '{tmp_path}/out.csv'",
        f"ATTACH '{tmp_path}/other.db'",
        "SET enable_external_access = true",
        "SET threads = 4",
        "INSTALL httpfs",
    ):
        with pytest.raises(duckdb.Error):
            con.execute(statement)
    assert con.execute("SHOW TABLES").fetchall() == [("run",)]


def test_the_columns_of_the_table(log: Any) -> None:
    run = read(log({"step": 1, "loss": 1, "phase": "a", "rank": 0}), wanted(LOSS, PHASE, labels={"rank": ("rank",)}))
    assert [row[:2] for row in run.con.execute("DESCRIBE run").fetchall()] == [
        ("i", "BIGINT"),
        ("line", "BIGINT"),
        ("step", "DOUBLE"),
        ("tick", "DOUBLE"),
        ("epoch", "DOUBLE"),
        ("time", "DOUBLE"),
        ("moves", "BOOLEAN"),
        ("segment", "INTEGER"),
        ("l0", "VARCHAR"),
        ("m0", "DOUBLE"),
        ("m1", "VARCHAR"),
    ]


def large(rows: int) -> bytes:
    """A log above the size from which keys are counted and lines are parsed once, with eval rows and one rewind."""
    lines = []
    for number in range(rows):
        step = number if number < rows - 500 else number - 1000
        lines.append(json.dumps({"step": step, "loss": number / 7, "grad_norm": 1.0, "padding": "x" * 80}))
        if number % 50 == 0:
            lines.append(json.dumps({"step": step, "eval_loss": number / 3, "rewards": {"margins": number}}))
    return ("\n".join(lines) + "\n").encode()


def test_the_number_of_threads_changes_nothing(log: Any) -> None:
    path = log(large(60_000))
    many = tuple(WantedMetric(f"absent{number}", (f"absent/{number}", f"other{number}")) for number in range(40))
    for question in (wanted(), wanted(LOSS, MARGIN, GRAD, EVAL, *many)):
        results = []
        for threads in (1, 2, 4):
            run = read(path, question, threads=threads)
            results.append((run.facts, run.con.execute("SELECT * FROM run").fetchall()))
        assert results[0] == results[1] == results[2]
        facts, rows = results[0]
        assert (facts.rows, facts.superseded, facts.rewinds) == (59_000, 1_000, 1)
        assert [row[0] for row in rows] == list(range(1, 59_001))


def test_a_malformed_line_in_a_large_log(log: Any) -> None:
    text = large(60_000).split(b"\n")
    text[30_001] = text[30_001][:20]
    run = read(log(b"\n".join(text)), wanted())
    assert (run.facts.malformed, run.facts.bad_lines) == (1, (30_002,))
    text[1::2] = [b"{"] * len(text[1::2])
    run = read(log(b"\n".join(text)), wanted())
    assert run.facts.bad_lines == (2, 4, 6, 8, 10)


def test_lines_of_a_large_log_that_are_no_objects(log: Any) -> None:
    odd = [b"[1]", b'[{"loss": 9}]', b"5", b'"loss"', b"null", b" \t", b'  {"loss": 7}', b'{"loss": 8} x', b"{}"]
    text = large(60_000).splitlines()
    text[30_001:30_001] = odd  # between the pieces that are looked at
    for question in (wanted(), wanted(*(WantedMetric(f"m{n}", (f"absent/{n}",)) for n in range(40)), LOSS, GRAD, EVAL)):
        run = read(log(b"\n".join(text)), question)
        assert (run.facts.lines, run.facts.malformed) == (61_200 + len(odd), 6)
        assert run.facts.bad_lines == tuple(range(30_002, 30_007))
        assert run.con.execute("SELECT loss FROM (SELECT line, m0 AS loss FROM run WHERE line = 30008)").fetchall() == [
            (7.0,)
        ]


@pytest.mark.parametrize("line", ['{"rare": 1.5}', '{"r\\u0061re": 1.5}', '{"deep": {"down": 0, "rare": 1.5}}'])
def test_a_key_that_a_large_log_has_once_is_found(log: Any, line: str) -> None:
    text = large(60_000).splitlines()
    text[30_001:30_001] = [line.encode()]
    rare = WantedMetric("rare", ("rare", "deep/rare"))
    absent = [WantedMetric(f"absent{number}", (f'it\'s (absent) "{number}"', f"o.{number}/x")) for number in range(40)]
    found = read(log(b"\n".join(text)), wanted(LOSS, GRAD, EVAL, rare, *absent))
    assert found.con.execute(f"SELECT line, {found.columns['rare']} FROM run WHERE line = 30002").fetchall() == [
        (30_002, 1.5)
    ]


@pytest.mark.parametrize(
    "line",
    [
        '{"loss" \t: 1.5}',
        '{"l\\u006fss": 1.5}',
        '{"x": "a\\"b", "loss": 1.5}',
        '{": x": 0, "loss": 1.5}',
        '{"x\\\\": "y", "loss": 1.5}',
        '{"train": {"loss": 1.5}}',
        '{"train\\/loss": 1.5}',
        '{"train": {"l\\u006fss": 1.5}}',
    ],
)
def test_a_key_is_found_however_it_is_spelled(log: Any, line: str) -> None:
    run = read(log(line), wanted(WantedMetric("loss", ("loss", "train/loss"))))
    assert cells(run, "loss") == [1.5]


def test_columns_are_handed_out_once() -> None:
    columns = Cells(lambda path: "c" if "c" in path else None)
    assert [columns.column(key, "DOUBLE") for key in ("a", "b", "a")] == ["c0", "c1", "c0"]
    assert columns.column("a", "VARCHAR") == "c2"
    assert [columns.column(key, "DOUBLE") for key in ("c", "x/c")] == [None, "c4"]
    assert columns.left_out == {"c"}
    assert columns.plan().columns == {
        "c0": "struct_extract(p0, 'a')",
        "c1": "struct_extract(p0, 'b')",
        "c2": "struct_extract(p1, 'a')",
        "c4": "struct_extract(p0, 'x/c')",
    }


# Real logs


@pytest.mark.parametrize(
    ("path", "facts"),
    [
        (
            "runs/kto/resume_healthy/training_metrics.jsonl",
            {
                "clock": "step",
                "rows": 200,
                "superseded": 36,
                "first_step": 1,
                "last_step": 200,
                "ended": True,
                "lines": 237,
            },
        ),
        (
            "runs/sft/sft_healthy_s0/log.jsonl",
            {"clock": "step", "rows": 48, "first_step": 5, "last_step": 240, "ended": True},
        ),
        ("runs/detr/sam_nan_epoch12/metrics.jsonl", {"clock": "epoch", "rows": 24, "last_epoch": 24, "ended": False}),
        ("logs/detr-moqixis/log.txt", {"clock": "epoch", "rows": 2, "superseded": 5, "last_epoch": 1}),
        ("logs/jsonl-slm-akaws/metrics.jsonl", {"rows": 388, "superseded": 10, "rewinds": 3, "last_step": 7760}),
        ("logs/coordexp-seed/control_smallfrac_logging.jsonl", {"clock": "step", "rows": 8, "total": 8, "ended": True}),
        ("logs/swift-deepclima/logging.jsonl", {"clock": "step", "last_step": 438, "total": 438, "ended": True}),
    ],
)
def test_real_logs(corpus: Any, path: str, facts: Mapping[str, Any]) -> None:
    found = read(str(corpus(path)), wanted()).facts
    assert {name: getattr(found, name) for name in facts} == facts
    assert found.malformed == 0


@pytest.mark.parametrize(
    ("path", "what"),
    [
        ("logs/cape-seed/results_console.txt", "console output"),
        ("runs/kto/resume_healthy/console.txt", "no line is a JSON object|JSON"),
    ],
)
def test_real_files_that_are_no_json_lines(corpus: Any, path: str, what: str) -> None:
    with pytest.raises(LogError, match=what):
        read(str(corpus(path)), wanted())
