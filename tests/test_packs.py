"""The shipped packs on small made-up runs: what each fault gives, and that healthy runs of every kind stay quiet."""

from __future__ import annotations

import json
import math
import random
from collections.abc import Callable, Sequence
from pathlib import Path

import pytest

from trainrules import evaluate
from trainrules.engine.report import Report

Row = dict[str, float]
Run = list[Row]
QUIET = {"continue", "wait"}

HEALTHY_TABLE = """
5    0.650  -0.045   0.033  -0.078
10   0.620   0.012  -0.015   0.027
25   0.580   0.089  -0.112   0.201
50   0.520   0.234  -0.189   0.423
100  0.450   0.512  -0.298   0.810
145  0.420   0.678  -0.445   1.123
"""

PROBLEMATIC_TABLE = """
5    0.650  -0.045   0.033  -0.078
10   0.720  -0.112   0.089  -0.201
25   0.850  -0.234   0.198  -0.432
"""


def table(text: str, **more: float) -> Run:
    keys = ("step", "loss", "rewards/chosen", "rewards/rejected", "rewards/margins")
    return [dict(zip(keys, map(float, line.split()), strict=True)) | more for line in text.strip().splitlines()]


def judge(place: Path, run: Sequence[Row], pack: str, checkpoints: Sequence[int] = ()) -> Report:
    log = place / "run.jsonl"
    log.write_text("".join(json.dumps(row) + "\n" for row in run), encoding="utf-8")
    for step in checkpoints:
        (place / f"checkpoint-{step}").mkdir(exist_ok=True)
    return evaluate(log, pack=pack)


def actions(report: Report) -> list[str]:
    return [step.action for step in report.plan]


def open_rules(report: Report) -> set[str]:
    return {each.rule for each in report.findings if each.state == "firing" and each.severity != "info"}


# The guide's own tables


def test_the_healthy_table_of_the_kto_guide_goes_on(tmp_path: Path) -> None:
    report = judge(tmp_path, table(HEALTHY_TABLE), "kto")
    assert (report.verdict, actions(report)) == ("healthy", ["continue"])
    assert open_rules(report) == set()


@pytest.mark.parametrize("interval", [1, 5, 20, 100])
def test_windows_reach_as_far_as_the_rows_of_a_log_need(tmp_path: Path, interval: int) -> None:
    backwards = [
        {"step": interval * i, "loss": 0.5 - 1e-4 * i, "rewards/margins": 0.02 * (i % 3 - 1) - 0.015 * i}
        for i in range(1, 101)
    ]
    assert actions(judge(tmp_path, backwards, "kto"))[0] == "stop"


def test_a_margin_that_is_no_number_is_told(tmp_path: Path) -> None:
    rows = [
        {"step": i, "loss": 0.5 - 1e-3 * i, "rewards/margins": 0.01 * i if i < 60 else "nan"} for i in range(1, 100)
    ]
    report = judge(tmp_path, rows, "kto")
    assert report.verdict == "attention"
    assert [each.message for each in report.findings if each.rule == "non_finite"] == [
        "rewards/margins: NaN or infinite since step 60 while the loss is still a number"
    ]


def test_the_problematic_table_of_the_kto_guide_stops_reverts_and_halves(tmp_path: Path) -> None:
    report = judge(tmp_path, table(PROBLEMATIC_TABLE, learning_rate=5e-7), "kto")
    assert actions(report) == ["stop", "revert", "halve_lr"]
    assert report.plan[2].set == {"learning_rate": 2.5e-7}
    assert open_rules(report) == {"margin_negative"}


def test_without_a_learning_rate_the_plan_is_the_same(tmp_path: Path) -> None:
    assert actions(judge(tmp_path, table(PROBLEMATIC_TABLE), "kto")) == ["stop", "revert", "halve_lr"]


# Any run


def trained(change: Callable[[int, Row], None], steps: int = 200, every: int = 1, seed: int = 1) -> Run:
    """A loss that falls from 5 to 1 with a little noise, changed row by row."""
    draw = random.Random(seed)
    run = []
    for step in range(every, steps + 1, every):
        row = {"step": step, "loss": 1 + 4 * math.exp(-step / 40) + draw.gauss(0, 0.03), "grad_norm": 1 + draw.random()}
        row["learning_rate"] = 1e-3 * min(1.0, step / 10)
        change(step, row)
        run.append(row)
    return run


