"""A pack as a page of Markdown: what it watches, when it fires and why, and which statement of its guide it carries."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence

from ..expression import Expression
from ..pack import Action, Group, Invariant, Level, Metric, Pack, Param, Rule, Scalar, Variant
from ..pack_gates import Requirement
from ..record import Record
from ..tree import Name
from .phrases import STANDSTILLS, by_reason, value
from .phrases import band as _band
from .phrases import end as _end
from .phrases import length as _length
from .phrases import plain as _plain

GENERATED = "<!-- Written by docs/build.py from the pack and its guide's statements. Do not edit. -->"


class Statement(Record):
    """One thing that a guide says, in our words, the section that says it, and the ids of what carries it."""

    says: str
    section: str
    carried_by: Sequence[str]


def render_pack_doc(pack: Pack, statements: Sequence[Statement] = ()) -> str:
    """The page of one pack; with `statements`, it ends with a table of all that the guide says."""
    blocks = [
        GENERATED,
        f"# {pack.title}",
        _head(pack),
        pack.help,
        *_section("Metrics", *_glossary(pack)),
        *_section("Rules", *_rules(pack)),
        *_section("Invariants", _invariants(pack.invariants.values())),
        *_section("Thresholds", _params(pack.params.values())),
        *_section("Variants", _variants(pack.variants.values())),
        *_section("Stages", _stages(pack)),
        *_section("Gates", *_gates(pack)),
        *_section("Actions", _actions(pack.actions.values())),
        *_section("Commands", *_commands(pack)),
        *_section("Console formats", *_formats(pack)),
        *_section("Notes", "\n".join(f"- {_text(note.text)}{_source(note.source)}" for note in pack.notes.values())),
        *_section(f"What the guide says ({len(statements)} statements)", _statements(statements)),
    ]
    return "\n\n".join(block for block in blocks if block) + "\n"


def _section(title: str, *blocks: str) -> list[str]:
    return [f"## {title}", *blocks] if any(blocks) else []


def _head(pack: Pack) -> str:
    parts = [f"Pack `{pack.id}`, version {pack.version}"]
    if pack.extends:
        parts.append(f"extends [`{pack.extends}`]({pack.extends}.md)")
    if pack.source:
        parts.append(f"made from the “{_text(pack.source)}”")
    return ", ".join(parts) + ".\n\n" + _fence(f"rules eval --pack {pack.id} run.jsonl", "sh")


def _glossary(pack: Pack) -> Iterator[str]:
    """The metrics that stand for themselves, then a table for each group; a twin is told in the line of its metric."""
    twins = {metric.twin_of: metric for metric in pack.metrics.values() if metric.twin_of}
    yield _metrics(metric for metric in pack.metrics.values() if not metric.group and not metric.twin_of)
    for family in pack.families.values():
        members = ", ".join(
            f"`{text}` ({name})" if text else f"nothing ({name})" for name, text in family.members.items()
        )
        yield f"`{{{family.id}}}` in a key stands for {members}; each is a series of its own."
    for group in pack.groups.values():
        yield from _group(group, [m for m in pack.metrics.values() if m.group == group.id and not m.twin_of], twins)


def _group(group: Group, metrics: Sequence[Metric], twins: Mapping[str, Metric]) -> Iterator[str]:
    prefixes = " or ".join(f"`{prefix}`" for prefix in group.prefix if prefix)
    yield f"### `{group.id}`"
    shared = [_text(group.help)] if group.help else []
    shared += [f"Keys begin with {prefixes}."] if prefixes else []
    shared += [f"Observations are the rows where `{_plain(group.where)}`."] if group.where else []
    shared += [f"Each {' and '.join(group.by)} is a series of its own."] if group.by else []
    if shared or group.source:
        yield " ".join(shared) + _source(group.source)
    heads = ["metric", "after the prefix" if prefixes else "key", "unit, good", "meaning"]
    has_loss = any(metric.in_loss is not None for metric in metrics)
    has_twin = any(metric.id in twins for metric in metrics)
    heads += ["in the loss"] if has_loss else []
    heads += ["in evaluation"] if has_twin else []
    rows = []
    for metric in metrics:
        better = f", {metric.better} is better" if metric.better else ""
        row = [f"`{metric.id}`", _short_keys(metric, group), _unit(metric) + better]
        row.append(_text(metric.help) + (_source(metric.source) if metric.source != group.source else ""))
        row += [{True: "yes", False: "no", None: ""}[metric.in_loss]] if has_loss else []
        row += [f"`{twins[metric.id].id}`" if metric.id in twins else ""] if has_twin else []
        rows.append([cell.removeprefix(", ") for cell in row])
    yield _table(heads, rows)


def _short_keys(metric: Metric, group: Group) -> str:
    """The keys of a group's metric without the prefix, each once; those that have another one, in full."""
    short = {
        next((key.removeprefix(p) for p in group.prefix if p and key.startswith(p)), key): None for key in metric.keys
    }
    return ", ".join(f"`{key}`" for key in short) or f"from `{_plain(metric.expr)}`"


