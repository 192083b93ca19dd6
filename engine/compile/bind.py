"""Checked trees → logical plan: names become columns and constants, functions become operators and kernels."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from functools import lru_cache

from ..check import INTERVAL
from ..errors import PackError, Problem
from ..expression import Expression
from ..functions import FUNCTIONS, Family
from ..lengths import LENGTH, LONGEST
from ..pack import EMPTY, Duration, Metric, Pack, Window
from ..record import Record
from ..resolved import Resolved
from ..scalar import evaluate_scalar
from ..series import member_of, metric_id
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
from .ir import CONDITION, NUMBER, TEXT, Clock, Const, Kernel, Op, Raw, Span, Value
from .simplify import simplify

_NEVER = Const(None, CONDITION)
_CLOCKS = {"step": "step", "epoch": "epoch", "time": "time", "row": "line"}


class Names(Record):
    """What the names of a pack mean in one run: columns by member of a metric and by label, the total, the moment."""

    resolved: Resolved
    columns: Mapping[str, str]
    wild: frozenset[str] = frozenset()  # columns with non-finite cells
    labels: Mapping[str, str] = EMPTY
    rows: int = 0
    total: float | None = None
    now: float | None = None
    ended: bool = False
    ended_by: str = ""
    numberless: int = 0
    numberless_from: int = 0  # a line
    starts_midway: bool = False
    interval: float = 0.0  # the usual distance of two rows on the clock
    started: float | None = None  # the time of the first row, in seconds
    counts_rows: bool = False  # steps are rows: none is logged, and epochs are the clock
    many: bool = False  # the rows are those of many runs, with the number of its rows beside each
    params: Mapping[str, str] = EMPTY  # the columns of params that differ among these runs
    series: Mapping[str, str] = EMPTY  # label or family → the value this binding looks at

    @property
    def pack(self) -> Pack:
        return self.resolved.pack

    def column(self, id: str) -> str | None:
        """The column of a metric in this series, or None where it has none."""
        return self.columns.get(member_of(self.pack, id, self.series) if self.pack.families else id)

    def present(self, id: str) -> list[str]:
        """The columns of a metric: that of this series, or of all members where it is not a series of theirs."""
        own = self.column(id)
        if own is not None or not self.pack.families:
            return [own] if own is not None else []
        return [column for member, column in self.columns.items() if metric_id(member) == id]


class Binder:
    """Turns expressions into values of the logical plan, for one run and one series."""

    __slots__ = ("_metrics", "_spans", "lacks", "names")

    def __init__(self, names: Names) -> None:
        self.names = names
        self.lacks: dict[str, list[str]] = {}  # metric → what keeps it from being known, for `judged.lacking`
        self._metrics: dict[str, Value] = {}
        self._spans: dict[str, Span] = {}

    def bind(self, expression: Expression) -> Value:
        """The expression as a value. Raises PackError where a parameter's value does not fit its use."""
        return self.value(expression, expression.tree)

    def metric(self, id: str) -> Value:
        """A metric as a value: its cells where they are finite and its `where` holds."""
        if id not in self._metrics:
            self._metrics[id] = simplify(self._metric(id))
        return self._metrics[id]

    def _metric(self, id: str) -> Value:
        declared = self.names.pack.metrics[id]
        if declared.expr is not None:
            bound = self.bind(declared.expr)
        elif (column := self.names.column(id)) is None:
            return Const(None, declared.type)
        else:
            bound = Raw(column, id, declared.type, column in self.names.wild)
        conditions: list[Value] = [self.bind(declared.where)] if declared.where else []
        conditions[:0] = self._labels(declared)
        return Op("where", (_all(conditions), bound), bound.type) if conditions else bound

    def _labels(self, metric: Metric) -> list[Value]:
        """The conditions that pick the rows of this series out of a metric that labels split, one for each label."""
        series, labels = self.names.series, self.names.labels
        return [
            Op("==", (Clock(labels[by], TEXT), Const(series[by], TEXT)), CONDITION)
            for by in metric.by
            if by in series and by in labels
        ]

    def duration(self, duration: Duration) -> float:
        """The length of a duration in its unit. Raises PackError unless it is a positive number."""
        return self.positive(duration.amount)

    def positive(self, expression: Expression) -> float:
        value = evaluate_scalar(expression, {**self.names.resolved.values, INTERVAL: self.names.interval})
        if not isinstance(value, (int, float)) or isinstance(value, bool) or not 0 < value <= LONGEST:
            message = f"{expression.text!r} is {value}, a positive number of at most {LONGEST:g} is needed"
            hint = "set the params in it so that it is one"
            raise PackError([Problem(expression.at, "out-of-range", message, hint)])
        return float(value)

    def value(self, source: Expression, node: Node) -> Value:
        """One node of an expression as a value."""
        return simplify(self._bound(source, node))

    def _bound(self, source: Expression, node: Node) -> Value:
        match node:
            case Number(value=number):
                return Const(number)
            case Truth(value=truth):
                return Const(truth, CONDITION)
            case Text(value=text):
                return Const(text, TEXT)
            case Name(id=id):
                return self.name(id)
            case Negative(operand=operand):
                return Op("neg", (self._bound(source, operand),))
            case Arithmetic(operator=operator, left=left, right=right):
                return Op(operator, (self._bound(source, left), self._bound(source, right)))
            case Comparison(operator=operator, left=left, right=right):
                return Op(operator, (self._bound(source, left), self._bound(source, right)), CONDITION)
            case Among(operand=operand, choices=choices):
                parts = (operand, *choices)
                return Op("among", tuple(self._bound(source, part) for part in parts), CONDITION)
            case And(operands=operands):
                return Op("and", tuple(self._bound(source, operand) for operand in operands), CONDITION)
            case Or(operands=operands):
                return self.either(source, operands)
            case Not(operand=operand):
                return Op("not", (self._bound(source, operand),), CONDITION)
            case Conditional(condition=condition, then=then, otherwise=otherwise):
                bound = [self._bound(source, part) for part in (condition, then, otherwise)]
                return Op("choose", tuple(bound), bound[1].type)
            case Call():
                return self.call(source, node)
        raise AssertionError(node)

    def either(self, source: Expression, operands: Sequence[Node]) -> Value:
        """`or`; an operand whose metrics this run does not log is on no row, so it is left out."""
        parts = [self.value(source, operand) for operand in operands]
        kept = [
            part for part, node in zip(parts, operands, strict=True) if part != _NEVER or not self._is_of_metrics(node)
        ]
        return Op("or", tuple(kept), CONDITION) if len(kept) > 1 else (kept or parts)[0]

    def _is_of_metrics(self, node: Node) -> bool:
        return any(isinstance(each, Name) and each.id in self.names.pack.metrics for each in node.walk())

    def name(self, id: str) -> Value:
        if id in self.names.pack.metrics:
            return self.metric(id)
        if id in self.names.params:
            return Clock(self.names.params[id])
        if id in self.names.resolved.values:
            value = self.names.resolved.values[id]
            if isinstance(value, bool):
                return Const(value, CONDITION)
            return Const(value, TEXT if isinstance(value, str) else NUMBER)
        if id in _CLOCKS:
            return Clock("tick" if id == "step" and self.names.counts_rows else _CLOCKS[id])
        rows = Clock("length") if self.names.many else Const(float(self.names.rows))
        last = Op("==", (Clock("i"), rows), CONDITION)
        match id:
            case "total":
                return Const(self.names.total)
            case "progress":
                return Op("/", (Clock("step"), Const(self.names.total)))
            case "ended":
                return Op("where", (last, Const(self.names.ended, CONDITION)), CONDITION)
            case "ended_by":
                return Op("where", (last, Const(self.names.ended_by or None, TEXT)), TEXT)
            case "numberless":
                if self.names.numberless:
                    reached = Op(">=", (Clock("line"), Const(float(self.names.numberless_from))), CONDITION)
                    last = Op("or", (reached, last), CONDITION)
                return Op("where", (last, Const(float(self.names.numberless))))
            case "silence":
                now = None if self.names.ended else self.names.now
                return Op("where", (last, Op("-", (Const(now), Clock("time")))))
        raise AssertionError(id)

    def call(self, source: Expression, node: Call) -> Value:
        function = node.function
        if function in _WINDOWED:
            return self.windowed(source, node)
        if function == "at":
            x, moment = node.arguments
            assert x is not None
            assert isinstance(moment, Text)
            found = LENGTH.fullmatch(moment.value)
            assert found
            amount, unit = float(found["amount"]), f"{found['unit']}s"
            if unit != "minutes":
                return Kernel("reached", self._bound(source, x), q=amount, unit=unit)
            if self.names.started is None:
                return Const(None)
            return Kernel("reached", self._bound(source, x), q=self.names.started + 60 * amount, unit="seconds")
        if function == "nonfinite" and node.arguments == (None,):
            cells = [cell for id in self.names.pack.sentinels for cell in self.sentinel(id)]
            return Op("or", tuple(cells), CONDITION) if cells else Const(None, CONDITION)
        if function in ("nonfinite", "age", "changed", "best"):
            (argument,) = node.arguments
            assert isinstance(argument, Name)
            return self.of_metric(function, argument.id)
        arguments = tuple(self._bound(source, argument) for argument in node.arguments if argument is not None)
        match function:
            case "latest":
                return Kernel("latest", arguments[0], type=arguments[0].type)
            case "first":
                if self.names.starts_midway:
                    return Const(None)
                return Kernel("first", arguments[0])
            case "lowest" | "highest":
                return Kernel(function, arguments[0])
            case "prev" | "delta" | "pct_change":
                k = self.count(source, node.arguments[1])
                earlier = Kernel("shift", arguments[0], k=k, type=arguments[0].type)
                difference = Op("-", (arguments[0], earlier))
                if function == "prev":
                    return earlier
                return difference if function == "delta" else Op("/", (difference, Op("abs", (earlier,))))
            case "default":
                return Op("default", arguments, arguments[0].type)
            case "clip":
                value, low, high = arguments
                return Op("min", (Op("max", (value, low)), high))
            case _:
                return Op(function, arguments)

    def sentinel(self, id: str) -> list[Value]:
        """Whether a sentinel is not finite, for each of its columns, on the rows of this series."""
        cells = (Raw(column, id, wild=column in self.names.wild) for column in self.names.present(id))
        found: list[Value] = [Op("nonfinite", (cell,), CONDITION) for cell in cells]
        labels = self._labels(self.names.pack.metrics[id])
        return [Op("where", (_all(labels), each), CONDITION) for each in found] if labels else found

    def of_metric(self, function: str, id: str) -> Value:
        metric = self.metric(id)
        match function:
            case "nonfinite":
                cell = metric
                if isinstance(metric, Op) and metric.name == "where" and isinstance(metric.args[1], Raw):
                    return Op("where", (metric.args[0], Op("nonfinite", (metric.args[1],), CONDITION)), CONDITION)
                return Op("nonfinite", (cell,), CONDITION)
            case "age":
                known_at = Op("where", (Op("known", (metric,), CONDITION), Clock("tick")))
                age = Op("-", (Clock("tick"), Kernel("held", known_at)))
                return Op("where", (Clock("moves", CONDITION), age))
            case "changed":
                return Op("!=", (metric, Kernel("shift", metric, k=1, type=metric.type)), CONDITION)
            case _:
                better = self.names.pack.metrics[id].better
                return Kernel("lowest" if better == "lower" else "highest", metric)

    def count(self, source: Expression, node: Node | None) -> int:
        value = self.constant(source, node)
        if not value.is_integer() or not 0 <= value <= 1_000_000:
            assert node is not None
            message = f"a whole number is needed here, not {value:g}"
            hint = "write one from 0 to 1,000,000, or set the params in it so that it is one"
            raise PackError([Problem(source.position(node), "out-of-range", message, hint)])
        return int(value)

    def constant(self, source: Expression, node: Node | None) -> float:
        assert node is not None
        if isinstance(node, Number):
            return float(node.value)
        value = evaluate_scalar(Expression(source.text, source.position(node), node), self.names.resolved.values)
        if not isinstance(value, (int, float)) or isinstance(value, bool):
            message = f"a number is needed here, not {value}"
            raise PackError([Problem(source.position(node), "no-value", message, "set the params in it")])
        return float(value)

    def span(self, node: Node | None) -> Span:
        if isinstance(node, Text):
            found = LENGTH.fullmatch(node.value)
            assert found
            return Span(float(found["amount"]), "points", int(float(found["amount"])))
        assert isinstance(node, Name)
        if node.id not in self._spans:
            self._spans[node.id] = self._span(self.names.pack.windows[node.id])
        return self._spans[node.id]

    def _span(self, window: Window) -> Span:
        least = math.ceil(self.positive(window.min_points)) if window.min_points else None
        if window.last is None:
            return Span(0.0, "all", least or 1)
        length = self.duration(window.last)
        if window.last.unit == "points":
            length = float(max(1, round(length)))
            return Span(length, "points", min(least or int(length), int(length)))
        return Span(length, window.last.unit, least or 1)

    def windowed(self, source: Expression, node: Call) -> Value:
        x_node, window, *options, lag_node = node.arguments
        assert x_node is not None
        x, span, lag = self._bound(source, x_node), self.span(window), self.count(source, lag_node)
        option = self.constant(source, options[0]) if options else 0.0
        if options and not 0 < option < 1:
            assert options[0] is not None
            message = f"{option:g} does not lie between 0 and 1"
            hint = "write one such as 0.95, or set the params in it so that it is one"
            raise PackError([Problem(source.position(options[0]), "out-of-range", message, hint)])
        # A window of points moves with the stream, so that its value k points ago is the one k rows ago.
        inside = lag if span.unit == "points" else 0
        arg = Op("number", (x,)) if x.type == CONDITION else x
        kernel = _kernel(node.function, arg, span, inside, option)
        if not lag or inside:
            return _truth(node.function, kernel)
        if node.function == "zscore":
            std = _kernel("std", arg, span, 0, 0.0)
            both = Op("where", (Op("known", (std,), CONDITION), _kernel("mean", arg, span, 0, 0.0)))
            return Op("/", (Op("-", (x, Kernel("shift", both, k=lag))), Kernel("shift", std, k=lag)))
        return _truth(node.function, Kernel("shift", kernel, k=lag))


