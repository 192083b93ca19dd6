"""The formats of logs: each is told by its content, and becomes the same table."""

from __future__ import annotations

import bz2
import gzip
import importlib
import io
import json
import lzma
import sys
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from random import Random
from typing import Any

import duckdb
import pytest

from trainrules.engine.errors import LogError
from trainrules.engine.readers.model import Run, Wanted
from trainrules.engine.readers.reading import read
from trainrules.engine.readers.registry import names, readers
from trainrules.engine.render.sqlpage import render_trace
from trainrules.engine.shelf import shipped_formats
from trainrules.engine.tracing import trace

from .formatsamples import SAMPLES, Sample, common, rows, same, text, writer


@pytest.fixture
def log(tmp_path: Path) -> Callable[..., str]:
    """Writes a log under a name that says nothing."""
    return writer(tmp_path)


def zstandard() -> Any:
    """The library that packs with zstd, which Python has from 3.14 on."""
    return importlib.import_module("compression.zstd" if sys.version_info >= (3, 14) else "backports.zstd")


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
