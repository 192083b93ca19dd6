"""From the rows of a log to a report: what the rules of a pack found in them, and the plan."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from math import isfinite
from os.path import basename, isabs
from typing import TYPE_CHECKING

from .best import find_best
from .compile.bind import Binder, Names
from .compile.ir import Kernel, Value, walk_once
from .compile.program import Program
from .episodes import Course, Hold, run
from .evidence import last_value
from .findings import Workbench, severity_of
from .judged import IMPROVES, Judged, Lack, conditions_of, judge, metrics_of
from .pack import EMPTY, Scalar
from .phases import FOUND, GATES, GLANCE, HELD, PLAN, begin
from .placing import placed
from .plan import PlanInput, make_plan
from .portions import most_at_once, portions
from .rate import RATE, Rate
from .readers.model import Run
from .record import Record
from .report import (
    Finding,
    GateResult,
    InvariantResult,
    Moment,
    Report,
    RuleState,
    StageResult,
    Suppression,
    Threshold,
)
from .resolved import Resolved
from .rowbook import RowBook
from .rulings import rulings
from .segments import Timeline
from .series import Splitter, members, metric_id
from .settings import Whereabouts
from .stages import derived_in_stages, stage_results
from .suppress import settled
from .surroundings import PER_EPOCH
from .thresholds import thresholds
from .timeline import Held, is_long, timelines
from .words import counted, listed

if TYPE_CHECKING:
    from .checkpoints import Checkpoint
    from .pack import Duration
    from .watch import Watch


class Planned(Record):
    """What is judged of a run, bound to it; `others` are values that are asked for besides."""

    judged: list[Judged]
    lacks: dict[str, str]
    watched: list[Watch]
    improves: Value | None
    others: list[Value]

    @property
    def conditions(self) -> list[Value]:
        """The conditions that must be columns before anything is judged."""
        own = [value for each in self.judged for value in each.conditions]
        return [*own, *(value for each in self.watched for value in each.conditions)]

    @property
    def values(self) -> list[Value]:
        """The values that must be columns before anything is judged."""
        own = [value for each in self.judged for value in each.values]
        own += [self.improves] if self.improves else []
        return [*own, *self.others, *(value for each in self.watched for value in each.values)]


class Evaluation:
    """One log under judgement: `report` runs the whole way, part by part."""

    ruled: Mapping[str, Finding | RuleState] = EMPTY  # how the rules of earlier portions stand

    def __init__(self, resolved: Resolved, given: Run, now: float | None) -> None:
        begin(GLANCE)
        self.where = Whereabouts()
        if resolved.switches:
            from .hidden import whereabouts

            self.where = whereabouts(resolved, given, now)
            resolved = settled(resolved, self.where)
        self.resolved, self.given, self.pack = resolved, given, resolved.pack
        self.hidden: dict[str, Finding | RuleState] = {}
        if isabs(given.facts.path):
            given.facts = given.facts._replace(path=basename(given.facts.path))
        if given.facts.clock != "epoch" and given.facts.known:
            # What an epoch has of steps is of use only where it is the clock.
            known = tuple(each for each in given.facts.known if each.name != PER_EPOCH)
            given.facts = given.facts._replace(known=known)
        if given.facts.clock == "epoch" and given.facts.rows:
            # Where no step is logged, a report says where things stand by the epoch, as it is logged.
            first = given.con.execute(f"SELECT arg_min(epoch, i) FROM {given.table}").fetchone()
            given.facts = given.facts._replace(first_step=first[0] if first else None, last_step=given.facts.last_epoch)
        self.rows = given.facts.rows
        self.splitter = Splitter(self.pack, given.columns, given.labels, given.con, given.table, given.facts.path)
        self.interval, self.last_tick, largest, wild = self._survey()
        self.program = Program(given.con, given.table, largest=largest, spacing={"tick": self.spacing}, rows=self.rows)
        self.names = Names(
            resolved,
            given.columns,
            wild,
            given.labels,
            rows=self.rows,
            total=given.facts.total,
            now=now,
            ended=given.facts.ended,
            ended_by=given.facts.ended_by,
            numberless=given.facts.numberless,
            numberless_from=given.facts.numberless_from,
            starts_midway=given.starts_midway,
            interval=self.interval,
            started=self.started,
            counts_rows=given.facts.counts_rows,
        )

    def _survey(self) -> tuple[float, float, dict[str, float], frozenset[str]]:
        """The usual distance of two rows, the last tick, the largest magnitudes, the columns that are not finite."""
        types = self.pack.metrics
        numbers = [column for id, column in self.given.columns.items() if types[metric_id(id)].type != "text"]
        items = "".join(f", max(abs({column}))" for column in numbers)
        table, con = self.given.table, self.given.con
        row = con.execute(
            f"SELECT min(time), max(tick), quantile_cont(CASE WHEN d > 0 THEN d END, 5e-1), min(d), max(d){items}"
            f" FROM (SELECT *, tick - lag(tick) OVER () AS d FROM {table})"
        ).fetchone()
        assert row is not None
        self.started, last, interval, least, most, *sizes = row
        self.spacing = (least or 0.0) if least == most else None
        # NaN is the largest of all numbers to DuckDB, so a column that holds one shows it.
        largest = {column: size for column, size in zip(numbers, sizes, strict=True) if size is not None}
        wild = frozenset(column for column, size in largest.items() if not isfinite(size))
        if wild:
            shown = sorted(wild)
            items = ", ".join(f"max(CASE WHEN isfinite({column}) THEN abs({column}) END)" for column in shown)
            found = con.execute(f"SELECT {items} FROM {table}").fetchone()
            assert found is not None
            largest |= {column: size or 0.0 for column, size in zip(shown, found, strict=True)}
        return interval or 0.0, last or 0.0, largest, wild

    def report(self, seen: tuple[Checkpoint, ...] | None) -> Report:
        """The report; `seen` are the checkpoints that lie beside the log, None where none does."""
        plan = self.planned()
        if self.rows >= self.program.long:
            plan = self._in_portions(plan)
        try:
            self.program.run([*plan.conditions, *plan.values], wait=False)
            self.program.settle(plan.conditions, plan.values)
            self.stages = stage_results(self.program, self.names, self.splitter, self.given.facts)
            return self.concluded(plan, seen)
        finally:
            self.program.leave()

    def planned(self) -> Planned:
        """What is judged, and what it takes to judge it."""
        judged, lacks = self._judged()
        others = [Binder(self.names).metric(id) for id in derived_in_stages(self.pack)]
        return Planned(judged, lacks, self._watched(), self._improves(), others)

    def _in_portions(self, plan: Planned) -> Planned:
        """What is left of a plan to be judged, once the rules are that would need too much memory all at once."""
        rules: dict[str, list[Judged]] = {}
        for each in plan.judged:
            if each.rule.id not in self.pack.invariants:
                rules.setdefault(each.rule.id, []).append(each)
        needs = {id: _kernels(some) for id, some in rules.items()}
        columns = len(frozenset().union(*needs.values()))
        most = most_at_once(self.given.con, columns, self.rows)
        if most == columns:
            return plan
        whole, self.ruled = self.program, {}
        for portion in portions(needs, most):
            judged = [each for id in portion for each in rules[id]]
            self.program = whole.anew()
            try:
                self.program.run(value for each in judged for value in (*each.conditions, *each.values))
                begin(HELD)
                courses = self._courses(judged)
                begin(FOUND)
                self.ruled |= rulings(self._bench(), judged, courses)
                self.program.drop()
            finally:
                self.program.leave()
        self.program = whole
        return plan._replace(judged=[each for each in plan.judged if each.rule.id not in rules])

    def concluded(self, planned: Planned, seen: tuple[Checkpoint, ...] | None) -> Report:
        """The report, once all values are columns of the program's table."""
        seen = placed(seen, self.given.facts)
        judged, lacks, watched, improves, _ = planned
        begin(HELD)
        courses = self._courses(judged)
        bench = self._bench()
        begin(FOUND)
        findings, all_states = self._settled(bench, judged, courses, lacks)
        facts, states = self.given.facts, tuple(all_states)
        invariants: tuple[InvariantResult, ...] = ()
        if self.pack.invariants:
            from .invariants import results, to_plan, with_messages

            pairs = [
                (each, course)
                for each, course in zip(judged, courses, strict=True)
                if each.rule.id not in self.resolved.disabled
            ]
            invariants = results(self.program, self.book, self.pack, pairs, findings, states)
            findings = list(with_messages(findings, invariants, facts.clock))
            states = to_plan(states, self.pack.invariants)
        begin(GATES)
        gates, held_up = self._gates(watched)
        findings += held_up
        begin(PLAN)
        made = make_plan(
            PlanInput(
                findings=tuple(findings),
                states=states,
                resolved=self.resolved,
                log=facts,
                scalars=self._scalars(),
                rate=Rate(self.program, rate) if (rate := self.given.columns.get(RATE)) else None,
                checkpoints=seen,
                interval=self.interval * facts.row_length,
                eval_improving=improves is not None and last_value(self.program, improves) is True,
                best=find_best(self.program, self.pack, self.given, seen),
                unjudged=""
                if any(gate.status in ("blocked", "open", "passed") for gate in gates)
                else self._unjudged() or self._unjudged_needed(states, findings),
                gates=gates,
                first=self._first(),
            )
        )
        return Report(
            pack=self.pack.id,
            version=self.pack.version,
            variant=self.resolved.variant,
            title=self.pack.title,
            log=facts,
            verdict=made.verdict,
            plan=made.plan,
            set_aside=made.set_aside,
            findings=made.findings,
            stages=() if made.reason or not self.rows else self._stages(),
            rules=tuple(state for state in states if state.rule not in self.pack.invariants),
            invariants=invariants,
            overrides=self.resolved.overrides,
            reason=made.reason,
            gates=gates,
            suppressions=self._suppressions(),
            sources=self.resolved.sources,
            thresholds=self._thresholds(),
        )

    def _stages(self) -> tuple[StageResult, ...]:
        return self.stages()

    def _thresholds(self) -> tuple[Threshold, ...]:
        return tuple(thresholds(self.resolved))

    def _first(self) -> Moment | None:
        """The first row, where none is missing before it."""
        return self.book.row(1).moment if self.rows and not self.given.starts_midway else None

    def _watched(self) -> list[Watch]:
        """The gates of the pack, bound to this run; a pack without gates pays nothing for them."""
        if not self.pack.gates:
            return []
        from .watch import watches

        return watches(self.names, self.splitter)

    def _gates(self, watched: Sequence[Watch]) -> tuple[tuple[GateResult, ...], list[Finding]]:
        if not watched:
            return (), []
        from .gates import gate_results
        from .held_up import gate_findings
        from .ledger import Ledger

        ledger = Ledger(self.program, self.book, self.given.facts, self.names)
        results = gate_results(ledger, watched)
        return results, list(gate_findings(ledger, watched, results))

    def _judged(self) -> tuple[list[Judged], dict[str, str]]:
        judged: list[Judged] = []
        lacks: dict[str, str] = {}
        binders: dict[str, Binder] = {}
        for rule in self.pack.rules.values():
            if rule.id in self.resolved.disabled - self.resolved.suppressed:
                continue
            split = self.splitter.over(metrics_of(self.pack, conditions_of(rule), sentinels=False))
            for each in judge(rule, self.names, split, binders):
                if isinstance(each, Lack):
                    lacks[rule.id] = each.reason
                else:
                    judged.append(each)
        return judged, lacks

    def _improves(self) -> Value | None:
        metric = self.pack.metrics.get(IMPROVES)
        known = metric is not None and (metric.expr is not None or IMPROVES in self.given.columns)
        return Binder(self.names).metric(IMPROVES) if known else None

    def _courses(self, judged: Sequence[Judged]) -> list[Course]:
        self.book = self._book()
        holds = [self._hold(each.binder, each.level.for_) for each in judged]
        asked = [
            Held(each.when, hold.points, hold.in_rows) if hold.is_counted else Held(each.when)
            for each, hold in zip(judged, holds, strict=True)
        ]
        lines = self._timelines(asked)
        for place, each in enumerate(asked):
            if each.in_rows and not lines[each]:
                asked[place], holds[place] = Held(each.condition), holds[place]._replace(is_counted=False)
        lines |= self._timelines(each for each in asked if each not in lines)
        whens = [lines[each] for each in asked]
        timed = [line for line, hold in zip(whens, holds, strict=True) if hold.reached and not hold.in_rows]
        self.book.prefetch(i for line in timed for each in line if each.value for i in (each.first, each.last))
        # Where a rule never fires, it does not matter when it would come to rest; whether it does shows without that.
        courses = [run(when, hold, sticky=True) for when, hold in zip(whens, holds, strict=True)]
        fired = [each for each, course in zip(judged, courses, strict=True) if course.episodes]
        lines |= self._timelines(Held(value) for each in fired for value in (each.until, each.since) if value)
        return [
            run(
                when,
                hold,
                until=lines[Held(each.until)] if each.until is not None else None,
                since=lines[Held(each.since)] if each.since is not None else (),
                sticky=each.rule.sticky,
            )
            if course.episodes
            else course
            for each, course, hold, when in zip(judged, courses, holds, whens, strict=True)
        ]

    def _book(self) -> RowBook:
        return RowBook(self.program, self.rows, self.spacing or 0.0)

    def _timelines(self, asked: Iterable[Held]) -> dict[Held, Timeline]:
        distinct = list(dict.fromkeys(asked))
        return dict(zip(distinct, timelines(self.program, distinct, self.rows), strict=True))

    def _hold(self, binder: Binder, duration: Duration | None) -> Hold:
        if duration is None:
            return Hold()
        amount, unit = binder.duration(duration), duration.unit
        if unit == "points":
            points = max(1, round(amount))
            return Hold(points=points, is_counted=points > 1 and is_long(self.program))
        book = self.book
        hold = Hold(reached=lambda onset, first, last: book.first_after(onset, amount, unit, first, last))
        rows = book.rows_in(amount, unit)
        if rows is None:
            return hold
        return hold._replace(points=rows + 1, is_counted=rows > 0 and is_long(self.program), in_rows=True)

    def _bench(self) -> Workbench:
        return Workbench(
            self.program,
            self.book,
            self.resolved,
            self.interval,
            self.last_tick,
            self.given.facts,
            self.splitter,
            self.given.keys,
            {
                "ended_because": self.given.facts.ended_because,
                "numberless_because": self.given.facts.numberless_because,
            },
        )

    def _settled(
        self, bench: Workbench, judged: Sequence[Judged], courses: Sequence[Course], lacks: Mapping[str, str]
    ) -> tuple[list[Finding], list[RuleState]]:
        ruled = {**self.ruled, **rulings(bench, judged, courses)}
        findings: list[Finding] = []
        states: list[RuleState] = []
        for rule in self.pack.rules.values():
            severity = severity_of(self.resolved, rule, rule.levels[-1].severity)
            if rule.id in self.resolved.disabled:
                states.append(RuleState(rule.id, "disabled", severity=severity))
                if rule.id not in self.resolved.suppressed:
                    continue
            lack = lacks.get(rule.id)
            found = ruled[rule.id] if lack is None else RuleState(rule.id, "not_evaluated", lack, severity=severity)
            if rule.id in self.resolved.disabled:
                self.hidden[rule.id] = found  # for what is said of the switch
            elif isinstance(found, Finding):
                findings.append(found)
            else:
                states.append(found)
        return findings, states

    def _suppressions(self) -> tuple[Suppression, ...]:
        if not self.resolved.switches:
            return ()
        from .hidden import suppressions

        return suppressions(self.resolved, self.hidden, self.given.facts, self.where)

    def _scalars(self) -> dict[str, Scalar]:
        facts = self.given.facts
        return {
            "first_step": facts.first_step,
            "last_step": facts.last_step,
            "total": facts.total,
            "last_epoch": facts.last_epoch,
            "log": facts.path,
        }

    def _unjudged_needed(self, states: Sequence[RuleState], findings: Sequence[Finding]) -> str:
        """Why nothing can be said of the metrics that the pack needs, where none of its rules on them was judged."""
        required = {id for id, metric in self.pack.metrics.items() if metric.required and self.splitter.present(id)}
        judged = {each.rule for each in findings}
        judged |= {each.rule for each in states if each.state not in ("not_evaluated", "disabled")}
        reasons = {each.rule: each.reason for each in states if each.state == "not_evaluated"}
        why: list[str] = []
        for rule in self.pack.rules.values() if required and reasons else ():
            if rule.id not in judged and rule.id not in reasons:
                continue
            if required.isdisjoint(metrics_of(self.pack, conditions_of(rule), sentinels=False)):
                continue
            if rule.id in judged:
                return ""
            why.append(reasons[rule.id])
        if not why:
            return ""
        names = [self.given.keys.get(id, id) for id in self.pack.metrics if id in required]
        return f"none of the {counted(len(why), 'rule')} on {listed(names)} could be judged: {max(why, key=why.count)}"

    def _unjudged(self) -> str:
        required = [metric for metric in self.pack.metrics.values() if metric.required]
        if not required or any(metric.expr or self.splitter.present(metric.id) for metric in required):
            return ""
        firsts = (next(iter(members(self.pack, metric))) for metric in required)
        keys = ", ".join(dict.fromkeys(repr(keys[0]) for *_, keys in firsts))
        told = f"the log has none of the keys that pack {self.pack.id!r} needs ({keys}, or another name for them)"
        ids = [member for metric in required for member, *_ in members(self.pack, metric)]
        if never := [self.given.never[id] for id in ids if id in self.given.never]:
            return f"the log has no number for what pack {self.pack.id!r} needs ({'; '.join(never)})"
        offered = [repr(name) for name in self.given.offered]
        shown = offered if len(offered) < 9 else [*offered[:7], f"{len(offered) - 7} others"]
        return told + (f"; its lines give {listed(shown)}" if offered else "")


def _kernels(judged: Iterable[Judged]) -> frozenset[Kernel]:
    values = (value for each in judged for value in (*each.conditions, *each.values))
    return frozenset(node for node in walk_once(values) if isinstance(node, Kernel))
