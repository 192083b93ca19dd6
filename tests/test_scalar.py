"""Expressions without rows: values, Kleene's logic, and what is unknown."""

from __future__ import annotations

import math

import pytest

from trainrules.engine.errors import Position
from trainrules.engine.pack import Scalar
from trainrules.engine.parser import parse
from trainrules.engine.scalar import evaluate_scalar

NAMES: dict[str, Scalar] = {
    "x": 2,
    "half": 2.5,
    "unset": None,
    "yes": True,
    "no": False,
    "phase": "main",
    "nan": math.nan,
    "inf": math.inf,
    "huge": 10**400,
}


def value(text: str) -> Scalar:
    return evaluate_scalar(parse(text, Position("f", 1, 1)), NAMES)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("3", 3.0),
        ("'main'", "main"),
        ("true", True),
        ("x", 2.0),
        ("x * 2 + 1", 5.0),
        ("-x", -2.0),
        ("x ** -2", 0.25),
        ("x / 4", 0.5),
        ("unset", None),
        ("other", None),
        ("nan", None),
        ("inf", None),
        ("huge", None),
        ("unset + 1", None),
        ("x / 0", None),
        ("0 / 0", None),
        ("0 ** -1", None),
        ("(-8) ** 0.5", None),
        ("1e308 * 10", None),
        ("1e308 + 1e308 - 1e308", None),
        ("abs(-3)", 3.0),
        ("sqrt(9)", 3.0),
        ("sqrt(-1)", None),
        ("exp(0)", 1.0),
        ("exp(1000)", None),
        ("log(1)", 0.0),
        ("log(0)", None),
        ("log(-1)", None),
        ("log10(1000)", pytest.approx(3.0)),
        ("floor(-2.5)", -3.0),
        ("ceil(-2.5)", -2.0),
        ("round(half)", 3.0),
        ("round(-2.5)", -3.0),
        ("round(0.49999999999999994)", 0.0),
        ("round(4503599627370497)", 4503599627370497.0),
        ("sign(-3)", -1.0),
        ("sign(0)", 0.0),
        ("min(3, x, 5)", 2.0),
        ("max(3, x, 5)", 5.0),
        ("max(3, unset)", None),
        ("clip(7, 0, 5)", 5.0),
        ("clip(7, unset, 5)", None),
        ("default(unset, 4)", 4.0),
        ("default(x, 4)", 2.0),
        ("default(x / 0, 4)", 4.0),
        ("default(unset, unset)", None),
    ],
)
def test_numbers(text: str, expected: Scalar) -> None:
    assert value(text) == expected


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("x > 1", True),
        ("1 < x < 2", False),
        ("x != 2", False),
        ("unset > 1", None),
        ("1 < unset < 0", None),
        ("3 < x < unset", False),
        ("phase == 'main'", True),
        ("phase in ['a', 'main']", True),
        ("phase not in ['a', 'b']", True),
        ("unset in [1, 2]", None),
        ("x in [1, 2]", True),
        ("yes and no", False),
        ("no and unset > 1", False),
        ("unset > 1 and no", False),
        ("yes and unset > 1", None),
        ("yes or unset > 1", True),
        ("unset > 1 or yes", True),
        ("no or unset > 1", None),
        ("not yes", False),
        ("not unset > 1", None),
        ("1 if yes else 2", 1.0),
        ("1 if no else 2", 2.0),
        ("1 if unset > 1 else 2", None),
        ("1 if yes else x / 0", 1.0),
        ("unset if yes else 2", None),
    ],
)
def test_logic(text: str, expected: Scalar) -> None:
    found = value(text)
    assert found == expected
    assert type(found) is type(expected)


@pytest.mark.parametrize("text", ["mean(x, '3 points') * 1", "latest(x) + 1", "nonfinite() and yes", "delta(x) + 0"])
def test_functions_over_rows_have_no_value(text: str) -> None:
    with pytest.raises(ValueError, match="looks at rows, and there are none here"):
        value(text)


def test_a_name_cannot_reach_a_function_of_the_evaluator() -> None:
    assert value("default(rand, 1) + default(int, 1)") == 2.0
