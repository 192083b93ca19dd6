# ruff: noqa: E501 - tables of logs, packs and what they give
"""Invariants: what must hold between the numbers of a row, up to rounding, over all series."""

from __future__ import annotations

import functools
import json
from pathlib import Path
from typing import Any

import pytest

from trainrules import PackError, evaluate
from trainrules.engine import evaluation
from trainrules.engine.compile.program import Program
from trainrules.engine.invariants import summary
from trainrules.engine.lints import lint_pack
from trainrules.engine.load import load_pack
from trainrules.engine.params import resolve
from trainrules.engine.render.json import to_json
from trainrules.engine.render.packdoc import render_pack_doc
from trainrules.engine.render.table import render
from trainrules.engine.report import InvariantResult, Report

HEAD = """
schema: 1
pack: tiny
version: 1.0.0
title: Tiny
clock: {step: [step]}
families: {layer: ["", _0, _1]}
metrics:
  loss: {keys: [loss]}
  a: {keys: [a]}
  b: {keys: [b]}
  ce: {keys: ["ce{layer}"]}
  raw: {keys: ["raw{layer}"]}
  phase: {keys: [phase], type: text}
params: {coef: {default: 2}, slack: {default: 0.5}, unset: {default: null}}
actions: {check_logging: {rank: 40, title: Check the logging}, check_config: {rank: 40, title: Check the configuration}}
rules: {high: {title: High, cause: diverging, severity: critical, when: loss > 1e6}}
"""


def report_of(place: Path, columns: str, invariant: str, more: str = "", **options: Any) -> Report:
    """The report on a log that is written as columns, a dot for an absent cell, by a pack with the invariant x."""
    table = {key: cells for key, *cells in map(str.split, columns.strip().splitlines())}
    rows = max(map(len, table.values()))
    log = place / "run.jsonl"
    with log.open("w") as out:
        for row in range(rows):
            cells = {key: cells[row] for key, cells in table.items() if cells[row] != "."}
            values = ", ".join(f'"{key}": {cell}' for key, cell in cells.items())
            out.write(f'{{"step": {row + 1}, "loss": 1, {values}}}\n')
    pack = place / "tiny.yaml"
    pack.write_text(f"{HEAD}invariants: {{x: {{{invariant}}}}}\n{more}")
    return evaluate(log, pack=pack, **options)


def told(report: Report) -> tuple[object, ...]:
    """Status, rows, failed, first row, largest gap."""
    (result,) = report.invariants
    first = result.first.step if result.first else None
    return result.status, result.rows, result.failed, first, result.largest_gap


