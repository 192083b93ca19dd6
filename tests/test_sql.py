# ruff: noqa: E501 - a table of whole SQL
"""Expressions and the SQL that is made of them: names become columns of the engine, texts are quoted, numbers are DOUBLE."""

from __future__ import annotations

import math

import duckdb
import pytest
from hypothesis import given
from hypothesis import strategies as st

from trainrules.engine.compile.bind import Binder, Names
from trainrules.engine.compile.ir import CONDITION, TEXT, Clock, Const, Op, Raw
from trainrules.engine.compile.sql import Renderer, number, text
from trainrules.engine.errors import Position
from trainrules.engine.pack import Metric, Pack, Param
from trainrules.engine.parser import parse
from trainrules.engine.resolved import Resolved

AT = Position("p.yaml", 1, 1)
EVIL = "it's; DROP TABLE run; --"
PACK = Pack(
    "demo",
    AT,
    "1",
    "Demo",
    metrics={
        "loss": Metric("loss", AT, keys=("loss'; --",)),
        "kl": Metric("kl", AT, keys=('k"l',)),
        "phase": Metric("phase", AT, keys=("phase",), type="text"),
        "masked": Metric("masked", AT, keys=("m",), where=parse("phase == 'x'", AT)),
    },
    params={"tag": Param("tag", AT, None, type="text")},
    sentinels=("loss", "kl"),
)
RESOLVED = Resolved(PACK, None, {"tag": EVIL, "limit": 0.1, "unset": None, "strict": True})
NAMES = Names(
    RESOLVED,
    {"loss": "m0", "kl": "m1", "phase": "m2", "masked": "m3"},
    wild=frozenset({"m1"}),
    rows=7,
    total=100.0,
)
KL = "CASE WHEN isfinite(m1) THEN m1 END"


def sql(expression: str) -> str:
    value = Binder(NAMES).bind(parse(expression, AT))
    return Renderer({}, {}, {"m0": 10.0, "m1": 1e200}).observed(value)


