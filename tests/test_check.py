# ruff: noqa: E501 - tables of whole messages
"""Names and types: expressions over a small scope, with every problem of each."""

from __future__ import annotations

from pathlib import Path

import pytest

from trainrules.engine.check import CLOCK, Scope, check, type_of
from trainrules.engine.errors import PackError, Position
from trainrules.engine.load import load_pack
from trainrules.engine.parser import parse

AT = Position("p.yaml", 3, 5)
SCOPE = Scope(
    metrics={"loss": "number", "kl": "number", "phase": "text", "is_on": "condition"},
    params={"limit": "number", "strict": "condition", "tag": "text"},
    clock=CLOCK,
    windows=frozenset({"trend", "run"}),
    better=frozenset({"loss"}),
    keys={"rewards/kl": "kl", "aux/eval/loss": "loss", "kl/ratio": "ratio", "loss/kl": "ratio"},
)
NUMBER = "expected a condition, found a number; compare it with something, as in 'x > 0'"
CONDITION = "expected a number, found a condition; use share(), any() or all() over conditions"
TEXT = "expected a number, found a text; text metrics know ==, !=, in and changed() only"
UNSAID = "expected a condition, found a text; compare it, as in \"phase == 'main'\""
MOMENT = 'a moment is written in quotes, with its unit; as in "5 epochs"'


def told(text: str, want: str, scope: Scope = SCOPE) -> list[str]:
    return [str(problem).removeprefix("p.yaml:3:") for problem in check(parse(text, AT), scope, want)]


@pytest.mark.parametrize(
    ("want", "text"),
    [
        ("condition", "loss > limit"),
        ("condition", "strict"),
        ("condition", "is_on == strict"),
        ("condition", "phase == tag"),
        ("condition", "phase != 'main'"),
        ("condition", "phase in ['a', 'b']"),
        ("condition", "changed(phase)"),
        ("condition", "latest(phase) == 'a'"),
        ("condition", "latest(loss > 1)"),
        ("condition", "default(is_on, false)"),
        ("condition", "any(loss > 1, run)"),
        ("condition", "nonfinite() or nonfinite(loss)"),
        ("condition", "step > 1 and epoch > 1 and time > 1 and row > 1 and ended"),
        ("condition", "progress < silence / total"),
        ("condition", "true"),
        ("number", "mean(loss, trend, lag=0)"),
        ("number", "mean(loss, '20 points')"),
        ("number", "mean(loss, ' 20  points ')"),
        ("number", "mean(loss, '1 point')"),
        ("number", "mean(loss, '20 point')"),
        ("number", "share(is_on, trend)"),
        ("number", "prev(loss, limit)"),
        ("number", "prev(loss, limit + 1)"),
        ("number", "quantile(loss, trend, limit)"),
        ("number", "best(loss)"),
        ("number", "age(phase)"),
        ("number", "at(loss, '5 epochs')"),
        ("number", "at(loss, '0 steps')"),
        ("number", "at(loss, '1 epoch')"),
        ("number", "at(loss, '1 step') + at(loss, '1 minute')"),
        ("text", "'a' if is_on else 'b'"),
        ("text", "default(phase, 'main')"),
        ("number", "loss/kl"),
        ("number", "clip(loss, 1, 1) + clip(loss, limit, 0)"),
        ("value", "loss"),
        ("value", "phase"),
        ("value", "is_on"),
    ],
)
def test_what_fits(want: str, text: str) -> None:
    assert told(text, want) == []


