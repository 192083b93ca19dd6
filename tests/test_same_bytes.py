"""The same log gives the same bytes: whatever the threads, whatever stands around a run, short way or long."""

from __future__ import annotations

import functools
import json
import math
import random
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from tempfile import TemporaryDirectory

import duckdb
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from trainrules import evaluate
from trainrules.engine import evaluation, rowbook
from trainrules.engine.compile.bind import Binder, Names
from trainrules.engine.compile.program import Program
from trainrules.engine.errors import Position
from trainrules.engine.pack import Duration, Metric, Pack, Window
from trainrules.engine.parser import parse
from trainrules.engine.render.json import dumps
from trainrules.engine.report import Report
from trainrules.engine.resolved import Resolved

from .test_episodes import naive

Row = dict[str, object]
EXAMPLES = {
    "kto_healthy/training_metrics.jsonl": "kto",
    "kto_flipped_labels/training_metrics.jsonl": "kto",
    "kto_hidden_nan/training_metrics.jsonl": "kto",
    "sft_divergence/log.jsonl": "common",
}
WAYS = {"short": 10**9, "long": 1}


@pytest.fixture
def go(monkeypatch: pytest.MonkeyPatch) -> Callable[[str], None]:
    """Makes every run from here on take the short or the long way."""

    def choose(way: str) -> None:
        monkeypatch.setattr(evaluation, "Program", functools.partial(Program, long=WAYS[way]))
        monkeypatch.setattr(rowbook, "_EAGER", WAYS[way] if way == "short" else 0)

    return choose


def tuned(rows: int, seed: int = 3, every: int = 250) -> Iterator[Row]:
    """Preference tuning that learns, turns around two thirds of the way and logs NaN near the end."""
    draw = random.Random(seed)
    for step in range(1, rows + 1):
        margin = 1.5 * min(step, 2 * rows / 3) / rows * (1 if step < 2 * rows / 3 else -1) + draw.gauss(0, 0.2)
        row: Row = {"step": step, "loss": 0.5 - margin / 10, "grad_norm": 1 + draw.random(), "learning_rate": 5e-7}
        row |= {"kl": max(0.0, draw.gauss(0, 1)), "rewards/chosen": margin / 2, "rewards/rejected": -margin / 2}
        if step % 3:
            row["rewards/margins"] = margin
        if step > 0.97 * rows:
            row |= {"loss": 0.0, "grad_norm": math.nan}
        yield row
        if step % every == 0:
            yield {"step": step, "eval_loss": 0.5 - margin / 12}


def written(place: Path, rows: Iterator[Row] | Sequence[Row]) -> Path:
    log = place / "run.jsonl"
    log.write_text("".join(json.dumps(row) + "\n" for row in rows))
    return log


# Threads


def by_threads(log: Path, pack: str) -> set[str]:
    return {dumps(evaluate(log, pack=pack, threads=threads)) for threads in (1, 2, 4)}


@pytest.mark.parametrize("example", EXAMPLES)
def test_examples_do_not_depend_on_threads(root: Path, example: str) -> None:
    assert len(by_threads(root / "examples" / example, EXAMPLES[example])) == 1


@pytest.mark.slow
def test_an_example_on_the_long_way_does_not_depend_on_threads(root: Path, go: Callable[[str], None]) -> None:
    go("long")
    assert len(by_threads(root / "examples" / "kto_hidden_nan" / "training_metrics.jsonl", "kto")) == 1


@pytest.mark.slow
def test_a_long_log_does_not_depend_on_threads(tmp_path: Path) -> None:
    assert len(by_threads(written(tmp_path, tuned(6_000)), "kto")) == 1


# Two ways


@pytest.mark.parametrize("example", EXAMPLES)
def test_both_ways_say_the_same_of_the_examples(root: Path, go: Callable[[str], None], example: str) -> None:
    said = []
    for way in WAYS:
        go(way)
        said.append(json.loads(dumps(evaluate(root / "examples" / example, pack=EXAMPLES[example]))))
    assert said[0] == said[1]


@pytest.mark.parametrize(("rows", "pack"), [(0, "kto"), (2, "common"), (130, "kto"), (600, "kto")])
def test_both_ways_say_the_same_of_a_made_up_run(
    tmp_path: Path, go: Callable[[str], None], rows: int, pack: str
) -> None:
    log = written(tmp_path, [*tuned(rows, every=20), {"step": rows + 1, "loss": 0.4}])
    said = []
    for way in WAYS:
        go(way)
        said.append(json.loads(dumps(evaluate(log, pack=pack))))
    assert said[0] == said[1]


