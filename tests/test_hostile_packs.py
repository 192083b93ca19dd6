"""Packs that try to read, write or reach out: through every function of DuckDB, and through every text of a pack."""

from __future__ import annotations

import json
import os
import re
import shlex
import subprocess
from collections.abc import Iterator
from pathlib import Path

import duckdb
import pytest

from trainrules import LogError, PackError, TrainrulesError, evaluate
from trainrules.engine.database import IS_DUCKDB_1
from trainrules.engine.errors import ExpressionError, Position
from trainrules.engine.pack import Clock, KeyPattern
from trainrules.engine.parser import parse
from trainrules.engine.readers import spill
from trainrules.engine.readers.connection import closed
from trainrules.engine.readers.model import Wanted, WantedMetric
from trainrules.engine.readers.reading import read

SECRET = "0b5c7e-not-for-packs"
ROWS = "".join(f'{{"step": {n}, "loss": {n}, "phase": "main", "rank": 0}}\n' for n in range(1, 21))
AT = Position("pack.yaml", 1, 1)


@pytest.fixture(scope="module")
def place(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with a log, and with secrets of every kind that DuckDB can read."""
    place = tmp_path_factory.mktemp("place")
    (place / "run.jsonl").write_text(ROWS)
    (place / "secret.txt").write_text(SECRET)
    (place / "secret.csv").write_text(f"a,b\n{SECRET},1\n")
    (place / "secret.json").write_text(f'{{"a": "{SECRET}"}}')
    (place / "secret.sql").write_text(f"SELECT '{SECRET}'")
    with duckdb.connect(str(place / "secret.db")) as con:
        con.execute(f"CREATE TABLE t AS SELECT '{SECRET}' AS a")
        con.execute(f"COPY t TO '{place}/secret.parquet'")
    return place


@pytest.fixture(scope="module")
def locked(place: Path) -> Iterator[duckdb.DuckDBPyConnection]:
    """The connection on which a pack is judged."""
    os.environ["TRAINRULES_SECRET"] = SECRET
    wanted = Wanted(Clock(step=(KeyPattern("step"),)), (WantedMetric("loss", ("loss",)),))
    con = read(str(place / "run.jsonl"), wanted).con
    yield con
    con.close()
    del os.environ["TRAINRULES_SECRET"]


@pytest.fixture
def untouched(place: Path) -> Iterator[None]:
    """Holds that nothing was written: beside the log, or where the command was given."""
    before = sorted(place.iterdir()), sorted(Path.cwd().iterdir())
    yield
    assert (sorted(place.iterdir()), sorted(Path.cwd().iterdir())) == before


def answer(con: duckdb.DuckDBPyConnection, statement: str) -> str:
    """What a statement gives, or the error that it is."""
    try:
        return str(con.execute(statement).fetchall())
    except Exception as error:
        return f"{type(error).__name__}: {error}"


# The locked connection


def test_no_function_of_duckdb_reads_or_writes(place: Path, locked: duckdb.DuckDBPyConnection, untouched: None) -> None:
    asked = (
        "SELECT DISTINCT function_name, function_type FROM duckdb_functions() WHERE regexp_full_match(function_name,"
        " '\\w+') AND (function_type IN ('table', 'table_macro', 'pragma') OR parameter_types[1] = 'VARCHAR')"
    )
    found = duckdb.connect().execute(asked).fetchall()
    tables = sorted(name for name, kind in found if kind != "scalar")
    assert {"read_csv", "read_text", "read_blob", "read_parquet", "read_json", "glob", "sniff_csv", "query"} <= {
        *tables
    }
    statements = [f"SELECT {name}('{place}/secret.txt')" for name, kind in found if kind == "scalar"]
    reading = [name for name in tables if re.search("read|scan|parquet|csv|json|glob|query|file|copy|import", name)]
    statements += [f"FROM {name}('{place}/secret.csv')" for name in tables]
    for end in ("secret.txt", "secret.json", "secret.parquet", "secret.db", "*", "new"):
        statements += [f"FROM {name}('{place}/{end}')" for name in reading]
    statements += [f"PRAGMA {name}('{place}/secret.sql')" for name, kind in found if kind == "pragma"]
    told = {statement: answer(locked, statement) for statement in statements}
    assert {statement: each for statement, each in told.items() if SECRET in each} == {}
    assert [statement for statement, each in told.items() if "/*'" in statement and "secret.csv" in each] == []


STATEMENTS = (
    "SELECT getenv('TRAINRULES_SECRET')",
    "SELECT * FROM '{place}/secret.csv'",
    "SELECT * FROM '{place}/secret.parquet'",
    "SELECT * FROM query('SELECT * FROM read_text(''{place}/secret.txt'')')",
    "SELECT * FROM query_table('{place}/secret.csv')",
    "SELECT * FROM read_csv('/dev/stdin')",
    "SELECT * FROM read_text('/etc/passwd')",
    "SELECT * FROM read_text('/proc/self/environ')",
    "SELECT * FROM read_csv('https://example.com/x.csv')",
    "SELECT * FROM read_csv('s3://bucket/x.csv')",
    "SELECT * FROM SECRET",
    "SELECT json_execute_serialized_sql(json_serialize_sql('SELECT * FROM read_text(''{place}/secret.txt'')'))",
    "FROM json_execute_serialized_sql(json_serialize_sql('FROM read_text(''{place}/secret.txt'')'))",
    "CREATE TABLE c AS FROM read_csv('{place}/secret.csv')",
    "COPY run TO '{place}/out.csv'",
    "COPY run TO '{place}/out.parquet'",
    "COPY (SELECT 1) TO '/dev/stderr'",
    "COPY run FROM '{place}/secret.csv'",
    "EXPORT DATABASE '{place}/exported'",
    "IMPORT DATABASE '{place}'",
    "ATTACH '{place}/secret.db' AS other",
    "ATTACH '{place}/new.db'",
    "INSTALL httpfs",
    "LOAD httpfs",
    "LOAD '{place}/secret.db'",
    "FORCE INSTALL sqlite FROM community",
    "CREATE SECRET s (TYPE s3)",
    "CREATE PERSISTENT SECRET s (TYPE http)",
    "SET enable_external_access = true",
    "SET lock_configuration = false",
    "SET temp_directory = '{place}/temp'",
    "SET extension_directory = '{place}'",
    "SET allowed_paths = ['{place}/secret.txt']",
    "SET allowed_directories = ['{place}']",
    "SET home_directory = '{place}'",
    "SET custom_extension_repository = 'http://example.com'",
    "SET allow_unsigned_extensions = true",
    "SET log_query_path = '{place}/queries'",
    "SET profiling_output = '{place}/profile'",
    "RESET enable_external_access",
    "PRAGMA profiling_output = '{place}/profile'",
    "PRAGMA enable_external_access = true",
    # DuckDB 1 writes nothing either, but gives up the whole database and ends the process.
    *([] if IS_DUCKDB_1 else ["CALL enable_logging(storage = 'file', storage_path = '{place}/logs')"]),
)


@pytest.mark.parametrize("statement", STATEMENTS)
def test_no_statement_reads_or_writes(
    place: Path, locked: duckdb.DuckDBPyConnection, untouched: None, statement: str
) -> None:
    found = answer(locked, statement.replace("{place}", str(place)))
    assert "Exception" in found.partition(":")[0] or found.startswith("Error:"), found
    assert SECRET not in found
    assert answer(locked, "SELECT current_setting('enable_external_access')") == "[(False,)]"


def test_variables_of_python_are_no_tables(locked: duckdb.DuckDBPyConnection) -> None:
    secret_rows = duckdb.connect().execute(f"SELECT '{SECRET}' AS a").fetchall()
    assert "does not exist" in answer(locked, "SELECT * FROM secret_rows")
    assert secret_rows == [(SECRET,)]


def test_a_long_log_opens_its_own_folder_alone(place: Path, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setattr(spill, "LONG", 1)
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path))
    wanted = Wanted(Clock(step=(KeyPattern("step"),)), (WantedMetric("loss", ("loss",)),))
    con = read(str(place / "run.jsonl"), wanted).con
    (folder,) = tmp_path.iterdir()
    assert folder.stat().st_mode & 0o777 == 0o700
    for name in ("secret.txt", "secret.csv", "secret.parquet"):
        assert "Permission" in answer(con, f"SELECT * FROM read_text('{place}/{name}')")
    for beside in (f"{folder}/../out.csv", f"{tmp_path}/out.csv", f"{place}/out.csv"):
        assert "Permission" in answer(con, f"COPY run TO '{beside}'"), beside
    assert "Permission" in answer(con, f"SELECT * FROM read_text('{folder}/../../{place.name}/secret.txt')")
    closed(con)
    assert not list(tmp_path.iterdir())


# Expressions


def test_no_function_of_duckdb_is_in_the_language() -> None:
    rows = (
        duckdb.connect()
        .execute(
            "SELECT DISTINCT function_name FROM duckdb_functions() WHERE regexp_full_match(function_name, '\\w+') AND"
            " (function_type IN ('table', 'pragma', 'table_macro') OR regexp_matches(function_name,"
            " 'file|read|write|path|env|secret|query|sql|setting|glob|load|copy|nextval|sleep|variable'))"
        )
        .fetchall()
    )
    names = sorted({name for (name,) in rows} | {"getenv", "__import__", "eval", "exec", "open", "system"})
    assert len(names) > 100
    for name in names:
        with pytest.raises(ExpressionError, match=r"unknown function|not in the language|not part of"):
            parse(f"{name}('/etc/passwd') > 0", AT)


INJECTIONS = (
    "'); COPY run TO '{place}/out.csv' --",
    "' OR 1=1 --",
    "\"; ATTACH '{place}/new.db'; --",
    "$$; INSTALL httpfs; $$",
    "/* */ UNION SELECT content FROM read_text('{place}/secret.txt')",
    "\\'; DROP TABLE run; --",
    "\\",
    "'",
    "''",
    "?",
    "$1",
    ":x",
    "{{place}}",
    "%s",
    "\u2019; DROP TABLE run; --",
)
HEAD = """
schema: 1
pack: p
version: 1.0.0
title: P
clock: {step: [step]}
metrics:
  loss: {keys: [loss], better: lower}
  phase: {keys: [phase], type: text}
"""


def quoted(text: str) -> str:
    """A text as YAML."""
    return "'" + text.replace("'", "''") + "'"


def judge(place: Path, tmp_path: Path, body: str) -> str:
    """The verdict of a pack on the log, or why it is refused."""
    (tmp_path / "pack.yaml").write_text(HEAD + body, encoding="utf-8")
    try:
        return evaluate(place / "run.jsonl", pack=tmp_path / "pack.yaml").verdict
    except (PackError, LogError) as error:
        return f"refused: {error}"


WHEN = "rules: {r: {title: R, cause: info, severity: info, when: WHEN}}\n"


def rule(id: str, when: str, message: str = "m") -> str:
    return f"  {id}: {{title: {id}, cause: info, severity: info, when: {quoted(when)}, message: {quoted(message)}}}\n"


def test_texts_of_a_pack_are_texts(place: Path, untouched: None, tmp_path: Path) -> None:
    texts = [each.replace("{place}", str(place)) for each in INJECTIONS]
    metrics = "".join(f"  odd{n}: {{keys: [{quoted(text)}]}}\n" for n, text in enumerate(texts))
    labels = "".join(f"  label{n}: [{quoted(text)}, rank]\n" for n, text in enumerate(texts))
    rules = ""
    for n, text in enumerate(texts):
        literal = "'" + text.replace("\\", "\\\\").replace("'", "\\'") + "'"
        told = text.replace("{", "{{").replace("}", "}}")
        rules += rule(f"is{n}", f"phase == {literal}", f"{told} {{loss:g}}")
        rules += rule(f"among{n}", f"phase in [{literal}, 'x']") + rule(f"odd{n}_high", f"odd{n} > 1 or loss > 0")
    summary = ", ".join(map(quoted, texts))
    body = f"{metrics}labels:\n{labels}summary: [{summary}]\nrules:\n{rules}"
    rows = [{"step": n, "loss": n, **dict.fromkeys(texts, n)} for n in range(1, 10)]
    rows += [{"step": n + 10, "phase": text, "loss": 1} for n, text in enumerate(texts)]
    (tmp_path / "pack.yaml").write_text(HEAD + body, encoding="utf-8")
    (tmp_path / "run.jsonl").write_text("".join(json.dumps(row) + "\n" for row in rows))
    report = evaluate(tmp_path / "run.jsonl", pack=tmp_path / "pack.yaml")
    fired = {finding.rule for finding in report.findings}
    for n, text in enumerate(texts):
        assert {f"is{n}", f"among{n}", f"odd{n}_high"} <= fired, text
    told = {finding.rule: finding.message for finding in report.findings}
    assert told["is0"].startswith(texts[0])
    assert SECRET not in str(report)


def test_patterns_and_templates_of_a_pack_are_texts(place: Path, untouched: None, tmp_path: Path) -> None:
    texts = [each.replace("{place}", str(place)) for each in INJECTIONS]
    lines, log = [], ""
    for n, text in enumerate(texts):
        plain = text.replace("{", "{{").replace("}", "}}")
        escaped = "".join(f"\\{sign}" if sign.isascii() and not sign.isalnum() else sign for sign in text)
        match = quoted(f"^E{n} (?P<n>[0-9]+){escaped}$")
        lines.append(
            f"{{match: {match}, values: {{loss: '{{n}}', step: '{n}', {quoted(f'{plain} x')}: {quoted(plain)}}}}}"
        )
        log += f"E{n} {n + 5}{text}\n"
    (tmp_path / "run.log").write_text(log, encoding="utf-8")
    body = "formats: {f: {lines: [" + ", ".join(lines) + "]}}\nrules:\n" + rule("high", "loss > 1")
    (tmp_path / "pack.yaml").write_text(HEAD + body, encoding="utf-8")
    report = evaluate(tmp_path / "run.log", pack=tmp_path / "pack.yaml")
    assert (report.log.format, report.log.rows) == ("console", len(texts))
    assert [finding.rule for finding in report.findings] == ["high"]
    patterns = ", ".join(f"{{key: step, pattern: {quoted(re.escape(text) + '(.*)')}}}" for text in texts)
    clock = HEAD.replace("clock: {step: [step]}", f"clock: {{step: [{patterns}]}}")
    (tmp_path / "clock.yaml").write_text(clock + "rules:\n" + rule("high", "loss > 1"), encoding="utf-8")
    assert evaluate(place / "run.jsonl", pack=tmp_path / "clock.yaml").log.clock == "row"


@pytest.mark.parametrize(
    "name",
    ["x'; DROP TABLE run", "../../etc/passwd", "a/b", "x y", "", "run", "raw", "__class__", "a.b", "\x1b[2J", "é"],
)
def test_ids_of_a_pack_are_names(place: Path, untouched: None, tmp_path: Path, name: str) -> None:
    metric = f"  {json.dumps(name)}: {{keys: [loss2]}}\n" + WHEN.replace("WHEN", "loss > 1")
    verdict = judge(place, tmp_path, metric)
    assert verdict == "healthy" if name in ("run", "raw") else verdict.startswith("refused"), verdict


@pytest.mark.parametrize(
    "name",
    ["../../../etc/passwd", "/etc/passwd", "kto/../../x", "kto\0", "x' OR 1=1", "$(touch canary)", "*", "kt?", ""],
)
def test_a_pack_of_any_name_is_no_pack(place: Path, untouched: None, name: str) -> None:
    with pytest.raises(TrainrulesError) as caught:
        evaluate(place / "run.jsonl", pack=name)
    assert "root:" not in str(caught.value)


@pytest.mark.parametrize(
    "parent",
    ["/etc/passwd", "../../../../../../etc/passwd", "/dev/zero", "secret.txt", "https://example.com/pack.yaml"],
)
def test_a_parent_tells_nothing_of_a_file_that_is_no_pack(
    place: Path, untouched: None, tmp_path: Path, parent: str
) -> None:
    (tmp_path / "secret.txt").write_text(SECRET)
    verdict = judge(place, tmp_path, f"extends: {parent}\n" + WHEN.replace("WHEN", "loss > 1"))
    assert verdict.startswith("refused: ")
    assert SECRET not in verdict
    assert "root:" not in verdict


# Commands

NAMES = (
    "checkpoint-$(touch canary)-step-5",
    "checkpoint-`touch canary`-step-5",
    "checkpoint-; touch canary; step-5",
    "checkpoint-' ; touch canary ; 'step-5",
    'checkpoint-" ; touch canary ; "step-5',
    "checkpoint-\ntouch canary\nstep-5",
    "checkpoint-&& touch canary #step-5",
    "checkpoint-\\'; touch canary #step-5",
    "-rf step-5",
    "~ step-5",
    "{checkpoint} step-5",
)
COMMANDS = """
checkpoints: {glob: ["*"], step: '(\\d+)$'}
actions:
  revert: {rank: 80, title: Go back, target: checkpoint, command: resume}
commands: {resume: "printf %s {checkpoint} {log}"}
rules:
  bad: {title: Bad, cause: diverging, severity: critical, when: loss > 9, actions: [revert]}
"""


@pytest.mark.parametrize("name", NAMES, ids=ascii)
def test_what_a_command_names_is_quoted_for_a_shell(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, name: str) -> None:
    for odd in (tmp_path / "run", tmp_path / "run" / name, tmp_path / "elsewhere"):
        odd.mkdir()
    (tmp_path / "run" / f"{name}.jsonl").write_text(ROWS)
    (tmp_path / "pack.yaml").write_text(HEAD + COMMANDS)
    monkeypatch.chdir(tmp_path / "run")
    report = evaluate(f"{name}.jsonl", pack=tmp_path / "pack.yaml")
    (step,) = [each for each in report.plan if each.action == "revert"]
    assert step.command
    _, form, checkpoint, log = shlex.split(step.command)
    assert (form, log) == ("%s", f"{name}.jsonl")
    assert checkpoint == name
    done = subprocess.run(["sh", "-c", step.command], cwd=tmp_path / "elsewhere", capture_output=True, check=True)
    assert done.stdout == f"{name}{name}.jsonl".encode()
    assert not list(tmp_path.rglob("canary"))
