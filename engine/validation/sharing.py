"""Pieces of work shared among processes: each takes the next piece when it has done one.

The processes are forks of this one, which costs far less than to start some and to import everything once more. That is
safe only where nothing else runs in this process; there is no other way to be sure but to look.
"""

from __future__ import annotations

import os
import pickle
import signal
import struct
import sys
import threading
from collections.abc import Callable, Iterator
from contextlib import suppress
from typing import TypeVar

T = TypeVar("T")

MOST_PIECES = 8_000
"""So many numbers of pieces fit into a pipe on every system, with some to spare."""

MOST_PROCESSES = 4
"""More would read the same parents once more each, to look at fewer packs each."""

_PLACE = struct.Struct("=H")
_PROTOCOL = 5


def may_share() -> int:
    """How many processes may share work, 1 where this one has to do it alone."""
    # What macOS itself brings into a process may not be forked, and only Linux tells of threads that are not Python's.
    if not sys.platform.startswith("linux") or threading.active_count() > 1:
        return 1
    try:
        if len(os.listdir("/proc/self/task")) > 1:
            return 1
        return min(len(os.sched_getaffinity(0)), MOST_PROCESSES)
    except OSError:
        return 1


def share(pieces: int, work: Callable[[Iterator[int]], T], processes: int) -> list[T]:
    """What `work` makes in each of the processes of the pieces that it takes; it gets their numbers, from 0 on.

    One that fails gives nothing: which pieces are done has to be seen from the results.
    """
    todo, given = os.pipe()
    os.write(given, b"".join(map(_PLACE.pack, range(pieces))))
    os.close(given)
    others: list[tuple[int, int]] = []
    try:
        with suppress(OSError):  # no more of them are allowed
            for _ in range(processes - 1):
                others.append(_forked(todo, work, [end for _, end in others]))
        results = [work(_taken(todo))]
        for _, end in others:
            with suppress(EOFError, pickle.UnpicklingError), os.fdopen(os.dup(end), "rb") as sent:
                results.append(pickle.load(sent))
        return results
    finally:
        os.close(todo)
        for process, end in others:
            os.close(end)
            with suppress(ProcessLookupError):
                os.kill(process, signal.SIGKILL)  # done, or of no use any more
            os.waitpid(process, 0)


def _forked(todo: int, work: Callable[[Iterator[int]], T], ends: list[int]) -> tuple[int, int]:
    """A process that works, and where it sends its result."""
    end, result = os.pipe()
    process = os.fork()
    if process:
        os.close(result)
        return process, end
    # Whatever happens here, nothing of what this process was forked from may go on in it.
    try:
        for each in (end, *ends):
            os.close(each)
        with os.fdopen(result, "wb") as sent:
            pickle.dump(work(_taken(todo)), sent, _PROTOCOL)
    finally:
        os._exit(0)


def _taken(todo: int) -> Iterator[int]:
    while piece := os.read(todo, _PLACE.size):
        yield _PLACE.unpack(piece)[0]
