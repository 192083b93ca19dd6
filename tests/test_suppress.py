# ruff: noqa: E501 - tables of whole messages
"""Rules switched off for one run: until when that counts, what it hides, and what is said of it."""

from __future__ import annotations

from pathlib import Path

import pytest

from trainrules.engine.errors import OverrideError
from trainrules.engine.problems import Problems
from trainrules.engine.render.json import to_json
from trainrules.engine.render.table import render
from trainrules.engine.report import Report
from trainrules.engine.suppress import end_of
from trainrules.engine.yamlio import Item

from .columnlogs import outcome, report_of

LOG = "loss 1 1 9 9 9 9"
HIGH, LOW = "when: loss > 5", "when: loss < 0"
TIMES = "time 1790812800 1790812860 1790812920 1790812980 1790813040 1790813100\n"  # 2026-10-01, from 00:00 on


def judged(place: Path, text: str, columns: str = LOG, now: float | None = None, ended: bool = False) -> Report:
    """The report with rule a, which fires from step 3 on, and b, which never does; settings in o.yaml."""
    (place / "o.yaml").write_text(text)
    steps = "" if "step" in columns or "epoch" in columns else "step 1 2 3 4 5 6\n"
    columns = steps + columns + ("\ntrain_runtime . . . . . 9" if ended else "")
    return report_of(place, columns, HIGH, LOW, override_files=[place / "o.yaml"], now=now)


@pytest.mark.parametrize(
    ("text", "columns", "now", "state", "status"),
    [
        ("disable: [a]", LOG, None, "disabled", "hides"),
        ("disable: {a: known}", LOG, None, "disabled", "hides"),
        ("disable: {a: {reason: known, until: step 6}}", LOG, None, "disabled", "hides"),
        ("disable: {a: {reason: known, until: step 5}}", LOG, None, "firing 3/3/-", "expired"),
        ("disable: {a: {reason: known, until: step 5.5}}", LOG, None, "firing 3/3/-", "expired"),
        ("disable: {a: {reason: known, until: epoch 3}}", "epoch 1 2 3\nloss 9 9 9", None, "disabled", "hides"),
        ("disable: {a: {reason: known, until: epoch 2}}", "epoch 1 2 3\nloss 9 9 9", None, "firing 1/1/-", "expired"),
        ("disable: {a: {reason: known, until: 2026-10-01}}", TIMES + LOG, None, "disabled", "hides"),
        ("disable: {a: {reason: known, until: 2026-09-30}}", TIMES + LOG, None, "firing 3/3/-", "expired"),
        ("disable: {a: {reason: known, until: 2026-10-01T00:05}}", TIMES + LOG, None, "disabled", "hides"),
        ("disable: {a: {reason: known, until: 2026-10-01T00:04}}", TIMES + LOG, None, "firing 3/3/-", "expired"),
        ("disable: {a: {reason: known, until: 2026-10-01T02:05+02:00}}", TIMES + LOG, None, "disabled", "hides"),
        ("disable: {a: {reason: known, until: 2026-10-01}}", TIMES + LOG, 1790899199.0, "disabled", "hides"),
        ("disable: {a: {reason: known, until: 2026-10-01}}", TIMES + LOG, 1790899200.0, "firing 3/3/-", "expired"),
        ("disable: {a: {reason: known, until: 2026-10-01}}", LOG, 1790899200.0, "firing 3/3/-", "expired"),
        ("disable: {a: {reason: known, until: 2026-10-01}}", LOG, None, "disabled", "hides"),
    ],
)
def test_until_when(tmp_path: Path, text: str, columns: str, now: float | None, state: str, status: str) -> None:
    report = judged(tmp_path, text, columns, now)
    assert outcome(report) == state
    assert [each.status for each in report.suppressions] == [status]
    assert ("a" in to_json(report)["rules"]["disabled"]) == (status == "hides")  # type: ignore[index]


def test_what_is_hidden_is_told_and_decides_nothing(tmp_path: Path) -> None:
    report = judged(tmp_path, "disable:\n  a: known\n")
    assert (report.verdict, [each.action for each in report.plan], report.findings) == ("healthy", ["continue"], ())
    (each,) = report.suppressions
    assert (each.rule, each.origin, str(each.at), each.reason) == ("a", "o.yaml", "o.yaml:2:3", "known")
    assert each.hides is not None
    assert (each.hides.severity, each.hides.onset.step) == ("warning", 3.0)
    assert each.warning == ""


UNUSED = "o.yaml:1 switches b off, and it finds nothing; remove the entry"


