"""Work in two parts of about the same size: what streams over the rows keeps one thread busy."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import TypeVar

T = TypeVar("T")


def halves(items: Iterable[T], work: Callable[[T], int]) -> list[list[T]]:
    """The items in two parts, or in one where there is only one, the largest placed first; `work` says how large."""
    parts: list[list[T]] = [[], []]
    sizes = [0, 0]
    for item in sorted(items, key=work, reverse=True):
        lighter = sizes.index(min(sizes))
        parts[lighter].append(item)
        sizes[lighter] += work(item)
    return [part for part in parts if part]
