"""Rules in portions: of a run so long that the columns for all of its rules would fill the memory."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from math import ceil
from typing import TYPE_CHECKING, TypeVar

if TYPE_CHECKING:
    from .database import duckdb

T = TypeVar("T")
K = TypeVar("K")

AT_ONCE = 4 << 30
"""Bytes that the columns of one portion may take where the memory is not limited, so that a log of many millions of
rows leaves memory to the training beside it. What portions share is made twice.
"""
_OF_LIMIT = 0.5
"""The share of a memory limit that they may take: the log's own columns, and what is made of them, need the rest."""
_LEAST = 24
"""So many columns are made at once in any case: smaller portions take longer than to write some of them to disk."""
_CELL = 8
_UNITS = ("bytes", "KiB", "MiB", "GiB", "TiB", "PiB", "EiB")


def portions(needs: Mapping[T, Collection[K]], most: int) -> list[list[T]]:
    """What needs some things, in portions that need at most so many together, or are one that needs more by itself.

    A portion begins with what needs the most, and goes on with what shares the most with it: what two portions need is
    made twice.
    """
    left = {each: frozenset(needed) for each, needed in needs.items()}
    found: list[list[T]] = []
    while left:
        first = max(left, key=lambda each: len(left[each]))
        had = set(left.pop(first))
        portion = [first]
        while fitting := [each for each in left if len(had | left[each]) <= max(most, len(had))]:
            chosen = max(fitting, key=lambda each: (len(had & left[each]), -len(left[each] - had)))
            had |= left.pop(chosen)
            portion.append(chosen)
        found.append(portion)
    return found


def most_at_once(con: duckdb.DuckDBPyConnection, columns: int, rows: int) -> int:
    """How many of the columns, each of so many rows, are made at once: all of them where the memory allows it."""
    found = con.execute("SELECT current_setting('memory_limit')").fetchone()
    assert found is not None
    fitting = max(_LEAST, int(min(AT_ONCE, _OF_LIMIT * _bytes(found[0])) / (_CELL * max(1, rows))))
    return ceil(columns / ceil(columns / fitting)) if columns > fitting else columns


def _bytes(size: str) -> float:
    """The bytes of a size as DuckDB writes it, such as "1.3 GiB"."""
    number, unit = size.split()
    return float(number) * float(1024 ** _UNITS.index(unit))
