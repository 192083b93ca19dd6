"""The tests of the shipped packs: each case passes, and together they show every rule and gate both ways."""

from __future__ import annotations

from functools import cache
from pathlib import Path

import pytest

from trainrules.engine.packtest.coverage import coverage_of
from trainrules.engine.packtest.load import load_suite
from trainrules.engine.packtest.model import Result, Suite
from trainrules.engine.packtest.run import run_case
from trainrules.engine.shipped import shipped

ROOT = Path(__file__).resolve().parents[1]
FILES = {file.name.partition(".")[0]: file for file in sorted((ROOT / "rules").glob("*.test.yaml"))}


def test_every_shipped_pack_has_tests() -> None:
    assert set(FILES) == {*shipped(), "common"}


@cache
def suite_of(pack: str) -> Suite:
    suite, problems = load_suite(FILES[pack])
    assert suite, [str(problem) for problem in problems]
    return suite


@cache
def result(pack: str, place: int) -> Result:
    return run_case(suite_of(pack), suite_of(pack).cases[place])


CASES = [
    pytest.param(pack, place, id=f"{pack}: {case.name}")
    for pack in FILES
    for place, case in enumerate(suite_of(pack).cases)
]


@pytest.mark.slow
@pytest.mark.parametrize(("pack", "place"), CASES)
def test_a_case_of_a_shipped_pack_passes(pack: str, place: int) -> None:
    assert result(pack, place).differences == ()


@pytest.mark.slow
@pytest.mark.parametrize("pack", FILES)
def test_the_cases_of_a_shipped_pack_leave_nothing_out(pack: str) -> None:
    suite = suite_of(pack)
    results = [result(pack, place) for place in range(len(suite.cases))]
    assert coverage_of([suite], results).gaps == ()


@pytest.mark.parametrize("pack", FILES)
def test_a_file_of_tests_names_its_schema(pack: str) -> None:
    first = FILES[pack].read_text(encoding="utf-8").splitlines()[0]
    assert first == "# yaml-language-server: $schema=../schemas/test.schema.json"


@pytest.mark.parametrize("pack", FILES)
def test_the_pack_is_the_one_beside_it(pack: str) -> None:
    assert suite_of(pack).pack.id == pack
