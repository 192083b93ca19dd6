"""What an expression means: cells, rows and the clock, where a value is known, and history."""

from __future__ import annotations

from pathlib import Path

import pytest

from trainrules.engine.errors import LogError

from .columnlogs import Cases, Truth, by_log, checked, judge_as, outcome, report_of, state, truths


@pytest.fixture
def truth(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Truth:
    """What conditions say of each row of a log."""
    return truths(tmp_path, monkeypatch)


@pytest.fixture(params=["short", "long"])
def way(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> str:
    """Makes a test run as if its log were short, and once more as if it were long."""
    judge_as(request.param, monkeypatch)
    return str(request.param)


# Cells, rows, clock


@by_log(
    # finite, non-finite, text, null
    ("loss 1 nan inf -inf null . 3", "loss > 2", "F?????T"),
    ("loss '1' 'nan' '3' 'Infinity' 'x'", "loss > 2", "F?T??"),
    ("phase main end . main", "phase == 'main'", "TF?T"),
    ("phase main end . main", "phase in ['end', 'x']", "FT?F"),
    ("phase main main . end end", "changed(phase)", "?F?TF"),
    # a metric's key is the first of its keys that occurs
    ("loss 1 . 3\ntrain_loss . 9 .", "loss > 2", "F?T"),
    ("train_loss 1 9 3", "loss > 2", "FTT"),
    # on a row where a sentinel is not finite, exactly 0 is no value
    ("loss 1 0 0 1\nkl 1 1 nan nan", "loss >= 0", "TT?T"),
    # `where` says which cells are observations
    ("main 1 2 3 4\nphase main end main .", "main > 0", "T?T?"),
    ("main 1 2 3 4\nphase main end main .", "count(main, so_far) == 2", "??T?"),
)
def test_cells(truth: Truth, columns: str, cases: Cases) -> None:
    checked(truth, columns, cases)


@by_log(
    # lines of one step with other keys are one row; a key that comes again begins a new one
    ("step 1 1 2 2\nloss 1 . 3 .\neval_loss . 5 . 5", "loss + eval_loss > 7", "FT"),
    ("step 1 1 2 2\nloss 1 2 3 .\neval_loss . 5 . 5", "loss + eval_loss > 7", "?FT"),
    ("step 1 1 2\nloss 1 2 3", "loss > 0 and row == 2", "FTF"),
    ("step 1 1 2\nloss 1 . 3\nkl . 1 .", "row == 3 and loss + default(kl, 0) > 0", "FT"),
    # a row of evaluations only takes the tick of its place in the file
    ("step 1 2 9 3\nloss 1 2 . 3\neval_loss . . 5 .", "count(loss, steps) == 3 or eval_loss > 9", "?FFT"),
    # a missing step is carried forward
    ("step 1 2 . 4\nloss 1 2 3 4", "loss > 0 and step == 2", "FTTF"),
    # later rows replace the earlier ones where the clock goes back
    ("step 1 2 3 2 3 4\nloss 1 2 9 4 5 6", "loss > 3", "FTTT"),
    ("step 1 2 3 4 5 3\nloss 1 2 3 4 5 6", "loss > 0 and step == 3", "FFT"),
)
def test_rows_and_clock(truth: Truth, columns: str, cases: Cases) -> None:
    checked(truth, columns, cases)


@pytest.mark.parametrize(
    ("columns", "rule", "expected"),
    [
        ("pad 4 4 4 4 4 4\nmargin 1 . . . . .", "when: age(margin) > 3", "firing 5/5/-"),
        ("pad 4 4 4 4 4 4", "when: step > 3", "firing 4/4/-"),
        ("step 1 2 3 3 2 3\npad 4 4 4 . 4 4\nmargin . . . 9 . .", "when: margin > 5", "waiting"),
        ("step 10 1 20 2 30 20 2\npad 5 . 5 . 5 5 .\neval_loss . 1 . 9 . . 1", "when: eval_loss > 5", "ok"),
        ("step 10 1 20 2 30\npad 5 . 5 . 5\neval_loss . 1 . 9 .", "when: eval_loss > 5\nafter: 15", "firing 2/2/-"),
    ],
    ids=[
        "the clock goes on",
        "the clock alone",
        "stale rows are replaced",
        "stale evaluations too",
        "evaluations stand in their place",
    ],
)
@pytest.mark.parametrize("variant", [None, "less"], ids=["read by another rule", "by none"])
def test_a_row_is_one_whatever_the_other_rules_read(
    tmp_path: Path, columns: str, rule: str, expected: str, variant: str | None
) -> None:
    """`pad` is read by rule z only: the rows that hold it are there when z is off as well."""
    report = report_of(tmp_path, columns, rule, more="variants: {less: {disable: [z]}}\n", variant=variant)
    assert (outcome(report), state(report, "z").state) == (expected, "disabled" if variant else "ok")


@pytest.mark.parametrize(
    ("columns", "ended"),
    [
        ("loss 1 2", False),
        ("loss 1 2 .\ntrain_runtime . . 9\nstep 1 2 2", True),
        ("loss 1 2\ntotal 2 2", True),
        ("loss 1 2\ntotal 3 3", False),
    ],
)
def test_a_run_has_ended(tmp_path: Path, columns: str, ended: bool) -> None:
    assert report_of(tmp_path, columns, "when: loss > 1").log.ended is ended


@pytest.mark.parametrize(
    ("columns", "clock"),
    [("loss 1 2", "step"), ("step . .\nepoch 1 2\nloss 1 2", "epoch"), ("step . .\nloss 1 2", "row")],
)
def test_the_report_says_which_clock(tmp_path: Path, columns: str, clock: str) -> None:
    assert report_of(tmp_path, columns, "when: loss > 1").log.clock == clock


def test_an_interleaved_log_cannot_be_judged(tmp_path: Path) -> None:
    steps = " ".join(f"{step} {step}.5 1" for step in range(2, 40))
    columns = f"step {steps}\nloss " + " ".join(["1"] * 114)
    with pytest.raises(LogError, match="name the label"):
        report_of(tmp_path, columns, "when: loss > 1")


# Value and observation

SEEN = "default(loss, 0) + default(eval_loss, 0) >= 0"


@pytest.mark.usefixtures("way")
@by_log(
    # arithmetic and comparisons: all operands known and the result finite
    ("loss 1 . 3 .\nkl . 1 1 .", "loss + kl > 0", "??T?"),
    ("loss 1 0\nkl 1 1", "kl / loss > 0", "T?"),
    ("loss 1e200 2", "loss * loss > 0", "?T"),
    ("loss -1 0 1", "log(loss) == 0", "??T"),
    ("loss -1 0 4", "sqrt(loss) >= 0", "?TT"),
    ("loss 1000 1", "exp(loss) > 0", "?T"),
    ("loss -8 8", "loss ** 0.5 > 0", "?T"),
    ("loss 1 . 3\nkl . 5 1", "max(loss, kl) >= 0", "??T"),
    ("loss 0.5 1.5 -0.5 -1.5 0.4", "round(loss) in [1, 2, -1, -2]", "TTTTF"),
    # and: all known, or one known to be false
    ("loss 1 1 9 9 . .\nkl 1 . . 9 1 9", "loss > 5 and kl > 5", "FF?TF?"),
    # or: any known; an operand that is not logged here is left out
    ("loss 1 1 9 9 . . .\nkl 1 . . 9 1 9 .", "loss > 5 or kl > 5", "FFTTFT?"),
    ("loss nan nan\nkl 1 9", "loss > 5 or kl > 5", "?T"),
    # not; x if c else y
    ("loss 1 . 9", "not loss > 5", "T?F"),
    ("loss 1 9 9 .\nkl . 1 . 1", "(kl if loss > 5 else 7) > 5", "TF??"),
    # latest: every row from the first observation on; alone it adds no rows
    ("loss . 1 . 9\nkl 1 1 1 .", "latest(loss) > 5 or kl > 5", "FFF?"),
    ("loss . 1 . 9\nkl 1 1 1 .", "latest(loss) < kl", "?FF?"),
    ("loss . 1 . 9\nkl 1 1 1 .", "latest(loss) > 5", "?F?T"),
    # default: every row of the expression it stands in
    ("loss . 1 . 9\nkl 1 1 1 .", "default(loss, 7) > kl", "TFT?"),
    ("loss . 1 . 9\nkl 1 1 1 .", "default(loss, 7) > 5", "TFTT"),
    ("loss nan 1", "default(loss > 5, true)", "TF"),
    # nonfinite: every row on which the key was logged
    ("loss 1 nan . inf\nkl 1 1 1 1", "nonfinite(loss)", "FT?T"),
    ("loss 1 nan . .\nkl . . . inf\nmargin 1 1 1 1", "nonfinite()", "FT?T"),
    # age: every row that moves the clock
    ("loss 1 2 3 4\nkl 1 . . 1", "age(kl) >= 2", "FFTF"),
    ("step 1 2 2 3\nloss 1 2 . 4\neval_loss . . 5 .\nkl 1 . . .", f"age(kl) >= 1 and {SEEN}", "FTT"),
    ("step 1 2 7 3\nloss 1 2 . 4\neval_loss . . 5 .\nkl 1 . . .", f"age(kl) >= 1 and {SEEN}", "FT?T"),
    # clock and params: every row
    ("loss 1 . 3\nkl . 1 .", "step > late - 1", "FFT"),
    ("loss 1 . 3\nkl 1 1 1\nepoch 1 2 3\ntime 60 120 180", "epoch == 2 and time == 120", "FTF"),
    ("loss 1 2 3 4\ntotal 4 4 4 4", "progress >= 0.75", "FFTT"),
    ("loss 1 2 3", "ended", "??F"),
    # metrics of other metrics, chained comparisons
    ("loss 1 . 3", "1 < double <= 6", "T?T"),
)
def test_where_an_expression_is_known(truth: Truth, columns: str, cases: Cases) -> None:
    checked(truth, columns, cases)


@pytest.mark.usefixtures("way")
@by_log(
    ("loss 1 . 3 4", "prev(loss) < 2", "??TF"),
    ("loss 1 . 3 4", "prev(loss, 2) < 2", "???T"),
    ("loss 1 . 3 4", "delta(loss) > 1", "??TF"),
    ("loss 0 -2 -1", "pct_change(loss) == 0.5", "??T"),
    ("loss 5 . 3 6", "loss < first(loss)", "F?TF"),
    ("loss 5 . 3 6", "best(loss) == 3", "F?TT"),
    ("margin 5 . 3 6", "best(margin) == 5", "T?TF"),
    ("loss 5 . 3 6", "lowest(loss) < highest(loss)", "F?TT"),
    ("loss 5 4 . 6\nkl 1 1 1 1", "at(loss, '3 steps') == 6", "???T"),
    ("loss 5 4 3 2", "at(loss, '2 steps') == 4", "?TTT"),
    ("loss 5 4 3 2", "at(loss, '1 step') == 5", "TTTT"),
    ("epoch 0.5 1 1.5 2\nloss 5 4 3 2", "at(loss, '1 epoch') == 4", "?TTT"),
    ("time 1000 1060 1120 1180\nloss 5 4 3 2", "at(loss, '2 minutes') == 3", "??TT"),
)
def test_history(truth: Truth, columns: str, cases: Cases) -> None:
    checked(truth, columns, cases)
