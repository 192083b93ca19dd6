"""What the user switched off for one run, once that is read: whether it still counts, what it hides, what is idle."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import TypeAlias

from .readers.model import Run
from .report import Finding, LogFacts, RuleState, Suppression
from .resolved import Resolved
from .settings import PROJECT, VARIANT, Switch, Whereabouts
from .suppress import is_over

Hidden: TypeAlias = Mapping[str, "Finding | RuleState"]
"""What each rule that is switched off would say: its finding, or else how it stands."""


def whereabouts(resolved: Resolved, given: Run, now: float | None) -> Whereabouts:
    """How far a run has come; dates are judged by `now`, or else by the last time in the log."""
    needs_time = any(switch.until and switch.until.unit == "time" for switch in resolved.switches)
    if needs_time and now is None:
        row = given.con.execute(f"SELECT max(time) FROM {given.table}").fetchone()
        now = row[0] if row else None
    return Whereabouts(given.facts.last_step, given.facts.last_epoch, now)


def suppressions(resolved: Resolved, hidden: Hidden, log: LogFacts, where: Whereabouts) -> tuple[Suppression, ...]:
    """How each rule and gate stands that the user switched off, and each setting of a rule whose end is passed."""
    return tuple(_suppressions(resolved, hidden, log, where))


def _suppressions(resolved: Resolved, hidden: Hidden, log: LogFacts, where: Whereabouts) -> Iterator[Suppression]:
    last = {
        switch.rule: switch
        for switch in resolved.switches
        if isinstance(switch.value, bool) and switch not in resolved.expired
    }
    for switch in resolved.switches:
        if switch in resolved.expired:
            warning = f"{_told(switch)}: that is over, {_instead(switch)}; remove the entry"
            yield _made(switch, "expired", warning=warning)
        elif switch.value is False and switch.kind != VARIANT and last[switch.rule] is switch:
            yield _judged(switch, resolved, hidden.get(switch.rule), log, where)


def _judged(
    switch: Switch, resolved: Resolved, found: Finding | RuleState | None, log: LogFacts, where: Whereabouts
) -> Suppression:
    undecided = ""
    if is_over(switch.until, where) is None and switch.until is not None:
        lacks = "no times, and --now is not given" if switch.until.unit == "time" else f"no {switch.until.unit}s"
        undecided = f"{_told(switch)}: whether that is over cannot be told, the log has {lacks}"
    if isinstance(found, Finding):
        return _made(switch, "hides", found, undecided)
    if switch.rule not in resolved.suppressed and switch.rule not in resolved.pack.gates:
        return _made(switch, "unused", warning=f"{_told(switch)}, and it is off without that; remove the entry")
    if found is None or found.state in ("waiting", "pending"):
        return _made(switch, "applies", warning=undecided)
    # An entry for a whole project, or one that is to end later in the run, need not have been of use yet.
    is_early = switch.kind == PROJECT or (switch.until is not None and not log.ended)
    why = f"it cannot be judged here ({found.reason})" if found.state == "not_evaluated" else "it finds nothing"
    return _made(switch, "unused", warning=undecided if is_early else f"{_told(switch)}, and {why}; remove the entry")


def _made(switch: Switch, status: str, hides: Finding | None = None, warning: str = "") -> Suppression:
    until = switch.until.text if switch.until else ""
    return Suppression(switch.rule, switch.origin, switch.at, switch.reason, until, status, hides, warning)


def _told(switch: Switch) -> str:
    place = f"{switch.origin}:{switch.at.line}" if switch.at else switch.origin
    does = f"holds {switch.rule} to {switch.value}" if isinstance(switch.value, str) else f"switches {switch.rule} off"
    return f"{place} {does}" + (f" until {switch.until.text}" if switch.until else "")


def _instead(switch: Switch) -> str:
    return "it no longer counts" if isinstance(switch.value, str) else "and the entry no longer counts"
