"""Problems as GitHub's workflow commands, which a pull request shows beside its lines."""

from __future__ import annotations

from ..errors import Problem
from ..validation import Outcome
from .workflow import command


def render(outcome: Outcome) -> str:
    """One command a problem, and one a note."""
    notes = (command("notice", {"file": each.file}, f"{each.message}\n{each.hint}") for each in outcome.notes)
    return "".join(f"{each}\n" for each in (*map(_command, outcome.problems), *notes))


def _command(problem: Problem) -> str:
    file, line, column = problem.at
    properties = {"file": file}
    if line:
        properties["line"] = str(line)
    if line and column:
        properties |= {"col": str(column), "endColumn": str(column + max(problem.width, 1))}
    properties["title"] = problem.code
    return command(problem.severity, properties, _text(problem))


def _text(problem: Problem) -> str:
    return f"{problem.message}\n{problem.hint}" if problem.hint else problem.message
