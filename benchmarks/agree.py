"""Whether two programs that read one log found the same: the report of `rules eval`, and what a script made of it."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any

CLOSE = 1e-6
"""How far, as a share, two computed values may lie apart; sums are taken in different orders."""


def ours(report: Mapping[str, Any]) -> dict[str, dict[str, Any]]:
    """What each rule came to by a report of `rules eval`, in the words of the script."""
    found = {id: {"state": state} for state in ("ok", "pending") for id in report["rules"][state]}
    found |= {id: {"state": "unknown"} for state in ("waiting", "not_evaluated") for id in report["rules"][state]}
    for each in report["findings"]:
        found[each["rule"]] = {
            "severity": each["severity"],
            "state": "resolved" if each.get("end") else "firing",
            "episodes": each["episodes"],
            **{name: each[name]["step"] for name in ("onset", "fired", "last")},
            "end": each["end"]["step"] if each.get("end") else None,
            "worst": each["evidence"][0].get("worst") if each["evidence"] else None,
        }
    return found


def differences(report: Mapping[str, Any], theirs: Mapping[str, Mapping[str, Any]]) -> list[str]:
    """Every point in which a script differs from a report, over the rules that the script has; none: they agree."""
    found, lines = ours(report), []
    for id, wanted in theirs.items():
        told = found.get(id)
        if told is None:
            lines.append(f"{id}: not in the report")
            continue
        for name, other in wanted.items():
            if not _same(told.get(name), other):
                lines.append(f"{id}: {name} is {told.get(name)!r} in the report, {other!r} in the script")
    return lines


def left_out(report: Mapping[str, Any], theirs: Mapping[str, Mapping[str, Any]]) -> list[str]:
    """The rules that the report judged and the script does not have."""
    return sorted(id for id, told in ours(report).items() if told["state"] != "unknown" and id not in theirs)


def _same(mine: object, other: object) -> bool:
    if isinstance(mine, float) and isinstance(other, float):
        return math.isclose(mine, other, rel_tol=CLOSE, abs_tol=1e-9)
    return mine == other
