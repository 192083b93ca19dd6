"""`rules packs`, `rules show` and `rules explain`: what they print, at 80 columns and as JSON, and how they fail."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from trainrules import cli
from trainrules.engine.catalog import entries, plural
from trainrules.engine.load import load_pack
from trainrules.engine.shipped import shipped
from trainrules.engine.yamlio import read

PACK = """\
schema: 1
pack: mine
version: 0.2.0
title: My own runs
source: My notes
help: What I look at.
extends: ./base.yaml
detect: ["*accuracy", loss]
sentinels: [loss]
metrics:
  accuracy:
    keys: [acc, eval_accuracy]
    role: eval
    unit: share
    better: higher
    good: [0.5, null]
    help: How often it is right.
    source: "Notes, 1"
  gap: {expr: "latest(loss) - accuracy", help: A number without a meaning}
  seen: {keys: [tokens], where: step > low}
params:
  high: {default: 2}
  low: {default: high / 4, min: 0, max: 1, unit: nats, help: Low is good, source: "Notes, 2"}
  patience: {default: 3, type: integer, min: 1}
  rate: {default: null, help: The rate}
variants:
  small: {set: {high: default * 2, patience: 5}, disable: [old], advise: [worse], help: Small models.}
windows:
  recent: {last: patience points, help: The recent past}
rules:
  worse:
    title: It gets worse
    cause: overfitting
    since: accuracy < low
    after: 10
    until: accuracy > low
    for: 2 points
    levels:
      - {severity: warning, when: "mean(accuracy, recent) < low"}
      - {severity: critical, when: "mean(accuracy, recent) < low / 2", actions: [go_back]}
    message: "accuracy {accuracy:.2f}, below {low:g}"
    why: I saw it once.
    source: "Notes, 3"
  low: {title: Numbers are gone, cause: info, severity: warning, when: nonfinite(), sticky: true, enabled: false}
stages:
  early: {title: Early, to: 100 steps, share: 0.5, expect: {loss: [1, 2], accuracy: [0.1, null]}, source: "Notes, 4"}
  late: {expect: {loss: [null, 1]}}
actions:
  go_back: {rank: 80, title: Go back, text: "To {checkpoint}.", target: checkpoint, command: again, conflicts: [rest]}
  rest: {rank: 10, title: Wait, alone: true, set: {learning_rate: lr_peak / 2}, direction: {learning_rate: down}}
commands:
  again: {text: "train --rate {rate:g} --from {checkpoint}", help: Start again}
notes:
  seeds: {text: Use three seeds., source: "Notes, 5"}
"""

BASE = """\
schema: 1
pack: base
version: 1.0.0
title: The base
metrics:
  loss: {keys: [loss], required: true}
params:
  high: {default: 1, min: 0, help: High is bad}
rules:
  old: {title: Loss is high, cause: info, severity: info, when: loss > high}
"""

RICH = """\
schema: 1
pack: rich
version: 1.0.0
title: Everything else
labels: {rank: [rank]}
families: {layer: ["", _0, _1]}
twins:
  eval: {keys: ["eval_{key}"], help: The same in evaluation}
metrics:
  loss: {keys: [loss], required: true, twin: eval}
  ce: {keys: ["ce{layer}"], help: One for each layer.}
  phase: {keys: [phase], type: text}
  slope: {keys: [slope]}
  "rollout/*":
    help: What a rollout gives.
    by: rank
    where: loss > 0
    metrics:
      len: {good: [1, 9], in_loss: false}
      f1: {better: higher, role: eval}
params:
  flat: {default: 0.01, min: 0}
windows:
  recent: {last: 40 steps, min: 1 point}
rules:
  spike: {title: Spike, cause: unstable, severity: info, when: ce > 3}
invariants:
  halves: {holds: ce == loss / 2, rel: 1e-4, why: The trainer halves it., source: "Notes, 6"}
  order: {title: In order, holds: ce <= loss, severity: info, for: 2 points, enabled: false}
gates:
  next:
    title: Next phase
    while: phase != "last"
    passed: changed(phase)
    max_age: 5 points
    require:
      plateau: {value: slope, between: [-flat, flat], near: flat / 2, setting: slope_below, why: Flat is flat.}
      late: {value: step, at_least: 100, advisory: flat > 1}
    on_passed: [go_on]
    on_blocked: [rest]
    stuck: {when: step > 500, over: recent, quantile: 0.1, actions: [lower]}
    why: It is the plan.
    source: "Notes, 7"
