"""Statements run at the same time on two connections: DuckDB leaves Python free while it parses, plans and computes."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import partial
from threading import Thread
from typing import Generic, Protocol, TypeVar


class Interruptible(Protocol):
    """A connection, as far as it matters here."""

    def interrupt(self) -> None:
        """Stop the statement that runs."""


T = TypeVar("T")
C = TypeVar("C", bound=Interruptible)


def beside(tasks: Sequence[Callable[[C], T]], here: C, there: C) -> list[T]:
    """The results of tasks that do not depend on one another, in their order.

    This thread does some `here`, another one the rest `there`. Where one fails, what runs on the other connection is
    interrupted, and what failed first is raised. A pool would do the same, and takes longer to import than the
    statements of a short run take.
    """
    results: dict[int, T] = {}
    errors: list[BaseException] = []
    waiting = iter([*enumerate(tasks)])

    def work(own: C, other: C) -> None:
        for place, task in waiting:
            if errors:
                return
            try:
                results[place] = task(own)
            except BaseException as error:
                errors.append(error)
                other.interrupt()

    thread = Thread(target=work, args=(there, here))
    thread.start()
    work(here, there)
    thread.join()
    if errors:
        raise errors[0]
    return [results[place] for place in range(len(tasks))]


class Behind(Generic[T]):
    """A task that another thread begins with at once, on a connection of its own.

    `result` waits for it, and raises what it raised; `stop` interrupts it, and waits until it has ended.
    """

    def __init__(self, task: Callable[[C], T], own: C) -> None:
        self._own: Interruptible = own
        self._results: list[T] = []
        self._errors: list[BaseException] = []
        self._thread = Thread(target=self._work, args=(partial(task, own),))
        self._thread.start()

    def _work(self, task: Callable[[], T]) -> None:
        try:
            self._results.append(task())
        except BaseException as error:
            self._errors.append(error)

    def stop(self) -> None:
        while self._thread.is_alive():
            self._own.interrupt()  # which nothing notices before the statement has begun
            self._thread.join(0.01)

    def result(self) -> T:
        self._thread.join()
        if self._errors:
            raise self._errors[0]
        return self._results[0]
