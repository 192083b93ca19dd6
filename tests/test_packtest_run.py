# ruff: noqa: E501 - whole lines of output
"""`rules test`: what it prints and how it leaves, for files that pass, that fail, and that are wrong."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import pytest

from trainrules.cli import main
from trainrules.engine.shipped import shipped_files

PACK = """\
schema: 1
pack: small
version: 0.1.0
title: A small pack
clock: {step: [step], epoch: [epoch], total: [max_steps]}
summary: [train_runtime]
checkpoints: {glob: ["checkpoint-*"], step: 'checkpoint-(\\d+)$'}
metrics:
  loss: {keys: [loss], better: lower, required: true}
  eval_loss: {keys: [eval_loss], role: eval, better: lower}
  phase: {keys: [phase], type: text}
params:
  limit: {default: 1, help: Above this the loss is high}
variants:
  lax: {set: {limit: 10}}
rules:
  loss_high:
    title: Loss is high
    cause: diverging
    levels:
      - {severity: warning, when: loss > limit, actions: [halve]}
      - {severity: critical, when: loss > 2 * limit, actions: [stop, back], message: "loss {loss:g} since {onset}"}
    for: 2 points
    why: It should fall.
  eval_high:
    title: Evaluation loss is high
    cause: overfitting
    severity: warning
    when: eval_loss > limit
    actions: [halve]
    why: It should fall as well.
  late: {title: It takes long, cause: info, severity: info, when: step > 50, why: So that one fires}
stages:
  start: {to: 5 steps, expect: {loss: [0.5, 1]}}
actions:
  stop: {rank: 100, title: Stop}
  back: {rank: 80, title: Go back, target: checkpoint}
  halve: {rank: 60, title: Halve the rate, set: {learning_rate: lr_peak / 2}}
  continue: {rank: 0, title: Go on, alone: true}
  wait: {rank: 10, title: Wait, alone: true}
"""

Run = Callable[..., tuple[int, str, str]]


@pytest.fixture
def run(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Run:
    """Runs the tests in a text beside the small pack: exit code, output, complaints."""
    monkeypatch.chdir(tmp_path)
    (tmp_path / "small.yaml").write_text(PACK, encoding="utf-8")

    def run_tests(tests: str, *options: str, name: str = "small.test.yaml") -> tuple[int, str, str]:
        (tmp_path / name).write_text(tests, encoding="utf-8")
        with pytest.raises(SystemExit) as left:
            main(["test", *options, name])
        told = capsys.readouterr()
        assert isinstance(left.value.code, int)
        return left.value.code, told.out, told.err

    return run_tests


def case(text: str) -> str:
    return f"schema: 1\ntests:\n  - name: one\n{text}"


PASSING = """\
schema: 1
tests:
  - name: high and higher
    series: {loss: 1.5x2 3x4}
    checkpoints: [checkpoint-1, checkpoint-3]
    expect:
      verdict: act
      plan: [stop, {action: back, target: checkpoint-1}]
      set_aside: []
      rules:
        loss_high: {state: firing, severity: critical, onset: 3, fired: 4, end: null, episodes: 1, message: loss 3 since step 3}
        eval_high: {state: not_evaluated, reason: no eval_loss in the log}
        late: ok
      stages: {start: {loss: {within: false, median: 3}}}
      log: {rows: 6, first_step: 1, last_step: 6, clock: step, ended: false, format: jsonl}
  - name: high
    series: {loss: 1.5x2}
    expect:
      plan: [halve]
      rules: {loss_high: {severity: warning}}
  - name: an evaluation in between
    series: {loss: 0.5x60, eval_loss: {every: 20, values: 0.5 0.8 1.1}}
    total: 60
    ended: true
    expect:
      rules: {eval_high: {state: firing, onset: 60}, late: firing, loss_high: ok}
      stages: {start: {loss: true}}
      log: {rows: 60, ended: true}
  - name: nothing at all
    table: |
      epoch | loss | eval_loss
      0 | 0.5 | 0.9
      1 | 0.4 | -
    step: {from: 10, every: 10}
    expect: {verdict: healthy, plan: [continue], log: {last_step: 20}}
