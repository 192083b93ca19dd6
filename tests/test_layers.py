"""Queries in layers: what each of them carries."""

from __future__ import annotations

import duckdb
import pytest

from trainrules.engine.compile.layers import Layer, stack

COLUMNS = ["a", "b", "c"]


@pytest.mark.parametrize(
    ("layers", "keep", "sql"),
    [
        ([], ["b"], "SELECT b FROM t"),
        ([{"x": "a + 1"}], ["x"], "SELECT a + 1 AS x FROM t"),
        ([{"x": "a + 1", "y": "b"}], ["x"], "SELECT a + 1 AS x FROM t"),
        ([{"x": "a + 1"}], ["x", "c"], "SELECT c, a + 1 AS x FROM t"),
        # one column of three: by its name
        ([{"x": "a + 1"}, {"y": "x + b"}], ["y"], "SELECT x + b AS y FROM (SELECT b, a + 1 AS x FROM t)"),
        # two of three: by a star
        ([{"x": "a + 1"}, {"y": "x + b"}], ["y", "c"], "SELECT c, x + b AS y FROM (SELECT *, a + 1 AS x FROM t)"),
        # a star beside a column that is made anew would give it twice
        ([{"b": "b + 1"}, {"y": "a + b"}], ["y", "c"], "SELECT c, a + b AS y FROM (SELECT a, c, b + 1 AS b FROM t)"),
    ],
)
def test_a_layer_carries_what_is_still_read(layers: list[dict[str, str]], keep: list[str], sql: str) -> None:
    found = stack("t", COLUMNS, [Layer(items) for items in layers], keep)
    assert found == sql
    con = duckdb.connect()
    con.execute("CREATE TABLE t AS SELECT 1 AS a, 2 AS b, 3 AS c")
    assert {name for name, *_ in con.execute(found).description or []} == set(keep)
