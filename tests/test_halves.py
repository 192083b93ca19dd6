"""Work is shared out in two parts of about the same size."""

from __future__ import annotations

import pytest

from trainrules.engine.compile.halves import halves


@pytest.mark.parametrize(
    ("sizes", "parts"),
    [
        ([], []),
        ([3], [[3]]),
        ([1, 1, 1], [[1, 1], [1]]),
        ([2, 1, 5, 4], [[5, 1], [4, 2]]),
        ([1, 2, 9], [[9], [2, 1]]),
    ],
)
def test_the_larger_goes_to_the_lighter_part_first(sizes: list[int], parts: list[list[int]]) -> None:
    assert halves(sizes, lambda size: size) == parts
