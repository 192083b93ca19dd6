"""What the params of a pack are worth before any run: by default, and in each of its variants."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import TypeAlias

from ..expression import Expression
from ..pack import Pack, Scalar, Variant
from ..scalar import evaluate_scalar
from ..tree import Name
from ..values import DEFAULT

Values: TypeAlias = Mapping[str, Scalar]


def every_setting(pack: Pack) -> Iterator[Values]:
    """The values by default, then those of each variant."""
    yield from (values for _, values in settings_of(pack))


def settings_of(pack: Pack) -> Iterator[tuple[Variant | None, Values]]:
    """The values by default (None), then each variant that sets some, with its own."""
    yield None, values_of(pack)
    for variant in pack.variants.values():
        if variant.set:
            yield variant, values_of(pack, variant)


def values_of(pack: Pack, variant: Variant | None = None) -> dict[str, Scalar]:
    """The value of each param; None for one that is unset, or cannot be computed."""
    given = dict(variant.set) if variant is not None else {}
    done: dict[tuple[str, bool], Scalar] = {}

    def worth(id: str, own: bool) -> Scalar:
        """What a param is set to, or, with `own`, its own default."""
        key = (id, own or id not in given)
        if key not in done:
            done[key] = None  # what a circle comes back to; it is told elsewhere
            value = pack.params[id].default if key[1] else given[id]
            if isinstance(value, Expression):
                names = {node.id for node in value.tree.walk() if isinstance(node, Name)}
                known = {name: worth(id, True) if name == DEFAULT else worth(name, False) for name in names}
                value = evaluate_scalar(value, known)
            done[key] = value
        return done[key]

    return {id: worth(id, False) for id in pack.params}
