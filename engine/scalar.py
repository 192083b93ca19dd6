"""Expressions where there are no rows: simpleeval over trees that are already parsed and checked.

The tree is spelled as a Python syntax tree of numbers, names, a few operators and calls of the functions below; nothing
else exists for the evaluator. Unknown is None, and follows the same rules as NULL does over rows.
"""

from __future__ import annotations

import ast
import math
from collections.abc import Callable, Mapping
from typing import Any

from .expression import Expression
from .pack import Scalar
from .tree import (
    Among,
    And,
    Arithmetic,
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


def evaluate_scalar(expression: Expression, names: Mapping[str, Scalar]) -> Scalar:
    """The value of an expression over single values; None where it is unknown.

    Names that are not given, NaN, infinities and results that are not finite are unknown. Functions that look at rows
    raise ValueError: `check.py` refuses them where there are no rows.
    """
    tree = expression.tree
    if isinstance(tree, (Number, Text, Truth)):
        return tree.value
    if isinstance(tree, Name):
        return _known(names.get(tree.id))
    from simpleeval import SimpleEval  # type: ignore[import-untyped]

    values = {node.id: _known(names.get(node.id)) for node in tree.walk() if isinstance(node, Name)}
    evaluator = SimpleEval(operators=dict(_OPERATORS), functions=dict(_FUNCTIONS), names=values)
    result: Scalar = evaluator.eval(expression.text, previously_parsed=_spelled(tree))
    return result


def _known(value: Scalar) -> Scalar:
    """A value as the evaluator takes it: numbers as finite floats."""
    if value is None or isinstance(value, (bool, str)):
        return value
    try:
        number = float(value)
    except OverflowError:
        return None
    return number if math.isfinite(number) else None


def _spelled(node: Node) -> ast.expr:
    match node:
        case Number(value=value) | Text(value=value) | Truth(value=value):
            return ast.Constant(value)
        case Name(id=id):
            return ast.Name(id, ast.Load())
        case Negative(operand=operand):
            return ast.UnaryOp(ast.USub(), _spelled(operand))
        case Arithmetic(operator=operator, left=left, right=right):
            return ast.BinOp(_spelled(left), _ARITHMETIC[operator](), _spelled(right))
        case Comparison(operator=operator, left=left, right=right):
            return ast.Compare(_spelled(left), [_COMPARISONS[operator]()], [_spelled(right)])
        case Among(operand=operand, choices=choices):
            return _called("in", operand, *choices)
        case And(operands=operands):
            return _called("and", *operands)
        case Or(operands=operands):
            return _called("or", *operands)
        case Not(operand=operand):
            return ast.UnaryOp(ast.Not(), _spelled(operand))
        case Conditional(condition=condition, then=then, otherwise=otherwise):
            return _called("if", condition, then, otherwise)
        case Call(function=function, arguments=arguments) if function in _POINTWISE:
            return _called(function, *(argument for argument in arguments if argument is not None))
        case Call(function=function):
            raise ValueError(f"{function}() looks at rows, and there are none here")
    raise ValueError(f"{type(node).__name__} has no value without rows")


def _called(function: str, *arguments: Node) -> ast.expr:
    return ast.Call(ast.Name(function, ast.Load()), [_spelled(argument) for argument in arguments], [])


_ARITHMETIC: dict[str, type[ast.operator]] = {
    "+": ast.Add,
    "-": ast.Sub,
    "*": ast.Mult,
    "/": ast.Div,
    "**": ast.Pow,
}
_COMPARISONS: dict[str, type[ast.cmpop]] = {
    "<": ast.Lt,
    "<=": ast.LtE,
    ">": ast.Gt,
    ">=": ast.GtE,
    "==": ast.Eq,
    "!=": ast.NotEq,
}


def _numeric(function: Callable[..., object]) -> Callable[..., Scalar]:
    """A function of numbers: unknown where an operand is, where it fails, and where the result is not finite."""

    def applied(*operands: Scalar) -> Scalar:
        numbers = [operand for operand in operands if isinstance(operand, float)]
        if len(numbers) != len(operands):
            return None
        try:
            result = function(*numbers)
        except (ArithmeticError, ValueError):
            return None
        return result if isinstance(result, float) and math.isfinite(result) else None

    return applied


def _compared(comparison: Callable[[Any, Any], bool]) -> Callable[[Scalar, Scalar], Scalar]:
    def applied(left: Scalar, right: Scalar) -> Scalar:
        if left is None or right is None or type(left) is not type(right):
            return None
        return comparison(left, right)

    return applied


def _and(*operands: Scalar) -> Scalar:
    return False if False in operands else None if None in operands else True


def _or(*operands: Scalar) -> Scalar:
    return True if True in operands else None if None in operands else False


def _not(operand: Scalar) -> Scalar:
    return None if operand is None else not operand


def _if(condition: Scalar, then: Scalar, otherwise: Scalar) -> Scalar:
    return None if condition is None else then if condition else otherwise


def _in(operand: Scalar, *choices: Scalar) -> Scalar:
    return None if operand is None else operand in choices


def _default(value: Scalar, otherwise: Scalar) -> Scalar:
    return otherwise if value is None else value


def _rounded(x: float) -> float:
    size = abs(x)
    whole = float(math.floor(size))
    return math.copysign(whole + (size - whole >= 0.5), x)


def _sign(x: float) -> float:
    return float((x > 0) - (x < 0))


def _power(x: float, exponent: float) -> float:
    return math.pow(x, exponent)


_OPERATORS: dict[type[ast.AST], Callable[..., Scalar]] = {
    ast.Add: _numeric(lambda x, y: x + y),
    ast.Sub: _numeric(lambda x, y: x - y),
    ast.Mult: _numeric(lambda x, y: x * y),
    ast.Div: _numeric(lambda x, y: x / y),
    ast.Pow: _numeric(_power),
    ast.USub: _numeric(lambda x: -x),
    ast.Not: _not,
    ast.Lt: _compared(lambda x, y: x < y),
    ast.LtE: _compared(lambda x, y: x <= y),
    ast.Gt: _compared(lambda x, y: x > y),
    ast.GtE: _compared(lambda x, y: x >= y),
    ast.Eq: _compared(lambda x, y: x == y),
    ast.NotEq: _compared(lambda x, y: x != y),
}
_POINTWISE: dict[str, Callable[..., Scalar]] = {
    "abs": _numeric(abs),
    "sqrt": _numeric(math.sqrt),
    "exp": _numeric(math.exp),
    "log": _numeric(math.log),
    "log10": _numeric(math.log10),
    "floor": _numeric(lambda x: float(math.floor(x))),
    "ceil": _numeric(lambda x: float(math.ceil(x))),
    "round": _numeric(_rounded),
    "sign": _numeric(_sign),
    "min": _numeric(min),
    "max": _numeric(max),
    "clip": _numeric(lambda x, low, high: min(max(x, low), high)),
    "default": _default,
}
_FUNCTIONS: dict[str, Callable[..., Scalar]] = {**_POINTWISE, "and": _and, "or": _or, "if": _if, "in": _in}
