"""What the tests of a pack leave out: rules that never fire or never stay quiet in one, gates that never open.

Only what a test that passed shows counts. A rule fires where a case lists it and the report has a finding of it, at the
severity that the finding has; it stays quiet where it was judged and is ok, for then the case would have failed had it
fired. A rule that was not evaluated, or still waits, shows nothing.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence

from ..pack import SEVERITIES
from ..report import Report
from .match import facts_of
from .model import Case, Coverage, Gap, Result, Seen, Suite


def seen_in(case: Case, report: Report) -> Seen:
    """What a case that passed shows of its pack."""
    facts = facts_of(report)
    return Seen(
        fired=frozenset((each.rule, each.severity) for each in report.findings if each.rule in case.rules),
        quiet=frozenset(state.rule for state in report.rules if state.state == "ok"),
        gates=frozenset(_statuses(case, facts, "gates")),
        invariants=frozenset(_statuses(case, facts, "invariants")),
    )


def _statuses(case: Case, facts: dict[str, object], section: str) -> Iterator[tuple[str, str]]:
    listed = {each.path[1] for each in case.expects if each.path[0] == section}
    named = facts[section]
    assert isinstance(named, dict)
    for id in listed & set(named):
        yield id, str(named[id].get("status", ""))


def coverage_of(suites: Sequence[Suite], results: Iterable[Result]) -> Coverage:
    """What all suites of one pack show of it, by the results of their cases."""
    pack = suites[0].pack
    seen = [result.seen for result in results if result.passed]
    fired = {pair for each in seen for pair in each.fired}
    quiet = {rule for each in seen for rule in each.quiet}
    gaps: list[Gap] = []
    whole = 0
    own = [rule for rule in pack.rules.values() if rule.id in suites[0].own]
    for rule in own:
        severities = [level.severity for level in rule.levels]
        missing = [
            severity for severity in sorted(severities, key=SEVERITIES.index) if (rule.id, severity) not in fired
        ]
        whole_rule = len(missing) == len(severities)
        lacks = [Gap("rule", rule.id, "fires", "" if whole_rule else severity) for severity in missing]
        lacks += [] if rule.id in quiet else [Gap("rule", rule.id, "stays quiet")]
        gaps += dict.fromkeys(lacks)
        whole += not lacks
    return Coverage(pack.id, {"rule": (whole, len(own))}, tuple(gaps))
