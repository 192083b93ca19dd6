# ruff: noqa: E501 - whole messages
"""`rules test --record`: a real run becomes a case that passes, and nothing that a file says is changed."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from trainrules.cli import main

PACK = """\
schema: 1
pack: small
version: 0.1.0
title: A small pack
clock: {step: [step]}
checkpoints: {glob: ["checkpoint-*"], step: 'checkpoint-(\\d+)$'}
metrics:
  loss: {keys: [loss], better: lower, required: true}
  learning_rate: {keys: [lr]}
params:
  limit: {default: 1, help: Above this the loss is high}
variants:
  lax: {set: {limit: 10}}
rules:
  loss_high:
    title: Loss is high
    cause: diverging
    severity: critical
    when: loss > limit
    actions: [back, halve]
    message: "loss {loss:g}"
    why: It should fall.
actions:
  back: {rank: 80, title: Go back, target: checkpoint}
  halve: {rank: 60, title: Halve the rate, set: {learning_rate: lr_peak / 2}}
  continue: {rank: 0, title: Go on, alone: true}
  wait: {rank: 10, title: Wait, alone: true}
"""

FIRST = """\
schema: 1

tests:
  - name: runs/a.jsonl
    log: runs/a.jsonl
    checkpoints: [checkpoint-1]
    expect:
      verdict: act
      plan:
        - {action: back, target: checkpoint-1}
        - {action: halve, set: {learning_rate: 5.0e-05}}
      rules:
        loss_high: {state: firing, severity: critical, onset: 3}
      log: {rows: 4, last_step: 4, ended: false}
""".replace("5.0e-05", "5e-05")

Run = Callable[..., tuple[int, str, str]]


@pytest.fixture
def run(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Run:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "small.yaml").write_text(PACK, encoding="utf-8")
    (tmp_path / "runs" / "checkpoint-1").mkdir(parents=True)
    rows = [{"step": step, "loss": 0.5 if step < 3 else 1.5, "lr": 1e-4} for step in range(1, 5)]
    (tmp_path / "runs" / "a.jsonl").write_text("".join(json.dumps(row) + "\n" for row in rows), encoding="utf-8")

    def run_tests(*arguments: str) -> tuple[int, str, str]:
        with pytest.raises(SystemExit) as left:
            main(["test", *arguments])
        told = capsys.readouterr()
        assert isinstance(left.value.code, int)
        return left.value.code, told.out, told.err

    return run_tests


def test_a_run_becomes_a_case_that_passes(run: Run) -> None:
    told = "small.test.yaml: recorded 'runs/a.jsonl', it passes\n"
    assert run("--record", "runs/a.jsonl", "small.test.yaml") == (0, told, "")
    assert Path("small.test.yaml").read_text(encoding="utf-8") == FIRST
    assert run("--only", "runs", "small.test.yaml") == (0, "small.test.yaml: 1 case passed\n", "")


def test_cases_are_added_behind_the_others(run: Run) -> None:
    Path("small.test.yaml").write_text(FIRST + "  # the last word\n", encoding="utf-8")
    options = ("--variant", "lax", "--set", "limit=default * 3", "--now", "100", "--name", "it's: 2")
    told = 'small.test.yaml: recorded "it\'s: 2", it passes\n'
    assert run("--record", "runs/a.jsonl", "--embed", *options, "small.test.yaml") == (0, told, "")
    assert (
        Path("small.test.yaml").read_text(encoding="utf-8")
        == FIRST
        + """\
  # the last word

  - name: "it's: 2"
    lines: |
      {"step": 1, "loss": 0.5, "lr": 0.0001}
      {"step": 2, "loss": 0.5, "lr": 0.0001}
      {"step": 3, "loss": 1.5, "lr": 0.0001}
      {"step": 4, "loss": 1.5, "lr": 0.0001}
    variant: lax
    set: {limit: "default * 3"}
    now: 100
    checkpoints: [checkpoint-1]
    expect:
      verdict: healthy
      plan:
        - continue
      log: {rows: 4, last_step: 4, ended: false}
"""
    )
    assert run("--only", "", "small.test.yaml")[:2] == (
        0,
        "small: 1 of 1 rule covered\nsmall.test.yaml: 2 cases passed\n",
    )


@pytest.mark.parametrize(
    ("pack", "line"),
    [("small.yaml", "pack: ../small.yaml\n"), ("common", "pack: common\n"), ("./small.yaml", "pack: ../small.yaml\n")],
)
def test_a_new_file_names_its_pack(run: Run, pack: str, line: str) -> None:
    Path("deep").mkdir()
    assert run("--record", "runs/a.jsonl", "--pack", pack, "deep/t.test.yaml")[0] == 0
    text = Path("deep/t.test.yaml").read_text(encoding="utf-8")
    assert text.startswith(f"schema: 1\n{line}\ntests:\n  - name: runs/a.jsonl\n    log: ../runs/a.jsonl\n")


def test_a_list_without_an_indent_goes_on_as_it_is(run: Run) -> None:
    flush = "".join(line.removeprefix("  ") + "\n" for line in FIRST.splitlines())
    Path("small.test.yaml").write_text(flush, encoding="utf-8")
    assert run("--record", "runs/a.jsonl", "--name", "again", "small.test.yaml")[0] == 0
    assert "\n\n- name: again\n  log: runs/a.jsonl\n" in Path("small.test.yaml").read_text(encoding="utf-8")


def test_an_unreadable_log_is_recorded_as_such(run: Run) -> None:
    Path("empty.jsonl").write_text("", encoding="utf-8")
    assert run("--record", "empty.jsonl", "small.test.yaml")[0] == 0
    assert (
        Path("small.test.yaml")
        .read_text(encoding="utf-8")
        .endswith("""\
    expect:
      verdict: unknown
      reason: the log is empty
      plan: []
      log: {rows: 0, last_step: null, ended: false}