def _unit(metric: Metric) -> str:
    return " ".join(part for part in (_band(metric.good), metric.unit or "") if part)


def _metrics(metrics: Iterable[Metric]) -> str:
    return _table(
        ("metric", "keys of the log, or from", "good", "meaning"),
        (
            (
                f"`{metric.id}`" + (" (required)" if metric.required else ""),
                ", ".join(f"`{key}`" for key in metric.keys) or f"`{_plain(metric.expr)}`",
                _band(metric.good) + (f" {metric.unit}" if metric.good and metric.unit else ""),
                _text(metric.help) + _source(metric.source),
            )
            for metric in metrics
        ),
    )


def _rules(pack: Pack) -> Iterator[str]:
    rules = [rule for rule in pack.rules.values() if rule.id not in pack.invariants]
    own = [rule for rule in rules if rule.at.file == pack.at.file]
    inherited = [rule for rule in rules if rule not in own]
    for rule in own:
        yield from _rule(pack, rule)
    if inherited:
        yield f"Inherited from [`{pack.extends}`]({pack.extends}.md), with their conditions and reasons there:"
        yield "\n".join(f"- {_text(rule.title)} (`{rule.id}`)" for rule in inherited)


def _rule(pack: Pack, rule: Rule) -> Iterator[str]:
    yield f"### {_text(rule.title)}"
    scope = [f"`{rule.id}`", f"cause {rule.cause}"]
    scope += [f"after {_plain(rule.after)}"] if rule.after else []
    scope += [f"only while `{_plain(rule.while_)}`"] if rule.while_ else []
    scope += [f"onset moves back while `{_plain(rule.since)}`"] if rule.since else []
    scope += ["stays open once found"] if rule.sticky else []
    yield "; ".join(scope) + "."
    for level in rule.levels:
        yield _level(level)
    used = _used(pack, rule)
    if used:
        yield "Thresholds: " + ", ".join(f"`{param.id}` = {_shown(param.default)}" for param in used) + "."
    for action, text in rule.advice.items():
        yield f"To {action}: {_text(text)}"
    if rule.why:
        yield _text(rule.why)
    if rule.source:
        yield f"Guide: {_text(rule.source)}."


def _level(level: Level) -> str:
    actions = ", ".join(level.actions) or "nothing to do"
    lasting = f", for {_length(level.for_)}" if level.for_ else ""
    until = f", until `{_plain(level.until)}`" if level.until else ""
    return f"**{level.severity}** → {actions}{lasting}{until}:\n\n" + _fence(_plain(level.when))


def _used(pack: Pack, rule: Rule) -> list[Param]:
    """The params that a rule names, in the order of the pack."""
    expressions: list[Expression | None] = [rule.since, rule.after, rule.while_]
    for level in rule.levels:
        expressions += [level.when, level.until, level.for_.amount if level.for_ else None]
    names = {node.id for each in expressions if each for node in each.tree.walk() if isinstance(node, Name)}
    return [param for param in pack.params.values() if param.id in names]


def _invariants(invariants: Iterable[Invariant]) -> str:
    return _table(
        ("invariant", "holds", "up to", "if broken"),
        (
            (
                f"`{each.id}`",
                f"`{_plain(each.holds)}`" + (f" while `{_plain(each.while_)}`" if each.while_ else ""),
                f"{_plain(each.rel)} of the larger side, or {_plain(each.abs)}",
                f"{each.severity} → {', '.join(each.actions) or 'nothing to do'}. {_text(each.why)}".strip()
                + "".join(f" To {action}: {_text(text)}" for action, text in each.advice.items())
                + _source(each.source),
            )
            for each in invariants
        ),
    )


def _params(params: Iterable[Param]) -> str:
    return _table(
        ("name", "default", "bounds", "meaning"),
        (
            (
                f"`{param.id}`",
                _shown(param.default) + (f" {param.unit}" if param.unit and param.default is not None else ""),
                _band((param.min, param.max)),
                _text(param.help) + _source(param.source),
            )
            for param in params
        ),
    )


def _variants(variants: Iterable[Variant]) -> str:
    lines = []
    for variant in variants:
        changes = [f"`{name}` = {_shown(value)}" for name, value in variant.set.items()]
        lines.append(f"- `{variant.id}`: {_text(variant.help)}" + (f" Sets {', '.join(changes)}." if changes else ""))
        for word, rules in (("Off", variant.disable), ("For information only", variant.advise)):
            for reason, names in by_reason(rules).items():
                why = f", because {_text(reason)}" if reason else ""
                lines.append(f"  - {word}: {', '.join(f'`{name}`' for name in names)}{why}.")
    return "\n".join(lines)


