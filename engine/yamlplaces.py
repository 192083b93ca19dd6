"""Where the characters of a scalar stand in its file: in quotes, over several lines, in block text.

What YAML makes of a text differs from what is written: lines are folded, `\\n` in double quotes is one character, and
the indentation goes. A problem in the middle of an expression is nevertheless told at its own line and column.
"""

from __future__ import annotations

import re
from functools import lru_cache, partial

from .errors import Position
from .record import Record

_ESCAPE = partial(re.compile, r"\\(?:x[0-9A-Fa-f]{2}|u[0-9A-Fa-f]{4}|U[0-9A-Fa-f]{8}|.)", re.S)


class Written(Record):
    """The text of a scalar in its file, from `start` to `end` of `source`; `style` is that of YAML, "" for none."""

    source: str
    start: int
    end: int
    style: str

    def places(self, value: str) -> list[int]:
        """Where in the source each character of the value begins, and the end.

        Characters that are no blanks stand in the source in the same order; a blank is taken to stand behind the
        character before it.
        """
        marks = [place for place, is_blank in self._characters() if not is_blank]
        found: list[int] = []
        at, after = 0, self.start
        for character in value:
            if character.isspace():
                found.append(after)
                after += 1
            elif at < len(marks):
                found.append(marks[at])
                at += 1
                after = marks[at - 1] + self._length(marks[at - 1])
            else:
                found.append(after)
        return [*found, after]

    def _length(self, place: int) -> int:
        if self.style == "'":
            return 2 if self.source.startswith("''", place) else 1
        escape = _ESCAPE().match(self.source, place) if self.style == '"' else None
        return len(escape[0]) if escape else 1

    def _characters(self) -> list[tuple[int, bool]]:
        """The places of the characters between start and end, and whether each is blank."""
        found = []
        place = self.start
        while place < self.end:
            length = self._length(place)
            text = self.source[place : place + length]
            found.append((place, _is_blank(text)))
            place += length
        return found


def _is_blank(text: str) -> bool:
    if len(text) == 1:
        return text.isspace()
    if text == "''":
        return False
    if text[1] in "xuU" and len(text) > 2:
        return chr(int(text[2:], 16)).isspace()
    return text[1] in "tnrvfNLP_ \t\r\n"


class TextPosition(Position):
    """The place of a scalar whose text is not written as it reads."""

    written: Written

    def within(self, text: str, offset: int) -> Position:
        """Where the character `offset` of the scalar's text stands."""
        return self._position(self._place(text, offset))

    def reach(self, text: str, offset: int, width: int) -> int:
        """How far the `width` characters from `offset` on reach in the line of the first."""
        if width <= 1:
            return width
        start, last = self._place(text, offset), self._place(text, offset + width - 1)
        newline = self.written.source.find("\n", start, last)
        if newline < 0:
            return last + self.written._length(last) - start
        return len(self.written.source[start:newline].rstrip())

    def __reduce__(self) -> tuple[type[Position], tuple[str, int, int]]:
        """A place that is kept or sent elsewhere leaves the file's text behind."""
        return Position, (self.file, self.line, self.column)

    def _place(self, text: str, offset: int) -> int:
        places = _places(self.written, text)
        return places[min(offset, len(places) - 1)]

    def _position(self, place: int) -> Position:
        source = self.written.source
        line = source.count("\n", 0, place) + 1
        return Position(self.file, line, place - (source.rfind("\n", 0, place) + 1) + 1)


@lru_cache(maxsize=16)
def _places(written: Written, text: str) -> list[int]:
    """The same for the nodes of one expression, which are asked for one after the other."""
    return written.places(text)


def text_position(at: Position, written: Written) -> TextPosition:
    """The place `at` of a text that is `written` so."""
    position = TextPosition(*at)
    position.written = written
    return position
