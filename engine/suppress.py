"""Rules switched off or held lower for one run: until when that counts, what it hides, and whether it is needed."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence

from .items import Item
from .pack import Pack, Scalar
from .problems import Problems
from .resolved import Override, Resolved
from .settings import VARIANT, End, Said, Switch, Whereabouts

# Seldom needed, so compiled when they are.
_PLACE = r"(step|epoch) +([0-9]+(?:\.[0-9]+)?)"
_DAY = r"[0-9]{4}-[0-9]{2}-[0-9]{2}"
DAY = 86_400.0


def end_of(item: Item, problems: Problems) -> End | None:
    """The end that a value spells: "step 5000", "epoch 3", a date (its last moment, UTC) or a time."""
    value = item.value
    text = " ".join(value.split()) if isinstance(value, str) else ""
    if place := re.fullmatch(_PLACE, text):
        return End(place[1], float(place[2]), text)
    if text and (moment := _moment(text)) is not None:
        return End("time", moment, text)
    from .fields import kind
    from .mends import end

    problems.add(item.at, "bad-time", f"'until' must be a step, an epoch or a date, not {kind(item)}", end(value))
    return None


def _moment(text: str) -> float | None:
    """The last moment (seconds since 1970) that a date or a time, without a zone in UTC, stands for."""
    from datetime import UTC, datetime

    try:
        found = datetime.fromisoformat(text)
        found = found if found.tzinfo else found.replace(tzinfo=UTC)
        return found.timestamp() + (DAY - 1e-6 if re.fullmatch(_DAY, text) else 0.0)
    except (ValueError, OverflowError):
        return None


def is_over(end: End | None, where: Whereabouts) -> bool | None:
    """Whether a run is beyond an end; None where that cannot be told from it."""
    if end is None:
        return False
    reached: float | None = getattr(where, end.unit)
    return None if reached is None else reached > end.value


def settled(resolved: Resolved, where: Whereabouts) -> Resolved:
    """The pack as it stands for a run that has come so far: settings whose end is passed do not count."""
    if all(switch.until is None for switch in resolved.switches):
        return resolved
    return with_switches(resolved, [switch for switch in resolved.switches if is_over(switch.until, where)])


def with_switches(resolved: Resolved, expired: Sequence[Switch] = ()) -> Resolved:
    """The pack with its rules on, off and held to severities as its switches say, but for those that are `expired`."""
    pack = resolved.pack
    valid = [switch for switch in resolved.switches if switch not in expired]
    states = {switch.rule: switch for switch in valid if isinstance(switch.value, bool)}
    severities = {switch.rule: switch for switch in valid if isinstance(switch.value, str)}
    on_without = _is_on(pack, [switch for switch in valid if not _is_suppression(switch)])
    disabled = {name for name, is_on in _is_on(pack, valid).items() if not is_on}
    overrides = [override for override in resolved.overrides if "." not in override.param]
    for name, is_on in _is_on(pack, ()).items():
        state = states.get(name)
        if state is not None and state.value != is_on:
            overrides.append(_override(f"{name}.enabled", state, is_on, resolved.switches))
        severity = severities.get(name)
        if severity is not None and name in pack.rules:
            levels = pack.rules[name].levels
            if severity.value != levels[-1].severity or len(levels) > 1:
                overrides.append(_override(f"{name}.severity", severity, levels[-1].severity, resolved.switches))
    return resolved._replace(
        severities={name: str(switch.value) for name, switch in severities.items()},
        disabled=frozenset(disabled),
        suppressed=frozenset(name for name in disabled if on_without[name] and name in pack.rules),
        expired=tuple(expired),
        overrides=tuple(overrides),
    )


def _is_on(pack: Pack, switches: Iterable[Switch]) -> dict[str, bool]:
    own = {rule.id: rule.enabled for rule in pack.rules.values()} | dict.fromkeys(pack.gates, True)
    return own | {switch.rule: switch.value for switch in switches if isinstance(switch.value, bool)}


def _is_suppression(switch: Switch) -> bool:
    return switch.value is False and switch.kind != VARIANT


def _override(name: str, switch: Switch, default: Scalar, switches: Sequence[Switch]) -> Override:
    aspect = type(switch.value)
    before = [each for each in switches if each.rule == switch.rule and isinstance(each.value, aspect)]
    before = before[: before.index(switch)]
    return Override(
        name,
        switch.value,
        default,
        switch.origin,
        switch.at,
        over=tuple(Said(each.origin, _shown(each.value), each.at) for each in reversed(before)),
        reason=switch.reason,
        until=switch.until.text if switch.until else "",
    )


def _shown(value: bool | str) -> str:
    return str(value).lower() if isinstance(value, bool) else value
