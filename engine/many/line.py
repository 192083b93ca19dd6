"""A run in a line: what a list of many runs says of each."""

from __future__ import annotations

from collections.abc import Iterable

from ..causes import is_open, precedence
from ..errors import LogError, ProblemsError
from ..pack import CAUSES, SEVERITIES
from ..record import Record
from ..report import Finding, Moment, Report
from ..verdict import UNKNOWN, WRONG, settle

VERDICTS = ("act", "attention", "unknown", "wait", "healthy")
"""The verdicts, the worst first: a run that could not be judged may be as bad as any."""


_OF_FINDING = ("severity", "rule", "cause", "title", "series", "onset", "message")
"""What a line tells of a finding, by the names that it has there."""


class Line(Record):
    """One run: its verdict and exit code, the first action of its plan, its worst open finding, how far it came.

    The texts of the finding are empty where there is none; `reason` says why the run was not judged, or only in part.
    """

    log: str
    verdict: str
    code: int
    action: str = ""
    text: str = ""  # the action in words
    severity: str = ""
    rule: str = ""
    cause: str = ""
    title: str = ""
    series: tuple[str, ...] = ()
    onset: Moment | None = None
    message: str = ""
    clock: str = "row"
    rows: int = 0
    last_step: float | None = None
    total: float | None = None
    ended: bool = False
    pack: str = ""
    version: str = ""
    variant: str = ""
    reason: str = ""
    hint: str = ""

    @property
    def is_wrong(self) -> bool:
        """Whether the settings of the run, and not its log, kept it from being judged."""
        return self.code == WRONG


def line_of(report: Report, fail_on: str = "critical", *, log: str = "", hint: str = "") -> Line:
    """The line of a run that has a report; it calls the log as that does, or `log`.

    `hint` is how what kept the run from being judged can be mended.
    """
    report, code = settle(report, fail_on)
    worst = worst_finding(report)
    primary = report.plan[0] if report.plan else None
    facts = report.log
    found = {field: getattr(worst, field) for field in _OF_FINDING} if worst else {}
    return Line(
        log or facts.path,
        report.verdict,
        code,
        action=primary.action if primary else "",
        text=primary.text if primary else "",
        clock=facts.clock,
        rows=facts.rows,
        last_step=facts.last_step,
        total=facts.total,
        ended=facts.ended,
        pack=report.pack,
        version=report.version,
        variant=report.variant or "",
        reason=report.reason,
        hint=hint,
        **found,
    )


def line_of_error(log: str, error: Exception, pack: str = "") -> Line:
    """The line of a run that has no report, because its settings are wrong or something broke."""
    if isinstance(error, ProblemsError):
        first, more = error.problems[0], len(error.problems) - 1
        told = f"{first.at}: {first.message}" + (f" and {more} more" if more else "")
        return Line(log, "unknown", WRONG, pack=pack, reason=told, hint=first.hint)
    if isinstance(error, LogError):
        return Line(log, "unknown", UNKNOWN, pack=pack, reason=error.message, hint=error.hint)
    told = " ".join(str(error).split())[:200]
    return Line(log, "unknown", WRONG, pack=pack, reason=f"internal error: {type(error).__name__}: {told}")


def worst_finding(report: Report) -> Finding | None:
    """The open finding of the highest severity; of several, the one that the plan rests on, or goes before in it."""
    because = report.plan[0].because if report.plan else ()

    def rank(finding: Finding) -> tuple[object, ...]:
        return -SEVERITIES.index(finding.severity), finding.rule not in because, precedence(finding)

    return min(filter(is_open, report.findings), key=rank, default=None)


def worst_first(lines: Iterable[Line]) -> list[Line]:
    """The lines by verdict, then by what was found; those that are alike stay in their order."""
    return sorted(lines, key=_rank)


def _rank(line: Line) -> tuple[int, int, int, int]:
    return (
        VERDICTS.index(line.verdict),
        -line.code if line.is_wrong else 0,
        -SEVERITIES.index(line.severity) if line.severity else 1,
        CAUSES.index(line.cause) if line.cause else len(CAUSES),
    )


def tally(lines: Iterable[Line]) -> dict[str, int]:
    """How many runs have each verdict, the worst first; verdicts that none has are left out."""
    found = [line.verdict for line in lines]
    return {verdict: found.count(verdict) for verdict in VERDICTS if verdict in found}
