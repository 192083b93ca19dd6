"""Queries in layers: each computes columns over the one below, and carries only what something above still reads."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field

_WORD = re.compile(r"[a-z_][a-z0-9_]*").findall


@dataclass(slots=True, eq=False, repr=False)
class Layer:
    """Select items by column name, and the clauses (such as WINDOW) that follow the source."""

    items: dict[str, str] = field(default_factory=dict)
    clauses: str = ""

    def reads(self) -> set[str]:
        """Every word of the layer's SQL; the columns that it needs are among them."""
        return {word for text in (*self.items.values(), self.clauses) for word in _WORD(text)}


def shared(layer: dict[str, str], item: str, prefix: str) -> str:
    """The name of `item` in the layer, added if it is not there yet."""
    for name, known in layer.items():
        if known == item:
            return name
    name = f"{prefix}{len(layer)}"
    layer[name] = item
    return name


def stack(source: str, columns: Iterable[str], layers: Sequence[Layer], keep: Sequence[str]) -> str:
    """One SELECT of `keep` from the layers over `source` (a table, or a query in parentheses) with these columns.

    A short run costs what its statements take to parse and to bind. DuckDB 2 spends as much on a column that is named
    as on two that a star stands for; so most columns of a layer are carried by a star, few by their names.
    """
    used = [layer for layer in layers if layer.items]
    below = [set(columns)]
    for layer in used:
        below.append(below[-1] | set(layer.items))
    needed, wanted = set(keep), []
    for layer, known in zip(reversed(used), reversed(below[:-1]), strict=True):
        wanted.append(needed)
        needed = ((needed - set(layer.items)) | layer.reads()) & known
    sql, present = source, list(columns)
    for place, (layer, needs) in enumerate(zip(used, reversed(wanted), strict=True), 1):
        carried = [column for column in present if column in needs and column not in layer.items]
        made = {name: item for name, item in layer.items.items() if name in needs}
        if place < len(used) and 2 * len(carried) > len(present) and not made.keys() & set(present):
            shown, present = ["*"], [*present, *made]
        else:
            shown, present = carried, [*carried, *made]
        shown = [*shown, *(f"{item} AS {name}" for name, item in made.items())]
        if place == len(used) and set(present) == set(keep):
            return f"SELECT {', '.join(shown)} FROM {sql}{layer.clauses}"
        sql = f"(SELECT {', '.join(shown)} FROM {sql}{layer.clauses})"
    return f"SELECT {', '.join(keep)} FROM {sql}"
