# ruff: noqa: E501 - tables of whole messages
"""Lints: packs that load and still are not what their author meant."""

from __future__ import annotations

from pathlib import Path

import pytest

from trainrules.engine.lints import LINTS, lint_pack
from trainrules.engine.load import load_pack

HEAD = "schema: 1\npack: demo\nversion: 1.0.0\ntitle: Demo\nmetrics: {loss: {keys: [loss], required: true}}\n"
RULE = "{title: High, cause: diverging, severity: warning, when: loss > 2}"
GATE = (
    "windows: {{w: {{last: 5 points}}}}\nparams: {{limit: {{default: 1}}}}\n"
    "gates: {{g: {{require: {{a: {{value: loss, {}}}}}, "
    "stuck: {{when: loss > limit, over: w, actions: [x]}}}}}}\nactions: {{x: {{rank: 1, title: X}}}}"
)


def told(folder: Path, text: str) -> list[str]:
    path = folder / "p.yaml"
    path.write_text(HEAD + text)
    return [str(problem).removeprefix(f"{folder.as_posix()}/") for problem in lint_pack(load_pack(path))]


@pytest.mark.parametrize(
    ("text", "problems"),
    [
        ("", []),
        (f"rules: {{a: {RULE}}}", []),
        ("params: {a: {default: 1}}", ["p.yaml:6:10: param 'a' is used nowhere [unused-param]; use it in a rule or remove it"]),
        ("params: {a: {default: 1}}\ncommands: {c: 'x {a}'}", []),
        ("params: {a: {default: 1}}\nwindows: {w: {last: a points}}", ["p.yaml:7:11: window 'w' is used nowhere [unused-window]; use it in a rule or remove it"]),
        ("windows: {w: {last: 5 points}}\nrules: {r: {title: R, cause: info, severity: info, when: 'mean(loss, w) > 1'}}", []),
        ("params: {a: {default: 7, max: 5}}\ncommands: {c: 'x {a}'}", ["p.yaml:6:10: the default of param 'a' is 7, above its 'max' 5 [out-of-bounds]; mend one"]),
        ("params: {a: {default: 1, min: 0}}\ncommands: {c: 'x {a}'}\nvariants: {v: {set: {a: -1}}}", ["p.yaml:8:12: the value in variant 'v' of param 'a' is -1, below its 'min' 0 [out-of-bounds]; mend one"]),
        (f"rules: {{a: {RULE}, b: {RULE.replace('High', 'high ')}}}", ["p.yaml:6:80: rule 'b' has the title of 'a' [duplicate-title]; say what sets them apart"]),
        ("rules: {r: {title: R, cause: info, severity: info, when: loss > 1, message: too high}}", ["p.yaml:6:9: the message of rule 'r' names no value [bare-message]; show a value, as in {loss:.3g} or {onset:g}"]),
        ("rules: {r: {title: R, cause: info, severity: info, when: loss > 1, message: '{loss}'}}", []),
        (GATE.format("above: limit, near: 0.1"), []),
        (GATE.format("above: limit"), ["p.yaml:8:56: gate 'g' can never be stuck [never-stuck]; give a requirement 'near'"]),
        (GATE.format("above: limit, below: 9, near: 0.1"), ["p.yaml:8:61: requirement 'a' of gate 'g' has a limit that no setting changes [fixed-limit]; make it a param"]),
    ],
)  # fmt: skip
def test_lints(tmp_path: Path, text: str, problems: list[str]) -> None:
    assert told(tmp_path, text) == problems


@pytest.mark.parametrize(("metric", "told_of"), [("{keys: [kl]}", True), ("{keys: [kl], good: [0, 1]}", False)])
def test_unused_metrics(tmp_path: Path, metric: str, told_of: bool) -> None:
    path = tmp_path / "p.yaml"
    path.write_text(HEAD.replace("metrics: {", f"metrics: {{kl: {metric}, "))
    found = [problem.message for problem in lint_pack(load_pack(path))]
    assert found == (["metric 'kl' is used nowhere [unused-metric]"] if told_of else [])


def test_what_a_parent_declares_is_the_parents_business(tmp_path: Path) -> None:
    (tmp_path / "parent.yaml").write_text(HEAD + "params: {a: {default: 1}}\n")
    assert told(tmp_path, "extends: parent.yaml\n") == []


@pytest.mark.parametrize("lint", LINTS, ids=lambda lint: lint.id)
def test_every_lint_is_documented(lint: object) -> None:
    documentation = getattr(lint, "documentation", "")
    assert "passes::" in documentation
    assert "fails::" in documentation


def test_ids_are_unique() -> None:
    assert len({lint.id for lint in LINTS}) == len(LINTS)
