"""The rules of the kto pack over a benchmark log, written by hand with Polars, as one would without a pack language.

It reads the keys that it needs, computes the windows and conditions of the pack and of its parent, steps the automata,
and prints what each rule came to: its state, and of its last episode onset, firing, end and worst value. What makes it
easier, and no substitute: the log has a row a step, NaN is the only thing in it that is no number, thresholds are the
defaults, and rules that no such log can have judged (a configured rate, a planned end, console output, `--now`) are
left out. It explains nothing, makes no plan and compares no stages.

    python benchmarks/polars_kto.py LOG
"""

from __future__ import annotations

import json
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any, NamedTuple

import polars as pl
from polars import col
from polars_columns import (
    SENTINELS,
    of_evaluations,
    of_gradient,
    of_loss,
    of_margin,
    of_steps,
    read,
    run_of_margin,
    spread_of_loss,
)
from polars_windows import Course, course, larger, smaller

SEVERITIES = ("info", "warning", "critical")


class Rule(NamedTuple):
    """A rule at one of its levels; `shows` is the left side of its only comparison, `sign` 1 if it must be high."""

    id: str
    severity: str
    when: pl.Expr
    until: pl.Expr | None = None
    since: pl.Expr | None = None
    points: int = 1
    steps: int = 0
    after: int | None = None
    shows: str | None = None
    sign: int = 1


