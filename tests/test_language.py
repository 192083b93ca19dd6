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
from trainrules.engine.check_pack import pack_scope
from trainrules.engine.compile.bind import Binder, Names
from trainrules.engine.compile.ir import Value
from trainrules.engine.compile.program import Program
from trainrules.engine.errors import Position
from trainrules.engine.expression import Expression
from trainrules.engine.functions import FUNCTIONS, Family
from trainrules.engine.pack import Duration, Metric, Pack, Param, Window
from trainrules.engine.parser import parse
from trainrules.engine.resolved import Resolved
from trainrules.engine.scalar import evaluate_scalar
from trainrules.engine.tree import Call, Name

from .oracle import Cell, Oracle, OracleRun

AT = Position("drawn.yaml", 1, 1)
NUMBERS = ("loss", "margin", "kl")
WINDOWS = {
    "ten": (10, "points", 3),
    "full": (4, "points", 4),
    "trend": (5, "steps", 2),
    "longer": (30, "steps", 3),
    "evals": (2, "epochs", 1),
    "hour": (3, "minutes", 2),
    "everything": (0, "all", 3),
}
PARAMS: dict[str, Cell] = {"floor_value": 0.5, "factor": -2.0, "unset": None, "strict": True}


def make_window(id: str, length: float, unit: str, least: int) -> Window:
    last = None if unit == "all" else Duration(parse(str(length), AT), unit)
    return Window(id, AT, last, parse(str(least), AT))


PACK = Pack(
    "drawn",
    AT,
    "1.0.0",
    "Drawn",
    metrics={
        **{id: Metric(id, AT, keys=(id,), better="lower" if id == "loss" else "higher") for id in NUMBERS},
        "phase": Metric("phase", AT, keys=("phase",), type="text"),
    },
    params={id: Param(id, AT, None) for id in PARAMS},
    windows={id: make_window(id, *window) for id, window in WINDOWS.items()},
    sentinels=("loss", "kl"),
)
SCOPE = pack_scope(
    Pack(
        "drawn",
        AT,
        "1",
        "Drawn",
        metrics=PACK.metrics,
        windows=PACK.windows,
        params={id: Param(id, AT, None, type="boolean" if id == "strict" else "number") for id in PARAMS},
    )
)
RESOLVED = Resolved(PACK, None, PARAMS)

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


def loaded(con: duckdb.DuckDBPyConnection, run: OracleRun) -> Names:
    for (table,) in con.execute("SELECT table_name FROM information_schema.tables").fetchall():
        con.execute(f"DROP TABLE {table}")
    con.execute(
        "CREATE OR REPLACE TABLE run (i BIGINT, line BIGINT, step DOUBLE, tick DOUBLE, epoch DOUBLE, time DOUBLE,"
        " moves BOOLEAN, is_last BOOLEAN, m0 DOUBLE, m1 DOUBLE, m2 DOUBLE, m3 VARCHAR)"
    )
    n = len(run)
    rows = [
        [i + 1, i + 1, run.ticks[i], run.ticks[i], run.epochs[i], run.times[i], run.moves[i], i == n - 1]
        + [run.cells[id][i] for id in (*NUMBERS, "phase")]
        for i in range(n)
    ]
    if rows:
        con.execute(
            f"INSERT INTO run VALUES {', '.join('(' + ', '.join('?' * 12) + ')' for _ in rows)}",
            [cell for row in rows for cell in row],
        )
    columns = {id: f"m{place}" for place, id in enumerate((*NUMBERS, "phase"))}
    return Names(RESOLVED, columns, wild=frozenset({"m0", "m1", "m2"}), started=run.times[0] if len(run) else None)


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


@pytest.mark.parametrize("long", [4_000, 100_000], ids=["long", "short"])
def test_looking_back_over_scattered_rows(con: duckdb.DuckDBPyConnection, long: int) -> None:
    """DuckDB 1.4 loses values where lag streams over the few rows that a filter leaves of a block."""
    loaded(con, OracleRun({id: [] for id in (*NUMBERS, "phase")}, [], [], [], []))
    con.execute(
        "INSERT INTO run SELECT i, i, i, i, i, i, true, i = 20000, CASE WHEN i % 500 = 0 THEN i END, i, i, NULL"
        " FROM range(1, 20001) r(i)"
    )
    names = Names(RESOLVED, {"loss": "m0", "margin": "m1", "kl": "m2"})
    value = Binder(names).bind(parse("prev(loss, 10)", AT))
    program = Program(con, "run", long=long)
    program.run([value])
    rows = con.execute(
        f"SELECT i, {program.renderer.observed(value)} AS v FROM {program.table} WHERE m0 IS NOT NULL ORDER BY i"
    ).fetchall()
    assert rows == [(i, None if i <= 5_000 else float(i - 5_000)) for i in range(500, 20_001, 500)]


