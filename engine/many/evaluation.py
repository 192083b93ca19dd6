"""Many runs under judgement at once: bound once, computed in the same statements, concluded one by one.

What is the same for all of them is kept; a rule that was never true in a run costs next to nothing there.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from math import isfinite
from os.path import basename, isabs
from typing import TYPE_CHECKING

from ..compile.bind import Names
from ..episodes import Course
from ..evaluation import Evaluation, Planned
from ..evidence import at_the_end, excess, nearest, telling
from ..findings import Workbench
from ..judged import Judged, conditions_of, metrics_of, watched_for_nonfinite
from ..rate import RATE, rate_cells
from ..record import Record
from ..report import Finding, LogFacts, Report, RuleState, StageResult, Threshold
from ..resolved import Resolved
from ..rowbook import Row, RowBook
from ..segments import Timeline
from ..series import Splitter, metric_id
from ..settings import Whereabouts
from ..stages import StageQuestions, stage_answers, stage_questions
from ..thresholds import thresholds
from ..timeline import Held
from .answers import Answers, OneBook, OneProgram, UnansweredError
from .flags import places, timeline
from .program import ManyProgram
from .rates import Rates
from .reading import Reading

if TYPE_CHECKING:
    from ..checkpoints import Checkpoint
    from ..database import duckdb

_UNKNOWN, _OK = Course("unknown"), Course("ok")


class Begun(Record):
    """A run's first row, and the places of the conditions that must be looked at, and that were never known."""

    first: Row
    busy: list[int]
    unknown: list[int]