RULES = [
    ("", None, None, False),
    ("3 points", None, None, False),
    ("3 points", "U", None, False),
    ("3 points", "U", "S", False),
    ("5 points", None, "S", False),
    ("2 points", None, None, True),
    ("4 steps", None, None, False),
    ("4 steps", "U", "S", False),
]


def automata() -> str:
    """A pack with these rules over w (when), u (until) and s (since), which are 1, 0 or absent."""
    text = "schema: 1\npack: p\nversion: 1.0.0\ntitle: P\nclock: {step: [step]}\nmetrics:\n"
    text += "".join(f"  {key}: {{keys: [{key}]}}\n" for key in ("w", "u", "s", "pad")) + "rules:\n"
    text += "  pad: {title: P, cause: info, severity: info, when: pad > 5}\n"
    for place, (duration, until, since, sticky) in enumerate(RULES):
        text += f"  r{place}: {{title: R, cause: info, severity: warning, when: w > 0"
        text += f", for: {duration}" * bool(duration) + ", until: u > 0" * bool(until)
        text += ", since: s > 0" * bool(since) + ", sticky: true" * sticky + "}\n"
    return text


def outcome(report: Report, rule: str) -> tuple[str, str]:
    for each in report.findings:
        if each.rule == rule:
            end = "-" if each.end is None else each.end.row
            return each.state, f"{each.onset.row}/{each.fired.row}/{end} of {each.episodes}"
    return next(each.state for each in report.rules if each.rule == rule), ""


@pytest.mark.parametrize("seed", range(8))
def test_both_ways_step_the_automaton_of_the_definition(tmp_path: Path, go: Callable[[str], None], seed: int) -> None:
    draw = random.Random(seed)
    lines = ["".join(draw.choices("TF?", (6, 2, 1 + seed % 3), k=40)) for _ in range(3)]
    ticks: list[float] = [0.0]
    for _ in range(39):
        ticks.append(ticks[-1] + draw.choice([1.0] if seed % 2 else [1.0, 2.0, 5.0]))
    rows: list[Row] = [{"step": tick, "pad": 1} for tick in ticks]
    for key, line in zip("wus", lines, strict=True):
        for row, truth in zip(rows, line, strict=True):
            row |= {} if truth == "?" else {key: float(truth == "T")}
    pack = tmp_path / "p.yaml"
    pack.write_text(automata())
    log = written(tmp_path, rows)
    when, until, since = lines
    for way in WAYS:
        go(way)
        report = evaluate(log, pack=pack)
        for place, (duration, with_until, with_since, sticky) in enumerate(RULES):
            args = (until if with_until else None, since if with_since else None, sticky)
            state, *episodes = naive(when, ticks, duration, *args).split()
            if episodes and state == "pending":
                state = "resolved"
            expected = (state, f"{episodes[-1]} of {len(episodes)}" if episodes else "")
            assert outcome(report, f"r{place}") == expected, (way, RULES[place], lines, ticks)


# Windows are functions of what they hold

AT = Position("p.yaml", 1, 1)
WINDOWS = {
    "seven": Window("seven", AT, Duration(parse("7", AT), "points"), parse("2", AT)),
    "steps": Window("steps", AT, Duration(parse("7", AT), "steps"), parse("2", AT)),
    "so_far": Window("so_far", AT, None, parse("2", AT)),
}
PACK = Pack("p", AT, "1", "P", metrics={"x": Metric("x", AT, keys=("x",), by=("run",))}, windows=WINDOWS)
FUNCTIONS = [
    *["mean", "median", "minimum", "maximum", "total", "std", "count", "slope", "r2", "mad", "zscore"],
    *["mean_lower", "mean_upper", "slope_lower", "slope_upper"],
]


