"""Logs that are no plain files, or plain files in odd places and with odd names: none hangs, none reads another."""

from __future__ import annotations

import errno
import gzip
import io
import json
import os
import resource
import signal
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import suppress
from pathlib import Path

import pytest

from trainrules import LogError, OverrideError, PackError, cli, evaluate
from trainrules.engine.evaluate import located, shown_path
from trainrules.engine.pack import Clock, KeyPattern
from trainrules.engine.readers import copies, patient
from trainrules.engine.readers.model import Wanted, WantedMetric
from trainrules.engine.readers.reading import read
from trainrules.engine.shelf import load_pack, shipped_formats

from .formatsamples import trackio

ROWS = "".join(json.dumps({"step": step, "loss": 5 - step / 100}) + "\n" for step in range(1, 41))
OTHER = '{"step": 9, "loss": 9}\n'
SOON = 5.0
"""Seconds within which everything here must be over, where it used to hang."""


WANTED = Wanted(
    Clock(step=(KeyPattern("step"),), epoch=(KeyPattern("epoch"),)),
    (WantedMetric("loss", ("loss",)),),
    formats=tuple(load_pack("common").formats.values()),
)


def rows_of(path: object) -> int:
    """How many rows are read from what a user names."""
    run = read(located(shown_path(str(path))), WANTED, shipped=shipped_formats)
    run.con.close()
    return run.facts.rows


def refused(path: object, timeout: float | None = None) -> str:
    began = time.monotonic()
    with pytest.raises(LogError) as caught:
        evaluate(str(path), pack="common", timeout=timeout)
    assert time.monotonic() - began < SOON
    return caught.value.message


# Names


NAMES = (
    "a*.jsonl",
    "a?.jsonl",
    "[x].jsonl",
    "[!x].jsonl",
    "{a,b}.jsonl",
    "**",
    "x'; DROP TABLE run; --.jsonl",
    "x') UNION ALL SELECT * FROM read_text('secret') --.jsonl",
    'a".jsonl',
    "a\\b.jsonl",
    "a\nb.jsonl",
    "\x1b[2J.jsonl",
    "$(touch canary).jsonl",
    "`touch canary`.jsonl",
    "%s %d {0}.jsonl",
    "-rf",
    "--pack",
    " leading and trailing ",
    "größe 日本 😀.jsonl",
    "s3:__bucket.jsonl",
    "year=2024.jsonl",
    "a.csv",
    "a.parquet",
    "a.jsonl.gz",
    "a" * 200 + ".jsonl",
)