def _stages(pack: Pack) -> str:
    metrics = list(dict.fromkeys(metric for stage in pack.stages.values() for metric in stage.expect))
    return _table(
        ("stage", "until", *metrics),
        (
            (_text(stage.title or stage.id), _end(stage), *(_band(stage.expect.get(metric)) for metric in metrics))
            for stage in pack.stages.values()
        ),
    )


def _gates(pack: Pack) -> Iterator[str]:
    for gate in pack.gates.values():
        yield f"### {_text(gate.title or gate.id)}"
        scope = [f"`{gate.id}`"]
        scope += [f"only while `{_plain(gate.while_)}`"] if gate.while_ else []
        scope += [f"passed where `{_plain(gate.passed)}`"] if gate.passed else []
        scope += [f"a value older than {_length(gate.max_age)} is unknown"] if gate.max_age else []
        scope += [f"for information where `{_plain(gate.advisory)}`"] if gate.advisory else []
        yield "; ".join(scope) + "."
        yield _table(
            ("requirement", "value", "must be", "near miss within", "in the trainer", "meaning"),
            (
                (
                    _text(each.title or each.id.replace("_", " ")) + _advice(each),
                    f"`{_plain(each.value)}`",
                    " and ".join(f"{bound.operator} `{_plain(bound.limit)}`" for bound in each.bounds),
                    f"`{_plain(each.near)}`" if each.near else "",
                    f"`{each.setting}`" if each.setting else "",
                    _text(each.why) + _source(each.source),
                )
                for each in gate.require.values()
            ),
        )
        for words, actions in (("While it is blocked", gate.on_blocked), ("Once it is passed", gate.on_passed)):
            if actions:
                yield f"{words}: {', '.join(actions)}."
        if gate.stuck is not None:
            yield (
                f"Held up where `{_plain(gate.stuck.when)}` and, over `{gate.stuck.over}`, only near misses fail"
                f" without a trend: {', '.join(gate.stuck.actions)}."
                + (f" {_text(gate.stuck.why)}" if gate.stuck.why else "")
            )
            for name, each in gate.stuck.standstills.items():
                unless = f", unless `{_plain(each.unless)}`" if each.unless is not None else ""
                told = "".join(f" To {action}: {_text(text)}" for action, text in each.advice.items())
                why = f" {_text(each.why)}" if each.why else ""
                yield f"{STANDSTILLS[name].capitalize()}{unless}: {', '.join(each.actions)}.{told}{why}"
        if gate.why:
            yield _text(gate.why)
        if gate.source:
            yield f"Guide: {_text(gate.source)}."


def _advice(requirement: Requirement) -> str:
    return f" (advice only where `{_plain(requirement.advisory)}`)" if requirement.advisory else ""


def _actions(actions: Iterable[Action]) -> str:
    return _table(
        ("rank", "action", "what to do", "sets"),
        (
            (
                f"{action.rank}",
                f"`{action.id}`",
                _text(f"{action.title}. {action.text}".strip()),
                ", ".join(f"{name} = `{_plain(value)}`" for name, value in action.set.items()),
            )
            for action in sorted(actions, key=lambda action: (-action.rank, action.id))
        ),
    )


def _commands(pack: Pack) -> Iterator[str]:
    for command in pack.commands.values():
        yield f"`{command.id}`: {_text(command.help)}{_source(command.source)}\n\n" + _fence(command.text, "sh")


def _formats(pack: Pack) -> Iterator[str]:
    own = [each for each in pack.formats.values() if each.at.file == pack.at.file]
    for each in own:
        yield f"`{each.id}`: {_text(each.title)}. {_text(each.help)}{_source(each.source)}".replace(". .", ".").rstrip()
    inherited = [f"`{each.id}`" for each in pack.formats.values() if each not in own]
    if inherited:
        told = "Also" if own else "Console output is read in the formats"
        yield f"{told} of `{pack.extends}`: {', '.join(inherited)}."


def _statements(statements: Sequence[Statement]) -> str:
    return _table(
        ("section", "the guide says", "carried by"),
        (
            (_text(one.section), _text(one.says), ", ".join(f"`{name}`" for name in one.carried_by))
            for one in statements
        ),
    )


def _table(head: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    lines = ["| " + " | ".join(cell.replace("|", "\\|") for cell in row) + " |" for row in rows]
    return "\n".join([f"| {' | '.join(head)} |", "|" + " --- |" * len(head), *lines]) if lines else ""


def _fence(text: str, language: str = "text") -> str:
    return f"```{language}\n{text}\n```"


def _text(text: str) -> str:
    """Prose for a page: one line, nothing of it taken for a tag."""
    return " ".join(text.split()).replace("&", "&amp;").replace("<", "&lt;")


def _source(source: str) -> str:
    return f" *{_text(source)}*" if source else ""


def _shown(given: Scalar | Expression) -> str:
    return value(given, code="`")
