# ruff: noqa: RUF001 - what guides have in their tables
"""Text tables: those of guides paste in as they are, and what is no table is told with its place."""

from __future__ import annotations

import math
import re

import pytest

from trainrules.engine.packtest.model import Cell
from trainrules.engine.packtest.table import read_cell, read_table


def read(text: str) -> list[dict[str, Cell | None]]:
    rows, faults = read_table(text)
    assert faults == []
    return [{cell.head: read_cell(cell.text, is_text=cell.head == "phase") for cell in row} for row in rows]


COLUMNS = """\
Step     Loss    Chosen  Margin
5        0.650   -0.045  -0.078   ← Starting
10       0.620   0.012   0.027    ← Margin turning positive ✓

145      0.420   -       1.123    ← Excellent! ✓✓
"""
BARS = """\
| Step | Train loss | phase |
|------|:----------:|------:|
| 5    | 0.65 ✅    | main  |
| 10   |            | -     |
| 15   | 10,500     | a b   |
"""
WIDE = """\
step  train loss  phase
1     0.5         main
2     nan         a b
"""
TABBED = "step\ttrain loss\n1\t48%\n2\t−0.5\n"
PAIRS = """\
Epoch 1: loss=10,500
Epoch 2: loss=8,200   ← Down by 22%!
Epoch 10: loss = NaN     <- Exploded!
"""
SENTENCES = """\
Epoch 1:  Train Loss: 66.23  Val Loss: 37.53
Epoch 2:  Train Loss: 45.12, Val Loss: ?
...
Epoch 20: Train Loss: 15.23  Val Loss: 18.45 ✓
"""


@pytest.mark.parametrize(
    ("text", "rows"),
    [
        (
            COLUMNS,
            [
                {"Step": 5, "Loss": 0.65, "Chosen": -0.045, "Margin": -0.078},
                {"Step": 10, "Loss": 0.62, "Chosen": 0.012, "Margin": 0.027},
                {"Step": 145, "Loss": 0.42, "Chosen": None, "Margin": 1.123},
            ],
        ),
        (
            BARS,
            [
                {"Step": 5, "Train loss": 0.65, "phase": "main"},
                {"Step": 10, "Train loss": None, "phase": None},
                {"Step": 15, "Train loss": 10500, "phase": "a b"},
            ],
        ),
        (TABBED, [{"step": 1, "train loss": 0.48}, {"step": 2, "train loss": -0.5}]),
        (
            SENTENCES,
            [
                {"Epoch": 1, "Train Loss": 66.23, "Val Loss": 37.53},
                {"Epoch": 2, "Train Loss": 45.12, "Val Loss": None},
                {"Epoch": 20, "Train Loss": 15.23, "Val Loss": 18.45},
            ],
        ),
    ],
    ids=["columns", "bars", "tabs", "sentences"],
)
def test_a_table_of_a_guide_reads(text: str, rows: list[dict[str, Cell | None]]) -> None:
    assert read(text) == rows


@pytest.mark.parametrize(("text", "heads"), [(WIDE, ["step", "train loss", "phase"]), (PAIRS, ["Epoch", "loss"])])
def test_values_that_are_not_finite(text: str, heads: list[str]) -> None:
    rows = read(text)
    assert [list(row) for row in rows] == [heads] * len(rows)
    assert [isinstance(value, float) and math.isnan(value) for value in rows[-1].values()].count(True) == 1


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("0.650", 0.65),
        ("10,500", 10500),
        ("1,234,567.8", 1234567.8),
        ("-0.0001", -0.0001),
        ("5e-7", 5e-7),
        ("+3", 3),
        ("48%", 0.48),
        ("`8`", 8),
        ("**1.5** ✓", 1.5),
        ("true", True),
        ("-inf", -math.inf),
        ("Infinity", math.inf),
        *((text, None) for text in ("", "-", "–", "—", "_", "?", "n/a", "None", "null", "✓")),
    ],
)
def test_what_a_cell_is(text: str, value: Cell | None) -> None:
    assert read_cell(text) == value
    assert type(read_cell(text)) in (type(value), int)


@pytest.mark.parametrize("text", ["0.5-0.6", "5,000-15,000", "1.2.3", "fast", "10,50", "0.5 nats", "< 0.1"])
def test_what_is_no_number(text: str) -> None:
    with pytest.raises(ValueError, match=re.escape(text)):
        read_cell(text)
    assert read_cell(text, is_text=True) == text


@pytest.mark.parametrize(
    ("text", "faults"),
    [
        ("", [("a table without a row", (0, 0), "paste one, its first line the names of the columns")]),
        ("# nothing\n", [("a table without a row", (0, 0), "paste one, its first line the names of the columns")]),
        ("step loss\n---- ----\n", [("a table without a row below its heads", (0, 0), "paste the rows as well")]),
        (
            "step loss loss\n1 2\n2 3 4\n5 6 7 8\n",
            [
                ("two columns are called 'loss'", (0, 10), "name them apart"),
                ("2 cells stand under 3 heads (step, loss, loss)", (1, 0), "write - where a value is missing"),
                ("4 cells stand under 3 heads (step, loss, loss)", (3, 0), "write - where a value is missing"),
            ],
        ),
        ("| step | |\n| 1 | 2 |", [("a column without a name", (0, 8), "name it, or leave the column out")]),
        (
            "Epoch 1: loss=1\nEpoch 2: going up\n",
            [("'going up' is no pair", (1, 9), "as in 'Epoch 1: loss=10,500'")],
        ),
    ],
)
def test_what_is_no_table(text: str, faults: list[tuple[str, tuple[int, int], str]]) -> None:
    assert [(fault.message, tuple(fault.at), fault.hint) for fault in read_table(text)[1]] == faults
