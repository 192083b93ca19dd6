"""Moments of the last n rows of a long stream by doubling: the state of 2n rows merges two states of n.

The state (mean, sum of squared deviations, sum of products with the clock) of an older and a newer block merge by the
pairwise formulas of Chan, Golub and LeVeque (1979), "Updating formulae and a pairwise algorithm for computing sample
variances". A block is fetched from further up by `lag`, which streams; the lengths form an addition chain that holds
those of all windows. A constant stays exact, a spike touches only the windows that hold it, and equal windows give
equal bits.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from functools import cache

from ..record import Record
from .ir import Kernel
from .layers import shared
from .moments import PARTS
from .pairs import of_two
from .sql import number
from .stream import Stream

_PARTS = {"mean": "m", "m2": "q", "sxt": "c"}
_Wanted = dict[str, set[str]]  # argument column → parts of the state


@dataclass(slots=True, eq=False, repr=False)
class Doubled:
    """The states that the kernels of one stream ask for; `layers` computes them below everything else."""

    stream: Stream
    wanted: dict[int, _Wanted] = field(default_factory=dict)  # by window length
    extremes: dict[tuple[str, str], set[int]] = field(default_factory=dict)  # (function, argument column) → lengths
    lagged: dict[str, str] = field(default_factory=dict)

    def takes(self, kernel: Kernel) -> bool:
        """Whether the kernel's windows all hold the same number of rows, tame values and an even clock."""
        assert kernel.span is not None
        on_clock = {"sxt", "stt"} & set(PARTS[kernel.kind])
        if self.stream.cell or kernel.arg in self.stream.wild:
            return False
        if on_clock and not self.stream.spacing.get("tick"):
            return False
        return self.stream.points(kernel.span) is not None

    def part(self, part: str, kernel: Kernel, x: str) -> str:
        """SQL of one part of the state of the kernel's window."""
        assert kernel.span is not None
        points = self.stream.points(kernel.span)
        assert points is not None
        if part == "stt":
            # The squared deviations of n evenly spaced ticks.
            spacing = self.stream.spacing["tick"] or 0.0
            behind = f"greatest(k - {kernel.lag}, 0)" if kernel.lag else "k"
            n = f"CAST(least({behind}, {points}) AS DOUBLE)"
            return f"{number(spacing * spacing / 12)} * {n} * ({n} * {n} - 1e0)"
        letter = _PARTS[part]
        self.wanted.setdefault(points, {}).setdefault(x, set()).update({"m", letter})
        column = f"{letter}_{x}_w{points}"
        return shared(self.lagged, self.stream.lag(column, kernel.lag), "dl") if kernel.lag else column

    def extreme(self, kernel: Kernel, x: str) -> str | None:
        """The column of the smallest or largest value of the kernel's window, None where its length varies."""
        assert kernel.span is not None
        points = self.stream.points(kernel.span) if kernel.span.unit != "all" else None
        if points is None:
            return None
        function = {"minimum": "least", "maximum": "greatest"}[kernel.kind]
        self.extremes.setdefault((function, x), set()).add(points)
        column = f"{function}_{x}_w{points}"
        return shared(self.lagged, self.stream.lag(column, kernel.lag), "dl") if kernel.lag else column

    def layers(self) -> list[dict[str, str]]:
        """The states, layer upon layer, over `k` and the argument columns."""
        return [*_extremes(self.extremes, self.stream), *self._moments(), self.lagged]

    def _moments(self) -> list[dict[str, str]]:
        if not self.wanted:
            return []
        spacing, order = self.stream.spacing.get("tick") or 0.0, self.stream.order
        merges = addition_chain(self.wanted)
        needed = {points: {x: set(parts) for x, parts in each.items()} for points, each in self.wanted.items()}
        for points in sorted(merges, reverse=True):
            for size in merges[points]:
                for x, parts in needed[points].items():
                    needed.setdefault(size, {}).setdefault(x, set()).update(parts)
        layers = [{f"m_{x}_w1": x for x in needed.get(1, {})}]
        if 1 in self.wanted:
            layers[0] |= {f"{part}_{x}_w1": "0e0" for x, part in _each(self.wanted[1]) if part != "m"}
        for points in sorted(merges):
            layers += _Merge(*merges[points], order).layers(needed[points], spacing)
        return layers


