"""The report as a page of text: the verdict and what to do, then what that rests on, then all else in brief."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from ..causes import IMPROVING, is_open, precedence
from ..pack import SEVERITIES
from ..report import Finding, LogFacts, Report, RuleState, StageResult
from ..resolved import Override
from ..words import as_written, capital, clause, counted, in_series, listed, moment, number, position, unit_of
from .layout import Page
from .proof import approach, evidence, gap, numbers
from .sparkline import column, sparkline

SPARK_WIDTH = 48
LABEL_WIDTH = 19
MANY, MANY_SHARE = 10, 0.05
"""The rows that repeat a step, and their share of all, above which more than one run may have written the log."""

NEAR = 0.2
"""How near a rule must come to its threshold, as a share of the larger of the two, to be worth a mention."""


def render(
    report: Report,
    *,
    width: int = 80,
    colour: bool = False,
    ascii_only: bool = False,
    exit_note: str = "",
    verbose: bool = False,
) -> str:
    """The report for a terminal of `width` columns; with `ascii_only`, for one that knows no Unicode.

    `exit_note` says why the exit code is not what the verdict lets expect; `verbose` adds where each threshold comes
    from.
    """
    page = Page(max(width, 40), colour, ascii_only)
    is_calm = report.verdict in ("healthy", "wait", "unknown")
    page.add(report.log.path, f"{report.verdict.upper()}  ", style=report.verdict, word=report.verdict.upper())
    if report.sources:
        from .provenance import found

        found(page, report.sources)
    if is_doubled(report.log):
        page.add(DOUBLED, style="warning", word=DOUBLED.partition(":")[0])
    if is_calm:
        _calm_headline(page, report)
    else:
        if report.reason:
            page.add(f"Judged only in part: {report.reason}.")
        _headline(page, report)
        _plan(page, report)
    if report.gates:
        from .checklist import checklists

        checklists(page, report)
    _findings(page, report, is_calm)
    if not is_calm:
        page.blank()
    _lists(page, report, 1 if is_calm else 2)
    if exit_note:
        page.add(exit_note, "exit code".ljust(LABEL_WIDTH), " " * LABEL_WIDTH, style="faint")
    if verbose:
        from .provenance import every_threshold

        every_threshold(page, report)
    return page.text()


DOUBLED = (
    "Name the label: most steps have several rows that no label tells apart, so the numbers of several ranks or runs"
    " are mixed in all that follows. Log the rank, and name its key under 'labels' in the pack."
)


def is_doubled(log: LogFacts) -> bool:
    """Whether nearly every step is logged more than once, as where ranks write one log and do not say which."""
    return log.repeated > MANY and log.repeated >= 0.8 * (log.rows - log.repeated)


def _calm_headline(page: Page, report: Report) -> None:
    if report.verdict == "unknown":
        page.add(f"This run could not be judged: {report.reason}.")
    for step in report.plan:
        page.add(step.text)


def _headline(page: Page, report: Report) -> None:
    finding = _primary(report)
    if finding is None:
        return
    page.blank()
    page.add(
        f"{capital(clause(finding, report.log.clock))} ({finding.severity})",
        style=finding.severity,
        word=finding.severity,
    )
    _spark(page, finding, report.log, "  ", is_marked=True)
    if finding.message:
        page.add(finding.message, "  ")
    else:
        evidence(page, finding, "  ")


def _plan(page: Page, report: Report) -> None:
    page.blank()
    page.raw("What to do", "heading")
    for place, step in enumerate(report.plan, 1):
        page.add(step.text, f"{place:3}. ")
        if step.command:
            page.command(step.command, "     ")


def _primary(report: Report) -> Finding | None:
    """The finding that the first action of the plan rests on."""
    because = report.plan[0].because if report.plan else ()
    for finding in report.findings:
        if because and finding.rule == because[0]:
            return finding
    return next(iter(sorted(filter(is_open, report.findings), key=precedence)), None)


# Findings


def _findings(page: Page, report: Report, is_calm: bool) -> None:
    if not report.findings:
        return
    clock = report.log.clock
    serious = sorted(
        (f for f in report.findings if is_open(f) and f.severity != "info"),
        key=lambda f: (-SEVERITIES.index(f.severity), precedence(f)),
    )
    if not is_calm:
        page.blank()
        page.raw("Findings", "heading")
    primary = None if is_calm else _primary(report)
    for finding in serious:
        _finding(page, finding, report.log, is_drawn=primary is not None and finding.rule == primary.rule)
    for finding in report.findings:
        if is_open(finding) and finding.severity == "info":
            _brief(page, finding, "info", _remark(finding, clock))
    for finding in report.findings:
        if finding.state == "explained":
            by = "an improving evaluation metric" if finding.explained_by == IMPROVING else finding.explained_by
            _brief(page, finding, "explained", f"{clause(finding, clock)}: explained by {by}")
    for finding in report.findings:
        if finding.state == "resolved":
            _brief(page, finding, "resolved", _history(finding, clock))


def _remark(finding: Finding, clock: str) -> str:
    """An info finding in a line: what its rule says, or else its numbers."""
    said = f": {finding.message}" if finding.message else numbers(finding)
    return clause(finding, clock) + said


def _finding(page: Page, finding: Finding, log: LogFacts, *, is_drawn: bool) -> None:
    indent = " " * 12
    label = f"  {finding.severity:<9} "
    page.add(
        f"{finding.title or finding.rule} ({finding.rule})",
        label,
        indent,
        style=finding.severity,
        word=finding.severity,
    )
    since = f"Since {moment(finding.onset, log.clock)}"
    if finding.fired != finding.onset:
        since += f", confirmed at {moment(finding.fired, log.clock)}"
    since += f", still so at {moment(finding.last, log.clock)}" if finding.last != finding.fired else ""
    if finding.series:
        since += f"; in {in_series(finding.series)}"
    if finding.episodes > max(1, len(finding.series)):
        since += (
            f"; {finding.episodes} episodes in all" if finding.series else f"; episode {finding.episodes} of this run"
        )
    page.add(f"{since}.", indent)
    if not is_drawn:
        _spark(page, finding, log, indent, is_marked=False)
        if finding.message:
            page.add(finding.message, indent)
    evidence(page, finding, indent)
    if finding.why:
        page.add(f"Why: {finding.why}", indent)
    if finding.source:
        page.add(f"Source: {finding.source}", indent, style="faint")


def _brief(page: Page, finding: Finding, label: str, text: str) -> None:
    page.add(f"{capital(text)} ({finding.rule})", f"  {label:<9} ", " " * 12, style=label, word=label)


def _history(finding: Finding, clock: str) -> str:
    title = finding.title.rstrip(".") or finding.rule
    told = f"{title} ({finding.severity}), from {moment(finding.onset, clock)}"
    if finding.end is not None:
        told += f" to {moment(finding.end, clock)}"
    return told + (f", the last of {finding.episodes} episodes" if finding.episodes > 1 else "")


def _spark(page: Page, finding: Finding, log: LogFacts, indent: str, *, is_marked: bool) -> None:
    name = page.safe(finding.spark_key or "".join(finding.metrics[:1]))
    if name and finding.drawn and len(finding.series) > 1:
        name += f" ({page.safe(in_series([finding.drawn]))})"
    room = min(SPARK_WIDTH, page.width - len(indent) - len(name) - 2)
    line = sparkline(finding.spark, room, ascii_only=page.ascii_only) if room >= 8 else ""
    if not line or not name:
        return
    page.raw(f"{indent}{name}  {line}")
    first, last = log.first_step, log.last_step
    if is_marked and first is not None and last is not None and finding.onset.step is not None:
        mark = f"^ {moment(finding.onset, log.clock)}"
        place = len(indent) + len(name) + 2 + column(position(finding.onset), first, last, len(line))
        page.raw(" " * min(place, page.width - len(mark)) + mark, "faint")


# Everything else, in brief


def _lists(page: Page, report: Report, lines: int) -> None:
    by_state: dict[str, list[RuleState]] = {}
    for rule in report.rules:
        by_state.setdefault(rule.state, []).append(rule)
    _asides(page, report, lines)
    _invariants(page, report, lines)
    _ok(page, by_state.get("ok", []), lines)
    # What may be starting in a run that is over is of interest only where it would have mattered.
    pending = [rule for rule in by_state.get("pending", []) if rule.severity != "info" or not report.log.ended]
    _reasoned(page, "pending", pending, lines)
    _reasoned(page, "waiting", by_state.get("waiting", []), lines)
    _reasoned(page, "not evaluated", by_state.get("not_evaluated", []), lines)
    told = {each.rule for each in report.suppressions if each.status != "expired"}
    if disabled := [rule.rule for rule in by_state.get("disabled", []) if rule.rule not in told]:
        _list(page, f"disabled ({len(disabled)})", disabled, lines)
    if report.suppressions:
        from .provenance import switched_off

        switched_off(page, report.suppressions, report.log.clock)
    _overrides(page, [each for each in report.overrides if not (each.value is False and _rule_of(each) in told)])
    _stages(page, report, lines)
    label = "log".ljust(LABEL_WIDTH)
    page.add(_log(report), label, " " * LABEL_WIDTH, style="faint")


def _overrides(page: Page, overrides: Sequence[Override]) -> None:
    if overrides:
        from .provenance import override

        _list(page, f"overrides ({len(overrides)})", [override(each) for each in overrides], len(overrides))


def _rule_of(override: Override) -> str:
    return override.param.removesuffix(".enabled")


def _list(page: Page, label: str, items: Sequence[str], lines: int) -> None:
    label = f"{label:<{LABEL_WIDTH - 1}} "
    page.add(page.shortened(items, label, lines), label, " " * LABEL_WIDTH)


def _asides(page: Page, report: Report, lines: int) -> None:
    if report.set_aside:
        items = [f"{aside.action} ({aside.reason})" for aside in report.set_aside]
        _list(page, f"set aside ({len(items)})", list(dict.fromkeys(items)), lines)


def _ok(page: Page, rules: Sequence[RuleState], lines: int) -> None:
    if not rules:
        return
    names = [rule.rule for rule in rules]
    near = min((rule for rule in rules if gap(rule) <= NEAR), key=gap, default=None)
    if near is not None and near.closest is not None and near.closest.threshold is not None:
        names.remove(near.rule)
        names.insert(0, f"{near.rule} ({approach(near.closest, near.closest.threshold)})")
    _list(page, f"ok ({len(rules)})", names, lines)


def _invariants(page: Page, report: Report, lines: int) -> None:
    if report.invariants:
        from ..invariants import summary

        checked = [result for result in report.invariants if result.status != "disabled"]
        if told := summary(checked, report.log.clock):
            label = f"{f'invariants ({len(checked)})':<{LABEL_WIDTH - 1}} "
            page.add("; ".join(told), label, " " * LABEL_WIDTH)


def _reasoned(page: Page, label: str, rules: Sequence[RuleState], lines: int) -> None:
    """Rules by the reason why they cannot be judged: with their names if there is room, else only their number."""
    if not rules:
        return
    groups: dict[str, list[str]] = {}
    for rule in rules:
        groups.setdefault(rule.reason, []).append(rule.rule)
    label = f"{f'{label} ({len(rules)})':<{LABEL_WIDTH - 1}} "
    full = "; ".join(
        f"{', '.join(names)} ({reason})" if reason else ", ".join(names) for reason, names in groups.items()
    )
    if page.fits(full, label, lines):
        text = full
    elif len(groups) == 1 and "" in groups:
        text = page.shortened(groups[""], label, lines)
    else:
        items = [f"{reason or 'no reason known'} ({counted(len(names), 'rule')})" for reason, names in groups.items()]
        text = page.shortened(items, label, lines, "reason")
    page.add(text, label, " " * LABEL_WIDTH)


def _stages(page: Page, report: Report, lines: int) -> None:
    outside = [stage for stage in report.stages if stage.within is False and stage.median is not None]
    if outside:
        items = [
            f"{stage.stage} {stage.metric} {number(stage.median or 0.0, 4)} ({_beyond(stage)})" for stage in outside
        ]
        _list(page, f"stages ({len(outside)})", items, lines)


def _beyond(stage: StageResult) -> str:
    """On which side of the guide's range a median lies: "above the guide's 0.3 to 0.5"."""
    low, high = stage.expected
    side = "below" if low is not None and stage.median is not None and stage.median < low else "above"
    return f"{side} the guide's {' to '.join(number(end, 4) for end in (low, high) if end is not None)}"


