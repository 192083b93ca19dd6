"""What findings rest on: the numbers at onset, at their worst and last; how near a quiet rule came; the drawn line."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import TYPE_CHECKING, TypeVar

from .comparisons import Test
from .compile.ir import Const, Value
from .judged import Judged
from .report import Evidence
from .rowbook import RowBook
from .timeline import is_long

if TYPE_CHECKING:
    from .compile.program import Program
    from .compile.sql import Renderer

SPARK_POINTS = 60
T = TypeVar("T")


def sides(
    program: Program, tests: Sequence[Test], rows: Sequence[int]
) -> dict[int, list[tuple[float | None, float | None]]]:
    """For each of the rows, both sides of every test."""
    if not tests or not rows:
        return {row: [] for row in rows}
    render = program.renderer
    if not is_long(program):
        cells = program.cells([render.value(side) for test in tests for side in (test.left, test.right)])
        return {
            row: [(left[row - 1], right[row - 1]) for left, right in zip(cells[::2], cells[1::2], strict=True)]
            for row in rows
        }
    items = ", ".join(f"{render.value(test.left)}, {render.value(test.right)}" for test in tests)
    wanted = ", ".join(str(int(row)) for row in sorted(set(rows)))
    found = program.con.execute(f"SELECT i, {items} FROM {program.table} WHERE i IN ({wanted})").fetchall()
    return {i: list(zip(values[::2], values[1::2], strict=True)) for i, *values in found}


def evidence(
    program: Program, book: RowBook, judged: Judged, onset: int, fired: int, last: int
) -> tuple[Evidence, ...]:
    """The tests that held when the rule fired (all of them if none did), with their values over the episode."""
    tests = judged.tests
    at = sides(program, tests, [onset, fired, last])
    held = [place for place, test in enumerate(tests) if test.holds(*at[fired][place])]
    shown = []
    for place in held or range(len(tests)):
        test = tests[place]
        worst, worst_row = _worst(program, test, onset, last)
        shown.append(
            Evidence(
                expression=test.text,
                threshold=at[last][place][1] if at[last][place][1] is not None else at[fired][place][1],
                at_onset=at[onset][place][0],
                worst=worst if worst_row is not None else at[fired][place][0],
                last=at[last][place][0],
                worst_at=book.row(worst_row).moment if worst_row is not None else None,
            )
        )
    return tuple(shown)


def excess(program: Program, test: Test) -> str | None:
    """SQL of how far a test is beyond its threshold, None where that has no direction."""
    if not test.has_direction:
        return None
    render = program.renderer
    left, right = render.value(test.left), render.value(test.right)
    return f"({left} - {right})" if test.is_upward else f"({right} - {left})"


def _worst(program: Program, test: Test, first: int, last: int) -> tuple[float | None, int | None]:
    beyond = excess(program, test)
    if beyond is None:
        return None, None
    if not is_long(program):
        sides, known = program.cells([program.renderer.value(test.left), beyond])
        worst = max((row for row in range(first, last + 1) if known[row - 1] is not None), key=_at(known), default=None)
        return (sides[worst - 1], worst) if worst is not None else (None, None)
    found = program.con.execute(
        f"SELECT i, side FROM (SELECT i, {program.renderer.value(test.left)} AS side, {beyond} AS excess"
        f" FROM {program.table} WHERE i BETWEEN {int(first)} AND {int(last)})"
        " WHERE excess IS NOT NULL ORDER BY excess DESC, i LIMIT 1"
    ).fetchone()
    return (found[1], found[0]) if found else (None, None)


def _at(known: Sequence[float | None]) -> Callable[[int], float]:
    """What rows are compared by; the first of equal ones is the largest."""

    def key(row: int) -> float:
        value = known[row - 1]
        assert value is not None
        return value

    return key


def closest(program: Program, quiet: Sequence[Judged]) -> Callable[[], dict[str, Evidence]]:
    """What waits for how near rules that found nothing came to firing, by rule.

    Of the levels and series of a rule the first decides that has one test against a fixed threshold.
    """
    chosen: dict[str, tuple[Judged, Test]] = {}
    for judged in quiet:
        if judged.rule.id not in chosen and (test := telling(judged)) is not None:
            chosen[judged.rule.id] = (judged, test)
    if not chosen:
        return dict
    asked = list(chosen.values())
    source, render = program.columns_for([each.when for each, _ in asked], [test.left for _, test in asked])
    items = [nearest(render, judged, test) for judged, test in asked]
    found = program.totals_ahead(items, source)
    return lambda: {
        rule: Evidence(test.text, _constant(test.right), None, value, None, is_upward=test.is_upward)
        for (rule, (_, test)), value in zip(chosen.items(), found(), strict=True)
        if value is not None
    }


def telling(judged: Judged) -> Test | None:
    """The test that says how near a quiet rule came: the only one against a fixed threshold."""
    tests = [test for test in judged.tests if test.is_fixed and test.has_direction]
    return tests[0] if len(tests) == 1 else None


def nearest(render: Renderer, judged: Judged, test: Test) -> str:
    """SQL of the value that came nearest to a threshold."""
    side = f"CASE WHEN {render.observed(judged.when)} IS NOT NULL THEN {render.value(test.left)} END"
    return f"{'max' if test.is_upward else 'min'}({side})"


def _constant(value: Value) -> float | None:
    number = value.value if isinstance(value, Const) else None
    return float(number) if isinstance(number, (int, float)) else None


def spark(program: Program, metric: Value, rows: int) -> tuple[float | None, ...]:
    """The last known value of a metric in each of up to 60 equal parts of the run."""
    if not rows:
        return ()
    parts = min(rows, SPARK_POINTS)
    if not is_long(program):
        (cells,) = program.cells([program.renderer.value(metric)])
        last: dict[int, object] = {
            place * parts // rows: value for place, value in enumerate(cells) if value is not None
        }
        return _drawn(last.items(), parts)
    found = program.con.execute(
        f"SELECT CAST(floor((i - 1) * {parts} / {rows}) AS INTEGER) AS part, arg_max(v, i)"
        f" FROM (SELECT i, {program.renderer.value(metric)} AS v FROM {program.table})"
        " WHERE v IS NOT NULL GROUP BY part ORDER BY part"
    ).fetchall()
    return _drawn(found, parts)


def _drawn(found: Iterable[tuple[int, object]], parts: int) -> tuple[float | None, ...]:
    values: list[float | None] = [None] * parts
    for part, value in found:
        if isinstance(value, (int, float)) and math.isfinite(value):
            values[part] = float(value)
    return tuple(values)


def latest_values(program: Program, metrics: Mapping[str, Value], last: int) -> dict[str, float | str | None]:
    """The last known value of each metric at or before row `last`."""
    if not metrics:
        return {}
    render = program.renderer
    if not is_long(program):
        cells = program.cells([render.value(value) for value in metrics.values()])
        known = (next((cell for cell in reversed(column[:last]) if cell is not None), None) for column in cells)
        return dict(zip(metrics, known, strict=True))
    items = ", ".join(
        f"arg_max({render.value(value)}, i) FILTER (WHERE {render.value(value)} IS NOT NULL)"
        for value in metrics.values()
    )
    found = program.con.execute(f"SELECT {items} FROM {program.table} WHERE i <= {int(last)}").fetchone()
    assert found is not None
    return dict(zip(metrics, found, strict=True))


def last_value(program: Program, value: Value | None) -> float | str | bool | None:
    """What a settled value is at the last row; None where it is unknown there, or there is no value."""
    if value is None:
        return None
    if not is_long(program):
        (cell,) = program.totals([at_the_end(program.renderer, value)])
        return cell  # type: ignore[no-any-return]
    found = program.con.execute(
        f"SELECT {program.renderer.value(value)} FROM {program.table} ORDER BY i DESC LIMIT 1"
    ).fetchone()
    return found[0] if found else None


def at_the_end(render: Renderer, value: Value) -> str:
    """SQL of what a value is at the last row of a short run."""
    return f"last({render.value(value)} ORDER BY i)"


def not_finite(program: Program, columns: Mapping[T, str], first: int, last: int) -> list[T]:
    """The metrics (anything → column) that were logged as NaN or infinite on some row of first..last."""
    if not columns:
        return []
    if not is_long(program):
        cells = program.cells(list(columns.values()), program.source)
        return [
            id
            for id, column in zip(columns, cells, strict=True)
            if any(cell is not None and not math.isfinite(cell) for cell in column[first - 1 : last])
        ]
    items = ", ".join(f"bool_or(NOT isfinite({column}))" for column in columns.values())
    found = program.con.execute(
        f"SELECT {items} FROM {program.source} WHERE i BETWEEN {int(first)} AND {int(last)}"
    ).fetchone()
    assert found is not None
    return [id for id, is_hit in zip(columns, found, strict=True) if is_hit]
