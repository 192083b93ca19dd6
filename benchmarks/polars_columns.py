"""The columns that the rules of the kto pack rest on, made by hand with Polars from a benchmark log."""

from __future__ import annotations

import mmap
import re
from io import BytesIO
from pathlib import Path

import polars as pl
from polars import col
from polars_windows import Over, Window, bound, clock_sums, larger, line, mad, moments, regular_sums, smaller, stream

KEYS = {
    "step": "step",
    "loss": "loss",
    "grad_norm": "grad_norm",
    "learning_rate": "learning_rate",
    "entropy": "entropy",
    "kl": "kl",
    "logits/chosen": "logits",
    "rewards/chosen": "chosen",
    "rewards/rejected": "rejected",
    "rewards/margins": "margin",
    "eval_loss": "eval_loss",
}
SENTINELS = [name for name in KEYS.values() if name not in ("step", "learning_rate")]
NAN = " is NaN"
FORTY, TREND, LONGER = Window(40, 40), Window(30, 3), Window(50, 5)
PATIENCE, HALF_PATIENCE, MANY = Window(10, 10), Window(5, 5), Window(200, 20)


def read(log: Path) -> tuple[pl.DataFrame, pl.DataFrame]:
    """The training rows and the evaluations; `bad` marks rows on which something was NaN, which Polars cannot read."""
    schema: dict[str, pl.DataType] = dict.fromkeys(KEYS, pl.Float64())
    source: Path | BytesIO = log
    with log.open("rb") as file, mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ) as data:
        if data.find(b": NaN") >= 0:
            source = BytesIO(re.sub(rb'"([^"]+)": NaN', rb'"\1": null, "\1 is NaN": 1', data))
            schema |= {key + NAN: pl.Float64() for key in KEYS}
    found = pl.scan_ndjson(source, schema=schema).rename(KEYS).with_columns(col("step").cast(pl.Int64)).collect()
    has_nan = found.width > len(KEYS)
    marks = {name: col(key + NAN).is_not_null() if has_nan else pl.lit(False) for key, name in KEYS.items()}
    found = found.with_columns(
        bad=pl.any_horizontal(marks[name] for name in SENTINELS),
        bad_gradient=marks["grad_norm"],
        bad_eval=marks["eval_loss"],
    )
    if has_nan:  # where one is NaN, zeros are what the trainer made of others
        shown = [name for name in KEYS.values() if name != "step"]
        found = found.with_columns(
            pl.when(~(col("bad") & (col(name) == 0))).then(col(name)).alias(name) for name in shown
        )
    is_eval = col("eval_loss").is_not_null() | col("bad_eval")
    evals = found.filter(is_eval).select("step", "eval_loss", "bad_eval")
    rows = found.filter(~is_eval).drop("eval_loss", "bad_eval").with_row_index("i")
    if has_nan:
        wrong = evals.filter("bad_eval")["step"].implode()
        rows = rows.with_columns(bad=col("bad") | col("step").is_in(wrong))
    return rows.with_columns(col("i").cast(pl.Int64)), evals


def of_loss(rows: pl.DataFrame) -> pl.DataFrame:
    """What the rules ask of the loss, over its own stream."""
    loss, change = col("loss"), col("d_loss")
    sums = clock_sums(FORTY, "forty", loss.is_not_null())
    rows = stream(rows, "loss", [loss.diff().alias("d_loss"), *moments("loss", FORTY), *sums])
    return stream(
        rows,
        "loss",
        [
            loss.rolling_mean(5).alias("loss_5"),
            loss.rolling_min(5).alias("loss_min_5"),
            loss.rolling_mean(10, min_samples=5).alias("loss_10"),
            loss.rolling_std(10, min_samples=5).alias("loss_std"),
            loss.cum_min().alias("loss_lowest"),
            change.abs().rolling_median(10, min_samples=5).alias("loss_median"),
            change.rolling_mean(10, min_samples=5).shift(1).alias("d_mean"),
            pl.when(change.rolling_max(10, min_samples=5) > change.rolling_min(10, min_samples=5))
            .then(change.rolling_std(10, min_samples=5))
            .shift(1)
            .alias("d_std"),
            line("loss", FORTY, "forty").bound(1).alias("loss_forty_slope_upper"),
            line("loss", FORTY, "forty").bound(-1, 0.999).alias("loss_forty_slope_lower_999"),
        ],
    )


