"""Reports in the forms that `rules eval` prints."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from .output import PageStyle

if TYPE_CHECKING:
    from ..engine.many.line import Line
    from ..engine.report import Report

FORMS = ("table", "json", "jsonl", "csv", "junit", "markdown", "github")


def shown(
    report: Report, form: str, fail_on: str, style: PageStyle, *, verbose: bool = False, in_array: bool = False
) -> str:
    """One settled report: a page, an object (or an array with it), a line, or a list of this run alone."""
    if form in ("json", "jsonl"):
        from ..engine.render.json import dumps

        return dumps([report] if in_array and form == "json" else report, lines=form == "jsonl")
    if form != "table":
        from ..engine.many.line import line_of

        return shown_list([line_of(report, fail_on)], form, style)
    from ..engine.render.table import render
    from ..engine.verdict import exit_note

    return render(report, **style, exit_note=exit_note(report, fail_on), verbose=verbose)


def shown_list(lines: Sequence[Line], form: str, style: PageStyle) -> str:
    """A list of runs."""
    if form == "table":
        from ..engine.render.runstable import render

        return render(lines, **style)
    from importlib import import_module

    module = import_module(f"..engine.render.runs{form}", __package__)
    text: str = module.render(lines)
    return text
