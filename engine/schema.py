"""The shape of a file against its JSON Schema, with each fault told in words at its place. Imports jsonschema late."""

from __future__ import annotations

import json
from collections.abc import Iterator
from difflib import get_close_matches
from functools import cache
from pathlib import Path
from typing import Any

from .depth import put_right
from .errors import Position, Problem, surely_meant
from .fields import kind
from .items import Document, Item
from .mends import as_field, choice, mend
from .schemaforms import Forms
from .shape import Fits, compiled

SCHEMAS = Path(__file__).resolve().parent.parent / "schemas"

_TYPES = {
    "string": "a text",
    "number": "a number",
    "integer": "a whole number",
    "boolean": "true or false",
    "array": "a list",
    "object": "a mapping",
    "null": "null",
}
_NOT_BLANK = r"\S"
_BOUNDS = {"minimum": "at least", "maximum": "at most", "exclusiveMinimum": "above", "exclusiveMaximum": "below"}


def shape_problems(document: Document, schema: str) -> list[Problem]:
    """Where a document departs from the shape that `schemas/<schema>.schema.json` gives, each fault once.

    A key that is surely a slip of one that is allowed is noted and then stands for that one in the document's tree;
    what is indented wrongly is moved to where it belongs.
    """
    if _fits(schema)(document.plain()):
        return []
    found = set(put_right(document.root, _schema(schema)))
    errors = list(_validator(schema).iter_errors(document.plain()))
    forms = Forms(_schema(schema))
    for error in sorted(errors, key=lambda error: error.validator != "additionalProperties"):
        found.update(_told(error, document.root, forms))
    return sorted(found)


def shaped(document: Document, schema: str) -> list[Problem]:
    """What is wrong with a document's text and its shape; nothing of a comma in what is no text, which is a list."""
    shape = shape_problems(document, schema)
    told = {each.at for each in shape if each.code == "wrong-type"}
    own = (each for each in document.problems if each.code != "unquoted-comma" or each.at not in told)
    return [*own, *shape]


@cache
def _schema(name: str) -> Any:
    return json.loads((SCHEMAS / f"{name}.schema.json").read_text(encoding="utf-8"))


@cache
def _fits(schema: str) -> Fits:
    return compiled(_schema(schema))


@cache
def _validator(schema: str) -> Any:
    from jsonschema import Draft7Validator

    return Draft7Validator(_schema(schema))


def _told(error: Any, root: Item, forms: Forms) -> Iterator[Problem]:
    item = root.find(list(error.absolute_path))
    name = _name(error)
    match error.validator:
        case "additionalProperties":
            yield from _unknown_keys(error, item, forms)
        case "anyOf" | "oneOf":
            yield from _alternatives(error, item, root, forms)
        case "required":
            assert isinstance(item.value, dict)
            for key in error.validator_value:
                if key not in item.value:
                    yield Problem(item.key_at, "missing-key", f"{name} lacks '{key}'", "add it")
        case "enum" | "const":
            choices = error.validator_value if error.validator == "enum" else [error.validator_value]
            shown = ", ".join(str(choice) for choice in choices)
            hint = choice(
                item, [str(each) for each in choices], str(error.absolute_path[-1]) if error.absolute_path else ""
            )
            expected = shown if len(choices) == 1 else f"one of {shown}"
            yield Problem(item.at, "unknown-choice", f"{name} must be {expected}, not {kind(item)}", hint)
        case "pattern" if "propertyNames" in error.absolute_schema_path:
            key = str(error.instance)
            hint = "begin with a letter, then letters, digits and '_'"
            yield Problem(_key_at(item, key), "bad-name", f"{key!r} is not a name", hint)
        case "uniqueItems":
            seen: list[Any] = []
            for entry in item.value if isinstance(item.value, list) else []:
                if entry.plain() in seen:
                    yield Problem(entry.at, "duplicate-entry", f"{entry.plain()!r} stands in {name} twice", "keep one")
                seen.append(entry.plain())
        case "minItems" | "minLength" | "pattern" if not error.instance or error.validator_value == _NOT_BLANK:
            yield Problem(item.at, "empty-value", f"{name} is empty", "fill it in or leave it out")
        case "minimum" | "maximum" | "exclusiveMinimum" | "exclusiveMaximum":
            bound = f"{_BOUNDS[str(error.validator)]} {error.validator_value:g}"
            hint = f"write a number {bound}"
            yield Problem(item.at, "out-of-range", f"{name} must be {bound}, not {item.value}", hint)
        case _:
            yield _unfit(error, item)


def _name(error: Any) -> str:
    """What the faulty value is called."""
    path = list(error.absolute_path)
    if not path:
        return "the file"
    if isinstance(path[-1], int):
        return f"an entry of '{path[-2]}'" if len(path) > 1 else "an entry"
    return f"'{path[-1]}'"


def _key(error: Any) -> str:
    """The key at or above the faulty value."""
    return next((str(part) for part in reversed(error.absolute_path) if isinstance(part, str)), "")


def _expected(error: Any) -> str:
    title = error.schema.get("title")
    if title:
        return str(title)
    types = error.validator_value if error.validator == "type" else error.schema.get("type", [])
    types = [types] if isinstance(types, str) else types
    return " or ".join(_TYPES[name] for name in types) or "of another shape"


def _unknown_keys(error: Any, item: Item, forms: Forms) -> Iterator[Problem]:
    known = error.schema.get("properties", {})
    assert isinstance(item.value, dict)
    for key in [key for key in item.value if key not in known]:
        at = item.value[key].key_at
        near = get_close_matches(key, known, n=1, cutoff=0.65)
        fits = bool(near) and forms.takes(known[near[0]], item.value[key])
        if not near or not (fits or surely_meant(key, near)):
            near = forms.like(known, item.value[key])
            fits = bool(near)
        hint = f"did you mean {near[0]!r}?" if near else f"known here: {', '.join(known)}"
        yield Problem(at, "unknown-key", f"unknown key {key!r}", hint)
        if fits and near[0] not in item.value:
            item.value[near[0]] = item.value[key]


def _alternatives(error: Any, item: Item, root: Item, forms: Forms) -> Iterator[Problem]:
    """The faults within the one alternative that the value's type speaks for, else what was expected."""
    wanted = "object" if isinstance(item.value, dict) else "array" if isinstance(item.value, list) else ""
    for branch, alternative in enumerate(error.validator_value):
        if wanted and alternative.get("type") == wanted:
            for inner in error.context or ():
                if inner.relative_schema_path[0] == branch:
                    yield from _told(inner, root, forms)
            return
        if isinstance(item.value, str) and "enum" in alternative:
            for inner in error.context or ():
                if inner.validator == "enum":
                    yield from _told(inner, root, forms)
            return
    yield _unfit(error, item)


def _unfit(error: Any, item: Item) -> Problem:
    expected = _expected(error)
    message = f"{_name(error)} must be {expected}, not {kind(item)}"
    is_length = "length" in expected or "number of points" in expected
    fields = error.schema.get("properties", {})
    if expected == "a mapping" and (meant := as_field(item, fields)):
        return Problem(item.at, "wrong-type", message, f"write {{{meant}}}")
    return Problem(item.at, "bad-length" if is_length else "wrong-type", message, mend(item, _key(error), expected))


def _key_at(item: Item, key: str) -> Position:
    return item.value[key].key_at if isinstance(item.value, dict) and key in item.value else item.at
