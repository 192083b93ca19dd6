"""Formats that are tables: rows of text, Parquet, and the histories of Keras."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from trainrules.engine.errors import LogError
from trainrules.engine.readers.reading import read

from .formatsamples import SAMPLES, common, parquet, rows, text, writer


@pytest.fixture
def log(tmp_path: Path) -> Callable[..., str]:
    """Writes a log under a name that says nothing."""
    return writer(tmp_path)


# Keras


@pytest.mark.parametrize(
    ("content", "losses", "epochs"),
    [
        ({"epochs": [1.0, 2.0], "metrics": {"loss": [4.0, 3.0]}}, [4, 3], [1, 2]),
        ({"history": {"loss": [4.0, 3.0]}, "epoch": [0, 1]}, [4, 3], [0, 1]),
        ({"loss": [4.0, 3.0, 2.0], "lr": [0.1]}, [4, 3, 2], [0, 1, 2]),
    ],
    ids=["with metrics", "with history", "of unlike length"],
)
def test_histories(content: dict[str, Any], losses: list[float], epochs: list[float], log: Callable[..., str]) -> None:
    run = read(log(json.dumps(content, indent=1).encode()), common())
    assert (run.facts.format, *rows(run, "epoch")[:2]) == ("keras", losses, epochs)


# Tables of text


def test_a_broken_row_costs_itself(log: Callable[..., str]) -> None:
    content = text("step,loss", "1,0.9", "2,0.8,7", "3", "4,0.7,", "step,loss", "5,0.6", '6,"0.5', "7,0.4")
    run = read(log(content), common())
    assert rows(run) == ([0.9, 0.7, 0.6, 0.4], [1, 4, 5, 7], [2, 5, 7, 9])
    assert (run.facts.malformed, run.facts.bad_lines) == (2, (3, 4))


@pytest.mark.parametrize("delimiter", [",", ";", "\t", "|"])
def test_delimiters(delimiter: str, log: Callable[..., str]) -> None:
    content = text("step,loss,x", "1,0.9,", "2,0.8,1").replace(b",", delimiter.encode())
    assert rows(read(log(content), common()))[0] == [0.9, 0.8]


@pytest.mark.parametrize(
    "header",
    [
        "step,loss",
        "Step,Loss",
        " step , loss ",
        "step,Training Loss",
        "step,train / loss",
        '"step","loss"',
        "\ufeffstep,loss",
    ],
)
def test_headers(header: str, log: Callable[..., str]) -> None:
    assert rows(read(log(text(header, "1,0.9")), common()))[:2] == ([0.9], [1])


def test_of_two_columns_the_exact_name_wins(log: Callable[..., str]) -> None:
    assert rows(read(log(text("step,Loss,loss", "1,5,0.9")), common()))[0] == [0.9]


def test_a_table_without_rows_yet(log: Callable[..., str]) -> None:
    with pytest.raises(LogError, match="the table has no rows yet; wait until"):
        read(log(b"step,loss\n"), common())


def test_the_names_of_a_very_wide_table(log: Callable[..., str]) -> None:
    names = [f"run/some/metric/{place:05}" for place in range(4000)]
    content = text(",".join(["step", *names, "loss"]), ",".join(["1", *["0"] * 4000, "0.9"]))
    assert len(content.splitlines()[0]) > 1 << 16
    assert rows(read(log(content), common()))[:2] == ([0.9], [1])


def test_words_in_a_table_are_told_with_their_line(log: Callable[..., str]) -> None:
    facts = read(log(text("step,loss,lr", "1,low,0.1", "2,low,0.1")), common()).facts
    assert [note for note in facts.notes if note.startswith("loss:")] == [
        "loss: 'loss' is text in all 2 rows, first at line 2 ('low'), never a number"
    ]


# Parquet


def test_nested_columns_of_a_parquet_file(log: Callable[..., str]) -> None:
    query = "SELECT 7 AS step, {'loss': 0.5::DECIMAL(4, 2), 'x': {'y': 1}} AS train, true AS ok, 'a' AS phase"
    assert rows(read(log(parquet(query)), common())) == ([0.5], [7], [1])


def test_a_parquet_file_without_rows_yet(log: Callable[..., str]) -> None:
    with pytest.raises(LogError, match="the table has no rows yet; wait until"):
        read(log(parquet("SELECT 1 AS step, 0.5 AS loss WHERE false")), common())


def test_a_damaged_parquet_file(log: Callable[..., str]) -> None:
    with pytest.raises(LogError, match="the Parquet file is damaged: "):
        read(log(SAMPLES["parquet"].content[:-9]), common())
