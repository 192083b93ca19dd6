"""The connection that is opened ahead of time."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Iterator
from threading import active_count
from time import monotonic, sleep

import duckdb
import pytest

from trainrules.engine.database import IS_DUCKDB_1
from trainrules.engine.readers import connection


@pytest.fixture(autouse=True)
def nothing_ahead() -> Iterator[None]:
    connection._ahead.clear()
    yield
    connection._ahead.clear()


def setting(con: duckdb.DuckDBPyConnection, name: str) -> object:
    (value,) = con.execute(f"SELECT current_setting('{name}')").fetchall()[0]
    return value


def test_what_was_prepared_is_given_once() -> None:
    connection.prepare(1)
    prepared = connection._ahead[0]
    first, second = connection.connect(1), connection.connect(1)
    assert first is prepared.found
    assert second is not first
    assert [setting(con, "threads") for con in (first, second)] == [1, 1]
    assert setting(first, "TimeZone") == "UTC"


def test_other_settings_get_another_connection() -> None:
    connection.prepare(1)
    assert setting(connection.connect(2), "threads") == 2
    assert connection._ahead == []


def test_what_could_not_be_prepared_is_told_where_it_is_needed() -> None:
    connection.prepare(None, "much")
    with pytest.raises(duckdb.Error, match="must have a number"):
        connection.connect(None, "much")


def test_closing_ends_the_connection() -> None:
    con, before = connection.connect(), active_count()
    connection.close(con)
    deadline = monotonic() + 10
    while active_count() > before and monotonic() < deadline:
        sleep(0.01)
    with pytest.raises(duckdb.ConnectionException):
        con.execute("SELECT 1")


@pytest.mark.skipif(IS_DUCKDB_1, reason="DuckDB 1 keeps its optimizer as it is")
def test_passes_of_the_optimizer_are_left_out() -> None:
    con = connection.connect()
    connection.plan_quickly(con)
    passes = {connection._SIDES, *connection._PASSES.split(",")}
    assert set(str(setting(con, "disabled_optimizers")).split(",")) == passes


@pytest.mark.skipif(IS_DUCKDB_1, reason="DuckDB 1 does not keep the order; what is astray is sorted afterwards")
def test_joins_keep_their_sides() -> None:
    """What is joined to the rows of a table leaves them in their order."""
    con = connection.connect()
    assert setting(con, "disabled_optimizers") == connection._SIDES
    con.execute("CREATE TABLE few AS SELECT 7 * i AS i, i AS v FROM range(2000) r(i)")
    con.execute("CREATE TABLE many AS SELECT i FROM range(200000) r(i)")
    for few in ("few", "(SELECT i, sum(v) OVER (ROWS UNBOUNDED PRECEDING) AS v FROM few WHERE v IS NOT NULL)"):
        con.execute(f"CREATE OR REPLACE TABLE joined AS SELECT i, v FROM many LEFT JOIN {few} USING (i)")
        assert con.execute("SELECT count(*) FROM joined WHERE i <> rowid").fetchone() == (0,)


def test_no_bar_is_drawn_among_results() -> None:
    """DuckDB takes a program without a file, such as this one or `python -c`, for a person at a prompt."""
    code = (
        "from trainrules.engine.readers.connection import connect; con = connect();"
        " print(*[each.execute(\"SELECT current_setting('enable_progress_bar')\").fetchone()[0]"
        " for each in (con, con.cursor())])"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout == "False False\n"
