"""A rule that no test shows both ways: one where it fires, and one where it stays quiet.

A threshold that is edited later has nothing to hold it. Told of a pack's own rules, where it has a file of tests;
`rules test --require-coverage` looks closer, at what each run really shows.

fails, as tests::

    tests:
    ^^^^^
      - name: a calm run
        series: {loss: 1x20}
        expect: {rules: {high: ok}}

passes, as tests::

    tests:
      - name: a calm run
        series: {loss: 1x20}
        expect: {rules: {high: ok}}
      - name: a loss that runs away
        series: {loss: 5x20}
        expect: {rules: {high: firing}}
"""

from __future__ import annotations

from collections.abc import Iterator

from ..packtest.model import Case, Suite
from . import Remark

SEVERITY = "warning"

FIRED = frozenset({"firing", "resolved", "explained"})
"""The states of a rule that has fired."""


def check_tests(suite: Suite) -> Iterator[Remark]:
    """Rules of the tested pack that fire in no case, or stay quiet in none."""
    for rule in suite.pack.rules.values():
        if rule.id not in suite.own.rules:
            continue
        fires = [_fires(case, rule.id) for case in suite.cases]
        shown = "fires" if not any(fires) else "stays quiet" if all(fires) else ""
        if shown:
            hint = f"add a case that {'expects' if shown == 'fires' else 'does not list'} it"
            yield Remark(suite.at, f"rule {rule.id!r} {shown} in no test", hint, len("tests"))


def _fires(case: Case, rule: str) -> bool:
    """Whether a case expects that a rule fires: by its state, or by what only a finding has."""
    told = {each.path[2]: each.value for each in case.expects if each.path[:2] == ("rules", rule)}
    return told["state"] in FIRED if "state" in told else bool(told)
