"""Formats that libraries of their own write, and read; these tests need them: pip install '.[test-formats]'."""

from __future__ import annotations

import json
import sqlite3
import subprocess
import sys
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import pytest

from trainrules.engine.errors import LogError
from trainrules.engine.readers import copies, normalise
from trainrules.engine.readers.deadline import Deadline, OverdueError
from trainrules.engine.readers.formats import trackio
from trainrules.engine.readers.reading import read
from trainrules.engine.readers.registry import readers

from .formatsamples import common, rows, same

NAN = float("nan")


def written(code: str, folder: Path, **environment: str) -> None:
    """Run a program in a process of its own, as libraries leave threads and settings behind."""
    import os

    done = subprocess.run(
        [sys.executable, "-c", code], cwd=folder, env={**os.environ, **environment}, capture_output=True, text=True
    )
    assert done.returncode == 0, done.stderr


# TensorBoard


def events(folder: Path, *given: tuple[int, Mapping[str, float]], tensors: bool = False) -> str:
    """An event file: for each step its values by tag."""
    pytest.importorskip("tensorboard")
    from tensorboard.compat.proto.event_pb2 import Event
    from tensorboard.compat.proto.summary_pb2 import Summary
    from tensorboard.summary.writer.event_file_writer import EventFileWriter
    from tensorboard.util.tensor_util import make_tensor_proto

    writer = EventFileWriter(str(folder))
    for step, values in given:
        for tag, value in values.items():
            kind = {"tensor": make_tensor_proto(value, dtype="float32")} if tensors else {"simple_value": value}
            summary = Summary(value=[Summary.Value(tag=tag, **kind)])
            writer.add_event(Event(step=step, wall_time=1_700_000_000 + step, summary=summary))
    writer.close()
    (path,) = folder.glob("events.out.tfevents.*")
    return str(path)


@pytest.mark.parametrize("tensors", [False, True], ids=["plain values", "tensors"])
def test_event_files(tensors: bool, tmp_path: Path) -> None:
    given = [(10, {"train/loss": 2.5, "train/grad_norm": 1}), (10, {"eval/loss": 3}), (20, {"train/loss": NAN})]
    run = read(events(tmp_path, *given, tensors=tensors), common())
    assert (run.facts.format, run.facts.rows, run.facts.malformed) == ("tensorboard", 2, 0)
    assert same(rows(run), ([2.5, NAN], [10, 20], [1, 2]))
    evals = run.con.execute(f"SELECT step, {run.columns['eval_loss']}, time FROM run LIMIT 1").fetchall()
    assert evals == [(10, 3, 1_700_000_010)]


def test_a_tag_that_is_written_twice_at_a_step_makes_two_rows(tmp_path: Path) -> None:
    run = read(events(tmp_path, (1, {"loss": 3}), (1, {"loss": 2})), common())
    assert rows(run)[:2] == ([3, 2], [1, 1])


def test_an_event_file_without_scalars_yet(tmp_path: Path) -> None:
    with pytest.raises(LogError, match="no scalars in this event file; wait until"):
        read(events(tmp_path), common())


def test_a_torn_event_file_gives_what_is_whole(tmp_path: Path) -> None:
    path = Path(events(tmp_path, *((n, {"loss": 9 - n}) for n in range(1, 5))))
    path.write_bytes(path.read_bytes()[:-10])
    run = read(str(path), common())
    assert (rows(run)[0], run.facts.malformed, run.facts.notes) == ([8, 7, 6], 1, ())


def record(content: bytes, length: int | None = None) -> bytes:
    """A record of an event file, with checksums that are right, of this or another length."""
    from tensorboard.compat.tensorflow_stub.pywrap_tensorflow import masked_crc32c

    header = (len(content) if length is None else length).to_bytes(8, "little")
    return b"".join(
        (header, masked_crc32c(header).to_bytes(4, "little"), content, masked_crc32c(content).to_bytes(4, "little"))
    )


def ends(content: bytes) -> list[int]:
    """Where the records of an event file end."""
    found = [0]
    while found[-1] < len(content):
        found.append(found[-1] + 16 + int.from_bytes(content[found[-1] : found[-1] + 8], "little"))
    return found[1:]


REST = "the event file is damaged: its last {} bytes cannot be read"


