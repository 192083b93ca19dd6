"""Series notation: `0.65-0.001x145 _x4 nan 1 2 3` ⇄ the values of one metric, one for each row.

Pieces stand one after the other, with spaces between:

    0.65            one value; thousands may be set apart, as in 10,500
    0.5x10          ten times the same
    0.65-0.001x145  145 values: the first, then each 0.001 below the one before; `+` above it, `*` times it
    …~0.02          with jitter of at most 0.02 on each of the piece's values
    _  _x4          a value that is missing; four
    nan inf -inf    values that are not finite
    main  'x2'x5    a text, in quotes if it could be read as something else; true and false

Jitter is no chance: its k-th value is the k-th of one fixed sequence that fills the range evenly, so that a test gives
the same rows everywhere.
"""

from __future__ import annotations

import math
import re
from collections.abc import Sequence

from .model import Cell

MAX_VALUES = 100_000
"""The most values of one series."""

NUMBER = r"(?:\d{1,3}(?:,\d{3})+|\d+|(?=\.\d))(?:\.\d*)?(?:[eE][+-]?\d+)?"
"""A number without its sign, as a pattern."""

_PIECE = re.compile(
    r"(?:(?P<missing>_)|(?P<special>[+-]?(?:nan|inf))"
    rf"|(?P<start>[+-]?{NUMBER})(?:(?P<operator>[-+*])(?P<step>{NUMBER}))?"
    r"|'(?P<quoted>[^']*)'|(?P<word>[A-Za-z][\w./-]*?))"
    rf"(?:x(?P<count>\d+))?(?:~(?P<jitter>{NUMBER}))?",
    re.IGNORECASE,
)
_PIECES = re.compile(r"(?:'[^']*'|\S)+")
_GOLDEN = (math.sqrt(5) - 1) / 2
_DIGITS = 9


class NotationError(ValueError):
    """A text that is no series: the message, the offset of the faulty piece, and how to mend it."""

    def __init__(self, message: str, offset: int, hint: str) -> None:
        super().__init__(message)
        self.message, self.offset, self.hint = message, offset, hint


def read_series(text: str) -> list[Cell | None]:
    """The values that a text in series notation stands for, None where one is missing; raises NotationError."""
    return [value for piece, count in _pieces(text) for value in _values(piece, count)]


def length(text: str) -> int:
    """How many values a text in series notation stands for; raises NotationError."""
    return sum(count for _, count in _pieces(text))


def _pieces(text: str) -> list[tuple[re.Match[str], int]]:
    """The pieces of a series, each with the number of its values."""
    pieces: list[tuple[re.Match[str], int]] = []
    left = MAX_VALUES
    for found in _PIECES.finditer(text):
        piece = _PIECE.fullmatch(found[0])
        if piece is None:
            raise NotationError(f"{found[0]!r} is no piece of a series", found.start(), _hint(found[0]))
        pieces.append((piece, _count(piece, found.start(), left)))
        left -= pieces[-1][1]
    if not pieces:
        raise NotationError("a series without a value", 0, "write values, as in '0.5 0.4 0.3' or '0.5-0.1x3'")
    return pieces


def _count(piece: re.Match[str], offset: int, left: int) -> int:
    count = int(piece["count"]) if piece["count"] and len(piece["count"]) < 9 else left + 1 if piece["count"] else 1
    if not count:
        raise NotationError(f"{piece[0]!r} stands for no value", offset, "a count is at least 1")
    if count > left:
        raise NotationError(f"more than {MAX_VALUES:,} values", offset, "give the path of a log instead")
    if piece["jitter"] and not piece["start"]:
        raise NotationError(f"only numbers can have jitter, not {piece[0]!r}", offset, "take the '~' away")
    if piece["start"] and piece["operator"] and not piece["count"]:
        raise NotationError(f"{piece[0]!r} does not say how many values", offset, f"as in '{piece[0]}x10'")
    return count


def _values(piece: re.Match[str], count: int) -> list[Cell | None]:
    if piece["missing"]:
        return [None] * count
    if piece["special"]:
        return [float(piece["special"])] * count
    if piece["start"] is None:
        return [_word(piece)] * count
    start, step = number(piece["start"]), number(piece["step"] or "0")
    jitter = number(piece["jitter"] or "0")
    return [_value(start, piece["operator"], step, place, jitter) for place in range(count)]


def _value(start: float, operator: str | None, step: float, place: int, jitter: float) -> float | int:
    if operator == "*":
        try:
            value = start * step**place
        except OverflowError:
            value = math.inf
    else:
        value = start + (-step if operator == "-" else step) * place
    if jitter:
        value += jitter * (2 * ((place + 1) * _GOLDEN % 1) - 1)
    return tidy(value) if operator or jitter else tidy(start, digits=17)


def tidy(value: float, digits: int = _DIGITS) -> float | int:
    """A computed value as a log would have it: 0.3 rather than 0.30000000000000004, 12 rather than 12.0."""
    if not math.isfinite(value):
        return value
    short = float(f"{value:.{digits}g}") + 0.0
    return int(short) if short.is_integer() and abs(short) < 1e15 else short


def number(text: str) -> float:
    """The number that a text is, commas between its thousands left out; ValueError if it is none."""
    return float(text.replace(",", ""))


def _word(piece: re.Match[str]) -> Cell:
    if piece["quoted"] is not None:
        return str(piece["quoted"])
    word = str(piece["word"])
    return word.lower() == "true" if word.lower() in ("true", "false") else word


def _hint(piece: str) -> str:
    if re.fullmatch(r"[\d.,]+[-\u2013][\d.,]+", piece):
        return "a range is no value; write one, or steps such as '0.5-0.1x3'"
    if "'" in piece or '"' in piece:
        return "a text stands in single quotes"
    if re.fullmatch(r".*[^,],", piece):
        return f"blanks part the values, without commas: write '{piece.rstrip(',')}'"
    return "pieces look like 0.5, 0.5x10, 0.65-0.001x145, _, nan or 'text'"


def write_series(values: Sequence[Cell | None]) -> str:
    """A text in series notation that stands for exactly these values, equal neighbours drawn together."""
    pieces: list[str] = []
    place = 0
    while place < len(values):
        length = 1
        while place + length < len(values) and _same(values[place + length], values[place]):
            length += 1
        pieces.append(_piece(values[place]) + (f"x{length}" if length > 1 else ""))
        place += length
    return " ".join(pieces)


def _piece(value: Cell | None) -> str:
    if value is None:
        return "_"
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, str):
        if "'" in value:
            raise ValueError(f"a text with a quotation mark cannot be written as a series: {value!r}")
        return f"'{value}'"
    return repr(value).lower()


def _same(one: Cell | None, other: Cell | None) -> bool:
    if isinstance(one, float) and isinstance(other, float) and math.isnan(one) and math.isnan(other):
        return True
    return type(one) is type(other) and one == other
