"""What every test may use: the corpus of real runs, golden files, and how hard hypothesis looks."""

from __future__ import annotations

import json
import os
from collections.abc import Callable, Iterable, Iterator, Sequence
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, settings
from jsonschema import Draft7Validator

ROOT = Path(__file__).resolve().parents[1]
REWRITE = os.environ.get("TRAINRULES_REWRITE") == "1"

slow = [HealthCheck.too_slow, HealthCheck.data_too_large, HealthCheck.function_scoped_fixture]
settings.register_profile(
    "dev", max_examples=100, deadline=None, derandomize="TRAINRULES_CI" in os.environ, suppress_health_check=slow
)
settings.register_profile(
    "ci", max_examples=2000, deadline=None, derandomize=True, print_blob=True, suppress_health_check=slow
)
settings.load_profile(os.environ.get("HYPOTHESIS_PROFILE", "dev"))


@pytest.fixture(scope="session")
def report_schema() -> Draft7Validator:
    """What every report must look like as JSON."""
    return Draft7Validator(json.loads((ROOT / "schemas" / "report.schema.json").read_text(encoding="utf-8")))


@pytest.fixture(autouse=True)
def every_report_has_its_shape(monkeypatch: pytest.MonkeyPatch, report_schema: Draft7Validator) -> None:
    """Holds every report that a test has the engine make against the schema."""
    from trainrules.engine import evaluation as engine
    from trainrules.engine.render.json import to_json

    made = engine.Evaluation.report

    def checked(self: Any, *given: Any) -> Any:
        report = made(self, *given)
        report_schema.validate(to_json(report))
        return report

    monkeypatch.setattr(engine.Evaluation, "report", checked)


@pytest.fixture(scope="session", autouse=True)
def every_problem_has_its_mend() -> Iterator[None]:
    """Holds all problems that any test has the engine tell: each says what to do about it."""
    from trainrules.engine.errors import Problem, ProblemsError
    from trainrules.engine.validation import Outcome
    from trainrules.engine.validation.check import Checker

    raised, came = ProblemsError.__init__, Checker.outcome

    def held(problems: Iterable[Problem]) -> None:
        assert [each for each in problems if not each.hint] == []

    def checked(self: ProblemsError, problems: Sequence[Problem]) -> None:
        held(problems)
        raised(self, problems)

    def whole(self: Checker, *given: Any, **more: Any) -> Outcome:
        outcome = came(self, *given, **more)
        held(outcome.problems)
        return outcome

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(ProblemsError, "__init__", checked)
        patch.setattr(Checker, "outcome", whole)
        yield


@pytest.fixture(scope="session")
def root() -> Path:
    """The top of the source tree."""
    return ROOT


@pytest.fixture(scope="session")
def corpus() -> Callable[[str], Path]:
    """Finds a file or folder of the corpus of real runs by its path below TRAINRULES_CORPUS, else skips the test."""

    def find(path: str) -> Path:
        top = os.environ.get("TRAINRULES_CORPUS")
        if not top:
            pytest.skip("TRAINRULES_CORPUS is not set: the corpus of real runs is not part of the repository")
        found = Path(top) / path
        if not found.exists():
            pytest.skip(f"the corpus has no {path}")
        return found

    return find


@pytest.fixture(scope="session")
def golden() -> Callable[[str, str], None]:
    """Holds a text against a file below tests/golden; TRAINRULES_REWRITE=1 writes the file instead."""

    def check(name: str, text: str) -> None:
        path = ROOT / "tests" / "golden" / name
        if REWRITE:
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(text, encoding="utf-8")
        assert path.exists(), f"{path} is missing; TRAINRULES_REWRITE=1 writes it"
        assert text == path.read_text(encoding="utf-8")

    return check