"""


def test_files_that_pass(run: Run) -> None:
    assert run(PASSING, "--require-coverage") == (
        0,
        "small: 3 of 3 rules covered\nsmall.test.yaml: 4 cases passed\n",
        "",
    )


def test_what_the_tests_leave_out(run: Run) -> None:
    tests = case("    series: {loss: 3x60}\n    expect: {rules: {loss_high: firing, late: firing}}\n")
    output = """\
small: 0 of 3 rules covered
  never fires        loss_high as warning, eval_high
  never stays quiet  loss_high, eval_high, late
small.test.yaml: 1 case passed
"""
    assert run(tests) == (0, output, "")
    assert run(tests, "--require-coverage") == (1, output, "")
    assert run(tests, "--only", "ONE") == (0, "small.test.yaml: 1 case passed\n", "")


def test_what_is_not_as_expected(run: Run) -> None:
    tests = """\
schema: 1
tests:
  - name: everything is said to be fine
    source: Good Signs, 1
    series: {loss: 3x60}
    expect:
      verdict: healthy
      plan: [halve]
      rules:
        eval_high: ok
        late: resolved
      stages: {start: {loss: true}}
      log: {rows: 61}
  - name: almost
    series: {loss: 3x4}
    expect:
      plan: [stop, {action: back, target: checkpoint-1}]
      rules: {loss_high: {state: firing, onset: 2, message: loss 3}}
  - name: right
    series: {loss: 0.3x4}
    expect: {}
"""
    output = """\
FAILED  small.test.yaml:3 everything is said to be fine
        (Good Signs, 1)
  verdict
    expected  healthy
    got       act
  plan
    expected  halve
    got       stop, back
              stop because of loss_high
              back because of loss_high
  rules.eval_high.state
    expected  ok
    got       not_evaluated
              no eval_loss in the log
  rules.late.state
    expected  resolved
    got       firing
              step: 51 at onset, 60 at worst, 60 last, limit 50
  stages.start.loss.within
    expected  true
    got       false
  log.rows
    expected  61
    got       60
  rules.loss_high
    expected  not listed
    got       firing, critical, since step 1
              loss: 3 at onset, 3 at worst, 3 last, limit 2
              "loss 3 since step 1"

FAILED  small.test.yaml:14 almost
  plan.2 (back).target
    expected  checkpoint-1
    got       nothing
              Go back to the beginning: the fault is there from the first row on
                (step 1), so nothing was saved before it.
  rules.loss_high.onset
    expected  2
    got       1
              loss: 3 at onset, 3 at worst, 3 last, limit 2
              "loss 3 since step 1"
  rules.loss_high.message
    expected  loss 3
    got       loss 3 since step 1

small: 0 of 3 rules covered
  never fires        loss_high, eval_high, late
  never stays quiet  eval_high
