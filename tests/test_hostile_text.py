"""Control characters, HTML and workflow commands in keys, texts, names and packs: in every output there is."""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from pathlib import Path

import pytest

from trainrules import cli

NASTY = (
    "\x1b[2J\x1b[31mred",
    "\x1b]0;title\x07",
    "\x9b31m",
    "\r\nFAKE  healthy",
    "\b\b\b\x7f",
    "\u202egnirts\u2066",
    "\u200bzero\ufeff",
    "\u2028line",
    "<script>alert(1)</script>",
    "<img src=x onerror=alert(1)>",
    "::error file=x,line=1::made up",
    "::set-output name=x::y",
    "%0A::warning::made up",
    "| a | b |",
    "[link](javascript:alert(1))",
    "`code` *bold* _it_",
    "\ud800",
    "\U000e0041tag",
    "\x00nul",
)
ALL = " ".join(NASTY)
LOGS = ("run.jsonl", "\x1b[31m<script>.jsonl", "::error::.jsonl", "none\x1b[0m.jsonl")
BAD = re.compile(
    "[\\x00-\\x09\\x0b-\\x1f\\x7f-\\x9f\\u200b-\\u200f\\u2028-\\u202e\\u2066-\\u2069\\ufeff"
    "\\ud800-\\udfff\\U000e0000-\\U000e007f]"
)
Command = Callable[..., tuple[int, str, str]]


def clean(text: str, *, literal: str = "") -> None:
    """No character that a terminal obeys, none that turns or hides text, no line that a workflow obeys."""
    found = BAD.search(text)
    assert found is None, ascii(text[max(0, found.start() - 60) : found.end() + 20])
    assert not any(line.lstrip().startswith("::") for line in text.splitlines()), text
    assert "Traceback" not in text
    assert "internal error" not in text


def quoted(text: str) -> str:
    """A text as YAML, all that is odd in it escaped."""
    plain = {sign for sign in text if sign.isascii() and sign.isprintable() and sign not in '"\\'}
    return '"' + "".join(sign if sign in plain else f"\\U{ord(sign):08x}" for sign in text) + '"'


def rows() -> str:
    whole = ALL.replace("\ud800", "")
    told = {whole: 1, "rank": whole}
    found = [{"step": n, "loss": 9.0 - n / 10, "phase": NASTY[n % len(NASTY)], **told} for n in range(1, 40)]
    # A text with half a character is refused by DuckDB, and its line counted as malformed.
    return "".join(json.dumps(row) + "\n" for row in found) + '{"loss": "<script>"}\ngarbage \x1b[31m\n'


PACK = """
schema: 1
pack: nasty
version: 1.0.0
title: TEXT
source: TEXT
clock: {step: [step]}
labels: {rank: [rank]}
metrics:
  loss: {keys: [loss, TEXT], by: rank, better: lower, help: TEXT, unit: TEXT}
  phase: {keys: [phase], type: text}
params:
  limit: {default: 1, help: TEXT}
actions:
  stop: {rank: 100, title: TEXT, text: TEXT}
rules:
  high:
    {title: TEXT, cause: diverging, severity: critical, when: loss > limit, why: TEXT, source: TEXT, actions: [stop],
    message: MESSAGE}
  quiet: {title: TEXT 2, cause: info, severity: info, when: phase == TEXT_LITERAL}
"""