LATE = [
    *("mean(loss, ten)", "std(loss, ten)", "slope(loss, ten)", "r2(loss, ten)", "mean_lower(loss, ten, lag=3)"),
    *("slope_upper(loss, ten)", "zscore(loss, ten)", "median(loss, ten)", "quantile(loss, ten, 0.1, lag=1)"),
    *("maximum(loss, ten)", "minimum(loss, ten, lag=1)", "count(loss, ten)", "total(loss, ten)", "mad(loss, ten)"),
    *("mean(loss, everything)", "slope(loss, everything)", "std(loss, everything)", "mean(loss, longer)"),
    *("first(loss)", "lowest(loss)", "highest(loss)", "latest(loss)", "prev(loss, 3)", 'at(loss, "10 steps")'),
    *("best(loss)", "age(loss)", "mean(loss, evals)", "share(loss > 0, ten)", "mean(median(loss, ten) - loss, ten)"),
]


@pytest.mark.parametrize(
    "known",
    ["true", "i > 1", "i > 777", "i > 4990", "i > 5000", "i % 500 = 0", "i % 500 = 0 AND i > 2500", "i = 4321"],
)
def test_streams_that_begin_late_or_are_sparse(
    con: duckdb.DuckDBPyConnection, monkeypatch: pytest.MonkeyPatch, known: str
) -> None:
    """Windows over the rows as they stand, those where nothing is known among them, have the bits of windows apart."""
    loaded(con, OracleRun({id: [] for id in (*NUMBERS, "phase")}, [], [], [], []))
    con.execute(
        "INSERT INTO run SELECT i, i, i, i, i / 100, i * 9, true, i = 5000,"
        f" CASE WHEN {known} THEN sin(i * 1.7) + i / 3000 END, i, i, NULL FROM range(1, 5001) r(i)"
    )
    names = Names(RESOLVED, {"loss": "m0", "margin": "m1", "kl": "m2"}, started=9.0)
    values = [Binder(names).bind(parse(text, AT)) for text in LATE]

    def rows(value: Value) -> list[tuple[Cell, ...]]:
        program = Program(con, "run", spacing={"tick": 1.0})
        program.run([value])
        found = con.execute(f"SELECT i, {program.renderer.observed(value)} FROM {program.table} ORDER BY i").fetchall()
        program.drop()
        return found

    along = [rows(value) for value in values]
    monkeypatch.setattr("trainrules.engine.compile.parts.Parts._along", lambda *_: {})
    monkeypatch.setattr("trainrules.engine.compile.parts._SPARSE", 10**9)
    for text, value, got in zip(LATE, values, along, strict=True):
        assert (text, got) == (text, rows(value))
        assert len(got) == 5000
    is_known = [any(cell is not None for _, cell in got) for got in along]
    assert any(is_known) == (known != "i > 5000")
    assert all(is_known) or known not in ("true", "i > 1", "i > 777")


GAPS = {
    "none": [],
    "one": [2500],
    "near the start": [3, 9],
    "at the first row": [1],
    "at the last row": [5000],
    "side by side": [1000, 1001, 1003, 1030],
    "long ones": [700, 3000],
    "rows of one step": [],
    "halves": [],
    "jumps": [],
}


LATE_OR_HOLED = ("i > 777", "i <> 1800 AND i <> 4999")
CLOCKS = {
    "none": "NULL",
    "rows alone": "NULL",
    "even": "i * 9",
    "uneven": "CASE WHEN i % 50 > 2 THEN i * 9 + sin(i) END",
    "wild": "i * 9 + i % 3",
    "goes back": "i * 9 - i // 2000 * 4000",
}