def of_rows() -> Iterator[Rule]:
    """The rules that are judged on training rows."""
    step, loss, first, change = col("step"), col("loss"), col("first"), col("d_loss")
    gradient, rate, size, learns = col("grad_norm"), col("learning_rate"), col("size"), col("learns")
    gone = col("bad") & loss.is_null()
    lately = gone.cast(pl.Int8).rolling_max(10, min_samples=1) == 1
    yield Rule("non_finite", "warning", col("bad"), since=col("bad"))
    yield Rule("non_finite", "critical", gone, until=~lately, since=col("bad"))
    yield Rule("updates_skipped", "warning", col("bad_gradient"), points=20)

    above, noise, gain, limit = col("above"), col("noise"), col("gain"), col("limit")
    yield Rule(
        "loss_diverging",
        "critical",
        (above > larger(limit, 3 * noise)) & (col("loss_10") > 0.9 * first),
        until=col("loss_5") - col("low") < col("back"),
        since=above > smaller(0.5 * limit, larger(0.375 * gain, 3 * noise)),
        points=5,
    )
    wide = larger(3 * col("loss_std"), larger(5 * col("jitter"), 5 * col("swing")))
    yield Rule(
        "loss_above_start",
        "critical",
        ((col("loss_10") - wide > larger(first, col("first_5"))) | ((loss > 4 * first) & (col("loss_lowest") > 0)))
        & (first != 0),
        since=loss > first,
        points=5,
    )
    jump = pl.when(col("d_std") > 0).then((change - col("d_mean")) / col("d_std"))
    yield Rule("loss_spike", "info", (jump > 6) & (change > 0.01 * loss.abs()))
    yield Rule("loss_frozen", "warning", (change == 0) & (loss.abs() > 0.01 * first.abs()), points=20)
    still = rate.diff() == 0
    ran = (col("loss").abs().rolling_min(5).shift(5) > 0) & (rate.diff().abs().rolling_min(5).shift(5) > 0)
    yield Rule("zero_and_still", "critical", (loss == 0) & still & ran, until=loss != 0, points=5)
    yield Rule("exact_zero", "warning", (loss == 0) & (loss.abs().cum_max() == 0), until=loss != 0, points=20)
    calm = ~(gradient > 0).fill_null(value=False)
    yield Rule("exact_zero", "critical", (loss == 0) & (col("not_zero") > 0.01) & calm, until=loss != 0, points=5)
    yield Rule("gradient_zero", "warning", gradient == 0, points=20)
    fall, rise = col("loss_forty_slope_upper"), col("loss_forty_slope_lower_999")
    yield Rule("plateau", "info", (fall >= 0) & (rise <= 0), until=(fall < 0) | (rise > 0), points=40)
    yield Rule("rate_zero", "info", rate == 0, points=10)
    yield Rule("rate_zero", "warning", rate.cum_max() == 0, points=10)

    ends = {name: col(name).tail(10).is_null() & ~col("bad").tail(10) for name in SENTINELS if name != "eval_loss"}
    gone = pl.any_horizontal(end.all() & col(name).is_not_null().any() for name, end in ends.items())
    yield Rule("numbers_gone", "warning", pl.when(col("i") == pl.len() - 1).then(gone))

    margin, trend, longer = col("margin"), col("margin_trend"), col("margin_longer")
    lower, upper, run_99 = col("margin_longer_lower"), col("margin_longer_upper"), col("run_lower_99")
    rises = (loss > 1.05 * first).forward_fill()
    yield Rule(
        "margin_negative",
        "critical",
        (trend < -larger(pl.lit(0.1), col("margin_trend_std")))
        & ((col("margin_longer_upper_999") < 0) | ((col("margin_trend_slope_upper") < 0) & rises)),
        until=trend > 0,
        since=(margin < 0) & (step > 20),
        after=20,
    )
    highest = longer.cum_max()
    yield Rule(
        "inverted_from_start",
        "critical",
        (col("margin_longer_upper_99") < -0.1) & (highest < 0),
        since=(highest < 0) & (step > 20),
        after=50,
    )
    missing, difference = margin.forward_fill().is_null(), col("difference")
    yield Rule(
        "difference_negative",
        "critical",
        missing
        & (col("difference_longer_upper") < 0)
        & (col("difference_trend") < -larger(pl.lit(0.1), col("difference_trend_std"))),
        until=col("difference_trend") > 0,
        since=(difference < 0) & (step > 20),
        after=20,
    )
    yield Rule("margin_not_logged", "info", missing & difference.is_not_null(), after=20)
    one = col("chosen").forward_fill().is_null() != col("rejected").forward_fill().is_null()
    yield Rule("margins_unknown", "warning", (loss > 0) & missing & one, since=missing, after=50)
    usual, before = col("margin_mean_3"), col("margin_mean_13")
    yield Rule(
        "labels_flipped",
        "critical",
        (
            (col("margin_lower_3") > 0.1)
            & (margin < 0)
            & (margin < -0.5 * usual)
            & (margin < usual - 4 * col("margin_std_3"))
        )
        | ((col("margin_lower_13") > 0.1) & (col("margin_upper_10") < smaller(pl.lit(0.0), -0.5 * before))).fill_null(
            False
        ),
        until=(col("turned_lately") == 1) & (col("margin_5") > 0.5 * before),
        since=margin < 0,
        points=3,
    )
    yield Rule(
        "saturated",
        "critical",
        (gradient < 0.01) & (size > 5) & (col("loss_10") > 0.8 * first),
        until=(gradient > 0.01) & (size < 5),
        since=gradient < 0.01,
        points=3,
    )
    yield Rule(
        "loss_rising",
        "critical",
        (col("loss_longer_lower") > 1.05 * first) & (col("loss_longer_slope_lower") > 0) & ~learns,
        since=loss > first,
        after=20,
    )
    yield Rule("loss_rises_in_a_row", "info", change > 0, points=10)
    low = larger(pl.lit(0.1), 0.25 * first)
    yield Rule(
        "loss_fell_too_fast",
        "warning",
        (step <= 10) & (loss < 0.1) & (loss < 0.25 * first),
        until=col("loss_min_5") > low,
    )
    yield Rule("loss_not_below_start", "info", col("loss_longer") >= first, after=30)
    fall, sure = 1 - col("loss_longer") / col("first_5"), col("margin_longer_lower_99")
    yield Rule(
        "loss_flat",
        "warning",
        (fall < 0.5 * 0.3 / 4) & (sure > 0.3).forward_fill(),
        until=fall > 0.75 * 0.3 / 4,
        after=50,
        steps=20,
    )
    settled = (rate.diff() <= 0) & (rate.cum_max() > 0)
    yield Rule("rate_too_low", "warning", (col("size_highest") < 0.005) & settled.forward_fill(), after=50, steps=20)
    moved = col("size_longer").forward_fill()
    held = (col("rate_rise_longer") <= 0).forward_fill().fill_null(True)
    due = smaller(pl.lit(0.1), 0.5 * col("size_longer_mean"))
    yield Rule(
        "not_learning",
        "warning",
        (lower <= 0)
        & (col("margin_longer_slope_lower") <= 0)
        & (larger(col("margin_longer_upper_90"), col("so_far_upper")) < due)
        & (col("margin_longer_lower_99").cum_max() <= 0.1)
        & held
        & ((moved > 0.1) | ((step > 100) & (moved > 0.005) & (col("so_far_lower") <= 0))),
        until=(lower > 0) & (col("so_far_lower_99") > 0),
        since=(lower <= 0) & (step > 50),
        after=50,
        steps=10,
    )
    yield Rule("zeroed", "critical", (loss == 0) & (size == 0), points=3)
    yield Rule(
        "reward_collapse",
        "warning",
        (col("size_longer") < 0.05) & (col("size_highest") > 0.5),
        since=size < 0.05,
        after=50,
    )
    swing = col("margin_longer_std")
    yield Rule(
        "margin_unstable",
        "warning",
        (swing > 1) & (lower <= 0) & (upper >= 0),
        until=(swing < 1) | ((lower > 0) & (run_99 > 0)),
        after=50,
        steps=20,
    )

    often, all_learn = col("share_50"), col("learns_all")
    shared: dict[str, Any] = {"since": col("any_50"), "after": 20}
    yield Rule("grad_norm_levels", "info", (often >= 0.5) | (gradient > 100), **shared)
    yield Rule("grad_norm_levels", "warning", (often >= 0.5) & ~learns, until=(often < 0.3) | all_learn, **shared)
    yield Rule(
        "grad_norm_levels",
        "critical",
        ((col("gradient_min_5") > 100) & ~learns) | (gradient > 1000),
        until=(col("gradient_max_5") < 100) | (all_learn & (col("gradient_max_10") < 1000)),
        **shared,
    )
    yield Rule(
        "grad_norm_persistent",
        "warning",
        (col("gradient_min_10") > 100) & (col("gradient_lowest") < 50) & learns,
        until=(col("share_100") < 0.5) | ~col("learns_any"),
        since=gradient > 100,
        after=20,
    )
    yield Rule("grad_norm_small", "info", gradient < 0.01, points=5, shows="grad_norm", sign=-1)
    kl = col("kl_trend_lower")
    yield Rule("kl_far", "info", kl > 1, since=col("kl") > 1, after=20, shows="kl_trend_lower")
    climbs = col("kl_trend_slope_lower") > 0
    yield Rule("kl_far", "warning", (kl > 1) & climbs, until=col("kl_trend") < 1, since=col("kl") > 1, after=20)
    still = (col("size_longer") < 0.1).forward_fill()
    yield Rule("kl_near_zero", "info", (col("kl_trend") < 0.001) & still, after=50)
    yield Rule("margin_large", "info", trend > 5, shows="margin_trend")
    yield Rule("margin_large", "warning", (trend > 5) & col("worse"))
    falling = col("margin_trend_slope_upper")
    yield Rule("margin_not_rising", "info", falling < 0, after=20, steps=10, shows="margin_trend_slope_upper", sign=-1)
    surely, best = col("margin_longer_slope_upper_99") < 0, longer.cum_max().forward_fill()
    yield Rule(
        "margin_not_rising",
        "warning",
        surely & (best > 0.3) & (col("margin_trend_upper") < 0.5 * best),
        until=col("margin_trend_lower") > 0.5 * best,
        after=20,
        steps=10,
    )
    yield Rule("chosen_low", "info", col("chosen") < -1, after=20, steps=30, shows="chosen", sign=-1)