@pytest.mark.parametrize(
    ("want", "text", "problems"),
    [
        # Names
        ("condition", "lss > 1", ["5: unknown name 'lss'; did you mean 'loss'?"]),
        ("condition", "lss > 1 and kll > 1", ["5: unknown name 'lss'; did you mean 'loss'?", "17: unknown name 'kll'; did you mean 'kl'?"]),
        ("condition", "zebra > 1", ["5: unknown name 'zebra'; declare it under metrics or params"]),
        # Keys of the log, which read as divisions
        ("condition", "rewards/kl < 1", ["5: 'rewards/kl' is no name; write kl, the metric whose key that is"]),
        ("condition", "1 + 2 * aux/eval/loss < 1", ["13: 'aux/eval/loss' is no name; write loss, the metric whose key that is"]),
        ("condition", "kl/ratio < 1", ["5: 'kl/ratio' is no name; write ratio, the metric whose key that is"]),
        ("condition", "train/lss > 5", ["5: 'train/lss' is no name; a key of the log is declared under metrics, as in 'lss: {keys: [train/lss]}', and the name written here"]),
        ("condition", "train/loss > 5 or train/loss < kl", ["5: 'train/loss' is no name; a key of the log is declared under metrics, as in 'loss: {keys: [train/loss]}', and the name written here"]),
        ("condition", "2 * reward/kl < 1", ["9: 'reward/kl' is no name; did you mean kl, the metric whose key is 'rewards/kl'?"]),
        ("condition", "train / loss > 5", ["5: unknown name 'train'; declare it under metrics or params"]),
        ("condition", "los/kl > 5", ["5: unknown name 'los'; did you mean 'loss'?"]),
        ("condition", "loss/zebra > 5", ["10: unknown name 'zebra'; declare it under metrics or params"]),
        ("condition", "lr_peak > 1", ["5: unknown name 'lr_peak'; declare it under metrics or params"]),
        ("number", "mean + 1", ["5: unknown name 'mean'; mean() is a function; call it"]),
        ("number", "trend", ["5: 'trend' is a window; windows stand only as the second argument of a function"]),
        ("number", "mean(trend, trend)", ["10: 'trend' is a window; windows stand only as the second argument of a function"]),
        ("number", "min(loss, trend)", ["15: 'trend' is a window; over a window it is minimum(loss, trend)"]),
        ("number", "max('20 points', loss -  kl)", ["9: '20 points' is a window; over a window it is maximum(loss - kl, '20 points')"]),
        ("number", "min(loss, kl, trend)", ["19: 'trend' is a window; windows stand only as the second argument of a function"]),
        ("number", "mean(trend, loss)", ["10: 'trend' is a window; the other way round: loss first, then trend"]),
        ("number", "mean('20 points', loss / lss)", ["10: '20 points' is a window; the other way round: loss / lss first, then '20 points'", "30: unknown name 'lss'; did you mean 'loss'?"]),
        ("number", "quantile(trend, abs(loss), 0.5, lag=1)", ["14: 'trend' is a window; the other way round: abs(loss) first, then trend"]),
        ("condition", "mean(lss, tend) > lmit", ["10: unknown name 'lss'; did you mean 'loss'?", "15: unknown window 'tend'; did you mean 'trend'?", "23: unknown name 'lmit'; did you mean 'limit'?"]),
        # Bounds
        ("number", "clip(2 *  loss, 3, -1)", ["21: clip() takes the lower bound first, and 3 is above -1; write clip(2 * loss, -1, 3)"]),
        # Types
        ("condition", "loss", [f"5: {NUMBER}"]),
        ("condition", "total", [f"5: {NUMBER}"]),
        ("condition", "1", [f"5: {NUMBER}"]),
        ("number", "loss > 1", [f"5: {CONDITION}"]),
        ("number", "any(loss > 1, run)", [f"5: {CONDITION}"]),
        ("number", "phase", [f"5: {TEXT}"]),
        ("number", "latest(phase)", [f"5: {TEXT}"]),
        ("condition", "phase", [f"5: {UNSAID}"]),
        ("condition", "tag", [f"5: {UNSAID}"]),
        ("condition", "loss and kl", [f"5: {NUMBER}", f"14: {NUMBER}"]),
        ("condition", "loss > 1 or kl", [f"17: {NUMBER}"]),
        ("condition", "not loss", [f"9: {NUMBER}"]),
        ("number", "phase + 1", [f"5: {TEXT}"]),
        ("number", "1 + -phase", [f"10: {TEXT}"]),
        ("number", "-is_on", [f"6: {CONDITION}"]),
        ("number", "abs(is_on)", [f"9: {CONDITION}"]),
        ("number", "min(loss, kl, phase)", [f"19: {TEXT}"]),
        ("number", "1 if loss else 2", [f"10: {NUMBER}"]),
        ("number", "1 if is_on else 'a'", [f"21: {TEXT}"]),
        ("number", "mean(is_on, trend)", [f"10: {CONDITION}"]),
        ("number", "count(phase, trend)", [f"11: {TEXT}"]),
        ("number", "share(loss, trend)", [f"11: {NUMBER}"]),
        ("number", "prev(phase)", [f"10: {TEXT}"]),
        # Comparisons
        ("condition", "loss > phase", ["5: a number cannot be compared with a text; compare phase with a text in quotes, as in phase == 'main'"]),
        ("condition", "strict > 1", ["5: a condition cannot be compared with a number; write the condition alone, or 'not' before it"]),
        ("condition", "loss == true", ["5: a number cannot be compared with a condition; write the condition alone, or 'not' before it"]),
        ("condition", "phase > 'a'", ["5: a text has no order; use == or !="]),
        ("condition", "is_on <= strict", ["5: a condition has no order; use == or !="]),
        ("condition", "phase in ['a', 1]", ["20: a text is never in a list with a number; write texts in quotes and numbers without"]),
        ("condition", "loss in ['a']", ["14: a number is never in a list with a text; write texts in quotes and numbers without"]),
        ("number", "default(loss, 'a')", ["5: default() is given a number and a text; both must be of one type"]),
        ("value", "default(phase, 1)", ["5: default() is given a text and a number; both must be of one type"]),
        # Metrics
        ("number", "best(kl)", ["10: metric 'kl' does not say which direction is better; give it `better:`"]),
        ("number", "best(loss + 1)", ["10: best() takes the name of a metric; as in best(loss)"]),
        ("number", "best(los)", ["10: best() takes the name of a metric; did you mean 'loss'?"]),
        ("number", "age(limit)", ["9: age() takes the name of a metric; as in age(loss)"]),
        ("condition", "changed(phase == 'a')", ["13: changed() takes the name of a metric; as in changed(loss)"]),
        ("condition", "nonfinite(1)", ["15: nonfinite() takes the name of a metric; as in nonfinite(loss)"]),
        # Windows
        ("number", "mean(loss, tend)", ["16: unknown window 'tend'; did you mean 'trend'?"]),
        ("number", "mean(loss, limit)", ["16: unknown window 'limit'; declare it under windows"]),
        ("number", "mean(loss, 20)", ['16: a window is a name or a quoted length; write "20 points"']),
        ("number", "mean(loss, 0.5)", ['16: a window is a name or a quoted length; as in trend or "20 points"']),
        ("number", "mean(loss, mean(kl, trend))", ['16: a window is a name or a quoted length; as in trend or "20 points"']),
        ("number", "mean(loss, '20')", ["16: '20' is not a window; write \"20 points\""]),
        ("number", "mean(loss, '')", ["16: '' is not a window; as in \"20 points\""]),
        ("number", "mean(loss, 'trend')", ["16: 'trend' is not a window; write trend without quotes"]),
        ("number", "mean(loss, '20rows')", ["16: '20rows' is not a window; write \"20 points\""]),
        ("number", "mean(loss, '10 hours')", ["16: '10 hours' is not a window; name it under windows, as in 'w: {last: 600 minutes, min: 5 points}'"]),
        ("number", "mean(loss, '1 step')", ["16: a window of steps must say how many points it needs; name it under windows, as in 'w: {last: 1 steps, min: 5 points}'"]),
        ("number", "at(loss, '2 hours')", ["14: a moment is written in quotes, with its unit; write \"120 minutes\""]),
        ("number", "at(loss, '1 hour')", ["14: a moment is written in quotes, with its unit; write \"60 minutes\""]),
        ("condition", "loss > nan", ["12: nan is no number of the language; NaN and infinite values are found by nonfinite(), as in nonfinite(loss)"]),
        ("condition", "kl == Infinity", ["11: Infinity is no number of the language; NaN and infinite values are found by nonfinite(), as in nonfinite(kl)"]),
        ("condition", "step > '500 steps'", ["5: a number cannot be compared with a text; write the number alone: 500"]),
        ("condition", "step > '5 epochs'", ["5: a number cannot be compared with a text; give it in steps, or compare epoch with 5"]),
        ("condition", "loss > '5 epochs'", ["5: a number cannot be compared with a text; write a number alone, in the unit of what it is held against"]),
        ("condition", "time > '2024-01-01'", ["5: a number cannot be compared with a text; a date is no number; 'time' is in seconds since 1970: write 1704067200"]),
        ("number", "mean(loss, '-3 points')", ["16: '-3 points' is not a window; as in \"20 points\""]),
        ("number", "mean(loss, '0 points')", ['16: a window of points needs a whole number of at least 1; as in "20 points"']),
        ("number", "mean(loss, '1.5 points')", ['16: a window of points needs a whole number of at least 1; as in "20 points"']),
        ("number", "mean(loss, '20 steps')", ["16: a window of steps must say how many points it needs; name it under windows, as in 'w: {last: 20 steps, min: 5 points}'"]),
        # Constants
        ("number", "prev(loss, 0)", ["16: k must be a whole number of at least 1; write 1"]),
        ("number", "prev(loss, 1.5)", ["16: k must be a whole number of at least 1; write 2"]),
        ("number", "mean(loss, trend, lag=-1)", ["27: lag must be a whole number of at least 0; write 0"]),
        ("number", "prev(loss, kl)", ["16: k must be known before the run; use a number or a parameter"]),
        ("number", "prev(loss, step)", ["16: k must be known before the run; use a number or a parameter"]),
        ("number", "prev(loss, abs(limit))", ["16: k must be known before the run; use a number or a parameter"]),
        ("number", "prev(loss, tag)", [f"16: {TEXT}"]),
        ("number", "quantile(loss, trend, 0)", ["27: q must lie between 0 and 1; such as 0.95"]),
        ("number", "quantile(loss, trend, 1)", ["27: q must lie between 0 and 1; such as 0.95"]),
        ("number", "mean_upper(loss, trend, 1.5)", ["29: conf must lie between 0 and 1; such as 0.95"]),
        ("number", "at(loss, 5)", [f"14: {MOMENT}"]),
        ("number", "at(loss, '5')", [f"14: {MOMENT}"]),
        ("number", "at(loss, '5 points')", [f"14: {MOMENT}"]),
        ("number", "at(loss, tag)", [f"14: {MOMENT}"]),
    ],
)  # fmt: skip
def test_what_does_not_fit(want: str, text: str, problems: list[str]) -> None:
    assert told(text, want) == problems