@pytest.fixture(params=["short", "long"])
def way(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> None:
    if request.param == "long":
        monkeypatch.setattr(evaluation, "Program", functools.partial(Program, long=1))


@pytest.mark.usefixtures("way")
@pytest.mark.parametrize(
    ("columns", "invariant", "expected"),
    [
        ("a 2 4 6\nb 1 2 3", "holds: a == coef * b", ("holds", 3, 0, None, 0)),
        ("a 2 4 7\nb 1 2 3", "holds: a == coef * b", ("pending", 3, 1, 3, 1)),
        ("a 2 5 6\nb 1 2 3", "holds: a == coef * b", ("holds", 3, 1, 2, 1)),
        ("a 3 5 9\nb 1 2 3", "holds: a == coef * b", ("broken", 3, 3, 1, 3)),
        ("a 3 5 9 8\nb 1 2 3 4", "holds: a == coef * b", ("mended", 4, 3, 1, 3)),
        ("a 2 3\nb 1 1", "holds: a == coef * b, for: 1 points", ("broken", 2, 1, 2, 1)),
        ("a 2 3 3 2\nb 1 1 1 1", "holds: a == coef * b, for: 2 steps", ("holds", 4, 2, 2, 1)),
        ("a 1000 1000.1 1000.2\nb 1000 1000 1000", "holds: a == b, for: 1 points", ("broken", 3, 1, 3, 0.2)),
        ("a 5 5 5\nb 5.4 5.4 5.4", "holds: a == b, abs: slack", ("holds", 3, 0, None, 0.4)),
        ("a 5 5 5\nb 5.4 5.4 5.4", "holds: a == b, abs: slack / 5", ("broken", 3, 3, 1, 0.4)),
        ("a -100 -100 -100\nb -101 -101 -101", "holds: a == b, rel: 0.01", ("holds", 3, 0, None, 1)),
        ("a -100 -100 -100\nb -102 -102 -102", "holds: a == b, rel: 0.01", ("broken", 3, 3, 1, 2)),
        ("a 0 0 0\nb 9e-7 9e-7 9e-7", "holds: a == b", ("holds", 3, 0, None, 9e-7)),
        ("a 1 2 3\nb 3 3 3", "holds: a <= b", ("holds", 3, 0, None, 0)),
        ("a 4 5 6\nb 3 3 3", "holds: a <= b", ("broken", 3, 3, 1, 3)),
        ("a 4 5 6\nb 3 3 3", "holds: a >= b", ("holds", 3, 0, None, 0)),
        ("a 1 2 2\nb 3 3 3", "holds: a >= b", ("broken", 3, 3, 1, 2)),
        ("a 3 . 5 . 7\nb 1 1 1 1 1", "holds: a == b", ("broken", 3, 3, 1, 6)),
        ("a 3 NaN 5 . 7\nb 1 1 1 1 1", "holds: a == b", ("broken", 3, 3, 1, 6)),
        ("a 9 9 9 1 1\nb 1 1 1 1 1", "holds: a == b, while: step > 3", ("holds", 2, 0, None, 0)),
        ("a 1 1 1", "holds: a == b", ("not_evaluated", 0, 0, None, None)),
        ("a 1 . 1\nb . 1 .", "holds: a == b", ("not_evaluated", 0, 0, None, None)),
        ("a 1 1 1", "holds: a == unset", ("not_evaluated", 0, 0, None, None)),
        ("a 1 1 9", "holds: a == 1, enabled: false", ("disabled", 0, 0, None, None)),
        ("a 1 1 9", "holds: 1 >= a, for: 1 points", ("broken", 3, 1, 3, 8)),
    ],
)  # fmt: skip
def test_what_holds_and_what_is_broken(tmp_path: Path, columns: str, invariant: str, expected: tuple[Any, ...]) -> None:
    found = told(report_of(tmp_path, columns, invariant))
    assert found == (*expected[:4], pytest.approx(expected[4]) if expected[4] is not None else None)


REASONS = [
    ("a 1 1 1", "holds: a == b", "no b in the log"),
    ("a 1 1 1", "holds: a == unset", "unset is not set"),
    ("a 1 . 1\nb . 1 .", "holds: a == b", "no row has both sides"),
    ("a 1 1 2\nb 1 1 1", "holds: a == b", "since step 3"),
]


@pytest.mark.parametrize(("columns", "invariant", "reason"), REASONS)
def test_reasons(tmp_path: Path, columns: str, invariant: str, reason: str) -> None:
    assert report_of(tmp_path, columns, invariant).invariants[0].reason == reason


def test_a_broken_one_is_a_finding_that_says_by_how_much(tmp_path: Path) -> None:
    report = report_of(
        tmp_path, "a 2 4 6 9 11\nb 1 2 3 4 5", "holds: a == coef * b, source: 'Losses, 1', why: It is scaled."
    )
    assert report.findings == ()
    report = report_of(
        tmp_path, "a 2 4 7 9 11.5\nb 1 2 3 4 5", "holds: a == coef * b, source: 'Losses, 1', why: It is scaled."
    )
    (finding,) = report.findings
    assert (finding.rule, finding.cause, finding.severity, finding.state) == ("x", "logging", "warning", "firing")
    assert (finding.onset.step, finding.fired.step, finding.actions) == (3, 5, ("check_logging",))
    assert finding.title == "Identity broken: a == coef * b"
    assert finding.message == "off by up to 1.5 on 3 of 5 rows, first at step 3"
    assert (finding.evidence[0].expression, finding.evidence[0].worst) == ("abs(a - coef * b)", 1.5)
    assert [step.action for step in report.plan] == ["check_logging"]
    assert report.verdict == "attention"
    assert "Identity broken: a == coef * b, since step 3 (warning)" in render(report)
    assert to_json(report)["invariants"] == [
        {
            "invariant": "x",
            "holds": "a == coef * b",
            "status": "broken",
            "reason": "",
            "series": [],
            "broken": [],
            "rows": 5,
            "failed": 3,
            "first": {"step": 3, "row": 3},
            "largest_gap": 1.5,
            "source": "Losses, 1",
        }
    ]


def test_what_it_gives_itself_comes_first(tmp_path: Path) -> None:
    given = (
        "holds: a == b, cause: unstable, severity: critical, actions: [check_config], title: Off, message: 'a is {a:g}'"
    )
    (finding,) = report_of(tmp_path, "a 2 2 2\nb 1 1 1", given).findings
    assert (finding.cause, finding.severity, finding.actions) == ("unstable", "critical", ("check_config",))
    assert (finding.title, finding.message) == ("Off", "a is 2")
    assert report_of(tmp_path, "a 2 2 2\nb 1 1 1", "holds: a == b, actions: []").findings[0].actions == ()


def test_it_is_checked_for_each_series_that_occurs(tmp_path: Path) -> None:
    report = report_of(tmp_path, "ce 2 2 2\nraw 1 1 1\nce_1 3 3 3\nraw_1 1 1 1", "holds: ce == coef * raw")
    (result,) = report.invariants
    assert (result.series, result.broken, result.rows, result.failed) == (("layer=main", "layer=1"), ("layer=1",), 6, 3)
    assert report.findings[0].series == ("layer=1",)
    assert "Identity broken: ce == coef * raw in layer 1, since step 1" in render(report)
    assert report.findings[0].message == "off by up to 1 on 3 of 6 values in 2 series, first at step 1"


def test_what_holds_and_what_is_broken_are_counted_alike() -> None:
    holding = [result(invariant=id, series=("layer=0", "layer=1")) for id in "ab"]
    broken = result(invariant="c", status="broken", series=("layer=0", "layer=1", "layer=2"), broken=("layer=1",))
    unseen = result(invariant="d", status="not_evaluated", rows=0, reason="no d in the log")
    assert summary([*holding, broken, unseen], "step") == [
        "2 of 3 identities hold in 4 series",
        "broken: c (in 1 of 3 series)",
        "not evaluated: d (no d in the log)",
    ]


def result(**changed: Any) -> InvariantResult:
    return InvariantResult("x", "a == b", "holds", "", (), (), 5, 0, None, 0.0, "")._replace(**changed)


@pytest.mark.parametrize(
    ("columns", "invariant", "line"),
    [
        ("ce 2 2 2\nraw 1 1 1\nce_1 2 2 2\nraw_1 1 1 1", "holds: ce == coef * raw", "invariants (1)     1 identity holds in 2 series"),
        ("a 1 1 1\nb 1 1 1", "holds: a == b", "invariants (1)     1 identity holds"),
        ("a 1 1 1\nb 1 1 1", "holds: a <= b", "invariants (1)     1 invariant holds"),
        ("a 1 3 1\nb 1 1 1", "holds: a == b", "invariants (1)     1 identity holds; x not on 1 of 3 rows, first at step 2"),
        ("a 1 1 3\nb 1 1 1", "holds: a == b", "invariants (1)     may be breaking: x"),
        ("a 3 3 3\nb 1 1 1", "holds: a == b", "invariants (1)     broken: x"),
        ("ce 2 2 2\nraw 1 1 1\nce_1 3 3 3\nraw_1 1 1 1", "holds: ce == coef * raw", "invariants (1)     broken: x (in 1 of 2 series)"),
        ("a 1 1 1", "holds: a == b", "invariants (1)     not evaluated: x (no b in the log)"),
    ],
)  # fmt: skip
def test_all_of_them_are_one_line(tmp_path: Path, columns: str, invariant: str, line: str) -> None:
    page = render(report_of(tmp_path, columns, invariant)).splitlines()
    assert [each for each in page if each.startswith("invariants")] == [line]


def test_many_reasons_are_told_by_their_number() -> None:
    unseen = [result(invariant=id, status="not_evaluated", reason=f"no {id} in the log") for id in "abcde"]
    holding = result(invariant="f", holds="f <= 1")
    assert summary([*unseen, holding], "step") == [
        "1 invariant holds",
        "5 not evaluated, a (no a in the log) and others for 4 more reasons",
    ]


def test_a_pack_without_invariants_has_no_line(tmp_path: Path) -> None:
    (tmp_path / "tiny.yaml").write_text(HEAD)
    (tmp_path / "run.jsonl").write_text('{"step": 1, "loss": 1}\n')
    report = evaluate(tmp_path / "run.jsonl", pack=tmp_path / "tiny.yaml")
    assert "invariants" not in render(report)
    assert to_json(report)["invariants"] == []


def test_a_plan_does_not_wait_for_them(tmp_path: Path) -> None:
    report = report_of(tmp_path, "a 1 1 3\nb 1 1 1", "holds: a == b")
    assert ([step.action for step in report.plan], report.verdict) == (["continue"], "healthy")
    assert [state.rule for state in report.rules] == ["high"]


def test_overrides_and_variants_name_them(tmp_path: Path) -> None:
    columns = "a 3 3 3\nb 1 1 1"
    assert told(report_of(tmp_path, columns, "holds: a == b", settings=["x.enabled=false"]))[0] == "disabled"
    assert report_of(tmp_path, columns, "holds: a == b", settings=["x.severity=info"]).findings[0].severity == "info"
    variants = "variants: {v: {disable: [x]}}"
    assert told(report_of(tmp_path, columns, "holds: a == b", more=variants, variant="v"))[0] == "disabled"


def test_a_child_changes_or_disables_them(tmp_path: Path) -> None:
    report_of(tmp_path, "a 1", "holds: a == b, rel: 0.5")
    child = tmp_path / "child.yaml"
    child.write_text("schema: 1\npack: c\nversion: 1.0.0\ntitle: C\nextends: tiny.yaml\ninvariants: {x: {abs: 3}}\n")
    merged = load_pack(child).invariants["x"]
    assert (merged.holds.text, merged.rel.text, merged.abs.text) == ("a == b", "0.5", "3")
    child.write_text("schema: 1\npack: c\nversion: 1.0.0\ntitle: C\nextends: tiny.yaml\ndisable: [x]\n")
    assert (load_pack(child).invariants, list(load_pack(child).rules)) == ({}, ["high"])
    resolve(load_pack(child), variant=None, files=[], settings=[], values=None, log="run.jsonl")


@pytest.mark.parametrize(
    ("invariant", "problem"),
    [
        ("rel: 1", "18:14: invariant 'x' lacks 'holds'; give what must hold, such as 'loss == loss_ce + loss_coords'"),
        ("holds: a < b", "18:25: an invariant is one comparison with ==, <=, >=; write left == right; for several, an invariant each"),
        ("holds: a == b == loss", "18:25: an invariant is one comparison with ==, <=, >=; write left == right; for several, an invariant each"),
        ("holds: a == bb", "18:30: unknown name 'bb'; did you mean 'b'?"),
        ("holds: phase == 'x'", "18:25: an invariant compares numbers, and this is a text; write two numbers with a comparison between them, as in 'loss_sum == loss_a + loss_b'"),
        ("holds: phase <= 'x'", "18:25: a text has no order; use == or !="),
        ("holds: a == b, rel: -1", "18:38: 'rel' must not be below 0; such as 0.01"),
        ("holds: a == b, rel: loss", "18:38: unknown name 'loss'; write a number, or declare it under params"),
        ("holds: a == b, actions: [check_it]", "18:43: unknown action 'check_it'; did you mean 'check_config' or 'check_logging'?"),
        ("holds: a == b, message: '{c}'", "18:44: unknown placeholder 'c'; did you mean 'ce'?"),
        ("holds: a == b, tol: 1", "18:33: unknown key 'tol'; known here: holds, rel, abs, for, while, title, cause, severity, actions, message, enabled, why, source, advice"),
    ],
)  # fmt: skip
def test_problems_have_their_place(tmp_path: Path, invariant: str, problem: str) -> None:
    with pytest.raises(PackError) as caught:
        report_of(tmp_path, "a 1", invariant)
    assert [str(each).partition("tiny.yaml:")[2] for each in caught.value.problems] == [problem]


def test_its_name_is_no_rules_name(tmp_path: Path) -> None:
    path = tmp_path / "tiny.yaml"
    path.write_text(HEAD + "invariants: {high: {holds: a == b}}\n")
    with pytest.raises(PackError) as caught:
        load_pack(path)
    assert [each.message for each in caught.value.problems] == ["invariant 'high' is already a rule"]


@pytest.mark.parametrize(
    ("holds", "remark"),
    [
        ("a == b", None),
        ("a == a", "invariant 'x' has the same on both sides"),
        ("coef == 2 * slack", "invariant 'x' names no metric"),
    ],
)
def test_those_that_say_nothing_are_told(tmp_path: Path, holds: str, remark: str | None) -> None:
    path = tmp_path / "tiny.yaml"
    path.write_text(f"{HEAD}invariants: {{x: {{holds: {holds}}}}}\n")
    remarks = [each.message for each in lint_pack(load_pack(path)) if each.code == "idle-invariant"]
    assert remarks == ([remark] if remark else [])


def test_the_page_of_a_pack_has_them(tmp_path: Path) -> None:
    path = tmp_path / "tiny.yaml"
    path.write_text(HEAD + "invariants: {x: {holds: a == b, why: It is so., source: 'Losses, 1'}}\n")
    page = render_pack_doc(load_pack(path))
    assert (
        "| `x` | `a == b` | 0.0001 of the larger side, or 1e-06 | warning → check_logging. It is so. *Losses, 1* |"
        in page
    )
    assert "### a == b" not in page


def test_the_schema_and_json_agree(tmp_path: Path, report_schema: Any) -> None:
    report = report_of(tmp_path, "a 1 1 1\nb 1 1 1", "holds: a == b")
    report_schema.validate(json.loads(json.dumps(to_json(report))))


def test_advice_stands_in_place_of_the_text_of_an_action(tmp_path: Path) -> None:
    told = "holds: a == b, actions: [check_config], advice: {check_config: Look at the coefficient.}"
    step = report_of(tmp_path, "a 3 3 3\nb 1 1 1", told).plan[0]
    assert step.text == "Check the configuration: identity broken: a == b, since step 1. Look at the coefficient."
    (other,) = report_of(tmp_path, "a 3 3 3\nb 1 1 1", "holds: a == b, actions: [check_config]").plan
    assert other.text.startswith("Check the configuration: identity broken: a == b, since step 1.")
    assert "coefficient" not in other.text
