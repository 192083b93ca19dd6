"""Many runs as a table in Markdown, for a summary of a job or a comment."""

from __future__ import annotations

import re
from collections.abc import Sequence

from ..many.line import Line
from .escape import printable
from .runswords import reached, summary, told

_HEAD = ("verdict", "log", "last step", "what to do, and why")
BAR = "\\|"
_SIGNS = re.compile(r"[\\`*\[\]<>&|~]|(?<!\w)_|_(?!\w)|:(?=//)")


def render(lines: Sequence[Line]) -> str:
    """What the runs come to, and a table with a row for each, in their order."""
    rows = [_HEAD, ("---",) * len(_HEAD)]
    rows += [(_bold(line.verdict), code(line.log), reached(line), plain(told(line))) for line in lines]
    table = "".join(f"| {' | '.join(row)} |\n" for row in rows)
    return f"{summary(lines)}.\n\n{table}"


def code(text: str) -> str:
    """A text set in code, in a cell of a table."""
    safe = printable(text)
    if "`" in safe or "\\" in safe or safe != safe.strip():
        return f"<code>{plain(safe)}</code>"
    return f"`{safe.replace('|', BAR)}`"


def plain(text: str) -> str:
    """A text in which nothing is markup, HTML or an address."""
    return _SIGNS.sub(lambda found: f"&#{ord(found[0])};", printable(text))


def _bold(verdict: str) -> str:
    return f"**{verdict}**" if verdict in ("act", "attention", "unknown") else verdict
