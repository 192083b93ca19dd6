"""The physical choice: how the kernels of one stream are computed. Only here, and next door, are frames known.

Running values stream over the table in file order. Windows of a short stream, and of values whose squares overflow, are
gathered as lists and reduced twice over (the deviations are taken from the mean, so nothing cancels); order statistics
are DuckDB's own. Windows of a long stream are merged by doubling: where it is even (`doubling`), where rows are missing
or lie unevenly apart (`uneven`), and where each window holds another number of rows (`varied`); conditions are counted.
Each way, a window's result depends on the values in the window alone: not on where it stands, nor on the number of
threads. Which way is taken depends on the whole run, and two ways may differ in the last bits.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from ..record import Record
from .ir import Kernel, Span, Value
from .layers import Layer, shared, stack
from .moments import PARTS, formula, known_from
from .sql import number
from .stream import CLOCKS, Stream, count_column

if TYPE_CHECKING:
    from .chains import Chained
    from .doubling import Doubled
    from .uneven import Uneven
    from .varied import Varied

LARGEST_SQUARED = 1e150
"""Magnitudes above this make the squares of a window overflow: its deviations and slopes are unknown."""

_EXTREMES = {"lowest": "minimum", "highest": "maximum"}

STREAMING = "as it streams"
FRAMES = "over frames"
DOUBLING = "by doubling"
DOUBLING_UNEVEN = "by doubling, with gaps"
DOUBLING_VARIED = "by doubling, row by row"
COUNTING = "by counting"
SORTING = "by merging sorted blocks"

LONG = 4_000
"""From this many rows on, doubling is faster than lists."""


@dataclass(slots=True, eq=False, repr=False)
class Lowered:
    """Select items in layers, each over the ones before it, and the results over all of them."""

    before: list[dict[str, str]] = field(default_factory=list)
    streaming: dict[str, str] = field(default_factory=dict)
    shifted: dict[str, str] = field(default_factory=dict)
    framed: dict[str, str] = field(default_factory=dict)
    derived: list[dict[str, str]] = field(default_factory=lambda: [{}, {}, {}, {}])
    results: dict[str, str] = field(default_factory=dict)
    ways: dict[str, str] = field(default_factory=dict)  # how each result is computed, in words
    frames: dict[str, str] = field(default_factory=dict)  # window name → definition

    def query(self, source: str, columns: Sequence[str], keep: Sequence[str]) -> str:
        """One SELECT of `keep` and the results, over a source with these columns, in the order of the stream."""
        windows = ", ".join(f"{name} AS ({frame})" for name, frame in self.frames.items())
        # What streams comes first, on the rows as they are read.
        layers = [Layer(items) for items in (self.streaming, *self.before, self.shifted)]
        layers.append(Layer(self.framed, f" WINDOW {windows}" if windows else ""))
        layers += [Layer(items) for items in (*self.derived, self.results)]
        return stack(source, columns, layers, [*keep, *self.results])


def lower(stream: Stream, kernels: Mapping[Kernel, str], arguments: Mapping[Value, str], long: int = LONG) -> Lowered:
    """The kernels (each with its column) of one stream as select items; `arguments` has the columns of their operands.

    A stream whose window lengths vary carries a column `n_<unit>_<length>` for each, see `varying`.
    """
    lowered = Lowered()
    is_long = stream.rows >= long and not stream.runs
    if stream.runs:
        from .chains import Chained
        from .restarts import Restarted, is_counted

        chained, restarted = Chained(stream), Restarted()
    elif is_long:
        from .counters import Counters
        from .doubling import Doubled
        from .uneven import Uneven
        from .varied import Varied

        counters, doubled, uneven, varied = Counters(stream), Doubled(stream), Uneven(stream), Varied(stream)
    if stream.runs or is_long:
        from .ranks import Ranked

        ranked = Ranked(stream)
    for kernel, column in kernels.items():
        x = arguments[kernel.arg]
        if kernel.span is None:
            lowered.ways[column] = STREAMING
            if kernel.kind == "shift":
                lowered.results[column] = shared(lowered.shifted, stream.lag(x, kernel.k), "t")
            elif stream.runs and kernel.kind in _EXTREMES:
                lowered.results[column] = chained.extreme(_EXTREMES[kernel.kind], x, stream.rows)
            elif stream.runs and kernel.kind == "reached":
                lowered.results[column] = restarted.reached(x, _is_due(kernel))
            else:
                lowered.results[column] = shared(lowered.streaming, _running(kernel, x, stream), "s")
            continue
        window = _Window(lowered, stream, kernel, x, uneven.counted if stream.cell else None)
        way = STREAMING if kernel.span.unit == "all" else FRAMES
        if kernel.kind not in PARTS:
            extreme = None
            if kernel.kind in ("minimum", "maximum"):
                if stream.runs and (points := stream.points(kernel.span) if kernel.span.unit != "all" else stream.rows):
                    extreme = chained.extreme(kernel.kind, x, points, kernel.lag)
                elif is_long:
                    extreme = doubled.extreme(kernel, x)
                way = DOUBLING if extreme else way
            elif (stream.runs or is_long) and ranked.takes(kernel):
                extreme, way = ranked.quantile(kernel, x), SORTING
            value = extreme or window.order_statistic()
        elif is_long and counters.takes(kernel) and (back := window.reaches):
            way = COUNTING
            mean = window.column(counters.share(kernel, x, back, window.count))
            value = formula(kernel.kind, window.count, x, {"mean": mean}, kernel.q)
        else:
            parts: _Lists | _SoFar | Doubled | Uneven | Varied | Chained
            if window.is_so_far and (not window.points or PARTS[kernel.kind] == ("mean",)):
                parts = _SoFar(window, chained if stream.runs else None)
            elif stream.runs:
                parts = chained if chained.takes(kernel) else _Lists(window)
            elif is_long and doubled.takes(kernel):
                parts, way = doubled, DOUBLING
            elif is_long and uneven.takes(kernel):
                parts, way = uneven, DOUBLING_UNEVEN
            elif is_long and varied.takes(kernel):
                parts, way = varied, DOUBLING_VARIED
            else:
                parts = _Lists(window)
            is_share = stream.runs and is_counted(kernel) and window.is_fixed
            found = {
                part: window.column(
                    restarted.share(x, None if window.is_so_far else window.points)
                    if is_share and part == "mean"
                    else parts.part(part, kernel, x)
                )
                for part in PARTS[kernel.kind]
            }
            value = formula(kernel.kind, window.count, x, found, kernel.q)
            value = value if value.isidentifier() else shared(lowered.derived[3], value, "g")
        least = max(kernel.span.least, known_from(kernel.kind))
        finite = f" AND isfinite({value})" if kernel.kind in PARTS and not stream.is_tame(kernel) else ""
        lowered.ways[column] = way
        lowered.results[column] = f"CASE WHEN {window.holds(least)}{finite} THEN {value} END"
    if stream.runs:
        lowered.before = [*restarted.layers, *chained.layers(), *ranked.layers()]
    elif is_long:
        lowered.before = [*counters.layers(), *doubled.layers(), *uneven.layers(), *varied.layers(), *ranked.layers()]
    return lowered


def varying(stream: Stream, kernels: Mapping[Kernel, str]) -> dict[str, Span]:
    """The windows whose number of rows varies, by the column that must hold it."""
    spans = {kernel.span for kernel in kernels if kernel.span and kernel.span.unit not in ("points", "all")}
    return {count_column(span): span for span in sorted(spans, key=str) if stream.points(span) is None}


def counting(stream: str, column: str, span: Span) -> str:
    """An UPDATE of the stream's table that fills `column`: rows with a clock in (now - length, now], up to this one."""
    clock, scale = CLOCKS[span.unit]
    length = number(span.last * scale)
    return (
        # Where the clock goes back, the last row of before the window may be a later one.
        f"UPDATE {stream} SET {column} = c.n FROM (SELECT a.k, greatest(a.k - coalesce(b.k, 0), 0) AS n"
        f" FROM (SELECT k, {clock} - {length} AS since FROM {stream} WHERE {clock} IS NOT NULL) a"
        f" ASOF LEFT JOIN (SELECT {clock} AS c, max(k) AS k FROM {stream} WHERE {clock} IS NOT NULL GROUP BY {clock}) b"
        f" ON a.since >= b.c) c WHERE {stream}.k = c.k"
    )


