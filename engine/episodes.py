"""The automaton of a rule: from the timeline of its condition to episodes and a state. Pure Python over segments.

idle ──true──▶ pending ──held long enough──▶ firing ──until, or no longer true──▶ idle
"""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Callable, Sequence

from .record import Record
from .segments import Segment, Timeline


class Episode(Record):
    """Rows of one time that a rule fired: `onset`, `fired`, and `end` (None while it is open)."""

    onset: int
    fired: int
    end: int | None
    last: int  # the last observation that belongs to it


class Course(Record):
    """Everything that one automaton went through; `state` is unknown, ok, pending, firing or resolved."""

    state: str
    episodes: tuple[Episode, ...] = ()
    pending_since: int | None = None

    @property
    def open(self) -> Episode | None:
        return self.episodes[-1] if self.episodes and self.episodes[-1].end is None else None


class Hold(Record):
    """How long a condition must hold: a number of observations, or a distance on the clock."""

    points: int = 1
    is_counted: bool = False  # the timeline is already true only where `points` observations have held
    in_rows: bool = False  # it is a distance that is always as many rows, and `points` are rows while it is counted
    reached: Callable[[int, int, int], int | None] | None = None
    """With a distance: (onset, first, last) → the first row of first..last that lies far enough from the onset."""


def run(
    when: Timeline, hold: Hold, *, until: Timeline | None = None, since: Timeline = (), sticky: bool = False
) -> Course:
    """Step the automaton at the observations of `when`, the rows at which it is known."""
    observations = [segment for segment in when if segment.value is not None]
    if not observations:
        return Course("unknown")
    episodes: list[Episode] = []
    onset: int | None = None
    held = 0  # observations since the onset, while pending
    fired: int | None = None
    floor = 1  # what lies before belongs to an earlier episode
    for place, segment in enumerate(observations):
        first = segment.first
        while first <= segment.last:
            if fired is not None:
                end = _end(segment.value, first, segment.last, until, sticky)
                if end is None:
                    break
                assert onset is not None
                episodes.append(Episode(_walked(onset, since), fired, end, end))
                onset, fired, held, first = None, None, 0, end + 1
                floor = first
                continue
            if segment.value is False:
                onset, held = None, 0
                break
            if onset is None:
                onset, held = (first, 0) if segment.is_short else _begun(observations, place, first, hold, floor)
            fired = None if segment.is_short else _fired(hold, onset, held, first, segment.last)
            if fired is None:
                held += segment.last - first + 1
                break
            first = fired + 1
    last = observations[-1].last
    if fired is not None and onset is not None:
        episodes.append(Episode(_walked(onset, since), fired, None, last))
        return Course("firing", tuple(episodes))
    if onset is not None:
        return Course("pending", tuple(episodes), onset)
    return Course("resolved" if episodes else "ok", tuple(episodes))


def _begun(observations: Sequence[Segment], place: int, first: int, hold: Hold, floor: int) -> tuple[int, int]:
    """The row at which a condition became true that is seen to hold at `first`, and its observations from there on.

    `place` is that of the segment in which `first` lies.
    """
    if not hold.is_counted:
        return first, 0
    onset, held, missing = first, 0, hold.points - 1
    end = first - 1
    while missing and place >= 0:
        segment = observations[place]
        start = max(segment.first, min(end, segment.last) - missing + 1, floor)
        there = min(end, segment.last) - start + 1
        if there > 0:
            onset, held, missing = start, held + there, missing - there
        if segment.first < floor:
            break
        place -= 1
    return onset, held


def _fired(hold: Hold, onset: int, held: int, first: int, last: int) -> int | None:
    if hold.reached is not None and not hold.is_counted:
        return hold.reached(onset, first, last)
    row = first + max(hold.points - held - 1, 0)
    return row if row <= last else None


def _end(value: bool | None, first: int, last: int, until: Timeline | None, sticky: bool) -> int | None:
    """The row of first..last at which a firing rule comes to rest."""
    if sticky:
        return None
    if until is None:
        return first if value is False else None
    place = max(bisect_right(until, first, key=lambda segment: segment.first) - 1, 0)
    for at in range(place, len(until)):
        segment = until[at]
        if segment.first > last:
            break
        if segment.value and segment.last >= first:
            return max(segment.first, first)
    return None


def _walked(onset: int, since: Timeline) -> int:
    """The first row of the unbroken run of the `since` condition that reaches to the onset, or the onset itself."""
    place = bisect_right(since, onset, key=lambda segment: segment.first) - 1
    walked = onset
    for at in range(place, -1, -1):
        segment = since[at]
        if segment.value is False:
            break
        if segment.value:
            walked = segment.first
    return walked
