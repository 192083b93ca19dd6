"""The tests of the shipped packs: each case passes, and together they show every rule firing and quiet."""

from __future__ import annotations

from pathlib import Path

import pytest

from trainrules.engine.packtest.load import load_suite
from trainrules.engine.packtest.model import Case, Suite
from trainrules.engine.packtest.run import run_case

ROOT = Path(__file__).resolve().parents[1]
FILES = sorted((ROOT / "rules").glob("*.test.yaml"))


def suites() -> list[Suite]:
    found = [(file, *load_suite(file)) for file in FILES]
    assert [(file.name, [str(problem) for problem in problems]) for file, _, problems in found if problems] == []
    return [suite for _, suite, _ in found if suite]


CASES = [
    pytest.param(suite, case, id=f"{Path(suite.file).name.partition('.')[0]}: {case.name}")
    for suite in suites()
    for case in suite.cases
]


@pytest.mark.parametrize(("suite", "case"), CASES)
def test_a_case_of_a_shipped_pack_passes(suite: Suite, case: Case) -> None:
    assert run_case(suite, case).differences == ()
