# ruff: noqa: E501 - tables of whole command lines
"""What a shell offers when Tab is pressed, and the schemas that a command prints."""

from __future__ import annotations

import json
import os
import shlex
import shutil
import subprocess
import sys
from pathlib import Path
from unittest.mock import ANY

import pytest

from trainrules import cli
from trainrules.engine.shipped import shipped


def offered(line: str, place: Path) -> list[str]:
    """The words that bash would offer for the last word of a command line, each with its kind."""
    words = line.split(" ")
    done = subprocess.run(
        [sys.executable, "-m", "trainrules"],
        cwd=place,
        env={**os.environ, "_RULES_COMPLETE": "bash_complete", "COMP_WORDS": line, "COMP_CWORD": str(len(words) - 1)},
        capture_output=True,
        text=True,
        timeout=60,
    )
    assert done.stderr == ""
    return done.stdout.split()


@pytest.mark.parametrize(
    ("line", "expected"),
    [
        ("rules sho", ["plain,show"]),
        ("rules show kt", ["plain,kto"]),
        ("rules show mine", ["file,mine"]),
        ("rules eval --pack com", ["plain,common"]),
        ("rules eval --pack kto --variant ", ["plain,sparse"]),
        ("rules eval --pack kto --set margin_f", ["open,margin_floor="]),
        ("rules eval --pack kto --set kl_far.", ["open,kl_far.enabled=", "open,kl_far.severity="]),
        ("rules eval --pack alpha_lora --set next_phase.", ["open,next_phase.enabled="]),
        ("rules eval --pack kto --set kl_far.severity =", ["plain,info", "plain,warning", "plain,critical"]),
        ("rules eval --pack kto --set kl_far.severity = w", ["plain,warning"]),
        ("rules eval --pack kto --set kl_far.enabled = f", ["plain,false"]),
        ("rules eval --pack kto --set grad_norm_high = ", ["plain,50"]),
        ("rules eval --pack kto --set lr_configured = ", []),
        ("rules eval --pack = kt", ["plain,kto"]),
        ("rules eval --pack kto --set a = 1 --set margin_f", ["open,margin_floor="]),
        ("rules diff kto run.jsonl --set a = 1 --against --set margin_f", ["open,margin_floor="]),
        ("rules diff kto run.jsonl --against --variant ", ["plain,sparse"]),
        ("rules show kto --set margin_c", ["open,margin_clear="]),
        ("rules show kto --set kl_far.severity = w", ["plain,warning"]),
        ("rules show --set a = 1 kto --set b = 2 --set margin_c", ["open,margin_clear="]),
        ("rules show alpha_lora --variant ", ["plain,video", "plain,images", "plain,scheduler"]),
        ("rules show alpha_lora run.jsonl --set a = 1 --variant i", ["plain,images"]),
        ("rules sql kto run.jsonl --set margin_c", ["open,margin_clear="]),
        ("rules sql kto run.jsonl --set a = 1 --set b = 2 --set margin_c", ["open,margin_clear="]),
        ("rules sql kto run.jsonl --variant ", ["plain,sparse"]),
        ("rules sql auto run.jsonl --variant ", []),
        ("rules explain kto --set margin_c", ["open,margin_clear="]),
        ("rules explain kto kl_far --set a = 1 --set b = 2 --set margin_c", ["open,margin_clear="]),
        ("rules explain kto kl_far --variant ", ["plain,sparse"]),
        ("rules explain unused-window --variant ", []),
        ("rules diff kto run.jsonl --set margin_c", ["open,margin_clear="]),
        ("rules diff kto run.jsonl --set a = 1 --set b = 2 --set margin_c", ["open,margin_clear="]),
        ("rules diff kto run.jsonl --variant ", ["plain,sparse"]),
        ("rules show --set margin_c", []),
        ("rules show nothing --set a", []),
        ("rules eval kto --set margin_c", []),
        ("rules eval --format j", ["plain,json", "plain,jsonl", "plain,junit"]),
        ("rules eval --input-format j", ["plain,json_array", "plain,jsonl"]),
        ("rules diff --fo", ["plain,--format"]),
        ("rules explain unused-w", ["plain,unused-window"]),
        ("rules eval --set margin_f", []),
        ("rules eval --pack nothing --set a", []),
        ("rules eval run", ["file,run"]),
        ("rules explain kto margin_n", ["plain,margin_negative", "plain,margin_not_logged", "plain,margin_not_rising"]),
        ("rules schema re", ["plain,report", "plain,reports"]),
    ],
)
def test_a_shell_offers(line: str, expected: list[str], tmp_path: Path) -> None:
    assert offered(line, tmp_path) == expected


