"""Logs → tables: what a reader makes of cells and keys."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from trainrules.engine.readers.cells import nestings
from trainrules.engine.readers.model import WantedMetric
from trainrules.engine.readers.reading import read

from .readerlogs import INF, LOSS, NAN, PHASE, cells, same, wanted, writer


@pytest.fixture
def log(tmp_path: Path) -> Callable[..., str]:
    """Writes a log: bytes as they are, a text as UTF-8, objects one a line."""
    return writer(tmp_path)


# Cells


@pytest.mark.parametrize(
    ("value", "read_as"),
    [
        ("1.5", 1.5),
        ("-3", -3.0),
        ("5e-7", 5e-7),
        ('"2.5"', 2.5),
        ('" 3.5 "', 3.5),
        ('"1e5"', 1e5),
        ("true", 1.0),
        ("false", 0.0),
        ("NaN", NAN),
        ("Infinity", INF),
        ("-Infinity", -INF),
        ('"NaN"', NAN),
        ('"nan"', NAN),
        ('"Infinity"', INF),
        ('"-inf"', -INF),
        ("1e400", INF),
        ("123456789012345678901234567890", 1.2345678901234568e29),
        ("null", None),
        ('"tensor(0.5)"', None),
        ('"1,200"', None),
        ('""', None),
        ("[1, 2]", None),
        ('{"value": 1}', None),
    ],
)
def test_a_numeric_cell_is_finite_non_finite_or_nothing(log: Any, value: str, read_as: float | None) -> None:
    run = read(log(f'{{"loss": {value}, "grad_norm": 1}}', '{"loss": 7}'), wanted())
    assert same(cells(run, "loss"), [read_as, 7.0])


@pytest.mark.parametrize(
    ("value", "read_as"), [('"main"', "main"), ("3", "3"), ("true", "true"), ("null", None), ("[1]", "[1]"), ('""', "")]
)
def test_a_text_cell_is_the_text(log: Any, value: str, read_as: str | None) -> None:
    run = read(log(f'{{"phase": {value}, "loss": 1}}', '{"phase": "x"}'), wanted(LOSS, PHASE))
    assert cells(run, "phase") == [read_as, "x"]


@pytest.mark.parametrize(
    ("lines", "key", "values"),
    [
        ([{"loss": 1}, {"loss": 2, "train_loss": 9}], "loss", [1, 2]),
        ([{"train_loss": 9, "grad_norm": 1}, {"loss": 2}], "loss", [None, 2]),  # occurs anywhere, and is never mixed
        ([{"train_loss": 9}], "train_loss", [9]),
        ([{"loss": None, "train_loss": 9}], "train_loss", [9]),
        ([{"loss": "n/a", "train_loss": 9}], "train_loss", [9]),
        ([{"loss": NAN, "train_loss": 9}], "loss", [NAN]),  # a key that occurs only as NaN is present
    ],
)
def test_the_key_of_a_metric_is_the_first_that_occurs(log: Any, lines: Any, key: str, values: Any) -> None:
    run = read(log(*lines), wanted())
    assert run.keys["loss"] == key
    assert same(cells(run, "loss"), values)


def test_metrics_that_do_not_occur_have_no_column(log: Any) -> None:
    run = read(log({"loss": 1, "eval_loss": None}), wanted(required=("margin",)))
    assert run.columns == {"loss": "m0"}
    assert run.labels == {}


@pytest.mark.parametrize(
    "line",
    [
        {"rewards/margins": 1.5},
        {"rewards": {"margins": 1.5}},
        {"rewards": {"margins": 1.5}, "rewards/margins": None},
        {"rewards": {"other": 3, "margins": "1.5"}},
    ],
)
def test_nested_objects_flatten_with_a_slash(log: Any, line: Any) -> None:
    run = read(log(line), wanted())
    assert (run.keys["margin"], cells(run, "margin")) == ("rewards/margins", [1.5])


def test_every_way_of_nesting_a_deep_key_is_found(log: Any) -> None:
    deep = WantedMetric("deep", ("a/b/c",))
    lines = [{"a/b/c": 1}, {"a": {"b/c": 2}}, {"a/b": {"c": 3}}, {"a": {"b": {"c": 4}}}, {"a": {"b": 5}}]
    assert cells(read(log(*lines), wanted(deep)), "deep") == [1, 2, 3, 4]
    assert list(nestings("a/b/c")) == [("a/b/c",), ("a", "b/c"), ("a/b", "c"), ("a", "b", "c")]
    assert len(list(nestings("a/b/c/d/e/f/g/h"))) == 1 + 7 + 1


def test_a_key_may_be_a_number_and_the_start_of_another(log: Any) -> None:
    metrics = (LOSS, WantedMetric("ce", ("loss/ce",)))
    lines = [{"loss": 1, "loss/ce": 2}, {"loss": 3}, {"loss": {"ce": 4}}]
    assert same(cells(read(log(*lines), wanted(*metrics)), "loss", "ce"), [(1.0, 2.0), (3.0, None), (None, 4.0)])


def test_keys_that_differ_by_case_are_two(log: Any) -> None:
    metrics = (WantedMetric("small", ("f1",)), WantedMetric("big", ("F1",)), WantedMetric("nested", ("a/F1", "A/f1")))
    run = read(log({"F1": 2, "f1": 1, "A": {"f1": 3}}, {"F1": 5}), wanted(*metrics))
    assert cells(run, "small", "big", "nested") == [(1, 2, 3), (None, 5, None)]


@pytest.mark.parametrize(
    "key",
    ["it's", 'a "b"', "back\\slash", "größe/μ", "'); DROP TABLE raw; --", "x\ty", "memory(GiB)", "a.b[0]", "$.a", "😀"],
)
def test_any_text_can_be_a_key(log: Any, key: str) -> None:
    run = read(log({key: 1.5, "loss": 1}), wanted(WantedMetric("odd", (key,)), LOSS))
    assert cells(run, "odd") == [1.5]


SIGNED = "accuracy: 'acc' is written with a percent sign ({!r}); read as a share of 1"


@pytest.mark.parametrize(
    ("values", "read_as", "notes"),
    [
        ([0.5, 0.9], [0.5, 0.9], ()),
        ([1.5, 0.9], [1.5, 0.9], ()),
        ([50, 90.0, 1.0], [0.5, 0.9, 0.01], ("accuracy: 'acc' is in percent (up to 90); divided by 100",)),
        ([0.5, INF], [0.5, INF], ()),
        (["48%", " 9.5 % ", "nan%", None], [0.48, 0.095, NAN], (SIGNED.format(" 9.5 % "),)),
        (["0.8%", "250%"], [0.008, 2.5], (SIGNED.format("0.8%"),)),
        (
            ["48%", 0.5, "0.25", NAN, True, False, "NaN", [1], "%", "many %"],
            [0.48, 0.5, 0.25, NAN, 1, 0, NAN],
            (SIGNED.format("48%"),),
        ),
        (["n/a%", 0.5, 90], [0.005, 0.9], ("accuracy: 'acc' is in percent (up to 90); divided by 100",)),
    ],
)  # fmt: skip
def test_a_share_above_one_and_a_half_is_percent(log: Any, values: Any, read_as: Any, notes: Any) -> None:
    run = read(log(*({"acc": value} for value in values)), wanted(WantedMetric("accuracy", ("acc",), share=True)))
    assert same(cells(run, "accuracy"), read_as)
    assert run.facts.notes == notes


@pytest.mark.parametrize(
    ("line", "loss", "margin"),
    [
        ({"loss": 0.0, "rewards/margins": 0.0, "grad_norm": NAN}, None, None),
        ({"loss": 0.526, "rewards/margins": 0.0, "grad_norm": INF}, 0.526, None),
        ({"loss": 0.0, "rewards/margins": 0.0, "grad_norm": 1.0}, 0.0, 0.0),
        ({"loss": 0.0, "rewards/margins": 0.0}, 0.0, 0.0),
        ({"loss": 0.0, "rewards/margins": NAN}, 0.0, NAN),  # the margin is no sentinel
        ({"loss": NAN, "rewards/margins": -0.0}, NAN, None),
    ],
)
def test_a_zero_beside_a_sentinel_that_is_not_finite_is_nothing(log: Any, line: Any, loss: Any, margin: Any) -> None:
    healthy = {"loss": 0.0, "rewards/margins": 0.0, "grad_norm": 0.0}
    run = read(log(healthy, line, healthy), wanted(sentinels=("grad", "loss")))
    assert same(cells(run, "loss"), [0.0, loss, 0.0])
    assert same(cells(run, "margin"), [0.0, margin, 0.0])


@pytest.mark.parametrize(
    ("values", "note"),
    [
        (["tensor(0.5)"] * 3, "loss: 'loss' is text in all 3 rows, first at line 1 ('tensor(0.5)'), never a number"),
        ([None, [1.5]], "loss: 'loss' is a list in 1 of 2 rows, first at line 2 ('[1.5]'), never a number"),
        ([{"mean": 1}], "loss: 'loss' is an object in all 1 rows, first at line 1 ('{\"mean\":1}'), never a number"),
    ],
)
def test_a_metric_that_is_never_a_number_gets_a_note(log: Any, values: Any, note: str) -> None:
    run = read(log(*({"loss": value, "grad_norm": 1} for value in values)), wanted())
    assert "loss" not in run.columns
    assert run.facts.notes == (note,)


@pytest.mark.parametrize("values", [[1, "n/a"], [None], [NAN]])
def test_no_note_where_numbers_are_mixed_or_nothing_was_said(log: Any, values: Any) -> None:
    assert read(log(*({"loss": value, "grad_norm": 1} for value in values)), wanted()).facts.notes == ()