def _all(conditions: Sequence[Value]) -> Value:
    """Whether all of one or more conditions hold."""
    return conditions[0] if len(conditions) == 1 else Op("and", tuple(conditions), CONDITION)


def _kernel(function: str, x: Value, span: Span, lag: int, option: float) -> Kernel:
    match function:
        case "median":
            return Kernel("quantile", x, span, lag, q=0.5)
        case "quantile":
            return Kernel("quantile", x, span, lag, q=option)
        case "share":
            return Kernel("mean", x, span, lag)
        case "any":
            return Kernel("maximum", x, span, lag)
        case "all":
            return Kernel("minimum", x, span, lag)
        case "mean_lower" | "mean_upper" | "slope_lower" | "slope_upper":
            statistic, side = function.split("_")
            z = normal_quantile(option) * (1 if side == "upper" else -1)
            return Kernel(f"{statistic}_bound", x, span, lag, q=z)
        case _:
            return Kernel(function, x, span, lag)


def _truth(function: str, kernel: Kernel) -> Value:
    return Op(">", (kernel, Const(0.0)), CONDITION) if function in ("any", "all") else kernel


_WINDOWED = frozenset(name for name, function in FUNCTIONS.items() if function.family is Family.WINDOW)


@lru_cache(maxsize=64)
def normal_quantile(p: float) -> float:
    """The quantile of the standard normal distribution at 0 < p < 1, by Newton's method on the error function."""
    x = 0.0
    for _ in range(100):
        density = math.exp(-x * x / 2) / math.sqrt(2 * math.pi)
        step = (0.5 * math.erfc(-x / math.sqrt(2)) - p) / max(density, 1e-300)
        step = max(-1.0, min(1.0, step))
        x -= step
        if abs(step) < 1e-15:
            break
    return x
