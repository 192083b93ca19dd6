"""Runs judged in several processes at once."""

from __future__ import annotations

import os
import pickle
import subprocess
import sys
from collections import deque
from collections.abc import Callable, Generator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from itertools import pairwise
from queue import SimpleQueue
from threading import Lock
from typing import Any, Generic, TypeVar

from ..errors import LogError
from ..record import Record
from .model import Asked, Judged
from .worker import PROTOCOL, START

T = TypeVar("T")

AHEAD = 32
"""How many parcels may be judged before the one that is first in line: who puts them in order has to keep them."""

MOST_DEATHS = 20
"""How many processes in a row may die without any result in between."""

_PATIENCE = 1.0  # seconds


class _Parcel(Record):
    """Some logs that follow one another, and the place of the first."""

    place: int
    logs: Sequence[str]


class _EndedError(Exception):
    """Raised when a process is gone."""


def pooled(
    logs: Sequence[str], asked: Asked, each: Callable[[Judged], T], *, workers: int, parcel: int, first: int = 0
) -> Generator[tuple[int, T]]:
    """What `each` makes of each run, with its place among the logs, as they are done; it is called in their processes.

    A process takes `parcel` logs at a time, and `first` the first time. One that dies takes nothing with it but the run
    that it died of.
    """
    begun = min(first * workers, len(logs))
    places = [*range(0, begun, first or 1), *range(begun, len(logs), parcel), len(logs)]
    todo = deque(_Parcel(place, logs[place:after]) for place, after in pairwise(places))
    with _Pool(asked, each, workers) as pool:
        due = given = 0
        early: set[int] = set()
        while due < len(logs):
            while todo and given < workers * 2 and todo[0].place < due + AHEAD * parcel:
                pool.give(todo.popleft())
                given += 1
            result = pool.results.get()
            if isinstance(result, BaseException):
                raise result
            if result is None:
                given -= 1
                continue
            yield result
            early.add(result[0])
            while due in early:
                early.remove(due)
                due += 1


class _Pool(Generic[T]):
    """A thread for each process, which gives it parcels and waits for what it sends."""

    def __init__(self, asked: Asked, each: Callable[[Judged], T], workers: int) -> None:
        self.each = each
        self.greeting = pickle.dumps(list(sys.path), PROTOCOL) + pickle.dumps((asked, each), PROTOCOL)
        self.results: SimpleQueue[tuple[int, T] | BaseException | None] = SimpleQueue()
        self.idle: list[_Process] = []
        self.all: set[_Process] = set()
        self.lock = Lock()
        self.is_over = False
        self.deaths = 0
        self.threads = ThreadPoolExecutor(max_workers=workers)

    def __enter__(self) -> _Pool[T]:
        return self

    def __exit__(self, *_: object) -> None:
        with self.lock:
            self.is_over = True
            for process in self.all:
                process.kill()
        self.threads.shutdown(wait=True, cancel_futures=True)
        for process in self.all:
            process.close()

    def give(self, parcel: _Parcel) -> None:
        """Have a parcel judged; each result is put into the queue with its place, and None after the last."""
        self.threads.submit(self._serve, parcel)

    def _serve(self, parcel: _Parcel) -> None:
        try:
            self._judge(parcel)
            self.results.put(None)
        except BaseException as error:
            self.results.put(error)

    def _judge(self, parcel: _Parcel) -> None:
        process = self._taken()
        done = 0
        try:
            process.send(list(parcel.logs))
            for place in range(len(parcel.logs)):
                self.results.put((parcel.place + place, process.receive()))
                self.deaths = 0
                done += 1
        except _EndedError:
            status = process.close()
            self.deaths += 1
            if self.is_over:
                return
            if self.deaths > MOST_DEATHS:
                raise RuntimeError(
                    f"processes of {sys.executable} that judge runs end at once, with {status}"
                ) from None
            rest = parcel.logs[done:]
            if len(parcel.logs) > 1:
                # Which of the rest it died of shows when each is judged by itself.
                for place, log in enumerate(rest, parcel.place + done):
                    self._judge(_Parcel(place, [log]))
            else:
                self.results.put((parcel.place, self.each(Judged(rest[0], error=_died(rest[0], status)))))
        else:
            with self.lock:
                self.idle.append(process)

    def _taken(self) -> _Process:
        with self.lock:
            if self.is_over:
                raise _EndedError
            process = self.idle.pop() if self.idle else _Process(self.greeting)
            self.all.add(process)
            return process


class _Process:
    """A process that judges runs."""

    def __init__(self, greeting: bytes) -> None:
        # In a group of its own, Ctrl-C at the terminal is for the one that was started there.
        self.own = subprocess.Popen(
            [sys.executable, "-P", "-c", START],  # -P: nothing is imported from the folder that it is started in
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            process_group=0 if os.name == "posix" else None,
        )
        self._write(greeting)

    def send(self, what: Any) -> None:
        self._write(pickle.dumps(what, PROTOCOL))

    def receive(self) -> Any:
        assert self.own.stdout is not None
        try:
            return pickle.load(self.own.stdout)
        except (EOFError, OSError, ValueError, pickle.UnpicklingError):
            raise _EndedError from None

    def kill(self) -> None:
        self.own.kill()

    def close(self) -> int:
        """How it ended, as its exit code or the negative number of a signal."""
        for stream in (self.own.stdin, self.own.stdout):
            with suppress(OSError):
                if stream is not None:
                    stream.close()
        try:
            return self.own.wait(_PATIENCE)
        except subprocess.TimeoutExpired:
            self.own.kill()
            return self.own.wait()

    def _write(self, data: bytes) -> None:
        assert self.own.stdin is not None
        with suppress(OSError):  # it shows when an answer is waited for
            self.own.stdin.write(data)
            self.own.stdin.flush()


def _died(log: str, status: int) -> LogError:
    how = f"was killed by signal {-status}" if status < 0 else f"ended with code {status}"
    hint = "if the memory did not do, judge with --memory-limit, or with fewer --threads"
    return LogError(f"the process that judged it {how}", path=log, hint=hint)
