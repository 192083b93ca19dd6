"""Keys that stand twice in one object: the first one counts, and the report says so."""

from __future__ import annotations

import json

from ..words import counted, listed

MOST_TOLD = 3


class _TwiceError(Exception):
    """Raised for the name of the first key that an object holds a second time."""


def doubled(line: str | bytes) -> str | None:
    """The first key that an object in a line of JSON holds twice; None where there is none, or no JSON."""
    try:
        json.loads(line, object_pairs_hook=_hold)
    except _TwiceError as found:
        return str(found.args[0])
    except (ValueError, RecursionError):
        return None
    return None


def _hold(pairs: list[tuple[str, object]]) -> None:
    names = [name for name, _ in pairs]
    if len(set(names)) < len(names):
        raise _TwiceError(next(name for place, name in enumerate(names) if name in names[:place]))


def count_doubled(path: str) -> tuple[int, str]:
    """How many lines of a file hold a key twice, and a sentence on them."""
    found: dict[str, None] = {}
    lines = 0
    with open(path, encoding="utf-8", errors="replace") as stream:
        for line in stream:
            if (name := doubled(line)) is not None:
                lines += 1
                found[name] = None
    names = [repr(name) for name in list(found)[:MOST_TOLD]] + (["others"] if len(found) > MOST_TOLD else [])
    hold = "holds" if lines == 1 else "hold"
    return lines, f"{counted(lines, 'row')} {hold} a key twice ({listed(names)}): the first of both counts"
