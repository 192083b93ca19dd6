"""Conditions of a run as texts, one sign a row: most are never true, which a text shows at a glance."""

from __future__ import annotations

import re
from collections.abc import Sequence

from ..segments import Segment, Timeline

TRUE, FALSE, UNKNOWN = "T", "F", "-"
_ALIKE = re.compile(r"(.)\1*").finditer
_VALUES = {TRUE: True, FALSE: False, UNKNOWN: None}


def sign_of(flag: str) -> str:
    """SQL of the sign of a condition at a row."""
    return f"CASE {flag} WHEN true THEN '{TRUE}' WHEN false THEN '{FALSE}' ELSE '{UNKNOWN}' END"


def texts_of(signs: str, amount: int) -> list[str]:
    """The text of each of some conditions, from the signs of all of them, row after row."""
    return [signs[place::amount] for place in range(amount)]


def timeline(text: str) -> Timeline:
    """The same as segments."""
    return tuple(Segment(same.start() + 1, same.end(), _VALUES[same[0][0]]) for same in _ALIKE(text))


def is_at_rest(text: str, points: int) -> bool:
    """Whether a condition was known, is not true now, and was never true for so many observations in a row."""
    if TRUE not in text:
        return FALSE in text
    seen = text.replace(UNKNOWN, "")
    return seen.endswith(FALSE) and TRUE * points not in seen


def places(texts: Sequence[str], points: Sequence[int]) -> tuple[list[int], list[int]]:
    """Of some conditions, those that must be looked at, and those that were never known; `points` is 0 for a condition
    that must hold for something else than a number of observations."""
    busy, unknown = [], []
    for place, (text, needed) in enumerate(zip(texts, points, strict=True)):
        if TRUE in text:
            if not needed or not is_at_rest(text, needed):
                busy.append(place)
        elif FALSE not in text:
            unknown.append(place)
    return busy, unknown