def spread_of_loss(rows: pl.DataFrame) -> pl.DataFrame:
    """What rests on those windows: the lowest level, the gain, the noise."""
    usual = col("loss_median")
    level = pl.when(col("loss").abs().rolling_min(5) > 0).then(col("loss_5"))
    size = pl.when(col("loss") != 0).then(col("loss").abs())
    before = size.forward_fill().shift(1)
    other = pl.when(size.is_not_null()).then(pl.max_horizontal(size, before))
    rows = stream(
        rows,
        "loss",
        [
            level.cum_min().alias("low"),
            other.forward_fill().alias("not_zero"),
            col("loss_5").drop_nulls().first().alias("first_5"),
            pl.when(usual.cum_count() >= 100).then(usual.cum_sum() / usual.cum_count()).fill_null(0).alias("jitter"),
            usual.rolling_mean(200, min_samples=5).fill_null(0).alias("swing"),
            smaller(smaller(col("loss_std"), col("loss_std").shift(5)), usual).alias("noise"),
            bound(col("loss_10"), col("loss_std"), _held(10), 0.95, -1).alias("lower_10"),
            bound(col("loss_10"), col("loss_std"), _held(10), 0.95, 1).alias("upper_10"),
        ],
    )
    first = pl.lit(rows["loss"].drop_nulls().first())
    rows = rows.with_columns(first=first, gain=(first - col("low")).fill_null(0), above=col("loss") - col("low"))
    plain = larger(col("low").abs(), 0.1 * col("gain"))
    is_small = col("gain") < larger(4 * col("loss_std"), 7 * col("jitter"))
    limit = pl.when(is_small).then(plain).when(~is_small).then(smaller(plain, 0.75 * col("gain")))
    half = (
        pl.when(col("gain") < 3 * larger(col("noise"), col("jitter")))
        .then(limit)
        .otherwise(smaller(limit, 0.5 * col("gain")))
    )
    return rows.with_columns(limit=limit, back=half)


def _held(most: int) -> pl.Expr:
    """How many points a window of so many holds on a stream."""
    return smaller(pl.int_range(1, pl.len() + 1), pl.lit(most))


def of_margin(rows: pl.DataFrame) -> pl.DataFrame:
    """What the rules ask of the margin over its own stream, the newest rows left out and not."""
    margin = col("margin")
    rows = stream(
        rows,
        "margin",
        [
            margin.rolling_mean(5).alias("margin_5"),
            margin.rolling_mean(10, min_samples=5).alias("margin_mean"),
            margin.rolling_std(10, min_samples=5).alias("margin_std"),
            (margin - margin.first()).alias("m0"),
            margin.cum_count().alias("m_n"),
            margin.cum_sum().alias("m_sum"),
        ],
    )
    mean, std = col("margin_mean"), col("margin_std")
    return stream(
        rows,
        "margin",
        [
            bound(mean, std, _held(10), 0.99, 1).alias("margin_upper_10"),
            mean.shift(3).alias("margin_mean_3"),
            std.shift(3).alias("margin_std_3"),
            bound(mean, std, _held(10), 0.99, -1).shift(3).alias("margin_lower_3"),
            mean.shift(13).alias("margin_mean_13"),
            bound(mean, std, _held(10), 0.99, -1).shift(13).alias("margin_lower_13"),
        ],
    )


