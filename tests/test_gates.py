# ruff: noqa: E501 - tables of whole messages
"""Gates over small runs: each requirement's status, how the gate stands, what the plan says, and what it suggests."""

from __future__ import annotations

import functools
import json
import random
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any

import pytest

from trainrules import evaluate
from trainrules.engine import evaluation
from trainrules.engine.compile.program import Program
from trainrules.engine.errors import OverrideError
from trainrules.engine.load import load_pack
from trainrules.engine.pack import Pack
from trainrules.engine.render.json import to_json
from trainrules.engine.render.packdoc import render_pack_doc
from trainrules.engine.render.table import render
from trainrules.engine.report import GateResult, Report

PACK = """
schema: 1
pack: phases
version: 1.0.0
title: Phases
labels: {rank: [rank]}
clock: {step: [step], total: [max_steps], epoch: [epoch]}
metrics:
  loss: {keys: [loss], required: true}
  phase: {keys: [phase], type: text}
  here: {keys: [here], unit: steps}
  score: {keys: [score], unit: share}
  slope: {keys: [slope]}
  own: {keys: [own], by: rank}
params:
  least: {default: 10, type: integer, min: 1}
  score_min: {default: 0.5, min: 0.2}
  flat: {default: 0.1, min: 0}
  slope_advisory: {default: false, type: boolean}
  unset: {default: null}
windows:
  recent: {last: 20 points}
gates:
  next:
    title: Next phase
    while: default(phase != "last", true)
    passed: changed(phase)
    max_age: 3 points
    require:
      steps: {value: here, at_least: least}
      score: {value: score, above: score_min, near: 0.05, setting: min_score, why: It is measured}
      slope: {value: slope, between: [-flat, flat / 2], near: flat, advisory: slope_advisory}
    on_blocked: [wait]
    on_passed: [continue]
    stuck: {when: here >= least * 2, over: recent, quantile: 0.1, actions: [lower_thresholds]}
    why: Patience.
    source: My notes
rules:
  bad: {title: Loss is high, cause: diverging, severity: critical, when: loss > 9, actions: [stop]}
actions:
  stop: {rank: 100, title: Stop}
  lower_thresholds: {rank: 50, title: Lower it, text: Or go on as it is.}
  look: {rank: 40, title: Look at it}
  wait: {rank: 10, title: Wait, alone: true}
  continue: {rank: 0, title: Go on, alone: true}
"""

Row = dict[str, Any]
Judge = Callable[..., Report]


def rows(count: int, **more: Any) -> list[Row]:
    """Rows of one phase; a list or a function of the step gives values one by one, None leaves the key out."""
    made = []
    for step in range(1, count + 1):
        row: Row = {"step": step, "loss": 1.0, "phase": "first", "here": step, "score": 0.6, "slope": 0.0}
        for key, value in more.items():
            row[key] = value(step) if callable(value) else value
        made.append({key: value for key, value in row.items() if value is not None})
    return made


