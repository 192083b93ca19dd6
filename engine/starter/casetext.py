"""The tests of a new pack: made-up runs that show each of its rules both ways, and the log that it was started from."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from ..series import members
from .outline import Named, Outline
from .packtext import Names, modeline, told
from .rules import ONSET, ROWS, Judgement, judgements
from .scalars import scalar

GENERAL = "common"
"""The parent whose rules are known to be silent on a loss that falls; others may expect more of a run."""
FALLING = f"2*0.98x{ROWS}~0.02"


def head_text(names: Names) -> Iterator[str]:
    """What stands before the cases."""
    yield from modeline(names.schema)
    yield from told(f"The tests of {names.pack}.yaml. Run them:  rules test {names.pack}.test.yaml")
    yield from told(f"Each series has {ROWS} values: 0.3+0.01x{ROWS} is 0.3, 0.31, 0.32 and so on, ~0.02 adds jitter.")
    yield "schema: 1"
    yield ""
    yield "tests:"


def made_up(content: Outline) -> list[str]:
    """The cases with made-up runs, each as lines of YAML without their indentation."""
    made = judgements(content)
    if not made and content.parent.id != GENERAL:
        return []
    return ["".join(f"{line}\n" for line in lines) for lines in (_good(content, made), *_bad(content, made))]


def _good(content: Outline, made: Sequence[Judgement]) -> Iterator[str]:
    yield "- name: a run as it should be"
    yield "  series:"
    yield from _loss(content)
    yield from (f"    {_head(content, each)}: {_series(each.quiet)}" for each in made)
    yield "  expect:"
    if content.parent.id == GENERAL:
        yield "    verdict: healthy"
        yield "    plan: [continue]"
    if made:
        yield "    rules:"
        yield from (f"      {each.id}: ok" for each in made)


def _bad(content: Outline, made: Sequence[Judgement]) -> Iterator[Iterator[str]]:
    for each in made:
        yield _fault(content, each)


def _fault(content: Outline, judgement: Judgement) -> Iterator[str]:
    yield f"- name: {judgement.id}, from row {ONSET} on"
    yield "  series:"
    yield from _loss(content)
    yield f"    {_head(content, judgement)}: {_series(judgement.fires)}"
    yield "  expect:"
    if judgement.plan and content.parent.id == GENERAL:
        yield f"    plan: [{judgement.plan}]"
    yield "    rules:"
    yield f"      {judgement.id}: {judgement.finding}"


def _loss(content: Outline) -> Iterator[str]:
    """A loss that falls, so that there is a run."""
    loss = content.parent.metrics.get("loss")
    if content.parent.id != GENERAL or loss is None:
        return
    logged = next((each.key for each in content.known if each.id == "loss"), "")
    keys = [logged] if logged else [key for _, _, of in members(content.parent, loss) for key in of]
    yield f"    {scalar(keys[0])}: {FALLING}"


def _head(content: Outline, judgement: Judgement) -> str:
    """What the metric of a rule is called in a series: its id, which stands for no other key, or its key."""
    known: dict[str, Named] = {each.id: each for each in content.known}
    named = known.get(judgement.metric)
    return judgement.metric if named is None else scalar(named.key)


def _series(values: str) -> str:
    return f'"{values}"' if "'" in values else values
