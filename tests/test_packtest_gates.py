# ruff: noqa: E501 - whole messages
"""Tests of packs that have gates and invariants: what is compared, what is told, and what coverage asks for."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from trainrules.cli import main

PACK = """\
schema: 1
pack: phases
version: 1.0.0
title: Phases
clock: {step: [step]}
families: {layer: {last: "", first: "_0"}}
metrics:
  loss: {keys: [loss], required: true}
  phase: {keys: [phase], type: text}
  here: {keys: [here], unit: steps}
  score: {keys: [score], unit: share}
  ce: {keys: ["ce{layer}"]}
  raw: {keys: ["raw{layer}"]}
params:
  least: {default: 10, type: integer, min: 1}
  score_min: {default: 0.5, min: 0.2}
windows:
  recent: {last: 20 points}
gates:
  next:
    title: Next phase
    while: default(phase != "second", true)
    passed: changed(phase)
    require:
      steps: {value: here, at_least: least}
      score: {value: score, above: score_min, near: 0.05, setting: min_score}
    on_blocked: [wait]
    stuck: {when: here >= least * 2, over: recent, quantile: 0.1, actions: [lower_thresholds]}
    why: Patience.
invariants:
  scaled: {holds: ce == 2 * raw, rel: 1e-4, actions: [look], why: A coefficient of two}
actions:
  lower_thresholds: {rank: 50, title: Lower it}
  look: {rank: 40, title: Look at it}
  wait: {rank: 10, title: Wait, alone: true}
  continue: {rank: 0, title: Go on, alone: true}
"""

HEAD = "schema: 1\npack: phases.yaml\ntests:\n"

PASSING = (
    HEAD
    + """\
  - name: too early
    table: |
      | step | loss | phase | here | score |
      | 5    | 1.0  | first | 5    | 48%   |
    expect:
      plan: [wait]
      gates:
        next:
          status: blocked
          passed: null
          requirements: {steps: {status: not met, target: '>= 10', value: 5}, score: near}
  - name: open, then passed
    series: {loss: 1x12, phase: firstx11 'second', here: 1+1x11 0, score: 0.6x12}
    expect:
      gates: {next: {status: passed, passed: 12}}
  - name: open
    series: {loss: 1x11, phase: firstx11, here: 1+1x11, score: 0.6x11}
    expect:
      gates: {next: {status: open, requirements: {steps: met, score: met}}}
  - name: held up by a near miss
    series: {loss: 1x60, phase: firstx60, here: 1+1x60, score: 0.48x60~0.01}
    expect:
      plan: [lower_thresholds]
      gates: {next: {status: blocked, suggestions: {score_min: 0.47}}}
  - name: identities hold
    series: {loss: 1x5, raw: 1+1x5, ce: 2+2x5, raw_0: 1x5, ce_0: 2x5}
    expect:
      invariants: {scaled: {status: holds, rows: 10, broken: [], first: null}}
  - name: one layer is scaled otherwise
    series: {loss: 1x5, raw: 1+1x5, ce: 2+2x5, raw_0: 1x5, ce_0: 3x5}
    expect:
      plan: [look]
      invariants: {scaled: {status: broken, broken: [layer=first], failed: 5, first: 1, largest_gap: 1}}
"""
)

WRONG = (
    HEAD
    + """\
  - name: wrong in every line
    series: {loss: 1x12, phase: firstx12, here: 1+1x12, score: 0.48x12}
    expect:
      gates:
        next:
          status: open
          reason: none
          requirements: {steps: not met, score: {status: met, value: 0.5}}
          suggestions: {score_min: 0.4}
      invariants: {scaled: holds}
  - name: unlisted
    series: {loss: 1x5, raw: 1+1x5, ce: 5x5}
    expect: {}
