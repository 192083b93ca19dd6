"""The physical choice: how the kernels of one stream are computed. The only module, with `doubling`, that knows of frames.

Running values stream over the table in file order. Windows of a short or unevenly spaced stream are gathered as lists and
reduced twice over (the deviations are taken from the mean, so nothing cancels); order statistics are DuckDB's
own. Windows of a long, evenly spaced stream are merged by doubling. Either way a window's result depends on
the values in the window alone: not on the rows around it, nor on the number of threads.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from .doubling import doubled
from .ir import Kernel, Span, Value
from .sql import number
from .stream import CLOCKS, Stream

MOMENTS = frozenset({"mean", "m2", "sxt", "stt"})
LARGEST_SQUARED = 1e150
"""Magnitudes above this make the squares of a window overflow: its deviations and slopes are unknown."""

LONG = 4_000
"""From this many rows on, doubling is faster than lists."""


@dataclass(slots=True)
class Lowered:
    """Select items in layers, each over the ones before it, and the results over all of them."""

    before: list[dict[str, str]] = field(default_factory=list)
    lagged: dict[str, str] = field(default_factory=dict)
    streaming: dict[str, str] = field(default_factory=dict)  # column → SQL
    framed: dict[str, str] = field(default_factory=dict)
    derived: list[dict[str, str]] = field(default_factory=lambda: [{}, {}])
    results: dict[str, str] = field(default_factory=dict)
    frames: dict[str, str] = field(default_factory=dict)  # window name → definition

    def query(self, source: str, keep: str) -> str:
        """One SELECT that gives `keep` and the results, in the order of the stream."""
        sql = source
        for layer in (*self.before, self.lagged, self.streaming, self.framed, *self.derived):
            if not layer:
                continue
            items = ", ".join(["*", *(f"{item} AS {name}" for name, item in layer.items())])
            windows = ""
            if layer is self.framed and self.frames:
                windows = " WINDOW " + ", ".join(f"{name} AS ({frame})" for name, frame in self.frames.items())
            sql = f"SELECT {items} FROM ({sql}){windows}"
        items = ", ".join([keep, *(f"{item} AS {name}" for name, item in self.results.items())])
        return f"SELECT {items} FROM ({sql})"


def lower(stream: Stream, kernels: Mapping[Kernel, str], arguments: Mapping[Value, str], long: int = LONG) -> Lowered:
    """The kernels (each with its column) of one stream as select items; `arguments` names the columns of their operands.

    A stream whose window lengths vary carries a column `n_<unit>_<length>` for each, see `varying`.
    """
    lowered = Lowered()
    for kernel, column in kernels.items():
        x = arguments[kernel.arg]
        if kernel.span is None:
            lowered.streaming[column] = _running(kernel, x)
            lowered.results[column] = column
    windowed = {kernel: column for kernel, column in kernels.items() if kernel.span is not None}
    merged = {
        kernel: column
        for kernel, column in windowed.items()
        if stream.rows >= long and _doubles(stream, kernel)
    }
    if merged:
        doubled(lowered, stream, merged, arguments)
    for kernel, column in windowed.items():
        if kernel not in merged:
            _Windows(lowered, stream, kernel, arguments[kernel.arg]).add(column)
    return lowered


def _doubles(stream: Stream, kernel: Kernel) -> bool:
    assert kernel.span is not None
    if kernel.kind not in MOMENTS | {"count"} or kernel.arg in stream.wild or kernel.span.unit == "all":
        return False
    if kernel.kind in ("sxt", "stt") and not stream.spacing.get("tick"):
        return False
    return stream.points(kernel.span) is not None


def varying(stream: Stream, kernels: Mapping[Kernel, str]) -> dict[str, Span]:
    """The windows whose number of rows varies, by the column that must hold it."""
    spans = {kernel.span for kernel in kernels if kernel.span and kernel.span.unit not in ("points", "all")}
    return {count_column(span): span for span in sorted(spans, key=str) if stream.points(span) is None}


def count_column(span: Span) -> str:
    """The column that holds the number of rows of a varying window."""
    return f"n_{span.unit}_{number(span.last)}".replace(".", "_").replace("-", "m").replace("+", "")


def counting(stream: str, column: str, span: Span) -> str:
    """An UPDATE of the stream's table that fills `column`: rows with a clock in (now - length, now], up to this one."""
    clock, scale = CLOCKS[span.unit]
    length = number(span.last * scale)
    return (
        f"UPDATE {stream} SET {column} = c.n FROM (SELECT a.k, a.k - coalesce(b.k, 0) AS n"
        f" FROM (SELECT k, {clock} - {length} AS since FROM {stream} WHERE {clock} IS NOT NULL) a"
        f" ASOF LEFT JOIN (SELECT {clock} AS c, max(k) AS k FROM {stream} WHERE {clock} IS NOT NULL GROUP BY {clock}) b"
        f" ON a.since >= b.c) c WHERE {stream}.k = c.k"
    )


_SO_FAR = "OVER (ROWS UNBOUNDED PRECEDING)"


