# ruff: noqa: E501 - tables of logs, conditions and what they give
"""What an expression, a window and a rule mean, from a log and a pack to the report.

A log is written as columns, one line a key: a dot is an absent cell. `step` counts from 1 unless it is written too; then
a row is no more than what is written, else it holds a metric more, so that it is a row whatever else is absent.
What a condition says is one character a row: T true, F false, ? unknown.
"""

from __future__ import annotations

import functools
import json
from collections.abc import Callable, Sequence
from pathlib import Path
from textwrap import indent
from typing import Any

import pytest

from trainrules import evaluate
from trainrules.engine import evaluation, rowbook
from trainrules.engine.compile.program import Program
from trainrules.engine.errors import LogError
from trainrules.engine.report import Finding, Report, RuleState

HEAD = """
schema: 1
pack: tiny
version: 1.0.0
title: Tiny
clock: {step: [step], epoch: [epoch], time: [time], total: [total]}
summary: [train_runtime]
sentinels: [loss, kl]
labels: {expert: [expert]}
metrics:
  loss: {keys: [loss, train_loss], better: lower}
  kl: {keys: [kl]}
  margin: {keys: [margin], better: higher}
  eval_loss: {keys: [eval_loss], role: eval, better: lower}
  phase: {keys: [phase], type: text}
  main: {keys: [main], where: phase == 'main'}
  split: {keys: [split], by: expert}
  double: {expr: 2 * loss}
  rarely: {expr: loss, where: loss > 5}
  pad: {keys: [pad]}
params:
  floor: {default: 0}
  late: {default: 3}
  unset: {default: null}
windows:
  three: {last: 3 points}
  some: {last: 3 points, min: 1 point}
  steps: {last: 3 steps, min: 2 points}
  epochs: {last: 1 epochs, min: 1 point}
  minutes: {last: 2 minutes, min: 1 point}
  so_far: {last: all, min: 2 points}
"""
STEPS = "step 1 2 3 4 5 6"
NO_NUMBER, WHY_NOT = "no row gives a number", "a flat window, or a result that is not finite"


def write_log(place: Path, columns: str) -> Path:
    table = {key: cells for key, *cells in map(str.split, columns.strip().splitlines())}
    rows = max(map(len, table.values()))
    if "step" not in table:
        table = {"step": [str(row) for row in range(1, rows + 1)], "pad": ["1"] * rows, **table}
    log = place / "run.jsonl"
    with log.open("w") as out:
        for row in range(rows):
            here = {key: cells[row] for key, cells in table.items() if cells[row : row + 1] not in ([], ["."])}
            out.write(json.dumps({key: cell(text) for key, text in here.items()}) + "\n")
    return log


def cell(text: str) -> object:
    if text == "null":
        return None
    try:
        return float(text)
    except ValueError:
        return text.strip("'")


def report_of(place: Path, columns: str, *rules: str, **options: Any) -> Report:
    """The report on the log by a pack with these rules, called a, b …; each is its fields but for title and cause."""
    pack = place / "tiny.yaml"
    body = ""
    for name, rule in zip("abcdefghijklmnopqrstuvwxy", rules, strict=False):
        own = "" if "severity:" in rule else "severity: warning\n"
        body += f"  {name}:\n" + indent(f"title: {name.upper()}\ncause: info\n{own}{rule}\n", "    ")
    body += "  z: {title: Z, cause: info, severity: info, when: pad > 9}\n"
    pack.write_text(HEAD + options.pop("more", "") + f"rules:\n{body}")
    return evaluate(write_log(place, columns), pack=pack, **options)


def outcome(report: Report, rule: str = "a") -> str:
    """How a rule came out: its state, then onset/fired/end in steps where it fired."""
    for each in report.findings:
        if each.rule == rule:
            end = "-" if each.end is None else f"{each.end.step:g}"
            return f"{each.state} {each.onset.step:g}/{each.fired.step:g}/{end}"
    return next(each.state for each in report.rules if each.rule == rule)


