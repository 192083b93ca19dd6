"""Logs → tables: lines, files that are no logs, and where they come from."""

from __future__ import annotations

import gzip
import io
import os
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from trainrules.engine.errors import LogError
from trainrules.engine.readers.reading import read

from .readerlogs import cells, wanted, writer


@pytest.fixture
def log(tmp_path: Path) -> Callable[..., str]:
    """Writes a log: bytes as they are, a text as UTF-8, objects one a line."""
    return writer(tmp_path)


# Lines


@pytest.mark.parametrize(
    ("text", "lines", "rows", "bad", "total"),
    [
        (b'{"loss":1}\n{"loss":2}\n', [1, 2], [1, 2], (), 2),
        (b'{"loss":1}\n{"loss":2}', [1, 2], [1, 2], (), 2),
        (b'{"loss":1}\n\n\n{"loss":2}\n', [1, 4], [1, 2], (), 4),
        (b'{"loss":1}\n\n{"loss":2}', [1, 3], [1, 2], (), 3),
        (b'\n\n{"loss":1}\n \t \n', [3], [1], (), 4),
        (b'\xef\xbb\xbf{"loss":1}\n{"loss":2}\n', [1, 2], [1, 2], (), 2),
        (b'{"loss":1}\r\n\r\n{"loss":2}\r\n', [1, 3], [1, 2], (), 3),
        (b'{"loss":1}\r\n{"loss":2}\n{"loss":3}\r\n', [1, 2, 3], [1, 2, 3], (), 3),
        (b'{"loss":1}\r{"loss":2}\n{"loss":3}\n', [2], [3], (1,), 2),
        (b'{"loss":1}\n{"loss":2, "x":"\xff\xfe"}\n{"loss":3}\n', [1, 2, 3], [1, 2, 3], (), 3),
        (b'{"loss":1}\n{"loss":\x1f2}\n{"loss":\x002}\n', [1, 2, 3], [1, 2, 2], (), 3),
        (b'{"loss":1}\n\x1e\n{"loss":3}\n', [1, 3], [1, 3], (), 3),
        (b'{"loss":1}\n{"loss":\n{"loss":3}\nnan\n', [1, 3], [1, 3], (2, 4), 4),
        (b'{"loss":1}\n[1]\n5\n"x"\nnull\ntrue\n{"loss":2}\n', [1, 7], [1, 2], (2, 3, 4, 5, 6), 7),
        (b'{"loss":1}{"loss":2}\n{"loss":3}\n', [2], [3], (1,), 2),
        (b"x\n" * 7 + b'{"loss":3}\n', [8], [3], (1, 2, 3, 4, 5), 8),
        (b'  {"loss":1}\n\t{"loss":2} \n', [1, 2], [1, 2], (), 2),
        ('{"loss":1,"x":"\u2028\u0085"}\n{"loss":2}\n'.encode(), [1, 2], [1, 2], (), 2),
        (b'{"loss":1,"x":"' + b"y" * 5_000_000 + b'"}\n{"loss":2}\n', [1, 2], [1, 2], (), 2),
        (b'{"loss":1,"x":"\'"}\n"\n{"loss":2,"x":"\\""}\n# no\n', [1, 3], [1, 2], (2, 4), 4),
    ],
)
def test_lines_keep_their_numbers(log: Any, text: bytes, lines: Any, rows: Any, bad: Any, total: int) -> None:
    run = read(log(text), wanted())
    assert (cells(run, "line"), cells(run, "loss")) == (lines, rows)
    assert (run.facts.bad_lines, run.facts.lines, run.facts.rows) == (bad, total, len(rows))


TWICE = '{"loss": 9, "loss": 1, "step": 1}'


@pytest.mark.parametrize(
    ("lines", "doubled", "notes", "losses"),
    [
        ([TWICE], 1, ["1 row holds a key twice ('loss'): the first of both counts"], [9.0]),
        (
            [TWICE, '{"loss": 2, "step": 2}', '{"loss": 3, "a": {"b": 1, "b": 2}, "step": 3}'],
            2,
            ["2 rows hold a key twice ('loss' and 'b'): the first of both counts"],
            [9.0, 2.0, 3.0],
        ),
        # the same name in two objects is no double
        (['{"loss": 9, "a": {"loss": 1}, "step": 1}'], 0, [], [9.0]),
        # looked for where the first line holds one, as a trainer that writes so does on every line
        (['{"loss": 2, "step": 1}', TWICE.replace("1}", "2}")], 0, [], [2.0, 9.0]),
    ],
)
def test_of_a_key_that_stands_twice_the_first_counts(
    log: Any, lines: list[str], doubled: int, notes: list[str], losses: list[float]
) -> None:
    run = read(log(*lines), wanted())
    assert (run.facts.doubled, list(run.facts.notes)) == (doubled, notes)
    assert cells(run, "loss") == losses


def test_all_malformed_lines_are_counted(log: Any) -> None:
    assert read(log(*["{"] * 9, {"loss": 1}), wanted()).facts.malformed == 9


