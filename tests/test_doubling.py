"""How the windows of a long stream are merged of shorter ones."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from trainrules.engine.compile.doubling import addition_chain


@pytest.mark.parametrize(
    ("lengths", "merges"),
    [
        ([], {}),
        ([1], {}),
        ([2], {2: (1, 1)}),
        ([8], {2: (1, 1), 4: (2, 2), 8: (4, 4)}),
        ([30], {2: (1, 1), 4: (2, 2), 5: (4, 1), 10: (5, 5), 15: (10, 5), 30: (15, 15)}),
        ([5, 10, 30, 50], {2: (1, 1), 4: (2, 2), 5: (4, 1), 10: (5, 5), 20: (10, 10), 30: (20, 10), 50: (30, 20)}),
        ([5, 10, 40, 50], {2: (1, 1), 4: (2, 2), 5: (4, 1), 10: (5, 5), 20: (10, 10), 40: (20, 20), 50: (40, 10)}),
    ],
)
def test_windows_are_merged_of_one_another(lengths: list[int], merges: dict[int, tuple[int, int]]) -> None:
    assert addition_chain(lengths) == merges


@given(st.sets(st.integers(1, 1_000_000), max_size=6))
def test_every_window_is_there_after_few_merges(lengths: set[int]) -> None:
    merges = addition_chain(lengths)
    assert lengths <= {1, *merges}
    assert all(newer + older == points and newer >= older >= 1 for points, (newer, older) in merges.items())
    assert all({newer, older} <= {1, *merges} for newer, older in merges.values())
    # As many as doubling and adding alone would take for each window.
    assert len(merges) <= sum(2 * (points.bit_length() - 1) for points in lengths)
