"""What is asked about many runs, and what becomes of each: plain data that can be sent to another process."""

from __future__ import annotations

from collections.abc import Mapping

from ..pack import Pack, Scalar
from ..record import Record
from ..report import Report


class Asked(Record):
    """The arguments of `evaluate` that hold for all runs of a call, by the names that they have there."""

    pack: str | Pack
    variant: str | None = None
    overrides: Mapping[str, Scalar] = {}
    override_files: tuple[str, ...] = ()
    settings: tuple[str, ...] = ()
    input_format: str | None = None
    now: float | None = None
    threads: int | None = None
    timeout: float | None = None
    memory_limit: str | None = None
    project: str | None = None
    isolated: bool = False


class Judged(Record):
    """What became of one run: its log as it was named, and the report, or the error that kept it from one."""

    log: str
    report: Report | None = None
    error: Exception | None = None
