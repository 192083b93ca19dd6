"""Moments of the last n rows of a long stream by doubling: the state of 2^(k+1) rows merges two states of 2^k.

The state (mean, sum of squared deviations, sum of products with the clock) of an older and a newer block merge by the
pairwise formulas of Chan, Golub and LeVeque (1979), "Updating formulae and a pairwise algorithm for computing sample
variances". A block is fetched from further up by `lag`, which streams; a window of n rows merges the powers of two in
n. A constant stays exact, a spike touches only the windows that hold it, and equal windows give equal bits.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import NamedTuple

from .ir import Kernel
from .moments import PARTS
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
        if kernel.arg in self.stream.wild or (on_clock and not self.stream.spacing.get("tick")):
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
        if not kernel.lag:
            return column
        self.lagged[f"{column}_l{kernel.lag}"] = f"lag({column}, {kernel.lag}) OVER ({self.stream.order})"
        return f"{column}_l{kernel.lag}"

    def extreme(self, kernel: Kernel, x: str) -> str | None:
        """The column of the smallest or largest value of the kernel's window, None where its length varies."""
        assert kernel.span is not None
        points = self.stream.points(kernel.span) if kernel.span.unit != "all" else None
        if points is None:
            return None
        function = {"minimum": "least", "maximum": "greatest"}[kernel.kind]
        self.extremes.setdefault((function, x), set()).add(points)
        column = f"{function}_{x}_w{points}"
        if not kernel.lag:
            return column
        self.lagged[f"{column}_l{kernel.lag}"] = f"lag({column}, {kernel.lag}) OVER ({self.stream.order})"
        return f"{column}_l{kernel.lag}"

    def layers(self) -> list[dict[str, str]]:
        """The states, layer upon layer, over `k` and the argument columns."""
        return [*_extremes(self.extremes, self.stream.order), *self._moments(), self.lagged]

    def _moments(self) -> list[dict[str, str]]:
        if not self.wanted:
            return []
        spacing, order = self.stream.spacing.get("tick") or 0.0, self.stream.order
        everything: _Wanted = {}
        for each in self.wanted.values():
            for x, parts in each.items():
                everything.setdefault(x, set()).update(parts)
        single = {f"{part}_{x}_s1": x if part == "m" else "0e0" for x, part in _each(everything)}
        layers, size = [single], 1
        while size * 2 <= max(self.wanted):
            layers += _Merge(size, size, f"s{size}", f"s{size}", f"s{size * 2}", order).layers(everything, spacing)
            size *= 2
        for points, wanted in sorted(self.wanted.items()):
            layers += _composed(points, wanted, spacing, order)
        return layers


class _Merge(NamedTuple):
    """Layers that merge a newer block of `newer` rows (suffix `of`) with the `older` ones before it (`before`)."""

    newer: int
    older: int
    of: str
    before: str
    to: str
    order: str

    def layers(self, parts: Mapping[str, set[str]], spacing: float) -> list[dict[str, str]]:
        shifted = self._weights(spacing)
        merged = {}
        for x, part in _each(parts):
            shifted[f"p{part}_{x}_{self.to}"] = f"lag({part}_{x}_{self.before}, {self.newer}) OVER ({self.order})"
            own, old = f"{part}_{x}_{self.of}", f"p{part}_{x}_{self.to}"
            apart = f"(pm_{x}_{self.to} - m_{x}_{self.of})"
            together = {
                "m": f"{own} + {apart} * f_{self.to}",
                "q": f"{own} + {old} + {apart} * {apart} * w_{self.to}",
                # The older block lies earlier on the clock, by half the length of both.
                "c": f"{own} + {old} - {apart} * v_{self.to}",
            }[part]
            merged[f"{part}_{x}_{self.to}"] = f"coalesce({together}, {own})"
        return [shifted, merged]

    def _weights(self, spacing: float) -> dict[str, str]:
        older, newer, n = self.older, self.newer, self.older + self.newer
        a, b = f"greatest(least(k - {newer}, {older}), 0)", f"least(k, {newer})"
        both = f"CAST({a} + {b} AS DOUBLE)"
        return {
            f"f_{self.to}": _weight(f"{a} / {both}", older / n, n),
            f"w_{self.to}": _weight(f"{a} * {b} / {both}", older * newer / n, n),
            f"v_{self.to}": _weight(f"{number(spacing / 2)} * {a} * {b}", spacing / 2 * older * newer, n),
        }


def _extremes(wanted: Mapping[tuple[str, str], set[int]], order: str) -> list[dict[str, str]]:
    """Smallest or largest values; blocks may overlap, so a window is two blocks of the largest power of two in it."""
    layers: list[dict[str, str]] = [{f"{function}_{x}_s1": x for function, x in wanted}]
    longest, size = max((max(lengths) for lengths in wanted.values()), default=0), 1
    while size <= longest:
        # least() and greatest() skip the NULL that stands above the first rows.
        merged = {}
        for (function, x), lengths in wanted.items():
            block = f"{function}_{x}_s{size}"
            if size * 2 <= max(lengths):
                merged[f"{function}_{x}_s{size * 2}"] = f"{function}({block}, lag({block}, {size}) OVER ({order}))"
            for points in sorted(each for each in lengths if size <= each < 2 * size):
                older = f", lag({block}, {points - size}) OVER ({order})" if points > size else ""
                merged[f"{function}_{x}_w{points}"] = f"{function}({block}{older})"
        layers.append(merged)
        size *= 2
    return layers if wanted else []


def _weight(partial: str, full: float, rows: int) -> str:
    return f"CASE WHEN k >= {rows} THEN {number(full)} ELSE {partial} END"


def _each(parts: Mapping[str, set[str]]) -> list[tuple[str, str]]:
    return [(x, part) for x, each in parts.items() for part in sorted(each)]


def _composed(points: int, parts: Mapping[str, set[str]], spacing: float, order: str) -> list[dict[str, str]]:
    """The state of `points` rows out of states of powers of two, the largest being the newest."""
    powers = [1 << bit for bit in reversed(range(points.bit_length())) if points >> bit & 1]
    layers, done, suffix = [], powers[0], f"s{powers[0]}"
    for power in powers[1:]:
        to = f"w{points}_{done + power}"
        layers += _Merge(done, power, suffix, f"s{power}", to, order).layers(parts, spacing)
        done, suffix = done + power, to
    return [*layers, {f"{part}_{x}_w{points}": f"{part}_{x}_{suffix}" for x, part in _each(parts)}]
