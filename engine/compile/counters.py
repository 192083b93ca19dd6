"""How often a condition held in a window of a long stream: what a running count has grown by since the window began.

Ones and zeros add up exactly, so the share of two rows in five is 0.4 and no number beside it.
"""

from __future__ import annotations

from dataclasses import dataclass, field

from .ir import Kernel
from .moments import PARTS
from .restarts import is_counted
from .stream import Stream


@dataclass(slots=True, eq=False, repr=False)
class Counters:
    """The counts that the kernels of one stream ask for; `layers` computes them below everything else."""

    stream: Stream
    running: dict[str, str] = field(default_factory=dict)
    before: dict[str, str] = field(default_factory=dict)

    @staticmethod
    def takes(kernel: Kernel) -> bool:
        """Whether the kernel is a mean or a total of ones and zeros."""
        return PARTS.get(kernel.kind) == ("mean",) and is_counted(kernel)

    def share(self, kernel: Kernel, x: str, back: str, rows: str) -> str:
        """SQL of the share of ones: `back` rows or cells reach to before the window, which holds so many `rows`."""
        count = f"z_{x}"
        self.running[count] = f"coalesce(sum({x}) OVER (ROWS UNBOUNDED PRECEDING), 0e0)"
        last = self._back(count, str(kernel.lag)) if kernel.lag else count
        first = self._back(count, f"{back} + {kernel.lag}" if kernel.lag else back)
        return f"({last} - {first}) / {rows}"

    def _back(self, count: str, rows: str) -> str:
        column = f"{count}_{rows.replace(' + ', '_')}"
        self.before[column] = f"coalesce(lag({count}, {rows}) OVER ({self.stream.order}), 0e0)"
        return column

    def layers(self) -> list[dict[str, str]]:
        """The counts, layer upon layer, over the argument columns."""
        return [self.running, self.before]
