"""Text of an expression → tree, with everything refused that is not in the language.

The syntax is a subset of Python's, read once with `ast`; the tree that leaves this module holds only the nodes of
`tree.py`, so nothing behind it can meet an attribute, a subscript or a name that is not in the scope.
"""

from __future__ import annotations

import ast
import math
import re
from collections.abc import Callable
from functools import lru_cache
from typing import TYPE_CHECKING
from warnings import catch_warnings, simplefilter

from .errors import ExpressionError, Position, Problem, did_you_mean
from .expression import Expression
from .functions import FUNCTIONS, Function
from .pythonisms import CALLED, INSTEAD, REFUSED
from .pythonplaces import Places
from .record import Record
from .remarks import hiding
from .tree import (
    Among,
    And,
    Arithmetic,
    Broken,
    Call,
    Comparison,
    Conditional,
    Name,
    Negative,
    Node,
    Not,
    Number,
    Or,
    Text,
    Truth,
)

if TYPE_CHECKING:
    from .codes import Code

MAX_LENGTH = 2_000
MAX_DEPTH = 60
MAX_EXPONENT = 64

_ARITHMETIC = {ast.Add: "+", ast.Sub: "-", ast.Mult: "*", ast.Div: "/", ast.Pow: "**"}
_COMPARISONS = {ast.Lt: "<", ast.LtE: "<=", ast.Gt: ">", ast.GtE: ">=", ast.Eq: "==", ast.NotEq: "!="}
_TRUTHS = {"true": True, "True": True, "false": False, "False": False}
_SYNTAX = "'rules explain not-in-language' tells what is"
NO_TEXT = "half a character (a lone surrogate) is no text"
NO_TEXT_HINT = "write the whole character, in UTF-8"


def is_text(text: str) -> bool:
    """Whether a text can be written down: a lone surrogate stands for no character."""
    return text.isascii() or not any("\ud800" <= sign <= "\udfff" for sign in text)


class _Fault(Record):
    offset: int
    code: Code
    message: str
    hint: str
    width: int = 0


class _RefusedError(Exception):
    def __init__(self, offset: int, code: Code, message: str, hint: str, width: int = 0) -> None:
        super().__init__(message)
        self.fault = _Fault(offset, code, message, hint, width)


def parse(text: str, at: Position) -> Expression:
    """Parse one expression that stands at `at`.

    Raises ExpressionError with one problem: the first thing that is not in the language.
    """
    expression, problems = parse_on(text, at)
    if expression is None or problems:
        raise ExpressionError(problems[:1])
    return expression


def parse_on(text: str, at: Position) -> tuple[Expression | None, list[Problem]]:
    """As `parse`, but a piece that is not in the language hides nothing else that is wrong: a problem, and a `Broken`.

    None where the text cannot be read as an expression at all, which is the last problem then.
    """
    if "#" in text and (hidden := hiding(text, at)) is not None:
        return None, [hidden]
    tree, faults = _tree(text)
    problems = [
        Problem(at.within(text, offset), code, message, hint, at.reach(text, offset, width))
        for offset, code, message, hint, width in faults
    ]
    return Expression(text, at, tree) if tree is not None else None, problems


@lru_cache(maxsize=1_024)
def _tree(text: str) -> tuple[Node | None, tuple[_Fault, ...]]:
    """The tree of a text, which does not depend on where the text stands; packs say the same thing many times over."""
    parser = _Parser(text)
    try:
        return parser.tree(), tuple(dict.fromkeys(parser.faults))
    except _RefusedError as refusal:
        return None, (*dict.fromkeys(parser.faults), refusal.fault)


