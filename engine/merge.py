"""A pack over its parent: named things merge by id, field by field; lists and single values are replaced."""

from __future__ import annotations

from .errors import did_you_mean, some_of, surely_meant
from .items import Item
from .problems import Problems
from .words import listed

NAMED = (
    *("metrics", "twins", "params", "variants", "windows", "rules", "invariants"),
    *("stages", "gates", "actions", "commands", "notes", "formats"),
)
"""Sections of things with an id and fields of their own."""

FLAT = ("clock", "checkpoints", "labels", "families")
"""Sections whose fields are replaced one by one."""

OWN = ("schema", "pack", "version", "title", "source", "help", "extends", "detect", "disable")
"""What a pack says about itself and never inherits."""

_INSTEAD = {
    "metrics": (("keys", "expr"),),
    "rules": (("levels", "when"), ("levels", "severity")),
    "windows": (),
}
"""Fields that rule each other out: a child that gives one drops the other of its parent."""


_NEEDED = {
    "metrics": (("keys", "expr", "metrics"),),
    "twins": (("keys",),),
    "params": (("default",),),
    "windows": (("last",),),
    "rules": (("title",), ("cause",), ("when", "levels")),
    "invariants": (("holds",),),
    "gates": (("require",),),
    "actions": (("title",), ("rank",)),
    "formats": (("lines",),),
}
"""What a thing must say to be one of its own; of several fields, any one."""


def alone(child: Item, problems: Problems) -> Item:
    """The tree of a pack that inherits nothing."""
    return merge(Item({}, child.file, child.line, child.column), child, problems)


def merge(parent: Item, child: Item, problems: Problems) -> Item:
    """The tree of `child` with what it inherits from `parent`; every value keeps the place where it stands.

    What says too little to be a thing of its own, and has nearly the name of an inherited one, is told, and taken
    for it.
    """
    if not isinstance(parent.value, dict) or not isinstance(child.value, dict):
        return child
    inherited = {key: item for key, item in parent.value.items() if key not in OWN}
    merged = {**inherited, **child.value}
    for section in (*NAMED, *FLAT):
        above, below = inherited.get(section), child.value.get(section)
        if above is not None and below is not None and not isinstance(below.value, dict):
            merged[section] = above  # a section that is none is a fault of its own, and hides nothing
        elif above is not None and below is not None:
            merged[section] = _merge_section(section, above, _meant(section, above, below, problems))
    _disable(merged, inherited, child.value, problems)
    return Item(merged, child.file, child.line, child.column, child.key_line, child.key_column)


def _merge_section(section: str, above: Item, below: Item) -> Item:
    if not isinstance(above.value, dict) or not isinstance(below.value, dict):
        return below
    entries = dict(above.value)
    for key, item in below.value.items():
        old = entries.get(key)
        entries[key] = merge_entry(section, old, item) if old is not None and section in NAMED else item
    return _with(below, entries)


def _meant(section: str, above: Item, below: Item, problems: Problems) -> Item:
    """A child's section with the names of inherited things that it misspells put right."""
    if section not in _NEEDED or not isinstance(above.value, dict) or not isinstance(below.value, dict):
        return below
    free = [name for name in above.value if name not in below.value]
    entries: dict[str, Item] = {}
    for name, item in below.value.items():
        fields = item.value if isinstance(item.value, dict) else {}
        lacking = [needed[0] for needed in _NEEDED[section] if not any(field in fields for field in needed)]
        near = surely_meant(name, free) if lacking and fields and name not in above.value else None
        if near is not None:
            told = f"no {section.removesuffix('s')} {name!r} is inherited, and to be one of its own it lacks "
            told += listed([repr(field) for field in lacking])
            problems.add(item.key_at, "missing-key", told, f"did you mean {near!r}?")
            free.remove(near)
        entries[near or name] = item
    return _with(below, entries)


def spelled_out(item: Item, section: str) -> Item:
    """A command or note that is written as its text alone, as the mapping that it is short for."""
    if section not in ("commands", "notes") or not isinstance(item.value, str):
        return item
    return _with(item, {"text": Item(item.value, item.file, item.line, item.column)})


def is_group(name: str, item: Item) -> bool:
    """Whether an entry of `metrics` is a group of them."""
    return name.endswith("*") or (isinstance(item.value, dict) and "metrics" in item.value)


def merge_entry(section: str, above: Item, below: Item) -> Item:
    """One named thing over what it inherits, field by field; of a group, metric by metric."""
    above, below = spelled_out(above, section), spelled_out(below, section)
    if not isinstance(above.value, dict):
        return below
    if not isinstance(below.value, dict):
        return above  # what is no mapping is a fault of its own, and hides nothing
    fields = dict(above.value)
    for one, other in _INSTEAD.get(section, ()):
        for given, dropped in ((one, other), (other, one)):
            if given in below.value and dropped not in below.value:
                fields.pop(dropped, None)
    merged = {**fields, **below.value}
    if section == "metrics" and "metrics" in above.value and "metrics" in below.value:
        merged["metrics"] = _merge_section(section, above.value["metrics"], below.value["metrics"])
    return _with(below, merged)


def _with(item: Item, value: dict[str, Item]) -> Item:
    return Item(value, item.file, item.line, item.column, item.key_line, item.key_column)


def _disable(merged: dict[str, Item], inherited: dict[str, Item], child: dict[str, Item], problems: Problems) -> None:
    names = child.get("disable")
    if names is None or not isinstance(names.value, list):
        return
    known = [*_entries(inherited.get("rules")), *_entries(inherited.get("invariants"))]
    left = {section: _entries(merged.get(section)) for section in ("rules", "invariants")}
    for name in names.value:
        if not isinstance(name.value, str):
            continue
        if name.value not in known:
            own = [id for entries in left.values() for id in entries if id not in known]
            hint = did_you_mean(name.value, known) or "; ".join(filter(None, ("take it out", some_of(known))))
            if (near := surely_meant(name.value, own)) is not None:
                meant = "" if near == name.value else f"did you mean {near!r}? "
                hint = f"{meant}write 'enabled: false' in the rule instead"
            problems.add(name.at, "unknown-rule", f"no inherited rule {name.value!r} to disable", hint)
            continue
        for entries in left.values():
            entries.pop(name.value, None)
    for section, entries in left.items():
        if section in merged:
            merged[section] = _with(merged[section], entries)


def _entries(item: Item | None) -> dict[str, Item]:
    return dict(item.value) if item is not None and isinstance(item.value, dict) else {}
