"""Names and types: holds one expression against a scope, and collects what does not fit."""

from __future__ import annotations

import re
from collections.abc import Mapping
from functools import partial
from typing import TYPE_CHECKING

from .amounts import date_mend, held_against, seconds_of
from .errors import Problem, did_you_mean
from .expression import Expression
from .functions import FUNCTIONS, Family, Kind
from .lengths import LENGTH, Fault, moment_fault, turned, window_fault
from .logkeys import key_mend, key_of
from .pack import EMPTY
from .pythonisms import NUMBERS
from .record import Record
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

CLOCK = {
    "step": "number",
    "epoch": "number",
    "time": "number",
    "total": "number",
    "progress": "number",
    "row": "number",
    "silence": "number",
    "ended": "condition",
    "ended_by": "text",
    "numberless": "number",
}
"""The names that every pack knows: where in the run a row stands. `silence` (seconds from the last row to `--now`),
`ended` (whether the run is known to have ended), `ended_by` (what ended it) and `numberless` (lines at the end in which
a sentinel is no number, and known on these) are known on the last row only."""

INTERVAL = "interval"
"""The usual distance of two rows on the clock; a name for the lengths of windows and durations."""

RUN_SCALARS = ("lr_peak", "first_step", "last_step", "total", "last_epoch")
"""What is known of a run as a whole; names for actions and commands."""

_NUMBER = partial(re.fullmatch, r"\s*[-+]?\d+(?:\.\d+)?(?:[eE][-+]?\d+)?\s*")
_NO_ROWS = "use numbers, params and what is known of a whole run"
UNDECLARED = "write a number, or declare it under params"
"""The mend of an unknown name that is like no other, where there are no rows."""


class Scope(Record):
    """The names that an expression may use, each with its type (number, condition or text)."""

    metrics: Mapping[str, str] = EMPTY
    params: Mapping[str, str] = EMPTY
    clock: Mapping[str, str] = EMPTY
    windows: frozenset[str] = frozenset()
    better: frozenset[str] = frozenset()  # metrics that say which direction is better
    rows: bool = True  # whether there are rows to look at
    keys: Mapping[str, str] = EMPTY  # the keys of the log, each with its metric
    hollow: frozenset[str] = frozenset()  # metrics that are only named: of which type they are meant to be is not known

    @property
    def names(self) -> list[str]:
        """Every name but those of windows."""
        return [*self.metrics, *self.params, *self.clock]

    def type_of(self, name: str) -> str | None:
        """The type of what is called `name`, None where nothing is."""
        return self.metrics.get(name) or self.params.get(name) or self.clock.get(name)


def check(expression: Expression, scope: Scope, want: str) -> list[Problem]:
    """All problems of one expression whose result should be a `want`: number, condition, text or value (any)."""
    checker = _Checker(expression, scope)
    checker.expect(expression.tree, want)
    named = (node.id for node in expression.tree.walk() if isinstance(node, Name)) if scope.hollow else ()
    if not scope.hollow.isdisjoint(named):
        return [each for each in checker.problems if each.code != "type-mismatch"]
    return checker.problems


def type_of(expression: Expression, scope: Scope) -> str:
    """The type of the expression's result, by its outermost node."""
    return _Checker(expression, scope).type_of(expression.tree)