def with_evals(run: Run, every: int, level: Callable[[int], float]) -> Run:
    rows: Run = []
    for row in run:
        rows.append(row)
        if row["step"] % every == 0:
            rows.append({"step": row["step"], "eval_loss": level(int(row["step"]))})
    return rows


def nothing(step: int, row: Row) -> None:
    """Leaves a row as it is."""


def hidden_nan(step: int, row: Row) -> None:
    if step >= 120:
        row |= {"grad_norm": math.nan} | ({"loss": 0.0} if step > 120 else {})


def skipped_updates(step: int, row: Row) -> None:
    if step <= 4 or step % 60 == 0:
        row["grad_norm"] = math.inf


def diverges(step: int, row: Row) -> None:
    if step >= 120:
        row["loss"] = 30 + step / 10


def explodes_at_once(step: int, row: Row) -> None:
    row["loss"] = 1.4 if step == 1 else 20 - step / 20


def spikes(step: int, row: Row) -> None:
    row["loss"] += 4 * math.exp(-(step - 120) / 1.5) if step >= 120 else 0


def negative(step: int, row: Row) -> None:
    row["loss"] = 3 - 800 * (1 - math.exp(-step / 40))


def policy(step: int, row: Row) -> None:
    row |= {"loss": step * 2e-4, "reward": 0.1 + step / 400}


def single_batches(step: int, row: Row) -> None:
    row["loss"] = (1 + 0.4 * math.exp(-step / 80)) * math.exp(random.Random(step).gauss(0, 0.45))


def still(step: int, row: Row) -> None:
    row |= {"loss": 5 + random.Random(step).gauss(0, 0.02), "learning_rate": 1e-8}


def at_entropy(step: int, row: Row) -> None:
    row["loss"] = 0.69 + 2 * math.exp(-step / 8) + random.Random(step).gauss(0, 0.01)


@pytest.mark.parametrize(
    ("change", "plan", "rule", "onset"),
    [
        (hidden_nan, ["stop", "revert", "check_config"], "non_finite", 120),
        (diverges, ["stop", "revert", "halve_lr"], "loss_diverging", 120),
        (explodes_at_once, ["stop", "restart", "halve_lr"], "loss_above_start", 2),
        (still, ["raise_lr"], "loss_not_moving", None),
    ],
)
def test_faults_of_any_run(
    tmp_path: Path, change: Callable[[int, Row], None], plan: list[str], rule: str, onset: float | None
) -> None:
    report = judge(tmp_path, trained(change), "common", checkpoints=(50, 100, 150))
    assert actions(report) == plan
    [finding] = [each for each in report.findings if each.rule == rule and each.state == "firing"]
    assert onset is None or finding.onset.step == onset
    assert [step.target["checkpoint"] for step in report.plan if step.target] == ["checkpoint-100"] * plan.count(
        "revert"
    )


@pytest.mark.parametrize(
    "change",
    [nothing, skipped_updates, spikes, negative, policy, single_batches, at_entropy],
    ids=lambda change: change.__name__,
)
@pytest.mark.parametrize("rows", [8, 125, 200])
def test_healthy_runs_stay_quiet(tmp_path: Path, change: Callable[[int, Row], None], rows: int) -> None:
    report = judge(tmp_path, trained(change)[:rows], "common")
    assert set(actions(report)) <= QUIET, open_rules(report)
    assert open_rules(report) == set()