@pytest.mark.parametrize(
    ("mark", "encoding"),
    [(b"", "utf-16"), (b"\xfe\xff", "utf-16-be"), (b"", "utf-16-le"), (b"", "utf-16-be"), (b"", "utf-32")],
)
def test_utf_16_is_read(log: Any, mark: bytes, encoding: str) -> None:
    text = '{"step": 1, "loss": 0.5}\r\n\r\n{"step": 2, "löss": 0.4, "loss": 0.25}\r\n'
    content = mark + text.encode(encoding)
    run = read(log(content), wanted())
    assert cells(run, "line", "loss") == [(1, 0.5), (3, 0.25)]
    assert (run.facts.malformed, run.facts.lines) == (0, 3)


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"", "the log is empty; wait until the run has logged something"),
        (b"\n \n", "no line is a JSON object: the file is blank; wait until the run has logged something"),
        (b"\xef\xbb\xbf", "no line is a JSON object: the file is blank; wait until the run has logged something"),
        (
            b"{'loss': 0.5}\n{'loss': 0.4}\n",
            "no line is a JSON object: these look like Python dictionaries; write them with json.dumps",
        ),
        (
            b"Epoch: [0] loss 0.5\n",
            "no line is a JSON object: this looks like console output, and the pack has no formats for it; give the"
            " JSON lines log that the trainer writes",
        ),
        (
            b"PK\x03\x04" + bytes(range(256)),
            "no line is a JSON object: this is a binary file, not text; name the metrics log,"
            " not a checkpoint or an archive",
        ),
        (b'{"loss": \n', "no line is a JSON object: the lines are not valid JSON; write one JSON object a line"),
        (
            b'{\n "a": 1\n}\n',
            "this looks like one JSON document spread over several lines, not like JSON lines;"
            " write one JSON object for each row: jq -c",
        ),
        (
            b'{"loss": ' + b"x" * (1 << 26) + b"}\n",
            "a line is longer than 64 MiB: this is no log of JSON lines; give the log that has one JSON object a line",
        ),
    ],
)
def test_a_file_that_is_no_log_says_what_it_is(log: Any, content: bytes, message: str) -> None:
    with pytest.raises(LogError) as caught:
        read(log(content), wanted())
    error = caught.value
    assert f"{error.message}; {error.hint}" == message


def test_files_that_cannot_be_read(tmp_path: Path, log: Any) -> None:
    with pytest.raises(LogError, match="there is no such file; check the path"):
        read(str(tmp_path / "none.jsonl"), wanted())
    with pytest.raises(LogError, match="this is a directory; name the metrics log in it"):
        read(str(tmp_path), wanted())
    if os.geteuid():
        path = log({"loss": 1})
        os.chmod(path, 0)
        with pytest.raises(LogError, match="no permission to read this file"):
            read(path, wanted())


def test_a_log_without_any_wanted_metric_is_a_run_without_rows(log: Any) -> None:
    run = read(log({"step": 1, "other": 2}, {"step": 2, "other": 3}), wanted())
    assert (run.columns, run.facts.rows, run.facts.lines, run.facts.clock) == ({}, 0, 2, "row")
    assert cells(run, "i") == []


@pytest.mark.parametrize(
    "name", ["a*b.jsonl", "[x].jsonl", "what?.jsonl", "{a,b}.jsonl", "it's.jsonl", "größe.jsonl", "a=1"]
)
def test_any_file_name_will_do(log: Any, name: str) -> None:
    assert cells(read(log({"loss": 1}, name=name), wanted()), "loss") == [1]


def test_a_relative_name_stays_as_it_was_given(log: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    path = Path(log({"loss": 1}))
    monkeypatch.chdir(path.parent)
    assert read("run.jsonl", wanted()).facts.path == "run.jsonl"


def test_gzip_and_standard_input(log: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    text = b'{"loss":1}\n\n{"loss":2}\n'
    assert cells(read(log(gzip.compress(text), name="run.jsonl.gz"), wanted()), "line", "loss") == [(1, 1), (3, 2)]
    with pytest.raises(LogError, match="the gzip file is damaged"):
        read(log(gzip.compress(text)[:-12]), wanted())
    monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(text)))
    run = read("-", wanted())
    assert (run.facts.path, cells(run, "line", "loss")) == ("-", [(1, 1), (3, 2)])
    monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(b"")))
    with pytest.raises(LogError, match="-: the log is empty"):
        read("-", wanted())


def test_no_temporary_file_stays(log: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    spool = tmp_path / "spool"
    spool.mkdir()
    monkeypatch.setattr("tempfile.tempdir", str(spool))
    for text in (
        b'{"loss":1}\r\n\n',
        b'{"loss":1}\n\n',
        b'{"loss":"\xff"}\n{"loss":1}\n',
        gzip.compress(b'{"loss":1}\n'),
    ):
        read(log(text, name="a*.jsonl"), wanted()).con.close()
    with pytest.raises(LogError):
        read(log(b"\r\n"), wanted())
    assert list(spool.iterdir()) == []
