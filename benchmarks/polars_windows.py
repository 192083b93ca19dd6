"""What a script by hand needs beside Polars: streams, lines fitted through windows, and when a rule fired.

A stream is the rows on which a column is known: windows of points count these. A run logs a row a step, so that on all
rows a window of N steps is one of N rows; both are `rolling_*` with the least number of points as `min_samples`.
"""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections.abc import Sequence
from statistics import NormalDist, median
from typing import NamedTuple

import polars as pl


class Window(NamedTuple):
    """The last `rows` rows, of which `least` must be known."""

    rows: int
    least: int


def larger(left: pl.Expr, right: pl.Expr) -> pl.Expr:
    """The larger of two, unknown where one is."""
    return pl.when(left.is_null() | right.is_null()).then(None).otherwise(pl.max_horizontal(left, right))


def smaller(left: pl.Expr, right: pl.Expr) -> pl.Expr:
    """The smaller of two, unknown where one is."""
    return pl.when(left.is_null() | right.is_null()).then(None).otherwise(pl.min_horizontal(left, right))


def stream(rows: pl.DataFrame, known: str, columns: Sequence[pl.Expr]) -> pl.DataFrame:
    """The rows with columns that are computed on those alone on which `known` is."""
    if not rows[known].null_count():
        return rows.lazy().with_columns(columns).collect()
    part = rows.lazy().filter(pl.col(known).is_not_null()).select("i", *columns).collect()
    return rows.join(part, on="i", how="left", maintain_order="left")


def bound(mean: pl.Expr, std: pl.Expr, n: pl.Expr, confidence: float, sign: int) -> pl.Expr:
    """The lower (sign -1) or upper (1) bound of a mean, unknown below three points."""
    return pl.when(n >= 3).then(mean + sign * NormalDist().inv_cdf(confidence) * std / n.cast(pl.Float64).sqrt())


def clock_sums(w: Window, name: str, known: pl.Expr) -> list[pl.Expr]:
    """The number of known rows in the window, the sum of their steps, and of their squares: whole numbers, so exact."""
    step, count = pl.when(known).then(pl.col("step")), known.cast(pl.Int64)
    return [
        count.rolling_sum(w.rows, min_samples=1).alias(f"n_{name}"),
        step.rolling_sum(w.rows, min_samples=1).alias(f"t_{name}"),
        (step * step).rolling_sum(w.rows, min_samples=1).alias(f"tt_{name}"),
    ]


