"""Patterns of a pack: parsed here, and run over a log by RE2 alone."""

from __future__ import annotations

import re
import warnings

MAX_REPEAT = 1000
"""The most that RE2 lets a counted repetition ask for."""

_NOT_RE2 = (
    (r"\(\?<?[=!]", "look-around"),
    (r"\(\?P=|\\[1-9]", "back references"),
    (r"\(\?>|(?<!\\)[*+?}]\+", "possessive groups and repetitions"),
    (r"\(\?\(", "conditions"),
    (r"\(\?#", "comments"),
    (r"\(\?[a-z]*[aLux]", "flags but i, m and s"),
    (r"\\Z", "\\Z (write $)"),
    (r"\\[uUN]", "escapes by code or name (write the character)"),
)


def foreign(pattern: str) -> str:
    """What a regular expression of Python has that RE2 does not know; empty where there is nothing."""
    found = next((what for sign, what in _NOT_RE2 if re.search(sign, pattern)), "")
    if not found and any(int(count) > MAX_REPEAT for count in re.findall(r"[{,](\d{1,9})(?=[,}])", pattern)):
        return f"counted repetitions above {MAX_REPEAT}"
    return found


def parsed(pattern: str) -> re.Pattern[str]:
    """The pattern as Python reads it, for its groups; raises re.error, OverflowError or RecursionError.

    What a later Python may mean by `[[` or `--` is of no concern: RE2 runs the pattern.
    """
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", FutureWarning)
        return re.compile(pattern)
