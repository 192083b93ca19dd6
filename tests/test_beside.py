"""Tasks that are done at the same time: their results stand in order, and what one raises is raised."""

from __future__ import annotations

from collections.abc import Callable
from threading import Barrier, current_thread

import pytest

from trainrules.engine.compile.beside import beside


@pytest.mark.parametrize("count", [0, 1, 2, 3, 9])
def test_results_stand_in_the_order_of_the_tasks(count: int) -> None:
    assert beside([lambda place=place: place * place for place in range(count)]) == [n * n for n in range(count)]  # type: ignore[misc]


def test_two_run_at_the_same_time() -> None:
    both = Barrier(2, timeout=10)  # neither passes it before the other has come

    def task() -> str:
        both.wait()
        return current_thread().name

    assert len(set(beside([task, task]))) == 2


def fails(error: BaseException) -> Callable[[], int]:
    def task() -> int:
        raise error

    return task


@pytest.mark.parametrize(
    ("tasks", "message"),
    [
        ([fails(ValueError("first")), lambda: 1], "first"),
        ([lambda: 1, fails(ValueError("second"))], "second"),
        ([fails(ValueError("first")), fails(ValueError("second"))], "first"),
    ],
)
def test_what_the_first_that_failed_raised_is_raised(tasks: list[Callable[[], int]], message: str) -> None:
    with pytest.raises(ValueError, match=message):
        beside(tasks)
