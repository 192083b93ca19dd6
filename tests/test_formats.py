"""The formats of logs: each is told by its content, and becomes the same table."""

from __future__ import annotations

import bz2
import gzip
import importlib
import io
import json
import lzma
import sqlite3
import sys
import tempfile
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from random import Random
from typing import Any, NamedTuple

import duckdb
import pytest

from trainrules.engine.errors import LogError
from trainrules.engine.evaluate import wanted as wanted_for
from trainrules.engine.load import load_pack
from trainrules.engine.params import resolve
from trainrules.engine.readers.model import Run, Wanted
from trainrules.engine.readers.reading import read
from trainrules.engine.readers.registry import names, readers
from trainrules.engine.render.sqlpage import render_trace
from trainrules.engine.shelf import shipped_formats
from trainrules.engine.tracing import trace

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


def zstandard() -> Any:
    """The library that packs with zstd, which Python has from 3.14 on."""
    return importlib.import_module("compression.zstd" if sys.version_info >= (3, 14) else "backports.zstd")


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
    assert set(SAMPLES) == {each.id for each in readers() if not each.extra}  # the others are in test_format_extras
    assert set(names()) == {each.id for each in readers()}
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


def test_zstd(named: tuple[str, Sample], log: Callable[..., str]) -> None:
    name, sample = named
    check(read(log(zstandard().compress(sample.content)), common()), name, sample)


def test_bzip2_and_xz(log: Callable[..., str]) -> None:
    sample = SAMPLES["csv"]
    for pack in (bz2.compress, lzma.compress):
        check(read(log(pack(sample.content)), common()), "csv", sample)


@pytest.mark.parametrize("packing", ["gzip", "zstd", "bzip2", "xz"])
def test_what_is_damaged_cannot_be_unpacked(packing: str, log: Callable[..., str]) -> None:
    content = text(*(json.dumps({"step": n, "loss": n * 1.7}) for n in range(5_000)))
    packed = {"gzip": gzip.compress, "bzip2": bz2.compress, "xz": lzma.compress}
    whole = zstandard().compress(content) if packing == "zstd" else packed[packing](content)
    broken = [] if packing == "zstd" else [whole[:200] + b"xxxxxxxx" + whole[208:]]  # which need not have a checksum
    for damage in (whole[:-20], *broken):
        with pytest.raises(LogError, match=f"the {packing} file is damaged: .*; unpack it by hand"):
            read(log(damage), common())


def test_zstd_without_a_library_says_what_to_install(log: Callable[..., str], monkeypatch: pytest.MonkeyPatch) -> None:
    for module in ("compression.zstd", "backports.zstd"):
        monkeypatch.setitem(sys.modules, module, None)
    with pytest.raises(LogError, match=r"compressed with zstd, .*; pip install backports\.zstd"):
        read(log(b"\x28\xb5\x2f\xfd" + bytes(20)), common())


def test_packed_standard_input(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("csv", "parquet"):
        packed = io.BytesIO(gzip.compress(SAMPLES[name].content))
        monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(packed))
        check(read("-", common()), name, SAMPLES[name])


def test_standard_input(named: tuple[str, Sample], monkeypatch: pytest.MonkeyPatch) -> None:
    name, sample = named
    monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(sample.content)))
    check(read("-", common()), name, sample)


def test_the_keys_are_told_to_who_chooses_the_pack(named: tuple[str, Sample], log: Callable[..., str]) -> None:
    seen: list[frozenset[str]] = []

    def choose(keys: frozenset[str]) -> Wanted:
        seen.append(keys)
        return common()

    read(log(named[1].content), choose, shipped=shipped_formats)
    assert seen[0] & {"loss", "train_loss", "train/loss", "training_loss"}


