"""Binary logs of which a few bytes are others: told, counted or judged, never a crash, and no rows lost in silence."""

from __future__ import annotations

import json
import random
from collections.abc import Callable
from pathlib import Path
from zlib import crc32

import pytest

from trainrules import cli, evaluate

from .formatsamples import parquet, trackio

ROWS = 100
COPIES = 40


def database() -> bytes:
    return trackio([(step, 5 - step / 50) for step in range(1, ROWS + 1)])


def event_file() -> bytes:
    pytest.importorskip("tensorboard")
    from tensorboard.compat.proto.event_pb2 import Event
    from tensorboard.compat.proto.summary_pb2 import Summary
    from tensorboard.compat.tensorflow_stub.pywrap_tensorflow import masked_crc32c

    made = [Event(wall_time=1, file_version="brain.Event:2")]
    for step in range(1, ROWS + 1):
        value = Summary.Value(tag="loss", simple_value=5 - step / 50)
        made.append(Event(wall_time=step, step=step, summary=Summary(value=[value])))
    pieces = []
    for content in (each.SerializeToString() for each in made):
        header = len(content).to_bytes(8, "little")
        sums = (masked_crc32c(part).to_bytes(4, "little") for part in (header, content))
        pieces += [header, next(sums), content, next(sums)]
    return b"".join(pieces)


def offline_file() -> bytes:
    pytest.importorskip("wandb")
    from wandb.proto.wandb_internal_pb2 import HistoryItem, HistoryRecord, Record

    pieces = [b":W&B\xe1\xbe\0"]
    for step in range(1, ROWS + 1):
        items = [HistoryItem(key="step", value_json=str(step)), HistoryItem(key="loss", value_json=str(5 - step / 50))]
        content = Record(history=HistoryRecord(item=items)).SerializeToString()
        kind = b"\1"
        pieces += [crc32(content, crc32(kind)).to_bytes(4, "little"), len(content).to_bytes(2, "little"), kind, content]
    assert sum(map(len, pieces)) < 1 << 15  # one block
    return b"".join(pieces)


def table() -> bytes:
    return parquet(f"SELECT range AS step, 5 - range / 50 AS loss FROM range(1, {ROWS + 1})")


@pytest.mark.parametrize(
    ("name", "made"),
    [("x.db", database), ("events.out.tfevents.1", event_file), ("run-1.wandb", offline_file), ("x.parquet", table)],
)
def test_flipped_bytes_lose_no_rows_in_silence(
    name: str,
    made: Callable[[], bytes],
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    whole = made()
    monkeypatch.chdir(tmp_path)
    assert judged(name, whole, capsys) == (0, ROWS, False)
    for seed in range(COPIES):
        draw = random.Random(seed)
        content = bytearray(whole)
        for _ in range(draw.choice((1, 1, 3, 10))):
            content[draw.randrange(len(content))] = draw.randrange(256)
        code, rows, told = judged(name, bytes(content), capsys)
        assert code in (0, 1, 3), f"seed {seed}"
        assert told or rows == ROWS, f"seed {seed}: {rows} rows"


def judged(name: str, content: bytes, capsys: pytest.CaptureFixture[str]) -> tuple[int, int, bool]:
    """The exit code, the rows, and whether it is told that some are missing, or are there twice."""
    Path(name).write_bytes(content)
    with pytest.raises(SystemExit) as left:
        cli.main(["eval", "--pack", "common", "--format", "json", name])
    out, err = capsys.readouterr()
    code = int(str(left.value.code))
    assert "internal error" not in out + err
    assert "Traceback" not in out + err
    assert len(err.splitlines()) == (1 if code == 3 else 0), err
    log = json.loads(out)["log"]
    told = code == 3 or log["malformed"] or log["repeated"] or log["superseded"]
    return code, log["rows"], bool(told or evaluate(name, pack="common").log.notes)