@pytest.mark.parametrize(
    ("pack", "noise", "seed"), [("common", 0.1, 1), ("common", 0.3, 2), ("alpha_lora", 0.1, 1), ("alpha_lora", 0.3, 2)]
)
def test_noise_around_a_constant_level_is_no_divergence_however_long(
    tmp_path: Path, pack: str, noise: float, seed: int
) -> None:
    source = random.Random(seed)
    rows = [{"step": float(step), "loss": 2 * (1 + source.gauss(0, noise))} for step in range(20_000)]
    if pack == "alpha_lora":
        rows = [
            row
            | {"gradient_stability": 0.5, "expert": row["step"] // 100 % 2, "loss": row["loss"] * (1 + step // 100 % 2)}
            for step, row in enumerate(rows)
        ]
    report = judge(tmp_path, rows, pack)
    told = {each.rule for each in report.findings if each.severity != "info"}  # what was over again would be told, too
    assert told == set()
    assert set(actions(report)) <= QUIET


def test_overfitting_is_dated_after_the_best_evaluation(tmp_path: Path) -> None:
    run = with_evals(trained(nothing, steps=400), 20, lambda step: 1.5 + 0.002 * abs(step - 100))
    report = judge(tmp_path, run, "common")
    assert actions(report) == ["stop_early"]
    assert next((each.rule, each.severity, each.onset.step) for each in report.findings if each.state == "firing") == (
        "overfitting",
        "critical",
        120,
    )


def test_mild_overfitting_warns(tmp_path: Path) -> None:
    run = with_evals(trained(nothing, steps=400), 20, lambda step: 1.5 - 0.3 * math.exp(-abs(step - 100) / 20))
    report = judge(tmp_path, run, "common")
    assert actions(report) == ["stop_early"]
    assert [each.onset.step for each in report.findings if each.rule == "overfitting"] == [120]


def test_a_sure_rise_of_the_evaluation_needs_no_ten_evaluations(tmp_path: Path) -> None:
    rising = with_evals(trained(nothing, steps=240), 20, lambda step: 1.5 + 0.001 * abs(step - 100))
    jumping = with_evals(
        trained(nothing, steps=240), 20, lambda step: 1.5 + (0.14 if step > 100 and step % 40 else 0.0)
    )
    report = judge(tmp_path, rising, "common")
    assert actions(report) == ["stop_early"]
    assert [(each.severity, each.onset.step) for each in report.findings if each.rule == "overfitting"] == [
        ("warning", 120)
    ]
    assert set(actions(judge(tmp_path, jumping, "common"))) <= QUIET


# Preference tuning


def tuned(change: Callable[[int, Row], None], steps: int = 145, every: int = 1, seed: int = 2) -> Run:
    """A margin that grows to 1.5 while the loss falls from 0.5 to 0.35, as small batches show it."""
    draw = random.Random(seed)
    run = []
    for step in range(every, steps + 1, every):
        warm = max(0, step - 10) / steps
        chosen, rejected = 0.4 * warm + draw.gauss(0, 0.05 + 0.1 * warm), -1.1 * warm + draw.gauss(0, 0.05 + 0.1 * warm)
        row = {
            "step": step,
            "loss": 0.5 - (chosen - rejected) / 10,
            "grad_norm": 2 + draw.random(),
            "learning_rate": 5e-7,
        }
        row |= {"kl": max(0.0, draw.gauss(0, 0.2)), "rewards/chosen": chosen, "rewards/rejected": rejected}
        row["rewards/margins"] = chosen - rejected
        change(step, row)
        run.append(row)
    return run


def rewards(row: Row, chosen: float, rejected: float) -> None:
    margin = chosen - rejected
    row |= {
        "rewards/chosen": chosen,
        "rewards/rejected": rejected,
        "rewards/margins": margin,
        "loss": 0.5 - margin / 10,
    }


def backwards(step: int, row: Row) -> None:
    draw = random.Random(step)
    rewards(row, draw.gauss(-step / 200, 0.02), draw.gauss(step / 200, 0.02))


def flipped(step: int, row: Row) -> None:
    if step > 100:
        rewards(row, row["rewards/rejected"], row["rewards/chosen"])


def saturated(step: int, row: Row) -> None:
    if step > 6:
        rewards(row, -20 - 5 * random.Random(step).random(), -20 - 5 * random.Random(-step).random())
        row |= {"loss": 0.5, "grad_norm": 1e-7}


def coin_flips(step: int, row: Row) -> None:
    draw = random.Random(step)
    rewards(row, draw.gauss(-0.2, 0.15), draw.gauss(-0.2, 0.15))


def too_slow(step: int, row: Row) -> None:
    draw = random.Random(step)
    rewards(row, draw.gauss(0, 1e-6), draw.gauss(0, 1e-6))


def rough(step: int, row: Row) -> None:
    if step > 60:
        draw = random.Random(step)
        rewards(row, draw.gauss(0, 2), draw.gauss(0, 2))


def one_class(step: int, row: Row) -> None:
    if step % 2:
        del row["rewards/rejected"], row["rewards/margins"]


def loud_gradient(step: int, row: Row) -> None:
    row["grad_norm"] *= 60


def far_away(step: int, row: Row) -> None:
    row["kl"] = step / 10 + random.Random(step).random()


@pytest.mark.parametrize(
    ("change", "plan", "rule"),
    [
        (backwards, ["stop", "restart", "halve_lr", "check_data"], "margin_negative"),
        (backwards, ["stop", "restart", "halve_lr", "check_data"], "inverted_from_start"),
        (flipped, ["stop", "revert", "halve_lr", "check_data"], "labels_flipped"),
        (saturated, ["stop", "restart", "halve_lr"], "saturated"),
        (hidden_nan, ["stop", "revert", "check_config"], "non_finite"),
        (coin_flips, ["check_data"], "not_learning"),
        (too_slow, ["raise_lr"], "rate_too_low"),
        (rough, ["halve_lr"], "margin_unstable"),
    ],
)
@pytest.mark.parametrize(("every", "steps"), [(1, 145), (5, 290)])
def test_faults_of_preference_tuning(
    tmp_path: Path, change: Callable[[int, Row], None], plan: list[str], rule: str, every: int, steps: int
) -> None:
    report = judge(tmp_path, tuned(change, steps=steps, every=every), "kto", checkpoints=(50, 100, 145))
    assert rule in open_rules(report)
    assert actions(report) == plan


@pytest.mark.parametrize("change", [nothing, one_class, loud_gradient, far_away], ids=lambda change: change.__name__)
@pytest.mark.parametrize(("every", "rows"), [(1, 8), (1, 60), (1, 145), (5, 29), (10, 14)])
def test_healthy_preference_tuning_stays_quiet(
    tmp_path: Path, change: Callable[[int, Row], None], every: int, rows: int
) -> None:
    report = judge(tmp_path, tuned(change, every=every)[:rows], "kto")
    assert set(actions(report)) <= QUIET, open_rules(report)
    assert open_rules(report) <= {"kl_far"}


def batches(margin: Callable[[float], float], steps: int, every: int, size: int, seed: int) -> Run:
    """Rows that average so many answers of each class; the margin goes by the share of the run, the rate warms up."""
    draw = random.Random(seed)
    run = []
    for step in range(every, steps + 1, every):
        rate = min(1.0, 10 * step / steps)
        half, noise = rate * margin(step / steps) / 2, rate * 0.6 / math.sqrt(size * every)
        row = {"step": step, "grad_norm": 2 + draw.random(), "learning_rate": 5e-7 * rate}
        rewards(row, half + draw.gauss(0, noise), -half + draw.gauss(0, noise))
        run.append(row)
    return run


@pytest.mark.parametrize(("every", "size", "steps"), [(1, 2, 400), (1, 4, 300), (10, 1, 1500), (25, 1, 2500)])
def test_labels_are_not_blamed_while_a_margin_rises_slowly_in_small_batches(
    tmp_path: Path, every: int, size: int, steps: int
) -> None:
    blamed = 0
    for seed in range(8):
        run = batches(lambda t: 0.7 * t, steps, every, size, seed)
        plans = [actions(judge(tmp_path, run[: int(len(run) * cut)], "kto")) for cut in (0.1, 0.25, 0.5, 0.75)]
        blamed += sum("check_data" in plan for plan in plans)
    assert blamed / 32 <= 0.05


@pytest.mark.parametrize(("every", "size", "steps"), [(1, 4, 200), (5, 4, 400), (10, 2, 1500), (25, 1, 2500)])
def test_labels_that_carry_nothing_are_found(tmp_path: Path, every: int, size: int, steps: int) -> None:
    runs = [batches(lambda t: 0.0, steps, every, size, seed) for seed in range(8)]
    found = sum(actions(judge(tmp_path, run, "kto")) == ["check_data"] for run in runs)
    assert found >= 7


def test_a_large_margin_is_overfitting_only_if_the_evaluation_says_so(tmp_path: Path) -> None:
    def large(step: int, row: Row) -> None:
        rewards(row, step / 20, -step / 20)

    better = with_evals(tuned(large), 10, lambda step: 0.5 - step / 500)
    worse = with_evals(tuned(large), 10, lambda step: 0.4 + abs(step - 40) / 1000)
    assert set(actions(judge(tmp_path, better, "kto"))) <= QUIET
    report = judge(tmp_path, worse, "kto")
    assert actions(report) == ["stop_early"]
    assert "margin_large" in open_rules(report)
