"""Many runs as GitHub's workflow commands: a remark for each run that asks for something."""

from __future__ import annotations

from collections.abc import Sequence

from ..many.line import Line
from ..verdict import FOUND
from .escape import printable
from .runswords import summary, told
from .workflow import command


def render(lines: Sequence[Line]) -> str:
    """An error for each run with a finding that counts, a warning for others that are not well, a notice of them all.

    GitHub shows the first ten of a kind, so the worst should come first.
    """
    remarks = [_remark(line) for line in lines if line.verdict not in ("healthy", "wait") or line.code == FOUND]
    remarks.append(command("notice", {"title": "rules eval"}, summary(lines)))
    return "".join(f"{remark}\n" for remark in remarks)


def _remark(line: Line) -> str:
    kind = "error" if line.code == FOUND or line.is_wrong else "warning"
    properties = {"file": printable(line.log)}
    if line.onset is not None and line.onset.row > 0:
        properties["line"] = str(line.onset.row)
    properties["title"] = f"{line.verdict}: {printable(line.rule)}" if line.rule else line.verdict
    text = f"{told(line)}\n{line.message}" if line.message else told(line)
    return command(kind, properties, "\n".join(printable(part) for part in text.split("\n")))
