"""trainer_state.json: what it says beside its rows, and what is left of one that is damaged."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from trainrules.engine.errors import LogError
from trainrules.engine.readers.reading import read

from .formatsamples import STATE, common, rows, writer


@pytest.fixture
def log(tmp_path: Path) -> Callable[..., str]:
    """Writes a log under a name that says nothing."""
    return writer(tmp_path)


def state(**more: Any) -> bytes:
    return json.dumps({**STATE, **more}, indent=2).encode()


def test_a_trainer_state_says_more_than_its_rows(log: Callable[..., str]) -> None:
    facts = read(log(state()), common()).facts
    assert [tuple(each) for each in facts.known] == [
        ("total_steps", 40.0, "max_steps"),
        ("save_steps", 10.0, "save_steps"),
        ("best_checkpoint", "checkpoint-20", "best_model_checkpoint"),
    ]
    assert (facts.ended, facts.last_step, facts.total) == (False, 30, 40)


@pytest.mark.parametrize(
    ("more", "total", "ended"),
    [
        ({"max_steps": 30}, 30, True),
        ({"max_steps": 33, "global_step": 33}, 33, True),
        ({"max_steps": 0}, None, False),
        ({"max_steps": None}, None, False),
        ({"max_steps": "40"}, None, False),
        ({"max_steps": True}, None, False),
        ({"max_steps": 20, "global_step": 15}, None, False),
    ],
    ids=str,
)
def test_the_total_of_a_trainer_state(
    more: dict[str, Any], total: float | None, ended: bool, log: Callable[..., str]
) -> None:
    facts = read(log(state(**more)), common()).facts
    assert (facts.total, facts.ended) == (total, ended)


@pytest.mark.parametrize(
    ("damage", "losses", "malformed"),
    [
        pytest.param(lambda text: text[: text.index('"loss": 0.5')], [0.9, 0.7], 1, id="torn"),
        pytest.param(lambda text: text.replace('"loss": 0.7', '"loss" 0.7'), [0.9, 0.5], 1, id="a byte is missing"),
        pytest.param(lambda text: text.replace('"step": 10\n    },', '"step": 10\n', 1), [0.7, 0.5], 1, id="no end"),
        pytest.param(lambda text: text.replace('steps": 40', 'steps": 4x'), [0.9, 0.7, 0.5], 0, id="elsewhere"),
        pytest.param(lambda text: text.replace("\n", "\r\n"), [0.9, 0.7, 0.5], 0, id="CRLF"),
    ],
)
def test_a_damaged_trainer_state_keeps_its_other_rows(
    damage: Callable[[str], str], losses: list[float], malformed: int, log: Callable[..., str]
) -> None:
    run = read(log(damage(state().decode()).encode()), common())
    assert (rows(run)[0], run.facts.malformed) == (losses, malformed)


def test_a_trainer_state_on_one_line_counts_rows(log: Callable[..., str]) -> None:
    run = read(log(json.dumps(STATE).encode()), common())
    assert (run.facts.format, rows(run)[2]) == ("trainer_state", [1, 3, 4])


def test_a_trainer_state_without_rows_yet(log: Callable[..., str]) -> None:
    with pytest.raises(LogError, match="no rows in 'log_history'; wait until the run has logged something"):
        read(log(state(log_history=[])), common())
