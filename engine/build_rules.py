"""What a pack judges and recommends: its rules, stages, actions, commands and notes, each from its fields."""

from __future__ import annotations

from .expression import Expression
from .fields import Fields, band, expression, kind
from .invariants import ABS, OPERATORS, REL
from .items import Item
from .pack import CAUSES, SEVERITIES, Action, Command, Invariant, Level, Note, Rule, Stage
from .problems import Problems
from .template import template_problems
from .tree import Comparison, Number


def rule(name: str, fields: Fields, problems: Problems) -> Rule:
    """A rule with its levels."""
    title = fields.text("title")
    if not fields.has("title"):
        fields.missing("title", "say in a few words what it found")
    if not fields.has("cause"):
        fields.missing("cause", f"one of {', '.join(CAUSES)}")
    levels = _levels(fields, problems)
    if fields.flag("sticky") and any(level.until is not None for level in levels):
        told = f"rule {name!r} is sticky and has an 'until', which would never count"
        problems.add(
            fields.place("sticky"), "contradiction", told, "keep one: a sticky rule fires to the end of the run"
        )
    return Rule(
        id=name,
        at=fields.at,
        title=title,
        cause=fields.choice("cause", CAUSES, "info"),
        levels=levels,
        since=fields.expression("since"),
        after=fields.from_zero("after", "it is a step, such as 20; leave it out to judge from the first row on"),
        while_=fields.expression("while"),
        sticky=fields.flag("sticky"),
        enabled=fields.flag("enabled", True),
        why=fields.text("why"),
        source=fields.text("source"),
        advice=advice(fields, problems),
    )


LEVEL_FIELDS = ("severity", "when", "for", "until", "actions", "message")
"""What a rule may say for those of its levels that do not say it."""


def _levels(rule: Fields, problems: Problems) -> tuple[Level, ...]:
    if not rule.has("levels"):
        level = _level(rule, rule.name, problems)
        return (level,) if level is not None else ()
    base = {key: rule.items[key] for key in LEVEL_FIELDS if key in rule.items}
    levels: list[Level] = []
    for entry in rule.list("levels"):
        own = entry.value if isinstance(entry.value, dict) else {}
        item = Item({**base, **own}, entry.file, entry.line, entry.column)
        if not isinstance(entry.value, dict):
            item = entry
        level = _level(Fields(item, problems, f"a level of {rule.name}"), rule.name, problems)
        if level is None:
            continue
        is_ordered = not levels or SEVERITIES.index(level.severity) > SEVERITIES.index(levels[-1].severity)
        if not is_ordered and Fields(item, Problems(), "").choice("severity", SEVERITIES, ""):
            hint = f"order them {', '.join(SEVERITIES)}, each at most once"
            message = f"level {level.severity!r} of {rule.name} stands after {levels[-1].severity!r}"
            problems.add(level.at, "wrong-order", message, hint)
        levels.append(level)
    if isinstance(rule.items["levels"].value, list) and not rule.items["levels"].value:
        problems.add(
            rule.place("levels"),
            "empty-value",
            f"{rule.name} has an empty list of levels",
            "give 'when' and 'severity'",
        )
    return tuple(levels)


def _level(fields: Fields, name: str, problems: Problems) -> Level | None:
    if not isinstance(fields.item.value, dict):
        return None
    if not fields.has("when"):
        fields.missing("when", "give the condition on which it fires")
    if not fields.has("severity"):
        fields.missing("severity", f"one of {', '.join(SEVERITIES)}")
    message = fields.items.get("message")
    if message is not None and isinstance(message.value, str):
        problems.extend(list(template_problems(message.value, message.at)))
    when, until, for_ = fields.expression("when"), fields.expression("until"), fields.duration("for")
    severity, actions = fields.choice("severity", SEVERITIES, ""), fields.texts("actions")
    if when is None:
        return None
    # A severity that is wrong has been told; a stand-in lets everything else of the rule be checked as well.
    return Level(severity or "warning", fields.at, when, for_, until, actions, fields.text("message"))


