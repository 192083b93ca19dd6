"""Texts with placeholders, `{name}` or `{name:.3g}`: what a rule says and the command that a plan prints."""

from __future__ import annotations

import math
import re
from collections.abc import Iterator, Mapping
from functools import lru_cache, partial

from .errors import Position, Problem
from .pack import Scalar
from .record import Record
from .words import as_written, number

_PIECE = re.compile(r"\{\{|\}\}|\{([^{}]*)\}|[{}]")
_NAME = partial(re.fullmatch, r"[A-Za-z][A-Za-z0-9_]*")
_SPEC = partial(re.fullmatch, r"\+?,?(?:\.\d{1,2})?[gef%]?|,?d|s")
_GENERAL = re.compile(r"(\+?),?(?:(?:\.(\d{1,2}))?g|s?)").fullmatch
_SPECS = "use one such as g, .3g, .2e, .1f, .0%, d or s"


class Placeholder(Record):
    """One `{name:spec}` of a text; `offset` counts characters from the start of the text."""

    name: str
    spec: str
    offset: int


@lru_cache(maxsize=1_024)
def placeholders(text: str) -> tuple[Placeholder, ...]:
    """The well-formed placeholders of a text, left to right."""
    found = []
    for match in _PIECE.finditer(text):
        if match[1] is not None:
            name, _, spec = match[1].partition(":")
            if _NAME(name) and _SPEC(spec):
                found.append(Placeholder(name, spec, match.start() + 1))
    return tuple(found)


def pieces(text: str) -> Iterator[str | Placeholder]:
    """The literal parts and the placeholders of a well-formed text, left to right."""
    end = 0
    for match in _PIECE.finditer(text):
        if match.start() > end:
            yield text[end : match.start()]
        end = match.end()
        if match[1] is None:
            yield match[0][0]
        else:
            name, _, spec = match[1].partition(":")
            yield Placeholder(name, spec, match.start() + 1)
    if end < len(text):
        yield text[end:]


def template_problems(text: str, at: Position) -> Iterator[Problem]:
    """What is malformed in a text that stands at `at`: stray braces, names that are none, unknown formats."""
    for match in _PIECE.finditer(text):
        message = hint = ""
        if match[1] is None:
            if len(match[0]) == 1:
                message, hint = f"stray {match[0]!r} in a text", "write '{{' or '}}' for a brace"
        else:
            name, _, spec = match[1].partition(":")
            if not _NAME(name):
                message, hint = f"placeholder {match[0]!r} holds no name", "write it as {name} or {name:.3g}"
            elif not _SPEC(spec):
                message, hint = f"unknown format {spec!r} of placeholder {name!r}", _SPECS
        if message:
            start, width = match.start(), len(match[0])
            yield Problem(at.within(text, start), "bad-placeholder", message, hint, at.reach(text, start, width))


PLACES = frozenset({"onset", "fired", "step", "epoch", "total", "first_step", "last_step", "last_epoch"})
"""Names of places on the clock, which are written as the log has them."""


def fill(text: str, values: Mapping[str, Scalar], *, unknown: str = "?", is_plain: bool = False) -> str:
    """The text with its placeholders replaced; `unknown` stands for what is missing, None or not finite.

    Numbers stand as a person writes them; with `is_plain`, and where they are places on the clock, as a command or a
    file has them.
    """

    def replace(match: re.Match[str]) -> str:
        if match[1] is None:
            return match[0][0]
        name, _, spec = match[1].partition(":")
        if not _NAME(name) or not _SPEC(spec):
            return match[0]
        is_place = name in PLACES or name.endswith("_step")
        return shown(values.get(name), spec, unknown, is_plain=is_plain or is_place)

    return _PIECE.sub(replace, text)


def shown(value: Scalar, spec: str = "", unknown: str = "?", *, is_plain: bool = False) -> str:
    """One value in one of the formats that a placeholder may ask for."""
    if value is None:
        return unknown
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, str):
        return value
    if not math.isfinite(value):
        return unknown
    if spec.endswith("d"):
        return format(round(value), spec)
    if not (general := _GENERAL(spec)):
        return format(value, spec)
    told = (as_written if is_plain else number)(value, max(int(general[2] or 6), 1))
    return f"+{told}" if general[1] and value >= 0 else told