def addition_chain(lengths: Iterable[int]) -> dict[int, tuple[int, int]]:
    """How windows of these lengths are merged of few others: a length → the two that it is the sum of, 1 being given.

    Not the fewest there are, which would be a search: from the longest down, each is split so that what is not yet
    there seems to cost least, see `_steps`.
    """
    merges: dict[int, tuple[int, int]] = {}
    open_ = set(lengths) - {1}
    while open_:
        total = max(open_)
        known = {1, *open_} - {total}
        splits = {(max(part, total - part), min(part, total - part)) for part in known}
        splits |= {(total - total // by, total // by) for by in (2, 3, 5) if total % by == 0}
        newer, older = min(splits, key=lambda split: (_missing(split, known), -split[1]))
        merges[total] = newer, older
        open_ = ({*open_, newer, older}) - {total, 1}
    return merges


def _missing(split: tuple[int, int], known: set[int]) -> int:
    """About how many merges it takes until both parts are there; the larger is a multiple of the smaller or near it."""
    larger, smaller = split
    if larger in known or larger == smaller:
        return 0 if smaller in known else _steps(smaller)
    if smaller in known:
        return _steps(larger)
    return _steps(smaller) + _steps(larger // smaller)


@cache
def _steps(points: int) -> int:
    """A number of merges that suffices for a window of so many rows."""
    if points == 1:
        return 0
    ways = [_steps(points // by) + needs for by, needs in ((2, 1), (3, 2), (5, 3)) if points % by == 0]
    return min([*ways, _steps(points - 1) + 1] if points % 2 else ways)


class _Merge(Record):
    """Layers that merge the state of the last `newer` rows with that of the `older` ones before them."""

    newer: int
    older: int
    order: str

    def layers(self, parts: Mapping[str, set[str]], spacing: float) -> list[dict[str, str]]:
        to = f"w{self.newer + self.older}"
        shifted = self._weights(parts, spacing)
        merged = {}
        for x, part in _each(parts):
            mean = f"m_{x}_w{self.newer}"
            apart = f"(pm_{x}_{to} - {mean})"
            # A row alone has neither spread nor products.
            own = [f"{part}_{x}_w{self.newer}"] if self.newer > 1 or part == "m" else []
            old = [f"p{part}_{x}_{to}"] if self.older > 1 or part == "m" else []
            if old:
                shifted[old[0]] = f"lag({part}_{x}_w{self.older}, {self.newer}) OVER ({self.order})"
            both = " + ".join([*own, *old])
            together = {
                "m": f"{mean} + {apart} * f_{to}",
                "q": f"{both}{' + ' if both else ''}{apart} * {apart} * w_{to}",
                # The older block lies earlier on the clock, by half the length of both.
                "c": f"{both or '0e0'} - {apart} * v_{to}",
            }[part]
            merged[f"{part}_{x}_{to}"] = f"coalesce({together}, {own[0] if own else '0e0'})"
        return [shifted, merged]

    def _weights(self, parts: Mapping[str, set[str]], spacing: float) -> dict[str, str]:
        older, newer, n = self.older, self.newer, self.older + self.newer
        a, b = f"greatest(least(k - {newer}, {older}), 0)", f"least(k, {newer})"
        both = f"CAST({a} + {b} AS DOUBLE)"
        weights = {
            "m": ("f", _weight(f"{a} / {both}", older / n, n)),
            "q": ("w", _weight(f"{a} * {b} / {both}", older * newer / n, n)),
            "c": ("v", _weight(f"{number(spacing / 2)} * {a} * {b}", spacing / 2 * older * newer, n)),
        }
        asked = set().union(*parts.values())
        return {f"{letter}_w{n}": item for part, (letter, item) in weights.items() if part in asked}


def _extremes(wanted: Mapping[tuple[str, str], set[int]], stream: Stream) -> list[dict[str, str]]:
    """Smallest or largest values; blocks may overlap, so a window is two blocks of the largest power of two in it."""

    def merged_of(function: str, newer: str, rows: int) -> str:
        older = f"lag({newer}, {rows}) OVER ({stream.order})"
        both = of_two(function, newer, older)
        return f"coalesce({both}, {older})" if stream.cell else both  # the newer cells may have no row

    layers: list[dict[str, str]] = [{f"{function}_{x}_s1": x for function, x in wanted}]
    longest, size = max((max(lengths) for lengths in wanted.values()), default=0), 1
    while size <= longest:
        merged = {}
        for (function, x), lengths in wanted.items():
            block = f"{function}_{x}_s{size}"
            if size * 2 <= max(lengths):
                merged[f"{function}_{x}_s{size * 2}"] = merged_of(function, block, size)
            for points in sorted(each for each in lengths if size <= each < 2 * size):
                whole = merged_of(function, block, points - size) if points > size else block
                merged[f"{function}_{x}_w{points}"] = whole
        layers.append(merged)
        size *= 2
    return layers if wanted else []


def _weight(partial: str, full: float, rows: int) -> str:
    return f"CASE WHEN k >= {rows} THEN {number(full)} ELSE {partial} END"


def _each(parts: Mapping[str, set[str]]) -> list[tuple[str, str]]:
    return [(x, part) for x, each in parts.items() for part in sorted(each)]
