"""Whether the names that the parts of a pack use for one another exist, and mean one thing each."""

from __future__ import annotations

import keyword
from collections.abc import Collection, Iterator

from .circles import ordered, way_back
from .codes import UNKNOWN
from .errors import did_you_mean, some_of
from .expression import Expression
from .items import Item
from .literals import setting_problems
from .pack import Pack, Param, Variant
from .problems import Problems
from .series import families_in
from .template import placeholders
from .tree import Name
from .words import plural

MESSAGE_NAMES = (
    "onset",
    "fired",
    "step",
    "epoch",
    "value",
    "threshold",
    "series",
    "nonfinite",
    "ended_because",
    "numberless_because",
)
"""What a rule's message may show besides metrics and params."""

_MENDS = {
    **{noun: f"declare it under {plural(noun)}" for noun in ("metric", "param", "action", "command")},
    "window": "declare it under windows, as in windows: {recent: {last: 20 points}}",
    "label": "declare it under labels, as in labels: {rank: [rank]}",
    "family": "declare it under families, as in families: {layer: [_0, _1]}",
    "rule": "add it under rules, or take it out here",
}
"""What is done about a name of such a thing that is like no other."""


def check_references(tree: Item, pack: Pack, problems: Problems) -> None:
    """Note every name of a metric, param, rule, action, command or label that the pack does not have."""
    _Checker(pack, problems).all(tree)


