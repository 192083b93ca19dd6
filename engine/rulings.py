"""What is to be said of each rule, from how its automata went: a finding, or how the rule stands."""

from __future__ import annotations

from collections.abc import Sequence

from .episodes import Course
from .evidence import closest
from .findings import Went, Workbench, finding_of, is_quiet, quiet_state, severity_of, state_of
from .judged import Judged
from .report import Finding, RuleState


def rulings(bench: Workbench, judged: Sequence[Judged], courses: Sequence[Course]) -> dict[str, Finding | RuleState]:
    """A finding or a state by rule, of levels and series of rules that went these ways."""
    ways: dict[str, list[tuple[Judged, Course]]] = {}
    for each, course in zip(judged, courses, strict=True):
        ways.setdefault(each.rule.id, []).append((each, course))
    quiet = {id for id, some in ways.items() if is_quiet(course for _, course in some)}
    shown = quiet - bench.resolved.disabled
    near = closest(bench.program, [each for id in ways if id in shown for each, _ in ways[id]])
    found: dict[str, Finding | RuleState] = {}
    states: dict[str, RuleState] = {}
    for id, some in ways.items():
        rule = bench.resolved.pack.rules[id]
        if id in quiet:
            states[id] = quiet_state(bench.resolved, rule, [each.level for each, _ in some])
            continue
        went = [Went(each, course, severity_of(bench.resolved, rule, each.level.severity)) for each, course in some]
        if (finding := finding_of(bench, rule, went)) is not None:
            found[id] = finding
        else:
            states[id] = state_of(bench, rule, went)
    for id, evidence in near().items():
        states[id] = states[id]._replace(closest=evidence)
    return found | states
