"""Amounts that are written as elsewhere: lengths in other units, dates, numbers with a letter behind them."""

from __future__ import annotations

import re
from collections.abc import Collection
from datetime import UTC, datetime

UNITS = {
    **dict.fromkeys(("point", "points", "pt", "pts", "row", "rows", "value", "values", "observations"), (1, "points")),
    **dict.fromkeys(("step", "steps", "iteration", "iterations", "iters", "updates", "batches"), (1, "steps")),
    **dict.fromkeys(("epoch", "epochs"), (1, "epochs")),
    **dict.fromkeys(("minute", "minutes", "min", "mins"), (1, "minutes")),
    **dict.fromkeys(("hour", "hours", "hr", "hrs", "h"), (60, "minutes")),
    **dict.fromkeys(("day", "days", "d"), (1440, "minutes")),
    **dict.fromkeys(("second", "seconds", "sec", "secs", "s"), (1 / 60, "minutes")),
}
"""Words for units, each with how many of which unit of the language it is."""

DATE = r"\d{4}-\d\d-\d\d(?:[T ]\d\d:\d\d(?::\d\d)?Z?)?"

_LENGTH = re.compile(r"\s*(\d+(?:\.\d+)?)\s*([A-Za-z]+)\s*")


def length_meant(text: object) -> tuple[str, str] | None:
    """The amount and the unit of a length in the language: 600 and minutes of `10 hours`; None for what is none."""
    found = _LENGTH.fullmatch(text) if isinstance(text, str) else None
    factor, unit = UNITS.get(found[2].lower(), (0, "")) if found else (0, "")
    return (f"{float(found[1]) * factor:.6g}", unit) if found and unit else None


def held_against(name: str, length: str) -> str:
    """What is said of a length beside a name; the number alone is in the unit of what has this name."""
    amount, unit = length.split()
    unit = unit.removesuffix("s")
    if name == unit:
        return f"write the number alone: {amount}"
    if name in ("step", "epoch") and unit in ("step", "epoch"):
        return f"give it in {name}s, or compare {unit} with {amount}"
    return "write a number alone, in the unit of what it is held against"


def window_mend(text: str, windows: Collection[str]) -> str:
    """How a window is written in an expression, which a quoted text should be; `windows` have names."""
    if text in windows:
        return f"write {text} without quotes"
    if text.strip().isdecimal():
        return f'write "{text.strip()} points"'
    meant = length_meant(text)
    if meant is None:
        return 'as in "20 points"'
    length = " ".join(meant)
    if meant[1] == "points":
        return f'write "{length}"'
    return f"name it under windows, as in 'w: {{last: {length}, min: 5 points}}'"


def seconds_of(date: str) -> str | None:
    """What a date, or a moment of UTC, is in seconds since 1970; None for what is none."""
    if re.fullmatch(DATE, date.strip()) is None:
        return None
    try:
        moment = datetime.fromisoformat(date.strip().removesuffix("Z"))
    except ValueError:
        return None
    return f"{moment.replace(tzinfo=UTC).timestamp():.0f}"


def date_mend(date: str) -> str:
    """What is said of a date where a number is due."""
    seconds = seconds_of(date)
    return f"a date is no number; 'time' is in seconds since 1970{f': write {seconds}' if seconds else ''}"
