"""What a window means: its points, its clock, and where it is empty."""

from __future__ import annotations

from pathlib import Path

import pytest

from .columnlogs import Cases, Truth, by_log, checked, judge_as, report_of, truths


@pytest.fixture
def truth(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Truth:
    """What conditions say of each row of a log."""
    return truths(tmp_path, monkeypatch)


@pytest.fixture(params=["short", "long"])
def way(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> str:
    """Makes a test run as if its log were short, and once more as if it were long."""
    judge_as(request.param, monkeypatch)
    return str(request.param)


@pytest.mark.usefixtures("way")
@by_log(
    # N points: the last N known values, this row's included; min is N unless it is given
    ("loss 1 2 . 3 4", "mean(loss, three) == 2", "???TF"),
    ("loss 1 2 . 3 4", "count(loss, some) == 3", "FF?TT"),
    ("loss 1 2 . 3 4", 'mean(loss, "2 points") == 2.5', "?F?TF"),
    ("loss 1 2 . 3 4", 'mean(loss, "1 point") == 3', "FF?TF"),
    ("loss 1 nan inf 3", 'total(loss, "2 points") == 4', "???T"),
    # L steps: known values with a tick in (now - L, now]
    ("step 1 2 3 4\nloss 1 2 3 4", "count(loss, steps) == 3", "?FTT"),
    ("step 1 4 5 10\nloss 1 2 3 4", "count(loss, steps) == 2", "??T?"),
    ("step 1 4 5 10\nloss 1 2 3 4", "count(loss, steps) > 0", "??T?"),
    ("epoch 1 1.5 2 2.5\nloss 1 2 3 4", "count(loss, epochs) == 2", "FTTT"),
    ("time 60 120 180 600\nloss 1 2 3 4", "count(loss, minutes) == 2", "FTTF"),
    # the run so far
    ("loss 1 2 . 9", "mean(loss, so_far) == 4", "?F?T"),
    # lag: the newest k stay out; f(x, w, lag=k) is prev(f(x, w), k)
    ("loss 1 2 3 9", "mean(loss, three, lag=1) == 2", "???T"),
    ("loss 1 2 . 3 9", "mean(loss, three, lag=1) == 2", "????T"),
    ("loss 1 2 4 9", "mean(loss, so_far, lag=1) == 1.5", "??TF"),
    ("loss 1 1 2 9", "zscore(loss, so_far, lag=1) > 5", "???T"),
    # what is flat
    ("loss 2 2 2 3", "slope(loss, three) == 0", "??TF"),
    ("loss 2 2 2 3", "std(loss, three) == 0", "??TF"),
    ("loss 2 2 2 3", "r2(loss, three) >= 0", "???T"),
    ("loss 2 2 2 3", "zscore(loss, three) > 0", "???T"),
    ("loss 0.1 0.1 0.1 0.1", "mean(loss, three) == 0.1", "??TT"),
    # order statistics and conditions
    ("loss 1 5 2 7", "median(loss, three) == 2", "??TF"),
    ("loss 1 5 2 7", "minimum(loss, three) == 1 and maximum(loss, three) == 5", "??TF"),
    ("loss 1 5 2 7", "quantile(loss, three, 0.25) == 1.5", "??TF"),
    ("loss 1 5 2 7", "mad(loss, three) == 1", "??TF"),
    ("loss 1 5 2 7", "share(loss > 3, three) > 0.5", "??FT"),
    ("loss 1 5 . 2 1", "any(loss > 3, three)", "???TT"),
    ("loss 1 5 . 6 7", "all(loss > 3, three)", "???FT"),
    # the slope is per step of the clock
    ("step 10 20 30 40\nloss 1 2 3 9", "slope(loss, three) == 0.1", "??TF"),
    # bounds are unknown below three points
    ("loss 1 2 3 4", "mean_lower(loss, so_far) < mean_upper(loss, so_far)", "??TT"),
    ("loss 1 2 4 4", "slope_lower(loss, so_far) < slope_upper(loss, so_far)", "??TT"),
    ("loss 1 2 3 4", "mean_upper(loss, so_far, 0.99) > mean_upper(loss, so_far, 0.9)", "??TT"),
    # neither rows nor columns limit what stands in a window of conditions
    ("loss 1 9 . 9\nkl 1 . 9 9", "share(loss > 5 and kl > 5, so_far) == 0.5", "???T"),
)
def test_windows(truth: Truth, columns: str, cases: Cases) -> None:
    checked(truth, columns, cases)


@pytest.mark.usefixtures("way")
@pytest.mark.parametrize(
    "condition", ["mean(loss, epochs) > 5", "median(loss, epochs) > 5", "share(loss > 5, epochs) > 0"]
)
@pytest.mark.parametrize(
    "epochs", [pytest.param("_ _ 1", id="missing"), pytest.param("3 1 2", id="back"), pytest.param("_ _ _", id="never")]
)
def test_a_window_that_holds_no_row_is_empty(tmp_path: Path, condition: str, epochs: str) -> None:
    """Its frame would reach a negative number of rows back, which ends DuckDB's query."""
    report = report_of(tmp_path, f"loss 1 1 1\nepoch {epochs}", f"when: {condition}")
    assert report.findings == ()
