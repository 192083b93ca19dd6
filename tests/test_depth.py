# ruff: noqa: E501 - tables of whole messages
"""One slip of the indentation, or of a whole section, is one problem: at the slip, and all that follows is known."""

from __future__ import annotations

import textwrap
from pathlib import Path

import pytest

from trainrules.engine.validation.check import Checker

HEAD = """\
schema: 1
pack: demo
version: 1.0.0
title: Demo
metrics:
  loss: {keys: [loss]}
params:
  limit: {default: 5, min: 0}
"""
RULE = "rules:\n  high: {title: High, cause: diverging, severity: warning, when: loss > limit}\n"
FIELDS = "title: High\ncause: diverging\nseverity: warning\nwhen: loss > limit\n"


def rule(indent: int, fields: str = FIELDS) -> str:
    return textwrap.indent(fields, " " * indent)


def told(folder: Path, name: str, text: str) -> list[str]:
    (folder / name).write_text(text, encoding="utf-8")
    found = Checker(None, prepares=False).outcome([name]).problems
    return [f"{each.at.line}:{each.at.column} {each.code} {each.message}; {each.hint}" for each in found]


PACKS = [
    ("a good pack", HEAD + "rules:\n  high:\n" + rule(4), []),
    ("the fields of a rule beside its name", HEAD + "rules:\n  high:\n" + rule(2), ["11:3 wrong-depth 'title' is not indented as a part of 'high'; indent all that belongs to 'high' below it"]),
    ("the last fields of a rule beside its name", HEAD + "rules:\n  high:\n" + rule(4, FIELDS[:29]) + rule(2, FIELDS[29:]), ["13:3 wrong-depth 'severity' is not indented as a part of 'high'; begin it where the other keys of 'high' begin"]),
    ("the last fields of a rule at the margin", HEAD + "rules:\n  high:\n" + rule(4, FIELDS[:29]) + FIELDS[29:], ["13:1 wrong-depth 'severity' is not indented as a part of 'high'; begin it where the other keys of 'high' begin"]),
    ("two rules whose fields stand beside their names", HEAD + "rules:\n  high:\n" + rule(2) + "  low:\n" + rule(2, FIELDS.replace("High", "Low").replace(">", "<")), ["11:3 wrong-depth 'title' is not indented as a part of 'high'; indent all that belongs to 'high' below it", "16:3 wrong-depth 'title' is not indented as a part of 'low'; indent all that belongs to 'low' below it"]),
    ("the fields of a rule without its name", HEAD + "rules:\n  high:\n" + rule(4) + rule(2, FIELDS.replace("High", "Low").replace(">", "<")), ["15:3 wrong-depth 'title' stands in 'rules' itself: the name of what it is a part of is missing; write the name above it, and indent it below"]),
    ("rules whose fields stand beside their names, of which the first has no why", HEAD + "rules:\n  high:\n" + rule(2) + "  low:\n  why: No reason\n" + rule(2, FIELDS.replace("High", "Low").replace(">", "<")), ["11:3 wrong-depth 'title' is not indented as a part of 'high'; indent all that belongs to 'high' below it", "17:3 wrong-depth 'title' is not indented as a part of 'low'; indent all that belongs to 'low' below it"]),
    ("a rule at the margin", HEAD + "rules:\nhigh:\n" + rule(2), ["10:1 wrong-depth 'high' is not indented as a part of 'rules'; indent all that belongs to 'rules' below it"]),
    ("a rule at the margin behind another", HEAD + RULE + "low:\n" + rule(2, FIELDS.replace("High", "Low").replace(">", "<")), ["11:1 wrong-depth 'low' is not indented as a part of 'rules'; begin it where the other keys of 'rules' begin"]),
    ("a rule in no section", HEAD + "high:\n" + rule(2), ["9:1 wrong-depth 'high' is no section: it looks like one of 'rules'; indent it below 'rules:'"]),
    ("a rule within another", HEAD + "rules:\n  high:\n" + rule(4) + "    low:\n" + rule(6, FIELDS.replace("High", "Low").replace(">", "<")), ["15:5 wrong-depth 'low' is indented as a part of 'high'; begin it where 'high' begins"]),
    ("all rules within the params", HEAD + textwrap.indent(RULE, "  "), ["9:3 wrong-depth 'rules' is indented as a part of 'params'; begin it where 'params' begins"]),
    ("the fields of a param beside its name", HEAD.replace("limit: {default: 5, min: 0}", "limit:\n  default: 5\n  min: 0") + RULE, ["9:3 wrong-depth 'default' is not indented as a part of 'limit'; indent all that belongs to 'limit' below it"]),
    ("the fields of a metric beside its name", HEAD.replace("loss: {keys: [loss]}", "loss:\n  keys: [loss]\n  better: lower") + RULE, ["7:3 wrong-depth 'keys' is not indented as a part of 'loss'; indent all that belongs to 'loss' below it"]),
    ("the requirements of a gate beside its name", HEAD + RULE + "gates:\n  next:\n  require:\n    low: {value: loss, below: limit}\n", ["13:3 wrong-depth 'require' is not indented as a part of 'next'; indent all that belongs to 'next' below it"]),
    ("a field of a gate within its requirements", HEAD + RULE + "gates:\n  next:\n    require:\n      low: {value: loss, below: limit}\n      title: Next\n", ["15:7 wrong-depth 'title' is indented as a part of 'require'; begin it where 'require' begins"]),
    ("two sections of one name", HEAD + RULE + "params: {floor: {default: 1}}\nrules:\n  low: {title: Low, cause: stalled, severity: warning, when: loss < floor}\n", ["11:1 duplicate-key key 'params' is given twice; it stands on line 7 already, move what stands here to the end of that", "12:1 duplicate-key key 'rules' is given twice; it stands on line 9 already, move what stands here to the end of that"]),
    ("metrics in a second section of that name", HEAD + "rules:\n  high: {title: High, cause: diverging, severity: warning, when: loss > limit and kl > 1}\nmetrics:\n  kl: {keys: [kl]}\n", ["11:1 duplicate-key key 'metrics' is given twice; it stands on line 5 already, move what stands here to the end of that"]),
    ("metrics and params as lists", HEAD.replace("loss: {keys: [loss]}", "- loss").replace("limit: {default: 5, min: 0}", "- limit: 5") + RULE, ["6:3 wrong-type 'metrics' must be a mapping, not a list; write each entry as 'name: value', without the '- ' before it and without brackets", "8:3 wrong-type 'params' must be a mapping, not a list; write each entry as 'name: value', without the '- ' before it and without brackets"]),
    ("rules as a list", HEAD + "rules:\n  - high:\n" + rule(6), ["10:3 wrong-type 'rules' must be a mapping, not a list; write each entry as 'name: value', without the '- ' before it and without brackets"]),
    ("a param that is a number", HEAD.replace("{default: 5, min: 0}", "5") + RULE, ["8:10 wrong-type 'limit' must be a mapping, not the number 5; write {default: 5}"]),
    ("a metric that is a list of keys", HEAD.replace("{keys: [loss]}", "[loss, train/loss]") + RULE, ["6:9 wrong-type 'loss' must be a mapping, not a list; write {keys: [loss, train/loss]}"]),
    ("a window that is a length", HEAD + RULE.replace("when: loss > limit", "when: 'mean(loss, w) > limit'") + "windows: {w: 30 points}\n", ["11:14 wrong-type 'w' must be a mapping, not the text '30 points'; write {last: 30 points}"]),
    ("a section of another name", HEAD.replace("params:", "thresholds:") + RULE, ["7:1 unknown-key unknown key 'thresholds'; did you mean 'params'?"]),
]  # fmt: skip


