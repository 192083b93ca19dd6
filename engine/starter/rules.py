"""The rules that a new pack starts with: for each its text, what it rests on, and runs that show it both ways.

None has a number that was fitted to the log: each compares a run with itself.
"""

from __future__ import annotations

from collections.abc import Iterator

from ..record import Record
from .outline import Named, Outline

RECENT = "recent: {last: 10 points, min: 5 points, help: The recent past}"
LEVEL = "level: {last: 5 points, min: 3 points, help: Enough to tell a level from one odd value}"
BEFORE = "before: {last: 50 points, min: 20 points, help: What was usual until now}"

QUIET, FIRES = "quiet", "fires"
ROWS, ONSET = 60, 41


class Judgement(Record):
    """One rule as lines of YAML without their indentation, with the series that show it both ways."""

    id: str
    metric: str
    metrics: tuple[str, ...]
    params: tuple[str, ...]
    windows: tuple[str, ...]
    rule: tuple[str, ...]
    quiet: str
    fires: str
    finding: str  # how the rule stands at the end of the series on which it fires
    plan: str  # the action that it asks for


def judgements(content: Outline) -> list[Judgement]:
    """The rules of a pack, those on the task first."""
    return list(_all(content))


def _all(content: Outline) -> Iterator[Judgement]:
    actions = content.parent.actions
    for named in content.judged:
        wanted = "stop_early" if named.guess.is_eval else "check_config"
        yield _lost(named, wanted if wanted in actions else "")
    if content.norm is not None:
        yield _norm_high(content.norm, "check_config" if "check_config" in actions else "")
    if content.pace is not None:
        yield _slow(content.pace)
    for named in content.phases:
        yield _changed(named)


def _lost(named: Named, action: str) -> Judgement:
    id = named.id
    is_higher = named.guess.better == "higher"
    best, back = ("highest", f"{id}_best - {{}}") if is_higher else ("lowest", f"{{}} - {id}_best")
    gain = f"{id}_best - first({id}_level)" if is_higher else f"first({id}_level) - {id}_best"
    share = f"{id}_lost"
    up, flat = ("0.3+0.01x{}", "0.3x20") if is_higher else ("0.9-0.01x{}", "0.9x20")
    return Judgement(
        f"{id}_lost_gain",
        id,
        (
            f'{id}_level: {{expr: "mean({id}, level)", help: Its level without the noise}}',
            f'{id}_best: {{expr: "{best}({id}_level)", help: The best level so far}}',
            f'{id}_gain: {{expr: "{gain}", help: How far it has come since the start}}',
        ),
        (
            f'{share}: {{default: 0.5, min: 0.05, max: 1, unit: share, help: "A run that has lost this share of what'
            f' {id} had gained is at fault"}}',
        ),
        (RECENT, LEVEL),
        (
            f"{id}_lost_gain:",
            f"  title: {id} has lost what it had gained",
            f"  cause: {'overfitting' if named.guess.is_eval else 'unstable'}",
            "  severity: warning",
            "  when: >-",
            f"    {back.format(f'{id}_level')} > {share} * {id}_gain",
            f"    and {id}_gain > 4 * min(std({id}, recent), std({id}, recent, lag=5))",
            f'  since: "{back.format(id)} > {share} * {id}_gain"   # the step that is named is the first of these',
            "  for: 3 points",
            f'  until: "{back.format(f"{id}_level")} < 0.5 * {share} * {id}_gain"   # it has come back half of the way',
            f"  actions: [{action}]",
            f'  message: "{id} {{{id}:.4g}}: its best level was {{{id}_best:.4g}}, before {{onset:g}}"',
            "  why: >-",
            "    Held against its own best, as levels mean nothing across set-ups; a gain that is not clearly more",
            "    than the noise cannot be lost. One odd value counts for nothing: it takes three means of five.",
        ),
        up.format(ROWS),
        f"{up.format(ONSET - 1)} {flat}",
        f"{{state: firing, severity: warning, onset: {ONSET}}}",
        action,
    )


def _norm_high(named: Named, action: str) -> Judgement:
    id = named.id
    return Judgement(
        f"{id}_high",
        id,
        (),
        ("norm_factor: {default: 10, min: 1, help: So many times the usual gradient norm is high}",),
        (BEFORE,),
        (
            f"{id}_high:",
            f"  title: {id} is far above what is usual",
            "  cause: unstable",
            "  severity: warning",
            f'  when: "{id} > norm_factor * median({id}, before, lag=5) and median({id}, before, lag=5) > 0"',
            "  for: 5 points",
            f"  actions: [{action}]",
            f'  message: "{id} {{{id}:.4g}}, far above its median since {{onset:g}}"',
            "  why: >-",
            "    Single spikes are normal, and clipping takes care of them; five in a row far above the median of the",
            "    fifty before are steps that are too large, or a batch that never ends.",
        ),
        f"1x{ROWS}~0.3",
        f"1x{ONSET - 1}~0.3 50x{ROWS - ONSET + 1}~0.3",
        f"{{state: firing, severity: warning, onset: {ONSET}}}",
        action,
    )


def _slow(named: Named) -> Judgement:
    id = named.id
    is_time = named.guess.better == "lower"
    usual = f"median({id}, before, lag=10)"
    when = (
        f"median({id}, recent) > slow_factor * {usual}" if is_time else f"median({id}, recent) * slow_factor < {usual}"
    )
    return Judgement(
        f"{id}_slow",
        id,
        (),
        ("slow_factor: {default: 2, min: 1, help: A run that takes so many times as long as before is slow}",),
        (RECENT, BEFORE),
        (
            f"{id}_slow:",
            f"  title: The run has become slow, by {id}",
            "  cause: info",
            "  severity: info",
            f'  when: "{when}"',
            f'  message: "{id} {{{id}:.4g}}, slower than it was before {{onset:g}}"',
            "  why: Nothing is wrong with the model; the data, another process or the machine holds the run up.",
        ),
        f"1x{ROWS}~0.1",
        f"1x{ONSET - 1}~0.1 {'5' if is_time else '0.2'}x{ROWS - ONSET + 1}~0.01",
        "firing",
        "",
    )


def _changed(named: Named) -> Judgement:
    id = named.id
    return Judgement(
        f"{id}_changed",
        id,
        (),
        (),
        (),
        (
            f"{id}_changed:",
            f"  title: {id} has changed",
            "  cause: info",
            "  severity: info",
            f"  when: changed({id})",
            f'  message: "{id} is {{{id}}} since {{onset:g}}"',
            "  why: Metrics may jump where a phase begins. A rule is held to one of them with 'while:'.",
        ),
        f"'a'x{ROWS}",
        f"'a'x{ONSET - 1} 'b'x{ROWS - ONSET + 1}",
        f"{{state: resolved, severity: info, onset: {ONSET}}}",
        "",
    )