def _running(kernel: Kernel, x: str) -> str:
    match kernel.kind:
        case "shift":
            return f"lag({x}, {kernel.k}) OVER ()"
        case "first":
            return f"first_value({x}) {_SO_FAR}"
        case "lowest":
            return f"min({x}) {_SO_FAR}"
        case "highest":
            return f"max({x}) {_SO_FAR}"
        case "latest" | "held":
            return f"last_value({x} IGNORE NULLS) {_SO_FAR}"
        case "reached":
            clock, scale = CLOCKS[kernel.unit]
            return f"any_value(CASE WHEN {clock} >= {number(kernel.q * scale)} THEN {x} END) {_SO_FAR}"
    raise AssertionError(kernel.kind)


class _Windows:
    """Adds one windowed kernel to the layers, sharing what others have already put there."""

    def __init__(self, lowered: Lowered, stream: Stream, kernel: Kernel, x: str) -> None:
        assert kernel.span is not None
        self.lowered, self.kernel, self.span = lowered, kernel, kernel.span
        self.whole = kernel.span.unit == "all"
        wild = kernel.arg in stream.wild and kernel.kind in ("m2", "sxt")
        self.x = f"CASE WHEN abs({x}) <= {number(LARGEST_SQUARED)} THEN {x} END" if wild else x
        self.wild = wild
        points = None if self.whole else stream.points(kernel.span)
        behind = f"greatest(k - {kernel.lag}, 0)" if kernel.lag else "k"
        if self.whole:
            self.count = behind
        elif points is None:
            self.count = count_column(kernel.span)
        else:
            self.count = f"least({behind}, {points})"
        first = f"{points - 1 + kernel.lag}" if points is not None else f"({count_column(kernel.span)} - 1)"
        last = f"{kernel.lag} PRECEDING" if kernel.lag else "CURRENT ROW"
        self.bounds = f"ORDER BY k ROWS BETWEEN {first} PRECEDING AND {last}"

    def add(self, column: str) -> None:
        known = f"{self.count} >= {self.span.least}"
        self.lowered.results[column] = f"CASE WHEN {known} THEN {self.result()} END"

    def result(self) -> str:
        kind = self.kernel.kind
        if kind == "count":
            return f"CAST({self.count} AS DOUBLE)"
        if self.whole:
            return self._so_far(kind)
        if kind in MOMENTS:
            return self._moment(kind)
        function = {
            "minimum": "min({x})",
            "maximum": "max({x})",
            "mad": "mad({x})",
            "quantile": f"quantile_cont({{x}}, {number(self.kernel.q)})",
        }[kind]
        return self._raw(function.format(x=self.x))

    def _raw(self, function: str) -> str:
        frame = _shared(self.lowered.frames, self.bounds, "f")
        return _shared(self.lowered.framed, f"{function} OVER {frame}", "r")

    def _so_far(self, kind: str) -> str:
        if kind in ("quantile", "mad"):
            function = f"quantile_cont({self.x}, {number(self.kernel.q)})" if kind == "quantile" else f"mad({self.x})"
            return _shared(self.lowered.framed, f"{function} OVER (ORDER BY k ROWS UNBOUNDED PRECEDING)", "r")
        x = self.x
        spread = f"covar_pop({x}, tick)" if kind == "sxt" else "var_pop(tick)" if kind == "stt" else f"var_pop({x})"
        running = {"minimum": f"min({x})", "maximum": f"max({x})", "mean": f"avg({x})"}.get(kind, spread)
        raw = _shared(self.lowered.streaming, f"{running} {_SO_FAR}", "s")
        if kind == "mean":
            low = _shared(self.lowered.streaming, f"min({x}) {_SO_FAR}", "s")
            high = _shared(self.lowered.streaming, f"max({x}) {_SO_FAR}", "s")
            return _finite(f"CASE WHEN {low} = {high} THEN {low} ELSE {raw} END")
        if kind in ("minimum", "maximum"):
            return raw
        if not self.wild:
            return _finite(f"{raw} * k")
        whole = _shared(self.lowered.streaming, f"count({x}) {_SO_FAR}", "s")
        return f"CASE WHEN {whole} = k THEN {_finite(f'{raw} * k')} END"

    def _moment(self, kind: str) -> str:
        if kind == "mean":
            return _finite(self._mean(self._list(self.x)))
        clock = self._centred(self._list("tick"))
        if kind == "stt":
            return _finite(f"list_inner_product({clock}, {clock})")
        values = self._list(self.x)
        centred = self._centred(values)
        product = f"list_inner_product({centred}, {clock if kind == 'sxt' else centred})"
        if not self.wild:
            return _finite(product)
        return f"CASE WHEN len(list_filter({values}, lambda v: v IS NOT NULL)) = len({values}) THEN {_finite(product)} END"

    def _list(self, x: str) -> str:
        return self._raw(f"list({x})")

    def _mean(self, values: str) -> str:
        flat = f"list_min({values}) = list_max({values})"
        return _shared(self.lowered.derived[0], f"CASE WHEN {flat} THEN {values}[1] ELSE list_avg({values}) END", "a")

    def _centred(self, values: str) -> str:
        mean = self._mean(values)
        return _shared(self.lowered.derived[1], f"list_transform({values}, lambda v: coalesce(v - {mean}, 0e0))", "d")  # a window with a NULL is not used


def _finite(sql: str) -> str:
    return f"CASE WHEN isfinite({sql}) THEN {sql} END"


def _shared(layer: dict[str, str], item: str, prefix: str) -> str:
    """The name of `item` in the layer, added if it is not there yet."""
    for name, known in layer.items():
        if known == item:
            return name
    name = f"{prefix}{len(layer)}"
    layer[name] = item
    return name