@pytest.fixture(params=[pytest.param(None, id="short"), pytest.param(1, id="long")])
def judge(tmp_path: Path, request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> Judge:
    """Judges a run, once as any and once as if it were too long to look at each of its rows."""
    if request.param:
        monkeypatch.setattr(evaluation, "Program", functools.partial(Program, long=request.param))

    def judged(run: Sequence[Row], change: tuple[str, str] | None = None, **options: Any) -> Report:
        (tmp_path / "run.jsonl").write_text("".join(json.dumps(row) + "\n" for row in run), encoding="utf-8")
        return evaluate(tmp_path / "run.jsonl", pack=pack(tmp_path, change), **options)

    return judged


def pack(folder: Path, change: tuple[str, str] | None = None) -> Pack:
    text = PACK
    if change is not None:
        assert change[0] in text
        text = text.replace(*change)
    (folder / "p.yaml").write_text(text, encoding="utf-8")
    return load_pack(folder / "p.yaml")


def lines(gate: GateResult) -> dict[str, tuple[str, float | None, str, str]]:
    return {line.name: (line.target, line.value, line.status, line.reason) for line in gate.requirements}


def test_a_blocked_gate_is_a_checklist(judge: Judge) -> None:
    report = judge(rows(4, score=0.48, slope=-0.3))
    (gate,) = report.gates
    assert (gate.gate, gate.title, gate.status, gate.passed) == ("next", "Next phase", "blocked", None)
    assert lines(gate) == {
        "steps": (">= 10", 4.0, "not met", ""),
        "score": ("> 0.5", 0.48, "near", ""),
        "slope": ("between -0.1 and 0.05", -0.3, "not met", ""),
    }
    assert [line.until for line in gate.requirements] == [10.0, None, None]
    assert [(step.action, step.because) for step in report.plan] == [("wait", ("next",))]
    assert report.plan[0].text == (
        "Let the run go on and look again after step 10: next phase waits for steps (4 of 10), score (0.48, needs > 0.5),"
        " slope (-0.3, needs between -0.1 and 0.05). It is measured Patience."
    )
    assert report.verdict == "wait"


@pytest.mark.parametrize(
    ("name", "value", "status"),
    [
        ("here", 10, "met"),
        ("here", 9, "not met"),
        ("score", 0.5, "near"),  # above is strict
        ("score", 0.500001, "met"),
        ("score", 0.45, "near"),
        ("score", 0.449, "not met"),
        ("slope", -0.1, "met"),  # between includes its ends
        ("slope", 0.05, "met"),
        ("slope", 0.0501, "near"),
        ("slope", 0.15, "near"),
        ("slope", 0.151, "not met"),
        ("slope", -0.2, "near"),
    ],
)
def test_status_of_a_value(judge: Judge, name: str, value: float, status: str) -> None:
    (gate,) = judge(rows(5, **{name: value})).gates
    assert lines(gate)[{"here": "steps"}.get(name, name)][2] == status


@pytest.mark.parametrize(
    ("key", "values", "reason"),
    [
        ("score", lambda step: None, "no score in the log"),
        ("score", lambda step: 0.6 if step <= 7 else None, ""),  # three rows old is not too old
        ("score", lambda step: 0.6 if step <= 6 else None, "last logged at step 6, 4 rows ago"),
        ("score", lambda step: 0.6 if step < 9 else float("nan"), "score is not finite since step 9"),
        ("score", lambda step: 0.6 if step != 9 else float("nan"), ""),  # it is a number again
        ("score", lambda step: float("nan"), "score is not finite since step 1"),
        ("score", lambda step: float("inf") if step == 10 else 0.6, "score is not finite since step 10"),
    ],
)
def test_why_a_value_is_unknown(judge: Judge, key: str, values: Callable[[int], float | None], reason: str) -> None:
    (gate,) = judge(rows(10, **{key: values})).gates
    assert lines(gate)["score"][3] == reason
    assert gate.status == ("unknown" if reason else "open")


def test_a_window_waits_for_its_points(judge: Judge) -> None:
    (gate,) = judge(rows(10), ("value: score", 'value: "mean(score, recent)"')).gates
    assert (gate.status, lines(gate)["score"][3], gate.waits) == ("unknown", "no row tells it yet", True)


def test_an_unset_target_is_unknown_and_waiting_is_no_use(judge: Judge) -> None:
    report = judge(rows(10), ("above: score_min", "above: unset"))
    (gate,) = report.gates
    assert (gate.status, lines(gate)["score"]) == ("unknown", ("> ?", None, "unknown", "its target is not set"))
    assert not gate.waits
    assert report.plan[0].action == "continue"
    assert report.plan[0].text.endswith("Next phase cannot be judged: score (its target is not set).")


@pytest.mark.parametrize(
    ("unit", "last", "reason"),
    [
        ("3 steps", 7, ""),
        ("3 steps", 6, "last logged at step 6, 4 steps ago"),
        ("1 epochs", 5, ""),
        ("0.4 epochs", 5, "last logged at step 5, 0.5 epochs ago"),
    ],
)
def test_age_on_the_clock(judge: Judge, unit: str, last: int, reason: str) -> None:
    run = rows(10, score=lambda step: 0.6 if step <= last else None, epoch=lambda step: step / 10)
    (gate,) = judge(run, ("max_age: 3 points", f"max_age: {unit}")).gates
    assert lines(gate)["score"][3] == reason


@pytest.mark.parametrize(
    ("run", "status", "passed", "text"),
    [
        (rows(10), "open", None, "Next phase is open: every requirement is met."),
        (rows(10, phase="last"), "out of scope", None, ""),
        (
            rows(12, phase=lambda step: "first" if step < 8 else "last"),
            "passed",
            8,
            "Next phase was passed at step 8.",
        ),
        (
            rows(30, phase=lambda step: "first" if step < 8 else "second", here=lambda step: step if step < 8 else step - 8),
            "open",
            8,
            "Next phase is open: every requirement is met.",
        ),
        (
            rows(12, phase=lambda step: "first" if step < 8 else "second", here=lambda step: step if step < 8 else step - 8),
            "blocked",
            8,
            "Let the run go on and look again after step 18: next phase waits for steps (4 of 10). Patience.",
        ),
        (rows(10, phase=None), "open", None, "Next phase is open: every requirement is met."),  # no phase is logged
    ],
    ids=["open", "out of scope", "passed", "open again", "blocked again", "no phase"],
)  # fmt: skip
def test_how_a_gate_stands(judge: Judge, run: list[Row], status: str, passed: int | None, text: str) -> None:
    report = judge(run)
    (gate,) = report.gates
    assert gate.status == status
    assert (gate.passed.step if gate.passed else None, gate.passes) == (passed, int(passed is not None))
    assert report.plan[0].text.endswith(text)


def test_a_resume_forgets_a_passage_that_it_takes_back(judge: Judge) -> None:
    run = rows(9, phase=lambda step: "first" if step < 6 else "second") + rows(5)[3:]
    (gate,) = judge(run).gates
    assert (gate.status, gate.passed) == ("blocked", None)


def test_a_run_that_ended_waits_for_nothing(judge: Judge) -> None:
    report = judge([row | {"max_steps": 5} for row in rows(5)])
    assert report.plan[0].action == "continue"
    assert report.plan[0].text.endswith("Next phase was not reached: steps (5 of 10).")


def test_the_wait_tells_when_it_goes_past_the_planned_end(judge: Judge) -> None:
    report = judge([row | {"max_steps": 8} for row in rows(5)])
    assert "after step 10, past the planned end" in report.plan[0].text


def test_a_finding_comes_before_the_gate(judge: Judge) -> None:
    report = judge(rows(5, loss=20.0, score=0.1))
    assert [step.action for step in report.plan] == ["stop"]
    assert report.gates[0].status == "blocked"


def test_an_advisory_requirement_blocks_nothing(judge: Judge) -> None:
    report = judge(rows(12, slope=9.0), settings=["slope_advisory=true"])
    (gate,) = report.gates
    assert gate.status == "open"
    assert [(line.name, line.status, line.advisory) for line in gate.requirements][2] == ("slope", "not met", True)
    assert "slope" not in report.plan[0].text


def test_an_advisory_gate_decides_nothing_and_comes_last(judge: Judge) -> None:
    other = (
        "gates:\n  first_seen:\n    advisory: not slope_advisory\n    require: {steps: {value: here, at_least: 99}}\n"
    )
    report = judge(rows(12), ("gates:\n", other))
    assert [(gate.gate, gate.advisory, gate.status) for gate in report.gates] == [
        ("next", False, "open"),
        ("first_seen", True, "blocked"),
    ]
    assert report.plan[0].action == "continue"
    assert "First seen: blocked by steps (12, needs >= 99)" in render(report)


def test_a_gate_can_be_switched_off(judge: Judge) -> None:
    report = judge(rows(4), settings=["next.enabled=false"])
    assert report.gates == ()
    assert [(each.param, each.value) for each in report.overrides] == [("next.enabled", False)]
    with pytest.raises(OverrideError, match="'next' is a gate and has no severity"):
        judge(rows(4), settings=["next.severity=info"])


def test_a_gate_holds_for_each_series(judge: Judge) -> None:
    run = [row | {"rank": str(rank), "own": 0.9 if rank else 0.1} for row in rows(8) for rank in (0, 1)]
    report = judge(run, ("slope: {value: slope, between: [-flat, flat / 2]", "slope: {value: own, between: [0.5, 1]"))
    assert [(gate.series, lines(gate)["slope"][1], gate.status) for gate in report.gates] == [
        ("rank=0", 0.1, "blocked"),
        ("rank=1", 0.9, "blocked"),
    ]
    assert lines(report.gates[1])["slope"][2] == "met"


def test_actions_that_do_not_stand_alone_become_a_finding(judge: Judge) -> None:
    report = judge(rows(4), ("on_blocked: [wait]", "on_blocked: [look]"))
    (finding,) = report.findings
    assert (finding.rule, finding.cause, finding.severity, finding.title) == (
        "next",
        "gate",
        "warning",
        "Next phase is blocked",
    )
    assert [(step.action, step.because) for step in report.plan] == [("look", ("next",))]


# Held up


def noisy(level: float, rise: float = 0.0, seed: int = 1) -> Callable[[int], float]:
    chance = random.Random(seed)
    drawn = [chance.uniform(-0.004, 0.004) for _ in range(100)]
    return lambda step: round(level + drawn[step] + rise * step, 6)


def test_near_misses_for_long_suggest_a_limit(judge: Judge) -> None:
    report = judge(rows(60, score=noisy(0.48)))
    (gate,) = report.gates
    (suggestion,) = gate.suggestions
    recent = sorted(noisy(0.48)(step) for step in range(41, 61))
    assert (suggestion.requirement, suggestion.param, suggestion.now, suggestion.setting) == (
        "score",
        "score_min",
        0.5,
        "min_score",
    )
    assert suggestion.reached == pytest.approx(recent[1] + 0.9 * (recent[2] - recent[1]))
    assert suggestion.value == 0.47
    (step,) = report.plan
    assert (step.action, step.severity, step.because, step.set) == (
        "lower_thresholds",
        "warning",
        ("next",),
        {"score_min": 0.47},
    )
    assert step.text == (
        "Lower it: score_min 0.5 → 0.47, because next phase is held up by a near miss, since step 20. What counts is the"
        " trainer's own configuration: min_score: 0.47. --write-overrides FILE saves it for the next look. Or go on as it is."
    )
    assert report.verdict == "act"
    (finding,) = report.findings
    assert (finding.onset.step, finding.evidence[0].threshold, finding.evidence[0].last) == (20.0, 0.5, noisy(0.48)(60))


@pytest.mark.parametrize(
    "run",
    [
        pytest.param(rows(19, score=0.48), id="too early"),
        pytest.param(rows(60, score=noisy(0.40)), id="far off"),
        pytest.param(rows(60, score=noisy(0.42, 0.001)), id="moving to the target"),
        pytest.param(rows(60, score=lambda step: 0.51 if step % 5 == 0 else 0.40), id="kept now and then, else far off"),
        pytest.param(rows(60, score=noisy(0.48), slope=lambda step: None if step > 50 else 0.0), id="something unknown"),
        pytest.param(rows(60, score=noisy(0.48), slope=3.0), id="another far off"),
        pytest.param(rows(60, score=noisy(0.48), phase=lambda s: "a" if s < 50 else "b", here=lambda s: 30), id="passed a moment ago"),
        pytest.param(rows(60, score=noisy(0.48), phase="last"), id="out of scope"),
    ],
)  # fmt: skip
def test_nothing_is_suggested(judge: Judge, run: list[Row]) -> None:
    report = judge(run)
    assert report.gates[0].suggestions == ()
    assert "lower_thresholds" not in [step.action for step in report.plan]


@pytest.mark.parametrize(
    ("level", "rise", "waits"),
    [
        pytest.param(0.473, 0.0003, True, id="rises slowly, at every step by less than a tenth of its noise"),
        pytest.param(0.48, 0.0, False, id="noise around a level that does not move"),
    ],
)
def test_a_slow_rise_is_told_from_noise_whatever_is_drawn(judge: Judge, level: float, rise: float, waits: bool) -> None:
    """The window alone holds too little to see a rise that it and the two before it show; and 95 % is no proof."""
    gates = [judge(rows(60, score=noisy(level, rise, seed))).gates[0] for seed in range(30)]
    assert [gate.suggestions == () for gate in gates].count(waits) >= 29


def test_what_has_turned_back_is_not_on_its_way(judge: Judge) -> None:
    report = judge(rows(60, score=lambda step: noisy(0.45, 0.001)(min(step, 42)) - 0.0005 * max(step - 42, 0)))
    assert [step.action for step in report.plan] == ["lower_thresholds"]


@pytest.mark.parametrize(
    ("score", "status", "told"),
    [
        (lambda step: 0.51 if step % 5 == 0 else 0.48, "open", "score keeps > 0.5 only now and then"),
        (lambda step: 0.51 if step % 5 == 1 else 0.48, "blocked", "score 0.48, needs > 0.5"),
        (lambda step: 0.48 if step % 5 == 1 else 0.51, "open", "score keeps > 0.5 only now and then"),
    ],
)
def test_kept_now_and_then_and_never_passed(
    judge: Judge, score: Callable[[int], float], status: str, told: str
) -> None:
    report = judge(rows(60, score=score))
    (gate,), (finding,) = report.gates, report.findings
    assert (gate.status, [(each.param, each.value) for each in gate.suggestions]) == (status, [("score_min", 0.47)])
    assert (finding.message, [step.action for step in report.plan]) == (told, ["lower_thresholds"])


def test_kept_but_for_one_value_in_ten_is_kept(judge: Judge) -> None:
    report = judge(rows(60, score=lambda step: 0.48 if step % 10 == 0 else 0.51))
    assert (report.gates[0].status, report.gates[0].suggestions) == ("blocked", ())


STILL = (
    "actions: [lower_thresholds]}",
    "actions: [lower_thresholds],"
    " out_of_reach: {actions: [look], unless: 'latest(slope) < -3', why: It is far., advice: {look: 'Least is {least:g}.'}},"
    " not_taken: {actions: [look], why: It is open.}}",
)
OUT_OF_REACH = "Next phase is out of reach"


@pytest.mark.parametrize(
    ("run", "delay", "title", "message"),
    [
        (rows(60, score=noisy(0.48)), "near_miss", "Next phase is held up by a near miss", "score 0.4774, needs > 0.5"),
        (rows(60, score=noisy(0.40)), "out_of_reach", OUT_OF_REACH, "score 0.3974, needs > 0.5, for long and without a trend"),
        (rows(60, score=noisy(0.48), slope=0.6), "out_of_reach", OUT_OF_REACH, "score 0.4774, needs > 0.5; slope 0.6, needs between -0.1 and 0.05, for long and without a trend"),
        (rows(60, slope=lambda step: 0.6 * (-1) ** step), "out_of_reach", OUT_OF_REACH, "slope 0.6, needs between -0.1 and 0.05, for long and without a trend"),
        (rows(60), "not_taken", "Next phase is open, and the trainer does not take it", "every requirement has long been met, and the log shows no change"),
        # too early, moving to the target, not over the whole window, and what speaks against it
        (rows(19, score=0.40), "", "", ""),
        (rows(60, score=noisy(0.30, 0.002)), "", "", ""),
        (rows(60, score=noisy(0.40), slope=lambda step: 1 - step / 100), "", "", ""),
        (rows(60, score=noisy(0.40), slope=-4.0), "", "", ""),
        (rows(60, score=lambda step: 0.51 if step > 45 else 0.40), "", "", ""),
        (rows(60, phase=lambda step: "a" if step < 50 else "b", here=lambda step: 30), "", "", ""),
        # a log that does not tell the phase cannot show that it changed
        (rows(60, phase=None), "", "", ""),
        (rows(60, phase="last"), "", "", ""),
    ],
)  # fmt: skip
def test_a_late_gate_that_no_near_miss_holds_up(
    judge: Judge, run: list[Row], delay: str, title: str, message: str
) -> None:
    report = judge(run, STILL)
    assert (report.gates[0].delay, [(each.title, each.message) for each in report.findings]) == (
        delay,
        [(title, message)] if title else [],
    )


def test_what_a_plan_says_of_a_gate_out_of_reach(judge: Judge) -> None:
    report = judge(rows(60, score=noisy(0.40)), STILL)
    (step,), (finding,) = report.plan, report.findings
    assert (step.action, step.text) == ("look", "Look at it: next phase is out of reach, since step 20. Least is 10.")
    assert (finding.why, finding.onset.step, finding.evidence[0].last) == ("It is far.", 20.0, noisy(0.40)(60))
    assert report.verdict == "act"
    assert to_json(report)["gates"][0]["delay"] == "out_of_reach"


def test_what_a_plan_says_of_an_open_gate_that_is_not_taken(judge: Judge) -> None:
    report = judge(rows(60), STILL)
    (finding,) = report.findings
    assert [step.action for step in report.plan] == ["look"]
    assert (finding.why, [each.expression for each in finding.evidence]) == ("It is open.", ["steps", "score", "slope"])


@pytest.mark.parametrize(
    ("run", "settings", "delay", "reason"),
    [
        (rows(60, score=0.48), ["score_min=0.47"], "", "score (around 0.48, needs > 0.5)"),
        (rows(60, score=0.48, slope=0.06), ["score_min=0.47", "flat=0.2"], "", "score (around 0.48, needs > 0.5) and slope (around 0.06, needs between -0.1 and 0.05)"),
        (rows(60, here=8), ["least=4"], "", "steps (around 8, needs >= 10)"),
        # now and then below the pack's own is not enough to speak against it
        (rows(60, score=lambda step: 0.48 if step % 20 == 1 else 0.51), ["score_min=0.47"], "not_taken", ""),
        # a stricter threshold, one that changes nothing here, and none that is another
        (rows(60), ["score_min=0.55"], "not_taken", ""),
        (rows(60), ["least=4"], "not_taken", ""),
        (rows(60), ["score_min=0.5"], "not_taken", ""),
    ],
)  # fmt: skip
def test_a_gate_that_only_the_thresholds_of_this_look_open_is_not_one_that_the_trainer_did_not_take(
    judge: Judge, run: list[Row], settings: list[str], delay: str, reason: str
) -> None:
    report = judge(run, STILL, settings=settings)
    (gate,) = report.gates
    told = f"by the thresholds that were set; by the pack's own it waits for {reason}" if reason else ""
    assert (gate.status, gate.delay, gate.reason) == ("open", delay, told)
    if reason:
        assert report.plan[0].text.endswith(f" Next phase is open {told}.")
        assert f"Next phase: open, {told}" in " ".join(render(report).split())


def test_without_a_word_on_it_a_late_gate_waits(judge: Judge) -> None:
    (step,) = judge(rows(60, score=noisy(0.40))).plan
    assert step.text == (
        "Let the run go on and look again when there are more rows: next phase waits for score (0.3974, needs > 0.5). It is"
        " late, but lowering a threshold is no answer yet: score lies far from its target, around 0.4007. It is measured Patience."
    )
    assert [each.action for each in judge(rows(60)).plan] == ["continue"]


def test_what_there_is_to_do_is_said_of_what_blocks(judge: Judge) -> None:
    (step,) = judge(rows(5)).plan
    assert (
        step.text == "Let the run go on and look again after step 10: next phase waits for steps (5 of 10). Patience."
    )
    (step,) = judge(rows(5, score=None)).plan
    assert "It is measured" not in step.text


def test_a_move_away_from_the_target_is_no_reason_to_wait(judge: Judge) -> None:
    report = judge(rows(60, score=noisy(0.499, -0.0005)))
    assert [each.param for each in report.gates[0].suggestions] == ["score_min"]


def test_a_suggestion_keeps_the_bounds_of_its_param(judge: Judge) -> None:
    assert judge(rows(60, score=noisy(0.48)), ("min: 0.2", "min: 0.49")).gates[0].suggestions == ()


def test_the_param_behind_a_limit_is_solved_for(judge: Judge) -> None:
    """The upper limit is half of `flat`: to let 0.06 pass, `flat` has to be 0.12."""
    report = judge(rows(60, slope=0.06))
    (suggestion,) = report.gates[0].suggestions
    assert (suggestion.param, suggestion.now, suggestion.value) == ("flat", 0.1, 0.12)


def test_what_is_suggested_lets_the_gate_open(judge: Judge) -> None:
    run = rows(60, score=noisy(0.48), slope=-0.12)
    first = judge(run)
    values = {each.param: each.value for each in first.gates[0].suggestions}
    assert set(values) == {"score_min", "flat"}
    assert judge(run, overrides=values).gates[0].status == "open"


def test_series_agree_on_one_limit(judge: Judge) -> None:
    """A param has one value: the laxest that any of the series asks for."""
    first, second = noisy(0.49), noisy(0.47)
    run = [
        row | {"rank": str(rank), "own": (second if rank else first)(row["step"])}
        for row in rows(60)
        for rank in (0, 1)
    ]
    change = ("score: {value: score, above: score_min", "score: {value: own, above: score_min")
    report = judge(run, change)
    assert {gate.series: [each.value for each in gate.suggestions] for gate in report.gates} == {
        "rank=0": [0.46],
        "rank=1": [0.46],
    }
    assert report.plan[0].set == {"score_min": 0.46}
    (finding,) = report.findings
    assert finding.series == ("rank=0", "rank=1")
    opened = judge(run, change, overrides={"score_min": 0.46})
    assert [gate.status for gate in opened.gates] == ["open", "open"]


# How it is shown


def test_as_json(judge: Judge) -> None:
    report = judge(
        rows(12, score=lambda step: None if step == 12 else 0.48, phase=lambda step: "a" if step < 3 else "b")
    )
    (gate,) = to_json(report)["gates"]  # type: ignore[misc, attr-defined]
    assert gate == {
        "gate": "next",
        "status": "blocked",
        "passed": {"step": 3, "row": 3, "times": 1},
        "requirements": [
            {"name": "steps", "target": ">= 10", "value": 12.0, "status": "met", "at": {"step": 12, "row": 12}},
            {"name": "score", "target": "> 0.5", "value": 0.48, "status": "near", "at": {"step": 11, "row": 11}, "setting": "min_score"},
            {"name": "slope", "target": "between -0.1 and 0.05", "value": 0.0, "status": "met", "at": {"step": 12, "row": 12}},
        ],
        "source": "My notes",
    }  # fmt: skip


def test_as_a_table(judge: Judge) -> None:
    page = render(judge(rows(4, score=float("nan"), slope=-0.3)))
    assert page.splitlines()[5:11] == [
        "Next phase: blocked",
        "  requirement  target                 your value  status",
        "  steps        >= 10                  4           not met",
        "  score        > 0.5                  -           unknown",
        "      score is not finite since step 1",
        "  slope        between -0.1 and 0.05  -0.3        not met",
    ]


@pytest.mark.parametrize("width", [40, 60, 80, 120])
@pytest.mark.parametrize("ascii_only", [True, False])
def test_a_table_keeps_to_its_width(judge: Judge, width: int, ascii_only: bool) -> None:
    page = render(judge(rows(4, score=float("nan"))), width=width, ascii_only=ascii_only)
    assert max(map(len, page.splitlines())) <= width


def test_as_documentation(tmp_path: Path) -> None:
    page = render_pack_doc(pack(tmp_path))
    section = page[page.index("## Gates") : page.index("## Actions")]
    assert section.splitlines() == [
        "## Gates",
        "",
        "### Next phase",
        "",
        '`next`; only while `default(phase != "last", true)`; passed where `changed(phase)`; a value older than 3 points is unknown.',
        "",
        "| requirement | value | must be | near miss within | in the trainer | meaning |",
        "| --- | --- | --- | --- | --- | --- |",
        "| steps | `here` | >= `least` |  |  |  |",
        "| score | `score` | > `score_min` | `0.05` | `min_score` | It is measured |",
        "| slope (advice only where `slope_advisory`) | `slope` | >= `-flat` and <= `flat / 2` | `flat` |  |  |",
        "",
        "While it is blocked: wait.",
        "",
        "Once it is passed: continue.",
        "",
        "Held up where `here >= least * 2` and, over `recent`, only near misses fail without a trend: lower_thresholds.",
        "",
        "Patience.",
        "",
        "Guide: My notes.",
        "",
    ]


def test_cut_anywhere_a_report_has_its_shape(judge: Judge) -> None:
    """The fixture of conftest.py holds each of these reports against the schema."""

    def cuts() -> Iterator[str]:
        for count in (1, 2, 9, 19, 20, 39, 40, 60):
            yield judge(rows(count, score=noisy(0.48))).plan[0].action

    assert set(cuts()) == {"wait", "lower_thresholds"}
