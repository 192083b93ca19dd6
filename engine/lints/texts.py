"""Texts that leave a reader guessing. Those of a parent are the parent's business."""

from __future__ import annotations

from collections.abc import Iterator

from ..errors import Problem
from ..pack import Pack
from ..template import placeholders


def duplicate_title(pack: Pack) -> Iterator[Problem]:
    """Two rules with the same title: in a report they look like one.

    passes::

        rules: {a: {title: Loss is high, …}, b: {title: Loss is rising, …}}

    fails::

        rules: {a: {title: Loss is high, …}, b: {title: loss is high, …}}
    """
    first: dict[str, str] = {}
    for rule in pack.rules.values():
        title = " ".join(rule.title.lower().split())
        if title in first and rule.at.file == pack.at.file:
            yield Problem(rule.at, f"rule {rule.id!r} has the title of {first[title]!r}", "say what sets them apart")
        first.setdefault(title, rule.id)


def bare_message(pack: Pack) -> Iterator[Problem]:
    """A message without a placeholder: it says the same of every run.

    passes::

        message: "loss {loss:.3g} since step {onset:g}"

    fails::

        message: "loss is too high"
    """
    for rule in pack.rules.values():
        told: set[str] = set()
        for level in rule.levels:
            if (
                level.at.file == pack.at.file
                and level.message
                and level.message not in told
                and not any(placeholders(level.message))
            ):
                told.add(level.message)
                hint = "show a value, as in {loss:.3g} or {onset:g}"
                yield Problem(level.at, f"the message of rule {rule.id!r} names no value", hint)
