"""A log on its way to a reader: where it is, what is wanted of it, and what its first bytes look like."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable
from contextlib import ExitStack, suppress
from dataclasses import dataclass, field
from functools import cached_property
from typing import TYPE_CHECKING, Any, TypeAlias

from ..database import duckdb
from ..pack import Format
from ..report import Known
from .model import Choose, Shipped, Wanted
from .normalise import Source, copied

if TYPE_CHECKING:
    from .deadline import Deadline
    from .finish import Scan

Witness: TypeAlias = "Callable[[Opening, Scan], None]"
"""What looks at the rows of a log beside its reader."""

_HEAD = 1 << 16
_LONGEST_HEADER = 1 << 22
"""Bytes of the names of a table's columns that are still read: some services export all metrics side by side."""
_PARSED = 20  # lines of the head that are parsed at most
TURNS = str.maketrans({"\r": " ", "\x1d": " "})


class Head:
    """The beginning of a log, as the readers look at it to say whether it is theirs."""

    def __init__(self, raw: bytes) -> None:
        self.raw = raw

    @cached_property
    def text(self) -> str:
        """The beginning as text; what is no UTF-8 stands as U+FFFD."""
        return self.raw.decode("utf-8-sig", "replace")

    @cached_property
    def lines(self) -> list[str]:
        """The lines that are not blank; the last one may be cut."""
        return [line for line in self.text.translate(TURNS).split("\n") if line.strip()]

    @cached_property
    def objects(self) -> list[dict[str, Any]]:
        """The JSON objects that stand on a line of their own among the first lines."""
        found = []
        for line in self.lines[:_PARSED]:
            if line.lstrip()[:1] == "{":
                with suppress(ValueError, RecursionError):
                    found.append(json.loads(line))
        return found

    @cached_property
    def keys(self) -> frozenset[str]:
        """The outermost keys of these objects."""
        return frozenset(key for each in self.objects for key in each)

    @property
    def is_lines(self) -> bool:
        """Whether JSON objects stand one a line here."""
        begun = any(line.lstrip()[1:].lstrip()[:1] in ('"', "}") for line in self.lines if line.lstrip()[:1] == "{")
        return begun and not self.is_document

    @cached_property
    def is_document(self) -> bool:
        """Whether this is, or may be, one JSON value over all of the file, and no row by itself."""
        first = self.lines[0].strip() if self.lines else ""
        if first[:1] not in ("{", "["):
            return False
        try:
            json.loads(first)
        except RecursionError:
            return False
        except ValueError as error:
            if len(self.lines) == 1:
                return True
            goes_on = getattr(error, "pos", 0) >= len(first) and first[-1] in "[{,"
            return goes_on and not self._begins_anew()
        return len(self.lines) == 1

    def _begins_anew(self) -> bool:
        """Whether the second line is a row, so that the first one is only torn."""
        after = self.lines[2].lstrip() if len(self.lines) > 2 else "{"
        return _is_object(self.lines[1]) and after[:1] == "{"


def _is_object(line: str) -> bool:
    try:
        return isinstance(json.loads(line), dict)
    except (ValueError, RecursionError):
        return False


@dataclass(slots=True, eq=False, repr=False)
class Opening:
    """What a reader is given: a connection, the log (`path` is its name for messages), and what is asked of it.

    `known` is what files beside the log say of its run. `forced`: the user has named the reader, so that it must not
    ask whether the log is its own. `names` are those of the keys, once the reader has told them, and the `witness` is
    shown the rows as they are read. `shipped` gives the formats of
    console output of the shipped packs, by pack.
    """

    con: duckdb.DuckDBPyConnection
    stack: ExitStack
    source: Source
    path: str
    asked: Wanted | Choose
    forced: bool = False
    known: tuple[Known, ...] = ()
    shipped: Shipped = dict
    head: Head = field(default_factory=lambda: Head(b""))
    names: Iterable[str] = ()
    witness: Witness | None = None
    deadline: Deadline | None = None

    def check(self) -> None:
        """Raise OverdueError if the time for the log is over."""
        if self.deadline is not None:
            self.deadline.check()

    def mended(self) -> Source:
        """The source as a plain copy with its oddities ironed out, made once."""
        if not self.source.copied:
            self.source = self.stack.enter_context(copied(self.source, self.path, self.deadline))
        return self.source

    def formats(self) -> tuple[Format, ...]:
        """The formats of console output: those of the pack, or of all packs where it is yet to be chosen."""
        if isinstance(self.asked, Wanted):
            return self.asked.formats
        return tuple(each for found in self.shipped().values() for each in found)

    def wanted(self, names: Iterable[str]) -> Wanted:
        """What is wanted of a log whose keys have these names."""
        self.names = names
        return self.asked if isinstance(self.asked, Wanted) else self.asked(frozenset(names))


def head_of(source: Source) -> Head:
    """The beginning of a source."""
    with open(source.path, "rb") as stream:
        raw = stream.read(_HEAD)
        if b"\n" not in raw and not source.kept and raw.lstrip()[:1] not in (b"{", b"["):
            raw += stream.readline(_LONGEST_HEADER) + stream.read(_HEAD)
        return Head(raw)
