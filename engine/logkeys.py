"""Keys of the log that stand in an expression as if they were names: `train/loss` reads as a division."""

from __future__ import annotations

import re
from collections.abc import Collection, Mapping

from .errors import did_you_mean, surely_meant
from .tree import Name

_KEY = r"[^\W\d]\w*(?:/[^\W\d]\w*)+"


def key_of(text: str, name: Name) -> Name | None:
    """The divided names, without blanks between them, that `name` stands among in a text; None where it is alone."""
    for found in re.finditer(_KEY, text):
        if found.start() <= name.offset < found.end():
            key = Name(found[0], offset=found.start())
            key.width = len(found[0])
            return key
    return None


def key_mend(key: str, keys: Mapping[str, str], names: Collection[str]) -> str:
    """What is written for divided names that are a key of the log; empty where they are likelier to be a division.

    `keys` gives for each key of the log the metric that it is known as; `names` are those of the language.
    """
    first, *_, last = key.split("/")
    if key in keys:
        return f"write {keys[key]}, the metric whose key that is"
    if first in names or did_you_mean(first, list(names)):
        return ""
    if near := surely_meant(key, list(keys)):
        return f"did you mean {keys[near]}, the metric whose key is {near!r}?"
    return f"a key of the log is declared under metrics, as in '{last}: {{keys: [{key}]}}', and the name written here"
