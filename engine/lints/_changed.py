"""What a pack makes of inherited conditions by the values that it changes, and a variant of any by those that it sets.

What stands in a parent is the parent's business. But a condition that names a param, a window or a computed metric
means something else where that is given anew; what it means no longer is told there.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence

from ..errors import Position
from ..expression import Expression
from ..pack import Pack, Variant
from ..record import Record
from ..tree import Name
from . import Remark
from ._conditions import logics_of
from ._logic import Logic
from ._places import find
from ._values import settings_of, values_of

_recent: list[tuple[Pack, Changes]] = []
"""The pack that was looked at last, since several lints look at one pack one after another."""


class Blame(Record):
    """The value of the pack's own, or of a variant, that is at fault; `logic` is what can be told with it.

    `where` names the variant in which it is, as the end of a sentence.
    """

    at: Position
    logic: Logic
    where: str


class Setting(Record):
    """A way to run a pack: by default, or in a variant, with where the file gives the values that count then."""

    variant: Variant | None
    logic: Logic
    given: Mapping[str, Position]


class Changes:
    """What the file of a pack gives anew: for all that is inherited, and, in variants, for all."""

    def __init__(self, pack: Pack) -> None:
        self.pack = pack
        self.mine = dict(_mine(pack))
        self.settings = [
            Setting(variant, logic, dict(_set(pack, variant)))
            for (variant, _), logic in zip(settings_of(pack), logics_of(pack), strict=True)
        ]
        self.any = bool(self.mine) or any(each.given for each in self.settings)
        self.behind: dict[str, frozenset[str]] = {}
        self.without: dict[tuple[str | None, frozenset[str]], Logic] = {}

    def blamed(
        self,
        looked_at: Sequence[Expression | None],
        fault: Callable[[Logic], bool],
        *,
        rule: str = "",
        named: Iterable[str] = (),
    ) -> Blame | None:
        """The value without which there is no `fault` in what the first of some expressions says with the others.

        `rule` is the one that they are of, `named` what they rest on besides.

        None where there is no fault, or no value of the file's own brings it about. A fault by default is no variant's.
        Where one value is not enough, several are to blame, and the first is told.
        """
        if not self.any:
            return None
        expressions = [each for each in looked_at if each is not None]
        is_inherited = expressions[0].at.file != self.pack.at.file
        names = {id for each in expressions for id in self.named(each)}.union(*map(self.reached, named))
        for setting in self.settings:
            taken = setting.variant.set if setting.variant is not None else {}
            of_file = {id: at for id, at in self.mine.items() if id not in taken} if is_inherited else {}
            found = [(at, id) for given in (setting.given, of_file) for id, at in given.items() if id in names]
            is_off = setting.variant is not None and rule in setting.variant.disable
            if not found or is_off or not fault(setting.logic):
                continue
            if setting.variant is not None and fault(self.settings[0].logic):
                continue
            for at, id in found:
                if not fault(self.logic_without(setting, frozenset([id]))):
                    return Blame(at, setting.logic, _where(setting))
            if not fault(self.logic_without(setting, frozenset(id for _, id in found))):
                return Blame(found[0][0], setting.logic, _where(setting))
        return None

    def named(self, expression: Expression) -> Iterator[str]:
        """What an expression names, directly or through what that is computed from."""
        for node in expression.tree.walk():
            if isinstance(node, Name):
                yield from self.reached(node.id)

    def reached(self, id: str) -> frozenset[str]:
        """A name, and all that what it stands for is computed from."""
        if id not in self.behind:
            self.behind[id] = frozenset([id])  # what a circle comes back to; it is told elsewhere
            inner = [each for source in _sources(self.pack, id) for each in self.named(source)]
            self.behind[id] = frozenset([id, *inner])
        return self.behind[id]

    def logic_without(self, setting: Setting, ids: frozenset[str]) -> Logic:
        """What can be told where nothing is known of some values."""
        key = (setting.variant.id if setting.variant is not None else None, ids)
        if key not in self.without:
            pack = self.pack
            taken = dict(setting.variant.set) if setting.variant is not None else {}
            unset = {id: None for id in ids if id in pack.params}
            free = pack._replace(
                windows={id: each for id, each in pack.windows.items() if id not in ids},
                metrics={id: each._replace(expr=None) if id in ids else each for id, each in pack.metrics.items()},
            )
            self.without[key] = Logic(free, values_of(pack, Variant("", pack.at, taken | unset)))
        return self.without[key]


def changes_of(pack: Pack) -> Changes:
    """What a pack's own file changes, looked for once."""
    if not _recent or _recent[0][0] is not pack:
        _recent[:] = [(pack, Changes(pack))]
    return _recent[0][1]


def once(remarks: Iterable[Remark]) -> Iterator[Remark]:
    """Remarks of which those on one value are one, the first."""
    found: dict[Position, list[Remark]] = {}
    for each in remarks:
        found.setdefault(each.at, []).append(each)
    for first, *others in found.values():
        more = f", and {len(others)} more" if others else ""
        yield first._replace(message=first.message + more)


def _mine(pack: Pack) -> Iterator[tuple[str, Position]]:
    """Where the pack's own file says what a param, a window or a computed metric is."""
    for section, things, fields in (
        ("params", pack.params, ("default",)),
        ("windows", pack.windows, ("last", "min")),
        ("metrics", pack.metrics, ("expr",)),
    ):
        for id in things if pack.extends is not None else ():
            for field in fields:
                item = find(pack, section, id, field)
                if item is not None and item.file == pack.at.file:
                    yield id, item.at
                    break


def _set(pack: Pack, variant: Variant | None) -> Iterator[tuple[str, Position]]:
    """Where the pack's own file sets params in a variant."""
    for id in variant.set if variant is not None else ():
        item = find(pack, "variants", variant.id, "set", id) if variant is not None else None
        if item is not None and item.file == pack.at.file:
            yield id, item.at


def _sources(pack: Pack, id: str) -> Iterator[Expression]:
    if id in pack.metrics:
        yield from (each for each in (pack.metrics[id].expr, pack.metrics[id].where) if each is not None)
    elif id in pack.params:
        default = pack.params[id].default
        yield from [default] if isinstance(default, Expression) else []
    elif id in pack.windows:
        window = pack.windows[id]
        yield from [window.last.amount] if window.last is not None else []
        yield from [window.min_points] if window.min_points is not None else []


def _where(setting: Setting) -> str:
    return f" in variant {setting.variant.id!r}" if setting.variant is not None else ""
