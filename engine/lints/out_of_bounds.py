"""A value outside the param's own min and max.

A default, what a variant sets, or a setting of one run. A default out of its bounds is not allowed to be written as a
setting either, and a run with such a setting is not judged.

fails::

    params: {limit: {default: 7, min: 0, max: 5}}
                              ^
    rules:
      high: {title: High loss, cause: diverging, severity: warning, when: loss > limit}

passes::

    params: {limit: {default: 2, min: 0, max: 5}}
    rules:
      high: {title: High loss, cause: diverging, severity: warning, when: loss > limit}
"""

from __future__ import annotations

from collections.abc import Iterator

from ..errors import Position
from ..pack import Pack, Param, Scalar
from . import Remark
from ._places import value_at
from ._values import values_of

SEVERITY = "error"


def check(pack: Pack) -> Iterator[Remark]:
    """Defaults, and values of variants, outside the bounds of their params; both may be computed from others."""
    own = values_of(pack)
    for param in pack.params.values():
        at = value_at(pack, param.at, "params", param.id, "default")
        yield from _outside(pack, param, own[param.id], at, "default")
    for variant in pack.variants.values():
        values = values_of(pack, variant)
        for param in pack.params.values():
            if param.id in variant.set:
                at = value_at(pack, variant.at, "variants", variant.id, "set", param.id)
                yield from _outside(pack, param, values[param.id], at, f"value in variant {variant.id!r}")
            elif values[param.id] != own[param.id]:  # it follows what the variant sets
                yield from _outside(pack, param, values[param.id], variant.at, f"default in variant {variant.id!r}")


def _outside(pack: Pack, param: Param, value: Scalar, at: Position, what: str) -> Iterator[Remark]:
    if isinstance(value, bool) or not isinstance(value, (int, float)):
        return
    if at.file != pack.at.file:
        at = param.at  # the value is inherited, and the bounds may be the pack's own
    told = f"the {what} of param {param.id!r} is {value:g}"
    if at.file == pack.at.file and param.min is not None and value < param.min:
        yield Remark(at, f"{told}, below its 'min' {param.min:g}", "mend one")
    if at.file == pack.at.file and param.max is not None and value > param.max:
        yield Remark(at, f"{told}, above its 'max' {param.max:g}", "mend one")
