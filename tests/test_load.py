# ruff: noqa: E501 - tables of whole messages
"""Packs: what each part of the YAML becomes, how parents merge, and every message with its place."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from trainrules.engine import load
from trainrules.engine.errors import PackError, Position
from trainrules.engine.load import load_pack
from trainrules.engine.pack import Checkpoints, Clock, Command, KeyPattern, Note, Pack
from trainrules.engine.shipped import RULES, pack_files, shipped, shipped_with

HEAD = "schema: 1\npack: demo\nversion: 1.0.0\ntitle: Demo\n"
BASE = HEAD + "metrics: {loss: {keys: [loss]}}\n"  # five lines


@pytest.fixture(autouse=True)
def in_a_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)


def loaded(text: str, name: str = "p.yaml") -> Pack:
    Path(name).write_text(text)
    return load_pack(name)


def told(text: str, name: str = "p.yaml") -> list[str]:
    try:
        loaded(text, name)
    except PackError as error:
        return str(error).splitlines()
    return []


FULL = """\
schema: 1
pack: full
version: 1.2.0
title: Full
source: A guide
help: Everything at once.
detect: [loss, rewards/margins]
clock:
  step: [step, {key: "global_step/max_steps", pattern: '^(\\d+)/'}]
  epoch: [epoch]
sentinels: [loss]
checkpoints: {glob: ["checkpoint-*"], step: 'checkpoint-(\\d+)$'}
labels: {rank: [rank, local_rank]}
summary: [train_runtime]
metrics:
  loss: {keys: [loss, train/loss], by: rank, better: lower, unit: nats, required: true, good: [null, 2], help: It., source: p. 1}
  eval_loss: {keys: [eval_loss], role: eval, where: step > 3}
  phase: {keys: [phase], type: text}
  ratio: {expr: eval_loss / loss}
params:
  warmup: {default: 20, type: integer, unit: steps, min: 0, max: 50, help: Wait.}
  limit: {default: warmup / 10}
  mode: {default: main, type: text}
  unset: {default: null}
  strict: {default: false}
variants:
  short: {set: {warmup: 5, limit: default / 2, mode: x}, disable: [low], advise: {high: it is noise here}, help: Short runs}
windows:
  trend: {last: 30 steps, min: 3 points, help: The trend}
  some: {last: warmup points}
  run: {last: all}
rules:
  high:
    title: Loss is high
    cause: diverging
    for: 3 points
    actions: [stop]
    message: "loss {loss:.3f} over {limit:g} since {onset:g}"
    levels:
      - {severity: warning, when: "mean(loss, trend) > limit"}
      - {severity: critical, when: loss > 2 * limit, for: 1 point, actions: [stop, back], until: loss < limit}
    since: loss > limit
    after: warmup
    while: phase == mode
    sticky: false
    enabled: false
    why: Because.
    source: p. 2
  low: {title: Loss is low, cause: info, severity: info, when: "any(loss < 0, run)", after: 10, sticky: true}
stages:
  early: {to: 50 steps, share: 0.3, title: Early, expect: {loss: [0.5, null]}, source: p. 3}
  late: {}
actions:
  stop: {rank: 100, title: Stop, alone: true, conflicts: [back]}
  back:
    rank: 90
    title: Go back
    text: "To {checkpoint}."
    target: checkpoint
    command: resume
    set: {learning_rate: lr_peak / 2}
    direction: {learning_rate: down}
commands:
  resume: "train --lr {learning_rate:g} --from {checkpoint}"
  again: {text: train, help: From the start}
notes:
  save: Save often.
  look: {text: Look, source: p. 4}
