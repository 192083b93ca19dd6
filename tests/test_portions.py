"""Rules that are judged a portion at a time: which are judged together, and that it changes nothing."""

from __future__ import annotations

import functools
from pathlib import Path

import duckdb
import pytest

from trainrules import evaluate
from trainrules.engine import evaluation, portions, rowbook
from trainrules.engine.compile.program import Program
from trainrules.engine.load import load_pack
from trainrules.engine.render.json import dumps

from . import manylogs

NEEDS = {"a": "12345", "b": "45", "c": "89", "d": "", "e": "5678", "f": "1"}


@pytest.mark.parametrize(
    ("most", "expected"),
    [
        (100, ["abfecd"]),
        (8, ["abfed", "c"]),
        (6, ["abfd", "ec"]),
        (5, ["abfd", "ec"]),
        (4, ["abfd", "e", "c"]),  # what needs more by itself takes along what needs no more
        (1, ["abfd", "e", "c"]),
    ],
)
def test_portions(most: int, expected: list[str]) -> None:
    assert ["".join(portion) for portion in portions.portions(NEEDS, most)] == expected


@pytest.mark.parametrize(
    ("limit", "columns", "rows", "most"),
    [
        ("64GB", 120, 0, 120),
        ("64GB", 120, 1_000_000, 120),
        ("64GB", 120, 4_473_924, 120),  # 4 GiB
        ("64GB", 120, 4_500_000, 60),  # two portions of one size
        ("64GB", 120, 10_000_000, 40),
        ("64GB", 120, 100_000_000, 24),
        ("1GB", 120, 1_000_000, 60),
        ("500MB", 120, 1_000_000, 30),
        ("500MB", 24, 1_000_000, 24),
        ("500MB", 0, 1_000_000, 0),
        ("100MB", 120, 1_000_000, 24),
        ("100MB", 120, 50_000, 120),
        ("2000TB", 120, 1_000_000, 120),
    ],
)
def test_how_much_is_made_at_once(limit: str, columns: int, rows: int, most: int) -> None:
    con = duckdb.connect(config={"memory_limit": limit})
    assert portions.most_at_once(con, columns, rows) == most


@pytest.mark.parametrize("pack", ["kto", "sam_detr", "alpha_lora", "coordexp", "cape_pose"])
def test_portions_say_what_all_at_once_says(pack: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    logs = manylogs.write(tmp_path, load_pack(pack), manylogs.TWISTS[::4], each=1, rows=60)
    monkeypatch.setattr(evaluation, "Program", functools.partial(Program, long=1))
    monkeypatch.setattr(rowbook, "_EAGER", 0)
    before = [dumps(evaluate(log, pack=pack)) for log in logs]
    monkeypatch.setattr(portions, "AT_ONCE", 1)
    monkeypatch.setattr(portions, "_LEAST", 5)
    made: list[int] = []
    run = Program.run

    def counted(program: Program, *args: object, **more: bool) -> None:
        run(program, *args, **more)  # type: ignore[arg-type]
        made.append(len(program.columns))

    monkeypatch.setattr(Program, "run", counted)
    for log, told in zip(logs, before, strict=True):
        made.clear()
        assert dumps(evaluate(log, pack=pack)) == told, log
        assert len(made) > 2 or max(made) < 6
