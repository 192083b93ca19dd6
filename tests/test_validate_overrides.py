# ruff: noqa: E501 - tables of whole messages
"""`rules validate` and override files: the pack that they are held against, and what is wrong with them."""

from __future__ import annotations

from pathlib import Path

import pytest

from trainrules import cli
from trainrules.engine import validation
from trainrules.engine.validation.check import Checker

from .validating import HEAD, LIMITED, METRICS, OVERRIDES, WATCHED, Run, Write, runner, told, writer


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
        ("pack: null\nparams: {limt: 3}\n", []),
        ("pack:\nparams: {limt: 3}\n", ["rules.override.yaml:1:1 wrong-type"]),
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


SETTINGS = [
    ("params: {limit: }", "2:10", "2:10: param 'limit' is given no value; write one, or null: rules that use it are not evaluated then"),
    ("params:\n  limit:\n", "3:3", "3:3: param 'limit' is given no value; write one, or null: rules that use it are not evaluated then"),
    ("params:", "2:1", "2:1: 'params' is empty; fill it in or leave it out"),
    ("disable:", "2:1", "2:1: 'disable' is empty; fill it in or leave it out"),
    ("disable: {high: {reason: x, until: 200}}", "2:36", "2:36: 'until' must be a step, an epoch or a date, not the number 200; write 'step 200'"),
    ("disable: {high: {reason: x, until: 200 steps}}", "2:36", "2:36: 'until' must be a step, an epoch or a date, not the text '200 steps'; write 'step 200'"),
    ("disable: {high: {reason: x, until: }}", "2:29", "2:29: 'until' must be a step, an epoch or a date, not nothing; as in 'step 5000', 'epoch 3' or '2026-12-31'"),
    ("disable: {high: {reason: x, until: null}}", "", ""),
    ("severities: {high: {severity: info, reason: x, until: ~}}", "", ""),
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


def test_a_pack_and_its_variants_say_what_a_param_is_worth(write: Write) -> None:
    write(
        p_DOT_yaml=LIMITED.replace("default: 2,", "default: ,")
        + "variants: {v: {set: {limit: }}, w: {set: {limit: null}}}\n"
    )
    assert told("p.yaml") == ["p.yaml:8:18 empty-value", "p.yaml:9:22 empty-value"]
