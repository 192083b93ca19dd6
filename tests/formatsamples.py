"""A small log of each format, and what is in it; logs for the tests of formats, and what was read of them."""

from __future__ import annotations

import json
import sqlite3
import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import Any, NamedTuple

import duckdb

from trainrules.engine.evaluate import wanted as wanted_for
from trainrules.engine.load import load_pack
from trainrules.engine.params import resolve
from trainrules.engine.readers.model import Run, Wanted

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


def parquet(query: str) -> bytes:
    """The rows of a query as a Parquet file."""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "table.parquet"
        with duckdb.connect() as con:
            con.execute(f"COPY ({query}) TO '{path}' (FORMAT parquet)")
        return path.read_bytes()


def trackio(rows: list[tuple[int, float]]) -> bytes:
    """A database of trackio, with a loss at each step."""
    with tempfile.TemporaryDirectory() as folder:
        con = sqlite3.connect(path := Path(folder) / "project.db")
        con.execute(
            "CREATE TABLE metrics (id INTEGER PRIMARY KEY, timestamp TEXT, run_name TEXT, step INTEGER, metrics)"
        )
        values = [("2026-01-01T00:00:00+00:00", "a", step, json.dumps({"loss": loss})) for step, loss in rows]
        con.executemany("INSERT INTO metrics (timestamp, run_name, step, metrics) VALUES (?, ?, ?, ?)", values)
        con.commit()
        con.close()
        return path.read_bytes()


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


SAMPLES |= {
    "detr": Sample(
        text(*(json.dumps({"train_lr": 1e-4, "train_loss": 3 - n, "test_loss": 4, "epoch": n}) for n in range(3))),
        [3, 2, 1],
        [0, 1, 2],
        [1, 2, 3],
        "epoch",
    ),
    "ms_swift": Sample(
        text(
            '{"loss": 2.5, "global_step/max_steps": "5/20", "memory(GiB)": 1}',
            '{"loss": 2, "global_step/max_steps": "10/20"}',
            '{"train_runtime": 3, "log_history": [{"loss": 9, "step": 1}], "last_model_checkpoint": "x"}',
        ),
        [2.5, 2],
        [5, 10],
        [1, 2],
        total=20,
    ),
    "llama_factory": Sample(
        text(
            '{"current_steps": 10, "total_steps": 30, "loss": 2, "epoch": 0.1}',
            '{"current_steps": 20, "total_steps": 30, "loss": 1, "epoch": 0.2}',
        ),
        [2, 1],
        [10, 20],
        [1, 2],
        total=30,
    ),
    "mmengine": Sample(
        text(
            '{"lr": 0.1, "data_time": 1, "loss": 3, "time": 1, "epoch": 1, "iter": 50, "step": 50}',
            '{"val_loss": 2.9, "data_time": 1, "time": 1, "step": 1}',
            '{"lr": 0.1, "data_time": 1, "loss": 2, "time": 1, "epoch": 2, "iter": 100, "step": 100}',
        ),
        [3, 2],
        [50, 100],
        [1, 3],
    ),
    "mmcv": Sample(
        text(
            '{"env_info": "x"}',
            '{"mode": "train", "epoch": 1, "iter": 10, "lr": 0.1, "loss": 3}',
            '{"mode": "train", "epoch": 1, "iter": 20, "lr": 0.1, "loss": 2}',
            '{"mode": "val", "epoch": 1, "iter": 5, "lr": 0.1, "val_loss": 2}',
            '{"mode": "train", "epoch": 2, "iter": 10, "lr": 0.1, "loss": 1}',
        ),
        [3, 2, 1],
        [10, 20, 30],
        [2, 3, 5],
    ),
    "csv": Sample(
        text("Step,Training Loss,note", "1,0.9,", "", '2,"0.8","a, ""b"""', "3,nan,x", "4,,x"),
        [0.9, 0.8, NAN],
        [1, 2, 3],
        [2, 4, 5],
    ),
    "lightning": Sample(
        text("epoch,step,train_loss,val_loss", "0,49,3.5,", "0,49,,3.25", "1,99,3,").replace(b"\n", b"\r\n"),
        [3.5, 3],
        [49, 99],
        [2, 4],
    ),
    "yolo": Sample(
        text(
            "       epoch, train/box_loss, train/obj_loss,  val/box_loss,  val/obj_loss,  x/lr0",
            "           0,            0.5,           0.25,           1.5,             1,   0.01",
            "           1,           0.25,           0.25,             1,             1,   0.01",
        ),
        [0.75, 0.5],
        [0, 1],
        [2, 3],
        "epoch",
    ),
    "parquet": Sample(
        parquet("SELECT * FROM (VALUES (1, 3.5::DOUBLE), (2, NULL), (3, 'nan')) AS t(step, loss)"),
        [3.5, NAN],
        [1, 3],
        [1, 3],
    ),
}


SAMPLES["trackio"] = Sample(trackio([(10, 2.5), (20, 2), (30, NAN)]), [2.5, 2, NAN], [10, 20, 30], [1, 2, 3])


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


def writer(folder: Path) -> Callable[..., str]:
    """Writes a log under a name that says nothing."""

    def write(content: bytes, name: str = "run") -> str:
        path = folder / name
        path.write_bytes(content)
        return str(path)

    return write
