"""The logical plan: expressions over the columns of one run, reduced to a few operators and kernels.

Nodes are plain values: the same meaning is the same node, so each distinct window is computed once.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

NUMBER, CONDITION, TEXT = "number", "condition", "text"


@dataclass(frozen=True, slots=True)
class Const:
    """A literal or a parameter's value; None is unknown."""

    value: float | bool | str | None
    type: str = NUMBER


@dataclass(frozen=True, slots=True)
class Raw:
    """A metric's column as it was read; `wild` columns hold non-finite cells."""

    column: str
    metric: str
    type: str = NUMBER
    wild: bool = False


@dataclass(frozen=True, slots=True)
class Clock:
    """A column of the clock or a label, known on (almost) every row."""

    column: str
    type: str = NUMBER


@dataclass(frozen=True, slots=True)
class Op:
    """A pointwise operator.

    `name` is an arithmetic or comparison symbol, a function of the language, or one of: neg, and, or, not, among, choose,
    default, known (whether the operand is known), number (a condition as 0 or 1), where (the second operand where
    the first is true), nonfinite, text comparisons included.
    """

    name: str
    args: tuple[Value, ...]
    type: str = NUMBER


@dataclass(frozen=True, slots=True)
class Span:
    """How far back a window looks: `last` in `unit`, or the whole run so far (unit "all"); at least `least` points."""

    last: float
    unit: str
    least: int


@dataclass(frozen=True, slots=True)
class Kernel:
    """Something that looks at other rows of the stream of `arg` (the rows at which it is known).

    Over a `span`: count minimum maximum quantile mad mean total std zscore slope r2 mean_bound slope_bound (these two with
    the signed normal quantile in `q`); without one: shift first lowest highest reached (the first value once the clock
    has come to `q` `unit`) latest held (as latest, but it adds rows).
    """

    kind: str
    arg: Value
    span: Span | None = None
    lag: int = 0
    k: int = 0
    q: float = 0.0
    unit: str = ""
    type: str = NUMBER


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


def level(value: Value) -> int:
    """How many kernels stand upon one another in the value."""
    below = max((level(child) for child in children(value)), default=0)
    return below + 1 if isinstance(value, Kernel) else below


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


def leaves(value: Value) -> frozenset[Value]:
    """All metric leaves of a value, each with its `where`."""
    if isinstance(value, Raw) or (isinstance(value, Op) and value.name == "where" and isinstance(value.args[1], Raw)):
        return frozenset({value})
    return frozenset().union(*(leaves(child) for child in children(value)))


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