@pytest.mark.parametrize(
    ("damage", "losses", "malformed", "note"),
    [
        (lambda head, one, rest: head + flipped(one, 20) + rest, [8, 6, 5], 1, ""),
        (lambda head, one, rest: head + flipped(one, -1) + rest, [8, 6, 5], 1, ""),
        (lambda head, one, rest: head + flipped(one, 0) + rest, [8], 1, REST),
        (lambda head, one, rest: head + flipped(one, 9) + rest, [8], 1, REST),
        (lambda head, one, rest: head + record(b"\xff" * 9) + one + rest, [8, 7, 6, 5], 1, ""),
        (lambda head, one, rest: head + record(one, 1 << 60) + rest, [8], 1, REST),
        (lambda head, one, rest: head + record(one, (1 << 64) - 1) + rest, [8], 1, REST),
        (lambda head, one, rest: head + one[:7], [8], 1, ""),
        (lambda head, one, rest: head + one + b"\0" * 40, [8, 7], 1, REST),
    ],
    ids=["content", "checksum", "length", "header", "no event", "2^60", "2^64-1", "torn header", "zeros"],
)
def test_damaged_records_of_an_event_file_are_counted(
    damage: Callable[[bytes, bytes, bytes], bytes], losses: list[float], malformed: int, note: str, tmp_path: Path
) -> None:
    path = Path(events(tmp_path, *((n, {"loss": 9 - n}) for n in range(1, 5))))
    whole = path.read_bytes()
    begin, end = ends(whole)[-4], ends(whole)[-3]
    made = damage(whole[:begin], whole[begin:end], whole[end:])
    path.write_bytes(made)
    run = read(str(path), common())
    left = len(made) - (end if made.endswith(b"\0" * 40) else begin)
    assert (rows(run)[0], run.facts.malformed) == (losses, malformed)
    assert run.facts.notes == ((note.format(left),) if note else ())


