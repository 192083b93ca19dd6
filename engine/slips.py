# ruff: noqa: RUF001 - the signs that are mistaken for others are what this is about
"""Slips of the hand in an expression: where they stand in its text, and how they are written in the language.

Python, whose reader is used, often complains of another place than the one that is to be mended.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Callable

from .amounts import DATE, date_mend, held_against, length_meant
from .record import Record


class Slip(Record):
    """A slip: where it stands in a text, how many characters it takes, and the mend; no width where nothing stands."""

    offset: int
    width: int
    hint: str


_SIGNS = {
    "≥": ">=",
    "≤": "<=",
    "≠": "!=",
    "×": "*",
    "·": "*",
    "÷": "/",
    "−": "-",
    "–": "-",
    "∧": "and",
    "∨": "or",
    "¬": "not",
}
_WORDS = {"and": "and", "or": "or", "not": "not", "&&": "and", "||": "or", "&": "and", "|": "or", "xor": "!="}
_TURNED = {"=>": ">=", "=<": "<=", "<>": "!=", "!": "not", ":=": "==", "===": "=="}
_CLOSING = {"(": ")", "[": "]", "{": "}"}
_KEYWORDS = frozenset({"and", "or", "not", "in", "if", "else", "is"})
_LENGTHS = r"\d+(?:\.\d+)?\s+(?:point|step|epoch|minute|hour|day|second)s?\b"
NO_SLIP = "write a condition such as 'loss > 2 and step > 100'"
"""What is said where nothing better is known."""

_THOUSANDS = {"k": 1e3, "m": 1e6}


def _percent(found: re.Match[str]) -> str:
    return f"write {float(found[1]) / 100:g}, or the number alone if the log is in per cent"


def _sign(found: re.Match[str]) -> str:
    sign = found[0]
    plain = _SIGNS.get(sign) or unicodedata.normalize("NFKC", sign)
    if not plain.strip():
        return "write a plain blank"
    return f"write {plain}" if plain.isascii() else "take it out"


def _length(found: re.Match[str]) -> str:
    if found.string[: found.start()].rstrip()[-1:] in ("(", ","):
        return f'put it in quotes, as in "{" ".join(length_meant(found[0]) or ())}"'
    compared = re.search(r"(\w+)\s*[<>=!]=?\s*$", found.string[: found.start()])
    return held_against(compared[1] if compared else "", found[0])


def _alone(text: str) -> str:
    """What is said of a length where a number is due."""
    meant = length_meant(text)
    if meant is None or meant[1].startswith(text.split()[1].removesuffix("s")):
        return held_against("", text)
    return f"write a number alone; lengths with a unit stand under windows and in 'for', as in '{' '.join(meant)}'"


_SLIPS: tuple[tuple[re.Pattern[str], Callable[[re.Match[str]], str]], ...] = tuple(
    (re.compile(pattern), hint)
    for pattern, hint in (
        ("[“”„‟«»‘’‚‛]", lambda _: "write straight quotes, as in 'main'"),
        (r"…|\.{3}", lambda _: "write out what is left out here"),
        (r"[^\x00-\x7F\w]", _sign),
        (rf"(?<![\w.-]){DATE}", lambda found: date_mend(found[0])),
        (
            r"(?<![\w.])(\d+(?:\.\d+)?)([kKM])\b",
            lambda found: f"write {float(found[1]) * _THOUSANDS[found[2].lower()]:.15g}",
        ),
        (r"(?<![\w.])(\d+(?:\.\d+)?)\s*%(?=\s*(?:and\b|or\b|if\b|else\b|[)\],<>=!]|$))", _percent),
        (r"&&|\|\||\b(?:AND|OR|NOT|And|Or|Not|XOR|xor)\b", lambda found: f"write '{_WORDS[found[0].lower()]}'"),
        (r"===|=>|=<|<>|:=|!(?!=)", lambda found: f"write {_TURNED[found[0]]}"),
        (r"\bthen\b|(?<=\s)\?", lambda _: "a choice is written 'a if condition else b'"),
        (r"\b(?:is\s+)?between\b", lambda _: "write it as in 1 < loss < 2"),
        (r"(?<![\w.])\d*\.\d+(?:\.\d*)+|(?<![\w.])\d+\.\.\d+", lambda _: "a number has one point"),
        (r"(?<![\w.])0+[1-9]\d*(?![\w.])", lambda found: f"write {int(found[0])}"),
        (rf"(?<![\w.]){_LENGTHS}", _length),
        (r"[@$?#`\\]", lambda found: f"take '{found[0]}' out"),
        (r";", lambda _: "an expression is one condition: join two with 'and'"),
    )
)
_ALONE = re.compile(rf"\s*({_LENGTHS})\s*")


def slip_in(text: str, told: str) -> Slip | None:
    """The first slip of a text that is no expression, of which Python has `told`; None where none is known."""
    if alone := _ALONE.fullmatch(text):
        return Slip(alone.start(1), len(alone[1]), _alone(alone[1]))
    signs = re.sub(r"""'[^']*'|"[^"]*\"""", lambda quoted: "_" * len(quoted[0]), text)
    found = [Slip(match.start(), len(match[0]), hint(match)) for slip, hint in _SLIPS if (match := slip.search(signs))]
    if found:
        return min(found, key=lambda each: each.offset)
    opened, closed = _unmatched(signs)
    if opened is not None and re.search("was never closed|does not match opening", told):
        return Slip(opened, 1, f"close it with '{_CLOSING[signs[opened]]}'")
    if closed is not None:
        return Slip(closed, 1, "take the bracket out, or open one for it")
    if single := re.search(r"(?<![=<>!])=(?!=)", signs):
        return Slip(single.start(), 1, "compare with ==") if "'=='" in told else None
    if "unterminated string" in told:
        quote = re.search("['\"]", signs)
        return Slip(quote.start(), 1, "close the quote") if quote else None
    return _beside(signs)


def hint_for(text: str) -> str:
    """What is said of a text in which no slip is known."""
    if re.search(r"(?<![=<>!])=(?!=)", text):
        return "compare with =="
    if re.search(r"(?:[-+*/<>=]|\b(?:and|or|not|in))\s*$", text):
        return "something is missing at the end"
    if re.match(r"\s*(?:[*/<>=]|(?:and|or|in)\b)", text):
        return "something is missing at the beginning"
    return NO_SLIP


def _beside(signs: str) -> Slip | None:
    """The second of two names or numbers without an operator between them."""
    for found in re.finditer(r"([\w.]+)\s+(?=([\w.]+))", signs):
        if found[1] not in _KEYWORDS and found[2] not in _KEYWORDS:
            return Slip(found.start(2), len(found[2]), "an operator is missing before it, such as 'and' or '>'")
    return None


def _unmatched(signs: str) -> tuple[int | None, int | None]:
    """The last bracket that is not closed, and the first that closes none, each where there is one."""
    is_open: list[int] = []
    for found in re.finditer(r"[()\[\]{}]", signs):
        if found[0] in _CLOSING:
            is_open.append(found.start())
        elif is_open and _CLOSING[signs[is_open[-1]]] == found[0]:
            is_open.pop()
        else:
            return None, found.start()
    return (is_open[-1] if is_open else None), None
