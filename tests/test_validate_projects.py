# ruff: noqa: E501 - tables of whole messages
"""`rules validate` and the settings of a project: the table [tool.trainrules] of its pyproject.toml."""

from __future__ import annotations

from pathlib import Path

import pytest

from trainrules.engine.validation.check import Checker

PACK = """\
schema: 1
pack: demo
version: 1.0.0
title: Demo
metrics: {loss: {keys: [loss], required: true}}
params: {floor: {default: 0.5, max: 100}}
rules:
  low: {title: Low loss, cause: stalled, severity: warning, when: loss < floor}
"""
UNCHECKED = "note: pyproject.toml: names were not checked: no pack is named; give --pack NAME"
UNKNOWN = "error[unknown-param] unknown param 'flor'; did you mean 'floor'?"


def told(*paths: str, pack: str | None = None) -> list[str]:
    outcome = Checker(pack, prepares=False).outcome(paths)
    found = [f"{each.at}: {each.severity}[{each.code}] {each.message}; {each.hint}" for each in outcome.problems]
    return found + [f"note: {note.file}: {note.message}; {note.hint}" for note in outcome.notes]


@pytest.mark.parametrize(
    ("text", "paths", "pack", "problems"),
    [
        ("[tool.trainrules.packs.demo.params]\nfloor = 3\n", ".", None, []),
        ("[tool.trainrules.packs.demo.params]\nflor = 3\n", ".", None, [f"./pyproject.toml:2:1: {UNKNOWN}"]),
        ("[tool.trainrules.packs.demo.params]\nflor = 3\n", "pyproject.toml", None, [f"pyproject.toml:2:1: {UNKNOWN}"]),
        ("[tool.trainrules.packs.demmo.params]\nfloor = 3\n", ".", None, ["./pyproject.toml:1:24: error[unknown-pack] no pack is called 'demmo'; did you mean 'demo'?"]),
        ("[tool.trainrules.packs.ktoo.params]\nmargin_floor = 3\n", "pyproject.toml", None, ["pyproject.toml:1:24: error[unknown-pack] no pack is called 'ktoo'; did you mean 'kto'?"]),
        ("[tool.trainrules.packs.ktoo.params]\nmargin_floor = 3\n", "pyproject.toml", "kto", ["pyproject.toml:1:24: error[unknown-pack] no pack is called 'ktoo'; did you mean 'kto'?"]),
        ("[tool.trainrules.packs.nobodys.params]\nx = 3\n", "pyproject.toml", None, ["pyproject.toml:1:24: error[unknown-pack] no pack is called 'nobodys'; give --pack FILE, or validate the pack's file along with this one"]),
        ("[tool.trainrules.params]\nflor = 3\n", "pyproject.toml", "demo.yaml", [f"pyproject.toml:2:1: {UNKNOWN}"]),
        ("[tool.trainrules.params]\nflor = 3\n", "pyproject.toml", None, [UNCHECKED]),
        ("[tool.trainrules]\nparams = {flor = 3}\npacks.demo.params.floor = 200\n", "pyproject.toml", None, [f"pyproject.toml:2:11: {UNKNOWN}", "pyproject.toml:3:27: error[out-of-bounds] param 'floor' must be at most 100, not 200; set 100 or less"]),
        ("[tool.trainrules]\nparms = {}\n", "pyproject.toml", None, ["pyproject.toml:2:1: error[unknown-key] unknown key 'parms'; did you mean 'params' or 'packs'?"]),
        ("[tool.trainrules]\npacks = 3\n", "pyproject.toml", None, ["pyproject.toml:2:9: error[wrong-type] 'packs' must be a table, not the number 3; as in [tool.trainrules.packs.kto]"]),
        ("[tool.trainrules\n", "pyproject.toml", None, ["pyproject.toml:1:17: error[wrong-file] not TOML: expected ']' at the end of a table declaration; write it as in [tool.trainrules]"]),
        ("[project]\nname = 'x'\n", ".", None, []),
        ("[project]\nname = 'x'\n  [tool.train_rules.params]\n", "pyproject.toml", None, ["pyproject.toml:3:9: warning[unknown-key] [tool.train_rules] is a table of no tool that is known here; did you mean [tool.trainrules]?"]),
        ("[tool.train_rules.params]\n", ".", "demo.yaml", ["./pyproject.toml:1:7: warning[unknown-key] [tool.train_rules] is a table of no tool that is known here; did you mean [tool.trainrules]?"]),
        ("[tool.trailrunner]\n", ".", None, []),
        ("[project]\nname = 'x'\n", "pyproject.toml", None, ["pyproject.toml:1:1: error[wrong-file] this is TOML, not a pack; packs, tests and overrides are YAML; of TOML, only [tool.trainrules] of a pyproject.toml is read"]),
    ],
)  # fmt: skip
def test_settings_of_a_project(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, text: str, paths: str, pack: str | None, problems: list[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "demo.yaml").write_text(PACK)
    (tmp_path / "pyproject.toml").write_text(text)
    assert told(paths, pack=pack) == [each.replace("./", "") for each in problems]