def invariant(name: str, fields: Fields, problems: Problems) -> Invariant | None:
    """An invariant, or None where it says nothing that could be checked."""
    holds = fields.expression("holds")
    if not fields.has("holds"):
        fields.missing("holds", "give what must hold, such as 'loss == loss_ce + loss_coords'")
    message = fields.items.get("message")
    if message is not None and isinstance(message.value, str):
        problems.extend(list(template_problems(message.value, message.at)))
    if holds is not None and not (isinstance(holds.tree, Comparison) and holds.tree.operator in OPERATORS):
        hint = "write left == right; for several, an invariant each"
        problems.add(holds.at, "bad-invariant", f"an invariant is one comparison with {', '.join(OPERATORS)}", hint)
        holds = None
    if holds is None:
        return None
    rel, abs = (fields.from_zero(key, "such as 0.01") for key in ("rel", "abs"))
    return Invariant(
        id=name,
        at=fields.at,
        holds=holds,
        rel=rel or Expression(f"{REL:g}", fields.at, Number(REL)),
        abs=abs or Expression(f"{ABS:g}", fields.at, Number(ABS)),
        title=fields.text("title"),
        cause=fields.choice("cause", CAUSES, "logging"),
        severity=fields.choice("severity", SEVERITIES, "warning"),
        for_=fields.duration("for"),
        while_=fields.expression("while"),
        actions=fields.texts("actions"),
        message=fields.text("message"),
        enabled=fields.flag("enabled", True),
        why=fields.text("why"),
        source=fields.text("source"),
        advice=advice(fields, problems),
    )


def advice(fields: Fields, problems: Problems) -> dict[str, str]:
    """What a rule says of its actions in place of their own texts."""
    found = {}
    for name, item in fields.mapping("advice").items():
        if not isinstance(item.value, str):
            problems.add(
                item.at, "wrong-type", f"advice for {name!r} must be a text, not {kind(item)}", "put it in quotes"
            )
            continue
        problems.extend(list(template_problems(item.value, item.at)))
        found[name] = item.value
    return found


def stage(name: str, fields: Fields, problems: Problems) -> Stage:
    """A stage with the bands that its guide expects."""
    to, unit = None, "steps"
    end = fields.duration("to")
    if end is not None:
        tree, unit = end.amount.tree, end.unit
        to = tree.value if isinstance(tree, Number) else None
        if to is None or unit == "points":
            message = f"stage {name!r} must end at a number of steps, epochs or minutes"
            problems.add(fields.place("to"), "bad-length", message, "such as 'to: 50 steps'")
    share = fields.number("share")
    if share is not None and not 0 < share <= 1:
        problems.add(
            fields.place("share"),
            "out-of-range",
            f"'share' must lie in (0, 1], not {share:g}",
            f"write {share / 100:g}" if 1 < share <= 100 else "such as 0.5",
        )
    expect = {}
    for metric, item in fields.mapping("expect").items():
        pair = band(item, metric, problems)
        if pair is not None:
            expect[metric] = pair
    return Stage(name, fields.at, to, unit, share, fields.text("title"), expect, fields.text("source"))


def action(name: str, fields: Fields, problems: Problems) -> Action:
    """An action that a plan can recommend."""
    if not fields.has("title"):
        fields.missing("title", "say in a few words what to do")
    if not fields.has("rank"):
        fields.missing("rank", "higher ranks come first, such as 100 for stop")
    text = fields.items.get("text")
    if text is not None and isinstance(text.value, str):
        problems.extend(list(template_problems(text.value, text.at)))
    sets = {}
    for key, item in fields.mapping("set").items():
        value = expression(item, key, problems)
        if value is not None:
            sets[key] = value
    direction = {}
    for key, item in fields.mapping("direction").items():
        if item.value not in ("up", "down"):
            message = f"'{key}' must be one of up, down, not {kind(item)}"
            problems.add(item.at, "unknown-choice", message, "write up or down")
        else:
            direction[key] = str(item.value)
    return Action(
        id=name,
        at=fields.at,
        rank=fields.whole("rank"),
        title=fields.text("title"),
        text=fields.text("text"),
        alone=fields.flag("alone"),
        conflicts=fields.texts("conflicts"),
        set=sets,
        direction=direction,
        target=fields.choice("target", ("checkpoint", "best_checkpoint", "last_checkpoint"), "") or None,
        command=fields.optional_text("command"),
    )


def command(name: str, fields: Fields, problems: Problems) -> Command:
    """A command line as a template."""
    if not fields.has("text"):
        fields.missing("text", "write the command line")
    text = fields.items.get("text")
    if text is not None and isinstance(text.value, str):
        problems.extend(list(template_problems(text.value, text.at)))
    return Command(name, fields.at, fields.text("text"), fields.text("help"), fields.text("source"))


def note(name: str, fields: Fields, problems: Problems) -> Note:
    """A statement that no rule carries."""
    if not fields.has("text"):
        fields.missing("text", "write what the guide says")
    return Note(name, fields.at, fields.text("text"), fields.text("source"))
