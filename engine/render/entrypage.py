"""What a name of a pack means, as text: its fields, what it uses with the values of this run, and what uses it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from ..catalog import Entry, entries, plural, standing, users
from ..expression import Expression
from ..pack import (
    Action,
    Duration,
    Family,
    Format,
    Group,
    Invariant,
    Level,
    Metric,
    Param,
    Rule,
    Stage,
    Variant,
    Window,
)
from ..pack_gates import Gate
from ..report import Threshold
from ..resolved import Resolved
from ..thresholds import thresholds
from ..words import as_written, listed
from .layout import Page
from .phrases import STANDSTILLS, band, by_reason, end, identity, leeway, length, line, plain, requirement, span, value
from .provenance import history, source_at

LABEL = 12
_LABELS = {"expr": "computed", "for_": "for", "while_": "while", "source": "guide", "good": "good range", "set": "sets"}
_BOUNDS = ("good",)


def render_entries(
    resolved: Resolved, found: Sequence[Entry], *, width: int = 80, colour: bool = False, ascii_only: bool = False
) -> str:
    """The page on one name; where several things are called so, one after another."""
    page = Page(max(width, 40), colour, ascii_only)
    everything = entries(resolved.pack)
    for entry in found:
        page.blank()
        _entry(page, resolved, entry, everything)
    return page.text()


def fields_of(thing: Any, but: Sequence[str] = ()) -> Iterator[tuple[str, str]]:
    """The fields of a thing that say something, in words, each with its label; `source` is called guide."""
    for field, content in thing._asdict().items():
        if field in ("id", "at", *but):
            continue
        text = band(content) if field in _BOUNDS else _text(content)
        if text:
            yield _LABELS.get(field, field.rstrip("_").replace("_", " ")), text


def _entry(page: Page, resolved: Resolved, entry: Entry, everything: list[Entry]) -> None:
    thing = entry.thing
    head = f"{'threshold' if entry.kind == 'param' else entry.kind} {entry.name}"
    title = getattr(thing, "title", "")
    title = "" if title == entry.name else title
    page.add(title, f"{page.safe(head)}{': ' if title else ''}", "  ", style="heading", word=page.safe(head))
    for text in (getattr(thing, "help", ""), getattr(thing, "text", "") if entry.kind in ("action", "note") else ""):
        if text:
            page.add(text, "  ")
    if entry.kind == "command":
        page.command(thing.text, "  ")
    for label, text in _facts(resolved, thing):
        _line(page, label, text)
    _used(page, resolved, entry, everything)
    for label, text in (("why", getattr(thing, "why", "")), ("guide", getattr(thing, "source", ""))):
        _line(page, label, text)
    _line(page, "written in", str(thing.at))


def _line(page: Page, label: str, text: str) -> None:
    if text:
        page.add(text, f"  {label:<{LABEL}} ", " " * (LABEL + 3))


def _facts(resolved: Resolved, thing: Any) -> Iterator[tuple[str, str]]:
    if isinstance(thing, Param):
        yield from _of_param(resolved, thing)
    elif isinstance(thing, Rule):
        yield from _of_rule(resolved, thing)
    elif isinstance(thing, Metric):
        yield from _of_metric(thing)
    elif isinstance(thing, Variant):
        yield "sets", ", ".join(f"{name} = {value(given)}" for name, given in thing.set.items())
        yield from _with_reasons("off", thing.disable)
        yield from _with_reasons("only informs", thing.advise)
    elif isinstance(thing, Window):
        yield "holds", span(thing)
    elif isinstance(thing, Gate):
        yield from _of_gate(thing)
    elif isinstance(thing, Invariant):
        yield from _of_rule(resolved, resolved.pack.rules[thing.id], conditions=False)
        yield thing.severity, f"unless {identity(thing)}"
        lasting = resolved.pack.rules[thing.id].levels[-1].for_
        yield "", f"for {length(lasting)}" if lasting else ""
        yield from fields_of(thing, but=_TOLD_OF_INVARIANT)
    elif isinstance(thing, Format):
        for each in thing.lines:
            yield "line", line(each)
    elif isinstance(thing, Family):
        yield "members", ", ".join(f"{name} for {text!r}" for name, text in thing.members.items())
    elif isinstance(thing, Group):
        yield from fields_of(thing, but=("help", "source"))
    elif isinstance(thing, Stage):
        yield "until", end(thing)
        yield "expects", ", ".join(f"{name} {band(range_)}" for name, range_ in thing.expect.items())
    elif isinstance(thing, Action):
        yield "rank", f"{thing.rank}"
        yield "sets", ", ".join(f"{name} = {plain(given)}" for name, given in thing.set.items())
        yield "moves", ", ".join(f"{name} {way}" for name, way in thing.direction.items())
        yield "names", f"a {thing.target}" if thing.target else ""
        yield "not with", listed(thing.conflicts)
        yield "alone", "only where nothing else is recommended" if thing.alone else ""
        yield "command", thing.command or ""
    else:
        yield from fields_of(thing, but=("title", "help", "text", "why", "source"))


def _with_reasons(label: str, rules: Mapping[str, str]) -> Iterator[tuple[str, str]]:
    """What a variant does to rules, those for one reason together."""
    for place, (reason, names) in enumerate(by_reason(rules).items()):
        yield "" if place else label, f"{listed(names)}{f': {reason}' if reason else ''}"


def _of_param(resolved: Resolved, param: Param) -> Iterator[tuple[str, str]]:
    (row,) = (row for row in thresholds(resolved) if row.param == param.id)
    yield "value", _measured(row)
    if row.override is not None:
        given = f", as {row.override.given}" if row.override.given else ""
        yield "set by", f"{source_at(row.origin, row.override.at)}{given}; the default is {value(row.default)}"
        yield "", history(row.override)
    else:
        yield "from", row.origin + (f", as {plain(param.default)}" if isinstance(param.default, Expression) else "")
    yield "bounds", band((param.min, param.max))
    yield "type", "" if param.type == "number" else param.type


def _measured(row: Threshold) -> str:
    return value(row.value) + (f" {row.unit}" if row.unit and row.value is not None else "")


_TOLD_OF_INVARIANT = ("title", "cause", "enabled", "holds", "rel", "abs", "severity", "for_", "why", "source")
"""Fields of an invariant that are told in other words."""


def _of_gate(gate: Gate) -> Iterator[tuple[str, str]]:
    yield "while", plain(gate.while_)
    yield "passed", plain(gate.passed)
    yield "advice", f"only, where {plain(gate.advisory)}" if gate.advisory else ""
    yield "a value", f"older than {length(gate.max_age)} is unknown" if gate.max_age else ""
    for each in gate.require.values():
        yield "requires", requirement(each)
        yield "", "; ".join(filter(None, (each.title, leeway(each))))
        yield "", each.why
    yield "blocked", ", ".join(gate.on_blocked)
    yield "through", ", ".join(gate.on_passed)
    if gate.stuck is not None:
        when = f"where {plain(gate.stuck.when)}" if gate.stuck.when else "always"
        yield (
            "held up",
            f"{when}, by near misses over {gate.stuck.over} without a trend: {', '.join(gate.stuck.actions)}",
        )
        yield "", gate.stuck.why
        for name, still in gate.stuck.standstills.items():
            unless = f", unless {plain(still.unless)}" if still.unless else ""
            yield name.replace("_", " "), f"{STANDSTILLS[name]}{unless}: {', '.join(still.actions)}"
            yield "", " ".join(filter(None, (*still.advice.values(), still.why)))


def _of_rule(resolved: Resolved, rule: Rule, *, conditions: bool = True) -> Iterator[tuple[str, str]]:
    stands = standing(resolved, rule)
    if not stands.is_on:
        yield "off", f"by {stands.on_by or 'the pack'}{stands.why}"
    elif stands.on_by:
        yield "on", f"by {stands.on_by}"
    if stands.severity_by:
        yield "held to", f"{stands.severity} by {stands.severity_by}{stands.why if stands.is_on else ''}"
    yield "cause", rule.cause
    if not conditions:
        return
    for level in rule.levels:
        yield from _of_level(level)
    for label, expression in (("since", rule.since), ("after", rule.after), ("while", rule.while_)):
        yield label, plain(expression)
    yield "sticky", "stays open once found" if rule.sticky else ""


def _of_level(level: Level) -> Iterator[tuple[str, str]]:
    yield level.severity, f"when {plain(level.when)}"
    yield "", f"for {length(level.for_)}" if level.for_ else ""
    yield "", f"until {plain(level.until)}" if level.until else ""
    yield "", f"does {', '.join(level.actions)}" if level.actions else ""
    yield "", f"says “{level.message}”" if level.message else ""


_TOLD = (
    "keys",
    "expr",
    "where",
    "role",
    "type",
    "by",
    "better",
    "unit",
    "required",
    "good",
    "in_loss",
    "help",
    "source",
)
"""Fields of a metric that have lines of their own."""


def _of_metric(metric: Metric) -> Iterator[tuple[str, str]]:
    yield "keys", ", ".join(metric.keys)
    yield "computed", plain(metric.expr)
    yield "where", plain(metric.where)
    yield "split by", ", ".join(metric.by)
    yield "unit", metric.unit or ""
    yield "in the loss", {True: "yes", False: "no", None: ""}[metric.in_loss]
    yield from fields_of(metric, but=_TOLD)
    yield "better", metric.better or ""
    yield "good range", band(metric.good)
    yield (
        "kind",
        ", ".join(
            [
                *(["text"] if metric.type == "text" else []),
                *(["of an evaluation"] if metric.role == "eval" else []),
                *(["one of those of which a log needs at least one"] if metric.required else []),
            ]
        ),
    )


def _used(page: Page, resolved: Resolved, entry: Entry, everything: list[Entry]) -> None:
    rows = {row.param: row for row in thresholds(resolved)}
    by_kind: dict[str, list[str]] = {}
    for kind, name in entry.uses:
        by_kind.setdefault(kind, []).append(name)
    names = by_kind.get("param", [])
    if names and entry.kind != "variant":
        told = [f"{name} = {_measured(rows[name])}" + _unusual(resolved, rows[name]) for name in names]
        _line(page, "thresholds", ", ".join(told))
    for kind in ("metric", "window"):
        _line(page, f"{kind}s", ", ".join(by_kind.get(kind, ())))
    using: dict[str, list[str]] = {}
    for each in users(everything, entry):
        using.setdefault(each.kind, []).append(each.name)
    told = [f"{kind if len(names) == 1 else plural(kind)} {', '.join(names)}" for kind, names in using.items()]
    _line(page, "used by", "; ".join(told) or ("" if entry.kind in _UNUSED else "nothing"))


_UNUSED = ("rule", "stage", "gate", "invariant", "note", "variant", "format", "group", "family", "twin")
"""Kinds that nothing has to use."""


def _unusual(resolved: Resolved, row: Threshold) -> str:
    return f" ({row.origin})" if row.value != row.default else ""


def _text(content: Any) -> str:
    """Any part of the model in a few words; nothing for what is empty."""
    if isinstance(content, Expression):
        return plain(content)
    if isinstance(content, Duration):
        return length(content)
    if isinstance(content, bool):
        return "yes" if content else ""
    if content is None or isinstance(content, str):
        return content or ""
    if isinstance(content, (int, float)):
        return as_written(float(content), 6)
    if isinstance(content, Mapping):
        return ", ".join(f"{name} {_text(inner)}".rstrip() for name, inner in content.items())
    if hasattr(content, "_asdict"):
        parts = [f"{label} {text}" for label, text in fields_of(content)]
        return (f"{content.id}: " if hasattr(content, "id") else "") + ", ".join(parts)
    return ", ".join(_text(inner) for inner in content)
