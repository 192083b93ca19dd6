"""Logs → tables: what a reader makes of cells, lines, clocks and files."""

from __future__ import annotations

import gzip
import io
import json
import math
import os
import sys
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import duckdb
import pytest

from trainrules.engine.errors import LogError
from trainrules.engine.pack import Clock, KeyPattern
from trainrules.engine.readers.cells import Cells, nestings
from trainrules.engine.readers.model import Run, Wanted, WantedMetric
from trainrules.engine.readers.reading import read

FRACTION = "global_step/max_steps"
CLOCK = Clock(
    step=(KeyPattern("step"), KeyPattern("global_step"), KeyPattern(FRACTION, r"^(\d+)/")),
    total=(KeyPattern("max_steps"), KeyPattern(FRACTION, r"/(\d+)$")),
    epoch=(KeyPattern("epoch"),),
    time=(KeyPattern("time"), KeyPattern("timestamp")),
)
LOSS = WantedMetric("loss", ("loss", "train_loss"))
MARGIN = WantedMetric("margin", ("rewards/margins",))
GRAD = WantedMetric("grad", ("grad_norm",))
EVAL = WantedMetric("eval_loss", ("eval_loss",), role="eval")
PHASE = WantedMetric("phase", ("phase",), type="text")
NAN, INF = math.nan, math.inf


def wanted(*metrics: WantedMetric, **more: Any) -> Wanted:
    more.setdefault("clock", CLOCK)
    more.setdefault("summary", ("train_runtime",))
    return Wanted(metrics=metrics or (LOSS, MARGIN, GRAD, EVAL), **more)


@pytest.fixture
def log(tmp_path: Path) -> Callable[..., str]:
    """Writes a log: bytes as they are, a text as UTF-8, objects one a line."""

    def write(*lines: Any, name: str = "run.jsonl") -> str:
        path = tmp_path / name
        if len(lines) == 1 and isinstance(lines[0], bytes):
            path.write_bytes(lines[0])
        else:
            text = "".join((line if isinstance(line, str) else json.dumps(line)) + "\n" for line in lines)
            path.write_bytes(text.encode())
        return str(path)

    return write


def cells(run: Run, *names: str) -> list[Any]:
    """The columns of a run by metric, label or own name: a list of values, or of tuples."""
    columns = [run.columns.get(name) or run.labels.get(name) or name for name in names]
    rows = run.con.execute(f"SELECT {', '.join(columns)} FROM run ORDER BY i").fetchall()
    return [row[0] for row in rows] if len(names) == 1 else rows


def same(left: list[Any], right: list[Any]) -> bool:
    """Equality in which NaN equals NaN."""
    return repr([float(x) if isinstance(x, int) else x for x in left]) == repr(
        [float(x) if isinstance(x, int) else x for x in right]
    )


# Cells


@pytest.mark.parametrize(
    ("value", "read_as"),
    [
        ("1.5", 1.5),
        ("-3", -3.0),
        ("5e-7", 5e-7),
        ('"2.5"', 2.5),
        ('" 3.5 "', 3.5),
        ('"1e5"', 1e5),
        ("true", 1.0),
        ("false", 0.0),
        ("NaN", NAN),
        ("Infinity", INF),
        ("-Infinity", -INF),
        ('"NaN"', NAN),
        ('"nan"', NAN),
        ('"Infinity"', INF),
        ('"-inf"', -INF),
        ("1e400", INF),
        ("123456789012345678901234567890", 1.2345678901234568e29),
        ("null", None),
        ('"tensor(0.5)"', None),
        ('"1,200"', None),
        ('""', None),
        ("[1, 2]", None),
        ('{"value": 1}', None),
    ],
)
def test_a_numeric_cell_is_finite_non_finite_or_nothing(log: Any, value: str, read_as: float | None) -> None:
    run = read(log(f'{{"loss": {value}, "grad_norm": 1}}', '{"loss": 7}'), wanted())
    assert same(cells(run, "loss"), [read_as, 7.0])


@pytest.mark.parametrize(
    ("value", "read_as"), [('"main"', "main"), ("3", "3"), ("true", "true"), ("null", None), ("[1]", "[1]"), ('""', "")]
)
def test_a_text_cell_is_the_text(log: Any, value: str, read_as: str | None) -> None:
    run = read(log(f'{{"phase": {value}, "loss": 1}}', '{"phase": "x"}'), wanted(LOSS, PHASE))
    assert cells(run, "phase") == [read_as, "x"]


