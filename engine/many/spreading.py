"""Where many runs are judged: here, or in as many processes as there are CPUs."""

from __future__ import annotations

import os
import sys
from collections.abc import Callable, Generator, Sequence
from contextlib import closing
from math import ceil
from typing import TypeVar

from .model import Asked, Judged
from .sequence import judge

T = TypeVar("T")

FEW = 8
"""The number of runs below which processes take longer to start than they save."""

PARCEL = 16
"""How many runs a process is given at a time, at most, where it judges one after the other."""

FIRST = 64
"""How many it is given at first where it judges many together, so that something is done early on."""

STDIN = "-"


def spread(
    logs: Sequence[str], asked: Asked, each: Callable[[Judged], T], *, workers: int | None = None
) -> Generator[tuple[int, T]]:
    """What `each` makes of each run, with its place among the logs, as they are done.

    `each` is called in the process that judged the run: it, and what it gives, must be fit to be sent there and back.
    """
    # Standard input is that of this process.
    files = [place for place, log in enumerate(logs) if log != STDIN]
    amount = _workers(len(files), asked.threads, workers)
    if amount < 2:
        yield from enumerate(each(judged) for judged in judge(logs, asked))
        return
    yield from ((place, each(_read_here(asked))) for place, log in enumerate(logs) if log == STDIN)
    from .batch import TOGETHER, batch_of
    from .pool import pooled

    threads = max(1, (asked.threads or _cpus()) // amount)
    most, shares = (PARCEL, 4) if batch_of(asked) is None else (TOGETHER, 2)
    parcel = min(most, max(1, len(files) // (amount * shares)))
    first = FIRST if parcel > 2 * FIRST else 0
    if first:  # the rest in parcels as even as can be, so that no process waits for another at the end
        rest = ceil((len(files) - first * amount) / amount)
        parcel = ceil(rest / ceil(rest / most))
    named = [logs[place] for place in files]
    asked = asked._replace(threads=threads)
    with closing(pooled(named, asked, each, workers=amount, parcel=parcel, first=first)) as found:
        for place, result in found:
            yield files[place], result


def in_order(found: Generator[tuple[int, T]]) -> Generator[T]:
    """The same in the order of the logs."""
    early: dict[int, T] = {}
    due = 0
    with closing(found):
        for place, result in found:
            early[place] = result
            while due in early:
                yield early.pop(due)
                due += 1


def _read_here(asked: Asked) -> Judged:
    return next(iter(judge([STDIN], asked)))


def _workers(runs: int, threads: int | None, workers: int | None) -> int:
    if workers is None:
        workers = 1 if runs < FEW else min(_cpus(), threads or _cpus())
    return min(workers, runs) if sys.executable else 1


def _cpus() -> int:
    """The CPUs that this process may use."""
    try:
        return len(os.sched_getaffinity(0))
    except AttributeError:  # not on every system
        return os.cpu_count() or 1
