"""How a value that is not what a key takes is written: the second line of a problem, made from what was expected."""

from __future__ import annotations

import math
import re
from collections.abc import Container, Sequence

from .amounts import date_mend, length_meant, seconds_of
from .errors import did_you_mean
from .items import Item
from .words import listed

_YES, _NO = ("yes", "y", "on", "1", "true"), ("no", "n", "off", "0", "false")
_MEANT = {
    **dict.fromkeys(("float", "double"), ("number",)),
    **dict.fromkeys(("string", "str", "category"), ("text",)),
    **dict.fromkeys(("int", "whole", "count"), ("integer", "number")),
    **dict.fromkeys(("bool", "flag"), ("boolean",)),
    **dict.fromkeys(("less", "down", "min", "low", "smaller", "decrease", "decreasing"), ("lower", "down", "info")),
    **dict.fromkeys(("more", "up", "max", "high", "larger", "increase", "increasing"), ("higher", "up", "critical")),
    "lower": ("down",),
    "higher": ("up",),
    **dict.fromkeys(("notice", "note", "hint", "debug"), ("info",)),
    **dict.fromkeys(("error", "fatal", "severe"), ("critical",)),
    **dict.fromkeys(("good", "ok", "fine"), ("healthy",)),
    **dict.fromkeys(("best", "the_best"), ("best_checkpoint",)),
    **dict.fromkeys(("last", "latest", "newest"), ("last_checkpoint",)),
    **dict.fromkeys(("oom", "memory"), ("out_of_memory",)),
    **dict.fromkeys(("nan", "inf"), ("non_finite",)),
    **dict.fromkeys(("crash", "exception", "traceback"), ("error",)),
    **dict.fromkeys(("valid", "validation", "val", "test"), ("eval",)),
    "training": ("train",),
}
"""What some words that other tools use are called here."""

_AMOUNT = re.compile(r"\s*([0-9.]+)\s*([A-Za-z]*)\s*")
_END = re.compile(r"\s*([0-9]+(?:\.[0-9]+)?)\s+(step|epoch)s?\s*")
_EXAMPLES = (
    ("[low, high]", "write two numbers in brackets, as in [0.1, 0.5]; null leaves a side open"),
    ("rules", "as in [loss_spike], or {loss_spike: known bug of the logger}"),
    ("{state: …}", "write a state such as firing, or {state: firing, severity: critical}"),
    ("{status: …}", "write its status as one word, or {status: …} and more lines"),
    ("{within: …", "write true or false, or {within: true, median: 0.5}"),
    ("{action: …}", "write the name of an action, or {action: stop}"),
    ("a start and a distance", "as in {from: 5, every: 5}"),
    ("{name: text}", "list them in brackets, as in ['', _0, _1]"),
    ("{key, pattern}", "as in step, or {key: progress, pattern: '^([0-9]+)/'}"),
    ("group", "give it the metrics of the group, as in {prefix: rollout/, metrics: {length: {}}}"),
    ("an expression", "write a condition or a number, in quotes if it holds a comma or begins with a bracket"),
)


def mend(item: Item, key: str, expected: str) -> str:
    """How `key` is written, which must be `expected` and is what stands in `item`."""
    value = item.value
    if value is None or value == "":
        return "fill it in or leave the key out"
    if "length" in expected or "number of points" in expected:
        return _length(value, expected)
    if "an epoch or a date" in expected:
        return end(value)
    if "a series" in expected and isinstance(value, list):
        return f"write '{' '.join(str(each.value) for each in value)}': blanks part the values of a series"
    if isinstance(value, (int, float, str)) and ("list" in expected or "array" in expected):
        return _bracketed(value, key)
    if isinstance(value, dict) and expected in ("a list", "an array"):
        return "write each entry on a line of its own, with '- ' before it"
    for part, told in _EXAMPLES:
        if part in expected:
            return told
    if "true or false" in expected:
        word = str(value).lower() if isinstance(value, (str, int, float)) else ""
        return "write true" if word in _YES else "write false" if word in _NO else "write true or false, without quotes"
    if "a name" in expected:
        return "write its name alone" if isinstance(value, dict) else _name(value)
    if "whole number" in expected:
        return _whole(value)
    if "number" in expected:
        return _number(value)
    if "text" in expected or "command line" in expected:
        return _text(item)
    if "version" in expected:
        return (
            f"write three numbers, as in {_version(value)}"
            if not isinstance(value, str)
            else "write numbers with points between them, as in 1.0.0"
        )
    if "mapping" in expected and isinstance(value, list):
        return "write each entry as 'name: value', without the '- ' before it and without brackets"
    if "mapping" in expected:
        return f"indent what belongs to it below '{key}:', or write {{name: value}}"
    if "checkpoint" in expected:
        return "write its name without folders, such as checkpoint-50"
    return f"write {expected}" if "file" not in expected else "write keys and values, as in 'params: {name: 0.5}'"


def as_field(item: Item, fields: Container[str]) -> str:
    """The field that is meant by a value which stands for the whole thing; empty where none surely is."""
    value = item.plain()
    if "default" in fields and isinstance(value, (int, float, str)):
        return f"default: {_short(value)}"
    names = [value] if isinstance(value, str) else value if isinstance(value, list) else []
    if "keys" in fields and names and all(isinstance(each, str) for each in names):
        return f"keys: [{', '.join(map(_short, names))}]"
    return f"last: {value}" if "last" in fields and isinstance(value, str) and length_meant(value) else ""