@pytest.mark.parametrize(("text", "problems"), [each[1:] for each in PACKS], ids=[each[0] for each in PACKS])
def test_a_slip_in_a_pack_is_told_once(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, text: str, problems: list[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    assert told(tmp_path, "demo.yaml", text) == problems


OVERRIDES = [
    ("a severity beside the name of its rule", "severities:\n  kl_far:\n  severity: info\n  reason: noise\n", ["4:3 wrong-depth 'severity' is not indented as a part of 'kl_far'; indent all that belongs to 'kl_far' below it"]),
    ("a param at the margin", "params:\nwarmup_steps: 30\n", ["3:1 wrong-depth 'warmup_steps' is not indented as a part of 'params'; indent all that belongs to 'params' below it"]),
    ("an empty reason", 'disable: {kl_far: {reason: ""}}\n', ["2:29 empty-value 'reason' is empty; fill it in or leave it out"]),
    ("a reason of blanks", 'severities: {kl_far: {severity: info, reason: " "}}\n', ["2:48 empty-value 'reason' is empty; fill it in or leave it out"]),
    ("two mappings of params", "params: {warmup_steps: 30}\nparams: {margin_flor: 0}\n", ["3:1 duplicate-key key 'params' is given twice; it stands on line 2 already, move what stands here to the end of that", "3:10 unknown-param unknown param 'margin_flor'; did you mean 'margin_floor' or 'margin_clear' or 'margin_good'?"]),
    ("an entry of a list of rules that is a mapping", "disable:\n  - kl_far: beta is raised\n  - loss_spkie\n", ["3:5 wrong-type an entry of 'disable' must be a name: a letter, then letters, digits and '_', not a mapping; write its name alone", "4:5 unknown-rule unknown rule 'loss_spkie'; did you mean 'loss_spike'?"]),
    ("params as a list", "params:\n  - warmup_steps: 30\n", ["3:3 wrong-type 'params' must be a mapping, not a list; write each entry as 'name: value', without the '- ' before it and without brackets"]),
]  # fmt: skip


@pytest.mark.parametrize(("text", "problems"), [each[1:] for each in OVERRIDES], ids=[each[0] for each in OVERRIDES])
def test_a_slip_in_an_override_file_is_told_once(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, text: str, problems: list[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    assert told(tmp_path, "rules.override.yaml", "pack: kto\n" + text) == problems


CASE = "schema: 1\npack: kto\ntests:\n  - name: a\n"
GOOD = "    series: {loss: 1x9}\n    expect: {rules: {kl_far: ok}}\n"
TESTS = [
    ("a key with the value of another type than the key that it looks like", CASE + "    disable: [x]\n" + GOOD, ["5:5 unknown-key unknown key 'disable'; known here: name, source, table, series, lines, log, constants, step, epoch, total, ended, variant, set, overrides, checkpoints, now, expect"]),
    ("a series and what is expected beside their keys", CASE + "    series:\n    loss: 1x9\n    expect:\n    rules: {kl_far: ok}\n", ["6:5 wrong-depth 'loss' is not indented as a part of 'series'; indent all that belongs to 'series' below it", "8:5 wrong-depth 'rules' is not indented as a part of 'expect'; indent all that belongs to 'expect' below it"]),
    ("a case whose data stand at the margin", CASE + textwrap.dedent(GOOD), ["5:1 wrong-depth 'series' is not indented as a part of an entry of 'tests'; begin it where the other keys of an entry of 'tests' begin"]),
    ("the keys of a case at the margin, the first of which looks like another", CASE + GOOD + "name: b\n", ["7:1 unknown-key unknown key 'name'; did you mean 'names'?"]),
    ("two lists of tests", CASE + GOOD + "tests:\n  - name: b\n    expect: {rules: {kl_fra: ok}}\n    series: {loss: 1x9}\n", ["7:1 duplicate-key key 'tests' is given twice; it stands on line 3 already, move what stands here to the end of that", "9:22 unknown-rule unknown rule 'kl_fra'; did you mean 'kl_far'?"]),
]  # fmt: skip


@pytest.mark.parametrize(("text", "problems"), [each[1:] for each in TESTS], ids=[each[0] for each in TESTS])
def test_a_slip_in_a_file_of_tests_is_told_once(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, text: str, problems: list[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    assert told(tmp_path, "kto.test.yaml", text) == problems