def finding(report: Report, rule: str = "a") -> Finding:
    return next(each for each in report.findings if each.rule == rule)


def state(report: Report, rule: str = "a") -> RuleState:
    return next(each for each in report.rules if each.rule == rule)


@pytest.fixture(params=["short", "long"])
def way(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> str:
    """Makes a test run as if its log were short, and once more as if it were long."""
    long = 1 if request.param == "long" else 10**9
    monkeypatch.setattr(evaluation, "Program", functools.partial(Program, long=long))
    monkeypatch.setattr(rowbook, "_EAGER", 0 if request.param == "long" else 10**9)
    return str(request.param)


@pytest.fixture
def truth(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[[str, Sequence[str]], list[str]]:
    """What conditions say of each row of a log."""
    seen: list[Any] = []

    def spied(program: Program, asked: Sequence[object], *rest: Any) -> Any:
        found = real(program, asked, *rest)
        seen.extend(found)
        return found

    real = evaluation.timelines
    monkeypatch.setattr(evaluation, "timelines", spied)

    def of(columns: str, conditions: Sequence[str]) -> list[str]:
        seen.clear()
        report = report_of(tmp_path, columns, *(f"when: {json.dumps(when)}" for when in conditions))
        assert not [each for each in report.rules if each.rule != "z" and each.state == "not_evaluated"]
        shown = {True: "T", False: "F", None: "?"}
        lines = ("".join(shown[part.value] * (part.last - part.first + 1) for part in line) for line in seen)
        return [line for line, _ in zip(lines, conditions, strict=False)]

    return of


Case = tuple[str, str, str]
Cases = Sequence[tuple[str, str]]


def by_log(*cases: Case) -> pytest.MarkDecorator:
    """Cases of a log, a condition and what it says row by row; those of one log are judged together."""
    table: dict[str, list[tuple[str, str]]] = {}
    for columns, when, expected in cases:
        table.setdefault(columns, []).append((when, expected))
    return pytest.mark.parametrize(("columns", "cases"), table.items(), ids=[key.replace("\n", "; ") for key in table])


def checked(truth: Callable[[str, Sequence[str]], list[str]], columns: str, cases: Cases) -> None:
    assert dict(zip((when for when, _ in cases), truth(columns, [when for when, _ in cases]), strict=True)) == dict(
        cases
    )


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
def test_cells(truth: Callable[[str, Sequence[str]], list[str]], columns: str, cases: Cases) -> None:
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
def test_rows_and_clock(truth: Callable[[str, Sequence[str]], list[str]], columns: str, cases: Cases) -> None:
    checked(truth, columns, cases)


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
def test_where_an_expression_is_known(
    truth: Callable[[str, Sequence[str]], list[str]], columns: str, cases: Cases
) -> None:
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
    ("time 1000 1060 1120 1180\nloss 5 4 3 2", "at(loss, '2 minutes') == 3", "??TT"),
    # a log that starts in the middle of a run has no first value
    ("step 501 502 503\nloss 5 4 3", "first(loss) > 0", "???"),
)
def test_history(truth: Callable[[str, Sequence[str]], list[str]], columns: str, cases: Cases) -> None:
    checked(truth, columns, cases)


# Windows


@pytest.mark.usefixtures("way")
@by_log(
    # N points: the last N known values, this row's included; min is N unless it is given
    ("loss 1 2 . 3 4", "mean(loss, three) == 2", "???TF"),
    ("loss 1 2 . 3 4", "count(loss, some) == 3", "FF?TT"),
    ("loss 1 2 . 3 4", 'mean(loss, "2 points") == 2.5', "?F?TF"),
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
def test_windows(truth: Callable[[str, Sequence[str]], list[str]], columns: str, cases: Cases) -> None:
    checked(truth, columns, cases)


# The rule's automaton


@pytest.mark.usefixtures("way")
@pytest.mark.parametrize(
    ("columns", "rule", "expected"),
    [
        ("loss 1 9 9 9", "when: loss > 5", "firing 2/2/-"),
        ("loss 1 9 9 1", "when: loss > 5", "resolved 2/2/4"),
        ("loss 1 9 9 9", "when: loss > 5\nfor: 3 points", "firing 2/4/-"),
        ("loss 1 9 9", "when: loss > 5\nfor: 3 points", "pending"),
        ("loss 1 9 . 9 . 9", "when: loss > 5\nfor: 3 points", "firing 2/6/-"),
        ("loss 9 9 1 9 9", "when: loss > 5\nfor: 3 points", "pending"),
        ("loss 9 9 1 9 9 1", "when: loss > 5\nfor: 3 points", "ok"),
        ("loss 9 9 9 1 9 9", "when: loss > 5\nfor: 3 points", "resolved 1/3/4"),
        ("loss 9 9 9 1 9 9 9", "when: loss > 5\nfor: 3 points", "firing 5/7/-"),
        ("step 10 20 30 40\nloss 1 9 9 9", "when: loss > 5\nfor: 20 steps", "firing 20/40/-"),
        ("step 10 20 30 40\nloss 1 9 9 9", "when: loss > 5\nfor: 21 steps", "pending"),
        ("step 10 20 30 40 55\nloss 1 9 9 9 9", "when: loss > 5\nfor: 21 steps", "firing 20/55/-"),
        ("epoch 0.5 1 1.5 2\nloss 1 9 9 9", "when: loss > 5\nfor: 1 epochs", "firing 2/4/-"),
        ("time 0 60 120 180\nloss 1 9 9 9", "when: loss > 5\nfor: 2 minutes", "firing 2/4/-"),
        # until ends it, and nothing else does; unknown keeps the state
        ("loss 9 1 1 1", "when: loss > 5\nuntil: loss < 0", "firing 1/1/-"),
        ("loss 9 1 -1 1", "when: loss > 5\nuntil: loss < 0", "resolved 1/1/3"),
        ("loss 9 . nan .", "when: loss > 5", "firing 1/1/-"),
        ("loss 9 . nan 1", "when: loss > 5", "resolved 1/1/4"),
        ("loss 9 9 9 9 9 9\nkl 1 1 1 9 1 1", "when: loss > 5\nfor: 2 points\nuntil: kl > 5", "firing 5/6/-"),
        ("loss 9 9 9 9 9\nkl 1 1 1 9 1", "when: loss > 5\nfor: 2 points\nuntil: kl > 5", "resolved 1/2/4"),
        # sticky: until never
        ("loss 1 9 1 1", "when: loss > 5\nsticky: true", "firing 2/2/-"),
        # after, on the clock
        ("loss 9 9 9 9", "when: loss > 5\nafter: 2", "firing 3/3/-"),
        ("loss 9 9 9 9 9", "when: loss > 5\nafter: late", "firing 4/4/-"),
        ("loss 9 9 9 9 9", "when: loss > 5\nafter: late\nfor: 2 points", "firing 4/5/-"),
        ("step 1 2 9 3 4\nloss 1 1 . 1 1\neval_loss . . 9 . 9", "when: eval_loss > 5\nafter: 3", "firing 4/4/-"),
        # while: rows outside are no observations
        ("loss 9 9 9 9\nphase a main a main", "when: loss > 5\nwhile: phase == 'main'\nfor: 2 points", "firing 2/4/-"),
        ("loss 9 1 9\nphase main a main", "when: loss > 5\nwhile: phase == 'main'", "firing 1/1/-"),
        # neither limits what a window sees
        ("loss 1 2 9", "when: mean(loss, three) == 4\nafter: 2", "firing 3/3/-"),
        ("loss 1 2 9\nphase a a main", "when: mean(loss, three) == 4\nwhile: phase == 'main'", "firing 3/3/-"),
        # since walks the onset back
        ("loss 1 3 4 9 9", "when: loss > 5\nsince: loss > 2", "firing 2/4/-"),
        ("loss 3 1 4 9 9", "when: loss > 5\nsince: loss > 2", "firing 3/4/-"),
        ("loss 3 4 9 9", "when: loss > 5\nsince: loss > 2\nafter: 3", "firing 1/4/-"),
        ("loss 3 . nan 9", "when: loss > 5\nsince: loss > 2", "firing 1/4/-"),
        ("loss 3 4 9 9\nkl 1 9 9 9", "when: loss > 5\nsince: kl > 5\nfor: 2 points", "firing 2/4/-"),
    ],
)
def test_automaton(tmp_path: Path, columns: str, rule: str, expected: str) -> None:
    assert outcome(report_of(tmp_path, columns, rule)) == expected


def test_one_finding_a_rule_with_the_number_of_its_episodes(tmp_path: Path) -> None:
    report = report_of(tmp_path, "loss 9 1 9 1 9", "when: loss > 5")
    assert len(report.findings) == 1
    assert (outcome(report), finding(report).episodes) == ("firing 5/5/-", 3)


LEVELS = """levels:
  - {severity: warning, when: loss > 5, message: "warned {loss:g}"}
  - {severity: critical, when: loss > 8, message: "critical {loss:g}"}"""


@pytest.mark.usefixtures("way")
@pytest.mark.parametrize(
    ("columns", "severity", "expected", "message"),
    [
        ("loss 1 6 6", "warning", "firing 2/2/-", "warned 6"),
        ("loss 1 9 9", "critical", "firing 2/2/-", "critical 9"),
        ("loss 1 6 9", "critical", "firing 3/3/-", "critical 9"),
        ("loss 1 9 6", "warning", "firing 2/2/-", "warned 6"),
        ("loss 9 1 6", "warning", "firing 3/3/-", "warned 6"),
        ("loss 1 9 1", "critical", "resolved 2/2/3", "critical 1"),
        ("loss 9 1 6 1", "warning", "resolved 3/3/4", "warned 1"),
    ],
)
def test_levels(tmp_path: Path, columns: str, severity: str, expected: str, message: str) -> None:
    report = report_of(tmp_path, columns, LEVELS)
    assert (finding(report).severity, outcome(report), finding(report).message) == (severity, expected, message)
    assert len(report.findings) == 1


def test_a_higher_level_implies_the_lower(tmp_path: Path) -> None:
    rule = "levels:\n  - {severity: warning, when: kl > 5}\n  - {severity: critical, when: loss > 8, until: loss < 0}"
    report = report_of(tmp_path, "loss 1 9 1 1\nkl 9 9 1 1", rule)
    assert (finding(report).severity, outcome(report)) == ("critical", "firing 2/2/-")


@pytest.mark.usefixtures("way")
@pytest.mark.parametrize(
    ("columns", "expected", "series", "episodes"),
    [
        ("split 1 9 1 9\nexpert a b a b", "firing 2/4/-", ("expert=b",), 1),
        ("split 9 1 9 1\nexpert a b a b", "firing 1/3/-", ("expert=a",), 1),
        ("split 9 9 9 9\nexpert a b a b", "firing 1/3/-", ("expert=a", "expert=b"), 2),
        ("split 1 9 1 9\nexpert a b a a", "pending", (), 0),
        ("split 9 9 9\nexpert b a b", "firing 1/3/-", ("expert=b",), 1),
    ],
)
def test_series_are_judged_one_by_one(
    tmp_path: Path, columns: str, expected: str, series: tuple[str, ...], episodes: int
) -> None:
    report = report_of(tmp_path, columns, "when: split > 5\nfor: 2 points")
    assert outcome(report) == expected
    assert not report.findings or (finding(report).series, finding(report).episodes) == (series, episodes)


# States


@pytest.mark.parametrize(
    ("columns", "rule", "expected", "reason"),
    [
        ("loss 1 2", "when: kl > 1", "not_evaluated", "no kl in the log"),
        ("loss 1 2", "when: loss > unset", "not_evaluated", "unset is not set"),
        ("loss 1 2", "when: loss > 1\nafter: unset", "not_evaluated", "unset is not set"),
        ("loss 1 2", "when: loss > 1\nwhile: phase == 'main'", "not_evaluated", "no phase in the log"),
        ("loss 1 2", "when: progress > 0.5", "not_evaluated", "the length of the run is not known"),
        ("loss 1 2", "when: silence > 5", "not_evaluated", "--now is not given"),
        ("kl 1 2\nmargin 1 1", "when: double > 1", "not_evaluated", "no loss in the log"),
        (
            "loss 1 2\ntotal 2 2",
            "when: mean(loss, three) > 1",
            "not_evaluated",
            "the run ended before it could be judged",
        ),
        ("loss 1 2", "when: mean(loss, three) > 1", "waiting", "needs 3 points of loss"),
        ("loss 1 2", "when: loss > 1\nafter: 5", "waiting", "after step 5"),
        ("loss nan nan", "when: loss > 1", "waiting", "no row tells of loss"),
        ("loss 1 2", "when: mean_lower(loss, some) > 1", "waiting", "needs 3 points of loss"),
        ("loss 2 2 2", "when: r2(loss, three) > 1", "waiting", f"{NO_NUMBER} of loss: {WHY_NOT}"),
        ("loss 0 0 0", "when: log(loss) > 1", "waiting", f"{NO_NUMBER} of loss: {WHY_NOT}"),
        ("loss 1 1", "when: rarely > 1", "waiting", f"{NO_NUMBER} of rarely, known where loss > 5: {WHY_NOT}"),
        ("loss 1 1\nmargin 0 0", "when: loss / margin > 1", "waiting", f"{NO_NUMBER} of loss: {WHY_NOT}"),
        ("step 500 501 502\nloss 1 2 3", "when: first(loss) > 1", "waiting", "the log begins in the middle of its run"),
        ("loss 1 2", "when: loss > 5", "ok", ""),
        ("loss 1 9 9", "when: loss > 5\nfor: 3 points", "pending", "since step 2"),
        # what default(), or and a choice can do without
        ("loss 1 9", "when: default(kl, 0) > 1", "ok", ""),
        ("loss 1 9", "when: loss > 5 or kl > 5", "firing 2/2/-", ""),
        ("loss 1 2", "when: loss > 5 or kl > 5", "ok", ""),
        ("loss 1 9", "when: nonfinite(loss) or nonfinite(kl)", "ok", ""),
        ("loss 1 nan", "when: nonfinite(kl) or nonfinite(loss)", "firing 2/2/-", ""),
        ("loss 1 9", "when: loss > 5 and kl > 5", "not_evaluated", "no kl in the log"),
        ("loss 1 9", "when: loss > default(unset, 5)", "firing 2/2/-", ""),
        ("loss 1 9", "when: (kl if loss > 10 else loss) > 5", "firing 2/2/-", ""),
        ("kl 1 9", "when: nonfinite()", "ok", ""),
        ("margin 1 9", "when: nonfinite()", "not_evaluated", "none of the metrics that would show it is in the log"),
        # a key that occurs only as NaN is present
        ("loss nan nan\nkl 1 1", "when: nonfinite(loss)", "firing 1/1/-", ""),
    ],
)
def test_states(tmp_path: Path, columns: str, rule: str, expected: str, reason: str) -> None:
    report = report_of(tmp_path, columns, rule)
    assert outcome(report) == expected
    assert report.findings or state(report).reason == reason


def test_a_level_that_lacks_something_leaves_the_others(tmp_path: Path) -> None:
    rule = "levels:\n  - {severity: warning, when: loss > 5}\n  - {severity: critical, when: loss > unset}"
    assert outcome(report_of(tmp_path, "loss 1 9", rule)) == "firing 2/2/-"


def test_a_disabled_rule_says_so(tmp_path: Path) -> None:
    assert outcome(report_of(tmp_path, "loss 1 9", "when: loss > 5\nenabled: false", "when: loss > 50")) == "disabled"


def test_without_a_required_key_the_run_cannot_be_judged(tmp_path: Path) -> None:
    more = "metrics:\n  reward: {keys: [reward], required: true}\n"
    head = HEAD.replace("metrics:\n", more)
    pack = tmp_path / "p.yaml"
    pack.write_text(head + "rules: {a: {title: A, cause: info, severity: info, when: loss > 5}}")
    report = evaluate(write_log(tmp_path, "loss 1 2"), pack=pack)
    assert (report.verdict, outcome(report)) == ("unknown", "ok")
    assert "'reward'" in report.reason


# Windows on a clock that some rows lack, or that goes back


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


# Evidence and messages


@pytest.mark.usefixtures("way")
def test_evidence_is_both_sides_at_onset_worst_and_last(tmp_path: Path) -> None:
    report = report_of(tmp_path, "loss 1 6 9 7\nkl 1 1 2 3", "when: loss > 5 + kl - kl and kl < 4")
    shown = [
        (e.expression, e.threshold, e.at_onset, e.worst, e.last, e.worst_at and e.worst_at.step)
        for e in finding(report).evidence
    ]
    assert shown == [("loss", 5.0, 6.0, 9.0, 7.0, 3.0), ("kl", 4.0, 1.0, 1.0, 3.0, 2.0)]


@pytest.mark.parametrize(
    ("rule", "expression", "threshold", "worst"),
    [
        ("when: 5 < loss", "loss", 5.0, 9.0),
        ("when: not loss <= 5", "loss", 5.0, 9.0),
        ("when: loss > floor + 5", "loss", 5.0, 9.0),
        ("when: loss - kl > 4", "loss - kl", 4.0, 7.0),
        ("when: mean(loss, some) > 2", "mean(loss, some)", 2.0, 22 / 3),
        ("when: latest(loss > 5)", "loss", 5.0, 9.0),
        ("when: loss > 5 or kl > 5", "loss", 5.0, 9.0),
        ("when: kl > 1", "kl", 1.0, 3.0),
        # what was never logged is no evidence, whatever stands in its place
        ("when: default(loss, 8) > 5", "loss", 5.0, 9.0),
        ("when: 5 < default(default(loss, 8), 7)", "loss", 5.0, 9.0),
        ("when: loss > 5 and default(eval_loss, 8) > 5", "loss", 5.0, 9.0),
    ],
)
def test_evidence_names_what_was_compared(
    tmp_path: Path, rule: str, expression: str, threshold: float, worst: float
) -> None:
    (found,) = finding(report_of(tmp_path, "loss 1 6 9 7\nkl 1 1 2 3", rule)).evidence
    assert (found.expression, found.threshold, found.worst) == (expression, threshold, pytest.approx(worst, rel=1e-12))


@pytest.mark.usefixtures("way")
@pytest.mark.parametrize(
    ("rule", "expression", "threshold", "nearest"),
    [
        ("when: loss > 10", "loss", 10.0, 9.0),
        ("when: loss < 0", "loss", 0.0, 1.0),
        ("when: not loss > 0.5", "loss", 0.5, 1.0),
        ("when: loss > 10\nafter: 3", "loss", 10.0, 7.0),
    ],
)
def test_a_rule_that_is_ok_shows_its_closest_approach(
    tmp_path: Path, rule: str, expression: str, threshold: float, nearest: float
) -> None:
    near = state(report_of(tmp_path, "loss 1 6 9 7", rule)).closest
    assert near is not None
    assert (near.expression, near.threshold, near.worst) == (expression, threshold, nearest)


@pytest.mark.parametrize(
    ("columns", "message", "filled"),
    [
        (
            "loss 1 6 9",
            "{loss:.1f} since step {onset:g}, fired {fired:g}, now {step:g}",
            "9.0 since step 2, fired 2, now 3",
        ),
        ("loss 1 6 .\nkl 1 1 1", "{loss:g} at {step:g}", "6 at 2"),
        ("loss 1 6 9", "{value:g} > {threshold:g}, {floor:g}, {double:g}", "9 > 5, 0, 18"),
        ("loss 1 6 9", "{kl:g} {unset} {{x}}", "? ? {x}"),
        ("loss 1 6 9\nphase a b c", "{phase} {epoch}", "c ?"),
        ("loss 1 6 1", "{loss:g} at {step:g}", "1 at 3"),
    ],
)
def test_messages(tmp_path: Path, columns: str, message: str, filled: str) -> None:
    rule = f"when: loss > 5\nmessage: {json.dumps(message)}"
    assert finding(report_of(tmp_path, columns, rule)).message == filled


# Stages and overrides

STAGES = """
stages:
  early: {to: 2 steps, share: 0.5, expect: {loss: [1, 2], kl: [null, 0]}}
  late: {to: 4 steps, expect: {loss: [5, null]}}
  rest: {expect: {loss: [0, 100]}}
"""


@pytest.mark.parametrize(
    ("columns", "expected"),
    [
        ("loss 1 2", []),
        ("loss 1 2 9", [("early", "loss", 1.5, True)]),
        ("loss 1 3 9\nkl 1 . .", [("early", "loss", 2.0, True), ("early", "kl", 1.0, False)]),
        ("loss 1 5 9", [("early", "loss", 3.0, False)]),
        ("loss . 5 9\nkl 1 . .", [("early", "loss", 5.0, False), ("early", "kl", 1.0, False)]),
        ("loss 1 2 3 4 5", [("early", "loss", 1.5, True), ("late", "loss", 3.5, False)]),
        # a share of the total where that is known; the last stage is over when the run is
        ("loss 1 2 3 4\ntotal 8 8 8 8", []),
        ("loss 1 2 3 4 5\ntotal 8 8 8 8 8", [("early", "loss", 2.5, False)]),
        (
            "loss 1 2 3 4 5 6\ntotal 6 6 6 6 6 6",
            [("early", "loss", 2.0, True), ("late", "loss", 4.0, False), ("rest", "loss", 5.5, True)],
        ),
    ],
)
def test_stages_are_judged_on_medians_once_they_are_over(
    tmp_path: Path, columns: str, expected: list[tuple[str, str, float, bool]]
) -> None:
    found = report_of(tmp_path, columns, "when: loss > 50", more=STAGES).stages
    assert [(each.stage, each.metric, each.median, each.within) for each in found] == expected


@pytest.mark.parametrize(
    ("options", "expected"),
    [
        ({}, "ok"),
        ({"settings": ["floor=-7"]}, "firing 2/2/-"),
        ({"settings": ["floor=default - 7"]}, "firing 2/2/-"),
        ({"overrides": {"floor": -7}}, "firing 2/2/-"),
        ({"overrides": {"floor": -7}, "settings": ["floor=1"]}, "firing 2/2/-"),
    ],
)
def test_overrides_change_thresholds(tmp_path: Path, options: dict[str, Any], expected: str) -> None:
    report = report_of(tmp_path, "loss 1 9", "when: loss > 10 + floor", **options)
    assert outcome(report) == expected
    assert [(each.param, each.value) for each in report.overrides] == ([("floor", -7.0)] if options else [])


def test_an_override_beside_the_log_counts(tmp_path: Path) -> None:
    (tmp_path / "rules.override.yaml").write_text("params: {floor: -7}\n")
    assert outcome(report_of(tmp_path, "loss 1 9", "when: loss > 10 + floor")) == "firing 2/2/-"


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
