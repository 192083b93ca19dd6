# ruff: noqa: E501 - tables of whole messages
"""`rules validate`: which files it takes, and what it says of those that it cannot."""

from __future__ import annotations

import json
import os
import textwrap
from pathlib import Path

import pytest

from trainrules.engine import kinds, validation
from trainrules.engine.kinds import kind_of
from trainrules.engine.validation.files import files_in
from trainrules.engine.yamlio import read

from .validating import GOOD, HEAD, LIMITED, METRICS, OVERRIDES, RULES, TESTS, Run, Write, runner, told, writer


@pytest.fixture
def write(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Write:
    """Writes files by name into a folder of their own, the current one."""
    monkeypatch.chdir(tmp_path)
    return writer(tmp_path)


@pytest.fixture
def run(capsys: pytest.CaptureFixture[str]) -> Run:
    """Runs `rules validate`; gives the exit code, standard output and standard error."""
    return runner(capsys)


@pytest.mark.parametrize(
    ("name", "text", "kind"),
    [
        ("a.yaml", GOOD, "pack"),
        ("a.yaml", "extends: common\nrules: {}\n", "pack"),
        ("a.yaml", "schema: 1\npack: [\n", "pack"),
        ("a.test.yaml", "nonsense", "tests"),
        ("a.test.yml", "", "tests"),
        ("cases.yaml", TESTS, "tests"),
        ("rules.override.yaml", "", "overrides"),
        ("night.override.yaml", "nonsense", "overrides"),
        ("night.overrides.yml", "", "overrides"),
        ("docker-compose.override.yaml", "services: {web: {image: nginx}}\n", None),
        ("docker-compose.override.yaml", "version: '3'\nparams: {}\n", "overrides"),
        ("night.override.yaml", "prams: {a: 1}\n", "overrides"),
        ("rules.override.yaml", "services: {}\n", "overrides"),
        ("api.test.yaml", "test_name: login\nstages: []\n", None),
        ("a.test.yaml", "schema: 1\ntsts: []\n", "tests"),
        ("night.yaml", OVERRIDES, "overrides"),
        ("night.yaml", "pack: kto\nparams: {}\n", "overrides"),
        ("a.yaml", "# yaml-language-server: $schema=../schemas/overrides.schema.json\nrules: {}\n", "overrides"),
        ("a.yaml", "# yaml-language-server: $schema=https://x.y/pack.schema.json\ntests: {}\n", "pack"),
        ("a.yaml", textwrap.indent(GOOD, "  "), "pack"),
        ("a.yaml", " " + GOOD, "pack"),
        ("a.yaml", "---\n# mine\n  schema: 1\n  pack: mine\n", "pack"),
        ("a.yaml", '{"schema": 1, "pack": "mine"}', "pack"),
        ("a.yaml", '{\n  "schema": 1,\n  "pack": "mine",\n', "pack"),
        ("a.yaml", "{schema: 1, title: It's mine, pack: mine, rules: [", "pack"),
        ("a.yaml", '{"title": "{", "schema": 1, "x": {"pack": 1}}', None),
        ("a.yaml", "{x: {schema: 1, pack: mine, rules: {}}}", None),
        ("a.yaml", "{schema: 1, tests: []}", "tests"),
        ("a.yaml", "{params: {limit: 3}}", "overrides"),
        ("a.yaml", "  params: {limit: 3}\n", "overrides"),
        ("a.yaml", "{{- if .Values.rules }}\nschema: 1\nrules: []\n", None),
        ("api.test.yaml", "  test_name: login\n  stages: []\n", None),
        ("a.yaml", "schema:\npack:\n", "pack"),
        ("a.yaml", "\n" * 30_000 + "x", None),
        ("a.yaml", "{" + '\\"' * 30_000, None),
        ("a.yaml", "services:\n  schema: 1\n  pack: mine\n", None),
        ("a.yaml", "services: {web: {image: x}}\nversion: 3\n", None),
        ("a.yaml", "rules: [1]\n", None),
        ("a.yaml", "", None),
    ],
)
def test_files_are_told_apart(tmp_path: Path, name: str, text: str, kind: str | None) -> None:
    (tmp_path / name).write_text(text, encoding="utf-8")
    assert kind_of(str(tmp_path / name)) == kind


def test_folders_are_walked(write: Write) -> None:
    write(
        a_DOT_yaml=GOOD,
        sub__b_DOT_yml=GOOD,
        sub__deep__b_DOT_test_DOT_yaml=TESTS,
        other_DOT_yaml="x: 1\n",
        notes_DOT_txt="",
    )
    write(_DOT_git__c_DOT_yaml=GOOD, node_modules__d_DOT_yaml=GOOD, none__x_DOT_txt="")
    found, problems = files_in(["."])
    assert [(each.path, each.kind) for each in found] == [
        ("./a.yaml", "pack"),
        ("./sub/b.yml", "pack"),
        ("./sub/deep/b.test.yaml", "tests"),
    ]
    assert problems == []
    found, problems = files_in(["none", "a.yaml", "./a.yaml", "other.yaml"])
    assert [each.path for each in found] == ["a.yaml", "other.yaml"]
    assert [str(each.at) for each in problems] == ["none"]


def test_hooks_pass_over_what_is_not_ours(write: Write, run: Run) -> None:
    write(alerts_DOT_yaml="groups: []\n", good_DOT_yaml=GOOD, wrong_DOT_yaml=GOOD.replace("loss >", "los >"))
    assert run("--skip-others", "alerts.yaml") == (0, "nothing to validate\n", "")
    assert run("--skip-others", "alerts.yaml", "good.yaml") == (0, "1 pack is valid\n", "")
    assert run("--skip-others", "alerts.yaml", "wrong.yaml")[0] == 1
    assert run("--skip-others", "missing.yaml")[0] == 2
    assert run("alerts.yaml")[0] == 1


@pytest.mark.parametrize(
    "text",
    [textwrap.indent(GOOD.replace("loss > 5", "los > 5"), "  "), json.dumps(read(GOOD.replace("loss > 5", "los > 5"), "a").plain())],
    ids=["indented", "JSON"],
)  # fmt: skip
def test_a_pack_need_not_begin_in_column_one(write: Write, run: Run, text: str) -> None:
    write(a_DOT_yaml=text, b__rules_DOT_override_DOT_yaml="pack: mine\nparams: {limit: 3}\n")
    for arguments in (["a.yaml"], ["--skip-others", "a.yaml"], ["."]):
        code, out, _ = run(*arguments)
        assert (code, "error[unknown-name] unknown name 'los'" in out) == (1, True)
    assert kinds.packs_near(Path()) == {"mine": "a.yaml"}


@pytest.mark.parametrize(
    ("arguments", "code", "out", "err"),
    [
        ("good.yaml", 0, "1 pack is valid\n", ""),
        ("good.yaml ./good.yaml sub", 0, "2 packs, 1 file of tests and 1 override file are valid\n", "note: sub/rules.override.yaml: names were not checked: no pack is named; write 'pack: NAME' at its top, or give --pack NAME\n"),
        ("wrong.yaml", 1, "wrong.yaml:7:71: error[unknown-name] unknown name 'los'\n  did you mean 'loss'?\n", "1 error in 1 pack\n"),
        ("doubtful.yaml", 1, "doubtful.yaml:5:10: warning[unused-param] param 'limit' is used nowhere\n  use it in a rule or remove it\n", "1 warning in 1 pack\n"),
        ("--fail-on error doubtful.yaml", 0, "doubtful.yaml:5:10: warning[unused-param] param 'limit' is used nowhere\n  use it in a rule or remove it\n", "1 warning in 1 pack\n"),
        ("missing.yaml", 2, "missing.yaml: error[no-file] file does not exist\n  give the path of a YAML file\n", "1 error in 1 pack\n"),
        ("none", 2, "none: error[no-file] nothing to validate in this folder\n  packs, their tests and override files are files that end in .yaml\n", "1 error in no file\n"),
    ],
)  # fmt: skip
def test_validate(write: Write, run: Run, arguments: str, code: int, out: str, err: str) -> None:
    write(
        good_DOT_yaml=GOOD,
        sub__other_DOT_yaml=GOOD.replace("pack: mine", "pack: other"),
        sub__other_DOT_test_DOT_yaml=TESTS,
        sub__rules_DOT_override_DOT_yaml=OVERRIDES,
    )
    write(
        wrong_DOT_yaml=GOOD.replace("loss > 5", "los > 5"),
        doubtful_DOT_yaml=HEAD + "params: {limit: {default: 2}}\n" + METRICS + RULES,
    )
    write(none__notes_DOT_txt="")
    assert run(*arguments.split()) == (code, out, err)


def test_what_cannot_be_read_in_a_folder_is_told(write: Write) -> None:
    folder = write(a_DOT_yaml=GOOD)
    (folder / "loop.yaml").symlink_to("loop.yaml")
    (folder / "nowhere.yaml").symlink_to("none.yaml")
    os.mkfifo(folder / "pipe.yaml")
    assert told(".") == ["loop.yaml no-file", "nowhere.yaml no-file", "pipe.yaml no-file"]
    assert told("pipe.yaml", "loop.yaml") == ["pipe.yaml no-file", "loop.yaml no-file"]


def test_a_pack_that_the_command_names_and_that_is_none(write: Write, run: Run) -> None:
    write(rules_DOT_override_DOT_yaml=OVERRIDES)
    code, out, _ = run("--pack", "nope", "rules.override.yaml")
    assert (code, out.splitlines()[0]) == (2, "--pack: error[unknown-pack] unknown pack 'nope'")


def test_one_pack_under_two_names_is_one(write: Write) -> None:
    (write(a_DOT_yaml=GOOD) / "b.yaml").symlink_to("a.yaml")
    assert told(".") == []


def test_packs_of_one_name_are_told_and_the_nearest_one_is_meant(write: Write) -> None:
    other = LIMITED.replace("limit", "bound")
    write(a_DOT_yaml=LIMITED, b__mine_DOT_yaml=other, c__copy_DOT_yaml=LIMITED + "# rules: disable=duplicate-pack\n")
    for name in ("o", "b__o", "d__o"):
        write(**{f"{name}_DOT_override_DOT_yaml": "pack: mine\nparams: {bound: 3}\n"})
    assert told(".") == [
        "o.override.yaml:2:10 unknown-param",
        "b/mine.yaml:2:7 duplicate-pack",
        "c/copy.yaml:2:7 duplicate-pack",
        "d/o.override.yaml:2:10 unknown-param",
    ]
    write(c__copy_DOT_yaml=LIMITED.replace("pack: mine", "pack: mine  # rules: disable=duplicate-pack"))
    assert told("a.yaml", "c/copy.yaml") == told("c/copy.yaml") == []
    (outcome,) = validation.validate(["b/mine.yaml", "a.yaml"]).problems
    assert (outcome.severity, outcome.message, outcome.hint) == (
        "warning",
        "b/mine.yaml is pack 'mine' too",
        "give one another name; an override file for that name is held against the one in its folder, else against b/mine.yaml",
    )
