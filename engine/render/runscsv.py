"""Many runs as a table for spreadsheets and scripts: CSV, a line a run."""

from __future__ import annotations

import csv
from collections.abc import Sequence
from io import StringIO

from ..many.line import Line
from .escape import printable
from .json import rounded

COLUMNS = {
    "log": "The log, as it was named.",
    "verdict": "`act`, `attention`, `unknown`, `wait` or `healthy`.",
    "exit_code": "The exit code of a call for this run alone.",
    "action": "The first action of the plan.",
    "severity": "How serious the worst finding is that still holds; empty, as the next five, where there is none.",
    "rule": "The rule that found it.",
    "cause": "Its cause.",
    "title": "Its title.",
    "onset": "The step, or what the clock counts, at which it began.",
    "message": "The finding in words, with its numbers, where the rule has any.",
    "clock": "What positions count: `step`, `epoch` or `row`.",
    "rows": "Rows that were judged.",
    "last_step": "The last position on the clock.",
    "total": "The planned steps, where they are known.",
    "ended": "Whether the log shows that the run is over: `true` or `false`.",
    "pack": "The pack that judged the run.",
    "version": "The pack's version.",
    "variant": "The variant it was run in.",
    "reason": "Why the run could not be judged, or only in part.",
}
"""The columns, each with what it says."""

_FORMULA = ("=", "+", "-", "@")


def render(lines: Sequence[Line]) -> str:
    """The lines in their order, below the names of the columns."""
    out = StringIO()
    writer = csv.writer(out, lineterminator="\n")
    writer.writerow(COLUMNS)
    writer.writerows(_cells(line) for line in lines)
    return out.getvalue()


def _cells(line: Line) -> list[str]:
    onset = line.onset.step if line.onset and line.clock != "row" else line.onset.row if line.onset else None
    known = line.rows > 0
    cells = {
        "log": f"./{line.log}" if line.log.startswith(_FORMULA) and line.log != "-" else line.log,
        "verdict": line.verdict,
        "exit_code": str(line.code),
        "action": line.action,
        "severity": line.severity,
        "rule": line.rule,
        "cause": line.cause,
        "title": _text(line.title),
        "onset": _number(onset),
        "message": _text(line.message),
        "clock": line.clock if known else "",
        "rows": str(line.rows),
        "last_step": _number(line.last_step if known else None),
        "total": _number(line.total),
        "ended": str(line.ended).lower() if known else "",
        "pack": line.pack,
        "version": line.version,
        "variant": line.variant,
        "reason": _text(line.reason),
    }
    return [printable(cells[name]) for name in COLUMNS]


def _text(text: str) -> str:
    """A text that no spreadsheet takes for a formula."""
    return f"'{text}" if text.startswith(_FORMULA) else text


def _number(value: float | None) -> str:
    found = rounded(value)
    if found is None:
        return ""
    return str(int(found)) if found == int(found) else repr(found)
