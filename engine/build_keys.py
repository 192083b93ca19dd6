"""How the rows and the files of a run are told: its clock, its labels and families, its checkpoints."""

from __future__ import annotations

import re
from collections.abc import Iterator

from .checkpoints import MAX_PATTERN, step_pattern_problem
from .errors import Problem
from .fields import Fields, kind
from .items import Item
from .pack import Checkpoints, Clock, Family, KeyPattern
from .patterns import foreign, parsed
from .problems import Problems
from .series import called

_RE2 = "a sign that means itself is written with a backslash, as in \\("
_OF_STEP = "put the number in parentheses and use nothing that RE2 lacks, as in 'checkpoint-([0-9]+)$'"


def label(name: str, item: Item, problems: Problems) -> tuple[str, ...]:
    """The keys that a label is read from."""
    whole = Item({name: item}, item.file, item.line, item.column)
    return Fields(whole, problems, "labels").texts(name)


def family(name: str, item: Item, problems: Problems) -> Family:
    """A family of keys, its members given as {name: text} or as a list of texts."""
    if isinstance(item.value, dict):
        entries = [(member, text) for member, text in item.value.items()]
    elif isinstance(item.value, list):
        entries = [(called(str(text.value)), text) for text in item.value]
    else:
        entries = []
    found: dict[str, str] = {}
    for member, text in entries:
        if not isinstance(text.value, str):
            problems.add(
                text.at,
                "wrong-type",
                f"a member of family {name!r} must be a text, not {kind(text)}",
                "put it in quotes",
            )
        elif member in found:
            hint = "name them, as in {first: _0, second: '0'}"
            problems.add(text.at, "name-clash", f"two members of family {name!r} are called {member!r}", hint)
        else:
            found[member] = text.value
    if not entries:
        problems.add(
            item.at, "empty-value", f"family {name!r} has no members", "list their texts, such as ['', _0, _1]"
        )
    return Family(name, item.key_at, found)


def clock(top: Fields) -> Clock:
    """The keys of the clock, each with its pattern."""
    if not top.has("clock"):
        return Clock()
    fields = Fields(top.items["clock"], top.problems, "the clock")

    def keys(part: str) -> tuple[KeyPattern, ...]:
        return tuple(found for item in fields.list(part) if (found := _key_pattern(item, part, top.problems)))

    return Clock(keys("step"), keys("total"), keys("epoch"), keys("time"))


def _key_pattern(item: Item, part: str, problems: Problems) -> KeyPattern | None:
    if isinstance(item.value, str):
        return KeyPattern(item.value)
    if not isinstance(item.value, dict):
        problems.add(
            item.at, "wrong-type", f"'{part}' must list keys or {{key, pattern}}, not {kind(item)}", "as in [step]"
        )
        return None
    fields = Fields(item, problems, f"an entry of '{part}'")
    if not fields.has("key"):
        fields.missing("key", "name the key of the log")
        return None
    pattern = fields.optional_text("pattern")
    if pattern is not None:
        problems.extend(list(_pattern_problems(fields.items["pattern"], pattern)))
    return KeyPattern(fields.text("key"), pattern)


def _pattern_problems(item: Item, pattern: str) -> Iterator[Problem]:
    try:
        groups = parsed(pattern).groups
    except (re.error, OverflowError, RecursionError) as error:
        yield Problem(item.at, "bad-pattern", f"pattern {pattern!r} is no regular expression: {error}", _RE2)
        return
    if groups != 1:
        hint = "put the value in parentheses, as in '^(\\d+)/'; (?:…) groups without capturing"
        yield Problem(item.at, "bad-pattern", f"pattern {pattern!r} has {groups or 'no'} groups, it needs one", hint)
    elif found := foreign(pattern):
        message = f"pattern {pattern[:40]!r} is not in the syntax of RE2, which has no {found}"
        yield Problem(item.at, "bad-pattern", message, "write it without")
    elif len(pattern) > MAX_PATTERN:
        message = f"pattern {pattern[:40]!r} is longer than {MAX_PATTERN} characters"
        yield Problem(item.at, "bad-pattern", message, "shorten it")


def checkpoints(top: Fields) -> Checkpoints:
    """How checkpoints are called."""
    if not top.has("checkpoints"):
        return Checkpoints()
    fields = Fields(top.items["checkpoints"], top.problems, "checkpoints")
    for item in (*fields.entries("glob"), *fields.entries("best_glob")):
        name = str(item.value)
        if not name or "/" in name or "\\" in name or ".." in name or "\0" in name:
            hint = "checkpoints are looked for beside the log and in checkpoints/"
            top.problems.add(item.at, "bad-glob", f"glob {name!r} must be a name without folders", hint)
    step = fields.optional_text("step")
    fault = step_pattern_problem(step) if step is not None else None
    if step is not None and fault is None and (strange := foreign(step)):
        fault = f"patterns know no {strange}"
    if fault:
        top.problems.add(fields.place("step"), "bad-pattern", f"'step' cannot be used: {fault}", _OF_STEP)
    return Checkpoints(fields.texts("glob"), step, fields.texts("best"), fields.texts("best_glob"))