@pytest.mark.parametrize(
    ("text", "ended", "warnings"),
    [
        ("disable: [a]", False, [""]),
        ("disable: [b]", False, [UNUSED]),
        ("disable: [b]", True, [UNUSED]),
        ("disable: {b: {reason: x, until: step 9}}", False, [""]),
        ("disable: {b: {reason: x, until: step 9}}", True, [UNUSED.replace("off,", "off until step 9,")]),
        (
            "disable: {b: {reason: x, until: step 5}}",
            False,
            ["o.yaml:1 switches b off until step 5: that is over, and the entry no longer counts; remove the entry"],
        ),
        (
            "severities: {a: {severity: info, reason: x, until: step 5}}",
            False,
            ["o.yaml:1 holds a to info until step 5: that is over, it no longer counts; remove the entry"],
        ),
        (
            "disable: {a: {reason: x, until: 2026-12-31}}",
            False,
            [
                "o.yaml:1 switches a off until 2026-12-31: whether that is over cannot be told, the log has no times, and "
                "--now is not given"
            ],
        ),
        (
            "disable: {a: {reason: x, until: epoch 9}}",
            False,
            ["o.yaml:1 switches a off until epoch 9: whether that is over cannot be told, the log has no epochs"],
        ),
        ("severities: {a: {severity: info, reason: x, until: step 6}}", False, []),
        ("enable: [a]", False, []),
    ],
)
def test_warnings(tmp_path: Path, text: str, ended: bool, warnings: list[str]) -> None:
    assert [each.warning for each in judged(tmp_path, text, ended=ended).suppressions] == warnings


def test_a_severity_that_has_ended_is_that_of_the_source_before(tmp_path: Path) -> None:
    (tmp_path / "first.yaml").write_text("severities: {a: critical}")
    (tmp_path / "o.yaml").write_text("severities: {a: {severity: info, reason: x, until: step 5}}")
    files = [tmp_path / "first.yaml", tmp_path / "o.yaml"]
    report = report_of(tmp_path, LOG, HIGH, override_files=files)
    assert report.findings[0].severity == "critical"
    assert [(each.value, each.origin, each.until) for each in report.overrides] == [("critical", "first.yaml", "")]


def test_a_rule_that_cannot_be_judged_needs_no_switch(tmp_path: Path) -> None:
    (tmp_path / "o.yaml").write_text("disable: [a, b]")
    report = report_of(
        tmp_path, LOG, "when: kl > 1", "when: mean(loss, '9 points') > 1", override_files=[tmp_path / "o.yaml"]
    )
    assert [(each.rule, each.status, each.warning) for each in report.suppressions] == [
        ("a", "unused", "o.yaml:1 switches a off, and it cannot be judged here (no kl in the log); remove the entry"),
        ("b", "applies", ""),
    ]  # fmt: skip


def test_a_rule_that_is_off_anyway_needs_no_switch(tmp_path: Path) -> None:
    (tmp_path / "o.yaml").write_text("disable: [a]")
    report = report_of(tmp_path, LOG, f"{HIGH}\nenabled: false", override_files=[tmp_path / "o.yaml"])
    (each,) = report.suppressions
    assert (each.status, each.warning) == (
        "unused",
        "o.yaml:1 switches a off, and it is off without that; remove the entry",
    )


def test_settings_of_a_project_need_not_be_of_use_to_every_run(tmp_path: Path) -> None:
    (tmp_path / "pyproject.toml").write_text("[tool.trainrules.disable]\nb = 'noise'\n")
    report = report_of(tmp_path, LOG, HIGH, LOW, project=tmp_path)
    assert [(each.rule, each.status, each.warning) for each in report.suppressions] == [("b", "unused", "")]


def test_a_later_source_switches_on_again(tmp_path: Path) -> None:
    (tmp_path / "o.yaml").write_text("disable: {a: known}")
    report = report_of(tmp_path, LOG, HIGH, override_files=[tmp_path / "o.yaml"], settings=["a.enabled=true"])
    assert (outcome(report), report.suppressions, report.overrides) == ("firing 3/3/-", (), ())


def test_an_invariant_that_is_switched_off_is_not_checked(tmp_path: Path) -> None:
    more = "invariants:\n  same: {holds: loss == kl, severity: warning, for: 1 point}\n"
    log = "loss 1 1 9 9 9 9\nkl 1 1 1 1 1 1"
    (tmp_path / "o.yaml").write_text("disable: {same: known}")
    report = report_of(tmp_path, log, LOW, more=more, override_files=[tmp_path / "o.yaml"])
    (result,) = report.invariants
    assert (result.status, result.rows, report.findings) == ("disabled", 0, ())
    assert [each.status for each in report.suppressions] == ["hides"]


def test_how_a_page_tells_it(tmp_path: Path) -> None:
    text = "disable:\n  a: {reason: We know., until: step 50}\n  b: nothing\n"
    lines = render(judged(tmp_path, text)).splitlines()
    start = next(place for place, line in enumerate(lines) if line.startswith("switched off"))
    assert lines[start : start + 4] == [
        "switched off (2)   a (by o.yaml:2 until step 50): We know; hides a, since step 3",
        "                   (warning)",
        "                   b (by o.yaml:3): nothing",
        "warning            o.yaml:3 switches b off, and it finds nothing; remove the",
    ]
    assert not any(line.startswith(("disabled", "overrides")) for line in lines)


