"""What can be told of conditions without a log: whether they can hold together, and where values lie."""

from __future__ import annotations

from math import e, inf

import pytest

from trainrules.engine.errors import Position
from trainrules.engine.lints._logic import Logic
from trainrules.engine.lints._ranges import Ranges
from trainrules.engine.lints._values import every_setting, values_of
from trainrules.engine.load import load_pack
from trainrules.engine.pack import Pack
from trainrules.engine.parser import parse
from trainrules.engine.tree import Node

PACK = """\
schema: 1
pack: demo
version: 1.0.0
title: Demo
metrics:
  loss: {keys: [loss], better: lower}
  kl: {keys: [kl]}
  phase: {keys: [phase], type: text}
  size: {expr: abs(kl)}
  same: {expr: loss}
  is_high: {expr: loss > 2}
  margin: {keys: [margin], better: higher}
  peak: {expr: highest(loss)}
params:
  limit: {default: 2}
  double: {default: 2 * limit}
  strict: {default: false, type: boolean}
  unset: {default: null}
windows: {ten: {last: 10 points}, late: {last: 20 steps, min: 3 points}}
variants: {tight: {set: {limit: default / 2}}, loose: {set: {strict: true, limit: 8}}}
"""


@pytest.fixture(scope="module")
def pack(tmp_path_factory: pytest.TempPathFactory) -> Pack:
    path = tmp_path_factory.mktemp("logic") / "demo.yaml"
    path.write_text(PACK, encoding="utf-8")
    return load_pack(path)


def tree(text: str) -> Node:
    return parse(text, Position("x", 1, 1)).tree