@pytest.mark.parametrize(
    ("lines", "key", "values"),
    [
        ([{"loss": 1}, {"loss": 2, "train_loss": 9}], "loss", [1, 2]),
        ([{"train_loss": 9, "grad_norm": 1}, {"loss": 2}], "loss", [None, 2]),  # occurs anywhere, and is never mixed
        ([{"train_loss": 9}], "train_loss", [9]),
        ([{"loss": None, "train_loss": 9}], "train_loss", [9]),
        ([{"loss": "n/a", "train_loss": 9}], "train_loss", [9]),
        ([{"loss": NAN, "train_loss": 9}], "loss", [NAN]),  # a key that occurs only as NaN is present
    ],
)
def test_the_key_of_a_metric_is_the_first_that_occurs(log: Any, lines: Any, key: str, values: Any) -> None:
    run = read(log(*lines), wanted())
    assert run.keys["loss"] == key
    assert same(cells(run, "loss"), values)


def test_metrics_that_do_not_occur_have_no_column(log: Any) -> None:
    run = read(log({"loss": 1, "eval_loss": None}), wanted(required=("margin",)))
    assert run.columns == {"loss": "m0"}
    assert run.labels == {}


@pytest.mark.parametrize(
    "line",
    [
        {"rewards/margins": 1.5},
        {"rewards": {"margins": 1.5}},
        {"rewards": {"margins": 1.5}, "rewards/margins": None},
        {"rewards": {"other": 3, "margins": "1.5"}},
    ],
)
def test_nested_objects_flatten_with_a_slash(log: Any, line: Any) -> None:
    run = read(log(line), wanted())
    assert (run.keys["margin"], cells(run, "margin")) == ("rewards/margins", [1.5])


def test_every_way_of_nesting_a_deep_key_is_found(log: Any) -> None:
    deep = WantedMetric("deep", ("a/b/c",))
    lines = [{"a/b/c": 1}, {"a": {"b/c": 2}}, {"a/b": {"c": 3}}, {"a": {"b": {"c": 4}}}, {"a": {"b": 5}}]
    assert cells(read(log(*lines), wanted(deep)), "deep") == [1, 2, 3, 4]
    assert list(nestings("a/b/c")) == [("a/b/c",), ("a", "b/c"), ("a/b", "c"), ("a", "b", "c")]
    assert len(list(nestings("a/b/c/d/e/f/g/h"))) == 1 + 7 + 1


def test_a_key_may_be_a_number_and_the_start_of_another(log: Any) -> None:
    metrics = (LOSS, WantedMetric("ce", ("loss/ce",)))
    lines = [{"loss": 1, "loss/ce": 2}, {"loss": 3}, {"loss": {"ce": 4}}]
    assert same(cells(read(log(*lines), wanted(*metrics)), "loss", "ce"), [(1.0, 2.0), (3.0, None), (None, 4.0)])


def test_keys_that_differ_by_case_are_two(log: Any) -> None:
    metrics = (WantedMetric("small", ("f1",)), WantedMetric("big", ("F1",)), WantedMetric("nested", ("a/F1", "A/f1")))
    run = read(log({"F1": 2, "f1": 1, "A": {"f1": 3}}, {"F1": 5}), wanted(*metrics))
    assert cells(run, "small", "big", "nested") == [(1, 2, 3), (None, 5, None)]


@pytest.mark.parametrize(
    "key",
    ["it's", 'a "b"', "back\\slash", "größe/μ", "'); DROP TABLE raw; --", "x\ty", "memory(GiB)", "a.b[0]", "$.a", "😀"],
)
def test_any_text_can_be_a_key(log: Any, key: str) -> None:
    run = read(log({key: 1.5, "loss": 1}), wanted(WantedMetric("odd", (key,)), LOSS))
    assert cells(run, "odd") == [1.5]


SIGNED = "accuracy: 'acc' is written with a percent sign ({!r}); read as a share of 1"


