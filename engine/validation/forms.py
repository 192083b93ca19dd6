"""What of the logical plan DuckDB reads alike, so that one of it tells of all.

DuckDB binds SQL by types, from the inside to the outside: what it makes of `(c1 - c2) > 5e0` it makes of
`(c7 - c3) > 2e0` as well, and of any other difference of numbers. So an operator is looked at with its operands as they
are written, and with the operands of those as columns of their types.
"""

from __future__ import annotations

from collections.abc import Callable, Hashable, Mapping

from ..compile.ir import CONDITION, NUMBER, TEXT, Clock, Const, Kernel, Op, Raw, Span, Value, free, rows_of

SMALLEST, LARGEST = 1e-6, 1e6
"""Numbers between these, of either sign, are written and read alike, as lengths and as literals."""

_TYPES = {NUMBER: "DOUBLE", CONDITION: "BOOLEAN", TEXT: "VARCHAR"}
_HANDING_ON = frozenset({"shift", "first", "lowest", "highest", "reached", "latest", "held", "minimum", "maximum"})
_WHOLE = frozenset({"where", "choose", "default", "min", "max", "+", "-", "*", "neg", "abs"})


class Forms:
    """The forms of operators and kernels: DuckDB takes two of one form, or refuses both."""

    __slots__ = ("_types",)

    def __init__(self, types: Mapping[str, str]) -> None:
        """`types` has the types of columns; one that is missing there is like no other."""
        self._types = types

    def of(self, value: Value) -> Hashable:
        """The form of an operator over its operands as they are written, of a kernel over the column of its own."""
        if not isinstance(value, Kernel):
            return self._part(value) if not isinstance(value, Op) else self._operator(value, self._part)
        arg = self._leaf(value.arg), self._rows(value.arg) if free(value.arg) else None
        lengths = (_window(value.span), _length(value.lag), _length(value.k), _share(value.q), value.unit)
        return value.kind, value.type, arg, lengths

    def type_of(self, value: Value) -> str:
        """The type that DuckDB gives a value: whole numbers stay whole where they are only handed on."""
        match value:
            case Raw(column=column) | Clock(column=column) if column in self._types:
                return self._types[column]
            case Kernel(kind=kind, arg=arg, type="number") if kind in _HANDING_ON:
                return self.type_of(arg)
            case Op(name=name, args=args, type="number") if name in _WHOLE:
                numbers = args[1:] if name in ("where", "choose") else args
                return "BIGINT" if all(self.type_of(arg) == "BIGINT" for arg in numbers) else "DOUBLE"
            case _:
                return _TYPES[value.type]

    def observed(self, value: Value) -> Hashable:
        """The form of a value as a column that is looked at where it may be observed."""
        return "observed", self.type_of(value), self._rows(value)

    def _rows(self, value: Value) -> Hashable:
        return tuple(sorted([repr(self._part(leaf)) for leaf in rows_of(value) or ()]))

    def _operator(self, op: Op, part: Callable[[Value], Hashable]) -> Hashable:
        parts = tuple([part(arg) for arg in op.args])
        if op.name not in ("and", "or"):
            return op.name, op.type, parts
        # How logic is written depends on the rows of its operands.
        rows = tuple([self._rows(arg) for arg in op.args])
        return op.name, op.type, parts, rows, len({rows_of(arg) for arg in op.args}), tuple(map(free, op.args))

    def _part(self, value: Value) -> Hashable:
        return self._operator(value, self._leaf) if isinstance(value, Op) else self._leaf(value)

    def _leaf(self, value: Value) -> Hashable:
        match value:
            case Op() | Kernel():
                return self.type_of(value)
            case Const(value=constant):
                return "constant", _ordinary(constant) if isinstance(constant, float) else constant, value.type
            case Raw(column=column):
                return "cell", self._types.get(column, column), value.wild
            case _:
                return "clock", self._types.get(value.column, value.column)


def _window(span: Span | None) -> Hashable:
    return span and (span.unit, _length(span.last), _length(span.least), span.least > span.last)


def _length(length: float) -> Hashable:
    """A number of rows: none, one, several, or too many to be like another."""
    return length if length <= 1 or length > LARGEST else "several"


def _share(number: float) -> Hashable:
    return "share" if 0 < number < 1 else _ordinary(number)


def _ordinary(number: float) -> Hashable:
    if SMALLEST <= number <= LARGEST:
        return "positive"
    return "negative" if SMALLEST <= -number <= LARGEST else repr(number)
