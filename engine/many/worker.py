"""What a process of its own does: judge the runs that it is given, and send back what becomes of each.

It is started as a plain program and not by `multiprocessing`, which would import the main module of whoever calls the
engine once more, and needs that to be written for it.
"""

from __future__ import annotations

import gc
import os
import pickle
import sys
from typing import BinaryIO

from ..errors import TrainrulesError
from .model import Judged
from .sequence import judge

PROTOCOL = 5
START = (
    "import pickle, sys; sys.path[:] = pickle.load(sys.stdin.buffer);"
    f" from {__package__}.worker import main; main(sys.stdin.buffer)"
)
"""The program. It is told where modules are found, then what is asked and what to make of each run, then the runs."""


def main(given: BinaryIO) -> None:
    """Serve until there is nothing more to read."""
    gc.set_threshold(100_000)
    channel = os.dup(sys.stdout.fileno())
    os.dup2(sys.stderr.fileno(), sys.stdout.fileno())  # what a library prints is no result
    with os.fdopen(channel, "wb") as results:
        asked, each = pickle.load(given)
        while True:
            try:
                logs = pickle.load(given)
            except EOFError:
                return
            for judged in judge(logs, asked):
                pickle.dump(each(_sendable(judged)), results, PROTOCOL)
                results.flush()


def _sendable(judged: Judged) -> Judged:
    """The same, with an error that can be made anew in another process: not every library's can."""
    error = judged.error
    if error is None or isinstance(error, TrainrulesError):
        return judged
    try:
        pickle.loads(pickle.dumps(error, PROTOCOL))
    except Exception:
        told = RuntimeError(f"{type(error).__name__}: {error}")
        return judged._replace(error=told.with_traceback(error.__traceback__))
    return judged