@pytest.mark.parametrize(
    ("values", "read_as", "notes"),
    [
        ([0.5, 0.9], [0.5, 0.9], ()),
        ([1.5, 0.9], [1.5, 0.9], ()),
        ([50, 90.0, 1.0], [0.5, 0.9, 0.01], ("accuracy: 'acc' is in percent (up to 90); divided by 100",)),
        ([0.5, INF], [0.5, INF], ()),
        (["48%", " 9.5 % ", "nan%", None], [0.48, 0.095, NAN], (SIGNED.format(" 9.5 % "),)),
        (["0.8%", "250%"], [0.008, 2.5], (SIGNED.format("0.8%"),)),
        (
            ["48%", 0.5, "0.25", NAN, True, False, "NaN", [1], "%", "many %"],
            [0.48, 0.5, 0.25, NAN, 1, 0, NAN],
            (SIGNED.format("48%"),),
        ),
        (["n/a%", 0.5, 90], [0.005, 0.9], ("accuracy: 'acc' is in percent (up to 90); divided by 100",)),
    ],
)  # fmt: skip
def test_a_share_above_one_and_a_half_is_percent(log: Any, values: Any, read_as: Any, notes: Any) -> None:
    run = read(log(*({"acc": value} for value in values)), wanted(WantedMetric("accuracy", ("acc",), share=True)))
    assert same(cells(run, "accuracy"), read_as)
    assert run.facts.notes == notes


@pytest.mark.parametrize(
    ("line", "loss", "margin"),
    [
        ({"loss": 0.0, "rewards/margins": 0.0, "grad_norm": NAN}, None, None),
        ({"loss": 0.526, "rewards/margins": 0.0, "grad_norm": INF}, 0.526, None),
        ({"loss": 0.0, "rewards/margins": 0.0, "grad_norm": 1.0}, 0.0, 0.0),
        ({"loss": 0.0, "rewards/margins": 0.0}, 0.0, 0.0),
        ({"loss": 0.0, "rewards/margins": NAN}, 0.0, NAN),  # the margin is no sentinel
        ({"loss": NAN, "rewards/margins": -0.0}, NAN, None),
    ],
)
def test_a_zero_beside_a_sentinel_that_is_not_finite_is_nothing(log: Any, line: Any, loss: Any, margin: Any) -> None:
    healthy = {"loss": 0.0, "rewards/margins": 0.0, "grad_norm": 0.0}
    run = read(log(healthy, line, healthy), wanted(sentinels=("grad", "loss")))
    assert same(cells(run, "loss"), [0.0, loss, 0.0])
    assert same(cells(run, "margin"), [0.0, margin, 0.0])


@pytest.mark.parametrize(
    ("values", "note"),
    [
        (["tensor(0.5)"] * 3, "loss: 'loss' is text in all 3 rows, first at line 1 ('tensor(0.5)'), never a number"),
        ([None, [1.5]], "loss: 'loss' is a list in 1 of 2 rows, first at line 2 ('[1.5]'), never a number"),
        ([{"mean": 1}], "loss: 'loss' is an object in all 1 rows, first at line 1 ('{\"mean\":1}'), never a number"),
    ],
)
def test_a_metric_that_is_never_a_number_gets_a_note(log: Any, values: Any, note: str) -> None:
    run = read(log(*({"loss": value, "grad_norm": 1} for value in values)), wanted())
    assert "loss" not in run.columns
    assert run.facts.notes == (note,)


@pytest.mark.parametrize("values", [[1, "n/a"], [None], [NAN]])
def test_no_note_where_numbers_are_mixed_or_nothing_was_said(log: Any, values: Any) -> None:
    assert read(log(*({"loss": value, "grad_norm": 1} for value in values)), wanted()).facts.notes == ()


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


# Rows


JOINED: Mapping[str, Any] = {
    "an eval row joins its train row": (
        [{"step": 1, "loss": 1}, {"step": 2, "loss": 2}, {"step": 2, "eval_loss": 3}],
        [(1, 1, None), (2, 2, 3)],
    ),
    "in any order": ([{"step": 2, "eval_loss": 3}, {"step": 2, "loss": 2}], [(1, 2, 3)]),
    "a line that repeats a key starts a new row": (
        [{"step": 1, "loss": 1}, {"step": 1, "loss": 2}, {"step": 1, "eval_loss": 3}],
        [(1, 1, None), (2, 2, 3)],
    ),
    "and the keys count from there": (
        [{"step": 1, "loss": 1}, {"step": 1, "eval_loss": 2}, {"step": 1, "eval_loss": 3}, {"step": 1, "loss": 4}],
        [(1, 1, 2), (3, 4, 3)],
    ),
    "null is no value": (
        [{"step": 1, "loss": 1, "eval_loss": None}, {"step": 1, "loss": None, "eval_loss": 2}],
        [(1, 1, 2)],
    ),
    "NaN is one": (
        [{"step": 1, "loss": NAN}, {"step": 1, "loss": 1}, {"step": 1, "eval_loss": 2}],
        [(1, NAN, None), (2, 1, 2)],
    ),
    "lines without a step never join": (
        [{"loss": 1}, {"eval_loss": 2}, {"step": 3, "loss": 4}],
        [(1, 1, None), (2, None, 2), (3, 4, None)],
    ),
    "foreign lines do not part a row": (
        [{"step": 1, "loss": 1}, {"step": 1, "saved": 1}, {"step": 1, "eval_loss": 2}],
        [(1, 1, 2)],
    ),
    "blank and malformed lines neither": (
        ['{"step": 1, "loss": 1}', "", "{", '{"step": 1, "eval_loss": 2}'],
        [(1, 1, 2)],
    ),
    "other steps do": (
        [{"step": 1, "loss": 1}, {"step": 2, "loss": 2}, {"step": 1, "eval_loss": 3}],
        [(1, 1, None), (2, 2, None), (3, None, 3)],
    ),
    "other labels do": (
        [{"step": 1, "rank": 0, "loss": 1}, {"step": 1, "rank": 1, "eval_loss": 2}, {"step": 1, "eval_loss": 3}],
        [(1, 1, None), (2, None, 2), (3, None, 3)],
    ),
}


