"""The logs of MMEngine and MMCV: lines of their consoles, and evaluations that count in another way."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from trainrules.engine.readers.reading import read

from .formatsamples import NAN, SAMPLES, common, same, text, writer


@pytest.fixture
def log(tmp_path: Path) -> Callable[..., str]:
    """Writes a log under a name that says nothing."""
    return writer(tmp_path)


# Evaluations that count in another way


def test_the_step_of_an_evaluation_of_mmengine_is_an_epoch(log: Callable[..., str]) -> None:
    run = read(log(SAMPLES["mmengine"].content), common())
    loss = run.columns["eval_loss"]
    found = run.con.execute(f"SELECT {loss}, step, epoch, line FROM run WHERE {loss} IS NOT NULL").fetchall()
    assert found == [(2.9, 50, 1, 1)]


def test_the_iteration_of_an_evaluation_of_mmcv_counts_its_batches(log: Callable[..., str]) -> None:
    run = read(log(SAMPLES["mmcv"].content), common())
    loss = run.columns["eval_loss"]
    found = run.con.execute(f"SELECT {loss}, step, line FROM run WHERE {loss} IS NOT NULL").fetchall()
    assert found == [(2, 20, 3)]
    assert "steps are counted with 20 of them an epoch" in run.facts.notes[0]


# The lines of MMEngine

STAMP = "2023/06/05 20:10:13 - mmengine - INFO - "


@pytest.mark.parametrize(
    ("lines", "clock", "at", "total"),
    [
        (
            (
                "Epoch(train)   [1][2/6]  lr: 4.000000e-08  eta: 4:59:11  time: 9.97  data_time: 9.01  loss: 0.5",
                "Epoch(train)   [1][4/6]  lr: 4.000000e-08  eta: 4:30:58  time: 9.04  data_time: 8.08  loss: nan",
                "Epoch(val)   [1][2/2]  val_loss: 0.25  data_time: 1.0  time: 2.0",
                "Epoch(train)   [2][2/6]  lr: 4.000000e-08  eta: 4:59:11  time: 9.97  data_time: 9.01  loss: 0.5",
            ),
            "epoch",
            [1, 1, 1, 2],
            None,
        ),
        (
            (
                "Iter(train) [  50/4000]  lr: 1.0e-02  eta: 0:30:00  time: 0.5  loss: 0.5",
                "Iter(train) [ 100/4000]  lr: 1.0e-02  eta: 0:30:00  time: 0.5  loss: nan",
                "Iter(val) [20/20]    val_loss: 0.25  mIoU: 70.1",
                "Iter(train) [ 150/4000]  lr: 1.0e-02  eta: 0:30:00  time: 0.5  loss: 0.5",
            ),
            "step",
            [50, 100, 100, 150],
            4000,
        ),
    ],
    ids=["by epoch", "by iteration"],
)
def test_the_lines_of_mmengine(
    lines: tuple[str, ...], clock: str, at: list[float], total: float | None, log: Callable[..., str]
) -> None:
    run = read(log(text("System environment:", *(STAMP + line for line in lines))), common())
    loss, evals = run.columns["loss"], run.columns["eval_loss"]
    found = run.con.execute(f"SELECT {clock}, line, {loss}, {evals} FROM run ORDER BY i").fetchall()
    joined = [(at[0], 2, 0.5, None), (at[1], 3, NAN, 0.25), (at[3], 5, 0.5, None)]
    assert (same(found, joined), run.facts.clock, run.facts.total) == (True, clock, total)