"""


def test_every_part_of_a_pack() -> None:
    pack = loaded(FULL)
    here = Position("p.yaml", 2, 7)
    assert (pack.id, pack.at, pack.version, pack.title, pack.source) == ("full", here, "1.2.0", "Full", "A guide")
    assert pack.clock == Clock(
        step=(KeyPattern("step"), KeyPattern("global_step/max_steps", r"^(\d+)/")), epoch=(KeyPattern("epoch"),)
    )
    assert (pack.sentinels, pack.summary, pack.detect) == (("loss",), ("train_runtime",), ("loss", "rewards/margins"))
    assert pack.checkpoints == Checkpoints(("checkpoint-*",), r"checkpoint-(\d+)$")
    assert pack.labels == {"rank": ("rank", "local_rank")}

    loss, eval_loss, phase, ratio = pack.metrics.values()
    assert loss == (
        *("loss", ("p.yaml", 16, 3), ("loss", "train/loss"), None, None, "train", "number", ("rank",), "lower", "nats"),
        *(True, (None, 2.0), None, "It.", "p. 1", None, None, None),
    )
    assert (eval_loss.role, eval_loss.where and eval_loss.where.text) == ("eval", "step > 3")
    assert (phase.type, ratio.keys, ratio.expr and ratio.expr.at) == ("text", (), Position("p.yaml", 19, 17))

    warmup, limit, mode, unset, strict = pack.params.values()
    assert (warmup.default, warmup.type, warmup.unit, warmup.min, warmup.max) == (20.0, "integer", "steps", 0, 50)
    assert getattr(limit.default, "text", None) == "warmup / 10"
    assert [(p.default, p.type) for p in (mode, unset, strict)] == [
        ("main", "text"),
        (None, "number"),
        (False, "boolean"),
    ]

    short = pack.variants["short"]
    assert (short.set["warmup"], getattr(short.set["limit"], "text", ""), short.set["mode"]) == (
        5.0,
        "default / 2",
        "x",
    )
    assert (short.disable, short.advise, short.help) == ({"low": ""}, {"high": "it is noise here"}, "Short runs")

    lengths = [
        (w.last and (w.last.amount.text, w.last.unit), w.min_points and w.min_points.text)
        for w in pack.windows.values()
    ]
    assert lengths == [(("30", "steps"), "3"), (("warmup", "points"), None), (None, None)]

    high, low = pack.rules.values()
    assert (high.title, high.cause, high.sticky, high.enabled, high.why, high.source) == (
        *("Loss is high", "diverging", False, False, "Because.", "p. 2"),
    )
    assert low.sticky
    assert [e and e.text for e in (high.since, high.after, high.while_)] == ["loss > limit", "warmup", "phase == mode"]
    message = "loss {loss:.3f} over {limit:g} since {onset:g}"
    assert [
        (
            x.severity,
            x.at,
            x.when.text,
            x.for_ and (x.for_.amount.text, x.for_.unit),
            x.until and x.until.text,
            x.actions,
            x.message,
        )
        for x in high.levels
    ] == [
        ("warning", Position("p.yaml", 40, 9), "mean(loss, trend) > limit", ("3", "points"), None, ("stop",), message),
        (
            "critical",
            Position("p.yaml", 41, 9),
            "loss > 2 * limit",
            ("1", "points"),
            "loss < limit",
            ("stop", "back"),
            message,
        ),
    ]
    assert [level.severity for level in low.levels] == ["info"]
    assert low.after
    assert (low.after.text, low.after.at) == ("10", Position("p.yaml", 49, 93))

    early, late = pack.stages.values()
    assert (early.to, early.unit, early.share, early.title, early.expect) == (
        50,
        "steps",
        0.3,
        "Early",
        {"loss": (0.5, None)},
    )
    assert (late.to, late.share) == (None, None)
    stop, back = pack.actions.values()
    assert (stop.rank, stop.title, stop.alone, stop.conflicts) == (100, "Stop", True, ("back",))
    assert (back.text, back.target, back.command, back.direction) == (
        *("To {checkpoint}.", "checkpoint", "resume", {"learning_rate": "down"}),
    )
    assert back.set["learning_rate"].text == "lr_peak / 2"
    assert pack.commands == {
        "resume": Command("resume", Position("p.yaml", 64, 3), "train --lr {learning_rate:g} --from {checkpoint}"),
        "again": Command("again", Position("p.yaml", 65, 3), "train", "From the start"),
    }
    assert pack.notes == {
        "save": Note("save", Position("p.yaml", 67, 3), "Save often."),
        "look": Note("look", Position("p.yaml", 68, 3), "Look", "p. 4"),
    }


PARENT = BASE + (
    "params: {limit: {default: 2, min: 0, help: A limit}}\n"
    "windows: {trend: {last: 30 steps, min: 3 points}}\n"
    "labels: {rank: [rank]}\n"
    "sentinels: [loss]\n"
    "commands: {go: {text: old, help: Go}}\n"
    "rules:\n"
    "  high: {title: High, cause: diverging, severity: warning, when: loss > limit, message: '{loss}'}\n"
    "  low: {title: Low, cause: stalled, severity: info, when: loss < limit}\n"
)


def test_parents_merge_by_id_and_field() -> None:
    Path("parent.yaml").write_text(PARENT)
    pack = loaded(
        "schema: 1\npack: child\nversion: 2.0.0\ntitle: Child\nextends: parent.yaml\ndisable: [low]\n"
        "metrics: {loss: {keys: [train/loss], better: lower}, kl: {keys: [kl]}}\n"
        "params: {limit: {default: 5}}\n"
        "windows: {trend: {last: 10 steps}}\n"
        "labels: {rank: [local_rank], host: [host]}\n"
        "commands: {go: new}\n"
        "rules: {high: {severity: critical}}\n"
    )
    assert (pack.id, pack.version, pack.title, pack.extends) == ("child", "2.0.0", "Child", "parent.yaml")
    assert list(pack.metrics) == ["loss", "kl"]
    assert (pack.metrics["loss"].keys, pack.metrics["loss"].better) == (("train/loss",), "lower")
    limit = pack.params["limit"]
    assert (limit.default, limit.min, limit.help, limit.at) == (5.0, 0.0, "A limit", Position("p.yaml", 8, 10))
    trend = pack.windows["trend"]
    assert trend.last
    assert trend.min_points
    assert (trend.last.amount.at, trend.min_points.at) == (Position("p.yaml", 9, 25), Position("parent.yaml", 7, 40))
    assert pack.labels == {"rank": ("local_rank",), "host": ("host",)}
    assert pack.sentinels == ("loss",)
    assert [(c.text, c.help) for c in pack.commands.values()] == [("new", "Go")]
    [high] = pack.rules.values()
    assert (high.id, high.title, high.levels[0].severity, high.levels[0].message) == (
        "high",
        "High",
        "critical",
        "{loss}",
    )
    assert high.levels[0].when.at == Position("parent.yaml", 12, 66)


@pytest.mark.parametrize(
    ("child", "problems"),
    [
        ("extends: parnt.yaml", ["p.yaml:5:10: parent pack 'parnt.yaml' does not exist; did you mean 'parent.yaml'?"]),
        ("extends: comon", ["p.yaml:5:10: parent pack 'comon' does not exist; did you mean 'common'?"]),
        ("extends: /etc/passwd", ["p.yaml:5:10: parent '/etc/passwd' is no pack; name a shipped pack, or a .yaml file relative to this one"]),
        ("extends: p.yaml", ["p.yaml:5:10: pack extends itself through 'p.yaml'; remove one 'extends'"]),
        ("extends: parent.yaml\ndisable: [hgh]", ["p.yaml:6:11: no inherited rule 'hgh' to disable; did you mean 'high'?"]),
        ("extends: parent.yaml\nmetrics: {loss: {expr: lss}}", ["p.yaml:6:24: unknown name 'lss'; did you mean 'loss'?"]),
        ("extends: parent.yaml\nrules: {high: {when: loss > lmit}}", ["p.yaml:6:29: unknown name 'lmit'; did you mean 'limit'?"]),
        ("extends: parent.yaml\nrules: {new: {severity: info}}", [
            "p.yaml:6:9: rule 'new' lacks 'cause'; one of non_finite, inverted, diverging, unstable, overfitting, stalled, gate, logging, info",
            "p.yaml:6:9: rule 'new' lacks 'title'; say in a few words what it found",
            "p.yaml:6:9: rule 'new' lacks 'when'; give the condition on which it fires"]),
        ("extends: parent.yaml\nrules: {hgh: {severity: info}}", ["p.yaml:6:9: no rule 'hgh' is inherited, and to be one of its own it lacks 'title', 'cause' and 'when'; did you mean 'high'?"]),
        ("extends: parent.yaml\nrules: {hgh: {title: High, when: loss > lmit}}", [
            "p.yaml:6:9: no rule 'hgh' is inherited, and to be one of its own it lacks 'cause'; did you mean 'high'?",
            "p.yaml:6:41: unknown name 'lmit'; did you mean 'limit'?"]),
        ("extends: parent.yaml\nrules: {high: {severity: info}, hgh: {severity: info}}", [
            "p.yaml:6:33: rule 'hgh' lacks 'cause'; one of non_finite, inverted, diverging, unstable, overfitting, stalled, gate, logging, info",
            "p.yaml:6:33: rule 'hgh' lacks 'title'; say in a few words what it found",
            "p.yaml:6:33: rule 'hgh' lacks 'when'; give the condition on which it fires"]),
        ("extends: parent.yaml\nparams: {limt: {max: 9}}", ["p.yaml:6:10: no param 'limt' is inherited, and to be one of its own it lacks 'default'; did you mean 'limit'?"]),
        ("extends: parent.yaml\nmetrics: {los: {better: lower}}", ["p.yaml:6:11: no metric 'los' is inherited, and to be one of its own it lacks 'keys'; did you mean 'loss'?"]),
        ("extends: parent.yaml\nwindows: {trnd: {min: 1 point}}", ["p.yaml:6:11: no window 'trnd' is inherited, and to be one of its own it lacks 'last'; did you mean 'trend'?"]),
        ("extends: parent.yaml\nparams: {limt: {default: 9}}", []),
        ("extends: parent.yaml\nrules: {high: {levels: [{severity: info, when: loss > 1}]}}", []),
        ("disable: [r]\nrules: {r: {title: R, cause: info, severity: info, when: step > 1}}", ["p.yaml:5:11: no inherited rule 'r' to disable; write 'enabled: false' in the rule instead"]),
    ],
)  # fmt: skip
def test_problems_of_families(child: str, problems: list[str], monkeypatch: pytest.MonkeyPatch) -> None:
    shipped = Path("shipped").resolve()
    shipped.mkdir()
    (shipped / "common.yaml").write_text(PARENT)
    monkeypatch.setattr(load, "RULES", shipped)
    Path("parent.yaml").write_text(PARENT)
    assert told(HEAD + child) == problems


def test_a_problem_of_the_parent_is_told_in_the_parent() -> None:
    Path("lib").mkdir()
    Path("lib/parent.yaml").write_text(PARENT.replace("loss < limit", "loss < lim"))
    assert told(HEAD + "extends: lib/parent.yaml\nzzz: 1\n")[0] == (
        "lib/parent.yaml:13:66: unknown name 'lim'; did you mean 'limit'?"
    )


def test_two_packs_that_extend_each_other() -> None:
    Path("b.yaml").write_text(HEAD + "extends: p.yaml\n")
    assert told(HEAD + "extends: b.yaml\n") == [
        "b.yaml:5:10: pack extends itself through 'p.yaml'; remove one 'extends'"
    ]


@pytest.mark.parametrize(
    ("name", "problem"),
    [
        ("nosuch.yaml", "nosuch.yaml: file does not exist; give the path of a YAML file"),
        ("./nosuch", "nosuch: file does not exist; give the path of a YAML file"),
        ("comon", "--pack: unknown pack 'comon'; did you mean 'common'?"),
    ],
)
def test_packs_that_do_not_exist(name: str, problem: str) -> None:
    with pytest.raises(PackError) as caught:
        load_pack(name)
    assert str(caught.value) == problem


def test_a_file_without_its_suffix_is_pointed_at() -> None:
    Path("mine.yaml").write_text(BASE)
    with pytest.raises(PackError, match=r"a file is given with its suffix or folder, as \./mine\.yaml$"):
        load_pack("mine")


@pytest.mark.parametrize("name", [path.stem for path in pack_files(RULES)])
def test_shipped_packs_hold_to_their_schema(name: str) -> None:
    strict, usual = load_pack(name, strict=True), load_pack(name)
    assert strict._replace(tree=None) == usual._replace(tree=None)


def test_shipped_packs_load_without_jsonschema_simpleeval_or_duckdb() -> None:
    code = (
        "import sys\nfrom trainrules.engine.load import load_pack\nload_pack('common')\n"
        "print([name for name in ('jsonschema', 'simpleeval', 'duckdb', 'tomllib') if name in sys.modules])"
    )
    run = subprocess.run([sys.executable, "-c", code], text=True, capture_output=True, check=True)
    assert run.stdout == "[]\n"


def test_a_pack_that_skipped_its_schema_is_refused_all_the_same(monkeypatch: pytest.MonkeyPatch) -> None:
    """Shapes are the schema's; where it was not asked, the loader stays safe."""
    monkeypatch.setattr(load, "RULES", Path.cwd().resolve())
    Path("odd.yaml").write_text(
        HEAD + "metrics: [a]\nparams: {a: 3}\nwindows: {w: {last: [1]}}\nlabels: {r: x}\n"
        "rules: {r: {title: [x], cause: zz, severity: 3, when: {a: b}, actions: {}}}\nstages: {s: {expect: {a: 1}}}\n"
        "actions: {a: {rank: 1.5, title: t}}\nsummary: [1]\nclock: {step: 3, total: [[a]]}\n"
    )
    with pytest.raises(PackError) as caught:
        load_pack("odd")
    assert [str(problem.at).removeprefix("rules/odd.yaml:") for problem in caught.value.problems] == [
        *("5:10", "6:13", "7:21", "8:13", "9:20", "9:32", "9:46", "9:55", "9:72"),
        *("10:26", "11:21", "12:11", "13:15", "13:26"),
    ]