@pytest.mark.parametrize(
    ("expression", "written"),
    [
        # Names are columns, whatever the keys of the log are called
        ("loss > 1", "(m0 > 1e0)"),
        ("kl > 1", f"({KL} > 1e0)"),
        ("step + epoch + time + row", "(((step + epoch) + time) + line)"),
        ("progress", "(step / 100e0)"),
        ("masked", "CASE WHEN m2 = 'x' THEN m3 END"),
        # Numbers are DOUBLE
        ("loss > 0.1", "(m0 > 0.1e0)"),
        ("loss > limit", "(m0 > 0.1e0)"),
        ("loss > 123456789", "(m0 > 123456789e0)"),
        ("loss > -1e-7", "(m0 > (-1e-07))"),
        ("loss > 1e300", "(m0 > 1e+300)"),
        ("loss > 1 / 3", "(m0 > 0.3333333333333333e0)"),
        ("loss > unset", "(m0 > CAST(NULL AS DOUBLE))"),
        # Texts are quoted
        ("phase == 'main'", "(m2 = 'main')"),
        ("phase == \"it's\"", "(m2 = 'it''s')"),
        ("phase == \"'; DROP TABLE run; --\"", "(m2 = '''; DROP TABLE run; --')"),
        ("phase == tag", "(m2 = 'it''s; DROP TABLE run; --')"),
        ("phase == '\\\\'", "(m2 = '\\')"),
        ("phase == '\\\\\\''", "(m2 = '\\''')"),
        ("phase == 'a\\nb'", "(m2 = 'a\nb')"),
        ("phase == '/* ? $1 %s {0} */'", "(m2 = '/* ? $1 %s {0} */')"),
        ("phase != 'größe \\u202e 日本'", "(m2 <> 'größe \u202e 日本')"),
        ("phase in ['a', \"b'c\"]", "(m2 IN ('a', 'b''c'))"),
        # What is not finite is unknown
        ("loss * 2 + kl", f"((m0 * 2e0) + {KL})"),
        ("loss / kl", f"CASE WHEN isfinite(m0 / {KL}) THEN m0 / {KL} END"),
        ("loss ** 2", "CASE WHEN isfinite(pow(m0, 2e0)) THEN pow(m0, 2e0) END"),
        ("exp(loss)", "CASE WHEN isfinite(exp(m0)) THEN exp(m0) END"),
        ("sqrt(loss)", "sqrt(CASE WHEN m0 >= 0e0 AND m0 <= 1.7976931348623157e308 THEN m0 END)"),
        ("log(loss)", "ln(CASE WHEN m0 > 0e0 AND m0 <= 1.7976931348623157e308 THEN m0 END)"),
        ("nonfinite(kl)", "(NOT isfinite(m1))"),
        ("nonfinite(loss)", "CASE WHEN m0 IS NOT NULL THEN false END"),
        # Kleene's logic
        ("not loss > 1", "(NOT (m0 > 1e0))"),
        ("strict and loss > 1", "CASE WHEN m0 IS NOT NULL THEN true AND m0 > 1e0 END"),
        ("loss > 1 and masked > 1", "(m0 > 1e0 AND CASE WHEN m2 = 'x' THEN m3 END > 1e0)"),
        ("loss if masked > 1 else 0", "CASE (CASE WHEN m2 = 'x' THEN m3 END > 1e0) WHEN true THEN m0 WHEN false THEN 0e0 END"),
        ("min(loss, 1)", "CASE WHEN 1e0 <= m0 THEN 1e0 ELSE m0 END"),
        ("max(loss, masked)", "CASE WHEN CASE WHEN m2 = 'x' THEN m3 END >= m0 THEN CASE WHEN m2 = 'x' THEN m3 END WHEN CASE WHEN m2 = 'x' THEN m3 END IS NOT NULL THEN m0 END"),
        ("default(loss, 0)", "coalesce(m0, 0e0)"),
        ("ended", "CASE WHEN i = 7e0 THEN false END"),
    ],
)  # fmt: skip
def test_golden_pairs(expression: str, written: str) -> None:
    assert sql(expression) == written


@given(value=st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0")))
def test_a_quoted_text_is_that_text(value: str) -> None:
    statement = f"SELECT {text(value)}"
    assert len(duckdb.extract_statements(statement)) == 1
    assert CON.execute(statement).fetchall() == [(value,)]


@given(value=st.floats(allow_nan=False, allow_infinity=False))
def test_a_written_number_is_that_double(value: float) -> None:
    ((found, kind),) = CON.execute(f"SELECT {number(value)}, typeof({number(value)})").fetchall()
    assert (found, kind) == (value, "DOUBLE")
    assert math.copysign(1, found) == math.copysign(1, value) or value == 0


CON = duckdb.connect()


def test_a_text_reaches_no_more_than_its_comparison() -> None:
    con = duckdb.connect()
    con.execute("CREATE TABLE run (i BIGINT, m2 VARCHAR)")
    con.execute("INSERT INTO run VALUES (1, 'main'), (2, ?)", [EVIL])
    assert con.execute(f"SELECT {sql('phase == tag')} FROM run ORDER BY i").fetchall() == [(False,), (True,)]
    assert con.execute("SELECT count(*) FROM run").fetchall() == [(2,)]


@pytest.mark.parametrize(
    ("one", "other"),
    [
        (Const("l0", TEXT), Clock("l0", TEXT)),
        (Const(1.0), Const(True, CONDITION)),
        (Const(0.0), Const(False, CONDITION)),
        (Const(None), Const(None, CONDITION)),
        (Raw("m0", "loss"), Raw("m0", "loss", wild=True)),
        (Op("and", (Const(True, CONDITION),), CONDITION), Op("or", (Const(True, CONDITION),), CONDITION)),
    ],
)
def test_what_means_something_else_is_another_value(one: object, other: object) -> None:
    assert one != other
