"""Things that are defined by one another: the order in which they can be looked at, or the circle that they make."""

from __future__ import annotations

from collections.abc import Iterable, Mapping


def ordered(needs: Mapping[str, Iterable[str]]) -> list[str] | None:
    """The names, each behind those that it needs; None where one needs itself, however far round."""
    from graphlib import CycleError, TopologicalSorter

    try:
        return list(TopologicalSorter(needs).static_order())
    except CycleError:
        return None


def way_back(start: str, needs: Mapping[str, Iterable[str]]) -> list[str]:
    """A way from a name back to it over what is needed, nothing where there is none."""
    path: list[str] = []
    seen: set[str] = set()
    waiting = [iter(needs[start])]
    while waiting:
        name = next((each for each in waiting[-1] if each not in seen), None)
        if name is None:
            waiting.pop()
            path = path[:-1]
            continue
        seen.add(name)
        path.append(name)
        if name == start:
            return path
        waiting.append(iter(needs[name]))
    return []
