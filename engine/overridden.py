"""A pack and all that is said of its params and rules for one run, the latest last."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path

from .errors import Position, did_you_mean, some_of
from .expression import Expression
from .found import Found
from .items import Item
from .kinds import pack_meant
from .literals import setting, setting_problems
from .overrides import Asked, Layer, form_of, from_file, from_settings, from_values
from .pack import SEVERITIES, Pack, Scalar, Variant
from .problems import Problems
from .project import from_found
from .resolved import Override, Resolved
from .settings import FILE, FOUND, OPTION, VALUES, VARIANT, Said, Source, Switch
from .suppress import with_switches
from .values import Setting, Values
from .words import listed


def overridden(
    pack: Pack,
    problems: Problems,
    variant: Variant | None,
    found: Sequence[Found],
    files: Sequence[Path],
    settings: Sequence[str],
    values: Mapping[str, Scalar],
) -> Resolved:
    """The pack with what all sources say applied, the later over the earlier; what is wrong goes to `problems`."""
    state = _State(pack, problems)
    if variant is not None:
        state.vary(variant)
    for each in found:
        if each.misspelt is not None:
            note = f"has [tool.{each.misspelt[0]}] in place of [tool.trainrules]"
            state.sources[each.name] = Source(each.name, each.kind, note)
        for layer in from_found(each, pack, problems):
            state.apply(layer, each.name)
    for file in files:
        state.apply(from_file(file, pack, problems))
    state.apply(from_settings(settings, problems))
    state.apply(from_values(values))
    return state.resolved(variant.id if variant else None)


class _State:
    """What has been set so far: all that was said of each thing with its origin, the latest last."""

    def __init__(self, pack: Pack, problems: Problems) -> None:
        self.pack, self.problems = pack, problems
        self.params: dict[str, list[Setting]] = {}
        self.switches: list[Switch] = []
        self.sources: dict[str, Source] = {}

    def vary(self, variant: Variant) -> None:
        origin = f"variant {variant.id}"
        for name, value in variant.set.items():
            at = value.at if isinstance(value, Expression) else variant.at
            self.params[name] = [Setting(value, at, origin, _written(value))]
        self.switches += [Switch(rule, False, origin, VARIANT, None, why) for rule, why in variant.disable.items()]
        self.switches += [Switch(rule, "info", origin, VARIANT, None, why) for rule, why in variant.advise.items()]

    def apply(self, layer: Layer, path: str = "") -> None:
        note = self.mismatch(layer)
        if layer.kind in (*FOUND, FILE):
            file = path or layer.origin
            self.sources[file] = Source(file, layer.kind, note)
        if note:
            return
        for name, item in layer.params.items():
            self.set(name, item, layer)
        for rule, asked in layer.severities.items():
            if rule in self.pack.gates:
                told = f"{rule!r} is a gate and has no severity"
                self.problems.add(asked.item.at, "contradiction", told, f"write disable: [{rule}]")
            else:
                self.capped(rule, asked)
                self.switch(rule, asked, layer)
        for rule, asked in layer.enabled.items():
            self.switch(rule, asked, layer)

    def mismatch(self, layer: Layer) -> str:
        """Why a layer that is for another pack does not count; empty where it does."""
        target = layer.pack
        if target is None or target.value in (known := ancestry(self.pack)):
            return ""
        name = str(target.value)
        told = f"for pack {name!r}, not {self.pack.id!r}"
        if (near := pack_meant(name, Path(target.file).parent, known)) is not None:
            self.problems.add(target.at, "unknown-pack", f"no pack is called {name!r}", f"did you mean {near!r}?")
        elif layer.kind == FILE:
            hint = f"give --pack {target.value}, or make them for {self.pack.id!r}"
            self.problems.add(target.at, "wrong-file", f"these settings are {told}", hint)
        return f"is {told}"

    def capped(self, rule: str, asked: Asked) -> None:
        """Note a severity above all levels of a rule, which would change nothing: it caps them, and raises none."""
        levels = [level.severity for level in self.pack.rules[rule].levels] if rule in self.pack.rules else []
        if len(levels) > 1 and SEVERITIES.index(str(asked.value)) > max(map(SEVERITIES.index, levels)):
            told = f"rule {rule!r} has the levels {listed(levels)}, and a severity is the most that they may have"
            self.problems.add(asked.item.at, "contradiction", told, f"write {listed(levels, 'or')}, or leave it out")

    def switch(self, rule: str, asked: Asked, layer: Layer) -> None:
        if rule in self.pack.rules or rule in self.pack.gates:
            at = asked.item.at._replace(file=layer.origin) if asked.item.line else None
            self.switches.append(Switch(rule, asked.value, layer.origin, layer.kind, at, asked.reason, asked.until))
            return
        known = [*self.pack.rules, *self.pack.gates]
        near = did_you_mean(rule, known) or _few(known) or "'rules show PACK' lists them"
        if rule in self.pack.params:
            near = f"{rule!r} is a param; set its value"
        self.problems.add(asked.item.at, "unknown-rule", f"unknown rule {rule!r}", near)

    def set(self, name: str, item: Item, layer: Layer) -> None:
        param = self.pack.params.get(name)
        if param is None:
            hint = did_you_mean(name, list(self.pack.params))
            if name in self.pack.rules:
                hint = f"{name!r} is a rule; write {form_of(name, layer.texts.get(name, ''))}"
                if layer.kind not in (OPTION, VALUES):
                    hint = f"{name!r} is a rule; name it under 'severities', 'disable' or 'enable'"
            elif name in self.pack.metrics:
                hint = f"{name!r} is a metric; params of this pack are {', '.join(self.pack.params) or 'none'}"
            hint = (
                hint
                or _few(list(self.pack.params))
                or ("'rules show PACK' lists them" if self.pack.params else "take it out: this pack has none")
            )
            self.problems.add(item.key_at, "unknown-param", f"unknown param {name!r}", hint)
            return
        before = len(self.problems.found)
        if param.type == "text" and name in layer.texts and item.value is not None:
            item = Item(layer.texts[name], item.file, item.line, item.column)
        value = setting(item, name, param.type, self.problems, unit=param.unit, in_run=True)
        if isinstance(value, Expression):
            self.problems.extend(list(setting_problems(value, param, self.pack)))
        if len(self.problems.found) == before:
            written = layer.texts.get(name) or _written(value)
            self.params.setdefault(name, []).append(Setting(value, item.at, layer.origin, written))

    def resolved(self, variant: str | None) -> Resolved:
        last = {name: said[-1] for name, said in self.params.items()}
        values = Values(self.pack, last, self.problems)
        final = values.all()
        overrides = [
            self.override(name, final[name], values.default(name))
            for name in self.pack.params
            if name in last and final[name] != values.default(name)
        ]
        made = Resolved(
            self.pack,
            variant,
            final,
            overrides=tuple(overrides),
            switches=tuple(self.switches),
            sources=tuple(self.sources.values()),
        )
        return with_switches(made)

    def override(self, name: str, value: Scalar, default: Scalar) -> Override:
        *before, last = self.params[name]
        over = tuple(Said(each.origin, each.text, _at(each)) for each in reversed(before))
        given = last.value.text if isinstance(last.value, Expression) else ""
        return Override(name, value, default, last.origin, _at(last), " ".join(given.split()), over)


def ancestry(pack: Pack) -> list[str]:
    """The names of a pack and of all that it extends, the pack first."""
    from .load import parent_of

    names = []
    here: Pack | None = pack
    while here is not None:
        names.append(here.id)
        here = parent_of(here)
    return names


def _at(said: Setting) -> Position | None:
    """Where a setting stands, its file named as reports do; None where it is in no file of the user's."""
    is_placed = said.at.line and not said.origin.startswith("variant ")
    return said.at._replace(file=said.origin) if is_placed else None


def _written(value: Scalar | Expression) -> str:
    """A value as a file would have it."""
    if isinstance(value, Expression):
        return " ".join(value.text.split())
    if value is None:
        return "null"
    if isinstance(value, bool):
        return str(value).lower()
    return f"{value:.9g}" if isinstance(value, float) else str(value)


def _few(names: Sequence[str]) -> str:
    return some_of(names) if len(names) <= 8 else ""