@pytest.mark.parametrize(
    ("value", "end"),
    [
        ("step 5000", ("step", 5000.0)),
        (" epoch  2.5 ", ("epoch", 2.5)),
        ("2026-10-01", ("time", 1790899199.999999)),
        ("2026-10-01T12:00:00Z", ("time", 1790856000.0)),
        ("5000 steps", "write 'step 5000'"),
        ("1 epoch", "write 'epoch 1'"),
        (5000, "write 'step 5000'"),
        ("soon", "as in 'step 5000', 'epoch 3' or '2026-12-31'"),
        ("2026-02-30", "as in 'step 5000', 'epoch 3' or '2026-12-31'"),
        ("step -1", "as in 'step 5000', 'epoch 3' or '2026-12-31'"),
        (None, "as in 'step 5000', 'epoch 3' or '2026-12-31'"),
        (True, "as in 'step 5000', 'epoch 3' or '2026-12-31'"),
    ],
)
def test_ends(value: str | int | None, end: tuple[str, float] | str) -> None:
    problems = Problems()
    found = end_of(Item(value, "f", 1, 2), problems)
    if isinstance(end, str):
        assert [problem.hint for problem in problems.found] == [end]
    else:
        assert found is not None
        assert (found.unit, found.value) == end


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        ("disable: {a: {until: step 5}}", "o.yaml:1:11: 'a' lacks 'reason'; say why, for whoever reads the report"),
        (
            "disable: {a: {reason: '', until: step 5}}",
            "o.yaml:1:24: 'reason' must be a text, not the text ''; say why, for whoever reads the report",
        ),
        (
            "disable: {a: {reason: x, until: soon}}",
            "o.yaml:1:33: 'until' must be a step, an epoch or a date, not the text 'soon'; as in 'step 5000', 'epoch 3' "
            "or '2026-12-31'",
        ),
        ("disable: {a: {reason: x, untl: step 5}}", "o.yaml:1:26: unknown key 'untl'; did you mean 'until'?"),
        (
            "disable: {a: 3}",
            "o.yaml:1:14: what is said of 'a' must be a reason, or a mapping with 'reason', not the number 3; as in "
            "'{reason: known bug of the logger, until: step 5000}'",
        ),
        ("disable: {ab: x}", "o.yaml:1:11: unknown rule 'ab'; did you mean 'b' or 'a'?"),
        ("disable: {floor: x}", "o.yaml:1:11: unknown rule 'floor'; 'floor' is a param; set its value"),
        (
            "severities: {a: {reason: x}}",
            "o.yaml:1:14: 'a' lacks 'severity'; one of info, warning, critical",
        ),
        (
            "severities: {a: {severity: fatal, reason: x}}",
            "o.yaml:1:28: severity of 'a' must be one of info, warning, critical, not the text 'fatal'; write critical",
        ),
        ("disable: {a: x}\nenable: [a]", "o.yaml:2:10: rule 'a' is both disabled and enabled; keep one"),
    ],
)
def test_mistakes(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, text: str, problem: str) -> None:
    monkeypatch.chdir(tmp_path)
    Path("o.yaml").write_text(text)
    with pytest.raises(OverrideError) as caught:
        report_of(tmp_path, LOG, HIGH, LOW, override_files=["o.yaml"])
    assert str(caught.value) == problem


def test_every_threshold_is_told_with_its_history(tmp_path: Path) -> None:
    (tmp_path / "o.yaml").write_text("params:\n  floor: 1\n  late: default + 1\n")
    report = report_of(tmp_path, LOG, HIGH, override_files=[tmp_path / "o.yaml"], settings=["floor=2"])
    page = render(report, verbose=True)
    assert page.removeprefix(render(report)).splitlines() == [
        "",
        "Thresholds, and where each comes from",
        "  floor  2 (--set, over o.yaml:2 (1); default 0)",
        "  late   4 (o.yaml:3, as default + 1; default 3)",
        "  unset  unset (tiny)",
    ]


@pytest.mark.parametrize(
    ("files", "lines"),
    [
        ((), []),
        (
            ("rules.override.yaml",),
            ["With the settings of rules.override.yaml beside the log (--isolated ignores it)."],
        ),
        (("pyproject.toml",), ["With the settings of the project's pyproject.toml (--isolated ignores it)."]),
        (
            ("pyproject.toml", "rules.override.yaml"),
            [
                "With the settings of the project's pyproject.toml and rules.override.yaml beside",
                "the log (--isolated ignores both).",
            ],
        ),
        (("other",), ["Without rules.override.yaml beside the log, which is for pack 'kto', not 'tiny'."]),
    ],
)
def test_files_that_nobody_named_are_in_the_first_lines(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, files: tuple[str, ...], lines: list[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    texts = {"pyproject.toml": "[tool.trainrules.params]\nfloor = 1\n", "rules.override.yaml": "params: {floor: 1}"}
    texts["other"] = "pack: kto\n"
    for name in files:
        (tmp_path / name.replace("other", "rules.override.yaml")).write_text(texts[name])
    page = render(report_of(tmp_path, LOG, LOW)).splitlines()
    assert page[1 : 1 + len(lines)] == lines
    assert not page[1 + len(lines)].startswith("With")
    isolated = render(report_of(tmp_path, LOG, LOW, isolated=True))
    assert "--isolated" not in isolated