""")
    )


@pytest.mark.parametrize(
    ("present", "arguments", "complaint"),
    [
        (
            FIRST,
            ["--record", "runs/a.jsonl", "small.test.yaml"],
            "small.test.yaml:4:11: a case called 'runs/a.jsonl' is there already; give another --name",
        ),
        (
            FIRST + "names: {}\n",
            ["--record", "runs/a.jsonl", "--name", "b", "small.test.yaml"],
            "small.test.yaml:1:1: no case can be added behind the others; put 'tests' last in the file",
        ),
        (
            FIRST,
            ["--record", "runs/a.jsonl", "--name", "b", "--pack", "kto", "small.test.yaml"],
            "--pack: small.test.yaml tests pack 'small', not 'kto'; leave --pack out, or name another file",
        ),
        (
            "schema: 1\ntests: 5\n",
            ["--record", "runs/a.jsonl", "small.test.yaml"],
            "small.test.yaml:2:8: 'tests' must be a list, not the number 5; write it in brackets, as in tests: [5]",
        ),
        (
            "",
            ["--record", "runs/b.jsonl", "small.test.yaml"],
            "runs/b.jsonl: no log there; --record takes the path of a log",
        ),
        (
            "",
            ["--record", "runs/a.jsonl", "other.test.yaml"],
            "other.test.yaml: no pack beside this file; say which pack it tests with --pack",
        ),
        (
            "",
            ["--record", "bar.log", "--embed", "small.test.yaml"],
            "bar.log: the log has control characters, which YAML cannot hold; leave --embed out: the case then names the log",
        ),
        (
            "",
            ["--record", "large.log", "--embed", "small.test.yaml"],
            "large.log: the log has more than 256 KiB; leave --embed out: the case then names the log",
        ),
        (
            "",
            ["--record", "runs/a.jsonl", "--set", "limt=3", "small.test.yaml"],
            "--set: unknown param 'limt'; did you mean 'limit'?",
        ),
        (
            "",
            ["--record", "runs/a.jsonl", "a.test.yaml", "b.test.yaml"],
            "rules test: --record writes to one file; see 'rules test --help'",
        ),
        (
            "",
            ["--record", "runs/a.jsonl", "--pack", "small.yaml", "nodir/r.test.yaml"],
            "nodir/r.test.yaml: there is no folder 'nodir'; make it, or name another file",
        ),
        (
            "",
            ["--record", "runs/a.jsonl", "--pack", "small.yaml", "small.yaml/r.test.yaml"],
            "small.yaml/r.test.yaml: the file cannot be written: Not a directory; name another file, or mend what keeps it from that",
        ),
        ("", ["--name", "b", "small.test.yaml"], "rules test: --name goes with --record; see 'rules test --help'"),
        ("", ["--set", "limit=1", "small.test.yaml"], "rules test: --set goes with --record; see 'rules test --help'"),
    ],
)
def test_what_cannot_be_recorded_leaves_the_file_as_it_is(
    run: Run, present: str, arguments: list[str], complaint: str
) -> None:
    Path("bar.log").write_text("10%\r20%\x1b[A\n", encoding="utf-8")
    Path("large.log").write_text("{}\n" * 100_000, encoding="utf-8")
    if present:
        Path("small.test.yaml").write_text(present, encoding="utf-8")
    assert run(*arguments) == (2, "", complaint + "\n")
    files = {path.name: path.read_text(encoding="utf-8") for path in Path().glob("*.test.yaml")}
    assert files == ({"small.test.yaml": present} if present else {})


@pytest.mark.parametrize("present", ["", FIRST])
def test_a_full_disk_takes_no_case(run: Run, monkeypatch: pytest.MonkeyPatch, present: str) -> None:
    def full(*_: object) -> None:
        raise OSError(28, "No space left on device")

    if present:
        Path("small.test.yaml").write_text(present, encoding="utf-8")
    before = sorted(Path().rglob("*"))
    monkeypatch.setattr("trainrules.engine.packtest.record.os.replace", full)
    complaint = "small.test.yaml: the file cannot be written: No space left on device; name another file, or mend what keeps it from that\n"
    assert run("--record", "runs/a.jsonl", "--name", "b", "small.test.yaml") == (2, "", complaint)
    assert sorted(Path().rglob("*")) == before
    if present:
        assert Path("small.test.yaml").read_text(encoding="utf-8") == present


def test_a_file_that_may_not_be_written_is_not_replaced(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    Path("small.test.yaml").write_text(FIRST, encoding="utf-8")
    plain = Path.open

    def refused(path: Path, mode: str = "r", *arguments: Any, **named: Any) -> Any:
        if "+" in mode:
            raise PermissionError(13, "Permission denied")
        return plain(path, mode, *arguments, **named)

    monkeypatch.setattr(Path, "open", refused)
    complaint = "small.test.yaml: the file cannot be written: Permission denied; name another file, or mend what keeps it from that\n"
    assert run("--record", "runs/a.jsonl", "--name", "b", "small.test.yaml") == (2, "", complaint)
    assert Path("small.test.yaml").read_text(encoding="utf-8") == FIRST


def test_a_file_keeps_its_mode_and_its_links(run: Run) -> None:
    Path("real.yaml").write_text(FIRST, encoding="utf-8")
    Path("real.yaml").chmod(0o640)
    Path("small.test.yaml").symlink_to("real.yaml")
    assert run("--record", "runs/a.jsonl", "--name", "b", "small.test.yaml")[0] == 0
    assert Path("small.test.yaml").is_symlink()
    assert Path("real.yaml").stat().st_mode & 0o777 == 0o640