@pytest.mark.parametrize(
    ("conditions", "possible"),
    [
        # limits of one term
        (["loss > 2", "loss < 1"], False),
        (["loss > 2", "loss < 2"], False),
        (["loss >= 2", "loss <= 2"], True),
        (["loss >= 2", "loss <= 2", "loss != 2"], False),
        (["loss > limit", "loss < 3"], True),
        (["loss > double", "loss < 3"], False),
        (["loss == 1", "loss == 2"], False),
        (["1 < loss < 3", "loss > 3"], False),
        (["2 * loss - 1 > 5", "loss < 3"], False),
        (["-loss > 1", "loss > 0"], False),
        (["loss / 2 > 1", "loss < 2"], False),
        (["0.1 * 3 * loss > 0.3", "loss <= 1"], True),  # rounding proves nothing
        (["loss > unset", "loss < 1"], True),
        # of two terms
        (["loss > kl", "kl > loss"], False),
        (["loss > kl", "kl < loss"], True),
        (["loss - kl > 0", "loss < kl"], True),  # the same in other words is not seen through
        (["loss != loss"], False),
        (["loss > 2 * abs(kl)", "loss < abs(kl)"], False),
        (["loss > 0.5 * abs(kl)", "loss < abs(kl)"], True),
        (["loss > 2 * kl", "loss < kl"], True),  # where kl is negative
        # what functions can give
        (["share(loss > 2, ten) > 1"], False),
        (["share(loss > 2, ten) >= 1"], True),
        (["abs(loss) < 0"], False),
        (["std(loss, ten) < 0"], False),
        (["count(loss, ten) > 10"], False),
        (["count(loss, ten) < 10"], False),
        (["count(loss, ten) == 10"], True),
        (["count(loss, '5 points') > 5"], False),
        (["count(loss, late) < 3"], False),
        (["count(loss, late) > 99"], True),
        (["count(loss, late) == 3.5"], False),
        (["round(loss) == 0.5"], False),
        (["round(loss) != 0.5"], True),
        (["loss - loss > 1"], False),
        (["zscore(loss, ten) > 3"], False),
        (["zscore(loss, ten) > 2.8"], True),
        (["zscore(loss, ten, lag=1) > 3"], True),
        (["log(share(loss > 2, ten)) > 0"], False),
        (["sqrt(kl) < 0"], False),
        (["r2(loss, ten) > 1.5"], False),
        (["size < 0"], False),
        (["mean(size, ten) < 0"], False),
        (["mean_lower(size, ten) < 0"], True),
        (["min(loss, 3) > 4"], False),
        (["max(loss, 3) > 4"], True),
        (["clip(loss, 0, 1) > 2"], False),
        (["default(size, 1) < 0"], False),
        (["default(size, -1) < 0"], True),
        (["exp(loss) < 0"], False),
        (["kl ** 2 < 0"], False),
        (["row < 1"], False),
        (["step < 0"], False),
        # windows hold the present row, and so do the best values so far
        (["loss > highest(loss)"], False),
        (["loss >= highest(loss)"], True),
        (["not loss <= highest(loss)"], False),
        (["loss < lowest(loss)"], False),
        (["margin > best(margin)"], False),
        (["margin < best(margin)"], True),
        (["loss < best(loss)"], False),  # better: lower
        (["loss > best(loss)"], True),
        (["loss > maximum(loss, ten)"], False),
        (["loss < minimum(loss, late)"], False),
        (["loss > highest(loss) + 0.1"], False),
        (["0.1 + highest(loss) < loss"], False),
        (["loss >= highest(loss) + limit"], False),
        (["loss >= highest(loss) - limit"], True),
        (["loss > highest(loss) + kl"], True),  # where kl is negative
        (["loss > highest(loss) + size"], False),
        (["loss - highest(loss) > 0.1"], False),
        (["highest(loss) - loss < 0"], False),
        (["highest(loss) - loss > 0.1"], True),
        (["size > 1.5 * highest(size)"], False),
        (["loss > 1.5 * highest(loss)"], True),  # where it is negative
        (["size > 0.5 * highest(size)"], True),
        (["size / lowest(size) < 0.9"], False),
        (["loss > peak"], False),
        (["loss > max(highest(loss), kl)"], False),
        (["loss > max(loss, kl)"], False),
        (["loss < min(loss, 3)"], False),
        (["loss > min(highest(loss), kl)"], True),
        (["max(loss, prev(loss)) > highest(loss)"], False),
        (["mean(loss, ten) > highest(loss)"], False),
        (["prev(loss) < lowest(loss)"], False),
        (["prev(highest(loss)) > highest(loss)"], False),
        (["median(loss, ten) < minimum(loss, ten)"], False),
        (["quantile(loss, ten, 0.9) > maximum(loss, ten)"], False),
        (["minimum(loss, ten, lag=2) > maximum(loss, ten, lag=2)"], False),
        (["minimum(loss, ten) > maximum(loss, late)"], False),  # the present row lies between
        # what came before the present row, of something else, or of another window
        (["loss > prev(highest(loss))"], True),
        (["loss > highest(prev(loss))"], True),
        (["margin > prev(best(margin))"], True),
        (["loss > maximum(loss, ten, lag=1)"], True),
        (["loss < minimum(loss, ten, lag=limit)"], True),
        (["loss > highest(kl)"], True),
        (["kl > maximum(loss, ten)"], True),
        (["median(loss, ten) < minimum(loss, late)"], True),
        (["median(loss, ten, lag=1) < minimum(loss, ten)"], True),
        (["mean(loss, ten) < mean(loss, late)"], True),
        (["latest(loss) > latest(maximum(loss, late))"], True),  # an older maximum, where the window holds too few
        # and, or, not
        (["loss > 2 and kl > 1", "loss < 1"], False),
        (["loss > 2 or kl > 1", "loss < 1"], True),
        (["loss > 2 or kl > 1", "loss < 1", "kl < 1"], False),
        (["not loss > 2", "loss > 3"], False),
        (["not (loss > 2 and kl > 1)", "loss > 3", "kl > 3"], False),
        (["not (loss > 2 or kl > 1)", "kl > 3"], False),
        (["is_high", "loss < 1"], False),
        (["not is_high", "loss > 3"], False),
        (["true"], True),
        (["loss > 1 and false"], False),
        (["strict", "not strict"], False),
        (["strict and loss > 1"], True),
        (["limit > 100"], True),  # a switch: what a user may set
        # texts, lists, and what is not looked into
        (["phase == 'a'", "phase == 'b'"], False),
        (["phase == 'a'", "phase != 'a'"], False),
        (["phase in ['a', 'b']", "phase != 'a'"], True),
        (["phase in ['a', 'b']", "phase not in ['a', 'b', 'c']"], False),
        (["loss in [1, 2]", "loss > 3"], False),
        (["loss not in [1, 2]", "loss == 2"], False),
        (["changed(phase)", "not changed(phase)"], False),
        # what is unknown neither holds nor fails
        (["nonfinite(loss)", "loss > 1"], False),
        (["nonfinite(loss)", "not loss > 1"], False),
        (["nonfinite(loss)", "mean(loss, ten) > 1"], False),
        (["nonfinite(loss)", "prev(loss) > 1"], False),
        (["nonfinite(loss)", "is_high"], False),
        (["nonfinite(size)"], False),  # it is computed
        (["not nonfinite(size)"], True),
        (["nonfinite(same)"], True),
        (["nonfinite(same)", "same > 1"], False),
        (["nonfinite(kl)", "size > 1"], False),
        (["nonfinite(loss)", "changed(loss)"], False),
        (["nonfinite(loss)", "any(loss > 1, ten)"], False),
        (["nonfinite(loss)", "loss > 1 or kl > 1"], True),
        (["nonfinite(loss)", "share(loss > 1 or kl > 1, ten) > 0.5"], True),
        (["nonfinite(loss)", "share(loss > 1 and kl > 1, ten) > 0.5"], True),  # false where kl is low
        (["nonfinite(loss)", "latest(loss) > 1"], True),
        (["nonfinite(loss)", "default(loss, 1) > 0"], True),
        (["nonfinite(loss)", "age(loss) > 1"], True),
        (["nonfinite(loss)", "kl > 1"], True),
        (["nonfinite()", "loss > 1"], True),  # another sentinel may be the one
        (["not nonfinite(loss)", "loss > 1"], True),
        (["loss > 1 / 0"], False),
        (["not loss > 1 / 0"], False),
        (["loss / 0 in [1, 2]"], False),
        (["not (kl > 1 or loss > 1 / 0)"], True),
        (["loss > 1 / 0 or kl > 1"], True),
        (["any(loss > 2 and loss < 1, ten)"], False),
        (["latest(share(loss > 2, ten) > 1)"], False),
        (["default(loss != loss, true)"], True),
    ],
)
def test_what_can_hold_together(pack: Pack, conditions: list[str], possible: bool) -> None:
    logic = Logic(pack, values_of(pack))
    assert logic.can_hold(*((tree(text), True) for text in conditions)) is possible


