"""What the bytes of a file say before any of it is parsed: which keys cannot be in it, and whether its lines are good.

Most of the keys that a pack knows are spelled in none of a log's lines. Planning and filling a column for each of them
would cost more than the rest of the reading, so those that the bytes rule out are never asked for.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Sequence
from contextlib import suppress

from ..record import Record
from .doubled import doubled
from .normalise import Source

SMALL = 1 << 22  # bytes; a file up to this size is looked at as a whole, a larger one in pieces
_PIECES, _PIECE = 16, 1 << 16
_BEFORE_COLON = re.compile(rb'"(?=([^"\\]*)"[ \t\x1d]*:)')
_ENCODER = json.JSONEncoder(ensure_ascii=False)
ESCAPES = ("\\u", "\\/")  # one character spelled in two ways, so that bytes prove nothing


class Survey(Record):
    """The names that stand before a colon in a file (None: any may), or in pieces of it where it is not `whole`.

    `clean` says of a large file that its pieces show no malformed line.
    """

    names: frozenset[bytes] | None = None
    whole: bool = True
    clean: bool = False
    deep: bool = True  # nested keys are among the names, too
    percent: bool = True  # a text may end in a percent sign
    doubled: bool = False  # the first line holds a key twice

    def lacks(self, path: Sequence[str]) -> str | None:
        """The first of these nested keys that has not been seen, None if all may occur."""
        if self.names is None:
            return None
        parts = path if self.deep else path[:1]
        return next((part for part in parts if (name := spelled(part)) not in self.names and b"\\" not in name), None)

    def with_outermost(self, names: Iterable[str]) -> Survey:
        """The same, with more names of outermost keys, and nothing known of what is nested in them."""
        return self._replace(names=(self.names or frozenset()) | {spelled(name) for name in names}, deep=False)


def survey(source: Source) -> Survey:
    """Look through a file."""
    whole = source.size <= SMALL
    pieces = []
    with open(source.path, "rb") as stream:
        if whole:
            pieces.append(stream.read())
        else:
            for number in range(_PIECES):
                stream.seek(number * (source.size - _PIECE) // (_PIECES - 1))
                pieces.append(stream.read(_PIECE))
    is_doubled = doubled(pieces[0].lstrip()[: 1 << 16].partition(b"\n")[0]) is not None
    if whole and any(sign.encode() in pieces[0] for sign in ESCAPES):
        return Survey(doubled=is_doubled)
    names = frozenset(name for piece in pieces for name in _BEFORE_COLON.findall(piece))
    percent = any(b'%"' in piece for piece in pieces)
    return Survey(names, whole, clean=not whole and all(map(_is_clean, pieces)), percent=percent, doubled=is_doubled)


def names(source: Source, seen: Survey) -> frozenset[str]:
    """The names of the keys that the survey of a file showed, each name in nested objects on its own."""
    if seen.names is not None:
        return frozenset(_plain(name) for name in seen.names)
    found: set[str] = set()
    with open(source.path, encoding="utf-8", errors="replace") as stream:
        for line in stream:
            with suppress(ValueError, RecursionError):
                json.loads(line, object_pairs_hook=lambda pairs: found.update(name for name, _ in pairs))
    return frozenset(found)


def _plain(name: bytes) -> str:
    return name.decode("utf-8", "replace")


def spelled(name: str) -> bytes:
    """A key as it stands between its quotes, escaped no more than it must be."""
    return _ENCODER.encode(name)[1:-1].encode("utf-8", "surrogatepass")


def pattern(names: Iterable[str]) -> str:
    """A regular expression for one of these keys between its quotes."""
    plain = (re.escape(spelled(name).decode("utf-8", "replace")) for name in sorted(names))
    return f'"(?:{"|".join(plain)})"'


def _is_clean(piece: bytes) -> bool:
    for line in piece.split(b"\n")[1:-1]:
        try:
            json.loads(line)
        except ValueError:
            return False
    return True