def _running(kernel: Kernel, x: str, stream: Stream) -> str:
    so_far = f"OVER {stream.so_far}"
    match kernel.kind:
        case "first":
            return _first(x, stream)
        case "lowest":
            return f"min({x}) {so_far}"
        case "highest":
            return f"max({x}) {so_far}"
        case "reached":
            return f"any_value(CASE WHEN {_is_due(kernel)} THEN {x} END) {so_far}"
    raise AssertionError(kernel.kind)


def _is_due(kernel: Kernel) -> str:
    clock, scale = CLOCKS.get(kernel.unit, ("time", 1.0))
    return f"{clock} >= {number(kernel.q * scale)}"


def _first(x: str, stream: Stream) -> str:
    if stream.runs or stream.skipped:
        return f"last_value(CASE WHEN k = 1 THEN {x} END IGNORE NULLS) OVER (ROWS UNBOUNDED PRECEDING)"
    return f"first_value({x}) OVER {stream.so_far}"


class _Window:
    """The frame of one windowed kernel: which rows it holds, and how many."""

    def __init__(
        self, lowered: Lowered, stream: Stream, kernel: Kernel, x: str, in_cells: Callable[[int], str] | None
    ) -> None:
        assert kernel.span is not None
        self.lowered, self.stream, self.kernel, self.x = lowered, stream, kernel, x
        self.wild = kernel.arg in stream.wild
        behind = f"greatest(k - {kernel.lag}, 0)" if kernel.lag else "k"
        last = f"{kernel.lag} PRECEDING" if kernel.lag else "CURRENT ROW"
        self.points = None if kernel.span.unit == "all" else stream.points(kernel.span)
        if kernel.span.unit == "all":
            self._rows, first = "k", "UNBOUNDED"
        elif in_cells and self.points is not None:
            self._rows, first = in_cells(self.points), str(self.points - 1)
        elif self.points is not None:
            self._rows, first = f"least({behind}, {self.points})", str(self.points - 1 + kernel.lag)
        else:
            self._rows = count_column(kernel.span)
            first = f"(greatest({self._rows}, 1) - 1)"
        self.bounds = f"{stream.partition}ORDER BY k ROWS BETWEEN {first} PRECEDING AND {last}"

    @property
    def is_so_far(self) -> bool:
        """Whether it holds all of the run up to each row: it is meant to, or no run is longer."""
        if self.points is None:
            return self.kernel.span is not None and self.kernel.span.unit == "all"
        return self.stream.runs and self.points >= self.stream.rows and not self.kernel.lag

    @property
    def is_fixed(self) -> bool:
        """Whether it holds the last rows, as many at each, or all."""
        return not self.kernel.lag and (self.points is not None or self.is_so_far)

    @property
    def reaches(self) -> str | None:
        """How many rows or cells of the stream it reaches back over, as SQL; None where that is not known."""
        if self.is_so_far or self.kernel.span is None:
            return None
        if self.points is not None:
            return str(self.points)
        return count_column(self.kernel.span) if self.kernel.span in self.stream.most else None

    @property
    def count(self) -> str:
        """The column of the number of rows in the window."""
        return self._rows if self._rows.isidentifier() else shared(self.lowered.streaming, self._rows, "s")

    def holds(self, least: int) -> str:
        """SQL of whether there are so many rows in the window."""
        if self.stream.cell:
            return f"{self.x} IS NOT NULL AND {self.count} >= {least}"
        if self.points is None or least > self.points:
            return f"{self.count} >= {least}"
        return f"k >= {least + self.kernel.lag}"

    def column(self, sql: str) -> str:
        """The column of a part of a moment."""
        return sql if sql.isidentifier() else shared(self.lowered.derived[2], sql, "q")

    def over(self, function: str) -> str:
        """The column of an aggregate over the frame."""
        frame = shared(self.lowered.frames, self.bounds, "f")
        return shared(self.lowered.framed, f"{function} OVER {frame}", "r")

    def so_far(self, function: str) -> str:
        """The column of an aggregate over all rows up to this one."""
        return shared(self.lowered.streaming, f"{function} OVER {self.stream.so_far}", "s")

    def order_statistic(self) -> str:
        match self.kernel.kind:
            case "count":
                return f"CAST({self.count} AS DOUBLE)"
            case "minimum" | "maximum" as kind:
                function = f"{kind[:3]}({self.x})"
                return (
                    self.so_far(function)
                    if self.kernel.span and self.kernel.span.unit == "all"
                    else self.over(function)
                )
            case "mad":
                return self.over(f"mad({self.x})")
            case _:
                return self.over(f"quantile_cont({self.x}, {number(self.kernel.q)})")