@pytest.mark.parametrize("case", JOINED)
def test_lines_of_one_step_are_one_row(log: Any, case: str) -> None:
    lines, rows = JOINED[case]
    run = read(log(*lines), wanted(labels={"rank": ("rank",)}))
    assert same([x for row in cells(run, "line", "loss", "eval_loss") for x in row], [x for row in rows for x in row])
    assert cells(run, "i") == list(range(1, len(rows) + 1))


def test_joined_cells_of_many_metrics(log: Any) -> None:
    names = [f"x{number}" for number in range(150)]
    metrics = [WantedMetric(name, (name,)) for name in names]
    lines = [{"step": step, name: step + number} for step in (1, 2) for number, name in enumerate(names)]
    run = read(log(*lines), wanted(*metrics))
    assert cells(run, *names) == [tuple(step + number for number in range(150)) for step in (1, 2)]
    assert cells(run, "line") == [1, 151]


def test_labels_are_text_and_separate_from_metrics(log: Any) -> None:
    run = read(
        log({"gpu": 0, "loss": 1}, {"gpu": "1", "loss": 2}, {"loss": 3}), wanted(labels={"rank": ("rank", "gpu")})
    )
    assert run.labels == {"rank": "l0"}
    assert cells(run, "rank") == ["0", "1", None]


# Clock


CLOCKS: Mapping[str, Any] = {
    "the step": ("step", [{"step": 5, "epoch": 0, "loss": 1}, {"step": 10, "epoch": 0, "loss": 1}], [(5, 5), (10, 10)]),
    "the first step key that occurs": ("step", [{"global_step": 5, "loss": 1}], [(5, 5)]),
    "a step within text": ("step", [{FRACTION: "5/200", "loss": 1}, {FRACTION: "6/200", "loss": 1}], [(5, 5), (6, 6)]),
    "missing steps carry forward": (
        "step",
        [{"loss": 0}, {"step": 5, "loss": 1}, {"loss": 2}, {"step": 6, "loss": 1}],
        [(None, 5), (5, 5), (5, 5), (6, 6)],
    ),
    "also from lines without a metric": ("step", [{"step": 5, "loss": 1}, {"step": 6}, {"loss": 2}], [(5, 5), (6, 6)]),
    "steps that are not finite are none": (
        "step",
        [{"step": 5, "loss": 1}, {"step": NAN, "loss": 2}],
        [(5, 5), (5, 5)],
    ),
    "rows with only eval metrics take the tick of their place": (
        "step",
        [
            {"step": 0, "eval_loss": 1},
            {"step": 10, "loss": 1},
            {"step": 12, "eval_loss": 1},
            {"step": 2, "eval_loss": 1},
        ],
        [(0, 0), (10, 10), (12, 10), (2, 10)],
    ),
    "NaN moves the clock": ("step", [{"step": 1, "loss": 1}, {"step": 2, "loss": NAN}], [(1, 1), (2, 2)]),
    "where all is eval, all rows move": (
        "step",
        [{"step": 1, "eval_loss": 1}, {"step": 2, "eval_loss": 1}],
        [(1, 1), (2, 2)],
    ),
    "whole epochs from 0 count as completed": (
        "epoch",
        [{"epoch": 0, "loss": 1}, {"epoch": 1, "loss": 1}],
        [(None, 1), (None, 2)],
    ),
    "epochs from 1 are as they are": (
        "epoch",
        [{"epoch": 1, "loss": 1}, {"epoch": 2, "loss": 1}],
        [(None, 1), (None, 2)],
    ),
    "broken epochs too": ("epoch", [{"epoch": 0, "loss": 1}, {"epoch": 0.5, "loss": 1}], [(None, 0), (None, 0.5)]),
    "epochs carry forward": (
        "epoch",
        [{"epoch": 0, "loss": 1}, {"loss": 1}, {"epoch": 1, "loss": 1}],
        [(None, 1), (None, 1), (None, 2)],
    ),
    "else the row": (
        "row",
        ["", {"loss": 1}, {"x": 1}, {"loss": 1}, {"eval_loss": 1}],
        [(None, 1), (None, 2), (None, 2)],
    ),
    "a step on foreign lines only is none": ("row", [{"loss": 1}, {"step": 9, "train_runtime": 1}], [(None, 1)]),
}