@pytest.fixture
def crowd(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """A folder with files that a wildcard in a name would reach: each of them has other rows."""
    for name in ("ab.jsonl", "a1.jsonl", "x.jsonl", "y.jsonl", "a.jsonl", "b.jsonl", "secret"):
        (tmp_path / name).write_text(OTHER)
    monkeypatch.chdir(tmp_path)
    yield tmp_path
    assert not list(tmp_path.rglob("canary"))


@pytest.mark.parametrize("name", NAMES, ids=ascii)
def test_a_log_of_any_name_reads_only_itself(crowd: Path, name: str) -> None:
    (crowd / name).write_text(ROWS)
    for path in (os.path.join(".", name), str(crowd / name)):
        assert rows_of(path) == 40


@pytest.mark.parametrize("name", ["[x].jsonl", "x'; DROP TABLE run; --.jsonl", "$(touch canary).jsonl", "a\nb.jsonl"])
def test_a_log_of_any_name_is_judged(crowd: Path, name: str) -> None:
    (crowd / name).write_text(ROWS)
    assert evaluate(crowd / name, pack="common").log.rows == 40


def test_a_name_that_is_a_wildcard_and_no_file_reads_nothing(crowd: Path) -> None:
    for name in ("a*.jsonl", "[a].jsonl", "{a,b}.jsonl"):
        assert refused(crowd / name) == "there is no such file"


@pytest.mark.parametrize("name", ["[x]", "a*", "it's", "a\nb", "{a,b}", "$(touch canary)"])
def test_folders_of_any_name(crowd: Path, name: str) -> None:
    (crowd / name).mkdir()
    (crowd / name / "run.jsonl").write_text(ROWS)
    assert rows_of(crowd / name / "run.jsonl") == 40
    assert rows_of(crowd / name) == 40


def test_temporary_files_in_a_folder_with_a_wildcard(crowd: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    odd = crowd / "[t]*"
    odd.mkdir()
    monkeypatch.setattr("tempfile.tempdir", str(odd))
    (crowd / "run.jsonl").write_bytes(ROWS.replace("\n", "\r\n").encode())
    assert rows_of(crowd / "run.jsonl") == 40
    (crowd / "[x].jsonl").write_text(ROWS)
    assert rows_of(crowd / "[x].jsonl") == 40
    assert not list(odd.iterdir())


def test_a_name_that_is_no_utf_8(tmp_path: Path) -> None:
    path = os.fsencode(tmp_path) + b"/\xff.jsonl"
    try:
        with open(path, "wb") as stream:
            stream.write(ROWS.encode())
    except OSError:
        pytest.skip("this file system takes names in UTF-8 only")
    assert rows_of(os.fsdecode(path)) == 40


# What is no plain file


@pytest.fixture
def fifo(tmp_path: Path) -> Path:
    path = tmp_path / "pipe.jsonl"
    os.mkfifo(path)
    return path


def writing(path: Path, *pieces: str, pause: float = 0.0) -> threading.Thread:
    """Writes to a pipe from another thread, with a pause before each piece."""

    def write() -> None:
        with path.open("w") as stream:
            for piece in pieces:
                time.sleep(pause)
                stream.write(piece)
                stream.flush()

    thread = threading.Thread(target=write, daemon=True)
    thread.start()
    return thread


def test_a_pipe_without_a_writer_is_given_up(fifo: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(patient, "NO_WRITER", 0.2)
    assert refused(fifo) == "nobody writes to this pipe"


def test_a_pipe_is_read_to_its_end(fifo: Path) -> None:
    thread = writing(fifo, ROWS[:50], ROWS[50:300], ROWS[300:], pause=0.05)
    assert rows_of(fifo) == 40
    thread.join()


def test_a_writer_that_comes_late_is_waited_for(fifo: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(patient, "NO_WRITER", 10.0)
    timer = threading.Timer(0.3, lambda: writing(fifo, ROWS))
    timer.start()
    assert rows_of(fifo) == 40


def test_a_writer_that_is_silent_is_given_up_in_time(fifo: Path) -> None:
    handle = os.open(fifo, os.O_RDWR)
    try:
        assert refused(fifo, timeout=0.3) == "not read and judged within 0.3 seconds"
    finally:
        os.close(handle)


def test_a_writer_that_never_ends_is_given_up_in_time(fifo: Path) -> None:
    stop = threading.Event()

    def write() -> None:
        with suppress(BrokenPipeError), fifo.open("w") as stream:
            while not stop.is_set():
                stream.write(ROWS)

    thread = threading.Thread(target=write, daemon=True)
    thread.start()
    assert refused(fifo, timeout=0.3) == "not read and judged within 0.3 seconds"
    stop.set()
    thread.join(SOON)


def test_standard_input_that_keeps_silent_is_given_up_in_time(monkeypatch: pytest.MonkeyPatch) -> None:
    reading, held = os.pipe()
    with os.fdopen(reading, "rb") as stream:
        monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(stream))
        assert refused("-", timeout=0.3) == "not read and judged within 0.3 seconds"
        os.close(held)


def test_standard_input_that_is_closed(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "stdin", None)
    assert refused("-") == "standard input is closed"


@pytest.mark.parametrize("name", ["zero", "full", "random", "urandom", "ptmx", "tty"])
def test_a_device_is_refused_unopened(name: str, tmp_path: Path) -> None:
    device = Path("/dev", name)
    if not device.exists():
        pytest.skip(f"this machine has no {device}")
    assert refused(device) == "this is a device, not a file"
    link = tmp_path / "run.jsonl"
    link.symlink_to(device)
    assert refused(link) == "this is a device, not a file"


def test_the_null_device_is_an_empty_log() -> None:
    assert refused(os.devnull) == "the log is empty"


def test_a_socket_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)  # names of sockets are short
    with socket.socket(socket.AF_UNIX) as made:
        made.bind("socket")
        assert refused("socket") == "this is a socket, not a file"


def test_endless_zeros_on_standard_input(tmp_path: Path) -> None:
    with open("/dev/zero", "rb") as endless:
        done = judged("-", stdin=endless)
    assert done.returncode == 3
    assert done.stderr.decode() == (
        "-:1: no line is a JSON object: this is a binary file, not text; name the metrics log, not a checkpoint or an"
        " archive\n"
    )


def judged(*arguments: str, stdin: object = subprocess.DEVNULL, **more: object) -> subprocess.CompletedProcess[bytes]:
    """The command in a process of its own."""
    command = [sys.executable, "-c", "from trainrules.cli import run; run()", "eval", "--pack", "common", *arguments]
    return subprocess.run(command, stdin=stdin, capture_output=True, timeout=60, check=False, **more)  # type: ignore[call-overload,no-any-return]


def test_a_pipe_among_the_files_beside_a_log_is_passed_over(tmp_path: Path) -> None:
    log = tmp_path / "run" / "run.jsonl"
    log.parent.mkdir()
    log.write_text(ROWS)
    for name in ("trainer_state.json", "args.json", "config.yaml", "checkpoint-10"):
        os.mkfifo(log.parent / name)
    os.mkfifo(log.parent / "metrics.csv")
    began = time.monotonic()
    assert rows_of(log) == 40
    assert rows_of(log.parent) == 40
    assert time.monotonic() - began < SOON


def test_settings_that_are_a_pipe_do_not_hang(tmp_path: Path) -> None:
    (tmp_path / "run.jsonl").write_text(ROWS)
    os.mkfifo(tmp_path / "pyproject.toml")
    began = time.monotonic()
    assert rows_of(tmp_path / "run.jsonl") == 40
    os.mkfifo(tmp_path / "rules.override.yaml")
    with pytest.raises(OverrideError, match="file is not a regular file"):
        evaluate(tmp_path / "run.jsonl", pack="common")
    assert time.monotonic() - began < SOON


def test_a_pack_that_is_a_pipe_does_not_hang(tmp_path: Path) -> None:
    (tmp_path / "run.jsonl").write_text(ROWS)
    os.mkfifo(tmp_path / "pack.yaml")
    with pytest.raises(PackError, match="is not a file"):
        evaluate(tmp_path / "run.jsonl", pack=tmp_path / "pack.yaml")


# Links


def test_links_lead_to_the_log(tmp_path: Path) -> None:
    (tmp_path / "there").mkdir()
    (tmp_path / "there" / "real.jsonl").write_text(ROWS)
    (tmp_path / "near.jsonl").symlink_to("there/real.jsonl")
    (tmp_path / "far").symlink_to(tmp_path / "there", target_is_directory=True)
    (tmp_path / "twice.jsonl").symlink_to("near.jsonl")
    for name in ("near.jsonl", "twice.jsonl", "far/real.jsonl", "far/../near.jsonl", "far"):
        assert rows_of(tmp_path / name) == 40


def test_links_in_a_circle(tmp_path: Path) -> None:
    (tmp_path / "a.jsonl").symlink_to("b.jsonl")
    (tmp_path / "b.jsonl").symlink_to("a.jsonl")
    (tmp_path / "gone.jsonl").symlink_to("nowhere")
    assert refused(tmp_path / "a.jsonl") == f"cannot be read: {os.strerror(errno.ELOOP)}"
    assert refused(tmp_path / "gone.jsonl") == "there is no such file"


def test_folders_in_a_circle_are_looked_through_once(tmp_path: Path) -> None:
    (tmp_path / "run").mkdir()
    (tmp_path / "run" / "log.jsonl").write_text(ROWS)
    for name in ("self", "again"):
        (tmp_path / "run" / name).symlink_to(tmp_path, target_is_directory=True)
    assert rows_of(tmp_path) == 40


# Disks


def is_root() -> bool:
    return hasattr(os, "geteuid") and os.geteuid() == 0


def test_nothing_is_written_beside_a_log(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Each of these needs a copy, a link, or what a console log tells."""
    made = {
        "run.jsonl": ROWS.encode(),
        "[x].jsonl": ROWS.encode(),
        "crlf.jsonl": ROWS.replace("\n", "\r\n").encode(),
        "run.gz": gzip.compress(ROWS.encode()),
        "console.log": b"Epoch 1: loss=3\nEpoch 2: loss=2\n",
        "history.json": b'{"loss": [3, 2, 1]}',
    }
    place = tmp_path / "run"
    place.mkdir()
    for name, content in made.items():
        (place / name).write_bytes(content)
    monkeypatch.chdir(place)
    place.chmod(0o555)
    before = sorted(place.iterdir()), place.stat().st_mtime_ns
    try:
        for name in made:
            assert rows_of(name) > 1
    finally:
        place.chmod(0o755)
    assert (sorted(place.iterdir()), place.stat().st_mtime_ns) == before


def test_a_folder_that_takes_no_files(tmp_path: Path) -> None:
    """Truly read-only, for the superuser too, where the machine can mount something."""
    place = tmp_path / "run"
    place.mkdir()
    (place / "crlf.jsonl").write_bytes(ROWS.replace("\n", "\r\n").encode())
    with mounted(place, "--bind", str(place)):
        if subprocess.run(["mount", "-o", "remount,ro,bind", str(place)], capture_output=True).returncode:
            pytest.skip("this machine mounts nothing read-only")
        with pytest.raises(OSError, match=r"[Rr]ead-only"):
            (place / "more").write_text("")
        assert judged("--format", "json", "crlf.jsonl", cwd=place).returncode == 0


class mounted:  # noqa: N801
    """Something mounted for a while; skips where that is not allowed."""

    def __init__(self, place: Path, *arguments: str) -> None:
        self.place, self.arguments = place, arguments

    def __enter__(self) -> Path:
        try:
            done = subprocess.run(["mount", *self.arguments, str(self.place)], capture_output=True, check=False)
        except OSError as error:
            pytest.skip(f"this machine mounts nothing: {error}")
        if done.returncode:
            pytest.skip(f"this machine mounts nothing: {done.stderr.decode().strip()}")
        return self.place

    def __exit__(self, *_: object) -> None:
        subprocess.run(["umount", "-l", str(self.place)], check=True)


BULKY = "".join(json.dumps({"step": step, "loss": 1, "padding": "x" * 900}) + "\n" for step in range(3_000))
COPIED = {
    "crlf.jsonl": BULKY.replace("\n", "\r\n").encode(),
    "run.gz": gzip.compress(BULKY.encode()),
    "console.log": "".join(f"Epoch {n}: loss={n}\n" for n in range(45_000)).encode(),
    "history.json": json.dumps({"loss": [1.5] * 60_000}).encode(),
    "array.json": json.dumps([{"step": n, "loss": n} for n in range(50_000)]).encode(),
    "project.db": trackio([(n, n) for n in range(50_000)]),
}


@pytest.fixture(scope="module")
def copied(tmp_path_factory: pytest.TempPathFactory) -> Path:
    place = tmp_path_factory.mktemp("copied")
    for name, content in COPIED.items():
        (place / name).write_bytes(content)
    return place


def told_of_no_room(name: str, capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as left:
        cli.main(["eval", "--pack", "common", "--format", "json", name])
    out, err = capsys.readouterr()
    assert left.value.code == 3, err
    assert err.startswith(f"{name}: there is no room for a copy: ")
    assert err.endswith("; make room in the folder for temporary files, or name another in TMPDIR\n")
    assert len(err.splitlines()) == 1
    report = json.loads(out)
    assert (report["verdict"], report["plan"], report["log"]["rows"]) == ("unknown", [], 0)


@pytest.mark.parametrize("name", COPIED)
def test_a_full_disk(
    copied: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], name: str
) -> None:
    """A disk for temporary files that is smaller than the copy."""
    monkeypatch.chdir(copied)
    with mounted(tmp_path, "-t", "tmpfs", "-o", "size=1m", "tmpfs") as small:
        monkeypatch.setattr("tempfile.tempdir", str(small))
        told_of_no_room(name, capsys)
        left = list(small.iterdir())
    assert not left


@pytest.mark.parametrize("name", COPIED)
def test_a_file_that_may_not_grow(
    copied: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], name: str
) -> None:
    """As a quota does: no file of this process may become larger than a megabyte."""
    monkeypatch.chdir(copied)
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path))
    before = signal.signal(signal.SIGXFSZ, signal.SIG_IGN), resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (1 << 20, before[1][1]))
    try:
        told_of_no_room(name, capsys)
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, before[1])
        signal.signal(signal.SIGXFSZ, before[0])
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize("name", ["crlf.jsonl", "run.gz", "[x].jsonl"])
def test_no_place_for_temporary_files(copied: Path, monkeypatch: pytest.MonkeyPatch, name: str) -> None:
    (copied / "[x].jsonl").write_text(ROWS)
    monkeypatch.setattr("tempfile.tempdir", str(copied / "nowhere"))
    assert refused(copied / name).startswith("there is no room for a copy: ")


def test_standard_output_that_is_full(tmp_path: Path) -> None:
    if not os.path.exists("/dev/full"):
        pytest.skip("this machine has no /dev/full")
    (tmp_path / "run.jsonl").write_text(ROWS)
    command = [sys.executable, "-c", "from trainrules.cli import run; run()", "eval", "--pack", "common", "run.jsonl"]
    with open("/dev/full", "w") as full:
        done = subprocess.run(command, stdout=full, stderr=subprocess.PIPE, cwd=tmp_path, check=False)
    assert done.returncode == 2
    assert done.stderr.decode() == f"cannot write to standard output: {os.strerror(errno.ENOSPC)}\n"


# What unpacks to more than it should


def bomb(unpacked: int) -> bytes:
    """Zeros of this many bytes, compressed."""
    made = io.BytesIO()
    with gzip.GzipFile(fileobj=made, mode="wb", mtime=0) as stream:
        for _ in range(unpacked >> 20):
            stream.write(bytes(1 << 20))
    return made.getvalue()


PIECES: dict[str, Callable[[], bytes]] = {
    "zeros": lambda: bytes(1 << 20),
    "one line": lambda: b"x" * (1 << 20),
    "blank lines": lambda: b"\n" * (1 << 20),
    "rows": lambda: (b'{"loss": 1}\n' * 87_382)[: 1 << 20],
}


@pytest.mark.parametrize(
    ("piece", "message"),
    [
        ("zeros", "no line is a JSON object: this is a binary file, not text"),
        ("one line", "it unpacks to more than 200 times its size: this is no log of a training"),
        ("blank lines", "it unpacks to more than 200 times its size: this is no log of a training"),
        ("rows", "it unpacks to more than 200 times its size: this is no log of a training"),
    ],
)
@pytest.mark.parametrize("packing", ["gzip", "zstd"])
def test_a_bomb_is_put_out(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, packing: str, piece: str, message: str
) -> None:
    monkeypatch.setattr(copies, "UNSUSPICIOUS", 1 << 24)
    path = tmp_path / "run.jsonl"
    content = PIECES[piece]()
    if packing == "gzip":
        path.write_bytes(gzip.compress(content, mtime=0) * 128)
    else:
        zstd = pytest.importorskip("backports.zstd" if sys.version_info < (3, 14) else "compression.zstd")
        path.write_bytes(zstd.compress(content) * 128)
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path))
    assert refused(path) == message
    assert [each.name for each in tmp_path.iterdir()] == ["run.jsonl"]


def test_a_log_that_packs_well_is_no_bomb(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(copies, "UNSUSPICIOUS", 1 << 16)
    path = tmp_path / "run.jsonl.gz"
    path.write_bytes(gzip.compress("".join(f'{{"step": {n}, "loss": 0.5}}\n' for n in range(20_000)).encode(), 9))
    assert rows_of(path) == 20_000


def test_the_largest_copy(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, fifo: Path) -> None:
    monkeypatch.setattr(copies, "LARGEST_COPY", 1 << 10)
    thread = writing(fifo, ROWS)
    assert refused(fifo) == "the log is larger than 0 GiB"
    thread.join(SOON)


def test_the_command_says_it_in_one_line(fifo: Path, monkeypatch: pytest.MonkeyPatch, capsys: object) -> None:
    monkeypatch.setattr(patient, "NO_WRITER", 0.1)
    monkeypatch.chdir(fifo.parent)
    with pytest.raises(SystemExit) as left:
        cli.main(["eval", "--pack", "common", fifo.name])
    assert left.value.code == 3
    out, err = capsys.readouterr()  # type: ignore[attr-defined]
    assert err == "pipe.jsonl: nobody writes to this pipe; start what writes the log first, or name a file\n"
    assert out.startswith("UNKNOWN  pipe.jsonl\n")