class _Lists(Record):
    """Parts of moments from the window's values as a list."""

    window: _Window

    def part(self, part: str, kernel: Kernel, x: str) -> str:
        if part == "mean":
            return self._mean(x)
        left = self._centred("tick" if part == "stt" else x)
        right = left if part == "m2" else self._centred("tick")
        product = f"list_inner_product({left}, {right})"
        if not self.window.wild or part == "stt":
            return product
        low, high = f"list_min({self._list(x)})", f"list_max({self._list(x)})"
        limit = number(LARGEST_SQUARED)
        return f"CASE WHEN {low} >= -{limit} AND {high} <= {limit} THEN {product} END"

    def _list(self, x: str) -> str:
        return self.window.over(f"list({x})")

    def _mean(self, x: str) -> str:
        values = self._list(x)
        flat = f"list_min({values}) = list_max({values})"
        mean = f"CASE WHEN {flat} THEN {values}[1] ELSE list_avg({values}) END"
        return shared(self.window.lowered.derived[0], mean, "a")

    def _centred(self, x: str) -> str:
        centred = f"list_transform({self._list(x)}, lambda v: v - {self._mean(x)})"
        return shared(self.window.lowered.derived[1], centred, "d")


class _SoFar(Record):
    """Parts of moments over the whole run up to each row: DuckDB's running aggregates, which stream."""

    window: _Window
    chained: Chained | None = None

    def part(self, part: str, kernel: Kernel, x: str) -> str:
        so_far = self.window.so_far
        if part == "mean":
            lowered, stream = self.window.lowered, self.window.stream
            first = shared(lowered.streaming, _first(x, stream), "s")
            # The mean of equal values is that value, exactly.
            if self.chained is None:
                other = f"last_value(CASE WHEN {x} <> {first} THEN k END IGNORE NULLS) OVER {stream.so_far}"
                flat = f"{shared(lowered.shifted, other, 't')} IS NULL"
            else:
                flat = f"{self.chained.turned(x)} = 1"
            return f"CASE WHEN {flat} THEN {first} ELSE {so_far(f'avg({x})')} END"
        if part == "stt":
            return f"{so_far('var_pop(tick)')} * k"
        # DuckDB 1.4 raises where squares overflow.
        tame = f"CASE WHEN abs({x}) <= {number(LARGEST_SQUARED)} THEN {x} END" if self.window.wild else x
        spread = so_far(f"covar_pop({tame}, tick)" if part == "sxt" else f"var_pop({tame})")
        if not self.window.wild:
            return f"{spread} * k"
        return f"CASE WHEN {so_far(f'count({tame})')} = k THEN {spread} * k END"
