"""Which pack judges a run among many: the one that is given, or that which fits its keys, as it does alone."""

from __future__ import annotations

from ..detect import choose
from ..errors import LogError
from ..pack import Pack
from ..readers.survey import SMALL
from ..shelf import load_pack
from ..tree import Call
from ..tree import Text as Quoted
from .reading import Text

_Chosen = tuple[Pack, tuple[str, ...]]


class Choice:
    """The packs that fit logs by the names of their keys; it remembers them."""

    def __init__(self) -> None:
        self.packs: dict[str, Pack] = {}
        self.known: dict[frozenset[bytes], _Chosen | None] = {}

    def of(self, path: str, text: Text) -> _Chosen | None:
        """The pack for a log and the keys that tell it; None where none is for sure, or it must judge each by itself.

        Alone, only the ends of a large log and pieces of it are looked at for keys.
        """
        if len(text.raw) > SMALL:
            return None
        if text.names not in self.known:
            self.known[text.names] = self._fitting(path, text.names)
        return self.known[text.names]

    def _fitting(self, path: str, names: frozenset[bytes]) -> _Chosen | None:
        try:
            fit = choose(path, frozenset(name.decode() for name in names))
        except LogError:  # told of each log
            return None
        if fit.pack not in self.packs:
            self.packs[fit.pack] = load_pack(fit.pack)
        pack = self.packs[fit.pack]
        return (pack, fit.found) if can_be_shared(pack) else None


def can_be_shared(pack: Pack) -> bool:
    """Whether runs can be judged together by a pack."""
    return not pack.gates and not _needs_the_start(pack)


def _needs_the_start(pack: Pack) -> bool:
    """Whether an expression counts in minutes from the first row, whose time is that of one run alone."""
    found = [*pack.rules.values()]
    expressions = [
        each for rule in found for level in rule.levels for each in (level.when, level.until, rule.since, rule.while_)
    ]
    expressions += [each for metric in pack.metrics.values() for each in (metric.expr, metric.where)]
    nodes = (node for each in expressions if each is not None for node in each.tree.walk())
    moments = (node.arguments[1] for node in nodes if isinstance(node, Call) and node.function == "at")
    return any(isinstance(moment, Quoted) and moment.value.endswith("minutes") for moment in moments)
