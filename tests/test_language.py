"""The language against itself: compiled SQL, a plain-Python oracle and, where there are no windows, simpleeval.

Hypothesis draws typed expressions and runs with missing, NaN, infinite, constant, negative, huge and text values.
"""

from __future__ import annotations

import math
import random
from collections.abc import Callable, Iterator

import duckdb
import pytest
from hypothesis import assume, event, given
from hypothesis import strategies as st
from hypothesis.strategies import SearchStrategy

from trainrules.engine.check import check
from trainrules.engine.compile.bind import Binder
from trainrules.engine.compile.program import Program
from trainrules.engine.expression import Expression
from trainrules.engine.functions import FUNCTIONS, Family
from trainrules.engine.parser import parse
from trainrules.engine.scalar import evaluate_scalar
from trainrules.engine.tree import Call, Name

from .drawnruns import AT, NUMBERS, PACK, PARAMS, SCOPE, WINDOWS, loaded
from .oracle import Cell, Oracle, OracleRun

# Text of expressions, by type.

literals = st.sampled_from(["0", "1", "-1", "0.5", "2", "3.25", "-7", "1e3", "1e-7", "1e160"])
leaves = st.one_of(
    st.sampled_from(NUMBERS), st.sampled_from(NUMBERS), literals, st.sampled_from(["step", "epoch", "factor", "unset"])
)
windows = st.sampled_from([*WINDOWS, '"3 points"', '"1 points"', '"12 points"'])
lags = st.sampled_from(["", "", ", lag=1", ", lag=3"])
confidences = st.sampled_from(["", ", 0.99", ", 0.5", ", 0.05"])


def numbers(inner: SearchStrategy[str], condition: SearchStrategy[str]) -> SearchStrategy[str]:
    one = st.sampled_from(["abs", "sqrt", "exp", "log", "log10", "floor", "ceil", "round", "sign"])
    plain = st.sampled_from(["mean", "median", "minimum", "maximum", "total", "std", "count", "slope", "r2", "mad"])
    bounds = st.sampled_from(["mean_lower", "mean_upper", "slope_lower", "slope_upper"])
    past = st.sampled_from(["prev", "delta", "pct_change"])
    far = st.sampled_from(["first", "lowest", "highest", "latest"])
    return st.one_of(
        st.builds("({} {} {})".format, inner, st.sampled_from("+-*/"), inner),
        st.builds("(-{})".format, inner),
        st.builds("{}**{}".format, st.sampled_from(NUMBERS), st.sampled_from(["2", "3", "-1", "0.5"])),
        st.builds("{}({})".format, one, inner),
        st.builds("{}({}, {})".format, st.sampled_from(["min", "max"]), inner, inner),
        st.builds("clip({}, -1, {})".format, inner, inner),
        st.builds("({} if {} else {})".format, inner, condition, inner),
        st.builds("default({}, {})".format, inner, inner),
        st.builds("{}({}, {}{})".format, plain, inner, windows, lags),
        st.builds("{}({}, {}{}{})".format, bounds, inner, windows, confidences, lags),
        st.builds("quantile({}, {}, {}{})".format, inner, windows, st.sampled_from(["0.1", "0.75"]), lags),
        st.builds("zscore({}, {}{})".format, inner, windows, lags),
        st.builds("share({}, {}{})".format, condition, windows, lags),
        st.builds("{}({}{})".format, past, inner, st.sampled_from(["", ", 2", ", k=3"])),
        st.builds("{}({})".format, far, inner),
        st.builds(
            "at({}, {})".format, inner, st.sampled_from(['"2 epochs"', '"10 steps"', '"0 steps"', '"4 minutes"'])
        ),
        st.builds("{}({})".format, st.sampled_from(["best", "age"]), st.sampled_from(NUMBERS)),
    )


