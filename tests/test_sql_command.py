"""`rules sql`: the statements that judging a log runs, as a script that runs and says what its columns are."""

from __future__ import annotations

import json
import math
import re
import shutil
from collections.abc import Callable
from pathlib import Path

import duckdb
import pytest
from hypothesis import given
from hypothesis import strategies as st

from trainrules import cli, evaluate
from trainrules.engine.compile.ir import Clock, Const, Kernel, Op, Raw, Span
from trainrules.engine.compile.told import told
from trainrules.engine.readers.connection import connect
from trainrules.engine.render.sqlpage import render_trace, trace_json
from trainrules.engine.render.sqltext import filled, laid_out, visible, words
from trainrules.engine.tracing import Trace, trace

EXAMPLES = Path(__file__).resolve().parents[1] / "examples"
PACK = """\
schema: 1
pack: small
version: 1.0.0
title: A small pack
clock: {step: [step]}
metrics:
  loss: {keys: [loss, "train/loss"], required: true}
  gap: {expr: "loss - lowest(loss)"}
rules:
  high:
    title: Loss is high
    cause: info
    until: loss < 1
    for: 2 points
    levels:
      - {severity: info, when: "mean(loss, '3 points') > 2"}
      - {severity: warning, when: "mean(gap, '3 points') > 3"}
"""

FORMAT = """\
formats:
  plain:
    lines: [{match: '^step (?P<step>[0-9]+) loss=(?P<loss>[0-9.]+)', values: {step: "{step}", loss: "{loss}"}}]
"""

Rules = Callable[..., tuple[int, str, str]]


