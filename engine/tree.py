"""The checked tree of an expression: what every room behind the parser works on.

Every node carries `offset`, the column offset of its text in the expression, for error messages; it takes no part in
equality, so that the same meaning written twice is one node (a window is computed once).
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field, fields


@dataclass(frozen=True, slots=True)
class Node:
    """A piece of an expression."""

    offset: int = field(default=0, compare=False, kw_only=True)

    def children(self) -> Iterator[Node]:
        """The direct sub-expressions, left to right."""
        for each in fields(self):
            value = getattr(self, each.name)
            if isinstance(value, Node):
                yield value
            elif isinstance(value, tuple):
                yield from (item for item in value if isinstance(item, Node))

    def walk(self) -> Iterator[Node]:
        """This node and everything below it."""
        yield self
        for child in self.children():
            yield from child.walk()


@dataclass(frozen=True, slots=True)
class Number(Node):
    value: float


@dataclass(frozen=True, slots=True)
class Text(Node):
    value: str


@dataclass(frozen=True, slots=True)
class Truth(Node):
    value: bool


@dataclass(frozen=True, slots=True)
class Name(Node):
    """A metric, a parameter, a window or a part of the clock; the scope says which."""

    id: str


@dataclass(frozen=True, slots=True)
class Negative(Node):
    operand: Node


@dataclass(frozen=True, slots=True)
class Arithmetic(Node):
    """`operator` is one of + - * / **; the right side of ** is a `Number`."""

    operator: str
    left: Node
    right: Node


@dataclass(frozen=True, slots=True)
class Comparison(Node):
    """`operator` is one of < <= > >= == !=; a chain `a < b < c` is an `And` of two."""

    operator: str
    left: Node
    right: Node


@dataclass(frozen=True, slots=True)
class Among(Node):
    """`operand in [choices]`; the choices are literals."""

    operand: Node
    choices: tuple[Node, ...]


@dataclass(frozen=True, slots=True)
class And(Node):
    operands: tuple[Node, ...]


@dataclass(frozen=True, slots=True)
class Or(Node):
    operands: tuple[Node, ...]


@dataclass(frozen=True, slots=True)
class Not(Node):
    operand: Node


@dataclass(frozen=True, slots=True)
class Conditional(Node):
    condition: Node
    then: Node
    otherwise: Node


@dataclass(frozen=True, slots=True)
class Call(Node):
    """A call of a registered function; `arguments` follow its parameters, defaults filled in, None where left out."""

    function: str
    arguments: tuple[Node | None, ...]
