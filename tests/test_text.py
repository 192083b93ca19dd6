"""Trees back to text: what a report shows means what the pack says."""

from __future__ import annotations

import pytest
from hypothesis import given

from trainrules.engine.compile.text import text_of
from trainrules.engine.errors import ExpressionError, Position
from trainrules.engine.parser import MAX_LENGTH, parse

from .test_language import expressions

AT = Position("drawn.yaml", 1, 1)


@given(text=expressions)
def test_text_and_tree_are_one(text: str) -> None:
    tree = parse(text, AT).tree
    shown = text_of(tree)
    if len(shown) <= MAX_LENGTH:
        assert parse(shown, AT).tree == tree
    assert text_of(tree) == shown


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("loss>limit", "loss > limit"),
        ("(((a)))", "a"),
        ("+a", "a"),
        ("(a+b)+c", "a + b + c"),
        ("a+(b+c)", "a + (b + c)"),
        ("a-(b-c)", "a - (b - c)"),
        ("a*(b+c)/d", "a * (b + c) / d"),
        ("a/(b*c)", "a / (b * c)"),
        ("-(a+b)", "-(a + b)"),
        ("-a*b", "-a * b"),
        ("a - -b", "a - -b"),
        ("-a**2", "-a ** 2"),
        ("(-a)**2", "(-a) ** 2"),
        ("(-1)**2", "(-1) ** 2"),
        ("a**-1", "a ** (-1)"),
        ("(a**2)**3", "(a ** 2) ** 3"),
        ("(a*b)**2", "(a * b) ** 2"),
        ("a<b<c", "a < b and b < c"),
        ("(a == b) == c", "(a == b) == c"),
        ("not (a and b)", "not (a and b)"),
        ("(not a) and b", "not a and b"),
        ("(not a) == b", "(not a) == b"),
        ("a and (b or c)", "a and (b or c)"),
        ("(a and b) or c", "a and b or c"),
        ("(a and b) and c", "(a and b) and c"),
        ("(a if c else b) + 1", "(a if c else b) + 1"),
        ("a if c else (b if d else e)", "a if c else b if d else e"),
        ("(a if c else b) if d else e", "(a if c else b) if d else e"),
        ("a in (1, -2)", "a in [1, -2]"),
        ("p not in ['x', \"it's\"]", "not p in ['x', \"it's\"]"),
        ("p == '; DROP TABLE run'", "p == '; DROP TABLE run'"),
        ("p == 'tab\\tx'", "p == 'tab\\tx'"),
        ("p == 'größe'", "p == 'größe'"),
        ("mean(loss, trend, 0)", "mean(loss, trend)"),
        ("mean(loss, trend, 2)", "mean(loss, trend, lag=2)"),
        ('mean(loss, "20 points")', "mean(loss, '20 points')"),
        ("mean_upper(loss, trend, 0.95)", "mean_upper(loss, trend)"),
        ("mean_upper(loss, trend, 0.99, 1)", "mean_upper(loss, trend, conf=0.99, lag=1)"),
        ("quantile(loss, trend, q=0.1)", "quantile(loss, trend, 0.1)"),
        ("prev(loss, 1)", "prev(loss)"),
        ("min(a, b, 1)", "min(a, b, 1)"),
        ("nonfinite( )", "nonfinite()"),
        ("True or False", "true or false"),
        ("a > 1e-7", "a > 1e-07"),
        ("a > 0.1 + 0.2", "a > 0.1 + 0.2"),
        ("a > 123456789", "a > 123456789"),
        ("a > 1.5e300", "a > 1.5e+300"),
    ],
)
def test_golden_pairs(text: str, shown: str) -> None:
    tree = parse(text, AT).tree
    assert text_of(tree) == shown
    assert parse(shown, AT).tree == tree


def test_what_is_shown_is_never_ambiguous() -> None:
    with pytest.raises(ExpressionError):
        parse("a ** 2 ** 3", AT)