@pytest.mark.parametrize("name", ["run.jsonl", "run.yaml"])
@pytest.mark.parametrize("text", ['{"step": 1, "loss": 2}\n{"step": 2}\n', '{"step": 1}\n\n{"step": 2'])
def test_a_log_is_no_pack(tmp_path: Path, name: str, text: str) -> None:
    path = tmp_path / name
    path.write_text(text)
    with pytest.raises(PackError) as caught:
        load_pack(path)
    (problem,) = caught.value.problems
    assert str(problem) == f"{path.as_posix()}:1:1: this is a log, not a pack; 'rules eval {path.as_posix()}' judges it"


def test_a_pack_may_be_written_as_json(tmp_path: Path) -> None:
    path = tmp_path / "pack.json"
    path.write_text('{"schema": 1, "pack": "p", "version": "1.0.0", "title": "P"}')
    assert load_pack(path).title == "P"


@pytest.mark.parametrize(
    ("section", "problem"),
    [
        (
            "params: {entropy: {default: 1}}",
            "7:10: param 'entropy' is already a metric; choose another name; the metric",
        ),
        (
            "metrics: {spike_factor: {keys: [a]}}",
            "7:11: metric 'spike_factor' is already a param; choose another name; the param",
        ),
        (
            "metrics: {recent: {keys: [a]}}",
            "7:11: metric 'recent' is already a window; choose another name; the window",
        ),
    ],
)
def test_a_name_that_clashes_with_an_inherited_one_is_told_where_it_is_new(
    tmp_path: Path, section: str, problem: str
) -> None:
    """And that alone: what the parent's rules then seem to mean is not the parent's fault."""
    (tmp_path / "parent.yaml").write_text(
        "schema: 1\npack: a\nversion: 1.0.0\ntitle: A\nmetrics: {entropy: {keys: [e]}}\n"
        "params: {spike_factor: {default: 1}}\nwindows: {recent: {last: 9 points}}\n"
        "rules: {r: {title: R, cause: info, severity: info, when: 'mean(entropy, recent) > spike_factor'}}\n"
    )
    child = tmp_path / "child.yaml"
    child.write_text(f"schema: 1\npack: b\nversion: 1.0.0\ntitle: B\nextends: parent.yaml\n\n{section}\n")
    with pytest.raises(PackError) as caught:
        load_pack(child)
    (found,) = caught.value.problems
    parent = (tmp_path / "parent.yaml").as_posix()
    assert str(found) == f"{child.as_posix()}:{problem} is inherited, from {parent}"


def test_the_shipped_packs_with_formats_of_their_own_have_all_that_any_has() -> None:
    own = shipped_with("formats")
    assert own[0] == "common"
    theirs = [each for name in own for each in load_pack(name).formats.values()]
    assert all(each in theirs for name in shipped() for each in load_pack(name).formats.values())
    assert shipped_with("nothing") == []


def test_commands_and_variants_name_their_part_of_the_guide(tmp_path: Path) -> None:
    path = tmp_path / "p.yaml"
    path.write_text(
        "schema: 1\npack: p\nversion: 1.0.0\ntitle: P\n"
        "variants: {small: {help: For little data, source: '2'}, plain: {}}\n"
        "commands: {look: {text: ls, source: '3'}, list: ls}\n"
    )
    pack = load_pack(path)
    assert {id: variant.source for id, variant in pack.variants.items()} == {"small": "2", "plain": ""}
    assert {id: command.source for id, command in pack.commands.items()} == {"look": "3", "list": ""}