@pytest.mark.parametrize("case", CLOCKS)
def test_the_clock(log: Any, case: str) -> None:
    clock, lines, ticks = CLOCKS[case]
    run = read(log(*lines), wanted())
    assert (run.facts.clock, cells(run, "step", "tick")) == (clock, ticks)


def test_moves_and_epoch(log: Any) -> None:
    run = read(log({"step": 1, "epoch": 0.5, "loss": 1}, {"step": 2, "eval_loss": 1}, {"step": 3, "loss": 1}), wanted())
    assert cells(run, "moves", "epoch") == [(True, 0.5), (False, 0.5), (True, 0.5)]


@pytest.mark.parametrize(
    ("value", "seconds"),
    [
        (1700000000, 1.7e9),
        (1700000000.25, 1700000000.25),
        (1700000000250, 1700000000.25),
        (1700000000250000, 1700000000.25),
        (1700000000250000000, 1700000000.25),
        ("1700000000", 1.7e9),
        (12.5, 12.5),
        ("2023-11-14T22:13:20", 1.7e9),
        ("2023-11-14T22:13:20.250000Z", 1700000000.25),
        ("2023-11-15 00:13:20+02:00", 1.7e9),
        ("2023-11-14T16:43:20-0530", 1.7e9),
        ("yesterday", 5.0),
        ("infinity", 5.0),
        (None, 5.0),
    ],
)
def test_times_are_seconds_in_utc(log: Any, value: Any, seconds: float) -> None:
    run = read(log({"time": 5, "loss": 1}, {"time": value, "loss": 2}), wanted())
    assert cells(run, "time") == [5.0, pytest.approx(seconds, rel=1e-15)]


def steps(*numbers: float, **more: Any) -> list[dict[str, Any]]:
    return [{"step": number, "loss": index, **more} for index, number in enumerate(numbers)]


@pytest.mark.parametrize(
    ("numbers", "kept", "segments", "rewinds"),
    [
        ([1, 2, 3], [1, 2, 3], [0, 0, 0], 0),
        ([1, 2, 2, 3], [1, 2, 2, 3], [0, 0, 0, 0], 0),
        ([1, 2, 3, 2, 3, 4], [1, 2, 3, 4], [0, 1, 1, 1], 1),
        ([1, 2, 3, 4, 3, 4, 2, 3], [1, 2, 3], [0, 2, 2], 2),
        ([1, 2, 3, 4, 2, 5, 4, 6], [1, 2, 4, 6], [0, 1, 2, 2], 2),
        ([5, 6, 1, 2], [1, 2], [1, 1], 1),
        ([1, 2, 10, 9.5, 11], [1, 2, 9.5, 11], [0, 0, 1, 1], 1),
    ],
)
def test_later_rows_replace_earlier_ones(log: Any, numbers: Any, kept: Any, segments: Any, rewinds: int) -> None:
    run = read(log(*steps(*numbers)), wanted())
    assert (cells(run, "step"), cells(run, "segment")) == (kept, segments)
    assert (run.facts.rewinds, run.facts.superseded) == (rewinds, len(numbers) - len(kept))
    assert cells(run, "i") == list(range(1, len(kept) + 1))


def test_eval_rows_never_rewind_and_are_superseded_by_their_own_step(log: Any) -> None:
    lines = [
        {"step": 10, "loss": 1},
        {"step": 5, "eval_loss": 1},
        {"step": 20, "loss": 2},
        {"step": 20, "eval_loss": 2},
        {"step": 11, "loss": 3},
    ]
    run = read(log(*lines), wanted())
    assert cells(run, "line") == [1, 2, 5]
    assert (run.facts.rewinds, run.facts.superseded, run.facts.last_step) == (1, 1, 11)


