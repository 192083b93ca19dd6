"""Moments of the last n rows of a stream that holds many runs: neighbouring rows laid side by side by `lag`.

Lists of a window are reduced from its oldest value to its newest; so are the lags here, one addition after the other,
and what lies outside the window counts as 0 in front of them. The results have the bits that a list has, at a tenth of
its price, but the statement grows with the windows: it pays where many runs share it. Extremes double, see `doubling`.
"""

from __future__ import annotations

from dataclasses import dataclass, field

from ..record import Record
from .ir import Kernel
from .pairs import of_two
from .restarts import is_counted
from .stream import Stream, count_column

LONGEST = 256
"""Points of the longest window that is worth its text."""


class _Last(Record):
    """The rows of a window: at most `points`, and `held` at each row; `inside` begins the names of its masks."""

    name: str
    points: int
    held: str
    inside: str
    until: str  # what a mask compares: the row's place in its run, where that is enough


@dataclass(slots=True, eq=False, repr=False)
class Chained:
    """The parts of moments that the kernels of one stream ask for; `layers` computes them over the stream's columns."""

    stream: Stream
    lags: dict[str, int] = field(default_factory=dict)  # argument column → the most rows that it is looked back
    windows: dict[str, _Last] = field(default_factory=dict)
    masked: dict[str, str] = field(default_factory=dict)
    sums: dict[str, str] = field(default_factory=dict)
    means: dict[str, str] = field(default_factory=dict)
    apart: dict[str, str] = field(default_factory=dict)
    products: dict[str, str] = field(default_factory=dict)
    lagged: dict[str, str] = field(default_factory=dict)
    counted: set[str] = field(default_factory=set)  # argument columns that are 1 or 0, and never -0
    extremes: dict[str, tuple[str, str, int]] = field(default_factory=dict)  # column → function, argument, points

    def takes(self, kernel: Kernel) -> bool:
        """Whether the kernel's windows are not too long, and their values tame."""
        if kernel.arg in self.stream.wild:
            return False
        window = self._window(kernel)
        return window is not None and window.points <= LONGEST

    def _window(self, kernel: Kernel) -> _Last | None:
        assert kernel.span is not None
        if (points := self.stream.points(kernel.span)) is not None:
            return _Last(f"w{points}", points, f"least(k, {points})", "c_k", "k")
        if (most := self.stream.most.get(kernel.span)) is None:
            return None
        column = count_column(kernel.span)
        return _Last(column, most, column, f"c_{column}", column)

    def part(self, part: str, kernel: Kernel, x: str) -> str:
        """The column of one part of a moment."""
        window = self._window(kernel)
        assert window is not None
        self.windows[window.name] = window
        if is_counted(kernel):
            self.counted.add(x)
        match part:
            case "mean":
                column = self._mean(x, window)
            case "m2":
                column = self._product(x, x, window)
            case "sxt":
                column = self._product(x, "tick", window)
            case _:
                column = self._product("tick", "tick", window)
        return self._behind(column, kernel.lag)

    def extreme(self, kind: str, x: str, points: int, lag: int = 0) -> str:
        """The column of the smallest or largest (`kind` minimum or maximum) of the last values."""
        function = {"minimum": "least", "maximum": "greatest"}[kind]
        column = f"{function}_{x}_w{points}"
        self.extremes[column] = function, x, points
        return self._behind(column, lag)

    def turned(self, x: str) -> str:
        """The column of the place in the run at which an argument last took another value, 1 where it never did."""
        self.lags.setdefault(x, 0)
        return f"c_a_{x}"

    def _behind(self, column: str, lag: int) -> str:
        if not lag:
            return column
        self.lagged[f"{column}_l{lag}"] = self.stream.lag(column, lag)
        return f"{column}_l{lag}"

    def _mean(self, x: str, window: _Last) -> str:
        name, points, count = f"c_m_{x}_{window.name}", window.points, window.held
        if name in self.means:
            return name
        self.lags[x] = max(self.lags.get(x, 0), points - 1)
        behind = [f"c_{x}_{j}" for j in range(1, points)]
        # In a layer of its own: under a condition it would be computed for some rows at a time.
        total = f"c_s_{x}_{window.name}"
        self.sums[total] = " + ".join(["0e0", *self._masked(x, window), x])
        # Of equal values only a zero may differ from the oldest of them, which has the sign that counts.
        oldest = f"CASE WHEN {x} <> 0e0 THEN {x} ELSE list_value({', '.join([x, *behind])})[{count}] END"
        flat = f"k - c_a_{x} >= {count} - 1"
        first = x if x in self.counted else oldest
        self.means[name] = f"CASE WHEN {flat} THEN {first} ELSE {total} / {count} END"
        return name

    def _masked(self, x: str, window: _Last) -> list[str]:
        """The values before this one, the oldest first; 0 for what is not in the window."""
        places = range(window.points - 1, 0, -1)
        if window.until != "k":
            return [f"c_{x}_{j} * {window.inside}_{j}" for j in places]
        self.masked |= {f"c_{x}_{j}_k": f"c_{x}_{j} * c_k_{j}" for j in places}
        return [f"c_{x}_{j}_k" for j in places]

    def _centred(self, x: str, window: _Last) -> str:
        """The column of the deviations in a window, the oldest first; 0 for what is not in it."""
        mean, name = self._mean(x, window), f"c_d_{x}_{window.name}"
        items = [f"(c_{x}_{j} - {mean}) * {window.inside}_{j}" for j in range(window.points - 1, 0, -1)]
        self.apart[name] = f"list_value({', '.join([*items, f'{x} - {mean}'])})"
        return name

    def _product(self, left: str, right: str, window: _Last) -> str:
        # Not a sum of products: DuckDB 2 rounds once for each product that it adds.
        name, pair = f"c_p_{left}_{right}_{window.name}", (self._centred(left, window), self._centred(right, window))
        self.products[name] = f"list_inner_product({', '.join(pair)})"
        return name

    def layers(self) -> list[dict[str, str]]:
        """The layers of select items, each over the ones before it."""
        turns = {f"c_b_{x}": f"CASE WHEN k = 1 OR {x} <> lag({x}) OVER () THEN k END" for x in self.lags}
        behind = {f"c_{x}_{j}": f"lag({x}, {j}, 0e0) OVER ()" for x, n in self.lags.items() for j in range(1, n + 1)}
        inside = {
            f"{window.inside}_{j}": f"CAST({window.until} > {j} AS DOUBLE)"
            for window in self.windows.values()
            for j in range(1, window.points)
        }
        since = {f"c_a_{x}": f"last_value(c_b_{x} IGNORE NULLS) OVER (ROWS UNBOUNDED PRECEDING)" for x in self.lags}
        return [
            {**turns, **behind, **inside},
            {**since, **self.masked},
            self.sums,
            self.means,
            self.apart,
            self.products,
            *self._extremes(),
            self.lagged,
        ]

    def _extremes(self) -> list[dict[str, str]]:
        layers: list[dict[str, str]] = [{f"{function}_{x}_s1": x for function, x, _ in self.extremes.values()}]
        longest, size = max((points for *_, points in self.extremes.values()), default=0), 1
        while size <= longest:
            made = {}
            for column, (function, x, points) in self.extremes.items():
                block = f"{function}_{x}_s{size}"
                if points >= size * 2:
                    made[f"{function}_{x}_s{size * 2}"] = self._of_both(function, block, size)
                elif points > size:
                    made[column] = self._of_both(function, block, points - size)
                elif points == size:
                    made[column] = block
            layers.append(made)
            size *= 2
        return layers

    def _of_both(self, function: str, block: str, rows: int) -> str:
        """The least or greatest of a block and of the one so many rows before it, where the run has one."""
        older = f"lag({block}, {rows}) OVER ({self.stream.order})"
        # Of two zeros DuckDB 1 keeps the older one of a stream, DuckDB 2 the newer.
        return of_two(function, block, older, f"k > {rows}", prefers_older=self.stream.is_fragile)
