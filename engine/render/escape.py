"""Text from logs and packs made safe for a terminal."""

from __future__ import annotations

import unicodedata

# Arrow, dashes, ellipsis, dot, times, at most, at least, minus, quotation marks.
_ASCII = {
    0x2192: "->",
    0x2013: "-",
    0x2014: "-",
    0x2026: "...",
    0x00B7: "-",
    0x00D7: "x",
    0x2264: "<=",
    0x2265: ">=",
    0x2212: "-",
    0x201C: '"',
    0x201D: '"',
    0x2018: "'",
    0x2019: "'",
}


def printable(text: str, *, ascii_only: bool = False) -> str:
    """`text` on one line, with control, bidirectional and other invisible characters as visible escapes."""
    clean = "".join(_visible(character) for character in text)
    if ascii_only:
        clean = clean.translate(_ASCII).encode("ascii", "backslashreplace").decode("ascii")
    return clean


def cells(text: str) -> int:
    """How many columns of a terminal the text takes."""
    if text.isascii():
        return len(text)
    return sum(_cells(character) for character in text)


def _visible(character: str) -> str:
    if character in "\n\t\r":
        return " "
    # Cc control, Cf format (bidirectional, zero width), Cs surrogate, Co private, Cn unassigned, Zl/Zp separators.
    if unicodedata.category(character) not in ("Cc", "Cf", "Cs", "Co", "Cn", "Zl", "Zp"):
        return character
    code = ord(character)
    if code < 0x100:
        return f"\\x{code:02x}"
    return f"\\u{code:04x}" if code < 0x10000 else f"\\U{code:08x}"


def _cells(character: str) -> int:
    if unicodedata.combining(character):
        return 0
    return 2 if unicodedata.east_asian_width(character) in "WF" else 1


def encodable(text: str, encoding: str | None) -> str:
    """The text with everything escaped that an output of this encoding cannot take."""
    encoding = encoding or "ascii"
    return text.encode(encoding, "backslashreplace").decode(encoding)
