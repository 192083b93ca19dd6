"""Where settings come from, in words: the files that were found, what was switched off, every threshold's history."""

from __future__ import annotations

from collections.abc import Sequence

from ..errors import Position
from ..pack import Scalar
from ..report import Report, Suppression, Threshold
from ..resolved import Override
from ..settings import BESIDE, FOUND, PROJECT, Source
from ..words import as_written, clause, listed
from .layout import Page

LABEL_WIDTH = 19


def source_at(origin: str, at: Position | None) -> str:
    """A source, with the line where it says so."""
    return f"{origin}:{at.line}" if at is not None and at.line else origin


def shown(value: Scalar) -> str:
    """A value of a param, as tables have it."""
    if value is None:
        return "unset"
    if isinstance(value, bool):
        return str(value).lower()
    return value if isinstance(value, str) else as_written(value, 6)


def override(each: Override) -> str:
    """A setting that is not the default: "limit = 3.5 (default 3.4, --set)"."""
    told = f"default {shown(each.default)}, {source_at(each.origin, each.at)}"
    told += f", until {each.until}" if each.until else ""
    return f"{each.param} = {shown(each.value)} ({told})"


def history(each: Override) -> str:
    """What a value won over: "over pyproject.toml:3 (0.1) and variant short (0.25)", or nothing."""
    return (
        f"over {listed([f'{source_at(said.origin, said.at)} ({said.text})' for said in each.over])}"
        if each.over
        else ""
    )


def found(page: Page, sources: Sequence[Source]) -> None:
    """The files that count, or might, without anybody having named them."""
    where = {PROJECT: "the project's {}", BESIDE: "{} beside the log"}
    unasked = [source for source in sources if source.kind in FOUND]
    used = [where[source.kind].format(source.name) for source in unasked if not source.note]
    if used:
        it = "it" if len(used) == 1 else "both"
        page.add(f"With the settings of {listed(used)} (--isolated ignores {it}).")
    for source in unasked:
        if source.note:
            page.add(f"Without {where[source.kind].format(source.name)}, which {source.note}.")


def switched_off(page: Page, suppressions: Sequence[Suppression], clock: str) -> None:
    """What the user switched off, with why and what that hides; then what the user should know of it."""
    off = [each for each in suppressions if each.status != "expired"]
    label = f"switched off ({len(off)})"
    for each in off:
        told = f"{each.rule} (by {source_at(each.origin, each.at)}{f' until {each.until}' if each.until else ''})"
        told += f": {each.reason.rstrip('.')}" if each.reason else ""
        if each.hides is not None:
            is_over = ", resolved" if each.hides.state == "resolved" else ""
            told += f"; hides {clause(each.hides, clock)} ({each.hides.severity}{is_over})"
        page.add(told, f"{label:<{LABEL_WIDTH - 1}} ", " " * LABEL_WIDTH)
        label = ""
    label = "warning"
    for each in suppressions:
        if each.warning:
            page.add(
                each.warning, f"{label:<{LABEL_WIDTH - 1}} ", " " * LABEL_WIDTH, style="warning", word=label or " " * 7
            )
            label = ""


def every_threshold(page: Page, report: Report) -> None:
    """All thresholds, those that were set first in colour, each with where it comes from and what that won over."""
    if not report.thresholds:
        return
    page.blank()
    page.raw("Thresholds, and where each comes from", "heading")
    wide = min(max(len(row.param) for row in report.thresholds), 24)
    for row in report.thresholds:
        first = f"  {page.safe(row.param):<{wide}}  "
        page.add(_line(row), first, " " * (wide + 6), style="warning" if row.override else "none", word=row.param)


def _line(row: Threshold) -> str:
    value = shown(row.value) + (f" {row.unit}" if row.unit and row.value is not None else "")
    if row.override is None:
        return f"{value} ({row.origin})"
    each = row.override
    told = [source_at(each.origin, each.at), each.given and f"as {each.given}", history(each)]
    return f"{value} ({', '.join(filter(None, told))}; default {shown(row.default)})"
