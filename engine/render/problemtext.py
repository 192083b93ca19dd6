"""Problems as lines to read: place, severity, code and message, the mend, and the line with what is wrong marked."""

from __future__ import annotations

from collections.abc import Iterator

from ..errors import Problem
from ..validation import Outcome
from .escape import cells, printable
from .layout import STYLES

_STYLES = {"error": "critical", "warning": "warning"}
_LEAST, _KEPT = 20, 12


def render(outcome: Outcome, *, show: bool, width: int, colour: bool, ascii_only: bool) -> str:
    """The problems, one behind the other; `show`: with the lines of the files in which they stand."""

    def paint(text: str, style: str) -> str:
        return f"\x1b[{STYLES[style]}m{text}\x1b[0m" if colour else text

    lines: list[str] = []
    for problem in outcome.problems:
        safe = printable(problem.message, ascii_only=ascii_only)
        severity = paint(f"{problem.severity}[{problem.code}]", _STYLES[problem.severity])
        lines.append(f"{printable(str(problem.at), ascii_only=ascii_only)}: {severity} {safe}")
        if problem.hint:
            lines.append(f"  {printable(problem.hint, ascii_only=ascii_only)}")
        if show:
            lines += _source(problem, outcome.sources.get(problem.at.file, ""), width, paint, ascii_only)
    return "".join(f"{line}\n" for line in lines)


def _source(problem: Problem, source: str, width: int, paint: object, ascii_only: bool) -> Iterator[str]:
    """The line of a file, cut to the width, and carets under what is wrong."""
    assert callable(paint)
    lines = source.split("\n")
    if not problem.at.line or problem.at.line > len(lines):
        return
    line = lines[problem.at.line - 1].rstrip("\r")
    start = max(problem.at.column - 1, 0)
    end = max(min(start + problem.width, len(line)), start)
    label = f"{problem.at.line:>5} | "
    room = max(width - len(label), _LEAST)
    before, marked, after = (
        printable(piece, ascii_only=ascii_only) for piece in (line[:start], line[start:end], line[end:])
    )
    dots = "..." if ascii_only else "…"
    marked_cells = min(max(cells(marked), 1), room)
    # As much of the left goes as is needed to show the right, but for some words before what is wrong.
    first = 0
    while cells(before[first:] + marked + after) > room and first < len(before) - _KEPT:
        first += 1
    while cells(before[first:]) + marked_cells > room and first < len(before):
        first += 1
    shown = (dots + before[first + len(dots) :] if first else before) + marked + after
    if cells(shown) > room:
        while cells(shown) > room - len(dots):
            shown = shown[:-1]
        shown += dots
    margin = paint(label, "faint")
    yield f"{margin}{shown}"
    carets = paint("^" * marked_cells, _STYLES[problem.severity])
    yield f"{paint(' ' * (len(label) - 2) + '| ', 'faint')}{' ' * cells(before[first:])}{carets}"