@pytest.fixture
def rules(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Command:
    """Runs a command in a folder with a nasty log and a nasty pack, and holds what it says against `clean`."""
    written = ALL.replace("\ud800", "").replace("\x00", "")
    text = quoted(written)
    pack = PACK.replace("TEXT 2", quoted(written + " 2"))
    pack = pack.replace("TEXT_LITERAL", quoted("'<b>'"))
    pack = pack.replace("MESSAGE", quoted(written.replace("{", "{{") + " {phase}")).replace("TEXT", text)
    (tmp_path / "nasty.yaml").write_text(pack, encoding="utf-8")
    (tmp_path / "run.jsonl").write_text(rows(), encoding="utf-8", errors="surrogatepass")
    (tmp_path / "\x1b[31m<script>.jsonl").write_text(rows(), encoding="utf-8", errors="surrogatepass")
    (tmp_path / "::error::.jsonl").write_text("garbage\n", encoding="utf-8")
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("GITHUB_ACTIONS", "true")

    def command(*arguments: str) -> tuple[int, str, str]:
        with pytest.raises(SystemExit) as left:
            cli.main(list(arguments))
        out, err = capsys.readouterr()
        clean(err)
        if "github" not in arguments:
            clean(out)
        assert isinstance(left.value.code, int)
        return left.value.code, out, err

    return command


def formats(command: str) -> list[str]:
    """The formats of a command's output, whichever it has."""
    import click

    made = cli.rules.get_command(click.Context(cli.rules), command)
    assert made is not None
    option = next((each for each in made.params if each.name in ("form", "format")), None)
    assert option is not None, command
    return list(option.type.choices)  # type: ignore[attr-defined]


@pytest.mark.parametrize("form", formats("eval"))
@pytest.mark.parametrize(
    "log", ["run.jsonl", "\x1b[31m<script>.jsonl", "::error::.jsonl", "none\x1b[0m.jsonl"], ids=ascii
)
def test_eval(rules: Command, form: str, log: str) -> None:
    code, out, _ = rules("eval", "--pack", "nasty.yaml", "--format", form, log)
    assert code == (1 if "::" not in log and "none" not in log else 3)
    if form in ("json", "jsonl"):
        json.loads(out)
    if form == "github":
        clean("\n".join(re.sub("^::(error|warning|notice|group|endgroup)", "", line) for line in out.splitlines()))
    if form == "markdown":
        assert "<script" not in out
        assert "<img" not in out


@pytest.mark.parametrize(
    "arguments",
    [
        ("show", "nasty.yaml"),
        ("explain", "nasty.yaml", "high"),
        ("explain", "nasty.yaml", "loss"),
        ("sql", "nasty.yaml", "run.jsonl"),
        ("diff", "nasty.yaml", "run.jsonl", "--set", "limit=99", "--against"),
        ("validate", "nasty.yaml"),
        ("eval", "--pack", "\x1b[31mnone", "run.jsonl"),
        ("eval", "--pack", "nasty.yaml", "--set", "\x1b[31m=1", "run.jsonl"),
        ("eval", "--pack", "nasty.yaml", "--variant", ALL.replace("\x00", ""), "run.jsonl"),
        ("eval", "--pack", "auto", "run.jsonl"),
        ("init", "new", "run.jsonl", "--into", "made"),
    ],
    ids=lambda arguments: ascii(" ".join(arguments))[:40],
)
def test_other_commands(rules: Command, arguments: tuple[str, ...]) -> None:
    code, _, _ = rules(*arguments)
    assert code in (0, 1, 2, 3)


def test_a_pack_that_is_started_from_a_nasty_log_holds_it_as_text(rules: Command, tmp_path: Path) -> None:
    rules("init", "new", "run.jsonl", "--into", "made")
    for path in tmp_path.glob("made/**/*.yaml"):
        clean(path.read_text(encoding="utf-8"))


def test_problems_for_a_workflow_stay_one_line_each(rules: Command, tmp_path: Path) -> None:
    bad = quoted("loss > 1 ::error::x\n::warning::made up \x1b[31m")
    (tmp_path / "bad.yaml").write_text(
        f"schema: 1\npack: bad\n{json.dumps(ALL[:400].replace(chr(0xD800), ''))}: {bad}\n"
    )
    _, out, _ = rules("validate", "--format", "github", "bad.yaml")
    lines = out.splitlines()
    assert lines
    assert all(re.match("::(error|warning|notice) file=bad.yaml,", line) for line in lines if line.startswith("::")), (
        out
    )
    clean("\n".join(line.removeprefix("::") for line in lines))
