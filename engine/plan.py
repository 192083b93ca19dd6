"""Findings → what to do: the actions of the primary cause first, conflicts settled and told, in whole sentences."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from .best import Best
from .causes import IMPROVING, explain, is_open, is_serious, precedence
from .checkpoints import Checkpoint
from .goback import GoBack
from .outlook import nothing_to_do
from .pack import EMPTY, Action, Scalar
from .rate import Peak, Rate
from .record import Record
from .report import Finding, GateResult, LogFacts, Moment, RuleState, SetAside, Step
from .resolved import Resolved
from .surroundings import RATE_PARAM, SAVES
from .verdict import nothing_judged, verdict_of
from .wording import RESTART, Request, Wording, rules_of
from .words import listed, lowered, position

ENDS = frozenset({"stop", RESTART, "stop_early"})
"""The actions after which the run does not go on, so that it comes to no gate."""

WAIT = "wait"
"""The action that asks for more rows, which only a run that goes on will bring."""


class PlanInput(Record):
    """Everything a plan rests on.

    `scalars` are the numbers of the run that actions and commands may name (last_step, …), `rate` gives one more of
    them, lr_peak; `checkpoints` is None where none was seen; `interval` is the usual distance between two rows on the
    clock, the margin that a checkpoint must keep from the first abnormal row; `eval_improving` says that an evaluation
    metric is surely improving; `unjudged` says why nothing can be judged, such as a required key that was never logged;
    `best` is the best moment of the run, for actions that name its checkpoint; `first` is the first row of a log whose
    first rows are not missing.
    """

    findings: tuple[Finding, ...]
    states: tuple[RuleState, ...]
    resolved: Resolved
    log: LogFacts
    scalars: Mapping[str, Scalar] = EMPTY
    checkpoints: tuple[Checkpoint, ...] | None = None
    interval: float = 0.0
    eval_improving: bool = False
    unjudged: str = ""
    best: Best | None = None
    gates: tuple[GateResult, ...] = ()
    rate: Rate | None = None
    first: Moment | None = None


class PlanResult(Record):
    """The plan, what it leaves out, the findings with the explained ones marked, and the verdict."""

    findings: tuple[Finding, ...]
    plan: tuple[Step, ...]
    set_aside: tuple[SetAside, ...]
    verdict: str
    reason: str = ""  # why nothing could be judged


def make_plan(given: PlanInput) -> PlanResult:
    """The recommended actions for a run, the primary one first, and the verdict that follows from them."""
    findings = explain(given.findings, eval_improving=given.eval_improving)
    planner = _Planner(given, findings)
    plan, set_aside = planner.plan()
    reason = given.unjudged or nothing_judged(given.states, findings, given.gates)
    if reason and not any(is_open(finding) and finding.severity == "critical" for finding in findings):
        return PlanResult(findings, plan if planner.open else (), set_aside, "unknown", reason)
    return PlanResult(findings, plan, set_aside, verdict_of(plan, findings), reason)


class _Planner:
    def __init__(self, given: PlanInput, findings: Sequence[Finding]) -> None:
        self.given, self.findings = given, findings
        self.actions = given.resolved.pack.actions
        self.clock = given.log.clock
        self.names: dict[str, Scalar] = {**given.resolved.values, **given.scalars}
        self.open = sorted((f for f in findings if is_open(f) and is_serious(f)), key=precedence)
        self.is_ramp = False
        if self.open or given.gates:
            peak = given.rate.peak(self.open[0].onset if self.open else None) if given.rate else Peak(None)
            top = peak.of_the_schedule(self.names.get(RATE_PARAM))
            if given.rate or top is not None:
                self.names["lr_peak"] = top
            self.is_ramp = peak.is_ramp and top is None
        self.set_aside: list[SetAside] = []
        saves = next((each.value for each in given.log.known if each.name == SAVES), None)
        earliest = self.earliest_fault()
        self.back = GoBack(
            bound=earliest.onset if earliest else None,
            sign=lowered(earliest.title) if earliest and earliest.state == "explained" else "",
            clock=self.clock,
            interval=given.interval,
            seen=given.checkpoints,
            first=given.first,
            saves=float(saves) if saves is not None else None,
            best=given.best,
        )

    def plan(self) -> tuple[tuple[Step, ...], tuple[SetAside, ...]]:
        requests = self.without_gates(self.without_conflicts(self.without_waiting(self.requests())))
        requests = self.without_loners(self.without_opposites(requests))
        self.tell_explained({request.action.id for request in requests})
        steps = Wording(
            self.given.resolved.pack,
            self.given.log,
            self.back,
            self.names,
            self.given.gates,
            self.given.best,
            self.is_ramp,
            self.given.unjudged,
        ).steps(requests)
        if not steps:
            states, log = self.given.states, self.given.log
            rules = self.given.resolved.pack.rules
            steps = (nothing_to_do(states, log, self.findings, rules, self.given.best, self.given.gates),)
        return steps, tuple(self.set_aside)

    # Which actions

    def requests(self) -> list[Request]:
        """The actions of the primary cause by rank, then those of the other causes; each action once."""
        asked: dict[str, Request] = {}
        for cause in dict.fromkeys(finding.cause for finding in self.open):
            group: dict[str, Request] = {}
            for finding in self.open:
                for name in finding.actions if finding.cause == cause else ():
                    request = self.request(name, finding)
                    known = group.get(request.action.id)
                    group[request.action.id] = known.joined([finding]) if known else request
            for request in sorted(group.values(), key=lambda each: (-each.action.rank, each.action.id)):
                known = asked.get(request.action.id)
                asked[request.action.id] = known.joined(request.findings) if known else request
        return list(asked.values())

    def request(self, name: str, finding: Finding) -> Request:
        action = self.action(name)
        if action.target == "checkpoint" and RESTART in self.actions:
            if worthless := self.worthless_before(finding):
                return Request(self.actions[RESTART], (worthless, finding), instead=action.id)
            if self.back.is_restart:
                return Request(self.actions[RESTART], (finding,), instead=action.id)
        return Request(action, (finding,))

    def worthless_before(self, finding: Finding) -> Finding | None:
        """The critical finding, explained or not, that began no later and asks to restart: nothing saved is of use."""
        asking = (
            each
            for each in self.findings
            if each.severity == "critical"
            and RESTART in each.actions
            and (is_open(each) or (each.state == "explained" and each.explained_by != IMPROVING))
            and position(each.onset) <= position(finding.onset)
        )
        return min(asking, key=precedence, default=None)

    def action(self, name: str) -> Action:
        known = self.actions.get(name)
        return known or Action(name, self.given.resolved.pack.at, 0, name.replace("_", " ").capitalize())

    def without_waiting(self, requests: Sequence[Request]) -> list[Request]:
        """A run that has ended brings no more rows: there is nothing to wait for."""
        kept: list[Request] = []
        for request in requests:
            if self.given.log.ended and request.action.id == WAIT:
                self.leave_out(request, "the run has ended: there is nothing to wait for")
            else:
                kept.append(request)
        return kept

    def without_conflicts(self, requests: Sequence[Request]) -> list[Request]:
        kept: list[Request] = []
        for request in requests:
            rivals = [one.action.id for one in kept if _conflict(one.action, request.action)]
            if rivals:
                self.leave_out(request, f"conflicts with {rivals[0]}")
            else:
                kept.append(request)
        return kept

    def without_gates(self, requests: Sequence[Request]) -> list[Request]:
        """What gates ask for helps a run to go on: beside an action that ends it for another reason, it is left out."""
        ending = (
            request.action.id
            for request in requests
            if request.action.id in ENDS and any(finding.cause != "gate" for finding in request.findings)
        )
        if (end := next(ending, None)) is None:
            return list(requests)
        kept: list[Request] = []
        for request in requests:
            gates = tuple(finding for finding in request.findings if finding.cause == "gate")
            others = tuple(finding for finding in request.findings if finding.cause != "gate")
            if others:
                kept.append(request._replace(findings=others))
            else:
                told = listed(rules_of(gates))
                self.leave_out(request, f"{end} ends the run, and {told} asks for one that goes on")
        return kept

    def without_opposites(self, requests: Sequence[Request]) -> list[Request]:
        """Two actions that move one setting in opposite directions become one `check_config`."""
        kept = list(requests)
        for first in requests:
            for second in requests:
                setting = _opposed(first.action, second.action)
                if setting is None or first not in kept or second not in kept:
                    continue
                reason = f"{first.action.id} and {second.action.id} move {setting} in opposite directions"
                self.leave_out(second, reason)
                kept.remove(second)
                if "check_config" in self.actions:
                    self.leave_out(first, reason)
                    check = Request(self.actions["check_config"], first.findings, instead=setting)
                    kept[kept.index(first)] = check.joined(second.findings)
        return _joined(kept)

    def without_loners(self, requests: Sequence[Request]) -> list[Request]:
        """`wait` and `continue` stand alone: beside anything else they are left out."""
        company = [request for request in requests if not request.action.alone]
        kept = company or list(requests[:1])
        for request in requests:
            if request not in kept:
                self.leave_out(request, f"{request.action.id} stands alone, the plan has {kept[0].action.id}")
        return kept

    def leave_out(self, request: Request, reason: str) -> None:
        self.set_aside.append(SetAside(request.action.id, rules_of(request.findings), reason))

    def tell_explained(self, planned: set[str]) -> None:
        """The actions of explained findings that the plan does without, each with what explains them."""
        told: dict[tuple[str, str], list[str]] = {}
        for finding in sorted((f for f in self.findings if f.state == "explained"), key=precedence):
            improving = finding.explained_by == IMPROVING
            reason = "an evaluation metric is surely improving" if improving else f"explained by {finding.explained_by}"
            for name in finding.actions:
                if name not in planned:
                    told.setdefault((name, reason), []).append(finding.rule)
        self.set_aside += [SetAside(name, tuple(rules), reason) for (name, reason), rules in told.items()]

    def earliest_fault(self) -> Finding | None:
        """What began first of the critical findings that hold, explained ones too; of all open ones if none is open.

        A finding that another explains is still a fault of the model: where it began earlier, a checkpoint from in
        between has it. One that an improving evaluation speaks against is none.
        """
        critical = [finding for finding in self.open if finding.severity == "critical"]
        explained = [
            finding
            for finding in self.findings
            if finding.state == "explained" and finding.severity == "critical" and finding.explained_by != IMPROVING
        ]
        both = [*critical, *explained] if critical else self.open
        return min(both, key=lambda finding: position(finding.onset), default=None)


def _joined(requests: Sequence[Request]) -> list[Request]:
    joined: dict[str, Request] = {}
    for request in requests:
        known = joined.get(request.action.id)
        joined[request.action.id] = known.joined(request.findings) if known else request
    return list(joined.values())


def _opposed(one: Action, other: Action) -> str | None:
    """The setting that the two move in opposite directions, or None."""
    for setting, direction in one.direction.items():
        if other.direction.get(setting, direction) != direction:
            return setting
    return None


def _conflict(one: Action, other: Action) -> bool:
    return (other.id in one.conflicts or one.id in other.conflicts) and _opposed(one, other) is None