class _Checker:
    def __init__(self, pack: Pack, problems: Problems) -> None:
        self.pack, self.problems = pack, problems

    def all(self, tree: Item) -> None:
        pack = self.pack
        self.words(tree)
        self.circles()
        self.names(_list(tree, "sentinels"), pack.metrics, "metric")
        self.best(_field(tree, "checkpoints"))
        for _, metric in _entries(tree, "metrics"):
            self.names([*_one(metric, "by"), *_list(metric, "by")], pack.labels, "label")
            self.families(_list(metric, "keys"))
        for _, variant in _entries(tree, "variants"):
            self.keys(_field(variant, "set"), pack.params, "param")
            for key, known in (("disable", {**pack.rules, **pack.gates}), ("advise", pack.rules)):
                self.names(_list(variant, key), known, "rule")
                self.keys(_field(variant, key), known, "rule")
        for varied in pack.variants.values():
            self.settings(varied)
        for _, stage in _entries(tree, "stages"):
            self.keys(_field(stage, "expect"), pack.metrics, "metric")
        for _, gate in _entries(tree, "gates"):
            stuck = _field(gate, "stuck")
            self.names([*_list(gate, "on_passed"), *_list(gate, "on_blocked")], pack.actions, "action")
            if stuck is not None:
                self.names(_list(stuck, "actions"), pack.actions, "action")
                self.names(_one(stuck, "over"), pack.windows, "window")
                for still in filter(None, (_field(stuck, "out_of_reach"), _field(stuck, "not_taken"))):
                    self.names(_list(still, "actions"), pack.actions, "action")
                    self.keys(_field(still, "advice"), pack.actions, "action")
        for _, action in _entries(tree, "actions"):
            self.names(_list(action, "conflicts"), pack.actions, "action")
            self.names(_one(action, "command"), pack.commands, "command")
        for _, rule in _entries(tree, "rules"):
            self.keys(_field(rule, "advice"), pack.actions, "action")
            for part in (rule, *_list(rule, "levels")):
                self.names(_list(part, "actions"), pack.actions, "action")
                self.message(_field(part, "message"))
        for _, invariant in _entries(tree, "invariants"):
            self.keys(_field(invariant, "advice"), pack.actions, "action")
            self.names(_list(invariant, "actions"), pack.actions, "action")
            self.message(_field(invariant, "message"))

    def best(self, checkpoints: Item | None) -> None:
        """Metrics by which a checkpoint is chosen: they must say which way is better."""
        items = _list(checkpoints, "best") if checkpoints is not None else []
        self.names(items, self.pack.metrics, "metric")
        for item in items:
            metric = self.pack.metrics.get(str(item.value))
            if metric is not None and metric.expr is not None:
                self.problems.add(
                    item.at, "computed-metric", f"metric {metric.id!r} is computed", "name one that is logged"
                )
            elif metric is not None and metric.better is None:
                message = f"metric {metric.id!r} does not say which direction is better"
                self.problems.add(item.at, "no-direction", message, "give it 'better:'")

    def words(self, tree: Item) -> None:
        for section, noun in (("metrics", "metric"), ("params", "param"), ("windows", "window")):
            for name, item in _entries(tree, section):
                if keyword.iskeyword(name):
                    self.problems.add(
                        item.key_at,
                        "reserved-name",
                        f"{noun} {name!r} is a word of the language",
                        "choose another name",
                    )

    def circles(self) -> None:
        """Defaults that need one another, each circle told once."""
        needs = {param.id: self.needed(param) for param in self.pack.params.values()}
        told: set[str] = set()
        for id in needs if ordered(needs) is None else ():
            path = way_back(id, needs) if id not in told else []
            if path:
                told.update(path)
                message = f"the default of param {id!r} is defined by itself"
                at = self.pack.params[id].at
                mend = f"give one of them a value of its own: {' -> '.join([id, *path])}"
                self.problems.add(at, "circular-definition", message, mend)

    def needed(self, param: Param) -> list[str]:
        """The params that a default names."""
        nodes = param.default.tree.walk() if isinstance(param.default, Expression) else ()
        return list(dict.fromkeys(n.id for n in nodes if isinstance(n, Name) and n.id in self.pack.params))

    def settings(self, variant: Variant) -> None:
        for name, value in variant.set.items():
            if isinstance(value, Expression):
                self.problems.extend(list(setting_problems(value, self.pack.params[name], self.pack)))

    def names(self, items: list[Item], known: Collection[str], noun: str) -> None:
        for item in items:
            if isinstance(item.value, str) and item.value not in known:
                self.unknown(item, item.value, known, noun)

    def families(self, keys: list[Item]) -> None:
        """The families that the keys of one metric name: known ones, and the same in each."""
        texts = [(item, families_in(item.value)) for item in keys if isinstance(item.value, str)]
        for item, named in texts:
            for family in named:
                if family not in self.pack.families:
                    offset = str(item.value).find(f"{{{family}}}") + 1
                    self.unknown(item, family, self.pack.families, "family", offset)
            if (lacking := set(texts[0][1]) ^ set(named)) and lacking <= set(self.pack.families):
                braces = " and ".join(f"{{{family}}}" for family in sorted(lacking))
                self.problems.add(
                    item.at, "uneven-keys", f"only some keys of this metric have {braces}", "all must name the same"
                )

    def keys(self, item: Item | None, known: Collection[str], noun: str) -> None:
        if item is not None and isinstance(item.value, dict):
            for name, value in item.value.items():
                if name not in known:
                    at = value.key_at
                    hint = instead(name, known, noun)
                    self.problems.add(at, UNKNOWN[noun], f"unknown {noun} {name!r}", hint)

    def unknown(self, item: Item, name: str, known: Collection[str], noun: str, offset: int = 0) -> None:
        hint = instead(name, known, noun)
        at = item.at.within(str(item.value), offset)
        self.problems.add(at, UNKNOWN[noun], f"unknown {noun} {name!r}", hint, len(name) if offset else 0)

    def message(self, item: Item | None) -> None:
        if item is None or not isinstance(item.value, str):
            return
        pack = self.pack
        for placeholder in placeholders(item.value):
            if not any(placeholder.name in names for names in (pack.metrics, pack.params, MESSAGE_NAMES)):
                known = (*pack.metrics, *pack.params, *MESSAGE_NAMES)
                at = item.at.within(item.value, placeholder.offset)
                is_split = placeholder.name in (*pack.families, *pack.labels)
                hint = "{series} names the series that fire" if is_split else did_you_mean(placeholder.name, known)
                hint = hint or f"a metric, a param, or {', '.join(MESSAGE_NAMES)}"
                message = f"unknown placeholder {placeholder.name!r}"
                self.problems.add(at, "unknown-placeholder", message, hint, len(placeholder.name))


def instead(name: str, known: Collection[str], noun: str) -> str:
    """What to write for a name that is not `known`: the nearest, else some that are and where others are declared."""
    return did_you_mean(name, list(known)) or "; ".join(filter(None, (some_of(list(known)), _MENDS[noun])))


def _field(item: Item | None, key: str) -> Item | None:
    return item.value.get(key) if item is not None and isinstance(item.value, dict) else None


def _list(item: Item, key: str) -> list[Item]:
    field = _field(item, key)
    return field.value if field is not None and isinstance(field.value, list) else []


def _one(item: Item, key: str) -> list[Item]:
    field = _field(item, key)
    return [field] if field is not None and isinstance(field.value, str) else []


def _entries(tree: Item, section: str) -> Iterator[tuple[str, Item]]:
    field = _field(tree, section)
    if field is not None and isinstance(field.value, dict):
        yield from field.value.items()
