"""Timelines of conditions that count as true once they have held for a while, against a plain count."""

from __future__ import annotations

from itertools import pairwise
from typing import cast

import duckdb
from hypothesis import given, settings
from hypothesis import strategies as st

from trainrules.engine import timeline
from trainrules.engine.compile.ir import Value
from trainrules.engine.compile.sql import Renderer

SHOWN = {None: "?", False: "F", True: "T"}
VALUES = {"?": "NULL::BOOLEAN", "F": "false", "T": "true"}
CON = duckdb.connect()


class Columns:
    """Renders a condition, here the name of a column, as itself."""

    def observed(self, name: str) -> str:
        return name


def shown(columns: list[str], held: list[int]) -> list[str]:
    """What becomes of columns of T, F and ?: a letter for each row, `t` for what is true but short at the end."""
    names = [f"b{place}" for place in range(len(columns))]
    rows = len(columns[0])
    values = ", ".join(
        f"({', '.join([str(i), *(VALUES[line[i - 1]] for line in columns)])})" for i in range(1, rows + 1)
    )
    asked = [timeline.Held(cast(Value, name), n) for name, n in zip(names, held, strict=True)]
    CON.execute(f"CREATE OR REPLACE TEMP TABLE run AS SELECT * FROM (VALUES {values}) t(i, {', '.join(names)})")
    found = timeline._pass("run", cast(Renderer, Columns()), asked, rows, CON)
    assert all(a.last + 1 == b.first for line in found for a, b in pairwise(line))
    return [
        "".join(("t" if each.is_short else SHOWN[each.value]) * (each.last - each.first + 1) for each in line)
        for line in found
    ]


def counted(column: str, n: int) -> str:
    """The same by counting: true from the n-th true observation in a row on, `t` for too few of them at the end."""
    out, true = [], 0
    for letter in column:
        true = true + 1 if letter == "T" else 0 if letter == "F" else true
        out.append("F" if letter == "T" and true < n else letter)
    fall = column.rfind("F") + 1
    short = [("t" if n > 1 and was == "F" else was) for was in out[fall:]]
    return "".join([*out[:fall], *short])


def test_only_observations_count() -> None:
    columns = ["TTTT", "?TT?TT", "FTT?T?", "T?T?T?FT?T"]
    assert [shown([column], [3])[0] for column in columns] == ["ttTT", "?tt?TT", "Ftt?T?", "F?F?T?Ft?t"]


def test_more_conditions_than_one_code_holds() -> None:
    columns = ["FT" * place + "T?T" + "TF" * (70 - place) for place in range(70)]
    held = [1 + place % 4 for place in range(70)]
    assert shown(columns, held) == [counted(column, n) for column, n in zip(columns, held, strict=True)]


@settings(max_examples=100, deadline=None)
@given(st.data())
def test_timelines_are_as_counted(data: st.DataObject) -> None:
    rows = data.draw(st.integers(1, 40))
    columns = data.draw(st.lists(st.text("TTTF?", min_size=rows, max_size=rows), min_size=1, max_size=4))
    held = data.draw(st.lists(st.integers(1, 6), min_size=len(columns), max_size=len(columns)))
    assert shown(columns, held) == [counted(column, n) for column, n in zip(columns, held, strict=True)]
