"""Numbers, moments and clauses as words: what plans and tables share."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from .report import Finding, LogFacts, Moment

GROUPED = 10_000
"""From here on the thousands of a measured number are set apart."""


def number(value: float, digits: int = 6) -> str:
    """A measured number as a person writes it: "0.2143", "1024", "10,510", "5e-07".

    Whole numbers stand in full, others with `digits` significant ones; thousands are set apart from 10,000 on, and a
    power of ten stands only where there would be more than 15 digits, or four zeros after the point.
    """
    text = as_written(value, digits)
    if not math.isfinite(value) or abs(value) >= 1e15:
        return text.replace("e+", "e")
    if "e+" in text:
        text = str(int(float(text)))
    whole, point, rest = text.partition(".")
    return f"{int(whole):,}{point}{rest}" if abs(float(text)) >= GROUPED else text


def as_written(value: float, digits: int = 9) -> str:
    """A step, or the value of a setting, as a file or a command has it: without commas."""
    if math.isnan(value):
        return "NaN"
    if math.isinf(value):
        return "inf" if value > 0 else "-inf"
    if value == int(value) and abs(value) < 1e15:
        return str(int(value))
    return f"{value:.{digits}g}"


def counted(amount: int, noun: str, plural: str = "") -> str:
    """An amount with its noun in the right number, thousands set apart: "1 row", "1,200 rows"."""
    return f"{amount:,} {noun if amount == 1 else plural or noun + 's'}"


def unit_of(clock: str) -> str:
    """What a position on the clock of a log is called: step, epoch or row."""
    return clock if clock in ("epoch", "row") else "step"


def moment(at: Moment, clock: str = "step") -> str:
    """Where a row stands: "step 81", "epoch 3", or "row 12" where the log has no steps."""
    if at.step is None or clock == "row":
        return f"row {at.row}"
    return f"{unit_of(clock)} {as_written(at.step)}"


def position(at: Moment) -> float:
    """Where a row stands on the clock, as a number; the row's own number where it has no step."""
    return float(at.row) if at.step is None else at.step


def lowered(text: str) -> str:
    """A title as it stands inside a sentence: "Margin is negative" → "margin is negative", but "KL is high" stays."""
    text = text.strip().rstrip(".")
    is_word = len(text) < 2 or not any(character.isupper() for character in text.split()[0][1:])
    return text[:1].lower() + text[1:] if is_word else text


def capital(text: str) -> str:
    """A clause as a sentence begins."""
    return text[:1].upper() + text[1:]


AT_MOST = 6
"""How many series, or values of a label, are told one by one; numbers in a row are told as a range."""


def in_series(names: Sequence[str]) -> str:
    """Series by name: "rank 0", "layers 0, 1, 4"; all pairs of some labels "splits train, test and layers 0 to 5".

    Others of several labels are told in full, and of more than a few the first, with the number of the rest.
    """
    split = [[part.partition("=") for part in name.split(" ")] for name in names]
    kinds = {tuple(kind for kind, *_ in parts) for parts in split}
    if len(kinds) != 1 or any(not sign or "=" in value for parts in split for _, sign, value in parts):
        return _abridged(names)
    found = [
        (kind, list(dict.fromkeys(parts[place][2] for parts in split))) for place, kind in enumerate(next(iter(kinds)))
    ]
    many = [values for _, values in found if len(values) > 1]
    if math.prod(map(len, many)) != len(set(names)):
        return _abridged(names)
    found.sort(key=lambda each: len(each[1]) > 1)
    told = [f"{kind if len(values) == 1 else plural(kind)} {_values(values)}" for kind, values in found]
    return f"{', '.join(told[:-1])} and {told[-1]}" if len(many) > 1 else ", ".join(told)


def _values(values: Sequence[str]) -> str:
    """The values of a label: "0, 1, 4"; five or more whole numbers in a row as "0 to 5"."""
    numbers = [int(value) for value in values if value.isascii() and value.isdecimal() and len(value) < 10]
    is_row = len(numbers) == len(values) > 4 and numbers == list(range(numbers[0], numbers[0] + len(values)))
    return f"{values[0]} to {values[-1]}" if is_row else _abridged(values)


def _abridged(names: Sequence[str]) -> str:
    if len(names) <= AT_MOST:
        return ", ".join(names)
    shown = AT_MOST // 2
    return f"{', '.join(names[:shown])} and {len(names) - shown:,} more"


def plural(noun: str) -> str:
    """The plural of a noun of one word."""
    if noun.endswith(("s", "x", "ch", "sh")):
        return f"{noun}es"
    return f"{noun[:-1]}ies" if noun.endswith("y") and noun[-2:-1] not in tuple("aeiou") else f"{noun}s"


def clause(finding: Finding, clock: str) -> str:
    """A finding in half a sentence: "margin is negative after warm-up, since step 81"."""
    where = f" in {in_series(finding.series)}" if finding.series else ""
    return f"{lowered(finding.title or finding.rule)}{where}, since {moment(finding.onset, clock)}"


def clauses(findings: Sequence[Finding], clock: str, at_most: int = 2) -> str:
    """Several findings in one clause: the first few in full, the others as a number."""
    told = [clause(finding, clock) for finding in findings[:at_most]]
    rest = len(findings) - len(told)
    return "; ".join(told) + (f"; and {counted(rest, 'more finding')}" if rest > 0 else "")


def how_far(log: LogFacts) -> str:
    """How far a run has come: "step 145 of 145", "step 80", or "12 rows"."""
    if log.last_step is None or log.clock == "row":
        return counted(log.rows, "row")
    unit = unit_of(log.clock)
    done = f"{unit} {as_written(log.last_step)}"
    return f"{done} of {as_written(log.total)}" if log.total is not None and unit == "step" else done


def listed(words: Sequence[str], last: str = "and") -> str:
    """Words in a row: "a", "a and b", "a, b and c"."""
    return f" {last} ".join([", ".join(words[:-1]), words[-1]]) if len(words) > 1 else "".join(words)
