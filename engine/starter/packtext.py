"""The outline of a new pack → its text: YAML with comments that say what was guessed and how to go on."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from textwrap import wrap

from ..record import Record
from ..words import counted, listed
from . import guess as kinds
from .outline import Named, Outline
from .rules import Judgement, judgements
from .scalars import scalar, shown

WIDTH = 100
MOST_TOLD = 20


class Names(Record):
    """What a pack and its files are called, and the log that it was started from."""

    pack: str
    log: str  # as comments show it
    command: str
    rows: int  # that were looked at
    schema: str | None  # the path of the schema as the first line names it

    @property
    def title(self) -> str:
        """The name as a title: "my_runs" → "My runs"."""
        words = " ".join(self.pack.replace("_", " ").split()) or self.pack
        return words[:1].upper() + words[1:]


def pack_text(content: Outline, names: Names) -> str:
    """The whole file."""
    made = judgements(content)
    sections = [
        _head(content, names),
        _clock(content),
        _checkpoints(content),
        _metrics(content, made),
        _params(made),
        _windows(made),
        _rules(made),
    ]
    return "\n".join("".join(f"{line}\n" for line in lines) for lines in map(list, sections) if lines)


def told(text: str, indent: int = 0) -> Iterator[str]:
    """A text as comment lines."""
    pad = " " * indent
    yield from (f"{pad}# {line}" for line in wrap(text, WIDTH - indent, break_long_words=False, break_on_hyphens=False))


def modeline(schema: str | None) -> list[str]:
    """The line by which editors know the schema."""
    return [f"# yaml-language-server: $schema={schema}"] if schema else []


def _head(content: Outline, names: Names) -> Iterator[str]:
    yield from modeline(names.schema)
    yield from told(
        f"Rules for runs that log as {names.log} does, started by '{names.command}' from {counted(names.rows, 'row')}. "
        "The file is yours: all of it may be changed. What was guessed says so; mend it where it is wrong."
    )
    yield "#"
    yield f"#   rules validate {names.pack}.yaml           after each change"
    yield f"#   rules test {names.pack}.test.yaml          what the rules say of small made-up runs, and of this one"
    yield f"#   rules eval --pack ./{names.pack}.yaml LOG  judges a run"
    yield f"#   rules show ./{names.pack}.yaml             all that it has, with what it inherits"
    yield "schema: 1"
    yield f"pack: {scalar(names.pack)}"
    yield "version: 0.1.0"
    yield f"title: {scalar(names.title) if ' ' not in names.title else names.title}"
    yield f"extends: {content.parent.id}   # its metrics, rules and actions are all here, too"


def _clock(content: Outline) -> Iterator[str]:
    found = {each.field: each for each in content.clock}
    known = [f"{each.field} from {shown(each.key.key)}" for each in content.clock if each.was_known]
    if known:
        yield from told(f"The clock: {listed(known)}, as {content.parent.id} reads it.")
    if "step" not in found:
        instead = "epochs are counted" if "epoch" in found else "rows are counted"
        yield from told(f"No step was found in the log: {instead}. If it has one: clock: {{step: [its key]}}")
    if "total" not in found:
        yield from told("Nothing in the log says how long the run is to be. If it does: clock: {total: [its key]}")
    own = [each for each in content.clock if not each.was_known]
    if own:
        yield "clock:"
    for each in own:
        key = scalar(each.key.key)
        entry = f"{{key: {key}, pattern: '{each.key.pattern}'}}" if each.key.pattern else key
        yield f"  {each.field}: [{entry}]   # guessed"


def _checkpoints(content: Outline) -> Iterator[str]:
    if content.best is not None:
        after = [id for id in content.parent.checkpoints.best if id != content.best.id]
        yield "checkpoints:"
        yield f"  best: [{', '.join([content.best.id, *after])}]   # the best checkpoint is that of the first of these"


def _metrics(content: Outline, made: Sequence[Judgement]) -> Iterator[str]:
    known = [each for each in content.known if each.was_known]
    if known:
        yield f"# The log has these metrics of {content.parent.id}, by the names that rules may use:"
        wide = min(30, max(len(each.id) for each in known))
        for each in known:
            yield f"#   {each.id:<{wide}}  from {shown(each.key)}"
    moved = [each for each in content.known if not each.was_known]
    primary = content.primary
    if moved or content.own or content.parts:
        yield "metrics:"
    for each in moved:
        yield f"  {each.id}: {{keys: [{scalar(each.key)}]}}   # guessed: {each.guess.told}"
    for each in content.own:
        yield f"  {each.id}: {_entry(each, is_required=each == primary)}   # guessed: {_told(each)}"
    for judgement in made:
        yield from (f"  {line}" for line in judgement.metrics)
    if content.parts:
        yield '  "other*":'
        yield from told("Known to rules that are yet to be written; none reads them now.", 4)
        yield '    prefix: ""'
        yield "    help: Other keys of the log."
        yield "    metrics:"
        for each in content.parts:
            yield f"      {each.id}: {_entry(each, is_required=each == primary)}   # guessed: {_told(each)}"
    yield from _left_out(content)
    sentinels = _sentinels(content)
    if sentinels:
        yield from told("A NaN in one of these is a NaN of the run; to the parent's own, this adds those of the log.")
        yield f"sentinels: [{', '.join([*content.parent.sentinels, *sentinels])}]"


def _sentinels(content: Outline) -> list[str]:
    """Metrics of the new pack that should always be finite, where the log has none that the parent knows for it."""
    if any(each.id in content.parent.sentinels for each in content.known):
        return []
    found = [each for each in content.own if each.guess.kind == kinds.LOSS]
    if not found and content.primary is not None:
        found = [content.primary]
    return [each.id for each in found if not each.seen.nonfinite]


def _entry(named: Named, *, is_required: bool) -> str:
    guess = named.guess
    fields = [f"keys: [{scalar(named.key)}]"]
    fields += ["role: eval"] if guess.is_eval else []
    fields += ["type: text"] if guess.kind == kinds.TEXT else []
    fields += [f"better: {guess.better}"] if guess.better else []
    fields += ["unit: share"] if guess.is_share else []
    fields += ["required: true"] if is_required else []
    kind = f"{guess.kind} in evaluation" if guess.is_eval else guess.kind
    fields += [f"help: {kind[:1].upper()}{kind[1:]}"]
    return f"{{{', '.join(fields)}}}"


def _told(named: Named) -> str:
    guess = named.guess
    return f"{guess.told}; the twin of {shown(guess.twin)}" if guess.twin else guess.told


def _left_out(content: Outline) -> Iterator[str]:
    for key, why in content.left_out[:MOST_TOLD]:
        yield f"# Left out: {shown(key)}; {why}"
    rest = len(content.left_out) - MOST_TOLD
    if rest > 0:
        yield f"# and {counted(rest, 'more key')} like these"
    if content.more:
        yield f"# {counted(content.more, 'more key')} of the log {'is' if content.more == 1 else 'are'} not listed here"


def _params(made: Sequence[Judgement]) -> Iterator[str]:
    lines = [line for judgement in made for line in judgement.params]
    if lines:
        yield f"params:   # thresholds, to change here or for one run: --set {lines[0].partition(':')[0]}=…"
        yield from (f"  {line}" for line in lines)


def _windows(made: Sequence[Judgement]) -> Iterator[str]:
    lines = dict.fromkeys(line for judgement in made for line in judgement.windows)
    if lines:
        yield "windows:"
        yield from (f"  {line}" for line in lines)


def _rules(made: Sequence[Judgement]) -> Iterator[str]:
    if made:
        yield "rules:"
    for place, judgement in enumerate(made):
        if place:
            yield ""
        yield from (f"  {line}" for line in judgement.rule)
