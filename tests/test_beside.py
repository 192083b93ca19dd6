"""Statements that run at the same time: results stand in order, and one that fails stops the other."""

from __future__ import annotations

from collections.abc import Callable
from threading import Barrier, Event, current_thread

import duckdb
import pytest

from trainrules.engine.compile.beside import Behind, beside


class Line:
    """A connection that notes that it was interrupted."""

    def __init__(self) -> None:
        self.interrupted = Event()

    def interrupt(self) -> None:
        self.interrupted.set()


@pytest.mark.parametrize("count", [0, 1, 2, 3, 9])
def test_results_stand_in_the_order_of_the_tasks(count: int) -> None:
    tasks = [lambda _, place=place: place * place for place in range(count)]  # type: ignore[misc]
    assert beside(tasks, Line(), Line()) == [n * n for n in range(count)]


def test_two_run_at_the_same_time_each_on_its_own_connection() -> None:
    both = Barrier(2, timeout=10)  # neither passes it before the other has come
    here, there = Line(), Line()

    def task(line: Line) -> tuple[str, bool]:
        both.wait()
        return current_thread().name, line is here

    (one, two) = sorted(beside([task, task], here, there), key=lambda found: not found[1])
    assert (one[0], one[1], two[1]) == (current_thread().name, True, False)
    assert two[0] != one[0]


def test_what_fails_first_is_raised_and_stops_the_other() -> None:
    here, there = Line(), Line()
    done: list[str] = []

    def fails(line: Line) -> None:
        raise ValueError("first")

    def waits(line: Line) -> None:
        assert line.interrupted.wait(10)
        raise RuntimeError("interrupted")

    def later(line: Line) -> None:
        done.append("later")

    with pytest.raises(ValueError, match="first"):
        beside([fails, waits, later], here, there)
    assert here.interrupted.is_set() or there.interrupted.is_set()
    assert done == []


SLOW = "SELECT count(*) FROM range(100000) a, range(100000) b WHERE hash(a.range, b.range) = 1"


def runs(sql: str) -> Callable[[duckdb.DuckDBPyConnection], object]:
    return lambda con: con.execute(sql).fetchall()


def test_a_statement_that_fails_interrupts_the_one_beside_it() -> None:
    con = duckdb.connect()
    with pytest.raises(duckdb.CatalogException):
        beside([runs(SLOW), runs("SELECT * FROM missing")], con, con.cursor())


def test_a_task_that_is_begun_with_gives_its_result_later() -> None:
    go, own = Event(), Line()
    begun = Behind(lambda line: go.wait(10) and line is own, own)
    go.set()
    assert (begun.result(), begun.result()) == (True, True)


def test_what_it_raised_is_raised_when_it_is_asked_for() -> None:
    def fails(line: Line) -> None:
        raise ValueError("later")

    begun = Behind(fails, Line())
    with pytest.raises(ValueError, match="later"):
        begun.result()


def test_what_nobody_waits_for_is_interrupted_while_it_runs() -> None:
    begun, own = Event(), Line()

    def waits(line: Line) -> bool:
        begun.set()
        return line.interrupted.wait(10)

    task = Behind(waits, own)
    assert begun.wait(10)
    task.stop()
    assert task.result()
    own.interrupted.clear()
    task.stop()
    assert not own.interrupted.is_set()  # which would hit the next statement of that connection


def test_a_statement_that_nobody_waits_for_ends() -> None:
    con = duckdb.connect()
    task = Behind(runs(SLOW), con.cursor())
    task.stop()
    with pytest.raises(duckdb.InterruptException):
        task.result()
