# ruff: noqa: E501 - tables of whole messages
"""A gate that is held up: thresholds that are suggested, what is out of reach, and what is not taken."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from trainrules.engine.render.json import to_json
from trainrules.engine.render.table import render

from .gatedruns import Judge, Row, judged_in, noisy, rows


@pytest.fixture(params=[pytest.param(None, id="short"), pytest.param(1, id="long")])
def judge(tmp_path: Path, request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> Judge:
    """Judges a run, once as any and once as if it were too long to look at each of its rows."""
    return judged_in(tmp_path, request.param, monkeypatch)


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
