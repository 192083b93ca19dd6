"""Moments of the last n rows of a long stream by doubling: the state of 2^(k+1) rows merges two states of 2^k.

The state (mean, sum of squared deviations, sum of products with the clock) of an older and a newer block merge by the
pairwise formulas of Chan, Golub and LeVeque (1979), "Updating formulae and a pairwise algorithm for computing sample
variances". A block is fetched from further up by `lag`, which streams; a window of n rows merges the powers of two in n. A
constant stays exact, a spike touches only the windows that hold it, and equal windows give equal bits.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING

from .ir import Kernel, Value
from .sql import number

if TYPE_CHECKING:
    from .lower import Lowered
    from .stream import Stream


def doubled(lowered: Lowered, stream: Stream, kernels: Mapping[Kernel, str], arguments: Mapping[Value, str]) -> None:
    """Add the kernels (means, deviations, products and counts over windows of a constant number of rows) to the layers."""
    spacing = stream.spacing.get("tick") or 0.0
    wanted: dict[int, dict[str, set[str]]] = {}  # window length → argument column → parts of the state
    for kernel, column in kernels.items():
        assert kernel.span is not None
        points, x = stream.points(kernel.span), arguments[kernel.arg]
        assert points is not None
        behind = f"greatest(k - {kernel.lag}, 0)" if kernel.lag else "k"
        count = f"least({behind}, {points})"
        match kernel.kind:
            case "count":
                result = f"CAST({count} AS DOUBLE)"
            case "stt":
                # The squared deviations of n evenly spaced ticks.
                n = f"CAST({count} AS DOUBLE)"
                result = f"{number(spacing * spacing / 12)} * {n} * ({n} * {n} - 1e0)"
            case _:
                part = {"mean": "m", "m2": "q", "sxt": "c"}[kernel.kind]
                wanted.setdefault(points, {}).setdefault(x, set()).update({"m", part})
                result = f"{part}_{x}_w{points}"
                if kernel.lag:
                    lowered.lagged[f"{result}_l{kernel.lag}"] = f"lag({result}, {kernel.lag}) OVER ()"
                    result += f"_l{kernel.lag}"
                result = f"CASE WHEN isfinite({result}) THEN {result} END"
        lowered.results[column] = f"CASE WHEN {count} >= {kernel.span.least} THEN {result} END"
    if wanted:
        lowered.before += _layers(wanted, spacing)


@dataclass(frozen=True, slots=True)
class _Merge:
    """Layers that merge a newer block of `newer` rows (suffix `of`) with the `older` rows before it (suffix `before`)."""

    newer: int
    older: int
    of: str
    before: str
    to: str

    def layers(self, parts: Mapping[str, set[str]], spacing: float) -> list[dict[str, str]]:
        a, b, n = f"greatest(least(k - {self.newer}, {self.older}), 0)", f"least(k, {self.newer})", self.newer + self.older
        weights = {
            f"f_{self.to}": _weight(f"{a} / CAST({a} + {b} AS DOUBLE)", self.older / n, n),
            f"w_{self.to}": _weight(f"{a} * {b} / CAST({a} + {b} AS DOUBLE)", self.older * self.newer / n, n),
            f"v_{self.to}": _weight(
                f"{number(spacing / 2)} * {a} * {b}", spacing / 2 * self.older * self.newer, n
            ),
        }
        needed = {part for each in parts.values() for part in each}
        shifted = {f"f_{self.to}": weights[f"f_{self.to}"]}
        if "q" in needed:
            shifted[f"w_{self.to}"] = weights[f"w_{self.to}"]
        if "c" in needed:
            shifted[f"v_{self.to}"] = weights[f"v_{self.to}"]
        merged = {}
        for x, each in parts.items():
            for part in sorted(each):
                shifted[f"p{part}_{x}_{self.to}"] = f"lag({part}_{x}_{self.before}, {self.newer}) OVER ()"
            m, apart = f"m_{x}_{self.of}", f"(pm_{x}_{self.to} - m_{x}_{self.of})"
            merged[f"m_{x}_{self.to}"] = f"coalesce({m} + {apart} * f_{self.to}, {m})"
            if "q" in each:
                q = f"q_{x}_{self.of}"
                merged[f"q_{x}_{self.to}"] = f"coalesce({q} + pq_{x}_{self.to} + {apart} * {apart} * w_{self.to}, {q})"
            if "c" in each:
                # The older block lies earlier on the clock, by half the length of both.
                c = f"c_{x}_{self.of}"
                merged[f"c_{x}_{self.to}"] = f"coalesce({c} + pc_{x}_{self.to} - {apart} * v_{self.to}, {c})"
        return [shifted, merged]


def _weight(partial: str, full: float, rows: int) -> str:
    return f"CASE WHEN k >= {rows} THEN {number(full)} ELSE {partial} END"


def _layers(wanted: Mapping[int, Mapping[str, set[str]]], spacing: float) -> list[dict[str, str]]:
    longest = max(wanted)
    everything: dict[str, set[str]] = {}
    for each in wanted.values():
        for x, parts in each.items():
            everything.setdefault(x, set()).update(parts)
    layers = [
        {
            f"{part}_{x}_s1": x if part == "m" else "0e0"
            for x, parts in everything.items()
            for part in sorted(parts)
        }
    ]
    size = 1
    while size * 2 <= longest:
        layers += _Merge(size, size, f"s{size}", f"s{size}", f"s{size * 2}").layers(everything, spacing)
        size *= 2
    for points, parts in sorted(wanted.items()):
        layers += _composed(points, parts, spacing)
    return layers


def _composed(points: int, parts: Mapping[str, set[str]], spacing: float) -> list[dict[str, str]]:
    """The state of `points` rows out of states of powers of two, the largest being the newest."""
    powers = [1 << bit for bit in reversed(range(points.bit_length())) if points >> bit & 1]
    layers, done, suffix = [], powers[0], f"s{powers[0]}"
    for power in powers[1:]:
        to = f"w{points}_{done + power}"
        layers += _Merge(done, power, suffix, f"s{power}", to).layers(parts, spacing)
        done, suffix = done + power, to
    layers.append({f"{part}_{x}_w{points}": f"{part}_{x}_{suffix}" for x, each in parts.items() for part in sorted(each)})
    return layers
