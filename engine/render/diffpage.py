"""Two ways to judge a log as a page: only what differs, first what each finds, then what each recommends."""

from __future__ import annotations

from collections.abc import Sequence

from ..difference import Difference, FindingChange, planned
from ..report import Finding, Report
from ..resolved import Override
from ..words import in_series, moment
from .layout import Page
from .provenance import found, override

LABEL = 12
_STATES = {"not_evaluated": "not evaluated", "disabled": "off"}
_NOUNS = {"rule": "", "gate": "gate ", "requirement": "gate ", "invariant": "invariant "}


def render_difference(both: Difference, *, width: int = 80, colour: bool = False, ascii_only: bool = False) -> str:
    """The page for a terminal of `width` columns; with `ascii_only`, for one that knows no Unicode."""
    page = Page(max(width, 40), colour, ascii_only)
    word = "SAME" if both.is_same else "DIFFERENT"
    pack = f"pack {both.a.pack} {both.a.version}".rstrip()
    page.add(f"{both.a.log.path}, {pack}", f"{word}  ", style="healthy" if both.is_same else "attention", word=word)
    found(page, both.a.sources)
    for side, report, own in zip("AB", (both.a, both.b), both.settings, strict=True):
        page.add(_settings(report, own), f"  {side}  ", " " * 5)
    if both.shared:
        page.add(", ".join(map(override, both.shared)), "  both  ", " " * 8)
    if both.is_same:
        page.blank()
        page.add(f"Both give the same findings and the same plan: {_said(both.a)}.")
        return page.text()
    page.blank()
    if both.a.verdict != both.b.verdict or both.a.reason != both.b.reason:
        page.add(f"{_said(both.a)} in A, {_said(both.b)} in B", f"{'Verdict':<{LABEL}}", " " * LABEL)
    else:
        page.add(f"{_said(both.a)} in both", f"{'Verdict':<{LABEL}}", " " * LABEL)
    _findings(page, both)
    _changes(page, both)
    _plans(page, both)
    return page.text()


def _settings(report: Report, own: Sequence[Override]) -> str:
    variant = f"variant {report.variant}" if report.variant else ""
    told = [override(each) for each in own]
    return "; ".join(filter(None, [variant, ", ".join(told)])) or "as it is"


def _said(report: Report) -> str:
    return f"{report.verdict} ({report.reason})" if report.reason else report.verdict


def _findings(page: Page, both: Difference) -> None:
    page.blank()
    if not both.findings:
        page.add("The same findings in both.")
        return
    page.raw("Findings", "heading")
    clock = both.a.log.clock
    for change in both.findings:
        if change.a is not None and change.b is not None:
            label, told = "both", "; ".join(_differs(change, field, clock) for field in _told(change))
        else:
            label = "only A" if change.a is not None else "only B"
            one = change.a or change.b
            assert one is not None
            other, state = ("B", change.b_state) if change.a is not None else ("A", change.a_state)
            told = f"{_finding(one, clock)}; in {other} {_STATES.get(state, state)}"
        page.add(
            f"{change.title or change.rule} ({change.rule}): {told}",
            f"  {label:<{LABEL - 3}} ",
            " " * LABEL,
            style=_style(change),
            word=label,
        )


def _style(change: FindingChange) -> str:
    one = change.a or change.b
    return one.severity if one is not None else "none"


def _finding(finding: Finding, clock: str) -> str:
    told = f"{finding.severity}, {_state(finding)}, since {moment(finding.onset, clock)}"
    return told + (f", in {in_series(finding.series)}" if finding.series else "")


def _state(finding: Finding) -> str:
    return f"explained by {finding.explained_by}" if finding.explained_by else finding.state


def _told(change: FindingChange) -> list[str]:
    """The fields to tell of: a state says more than the fields that follow from it."""
    fields = [field for field in change.differs if field != "explained_by" or "state" not in change.differs]
    follows = {"end": "state" in fields, "fired": "onset" in fields}
    return [field for field in fields if not follows.get(field)]


def _differs(change: FindingChange, field: str, clock: str) -> str:
    assert change.a is not None
    assert change.b is not None
    values = [_value(finding, field, clock) for finding in (change.a, change.b)]
    words = {
        "onset": "since {} in A, {} in B",
        "fired": "confirmed at {} in A, {} in B",
        "end": "until {} in A, {} in B",
        "episodes": "{} episodes in A, {} in B",
        "series": "in {} in A, {} in B",
    }
    return words.get(field, "{} in A, {} in B").format(*values)


def _value(finding: Finding, field: str, clock: str) -> str:
    if field in ("state", "explained_by"):
        return _state(finding)
    value = getattr(finding, field)
    if field == "series":
        return in_series(value) or "no series"
    if field in ("onset", "fired", "end"):
        return moment(value, clock) if value is not None else "now"
    return str(value)


def _changes(page: Page, both: Difference) -> None:
    if not both.changes:
        return
    page.blank()
    page.raw("Rules and gates that find nothing" if both.findings else "Rules and gates", "heading")
    alike: dict[tuple[str, str], list[str]] = {}
    for change in both.changes:
        alike.setdefault((change.a, change.b), []).append(f"{_NOUNS[change.kind]}{change.name}")
    for (a, b), names in alike.items():
        page.add(f"{_STATES.get(a, a)} in A, {_STATES.get(b, b)} in B: {', '.join(names)}", "  ", " " * 4)


def _plans(page: Page, both: Difference) -> None:
    page.blank()
    if not both.plan_differs:
        page.add("The same plan in both.")
        return
    known = [planned(step) for step in both.a.plan]
    for side, report in (("A", both.a), ("B", both.b)):
        page.raw(f"What to do in {side}", "heading")
        if not report.plan:
            page.add("Nothing: it could not be judged.", "  ")
        for place, step in enumerate(report.plan, 1):
            is_known = side == "B" and planned(step) in known
            told = f"As {known.index(planned(step)) + 1} in A ({step.action})." if is_known else step.text
            page.add(told, f"{place:3}. ")
            if step.command and not is_known:
                page.command(step.command, "     ")
