"""Logs → tables: which lines are one row, and where on the clock rows stand."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import pytest

from trainrules.engine.errors import LogError
from trainrules.engine.readers.model import WantedMetric
from trainrules.engine.readers.reading import read

from .readerlogs import FRACTION, NAN, cells, same, steps, wanted, writer


@pytest.fixture
def log(tmp_path: Path) -> Callable[..., str]:
    """Writes a log: bytes as they are, a text as UTF-8, objects one a line."""
    return writer(tmp_path)


# Rows


JOINED: Mapping[str, Any] = {
    "an eval row joins its train row": (
        [{"step": 1, "loss": 1}, {"step": 2, "loss": 2}, {"step": 2, "eval_loss": 3}],
        [(1, 1, None), (2, 2, 3)],
    ),
    "in any order": ([{"step": 2, "eval_loss": 3}, {"step": 2, "loss": 2}], [(1, 2, 3)]),
    "a line that repeats a key starts a new row": (
        [{"step": 1, "loss": 1}, {"step": 1, "loss": 2}, {"step": 1, "eval_loss": 3}],
        [(1, 1, None), (2, 2, 3)],
    ),
    "and the keys count from there": (
        [{"step": 1, "loss": 1}, {"step": 1, "eval_loss": 2}, {"step": 1, "eval_loss": 3}, {"step": 1, "loss": 4}],
        [(1, 1, 2), (3, 4, 3)],
    ),
    "null is no value": (
        [{"step": 1, "loss": 1, "eval_loss": None}, {"step": 1, "loss": None, "eval_loss": 2}],
        [(1, 1, 2)],
    ),
    "NaN is one": (
        [{"step": 1, "loss": NAN}, {"step": 1, "loss": 1}, {"step": 1, "eval_loss": 2}],
        [(1, NAN, None), (2, 1, 2)],
    ),
    "lines without a step never join": (
        [{"loss": 1}, {"eval_loss": 2}, {"step": 3, "loss": 4}],
        [(1, 1, None), (2, None, 2), (3, 4, None)],
    ),
    "foreign lines do not part a row": (
        [{"step": 1, "loss": 1}, {"step": 1, "saved": 1}, {"step": 1, "eval_loss": 2}],
        [(1, 1, 2)],
    ),
    "blank and malformed lines neither": (
        ['{"step": 1, "loss": 1}', "", "{", '{"step": 1, "eval_loss": 2}'],
        [(1, 1, 2)],
    ),
    "other steps do": (
        [{"step": 1, "loss": 1}, {"step": 2, "loss": 2}, {"step": 1, "eval_loss": 3}],
        [(1, 1, None), (2, 2, None), (3, None, 3)],
    ),
    "other labels do": (
        [{"step": 1, "rank": 0, "loss": 1}, {"step": 1, "rank": 1, "eval_loss": 2}, {"step": 1, "eval_loss": 3}],
        [(1, 1, None), (2, None, 2), (3, None, 3)],
    ),
}


@pytest.mark.parametrize("case", JOINED)
def test_lines_of_one_step_are_one_row(log: Any, case: str) -> None:
    lines, rows = JOINED[case]
    run = read(log(*lines), wanted(labels={"rank": ("rank",)}))
    assert same([x for row in cells(run, "line", "loss", "eval_loss") for x in row], [x for row in rows for x in row])
    assert cells(run, "i") == list(range(1, len(rows) + 1))


def test_joined_cells_of_many_metrics(log: Any) -> None:
    names = [f"x{number}" for number in range(150)]
    metrics = [WantedMetric(name, (name,)) for name in names]
    lines = [{"step": step, name: step + number} for step in (1, 2) for number, name in enumerate(names)]
    run = read(log(*lines), wanted(*metrics))
    assert cells(run, *names) == [tuple(step + number for number in range(150)) for step in (1, 2)]
    assert cells(run, "line") == [1, 151]


def test_labels_are_text_and_separate_from_metrics(log: Any) -> None:
    run = read(
        log({"gpu": 0, "loss": 1}, {"gpu": "1", "loss": 2}, {"loss": 3}), wanted(labels={"rank": ("rank", "gpu")})
    )
    assert run.labels == {"rank": "l0"}
    assert cells(run, "rank") == ["0", "1", None]


# Clock


CLOCKS: Mapping[str, Any] = {
    "the step": ("step", [{"step": 5, "epoch": 0, "loss": 1}, {"step": 10, "epoch": 0, "loss": 1}], [(5, 5), (10, 10)]),
    "the first step key that occurs": ("step", [{"global_step": 5, "loss": 1}], [(5, 5)]),
    "a step within text": ("step", [{FRACTION: "5/200", "loss": 1}, {FRACTION: "6/200", "loss": 1}], [(5, 5), (6, 6)]),
    "missing steps carry forward": (
        "step",
        [{"loss": 0}, {"step": 5, "loss": 1}, {"loss": 2}, {"step": 6, "loss": 1}],
        [(None, 5), (5, 5), (5, 5), (6, 6)],
    ),
    "also from lines without a metric": ("step", [{"step": 5, "loss": 1}, {"step": 6}, {"loss": 2}], [(5, 5), (6, 6)]),
    "steps that are not finite are none": (
        "step",
        [{"step": 5, "loss": 1}, {"step": NAN, "loss": 2}],
        [(5, 5), (5, 5)],
    ),
    "rows with only eval metrics take the tick of their place": (
        "step",
        [
            {"step": 0, "eval_loss": 1},
            {"step": 10, "loss": 1},
            {"step": 12, "eval_loss": 1},
            {"step": 2, "eval_loss": 1},
        ],
        [(0, 0), (10, 10), (12, 10), (2, 10)],
    ),
    "NaN moves the clock": ("step", [{"step": 1, "loss": 1}, {"step": 2, "loss": NAN}], [(1, 1), (2, 2)]),
    "where all is eval, all rows move": (
        "step",
        [{"step": 1, "eval_loss": 1}, {"step": 2, "eval_loss": 1}],
        [(1, 1), (2, 2)],
    ),
    "whole epochs from 0 count as completed": (
        "epoch",
        [{"epoch": 0, "loss": 1}, {"epoch": 1, "loss": 1}],
        [(None, 1), (None, 2)],
    ),
    "epochs from 1 are as they are": (
        "epoch",
        [{"epoch": 1, "loss": 1}, {"epoch": 2, "loss": 1}],
        [(None, 1), (None, 2)],
    ),
    "broken epochs too": ("epoch", [{"epoch": 0, "loss": 1}, {"epoch": 0.5, "loss": 1}], [(None, 0), (None, 0.5)]),
    "epochs with many rows order them, and the rows are counted": (
        "epoch",
        [
            {"epoch": 0.1, "eval_loss": 1},
            {"epoch": 0.1, "loss": 1},
            {"epoch": 0.2, "loss": 1},
            {"epoch": 0.2, "eval_loss": 1},
            {"epoch": 0.3, "eval_loss": 1},
            {"epoch": 0.4, "loss": 1},
            {"epoch": 0.3, "loss": 1},
        ],
        [(None, 1), (None, 2), (None, 3)],
    ),
    "one row an epoch is none of a step": (
        "epoch",
        [{"epoch": 0.99, "loss": 1}, {"epoch": 1.98, "loss": 1}, {"epoch": 3, "loss": 1}],
        [(None, 0.99), (None, 1.98), (None, 3)],
    ),
    "a step that stands still is none": (
        "epoch",
        [{"step": 0, "epoch": n / 8, "loss": 1} for n in range(10)],
        [(None, n + 1) for n in range(10)],
    ),
    "nor is it without an epoch": ("row", [{"step": 0, "loss": 1}] * 10, [(None, n + 1) for n in range(10)]),
    "a few rows of one step are of that step": ("step", [{"step": 7, "loss": 1}] * 9, [(7, 7)] * 9),
    "another step may move": (
        "step",
        [{"step": 0, "global_step": n, "loss": 1} for n in range(10)],
        [(n, n) for n in range(10)],
    ),
    "epochs carry forward": (
        "epoch",
        [{"epoch": 0, "loss": 1}, {"loss": 1}, {"epoch": 1, "loss": 1}],
        [(None, 1), (None, 1), (None, 2)],
    ),
    "else the row": (
        "row",
        ["", {"loss": 1}, {"x": 1}, {"loss": 1}, {"eval_loss": 1}],
        [(None, 1), (None, 2), (None, 2)],
    ),
    "a step on foreign lines only is none": ("row", [{"loss": 1}, {"step": 9, "train_runtime": 1}], [(None, 1)]),
}


@pytest.mark.parametrize("case", CLOCKS)
def test_the_clock(log: Any, case: str) -> None:
    clock, lines, ticks = CLOCKS[case]
    run = read(log(*lines), wanted())
    assert (run.facts.clock, cells(run, "step", "tick")) == (clock, ticks)


def test_moves_and_epoch(log: Any) -> None:
    run = read(log({"step": 1, "epoch": 0.5, "loss": 1}, {"step": 2, "eval_loss": 1}, {"step": 3, "loss": 1}), wanted())
    assert cells(run, "moves", "epoch") == [(True, 0.5), (False, 0.5), (True, 0.5)]


@pytest.mark.parametrize(
    ("value", "seconds"),
    [
        (1700000000, 1.7e9),
        (1700000000.25, 1700000000.25),
        (1700000000250, 1700000000.25),
        (1700000000250000, 1700000000.25),
        (1700000000250000000, 1700000000.25),
        ("1700000000", 1.7e9),
        (12.5, 12.5),
        ("2023-11-14T22:13:20", 1.7e9),
        ("2023-11-14T22:13:20.250000Z", 1700000000.25),
        ("2023-11-15 00:13:20+02:00", 1.7e9),
        ("2023-11-14T16:43:20-0530", 1.7e9),
        ("yesterday", 5.0),
        ("infinity", 5.0),
        (None, 5.0),
    ],
)
def test_times_are_seconds_in_utc(log: Any, value: Any, seconds: float) -> None:
    run = read(log({"time": 5, "loss": 1}, {"time": value, "loss": 2}), wanted())
    assert cells(run, "time") == [5.0, pytest.approx(seconds, rel=1e-15)]


@pytest.mark.parametrize(
    ("numbers", "kept", "segments", "rewinds"),
    [
        ([1, 2, 3], [1, 2, 3], [0, 0, 0], 0),
        ([1, 2, 2, 3], [1, 2, 2, 3], [0, 0, 0, 0], 0),
        ([1, 2, 3, 2, 3, 4], [1, 2, 3, 4], [0, 1, 1, 1], 1),
        ([1, 2, 3, 4, 3, 4, 2, 3], [1, 2, 3], [0, 2, 2], 2),
        ([1, 2, 3, 4, 2, 5, 4, 6], [1, 2, 4, 6], [0, 1, 2, 2], 2),
        ([5, 6, 1, 2], [1, 2], [1, 1], 1),
        ([1, 2, 10, 9.5, 11], [1, 2, 9.5, 11], [0, 0, 1, 1], 1),
    ],
)
def test_later_rows_replace_earlier_ones(log: Any, numbers: Any, kept: Any, segments: Any, rewinds: int) -> None:
    run = read(log(*steps(*numbers)), wanted())
    assert (cells(run, "step"), cells(run, "segment")) == (kept, segments)
    assert (run.facts.rewinds, run.facts.superseded) == (rewinds, len(numbers) - len(kept))
    assert cells(run, "i") == list(range(1, len(kept) + 1))


def test_eval_rows_never_rewind_and_are_superseded_by_their_own_step(log: Any) -> None:
    lines = [
        {"step": 10, "loss": 1},
        {"step": 5, "eval_loss": 1},
        {"step": 20, "loss": 2},
        {"step": 20, "eval_loss": 2},
        {"step": 11, "loss": 3},
    ]
    run = read(log(*lines), wanted())
    assert cells(run, "line") == [1, 2, 5]
    assert (run.facts.rewinds, run.facts.superseded, run.facts.last_step) == (1, 1, 11)


def test_epochs_rewind_too(log: Any) -> None:
    run = read(log(*({"epoch": epoch, "loss": epoch} for epoch in (0, 1, 2, 3, 2, 3, 4))), wanted())
    assert cells(run, "tick", "line", "segment") == [(1, 1, 0), (2, 2, 0), (3, 5, 1), (4, 6, 1), (5, 7, 1)]


def test_rewinds_are_judged_in_each_series(log: Any) -> None:
    order = [
        ("a", 1),
        ("b", 1),
        ("a", 2),
        ("a", 3),
        ("b", 2),
        ("b", 3),
        (None, 3),
        ("a", 2),
        ("a", 3),
        ("b", 3),
        ("b", 4),
    ]
    lines = [{"rank": rank, "step": step, "loss": number} for number, (rank, step) in enumerate(order)]
    lines[6] = {"step": 3, "eval_loss": 1}
    run = read(log(*lines), wanted(labels={"rank": ("rank",)}))
    assert cells(run, "rank", "step", "line", "segment") == [
        ("a", 1, 1, 0),
        ("b", 1, 2, 0),
        ("b", 2, 5, 0),
        ("b", 3, 6, 0),
        ("a", 2, 8, 1),
        ("a", 3, 9, 1),
        ("b", 3, 10, 0),
        ("b", 4, 11, 0),
    ]
    assert cells(run, "i") == list(range(1, 9))


@pytest.mark.parametrize(
    ("backs", "rows", "refused"), [(10, 20, False), (11, 221, False), (11, 219, True), (20, 40, True)]
)
def test_too_many_rewinds_are_interleaved_runs(log: Any, backs: int, rows: int, refused: bool) -> None:
    numbers = list(range(1, rows + 1 - 2 * backs)) + [x for k in range(backs) for x in (rows + 2 * k, rows + 2 * k - 1)]
    path = log(*steps(*numbers))
    if not refused:
        assert read(path, wanted()).facts.rewinds == backs
        return
    with pytest.raises(LogError) as caught:
        read(path, wanted())
    assert caught.value.message == (
        f"the step goes back {backs} times in {rows} rows: the lines of several runs or ranks are interleaved"
    )
    assert (
        caught.value.hint == "name the label that tells them apart under 'labels' in the pack, or give a log of one run"
    )
    assert caught.value.position.line == rows - 2 * backs + 2
