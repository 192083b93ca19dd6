"""What the messages of the shipped packs show: the numbers that were judged."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from trainrules.engine.functions import FUNCTIONS, Family
from trainrules.engine.load import load_pack
from trainrules.engine.pack import Level, Pack, Rule
from trainrules.engine.shipped import shipped
from trainrules.engine.template import placeholders
from trainrules.engine.tree import Call, Name, Node

_OF_THE_PAST = {"first", "best", "lowest", "highest", "at"}


def named(pack: Pack, node: Node, *, windowed: bool) -> Iterator[str]:
    """The metrics whose values on a row decide, without those of which only a window or the past does."""
    if isinstance(node, Call):
        family = FUNCTIONS[node.function].family
        windowed = windowed or family is Family.WINDOW or node.function in _OF_THE_PAST
    if isinstance(node, Name) and node.id in pack.metrics:
        if not windowed:
            yield node.id
        if (inner := pack.metrics[node.id].expr) is not None:
            yield from named(pack, inner.tree, windowed=windowed)
    for child in node.children():
        yield from named(pack, child, windowed=windowed)


def of_a_window(pack: Pack, id: str) -> bool:
    expression = pack.metrics[id].expr
    if expression is None:
        return False
    calls = [FUNCTIONS[node.function] for node in expression.tree.walk() if isinstance(node, Call)]
    inner = [node.id for node in expression.tree.walk() if isinstance(node, Name) and node.id in pack.metrics]
    return any(each.family is Family.WINDOW for each in calls) or any(of_a_window(pack, name) for name in inner)


def shown(pack: Pack, level: Level) -> list[str]:
    return [place.name for place in placeholders(level.message) if place.name in pack.metrics]


def unjudged(pack: Pack, rule: Rule, level: Level) -> list[str]:
    """The metrics of which a message shows the last row's value, where the rule judges a window of them only."""
    places = shown(pack, level)
    judged = set(named(pack, level.when.tree, windowed=False))
    is_told = any(each.name == "value" for each in placeholders(level.message))
    return [] if is_told or any(id in judged or of_a_window(pack, id) for id in places) else places


@pytest.mark.parametrize("name", shipped())
def test_a_message_shows_what_was_judged(name: str) -> None:
    pack = load_pack(name)
    wrong = {
        f"{rule.id} ({level.severity})": ids
        for rule in pack.rules.values()
        for level in rule.levels
        if (ids := unjudged(pack, rule, level))
    }
    assert wrong == {}
