"""Wrapped, indented, optionally coloured lines that never exceed a width."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field

from .escape import cells, printable

STYLES = {
    "act": "1;31",
    "critical": "1;31",
    "attention": "1;33",
    "warning": "33",
    "wait": "1;36",
    "healthy": "1;32",
    "unknown": "1;35",
    "info": "36",
    "heading": "1",
    "faint": "2",
    "none": "",
}
"""The colours of a terminal by what they stand for."""


@dataclass(slots=True, eq=False, repr=False)
class Page:
    """Lines in the making: every text that is added is made safe, wrapped and, if asked for, painted."""

    width: int
    colour: bool = False
    ascii_only: bool = False
    lines: list[str] = field(default_factory=list)

    def safe(self, text: str) -> str:
        """The text as this page may show it, on one line."""
        return printable(text, ascii_only=self.ascii_only)

    def add(self, text: str, first: str = "", rest: str | None = None, *, style: str = "none", word: str = "") -> None:
        """Add a paragraph after the indent `first`, its other lines after `rest`.

        `style` paints all of it, or only `word`, where it stands in the first line.
        """
        wrapped = wrap(self.safe(text), self.width, first, " " * cells(first) if rest is None else rest)
        if word:
            wrapped[0] = wrapped[0].replace(word, self.paint(word, style), 1)
        elif style != "none":
            wrapped = [self.paint(line, style) for line in wrapped]
        self.lines += wrapped

    def raw(self, line: str, style: str = "none") -> None:
        """Add a line of our own making as it is."""
        self.lines.append(self.paint(line, style).rstrip() if style == "none" else self.paint(line.rstrip(), style))

    def blank(self) -> None:
        """Add an empty line, unless the page begins here or the last line is empty."""
        if self.lines and self.lines[-1]:
            self.lines.append("")

    def command(self, text: str, indent: str) -> None:
        """Add a command, broken with backslashes so that it can be pasted; a word too long for a line stays whole."""
        lines, line = [], indent + "$ "
        for word in self.safe(text).split(" "):
            if line.strip() not in ("$", "") and cells(line) + cells(word) + 3 > self.width:
                lines.append(line + "\\")
                line = indent + "    "
            line += word + " "
        self.lines += [*lines, line.rstrip()]

    def paint(self, text: str, style: str) -> str:
        """The text in the colour of a style, where this page has colours."""
        code = STYLES.get(style, "")
        return f"\x1b[{code}m{text}\x1b[0m" if self.colour and code and text else text

    def fits(self, text: str, first: str, lines: int) -> bool:
        """Whether a paragraph after the indent `first` takes at most so many lines."""
        safe, indent = self.safe(text), cells(first)
        if cells(" ".join(safe.split())) >= lines * (max(self.width - indent, 2) + 1):
            return False  # however the words fall
        return len(wrap(safe, self.width, first, " " * indent)) <= lines

    def shortened(self, items: Sequence[str], first: str, lines: int, noun: str = "") -> str:
        """As many of the items as fit into so many lines, and how many more there are."""
        for amount in range(len(items), 1, -1):
            text = _enough(items, amount, noun)
            if self.fits(text, first, lines):
                return text
        return _enough(items, 1, noun)

    def text(self) -> str:
        """All lines, each with its line break."""
        return "".join(line + "\n" for line in self.lines)


def wrap(text: str, width: int, first: str = "", rest: str = "") -> list[str]:
    """`text` in lines of at most `width` columns; a word that is longer than a line is cut."""
    lines, line, is_empty = [], first, True
    for word in _words(text, max(width - max(cells(first), cells(rest)), 1)):
        if not is_empty and cells(line) + 1 + cells(word) > width:
            lines.append(line)
            line, is_empty = rest, True
        line += word if is_empty else f" {word}"
        is_empty = False
    return [*lines, line.rstrip()]


def _words(text: str, longest: int) -> Iterator[str]:
    for word in text.split():
        if cells(word) <= longest:
            yield word
            continue
        piece = ""
        for character in word:
            if cells(piece) + cells(character) > longest:
                yield piece
                piece = ""
            piece += character
        yield piece


def _enough(items: Sequence[str], amount: int, noun: str) -> str:
    told = ", ".join(items[:amount])
    rest = len(items) - amount
    if rest <= 0:
        return told
    return f"{told} and {rest} more" + (f" {noun if rest == 1 else noun + 's'}" if noun else "")
