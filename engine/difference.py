"""One log judged in two ways: what one report finds, plans and says of its rules and the other does not."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from .record import Record
from .report import Finding, Report, Step
from .resolved import Override

COMPARED = ("severity", "state", "explained_by", "onset", "fired", "end", "episodes", "series")
"""The fields of a finding in which two differ. Its numbers and words follow the thresholds and are not compared."""


class FindingChange(Record):
    """A rule that finds something in one way and not in the other, or something else (`differs`: the fields).

    Where there is no finding, the state of the rule is told: ok, pending, waiting, not_evaluated or disabled.
    """

    rule: str
    title: str
    a: Finding | None
    b: Finding | None
    a_state: str
    b_state: str
    differs: tuple[str, ...] = ()


class Change(Record):
    """A thing that stands in one way or the other: a rule that finds nothing, a gate or a line of it, an invariant."""

    kind: str  # rule | gate | requirement | invariant
    name: str
    a: str
    b: str


class Difference(Record):
    """Two reports on one log, and in what they differ.

    `settings` are those that only one of them has, A's and B's, `shared` those that both have from one source.
    """

    a: Report
    b: Report
    settings: tuple[tuple[Override, ...], tuple[Override, ...]]
    shared: tuple[Override, ...]
    findings: tuple[FindingChange, ...]
    changes: tuple[Change, ...]
    plan_differs: bool

    @property
    def is_same(self) -> bool:
        """Whether both ways give the same verdict, findings and plan, and leave every rule and gate as it is."""
        is_one = self.a.verdict == self.b.verdict and self.a.reason == self.b.reason
        return is_one and not (self.findings or self.changes or self.plan_differs)


def difference(a: Report, b: Report) -> Difference:
    """How two reports on one log, by one pack, differ."""
    own = (_beyond(a.overrides, b.overrides), _beyond(b.overrides, a.overrides))
    return Difference(
        a,
        b,
        own,
        tuple(each for each in a.overrides if each not in own[0]),
        tuple(_findings(a, b)),
        tuple(_changes(a, b)),
        [planned(step) for step in a.plan] != [planned(step) for step in b.plan],
    )


def planned(step: Step) -> tuple[object, ...]:
    """What an action of a plan comes to; its words count only where there is nothing else to it, as in waiting."""
    does = (step.action, step.severity, step.because, step.target, step.set, step.command)
    return (*does, step.text) if step.action == "wait" else does


def _beyond(own: Sequence[Override], others: Sequence[Override]) -> tuple[Override, ...]:
    known = {(each.param, each.value, each.origin) for each in others}
    return tuple(each for each in own if (each.param, each.value, each.origin) not in known)


def _findings(a: Report, b: Report) -> Iterator[FindingChange]:
    found_a, found_b = ({finding.rule: finding for finding in report.findings} for report in (a, b))
    states_a, states_b = ({state.rule: state.state for state in report.rules} for report in (a, b))
    for rule in dict.fromkeys([*found_a, *found_b]):
        one, other = found_a.get(rule), found_b.get(rule)
        if one is not None and other is not None:
            differs = tuple(field for field in COMPARED if getattr(one, field) != getattr(other, field))
            if differs:
                yield FindingChange(rule, one.title, one, other, one.state, other.state, differs)
            continue
        a_state = one.state if one else states_a.get(rule, "ok")
        b_state = other.state if other else states_b.get(rule, "ok")
        title = one.title if one else other.title if other else rule
        yield FindingChange(rule, title, one, other, a_state, b_state)


def _changes(a: Report, b: Report) -> Iterator[Change]:
    found = {finding.rule for report in (a, b) for finding in report.findings}
    states = {state.rule: state.state for state in b.rules}
    for state in a.rules:
        other = states.get(state.rule, state.state)
        if state.rule not in found and state.state != other:
            yield Change("rule", state.rule, state.state, other)
    gates = {(gate.gate, gate.series): gate for gate in b.gates}
    for gate in a.gates:
        twin = gates.get((gate.gate, gate.series))
        if twin is None:
            continue
        name = f"{gate.gate} ({gate.series})" if gate.series else gate.gate
        if gate.status != twin.status:
            yield Change("gate", name, gate.status, twin.status)
        lines = {line.name: line.status for line in twin.requirements}
        for line in gate.requirements:
            if lines.get(line.name, line.status) != line.status:
                yield Change("requirement", f"{name}: {line.title or line.name}", line.status, lines[line.name])
    for name in sorted({gate.gate for gate in a.gates} ^ {gate.gate for gate in b.gates}):
        is_in_a = any(gate.gate == name for gate in a.gates)
        yield Change("gate", name, "judged" if is_in_a else "disabled", "disabled" if is_in_a else "judged")
    others = {result.invariant: result.status for result in b.invariants}
    for result in a.invariants:
        if others.get(result.invariant, result.status) != result.status and result.invariant not in found:
            yield Change("invariant", result.invariant, result.status, others[result.invariant])