class _Parser:
    def __init__(self, text: str) -> None:
        self.text, self.bare = text, text.strip()
        self.places = Places(text)
        self.faults: list[_Fault] = []

    def tree(self) -> Node:
        text = self.text
        if len(text) > MAX_LENGTH:
            raise _RefusedError(
                0,
                "too-long",
                f"expression is {len(text):,} characters long, {MAX_LENGTH:,} are allowed",
                "split it into metrics",
            )
        if not self.bare:
            raise _RefusedError(0, "expression-syntax", "expression is empty", "write a condition such as 'loss > 2'")
        # In parentheses, so that an expression may run over several lines of a file.
        try:
            # To Python a lone carriage return ends a line; here, as in a log, it is a blank.
            parsed = _parsed(f"({self.bare.replace(chr(13), ' ')}\n)")
        except SyntaxError as error:
            raise self.slip(error) from None
        except (ValueError, RecursionError, MemoryError):
            raise _RefusedError(
                0, "expression-syntax", "not an expression: nested too deeply or not text", "split it"
            ) from None
        return self.convert(parsed.body, 0)

    def slip(self, error: SyntaxError) -> _RefusedError:
        """What breaks the syntax, where, and how it is mended."""
        from .slips import hint_for, slip_in

        said = _said(error)
        if (slip := slip_in(self.bare, said + str(error.msg))) is not None:
            at = self.places.indent + slip.offset
            return _RefusedError(at, "expression-syntax", f"not an expression: {said}", slip.hint, slip.width)
        hint = hint_for(self.bare)
        return _RefusedError(self.places.of_fault(error), "expression-syntax", f"not an expression: {said}", hint)

    def refuse(self, node: ast.AST, code: Code, message: str, hint: str) -> _RefusedError:
        return _RefusedError(self.places.offset(node), code, message, hint, self.places.width(node))

    def broken(self, node: ast.AST, code: Code, message: str, hint: str, *parts: Node) -> Broken:
        """What stands for a piece that is refused, which is noted; its `parts` can still be checked."""
        self.faults.append(self.refuse(node, code, message, hint).fault)
        return Broken("", parts, offset=self.places.offset(node))

    def unknown(self, node: ast.AST, depth: int) -> Node:
        """A piece of Python that is not part of the language."""
        message, hint = REFUSED.get(type(node), (f"{type(node).__name__.lower()} is not part of the language", _SYNTAX))
        inner = node.elts if isinstance(node, (ast.List, ast.Tuple)) else []
        if isinstance(node, ast.Subscript):
            inner = [node.value]
        broken = self.broken(node, "not-in-language", message, hint)
        return Broken("", tuple(self.convert(each, depth) for each in inner), offset=broken.offset)

    def convert(self, node: ast.AST, depth: int) -> Node:
        if depth > MAX_DEPTH:
            raise self.refuse(
                node, "too-deep", f"expression is nested more than {MAX_DEPTH} deep", "split it into metrics"
            )
        made = _HANDLERS.get(type(node), _Parser.unknown)(self, node, depth + 1)
        made.width = self.places.width(node)
        return made

    def constant(self, node: ast.Constant, depth: int) -> Node:
        value, offset = node.value, self.places.offset(node)
        if isinstance(value, bool):
            return Truth(value, offset=offset)
        if isinstance(value, str):
            if not is_text(value):
                return self.broken(node, "not-text", NO_TEXT, NO_TEXT_HINT)
            return Text(value, offset=offset)
        if isinstance(value, (int, float)):
            try:
                number = float(value)
            except OverflowError:
                number = math.inf
            if not math.isfinite(number):
                return self.broken(node, "out-of-range", "number is too large", "write one below 1.8e308")
            return Number(number, offset=offset)
        if value is Ellipsis:
            return self.broken(node, "not-in-language", "'...' stands for nothing", "write out what is left out here")
        return self.broken(node, "not-in-language", f"{value!r} is not part of the language", _SYNTAX)

    def name(self, node: ast.Name, depth: int) -> Node:
        if node.id in _TRUTHS:
            return Truth(_TRUTHS[node.id], offset=self.places.offset(node))
        if node.id.startswith("__"):
            return self.broken(node, "unknown-name", f"unknown name {node.id!r}", "a name begins with a letter")
        return Name(node.id, offset=self.places.offset(node))

    def unary(self, node: ast.UnaryOp, depth: int) -> Node:
        offset = self.places.offset(node)
        if isinstance(node.op, ast.Not):
            return Not(self.convert(node.operand, depth), offset=offset)
        if isinstance(node.op, ast.USub):
            operand = self.convert(node.operand, depth)
            return (
                Number(-operand.value, offset=offset)
                if isinstance(operand, Number)
                else Negative(operand, offset=offset)
            )
        if isinstance(node.op, ast.UAdd):
            return self.convert(node.operand, depth)
        self.broken(node, "not-in-language", "'~' is not part of the language", "write 'not'")
        return Broken("", (self.convert(node.operand, depth),), offset=offset)

    def binary(self, node: ast.BinOp, depth: int) -> Node:
        operator = _ARITHMETIC.get(type(node.op))
        if operator is None:
            sign, hint = INSTEAD[type(node.op)]
            start = self.places.place(node.left.end_lineno or 1, node.left.end_col_offset or 0)
            message = "only + - * / and ** with a literal exponent are part of the language"
            at = self.text.find(sign, start)
            self.faults.append(_RefusedError(at, "not-in-language", message, hint, len(sign)).fault)
        left, right = self.convert(node.left, depth), self.convert(node.right, depth)
        if operator == "**" and not (isinstance(right, Number) and abs(right.value) <= MAX_EXPONENT):
            told = f"the exponent of ** must be a literal number of at most {MAX_EXPONENT}"
            return self.broken(node.right, "not-in-language", told, "use exp() and log()", left, right)
        both, offset = (left, right), self.places.offset(node)
        return Arithmetic(operator, *both, offset=offset) if operator else Broken("", both, offset=offset)

    def logic(self, node: ast.BoolOp, depth: int) -> Node:
        kind: Callable[..., Node] = And if isinstance(node.op, ast.And) else Or
        return kind(tuple(self.convert(value, depth) for value in node.values), offset=self.places.offset(node))

    def compare(self, node: ast.Compare, depth: int) -> Node:
        offset = self.places.offset(node)
        parts: list[Node] = []
        left = self.convert(node.left, depth)
        for operator, comparator in zip(node.ops, node.comparators, strict=True):
            if isinstance(operator, (ast.In, ast.NotIn)):
                choices = self.choices(comparator, depth)
                among = Among(left, choices, offset=offset) if choices else Broken("", (left,), offset=offset)
                parts.append(Not(among, offset=offset) if isinstance(operator, ast.NotIn) else among)
                continue
            symbol = _COMPARISONS.get(type(operator))
            if symbol is None:
                self.broken(node, "not-in-language", "'is' is not part of the language", "use == or !=")
            right = self.convert(comparator, depth)
            both = (left, right)
            parts.append(Comparison(symbol, *both, offset=offset) if symbol else Broken("", both, offset=offset))
            left = right
        return parts[0] if len(parts) == 1 else And(tuple(parts), offset=offset)

    def choices(self, node: ast.AST, depth: int) -> tuple[Node, ...]:
        """What stands after `in`; nothing where that is refused."""
        if not isinstance(node, (ast.List, ast.Tuple)) or not node.elts:
            hint = "write it as in [1, 2] or in ['a', 'b']"
            self.broken(node, "not-in-language", "'in' needs a list of literals", hint)
            return ()
        choices = tuple(self.convert(element, depth) for element in node.elts)
        is_sound = True
        for element, choice in zip(node.elts, choices, strict=True):
            if not isinstance(choice, (Number, Text)):
                told = "the list after 'in' may hold literals only"
                if not isinstance(choice, Broken):  # else it is told
                    self.broken(element, "not-in-language", told, "write texts in quotes")
                is_sound = False
        return choices if is_sound else ()

    def conditional(self, node: ast.IfExp, depth: int) -> Node:
        return Conditional(
            self.convert(node.test, depth),
            self.convert(node.body, depth),
            self.convert(node.orelse, depth),
            offset=self.places.offset(node),
        )

    def call(self, node: ast.Call, depth: int) -> Node:
        offset = self.places.offset(node)
        if not isinstance(node.func, ast.Name):
            told = "only the functions of the language can be called"
            self.broken(node, "not-in-language", told, _SYNTAX)
            return Broken("", tuple(self.convert(argument, depth) for argument in node.args), offset=offset)
        name = node.func.id
        if (function := FUNCTIONS.get(name)) is None:
            first = node.args[0].id if node.args and isinstance(node.args[0], ast.Name) else "x"
            hint = CALLED.get(name, "").format(first) or did_you_mean(name, list(FUNCTIONS))
            hint = hint or "docs/language.md lists the functions"
            self.broken(node.func, "unknown-function", f"unknown function {name!r}", hint)
        given = [self.convert(argument, depth) for argument in node.args]
        options = [(keyword, self.convert(keyword.value, depth)) for keyword in node.keywords]
        if function is not None:
            try:
                return Call(name, self.arguments(function, node, given, options), offset=offset)
            except _RefusedError as refusal:
                self.faults.append(refusal.fault)
        return Broken(name, (*given, *(value for _, value in options)), offset=offset)

    def arguments(
        self, function: Function, node: ast.Call, given: list[Node], options: list[tuple[ast.keyword, Node]]
    ) -> tuple[Node | None, ...]:
        """The arguments of a call as its function takes them, in its order."""
        name, usage, parameters = function.name, f"it is written {function.signature}", function.parameters

        def refused(at: ast.AST, message: str) -> _RefusedError:
            return self.refuse(at, "wrong-arguments", f"{name}() {message}", usage)

        if parameters[-1].repeated:
            if options or len(given) < len(parameters):
                raise refused(node, "takes two or more numbers")
            return tuple(given)
        if len(given) > len(parameters):
            raise refused(node, f"takes at most {len(parameters)} arguments")
        filled: list[Node | None] = [*given, *[None] * (len(parameters) - len(given))]
        names = [parameter.name for parameter in parameters]
        for option, value in options:
            if option.arg not in function.keywords or option.arg not in names:
                near = did_you_mean(str(option.arg), [each for each in names if each in function.keywords])
                if option.arg in names:
                    near = f"leave '{option.arg}=' out: {usage}"
                message = f"{name}() has no option {option.arg!r}"
                at, width = self.places.offset(option), len(option.arg or "**")
                raise _RefusedError(at, "wrong-arguments", message, near or usage, width)
            place = names.index(option.arg)
            if filled[place] is not None:
                raise refused(option.value, f"is given {option.arg!r} twice")
            filled[place] = value
        for place, parameter in enumerate(parameters):
            if filled[place] is None and parameter.default is not None:
                filled[place] = Number(float(parameter.default), offset=self.places.offset(node))
            elif filled[place] is None and not parameter.optional:
                raise refused(node, f"lacks its argument {parameter.name!r}")
        return tuple(filled)


