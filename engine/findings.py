"""From the courses of a rule's levels and series to one finding, or to the state of a rule that found nothing."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import TYPE_CHECKING

from .episodes import Course, Episode
from .evidence import evidence, last_value, latest_values, not_finite, spark
from .judged import Judged, after_of, conditions_of, metrics_of, points_needed, reach, watched_for_nonfinite
from .pack import EMPTY, SEVERITIES, Level, Pack, Rule
from .record import Record
from .report import Finding, LogFacts, Moment, RuleState
from .resolved import Resolved
from .rowbook import RowBook
from .series import Series, member_of
from .template import fill, placeholders
from .tree import Call
from .words import as_written, in_series, unit_of
from .words import moment as words

if TYPE_CHECKING:
    from .compile.program import Program
    from .series import Splitter

FEW = 3
"""Members of a metric that are told one by one."""


class Went(Record):
    """One level of a rule over one series, and how its automaton went."""

    judged: Judged
    course: Course
    severity: str


class Workbench(Record):
    """What is needed to say more about a rule than its state."""

    program: Program
    book: RowBook
    resolved: Resolved
    interval: float
    last_tick: float
    log: LogFacts
    splitter: Splitter | None = None
    keys: Mapping[str, str] = EMPTY
    because: Mapping[str, str] = EMPTY  # names for messages → what the log says of how it ends

    def called(self, member: str, id: str = "") -> str:
        """What the log calls a metric, or a member of the metric `id`; the id of one that is computed."""
        declared = self.resolved.pack.metrics[id or member].keys
        return self.keys.get(member) or (declared[0] if declared else member)

    def points(self, ids: Sequence[str]) -> int:
        """On how many rows that one of some logged metrics is known which is known on the fewest."""
        texts = {id for id in ids if self.resolved.pack.metrics[id].type == "text"}
        counts = [
            f"count({column})" if id in texts else f"count(CASE WHEN isfinite({column}) THEN 1 END)"
            for id in ids
            for column, _ in (self.splitter.present(id) if self.splitter else ())
        ]
        if not counts:
            return 0
        return int(min(self.program.totals(counts, self.program.source)))


def severity_of(resolved: Resolved, rule: Rule, severity: str) -> str:
    """The severity that a level has in this run: an override caps the levels of a rule, or raises its only one."""
    override = resolved.severities.get(rule.id)
    if override is None:
        return severity
    if len(rule.levels) == 1:
        return override
    return min(severity, override, key=SEVERITIES.index)


def finding_of(bench: Workbench, rule: Rule, went: Sequence[Went]) -> Finding | None:
    """The open episode of the highest level, else the last one that ended; None if the rule never fired."""
    fired = [(each, each.course.episodes[-1]) for each in went if each.course.episodes]
    if not fired:
        return None
    open_ones = [(each, episode) for each, episode in fired if episode.end is None]
    if open_ones:
        highest = max(SEVERITIES.index(each.severity) for each, _ in open_ones)
        candidates = [(each, episode) for each, episode in open_ones if SEVERITIES.index(each.severity) == highest]
        chosen, episode = min(candidates, key=lambda pair: pair[1].onset)
    else:
        chosen, episode = max(fired, key=lambda pair: (pair[1].last, SEVERITIES.index(pair[0].severity)))
        candidates = [(chosen, episode)]
    series = list(dict.fromkeys(each.judged.series for each, _ in candidates if each.judged.series))
    episodes = sum(len(each.course.episodes) for each in went if each.judged.level is chosen.judged.level)
    return _finding(bench, rule, chosen, episode, series, episodes)


def _finding(
    bench: Workbench, rule: Rule, chosen: Went, episode: Episode, series: Sequence[str], episodes: int
) -> Finding:
    judged, book, pack = chosen.judged, bench.book, bench.resolved.pack
    proof = evidence(bench.program, book, judged, episode.onset, episode.fired, episode.last)
    named = metrics_of(pack, conditions_of(rule)[: len(rule.levels)])
    logged = [id for id in named if pack.metrics[id].expr is None and judged.binder.names.present(id)]
    plain = [id for id in logged if pack.metrics[id].type == "number"]
    wild = _nonfinite(bench, judged, episode)
    if not set(wild) <= set(pack.sentinels):  # of sentinels the first is drawn: it is the one that shows the damage
        plain.sort(key=lambda id: id not in wild)
    roles = {pack.metrics[id].role for id in plain}
    onset, fired, last = book.row(episode.onset), book.row(episode.fired), book.row(episode.last)
    wanted = {hole.name for hole in placeholders(judged.level.message)}
    values: dict[str, float | str | bool | None] = dict(bench.resolved.values)
    values |= latest_values(bench.program, judged.told, episode.last)
    rows = {"onset": onset, "fired": fired, "step": last}
    moments = {name: row.moment for name, row in rows.items()}
    values |= {name: row.tick if bench.log.counts_rows else row.moment.step for name, row in rows.items()}
    values["epoch"] = last.epoch
    if "nonfinite" in wanted:
        values["nonfinite"] = ", ".join(_spoken(bench, id, hit) for id, hit in wild.items())
    values |= {name: told or None for name, told in bench.because.items() if name in wanted}
    if "series" in wanted:
        values["series"] = in_series(series)
    if proof:
        values |= {"value": proof[0].last, "threshold": proof[0].threshold}
    return Finding(
        rule=rule.id,
        title=rule.title,
        cause=rule.cause,
        severity=chosen.severity,
        state="firing" if episode.end is None else "resolved",
        onset=onset.moment,
        fired=fired.moment,
        end=book.row(episode.end).moment if episode.end is not None else None,
        last=last.moment,
        episodes=episodes,
        series=tuple(series),
        evidence=proof,
        message=fill(_placed(judged.level.message, moments, bench.log.clock), values),
        why=rule.why,
        source=rule.source,
        actions=judged.level.actions,
        metrics=tuple(plain),
        train_only=bool(plain) and roles == {"train"},
        longest_window=reach(judged.when, bench.interval) * bench.log.row_length,
        spark=spark(bench.program, judged.binder.metric(plain[0]), book.rows) if plain and episode.end is None else (),
        spark_key=bench.called(member_of(pack, plain[0], judged.binder.names.series), plain[0]) if plain else "",
        drawn=judged.series,
    )


def _nonfinite(bench: Workbench, judged: Judged, episode: Episode) -> dict[str, list[Series]]:
    """The metrics, of all that the rule watches, that were not finite during an episode, each with its members."""
    assert bench.splitter is not None
    pack = bench.resolved.pack
    present = {id: bench.splitter.present(id) for id in watched_for_nonfinite(pack, judged.level.when)}
    columns = {(id, place): column for id, found in present.items() for place, (column, _) in enumerate(found)}
    hit: dict[str, list[Series]] = {}
    for id, place in not_finite(bench.program, columns, episode.onset, episode.last):
        hit.setdefault(id, []).append(present[id][place][1])
    return hit


def _spoken(bench: Workbench, id: str, hit: Sequence[Series]) -> str:
    """What the log calls these members of a metric: their keys, or of more than a few the series."""
    if len(hit) > FEW:
        return f"{bench.called(id)} ({in_series([series.name for series in hit])})"
    return ", ".join(bench.called(member_of(bench.resolved.pack, id, series.values), id) for series in hit)


def _placed(message: str, moments: Mapping[str, Moment], clock: str) -> str:
    """The message with `{onset}`, `{fired}` and `{step}`, where they have no format, in words: "step 81", "epoch 4"."""
    for name, at in moments.items():
        message = message.replace(f"{{{name}}}", words(at, clock))
    return message


def is_quiet(courses: Iterable[Course]) -> bool:
    """Whether a rule with these courses was judged, and is `ok`."""
    quiet = False
    for course in courses:
        if course.state == "ok":
            quiet = True
        elif course.state != "unknown":
            return False
    return quiet


def quiet_state(resolved: Resolved, rule: Rule, levels: Iterable[Level]) -> RuleState:
    """How a rule stands that was judged at these levels, and is `ok`."""
    severities = {severity_of(resolved, rule, level.severity) for level in levels}
    return RuleState(rule.id, "ok", severity=max(severities, key=SEVERITIES.index))


def state_of(bench: Workbench, rule: Rule, went: Sequence[Went]) -> RuleState:
    """How a rule stands that never fired, and is not quiet."""
    severity = max((each.severity for each in went), key=SEVERITIES.index)
    pending = [each for each in went if each.course.state == "pending"]
    if pending:
        since = min(each.course.pending_since or 0 for each in pending)
        step = bench.book.row(since).step
        starting = max((each.severity for each in pending), key=SEVERITIES.index)
        return RuleState(
            rule.id, "pending", "" if step is None else f"since step {as_written(step)}", severity=starting
        )
    if all(last_value(bench.program, each.judged.scope) is False for each in went):
        assert rule.while_ is not None
        return RuleState(rule.id, "not_evaluated", f"does not apply: {rule.while_.text} is false", severity=severity)
    after = after_of(rule, went[0].judged.binder.names)
    if bench.log.ended:
        reason = "the run ended before it could be judged"
        return RuleState(rule.id, "not_evaluated", reason, severity=severity)
    if after is not None and bench.last_tick <= after:
        if bench.log.counts_rows:
            return RuleState(rule.id, "waiting", f"needs more than {as_written(after)} rows", severity=severity)
        reason = f"after {unit_of(bench.log.clock)} {as_written(after)}"
        return RuleState(rule.id, "waiting", reason, severity=severity, until=after)
    points = max(points_needed(each.judged.when) for each in went)
    metrics = bench.resolved.pack.metrics
    logged = [id for id in metrics_of(bench.resolved.pack, conditions_of(rule)[:1]) if metrics[id].expr is None]
    of = f" of {bench.called(logged[0])}" if logged else ""
    reason = f"needs {points} points{of}" if points > 1 else f"no row tells{of}"
    if logged and bench.points(logged) >= points:
        of = _narrowed(bench.resolved.pack, rule) or of
        reason = f"no row gives a number{of}: a flat window, or a result that is not finite"
        if went[0].judged.binder.names.starts_midway and _asks_for_the_first(bench.resolved.pack, rule):
            reason = "the log begins in the middle of its run"  # which no later row mends
            return RuleState(rule.id, "not_evaluated", reason, severity=severity)
    return RuleState(rule.id, "waiting", reason, severity=severity)


def _narrowed(pack: Pack, rule: Rule) -> str:
    """The first metric of a condition that is known on some rows only, and on which: what is missing may be those."""
    named = (pack.metrics[id] for id in metrics_of(pack, conditions_of(rule)[:1]))
    found = next((metric for metric in named if metric.expr is not None and metric.where is not None), None)
    return f" of {found.id}, known where {' '.join(found.where.text.split())}" if found and found.where else ""


def _asks_for_the_first(pack: Pack, rule: Rule) -> bool:
    conditions = conditions_of(rule)[:1]
    asked = [*conditions, *(pack.metrics[id].expr for id in metrics_of(pack, conditions))]
    nodes = (node for each in asked if each is not None for node in each.tree.walk())
    return any(isinstance(node, Call) and node.function == "first" for node in nodes)
