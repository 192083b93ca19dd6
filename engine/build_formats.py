"""The formats of console logs: patterns of lines, checked as far as that goes without the engine that runs them."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterator, Mapping

from .errors import Position, Problem, did_you_mean
from .fields import Fields, kind
from .items import Item
from .pack import ENDINGS, Format, LinePattern
from .patterns import foreign, parsed
from .problems import Problems
from .template import placeholders, template_problems

MAX_PATTERN = 500

_NAME = re.compile(r"[A-Za-z][A-Za-z0-9_]*").fullmatch

_RE2 = "a sign that means itself is written with a backslash, as in \\("


def format_of(name: str, fields: Fields, problems: Problems) -> Format:
    """One format; what its lines cannot mean becomes a problem."""
    items = fields.list("lines")
    if not items and not problems.knows(fields.place("lines")):
        fields.missing("lines", "list the kinds of lines that it consists of, each with 'match'")
    parts = [Fields(item, problems, f"a line of format {name!r}") for item in items]
    remembered = list(dict.fromkeys(key for each in parts for key in each.mapping("remember")))
    lines = tuple(line for each in parts if (line := _line(each, remembered, problems)) is not None)
    if lines and not any(each.has("pairs") or each.has("values") for each in parts):
        problems.add(fields.at, "missing-key", f"format {name!r} gives no values", "give a line 'pairs' or 'values'")
    return Format(
        name,
        fields.at,
        lines,
        fields.text("title"),
        fields.text("help"),
        fields.text("source"),
        fields.flag("last_resort"),
    )


def _line(fields: Fields, remembered: Collection[str], problems: Problems) -> LinePattern | None:
    if not isinstance(fields.item.value, dict):
        return None
    if not fields.has("match"):
        if not problems.knows(fields.place("match")):
            fields.missing("match", "give the pattern of such a line")
        return None
    match = _pattern(fields, "match", problems)
    pairs = _pattern(fields, "pairs", problems) if fields.has("pairs") else None
    if match is None:
        return None
    lacking = [group for group in ("name", "value") if pairs is not None and group not in pairs.groupindex]
    if lacking:
        hint = "write it as '(?P<name>\\w+): (?P<value>\\S+)'"
        message = f"pattern {fields.text('pairs')!r} lacks the group {' and '.join(map(repr, lacking))}"
        problems.add(fields.place("pairs"), "bad-pattern", message, hint)
        pairs = None
    if fields.has("key") and not fields.has("pairs"):
        problems.add(
            fields.place("key"), "contradiction", "'key' forms the names of 'pairs', and there are none", "remove it"
        )
    groups = dict(match.groupindex)
    known = (*groups, *remembered)
    key = fields.text("key", "{name}")
    _templates({"key": fields.items["key"]} if fields.has("key") else {}, (*known, "name"), problems)
    if fields.has("ends"):
        _templates({"ends": fields.items["ends"]}, known, problems)
    if fields.has("ended_by") and not fields.has("ends"):
        message = "'ended_by' says what ended the run, and no 'ends' says that it is over"
        problems.add(fields.place("ended_by"), "contradiction", message, "add 'ends', the reason in words")
    return LinePattern(
        match=match.pattern,
        at=fields.place("match"),
        groups=groups,
        remember=_texts(fields, "remember", tuple(groups), problems, are_names=True),
        values=_texts(fields, "values", known, problems),
        pairs=pairs.pattern if pairs is not None else None,
        pair_groups=(pairs.groupindex["name"], pairs.groupindex["value"]) if pairs is not None else (0, 0),
        key=key,
        ends=fields.text("ends"),
        ended_by=fields.choice("ended_by", ENDINGS, ""),
    )


def _pattern(fields: Fields, key: str, problems: Problems) -> re.Pattern[str] | None:
    """The pattern of a field; it is parsed here, for its groups, and run by RE2 alone."""
    item, text = fields.items[key], fields.text(key)
    if not text:
        return None
    if re.search(r"\[:\^?[a-z]+:\]", text):
        message = f"pattern {_shown(text)} has a POSIX class, which is not read the same everywhere"
        problems.add(item.at, "bad-pattern", message, "write the characters, as in [A-Za-z]")
        return None
    try:
        pattern = parsed(text)
    except (re.error, OverflowError, RecursionError) as error:
        problems.add(item.at, "bad-pattern", f"pattern {_shown(text)} is no regular expression: {error}", _RE2)
        return None
    if found := foreign(text):
        message = f"pattern {_shown(text)} is not in the syntax of RE2, which has no {found}"
        problems.add(item.at, "bad-pattern", message, "write it without")
        return None
    if len(text) > MAX_PATTERN:
        problems.add(
            item.at, "bad-pattern", f"pattern {_shown(text)} is longer than {MAX_PATTERN} characters", "split it"
        )
        return None
    if key == "match" and pattern.match(""):
        problems.add(
            item.at, "bad-pattern", f"pattern {_shown(text)} matches every line", "say what such a line begins with"
        )
        return None
    return pattern


def _shown(text: str) -> str:
    return repr(text if len(text) <= 60 else text[:59] + "…")


def _texts(
    fields: Fields, key: str, known: Collection[str], problems: Problems, *, are_names: bool = False
) -> dict[str, str]:
    """A mapping of names to templates; numbers stand for themselves."""
    found: dict[str, str] = {}
    for name, item in fields.mapping(key).items():
        if are_names and not _NAME(name):
            hint = "a letter, then letters, digits and '_'"
            problems.add(item.key_at, "bad-name", f"{name!r} cannot be remembered: it is no name", hint)
        elif isinstance(item.value, str) and item.value:
            _templates({name: item}, known, problems)
            found[name] = item.value
        elif isinstance(item.value, (int, float)) and not isinstance(item.value, bool):
            found[name] = f"{item.value}"
        else:
            problems.add(
                item.at, "wrong-type", f"{name!r} in '{key}' must be a text, not {kind(item)}", 'write it as "{group}"'
            )
    return found


def _templates(items: Mapping[str, Item], known: Collection[str], problems: Problems) -> None:
    for item in items.values():
        if isinstance(item.value, str):
            problems.extend(list(_template(item.value, item.at, known)))


def _template(text: str, at: Position, known: Collection[str]) -> Iterator[Problem]:
    yield from template_problems(text, at)
    for hole in placeholders(text):
        place = at.within(text, hole.offset)
        if hole.spec:
            yield Problem(
                place,
                "bad-placeholder",
                f"placeholder {hole.name!r} has a format, {hole.spec!r}",
                f"write {{{hole.name}}}",
            )
        elif hole.name not in known:
            hint = did_you_mean(hole.name, list(known)) or (
                f"known are {', '.join(known)}" if known else "name a group of the pattern: (?P<name>…)"
            )
            yield Problem(place, "unknown-placeholder", f"unknown group {hole.name!r}", hint)
