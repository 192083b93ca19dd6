"""A series of numbers as one line of blocks."""

from __future__ import annotations

import math
from collections.abc import Sequence

BLOCKS = "▁▂▃▄▅▆▇█"
ASCII = "_.-:=+*#"


def sparkline(values: Sequence[float | None], width: int = 40, *, ascii_only: bool = False) -> str:
    """The values as blocks, lowest to highest, thinned to `width`; a gap where nothing is known.

    A series without any known value gives an empty text, one that never moves a line at half height.
    """
    levels = ASCII if ascii_only else BLOCKS
    points = _thinned([value if value is None or math.isfinite(value) else None for value in values], width)
    known = [value for value in points if value is not None]
    if not known:
        return ""
    low, high = min(known), max(known)
    return "".join(" " if value is None else levels[_level(value, low, high, len(levels))] for value in points)


def column(position: float, first: float, last: float, width: int) -> int:
    """The column of a sparkline under which a position on the clock lies."""
    if last <= first:
        return 0
    return min(max(int((position - first) / (last - first) * width), 0), width - 1)


def _level(value: float, low: float, high: float, levels: int) -> int:
    # Halved first, so that the range of two huge numbers does not overflow.
    spread = high / 2 - low / 2
    if not spread:
        return (levels - 1) // 2
    return min(int((value / 2 - low / 2) / spread * levels), levels - 1)


def _thinned(values: Sequence[float | None], width: int) -> list[float | None]:
    """At most `width` values: of each stretch the one furthest from the middle of all, so that spikes stay."""
    if len(values) <= width:
        return list(values)
    known = sorted(value for value in values if value is not None)
    middle = known[len(known) // 2] if known else 0.0
    thinned: list[float | None] = []
    for place in range(width):
        stretch = values[place * len(values) // width : (place + 1) * len(values) // width]
        thinned.append(max((v for v in stretch if v is not None), key=lambda v: abs(v / 2 - middle / 2), default=None))
    return thinned
