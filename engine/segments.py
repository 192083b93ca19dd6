"""Timelines of conditions: a few segments for the whole run, from the rows at which they change."""

from __future__ import annotations

from bisect import bisect_right
from dataclasses import dataclass, field

from .record import Record


class Segment(Record):
    """Neighbouring rows `first`..`last` (both included, counted from 1) on which a condition has one value.

    `is_short` marks, at the end of a timeline of held conditions, what is true but has not held long enough.
    """

    first: int
    last: int
    value: bool | None
    is_short: bool = False


Timeline = tuple[Segment, ...]
"""Segments that cover all rows of the run, in order."""

UNKNOWN, FALSE, SINCE, TRUE = range(4)
"""States of a condition on a row. `SINCE`: true, and it was unknown at some time since it was last false."""

_TRUTH = (None, False, True, True)


@dataclass(slots=True, eq=False, repr=False)
class Track:
    """The timeline of a condition as it comes to be, from the rows at which its state changes."""

    segments: list[Segment] = field(default_factory=list)
    first: int = 0
    value: bool | None = None
    is_broken: bool = False  # somewhere it was unknown between two rows of one stretch: rows are not observations there

    def turn(self, i: int, state: int, fall: int = 0) -> None:
        """From row `i` on the condition is in this state; `fall` is the last row at which it was false, 0 for none."""
        self._end(i - 1)
        self.first, self.value = i, _TRUTH[state]

    def closed(self, rows: int, fall: int = 0) -> Timeline:
        """The timeline of a run of so many rows."""
        self._end(rows)
        return tuple(self.segments)

    def _end(self, last: int) -> None:
        if self.first:
            self.segments.append(Segment(self.first, last, self.value))


@dataclass(slots=True, eq=False, repr=False)
class HeldTrack(Track):
    """The timeline of a condition that counts as true from the n-th of its true observations in a row on.

    States come as rows are counted: `TRUE` where it has been true for n rows, `FALSE` where it has for fewer. Only the
    rows at which it was unknown are no observations, so where there were such rows it is counted here.
    """

    n: int = 1
    ripe: int = 0  # the row of a segment that begins with SINCE from which on the condition has held long enough
    gaps: list[int] = field(default_factory=list)  # the first row of each segment on which it was unknown
    unknown: list[int] = field(default_factory=lambda: [0])  # the rows in the first 0, 1, 2… of them

    def turn(self, i: int, state: int, fall: int = 0) -> None:
        """As that of a track, in states as rows are counted."""
        self._end(i - 1)
        self.first, self.value, self.ripe = i, _TRUTH[state], 0
        if state == SINCE:
            before = self.unknown[bisect_right(self.gaps, fall)]
            seen = i - fall - (self.unknown[-1] - before)
            self.ripe = i + max(self.n - seen, 0)
            self.is_broken = self.is_broken or seen > 1

    def closed(self, rows: int, fall: int = 0) -> Timeline:
        """The timeline; what follows its last false row, and has not held long enough at the end, is told apart."""
        self._end(rows)
        out: list[Segment] = []
        for segment in self.segments:
            if segment.value is not False or segment.last <= fall:
                out.append(segment)
                continue
            if segment.first <= fall:
                out.append(Segment(segment.first, fall, False))
            out.append(Segment(max(segment.first, fall + 1), segment.last, True, is_short=True))
        return tuple(out)

    def _end(self, last: int) -> None:
        if not self.first:
            return
        if self.value is None:
            self.gaps.append(self.first)
            self.unknown.append(self.unknown[-1] + last - self.first + 1)
        short = min(self.ripe - 1, last)
        if self.value and short >= self.first:
            self.segments.append(Segment(self.first, short, False))
        if not self.value or short < last:
            self.segments.append(Segment(max(self.first, self.ripe), last, self.value))
