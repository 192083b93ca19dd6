"""Windows over long runs: however the rows lie, what is merged from block to block is what lists of the rows give."""

from __future__ import annotations

from collections.abc import Iterator

import duckdb
import pytest

from trainrules.engine.compile.bind import Binder, Names
from trainrules.engine.compile.ir import Value
from trainrules.engine.compile.program import Program
from trainrules.engine.parser import parse

from .drawnruns import AT, NUMBERS, RESOLVED, loaded
from .oracle import Cell, OracleRun


@pytest.fixture(scope="module")
def con() -> Iterator[duckdb.DuckDBPyConnection]:
    connection = duckdb.connect()
    connection.execute("SET threads=2")
    yield connection
    connection.close()


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
    "unknown": "NULL",
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
        *((gaps, "true", clock) for gaps in ("none", "one") for clock in ("goes back", "unknown")),
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