small.test.yaml: 2 of 3 cases failed
"""
    assert run(tests) == (1, output, "")


CONSOLE = """\
schema: 1
tests:
  - name: what the console said
    lines: |
      Epoch [1]
      step 1 loss=1,500
      step 2 loss=1,600
      step 3 loss=nan
      Killed
    expect:
      plan: [stop, back]
      rules: {loss_high: {state: firing, severity: critical, onset: 1}}
      log: {format: console, rows: 3, ended: true}
  - name: lines of JSON
    lines: |
      {"step": 7, "loss": 0.5}

      {"step": 8, "loss"
    expect: {log: {format: jsonl, rows: 1, malformed: 1, last_step: 7}}
  - name: a log with all that lies beside it
    log: runs/log.jsonl
    expect:
      plan: [stop, {action: back, target: checkpoint-5}]
      rules: {loss_high: {state: firing, onset: 6}, eval_high: disabled}
  - name: a log and checkpoints that are not there
    log: runs/log.jsonl
    checkpoints: [checkpoint-3]
    expect:
      plan: [stop, {action: back, target: checkpoint-3}]
      rules: {loss_high: firing}
  - name: fifty zeros, which are a number in base 16 to YAML
    series: {loss: 0x50, step: 1+1x50}
    expect: {log: {rows: 50}}
  - name: settings
    series: {loss: 3x4}
    variant: lax
    set: {loss_high.severity: info, late.enabled: false}
    overrides: [more.yaml]
    expect:
      plan: [continue]
      rules: {loss_high: {state: firing, severity: info}, late: disabled}
"""


def test_logs_as_they_are_and_settings(run: Run) -> None:
    formats = """\
formats:
  steps:
    title: Steps
    lines:
      - match: '^step (?P<step>\\d+)'
        values: {step: "{step}"}
        pairs: '(?P<name>\\w+)=(?P<value>[\\d.,]+|nan)'
        key: "{name}"
      - {match: '^Killed', ends: the process was killed}
"""
    Path("small.yaml").write_text(PACK.replace("variants:\n", formats + "variants:\n"), encoding="utf-8")
    Path("more.yaml").write_text("params: {limit: default / 2}\n", encoding="utf-8")
    Path("runs/checkpoint-5").mkdir(parents=True)
    rows = [{"step": step, "loss": 1 if step < 6 else 5} for step in range(1, 9)]
    Path("runs/log.jsonl").write_text("".join(f"{json.dumps(row)}\n" for row in rows), encoding="utf-8")
    Path("runs/rules.override.yaml").write_text("disable: [eval_high]\n", encoding="utf-8")
    # A project's settings hold for its runs, not for the tests of a pack.
    Path("pyproject.toml").write_text("[tool.trainrules.packs.small.params]\nlimit = 1000\n", encoding="utf-8")
    code, output, complaints = run(CONSOLE)
    assert (code, output.splitlines()[-1], complaints) == (0, "small.test.yaml: 6 cases passed", ""), output


def test_the_same_as_data(run: Run) -> None:
    tests = case("    series: {loss: 1.5x4}\n    expect: {plan: [halve, wait]}\n")
    code, output, _ = run(tests, "--format", "json")
    assert code == 1
    assert json.loads(output) == {
        "schema": "trainrules/test-result/1",
        "cases": 1,
        "failed": 1,
        "files": [
            {
                "path": "small.test.yaml",
                "pack": "small",
                "cases": [
                    {
                        "name": "one",
                        "line": 3,
                        "passed": False,
                        "differences": [
                            {
                                "path": "plan",
                                "expected": "halve, wait",
                                "got": "halve",
                                "why": ["halve because of loss_high"],
                            },
                            {
                                "path": "rules.loss_high",
                                "expected": "not listed",
                                "got": "firing, warning, since step 1",
                                "why": ["loss: 1.5 at onset, 1.5 at worst, 1.5 last, limit 1"],
                            },
                        ],
                    }
                ],
            }
        ],
        "coverage": [
            {
                "pack": "small",
                "counts": {"rule": {"covered": 0, "all": 3}},
                "gaps": [
                    {"kind": "rule", "name": "loss_high", "never": "fires"},
                    {"kind": "rule", "name": "loss_high", "never": "stays quiet"},
                    {"kind": "rule", "name": "eval_high", "never": "fires"},
                    {"kind": "rule", "name": "eval_high", "never": "stays quiet"},
                    {"kind": "rule", "name": "late", "never": "fires"},
                    {"kind": "rule", "name": "late", "never": "stays quiet"},
                ],
            }
        ],
    }


WRONG = """\
schema: 1
names: {Foo: null}
test: []
tests:
  - name: one
    table: |
      Step  Loss  Evl_loss  Foo
      5     0.6   1         0.5-0.6
      6     0.6   0.5-0.6   -
      6     0.6
    constants: {phse: main}
    set: {limt: 10, limit: high, loss_high.severity: bad, late.enabled: 3}
    variant: lx
    overrides: [more.yaml]
    now: yesterday
    checkpoints: [../../etc]
    expect:
      verdict: heathy
      plan: [stopp, {action: back, targt: x}]
      rules: {loss_hgh: firing, eval_high: {stat: ok}, late: fireing}
      stages: {strt: {loss: true}, start: {los: true}}
  - name: one
    series: {loss: "0.5-0.1x10 3-", eval_loss: 1x3, grad_norm: {values: 1x3, evry: 5}}
    step: {from: 1, every: 0}
    total: 100
    expect: {}
  - name: three
    series: {step: 1 2 3, loss: 1x3, phase: mainx2, eval_loss: {values: 1, every: 2}}
    log: nowhere.jsonl
    expect: {}
  - name: four
    log: nowhere.jsonl
    total: 5
    expect: {rules: {a: 5}, gates: {next: open}, gate: {}}
  - expect: {}
"""


def test_all_that_is_wrong_with_a_file(run: Run) -> None:
    code, output, complaints = run(WRONG)
    assert (code, output) == (2, "")
    assert complaints.splitlines() == [
        "small.test.yaml:3:1: unknown key 'test'; did you mean 'tests'?",
        "small.test.yaml:7:19: 'Evl_loss' is neither a key nor a metric of pack 'small'; did you mean 'eval_loss' or 'loss'?",
        "small.test.yaml:10:7: 2 cells stand under 4 heads (Step, Loss, Evl_loss, Foo); write - where a value is missing",
        "small.test.yaml:11:17: 'phse' is neither a key nor a metric of pack 'small'; did you mean 'phase'?",
        "small.test.yaml:12:11: unknown param 'limt'; did you mean 'limit'?",
        "small.test.yaml:12:28: param 'limit': unknown name 'high'; use other params, and 'default'",
        "small.test.yaml:12:54: severity of 'loss_high' must be one of info, warning, critical, not the text 'bad'; write info, warning or critical",
        "small.test.yaml:12:73: 'late.enabled' must be true or false, not the number 3; write late.enabled=false",
        "small.test.yaml:13:14: unknown variant 'lx'; did you mean 'lax'?",
        "small.test.yaml:14:17: no override file 'more.yaml'; give a path relative to this file",
        "small.test.yaml:15:10: 'yesterday' is not a time; write 2026-01-31T12:00:00Z or seconds since 1970",
        "small.test.yaml:16:19: an entry of 'checkpoints' must be the name of a checkpoint, not the text '../../etc'; write its name without folders, such as checkpoint-50",
        "small.test.yaml:18:16: 'verdict' must be one of healthy, wait, attention, act, unknown, not the text 'heathy'; did you mean 'healthy'?",
        "small.test.yaml:19:14: unknown action 'stopp'; did you mean 'stop'?",
        "small.test.yaml:19:36: unknown key 'targt'; did you mean 'target'?",
        "small.test.yaml:20:15: unknown rule 'loss_hgh'; did you mean 'loss_high'?",
        "small.test.yaml:20:45: unknown key 'stat'; did you mean 'state'?",
        "small.test.yaml:20:62: 'late' must be one of firing, resolved, explained, ok, pending, waiting, not_evaluated, disabled, not the text 'fireing'; did you mean 'firing'?",
        "small.test.yaml:21:16: unknown stage 'strt'; did you mean 'start'?",
        "small.test.yaml:21:44: stage 'start' expects nothing of 'los'; did you mean 'loss'?",
        "small.test.yaml:22:11: two cases are called 'one'; name them apart",
        "small.test.yaml:23:32: '3-' is no piece of a series; pieces look like 0.5, 0.5x10, 0.65-0.001x145, _, nan or 'text'",
        "small.test.yaml:23:53: 'grad_norm' is neither a key nor a metric of pack 'small'; say what it is in the log: 'names: {grad_norm: KEY}', or null for nothing",
        "small.test.yaml:23:78: unknown key 'evry'; did you mean 'every'?",
        "small.test.yaml:24:28: 'every' must be above 0, not 0; write a number above 0",
        "small.test.yaml:28:38: 'phase' has 2 values, 'step' has 3; write _x1 for those that are missing, or say where they are with 'from' and 'every'",
        "small.test.yaml:28:53: 'eval_loss' cannot be placed on a clock that is a series; leave the series 'step' out, and give the case 'step: {from: 1, every: 1}'",
        "small.test.yaml:29:5: 'series' and 'log' in one case; give it one kind of data",
        "small.test.yaml:32:10: no log 'nowhere.jsonl'; give a path relative to this file",
        "small.test.yaml:33:5: 'total' does not go with 'log'; it adds to a table or to series; write it in the log",
        "small.test.yaml:34:22: unknown rule 'a'; known are loss_high, eval_high, late; mend the name, or take it out",
        "small.test.yaml:34:25: 'a' must be a state, or {state: …} and what is expected of the finding, not the number 5; write a state such as firing, or {state: firing, severity: critical}",
        "small.test.yaml:34:37: unknown gate 'next'; pack 'small' has no gates; mend the name, or take it out",
        "small.test.yaml:34:50: unknown key 'gate'; did you mean 'gates'?",
        "small.test.yaml:35:5: an entry of 'tests' lacks 'name'; add it",
    ]


@pytest.mark.parametrize(
    ("tests", "name", "complaints"),
    [
        (
            "- 1\n",
            "small.test.yaml",
            ["small.test.yaml:1:1: a file of tests is a mapping of keys; begin it with 'schema: 1'"],
        ),
        (
            "schema: 2\ntests: []\n",
            "small.test.yaml",
            [
                "small.test.yaml:1:9: 'schema' must be 1, not the number 2; write 'schema: 1'",
                "small.test.yaml:2:8: 'tests' is empty; fill it in or leave it out",
            ],
        ),
        (
            "schema: 1\ntests: [\n",
            "small.test.yaml",
            [
                "small.test.yaml:3:1: not YAML: did not find expected node content; close the bracket, and put commas between what stands in it"
            ],
        ),
        (
            case("    log: x\n    expect: {}\n"),
            "other.test.yaml",
            [
                "other.test.yaml:1:1: no pack 'other.yaml' beside this file; name the pack that is tested, as in 'pack: kto'",
                "other.test.yaml:4:10: no log 'x'; give a path relative to this file",
            ],
        ),
        (
            case("    log: x\n    expect: {}\n"),
            "other.yaml",
            [
                "other.yaml:1:1: the file does not say which pack it tests; give it 'pack:'",
                "other.yaml:4:10: no log 'x'; give a path relative to this file",
            ],
        ),
        (
            case("    log: x\n    expect: {}\n") + "pack: nothing\n",
            "a.test.yaml",
            [
                "a.test.yaml:4:10: no log 'x'; give a path relative to this file",
                f"a.test.yaml:6:7: unknown pack 'nothing'; shipped packs are {', '.join(shipped_files())};"
                " a file is given with its suffix",
            ],
        ),
        (
            case("    log: x\n    expect: {}\n") + "pack: nothing.yaml\n",
            "a.test.yaml",
            [
                "a.test.yaml:4:10: no log 'x'; give a path relative to this file",
                "a.test.yaml:6:7: no pack 'nothing.yaml'; give a path relative to this file",
            ],
        ),
        (
            '{"step": 1, "loss": 0.5}\n{"step": 2, "loss": 0.4}\n',
            "log.jsonl",
            ["log.jsonl:1:1: this is a log, not a file of tests; 'rules eval log.jsonl' judges it"],
        ),
        (
            '{"step": 1, "loss": 0.5}\n',
            "log.jsonl",
            ["log.jsonl:1:1: this is a log, not a file of tests; 'rules eval log.jsonl' judges it"],
        ),
        (
            PACK,
            "pack.yaml",
            [
                "pack.yaml: no tests are beside this pack; write them to pack.test.yaml, or record one: 'rules test --record LOG'"
            ],
        ),
    ],
)
def test_a_file_that_is_no_file_of_tests(run: Run, tests: str, name: str, complaints: list[str]) -> None:
    assert run(tests, name=name) == (2, "", "".join(f"{line}\n" for line in complaints))


@pytest.mark.parametrize(
    ("options", "complaint"),
    [
        (
            ["--only", "hgher"],
            "--only: no case has 'hgher' in its name; the nearest are 'high', 'high and higher' and 'nothing at all'",
        ),
        (
            ["--only", "high", "--require-coverage"],
            "rules test: --only does not go with --require-coverage; see 'rules test --help'",
        ),
        (
            ["--only", "high", "--record", "a.jsonl"],
            "rules test: --only does not go with --record; see 'rules test --help'",
        ),
    ],
)
def test_a_choice_of_cases_that_cannot_be(run: Run, options: list[str], complaint: str) -> None:
    assert run(PASSING, *options) == (2, "", complaint + "\n")