def regular_sums(w: Window, name: str) -> list[pl.Expr]:
    """The same where every row is known, and steps follow each other: no sums are needed."""
    step, n = pl.col("step"), pl.min_horizontal(pl.col("i") + 1, w.rows)
    return [
        n.alias(f"n_{name}"),
        (n * step - n * (n - 1) // 2).alias(f"t_{name}"),
        (n * step * step - step * n * (n - 1) + (n - 1) * n * (2 * n - 1) // 6).alias(f"tt_{name}"),
    ]


class Line(NamedTuple):
    """The least-squares line through a window: its slope and the standard error of that."""

    slope: pl.Expr
    error: pl.Expr

    def bound(self, sign: int, confidence: float = 0.95) -> pl.Expr:
        """The lower (sign -1) or upper (1) bound of the slope."""
        return self.slope + sign * NormalDist().inv_cdf(confidence) * self.error


def moments(x: str, w: Window) -> list[pl.Expr]:
    """What lines and bounds rest on, as columns of their own: Polars would compute each again wherever it stands."""
    value = pl.col(x)
    return [
        value.rolling_mean(w.rows, min_samples=w.least).alias(f"{x}_{w.rows}_mean"),
        value.rolling_var(w.rows, min_samples=w.least).alias(f"{x}_{w.rows}_var"),
        (value * pl.col("step")).rolling_sum(w.rows, min_samples=w.least).alias(f"{x}_{w.rows}_products"),
    ]


def line(x: str, w: Window, sums: str) -> Line:
    """The line of a column over a window, from its moments and the clock sums n_, t_ and tt_ `sums`."""
    mean, var, products = (pl.col(f"{x}_{w.rows}_{part}") for part in ("mean", "var", "products"))
    n, t, tt = (pl.col(f"{part}_{sums}") for part in ("n", "t", "tt"))
    sxt, stt = products - t * mean, (n * tt - t * t) / n
    slope = pl.when(pl.col(x).is_not_null() & (n >= 3)).then(sxt / stt)
    rest = pl.max_horizontal(var * (n - 1) * (1 - 1e-12) - slope * sxt, 0.0)
    return Line(slope, (rest / (n - 2) / stt).sqrt())


class Over(NamedTuple):
    """A window of steps over a column, one row a step, from its moments and clock sums."""

    name: str
    window: Window
    sums: str

    def _moment(self, part: str) -> pl.Expr:
        return pl.when(pl.col(self.name).is_not_null()).then(pl.col(f"{self.name}_{self.window.rows}_{part}"))

    @property
    def mean(self) -> pl.Expr:
        return self._moment("mean")

    @property
    def std(self) -> pl.Expr:
        return self._moment("var").sqrt()

    def bound(self, sign: int, confidence: float) -> pl.Expr:
        """The lower (sign -1) or upper (1) bound of the mean."""
        return bound(self.mean, self.std, pl.col(f"n_{self.sums}"), confidence, sign)

    def slope(self, sign: int, confidence: float = 0.95) -> pl.Expr:
        """The lower (sign -1) or upper (1) bound of the slope."""
        return line(self.name, self.window, self.sums).bound(sign, confidence)


def mad(values: Sequence[float | None], w: Window) -> list[float | None]:
    """The median distance from the median over each window; for the few evaluations of a run."""
    found: list[float | None] = []
    for end in range(1, len(values) + 1):
        held = [value for value in values[max(0, end - w.rows) : end] if value is not None]
        middle = median(held) if held else 0.0
        is_known = values[end - 1] is not None and len(held) >= w.least
        found.append(median(abs(value - middle) for value in held) if is_known else None)
    return found


class Course(NamedTuple):
    """How a rule went, in rows: its state, and of its last episode the onset, the row at which it fired and the end."""

    state: str
    episodes: int = 0
    onset: int = 0
    fired: int = 0
    end: int | None = None
    last: int = 0


def course(
    rows: pl.DataFrame,
    when: pl.Series,
    *,
    until: pl.Series | None = None,
    since: pl.Series | None = None,
    points: int = 1,
    steps: int = 0,
) -> Course:
    """Step through the rows at which `when` is known, and say what came of it.

    It fires at the `points`-th true row in a row, or once `steps` lie between it and the first of these.
    """
    seen = pl.DataFrame({"i": rows["i"], "step": rows["step"], "when": when}).filter(pl.col("when").is_not_null())
    if not seen.height:
        return Course("unknown")
    if not seen["when"].any():
        return Course("ok")
    at, clock = seen["i"], seen["step"]
    runs = seen["when"].rle().struct.unnest().with_columns(first=pl.col("len").cum_sum() - pl.col("len"))
    held = runs.filter(pl.col("value") & (pl.col("len") >= points)).select("first", "len")
    if steps:
        far = clock.gather(held["first"] + held["len"] - 1) - clock.gather(held["first"]) >= steps
        held = held.filter(far)
    over = None
    if until is not None and held.height:
        over = until.gather(at).fill_null(False).arg_true().to_list()
    episodes, onset, fired, end, free = 0, 0, 0, None, 0
    for first, length in held.rows():
        behind = first + length
        start = max(first, free)
        while start < behind:
            reached = start + points - 1
            if steps:
                reached = bisect_left(clock, clock[start] + steps, start, behind, key=int)
            if reached >= behind:
                break
            episodes, onset, fired = episodes + 1, start, reached
            if over is None:
                end = behind if behind < seen.height else None
            else:
                place = bisect_right(over, fired)
                end = over[place] if place < len(over) else None
            free = start = seen.height if end is None else end + 1
    if not episodes:
        return Course("pending" if runs[-1, "value"] else "ok")
    walked = at[onset] if since is None else walk(since, at[onset])
    last = at[-1] if end is None else at[end]
    state = "firing" if end is None else "resolved"
    return Course(state, episodes, walked, at[fired], None if end is None else at[end], last)


def walk(since: pl.Series, onset: int) -> int:
    """The first row of the unbroken run of a condition that reaches to the onset; unknown rows do not break it."""
    before = since.head(onset + 1)
    broken = (~before.fill_null(True)).arg_true()
    after = broken[-1] + 1 if len(broken) else 0
    found = before.slice(after).fill_null(False).arg_true()
    return int(found[0]) + after if len(found) else onset
