"""Queries in layers: what each of them carries."""

from __future__ import annotations

import duckdb
import pytest

from trainrules.engine.compile.ir import CONDITION, Const, Kernel, Op, Raw, Span
from trainrules.engine.compile.layers import Layer, stack
from trainrules.engine.compile.sql import Renderer, layers

COLUMNS = ["a", "b", "c"]


@pytest.mark.parametrize(
    ("items", "keep", "sql"),
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
def test_a_layer_carries_what_is_still_read(items: list[dict[str, str]], keep: list[str], sql: str) -> None:
    found = stack("t", COLUMNS, [Layer(each) for each in items], keep)
    assert found == sql
    con = duckdb.connect()
    con.execute("CREATE TABLE t AS SELECT 1 AS a, 2 AS b, 3 AS c")
    assert {name for name, *_ in con.execute(found).description or []} == set(keep)


def test_a_layer_stands_above_what_tells_its_rows() -> None:
    """Of `mean(x, w) > 1 and default(y, 0) == 0` the rows are those of x, whose own condition has a column."""
    flag, other = "f" * 110, "y" * 110
    where = Op("==", (Raw(flag, "flag"), Const(0.0)), CONDITION)
    x = Op("where", (where, Raw("x", "x")))
    mean = Kernel("mean", x, Span(3.0, "points", 3))
    is_high = Op(">", (mean, Const(1.0)), CONDITION)
    both = Op(
        "and", (is_high, Op("==", (Op("default", (Raw(other, "y"), Const(0.0))), Const(0.0)), CONDITION)), CONDITION
    )
    z = Op("where", (where, Raw("z", "z")))
    values = [Op("neg", (x,)), Op("neg", (z,)), Op("not", (both,), CONDITION), Op("known", (both,), CONDITION)]
    made, renderer = layers(values, Renderer({mean: "k0"}), "e")
    assert [[*layer] for layer in made] == [["e1"], ["e2"]]
    last = {f"v{place}": renderer.alone(value) for place, value in enumerate(values)}
    con = duckdb.connect()
    con.execute(f"CREATE TABLE t AS SELECT 0.0 AS {flag}, 1.0 AS {other}, 5.0 AS x, 6.0 AS z, 2.0 AS k0")
    query = stack("t", [flag, other, "x", "z", "k0"], [Layer(items) for items in (*made, last)], list(last))
    assert con.execute(query).fetchall() == [(-5.0, -6.0, True, True)]