def values(runs: Sequence[tuple[str, Sequence[float]]], long: int) -> dict[str, list[float | None]]:
    """What every function over every window says on the rows of the last of these runs, which follow one another."""
    con = duckdb.connect()
    con.execute("SET threads=2")
    con.execute("CREATE TABLE run (i BIGINT, line BIGINT, step DOUBLE, tick DOUBLE, epoch DOUBLE, time DOUBLE,"
                " moves BOOLEAN, l0 VARCHAR, m0 DOUBLE)")  # fmt: skip
    rows = [(name, tick, cell) for name, cells in runs for tick, cell in enumerate(cells, 1)]
    placed = [(i, i, tick, tick, tick, tick, True, name, cell) for i, (name, tick, cell) in enumerate(rows, 1)]
    con.execute(
        "INSERT INTO run SELECT unnest(?::BIGINT[]), unnest(?::BIGINT[]), unnest(?::DOUBLE[]), unnest(?::DOUBLE[]),"
        " unnest(?::DOUBLE[]), unnest(?::DOUBLE[]), unnest(?::BOOLEAN[]), unnest(?::VARCHAR[]), unnest(?::DOUBLE[])",
        [list(column) for column in zip(*placed, strict=True)],
    )
    last = runs[-1][0]
    names = Names(Resolved(PACK, None, {}), {"x": "m0"}, labels={"run": "l0"}, series={"run": last}, rows=len(rows))
    texts = [f"{function}(x, {window})" for function in FUNCTIONS for window in WINDOWS]
    bound = [Binder(names).bind(parse(text, AT)) for text in texts]
    program = Program(con, "run", long=long, largest={"m0": max(abs(cell) for _, _, cell in rows)})
    program.run(bound)
    items = ", ".join(program.renderer.value(value) for value in bound)
    found = con.execute(f"SELECT {items} FROM {program.table} WHERE l0 = ? ORDER BY i", [last]).fetchall()
    con.close()
    return {text: [row[place] for row in found] for place, text in enumerate(texts)}


def noise(rows: int, seed: int) -> list[float]:
    draw = random.Random(seed)
    return [draw.gauss(0, 1) * 10 ** draw.randint(-3, 3) for _ in range(rows)]


@pytest.mark.parametrize("long", WAYS.values(), ids=WAYS)
def test_a_run_is_the_same_among_others(long: int) -> None:
    own = noise(300, 1)
    alone = values([("b", own)], long)
    for before in (7, 900):
        assert values([("a", noise(before, before)), ("b", own)], long) == alone


@pytest.mark.parametrize("long", WAYS.values(), ids=WAYS)
def test_equal_windows_have_equal_values(long: int) -> None:
    pattern = noise(11, 2)
    found = values([("b", [*noise(40, 3), *pattern * 12])], long)
    for text, column in found.items():
        if "so_far" not in text:
            settled = column[50:]
            assert settled[:-11] == settled[11:], text


@pytest.mark.parametrize("long", WAYS.values(), ids=WAYS)
@pytest.mark.parametrize("level", [0.1, -1e-7, 3e120, 1 / 3])
def test_a_flat_window_is_flat(long: int, level: float) -> None:
    found = values([("b", [level] * 64)], long)
    for window in WINDOWS:
        assert set(found[f"mean(x, {window})"][1:]) == {level}
        assert set(found[f"std(x, {window})"][1:]) == {0.0}
        assert set(found[f"slope(x, {window})"][1:]) == {0.0}
        assert set(found[f"r2(x, {window})"]) == {None}
        assert set(found[f"zscore(x, {window})"]) == {None}


# Rules that hold for a distance, of which a long run counts the rows


HELD = """schema: 1
pack: held
version: 1.0.0
title: Held
clock: {step: [step]}
metrics: {c: {keys: [c]}, pad: {keys: [pad], required: true}}
rules:
  plain: {title: P, cause: info, severity: warning, when: c > 0, for: FOR}
  ended: {title: E, cause: info, severity: warning, when: c > 0, until: pad > 1, for: FOR}
"""


@settings(max_examples=60)
@given(
    data=st.lists(st.tuples(st.sampled_from(["T", "T", "F", "?"]), st.booleans()), min_size=2, max_size=14),
    distance=st.integers(1, 6),
    every=st.sampled_from([1, 2]),
    lost=st.sets(st.integers(1, 13), max_size=1),
)
def test_a_distance_is_counted_as_it_is_looked_for(
    data: list[tuple[str, bool]], distance: int, every: int, lost: set[int]
) -> None:
    with TemporaryDirectory() as folder, pytest.MonkeyPatch.context() as patch:
        pack = Path(folder) / "held.yaml"
        pack.write_text(HELD.replace("FOR", f"{distance} steps"))
        rows: list[Row] = []
        for place, (letter, rests) in enumerate(data, 1):
            row: Row = {"step": place * every, "pad": 2 if rests else 1}
            rows += [] if place in lost else [row | ({} if letter == "?" else {"c": letter == "T"})]
        log = written(Path(folder), rows)
        found = set()
        for way, long in WAYS.items():
            patch.setattr(evaluation, "Program", functools.partial(Program, long=long))
            patch.setattr(rowbook, "_EAGER", long if way == "short" else 0)
            found.add(dumps(evaluate(log, pack=pack)))
    assert len(found) == 1
