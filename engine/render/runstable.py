"""Many runs as a page of text: a line a run, the worst first, and what they come to."""

from __future__ import annotations

from collections.abc import Sequence

from ..many.line import Line
from .escape import cells
from .layout import Page, wrap
from .runswords import reached, summary, told

GAP = "  "
VERDICT_WIDTH = 9
LEAST_TOLD, LEAST_LOG = 28, 12
"""How many columns are left for what to do at least, and for the log."""

SAVES = 6
"""How many columns must be saved for what all names share to be told once, above the list."""


def render(lines: Sequence[Line], *, width: int = 80, colour: bool = False, ascii_only: bool = False) -> str:
    """The lines for a terminal of `width` columns, in their order."""
    page = Page(max(width, 60), colour, ascii_only)
    far = [page.safe(reached(line)) for line in lines]
    step = max(map(cells, [*far, "step"]), default=0)
    room = page.width - VERDICT_WIDTH - step - 3 * len(GAP)
    title, names = _names(page, [line.log for line in lines], room - LEAST_TOLD)
    log = max(min(max(map(cells, names), default=0), room - LEAST_TOLD), LEAST_LOG)
    if title:
        page.add(title, "logs".ljust(VERDICT_WIDTH + len(GAP)))
    head = f"{'verdict':<{VERDICT_WIDTH}}{GAP}{_padded('log', log)}{GAP}{'step':>{step}}{GAP}what to do, and why"
    page.raw(head, "faint")
    for line, name, come in zip(lines, names, far, strict=True):
        verdict = page.paint(f"{line.verdict.upper():<{VERDICT_WIDTH}}", line.verdict)
        last = " " * (step - cells(come)) + come
        if cells(name) > log:
            # A name that is cut could be that of another run.
            page.add(
                name, f"{line.verdict.upper():<{VERDICT_WIDTH}}{GAP}", style=line.verdict, word=line.verdict.upper()
            )
            verdict, name = " " * VERDICT_WIDTH, ""
        advice = _advice(page, line, room - log)
        page.raw(f"{verdict}{GAP}{_padded(name, log)}{GAP}{last}{GAP}{advice[0]}")
        for more in advice[1:]:
            page.raw(" " * (page.width - room + log) + more)
    page.blank()
    page.add(f"{summary(lines)}.")
    return page.text()


def _advice(page: Page, line: Line, room: int) -> list[str]:
    """What to do and why in so many columns: whole, or without the onset, or cut; why a run was not judged is never."""
    for text in (told(line), told(line, since=False)):
        if cells(page.safe(text)) <= room:
            return [page.safe(text)]
    if line.verdict == "unknown":
        return wrap(page.safe(text), room)
    return [cut(page.safe(text), room, "..." if page.ascii_only else "…")]


def cut(text: str, room: int, mark: str = "…") -> str:
    """As much of a text as fits into so many columns, with a mark where something is left out."""
    if cells(text) <= room:
        return text
    kept = ""
    for character in text:
        if cells(kept) + cells(character) > room - cells(mark):
            break
        kept += character
    return kept.rstrip(" ,;:") + mark


def _names(page: Page, logs: Sequence[str], room: int) -> tuple[str, list[str]]:
    """What is said of all logs, and what each is called beside that, in so many columns if it can be done."""
    before, after = shared(logs)
    names = [log[len(before) : len(log) - len(after)] for log in logs]
    if any(cells(page.safe(name)) > room for name in names):
        folders = ["/".join(log.split("/")[:-1]) for log in logs]
        if all(folders) and len(set(folders)) == len(folders) > 1:
            # A folder stands for the log in it.
            before, after = shared(folders)
            names = [folder[len(before) : len(folder) - len(after)] for folder in folders]
            after += "/…"
    title = f"{before}*{after}" if before or after else ""
    return title, [page.safe(name) for name in names]


def shared(names: Sequence[str]) -> tuple[str, str]:
    """What all names begin with and end with, in whole folders: ("runs/", "/log.jsonl"); empty where it is short."""
    if len(set(names)) < 2:
        return "", ""
    split = [name.split("/") for name in names]
    shortest = min(map(len, split))
    first = next((at for at in range(shortest) if len({parts[at] for parts in split}) > 1), shortest)
    first = min(first, shortest - 1)
    rest = [parts[first:] for parts in split]
    shortest = min(map(len, rest))
    last = next((at for at in range(shortest) if len({parts[-1 - at] for parts in rest}) > 1), shortest)
    last = min(last, shortest - 1)
    before = "".join(f"{part}/" for part in split[0][:first])
    after = "".join(f"/{part}" for part in split[0][len(split[0]) - last :])
    return (before, after) if len(before) + len(after) >= SAVES else ("", "")


def _padded(text: str, width: int) -> str:
    return text + " " * (width - cells(text))
