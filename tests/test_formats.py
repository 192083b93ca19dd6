"""The formats of logs: each is told by its content, and becomes the same table."""

from __future__ import annotations

import gzip
import io
import json
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any, NamedTuple

import pytest

from trainrules.engine.errors import LogError
from trainrules.engine.evaluate import wanted as wanted_for
from trainrules.engine.load import load_pack
from trainrules.engine.params import resolve
from trainrules.engine.readers import Run, Wanted, read
from trainrules.engine.readers.registry import names, readers

NAN = float("nan")


class Sample(NamedTuple):
    """A small log of a format, and what is in it: losses at the steps (or epochs) of the rows, and their lines."""

    content: bytes
    loss: list[float | None]
    clock: list[float]
    lines: list[int]
    kind: str = "step"
    total: float | None = None


def text(*lines: str) -> bytes:
    return "".join(f"{line}\n" for line in lines).encode()


STATE = {
    "best_global_step": 20,
    "best_metric": 0.75,
    "best_model_checkpoint": "/data/out/checkpoint-20",
    "epoch": 3.0,
    "global_step": 30,
    "log_history": [
        {"epoch": 1.0, "learning_rate": 1e-4, "loss": 0.9, "step": 10},
        {"epoch": 1.0, "eval_loss": 0.8, "step": 10},
        {"epoch": 2.0, "grad_norm": NAN, "loss": 0.7, "step": 20},
        {"epoch": 3.0, "loss": 0.5, "step": 30},
    ],
    "max_steps": 40,
    "save_steps": 10,
    "stateful_callbacks": {"TrainerControl": {"args": {}}},
}

SAMPLES: dict[str, Sample] = {
    "jsonl": Sample(text('{"step": 1, "loss": 0.9}', '{"step": 2, "loss": NaN}'), [0.9, NAN], [1, 2], [1, 2]),
    "console": Sample(
        text("starting", "Epoch 1: loss=1,234.5", "Epoch 2: loss=2"), [1234.5, 2], [1, 2], [2, 3], kind="epoch"
    ),
    "trainer_state": Sample(json.dumps(STATE, indent=2).encode(), [0.9, 0.7, 0.5], [10, 20, 30], [8, 19, 25], total=40),
    "json_array": Sample(
        text("[", ' {"step": 1,', '  "loss": 3}, {"step": 2, "loss": 2},', '{"step": 3, "loss": 1}', "]"),
        [3, 2, 1],
        [1, 2, 3],
        [2, 3, 4],
    ),
    "keras": Sample(
        text('{"loss": [3.0, 2.0, NaN],', ' "val_loss": [3.5, 2.5, 1.5]}'), [3, 2, NAN], [0, 1, 2], [1, 2, 3], "epoch"
    ),
}


def common() -> Wanted:
    return wanted_for(resolve(load_pack("common")))


def rows(run: Run, kind: str = "step") -> tuple[list[Any], list[Any], list[Any]]:
    """Of the rows with a loss: the losses, the clock, the lines."""
    loss = run.columns["loss"]
    found = run.con.execute(f"SELECT {loss}, {kind}, line FROM run WHERE {loss} IS NOT NULL ORDER BY i").fetchall()
    return tuple(map(list, zip(*found, strict=True)))  # type: ignore[return-value]


def same(left: object, right: object) -> bool:
    """Equality in which NaN equals NaN, and 1 is 1.0."""
    return repr(left).replace(".0", "") == repr(right).replace(".0", "")


@pytest.fixture
def log(tmp_path: Path) -> Callable[..., str]:
    """Writes a log under a name that says nothing."""

    def write(content: bytes, name: str = "run") -> str:
        path = tmp_path / name
        path.write_bytes(content)
        return str(path)

    return write


@pytest.fixture(params=sorted(SAMPLES))
def named(request: pytest.FixtureRequest) -> tuple[str, Sample]:
    return request.param, SAMPLES[request.param]


def check(run: Run, name: str, sample: Sample) -> None:
    assert run.facts.format == name
    loss, clock, lines = rows(run, sample.kind)
    assert same(loss, sample.loss)
    assert same(clock, sample.clock)
    assert lines == sample.lines
    assert run.facts.total == sample.total
    assert run.facts.malformed == 0


def test_every_reader_has_a_sample() -> None:
    assert set(SAMPLES) == set(names())
    assert all(each.title and each.help and each.files for each in readers())


def test_a_log_is_told_by_its_content(named: tuple[str, Sample], log: Callable[..., str]) -> None:
    name, sample = named
    check(read(log(sample.content), common()), name, sample)


def test_a_format_can_be_named(named: tuple[str, Sample], log: Callable[..., str]) -> None:
    name, sample = named
    check(read(log(sample.content), common(), input_format=name), name, sample)


def test_gzip(named: tuple[str, Sample], log: Callable[..., str]) -> None:
    name, sample = named
    check(read(log(gzip.compress(sample.content)), common()), name, sample)


def test_standard_input(named: tuple[str, Sample], monkeypatch: pytest.MonkeyPatch) -> None:
    name, sample = named
    monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(sample.content)))
    check(read("-", common()), name, sample)


def test_the_keys_are_told_to_who_chooses_the_pack(named: tuple[str, Sample], log: Callable[..., str]) -> None:
    seen: list[frozenset[str]] = []

    def choose(keys: frozenset[str]) -> Wanted:
        seen.append(keys)
        return common()

    read(log(named[1].content), choose)
    assert "loss" in seen[0]


@pytest.mark.parametrize("name", sorted({*SAMPLES} - {"jsonl", "console"}))
def test_what_is_not_of_the_named_format_is_an_error(name: str, log: Callable[..., str]) -> None:
    path = log(text('{"step": 1, "loss": 0.9}', '{"step": 2, "loss": 0.8}'))
    with pytest.raises(LogError) as caught:
        read(path, common(), input_format=name)
    assert caught.value.hint


def test_a_name_that_no_format_has(log: Callable[..., str]) -> None:
    with pytest.raises(LogError, match="'trainer-state' is no format of logs; did you mean 'trainer_state'"):
        read(log(b"{}"), common(), input_format="trainer-state")


# trainer_state.json


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


# Keras


@pytest.mark.parametrize(
    ("content", "losses", "epochs"),
    [
        ({"epochs": [1.0, 2.0], "metrics": {"loss": [4.0, 3.0]}}, [4, 3], [1, 2]),
        ({"history": {"loss": [4.0, 3.0]}, "epoch": [0, 1]}, [4, 3], [0, 1]),
        ({"loss": [4.0, 3.0, 2.0], "lr": [0.1]}, [4, 3, 2], [0, 1, 2]),
    ],
    ids=["with metrics", "with history", "of unlike length"],
)
def test_histories(content: dict[str, Any], losses: list[float], epochs: list[float], log: Callable[..., str]) -> None:
    run = read(log(json.dumps(content, indent=1).encode()), common())
    assert (run.facts.format, *rows(run, "epoch")[:2]) == ("keras", losses, epochs)
