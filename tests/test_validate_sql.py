# ruff: noqa: E501 - tables of whole messages
"""`rules validate` and DuckDB: what is prepared of packs, and what DuckDB refuses of it."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import duckdb
import pytest

from trainrules.engine import validation
from trainrules.engine.compile.ir import Raw, walk
from trainrules.engine.validation import prepared, statements

from .validating import GOOD, HEAD, METRICS, Write, writer


@pytest.fixture
def write(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Write:
    """Writes files by name into a folder of their own, the current one."""
    monkeypatch.chdir(tmp_path)
    return writer(tmp_path)


def test_the_patterns_of_a_pack_are_tried(write: Write) -> None:
    write(
        p_DOT_yaml=HEAD + "extends: common\nclock:\n  step: [{key: s, pattern: '(?:(?:a{500}){500})(b)'}]\n"
        "formats:\n  own:\n    title: Own\n    lines:\n      - {match: '(?:(?:a{500}){500})b', values: {loss: 1}}\n"
    )
    found = validation.validate(["p.yaml"]).problems
    assert [(each.at.line, each.code) for each in found] == [(2, "bad-pattern"), (12, "bad-pattern")]


EXTREMES = [
    "prev(loss, 1000000) > 1",
    "clip(loss, 0 - 1e308, 1e308) * 1e308 > loss ** 64",
    f"loss in [{', '.join(map(str, range(400)))}]",
    "mean(loss, '5 points', lag=1000000) > mean_lower(loss, big, 0.999999999999)",
    "at(loss, '999999999999 epochs') > 1",
    "kind in ['a\"b', '\\x00', 'ü€😀', '%', 'a\\nb']",
    "abs(" * 58 + "loss" + ")" * 58 + " > 1",
    f"max({', '.join(f'loss * {each}' for each in range(120))}) > 1",
    " and ".join(f"loss > {each}" for each in range(120)),
]
"""What strains a statement: depth, length, large numbers, odd texts. Before it is too much, another check says so."""


def test_duckdb_refuses_no_pack_that_the_other_checks_let_through(write: Write) -> None:
    """So the page of `sql-refused` shows none."""
    rule = "  r{0}:\n    title: Rule {0}\n    cause: info\n    severity: info\n    when: >-\n      {1}\n"
    metrics = "metrics: {loss: {keys: [loss], required: true}, kind: {keys: [kind], type: text}}\n"
    windows = "windows: {big: {last: 1e11 steps, min: 1000000 points}}\nrules:\n"
    write(p_DOT_yaml=HEAD + metrics + windows + "".join(rule.format(*each) for each in enumerate(EXTREMES)))
    assert validation.validate(["p.yaml"]).problems == ()


def test_what_duckdb_refuses_is_told_where_it_stands(write: Write, monkeypatch: pytest.MonkeyPatch) -> None:
    """No pack is known that comes here, so the statement of one rule is broken behind its back."""
    of_rule = prepared._of_rule

    def broken(at: Any, name: str, judged: Any) -> Any:
        part = of_rule(at, name, judged)
        raw = next(node for value in part.conditions for node in walk(value) if isinstance(node, Raw))
        broken = Raw("no_such_column", raw.metric, raw.type, raw.wild)
        return part._replace(values=(broken,)) if name == "high" else part

    monkeypatch.setattr(prepared, "_of_rule", broken)
    write(p_DOT_yaml=GOOD + "  low: {title: Low loss, cause: stalled, severity: warning, when: loss < 0}\n")
    (problem,) = validation.validate(["p.yaml"]).problems
    assert (problem.at.line, problem.code, "no_such_column" in problem.message) == (7, "sql-refused", True)


@pytest.mark.parametrize(
    ("text", "problems"),
    [
        ("params: {n: {default: 2}}\nvariants: {odd: {set: {n: 0.5}}}\nrules: {r: {title: R, cause: info, severity: info, when: 'prev(loss, n) > 2'}}", ["p.yaml:8:70 out-of-range"]),
        ("params: {n: {default: 0 - 5}}\nwindows: {w: {last: n points}}\nrules: {r: {title: R, cause: info, severity: info, when: 'mean(loss, w) > 2'}}", ["p.yaml:7:21 out-of-range"]),
        ("params: {n: {default: 2, max: 3}, m: {default: n * 2, max: 5}}\nvariants: {odd: {set: {n: 3}}}\nrules: {r: {title: R, cause: info, severity: info, when: loss > m}}", ["p.yaml:7:12 out-of-bounds"]),
    ],
)  # fmt: skip
def test_each_variant_is_bound(write: Write, text: str, problems: list[str]) -> None:
    write(p_DOT_yaml=HEAD + METRICS + text + "\n")
    assert [f"{each.at} {each.code}" for each in validation.validate(["p.yaml"]).problems] == problems


def test_what_packs_have_in_common_is_prepared_once(write: Write, monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[str] = []

    class Counting:
        def __init__(self, con: duckdb.DuckDBPyConnection) -> None:
            self.con = con

        def execute(self, sql: str, *rest: Any) -> Any:
            asked.append(sql)
            return self.con.execute(sql, *rest)

        def __getattr__(self, name: str) -> Any:
            return getattr(self.con, name)

    write(a_DOT_yaml=GOOD, b_DOT_yaml=GOOD.replace("mine", "other") + "variants: {calm: {disable: [high]}}\n")
    connect = statements.connect
    monkeypatch.setattr(statements, "connect", lambda *given: Counting(connect(*given)))
    assert validation.validate(["."]).problems == ()
    assert [sql for sql in asked if "5e0" in sql] == ["SELECT c0 > 5e0, c0, 5e0 FROM run"]
