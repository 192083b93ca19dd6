"""Which JSON values a reader takes out of a line, and the SQL that does it: a wanted key becomes a typed column.

A key with slashes also stands for nested objects: `a/b` matches {"a/b": 1} and {"a": {"b": 1}}. DuckDB names STRUCT
fields without regard to case and gives each field one type, so keys that would collide go to separate structures
(*planes*), each a `json_transform` of its own.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from itertools import combinations, pairwise
from typing import TypeAlias

from ..record import Record

NUMBER, TEXT, RAW = "DOUBLE", "VARCHAR", "JSON"
SHARE = "SHARE"
"""A number that may also be written as a percentage: "48%" is 0.48."""
PERCENT = r"^\s*(.*\S)\s*%\s*$"
MAX_JOINTS = 5  # slashes up to which every way of nesting a key is looked for

Branch: TypeAlias = "dict[str, Branch | str]"
Path: TypeAlias = tuple[str, ...]


def literal(text: str) -> str:
    """An SQL string literal for `text`."""
    quoted = "'" + text.replace("'", "''") + "'"
    return "(" + quoted.replace("\0", "' || chr(0) || '") + ")" if "\0" in quoted else quoted


def nestings(key: str, *, nested: bool = True) -> Iterator[Path]:
    """Every way in which `key` can be written with nested objects, the flat one first."""
    if "\0" in key or not key:
        return
    if not nested:
        yield (key,)
        return
    parts = key.split("/")
    joints = range(1, len(parts))
    sizes: Iterable[int] = range(len(parts)) if len(joints) <= MAX_JOINTS else (0, 1, len(joints))
    for size in sizes:
        for cuts in combinations(joints, size):
            bounds = (0, *cuts, len(parts))
            path = tuple("/".join(parts[a:b]) for a, b in pairwise(bounds))
            if all(path):
                yield path


@dataclass(slots=True, eq=False, repr=False)
class _Plane:
    root: Branch = field(default_factory=dict)

    def add(self, path: Path, kind: str) -> bool:
        """Make room for a value, or say that another one is in its way."""
        if not self._fits(path, kind):
            return False
        branch = self.root
        for part in path[:-1]:
            inner = branch.setdefault(part, {})
            assert isinstance(inner, dict)
            branch = inner
        branch[path[-1]] = kind
        return True

    def _fits(self, path: Path, kind: str) -> bool:
        branch: Branch | str = self.root
        for depth, part in enumerate(path):
            assert isinstance(branch, dict)
            if part not in branch:
                return part.lower() not in (other.lower() for other in branch)
            branch = branch[part]
            if isinstance(branch, str):
                return depth == len(path) - 1 and branch == kind
        return False


@dataclass(slots=True, eq=False, repr=False)
class Cells:
    """The columns to read: `column` hands one out for a key and a type, the same one for the same question.

    `lacks` says of nested keys which of them cannot occur; these are `left_out`.
    """

    lacks: Callable[[Path], str | None] = lambda path: None
    wanted: dict[tuple[str, str, bool], tuple[str, list[Path]]] = field(default_factory=dict)
    left_out: set[str] = field(default_factory=set)

    def column(self, key: str, kind: str, *, nested: bool = True) -> str | None:
        """The column that will hold `key` as `kind`, None if it cannot occur; not `nested`: only where it is flat."""
        known = self.wanted.get((key, kind, nested))
        if known is None:
            found = []
            for path in nestings(key, nested=nested):
                if (lacking := self.lacks(path)) is None:
                    found.append(path)
                else:
                    self.left_out.add(lacking)
            known = self.wanted[key, kind, nested] = (f"c{len(self.wanted)}" if found else "", found)
        return known[0] or None

    def plan(self) -> Plan:
        """The structures to read, and what to take out of them."""
        planes: list[_Plane] = []
        columns: dict[str, str] = {}
        for (_, kind, _), (column, paths) in self.wanted.items():
            found = []
            stored = TEXT if kind == SHARE else kind
            for path in paths:
                for number, plane in enumerate(planes):  # noqa: B007
                    if plane.add(path, stored):
                        break
                else:
                    number = len(planes)
                    planes.append(plane := _Plane())
                    plane.add(path, stored)
                found.append(_access(f"p{number}", path))
            if found:
                value = found[0] if len(found) == 1 else f"coalesce({', '.join(found)})"
                columns[column] = _share(value) if kind == SHARE else value
        return Plan(tuple(json.dumps(plane.root, ensure_ascii=False) for plane in planes), columns)


class Plan(Record):
    """The structures of `json_transform`, and for each column the SQL that takes it out of them (p0, p1, …)."""

    structures: tuple[str, ...]
    columns: dict[str, str]


def _access(plane: str, path: Path) -> str:
    for part in path:
        plane = f"struct_extract({plane}, {literal(part)})"
    return plane


def _share(text: str) -> str:
    number = f"TRY_CAST({text} AS DOUBLE)"
    percent = f"TRY_CAST(nullif(regexp_extract({text}, {literal(PERCENT)}, 1), '') AS DOUBLE) / 100"
    return f"coalesce({number}, {percent}, CASE {text} WHEN 'true' THEN 1.0 WHEN 'false' THEN 0.0 END)"
