"""Which of the shipped packs a log belongs to, by the keys that its lines have: what `--pack auto` does.

A pack fits where every one of its `detect` keys occurs. Of several that fit, one that extends another, or asks for all
of its keys and more, is the more specific one and is chosen; any others are ambiguous.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence
from functools import lru_cache
from pathlib import Path

from .errors import LogError
from .readers.cells import nestings
from .record import Record
from .report import Fit
from .shelf import HEADS, taken
from .shipped import RULES, pack_files
from .words import listed

GENERAL = "common"
"""The pack that knows no regime, which is never chosen, only named."""

_HEAD = ("pack", "title", "extends", "detect")


class Head(Record):
    """What a pack says about itself before it has to be loaded: its name, its title, the keys that tell its logs, and
    the shipped packs that it extends, the nearest first."""

    pack: str
    title: str
    detect: tuple[str, ...]
    parents: tuple[str, ...] = ()


class NoPackError(LogError):
    """Raised when no pack or more than one fits a log; `fits` are all that share a key with it, the nearest first."""

    def __init__(self, message: str, *, path: str, hint: str, fits: Sequence[Fit]) -> None:
        super().__init__(message, path=path, hint=hint)
        self.fits = tuple(fits)


def choose(path: str, names: Collection[str]) -> Fit:
    """The shipped pack that fits a log with keys of these names (of nested objects, each name on its own).

    Raises NoPackError where none fits, or several of which none is more specific than all the others.
    """
    known = heads(RULES)
    fits = [fit for fit in (_fit(head, names) for head in known) if fit.found]
    fits.sort(key=lambda fit: (bool(fit.missing), len(fit.missing) - len(fit.found), fit.pack))
    whole = [fit for fit in fits if not fit.missing]
    best = _most_specific(whole, {head.pack: head for head in known})
    if len(best) == 1:
        return best[0]
    if best:
        told = "; ".join(f"{fit.pack}: {listed(fit.found)}" for fit in best)
        hint = f"give --pack {' or --pack '.join(fit.pack for fit in best)}"
        raise NoPackError(f"more than one pack fits this log ({told})", path=path, hint=hint, fits=fits)
    told = "; ".join(f"{fit.pack} would also need {listed(fit.missing)}" for fit in fits)
    message = "no pack fits this log by its keys" + (f" ({told})" if told else "")
    hint = f"--pack {GENERAL} judges any log with a loss, 'rules packs' lists the others"
    if not fits and (named := [head.pack for head in heads(RULES)]):
        hint = f"say what is trained, with --pack {listed(named, 'or')}; --pack {GENERAL} judges any log with a loss"
    raise NoPackError(message, path=path, hint=hint, fits=fits)


@lru_cache(maxsize=4)
def heads(folder: Path) -> tuple[Head, ...]:
    """The heads of the packs in a folder that tell how to know their logs, by name."""
    return taken(HEADS, folder, lambda: heads_of(folder))


def heads_of(folder: Path) -> tuple[Head, ...]:
    """The same, read from the files of the packs."""
    found = {path.stem: _head(path) for path in pack_files(folder)}
    return tuple(head._replace(parents=_parents(head, found)) for head in found.values() if head.detect)


def occurs(key: str, names: Collection[str]) -> str:
    """The key, if a log with these names has it, flat or in nested objects, else ""; `*` stands for any text, and
    `{a,b}` for a or b: then it is the first of them that the log has."""
    for each in _spelled(key):
        if any(all(_is_among(part, names) for part in path) for path in nestings(each)):
            return each
    return ""


def _fit(head: Head, names: Collection[str]) -> Fit:
    found = {key: each for key in head.detect if (each := occurs(key, names))}
    return Fit(head.pack, tuple(found.values()), tuple(key for key in head.detect if key not in found))


def _spelled(key: str) -> list[str]:
    """The keys that one with alternatives in braces stands for."""
    before, opened, rest = key.partition("{")
    inside, closed, after = rest.partition("}")
    if not (opened and closed):
        return [key]
    return [before + each.strip() + end for each in inside.split(",") for end in _spelled(after)]


def _most_specific(fits: Sequence[Fit], heads: Mapping[str, Head]) -> list[Fit]:
    """Those of the packs that fit which no other one of them goes beyond."""

    def goes_beyond(one: Fit, other: Fit) -> bool:
        return other.pack in heads[one.pack].parents or set(one.found) > set(other.found)

    return [fit for fit in fits if not any(goes_beyond(each, fit) for each in fits)]


def _parents(head: Head, heads: Mapping[str, Head]) -> tuple[str, ...]:
    """The packs that a pack extends, of those with these heads; one that extends itself is for who loads it to tell."""
    found: list[str] = []
    while head.parents and (parent := head.parents[0]) in heads and parent not in found:
        found.append(parent)
        head = heads[parent]
    return tuple(found)


def _head(path: Path) -> Head:
    """The head of a pack, read without the rest of its file, which is a hundred times as long; of the packs that it
    extends, the one that it names."""
    from .yamlio import compose

    fields = compose("".join(_head_lines(path.read_text(encoding="utf-8"))), f"rules/{path.name}").root.value
    plain = {key: item.plain() for key, item in fields.items()} if isinstance(fields, dict) else {}
    detect = plain.get("detect")
    keys = tuple(str(key) for key in detect) if isinstance(detect, list) else ()
    extends = plain.get("extends")
    return Head(path.stem, str(plain.get("title", "")), keys, (Path(str(extends)).stem,) if extends else ())


def _head_lines(text: str) -> Iterator[str]:
    inside = False
    for line in text.splitlines(keepends=True):
        if line[:1].isalpha():
            inside = line.partition(":")[0] in _HEAD
        if inside:
            yield line


def _is_among(pattern: str, names: Collection[str]) -> bool:
    if "*" not in pattern:
        return pattern in names
    first, *middle, last = pattern.split("*")
    return any(_matches(name, first, middle, last) for name in names)


def _matches(name: str, first: str, middle: Sequence[str], last: str) -> bool:
    if not (name.startswith(first) and name.endswith(last) and len(name) >= len(first) + len(last)):
        return False
    at, end = len(first), len(name) - len(last)
    for piece in middle:
        found = name.find(piece, at, end)
        if found < 0:
            return False
        at = found + len(piece)
    return True