_FORMATS = {"jsonl": "", "unknown": "", "console": ", console output"}


def _log(report: Report) -> str:
    return "; ".join(filter(None, _log_parts(report)))


def _log_parts(report: Report) -> Iterable[str]:
    log = report.log
    rows = counted(log.rows, "row")
    if not log.rows:
        read = counted(log.lines, "line")
        rows = f"{read} read, none with a value that the pack judges" if log.lines else "no row was judged"
    if log.first_step is not None and log.last_step is not None and log.clock != "row":
        rows += f", {unit_of(log.clock)}s {as_written(log.first_step)} to {as_written(log.last_step)}"
        if log.total is not None:
            rows += f" of {as_written(log.total)}"
    why = f": {log.ended_because}" if log.ended_because else ""
    yield rows + (f", ended{why}" if log.ended else "") + _FORMATS.get(log.format, f", {log.format}")
    if log.malformed:
        shown = ", ".join(map(str, log.bad_lines))
        more = ", …" if shown and log.malformed > len(log.bad_lines) else ""
        yield counted(log.malformed, "malformed line") + (f" ({shown}{more})" if shown else "")
    if log.superseded:
        yield f"{counted(log.superseded, 'row')} superseded" + (
            f" by {counted(log.rewinds, 'resume')}" if log.rewinds else ""
        )
    if log.repeated:
        yield f"{counted(log.repeated, 'repeated row')}" + (
            ", with the step of the row before; if several runs or ranks write this log, name the label that tells them"
            " apart under 'labels' in the pack"
            if log.repeated > max(MANY, MANY_SHARE * log.rows) and not is_doubled(log)
            else ""
        )
    for note in log.notes:
        yield note.rstrip(".")
    variant = f", variant {report.variant}" if report.variant else ""
    how = f", chosen by {listed(report.detected)}" if report.detected else ""
    yield f"pack {report.pack} {report.version}".rstrip() + variant + how
