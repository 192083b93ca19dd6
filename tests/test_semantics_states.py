"""What the state of a rule says where it could not be judged, and thresholds that were overridden."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from trainrules import evaluate

from .columnlogs import HEAD, outcome, report_of, state, write_log

NO_NUMBER, WHY_NOT = "no row gives a number", "a flat window, or a result that is not finite"


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
        (
            "step 500 501 502\nloss 1 2 3",
            "when: first(loss) > 1",
            "not_evaluated",
            "the log begins in the middle of its run",
        ),
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
