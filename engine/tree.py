"""The checked tree of an expression: what every room behind the parser works on.

Every node carries `offset`, where its text begins in the expression, and `width`, how long it is (0: not known), for
error messages; they take no part in equality, so that the same meaning written twice is one node (a window is computed
once).
"""

from __future__ import annotations

from collections.abc import Iterator


class Node:
    """A piece of an expression: equal to what has the same class and the same parts, wherever it stands."""

    __slots__ = ("_hash", "_inner", "_spelt", "_walked", "offset", "width")
    __match_args__: tuple[str, ...] = ()
    inside: tuple[str, ...] = ()
    """The parts that are nodes, or tuples of nodes and of None."""

    offset: int
    width: int
    _hash: int
    _inner: tuple[Node, ...]
    _spelt: tuple[object, ...]
    _walked: tuple[Node, ...]

    def children(self) -> Iterator[Node]:
        """The direct sub-expressions, left to right."""
        try:
            return iter(self._inner)
        except AttributeError:
            found: list[Node] = []
            for name in self.inside:
                part = getattr(self, name)
                if isinstance(part, tuple):
                    found += [item for item in part if item is not None]
                else:
                    found.append(part)
            self._inner = tuple(found)
            return iter(found)

    def walk(self) -> Iterator[Node]:
        """This node and everything below it, from left to right; who validates a pack asks that many times over."""
        try:
            return iter(self._walked)
        except AttributeError:
            found: list[Node] = []
            waiting: list[Node] = [self]
            while waiting:
                node = waiting.pop()
                found.append(node)
                if node.inside:
                    waiting += [*node.children()][::-1]
            self._walked = tuple(found)
            return iter(found)

    def _parts(self) -> tuple[object, ...]:
        try:
            return self._spelt
        except AttributeError:
            self._spelt = tuple([getattr(self, name) for name in self.__match_args__])
            return self._spelt

    def __eq__(self, other: object) -> bool:
        return self is other or (type(other) is type(self) and self._parts() == other._parts())

    def __hash__(self) -> int:
        try:
            return self._hash
        except AttributeError:
            self._hash = hash((type(self), self._parts()))
            return self._hash

    def __getstate__(self) -> tuple[None, dict[str, object]]:
        """The parts alone: the hash of a text is another one in each process."""
        return None, {name: getattr(self, name) for name in (*self.__match_args__, "offset", "width")}

    def __repr__(self) -> str:
        parts = ", ".join(f"{name}={getattr(self, name)!r}" for name in self.__match_args__)
        return f"{type(self).__name__}({parts})"


class Number(Node):
    """A number."""

    __slots__ = __match_args__ = ("value",)

    def __init__(self, value: float, *, offset: int = 0) -> None:
        self.value, self.offset, self.width = value, offset, 0


class Text(Node):
    """A quoted text."""

    __slots__ = __match_args__ = ("value",)

    def __init__(self, value: str, *, offset: int = 0) -> None:
        self.value, self.offset, self.width = value, offset, 0


class Truth(Node):
    """true or false."""

    __slots__ = __match_args__ = ("value",)

    def __init__(self, value: bool, *, offset: int = 0) -> None:
        self.value, self.offset, self.width = value, offset, 0


class Name(Node):
    """A metric, a parameter, a window or a part of the clock; the scope says which."""

    __slots__ = __match_args__ = ("id",)

    def __init__(self, id: str, *, offset: int = 0) -> None:
        self.id, self.offset, self.width = id, offset, 0


class Negative(Node):
    """`-operand`."""

    __slots__ = __match_args__ = inside = ("operand",)

    def __init__(self, operand: Node, *, offset: int = 0) -> None:
        self.operand, self.offset, self.width = operand, offset, 0


class Arithmetic(Node):
    """`operator` is one of + - * / **; the right side of ** is a `Number`."""

    __slots__ = __match_args__ = ("operator", "left", "right")
    inside = ("left", "right")

    def __init__(self, operator: str, left: Node, right: Node, *, offset: int = 0) -> None:
        self.operator, self.left, self.right, self.offset, self.width = operator, left, right, offset, 0


class Comparison(Node):
    """`operator` is one of < <= > >= == !=; a chain `a < b < c` is an `And` of two."""

    __slots__ = __match_args__ = ("operator", "left", "right")
    inside = ("left", "right")

    def __init__(self, operator: str, left: Node, right: Node, *, offset: int = 0) -> None:
        self.operator, self.left, self.right, self.offset, self.width = operator, left, right, offset, 0


class Among(Node):
    """`operand in [choices]`; the choices are literals."""

    __slots__ = __match_args__ = inside = ("operand", "choices")

    def __init__(self, operand: Node, choices: tuple[Node, ...], *, offset: int = 0) -> None:
        self.operand, self.choices, self.offset, self.width = operand, choices, offset, 0


class And(Node):
    """All of the operands."""

    __slots__ = __match_args__ = inside = ("operands",)

    def __init__(self, operands: tuple[Node, ...], *, offset: int = 0) -> None:
        self.operands, self.offset, self.width = operands, offset, 0


class Or(Node):
    """Any of the operands."""

    __slots__ = __match_args__ = inside = ("operands",)

    def __init__(self, operands: tuple[Node, ...], *, offset: int = 0) -> None:
        self.operands, self.offset, self.width = operands, offset, 0


class Not(Node):
    """`not operand`."""

    __slots__ = __match_args__ = inside = ("operand",)

    def __init__(self, operand: Node, *, offset: int = 0) -> None:
        self.operand, self.offset, self.width = operand, offset, 0


class Broken(Node):
    """A call that does not fit the language, which is told already; what stands in it can still be checked."""

    __slots__ = __match_args__ = ("function", "arguments")
    inside = ("arguments",)

    def __init__(self, function: str, arguments: tuple[Node, ...], *, offset: int = 0) -> None:
        self.function, self.arguments, self.offset, self.width = function, arguments, offset, 0


class Conditional(Node):
    """`then if condition else otherwise`."""

    __slots__ = __match_args__ = inside = ("condition", "then", "otherwise")

    def __init__(self, condition: Node, then: Node, otherwise: Node, *, offset: int = 0) -> None:
        self.condition, self.then, self.otherwise, self.offset, self.width = condition, then, otherwise, offset, 0


class Call(Node):
    """A call of a registered function; `arguments` follow its parameters, defaults filled in, None where left out."""

    __slots__ = __match_args__ = ("function", "arguments")
    inside = ("arguments",)

    def __init__(self, function: str, arguments: tuple[Node | None, ...], *, offset: int = 0) -> None:
        self.function, self.arguments, self.offset, self.width = function, arguments, offset, 0