def conditions(number: SearchStrategy[str], inner: SearchStrategy[str]) -> SearchStrategy[str]:
    comparison = st.sampled_from(["<", "<=", ">", ">=", "==", "!="])
    return st.one_of(
        st.builds("({} {} {})".format, number, comparison, number),
        st.builds("({} < {} <= {})".format, number, number, number),
        st.builds("({} and {})".format, inner, inner),
        st.builds("({} or {})".format, inner, inner),
        st.builds("(not {})".format, inner),
        st.builds("default({}, {})".format, inner, st.sampled_from(["true", "false"])),
        st.builds("latest({})".format, inner),
        st.builds("{}({}, {})".format, st.sampled_from(["any", "all"]), inner, windows),
        st.builds("nonfinite({})".format, st.sampled_from(["", *NUMBERS])),
        st.builds("changed({})".format, st.sampled_from([*NUMBERS, "phase"])),
        st.sampled_from(["phase == 'main'", "phase not in ['main', 'end']", "strict", "loss in [0, 0.5]"]),
    )


def grown(depth: int) -> tuple[SearchStrategy[str], SearchStrategy[str]]:
    number: SearchStrategy[str] = leaves
    condition: SearchStrategy[str] = st.builds("({} > {})".format, leaves, leaves)
    for _ in range(depth):
        number, condition = (
            st.one_of(number, numbers(number, condition)),
            st.one_of(condition, conditions(number, condition)),
        )
    return number, condition


NUMBER, CONDITION = grown(3)
expressions = st.one_of(NUMBER, CONDITION)

# Runs.

cells = st.one_of(
    st.sampled_from([None, None, 0.0, 0.5, 1.0, -1.0, 2.0, -3.25, 1024.0, 0.125]),
    st.sampled_from([0.5, 1.0, 2.5, -0.75]),
    st.sampled_from([math.nan, math.inf, -math.inf, 1e155, -1e200, 1e-7, 1e12]),
    st.integers(-64, 64).map(lambda whole: whole / 8),
)
columns = st.one_of(
    st.lists(cells, min_size=24, max_size=24),
    st.lists(st.sampled_from([0.25, 0.5, 1.0, None]), min_size=24, max_size=24),
    st.builds(lambda value: [value] * 24, cells),
    st.builds(
        lambda start, step: [start + step * place for place in range(24)], st.integers(-9, 9), st.integers(-3, 3)
    ),
)
texts = st.lists(st.sampled_from([None, "main", "end", "it's"]), min_size=24, max_size=24)


@st.composite
def runs(draw: st.DrawFn) -> OracleRun:
    n = draw(st.integers(0, 24))
    even = draw(st.booleans())
    gaps = (
        [draw(st.sampled_from([1.0, 5.0]))] * n
        if even
        else draw(st.lists(st.sampled_from([0.0, 1.0, 1.0, 2.0, 7.0]), min_size=n, max_size=n))
    )
    ticks = [sum(gaps[: place + 1]) for place in range(n)]
    filled: dict[str, list[Cell]] = {id: [as_float(cell) for cell in draw(columns)[:n]] for id in NUMBERS}
    filled["phase"] = draw(texts)[:n]
    return OracleRun(
        cells=filled,
        ticks=ticks,
        epochs=[tick / 8 for tick in ticks],
        times=[60 * tick for tick in ticks],
        moves=[place % 3 != 2 for place in range(n)],
        params=PARAMS,
        windows=WINDOWS,
        sentinels=PACK.sentinels,
        lower_is_better=frozenset({"loss"}),
    )


def as_float(cell: Cell) -> Cell:
    return float(cell) if isinstance(cell, int) else cell


@pytest.fixture(scope="module")
def con() -> Iterator[duckdb.DuckDBPyConnection]:
    connection = duckdb.connect()
    connection.execute("SET threads=1")
    yield connection
    connection.close()


def compiled(con: duckdb.DuckDBPyConnection, run: OracleRun, drawn: list[Expression], long: int) -> list[list[Cell]]:
    names = loaded(con, run)
    values = [Binder(names).bind(expression) for expression in drawn]
    program = Program(con, "run", long=long, largest=largest(run))
    program.run(values)
    items = ", ".join(program.renderer.observed(value) for value in values)
    rows = con.execute(f"SELECT {items} FROM {program.table} ORDER BY i").fetchall()
    return [[row[place] for row in rows] for place in range(len(drawn))]


def largest(run: OracleRun) -> dict[str, float]:
    sizes = {}
    for place, id in enumerate(NUMBERS):
        cells = [abs(cell) for cell in run.cells[id] if isinstance(cell, float) and math.isfinite(cell)]
        sizes[f"m{place}"] = max(cells, default=0.0)
    return sizes


