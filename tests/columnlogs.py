"""A tiny pack, and logs for it that are written as columns, one line a key: a dot is an absent cell.

`step` counts from 1 unless it is written too; then a row is no more than what is written, else it holds a metric more,
so that it is a row whatever else is absent. What a condition says is one character a row: T true, F false, ? unknown.
"""

from __future__ import annotations

import functools
import json
from collections.abc import Callable, Sequence
from pathlib import Path
from textwrap import indent
from typing import Any

import pytest

from trainrules import evaluate
from trainrules.engine import evaluation, rowbook
from trainrules.engine.compile.program import Program
from trainrules.engine.report import Finding, Report, RuleState

Case = tuple[str, str, str]
Cases = Sequence[tuple[str, str]]
Truth = Callable[[str, Sequence[str]], list[str]]

HEAD = """
schema: 1
pack: tiny
version: 1.0.0
title: Tiny
clock: {step: [step], epoch: [epoch], time: [time], total: [total]}
summary: [train_runtime]
sentinels: [loss, kl]
labels: {expert: [expert]}
metrics:
  loss: {keys: [loss, train_loss], better: lower}
  kl: {keys: [kl]}
  margin: {keys: [margin], better: higher}
  eval_loss: {keys: [eval_loss], role: eval, better: lower}
  phase: {keys: [phase], type: text}
  main: {keys: [main], where: phase == 'main'}
  split: {keys: [split], by: expert}
  double: {expr: 2 * loss}
  rarely: {expr: loss, where: loss > 5}
  pad: {keys: [pad]}
params:
  floor: {default: 0}
  late: {default: 3}
  unset: {default: null}
windows:
  three: {last: 3 points}
  some: {last: 3 points, min: 1 point}
  steps: {last: 3 steps, min: 2 points}
  epochs: {last: 1 epochs, min: 1 point}
  minutes: {last: 2 minutes, min: 1 point}
  so_far: {last: all, min: 2 points}
"""


def write_log(place: Path, columns: str) -> Path:
    table = {key: cells for key, *cells in map(str.split, columns.strip().splitlines())}
    rows = max(map(len, table.values()))
    if "step" not in table:
        table = {"step": [str(row) for row in range(1, rows + 1)], "pad": ["1"] * rows, **table}
    log = place / "run.jsonl"
    with log.open("w") as out:
        for row in range(rows):
            here = {key: cells[row] for key, cells in table.items() if cells[row : row + 1] not in ([], ["."])}
            out.write(json.dumps({key: cell(text) for key, text in here.items()}) + "\n")
    return log


def cell(text: str) -> object:
    if text == "null":
        return None
    try:
        return float(text)
    except ValueError:
        return text.strip("'")


def report_of(place: Path, columns: str, *rules: str, **options: Any) -> Report:
    """The report on the log by a pack with these rules, called a, b …; each is its fields but for title and cause."""
    pack = place / "tiny.yaml"
    body = ""
    for name, rule in zip("abcdefghijklmnopqrstuvwxy", rules, strict=False):
        own = "" if "severity:" in rule else "severity: warning\n"
        body += f"  {name}:\n" + indent(f"title: {name.upper()}\ncause: info\n{own}{rule}\n", "    ")
    body += "  z: {title: Z, cause: info, severity: info, when: pad > 9}\n"
    pack.write_text(HEAD + options.pop("more", "") + f"rules:\n{body}")
    return evaluate(write_log(place, columns), pack=pack, **options)


def outcome(report: Report, rule: str = "a") -> str:
    """How a rule came out: its state, then onset/fired/end in steps where it fired."""
    for each in report.findings:
        if each.rule == rule:
            end = "-" if each.end is None else f"{each.end.step:g}"
            return f"{each.state} {each.onset.step:g}/{each.fired.step:g}/{end}"
    return next(each.state for each in report.rules if each.rule == rule)


def finding(report: Report, rule: str = "a") -> Finding:
    return next(each for each in report.findings if each.rule == rule)


def state(report: Report, rule: str = "a") -> RuleState:
    return next(each for each in report.rules if each.rule == rule)


def judge_as(length: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """Has every log judged as if it were short, or as if it were long."""
    long = 1 if length == "long" else 10**9
    monkeypatch.setattr(evaluation, "Program", functools.partial(Program, long=long))
    monkeypatch.setattr(rowbook, "_EAGER", 0 if length == "long" else 10**9)


def truths(place: Path, monkeypatch: pytest.MonkeyPatch) -> Truth:
    """Tells what conditions say of each row of a log: the lines of those that are asked."""
    seen: list[Any] = []

    def spied(program: Program, asked: Sequence[object], *rest: Any) -> Any:
        found = real(program, asked, *rest)
        seen.extend(found)
        return found

    real = evaluation.timelines
    monkeypatch.setattr(evaluation, "timelines", spied)

    def of(columns: str, conditions: Sequence[str]) -> list[str]:
        seen.clear()
        report = report_of(place, columns, *(f"when: {json.dumps(when)}" for when in conditions))
        assert not [each for each in report.rules if each.rule != "z" and each.state == "not_evaluated"]
        shown = {True: "T", False: "F", None: "?"}
        lines = ("".join(shown[part.value] * (part.last - part.first + 1) for part in line) for line in seen)
        return [line for line, _ in zip(lines, conditions, strict=False)]

    return of


def by_log(*cases: Case) -> pytest.MarkDecorator:
    """Cases of a log, a condition and what it says row by row; those of one log are judged together."""
    table: dict[str, list[tuple[str, str]]] = {}
    for columns, when, expected in cases:
        table.setdefault(columns, []).append((when, expected))
    return pytest.mark.parametrize(("columns", "cases"), table.items(), ids=[key.replace("\n", "; ") for key in table])


def checked(truth: Truth, columns: str, cases: Cases) -> None:
    assert dict(zip((when for when, _ in cases), truth(columns, [when for when, _ in cases]), strict=True)) == dict(
        cases
    )