def test_epochs_rewind_too(log: Any) -> None:
    run = read(log(*({"epoch": epoch, "loss": epoch} for epoch in (0, 1, 2, 3, 2, 3, 4))), wanted())
    assert cells(run, "tick", "line", "segment") == [(1, 1, 0), (2, 2, 0), (3, 5, 1), (4, 6, 1), (5, 7, 1)]


def test_rewinds_are_judged_in_each_series(log: Any) -> None:
    order = [
        ("a", 1),
        ("b", 1),
        ("a", 2),
        ("a", 3),
        ("b", 2),
        ("b", 3),
        (None, 3),
        ("a", 2),
        ("a", 3),
        ("b", 3),
        ("b", 4),
    ]
    lines = [{"rank": rank, "step": step, "loss": number} for number, (rank, step) in enumerate(order)]
    lines[6] = {"step": 3, "eval_loss": 1}
    run = read(log(*lines), wanted(labels={"rank": ("rank",)}))
    assert cells(run, "rank", "step", "line", "segment") == [
        ("a", 1, 1, 0),
        ("b", 1, 2, 0),
        ("b", 2, 5, 0),
        ("b", 3, 6, 0),
        ("a", 2, 8, 1),
        ("a", 3, 9, 1),
        ("b", 3, 10, 0),
        ("b", 4, 11, 0),
    ]
    assert cells(run, "i") == list(range(1, 9))


@pytest.mark.parametrize(
    ("backs", "rows", "refused"), [(10, 20, False), (11, 221, False), (11, 219, True), (20, 40, True)]
)
def test_too_many_rewinds_are_interleaved_runs(log: Any, backs: int, rows: int, refused: bool) -> None:
    numbers = list(range(1, rows + 1 - 2 * backs)) + [x for k in range(backs) for x in (rows + 2 * k, rows + 2 * k - 1)]
    path = log(*steps(*numbers))
    if not refused:
        assert read(path, wanted()).facts.rewinds == backs
        return
    with pytest.raises(LogError) as caught:
        read(path, wanted())
    assert caught.value.message == (
        f"the step goes back {backs} times in {rows} rows: the lines of several runs or ranks are interleaved"
    )
    assert (
        caught.value.hint == "name the label that tells them apart under 'labels' in the pack, or give a log of one run"
    )
    assert caught.value.position.line == rows - 2 * backs + 2


# Facts


@pytest.mark.parametrize(
    ("lines", "facts"),
    [
        (
            steps(5, 10, 15),
            {"first_step": 5, "last_step": 15, "ended": False, "total": None, "repeated": 0, "last_epoch": None},
        ),
        (steps(1, 2, 2, 2, 3), {"repeated": 2}),
        ([*steps(1, 2), {"loss": 1}], {"repeated": 0}),
        ([*steps(1, 1, rank=0), *steps(1, rank=1)], {"repeated": 1}),
        (steps(1, 2, max_steps=2), {"ended": True, "total": 2}),
        (steps(1, 2, max_steps=3), {"ended": False, "total": 3}),
        ([{"max_steps": 2}, *steps(1, 2)], {"ended": True, "total": 2, "rows": 2}),
        ([*steps(1, 2), {"step": 2, "train_runtime": 9, "train_loss": 1}], {"ended": True, "rows": 2, "repeated": 0}),
        ([*steps(1, 2), {"train_runtime": 9}, *steps(3)], {"ended": False}),  # it went on
        ([*steps(1, 2), {"train_runtime": 9}, {"step": 2, "eval_loss": 3}], {"ended": True}),
        ([{FRACTION: "7/8", "loss": 1}, {FRACTION: "8/8", "loss": 1}], {"ended": True, "total": 8, "last_step": 8}),
        ([{"step": 0, "eval_loss": 1}, *steps(10), {"step": 12, "eval_loss": 1}], {"first_step": 0, "last_step": 12}),
        ([{"epoch": 0, "loss": 1}, {"epoch": 1, "loss": 2}], {"first_step": None, "last_step": None, "last_epoch": 1}),
        ([*steps(1, 2, 3, epoch=0.5), *steps(2, epoch=0.4)], {"last_step": 2, "superseded": 2, "last_epoch": 0.5}),
    ],
)
def test_facts(log: Any, lines: Any, facts: Mapping[str, Any]) -> None:
    found = read(log(*lines), wanted(labels={"rank": ("rank",)})).facts
    assert {name: getattr(found, name) for name in facts} == facts