def of_evals() -> Iterator[Rule]:
    """The rules that are judged on evaluations that have a number."""
    rise, size, level, jitter = col("rise"), col("size"), col("level_rise"), col("jitter")
    luck, better, worse, recovers = col("luck"), col("fits_better"), col("fits_worse"), col("recovers")
    firm, mild = 0.25 * size, 0.05 * size
    up = (col("loss") > col("first")) | worse
    yield Rule("eval_diverging", "critical", (rise > firm) & up, until=rise < mild, since=rise > 0, points=3)
    least = larger(0.01 * size, larger(smaller(mild, 0.1 * col("gain")), col("noise_evals")))
    yield Rule(
        "overfitting",
        "warning",
        (
            ((col("level_least") > least) & (col("level_mean") > luck) & ~recovers)
            | (col("rise_least") > larger(mild, 5 * jitter))
            | (col("slope_lower") > 0)
        )
        & better,
        until=(rise < 0.01 * size) | (level < larger(0.01 * size, 0.5 * luck)) | recovers,
        since=rise > 0,
    )
    scatter = larger((2.5 * col("std")).fill_null(0), 5 * jitter)
    least = larger(firm, 0.05 * col("gain"))
    early = (rise > least) & col("rises_on") & (col("evaluations") < 10) & better
    yield Rule(
        "overfitting",
        "critical",
        (smaller(rise, level) > larger(least, scatter)) & (rise.shift(1) > mild) & ~worse | early,
        until=(rise < mild) | recovers | worse,
        since=rise > 0,
    )


