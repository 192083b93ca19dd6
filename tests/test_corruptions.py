"""Corrupted logs: judged or refused, never with a traceback, and every lost line is counted."""

from __future__ import annotations

from pathlib import Path

import pytest

from .corruptions import CORRUPTIONS, FORMATS, Case, Judge, cases, problem

SEED = 1
FOUND = (
    # A control character that the reader itself puts into copies stood in a key.
    Case(-1, "small", ("flipped", "ended"), b'{"step": 1, "loss": 2}\r\n{"step": 2, "lo\x1dss": 1}\n'),
    Case(-2, "small", ("flipped",), b'{"step": 1, "loss": 2}\n{"step": 2, "lo\x1dss": 1}\n'),
)
"""What was found once."""


@pytest.fixture(scope="module")
def judge(tmp_path_factory: pytest.TempPathFactory) -> Judge:
    return Judge(tmp_path_factory.mktemp("corrupted"))


@pytest.mark.parametrize("case", FOUND, ids=lambda case: str(case.content))
def test_what_was_found_stays_mended(judge: Judge, case: Case) -> None:
    assert problem(judge, case) == ""
    report, _, counted = judge.judged(case)
    assert counted is not None
    assert (counted.objects, counted.malformed) == (1, 1)
    assert report.log.malformed == 1


def test_every_corruption_is_drawn() -> None:
    done = {name for case in cases(SEED, 200) for name in case.done}
    assert done == {corruption.__name__ for corruption in CORRUPTIONS}


def test_every_format_is_drawn() -> None:
    assert {case.format for case in cases(SEED, 200)} == {*FORMATS}


def test_the_same_seed_gives_the_same_logs() -> None:
    assert list(cases(SEED, 30)) == list(cases(SEED, 30))
    assert len({case.content for case in cases(SEED, 200)}) == 200
    assert list(cases(SEED, 30))[20:] == list(cases(SEED, 10, 20))


def told(judge: Judge, count: int, start: int = 0) -> list[str]:
    return [f"{case.number}: {told}" for case in cases(SEED, count, start) if (told := problem(judge, case))]


def test_a_few_corruptions(judge: Judge) -> None:
    assert told(judge, 12) == []


@pytest.mark.slow
def test_many_corruptions(judge: Judge) -> None:
    """More of them; all ten thousand are `python tests/corruptions.py --count 10000`."""
    assert told(judge, 300, 40) == []


def test_a_reader_that_loses_a_line_is_found_out(judge: Judge, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """The check itself: without it, the others could not fail."""
    case = Case(0, "small", (), b'{"step": 1, "loss": 2}\ngarbage\n{"step": 2, "loss": 1}\n')
    assert problem(judge, case) == ""
    monkeypatch.setattr("trainrules.engine.readers.lines._BRACED", "true")
    monkeypatch.setattr("trainrules.engine.readers.lines._IS_OBJECT", "true")
    assert problem(judge, case) != ""
