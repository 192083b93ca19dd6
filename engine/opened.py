"""A pack and a log, brought together: the pack is given, or chosen by what the log turns out to hold."""

from __future__ import annotations

from collections.abc import Callable
from os import PathLike, fspath
from typing import TYPE_CHECKING

from .pack import Pack
from .phases import READING, begin
from .readers.model import Choose, Run, Wanted
from .readers.reading import read
from .record import Record
from .resolved import Resolved
from .shelf import load_pack, shipped_formats

if TYPE_CHECKING:
    from .readers.deadline import Deadline
    from .report import Known, Report

AUTO = "auto"
"""The name of no pack: the shipped one that fits the log is meant."""


class Opened(Record):
    """A log and the pack that judges it; `detected` are the keys by which the pack was chosen, None if it was given."""

    resolved: Resolved
    given: Run
    detected: tuple[str, ...] | None = None


def opened(
    path: str,
    pack: str | PathLike[str] | Pack,
    ready: Callable[[Pack], Resolved],
    wanted: Callable[[Resolved], Wanted],
    *,
    input_format: str | None = None,
    known: tuple[Known, ...] = (),
    threads: int | None = None,
    memory_limit: str | None = None,
    deadline: Deadline | None = None,
) -> Opened:
    """Read a log for a pack (a name, a file, a loaded one), or for the shipped one that fits it (AUTO).

    `ready` gives a pack its final thresholds, `wanted` says what to read for it; `input_format` names the format of the
    log, which its content tells otherwise; `known` is what files beside it say of the run. Raises PackError, LogError,
    and what these two raise.
    """

    def told(what: Wanted | Choose) -> Run:
        begin(READING)
        return read(
            path,
            what,
            shipped=shipped_formats,
            input_format=input_format,
            known=known,
            threads=threads,
            memory_limit=memory_limit,
            deadline=deadline,
        )

    if isinstance(pack, Pack) or fspath(pack) != AUTO:
        resolved = ready(pack if isinstance(pack, Pack) else load_pack(fspath(pack)))
        what = wanted(resolved)
        return Opened(resolved, told(what))
    from .detect import choose

    found: list[tuple[Resolved, tuple[str, ...]]] = []

    def chosen(names: frozenset[str]) -> Wanted:
        fit = choose(path, names)
        found.append((ready(load_pack(fit.pack)), fit.found))
        return wanted(found[0][0])

    given = told(chosen)
    ((resolved, detected),) = found
    return Opened(resolved, given, detected)


def chosen_by(report: Report, detected: tuple[str, ...] | None) -> Report:
    """The report with what it says of how its pack was chosen."""
    return report if detected is None else report._replace(chosen=AUTO, detected=detected)
