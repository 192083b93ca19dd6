"""Running values of a stream that holds many runs: they begin anew with each run, and yet stream over all of them.

A window by PARTITION would sort the rows, all their columns with them, and add up each row's from the first on.
"""

from __future__ import annotations

from dataclasses import dataclass, field

from .ir import Kernel, Op

_SO_FAR = "OVER (ROWS UNBOUNDED PRECEDING)"


@dataclass(slots=True, eq=False, repr=False)
class Restarted:
    """The running values that the kernels of one stream ask for; `layers` computes them over the stream's columns."""

    layers: tuple[dict[str, str], ...] = field(default_factory=lambda: ({}, {}, {}))

    def reached(self, x: str, met: str) -> str:
        """SQL of the value of an argument at the first row of the run that meets a condition."""
        first, second, third = self.layers
        column = f"c_r{len(third)}_{x}"
        first[f"{column}_run"] = f"last_value(CASE WHEN {met} THEN run END IGNORE NULLS) {_SO_FAR}"
        second[f"{column}_before"] = f"lag({column}_run) OVER ()"
        begins = f"{met} AND {column}_before IS DISTINCT FROM run"
        third[column] = f"last_value(CASE WHEN {begins} THEN {x} END IGNORE NULLS) {_SO_FAR}"
        return f"CASE WHEN {column}_run = run THEN {column} END"

    def share(self, x: str, points: int | None = None) -> str:
        """SQL of the mean of an argument's last values, or (None) of all so far, where they are 1 or 0.

        Such values add up exactly, in any order: the sum over all runs, less what it was before, is that of a list.
        """
        first, second, third = self.layers
        ones = f"c_n_{x}"
        first[ones] = f"sum({x}) {_SO_FAR}"
        second[f"{ones}_0"] = f"last_value(CASE WHEN k = 1 THEN {ones} - {x} END IGNORE NULLS) {_SO_FAR}"
        if points is None:
            return f"({ones} - {ones}_0) / k"
        third[f"{ones}_{points}"] = f"CASE WHEN k > {points} THEN lag({ones}, {points}) OVER () ELSE {ones}_0 END"
        return f"({ones} - {ones}_{points}) / least(k, {points})"


def is_counted(kernel: Kernel) -> bool:
    """Whether the kernel's values are ones and zeros."""
    return isinstance(kernel.arg, Op) and kernel.arg.name == "number"