class Together:
    """Runs of one shape, whose rows a table holds one run after the other."""

    def __init__(
        self,
        con: duckdb.DuckDBPyConnection,
        table: str,
        settings: Mapping[int, Resolved],
        rates: Rates,
        runs: Mapping[int, Reading],
        now: float | None,
    ) -> None:
        self.con, self.table, self.runs, self.now = con, table, runs, now
        self.settings, self.rates = settings, rates
        self.resolved = resolved = rates.shared(settings[next(iter(runs))])
        first = next(iter(runs.values()))
        self.columns = first.given.columns
        self.splitter = Splitter(resolved.pack, self.columns, {}, con, table)
        largest, wild = self._largest()
        longest = max(reading.glance.rows for reading in runs.values())
        self.program = ManyProgram(con, table, largest=largest, rows=longest)
        self.names = Names(
            resolved,
            self.columns,
            wild,
            total=first.given.facts.total,
            now=now,
            ended=first.given.facts.ended,
            starts_midway=first.given.starts_midway,
            interval=first.glance.interval or 0.0,
            started=first.glance.started,
            counts_rows=first.given.facts.counts_rows,
            many=True,
            params=rates.params,
        )
        self.planned = _Plan(self).planned()
        self.rated = rates.rated(self.planned.judged)
        self.whens = [each.when for each in self.planned.judged]
        self.points = [_points(each) for each in self.planned.judged]
        self.answers = Answers(con)
        self._cells: dict[int, tuple[list[str], list[str]]] = {}
        self._stages: StageQuestions | None = None
        self._thresholds: tuple[Resolved, tuple[Threshold, ...]] | None = None

    def _largest(self) -> tuple[dict[str, float], frozenset[str]]:
        types = self.resolved.pack.metrics
        numbers = [column for id, column in self.columns.items() if types[metric_id(id)].type != "text"]
        if not numbers:
            return {}, frozenset()
        items = [f"max(abs({column})), max(CASE WHEN isfinite({column}) THEN abs({column}) END)" for column in numbers]
        (found,) = self.con.execute(f"SELECT {', '.join(items)} FROM {self.table}").fetchall()
        # NaN is the largest of all numbers to DuckDB, so a column that holds one shows it.
        sizes = {column: size for column, size in zip(numbers, found[::2], strict=True) if size is not None}
        wild = frozenset(column for column, size in sizes.items() if not isfinite(size))
        finite = dict(zip(numbers, found[1::2], strict=True))
        return {column: finite[column] or 0.0 for column in sizes}, wild

    def reports(self, seen: Callable[[int], tuple[Checkpoint, ...] | None]) -> Iterator[tuple[int, Report]]:
        """The report of each run; `seen` gives the checkpoints beside the log of a run."""
        plan = self.planned
        self.program.run([*plan.conditions, *plan.values])
        self.program.settle(plan.conditions, plan.values)
        waiting = [OneOfMany(self, run, self.runs[run], begun) for run, begun in self._begun().items()]
        # What the first run asks is what most ask: it is answered at once, for all of them.
        while waiting[0].tried(seen) is None and not waiting[0].is_lost:
            self.answers.fetch(self.program)
        while waiting:
            put_off = []
            for each in waiting:
                if (report := each.tried(seen)) is not None:
                    yield each.run, report
                elif not each.is_lost:
                    put_off.append(each)
            self.answers.fetch(self.program)
            waiting = put_off

    def _begun(self) -> dict[int, Begun]:
        """Where each run begins, and what there is to look at; what one run or another is going to ask is fetched."""
        answers, render, table = self.answers, self.program.renderer, self.program.table
        judged = self.planned.judged
        for each in judged:
            if (test := telling(each)) is not None:
                answers.ask_totals(table, [nearest(render, each, test)])
            if each.scope is not None:
                answers.ask_totals(table, [at_the_end(render, each.scope)])
        for run in self.runs:
            answers.ask_flags(run, self.whens)
        answers.fetch(self.program)
        rows = self.con.execute(f"SELECT run, {', '.join(Row._fields)} FROM {self.table} WHERE i = 1").fetchall()
        found = {}
        for run, *first in rows:
            busy, unknown = places([answers.flags[when][run] for when in self.whens], self.points)
            found[run] = Begun(Row(*first), busy, unknown)
            if busy:
                ends = [value for place in busy for value in (judged[place].until, judged[place].since) if value]
                answers.ask_flags(run, ends)
                answers.ask_cells(run, self.table, Row._fields)
        answers.fetch(self.program)
        return found

    def planned_for(self, run: int) -> Planned:
        """What is judged of one run."""
        if not self.rated:
            return self.planned
        judged = list(self.planned.judged)
        for place in self.rated:
            judged[place] = self.rates.told(judged[place], run)
        return self.planned._replace(judged=judged)

    def cells_of(self, place: int, each: Judged) -> tuple[list[str], list[str]]:
        """The cells that a finding of a rule is told with: of the working table, and of the rows."""
        if place in self.rated:
            return self._cells_of(each)
        if place not in self._cells:
            self._cells[place] = self._cells_of(each)
        return self._cells[place]

    def _cells_of(self, each: Judged) -> tuple[list[str], list[str]]:
        render, pack = self.program.renderer, self.resolved.pack
        sides = [render.value(side) for test in each.tests for side in (test.left, test.right)]
        beyond = [sql for test in each.tests if (sql := excess(self.program, test)) is not None]
        named = metrics_of(pack, conditions_of(each.rule)[: len(each.rule.levels)])
        drawn = [id for id in named if pack.metrics[id].expr is None and pack.metrics[id].type == "number"]
        drawn = [id for id in drawn if each.binder.names.present(id)]
        shown = [render.value(value) for value in (*each.told.values(), *map(each.binder.metric, drawn))]
        watched = watched_for_nonfinite(pack, each.level.when)
        columns = [column for id in watched for column, _ in self.splitter.present(id)]
        return [*sides, *beyond, *shown], columns

    def stages(self, facts: LogFacts) -> StageQuestions:
        """What is asked for the stages of a run: the same of all."""
        if self._stages is None:
            self._stages = stage_questions(self.program.renderer, self.names, self.splitter, facts)
        return self._stages

    def thresholds(self, resolved: Resolved) -> tuple[Threshold, ...]:
        """The thresholds of a run: those of the run before, mostly."""
        if self._thresholds is None or self._thresholds[0] is not resolved:
            self._thresholds = resolved, tuple(thresholds(resolved))
        return self._thresholds[1]


class _Plan(Evaluation):
    """The part of an evaluation that is the same for all of the runs."""

    def __init__(self, together: Together) -> None:
        self.resolved, self.pack = together.resolved, together.resolved.pack
        self.given = next(iter(together.runs.values())).given
        self.names, self.splitter = together.names, together.splitter


