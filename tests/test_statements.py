"""What DuckDB reads alike is prepared once: that tells what preparing all of it would."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

import pytest

from trainrules.engine.compile import sql
from trainrules.engine.compile.ir import Kernel, Op, Value, walk_once
from trainrules.engine.compile.lower import Lowered
from trainrules.engine.errors import Problem
from trainrules.engine.load import load_pack
from trainrules.engine.pack import Pack
from trainrules.engine.shipped import shipped_files
from trainrules.engine.validation import check, prepared, statements
from trainrules.engine.validation.statements import Batch, Part, Statements

HEAD = """\
schema: 1
pack: mine
version: 1.0.0
title: Mine
clock: {step: [step], epoch: [epoch], time: [time], total: [total]}
sentinels: [loss, lr]
metrics:
  loss: {keys: [loss], better: lower, required: true}
  lr: {keys: [lr]}
  tail: {keys: [tail], where: "default(lr, 0) > 1 and lr < 9"}
  kind: {keys: [kind], type: text}
params: {limit: {default: 3}}
windows: {w: {last: 9 points}, steps: {last: 20 steps, min: 3 points}, run: {last: all}}
rules:
"""
CONDITIONS = [
    "abs(loss) > sqrt(lr) and loss ** 2 > exp(lr)",
    "floor(loss) > ceil(lr) or round(loss) > log(lr) + log10(loss)",
    "-(-loss) > 1 - limit * lr / 2 or sign(loss) == 1",
    "min(loss, lr, 3) > max(loss, clip(lr, 0, 1))",
    "kind in ['a', 'b'] or kind != 'c' or changed(kind)",
    "not (loss > 1 and latest(lr) > 2) and tail >= 1",
    "(loss if lr > 1 else 2) <= default(latest(lr), 0)",
    "nonfinite(loss) or nonfinite() or age(loss) > 3",
    "prev(row) > first(row) + prev(loss, 2) or at(loss, '5 epochs') < highest(row)",
    "delta(loss) > pct_change(loss) and best(loss) < highest(lr)",
    "mean(loss, w) > median(loss, w) + quantile(loss, w, 0.9) and any(loss > 1, w)",
    "zscore(loss, '9 points', lag=1) > 2 and mad(loss, w) > std(loss, run) + total(loss, w)",
    "slope(loss, w) > r2(loss, w) or share(loss > 1, steps) > 0.5",
    "slope_upper(loss, w) < 0 and mean_lower(loss, steps) > 1 and all(lr > 1, run)",
    "count(loss, w) > 3 and minimum(loss, w) < maximum(default(lr, 0), w)",
    "1 < loss < 2 and progress > 0.5 and mean(loss if kind == 'a' else lr, w) > 1",
]


@pytest.fixture
def pack(tmp_path: Any) -> Pack:
    rule = '  r{0}: {{title: Rule {0}, cause: info, severity: info, when: "{1}"}}\n'
    file = tmp_path / "mine.yaml"
    file.write_text(HEAD + "".join(rule.format(*each) for each in enumerate(CONDITIONS)))
    return load_pack(file)


def asked(*packs: Pack) -> tuple[Statements, list[Batch]]:
    """What packs ask, and the statements that are to be prepared."""
    asking, batches = prepared.Prepared(at_once=True), list[Batch]()
    asking._statements.refused = lambda batch: batches.append(batch) or []  # type: ignore[assignment, func-returns-value, method-assign, return-value]
    for each in packs:
        asking.add(each, check._variants(each)[0])
    assert asking._found == []
    return asking._statements, batches


def values_of(part: Part) -> Iterator[Value]:
    return walk_once((*part.conditions, *part.values))


def refused(given: Statements, batch: Batch) -> list[Problem]:
    return list(Statements.refused(given, batch))


def test_shipped_packs_are_taken_in_pieces_and_as_a_whole(monkeypatch: pytest.MonkeyPatch) -> None:
    given, batches = asked(*map(load_pack, shipped_files()))
    tried = Statements._tried
    monkeypatch.setattr(Statements, "_tried", lambda self, part: pytest.fail(f"{part.name} is prepared by itself"))
    assert [refused(given, batch) for batch in batches] == [[]] * len(shipped_files())
    assert [problem for batch in batches for part in batch.parts for problem in tried(given, part)] == []


def broken(monkeypatch: pytest.MonkeyPatch, kind: type[Op] | type[Kernel], name: str) -> None:
    """Let an operator or a kernel be written as something that DuckDB does not know."""
    if kind is Op:
        write = sql.Renderer._write

        def written(self: sql.Renderer, value: Value) -> tuple[str, bool]:
            text, finite = write(self, value)
            return (f"no_such({text})", finite) if isinstance(value, Op) and value.name == name else (text, finite)

        monkeypatch.setattr(sql.Renderer, "_write", written)
        return
    lowered, latest = statements._OfNoRows.lowered, statements._OfNoRows.latest

    def low(self: Any, stream: Any, kernels: Mapping[Kernel, str]) -> Lowered:
        found = lowered(self, stream, kernels)
        mine = {column for kernel, column in kernels.items() if kernel.kind == name}
        found.results |= {column: f"no_such({found.results[column]})" for column in mine}
        return found

    def last(self: Any, everywhere: Mapping[Kernel, str]) -> list[str]:
        items = zip(everywhere, latest(self, everywhere), strict=True)
        return [f"no_such(1) AS {everywhere[kernel]}" if kernel.kind == name else item for kernel, item in items]

    monkeypatch.setattr(statements._OfNoRows, "lowered", low)
    monkeypatch.setattr(statements._OfNoRows, "latest", last)


def test_whatever_is_broken_is_found_in_pieces_too(pack: Pack) -> None:
    given, (batch,) = asked(pack)
    assert refused(given, batch) == []
    nodes = {node for part in batch.parts for node in values_of(part)}
    names = {(kind, node._fields[0]) for node in nodes for kind in (Op, Kernel) if isinstance(node, kind)}
    assert len(names) > 45
    for kind, name in sorted(names, key=str):
        given, (batch,) = asked(pack)
        holding = [
            part
            for part in batch.parts
            if any(isinstance(node, kind) and name == node._fields[0] for node in values_of(part))
        ]
        one = batch._replace(parts=tuple(holding[:1]))
        with pytest.MonkeyPatch.context() as patch:
            broken(patch, kind, name)
            found, whole = refused(given, one), list(given._tried(holding[0]))
            assert (name, found) == (name, whole)
            # Of cells that are all finite, whether one is not is never asked.
            told = [] if name == "nonfinite" else [(holding[0].at, "sql-refused")]
            assert (name, [(problem.at, problem.code) for problem in whole]) == (name, told)


def test_what_only_two_operators_together_break_is_found(pack: Pack, monkeypatch: pytest.MonkeyPatch) -> None:
    """Two signs in a row begin a comment in SQL."""
    given, (batch,) = asked(pack)
    write = sql.Renderer._write

    def written(self: sql.Renderer, value: Value) -> tuple[str, bool]:
        text, finite = write(self, value)
        return (text[1:-1], finite) if isinstance(value, Op) and value.name == "neg" else (text, finite)

    monkeypatch.setattr(sql.Renderer, "_write", written)
    monkeypatch.setattr(sql, "_BRACKETED", sql._BRACKETED - {"neg"})
    assert [problem.message.split("'")[1] for problem in refused(given, batch)] == ["r2"]


def test_a_type_that_is_another_one_is_found(pack: Pack, monkeypatch: pytest.MonkeyPatch) -> None:
    """Then all is prepared as a whole, which DuckDB may take nevertheless."""
    given, (batch,) = asked(pack)
    write, tried = sql.Renderer._write, list[str]()

    def written(self: sql.Renderer, value: Value) -> tuple[str, bool]:
        text, finite = write(self, value)
        return (f"CAST({text} AS FLOAT)", finite) if isinstance(value, Op) and value.name == "abs" else (text, finite)

    monkeypatch.setattr(sql.Renderer, "_write", written)
    whole = Statements._tried
    monkeypatch.setattr(Statements, "_tried", lambda self, part: (tried.append(part.name), *whole(self, part))[1:])
    assert refused(given, batch) == []
    assert tried == [part.name for part in batch.parts]


def test_what_fails_in_the_background_is_no_sound_pack(pack: Pack, monkeypatch: pytest.MonkeyPatch) -> None:
    def fails(self: Statements, batch: Batch) -> list[Problem]:
        raise ZeroDivisionError

    monkeypatch.setattr(Statements, "refused", fails)
    asking = prepared.Prepared()
    asking.add(pack, check._variants(pack)[0])
    with pytest.raises(ZeroDivisionError):
        asking.problems()
