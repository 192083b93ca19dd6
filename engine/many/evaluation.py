"""Many runs under judgement at once: bound once, computed in the same statements, concluded one by one.

What a conclusion asks of the rows of its run is not asked run by run: a run that lacks an answer is put off until
those of all runs have been fetched together, and is then concluded anew.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from math import isfinite
from os.path import basename, isabs
from typing import Any

import duckdb

from ..compile.bind import Names
from ..compile.ir import Value
from ..compile.program import Program
from ..compile.sql import Renderer
from ..episodes import Course
from ..evaluation import Evaluation
from ..evidence import at_the_end, excess, nearest, telling
from ..findings import Workbench
from ..judged import Judged, conditions_of, metrics_of, watched_for_nonfinite
from ..pack import Resolved
from ..rate import RATE, rate_cells
from ..report import Finding, Report, RuleState
from ..rowbook import Row, RowBook
from ..series import Splitter, metric_id
from ..settings import Whereabouts
from ..timeline import Segment, Timeline
from .program import ManyProgram
from .reading import Reading

_PER_CODE = 30
_TRUTH = (None, False, None, True)
_TRUE = sum(1 << 2 * place for place in range(_PER_CODE))
"""The lower bit of each pair."""


class UnansweredError(Exception):
    """Raised where a run is asked something that has not been fetched yet."""


class Answers:
    """What was asked of the rows of many runs: aggregates of each run, and cells of some."""

    def __init__(self, con: duckdb.DuckDBPyConnection, runs: Sequence[int]) -> None:
        self.con, self.runs = con, runs
        self.totals: dict[tuple[str, str], dict[int, Any]] = {}
        self.cells: dict[tuple[str, str], dict[int, list[Any]]] = {}
        self.asked: dict[tuple[str, str], None] = {}
        self.wanted: dict[tuple[str, str], set[int]] = {}

    def fetch(self) -> None:
        """Fetch what was asked and is not known."""
        tables: dict[str, list[str]] = {}
        for table, item in self.asked:
            tables.setdefault(table, []).append(item)
        for table, items in tables.items():
            rows = self.con.execute(f"SELECT run, {', '.join(items)} FROM {table} GROUP BY run").fetchall()
            for place, item in enumerate(items, 1):
                self.totals[table, item] = {row[0]: row[place] for row in rows}
        self.asked.clear()
        groups: dict[tuple[str, frozenset[int]], list[str]] = {}
        for (table, item), runs in self.wanted.items():
            groups.setdefault((table, frozenset(runs)), []).append(item)
        for (table, some), items in groups.items():
            self._fetch_cells(table, sorted(some), items)
        self.wanted.clear()

    def _fetch_cells(self, table: str, runs: Sequence[int], items: Sequence[str]) -> None:
        rows = self.con.execute(
            f"SELECT run, {', '.join(f'list({item} ORDER BY i)' for item in items)} FROM {table}"
            f" WHERE run IN ({', '.join(map(str, runs))}) GROUP BY run"
        ).fetchall()
        for place, item in enumerate(items, 1):
            self.cells.setdefault((table, item), {}).update((row[0], row[place]) for row in rows)


class OneProgram(Program):
    """The program of many runs, as one of them sees it."""

    def __init__(self, program: ManyProgram, answers: Answers, run: int, rows: int) -> None:
        super().__init__(program.con, program.source, program.long, program.largest, rows=rows)
        self.table, self.columns, self.observations = program.table, program.columns, program.observations
        self._render, self._answers, self._run = program.renderer, answers, run

    @property
    def renderer(self) -> Renderer:
        return self._render

    def totals(self, items: Sequence[str], source: str = "") -> tuple[Any, ...]:
        """As `Program.totals`; raises UnansweredError."""
        known, table = self._answers.totals, source or self.table
        missing = [item for item in items if (table, item) not in known]
        if missing:
            self._answers.asked.update(((table, item), None) for item in missing)
            raise UnansweredError
        return tuple(known[table, item][self._run] for item in items)

    def cells(self, items: Sequence[str], source: str = "") -> list[list[Any]]:
        """As `Program.cells`; raises UnansweredError."""
        if self.ask(items, source):
            raise UnansweredError
        return [self._answers.cells[source or self.table, item][self._run] for item in items]

    def ask(self, items: Sequence[str], source: str = "") -> bool:
        """Whether some of these cells are not known yet; they will be fetched."""
        known, table = self._answers.cells, source or self.table
        missing = [item for item in items if self._run not in known.get((table, item), ())]
        for item in missing:
            self._answers.wanted.setdefault((table, item), set()).add(self._run)
        return bool(missing)


class Together:
    """Runs of one shape, whose rows a table holds one run after the other."""

    def __init__(
        self,
        con: duckdb.DuckDBPyConnection,
        table: str,
        resolved: Resolved,
        runs: Mapping[int, Reading],
        now: float | None,
    ) -> None:
        self.con, self.table, self.resolved, self.runs, self.now = con, table, resolved, runs, now
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
            many=True,
        )
        self.planned = _Plan(self).planned()
        self.lines: dict[int, dict[tuple[Value, int], Timeline]] = {}
        self.books: dict[int, dict[int, Row]] = {}
        self._cells: dict[int, tuple[list[str], list[str]]] = {}

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

    def reports(self, seen: Callable[[int], object]) -> Iterator[tuple[int, Report]]:
        """The report of each run; `seen` gives the checkpoints beside the log of a run."""
        plan = self.planned
        self.program.run([*plan.conditions, *plan.values])
        work = self.program.table
        self.program.settle(plan.conditions, plan.values)
        if work != self.table:
            self.con.execute(f"DROP TABLE {work}")
        whens = [each.when for each in plan.judged]
        untils = [value for each in plan.judged for value in (each.until, each.since) if value is not None]
        self.lines = timelines_of(self.program, list(dict.fromkeys([*whens, *untils])), self.runs)
        self.books = self._rows()
        answers = Answers(self.con, list(self.runs))
        waiting = [OneOfMany(self, answers, run, reading) for run, reading in self.runs.items()]
        self._ask(answers)
        # What the first run asks is what most ask: it is answered at once, for all of them.
        while waiting[0].tried(seen) is None and not waiting[0].is_lost:
            answers.fetch()
        while waiting:
            put_off = []
            for each in waiting:
                if (report := each.tried(seen)) is not None:
                    yield each.run, report
                elif not each.is_lost:
                    put_off.append(each)
            answers.fetch()
            waiting = put_off

    def _ask(self, answers: Answers) -> None:
        """Fetch what one run or another is going to ask."""
        render, table = self.program.renderer, self.program.table
        for each in self.planned.judged:
            if (test := telling(each)) is not None:
                answers.asked[table, nearest(render, each, test)] = None
            if each.scope is not None:
                answers.asked[table, at_the_end(render, each.scope)] = None
        answers.fetch()

    def cells_of(self, each: Judged) -> tuple[list[str], list[str]]:
        """The cells that a finding of a rule is told with: of the working table, and of the rows."""
        if id(each) not in self._cells:
            render, pack = self.program.renderer, self.resolved.pack
            sides = [render.value(side) for test in each.tests for side in (test.left, test.right)]
            beyond = [sql for test in each.tests if (sql := excess(self.program, test)) is not None]
            named = metrics_of(pack, conditions_of(each.rule)[: len(each.rule.levels)])
            drawn = [id for id in named if pack.metrics[id].expr is None and pack.metrics[id].type == "number"]
            drawn = [id for id in drawn if each.binder.names.present(id)]
            shown = [render.value(value) for value in (*each.told.values(), *map(each.binder.metric, drawn))]
            watched = watched_for_nonfinite(pack, each.level.when)
            columns = [column for id in watched for column, _ in self.splitter.present(id)]
            self._cells[id(each)] = [*sides, *beyond, *shown], columns
        return self._cells[id(each)]

    def _rows(self) -> dict[int, dict[int, Row]]:
        lists = ", ".join(f"list({column} ORDER BY i)" for column in ("i", *Row._fields))
        rows = self.con.execute(f"SELECT run, {lists} FROM {self.table} GROUP BY run").fetchall()
        return {run: dict(zip(places, map(Row, *cells), strict=True)) for run, places, *cells in rows}


class _Plan(Evaluation):
    """The part of an evaluation that is the same for all of the runs."""

    def __init__(self, together: Together) -> None:
        self.resolved, self.pack = together.resolved, together.resolved.pack
        self.given = next(iter(together.runs.values())).given
        self.names, self.splitter = together.names, together.splitter


class OneOfMany(Evaluation):
    """The part of an evaluation that is of one run."""

    def __init__(self, together: Together, answers: Answers, run: int, reading: Reading) -> None:
        given, glance = reading
        self.run, self.together = run, together
        self.resolved, self.pack, self.hidden = together.resolved, together.resolved.pack, {}
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
        self.own = OneProgram(together.program, answers, run, facts.rows)
        self.program = self.own
        self.names = together.names
        self.is_lost = False
        self.seen: tuple[object, ...] = ()
        self._ways: list[Course] | None = None

    def tried(self, seen: Callable[[int], object]) -> Report | None:
        """The report, None where it needs an answer that is still to be fetched, or where something goes wrong."""
        try:
            self.hidden = {}
            self.seen = self.seen or (seen(self.run),)
            return self.concluded(self.together.planned, self.seen[0])
        except UnansweredError:
            return None
        except Exception:
            # What it is shows when the run is judged by itself.
            self.is_lost = True
            return None

    def _courses(self, judged: Sequence[Judged]) -> list[Course]:
        if self._ways is None:
            self._ways = super()._courses(judged)
        return self._ways

    def _settled(
        self, bench: Workbench, judged: Sequence[Judged], courses: Sequence[Course], lacks: Mapping[str, str]
    ) -> tuple[list[Finding], list[RuleState]]:
        # All at once, so that the run is not put off for each of them.
        fired = [self.together.cells_of(each) for each, way in zip(judged, courses, strict=True) if way.episodes]
        rate = self.given.columns.get(RATE)
        rates = list(rate_cells(rate)) if fired and rate else []
        missing = [
            self.own.ask([item for cells, _ in fired for item in cells]),
            self.own.ask([*rates, *(column for _, columns in fired for column in columns)], self.program.source),
        ]
        if any(missing):
            raise UnansweredError
        return super()._settled(bench, judged, courses, lacks)

    def _book(self) -> RowBook:
        return RowBook(self.program, self.rows, self.spacing or 0.0, self.together.books[self.run])

    def _timelines(self, conditions: Iterable[tuple[Value, int]]) -> dict[tuple[Value, int], Timeline]:
        known = self.together.lines[self.run]
        return {each: known[each] for each in dict.fromkeys(conditions)}


def timelines_of(
    program: ManyProgram, conditions: Sequence[Value], runs: Mapping[int, Reading]
) -> dict[int, dict[tuple[Value, int], Timeline]]:
    """The timeline of each condition in each run: two bits of a code each, and only rows at which a code changes.

    Of a condition that is never true in a run, it does not matter where it is false and where unknown.
    """
    render = program.renderer
    found: dict[int, dict[tuple[Value, int], Timeline]] = {run: {} for run in runs}
    for start in range(0, len(conditions), _PER_CODE):
        part = conditions[start : start + _PER_CODE]
        code = " + ".join(
            f"(CASE {flag} WHEN true THEN {3 << 2 * place} WHEN false THEN {1 << 2 * place} ELSE 0 END)"
            for place, flag in enumerate(map(render.observed, part))
        )
        program.con.execute(
            f"CREATE OR REPLACE TEMP TABLE coded AS SELECT run, i, CAST({code} AS BIGINT) AS c FROM {program.table}"
        )
        seen = "SELECT run, bit_or(c) AS seen FROM coded GROUP BY run"
        told = f"SELECT run, i, seen, c & (((seen >> 1) & {_TRUE}) * 3) AS c FROM coded JOIN ({seen}) USING (run)"
        turns = f"SELECT *, lag(c) OVER (PARTITION BY run ORDER BY i) AS p FROM ({told})"
        rows = program.con.execute(
            "SELECT run, any_value(seen), list(i ORDER BY i), list(c ORDER BY i)"
            f" FROM ({turns}) WHERE i = 1 OR c <> p GROUP BY run"
        ).fetchall()
        for run, known, places, codes in rows:
            lines = _lines(known, places, codes, len(part), runs[run].glance.rows)
            found[run].update(((condition, 1), line) for condition, line in zip(part, lines, strict=True))
    return found


def _lines(seen: int, places: Sequence[int], codes: Sequence[int], amount: int, rows: int) -> list[Timeline]:
    """The timelines of some conditions, whose values stand in pairs of bits of a code at the rows where it changes.

    `seen` has the bits of all rows together.
    """
    never, silent = (Segment(1, rows, value=False),), (Segment(1, rows, None),)
    segments: list[list[Segment]] = [[] for _ in range(amount)]
    first, known = [1] * amount, codes[0]
    for at, code in zip(places, codes, strict=True):
        turned = known ^ code
        while turned:
            bit = (turned & -turned).bit_length() - 1 & ~1
            turned &= ~(3 << bit)
            place = bit // 2
            segments[place].append(Segment(first[place], at - 1, _TRUTH[known >> bit & 3]))
            first[place] = at
        known = code
    lines: list[Timeline] = []
    for place, (line, start) in enumerate(zip(segments, first, strict=True)):
        bits = seen >> 2 * place & 3
        last = Segment(start, rows, _TRUTH[known >> 2 * place & 3])
        lines.append((*line, last) if bits == 3 else never if bits else silent)
    return lines