def run_of_margin(rows: pl.DataFrame) -> pl.DataFrame:
    """The bounds of the margin's mean over the whole run, and whether it has just turned."""
    n, deviation = col("m_n").cast(pl.Float64), col("m0")
    squares = (deviation * deviation).cum_sum() - deviation.cum_sum() ** 2 / n
    std = (squares.clip(0) / (n - 1)).sqrt()
    usual, spread = col("margin_mean_3"), col("margin_std_3")
    turned = (col("margin_lower_3") > 0.1) & (col("margin") < smaller(-0.5 * usual, usual - 4 * spread))
    rows = stream(
        rows,
        "margin",
        [
            pl.when(n >= 20).then(bound(col("m_sum") / n, std, n, 0.99, -1)).alias("run_lower_99"),
            *(
                pl.when(n >= 10).then(bound(col("m_sum") / n, std, n, confidence, sign)).alias(f"so_far_{name}")
                for name, confidence, sign in (("lower", 0.95, -1), ("lower_99", 0.99, -1), ("upper", 0.95, 1))
            ),
            turned.alias("turned"),
        ],
    )
    return stream(rows, "turned", [col("turned").cast(pl.Int8).rolling_max(13, min_samples=1).alias("turned_lately")])


def of_steps(rows: pl.DataFrame) -> pl.DataFrame:
    """The windows in steps, which are so many rows here, known where their metric is."""
    size = pl.max_horizontal(col("chosen").abs(), col("rejected").abs())
    rows = rows.with_columns(size=size, difference=col("chosen").forward_fill() - col("rejected").forward_fill())
    masked = [name for name in ("loss", "margin", "kl", "difference") if rows[name].null_count()]
    sums = [regular_sums(w, f"{w.rows}_all") for w in (TREND, LONGER)]
    sums += [clock_sums(w, f"{w.rows}_{name}", col(name).is_not_null()) for w in (TREND, LONGER) for name in masked]
    over_steps = {"loss": [LONGER], "kl": [TREND], "margin": [TREND, LONGER], "difference": [TREND, LONGER]}
    sums += [moments(name, w) for name, windows in over_steps.items() for w in windows]
    rows = rows.with_columns(each for group in sums for each in group)

    def over(name: str, w: Window) -> Over:
        return Over(name, w, f"{w.rows}_{name if name in masked else 'all'}")

    loss, kl, rewards = over("loss", LONGER), over("kl", TREND), over("difference", LONGER)
    lately, margin = over("margin", TREND), over("margin", LONGER)
    columns = {
        "loss_longer": loss.mean,
        "loss_longer_lower": loss.bound(-1, 0.99),
        "loss_longer_slope_lower": loss.slope(-1),
        "margin_trend": lately.mean,
        "margin_trend_std": lately.std,
        "margin_trend_lower": lately.bound(-1, 0.95),
        "margin_trend_upper": lately.bound(1, 0.95),
        "margin_trend_slope_upper": lately.slope(1),
        "margin_longer": margin.mean,
        "margin_longer_std": margin.std,
        "margin_longer_lower": margin.bound(-1, 0.95),
        "margin_longer_lower_99": margin.bound(-1, 0.99),
        "margin_longer_upper": margin.bound(1, 0.95),
        "margin_longer_upper_90": margin.bound(1, 0.9),
        "margin_longer_upper_99": margin.bound(1, 0.99),
        "margin_longer_upper_999": margin.bound(1, 0.999),
        "margin_longer_slope_lower": margin.slope(-1),
        "margin_longer_slope_lower_99": margin.slope(-1, 0.99),
        "margin_longer_slope_upper_99": margin.slope(1, 0.99),
        "kl_trend": kl.mean,
        "kl_trend_lower": kl.bound(-1, 0.95),
        "kl_trend_slope_lower": kl.slope(-1),
        "difference_trend": over("difference", TREND).mean,
        "difference_trend_std": over("difference", TREND).std,
        "difference_longer_upper": rewards.bound(1, 0.999),
        "size_longer": pl.when(col("size").is_not_null()).then(col("size").rolling_max(50, min_samples=5)),
        "size_longer_mean": pl.when(col("size").is_not_null()).then(col("size").rolling_mean(50, min_samples=5)),
        "size_highest": col("size").cum_max(),
        "rate_rise_longer": col("learning_rate").diff().rolling_max(50, min_samples=5),
    }
    return rows.lazy().with_columns(**columns).collect()


