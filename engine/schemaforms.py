"""What a JSON Schema says of values of one type: its alternatives and references followed, nothing else looked at."""

from __future__ import annotations

from collections.abc import Mapping
from re import search
from typing import Any, TypeAlias

from .items import Item, fields_of

Schema: TypeAlias = Mapping[str, Any]

_TYPES = ((bool, "boolean"), ((int, float), "number"), (str, "string"), (list, "array"), (dict, "object"))


class Forms:
    """Looks into a schema; `whole` is the one that has its definitions."""

    def __init__(self, whole: Schema) -> None:
        self.whole = whole

    def of(self, schema: Schema, type_: str) -> Schema:
        """What a schema says of values of a type; nothing where it takes none."""
        if "$ref" in schema:
            return self.of(self.whole["definitions"][str(schema["$ref"]).rpartition("/")[2]], type_)
        for each in (*schema.get("anyOf", ()), *schema.get("allOf", ())):
            if found := self.of(each, type_):
                return found
        types = schema.get("type", "string" if "enum" in schema else ())
        return schema if type_ in ([types] if isinstance(types, str) else types) else {}

    def fields(self, schema: Schema) -> Mapping[str, Schema]:
        """The fields that a schema names for mappings."""
        fields: Mapping[str, Schema] = self.of(schema, "object").get("properties", {})
        return fields

    def entry(self, schema: Schema, key: str) -> Schema:
        """The schema of what stands under a key of a mapping; nothing where it may not have the key."""
        form = self.of(schema, "object")
        patterns = [each for pattern, each in form.get("patternProperties", {}).items() if search(pattern, key)]
        found = form.get("properties", {}).get(key) or next(iter(patterns), None) or form.get("additionalProperties")
        return found if isinstance(found, dict) else {}

    def like(self, fields: Mapping[str, Schema], item: Item) -> list[str]:
        """The field whose things may have all that those in a mapping have; none where several fields may be."""
        given = [fields_of(each).keys() for each in fields_of(item).values()]
        found = [
            name
            for name, each in fields.items()
            if all(given) and all(keys <= self.fields(self.entry(each, "")).keys() for keys in given)
        ]
        return found if given and len(found) == 1 else []

    def takes(self, schema: Schema, item: Item) -> bool:
        """Whether a schema takes values of the type of this one."""
        name = next((name for type_, name in _TYPES if isinstance(item.value, type_)), "null")
        return bool(self.of(schema, name) or (name == "number" and self.of(schema, "integer")))