def _said(error: SyntaxError) -> str:
    """What Python complains of, without what it guesses."""
    if "leading zeros" in str(error.msg):
        return "a number begins with no 0"
    if mismatch := re.match(
        r"closing parenthesis '.' does not match opening parenthesis '(.)' on line \d+", str(error.msg)
    ):
        return f"'{mismatch[1]}' was never closed"
    return re.sub(r"(?: here)?\. (?:Maybe you meant|Perhaps you forgot|Did you mean).*", "", str(error.msg))


_HANDLERS: dict[type[ast.AST], Callable[..., Node]] = {
    ast.Constant: _Parser.constant,
    ast.Name: _Parser.name,
    ast.UnaryOp: _Parser.unary,
    ast.BinOp: _Parser.binary,
    ast.BoolOp: _Parser.logic,
    ast.Compare: _Parser.compare,
    ast.IfExp: _Parser.conditional,
    ast.Call: _Parser.call,
}


def _parsed(text: str) -> ast.Expression:
    """Python's own tree, without what Python warns of: `1if x` is told as what it is here, or is none of ours."""
    if _MAY_WARN(text) is None:
        return ast.parse(text, mode="eval")
    with catch_warnings():
        simplefilter("ignore", SyntaxWarning)
        simplefilter("ignore", DeprecationWarning)
        return ast.parse(text, mode="eval")


_MAY_WARN = re.compile(r"[0-9.][A-Za-z_]|\\|\bis\b|[0-9'\")\]}]\s*[(\[]").search
