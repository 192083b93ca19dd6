"""Moments of windows that hold another number of rows at each row, as those on an uneven clock do, by doubling.

The rows of a window are the blocks that its number is the sum of, as a binary number: the smallest is the newest. Their
states, those of `uneven`, merge one after the other; each is fetched from where it ends, so many rows further up.
DuckDB keeps the order of a table's rows for a window that names none.

Columns: `v<state>_<argument>_<bit>` is a state of a block of 2^bit rows, `_b` behind it that of the block before, and
`_bc` the clock of that as seen from the end of both. With the name of the window's column in front, the same is the
state of the block that is next, `_w` that of the rows so far; `_d`, `_c` and `_f` are the next one's distance, clock
and share, `_g` the number of rows so far.
"""

from __future__ import annotations

from dataclasses import dataclass, field

from .ir import Kernel, Span
from .moments import PARTS
from .stream import Stream, count_column
from .uneven import CLOCK, Rows, State, merged, states_of

_NOTHING = "CAST(NULL AS DOUBLE)"


@dataclass(slots=True, eq=False, repr=False)
class Varied:
    """The states that the kernels of one stream ask for; `layers` computes them below everything else."""

    stream: Stream
    wanted: dict[Span, set[State]] = field(default_factory=dict)

    def takes(self, kernel: Kernel) -> bool:
        """Whether it is known how many rows the kernel's windows hold, and their values are tame and have a clock."""
        on_clock = {"sxt", "stt"} & set(PARTS[kernel.kind])
        if on_clock and not (self.stream.ticks or self.stream.spacing.get("tick")):
            return False
        return kernel.span in self.stream.most and kernel.arg not in self.stream.wild

    def part(self, part: str, kernel: Kernel, x: str) -> str:
        """The column of one part of the state of the kernel's window."""
        assert kernel.span is not None
        states = states_of(part, x)
        self.wanted.setdefault(kernel.span, set()).update(states)
        return _of_window(count_column(kernel.span), states[-1], self.stream.most[kernel.span].bit_length() - 1)

    def layers(self) -> list[dict[str, str]]:
        """The states, layer upon layer, over `k`, `tick`, the argument columns and the numbers of rows."""
        if not self.wanted:
            return []
        states = sorted(set().union(*self.wanted.values()))
        bits = {span: self.stream.most[span].bit_length() for span in self.wanted}
        layers = [{_block(state, 0): state[1] if state[0] == "m" else "0e0" for state in states}]
        for bit in range(max(bits.values())):
            fetched: dict[str, str] = {}
            shares: dict[str, str] = {}
            both: dict[str, str] = {}
            for span, wanted in self.wanted.items():
                if bit < bits[span]:
                    name = count_column(span)
                    fetched |= _fetched(name, sorted(wanted), bit)
                    shares |= _shares(name, wanted, bit)
                    both |= _joined(name, sorted(wanted), bit)
            if bit + 1 < max(bits.values()):
                fetched |= {
                    f"{_block(state, bit)}_b": f"lag({_block(state, bit)}, {1 << bit}) OVER ()" for state in states
                }
                shares |= _clock_of_block(bit) if CLOCK in states else {}
                both |= _doubled(states, bit)
            layers += [fetched, shares, both]
        return layers


def _fetched(name: str, states: list[State], bit: int) -> dict[str, str]:
    """The states of the blocks, where those of the lower bits lie between them and the row."""
    since = f"{name} & {(1 << bit) - 1}) OVER ()"
    found = {_of_block(name, state, bit): f"lag({_block(state, bit)}, {since}" for state in states}
    return found | ({f"{name}_d{bit}": f"tick - lag(tick, {since}"} if CLOCK in states else {})


def _clock_of_block(bit: int) -> dict[str, str]:
    before = f"{_block(CLOCK, bit)}_b"
    return {f"{before}c": f"{before} - (tick - lag(tick, {1 << bit}) OVER ())"}


def _shares(name: str, states: set[State], bit: int) -> dict[str, str]:
    rows = 1 << bit
    newer = f"CAST({name} & {rows - 1} AS DOUBLE)"
    items = {f"{name}_g{bit}": newer, f"{name}_f{bit}": f"{rows}e0 / ({newer} + {rows}e0)"}
    if CLOCK in states:
        items[f"{name}_c{bit}"] = f"{_of_block(name, CLOCK, bit)} - {name}_d{bit}"
    return items


def _joined(name: str, states: list[State], bit: int) -> dict[str, str]:
    """The states of the windows with the block of one more bit, where their number has it."""

    def own(state: State) -> str:
        return _of_window(name, state, bit - 1) if bit else _NOTHING

    def older(state: State) -> str:
        return f"{name}_c{bit}" if state[0] == "t" else _of_block(name, state, bit)

    number = f"{1 << bit}e0"
    rows = Rows(f"{name}_g{bit}", number, f"({name}_g{bit} + {number})", f"{name}_f{bit}")
    return {
        _of_window(name, state, bit): f"CASE WHEN {name} & {1 << bit} <> 0 THEN"
        f" {merged(state, own, older, rows)} ELSE {own(state)} END"
        for state in states
    }


def _doubled(states: list[State], bit: int) -> dict[str, str]:
    """The states of blocks twice as long."""

    def older(state: State) -> str:
        return f"{_block(state, bit)}_b{'c' if state[0] == 't' else ''}"

    def own(state: State) -> str:
        return _block(state, bit)

    rows = Rows(f"{1 << bit}e0", f"{1 << bit}e0", f"{2 << bit}e0", "5e-1")
    return {_block(state, bit + 1): merged(state, own, older, rows) for state in states}


def _block(state: State, bit: int) -> str:
    letter, x = state
    return f"v{letter}_{x}_{bit}"


def _of_block(name: str, state: State, bit: int) -> str:
    return f"{name}_{_block(state, bit)}"


def _of_window(name: str, state: State, bit: int) -> str:
    return f"{name}_w{_block(state, bit)}"
