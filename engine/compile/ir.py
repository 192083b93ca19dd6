"""The logical plan: expressions over the columns of one run, reduced to a few operators and kernels.

Nodes are plain values: the same meaning is the same node, so each distinct window is computed once.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from functools import lru_cache

from ..record import Record

NUMBER, CONDITION, TEXT = "number", "condition", "text"


class _Node:
    """Equal to what has the same class and the same fields.

    Values are keys of many dictionaries, so each reckons its hash once, from the hashes of its operands.
    """

    __slots__ = ("_fields", "_hash")
    __match_args__: tuple[str, ...] = ()

    def __init__(self, *fields: object) -> None:
        self._fields = fields
        self._hash = hash((type(self), fields))

    def __eq__(self, other: object) -> bool:
        if self is other:
            return True
        return type(other) is type(self) and self._hash == other._hash and self._fields == other._fields

    def __hash__(self) -> int:
        return self._hash

    def __repr__(self) -> str:
        return f"{type(self).__name__}{self._fields!r}"


class Const(_Node):
    """A literal or a parameter's value; None is unknown."""

    __slots__ = __match_args__ = ("value", "type")

    def __init__(self, value: float | bool | str | None, type: str = NUMBER) -> None:
        self.value, self.type = value, type
        super().__init__(value, type)


class Raw(_Node):
    """A metric's column as it was read; `wild` columns hold non-finite cells."""

    __slots__ = __match_args__ = ("column", "metric", "type", "wild")

    def __init__(self, column: str, metric: str, type: str = NUMBER, wild: bool = False) -> None:
        self.column, self.metric, self.type, self.wild = column, metric, type, wild
        super().__init__(column, metric, type, wild)


class Clock(_Node):
    """A column of the clock or a label, known on (almost) every row."""

    __slots__ = __match_args__ = ("column", "type")

    def __init__(self, column: str, type: str = NUMBER) -> None:
        self.column, self.type = column, type
        super().__init__(column, type)


class Op(_Node):
    """A pointwise operator.

    `name` is an arithmetic or comparison symbol, a function of the language, or one of: neg, and, or, not, among,
    choose, default, known (whether the operand is known), number (a condition as 0 or 1), where (the second operand
    where the first is true), nonfinite, text comparisons included.
    """

    __slots__ = __match_args__ = ("name", "args", "type")

    def __init__(self, name: str, args: tuple[Value, ...], type: str = NUMBER) -> None:
        self.name, self.args, self.type = name, args, type
        super().__init__(name, args, type)


class Span(Record):
    """How far back a window looks: `last` in `unit`, or the whole run so far (unit "all"); at least `least` points."""

    last: float
    unit: str
    least: int


class Kernel(_Node):
    """Something that looks at other rows of the stream of `arg` (the rows at which it is known).

    Over a `span`: count minimum maximum quantile mad mean total std zscore slope r2 mean_bound slope_bound (these two
    with the signed normal quantile in `q`); without one: shift first lowest highest reached (the first value once the
    clock has come to `q` `unit`) latest held (as latest, but it adds rows).
    """

    __slots__ = __match_args__ = ("kind", "arg", "span", "lag", "k", "q", "unit", "type")

    def __init__(
        self,
        kind: str,
        arg: Value,
        span: Span | None = None,
        lag: int = 0,
        k: int = 0,
        q: float = 0.0,
        unit: str = "",
        type: str = NUMBER,
    ) -> None:
        self.kind, self.arg, self.span, self.lag = kind, arg, span, lag
        self.k, self.q, self.unit, self.type = k, q, unit, type
        super().__init__(kind, arg, span, lag, k, q, unit, type)

    def over(self, arg: Value) -> Kernel:
        """The same kernel over another operand."""
        return Kernel(self.kind, arg, self.span, self.lag, self.k, self.q, self.unit, self.type)


Value = Const | Raw | Clock | Op | Kernel


def children(value: Value) -> tuple[Value, ...]:
    """The direct operands."""
    match value:
        case Op(args=args):
            return args
        case Kernel(arg=arg):
            return (arg,)
        case _:
            return ()


def walk(value: Value) -> Iterator[Value]:
    """The node and everything below it."""
    yield value
    for child in children(value):
        yield from walk(child)


def walk_once(values: Iterable[Value]) -> Iterator[Value]:
    """Each distinct node of some values and of everything below them once, in the order of `walk`."""
    seen: set[Value] = set()
    waiting = [*values][::-1]
    while waiting:
        value = waiting.pop()
        if value not in seen:
            seen.add(value)
            yield value
            waiting += children(value)[::-1]


@lru_cache(maxsize=4096)
def level(value: Value) -> int:
    """How many kernels stand upon one another in the value."""
    below = max((level(child) for child in children(value)), default=0)
    return below + 1 if isinstance(value, Kernel) else below


@lru_cache(maxsize=4096)
def givers(value: Value) -> frozenset[Value]:
    """The leaves that give a value its rows: metrics outside latest() and default(), each with its `where`."""
    match value:
        case Raw() | Op(name="where", args=(_, Raw())):
            return frozenset({value})
        case Kernel(kind="latest" | "held"):
            return frozenset()
        case Op(name="default", args=(_, fallback)):
            return givers(fallback)
        case Op(name="where", args=(_, operand)):
            return givers(operand)
        case _:
            return frozenset().union(*(givers(child) for child in children(value)))


@lru_cache(maxsize=4096)
def rows_of(value: Value) -> frozenset[Value] | None:
    """The leaves on whose rows a value may be observed; None: on every row.

    latest() adds no rows of its own, so that a value with nothing else has the rows of what stands in it.
    """
    found = givers(value)
    if found or any(isinstance(node, Kernel) and node.kind == "held" for node in walk(value)):
        return found or None
    if any(isinstance(node, Op) and node.name == "default" for node in walk(value)):
        return None
    return leaves(value) or None


@lru_cache(maxsize=4096)
def leaves(value: Value) -> frozenset[Value]:
    """All metric leaves of a value, each with its `where`."""
    if isinstance(value, Raw) or (isinstance(value, Op) and value.name == "where" and isinstance(value.args[1], Raw)):
        return frozenset({value})
    return frozenset().union(*(leaves(child) for child in children(value)))


@lru_cache(maxsize=4096)
def free(value: Value) -> bool:
    """Whether the value can be known on a row on which none of its metrics is logged."""
    match value:
        case Raw():
            return False
        case Const() | Clock() | Kernel(kind="latest" | "held") | Op(name="default"):
            return True
        case Kernel(arg=arg):
            return free(arg)
        case Op(name="where", args=(_, operand)):
            return free(operand)
        case Op(name="choose", args=(condition, *branches)):
            return free(condition) and any(free(branch) for branch in branches)
        case Op(name="and" | "or", args=args):
            return rows_of(value) is None and any(free(arg) for arg in args)
        case Op(args=args):
            return all(free(arg) for arg in args)
