"""The gates of a report as checklists: requirement, target, your value, status."""

from __future__ import annotations

from collections.abc import Sequence

from ..report import GateResult, Report, RequirementResult
from ..words import moment, number
from .escape import cells
from .layout import Page

HEAD = ("requirement", "target", "your value", "status")
GAP = "  "
_STYLES = {"met": "healthy", "not met": "warning", "near": "warning", "unknown": "unknown"}
_GATES = {"open": "healthy", "passed": "healthy", "blocked": "warning", "unknown": "unknown", "out of scope": "faint"}


def checklists(page: Page, report: Report) -> None:
    """A checklist for each gate that decides and applies, a line for each other one."""
    clock = report.log.clock
    for gate in report.gates:
        if gate.advisory or gate.status in ("passed", "out of scope"):
            continue
        page.blank()
        page.add(_headline(gate, clock), style=_GATES[gate.status], word=gate.status)
        _lines(page, gate.requirements)
    brief = [gate for gate in report.gates if gate.advisory or gate.status in ("passed", "out of scope")]
    if brief:
        page.blank()
    for gate in brief:
        page.add(_headline(gate, clock, _missed(gate)), rest="  ")
    page.blank()


def _headline(gate: GateResult, clock: str, missed: str = "") -> str:
    text = gate.title + (f", {gate.series}" if gate.series else "") + f": {gate.status}{missed}"
    if gate.passed is not None:
        last = "last " if gate.passes > 1 or gate.status != "passed" else ""
        at = moment(gate.passed, clock)
        text += f" at {at}" if gate.status == "passed" else f" (passed {last}at {at})"
    return text + (f", {gate.reason}" if gate.reason else "")


def _missed(gate: GateResult) -> str:
    """What keeps a gate closed that is told in a line."""
    missed = [line for line in gate.requirements if not line.advisory and line.status != "met"]
    if gate.status not in ("blocked", "unknown") or not missed:
        return ""
    return (" by " if gate.status == "blocked" else ", ") + ", ".join(
        f"{line.title} ({line.reason or f'{_value(line)}, needs {line.target}'})" for line in missed
    )


def _lines(page: Page, lines: Sequence[RequirementResult]) -> None:
    rows = [(page.safe(line.title), line.target, _value(line), _status(line)) for line in lines]
    widths = [max(min(cells(row[place]), page.width // 2) for row in (HEAD, *rows)) for place in range(3)]
    if 2 + sum(width + len(GAP) for width in widths) + max(cells(row[3]) for row in rows) > page.width:
        _narrow(page, lines)
        return
    page.raw("  " + _columns(HEAD, widths) + HEAD[3], "faint")
    for line, row in zip(lines, rows, strict=True):
        page.add(row[3], f"  {_columns(row, widths)}", " " * 6, style=_STYLES[line.status], word=line.status)
        if line.reason:
            page.add(line.reason, " " * 6)


def _narrow(page: Page, lines: Sequence[RequirementResult]) -> None:
    """The same where four columns have no room."""
    for line in lines:
        text = f"{line.title} {_value(line)}, must be {line.target}: {_status(line)}"
        page.add(text + (f", {line.reason}" if line.reason else ""), "  ", " " * 4)


def _columns(row: Sequence[str], widths: Sequence[int]) -> str:
    return "".join(cell + " " * (width - cells(cell)) + GAP for cell, width in zip(row[:3], widths, strict=True))


def _value(line: RequirementResult) -> str:
    return "-" if line.value is None else number(line.value, 4)


def _status(line: RequirementResult) -> str:
    return line.status + (" (advice)" if line.advisory else "")
