"""A value outside the param's own min and max.

A default, what a variant sets, or a setting of one run. A default out of its bounds is not allowed to be written as a
setting either, and a run with such a setting is not judged.

fails::

    params: {limit: {default: 7, min: 0, max: 5}}
             ^^^^^
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
from ..pack import Pack, Param
from . import Remark

SEVERITY = "error"


def check(pack: Pack) -> Iterator[Remark]:
    """Defaults, and values of variants, outside the bounds of their params."""
    for param in pack.params.values():
        yield from _outside(param, param.default, param.at, "default")
    for variant in pack.variants.values():
        for name, value in variant.set.items():
            if name in pack.params:
                yield from _outside(pack.params[name], value, variant.at, f"value in variant {variant.id!r}")


def _outside(param: Param, value: object, at: Position, what: str) -> Iterator[Remark]:
    if isinstance(value, bool) or not isinstance(value, (int, float)):
        return
    if param.min is not None and value < param.min:
        yield Remark(at, f"the {what} of param {param.id!r} is {value:g}, below its 'min' {param.min:g}", "mend one")
    if param.max is not None and value > param.max:
        yield Remark(at, f"the {what} of param {param.id!r} is {value:g}, above its 'max' {param.max:g}", "mend one")