actions:
  go_on: {rank: 0, title: Go on}
  rest: {rank: 10, title: Rest, alone: true}
  lower: {rank: 50, title: Lower it}
formats:
  bar:
    title: A bar
    lines:
      - {match: '^epoch (?P<epoch>[0-9]+)', remember: {epoch: "{epoch}"}}
      - {match: '^step (?P<step>[0-9]+)', values: {step: "{step}"}, pairs: '(?P<name>[a-z]+)=(?P<value>[0-9.]+)'}
      - {match: '^Killed', ends: killed}
"""

Rules = Callable[..., tuple[int, str, str]]


@pytest.fixture
def rules(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Rules:
    """Runs a command beside the two packs; every line it prints fits on 80 columns."""
    (tmp_path / "mine.yaml").write_text(PACK, encoding="utf-8")
    (tmp_path / "base.yaml").write_text(BASE, encoding="utf-8")
    (tmp_path / "rich.yaml").write_text(RICH, encoding="utf-8")
    monkeypatch.chdir(tmp_path)

    def run(*arguments: str) -> tuple[int, str, str]:
        with pytest.raises(SystemExit) as left:
            cli.main(arguments)
        out, err = capsys.readouterr()
        if "json" not in arguments:
            assert max(map(len, out.splitlines()), default=0) <= 80
        assert isinstance(left.value.code, int)
        return left.value.code, out, err

    return run


def test_packs_of_a_folder(rules: Rules) -> None:
    assert rules("packs", ".", "mine.yaml", "./mine.yaml") == (
        0,
        """\
base.yaml  The base
           1 rule and 1 threshold
           Not chosen by --pack auto
mine.yaml  My own runs
           3 rules, 2 stages and 4 thresholds; variant small
           Guide: My notes
           Known by *accuracy and loss
rich.yaml  Everything else
           1 rule, 1 gate, 2 invariants and 1 threshold
           Not chosen by --pack auto