MINE = """
schema: 1
pack: mine
version: 0.1.0
title: Mine
extends: kto
variants:
  careful: {set: {margin_clear: default * 2}, help: As I like it.}
"""


@pytest.mark.parametrize("line", ["rules show mine.yaml", "rules sql ./mine.yaml run.jsonl", "rules explain mine.yaml kl_far", "rules diff ./mine.yaml run.jsonl", "rules diff mine.yaml run.jsonl --against", "rules eval run.jsonl --pack mine.yaml"])  # fmt: skip
def test_a_pack_may_be_a_file(line: str, tmp_path: Path) -> None:
    (tmp_path / "mine.yaml").write_text(MINE)
    assert offered(f"{line} --variant ", tmp_path) == ["plain,sparse", "plain,careful"]
    assert offered(f"{line} --set a = 1 --set margin_c", tmp_path) == ["open,margin_clear="]


@pytest.mark.parametrize(
    ("shell", "line", "current", "expected"),
    [
        ("zsh", "rules explain kto margin_n", "5", ["plain", "margin_negative", "rule", "plain", "margin_not_logged", "rule", "plain", "margin_not_rising", "rule"]),
        ("zsh", "rules eval --pack kto --set reward_st", "6", ["plain", "reward_still=", ANY]),
        ("zsh", "rules eval --pack kto --set kl_far.severity=w", "6", ["plain", "kl_far.severity=warning", "_"]),
        ("fish", "rules eval --pack kto --set reward_st", "reward_st", ["plain", "reward_still=", ANY]),
        ("fish", "rules eval --pack kto --variant s", "s", ["plain", "sparse"]),
        ("zsh", "rules show kto --set reward_st", "4", ["plain", "reward_still=", ANY]),
        ("zsh", "rules show kto --set=reward_st", "3", ["plain", "reward_still=", ANY]),
        ("fish", "rules sql kto run.jsonl --variant s", "s", ["plain", "sparse"]),
    ],
)  # fmt: skip
def test_other_shells_are_offered_the_same(
    tmp_path: Path, shell: str, line: str, current: str, expected: list[object]
) -> None:
    """zsh counts the word at the cursor, fish gives it."""
    place = str(len(line.split(" ")) - 1) if shell == "zsh" else current
    words = line if shell == "zsh" else line.rsplit(" ", 1)[0]
    done = subprocess.run(
        [sys.executable, "-m", "trainrules"],
        cwd=tmp_path,
        env={**os.environ, "_RULES_COMPLETE": f"{shell}_complete", "COMP_WORDS": words, "COMP_CWORD": place},
        capture_output=True,
        text=True,
        timeout=60,
    )
    assert done.stderr == ""
    assert [part for part in done.stdout.replace(",", "\n").replace("\t", "\n").split("\n") if part][
        : len(expected)
    ] == expected


@pytest.mark.parametrize("shell", ["bash", "zsh", "fish"])
def test_the_script_of_each_shell_is_printed(tmp_path: Path, shell: str) -> None:
    done = subprocess.run(
        [sys.executable, "-m", "trainrules"],
        cwd=tmp_path,
        env={**os.environ, "_RULES_COMPLETE": f"{shell}_source"},
        capture_output=True,
        text=True,
        timeout=60,
    )
    assert done.stderr == ""
    assert f"_RULES_COMPLETE={shell}_complete" in done.stdout


