"""Whether a value has the shape that a JSON Schema gives; nothing about where or why it has not.

jsonschema tells that, and takes long for what has no fault, which is nearly every file; it is asked where this says
no alone. Only the keywords that our own schemas use are known; the tests hold the two against each other.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from typing import Any, TypeAlias

Fits: TypeAlias = Callable[[Any], bool]

_SILENT = frozenset({"$schema", "$id", "title", "description", "examples", "default", "definitions"})


def compiled(schema: Mapping[str, Any]) -> Fits:
    """A function that says whether a value fits; raises ValueError for a keyword that is not known here."""
    return _Compiler(schema.get("definitions", {})).fits(schema)


class _Compiler:
    def __init__(self, definitions: Mapping[str, Any]) -> None:
        self.definitions = definitions
        self.known: dict[str, Fits] = {}

    def fits(self, schema: Mapping[str, Any]) -> Fits:
        """All keywords of one schema; beside `$ref`, draft-07 looks at no other."""
        if "$ref" in schema:
            return self.reference(str(schema["$ref"]).rsplit("/", 1)[1])
        checks = self.checks(schema)
        if len(checks) == 1:
            return checks[0]
        return lambda value: all(check(value) for check in checks)

    def reference(self, name: str) -> Fits:
        if name not in self.known:
            self.known[name] = lambda value: self.known[name](value)  # while it is made, it may hold itself
            self.known[name] = self.fits(self.definitions[name])
        return lambda value: self.known[name](value)

    def checks(self, schema: Mapping[str, Any]) -> list[Fits]:
        found: list[Fits] = []
        for keyword, given in schema.items():
            if keyword in _SILENT or keyword in ("additionalProperties", "patternProperties"):
                continue
            make = getattr(self, f"_{keyword}", None)
            if make is None:
                raise ValueError(f"keyword {keyword!r} is not known")
            found.append(make(given))
        if {"additionalProperties", "patternProperties", "properties"} & schema.keys():
            found = [check for check in found if check is not _always]
            found.append(self._fields(schema))
        return found

    def _type(self, given: Any) -> Fits:
        kinds = [_KINDS[each] for each in ([given] if isinstance(given, str) else given)]
        return kinds[0] if len(kinds) == 1 else lambda value: any(kind(value) for kind in kinds)

    def _properties(self, given: Any) -> Fits:
        return _always

    def _fields(self, schema: Mapping[str, Any]) -> Fits:
        own = {key: self.fits(each) for key, each in schema.get("properties", {}).items()}
        patterns = [
            (re.compile(key).search, self.fits(each)) for key, each in schema.get("patternProperties", {}).items()
        ]
        more = schema.get("additionalProperties", True)
        other: Fits = self.fits(more) if isinstance(more, dict) else (lambda value: bool(more))

        def check(value: Any) -> bool:
            if not isinstance(value, dict):
                return True
            for key, each in value.items():
                mine = own.get(key)
                matching = [fits for search, fits in patterns if search(key)] if patterns else []
                if mine is not None and not mine(each):
                    return False
                if not all(fits(each) for fits in matching):
                    return False
                if mine is None and not matching and not other(each):
                    return False
            return True

        return check

    def _required(self, given: Any) -> Fits:
        return lambda value: not isinstance(value, dict) or all(key in value for key in given)

    def _propertyNames(self, given: Any) -> Fits:  # noqa: N802 - the keyword's own name
        fits = self.fits(given)
        return lambda value: not isinstance(value, dict) or all(map(fits, value))

    def _items(self, given: Any) -> Fits:
        if isinstance(given, list):
            raise ValueError("lists of schemas under 'items' are not known")
        fits = self.fits(given)
        return lambda value: not isinstance(value, list) or all(map(fits, value))

    def _anyOf(self, given: Any) -> Fits:  # noqa: N802
        choices = [self.fits(each) for each in given]
        return lambda value: any(fits(value) for fits in choices)

    def _allOf(self, given: Any) -> Fits:  # noqa: N802
        parts = [self.fits(each) for each in given]
        return lambda value: all(fits(value) for fits in parts)

    def _enum(self, given: Any) -> Fits:
        return lambda value: any(_same(value, each) for each in given)

    def _const(self, given: Any) -> Fits:
        return lambda value: _same(value, given)

    def _pattern(self, given: Any) -> Fits:
        search = re.compile(given).search
        return lambda value: not isinstance(value, str) or search(value) is not None

    def _uniqueItems(self, given: Any) -> Fits:  # noqa: N802
        def check(value: Any) -> bool:
            if not isinstance(value, list) or len(value) < 2:
                return True
            if all(isinstance(each, str) for each in value):
                return len(set(value)) == len(value)
            return not any(_same(one, other) for place, one in enumerate(value) for other in value[:place])

        return check if given else _always

    def _minLength(self, given: Any) -> Fits:  # noqa: N802
        return lambda value: not isinstance(value, str) or len(value) >= given

    def _minItems(self, given: Any) -> Fits:  # noqa: N802
        return lambda value: not isinstance(value, list) or len(value) >= given

    def _maxItems(self, given: Any) -> Fits:  # noqa: N802
        return lambda value: not isinstance(value, list) or len(value) <= given

    def _minProperties(self, given: Any) -> Fits:  # noqa: N802
        return lambda value: not isinstance(value, dict) or len(value) >= given

    def _minimum(self, given: Any) -> Fits:
        return lambda value: not _is_number(value) or value >= given

    def _maximum(self, given: Any) -> Fits:
        return lambda value: not _is_number(value) or value <= given

    def _exclusiveMinimum(self, given: Any) -> Fits:  # noqa: N802
        return lambda value: not _is_number(value) or value > given

    def _exclusiveMaximum(self, given: Any) -> Fits:  # noqa: N802
        return lambda value: not _is_number(value) or value < given


def _always(value: Any) -> bool:
    return True


def _is_number(value: Any) -> bool:
    return isinstance(value, (int, float)) and not isinstance(value, bool)


def _same(one: Any, other: Any) -> bool:
    """Equal, and both or neither a truth value: 1 is not true. What holds others is told apart by jsonschema."""
    return isinstance(one, bool) == isinstance(other, bool) and bool(one == other)


_KINDS: dict[str, Fits] = {
    "string": lambda value: isinstance(value, str),
    "number": _is_number,
    "integer": lambda value: _is_number(value) and float(value).is_integer(),
    "boolean": lambda value: isinstance(value, bool),
    "array": lambda value: isinstance(value, list),
    "object": lambda value: isinstance(value, dict),
    "null": lambda value: value is None,
}