def test_what_takes_too_many_steps_is_possible(pack: Pack) -> None:
    choices = " and ".join(f"(loss > {n} or loss > {n + 1})" for n in range(7))
    logic = Logic(pack, {})
    assert not logic.can_hold((tree("(kl > 1 or kl > 2) and (loss > 1 or loss > 2) and kl < 0"), True))
    assert logic.can_hold((tree(f"{choices} and (kl > 1 or kl > 2) and {choices} and kl < 0"), True))


@pytest.mark.parametrize(
    ("text", "low", "high"),
    [
        ("3", 3, 3),
        ("-limit", -2, -2),
        ("double + 1", 5, 5),
        ("loss", -inf, inf),
        ("abs(loss) + 1", 1, inf),
        ("1 - abs(loss)", -inf, 1),
        ("2 * sign(loss)", -2, 2),
        ("-3 * sign(loss)", -3, 3),
        ("sign(loss) / 2", -0.5, 0.5),
        ("1 / sign(loss)", -inf, inf),
        ("1 / (2 + sign(loss))", 1 / 3, 1),
        ("sign(loss) ** 2", 0, inf),
        ("abs(3 * sign(loss))", 0, 3),
        ("floor(1.5 * sign(loss))", -2, 1),
        ("round(2.5 * sign(loss))", -3, 3),
        ("sign(loss) if kl > 0 else 5", -1, 5),
        ("delta(sign(loss))", -2, 2),
        ("loss - loss", 0, 0),
        ("total(size, ten)", 0, inf),
        ("zscore(loss, late)", -inf, inf),
        ("zscore(loss, '4 points')", -1.5, 1.5),
        ("count(loss, ten)", 10, 10),
        ("count(loss, late)", 3, inf),
        ("2 * limit ** 3", 16, 16),
        ("sqrt(abs(sign(loss)))", 0, 1),
        ("exp(sign(loss))", 1 / e, e),
        ("exp(loss)", 0, inf),
        ("log(abs(loss))", -inf, inf),
        ("log10(10 + 90 * abs(sign(loss)))", 1, 2),
    ],
)
def test_between_which_numbers_values_lie(pack: Pack, text: str, low: float, high: float) -> None:
    assert Ranges(pack, values_of(pack)).of(tree(text)) == pytest.approx((low, high))


@pytest.mark.parametrize(
    "text",
    [
        *("1 / 0", "loss / 0", "1 / (limit - 2)", "loss / (kl - kl)", "1 / 0 + loss", "-(1 / 0)", "abs(loss / 0)"),
        *("log(0)", "log10(-limit)", "log(-abs(loss))", "sqrt(-1)", "exp(1000)", "1e300 * 1e300", "1e300 ** 2"),
        *("(-8) ** 0.5", "mean(loss / 0, ten)", "1 / 0 if loss > 2 else log(0)", "default(1 / 0, log(0))"),
    ],
)
def test_what_is_never_known(pack: Pack, text: str) -> None:
    assert Ranges(pack, values_of(pack)).of(tree(text)).is_empty


def test_params_by_default_and_in_each_variant(pack: Pack) -> None:
    assert [dict(values) for values in every_setting(pack)] == [
        {"limit": 2, "double": 4, "strict": False, "unset": None},
        {"limit": 1, "double": 2, "strict": False, "unset": None},
        {"limit": 8, "double": 16, "strict": True, "unset": None},
    ]