SESSION = """
rules() {{ {python} -m trainrules "$@"; }}
export -f rules
eval "$(_RULES_COMPLETE=bash_source rules)"
compopt() {{ options="$1 $2"; }}
COMP_WORDS=({words})
COMP_CWORD=$((${{#COMP_WORDS[@]}} - 1))
_rules_completion {command}
echo "${{COMPREPLY[@]}}|$options"
"""


@pytest.mark.skipif(shutil.which("bash") is None, reason="there is no bash")
@pytest.mark.parametrize(
    ("words", "reply"),
    [
        ("rules eval --pack kto --set margin_f", "margin_floor=|-o nospace"),
        ("rules eval --pack kto --set kl_far.severity = w", "warning|"),
        ("rules sho", "show|"),
        ("rules show mine", "|-o default"),
    ],
)
def test_bash_itself(tmp_path: Path, words: str, reply: str) -> None:
    command = tmp_path / "rules"
    command.write_text(f'#!/bin/sh\nexec {shlex.quote(sys.executable)} -m trainrules "$@"\n')
    command.chmod(0o755)
    script = SESSION.format(python=shlex.quote(sys.executable), words=words, command=shlex.quote(str(command)))
    done = subprocess.run(["bash", "--norc", "-c", script], cwd=tmp_path, capture_output=True, text=True, timeout=60)
    assert (done.stdout.strip(), done.stderr) == (reply, "")


@pytest.mark.parametrize(
    "line", ["rules eval --pack kto --set mar", "rules explain kto mar", "rules eval --input-format j"]
)
def test_completion_is_quick(line: str, tmp_path: Path) -> None:
    """Neither the database nor the schemas are imported for it."""
    code = "import sys; from trainrules.cli import main\ntry:\n    main()\nexcept SystemExit:\n    pass\nprint(*sys.modules, file=sys.stderr)"
    done = subprocess.run(
        [sys.executable, "-c", code],
        cwd=tmp_path,
        env={**os.environ, "_RULES_COMPLETE": "zsh_complete", "COMP_WORDS": line, "COMP_CWORD": str(line.count(" "))},
        capture_output=True,
        text=True,
        timeout=60,
        check=True,
    )
    assert done.stdout
    assert {"duckdb", "jsonschema", "numpy"} & set(done.stderr.split()) == set()


@pytest.mark.parametrize(
    ("line", "more"),
    [
        *((line, ["auto"]) for line in ("rules eval --pack ", "rules diff ", "rules sql ")),
        *((line, []) for line in ("rules explain ", "rules show ", "rules init --extends ")),
    ],
)
def test_all_packs_are_offered(line: str, more: list[str], tmp_path: Path) -> None:
    """And `auto` where a log is there to choose by."""
    assert offered(line, tmp_path) == [f"plain,{name}" for name in [*sorted(["common", *shipped()]), *more]]


@pytest.mark.parametrize("name", ["pack", "test", "overrides", "report", "reports", "diff"])
def test_a_schema_is_printed_as_it_ships(name: str, root: Path, capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as left:
        cli.main(["schema", name])
    out, err = capsys.readouterr()
    assert (left.value.code, err) == (0, "")
    assert out == (root / "schemas" / f"{name}.schema.json").read_text(encoding="utf-8")
    assert json.loads(out)["$schema"].startswith("http://json-schema.org/draft-07")


def test_every_schema_that_ships_can_be_printed(root: Path, capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as left:
        cli.main(["schema", "pakc"])
    assert left.value.code == 2
    told = capsys.readouterr().err
    names = [path.name.removesuffix(".schema.json") for path in (root / "schemas").glob("*.schema.json")]
    assert len(names) == 7
    assert all(f"'{name}'" in told for name in names)