""",
        "",
    )


def test_what_is_no_pack_is_none_of_the_packs_of_a_folder(rules: Rules, tmp_path: Path) -> None:
    folder = tmp_path / "sub"
    folder.mkdir()
    (folder / "zz.override.yaml").write_text("params: {low: 1}\n", encoding="utf-8")
    (folder / "night.yaml").write_text("disable: [worse]\n", encoding="utf-8")
    (folder / "alerts.yaml").write_text("groups: []\n", encoding="utf-8")
    (folder / "base.test.yaml").write_text("schema: 1\ntests: []\n", encoding="utf-8")
    assert rules("packs", "sub") == (2, "", "sub: no packs in this folder; they are files that end in .yaml\n")
    (folder / "base.yml").write_text(f"{{ # as JSON\n{json.dumps(read(BASE, 'a').plain())[1:]}", encoding="utf-8")
    assert rules("packs", "sub")[0::2] == (0, "")
    code, _, err = rules("packs", "sub/zz.override.yaml")
    assert (code, "lacks 'pack'" in err) == (2, True)


def test_packs_that_are_shipped(rules: Rules) -> None:
    code, out, err = rules("packs")
    assert (code, err) == (0, "")
    names = [line.split()[0] for line in out.splitlines() if not line.startswith(" ")]
    assert names == sorted(["common", *shipped()])
    assert json.loads(rules("packs", "--format", "json")[1])["packs"][0]["pack"] == names[0]


def test_a_pack_that_is_wrong_does_not_hide_the_others(rules: Rules, tmp_path: Path) -> None:
    (tmp_path / "bad.yaml").write_text("schema: 1\npack: bad\nversion: 1\ntitel: x\n", encoding="utf-8")
    code, out, err = rules("packs", "bad.yaml", "base.yaml", "nowhere")
    assert code == 2
    assert out.startswith("base.yaml  The base\n")
    assert "bad.yaml:4:1: unknown key 'titel'; did you mean 'title'?" in err
    assert "unknown pack 'nowhere'" in err


@pytest.mark.parametrize(
    ("name", "arguments"),
    [
        ("show", ("show", "mine.yaml")),
        ("show_set", ("show", "mine.yaml", "--variant", "small", "--set", "low=0.1", "--set", "low.enabled=true")),
        ("explain_rule", ("explain", "mine.yaml", "worse")),
        ("explain_clock", ("explain", "mine.yaml", "step")),
        ("explain_rule_off", ("explain", "mine.yaml", "old", "--variant", "small")),
        ("explain_rule_info", ("explain", "mine.yaml", "worse", "--variant", "small")),
        ("explain_two", ("explain", "mine.yaml", "low")),
        ("explain_key", ("explain", "mine.yaml", "eval_accuracy")),
        ("explain_param", ("explain", "mine.yaml", "high", "--set", "high=default + 1")),
        ("explain_unset", ("explain", "mine.yaml", "rate")),
        ("explain_metric", ("explain", "mine.yaml", "gap")),
        ("explain_window", ("explain", "mine.yaml", "recent")),
        ("explain_stage", ("explain", "mine.yaml", "early")),
        ("explain_variant", ("explain", "mine.yaml", "small")),
        ("explain_action", ("explain", "mine.yaml", "go_back")),
        ("explain_other_action", ("explain", "mine.yaml", "rest")),
        ("explain_command", ("explain", "mine.yaml", "again")),
        ("explain_note", ("explain", "mine.yaml", "seeds")),
        ("show_rich", ("show", "rich.yaml")),
        ("explain_gate", ("explain", "rich.yaml", "next")),
        ("explain_invariant", ("explain", "rich.yaml", "halves")),
        ("explain_invariant_off", ("explain", "rich.yaml", "order")),
        ("explain_group", ("explain", "rich.yaml", "rollout/*")),
        ("explain_grouped", ("explain", "rich.yaml", "rollout/f1")),
        ("explain_family", ("explain", "rich.yaml", "layer")),
        ("explain_member", ("explain", "rich.yaml", "ce_0")),
        ("explain_twin", ("explain", "rich.yaml", "eval")),
        ("explain_format", ("explain", "rich.yaml", "bar")),
    ],
)
def test_pages(rules: Rules, golden: Callable[[str, str], None], name: str, arguments: tuple[str, ...]) -> None:
    code, out, err = rules(*arguments)
    assert (code, err) == (0, "")
    golden(f"inspect/{name}.txt", out)


@pytest.mark.parametrize(
    ("name", "arguments"),
    [
        ("packs", ("packs", "mine.yaml")),
        ("show", ("show", "mine.yaml", "--variant", "small", "--set", "low=0.1")),
        ("explain", ("explain", "mine.yaml", "low", "--set", "high=1")),
        ("explain_rule", ("explain", "mine.yaml", "worse", "--variant", "small")),
    ],
)
def test_data(rules: Rules, golden: Callable[[str, str], None], name: str, arguments: tuple[str, ...]) -> None:
    code, out, err = rules(*arguments, "--format", "json")
    assert (code, err) == (0, "")
    golden(f"inspect/{name}.json", json.dumps(without_empty(json.loads(out)), indent=2) + "\n")


def without_empty(data: Any) -> Any:
    """The data without what a pack does not say, so that a new field of the model changes no golden file."""
    if isinstance(data, dict):
        return {key: without_empty(value) for key, value in data.items() if value not in (None, "", [], {}, 0)}
    return [without_empty(each) for each in data] if isinstance(data, list) else data


def test_data_says_everything_even_what_is_not_set(rules: Rules) -> None:
    shown = json.loads(rules("show", "mine.yaml", "--format", "json")[1])
    (rate,) = (each for each in shown["params"] if each["id"] == "rate")
    assert rate == {
        **{"id": "rate", "at": "mine.yaml:25:3", "value": None, "default": None, "expression": None, "from": "mine"},
        **{"type": "number", "unit": None, "min": None, "max": None, "help": "The rate", "source": "", "uses": {}},
    }


@pytest.mark.parametrize(
    ("arguments", "err"),
    [
        (
            ("explain", "mine.yaml", "acuracy"),
            "mine.yaml: unknown name 'acuracy'; did you mean 'accuracy'?\n",
        ),
        (
            ("explain", "mine.yaml", "eval_acuracy"),
            "mine.yaml: unknown name 'eval_acuracy'; did you mean 'eval_accuracy'?\n",
        ),
        (("explain", "rich.yaml", "ce_2"), "rich.yaml: unknown name 'ce_2'; did you mean 'ce_1' or 'ce_0' or 'ce'?\n"),
        (
            ("explain", "mine.yaml", "eval_acc"),
            "mine.yaml: unknown name 'eval_acc'; did you mean 'eval_accuracy'?\n",
        ),
        (
            ("explain", "mine.yaml", "\x1b[31m"),
            "mine.yaml: unknown name '\\x1b[31m'; 'rules show mine.yaml' lists all that it has\n",
        ),
        (
            ("show", "kt"),
            "PACK: unknown pack 'kt'; did you mean 'kto'?\n",
        ),
        (("show", "nowhere.yaml"), "nowhere.yaml: file does not exist; give the path of a YAML file\n"),
        (
            ("show", "mine.yaml", "--set", "hihg=1"),
            "--set: unknown param 'hihg'; did you mean 'high'?\n",
        ),
        (
            ("show", "mine.yaml", "--variant", "smal"),
            "--variant: unknown variant 'smal'; did you mean 'small'?\n",
        ),
        (("show",), "rules show: missing argument 'PACK'; see 'rules show --help'\n"),
        (
            ("explain", "mine.yaml"),
            "rules explain: missing argument 'NAME'; see 'rules explain --help'\n",
        ),
        (
            ("explain", "labels_flipped"),
            "unknown code 'labels_flipped'; it stands in pack 'kto'; try 'rules explain kto labels_flipped'\n",
        ),
        (
            ("explain", "loss_spike"),
            "unknown code 'loss_spike'; it stands in pack 'common'; try 'rules explain common loss_spike'\n",
        ),
        (
            ("explain", "unused-parm"),
            "unknown code 'unused-parm'; did you mean 'unused-param' or 'unused-family' or 'unused-metric'?\n",
        ),
    ],
)
def test_what_is_wrong_is_told_with_its_mend(rules: Rules, arguments: tuple[str, ...], err: str) -> None:
    assert rules(*arguments) == (2, "", err)


def test_settings_beside_a_log_and_in_files_are_told_with_their_origin(rules: Rules, tmp_path: Path) -> None:
    (tmp_path / "run").mkdir()
    (tmp_path / "run" / "log.jsonl").write_text("", encoding="utf-8")
    (tmp_path / "run" / "rules.override.yaml").write_text("params: {patience: 7}\n", encoding="utf-8")
    (tmp_path / "o.yaml").write_text("params: {rate: 0.5}\n", encoding="utf-8")
    lines = rules("show", "mine.yaml", "run/log.jsonl", "--overrides", "o.yaml")[1].splitlines()
    told = [line.split() for line in lines if line.startswith(("  patience", "  rate"))]
    assert told == [
        ["patience", "7,", "at", "least", "1", "rules.override.yaml:1,", "default", "3"],
        ["rate", "0.5", "o.yaml:1,", "default", "unset"],
    ]


@pytest.mark.parametrize("form", ["text", "json"])
def test_a_log_that_is_not_there_is_no_log(rules: Rules, form: str) -> None:
    told = "nowhere.jsonl: there is no such file; check the path to the log\n"
    assert rules("show", "mine.yaml", "nowhere.jsonl", "--format", form) == (3, "", told)


@pytest.mark.parametrize("pack", ["common", *shipped()])
def test_every_name_of_a_shipped_pack_is_explained(rules: Rules, pack: str) -> None:
    rules("show", pack)
    shown = json.loads(rules("show", pack, "--format", "json")[1])
    everything = entries(load_pack(pack))
    assert everything
    for entry in everything:
        assert entry.name in [each["id"] for each in shown[plural(entry.kind)]]
    for entry in everything[:: max(1, len(everything) // 40)]:
        code, out, err = rules("explain", pack, entry.name)
        assert (code, err) == (0, "")
        head = f"{'threshold' if entry.kind == 'param' else entry.kind} {entry.name}"
        assert any(line.startswith(head) for line in out.splitlines())


def test_pages_are_painted_on_a_terminal_only(rules: Rules, monkeypatch: pytest.MonkeyPatch) -> None:
    assert "\x1b[" not in rules("show", "mine.yaml")[1]
    monkeypatch.setattr("sys.stdout.isatty", lambda: True)
    monkeypatch.delenv("NO_COLOR", raising=False)
    monkeypatch.setenv("TERM", "xterm")
    painted = [cli.page_style()["colour"]]
    monkeypatch.setenv("NO_COLOR", "1")
    assert [*painted, cli.page_style()["colour"]] == [True, False]