def test_a_record_that_is_too_long_is_passed_over(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = events(tmp_path, (1, {"loss": 3}), (2, {"loss" * 100: 2}), (3, {"loss": 1}))
    monkeypatch.setattr(normalise, "LONGEST_LINE", 200)
    run = read(path, common())
    assert (rows(run)[:2], run.facts.malformed, run.facts.notes) == (([3, 1], [1, 3]), 1, ())


def flipped(content: bytes, at: int) -> bytes:
    """The content with one byte that is another."""
    changed = bytearray(content)
    changed[at] ^= 0x55
    return bytes(changed)


# Weights & Biases

OFFLINE = """
import wandb
settings = wandb.Settings(mode="offline", console="off", silent=True, x_disable_stats=True, x_disable_meta=True)
run = wandb.init(project="p", config={"learning_rate": 1e-4, "max_steps": 40}, settings=settings)
for n in range(1, 4):
    run.log({"train/loss": float("nan") if n == 3 else 3.0 - n, "train/global_step": n * 10, "nested": {"a": n * 1111}})
run.finish()
"""


@pytest.fixture(scope="module")
def offline(tmp_path_factory: pytest.TempPathFactory) -> Path:
    pytest.importorskip("wandb")
    folder = tmp_path_factory.mktemp("wandb")
    written(OFFLINE, folder, WANDB_DIR=str(folder), WANDB_MODE="offline")
    (path,) = folder.rglob("*.wandb")
    return path


def test_offline_files(offline: Path) -> None:
    run = read(str(offline), common())
    assert (run.facts.format, run.facts.ended, run.facts.total, run.facts.malformed) == ("wandb", True, 40, 0)
    assert same(rows(run), ([2, 1, NAN], [10, 20, 30], [1, 2, 3]))
    assert sorted(tuple(each) for each in run.facts.known) == [
        ("learning_rate", 1e-4, "config: learning_rate"),
        ("total_steps", 40, "config: max_steps"),
    ]


def test_a_torn_offline_file_gives_what_is_whole(offline: Path, tmp_path: Path) -> None:
    whole = offline.read_bytes()
    path = tmp_path / "torn.wandb"
    path.write_bytes(whole[: whole.index(b"3333")])
    run = read(str(path), common())
    assert (rows(run)[0], run.facts.malformed, run.facts.ended) == ([2, 1], 1, False)
    path.write_bytes(whole[:100])
    with pytest.raises(LogError, match="no history in this file; wait until"):
        read(str(path), common())


def test_a_damaged_record_costs_itself(offline: Path, tmp_path: Path) -> None:
    path = tmp_path / "damaged.wandb"
    whole = offline.read_bytes()
    path.write_bytes(whole.replace(b"2222", b"5555"))
    run = read(str(path), common())
    assert (rows(run)[1], run.facts.malformed) == ([10, 30], whole.count(b"2222"))


# trackio


def test_databases_of_trackio(tmp_path: Path) -> None:
    pytest.importorskip("trackio")
    code = """
from trackio.sqlite_storage import SQLiteStorage
SQLiteStorage.bulk_log(project="p", run="a", metrics_list=[{"loss": 5.0}], steps=[1])
SQLiteStorage.bulk_log(project="p", run="b", metrics_list=[{"loss": 3.0}, {"loss": float("nan")}], steps=[10, 20])
"""
    written(code, tmp_path, TRACKIO_DIR=str(tmp_path))
    before = {path.name: path.read_bytes() for path in tmp_path.iterdir()}
    run = read(str(tmp_path / "p.db"), common())
    assert run.facts.format == "trackio"
    assert same(rows(run), ([3, NAN], [10, 20], [1, 2]))
    assert run.facts.notes == ("the database holds 2 runs; the last one, 'b', was read",)
    assert {path.name: path.read_bytes() for path in tmp_path.iterdir()} == before


def database(path: Path, statement: str, rows: list[tuple[Any, ...]]) -> str:
    con = sqlite3.connect(path)
    con.execute(statement)
    if rows:
        con.executemany(f"INSERT INTO metrics VALUES ({', '.join('?' * len(rows[0]))})", rows)
    con.commit()
    con.close()
    return str(path)


OLD = "CREATE TABLE metrics (id INTEGER PRIMARY KEY, timestamp TEXT, run_name TEXT, step INTEGER, metrics TEXT)"


def test_what_is_not_yet_in_the_database_itself_is_read_too(tmp_path: Path) -> None:
    path = tmp_path / "p.db"
    con = sqlite3.connect(path)
    con.execute("PRAGMA journal_mode = WAL")
    con.execute(OLD)
    con.execute("INSERT INTO metrics VALUES (1, '2026-01-01T00:00:00', 'a', 7, '{\"loss\": 2}')")
    con.commit()
    assert rows(read(str(path), common())) == ([2], [7], [1])
    con.close()


@pytest.mark.parametrize(
    ("statement", "message"),
    [
        ("CREATE TABLE other (a INTEGER)", "this SQLite database is not one of trackio"),
        (OLD, "the database has no rows yet"),
    ],
)
def test_databases_without_a_run(statement: str, message: str, tmp_path: Path) -> None:
    path = tmp_path / "x.db"
    con = sqlite3.connect(path)
    con.execute(statement)
    con.commit()
    con.close()
    with pytest.raises(LogError, match=message):
        read(str(path), common())


def test_a_damaged_database(tmp_path: Path) -> None:
    path = Path(database(tmp_path / "x.db", OLD, [(n, "t", "a", n, json.dumps({"loss": n})) for n in range(2000)]))
    path.write_bytes(path.read_bytes()[:20_000])
    with pytest.raises(LogError, match="the database is damaged: "):
        read(str(path), common())


def test_a_database_that_lost_rows_is_told_as_damaged(tmp_path: Path) -> None:
    path = Path(database(tmp_path / "x.db", OLD, [(n, "t", "a", n, json.dumps({"loss": n})) for n in range(20)]))
    content = bytearray(path.read_bytes())
    assert content[4_096 + 4] == 20  # the rows of the second page
    content[4_096 + 4] = 12
    path.write_bytes(content)
    run = read(str(path), common())
    (note,) = run.facts.notes
    assert (run.facts.rows, run.facts.malformed) == (12, 1)
    assert note.startswith("the database is damaged, and rows may be missing: ")


GOOD = (9, "2026-01-01T00:00:00", "a", 20, '{"loss": 2}')


@pytest.mark.parametrize(
    ("row", "malformed"),
    [
        ((1, "t", "a", 10, '{"loss": '), 1),
        ((1, "t", "a", 10, "[1]"), 1),
        ((1, "t", "a", 10, None), 1),
        ((1, "t", "a", 10, "[" * 100_000), 1),
        ((1, "t", "a", 10, '{"loss": ' + "9" * 5_000 + "}"), 1),
        ((1, "t", "a", 10, b"\xff\xfe\xfd"), 1),
        ((1, b"\xff", "a", 10, '{"loss": 3}'), 1),
        ((1, "t", "a", b"\xff", '{"loss": 3}'), 1),
        ((1, "t", b"\xff", 10, '{"loss": 3}'), 0),
    ],
    ids=["torn", "list", "null", "deep", "long number", "metrics", "timestamp", "step", "run_name"],
)
def test_rows_of_a_database_that_cannot_be_read_are_counted(
    row: tuple[Any, ...], malformed: int, tmp_path: Path
) -> None:
    run = read(database(tmp_path / "x.db", OLD, [row, GOOD]), common())
    assert (rows(run), run.facts.malformed) == (([2], [20], [1]), malformed)
    assert len(run.facts.notes) == 1 - malformed  # the one of another run is told by that


def test_a_row_that_is_no_utf_8_is_counted(tmp_path: Path) -> None:
    path = database(tmp_path / "x.db", OLD, [(1, "t", "a", 10, b'{"los\xff": 3}'), GOOD])
    with sqlite3.connect(path) as con:
        con.execute("UPDATE metrics SET metrics = CAST(metrics AS TEXT)")
    con.close()
    run = read(path, common())
    assert (rows(run), run.facts.malformed) == (([2], [20], [1]), 1)


def test_a_run_whose_name_is_no_text(tmp_path: Path) -> None:
    path = database(tmp_path / "x.db", OLD, [(n, "t", b"\xff", n, f'{{"loss": {n}}}') for n in (1, 2)])
    assert rows(read(path, common())) == ([1, 2], [1, 2], [1, 2])
    with sqlite3.connect(path) as con:
        con.execute("UPDATE metrics SET run_name = CAST(run_name AS TEXT)")
    con.close()
    assert rows(read(path, common())) == ([1, 2], [1, 2], [1, 2])


def test_a_database_of_which_no_row_can_be_read(tmp_path: Path) -> None:
    path = database(tmp_path / "x.db", OLD, [(n, "t", "a", n, "nan") for n in (1, 2)])
    with pytest.raises(LogError, match="none of the 2 rows of the last run can be read; copy the database again"):
        read(path, common())


ENDLESS = "WITH RECURSIVE c(id) AS (SELECT 1 UNION ALL SELECT id + 1 FROM c) "
VIEW = f"""CREATE VIEW metrics AS {ENDLESS}
SELECT id, 'x' timestamp, 'a' run_name, id step, '{{"loss": 1}}' metrics FROM c"""


@pytest.mark.parametrize(
    "statement", [VIEW, "CREATE VIRTUAL TABLE metrics USING rtree(run_name, timestamp, step, id, metrics)"]
)
def test_metrics_that_are_computed_are_not_read(statement: str, tmp_path: Path) -> None:
    with pytest.raises(LogError, match="this SQLite database is not one of trackio"):
        read(database(tmp_path / "x.db", statement, []), common())


@pytest.mark.parametrize(
    ("error", "raised"), [(None, OverdueError), (KeyboardInterrupt, KeyboardInterrupt)], ids=["deadline", "signal"]
)
def test_a_statement_of_sqlite_is_interrupted(
    error: type[BaseException] | None, raised: type[BaseException], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def endless(con: sqlite3.Connection, path: str) -> str:
        con.execute(f"{ENDLESS} SELECT count(*) FROM c")
        raise AssertionError("it ended")

    def once(self: Deadline) -> None:
        if error is None:
            return check(self)
        if len(calls) == 20:
            raise error
        calls.append(1)

    calls: list[int] = []
    check = Deadline.check
    monkeypatch.setattr(trackio, "_run_column", endless)
    monkeypatch.setattr(Deadline, "check", once)
    with pytest.raises(raised):
        read(database(tmp_path / "x.db", OLD, [GOOD]), common(), deadline=Deadline(0.3))


def test_a_database_larger_than_a_copy_may_be(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(copies, "LARGEST_COPY", 4_096)
    with pytest.raises(LogError, match="the log is larger than"):
        read(database(tmp_path / "x.db", OLD, [GOOD]), common())


# Without the libraries


@pytest.mark.parametrize(
    ("name", "content", "module"),
    [
        (
            "tensorboard",
            b'\x18\0\0\0\0\0\0\0\xa3\x7fK"\t\0\0\0\0\0\0\xd0\x41\x1a\x0dbrain.Event:2',
            "tensorboard.compat.proto.event_pb2",
        ),
        ("wandb", b":W&B\xe1\xbe\0", "wandb.proto.wandb_internal_pb2"),
    ],
)
def test_a_missing_library_is_told_with_its_extra(
    name: str, content: bytes, module: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "log"
    path.write_bytes(content)
    monkeypatch.setitem(sys.modules, module, None)
    with pytest.raises(LogError) as caught:
        read(str(path), common())
    assert caught.value.message.startswith(f"a log of the format {name!r} is read by its own library, which is missing")
    assert caught.value.hint == f"pip install 'trainrules[{name}]'"


def test_every_extra_can_be_installed(root: Path) -> None:
    import tomllib

    known = tomllib.loads((root / "pyproject.toml").read_text())["project"]["optional-dependencies"]
    assert {each.extra for each in readers() if each.extra} == {"tensorboard", "wandb"}
    assert {"tensorboard", "wandb", "trackio", "test-formats"} <= known.keys()
