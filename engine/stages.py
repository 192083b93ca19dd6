"""The guide's tables: medians of the stages that are over, against what the guide expects of them."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from typing import TYPE_CHECKING

from .compile.bind import Binder, Names
from .compile.sql import number
from .compile.stream import CLOCKS
from .pack import Pack, Stage
from .record import Record
from .report import LogFacts, StageResult
from .series import Series
from .words import in_series

if TYPE_CHECKING:
    from .compile.program import Program
    from .compile.sql import Renderer
    from .series import Splitter


def derived_in_stages(pack: Pack) -> list[str]:
    """The metrics that stages expect something of and that are no keys of the log."""
    found = dict.fromkeys(id for stage in pack.stages.values() for id in stage.expect)
    return [id for id in found if pack.metrics[id].expr is not None]


class StageQuestions(Record):
    """What is asked of a run: SQL of a median for each expectation whose stage may be over, NULL where it is not."""

    asked: list[tuple[Stage, str, str]]
    items: list[str]


def stage_results(
    program: Program, names: Names, splitter: Splitter, log: LogFacts
) -> Callable[[], tuple[StageResult, ...]]:
    """What waits for one result for each expectation whose stage is over and whose metric, or member, was observed."""
    questions = stage_questions(program.renderer, names, splitter, log)
    medians = program.totals_ahead(questions.items) if questions.items else tuple
    return lambda: stage_answers(questions, medians())


def stage_questions(render: Renderer, names: Names, splitter: Splitter, log: LogFacts) -> StageQuestions:
    """What is asked of a run of which this is known: its clock, its total, and whether it has ended."""
    pack = names.pack
    found = StageQuestions([], [])
    for stage, column, begin, end in _bounds(pack, log):
        inside = [f"{column} > {number(begin)}"] if begin is not None else []
        inside += [f"{column} <= {number(end)}"] if end is not None else []
        where = " AND ".join(inside) or "true"
        # A stage without an end is over with the run; others once the clock has passed their end.
        over = "true" if end is None else f"max({column}) {'>=' if log.ended else '>'} {number(end)}"
        if end is None and not log.ended:
            continue
        for id in stage.expect:
            derived = [("", Series())] if pack.metrics[id].expr is not None else []
            for _, series in derived or splitter.present(id):
                value = render.value(Binder(names._replace(series=series.values)).metric(id))
                median = f"quantile_cont(CASE WHEN {where} THEN {value} END, 5e-1)"
                found.items.append(f"CASE WHEN {over} THEN {median} END")
                found.asked.append((stage, id, f"{id} ({in_series([series.name])})" if series.name else id))
    return found


def stage_answers(questions: StageQuestions, medians: Sequence[float | None]) -> tuple[StageResult, ...]:
    """The results, from what the run answers."""
    return tuple(
        _result(stage, id, shown, median)
        for (stage, id, shown), median in zip(questions.asked, medians, strict=True)
        if median is not None
    )


def _bounds(pack: Pack, log: LogFacts) -> Iterator[tuple[Stage, str, float | None, float | None]]:
    """Each stage with the clock column on which it lies, where it begins (not included) and where it ends."""
    start: dict[str, float] = {}
    for stage in pack.stages.values():
        column, scale = CLOCKS[stage.unit]
        if column == "epoch" and log.clock == "epoch" and not log.counts_rows:
            column = "tick"  # which counts epochs that are over, whether the log counts them from 0 or from 1
        begin = start.get(column)
        end = stage.to * scale if stage.to is not None else None
        if stage.share is not None and log.total is not None and column == "tick":
            end = stage.share * log.total
        if end is not None:
            start[column] = end
        yield stage, column, begin, end


def _result(stage: Stage, id: str, shown: str, median: float) -> StageResult:
    low, high = stage.expect[id]
    inside = (low is None or median >= low) and (high is None or median <= high)
    return StageResult(stage.id, stage.title or stage.id, shown, (low, high), median, inside, stage.source)
