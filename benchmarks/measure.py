"""Whole processes, timed in turn: wall time, peak memory, exit code."""

from __future__ import annotations

import os
import subprocess
import sys
import time
from collections.abc import Collection, Sequence
from dataclasses import dataclass

RSS_UNIT = 1 if sys.platform == "darwin" else 1024
"""Bytes in one unit of `ru_maxrss`."""


@dataclass(frozen=True, slots=True)
class Run:
    """One finished process: seconds of wall time, peak resident memory in megabytes, exit code."""

    seconds: float
    megabytes: float
    code: int


def once(command: Sequence[str]) -> Run:
    """Run a command to its end, its output thrown away."""
    started = time.perf_counter()
    process = subprocess.Popen(command, stdout=subprocess.DEVNULL)
    _, status, usage = os.wait4(process.pid, 0)
    seconds = time.perf_counter() - started
    process.returncode = os.waitstatus_to_exitcode(status)
    return Run(seconds, usage.ru_maxrss * RSS_UNIT / 1e6, process.returncode)


def in_turn(
    commands: Sequence[Sequence[str]], rounds: int, accept: Sequence[Collection[int]] | None = None
) -> list[list[Run]]:
    """The runs of each command, taken A B C A B C ... after one round that is not counted.

    Exits with a message where a command ends with a code that is not in its `accept` (default: 0).
    """
    results: list[list[Run]] = [[] for _ in commands]
    for number in range(rounds + 1):
        for index, command in enumerate(commands):
            run = once(command)
            if run.code not in (accept[index] if accept else {0}):
                sys.exit(f"exit code {run.code}: {' '.join(command)}")
            if number:
                results[index].append(run)
    return results