@pytest.mark.parametrize(
    ("gaps", "known", "clock"),
    [
        *((gaps, "true", "none") for gaps in GAPS),
        *((gaps, "i % 4 <> 1", "none") for gaps in GAPS),
        *(("one", known, "none") for known in LATE_OR_HOLED),
        *((gaps, known, "rows alone") for gaps in ("one", "rows of one step", "jumps") for known in LATE_OR_HOLED),
        *(("one", known, clock) for clock in ("even", "wild") for known in ("true", "i % 4 <> 1")),
        *((gaps, "i % 4 <> 1", "uneven") for gaps in ("none", "one", "long ones", "rows of one step")),
        *((gaps, "true", "goes back") for gaps in ("none", "one")),
    ],
)
def test_gaps_between_rows(
    con: duckdb.DuckDBPyConnection, monkeypatch: pytest.MonkeyPatch, gaps: str, known: str, clock: str
) -> None:
    """Windows whose rows are not everywhere as many, or as far apart, are merged as well, and give what lists give."""
    loaded(con, OracleRun({id: [] for id in (*NUMBERS, "phase")}, [], [], [], []))
    missing = " + ".join(f"CASE WHEN i >= {gap} THEN {45 if 'long' in gaps else 1} ELSE 0 END" for gap in GAPS[gaps])
    missing = {"rows of one step": "- i // 50", "halves": "+ i % 7 / 2", "jumps": "+ i // 300 * 1e9"}.get(gaps, missing)
    con.execute(
        f"INSERT INTO run SELECT i, i, i, i + {missing or '0'}, i / 100, {CLOCKS[clock]}, true, i = 5000,"
        f" CASE WHEN {known} THEN {'1e200' if clock == 'wild' else 'sin(i * 1.7)'} + i / 3000 END, i, i, NULL"
        " FROM range(1, 5001) r(i)"
    )
    wild = frozenset({"m0"} if clock == "wild" else ())
    names = Names(RESOLVED, {"loss": "m0", "margin": "m1", "kl": "m2"}, wild=wild, started=9.0)
    spacing = {"tick": 1.0 if gaps in ("none", "at the first row") else None}

    def columns(values: list[Value]) -> list[tuple[Cell, ...]]:
        program = Program(con, "run", spacing=spacing, largest={"m0": 2e200 if clock == "wild" else 3.0})
        program.run(values)
        items = ", ".join(program.renderer.observed(value) for value in values)
        found = con.execute(f"SELECT {items} FROM {program.table} ORDER BY i").fetchall()
        program.drop()
        return [*zip(*found, strict=True)]

    texts = [*LATE, "slope(loss, longer)", "maximum(loss, longer, lag=2)", "slope_lower(loss, longer, 0.9)"]
    texts += ["median(loss, longer)", "count(loss, longer)", "mean(mean(loss, longer) - loss, longer)"]
    texts += [
        *("slope(loss, hour)", "r2(loss, hour, lag=1)", "mean(loss, hour)", "std(loss, hour)", "zscore(loss, hour)"),
        *("slope_lower(loss, hour, 0.9)", "count(loss, hour)", "maximum(loss, hour)", "mean(margin, hour)"),
    ]
    # What varies on one clock is computed apart, with all that is over the same rows.
    without = {"none": ("hour", "evals"), "rows alone": ("hour", "evals", "longer")}.get(clock, ())
    texts = [text for text in texts if not any(name in text for name in without)]
    values = [Binder(names).bind(parse(text, AT)) for text in texts]
    found = columns(values)
    monkeypatch.setattr("trainrules.engine.compile.uneven.Uneven.takes", lambda *_: False)
    monkeypatch.setattr("trainrules.engine.compile.varied.Varied.takes", lambda *_: False)
    monkeypatch.setattr("trainrules.engine.compile.counters.Counters.takes", lambda *_: False)
    monkeypatch.setattr("trainrules.engine.compile.parts._celled", lambda *_: {})
    for text, got, wanted in zip(texts, found, columns(values), strict=True):
        assert len(got) == 5000
        for i, (one, other) in enumerate(zip(got, wanted, strict=True), 1):
            assert (one is None) == (other is None), (text, i)
            assert one == other or one == pytest.approx(other, rel=1e-9, abs=1e-12), (text, i)


@pytest.mark.parametrize("gaps", ["none", "one", "rows of one step", "jumps"])
def test_shares_are_exact(con: duckdb.DuckDBPyConnection, gaps: str) -> None:
    """Two rows of five are a share of 0.4, whichever way the rows lie; what is 0.1 everywhere has that mean."""
    loaded(con, OracleRun({id: [] for id in (*NUMBERS, "phase")}, [], [], [], []))
    steps = {"none": "i", "one": "i + i // 2500", "rows of one step": "i - i // 50", "jumps": "i + i // 300 * 1e9"}[
        gaps
    ]
    con.execute(
        f"INSERT INTO run SELECT i, i, {steps}, {steps}, i / 100, i * 9 + i % 4, true, i = 5000,"
        " CASE WHEN i % 11 > 0 THEN CAST(i % 5 < 2 AS DOUBLE) END, 0.1, i, NULL FROM range(1, 5001) r(i)"
    )
    names = Names(RESOLVED, {"loss": "m0", "margin": "m1", "kl": "m2"}, started=9.0)
    windows = ["ten", "longer", "hour", "evals", "everything"]
    texts = [
        f"{text.format(window)}"
        for window in windows
        for text in (
            "share(loss > 0.5, {})",
            "total(loss, {})",
            "count(loss, {})",
            "mean(margin, {})",
            "slope(margin, {})",
            "std(margin, {})",
        )
    ]
    texts += ["share(loss > 0.5, ten, lag=3)", "total(loss, ten, lag=3)", "count(loss, ten, lag=3)"]
    values = [Binder(names).bind(parse(text, AT)) for text in texts]
    program = Program(con, "run", spacing={"tick": 1.0 if gaps == "none" else None})
    program.run(values)
    items = ", ".join(program.renderer.observed(value) for value in values)
    found = dict(
        zip(
            texts,
            zip(*con.execute(f"SELECT {items} FROM {program.table} ORDER BY i").fetchall(), strict=True),
            strict=True,
        )
    )
    program.drop()
    for window in windows:
        assert set(found[f"mean(margin, {window})"]) <= {None, 0.1}
        assert set(found[f"slope(margin, {window})"]) | set(found[f"std(margin, {window})"]) <= {None, 0.0}
    for window in (*windows, "ten, lag=3"):
        shares, totals, counts = (
            found[text] for text in (f"share(loss > 0.5, {window})", f"total(loss, {window})", f"count(loss, {window})")
        )
        assert sum(share is not None for share in shares) > 3000
        for share, total, n in zip(shares, totals, counts, strict=True):
            assert share is None or share == round(total) / n
