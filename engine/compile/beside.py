"""Work done at the same time, on two threads: DuckDB leaves Python free while it parses, plans and computes."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from threading import Thread
from typing import TypeVar

T = TypeVar("T")


def beside(tasks: Sequence[Callable[[], T]]) -> list[T]:
    """The results of tasks that do not depend on one another, in their order; raises what the first of them raised.

    A pool would do the same, and takes longer to import than a short run's tasks take.
    """
    results: dict[int, T] = {}
    errors: dict[int, BaseException] = {}
    waiting = iter([*enumerate(tasks)])

    def work() -> None:
        for place, task in waiting:
            try:
                results[place] = task()
            except BaseException as error:
                errors[place] = error
                return

    other = Thread(target=work)
    other.start()
    work()
    other.join()
    if errors:
        raise errors[min(errors)]
    return [results[place] for place in range(len(tasks))]