def agree(got: Cell, possible: list[Cell], size: float = 0.0) -> bool:
    """Whether SQL's value is the oracle's, or the oracle itself cannot tell without exact arithmetic.

    What numbers of some size leave where they cancel is no difference.
    """
    if isinstance(possible[0], bool) or None in possible or isinstance(possible[0], str):
        return len(set(map(repr, possible))) > 1 or got == possible[0]
    low, high = min(possible), max(possible)  # type: ignore[type-var]
    assert isinstance(low, float)
    assert isinstance(high, float)
    # A sum that overflows may do so in one order only.
    if got is None:
        return max(abs(low), abs(high)) > 1e300
    assert isinstance(got, float)
    slack = 1e-9 * max(abs(low), abs(high)) + 1e-12 + 1e-17 * size + 10 * (high - low)
    return low - slack <= got <= high + slack


def explained(drawn: Expression, run: OracleRun, i: int, got: Cell, possible: list[Cell]) -> str:
    return f"{drawn.text}\nrow {i + 1}: SQL {got!r}, oracle {possible!r}\n{run.cells}\nticks {run.ticks}"


@pytest.mark.parametrize("long", [4_000, 1], ids=["lists", "doubling"])
@given(run=runs(), drawn=st.lists(expressions, min_size=3, max_size=5))
def test_sql_and_oracle_agree(con: duckdb.DuckDBPyConnection, long: int, run: OracleRun, drawn: list[str]) -> None:
    parsed = [parse(text, AT) for text in drawn]
    sound = [expression for expression in parsed if not check(expression, SCOPE, "value")]
    assume(sound)
    results = compiled(con, run, sound, long)
    cells = [abs(cell) for id in NUMBERS for cell in run.cells[id] if isinstance(cell, float)]
    size = max((cell for cell in cells if cell < 1e100), default=0.0)
    for expression, got in zip(sound, results, strict=True):
        exact = Oracle(run).observed(expression.tree)
        wobbled = [Oracle(run, wobble).observed(expression.tree) for wobble in (wobbling(seed) for seed in range(4))]
        for i, value in enumerate(got):
            possible = [exact[i], *(other[i] for other in wobbled)]
            assert agree(value, possible, size), explained(expression, run, i, value, possible)
        event("some value known" if any(value is not None for value in got) else "nothing known")


def wobbling(seed: int) -> Callable[[], float]:
    chance = random.Random(seed)
    return lambda: 1 + chance.uniform(-1e-11, 1e-11)


def windowless(expression: Expression) -> bool:
    calls = [FUNCTIONS[node.function] for node in expression.tree.walk() if isinstance(node, Call)]
    return all(function.family is Family.POINTWISE or function.name == "default" for function in calls)


@given(run=runs(), drawn=st.lists(expressions, min_size=4, max_size=8))
def test_simpleeval_agrees_on_a_single_row(con: duckdb.DuckDBPyConnection, run: OracleRun, drawn: list[str]) -> None:
    parsed = [parse(text, AT) for text in drawn]
    sound = [each for each in parsed if windowless(each) and not check(each, SCOPE, "value")]
    assume(sound and len(run))
    names = loaded(con, run)
    binder = Binder(names)
    values = [binder.bind(expression) for expression in sound]
    render = Program(con, "run").renderer
    rows = con.execute(f"SELECT {', '.join(render.value(value) for value in values)} FROM run ORDER BY i").fetchall()
    for i, row in enumerate(rows):
        scalars = {id: run.cells[id][i] for id in run.cells} | PARAMS | {"step": run.ticks[i], "epoch": run.epochs[i]}
        for expression, value, got in zip(sound, values, row, strict=True):
            metrics = {node.id for node in expression.tree.walk() if isinstance(node, Name)} & set(run.cells)
            if any(run.cells[id][i] is None for id in metrics):
                continue  # an absent metric leaves an `or`, which single values cannot know
            expected = evaluate_scalar(expression, scalars)
            assert agree(got, [expected]), explained(expression, run, i, got, [expected])
            assert value is not None
