"""Quantiles of short windows of a long stream, held against sorting each window."""

from __future__ import annotations

import math

import duckdb
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from trainrules.engine.compile.ir import Kernel, Raw, Span
from trainrules.engine.compile.lower import lower
from trainrules.engine.compile.ranks import LONGEST
from trainrules.engine.compile.stream import Stream

CON = duckdb.connect()
X = Raw("m0", "loss")


def kernel(points: int, q: float, least: int = 1, lag: int = 0) -> Kernel:
    return Kernel("quantile", X, Span(points, "points", least), lag, q=q)


def quantiles(values: list[float], kernels: list[Kernel]) -> tuple[str, list[list[float | None]]]:
    """The statement, and what each kernel comes to on each row."""
    CON.execute("CREATE OR REPLACE TEMP TABLE t (i BIGINT, k BIGINT, x DOUBLE)")
    CON.execute(f"INSERT INTO t VALUES {', '.join(f'({i}, {i}, {value!r})' for i, value in enumerate(values, 1))}")
    lowered = lower(
        Stream((X,), len(values), full=True), {each: f"w{n}" for n, each in enumerate(kernels)}, {X: "x"}, 1
    )
    sql = lowered.query("t", ["i", "k", "x"], ["i"])
    _, *found = zip(*CON.execute(f"{sql} ORDER BY i").fetchall(), strict=True)
    return sql, [list(column) for column in found]


def near(got: list[float | None], wanted: list[float | None]) -> bool:
    """Whether both are unknown on the same rows and the same but for rounding elsewhere."""
    pairs = list(zip(got, wanted, strict=True))
    return all((a is None) == (b is None) for a, b in pairs) and all(
        math.isclose(a, b, rel_tol=1e-9, abs_tol=1e-9) for a, b in pairs if a is not None and b is not None
    )


def sorted_out(values: list[float], each: Kernel) -> list[float | None]:
    """The same by sorting each window."""
    assert each.span is not None
    out: list[float | None] = []
    for end in range(1 - each.lag, len(values) + 1 - each.lag):
        window = sorted(values[max(end - int(each.span.last), 0) : max(end, 0)])
        if len(window) < max(each.span.least, 1):
            out.append(None)
            continue
        at = each.q * (len(window) - 1)
        low, share = math.floor(at), at - math.floor(at)
        out.append(window[low] * (1 - share) + window[math.ceil(at)] * share if share else window[low])
    return out


@pytest.mark.parametrize(
    ("of", "streams"),
    [
        (kernel(2, 0.5), True),
        (kernel(10, 0.5, 5), True),
        (kernel(10, 0.5, 5, lag=3), True),
        (kernel(10, 0.0), True),
        (kernel(LONGEST, 0.9), True),
        (kernel(1, 0.5), False),
        (kernel(LONGEST + 1, 0.5), False),
    ],
)
def test_short_windows_stream(of: Kernel, streams: bool) -> None:
    values = [math.sin(7 * i) * math.exp(i % 5) for i in range(60)]
    sql, [got] = quantiles(values, [of])
    assert ("quantile_cont(" not in sql) is streams
    assert near(got, sorted_out(values, of))


NUMBERS = st.floats(-1e6, 1e6) | st.sampled_from([0.0, -0.0, 1.0, -1.0, 1e-300, 3.5])


@settings(max_examples=60, deadline=None)
@given(
    st.lists(NUMBERS, min_size=1, max_size=40),
    st.lists(
        st.builds(
            kernel,
            st.integers(1, LONGEST + 1),
            st.sampled_from([0.0, 0.1, 0.25, 0.5, 0.9, 1.0]) | st.floats(0, 1),
            st.integers(1, 5),
            st.integers(0, 3),
        ),
        min_size=1,
        max_size=4,
        unique=True,
    ),
)
def test_quantiles_are_those_of_the_sorted_window(values: list[float], kernels: list[Kernel]) -> None:
    for got, of in zip(quantiles(values, kernels)[1], kernels, strict=True):
        assert near(got, sorted_out(values, of))
