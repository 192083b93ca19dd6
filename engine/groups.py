"""Groups and twins in a merged tree → the single metrics that they stand for, each at the place of its line.

A group (`"rollout/*"`) lists metrics that share a prefix and other fields; braces in a name (`len_{mean,p90}`) stand
for several names; a twin is the same metric measured elsewhere, mostly in evaluation. A tree without any of these is
given back as it is.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from itertools import product
from math import prod

from .errors import Position, did_you_mean
from .fields import kind
from .items import Item, fields_of
from .merge import is_group, merge_entry
from .problems import Problems

SHARED = ("where", "role", "type", "by", "better", "unit", "good", "in_loss", "source", "twin")
"""The fields that a group gives to those of its metrics that do not have their own."""

KEPT_BY_TWIN = ("type", "better", "unit", "good", "in_loss", "help", "source", "group")
"""What a twin takes from its metric: what it means, not on which rows and series it is measured in training."""

MAX_NAMES = 1000
_BRACES = re.compile(r"\{([^{}]*)\}")
_FAMILY = re.compile(r"\{[A-Za-z][A-Za-z0-9_]*\}")
_NO_NAME = re.compile(r"[^A-Za-z0-9_]+")
_NAME = re.compile(r"[A-Za-z][A-Za-z0-9_]*").fullmatch


def expand(tree: Item, problems: Problems) -> Item:
    """The tree with each group and twin written out; what cannot be is left out, and a problem."""
    metrics = _mapping(tree, "metrics")
    if not any(is_group(name, item) or "twin" in fields_of(item) for name, item in metrics.items()):
        return tree
    expansion = _Expansion(_mapping(tree, "twins"), problems)
    for name, item in metrics.items():
        if is_group(name, item):
            expansion.group(name, item)
        else:
            expansion.metric(name, item, (), "")
    assert isinstance(tree.value, dict)
    return _with(
        tree,
        {
            **tree.value,
            "metrics": _with(tree.value["metrics"], expansion.metrics),
            "groups": _with(tree.value["metrics"], expansion.groups),
        },
    )


def identifier(text: str) -> str:
    """The id of what is logged as `text`: one underscore for what cannot stand in a name, nothing for it at the ends.

    The places of families go everywhere.
    """
    return _NO_NAME.sub("_", _FAMILY.sub("", text)).strip("_")


class _Expansion:
    def __init__(self, twins: Mapping[str, Item], problems: Problems) -> None:
        self.twins, self.problems = twins, problems
        self.metrics: dict[str, Item] = {}
        self.groups: dict[str, Item] = {}
        self.origin: dict[str, str] = {}

    def group(self, name: str, item: Item) -> None:
        """Add the metrics of one group."""
        fields = fields_of(item)
        if not isinstance(item.value, dict):
            hint = f"as in {name}: {{metrics: {{loss: {{}}}}}}"
            self.problems.add(
                item.at, "wrong-type", f"group {name!r} must be a mapping with 'metrics', not {kind(item)}", hint
            )
            return
        prefixes = self.prefixes(name, item, fields.get("prefix"))
        told = {key: value for key, value in fields.items() if key != "metrics"}
        self.groups[name] = _with(item, told | {"prefix": _list(item, [_text(item, prefix) for prefix in prefixes])})
        listed = fields.get("metrics")
        if listed is None or not isinstance(listed.value, dict):
            self.problems.add(
                item.key_at, "missing-key", f"group {name!r} lacks 'metrics'", "list the metrics that share its fields"
            )
            return
        shared = {key: fields[key] for key in SHARED if key in fields}
        shared["group"] = Item(name, item.file, item.key_line, item.key_column)
        for part, entry in self.parts(listed.value).items():
            own = fields_of(entry)
            self.metric(
                identifier(prefixes[0] + part), _with(entry, {**shared, **own}), self.keys(prefixes, part, entry), name
            )

    def prefixes(self, name: str, group: Item, given: Item | None) -> list[str]:
        """What stands before each of a group's names in a log; by default the group's own name up to the star."""
        entries = given.value if given is not None and isinstance(given.value, list) else [given] if given else []
        found = [entry.value for entry in entries if isinstance(entry.value, str)]
        if given is not None and (len(found) < len(entries) or not found):
            message = f"'prefix' must be a text or a list of texts, not {kind(given)}"
            self.problems.add(given.at, "wrong-type", message, "as in prefix: rollout/")
        return found or [name.rstrip("*")]

    def parts(self, listed: Mapping[str, Item]) -> dict[str, Item]:
        """The entries of a group by name, braces written out; of two for one name, the later refines the earlier."""
        found: dict[str, Item] = {}
        for text, entry in listed.items():
            if entry.value is not None and not isinstance(entry.value, dict):
                message = f"metric {text!r} must be a mapping, not {kind(entry)}"
                self.problems.add(entry.at, "wrong-type", message, f"as in {text}: {{better: lower}}, or {text}: {{}}")
                continue
            for name in self.names(text, entry.key_at):
                entry = entry if entry.value is not None else _with(entry, {})
                known = found.get(name)
                if known is not None:
                    self.tell_repeated(name, known, entry)
                found[name] = entry if known is None else merge_entry("metrics", known, entry)
        return found

    def tell_repeated(self, name: str, known: Item, entry: Item) -> None:
        """Note the fields that one file gives twice."""
        for field in fields_of(entry):
            former = fields_of(known).get(field)
            if former is not None and former.file == entry.file:
                self.problems.add(
                    fields_of(entry)[field].key_at,
                    "duplicate-key",
                    f"metric {name!r} has {field!r} twice, here and in line {former.line}",
                    "give it once",
                )

    def names(self, text: str, at: Position) -> Iterator[str]:
        """The names that one with brace lists stands for: `len_{mean,p90}` is len_mean and len_p90."""
        pieces = _BRACES.split(text)
        plain, lists = pieces[::2], [[part.strip() for part in piece.split(",")] for piece in pieces[1::2]]
        lists = [names if len(names) > 1 else [f"{{{names[0]}}}"] for names in lists]  # one name is that of a family
        if any("{" in piece or "}" in piece for piece in plain):
            self.problems.add(
                at, "bad-name", f"the braces of {text!r} do not match", "write a list as in len_{mean,p90}"
            )
        elif any("" in names or "{}" in names for names in lists):
            self.problems.add(at, "bad-name", f"a list in {text!r} has an empty name", "write it as in len_{mean,p90}")
        elif prod(len(names) for names in lists) > MAX_NAMES:
            self.problems.add(at, "too-large", f"{text!r} stands for more than {MAX_NAMES:,} names", "split it")
        else:
            for chosen in product(*lists):
                yield "".join(piece + part for piece, part in zip(plain, [*chosen, ""], strict=True))

    def keys(self, prefixes: Sequence[str], name: str, entry: Item) -> list[tuple[str, Item]]:
        """The keys of a group's metric, each without its prefix and in full."""
        given = fields_of(entry).get("keys")
        if "expr" in fields_of(entry) or (given is not None and not isinstance(given.value, list)):
            return []
        here = Item(name, entry.file, entry.key_line, entry.key_column)
        items = given.value if given is not None and isinstance(given.value, list) else [here]
        return [
            (text, Item(prefix + text, item.file, item.line, item.column))
            for prefix in prefixes
            for item in items
            if isinstance(item.value, str)
            for text in [item.value.replace("{name}", name)]
        ]

    def metric(self, id: str, item: Item, keys: Sequence[tuple[str, Item]], group: str) -> None:
        """Add one metric, and its twin."""
        fields = fields_of(item)
        if keys:
            fields = {**fields, "keys": _list(item, [key for _, key in keys])}
            item = _with(item, fields)
        self.add(id, item, group)
        twin = fields.get("twin")
        if twin is None or twin.value is None:
            return
        if not keys and "keys" in fields and isinstance(fields["keys"].value, list):
            keys = [(key.value, key) for key in fields["keys"].value if isinstance(key.value, str)]
        found = self.twins.get(twin.value) if isinstance(twin.value, str) else None
        if found is None:
            hint = did_you_mean(str(twin.value), list(self.twins)) or "declare it under twins"
            self.problems.add(twin.at, "unknown-twin", f"unknown twin {str(twin.value)!r}", hint)
            from difflib import get_close_matches

            # A slip is told once, and not of every metric that it would have made.
            name = next(iter(get_close_matches(str(twin.value), list(self.twins), n=1)), "")
            found = self.twins.get(name)
        else:
            name = str(twin.value)
        if keys and found is not None:
            self.twin(name, fields_of(found), id, item, keys, group)

    def twin(
        self,
        name: str,
        twin: Mapping[str, Item],
        id: str,
        item: Item,
        keys: Sequence[tuple[str, Item]],
        group: str,
    ) -> None:
        """Add the twin of one metric."""
        fields = {key: value for key, value in fields_of(item).items() if key in KEPT_BY_TWIN}
        fields |= {key: twin[key] for key in ("where", "by") if key in twin}
        fields["role"] = twin.get("role") or _text(item, "eval")
        fields["twin_of"] = _text(item, id)
        templates = twin["keys"].value if "keys" in twin and isinstance(twin["keys"].value, list) else []
        fields["keys"] = _list(
            item,
            [
                Item(text, template.file, template.line, template.column)
                for template in templates
                if isinstance(template.value, str)
                for part, key in keys
                for text in [_filled(template.value, id=id, key=str(key.value), name=part)]
            ],
        )
        called = twin["name"].value if "name" in twin else None
        pattern = called if isinstance(called, str) else f"{name}_{{id}}"
        self.add(identifier(_filled(pattern, id=id)), _with(item, fields), group)

    def add(self, id: str, item: Item, group: str) -> None:
        """Add a metric; of two with one id, the later refines the earlier."""
        if not _NAME(id):
            hint = "begin it with a letter; other characters than letters, digits and '_' become '_'"
            self.problems.add(item.key_at, "bad-name", f"{id!r} is not a name", hint)
            return
        known = self.metrics.get(id)
        if known is not None and group and self.origin.get(id, group) != group:
            message = f"metric {id!r} comes from group {self.origin[id]!r} and from {group!r}"
            self.problems.add(item.key_at, "name-clash", message, "take it out of one")
        if group:
            self.origin[id] = group
        self.metrics[id] = item if known is None else merge_entry("metrics", known, item)


def _filled(template: str, **values: str) -> str:
    for name, value in values.items():
        template = template.replace(f"{{{name}}}", value)
    return template


def _mapping(tree: Item, key: str) -> dict[str, Item]:
    return fields_of(fields_of(tree).get(key))


def _list(item: Item, entries: Sequence[Item]) -> Item:
    """A list of texts, each of them once."""
    first = {str(entry.value): entry for entry in reversed(entries)}
    kept = [entry for entry in entries if first[str(entry.value)] is entry]
    return Item(kept, item.file, item.key_line, item.key_column)


def _text(item: Item, text: str) -> Item:
    return Item(text, item.file, item.key_line, item.key_column)


def _with(item: Item, value: dict[str, Item]) -> Item:
    return Item(value, item.file, item.line, item.column, item.key_line, item.key_column)
