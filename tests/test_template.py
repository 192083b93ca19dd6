"""Texts with placeholders: what they become, and formats by the value's type."""

from __future__ import annotations

import math

import pytest

from trainrules.engine.pack import Scalar
from trainrules.engine.template import fill, placeholders

VALUES: dict[str, Scalar] = {
    "x": 0.123456789,
    "n": 1234567.0,
    "on": True,
    "name": "a{b}",
    "big": 10514.3,
    "low": 2.5e-07,
    "onset": 1234567.0,
    "total": 12000.0,
    "best_step": 12000.0,
    "none": None,
    "nan": math.nan,
}


@pytest.mark.parametrize(
    ("text", "filled"),
    [
        ("{x}", "0.123457"),
        ("{x:.3f} {x:.2e} {x:.0%} {x:+.1f}", "0.123 1.23e-01 12% +0.1"),
        ("{n:g} {n:d} {n:,d} {n:,.1f}", "1,234,567 1234567 1,234,567 1,234,567.0"),
        ("{big:.4g} {big:+.4g} {big:,.3g} {big} {low:.3g}", "10,510 +10,510 10,500 10,514.3 2.5e-07"),
        # places on the clock are what the log and the names of checkpoints have
        ("{n:g} {onset:g} {total} {best_step:g}", "1,234,567 1234567 12000 12000"),
        ("{on} {on:.3f}", "true true"),
        ("{name} {name:g}", "a{b} a{b}"),
        ("{none:.3f} {nan} {other}", "? ? ?"),
        ("{{x}} {{{x:.1f}}}", "{x} {0.1}"),
        ("{x.real} {x[0]} {x!r} {x:>9} {}", "{x.real} {x[0]} {x!r} {x:>9} {}"),
    ],
)
def test_fill(text: str, filled: str) -> None:
    assert fill(text, VALUES) == filled


def test_placeholders_know_their_place() -> None:
    found = [(each.name, each.spec, each.offset) for each in placeholders("a {{b}} {c} {d:.2e} {e!r}")]
    assert found == [("c", "", 9), ("d", ".2e", 13)]
