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


def stack(source: str, columns: Iterable[str], layers: Sequence[Layer], keep: Sequence[str]) -> str:
    """One SELECT of `keep` from the layers over `source` (a table, or a query in parentheses) with these columns.

    Star expansion would bind every column once more in every layer, which is most of what a short run costs.
    """
    used = [layer for layer in layers if layer.items]
    known = [set(columns)]
    for layer in used:
        known.append(known[-1] | set(layer.items))
    needed, wanted = set(keep), []
    for layer, below in zip(reversed(used), reversed(known[:-1]), strict=True):
        wanted.append(needed)
        needed = ((needed - set(layer.items)) | layer.reads()) & below
    sql = source
    for layer, needs, below in zip(used, reversed(wanted), known[:-1], strict=True):
        carried = sorted((needs & below) - set(layer.items))
        items = [*carried, *(f"{item} AS {name}" for name, item in layer.items.items() if name in needs)]
        sql = f"(SELECT {', '.join(items)} FROM {sql}{layer.clauses})"
    return f"SELECT {', '.join(keep)} FROM {sql}"