@pytest.fixture
def rules(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Rules:
    """Runs a command in a folder with a pack and a log."""
    (tmp_path / "small.yaml").write_text(PACK, encoding="utf-8")
    (tmp_path / "run.jsonl").write_text(log(12), encoding="utf-8")
    monkeypatch.chdir(tmp_path)

    def run(*arguments: str) -> tuple[int, str, str]:
        with pytest.raises(SystemExit) as left:
            cli.main(arguments)
        out, err = capsys.readouterr()
        assert isinstance(left.value.code, int)
        return left.value.code, out, err

    return run


def log(rows: int, key: str = "loss") -> str:
    return "".join(json.dumps({"step": step, key: 2 + math.sin(step)}) + "\n" for step in range(rows))


def executed(script: str) -> duckdb.DuckDBPyConnection:
    """A database in which a script was run, as it stands."""
    con = duckdb.connect()
    con.execute(script)
    return con


COMMENTS = """\
-- The SQL by which pack small 1.0.0 judges run.jsonl (12 rows), in the order in
-- which it is run.
-- It can be pasted into the duckdb shell, in the folder in which this was asked
-- for. There it differs from 'rules eval' in this: no setting keeps the
-- statements from other files, from the network and from more memory;
-- statements of one level run one after another; and what SELECT gives is
-- printed, where the tool goes on with it: it follows each condition through
-- the run (onset, duration, until) and makes the plan in Python.
-- 1. Reading the log
-- The table 'run' has a row for each row of the log; m0 is loss.
-- 2. The run at a glance
-- 3. Windows, level 1
-- k0: mean(loss, the last 3 points, at least 3 points), over frames [high]
-- k1: lowest(loss), as it streams [high]
-- 4. Windows, level 2: over those of level 1
-- k2: mean(loss - lowest(loss), the last 3 points, at least 3 points), over
--     frames [high]
-- 5. Conditions (o) and the values (v) compared
-- o0: when of high (info)
-- o1: until of high (info); until of high (warning)
-- o2: when of high (warning)
-- 6. When each condition held
-- 7. Numbers of what was found, and of near misses
"""


def test_the_script_of_a_short_run(rules: Rules) -> None:
    code, out, err = rules("sql", "small.yaml", "run.jsonl")
    assert (code, err) == (0, "")
    assert max(map(len, out.splitlines())) <= 80
    assert "".join(f"{line}\n" for line in out.splitlines() if line.startswith("--")) == COMMENTS
    assert "\nFROM run\n" in out
    assert rules("sql", "small.yaml", "run.jsonl")[1] == out


def test_the_data_has_the_same_statements(rules: Rules) -> None:
    code, out, err = rules("sql", "small.yaml", "run.jsonl", "--format", "json")
    assert (code, err) == (0, "")
    data = json.loads(out)
    assert (data["schema"], data["pack"], data["log"], data["rows"]) == ("trainrules/sql/1", "small", "run.jsonl", 12)
    assert data["columns"] == {"m0": {"metric": "loss", "key": "loss"}}
    assert [chapter["title"] for chapter in data["chapters"]] == [
        "Reading the log",
        "The run at a glance",
        "Windows, level 1",
        "Windows, level 2: over those of level 1",
        "Conditions (o) and the values (v) compared",
        "When each condition held",
        "Numbers of what was found, and of near misses",
    ]
    script = rules("sql", "small.yaml", "run.jsonl")[1]
    bare = " ".join(line for line in script.splitlines() if not line.startswith("--"))
    statements = [statement["sql"] for chapter in data["chapters"] for statement in chapter["statements"]]
    assert words(bare)[words(bare).index("CREATE") :] == [
        word for statement in statements for word in [*words(statement), ";"]
    ]


@pytest.mark.parametrize("name", ["kto_healthy", "kto_hidden_nan", "kto_flipped_labels"])
def test_the_script_of_an_example_runs_and_finds_what_eval_finds(
    name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(EXAMPLES)
    found = trace(f"{name}/training_metrics.jsonl", pack="kto")
    con = executed(render_trace(found))
    (legend,) = (
        dict(statement.legend)
        for chapter in found.chapters
        for statement in chapter.statements
        if statement.sql.startswith("CREATE TABLE judged")
    )
    firing = {finding.rule for finding in evaluate(f"{name}/training_metrics.jsonl", pack="kto").findings}
    held = {
        match[1]
        for column, meaning in legend.items()
        if column.startswith("o") and con.execute(f"SELECT bool_or({column}) FROM judged").fetchone() == (True,)
        for match in re.finditer(r"when of (\w+) \(", meaning)
    }
    assert bool(firing) is (name != "kto_healthy")
    assert firing <= held


@pytest.mark.parametrize("rows", [1, 3, 25_000])
def test_the_script_of_a_run_of_any_length_runs(rules: Rules, tmp_path: Path, rows: int) -> None:
    (tmp_path / "run.jsonl").write_text(log(rows), encoding="utf-8")
    out = rules("sql", "small.yaml", "run.jsonl")[1]
    assert executed(out).execute("SELECT count(*) FROM run").fetchone() == (rows,)
    way = "by doubling" if rows > 4_000 else "over frames"
    assert f"-- k0: mean(loss, the last 3 points, at least 3 points), {way} [high]" in out.replace("\n--     ", " ")
    assert "when of high (info)" in out


def test_every_pass_over_a_long_run_says_what_its_columns_are(rules: Rules, tmp_path: Path) -> None:
    (tmp_path / "run.jsonl").write_text(log(25_000), encoding="utf-8")
    found = trace("run.jsonl", pack="small.yaml")
    (chapter,) = (each for each in found.chapters if each.title == "When each condition held")
    legends = [dict(statement.legend) for statement in chapter.statements if statement.legend]
    assert [legend["o0"] for legend in legends][:2] == ["when of high (info)", "when of high (warning)"]


@pytest.mark.parametrize(
    "name",
    ["o'clock.jsonl", "a b.jsonl", "star*.jsonl", "\u00fcber.jsonl", "bell\x07.jsonl"],
)
def test_the_name_of_the_log_is_a_literal(rules: Rules, tmp_path: Path, name: str) -> None:
    (tmp_path / "run.jsonl").rename(tmp_path / name)
    code, out, _ = rules("sql", "small.yaml", name)
    assert code == 0
    assert "\x07" not in out
    assert str(tmp_path) not in out
    if "*" not in name:
        assert executed(out).execute("SELECT count(*) FROM run").fetchone() == (12,)


def test_what_the_reader_mends_is_shown_as_the_log_itself(rules: Rules, tmp_path: Path) -> None:
    (tmp_path / "run.jsonl").write_text(log(12).replace("\n", "\r\n\r\n"), encoding="utf-8", newline="")
    out = rules("sql", "small.yaml", "run.jsonl")[1]
    assert "trainrules-" not in out
    assert "'run.jsonl'" in out
    assert "a copy" in out


def test_console_output_is_read_from_the_lines_it_tells(rules: Rules, tmp_path: Path) -> None:
    (tmp_path / "small.yaml").write_text(PACK + FORMAT, encoding="utf-8")
    (tmp_path / "run.txt").write_text("".join(f"step {step} loss={step / 2}\n" for step in range(9)), encoding="utf-8")
    out = rules("sql", "small.yaml", "run.txt")[1]
    assert "judges run.txt (9 rows)" in out
    assert "the script writes run.txt.told.jsonl, which can be removed" in out.replace("\n-- ", " ")
    assert out.index("'run.txt',") < out.index("TO 'run.txt.told.jsonl'") < out.index("CREATE TABLE run AS")
    assert executed(out).execute("SELECT step, m0 FROM run").fetchall() == [(step, step / 2) for step in range(9)]
    assert "trainrules-" not in out
    assert "The tool reads a copy of this log" in out
    assert "regexp_matches('', " not in out


def test_keys_of_a_log_cannot_leave_their_quotes(rules: Rules, tmp_path: Path) -> None:
    key = "it's \x1b[31m ; DROP TABLE run; --"
    (tmp_path / "run.jsonl").write_text(log(12, key), encoding="utf-8")
    (tmp_path / "small.yaml").write_text(PACK.replace('"train/loss"', json.dumps(key)), encoding="utf-8")
    out = rules("sql", "small.yaml", "run.jsonl")[1]
    assert "\x1b" not in out
    assert executed(out).execute("SELECT count(m0) FROM run").fetchone() == (12,)


def test_a_pack_is_chosen_and_settings_are_heeded(rules: Rules, tmp_path: Path) -> None:
    shutil.copy(EXAMPLES / "kto_healthy" / "training_metrics.jsonl", tmp_path / "kto.jsonl")
    out = rules("sql", "auto", "kto.jsonl", "--set", "grad_norm_high=51.25")[1]
    assert "by which pack kto 1.0.0 judges kto.jsonl (145 rows)" in out
    assert "51.25" in out
    assert "kl_near_zero" in out


@pytest.mark.parametrize(
    ("arguments", "code", "err"),
    [
        (("small.yaml", "nowhere.jsonl"), 3, "nowhere.jsonl: there is no such file; check the path to the log\n"),
        (("smal.yaml", "run.jsonl"), 2, "smal.yaml: file does not exist; did you mean 'small.yaml'?\n"),
        (("small.yaml", "run.jsonl", "--set", "a=1"), 2, "--set: unknown param 'a'; take it out: this pack has none\n"),
        (("small.yaml",), 2, "rules sql: missing argument 'LOG'; see 'rules sql --help'\n"),
    ],
)
def test_what_is_wrong_is_told(rules: Rules, arguments: tuple[str, ...], code: int, err: str) -> None:
    assert rules("sql", *arguments) == (code, "", err)


def test_nothing_is_recorded_where_nobody_asked(rules: Rules) -> None:
    trace("run.jsonl", pack="small.yaml")
    con = connect()
    assert type(con) is duckdb.DuckDBPyConnection
    con.close()


# The layout of SQL


@pytest.mark.parametrize(
    ("sql", "width", "lines"),
    [
        ("SELECT 1", 80, ["SELECT 1"]),
        ("SELECT a, b FROM t WHERE c", 20, ["SELECT a, b", "FROM t", "WHERE c"]),
        (
            "SELECT alpha, max(CASE WHEN beta THEN gamma END) AS d FROM (SELECT * FROM t) GROUP BY alpha",
            30,
            [
                "SELECT",
                "  alpha,",
                "  max(",
                "    CASE",
                "      WHEN beta THEN gamma",
                "      END",
                "  ) AS d",
                "FROM (SELECT * FROM t)",
                "GROUP BY alpha",
            ],
        ),
        ("SELECT ' a,  (b '' FROM ' FROM t", 12, ["SELECT", "  ' a,  (b '' FROM '", "FROM t"]),
        (
            "SELECT a0, a1, a2, a3, a4, a5, a6, a7, a8, a9, b0, b1, b2 FROM t",
            30,
            ["SELECT", "  a0, a1, a2, a3, a4, a5, a6,", "  a7, a8, a9, b0, b1, b2", "FROM t"],
        ),
        (
            "CREATE TABLE x AS SELECT * FROM a ASOF LEFT JOIN b ON a.i = b.i WHERE c",
            40,
            ["CREATE TABLE x AS", "SELECT *", "FROM a", "ASOF LEFT JOIN b ON a.i = b.i", "WHERE c"],
        ),
    ],
)
def test_layout(sql: str, width: int, lines: list[str]) -> None:
    assert laid_out(sql, width).splitlines() == lines


PIECES = st.sampled_from(
    ["SELECT", "FROM", "WHERE", "CASE", "WHEN", "THEN", "END", "AND", "a", "b1", ",", "+", "'x, (y'", "1.5e-3", "<="]
)
NESTED = st.recursive(
    st.lists(PIECES, min_size=1, max_size=8).map(" ".join),
    lambda inner: st.tuples(inner, st.sampled_from(["f({})", "({})", "[{}]", "x, ({}) AND y"])).map(
        lambda pair: pair[1].format(pair[0])
    ),
    max_leaves=12,
)


@given(sql=NESTED, width=st.integers(1, 60))
def test_layout_changes_no_token(sql: str, width: int) -> None:
    assert words(laid_out(sql, width)) == words(sql)


@pytest.mark.parametrize(
    ("sql", "parameters", "result"),
    [
        ("SELECT ?, '?', ?", ["1", "'a?'"], "SELECT 1, '?', 'a?'"),
        ("SELECT $2, '$1', $1", ["1", "[2, 3]"], "SELECT [2, 3], '$1', 1"),
        ("SELECT 1", [], "SELECT 1"),
    ],
)
def test_parameters_are_filled_in(sql: str, parameters: list[str], result: str) -> None:
    assert filled(sql, parameters) == result


@pytest.mark.parametrize(
    ("sql", "result"),
    [
        ("SELECT 'a', ''", "SELECT 'a', ''"),
        ("f('\x1f', 'a\tb''c')", "f(chr(31), 'a' || chr(9) || 'b''c')"),
        ("f('\u202e')", "f(chr(8238))"),
    ],
)
def test_characters_that_cannot_be_seen_are_spelled_out(sql: str, result: str) -> None:
    assert visible(sql) == result


LOSS = Raw("m0", "loss")


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (Const(0.5), "0.5"),
        (Const(None), "unknown"),
        (Const(True), "true"),
        (Const("main"), "'main'"),
        (Op("+", (LOSS, Op("*", (LOSS, Const(2.0))))), "loss + (loss * 2)"),
        (Op("where", (Op(">", (Clock("tick"), Const(10.0))), LOSS)), "loss where (tick > 10)"),
        (Op("default", (LOSS, Const(0.0))), "default(loss, 0)"),
        (Kernel("mean", LOSS, Span(30.0, "steps", 3)), "mean(loss, the last 30 steps, at least 3 points)"),
        (Kernel("std", LOSS, Span(0.0, "all", 20), lag=2), "std(loss, the run so far, at least 20 points, lag=2)"),
        (Kernel("shift", LOSS, k=4), "shift(loss, k=4)"),
        (Kernel("reached", LOSS, q=5.0, unit="epoch"), "reached(loss, at=5 epoch)"),
    ],
)
def test_a_value_in_words(value: Const | Op | Kernel, text: str) -> None:
    assert told(value) == text


def test_a_long_value_is_cut() -> None:
    long = Op("+", (LOSS,) * 100)
    assert len(told(long)) == 160
    assert told(long).endswith("…")


def test_an_empty_trace_is_an_empty_script() -> None:
    empty = Trace("run.jsonl")
    assert trace_json(empty)["chapters"] == []
