"""What lists of runs have in common: the words for a run's finding, for how far it came, for all runs together."""

from __future__ import annotations

from collections.abc import Sequence

from ..many.line import Line, tally
from ..words import as_written, counted, in_series, lowered, moment


def reached(line: Line) -> str:
    """How far a run came, as short as may be: "145/300", "epoch 5", "12 rows", or "-" where that is unknown."""
    if not line.rows:
        return "-"
    if line.clock == "row" or line.last_step is None:
        return counted(line.rows, "row")
    last = as_written(line.last_step)
    if line.clock == "epoch":
        return f"epoch {last}"
    return f"{last}/{as_written(line.total)}" if line.total is not None else last


def found(line: Line, *, since: bool = True) -> str:
    """The worst finding: "values are not finite, since step 101"; empty where there is none."""
    if not line.rule:
        return ""
    where = f" in {in_series(line.series)}" if line.series else ""
    when = f", since {moment(line.onset, line.clock)}" if since and line.onset else ""
    return f"{lowered(line.title or line.rule)}{where}{when}"


def told(line: Line, *, since: bool = True) -> str:
    """What to do about a run and why, or why it could not be judged."""
    if line.verdict == "unknown":
        return f"{line.reason}; {line.hint}" if line.hint else line.reason
    because = found(line, since=since)
    if line.verdict == "wait" and line.severity in ("", "info"):
        return line.text
    if line.severity == "info":
        return f"{line.action} ({because})"
    return f"{line.action}: {because}" if because else line.action


def summary(lines: Sequence[Line]) -> str:
    """All runs in a line: "12 runs: 3 act, 1 unknown, 8 healthy"."""
    parts = ", ".join(f"{amount:,} {verdict}" for verdict, amount in tally(lines).items())
    return f"{counted(len(lines), 'run')}: {parts}" if parts else "no runs"