def test_nothing_stays_behind_and_nothing_more_can_be_read(
    named: tuple[str, Sample], log: Callable[..., str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path, spool = log(named[1].content), tmp_path / "spool"
    spool.mkdir()
    monkeypatch.setattr("tempfile.tempdir", str(spool))
    run = read(path, common())
    assert list(spool.iterdir()) == []
    assert sorted(each.name for each in tmp_path.iterdir()) == ["run", "spool"]
    with pytest.raises(duckdb.Error):
        run.con.execute(f"SELECT * FROM read_text('{path}')")
    with pytest.raises(duckdb.Error):
        run.con.execute("SET enable_external_access = true")


@pytest.mark.parametrize("seed", range(4))
def test_a_damaged_log_is_read_or_refused(seed: int, named: tuple[str, Sample], log: Callable[..., str]) -> None:
    """Bytes changed, cut out and put in: a run or a LogError, nothing else."""
    random = Random(f"{named[0]} {seed}")
    content = bytearray(named[1].content)
    for _ in range(random.choice([1, 2, 8])):
        at = random.randrange(len(content))
        change = random.choice(["flip", "cut", "put", "tear"])
        if change == "flip":
            content[at] = random.randrange(256)
        elif change == "cut":
            del content[at : at + random.randrange(1, 40)]
        elif change == "put":
            content[at:at] = random.randbytes(random.randrange(1, 9))
        else:
            content = content[:at] or content
        content = content or bytearray(b" ")
    with suppress(LogError):
        read(log(bytes(content)), common()).con.close()


@pytest.mark.parametrize(
    ("name", "told"),
    [
        ("csv", None),
        ("parquet", None),
        ("trainer_state", "The format of this log is trainer_state. Its rows are written to a file of JSON lines"),
        ("console", "This log is console output."),
    ],
)
def test_the_sql_of_a_format_says_what_it_reads(name: str, told: str | None, log: Callable[..., str]) -> None:
    found = trace(log(SAMPLES[name].content), pack="common")
    page = " ".join(render_trace(found).replace("--", "").split())
    assert ("read_parquet(" in page) == (name == "parquet")
    assert found.is_told == (told is not None)
    assert told is None or told in page
    assert "trainrules-told-" not in page


@pytest.mark.parametrize("name", ["trainer_state", "json_array", "keras", "csv", "parquet"])
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


# Tables of text


def test_a_broken_row_costs_itself(log: Callable[..., str]) -> None:
    content = text("step,loss", "1,0.9", "2,0.8,7", "3", "4,0.7,", "step,loss", "5,0.6", '6,"0.5', "7,0.4")
    run = read(log(content), common())
    assert rows(run) == ([0.9, 0.7, 0.6, 0.4], [1, 4, 5, 7], [2, 5, 7, 9])
    assert (run.facts.malformed, run.facts.bad_lines) == (2, (3, 4))


@pytest.mark.parametrize("delimiter", [",", ";", "\t", "|"])
def test_delimiters(delimiter: str, log: Callable[..., str]) -> None:
    content = text("step,loss,x", "1,0.9,", "2,0.8,1").replace(b",", delimiter.encode())
    assert rows(read(log(content), common()))[0] == [0.9, 0.8]


@pytest.mark.parametrize(
    "header",
    [
        "step,loss",
        "Step,Loss",
        " step , loss ",
        "step,Training Loss",
        "step,train / loss",
        '"step","loss"',
        "\ufeffstep,loss",
    ],
)
def test_headers(header: str, log: Callable[..., str]) -> None:
    assert rows(read(log(text(header, "1,0.9")), common()))[:2] == ([0.9], [1])


def test_of_two_columns_the_exact_name_wins(log: Callable[..., str]) -> None:
    assert rows(read(log(text("step,Loss,loss", "1,5,0.9")), common()))[0] == [0.9]


def test_a_table_without_rows_yet(log: Callable[..., str]) -> None:
    with pytest.raises(LogError, match="the table has no rows yet; wait until"):
        read(log(b"step,loss\n"), common())


def test_words_in_a_table_are_told_with_their_line(log: Callable[..., str]) -> None:
    facts = read(log(text("step,loss,lr", "1,low,0.1", "2,low,0.1")), common()).facts
    assert [note for note in facts.notes if note.startswith("loss:")] == [
        "loss: 'loss' is text in all 2 rows, first at line 2 ('low'), never a number"
    ]


# Evaluations that count in another way


def test_the_step_of_an_evaluation_of_mmengine_is_an_epoch(log: Callable[..., str]) -> None:
    run = read(log(SAMPLES["mmengine"].content), common())
    loss = run.columns["eval_loss"]
    found = run.con.execute(f"SELECT {loss}, step, epoch, line FROM run WHERE {loss} IS NOT NULL").fetchall()
    assert found == [(2.9, 50, 1, 1)]


def test_the_iteration_of_an_evaluation_of_mmcv_counts_its_batches(log: Callable[..., str]) -> None:
    run = read(log(SAMPLES["mmcv"].content), common())
    loss = run.columns["eval_loss"]
    found = run.con.execute(f"SELECT {loss}, step, line FROM run WHERE {loss} IS NOT NULL").fetchall()
    assert found == [(2, 20, 3)]
    assert "steps are counted with 20 of them an epoch" in run.facts.notes[0]


# Parquet


def test_nested_columns_of_a_parquet_file(log: Callable[..., str]) -> None:
    query = "SELECT 7 AS step, {'loss': 0.5::DECIMAL(4, 2), 'x': {'y': 1}} AS train, true AS ok, 'a' AS phase"
    assert rows(read(log(parquet(query)), common())) == ([0.5], [7], [1])


def test_a_damaged_parquet_file(log: Callable[..., str]) -> None:
    with pytest.raises(LogError, match="the Parquet file is damaged: "):
        read(log(SAMPLES["parquet"].content[:-9]), common())


# The lines of MMEngine

STAMP = "2023/06/05 20:10:13 - mmengine - INFO - "


@pytest.mark.parametrize(
    ("lines", "clock", "at", "total"),
    [
        (
            (
                "Epoch(train)   [1][2/6]  lr: 4.000000e-08  eta: 4:59:11  time: 9.97  data_time: 9.01  loss: 0.5",
                "Epoch(train)   [1][4/6]  lr: 4.000000e-08  eta: 4:30:58  time: 9.04  data_time: 8.08  loss: nan",
                "Epoch(val)   [1][2/2]  val_loss: 0.25  data_time: 1.0  time: 2.0",
                "Epoch(train)   [2][2/6]  lr: 4.000000e-08  eta: 4:59:11  time: 9.97  data_time: 9.01  loss: 0.5",
            ),
            "epoch",
            [1, 1, 1, 2],
            None,
        ),
        (
            (
                "Iter(train) [  50/4000]  lr: 1.0e-02  eta: 0:30:00  time: 0.5  loss: 0.5",
                "Iter(train) [ 100/4000]  lr: 1.0e-02  eta: 0:30:00  time: 0.5  loss: nan",
                "Iter(val) [20/20]    val_loss: 0.25  mIoU: 70.1",
                "Iter(train) [ 150/4000]  lr: 1.0e-02  eta: 0:30:00  time: 0.5  loss: 0.5",
            ),
            "step",
            [50, 100, 100, 150],
            4000,
        ),
    ],
    ids=["by epoch", "by iteration"],
)
def test_the_lines_of_mmengine(
    lines: tuple[str, ...], clock: str, at: list[float], total: float | None, log: Callable[..., str]
) -> None:
    run = read(log(text("System environment:", *(STAMP + line for line in lines))), common())
    loss, evals = run.columns["loss"], run.columns["eval_loss"]
    found = run.con.execute(f"SELECT {clock}, line, {loss}, {evals} FROM run ORDER BY i").fetchall()
    joined = [(at[0], 2, 0.5, None), (at[1], 3, NAN, 0.25), (at[3], 5, 0.5, None)]
    assert (same(found, joined), run.facts.clock, run.facts.total) == (True, clock, total)
