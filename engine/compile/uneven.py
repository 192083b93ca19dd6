"""Moments by doubling where the rows of a window are not as many, or not as far apart, at each row.

The state of a block counts its rows, and measures them on the clock from the block's end, so that it is the same
wherever the run stands. States merge by the formulas of Chan, Golub and LeVeque, see `doubling`; one of no rows is NULL
but for its count, and leaves the other as it is.

Columns: `u<state>_<argument>_w<rows>` is a state of a block, `_b<rows>` that of the older one that is merged into it;
`un` counts the rows, `uf` is the older one's share of them, `ut_c` its clock as seen from the end of both.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass, field

from ..record import Record
from .doubling import addition_chain
from .ir import Kernel
from .layers import shared
from .moments import PARTS
from .sql import number
from .stream import Stream

_STATES = {"mean": ("m",), "m2": ("m", "q"), "sxt": ("m", "t", "c"), "stt": ("t", "s")}
"""What of a block's state each part of a moment takes: mean, squared deviations, mean of the clock, products with its
deviations, and its own squared ones.
"""
_OF_CLOCK = ("t", "s")
State = tuple[str, str]  # the letter of a state and the argument column, "" for the clock's own
CLOCK: State = ("t", "")


class Rows(Record):
    """SQL of how many rows two blocks have, and both, and the older one's share."""

    newer: str
    older: str
    both: str
    share: str


@dataclass(slots=True, eq=False, repr=False)
class Uneven:
    """The states that the kernels of one stream ask for; `layers` computes them below everything else.

    A stream that lies in cells has its windows counted in these, and NULL in those of no row.
    """

    stream: Stream
    wanted: dict[int, set[State]] = field(default_factory=dict)  # by window length
    lagged: dict[str, str] = field(default_factory=dict)

    def takes(self, kernel: Kernel) -> bool:
        """Whether the kernel's windows all reach back over the same number of rows or cells that have a clock."""
        assert kernel.span is not None
        if kernel.arg in self.stream.wild or not (self.stream.cell or self.stream.ticks):
            return False
        return kernel.kind in PARTS and self.stream.points(kernel.span) is not None

    def part(self, part: str, kernel: Kernel, x: str) -> str:
        """SQL of one part of the state of the kernel's window."""
        assert kernel.span is not None
        points = self.stream.points(kernel.span)
        assert points is not None
        states = states_of(part, x)
        self.wanted.setdefault(points, set()).update(states)
        column = _column(states[-1], points)
        return shared(self.lagged, self.stream.lag(column, kernel.lag), "ul") if kernel.lag else column

    def counted(self, points: int) -> str:
        """The column of the number of rows in the last so many cells."""
        self.wanted.setdefault(points, set())
        return f"un_w{points}"

    def layers(self) -> list[dict[str, str]]:
        """The states, layer upon layer, over `k`, `tick` or the cells, and the argument columns."""
        if not self.wanted:
            return []
        merges = addition_chain(self.wanted)
        needed = {points: set(states) for points, states in self.wanted.items()}
        for points in sorted(merges, reverse=True):
            for size in merges[points]:
                needed.setdefault(size, set()).update(needed[points])
        layers = [self._alone(needed.get(1, set()))]
        for points in sorted(merges):
            layers += self._merged(*merges[points], sorted(needed[points]))
        return [*layers, self.lagged]

    def _alone(self, states: Iterable[State]) -> dict[str, str]:
        """The states of a row, or of a cell with or without one; a row that the stream skips is none."""
        is_full = not self.stream.cell and not self.stream.skipped
        nothing = "0e0" if is_full else "CASE WHEN x0 IS NOT NULL THEN 0e0 END"
        one = "1e0" if is_full else "CASE WHEN x0 IS NOT NULL THEN 1e0 ELSE 0e0 END"
        return {"un_w1": one} | {_column((letter, x), 1): x if letter == "m" else nothing for letter, x in states}

    def _merged(self, newer: int, older: int, states: list[State]) -> list[dict[str, str]]:
        """Layers that merge the state of the last `newer` rows or cells with that of the `older` ones before them."""
        points, order = newer + older, self.stream.order
        own, both, past = f"un_w{newer}", f"un_w{points}", f"un_b{points}"
        before = {past: f"coalesce(lag(un_w{older}, {newer}) OVER ({order}), 0e0)"}
        for state in states:
            before[_before(state, points)] = f"lag({_column(state, older)}, {newer}) OVER ({order})"
        weights = {both: f"{own} + {past}", f"uf_w{points}": f"{past} / ({own} + {past})"}
        if CLOCK in states:
            cell = self.stream.cell
            since = number(cell * newer) if cell else f"(tick - lag(tick, {newer}) OVER ({order}))"
            weights[f"ut_c{points}"] = f"{_before(CLOCK, points)} - {since}"

        def older_of(state: State) -> str:
            return f"ut_c{points}" if state == CLOCK else _before(state, points)

        rows = Rows(own, past, both, f"uf_w{points}")
        together = {
            _column(state, points): merged(state, lambda each: _column(each, newer), older_of, rows) for state in states
        }
        return [before, weights, together]


def states_of(part: str, x: str) -> list[State]:
    """What of a block's state a part of a moment of argument `x` takes, itself last."""
    return [(letter, "" if letter in _OF_CLOCK else x) for letter in _STATES[part]]


def merged(state: State, newer: Callable[[State], str], older: Callable[[State], str], rows: Rows) -> str:
    """SQL of a state of two blocks, whose own states `newer` and `older` name, or of the one that has any row.

    The clock of both is measured from the same row. Products of whole numbers come before what divides them: so sums
    that cancel do.
    """
    letter, x = state
    weighed = f"{rows.newer} * {rows.older} / {rows.both}"
    mine, other = newer(state), older(state)
    apart = f"({older(('m', x))} - {newer(('m', x))})" if x else ""
    behind = f"({older(CLOCK)} - {newer(CLOCK)})" if letter in "tsc" else ""
    together = {
        "m": f"{mine} + {apart} * {rows.share}",
        "t": f"{mine} + {behind} * {rows.older} / {rows.both}",
        "q": f"{mine} + {other} + {apart} * {apart} * ({weighed})",
        "s": f"{mine} + {other} + {behind} * {behind} * {weighed}",
        "c": f"{mine} + {other} + {apart} * ({behind} * {weighed})",
    }[letter]
    return f"coalesce({together}, {mine}, {other})"


def _column(state: State, points: int) -> str:
    letter, x = state
    return f"u{letter}_{x}_w{points}" if x else f"u{letter}_w{points}"


def _before(state: State, points: int) -> str:
    letter, x = state
    return f"u{letter}_{x}_b{points}" if x else f"u{letter}_b{points}"