def judged(rows: pl.DataFrame, rules: list[Rule]) -> Iterator[tuple[Rule, Course, float | None]]:
    """How each rule went, in steps, and its worst value."""
    columns: dict[str, pl.Expr] = {}
    for number, rule in enumerate(rules):
        when = rule.when if rule.after is None else pl.when(col("step") > rule.after).then(rule.when)
        parts = {"when": when, "until": rule.until, "since": rule.since}
        columns |= {f"{part} {number}": each for part, each in parts.items() if each is not None}
    found = rows.lazy().select("i", "step", **columns).collect()
    at = rows["step"]
    for number, rule in enumerate(rules):
        until, since = (found.get_column(f"{part} {number}", default=None) for part in ("until", "since"))
        went = course(found, found[f"when {number}"], until=until, since=since, points=rule.points, steps=rule.steps)
        worst = None
        if rule.shows and went.episodes:
            part = rows[rule.shows].slice(went.onset, went.last - went.onset + 1)
            worst = part.max() if rule.sign > 0 else part.min()
        places = {name: getattr(went, name) for name in ("onset", "fired", "end", "last")} if went.episodes else {}
        yield rule, went._replace(**{name: None if row is None else at[row] for name, row in places.items()}), worst


def told(rules: list[tuple[Rule, Course, float | None]]) -> dict[str, Any]:
    """What is said of one rule: the open episode of its highest level, else the last one."""
    fired = [each for each in rules if each[1].episodes]
    if not fired:
        states = {went.state for _, went, _ in rules}
        return {"state": next(state for state in ("pending", "ok", "unknown") if state in states)}
    open_ones = [each for each in fired if each[1].end is None]
    by_severity = [(SEVERITIES.index(rule.severity), rule, went, worst) for rule, went, worst in open_ones or fired]
    order = max(by_severity, key=lambda each: each[0] if open_ones else (each[2].last, each[0]))
    _, rule, went, worst = order
    found = {"severity": rule.severity, **went._asdict()}
    return found if worst is None else found | {"worst": float(f"{worst:.9g}")}


def findings(log: Path) -> dict[str, Any]:
    """What each rule came to, by its id."""
    rows, evaluations = read(log)
    rows = of_gradient(of_steps(run_of_margin(of_margin(spread_of_loss(of_loss(rows))))))
    evals = of_evaluations(rows, evaluations)
    high = evals["rise"] > 0.01 * evals["size"]
    worse = evals.select("step", worse=high & high.shift(1))
    rows = rows.join(worse, on="step", how="left", maintain_order="left")
    rows = rows.with_columns(col("worse").forward_fill().fill_null(False))
    went: dict[str, list[tuple[Rule, Course, float | None]]] = {}
    bad = evaluations.join(rows.select("step", "i"), on="step", how="left", maintain_order="left")
    broken = [Rule("eval_loss_not_finite", "warning", col("bad_eval"), points=2)]
    for part, rules in ((rows, list(of_rows())), (evals.drop_nulls("i"), list(of_evals())), (bad, broken)):
        part = part.with_columns(i=pl.int_range(pl.len()))
        for each in judged(part, rules):
            went.setdefault(each[0].id, []).append(each)
    return {id: told(each) for id, each in sorted(went.items())}


if __name__ == "__main__":
    print(json.dumps(findings(Path(sys.argv[1])), indent=1))