@pytest.mark.parametrize(
    ("numbers", "midway"),
    [
        ([1, 2, 3], False),
        ([5, 10, 15], False),
        ([0, 1], False),
        ([2, 3, 4], False),
        ([3, 4, 5], True),
        ([10, 15, 20], False),
        ([11, 16, 21], True),
        ([500, 510, 520], True),
        ([500], False),
        ([500, 500], False),
    ],
)
def test_a_log_can_start_in_the_middle_of_a_run(log: Any, numbers: Any, midway: bool) -> None:
    assert read(log(*steps(*numbers)), wanted()).starts_midway is midway
    assert read(log(*({"epoch": number, "loss": 1} for number in numbers)), wanted()).starts_midway is midway


# The connection


def test_the_connection_is_locked(log: Any, tmp_path: Path) -> None:
    con = read(log({"loss": 1}), wanted(), threads=1, memory_limit="1GB").con
    assert con.execute("SELECT current_setting('threads')").fetchall() == [(1,)]
    secret = log({"secret": 1}, name="secret.json")
    for statement in (
        f"SELECT * FROM read_text('{secret}')",
        f"COPY run TO '{tmp_path}/out.csv'",
        f"ATTACH '{tmp_path}/other.db'",
        "SET enable_external_access = true",
        "SET threads = 4",
        "INSTALL httpfs",
    ):
        with pytest.raises(duckdb.Error):
            con.execute(statement)
    assert con.execute("SHOW TABLES").fetchall() == [("run",)]


def test_the_columns_of_the_table(log: Any) -> None:
    run = read(log({"step": 1, "loss": 1, "phase": "a", "rank": 0}), wanted(LOSS, PHASE, labels={"rank": ("rank",)}))
    assert [row[:2] for row in run.con.execute("DESCRIBE run").fetchall()] == [
        ("i", "BIGINT"),
        ("line", "BIGINT"),
        ("step", "DOUBLE"),
        ("tick", "DOUBLE"),
        ("epoch", "DOUBLE"),
        ("time", "DOUBLE"),
        ("moves", "BOOLEAN"),
        ("segment", "INTEGER"),
        ("l0", "VARCHAR"),
        ("m0", "DOUBLE"),
        ("m1", "VARCHAR"),
    ]


def large(rows: int) -> bytes:
    """A log above the size from which keys are counted and lines are parsed once, with eval rows and one rewind."""
    lines = []
    for number in range(rows):
        step = number if number < rows - 500 else number - 1000
        lines.append(json.dumps({"step": step, "loss": number / 7, "grad_norm": 1.0, "padding": "x" * 80}))
        if number % 50 == 0:
            lines.append(json.dumps({"step": step, "eval_loss": number / 3, "rewards": {"margins": number}}))
    return ("\n".join(lines) + "\n").encode()


def test_the_number_of_threads_changes_nothing(log: Any) -> None:
    path = log(large(60_000))
    many = tuple(WantedMetric(f"absent{number}", (f"absent/{number}", f"other{number}")) for number in range(40))
    for question in (wanted(), wanted(LOSS, MARGIN, GRAD, EVAL, *many)):
        results = []
        for threads in (1, 2, 4):
            run = read(path, question, threads=threads)
            results.append((run.facts, run.con.execute("SELECT * FROM run").fetchall()))
        assert results[0] == results[1] == results[2]
        facts, rows = results[0]
        assert (facts.rows, facts.superseded, facts.rewinds) == (59_000, 1_000, 1)
        assert [row[0] for row in rows] == list(range(1, 59_001))


def test_a_malformed_line_in_a_large_log(log: Any) -> None:
    text = large(60_000).split(b"\n")
    text[30_001] = text[30_001][:20]
    run = read(log(b"\n".join(text)), wanted())
    assert (run.facts.malformed, run.facts.bad_lines) == (1, (30_002,))
    text[1::2] = [b"{"] * len(text[1::2])
    run = read(log(b"\n".join(text)), wanted())
    assert run.facts.bad_lines == (2, 4, 6, 8, 10)


def test_lines_of_a_large_log_that_are_no_objects(log: Any) -> None:
    odd = [b"[1]", b'[{"loss": 9}]', b"5", b'"loss"', b"null", b" \t", b'  {"loss": 7}', b'{"loss": 8} x', b"{}"]
    text = large(60_000).splitlines()
    text[30_001:30_001] = odd  # between the pieces that are looked at
    for question in (wanted(), wanted(*(WantedMetric(f"m{n}", (f"absent/{n}",)) for n in range(40)), LOSS, GRAD, EVAL)):
        run = read(log(b"\n".join(text)), question)
        assert (run.facts.lines, run.facts.malformed) == (61_200 + len(odd), 6)
        assert run.facts.bad_lines == tuple(range(30_002, 30_007))
        assert run.con.execute("SELECT loss FROM (SELECT line, m0 AS loss FROM run WHERE line = 30008)").fetchall() == [
            (7.0,)
        ]


