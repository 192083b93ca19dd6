"""The guide's tables: medians of the stages that are over, against what the guide expects of them."""

from __future__ import annotations

from typing import TYPE_CHECKING

from .compile.ir import Value
from .compile.sql import number
from .compile.stream import CLOCKS
from .pack import Pack
from .report import LogFacts, StageResult

if TYPE_CHECKING:
    from .compile.program import Program


def stage_results(program: Program, pack: Pack, metrics: dict[str, Value], log: LogFacts) -> tuple[StageResult, ...]:
    """One result for each expectation whose stage is over and whose metric was observed in it."""
    results: list[StageResult] = []
    start: dict[str, float] = {}
    for stage in pack.stages.values():
        column, scale = CLOCKS[stage.unit]
        begin = start.get(column)
        end = stage.to * scale if stage.to is not None else None
        if stage.share is not None and log.total is not None and column == "tick":
            end = stage.share * log.total
        if end is not None:
            start[column] = end
        within = [f"{column} > {number(begin)}"] if begin is not None else []
        within += [f"{column} <= {number(end)}"] if end is not None else []
        expected = {id: band for id, band in stage.expect.items() if id in metrics}
        if not expected or not _is_over(program, column, end, log):
            continue
        items = ", ".join(f"quantile_cont({program.renderer.value(metrics[id])}, 5e-1)" for id in expected)
        where = " AND ".join(within) or "true"
        found = program.con.execute(f"SELECT {items} FROM {program.table} WHERE {where}").fetchone()
        assert found is not None
        for (id, (low, high)), median in zip(expected.items(), found, strict=True):
            if median is not None:
                inside = (low is None or median >= low) and (high is None or median <= high)
                title = stage.title or stage.id
                results.append(StageResult(stage.id, title, id, (low, high), median, inside, stage.source))
    return tuple(results)


def _is_over(program: Program, column: str, end: float | None, log: LogFacts) -> bool:
    if end is None:
        return log.ended
    found = program.con.execute(f"SELECT max({column}) FROM {program.table}").fetchone()
    return bool(found and found[0] is not None and (found[0] >= end if log.ended else found[0] > end))
