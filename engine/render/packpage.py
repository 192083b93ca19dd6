"""A pack as text, as it is in one run: every threshold with where it comes from, every rule with what becomes of it."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from typing import Any

from ..catalog import Thing, plural, sections, standing
from ..pack import Action, Command, Family, Format, Group, Invariant, Metric, Note, Rule, Stage, Variant, Window
from ..pack_gates import Gate
from ..report import Threshold
from ..resolved import Resolved
from ..thresholds import home, thresholds
from ..words import capital, counted, listed
from .entrypage import fields_of
from .layout import Page
from .phrases import STANDSTILLS, band, by_reason, end, identity, leeway, length, plain, requirement, span, value
from .provenance import history, source_at

INDENT = " " * 4
LABEL = 12


def render_pack(
    resolved: Resolved, given: str, *, width: int = 80, colour: bool = False, ascii_only: bool = False
) -> str:
    """The page of a pack made ready for a run; `given` is what a command line calls it."""
    page = Page(max(width, 40), colour, ascii_only)
    pack = resolved.pack
    name = f"{pack.id} {pack.version}".rstrip()
    page.add(pack.title, f"{page.safe(name)}  ", style="heading", word=name)
    page.add(pack.help)
    page.blank()
    _head(page, resolved)
    found = sections(pack)
    for kind in sorted(found, key=_place):
        if not found[kind]:
            continue
        title, render = _SECTIONS.get(kind, (capital(plural(kind)), _others))
        page.blank()
        page.raw(f"{title} ({len(found[kind])})", "heading")
        render(page, resolved, _own_first(resolved, found[kind]))
    page.blank()
    page.add(f"'rules explain {given} NAME' says more of any of these.", style="faint")
    return page.text()


def _head(page: Page, resolved: Resolved) -> None:
    pack = resolved.pack
    required = [metric.id for metric in pack.metrics.values() if metric.required]
    for label, text in (
        ("guide", pack.source),
        ("extends", pack.extends or ""),
        ("known by", listed(pack.detect)),
        ("needs", f"{listed(required, 'or')} in the log" if required else ""),
        ("NaN shows in", listed(pack.sentinels)),
        ("variant", resolved.variant or ""),
    ):
        if text:
            page.add(text, f"{label:<{LABEL}} ")


def _place(kind: str) -> int:
    return _ORDER.index(kind if kind in _ORDER else "")


def _own_first(resolved: Resolved, things: Mapping[str, Thing]) -> dict[str, Thing]:
    """The things that the pack declares itself, then those of the packs that it extends."""
    inherited = [id for id, thing in things.items() if home(resolved.pack, thing) != resolved.pack.id]
    return {id: things[id] for id in (*(id for id in things if id not in inherited), *inherited)}


def _thresholds(page: Page, resolved: Resolved, things: Mapping[str, Thing]) -> None:
    by_id = {row.param: row for row in thresholds(resolved)}
    rows = [by_id[id] for id in things]
    wide = min(max(len(row.param) for row in rows), 24)
    for row in rows:
        param = resolved.pack.params[row.param]
        is_set = row.override is not None
        told = ", ".join(filter(None, (_value(row), band((param.min, param.max)))))
        line = f"  {page.safe(param.id):<{wide}}  {page.safe(told)}"
        origin = row.origin
        if row.override is not None:
            origin = f"{source_at(row.origin, row.override.at)}, default {value(row.default)}"
        room = page.width - len(line) - len(page.safe(origin))
        if room >= 2:
            page.raw(line + " " * room + page.safe(origin), "warning" if is_set else "none")
        else:
            page.add(f"{told} ({origin})", f"  {page.safe(param.id):<{wide}}  ", style="warning" if is_set else "none")
        if row.override is not None and row.override.over:
            page.add(history(row.override), INDENT, style="warning")
        if param.help:
            page.add(param.help, INDENT, style="faint")


def _value(row: Threshold) -> str:
    shown = value(row.value)
    return f"{shown} {row.unit}" if row.unit and row.value is not None else shown


def _rules(page: Page, resolved: Resolved, things: Mapping[str, Thing]) -> None:
    for rule in things.values():
        stands = standing(resolved, rule)
        severity = stands.severity or rule.levels[-1].severity
        label = severity if stands.is_on else "off"
        origin = home(resolved.pack, rule)
        page.add(
            f"{rule.title} ({rule.id})",
            f"  {label:<9} ",
            INDENT * 3,
            style=severity if stands.is_on else "faint",
            word=label,
        )
        told = [f"{_scope(rule)}", "" if origin == resolved.pack.id else f"from {origin}"]
        why = stands.why
        told += [f"off by {stands.on_by or 'the pack'}{why}"] if not stands.is_on else []
        told += [f"on by {stands.on_by}"] if stands.is_on and stands.on_by else []
        told += (
            [f"held to {severity} by {stands.severity_by}{why if stands.is_on else ''}"] if stands.severity_by else []
        )
        page.add("; ".join(filter(None, told)), INDENT * 3, style="faint")


def _scope(rule: Rule) -> str:
    told = [rule.cause]
    if len(rule.levels) > 1:
        told.append(f"levels {listed([level.severity for level in rule.levels])}")
    if rule.after:
        told.append(f"after {plain(rule.after)}")
    if length_ := next((level.for_ for level in reversed(rule.levels) if level.for_), None):
        told.append(f"for {length(length_)}")
    actions = list(dict.fromkeys(action for level in reversed(rule.levels) for action in level.actions))
    return "; ".join([", ".join(told), *([f"does {', '.join(actions)}"] if actions else [])])


def _gates(page: Page, resolved: Resolved, things: Mapping[str, Gate]) -> None:
    for gate in things.values():
        page.add(gate.title, f"  {page.safe(gate.id)}{': ' if gate.title else ''}", INDENT)
        told = [f"{word} {plain(given)}" for word, given in (("while", gate.while_), ("passed", gate.passed)) if given]
        told += [f"{word} {', '.join(names)}" for word, names in _gate_actions(gate) if names]
        for text in ("; ".join(told), *([f"advice only where {plain(gate.advisory)}"] if gate.advisory else [])):
            page.add(text, INDENT, style="faint")
        for each in gate.require.values():
            more = leeway(each)
            page.add(f"{requirement(each)}{f' ({more})' if more else ''}", f"{INDENT}- ", INDENT + "  ")


def _gate_actions(gate: Gate) -> list[tuple[str, tuple[str, ...]]]:
    stuck = gate.stuck.actions if gate.stuck else ()
    stills = gate.stuck.standstills if gate.stuck else {}
    told = [(f"{STANDSTILLS[name]}:", each.actions) for name, each in stills.items()]
    return [("blocked:", gate.on_blocked), ("through:", gate.on_passed), ("held up by near misses:", stuck), *told]


def _invariants(page: Page, resolved: Resolved, things: Mapping[str, Invariant]) -> None:
    for each in things.values():
        stands = standing(resolved, resolved.pack.rules[each.id])
        label = (stands.severity or each.severity) if stands.is_on else "off"
        title = f"{each.title} ({each.id})" if each.title not in ("", each.id) else each.id
        page.add(title, f"  {label:<9} ", INDENT * 3, style=label, word=label)
        page.add(identity(each), INDENT * 3, style="faint")


def _groups(page: Page, resolved: Resolved, things: Mapping[str, Group]) -> None:
    for group in things.values():
        told = [group.help.rstrip("."), f"where {plain(group.where)}" if group.where else ""]
        told += [f"split by {listed(group.by)}" if group.by else "", f"twin {group.twin}" if group.twin else ""]
        page.add("; ".join(filter(None, told)), f"  {page.safe(group.id)}: ", INDENT)


def _formats(page: Page, resolved: Resolved, things: Mapping[str, Format]) -> None:
    _lines(
        page,
        (
            (each.id, ", ".join(filter(None, (each.title, counted(len(each.lines), "kind of line", "kinds of lines")))))
            for each in things.values()
        ),
    )


def _families(page: Page, resolved: Resolved, things: Mapping[str, Family]) -> None:
    _lines(page, ((each.id, ", ".join(each.members)) for each in things.values()))


def _metrics(page: Page, resolved: Resolved, things: Mapping[str, Metric]) -> None:
    rows: dict[str, list[str]] = {"read": [], "computed": []}
    for metric in things.values():
        rows.setdefault(metric.group or ("read" if metric.expr is None else "computed"), []).append(metric.id)
    for label, names in rows.items():
        if names:
            page.add(", ".join(names), f"  {page.safe(label):<9} ", INDENT * 3)


def _windows(page: Page, resolved: Resolved, things: Mapping[str, Window]) -> None:
    _lines(
        page, ((window.id, ". ".join(filter(None, (capital(span(window)), window.help)))) for window in things.values())
    )


def _stages(page: Page, resolved: Resolved, things: Mapping[str, Stage]) -> None:
    _lines(
        page,
        (
            (
                stage.id,
                f"until {end(stage)}: " + ", ".join(f"{name} {band(range_)}" for name, range_ in stage.expect.items()),
            )
            for stage in things.values()
        ),
    )


def _actions(page: Page, resolved: Resolved, things: Mapping[str, Action]) -> None:
    ranked = sorted(things.values(), key=lambda action: (-action.rank, action.id))
    _lines(
        page,
        (
            (
                action.id,
                "; ".join(
                    [
                        action.title,
                        *(f"{name} = {plain(given)}" for name, given in action.set.items()),
                        *([f"command {action.command}"] if action.command else []),
                    ]
                ),
            )
            for action in ranked
        ),
    )


def _variants(page: Page, resolved: Resolved, things: Mapping[str, Variant]) -> None:
    for variant in things.values():
        changes = [f"{name} = {value(given)}" for name, given in variant.set.items()]
        for word, rules in (("off", variant.disable), ("only informs", variant.advise)):
            changes += [
                f"{listed(names)} {word}{f' ({reason})' if reason else ''}"
                for reason, names in by_reason(rules).items()
            ]
        page.add("; ".join(filter(None, (variant.help.rstrip("."), ", ".join(changes)))), f"  {variant.id}: ", INDENT)


def _commands(page: Page, resolved: Resolved, things: Mapping[str, Command]) -> None:
    for command in things.values():
        page.add(": ".join(filter(None, (command.id, command.help))), "  ", INDENT)
        page.command(command.text, INDENT)


def _notes(page: Page, resolved: Resolved, things: Mapping[str, Note]) -> None:
    page.add(", ".join(things), "  ")


def _others(page: Page, resolved: Resolved, things: Mapping[str, Any]) -> None:
    """Things of a section that has no lines of its own here, each with its first few fields."""
    for thing in things.values():
        told = [f"{label} {text}" for label, text in fields_of(thing, but=("why", "source"))]
        page.add("; ".join(told), f"  {page.safe(thing.id)}: ", INDENT)


def _lines(page: Page, rows: Iterable[tuple[str, str]]) -> None:
    rows = list(rows)
    wide = min(max(len(name) for name, _ in rows), 24) + 2
    for name, text in rows:
        page.add(text, f"  {page.safe(name):<{wide}}", " " * (wide + 2))


_Section = Callable[[Page, Resolved, Mapping[str, Any]], None]
_SECTIONS: dict[str, tuple[str, _Section]] = {
    "param": ("Thresholds", _thresholds),
    "rule": ("Rules", _rules),
    "gate": ("Gates", _gates),
    "invariant": ("Invariants", _invariants),
    "metric": ("Metrics", _metrics),
    "group": ("Groups of metrics", _groups),
    "family": ("Families of keys", _families),
    "format": ("Console formats", _formats),
    "window": ("Windows", _windows),
    "stage": ("Stages", _stages),
    "action": ("Actions, the gravest first", _actions),
    "variant": ("Variants", _variants),
    "command": ("Commands", _commands),
    "note": ("Notes", _notes),
}

_ORDER = (
    *("param", "rule", "gate", "invariant", "stage", "window", "action", "metric", "group", "family", "twin", ""),
    *("variant", "command", "format", "note"),
)
"""The sections in the order of the page; what has no lines of its own stands where nothing is named."""
