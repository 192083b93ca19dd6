"""Metrics that stop being numbers while their keys go on."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from trainrules import Report, evaluate
from trainrules.engine.readers.reading import read

from .readerlogs import NAN, wanted, writer

Rows = list[dict[str, Any]]


@pytest.fixture
def log(tmp_path: Path) -> Callable[..., str]:
    return writer(tmp_path)


def rows(**series: list[Any]) -> Rows:
    """A row a step: the values of each key, which `...` leaves out."""
    found: Rows = []
    for step, values in enumerate(zip(*series.values(), strict=True), 1):
        cells = {key.replace("__", "/"): value for key, value in zip(series, values, strict=True)}
        found.append({"step": step, **{key: value for key, value in cells.items() if value is not ...}})
    return found


@pytest.mark.parametrize(
    ("lines", "told"),
    [
        pytest.param(rows(loss=[1.0] * 30), (0, 0, ""), id="a number to the end"),
        pytest.param(
            rows(loss=[1.0] * 20 + [None] * 10),
            (10, 21, "loss: null in 10 lines, from line 21 to the end"),
            id="the lines of null are no rows",
        ),
        pytest.param(rows(loss=[1.0] * 20 + [None] * 9), (0, 0, ""), id="nine lines"),
        pytest.param(
            rows(loss=[1.0] * 20 + [None] * 10, grad_norm=[2.0] * 30),
            (10, 21, "loss: null in 10 lines, from line 21 to the end"),
            id="beside a number",
        ),
        pytest.param(
            rows(loss=[1.0] * 20 + ["n/a"] * 10, grad_norm=[2.0] * 30),
            (10, 21, "loss: 'n/a' in 10 lines, from line 21 to the end"),
            id="a text",
        ),
        pytest.param(
            rows(loss=[1.0] * 20 + [[1]] * 10, grad_norm=[2.0] * 30),
            (10, 21, "loss: no number in 10 lines, from line 21 to the end"),
            id="a list",
        ),
        pytest.param(
            rows(loss=[1.0] * 20 + [None] * 12, grad_norm=[2.0] * 20 + [None] * 12),
            (12, 21, "loss, grad_norm: null in 12 lines, from line 21 to the end"),
            id="two keys",
        ),
        pytest.param(
            rows(loss=[1.0] * 20 + [None] * 12, grad_norm=[2.0] * 19 + [None] * 13),
            (13, 20, "grad_norm: null in 13 lines, from line 20 to the end"),
            id="the longer of two",
        ),
        pytest.param(
            rows(loss=[1.0] * 20 + [...] * 20, grad_norm=[2.0] * 40), (0, 0, ""), id="a key that is not there"
        ),
        pytest.param(rows(loss=[1.0] * 20 + [NAN] * 20), (0, 0, ""), id="NaN, which is seen as such"),
        pytest.param(rows(loss=[1.0] * 20 + ["NaN"] * 20), (0, 0, ""), id="NaN as a text"),
        pytest.param(rows(loss=[1.0] * 20 + ["0.5"] * 20), (0, 0, ""), id="numbers as texts"),
        pytest.param(rows(loss=[1.0] * 20 + [True] * 20), (0, 0, ""), id="truth values"),
        pytest.param(rows(loss=[None] * 20 + [1.0] * 20), (0, 0, ""), id="null at the beginning"),
        pytest.param(rows(loss=[1.0] * 20 + [None] * 40 + [1.0] * 5), (0, 0, ""), id="null in the middle"),
        pytest.param(
            rows(loss=[1.0], grad_norm=[2.0]) + rows(loss=([1.0] + [None] * 5) * 10 + [None] * 5, grad_norm=[2.0] * 65),
            (0, 0, ""),
            id="sparse in a table of all metrics",
        ),
        pytest.param(
            rows(loss=([1.0] + [None] * 5) * 10 + [None] * 6, grad_norm=[2.0] * 66),
            (11, 56, "loss: null in 11 lines, from line 56 to the end"),
            id="more than twice as long as the stretches before",
        ),
        pytest.param(
            rows(loss=[1.0] * 20 + [None] * 20, eval_loss=[None] * 20 + [1.0] * 20),
            (0, 0, ""),
            id="lines that evaluate",
        ),
        pytest.param(rows(loss=[1.0] * 40, eval_loss=[1.0] * 10 + [None] * 30), (0, 0, ""), id="an evaluation metric"),
        pytest.param(
            [{"step": n, "rewards": {"margins": None if n > 20 else 0.5}} for n in range(1, 31)],
            (10, 21, "rewards/margins: null in 10 lines, from line 21 to the end"),
            id="in an object",
        ),
        pytest.param(rows(loss=[1.0] * 40, phase=["a"] * 20 + [None] * 20), (0, 0, ""), id="no sentinel"),
    ],
)
def test_what_stops_being_a_number(log: Callable[..., str], lines: Rows, told: tuple[int, int, str]) -> None:
    facts = read(log(*lines), wanted(sentinels=("loss", "margin", "grad", "eval_loss"))).facts
    assert (facts.numberless, facts.numberless_from, facts.numberless_because) == told


def test_lines_that_are_none_count_in_the_places(log: Callable[..., str]) -> None:
    lines = [*rows(loss=[1.0] * 20), "", "torn {", *rows(loss=[None] * 10), '{"loss": ', "[]"]
    facts = read(log(*lines), wanted(sentinels=("loss",))).facts
    assert (facts.numberless, facts.numberless_from) == (10, 23)


def judged(path: str) -> Report:
    return evaluate(path, pack="common", isolated=True)


@pytest.mark.parametrize(
    ("lines", "onset"),
    [
        pytest.param(
            rows(loss=[2.0 - n / 100 for n in range(20)] + [None] * 10, grad_norm=[1.0] * 30), 21, id="rows go on"
        ),
        pytest.param(rows(loss=[2.0 - n / 100 for n in range(20)] + [None] * 10), 20, id="rows end"),
    ],
)
def test_no_such_run_is_healthy(log: Callable[..., str], lines: Rows, onset: int) -> None:
    report = judged(log(*lines))
    assert report.verdict == "attention"
    (finding,) = report.findings
    assert (finding.rule, finding.onset.step, finding.message) == (
        "numbers_gone",
        onset,
        "loss: null in 10 lines, from line 21 to the end",
    )
    assert [step.action for step in report.plan] == ["check_logging"]