class OneOfMany(Evaluation):
    """The part of an evaluation that is of one run."""

    def __init__(self, together: Together, run: int, reading: Reading, begun: Begun) -> None:
        given, glance = reading
        self.run, self.together = run, together
        self.resolved, self.pack, self.hidden = together.settings[run], together.resolved.pack, {}
        self.planned_here = together.planned_for(run)
        self.given = given
        facts = given.facts
        if isabs(facts.path):
            facts = facts._replace(path=basename(facts.path))
        if facts.clock == "epoch" and facts.rows:
            facts = facts._replace(first_step=glance.first_epoch, last_step=facts.last_epoch)
        given.facts = facts
        self.where = (
            Whereabouts(facts.last_step, facts.last_epoch, together.now) if self.resolved.switches else Whereabouts()
        )
        self.rows, self.splitter = facts.rows, together.splitter
        self.interval, self.last_tick = glance.interval or 0.0, glance.last_tick or 0.0
        self.started = glance.started
        self.spacing = (glance.least or 0.0) if glance.least == glance.most else None
        self.program = OneProgram(together.program, together.answers, run, facts.rows)
        self.begun = begun
        self.names = together.names
        self.is_lost = False
        self.seen: tuple[tuple[Checkpoint, ...] | None, ...] = ()
        self._ways: list[Course] | None = None

    def tried(self, seen: Callable[[int], tuple[Checkpoint, ...] | None]) -> Report | None:
        """The report, None where it needs an answer that is still to be fetched, or where something goes wrong."""
        try:
            self.hidden = {}
            self.seen = self.seen or (seen(self.run),)
            return self.concluded(self.planned_here, self.seen[0])
        except UnansweredError:
            return None
        except Exception:
            # What it is shows when the run is judged by itself.
            self.is_lost = True
            return None

    def _courses(self, judged: Sequence[Judged]) -> list[Course]:
        if self._ways is None:
            self.book = self._book()
            ways = [_OK] * len(judged)
            for place in self.begun.unknown:
                ways[place] = _UNKNOWN
            if busy := self.begun.busy:
                for place, course in zip(busy, super()._courses([judged[place] for place in busy]), strict=True):
                    ways[place] = course
            self._ways = ways
        return self._ways

    def _settled(
        self, bench: Workbench, judged: Sequence[Judged], courses: Sequence[Course], lacks: Mapping[str, str]
    ) -> tuple[list[Finding], list[RuleState]]:
        # All at once, so that the run is not put off for each of them.
        fired = [self.together.cells_of(place, judged[place]) for place in self.begun.busy if courses[place].episodes]
        rate = self.given.columns.get(RATE)
        rates = list(rate_cells(rate)) if fired and rate else []
        ask, program = self.together.answers.ask_cells, self.program
        missing = [
            ask(self.run, program.table, [item for cells, _ in fired for item in cells]),
            ask(self.run, program.source, [*rates, *(column for _, columns in fired for column in columns)]),
        ]
        if any(missing):
            raise UnansweredError
        return super()._settled(bench, judged, courses, lacks)

    def _book(self) -> RowBook:
        return OneBook(self.program, self.rows, self.spacing or 0.0, {1: self.begun.first})

    def _timelines(self, asked: Iterable[Held]) -> dict[Held, Timeline]:
        distinct = list(dict.fromkeys(asked))
        answers = self.together.answers
        if answers.ask_flags(self.run, [each.condition for each in distinct]):
            raise UnansweredError
        return {each: timeline(answers.flags[each.condition][self.run]) for each in distinct}

    def _stages(self) -> tuple[StageResult, ...]:
        asked = self.together.stages(self.given.facts)
        return stage_answers(asked, self.program.totals(asked.items)) if asked.items else ()

    def _thresholds(self) -> tuple[Threshold, ...]:
        return self.together.thresholds(self.resolved)


def _points(each: Judged) -> int:
    """The observations for which a condition must hold, 0 where it is something else that is counted."""
    if each.level.for_ is None:
        return 1
    return max(1, round(each.binder.duration(each.level.for_))) if each.level.for_.unit == "points" else 0
