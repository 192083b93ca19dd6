"""What a rule means: when it fires and when it is over, its levels and its series."""

from __future__ import annotations

from pathlib import Path

import pytest

from .columnlogs import finding, judge_as, outcome, report_of


@pytest.fixture(params=["short", "long"])
def way(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> str:
    """Makes a test run as if its log were short, and once more as if it were long."""
    judge_as(request.param, monkeypatch)
    return str(request.param)


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
