# ruff: noqa: E501 - tables of whole messages
"""How a gate is shown: as JSON, as a table, and as documentation."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from trainrules.engine.render.json import to_json
from trainrules.engine.render.packdoc import render_pack_doc
from trainrules.engine.render.table import render

from .gatedruns import Judge, judged_in, noisy, pack, rows


@pytest.fixture(params=[pytest.param(None, id="short"), pytest.param(1, id="long")])
def judge(tmp_path: Path, request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> Judge:
    """Judges a run, once as any and once as if it were too long to look at each of its rows."""
    return judged_in(tmp_path, request.param, monkeypatch)


def test_as_json(judge: Judge) -> None:
    report = judge(
        rows(12, score=lambda step: None if step == 12 else 0.48, phase=lambda step: "a" if step < 3 else "b")
    )
    (gate,) = to_json(report)["gates"]  # type: ignore[misc, attr-defined]
    assert gate == {
        "gate": "next",
        "status": "blocked",
        "passed": {"step": 3, "row": 3, "times": 1},
        "requirements": [
            {"name": "steps", "target": ">= 10", "value": 12.0, "status": "met", "at": {"step": 12, "row": 12}},
            {"name": "score", "target": "> 0.5", "value": 0.48, "status": "near", "at": {"step": 11, "row": 11}, "setting": "min_score"},
            {"name": "slope", "target": "between -0.1 and 0.05", "value": 0.0, "status": "met", "at": {"step": 12, "row": 12}},
        ],
        "source": "My notes",
    }  # fmt: skip


def test_as_a_table(judge: Judge) -> None:
    page = render(judge(rows(4, score=float("nan"), slope=-0.3)))
    assert page.splitlines()[5:11] == [
        "Next phase: blocked",
        "  requirement  target                 your value  status",
        "  steps        >= 10                  4           not met",
        "  score        > 0.5                  -           unknown",
        "      score is not finite since step 1",
        "  slope        between -0.1 and 0.05  -0.3        not met",
    ]


@pytest.mark.parametrize("width", [40, 60, 80, 120])
@pytest.mark.parametrize("ascii_only", [True, False])
def test_a_table_keeps_to_its_width(judge: Judge, width: int, ascii_only: bool) -> None:
    page = render(judge(rows(4, score=float("nan"))), width=width, ascii_only=ascii_only)
    assert max(map(len, page.splitlines())) <= width


def test_as_documentation(tmp_path: Path) -> None:
    page = render_pack_doc(pack(tmp_path))
    section = page[page.index("## Gates") : page.index("## Actions")]
    assert section.splitlines() == [
        "## Gates",
        "",
        "### Next phase",
        "",
        '`next`; only while `default(phase != "last", true)`; passed where `changed(phase)`; a value older than 3 points is unknown.',
        "",
        "| requirement | value | must be | near miss within | in the trainer | meaning |",
        "| --- | --- | --- | --- | --- | --- |",
        "| steps | `here` | >= `least` |  |  |  |",
        "| score | `score` | > `score_min` | `0.05` | `min_score` | It is measured |",
        "| slope (advice only where `slope_advisory`) | `slope` | >= `-flat` and <= `flat / 2` | `flat` |  |  |",
        "",
        "While it is blocked: wait.",
        "",
        "Once it is passed: continue.",
        "",
        "Held up where `here >= least * 2` and, over `recent`, only near misses fail without a trend: lower_thresholds.",
        "",
        "Patience.",
        "",
        "Guide: My notes.",
        "",
    ]


def test_cut_anywhere_a_report_has_its_shape(judge: Judge) -> None:
    """The fixture of conftest.py holds each of these reports against the schema."""

    def cuts() -> Iterator[str]:
        for count in (1, 2, 9, 19, 20, 39, 40, 60):
            yield judge(rows(count, score=noisy(0.48))).plan[0].action

    assert set(cuts()) == {"wait", "lower_thresholds"}
