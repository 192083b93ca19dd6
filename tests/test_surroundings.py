"""What lies beside a log, and logs that are named by their folder."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest

from trainrules import Report, evaluate
from trainrules.engine.errors import LogError
from trainrules.engine.readers.directory import SEVERAL, log_in
from trainrules.engine.surroundings import find_known

ROWS = [{"step": n * 10, "loss": 3 - n / 10, "learning_rate": 1e-4, "grad_norm": 1.0} for n in range(1, 11)]
STATE: dict[str, Any] = {
    "best_model_checkpoint": "/data/me/out/checkpoint-60",
    "global_step": 80,
    "log_history": [{"loss": 1, "step": 10, "max_steps": 7}],
    "max_steps": 400,
    "save_steps": 20,
}


def jsonl(*rows: Mapping[str, Any]) -> str:
    return "".join(f"{json.dumps(row)}\n" for row in rows)


def place(folder: Path, files: Mapping[str, Any]) -> None:
    """Files by their names: text as it is, all else as JSON."""
    for name, content in files.items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(content if isinstance(content, str) else json.dumps(content, indent=2), encoding="utf-8")


def known(folder: Path, log: str = "run.jsonl") -> list[tuple[str, object, str]]:
    return [tuple(each) for each in find_known(str(folder / log))]  # type: ignore[misc]


ALL = [("total_steps", 400.0, "max_steps"), ("save_steps", 20.0, "save_steps")]
BEST = ("best_checkpoint", "checkpoint-60", "best_model_checkpoint")


@pytest.mark.parametrize(
    ("files", "log", "state"),
    [
        ({"trainer_state.json": STATE}, "run.jsonl", "trainer_state.json"),
        ({"trainer_state.json": STATE}, "logs/run.jsonl", "../trainer_state.json"),
        ({"checkpoint-80/trainer_state.json": STATE}, "run.jsonl", "checkpoint-80/trainer_state.json"),
        (
            {"checkpoints/checkpoint-80/trainer_state.json": STATE, "checkpoints/checkpoint-9/trainer_state.json": {}},
            "logs/run.jsonl",
            "../checkpoints/checkpoint-80/trainer_state.json",
        ),
    ],
    ids=["beside", "above", "in a checkpoint", "in the newest checkpoint"],
)
def test_where_a_trainer_state_is_found(files: dict[str, Any], log: str, state: str, tmp_path: Path) -> None:
    place(tmp_path, {log: jsonl(*ROWS), **files})
    assert known(tmp_path, log) == [(name, value, f"{state}: {field}") for name, value, field in [*ALL, BEST]]


def test_a_long_trainer_state_is_read_at_its_ends(tmp_path: Path) -> None:
    rows = [{"loss": 1, "step": n, "note": "x" * 100} for n in range(5_000)]
    place(tmp_path, {"trainer_state.json": {**STATE, "log_history": rows}})
    assert [value for _, value, _ in known(tmp_path)] == [400, 20, "checkpoint-60"]


@pytest.mark.parametrize(
    ("name", "content", "told"),
    [
        ("args.json", {"learning_rate": 5e-5}, "args.json: learning_rate"),
        ("args.json", {"train": {"learning_rate": 5e-5}}, "args.json: train.learning_rate"),
        ("config.yaml", "learning_rate: 5e-5\n", "config.yaml: learning_rate"),
        ("config.yaml", "learning_rate:\n  desc: null\n  value: 5.0e-05\n", "config.yaml: learning_rate"),
        ("config.yaml", "optimizer: {learning_rate: 5e-5}\n", "config.yaml: optimizer.learning_rate"),
        ("../config.yaml", "learning_rate: 5e-5\n", "../config.yaml: learning_rate"),
        ("args.json", {"learning_rate": "fast"}, None),
        ("args.json", {"learning_rate": -1}, None),
        ("args.json", {"lr": 1}, None),
        ("args.json", "{", None),
        ("args.json", "[" * 100_000, None),
        ("args.json", [1], None),
        ("config.yaml", "a: [1\n", None),
        ("config.yaml", "!!python/object/apply:os.getcwd []\n", None),
    ],
)
def test_the_configured_rate(name: str, content: Any, told: str | None, tmp_path: Path) -> None:
    place(tmp_path / "run", {name: content})
    expected = [("learning_rate", 5e-5, told)] if told else []
    assert known(tmp_path / "run") == expected


@pytest.mark.parametrize("content", ["", "{", "\xff" * 10, json.dumps({"max_steps": "many"}), json.dumps([1])])
def test_a_trainer_state_that_says_nothing_is_passed_over(content: str, tmp_path: Path) -> None:
    place(tmp_path, {"trainer_state.json": content, "run.jsonl": jsonl(*ROWS)})
    assert [each for each in known(tmp_path) if each[0] == "total_steps"] == []
    assert judged(tmp_path).log.total is None


def judged(folder: Path, log: str = "run.jsonl", **more: Any) -> Report:
    return evaluate(folder / log, pack="common", **more)


def test_a_log_gets_its_total_and_its_rate_from_beside(tmp_path: Path) -> None:
    place(tmp_path, {"run.jsonl": jsonl(*ROWS), "trainer_state.json": STATE, "args.json": {"learning_rate": 5e-5}})
    report = judged(tmp_path)
    assert (report.log.total, report.log.ended) == (400, False)
    assert [tuple(each)[:4] for each in report.overrides] == [("lr_configured", 5e-5, None, "args.json: learning_rate")]
    assert [(each.rule, each.message) for each in report.findings] == [
        ("rate_not_applied", "the learning rate is 0.0001, configured is 5e-05")
    ]


def test_a_setting_stands_above_what_lies_beside(tmp_path: Path) -> None:
    place(tmp_path, {"run.jsonl": jsonl(*ROWS), "args.json": {"learning_rate": 5e-5}})
    report = judged(tmp_path, settings=["lr_configured=1e-4"])
    assert [tuple(each)[:4] for each in report.overrides] == [("lr_configured", 1e-4, None, "--set")]


RAMP = [n * 1e-5 for n in range(30)]


@pytest.mark.parametrize(
    ("rates", "configured", "told", "sets"),
    [
        (RAMP, 1e-3, "Halve the learning rate: 0.001 → 0.0005.", 5e-4),
        (
            RAMP,
            None,
            "Halve the learning rate: take half of the configured peak. The log ends within the warm-up and does not"
            " show it; --set lr_configured=… has it computed.",
            None,
        ),
        ([*RAMP[:15], *[RAMP[15]] * 15], None, "Halve the learning rate: 0.00015 → 7.5e-05.", 7.5e-5),
        ([*RAMP[:15], *[RAMP[15]] * 15], 1e-3, "Halve the learning rate: 0.00015 → 7.5e-05.", 7.5e-5),
        ([*RAMP[:15], *RAMP[15::-1][:15]], None, "Halve the learning rate: 0.00015 → 7.5e-05.", 7.5e-5),
        ([*RAMP[:15], *RAMP[15::-1][:15]], 1e-3, "Halve the learning rate: 0.00015 → 7.5e-05.", 7.5e-5),
    ],
)
def test_the_rate_that_is_halved_is_the_peak_of_the_schedule(
    rates: list[float], configured: float | None, told: str, sets: float | None, tmp_path: Path
) -> None:
    losses = [2 - n / 20 if n < 18 else 4 + n for n in range(30)]
    rows = [
        {"step": n, "loss": loss, "learning_rate": rate}
        for n, (loss, rate) in enumerate(zip(losses, rates, strict=True), 1)
    ]
    place(tmp_path, {"run.jsonl": jsonl(*rows), **({"args.json": {"learning_rate": configured}} if configured else {})})
    (step,) = [step for step in judged(tmp_path).plan if step.action == "halve_lr"]
    assert step.text.startswith(f"{told} When you resume")
    assert (step.set or {}).get("learning_rate") == (sets and pytest.approx(sets))


def test_a_total_that_the_log_has_passed_is_that_of_another_run(tmp_path: Path) -> None:
    place(tmp_path, {"run.jsonl": jsonl(*ROWS), "trainer_state.json": {**STATE, "max_steps": 50}})
    assert judged(tmp_path).log.total is None


def test_where_no_checkpoint_is_seen_the_trainer_says_how_often_it_saves(tmp_path: Path) -> None:
    rows = [*ROWS, *({"step": n * 10, "loss": float("nan"), "grad_norm": float("nan")} for n in range(11, 20))]
    place(tmp_path, {"run.jsonl": jsonl(*rows), "trainer_state.json": STATE})
    (text,) = [step.text for step in judged(tmp_path).plan if step.action == "revert"]
    assert text.endswith("none was seen beside the log, but by save_steps = 20 it is that of step 100.")


def test_the_best_checkpoint_of_the_trainer(tmp_path: Path) -> None:
    evals = [{"step": n * 20, "eval_loss": 1 + abs(n - 3) / 2} for n in range(1, 16)]
    place(tmp_path, {"run.jsonl": jsonl(*evals), "trainer_state.json": STATE})
    (step,) = [step for step in judged(tmp_path).plan if step.action == "stop_early"]
    assert step.target == {"checkpoint": "checkpoint-60", "step": 60}


# Folders

LOSSES = jsonl(*ROWS)
DATA = jsonl({"messages": [{"role": "user", "content": "hi"}]})


@pytest.mark.parametrize(
    ("files", "log"),
    [
        ({"metrics.jsonl": LOSSES, "data.jsonl": DATA, "notes.txt": "loss"}, "metrics.jsonl"),
        ({"logs/training.jsonl": LOSSES, "trainer_state.json": STATE}, "logs/training.jsonl"),
        ({"trainer_state.json": STATE, "checkpoint-80/trainer_state.json": STATE}, "trainer_state.json"),
        (
            {"checkpoint-9/trainer_state.json": STATE, "checkpoint-80/trainer_state.json": STATE},
            "checkpoint-80/trainer_state.json",
        ),
        ({"lightning_logs/version_0/metrics.csv": "epoch,step,loss\n0,1,2\n"}, "lightning_logs/version_0/metrics.csv"),
        ({"log.txt": '{"epoch": 0, "train_loss": 1}\n', "eval/a/log.txt": LOSSES}, "log.txt"),
        ({"history.json": {"loss": [1.0, 2.0]}, "config.json": {"a": 1}}, "history.json"),
        ({"train.log": "Epoch 1: loss=3\n", "other.log": "nothing\n"}, "train.log"),
        ({".git/log.txt": LOSSES, "run.jsonl": LOSSES}, "run.jsonl"),
    ],
    ids=str,
)
def test_the_log_in_a_folder(files: dict[str, Any], log: str, tmp_path: Path) -> None:
    place(tmp_path, files)
    assert log_in(str(tmp_path)) == str(tmp_path / log)


@pytest.mark.parametrize(
    ("files", "message"),
    [
        (
            {"a/run.jsonl": LOSSES, "b/run.jsonl": LOSSES},
            f"this folder holds 2 logs: a/run.jsonl and b/run.jsonl; {SEVERAL}",
        ),
        (
            {f"{n:02}.jsonl": LOSSES for n in range(11)},
            "this folder holds 11 logs: 00.jsonl, 01.jsonl, 02.jsonl, 03.jsonl, 04.jsonl, 05.jsonl, 06.jsonl,"
            f" 07.jsonl and 3 more; {SEVERAL}",
        ),
        ({"data.jsonl": DATA}, "this is a directory, and no log was found in it; name the metrics log in it"),
    ],
    ids=["two", "many", "none"],
)
def test_a_folder_without_one_log(files: dict[str, Any], message: str, tmp_path: Path) -> None:
    place(tmp_path, files)
    with pytest.raises(LogError) as caught:
        evaluate(tmp_path, pack="common")
    assert f"{caught.value.message}; {caught.value.hint}" == message


def test_of_the_event_files_of_a_run_the_largest_is_taken(tmp_path: Path) -> None:
    for name, size in (("1.host", 400), ("2.host", 90)):
        record = b'\x18\0\0\0\0\0\0\0\xa3\x7fK"brain.Event:2'
        (tmp_path / f"events.out.tfevents.{name}").write_bytes(record + bytes(size))
    assert log_in(str(tmp_path)) == str(tmp_path / "events.out.tfevents.1.host")


def test_a_report_names_the_log_that_was_found(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    place(tmp_path, {"out/logs/run.jsonl": LOSSES, "out/trainer_state.json": STATE})
    monkeypatch.chdir(tmp_path)
    report = evaluate("out", pack="common")
    assert (report.log.path, report.log.total) == (str(Path("out/logs/run.jsonl")), 400)


def test_the_json_report_tells_what_is_known(tmp_path: Path) -> None:
    from trainrules.engine.render.json import dumps

    place(tmp_path, {"run.jsonl": jsonl(*ROWS), "trainer_state.json": STATE})
    assert json.loads(dumps(judged(tmp_path)))["log"]["known"] == [
        {"name": "total_steps", "value": 400, "from": "trainer_state.json: max_steps"},
        {"name": "save_steps", "value": 20, "from": "trainer_state.json: save_steps"},
        {"name": "best_checkpoint", "value": "checkpoint-60", "from": "trainer_state.json: best_model_checkpoint"},
    ]