def test_too_large_a_count_is_told_as_one() -> None:
    (problem,) = told("prev(loss, 2000000)", "number")
    assert "1,000,000" in problem


SCALARS = Scope(params={"limit": "number"}, rows=False)


@pytest.mark.parametrize(
    ("text", "problems"),
    [
        ("limit * 2", []),
        ("max(default(limit, 1), 3)", []),
        ("limit if limit > 1 else 2", []),
        ("loss", ["5: unknown name 'loss'; write a number, or declare it under params"]),
        ("step", ["5: unknown name 'step'; write a number, or declare it under params"]),
        (
            "mean(limit, '3 points')",
            ["5: mean() looks at rows, and there are none here; use numbers, params and what is known of a whole run"],
        ),
        (
            "1 + latest(limit)",
            [
                "9: latest() looks at rows, and there are none here; use numbers, params and what is known of a whole run"
            ],
        ),
        (
            "prev(limit)",
            ["5: prev() looks at rows, and there are none here; use numbers, params and what is known of a whole run"],
        ),
    ],
)
def test_where_there_are_no_rows(text: str, problems: list[str]) -> None:
    assert told(text, "number", SCALARS) == problems


@pytest.mark.parametrize(
    ("text", "kind"),
    [
        ("loss + 1", "number"),
        ("phase", "text"),
        ("not is_on", "condition"),
        ("phase in ['a']", "condition"),
        ("latest(phase)", "text"),
        ("default(is_on, true)", "condition"),
        ("is_on if strict else false", "condition"),
        ("share(is_on, run)", "number"),
        ("step", "number"),
        ("ended", "condition"),
        ("tag", "text"),
    ],
)
def test_the_type_of_an_expression(text: str, kind: str) -> None:
    assert type_of(parse(text, AT), SCOPE) == kind