@pytest.mark.parametrize("line", ['{"rare": 1.5}', '{"r\\u0061re": 1.5}', '{"deep": {"down": 0, "rare": 1.5}}'])
def test_a_key_that_a_large_log_has_once_is_found(log: Any, line: str) -> None:
    text = large(60_000).splitlines()
    text[30_001:30_001] = [line.encode()]
    rare = WantedMetric("rare", ("rare", "deep/rare"))
    absent = [WantedMetric(f"absent{number}", (f'it\'s (absent) "{number}"', f"o.{number}/x")) for number in range(40)]
    found = read(log(b"\n".join(text)), wanted(LOSS, GRAD, EVAL, rare, *absent))
    assert found.con.execute(f"SELECT line, {found.columns['rare']} FROM run WHERE line = 30002").fetchall() == [
        (30_002, 1.5)
    ]


@pytest.mark.parametrize(
    "line",
    [
        '{"loss" \t: 1.5}',
        '{"l\\u006fss": 1.5}',
        '{"x": "a\\"b", "loss": 1.5}',
        '{": x": 0, "loss": 1.5}',
        '{"x\\\\": "y", "loss": 1.5}',
        '{"train": {"loss": 1.5}}',
        '{"train\\/loss": 1.5}',
        '{"train": {"l\\u006fss": 1.5}}',
    ],
)
def test_a_key_is_found_however_it_is_spelled(log: Any, line: str) -> None:
    run = read(log(line), wanted(WantedMetric("loss", ("loss", "train/loss"))))
    assert cells(run, "loss") == [1.5]


def test_columns_are_handed_out_once() -> None:
    columns = Cells(lambda path: "c" if "c" in path else None)
    assert [columns.column(key, "DOUBLE") for key in ("a", "b", "a")] == ["c0", "c1", "c0"]
    assert columns.column("a", "VARCHAR") == "c2"
    assert [columns.column(key, "DOUBLE") for key in ("c", "x/c")] == [None, "c4"]
    assert columns.left_out == {"c"}
    assert columns.plan().columns == {
        "c0": "struct_extract(p0, 'a')",
        "c1": "struct_extract(p0, 'b')",
        "c2": "struct_extract(p1, 'a')",
        "c4": "struct_extract(p0, 'x/c')",
    }


# Real logs


@pytest.mark.parametrize(
    ("path", "facts"),
    [
        (
            "runs/kto/resume_healthy/training_metrics.jsonl",
            {
                "clock": "step",
                "rows": 200,
                "superseded": 36,
                "first_step": 1,
                "last_step": 200,
                "ended": True,
                "lines": 237,
            },
        ),
        (
            "runs/sft/sft_healthy_s0/log.jsonl",
            {"clock": "step", "rows": 48, "first_step": 5, "last_step": 240, "ended": True},
        ),
        ("runs/detr/sam_nan_epoch12/metrics.jsonl", {"clock": "epoch", "rows": 24, "last_epoch": 24, "ended": False}),
        ("logs/detr-moqixis/log.txt", {"clock": "epoch", "rows": 2, "superseded": 5, "last_epoch": 1}),
        ("logs/jsonl-slm-akaws/metrics.jsonl", {"rows": 388, "superseded": 10, "rewinds": 3, "last_step": 7760}),
        ("logs/coordexp-seed/control_smallfrac_logging.jsonl", {"clock": "step", "rows": 8, "total": 8, "ended": True}),
        ("logs/swift-deepclima/logging.jsonl", {"clock": "step", "last_step": 438, "total": 438, "ended": True}),
    ],
)
def test_real_logs(corpus: Any, path: str, facts: Mapping[str, Any]) -> None:
    found = read(str(corpus(path)), wanted()).facts
    assert {name: getattr(found, name) for name in facts} == facts
    assert found.malformed == 0


@pytest.mark.parametrize(
    ("path", "what"),
    [
        ("logs/cape-seed/results_console.txt", "console output"),
        ("runs/kto/resume_healthy/console.txt", "no line is a JSON object|JSON"),
    ],
)
def test_real_files_that_are_no_json_lines(corpus: Any, path: str, what: str) -> None:
    with pytest.raises(LogError, match=what):
        read(str(corpus(path)), wanted())
