# ruff: noqa: E501 - tables of whole messages
"""`rules diff`: one log judged in two ways, and only what differs, in words and as data."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from jsonschema import Draft7Validator

from trainrules import cli
from trainrules.engine.schema import SCHEMAS

from .gatedruns import PACK as GATED
from .gatedruns import noisy, rows

PACK = """\
schema: 1
pack: demo
version: 1.0.0
title: Demo
clock: {step: [step]}
metrics:
  loss: {keys: [loss], required: true}
  kl: {keys: [kl]}
params:
  high: {default: 5, min: 0}
  late: {default: 0}
variants:
  calm: {set: {high: 100}, advise: [kl_high]}
rules:
  loss_high:
    title: Loss is high
    cause: diverging
    severity: critical
    when: loss > high
    after: late
    actions: [stop]
  kl_high: {title: KL is high, cause: unstable, severity: warning, when: kl > high, actions: [slow_down]}
  kl_low: {title: KL is low, cause: info, severity: info, when: kl < 0}
actions:
  stop: {rank: 100, title: Stop the run}
  slow_down: {rank: 60, title: Halve the rate}
  continue: {rank: 0, title: Go on, alone: true}
"""

Run = Callable[..., tuple[int, str, str]]


@pytest.fixture
def diff(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Run:
    """Runs `rules diff demo.yaml run.jsonl …` in a folder that has both; gives the exit code, stdout and stderr."""
    (tmp_path / "demo.yaml").write_text(PACK)
    lines = [{"step": step, "loss": loss, "kl": 7} for step, loss in enumerate([1, 2, 6, 7, 9, 9], 1)]
    (tmp_path / "run.jsonl").write_text("".join(json.dumps(line) + "\n" for line in lines))
    monkeypatch.chdir(tmp_path)

    def run(*arguments: str, pack: str = "demo.yaml", log: str = "run.jsonl") -> tuple[int, str, str]:
        with pytest.raises(SystemExit) as left:
            cli.main(["diff", pack, log, *arguments])
        assert isinstance(left.value.code, int)
        return left.value.code, *capsys.readouterr()

    return run


def body(*lines: str) -> str:
    return "".join(f"{line}\n" for line in lines)


def test_settings_that_both_share_are_shown(diff: Run) -> None:
    """What a file beside the log or a project sets for both, unless a way sets it otherwise."""
    Path("rules.override.yaml").write_text("params: {late: 1, high: 4}\nseverities: {kl_high: info}\n")
    code, out, _ = diff("--set", "high=6.5", "--against", "--variant", "calm")
    assert (code, out.splitlines()[:8]) == (
        1,
        [
            "DIFFERENT  run.jsonl, pack demo 1.0.0",
            "With the settings of rules.override.yaml beside the log (--isolated ignores it).",
            "  A  high = 6.5 (default 5, --set)",
            "  B  variant calm; high = 4 (default 5, rules.override.yaml:1)",
            "  both  late = 1 (default 0, rules.override.yaml:1), kl_high.severity = info",
            "        (default warning, rules.override.yaml:2)",
            "",
            "Verdict     act in both",
        ],
    )
    data = json.loads(diff("--set", "high=6.5", "--format", "json")[1])
    Draft7Validator(json.loads((SCHEMAS / "diff.schema.json").read_text())).validate(data)
    assert [each["param"] for each in data["shared"]] == ["late", "kl_high.severity"]
    assert [[each["param"] for each in data[way]["settings"]] for way in "ab"] == [["high"], ["high"]]
    Path("rules.override.yaml").unlink()
    assert "both  " not in diff("--set", "high=6.5")[1].split("Verdict")[0]


def test_what_one_way_finds_and_the_other_does_not(diff: Run) -> None:
    assert diff("--set", "high=6.5", "--against", "--set", "high=20") == (
        1,
        body(
            "DIFFERENT  run.jsonl, pack demo 1.0.0",
            "  A  high = 6.5 (default 5, --set)",
            "  B  high = 20 (default 5, --set)",
            "",
            "Verdict     act in A, healthy in B",
            "",
            "Findings",
            "  only A    Loss is high (loss_high): critical, firing, since step 4; in B ok",
            "  only A    KL is high (kl_high): warning, firing, since step 1; in B ok",
            "",
            "What to do in A",
            "  1. Stop the run: loss is high, since step 4.",
            "  2. Halve the rate: KL is high, since step 1.",
            "What to do in B",
            "  1. Keep training: 3 rules found no fault up to step 6.",
        ),
        "",
    )


def test_what_both_find_and_not_alike(diff: Run) -> None:
    code, out, _ = diff("--set", "high=8", "--against", "--set", "kl_high.severity=critical")
    assert code == 1
    assert out.split("\n\n")[2:] == [
        body(
            "Findings",
            "  both      Loss is high (loss_high): since step 5 in A, step 3 in B",
            "  only B    KL is high (kl_high): critical, firing, since step 1; in A ok",
        ).rstrip("\n"),
        body(
            "What to do in A",
            "  1. Stop the run: loss is high, since step 5.",
            "What to do in B",
            "  1. As 1 in A (stop).",
            "  2. Halve the rate: KL is high, since step 1.",
        ),
    ]


@pytest.mark.parametrize(
    ("arguments", "first", "second"),
    [
        ((), "as it is", "as it is"),
        (("--set", "high=5.5"), "high = 5.5 (default 5, --set)", "as it is"),
        (("--against", "--set", "high=5.5"), "as it is", "high = 5.5 (default 5, --set)"),
        (("--set=high=5.5", "--against", "--set=high=5.25"), "high = 5.5 (default 5, --set)", "high = 5.25 (default 5, --set)"),
        (("--overrides", "o.yaml", "--against", "--overrides=p.yaml"), "high = 5.5 (default 5, o.yaml:1)", "as it is"),
    ],
)  # fmt: skip
def test_ways_that_give_the_same(
    diff: Run, tmp_path: Path, arguments: tuple[str, ...], first: str, second: str
) -> None:
    (tmp_path / "o.yaml").write_text("params: {high: 5.5}")
    (tmp_path / "p.yaml").write_text("params: {high: 5}")
    assert diff(*arguments) == (
        0,
        body(
            "SAME  run.jsonl, pack demo 1.0.0",
            f"  A  {first}",
            f"  B  {second}",
            "",
            "Both give the same findings and the same plan: act.",
        ),
        "",
    )


def test_two_variants(diff: Run) -> None:
    code, out, _ = diff("--variant", "calm", "--against")
    assert code == 1
    assert "  A  variant calm; high = 100 (default 5, variant calm)" in out
    assert "  B  as it is\n" in out


def test_a_rule_that_finds_nothing_stands_otherwise(diff: Run) -> None:
    code, out, _ = diff("--set", "kl_low.enabled=false")
    assert (code, out.split("\n\n")[2:]) == (
        1,
        ["The same findings in both.", "Rules and gates\n  off in A, ok in B: kl_low", "The same plan in both.\n"],
    )


def test_what_both_share_stands_anywhere(diff: Run, tmp_path: Path) -> None:
    """Options after --against that are not of a way are for both; so is a file beside the log."""
    (tmp_path / "rules.override.yaml").write_text("params: {high: 50}")
    code, out, _ = diff("--set", "high=60", "--against", "--format", "json")
    assert (code, json.loads(out)["b"]["settings"][0]["value"]) == (0, 50.0)
    code, out, _ = diff("--set", "high=60", "--against", "--isolated", "--format=json")
    assert (code, json.loads(out)["b"]["settings"]) == (1, [])
    code, out, _ = diff("--set", "high=60", "--against")
    assert out.splitlines()[1] == "With the settings of rules.override.yaml beside the log (--isolated ignores it)."


def test_gates_and_their_lines(diff: Run, tmp_path: Path) -> None:
    (tmp_path / "gated.yaml").write_text(GATED)
    run = rows(60, score=noisy(0.48))
    (tmp_path / "held.jsonl").write_text("".join(json.dumps(row) + "\n" for row in run))
    code, out, _ = diff("--against", "--set", "score_min=0.4", pack="gated.yaml", log="held.jsonl")
    assert code == 1
    assert "blocked in A, open in B: gate next\n" in out
    assert "near in A, met in B: gate next: score\n" in out
    for line in out.splitlines():
        assert len(line) <= 80


def test_pack_auto(diff: Run, root: Path) -> None:
    log = str(root / "examples" / "kto_flipped_labels" / "training_metrics.jsonl")
    code, out, _ = diff("--set", "labels_flipped.enabled=false", pack="auto", log=log)
    assert (code, out.splitlines()[0]) == (1, "DIFFERENT  training_metrics.jsonl, pack kto 1.0.0")
    assert "(labels_flipped): critical, firing, since step 81; in A off" in " ".join(out.split())


@pytest.mark.parametrize(
    ("arguments", "given", "code", "err"),
    [
        (("--set", "hihg=1"), {}, 2, "--set: unknown param 'hihg'; did you mean 'high'?\n"),
        (("--against", "--set", "hihg=1"), {}, 2, "--against --set: unknown param 'hihg'; did you mean 'high'?\n"),
        (("--against", "--variant", "clam"), {}, 2, "--against --variant: unknown variant 'clam'; did you mean 'calm'?\n"),
        (("--against", "--set", "high"), {}, 2, "rules diff --against: invalid value for '--set': 'high' is not NAME=VALUE; see 'rules diff --against --help'\n"),
        (("--against", "--against"), {}, 2, "rules diff: --against is given more than once: a log is judged in two ways; see 'rules diff --help'\n"),
        ((), {"log": "-"}, 2, "rules diff: the log is read twice: save standard input to a file first; see 'rules diff --help'\n"),
        ((), {"log": "nowhere.jsonl"}, 3, "nowhere.jsonl: there is no such file; check the path to the log\n"),
        ((), {"pack": "nothing"}, 2, None),
    ],
)  # fmt: skip
def test_what_is_wrong(
    diff: Run, arguments: tuple[str, ...], given: dict[str, str], code: int, err: str | None
) -> None:
    found, out, told = diff(*arguments, **given)
    assert (found, out) == (code, "")
    assert err is None or told == err


def test_a_log_that_cannot_be_judged_either_way(diff: Run, tmp_path: Path) -> None:
    (tmp_path / "other.jsonl").write_text('{"step": 1, "lss": 2}\n')
    code, out, _ = diff("--set", "high=6", log="other.jsonl")
    assert code == 3
    assert "Both give the same findings and the same plan: unknown (" in out


def schema(name: str) -> dict[str, Any]:
    found: dict[str, Any] = json.loads((SCHEMAS / f"{name}.schema.json").read_text(encoding="utf-8"))
    return found


@pytest.mark.parametrize("arguments", [(), ("--set", "high=8"), ("--variant", "calm"), ("--set", "late=9")])
def test_data_have_the_shape_of_the_schema(diff: Run, arguments: tuple[str, ...]) -> None:
    out = diff(*arguments, "--format", "json")[1]
    data = json.loads(out)
    Draft7Validator(schema("diff")).validate(data)
    assert list(data) == list(schema("diff")["properties"])
    assert data["same"] is not bool(data["findings"] or data["changes"] or not data["plan"]["same"])


def test_the_schema_has_the_parts_of_a_report_as_they_are() -> None:
    report, own = schema("report"), schema("diff")["definitions"]
    assert own["plan"] == report["properties"]["plan"]
    assert own["finding"] == report["properties"]["findings"]["items"]
    assert own["overrides"] == report["properties"]["overrides"]
    shared = set(own) & set(report["definitions"])
    assert {name: own[name] for name in shared} == {name: report["definitions"][name] for name in shared}