def of_gradient(rows: pl.DataFrame) -> pl.DataFrame:
    """What the rules ask of the gradient norm, and whether the run surely learns."""
    gradient = col("grad_norm")
    shares = {"share_50": gradient > 50, "share_100": gradient > 100}
    learns = (col("margin_longer_slope_lower_99") > 0) | (col("margin_longer_lower_99") > 0.3)
    rows = rows.with_columns(learns=learns.forward_fill().fill_null(False))
    rows = rows.with_columns(
        learns_all=col("learns").cast(pl.Int8).rolling_min(10, min_samples=5) == 1,
        learns_any=col("learns").cast(pl.Int8).rolling_max(10, min_samples=5) == 1,
    )
    rows = stream(
        rows,
        "grad_norm",
        [
            *(each.cast(pl.Float64).rolling_mean(10, min_samples=5).alias(name) for name, each in shares.items()),
            (shares["share_50"].cast(pl.Int8).rolling_max(5) == 1).alias("any_50"),
            gradient.rolling_min(5).alias("gradient_min_5"),
            gradient.rolling_max(5).alias("gradient_max_5"),
            gradient.rolling_min(10, min_samples=5).alias("gradient_min_10"),
            gradient.rolling_max(10, min_samples=5).alias("gradient_max_10"),
            gradient.rolling_median(10, min_samples=5).alias("gradient_level"),
        ],
    )
    return rows.with_columns(gradient_lowest=col("gradient_level").cum_min())


def of_evaluations(rows: pl.DataFrame, evals: pl.DataFrame) -> pl.DataFrame:
    """The evaluations that have a number, each with what the training loss was at its step."""
    beside = ["first", "noise", "lower_10", "upper_10", "loss_min_5"]
    held = rows.select("i", "step", col("loss").forward_fill(), *(col(name).forward_fill() for name in beside))
    evals = evals.filter(col("eval_loss").is_not_null()).join(held, on="step", how="left", maintain_order="left")
    loss, level = col("eval_loss"), col("eval_loss").rolling_mean(3, min_samples=1)
    evals = evals.with_columns(
        [*clock_sums(HALF_PATIENCE, "half", loss.is_not_null()), *moments("eval_loss", HALF_PATIENCE)],
        best=loss.cum_min(),
        rise=loss - loss.cum_min(),
        level_rise=level - level.cum_min(),
        change=loss.diff(),
        change_2=loss.diff().diff(),
        gain=(loss.first() - loss.cum_min()).fill_null(0),
        evaluations=pl.int_range(1, pl.len() + 1),
        rises_on=(loss.diff() > 0) & (loss.diff().shift(1) > 0),
    )
    usual = pl.Series(mad(evals["change"].to_list(), PATIENCE), dtype=pl.Float64)
    jumps = pl.Series(mad(evals["change_2"].to_list(), MANY), dtype=pl.Float64)
    fit, is_best = line("eval_loss", HALF_PATIENCE, "half"), loss <= col("best")
    evals = evals.with_columns(
        noise_evals=usual.fill_null(0),
        noise_before=usual.shift(10).fill_null(0),
        jitter=(0.6 * jumps).fill_null(0),
        recovers=(fit.bound(1, 0.999) < 0).forward_fill().fill_null(False),
        slope_lower=fit.bound(-1, 0.999),
        std=loss.rolling_std(10),
        rise_least=col("rise").rolling_min(3, min_samples=1),
        level_least=col("level_rise").rolling_min(10),
        level_mean=col("level_rise").rolling_mean(10),
        loss_at_best=pl.when(is_best).then(col("lower_10")).forward_fill(),
        loss_then=pl.when(is_best).then(col("loss")).forward_fill(),
    )
    calm = 5 * pl.max_horizontal("noise_evals", "noise_before")
    better, then = col("upper_10") < col("loss_at_best"), col("loss_then")
    return evals.with_columns(
        luck=pl.max_horizontal(col("noise_evals"), pl.min_horizontal(3 * col("jitter"), calm)),
        fits_better=better.fill_null(col("loss") < then).fill_null(True),
        fits_worse=(col("loss_min_5") > then + 3 * col("noise")).fill_null(col("loss") >= then).fill_null(False),
        size=col("best").abs(),
    )