def choice(item: Item, choices: Sequence[str], key: str = "") -> str:
    """Which of the choices is meant, as far as one can tell."""
    word = item.value if isinstance(item.value, str) else str(item.plain())
    if word in choices:
        return f"write {word} without quotes"
    if near := did_you_mean(word, choices):
        return near
    meant = next((each for each in _MEANT.get(word.lower(), ()) if each in choices), None)
    if meant is not None:
        return f"write {meant}"
    if len(choices) == 1:
        return f"write '{key}: {choices[0]}'" if key else f"write {choices[0]}"
    return f"write {listed([str(each) for each in choices], 'or')}"


def end(value: object) -> str:
    """How the last step, epoch or date at which something counts is written."""
    if isinstance(value, (int, float)) and not isinstance(value, bool):
        return f"write 'step {value:g}'"
    length = _END.fullmatch(value) if isinstance(value, str) else None
    return f"write '{length[2]} {length[1]}'" if length else "as in 'step 5000', 'epoch 3' or '2026-12-31'"


def beyond(value: str) -> str:
    """How a length is written that `after` is given, which counts steps without naming them; empty for none."""
    amount, unit = length_meant(value) or ("", "")
    if unit == "steps":
        return f"write the number alone: {amount}"
    more = f", or write 'while: epoch > {amount}' instead" if unit == "epochs" else ""
    return f"give it in steps, without the unit{more}" if unit else ""


def measured(amount: str, given: str, unit: str | None) -> str:
    """How an amount in a unit that is not that of a param is written."""
    meant = length_meant(f"{amount} {given}")
    if unit is not None and meant is not None and meant[1] == unit:
        return f"write the number alone: {meant[0]}"
    return f"give it in {unit}" if unit else "write the number alone"


def percentage(amount: str, type_: str, unit: str | None) -> str:
    """How a percentage is written where the param is no share."""
    if unit in ("%", "percent", "per cent"):
        return f"write the number alone: {amount}"
    if type_ == "integer":
        return f"write a whole number of {unit}" if unit else "write a whole number"
    return f"write {float(amount) / 100:g}"


def _bracketed(value: int | float | str, key: str) -> str:
    text = str(value).strip()
    if re.fullmatch(r"\[.*\]", text):
        return f"take the quotes off, as in {key}: {text if len(text) <= 60 else '[…]'}"
    parts = [each.strip() for each in text.split(",")] if isinstance(value, str) else []
    entries = ", ".join(_short(each) for each in parts if each) if len(parts) > 1 else ""
    return f"write it in brackets, as in {key}: [{entries or _short(value)}]"


def _length(value: object, expected: str) -> str:
    units = ("points",) if "number of points" in expected else ("points", "steps", "epochs", "minutes")
    found = _AMOUNT.fullmatch(value) if isinstance(value, str) else None
    amount = (
        f"{value:g}" if isinstance(value, (int, float)) and not isinstance(value, bool) else found[1] if found else "5"
    )
    meant = length_meant(value)
    if meant is not None and meant[1] in units:
        return f"write '{' '.join(meant)}'"
    if len(units) == 1:
        return f"write '{amount} points'"
    if isinstance(value, (int, float)) and not isinstance(value, bool):
        return f"write '{amount} points'" if "points" in expected else f"write '{amount} steps'"
    near = did_you_mean(found[2], units) if found and found[2] else ""
    return near or f"the units are {listed(units)}; {'write' if found else 'as in'} '{amount} points'"


def _name(value: object) -> str:
    slug = re.sub(r"\W+", "_", str(value), flags=re.ASCII).strip("_").lower() if isinstance(value, str) else ""
    return f"write {slug}" if slug and slug[0].isalpha() else "such as loss_high"


def _whole(value: object) -> str:
    if isinstance(value, float) and math.isfinite(value):
        return f"write {math.floor(value)} or {math.ceil(value)}"
    if isinstance(value, str) and seconds_of(value) is not None:
        return "a date is no number; write one such as 20"
    is_quoted = isinstance(value, str) and value.strip().isdecimal()
    return f"write {value} without quotes" if is_quoted else "such as 20"


def _number(value: object) -> str:
    if isinstance(value, str) and re.fullmatch(r"[-+]?[0-9.]+(?:[eE][-+]?[0-9]+)?", value.strip()):
        return f"write {value.strip()} without quotes"
    if isinstance(value, str) and seconds_of(value) is not None:
        return date_mend(value)
    return "write one number, such as 0.5"


def _text(item: Item) -> str:
    value = item.value
    if isinstance(value, (list, dict)):
        return "write one text; put it in quotes if it holds ': ' or begins with a bracket"
    if isinstance(value, bool):
        return f"put it in quotes, as in '{str(value).lower()}'"
    # 010 and 5e-7 as they stand, where that is known
    stands = item.written.source[item.written.start : item.written.end].strip() if item.written else value
    return f"put it in quotes, as in '{stands}'"


def _version(value: object) -> str:
    """A number as a version: 0.1 is 0.1.0."""
    written = f"{value}" if isinstance(value, (int, float)) and not isinstance(value, bool) else ""
    parts = [*written.split("."), "0", "0"][:3]
    return ".".join(parts) if all(part.isdecimal() for part in parts) else "1.0.0"


def _short(value: object) -> str:
    text = str(value).lower() if isinstance(value, bool) else str(value)
    return text if len(text) <= 30 and not set(text) & set(",[]{}:#") else f"'{text}'" if len(text) <= 30 else "…"
