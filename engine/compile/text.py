"""Trees back to text, as reports show them: one spelling for one meaning."""

from __future__ import annotations

from ..functions import FUNCTIONS
from ..tree import (
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

_STRENGTH = {"+": 5, "-": 5, "*": 6, "/": 6, "**": 8}


def text_of(node: Node) -> str:
    """The expression in the language's own syntax, with the parentheses that it needs and no others."""
    return _text(node, 0)


def _text(node: Node, around: int) -> str:
    text, strength = _spelled(node)
    return f"({text})" if strength < around else text


def _spelled(node: Node) -> tuple[str, int]:
    match node:
        case Number(value=value):
            short = f"{value:g}"
            return short if float(short) == value else repr(value).removesuffix(".0"), 9 if value >= 0 else 7
        case Text(value=value):
            return repr(value), 9
        case Truth(value=value):
            return "true" if value else "false", 9
        case Name(id=id):
            return id, 9
        case Negative(operand=operand):
            return f"-{_text(operand, 7)}", 7
        case Arithmetic(operator=operator, left=left, right=right):
            strength = _STRENGTH[operator]
            return f"{_text(left, strength + (operator == '**'))} {operator} {_text(right, strength + 1)}", strength
        case Comparison(operator=operator, left=left, right=right):
            return f"{_text(left, 5)} {operator} {_text(right, 5)}", 4
        case Among(operand=operand, choices=choices):
            return f"{_text(operand, 5)} in [{', '.join(map(text_of, choices))}]", 4
        case Not(operand=operand):
            return f"not {_text(operand, 3)}", 3
        case And(operands=operands):
            return " and ".join(_text(operand, 3) for operand in operands), 2
        case Or(operands=operands):
            return " or ".join(_text(operand, 2) for operand in operands), 1
        case Conditional(condition=condition, then=then, otherwise=otherwise):
            return f"{_text(then, 1)} if {_text(condition, 1)} else {_text(otherwise, 0)}", 0
        case Call():
            return _call(node), 9
    raise AssertionError(node)


def _call(node: Call) -> str:
    parameters, shown = FUNCTIONS[node.function].parameters, []
    for place, argument in enumerate(node.arguments):
        parameter = parameters[min(place, len(parameters) - 1)]
        if argument is None or (isinstance(argument, Number) and argument.value == parameter.default):
            continue
        text = text_of(argument)
        shown.append(f"{parameter.name}={text}" if parameter.default is not None else text)
    return f"{node.function}({', '.join(shown)})"