class _Checker:
    def __init__(self, expression: Expression, scope: Scope) -> None:
        self.expression, self.scope = expression, scope
        self.problems: list[Problem] = []
        self.faults = 0  # the problems, and what was told when the expression was read

    def problem(self, node: Node, code: Code, message: str, hint: str) -> None:
        self.faults += 1
        self.problems.append(Problem(self.expression.position(node), code, message, hint, self.expression.reach(node)))

    def fault(self, node: Node, fault: Fault | None) -> None:
        """Note what is wrong with the length that a node spells, if anything is."""
        if fault is not None:
            self.problem(node, fault.code, fault.message, fault.hint)

    def undeclared(self) -> str:
        """The mend of a name that is like no other."""
        return "declare it under metrics or params" if self.scope.rows else UNDECLARED

    def expect(self, node: Node, want: str) -> None:
        """Check `node` and everything below it, and that its type is `want`."""
        if not self.sound(node) or want == "value":
            return
        got = self.type_of(node)
        if got != want:
            hints = {
                ("number", "condition"): "compare it with something, as in 'x > 0'",
                ("condition", "number"): "use share(), any() or all() over conditions",
                ("text", "number"): "text metrics know ==, !=, in and changed() only",
                ("text", "condition"): "compare it, as in \"phase == 'main'\"",
            }
            self.problem(node, "type-mismatch", f"expected a {want}, found a {got}", hints.get((got, want), ""))

    def sound(self, node: Node) -> bool:
        """Whether there is no problem in `node` and below it, so that its type is what it looks like."""
        before = self.faults
        self.inside(node)
        return self.faults == before

    def inside(self, node: Node) -> None:
        match node:
            case Number() | Text() | Truth():
                pass
            case Name():
                self.name(node)
            case Negative(operand=operand):
                self.expect(operand, "number")
            case Arithmetic(left=left, right=right):
                self.expect(left, "number")
                self.expect(right, "number")
            case Comparison():
                self.comparison(node)
            case Among(operand=operand, choices=choices):
                kind = self.type_of(operand)
                for choice in choices if self.sound(operand) else ():
                    if self.type_of(choice) != kind:
                        message = f"a {kind} is never in a list with a {self.type_of(choice)}"
                        self.problem(choice, "type-mismatch", message, "write texts in quotes and numbers without")
            case And(operands=operands) | Or(operands=operands):
                for operand in operands:
                    self.expect(operand, "condition")
            case Not(operand=operand):
                self.expect(operand, "condition")
            case Conditional(condition=condition, then=then, otherwise=otherwise):
                self.expect(condition, "condition")
                self.expect(otherwise, self.type_of(then) if self.sound(then) else "value")
            case Call():
                self.call(node)
            case Broken(arguments=arguments):
                self.faults += 1
                for argument in arguments:
                    if not (isinstance(argument, Name) and argument.id in self.scope.windows):
                        self.inside(argument)

    def name(self, node: Name) -> None:
        if node.id in self.scope.windows:
            self.problem(
                node,
                "misplaced-window",
                f"{node.id!r} is a window",
                "windows stand only as the second argument of a function",
            )
        elif self.scope.type_of(node.id) is None and not self.key(node):
            hint = did_you_mean(node.id, self.scope.names)
            if node.id in FUNCTIONS:
                hint = f"{node.id}() is a function; call it"
            elif node.id in NUMBERS:
                self.problem(node, "not-in-language", f"{node.id} is no number of the language", self.finite())
                return
            self.problem(node, "unknown-name", f"unknown name {node.id!r}", hint or self.undeclared())

    def key(self, node: Name) -> bool:
        """Whether an unknown name is part of a key of the log, which is a problem then, told once."""
        key = key_of(self.expression.text, node) if self.scope.rows else None
        hint = key_mend(key.id, self.scope.keys, self.scope.names) if key else ""
        if key and hint and not any(each.hint == hint for each in self.problems):
            self.problem(key, "unknown-name", f"{key.id!r} is no name", hint)
        return bool(hint)

    def finite(self) -> str:
        """What is written in the place of NaN or infinity."""
        if not self.scope.rows:
            return "write a finite number, or null for none"
        names = (each.id for each in self.expression.tree.walk() if isinstance(each, Name))
        metric = next((id for id in names if id in self.scope.metrics), "loss")
        return f"NaN and infinite values are found by nonfinite(), as in nonfinite({metric})"

    def comparison(self, node: Comparison) -> None:
        if not all([self.sound(node.left), self.sound(node.right)]):
            return
        left, right = self.type_of(node.left), self.type_of(node.right)
        if left != right:
            self.problem(node, "type-mismatch", f"a {left} cannot be compared with a {right}", self.comparable(node))
        elif left != "number" and node.operator not in ("==", "!="):
            self.problem(node, "type-mismatch", f"a {left} has no order", "use == or !=")

    def comparable(self, node: Comparison) -> str:
        """How two sides of different types become comparable."""
        sides = (node.left, node.right)
        types = [self.type_of(side) for side in sides]
        quoted = next((side.value for side in sides if isinstance(side, Text)), None)
        length = LENGTH.fullmatch(quoted) if quoted is not None else None
        if "condition" in types:
            return "write the condition alone, or 'not' before it"
        if quoted is not None and _NUMBER(quoted):
            return f"write {quoted} without quotes"
        if length is not None:
            names = [side.id for side in sides if isinstance(side, Name)]
            return held_against(names[0] if names else "", length[0])
        if quoted is not None and seconds_of(quoted) is not None and Name("time") in sides:
            return date_mend(quoted)
        text = sides[types.index("text")]
        if isinstance(text, Name):
            return f"compare {text.id} with a text in quotes, as in {text.id} == 'main'"
        return "give the metric 'type: text' if the log holds texts there, or compare it with a number"

    def call(self, node: Call) -> None:
        function, before = FUNCTIONS[node.function], self.faults
        if function.family is not Family.POINTWISE and node.function != "default" and not self.scope.rows:
            self.problem(node, "no-rows", f"{node.function}() looks at rows, and there are none here", _NO_ROWS)
            return
        parameters = list(function.parameters)
        if self.turned(node):
            return
        if parameters[-1].repeated:
            parameters += [parameters[-1]] * (len(node.arguments) - len(parameters))
        for parameter, argument in zip(parameters, node.arguments, strict=True):
            if argument is None:
                continue
            match parameter.kind:
                case Kind.NUMBER:
                    self.expect(argument, "number")
                case Kind.CONDITION:
                    self.expect(argument, "condition")
                case Kind.VALUE:
                    self.inside(argument)
                case Kind.METRIC:
                    self.metric(node, argument)
                case Kind.WINDOW:
                    self.fault(argument, window_fault(argument, self.scope.windows))
                case Kind.MOMENT:
                    self.fault(argument, moment_fault(argument))
                case Kind.COUNT | Kind.FRACTION:
                    self.constant(argument, parameter.name, parameter.kind, parameter.default)
        if node.function == "clip" and self.faults == before:
            self.clip(node)
        if node.function == "default" and None not in node.arguments and self.faults == before:
            first, second = (self.type_of(argument) for argument in node.arguments if argument)
            if first != second:
                self.problem(
                    node, "type-mismatch", f"default() is given a {first} and a {second}", "both must be of one type"
                )

    def clip(self, node: Call) -> None:
        values, low, high = node.arguments
        if isinstance(low, Number) and isinstance(high, Number) and values is not None and low.value > high.value:
            told = f"clip() takes the lower bound first, and {low.value:g} is above {high.value:g}"
            clipped = " ".join(self.expression.text_of(values).split())
            self.problem(low, "bad-range", told, f"write clip({clipped}, {high.value:g}, {low.value:g})")

    def turned(self, node: Call) -> bool:
        """Whether a window stands where numbers are due, in a call that is written otherwise; told once."""
        found = turned(node, self.scope.windows)
        if found is None:
            return False
        numbers, length = (" ".join(self.expression.text_of(each).split()) for each in (found.over, found.window))
        shown = length if isinstance(found.window, Text) else repr(length)
        self.problem(found.window, "misplaced-window", f"{shown} is a window", found.mend.format(numbers, length))
        self.inside(found.over)
        return True

    def metric(self, call: Call, argument: Node) -> None:
        if not isinstance(argument, Name) or argument.id not in self.scope.metrics:
            near = did_you_mean(argument.id, list(self.scope.metrics)) if isinstance(argument, Name) else ""
            code: Code = "unknown-metric" if isinstance(argument, Name) else "type-mismatch"
            near = near or f"as in {call.function}({next(iter(self.scope.metrics), 'loss')})"
            self.problem(argument, code, f"{call.function}() takes the name of a metric", near)
        elif call.function == "best" and argument.id not in self.scope.better:
            self.problem(
                argument,
                "no-direction",
                f"metric {argument.id!r} does not say which direction is better",
                "give it `better:`",
            )

    def constant(self, argument: Node, name: str, kind: Kind, default: float | None) -> None:
        for node in argument.walk():
            if isinstance(node, Call) or (isinstance(node, Name) and node.id not in self.scope.params):
                self.problem(
                    node, "not-constant", f"{name} must be known before the run", "use a number or a parameter"
                )
                return
        self.expect(argument, "number")
        if isinstance(argument, Number):
            value, least = argument.value, 0 if default == 0 else 1
            if kind is Kind.COUNT and value > 1_000_000:
                self.problem(argument, "out-of-range", f"{name} must be at most 1,000,000", "write 1000000 or less")
            elif kind is Kind.COUNT and (value < least or not value.is_integer()):
                message = f"{name} must be a whole number of at least {least}"
                self.problem(argument, "out-of-range", message, f"write {max(least, round(value))}")
            if kind is Kind.FRACTION and not 0 < value < 1:
                hint = f"write {value / 100:g}" if 2 <= value < 100 else "such as 0.95"
                self.problem(argument, "out-of-range", f"{name} must lie between 0 and 1", hint)

    def type_of(self, node: Node | None) -> str:
        match node:
            case Number() | Negative() | Arithmetic() | Broken():
                return "number"
            case Text():
                return "text"
            case Name(id=id):
                return self.scope.type_of(id) or "number"
            case Conditional(then=then):
                return self.type_of(then)
            case Call(function=function, arguments=arguments):
                returns = FUNCTIONS[function].returns
                return self.type_of(arguments[0]) if returns is Kind.VALUE else str(returns.value)
            case _:
                return "condition"
