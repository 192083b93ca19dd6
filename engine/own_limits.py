"""Whether a gate that is open by the thresholds of this look is open by the pack's own as well."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from statistics import median

from .ledger import MET, standing, target
from .pack import Scalar
from .resolved import Resolved
from .watch import Limit, Line, Watch, scalar
from .words import listed, number


def open_as_set(watch: Watch, values: Mapping[str, Sequence[float]], share: float) -> str:
    """What keeps a gate closed by the pack's own thresholds that is open by those that were set, or an empty text.

    `values` are those of each requirement in the window, of which all but `share` must keep its target. A log shows
    that a trainer did not take a phase only where it would have been open to the trainer, whose settings are not
    those of this look.
    """
    resolved = watch.binder.names.resolved
    own = own_values(resolved)
    if own == resolved.values:
        return ""
    missed = [
        f"{line.requirement.title or line.requirement.id.replace('_', ' ')} ({told})"
        for line in watch.lines
        if line.requirement.id in values and (told := _missed(watch, line, values[line.requirement.id], own, share))
    ]
    return f"by the thresholds that were set; by the pack's own it waits for {listed(missed)}" if missed else ""


def own_values(resolved: Resolved) -> Mapping[str, Scalar]:
    """The params as the pack and the variant have them, whatever else was set."""
    if all(each.origin.startswith("variant ") for each in resolved.overrides):
        return resolved.values
    from .params import resolve

    return resolve(resolved.pack, variant=resolved.variant, isolated=True).values


def _missed(watch: Watch, line: Line, values: Sequence[float], own: Mapping[str, Scalar], share: float) -> str:
    """What the values reach and what they would need, where too few of them keep the pack's own target."""
    names = watch.binder.names
    limits = tuple(Limit(bound.operator, scalar(bound.limit, names, own)) for bound in line.requirement.bounds)
    if any(limit.value is None for limit in limits):
        return ""
    strict = line._replace(limits=limits)
    misses = [value for value in values if standing(strict, value) != MET]
    if len(misses) <= share * len(values):
        return ""
    return f"around {number(median(misses), 4)}, needs {target(limits)}"
