"""Quantiles of short windows of a long stream: sorted blocks, merged from row to row by doubling.

A sorted block of n rows merges the sorted block of its newer rows with that of the older ones, which `lag` fetches from
further up. The k-th smallest of two sorted blocks a and b is the least, over i + j = k, of the greater of a_i and b_j:
of two values at a time, as a tournament.
Everything streams, so nothing but the block is held in memory, and only the ranks that are asked for are computed.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field

from .ir import Kernel
from .layers import shared
from .pairs import of_two
from .sql import number
from .stream import Stream

LONGEST = 16
"""Points of the longest window whose merges are quicker than DuckDB's own quantile over a frame."""


@dataclass(slots=True, eq=False, repr=False)
class Ranked:
    """The quantiles that the kernels of one stream ask for; `layers` computes the ranks that they rest on."""

    stream: Stream
    wanted: dict[str, dict[int, set[int]]] = field(default_factory=dict)  # argument column → window length → ranks
    behind: dict[str, int] = field(default_factory=dict)  # argument column → the most rows that it is looked back
    values: dict[str, str] = field(default_factory=dict)
    lagged: dict[str, str] = field(default_factory=dict)

    def takes(self, kernel: Kernel) -> bool:
        """Whether the kernel is a quantile of a short window whose rows all hold tame values."""
        if kernel.kind != "quantile" or kernel.span is None or kernel.span.unit == "all":
            return False
        points = self.stream.points(kernel.span)
        return points is not None and 1 < points <= LONGEST and kernel.arg not in self.stream.wild

    def quantile(self, kernel: Kernel, x: str) -> str:
        """The column of the kernel's quantile, interpolated as `quantile_cont` does."""
        assert kernel.span is not None
        points = self.stream.points(kernel.span)
        assert points is not None
        at = kernel.q * (points - 1)
        low = math.floor(at)
        share = at - low
        ranks = [low + 1, low + 2] if share else [low + 1]
        self.wanted.setdefault(x, {}).setdefault(points, set()).update(ranks)
        self.behind[x] = max(self.behind.get(x, 0), points - 1)
        names = [_rank(x, points, rank) for rank in ranks]
        full = f"{names[0]} * {number(1 - share)} + {names[1]} * {number(share)}" if share else names[0]
        few = f"list_value({', '.join([x, *(f'o_{x}_l{rows}' for rows in range(1, points))])})"
        # What lies before the first row is NULL, which a list does not count.
        value = (
            f"CASE WHEN k >= {points} THEN {full} ELSE list_aggregate({few}, 'quantile_cont', {number(kernel.q)}) END"
        )
        column = shared(self.values, value, "o")
        if not kernel.lag:
            return column
        return shared(self.lagged, self.stream.lag(column, kernel.lag), "ol")

    def layers(self) -> list[dict[str, str]]:
        """The ranks of sorted blocks, layer upon layer, over `k` and the argument columns."""
        if not self.wanted:
            return []
        order = self.stream.order
        needed = {x: _needed(ranks) for x, ranks in self.wanted.items()}
        layers = [{_rank(x, 1, 1): x for x in needed}]
        for points in sorted({points for blocks in needed.values() for points in blocks} - {1}):
            newer, older = _parts(points)
            fetched: dict[str, str] = {}
            rounds: list[dict[str, str]] = [{} for _ in range(points.bit_length() + 1)]
            for x, ranks in ((x, blocks[points]) for x, blocks in needed.items() if points in blocks):
                before = {rank: f"{_rank(x, points, rank)}_b" for _, rank in _pairs(points, ranks) if rank}
                for rank, name in before.items():
                    fetched[name] = f"lag({_rank(x, older, rank)}, {newer}) OVER ({order})"
                for rank in sorted(ranks):
                    pairs = [(_rank(x, newer, i) if i else "", before.get(j, "")) for i, j in _pairs(points, [rank])]
                    _play(_rank(x, points, rank), pairs, rounds)
            layers += [fetched, *rounds]
        behind = ((x, rows) for x, most in self.behind.items() for rows in range(1, most + 1))
        layers.append({f"o_{x}_l{rows}": self.stream.lag(x, rows) for x, rows in behind})
        return [*layers, self.values, self.lagged]


def _rank(x: str, points: int, rank: int) -> str:
    return f"o_{x}_s{points}_{rank}"


def _parts(points: int) -> tuple[int, int]:
    """How many newer rows, and how many older ones, a block merges."""
    newer = 1 << (points - 1).bit_length() - 1
    return newer, points - newer


def _pairs(points: int, ranks: Iterable[int]) -> list[tuple[int, int]]:
    """The places (i in the newer part, j in the older; 0 for none) whose greater values the ranks are chosen from."""
    newer, older = _parts(points)
    return [(i, rank - i) for rank in ranks for i in range(max(0, rank - older), min(rank, newer) + 1)]


def _needed(wanted: Mapping[int, set[int]]) -> dict[int, set[int]]:
    """The ranks of each block that the wanted ones rest on, by the length of the block."""
    needed = {points: set(ranks) for points, ranks in wanted.items()}
    for points in range(max(wanted), 1, -1):
        if points in needed:
            for size, places in zip(_parts(points), zip(*_pairs(points, needed[points]), strict=True), strict=True):
                needed.setdefault(size, set()).update(set(places) - {0})
    return needed


def _play(name: str, pairs: Sequence[tuple[str, str]], rounds: Sequence[dict[str, str]]) -> None:
    """Add what makes a column of the least of the greater ones of some pairs; a pair may have but one of the two."""
    left = [of_two("greatest", *pair) if all(pair) else "".join(pair) for pair in pairs]
    for turn, layer in enumerate(rounds):
        if len(left) == 1:
            layer[name] = left[0]
            return
        for place, item in enumerate(left):
            layer[f"{name}_r{turn}_{place}"] = item
        names = [f"{name}_r{turn}_{place}" for place in range(len(left))]
        left = [of_two("least", *names[place : place + 2]) for place in range(0, len(names) - 1, 2)]
        left += names[len(names) - len(names) % 2 :]
    raise AssertionError(name)