PACK = "schema: 1\npack: p\nversion: 1.0.0\ntitle: P\nmetrics:\n  loss: {keys: [loss]}\n"  # six lines


@pytest.mark.parametrize(
    ("rest", "problems"),
    [
        ("  step: {keys: [step]}", ["p.yaml:7:3: metric 'step' is already a part of the clock; choose another name"]),
        ("params: {loss: {default: 1}}", ["p.yaml:7:10: param 'loss' is already a metric; choose another name"]),
        ("windows: {loss: {last: 3 points}}", ["p.yaml:7:11: window 'loss' is already a metric; choose another name"]),
        ("  true: {keys: [a]}", ["p.yaml:7:3: 'true' has a meaning of its own; choose another name"]),
        ("  a: {expr: a + 1}", ["p.yaml:7:13: metric 'a' is defined by itself; break the circle"]),
        (
            "  a: {expr: b + 1}\n  b: {keys: [b], where: a > 1}",
            ["p.yaml:7:13: metric 'a' is defined by itself; break the circle", "p.yaml:8:25: metric 'b' is defined by itself; break the circle"],
        ),
        ("  a: {keys: [a], where: loss}", [f"p.yaml:7:25: {NUMBER}"]),
        ("windows: {w: {last: loss points}}", ["p.yaml:7:21: unknown name 'loss'; write a number, or declare it under params"]),
        ("params: {a: {default: 'loss + 1'}}", ["p.yaml:7:24: unknown name 'loss'; write a number, or declare it under params"]),
    ],
)  # fmt: skip
def test_names_of_a_pack(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, rest: str, problems: list[str]) -> None:
    monkeypatch.chdir(tmp_path)
    Path("p.yaml").write_text(PACK + rest)
    with pytest.raises(PackError) as refused:
        load_pack("p.yaml")
    assert str(refused.value).splitlines() == problems


def test_a_metric_has_the_type_of_what_defines_it(tmp_path: Path) -> None:
    rules = "rules: {r: {title: R, cause: info, severity: info, when: b}}"
    path = tmp_path / "p.yaml"
    path.write_text(PACK + "  b: {expr: not a}\n  a: {expr: loss > 1}\n" + rules)
    assert load_pack(path).metrics["b"].id == "b"
