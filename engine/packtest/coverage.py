"""What the tests of a pack leave out: rules that never fire or never stay quiet in one, gates that never open.

Only what a test that passed shows counts. A rule fires where a case lists it and the report has a finding of it, at the
severity that the finding has; it stays quiet where it was judged and is ok, for then the case would have failed had it
fired. A rule that was not evaluated, or still waits, shows nothing. Of gates and their checklists only what a case
lists counts, and of a checklist only while the gate is judged; a gate that a case lists as open shows every line met.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence

from ..pack import SEVERITIES, Pack
from ..report import Report
from .match import facts_of
from .model import Case, Coverage, Gap, Result, Seen, Suite

GATE_SHOWN = {"opens": ("open", "passed"), "blocks": ("blocked",)}
REQUIREMENT_SHOWN = {"is met": ("met",), "is missed": ("not met", "near")}
INVARIANT_SHOWN = {"holds": ("holds",), "breaks": ("broken", "mended")}
"""What a test must show of each, and the statuses that show it."""

STUCK = "stuck"
OPEN = "open"
UNJUDGED = ("passed", "out of scope")
"""The statuses of a gate that is not judged; its checklist is shown all the same."""


def seen_in(case: Case, report: Report) -> Seen:
    """What a case that passed shows of its pack."""
    facts = facts_of(report)
    return Seen(
        fired=frozenset((each.rule, each.severity) for each in report.findings if each.rule in case.listed),
        quiet=frozenset(state.rule for state in report.rules if state.state == "ok"),
        gates=frozenset(_gates(case, facts["gates"])),
        invariants=frozenset(_invariants(case, facts["invariants"])),
    )


def _gates(case: Case, gates: object) -> Iterator[tuple[str, str]]:
    """Each gate that the case lists, and each line of its checklist that the case tells of, with its status."""
    for path in (each.path for each in case.expects if each.path[0] == "gates"):
        name, gate = path[1].partition(" ")[0], gates.get(path[1]) if isinstance(gates, Mapping) else None
        if gate is None:
            continue
        yield name, gate["status"]
        if path[2] == "status" and gate["status"] == OPEN:
            yield from ((f"{name}.{line}", told["status"]) for line, told in gate["requirements"].items())
        if path[2] == "requirements" and path[3] in gate["requirements"] and gate["status"] not in UNJUDGED:
            yield f"{name}.{path[3]}", gate["requirements"][path[3]]["status"]
        if path[2] == "suggestions" and gate["suggestions"]:
            yield name, STUCK


def _invariants(case: Case, invariants: object) -> Iterator[tuple[str, str]]:
    """Each invariant with its status; one that is broken is in the report as a finding, which the case must list."""
    for name, told in invariants.items() if isinstance(invariants, Mapping) else ():
        if told["status"] == "holds" or name in case.listed:
            yield name, told["status"]


def coverage_of(suites: Sequence[Suite], results: Iterable[Result]) -> Coverage:
    """What all suites of one pack show of it, by the results of their cases."""
    pack, own = suites[0].pack, suites[0].own
    seen = [result.seen for result in results if result.passed]
    things: dict[str, list[tuple[str, list[Gap]]]] = {"rule": list(_rules(pack, own.rules, seen))}
    gates = {pair for each in seen for pair in each.gates}
    things["gate"] = [
        (id, [*_lacks("gate", id, GATE_SHOWN | ({"is stuck": (STUCK,)} if gate.stuck else {}), gates)])
        for id, gate in pack.gates.items()
        if id in own.gates
    ]
    things["requirement"] = [
        (name, list(_lacks("requirement", name, REQUIREMENT_SHOWN, gates)))
        for id, gate in pack.gates.items()
        if id in own.gates
        for name in (f"{id}.{requirement}" for requirement in gate.require)
    ]
    invariants = {pair for each in seen for pair in each.invariants}
    things["invariant"] = [
        (id, list(_lacks("invariant", id, INVARIANT_SHOWN, invariants)))
        for id in pack.invariants
        if id in own.invariants
    ]
    return Coverage(
        pack.id,
        {kind: (sum(not gaps for _, gaps in found), len(found)) for kind, found in things.items() if found},
        tuple(gap for found in things.values() for _, gaps in found for gap in gaps),
    )


def _rules(pack: Pack, own: frozenset[str], seen: Sequence[Seen]) -> Iterator[tuple[str, list[Gap]]]:
    fired = {pair for each in seen for pair in each.fired}
    quiet = {rule for each in seen for rule in each.quiet}
    for rule in pack.rules.values():
        if rule.id not in own:
            continue
        severities = sorted({level.severity for level in rule.levels}, key=SEVERITIES.index)
        missing = [severity for severity in severities if (rule.id, severity) not in fired]
        if len(missing) == len(severities):
            missing = [""]
        gaps = [Gap("rule", rule.id, "fires", severity) for severity in missing]
        yield rule.id, gaps + ([] if rule.id in quiet else [Gap("rule", rule.id, "stays quiet")])


def _lacks(kind: str, name: str, wanted: Mapping[str, tuple[str, ...]], seen: set[tuple[str, str]]) -> Iterator[Gap]:
    for never, statuses in wanted.items():
        if not any((name, status) in seen for status in statuses):
            yield Gap(kind, name, never)
