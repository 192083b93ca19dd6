"""Windows over a stream whose rows lie evenly apart but for a few gaps, where rows are missing or have no number.

Only the windows that a gap lies in hold another number of rows, or rows at other distances, than all the others do:
these are computed apart, from the rows about the gaps.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping

from .ir import Kernel
from .moments import PARTS
from .stream import Stream


def evened(stream: Stream) -> Stream:
    """The stream as if it had no gaps."""
    return stream._replace(spacing={**stream.spacing, "tick": stream.usual}, gaps=())


def across(stream: Stream, kernels: Mapping[Kernel, str]) -> dict[Kernel, str]:
    """The kernels to whose windows the gaps matter; none where so many rows lie about them that all may as well."""
    if not stream.gaps:
        return {}
    even = evened(stream)
    found = {
        kernel: column
        for kernel, column in kernels.items()
        if kernel.span is not None
        and kernel.span.unit != "all"
        and even.points(kernel.span) is not None
        and (kernel.span.unit == "steps" or "stt" in PARTS.get(kernel.kind, ()))
    }
    return found if 4 * len(stream.gaps) * reach(stream, found) <= stream.rows else {}


def reach(stream: Stream, kernels: Iterable[Kernel]) -> int:
    """How many rows from a gap on have it in some window of the kernels."""
    even = evened(stream)
    return max(((even.points(kernel.span) or 0) + kernel.lag for kernel in kernels if kernel.span), default=0)


def about(gaps: Iterable[int], before: int, after: int) -> Iterator[int]:
    """The numbers of the rows up to so many before each gap, and up to so many from the gap on, in order."""
    last = 0
    for gap in gaps:
        for k in range(max(last + 1, gap - before), gap + after):
            yield k
            last = k
