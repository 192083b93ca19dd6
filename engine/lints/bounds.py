"""Values of params that a user would not be allowed to set."""

from __future__ import annotations

from collections.abc import Iterator

from ..errors import Position, Problem
from ..pack import Pack, Param


def out_of_bounds(pack: Pack) -> Iterator[Problem]:
    """A default, or the value that a variant sets, outside the param's own min and max.

    passes::

        params: {limit: {default: 2, min: 0, max: 5}}

    fails::

        params: {limit: {default: 7, min: 0, max: 5}}
    """
    for param in pack.params.values():
        yield from _outside(param, param.default, param.at, "default")
    for variant in pack.variants.values():
        for name, value in variant.set.items():
            if name in pack.params:
                yield from _outside(pack.params[name], value, variant.at, f"value in variant {variant.id!r}")


def _outside(param: Param, value: object, at: Position, what: str) -> Iterator[Problem]:
    if isinstance(value, bool) or not isinstance(value, (int, float)):
        return
    if param.min is not None and value < param.min:
        yield Problem(at, f"the {what} of param {param.id!r} is {value:g}, below its 'min' {param.min:g}", "mend one")
    if param.max is not None and value > param.max:
        yield Problem(at, f"the {what} of param {param.id!r} is {value:g}, above its 'max' {param.max:g}", "mend one")
