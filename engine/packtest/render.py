"""The outcome of pack tests as a page of text, or as JSON."""

from __future__ import annotations

import json
from collections.abc import Sequence
from itertools import groupby

from ..errors import Position
from ..render.layout import Page
from ..words import counted
from .model import Coverage, Difference, Gap, Result
from .run import Outcome

SCHEMA = "trainrules/test-result/1"


def render(outcome: Outcome, *, width: int = 80, colour: bool = False, ascii_only: bool = False) -> str:
    """What failed and how, what the tests leave out, and how many passed."""
    page = Page(max(width, 40), colour, ascii_only)
    for suite, results in outcome.results:
        for result in results:
            if not result.passed:
                _failure(page, Position(suite.file, result.case.at.line), result)
    page.blank()
    for coverage in outcome.coverage or ():
        _coverage(page, coverage)
    for suite, results in outcome.results:
        failed = sum(not result.passed for result in results)
        told = (
            f"{failed} of {counted(len(results), 'case')} failed"
            if failed
            else f"{counted(len(results), 'case')} passed"
        )
        page.add(f"{suite.file}: {told}", style="act" if failed else "healthy", word=told)
    if not outcome.results:
        page.add("nothing to test")
    return page.text()


def _failure(page: Page, at: Position, result: Result) -> None:
    page.blank()
    page.add(f"{at} {result.case.name}", "FAILED  ", "        ", style="act", word="FAILED")
    if result.case.source:
        page.add(f"({result.case.source})", "        ", style="faint")
    for difference in result.differences:
        page.raw(f"  {page.safe(difference.path)}", "heading")
        page.add(difference.expected, "    expected  ")
        page.add(difference.got, "    got       ")
        for line in difference.why:
            page.add(line, "              ", "                ", style="faint")


def _coverage(page: Page, coverage: Coverage) -> None:
    counts = ", ".join(f"{shown} of {counted(all_, kind)}" for kind, (shown, all_) in coverage.counts.items())
    page.add(f"{coverage.pack}: {counts or 'nothing of its own'} covered", "", "  ")
    for never, gaps in groupby(sorted(coverage.gaps, key=_never), key=_never):
        names = [f"{gap.name} as {gap.severity}" if gap.severity else gap.name for gap in gaps]
        page.add(", ".join(names), f"  {f'never {never}':<19}", " " * 21)


def _never(gap: Gap) -> str:
    return gap.never


def to_json(outcome: Outcome) -> dict[str, object]:
    """The outcome as plain data."""
    data: dict[str, object] = {
        "schema": SCHEMA,
        "cases": outcome.total,
        "failed": outcome.failed,
        "files": [
            {"path": suite.file, "pack": suite.pack.id, "cases": [_case(result) for result in results]}
            for suite, results in outcome.results
        ],
    }
    if outcome.coverage is not None:
        data["coverage"] = [_covered(coverage) for coverage in outcome.coverage]
    return data


def dumps(outcome: Outcome) -> str:
    """The text of the outcome as JSON."""
    return json.dumps(to_json(outcome), indent=2) + "\n"


def _case(result: Result) -> dict[str, object]:
    return {
        "name": result.case.name,
        "line": result.case.at.line,
        "passed": result.passed,
        "differences": _differences(result.differences),
    }


def _differences(differences: Sequence[Difference]) -> list[dict[str, object]]:
    return [
        {"path": each.path, "expected": each.expected, "got": each.got, "why": list(each.why)} for each in differences
    ]


def _covered(coverage: Coverage) -> dict[str, object]:
    return {
        "pack": coverage.pack,
        "counts": {kind: {"covered": shown, "all": all_} for kind, (shown, all_) in coverage.counts.items()},
        "gaps": [
            {"kind": gap.kind, "name": gap.name, "never": gap.never}
            | ({"severity": gap.severity} if gap.severity else {})
            for gap in coverage.gaps
        ],
    }