"""
)

Run = Callable[..., tuple[int, str, str]]


@pytest.fixture
def run(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Run:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "phases.yaml").write_text(PACK, encoding="utf-8")

    def run_tests(tests: str, *options: str) -> tuple[int, str, str]:
        (tmp_path / "t.test.yaml").write_text(tests, encoding="utf-8")
        with pytest.raises(SystemExit) as left:
            main(["test", *options, "t.test.yaml"])
        told = capsys.readouterr()
        assert isinstance(left.value.code, int)
        return left.value.code, told.out, told.err

    return run_tests


def test_gates_and_invariants_as_expected(run: Run) -> None:
    told = "phases: 1 of 1 gate, 2 of 2 requirements, 1 of 1 invariant covered\nt.test.yaml: 6 cases passed\n"
    assert run(PASSING, "--require-coverage") == (0, told, "")


@pytest.mark.parametrize(
    ("was", "now"),
    [
        ("{status: open, requirements: {steps: met, score: met}}", "open"),
        ("{status: open, requirements: {steps: met, score: met}}", "{status: open, requirements: {steps: met}}"),
        ("{status: passed, passed: 12}", "{status: passed, requirements: {steps: not met, score: met}}"),
    ],
)
def test_an_open_gate_shows_its_checklist_met(run: Run, was: str, now: str) -> None:
    assert run(PASSING.replace(was, now), "--require-coverage")[0] == 0


def test_the_checklist_of_a_gate_that_is_passed_shows_nothing(run: Run) -> None:
    tests = PASSING.replace(
        "{status: passed, passed: 12}", "{status: passed, requirements: {steps: not met, score: met}}"
    )
    tests = tests.replace("requirements: {steps: met, score: met}}", "reason: ''}").replace("status: open, ", "")
    tests = tests.replace("{steps: {status: not met, target: '>= 10', value: 5}, score: near}", "{score: near}")
    code, output, _ = run(tests, "--require-coverage")
    assert (code, output.splitlines()[1:-1]) == (
        1,
        ["  never is met       next.steps, next.score", "  never is missed    next.steps"],
    )


def test_gates_and_invariants_otherwise(run: Run) -> None:
    output = """\
FAILED  t.test.yaml:4 wrong in every line
  gates.next.status
    expected  open
    got       blocked
  gates.next.reason
    expected  none
    got       nothing
  gates.next.requirements.steps.status
    expected  not met
    got       met
  gates.next.requirements.score.status
    expected  met
    got       near
  gates.next.requirements.score.value
    expected  0.5
    got       0.48
  gates.next.suggestions
    expected  score_min: 0.4
    got       nothing
  invariants.scaled.status
    expected  holds
    got       not_evaluated
              no ce in the log

FAILED  t.test.yaml:14 unlisted
  rules.scaled
    expected  not listed
    got       firing, warning, since step 1
              abs(ce - 2 * raw): 3 at onset, 5 at worst, 5 last, limit 0.001
              "off by up to 5 on 5 of 5 rows, first at step 1"

phases: 0 of 1 gate, 0 of 2 requirements, 0 of 1 invariant covered
  never blocks       next
  never breaks       scaled
  never holds        scaled
  never is met       next.steps, next.score
  never is missed    next.steps, next.score
  never is stuck     next
  never opens        next
t.test.yaml: 2 of 2 cases failed
"""
    assert run(WRONG) == (1, output, "")


def test_names_that_a_gate_does_not_have(run: Run) -> None:
    tests = (
        HEAD
        + """\
  - name: one
    series: {loss: 1}
    expect:
      gates: {nxt: open, next: {requirements: {step: met}}, next rank=0: opn}
      invariants: {scale: holds, scaled: hold}
"""
    )
    assert run(tests)[2].splitlines() == [
        "t.test.yaml:7:15: unknown gate 'nxt'; did you mean 'next'?",
        "t.test.yaml:7:48: unknown requirement 'step'; did you mean 'steps'?",
        "t.test.yaml:7:74: 'next rank=0' must be one of passed, open, blocked, unknown, out of scope, not the text 'opn'; did you mean 'open'?",
        "t.test.yaml:8:20: unknown invariant 'scale'; did you mean 'scaled'?",
        "t.test.yaml:8:42: 'scaled' must be one of holds, pending, broken, mended, not_evaluated, disabled, not the text 'hold'; did you mean 'holds'?",
    ]


def test_gates_and_invariants_are_recorded(run: Run) -> None:
    run(PASSING)
    Path("a.jsonl").write_text(
        '{"step": 1, "loss": 1, "phase": "first", "here": 1, "score": 0.6, "ce": 2, "raw": 1}\n', encoding="utf-8"
    )
    assert run("", "--record", "a.jsonl", "--pack", "phases.yaml", "r.test.yaml")[0] == 2  # two files
    with pytest.raises(SystemExit, match="0"):
        main(["test", "--record", "a.jsonl", "--pack", "phases.yaml", "r.test.yaml"])
    assert (
        Path("r.test.yaml")
        .read_text(encoding="utf-8")
        .endswith("""\
    expect:
      verdict: wait
      plan:
        - wait
      gates:
        next: {status: blocked, requirements: {steps: not met, score: met}}
      invariants: {scaled: holds}
      log: {rows: 1, last_step: 1, ended: false}
""")
    )
