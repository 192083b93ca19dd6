"""A second opinion: the language in plain Python, row by row, written from its definition and nothing else.

Values are floats, bools, texts or None (unknown). `wobble` multiplies every statistic of a window by a factor close to
1: where the answer changes with it, the exact answer rests on the last bits and proves nothing.
"""

from __future__ import annotations

import math
import statistics
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field

from trainrules.engine.functions import FUNCTIONS, Family
from trainrules.engine.tree import (
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

Cell = float | bool | str | None
LARGEST_SQUARED = 1e150


@dataclass(frozen=True)
class OracleRun:
    """The rows of a run: raw cells by metric (NaN and infinities as they are), and the clock."""

    cells: Mapping[str, Sequence[Cell]]
    ticks: Sequence[float]
    epochs: Sequence[float | None]
    times: Sequence[float | None]
    moves: Sequence[bool]
    params: Mapping[str, Cell] = field(default_factory=dict)
    windows: Mapping[str, tuple[float, str, int]] = field(default_factory=dict)  # length, unit ("all"), least
    sentinels: Sequence[str] = ()
    lower_is_better: frozenset[str] = frozenset()

    def __len__(self) -> int:
        return len(self.ticks)


def finite(value: float) -> float | None:
    return value if math.isfinite(value) else None


class Oracle:
    def __init__(self, run: OracleRun, wobble: Callable[[], float] = lambda: 1.0) -> None:
        self.run, self.wobble = run, wobble

    def observed(self, node: Node) -> list[Cell]:
        """The node's values at its own observations: None elsewhere."""
        values, rows = self.values(node), self.rows_of(node)
        if rows is None:
            return values
        return [value if self.on_row(rows, i) else None for i, value in enumerate(values)]

    # Which rows belong to an expression.

    def givers(self, node: Node) -> frozenset[str]:
        match node:
            case Name(id=id):
                return frozenset({id}) & set(self.run.cells)
            case Call(function="latest" | "age"):
                return frozenset()
            case Call(function="default", arguments=(_, fallback)):
                assert fallback is not None
                return self.givers(fallback)
            case Call(function="nonfinite", arguments=(None,)):
                return frozenset(self.run.sentinels)
            case _:
                return frozenset().union(*(self.givers(child) for child in node.children()))

    def rows_of(self, node: Node) -> frozenset[str] | None:
        found = self.givers(node)
        calls = {each.function for each in node.walk() if isinstance(each, Call)}
        if found or calls & {"age", "default"}:
            return found or None
        inside = frozenset(each.id for each in node.walk() if isinstance(each, Name)) & set(self.run.cells)
        if any(
            isinstance(each, Call) and each.function == "nonfinite" and each.arguments == (None,)
            for each in node.walk()
        ):
            inside |= set(self.run.sentinels)
        return inside or None

    def on_row(self, metrics: frozenset[str], i: int) -> bool:
        return any(self.run.cells[metric][i] is not None for metric in metrics)

    # Values.

    def values(self, node: Node) -> list[Cell]:
        n = len(self.run)
        match node:
            case Number(value=value) | Truth(value=value) | Text(value=value):
                return [value] * n
            case Name(id=id):
                return self.name(id)
            case Negative(operand=operand):
                return [None if a is None else -a for a in self.values(operand)]
            case Arithmetic(operator=operator, left=left, right=right):
                return [arithmetic(operator, a, b) for a, b in zip(self.values(left), self.values(right), strict=True)]
            case Comparison(operator=operator, left=left, right=right):
                return [compare(operator, a, b) for a, b in zip(self.values(left), self.values(right), strict=True)]
            case Among(operand=operand, choices=choices):
                wanted = [self.values(choice)[0] if n else None for choice in choices]
                return [None if a is None else a in wanted for a in self.values(operand)]
            case Not(operand=operand):
                return [None if a is None else not a for a in self.values(operand)]
            case Conditional(condition=condition, then=then, otherwise=otherwise):
                parts = zip(self.values(condition), self.values(then), self.values(otherwise), strict=True)
                return [None if c is None else a if c else b for c, a, b in parts]
            case And(operands=operands):
                return self.conjunction(node, operands)
            case Or(operands=operands):
                return self.disjunction(node, operands)
            case Call():
                return self.call(node)
        raise AssertionError(node)

    def name(self, id: str) -> list[Cell]:
        run, n = self.run, len(self.run)
        if id in run.cells:
            return [a if not isinstance(a, float) or math.isfinite(a) else None for a in run.cells[id]]
        if id in run.params:
            return [run.params[id]] * n
        return list({"step": run.ticks, "epoch": run.epochs, "time": run.times, "row": range(1, n + 1)}[id])

    def conjunction(self, node: Node, operands: tuple[Node, ...]) -> list[Cell]:
        parts, rows = [self.values(operand) for operand in operands], self.rows_of(node)
        out: list[Cell] = []
        for i, row in enumerate(zip(*parts, strict=True)):
            value = False if False in row else None if None in row else True
            out.append(value if rows is None or self.on_row(rows, i) else None)
        return out

    def disjunction(self, node: Node, operands: tuple[Node, ...]) -> list[Cell]:
        parts, rows = [self.values(operand) for operand in operands], [self.rows_of(operand) for operand in operands]
        every = self.rows_of(node)
        out: list[Cell] = []
        for i, row in enumerate(zip(*parts, strict=True)):
            here = [a for a, r in zip(row, rows, strict=True) if a is not None or r is None or self.on_row(r, i)]
            if all(a is None for a in row) or not (every is None or self.on_row(every, i)):
                out.append(None)
            else:
                out.append(True if True in here else None if None in here else False)
        return out

    def call(self, node: Call) -> list[Cell]:
        function = FUNCTIONS[node.function]
        if function.family is Family.WINDOW:
            return self.windowed(node)
        if function.family is Family.POINTWISE:
            columns = [self.values(argument) for argument in node.arguments if argument is not None]
            return [pointwise(node.function, row) for row in zip(*columns, strict=True)]
        return getattr(self, f"do_{node.function}")(*node.arguments)

    # Observation.

    def do_default(self, x: Node, v: Node) -> list[Cell]:
        return [b if a is None else a for a, b in zip(self.values(x), self.values(v), strict=True)]

    def do_nonfinite(self, m: Node | None) -> list[Cell]:
        names = [m.id] if isinstance(m, Name) else list(self.run.sentinels)
        out: list[Cell] = []
        for i in range(len(self.run)):
            logged = [cell for name in names if (cell := self.run.cells[name][i]) is not None]
            out.append(any(not math.isfinite(cell) for cell in logged) if logged else None)  # type: ignore[arg-type]
        return out

    def do_latest(self, x: Node) -> list[Cell]:
        held, out = None, []
        for value in self.observed(x):
            held = held if value is None else value
            out.append(held)
        return out

    def do_age(self, m: Node) -> list[Cell]:
        since, out = None, []
        for i, value in enumerate(self.values(m)):
            since = since if value is None else self.run.ticks[i]
            out.append(None if since is None or not self.run.moves[i] else self.run.ticks[i] - since)
        return out

    def do_changed(self, m: Node) -> list[Cell]:
        before, out = None, []
        for value in self.values(m):
            out.append(None if value is None or before is None else value != before)
            before = before if value is None else value
        return out

    # History: known where x is known here.

    def history(self, x: Node, step: Callable[[list[float], int], float | None]) -> list[Cell]:
        seen: list[float] = []
        out: list[Cell] = []
        for i, value in enumerate(self.observed(x)):
            if value is None:
                out.append(None)
                continue
            seen.append(value)  # type: ignore[arg-type]
            out.append(step(seen, i))
        return out

    def do_prev(self, x: Node, k: Number) -> list[Cell]:
        return self.history(x, lambda seen, _: seen[-1 - int(k.value)] if len(seen) > k.value else None)

    def do_delta(self, x: Node, k: Number) -> list[Cell]:
        return [arithmetic("-", a, b) for a, b in zip(self.values(x), self.do_prev(x, k), strict=True)]

    def do_pct_change(self, x: Node, k: Number) -> list[Cell]:
        earlier = self.do_prev(x, k)
        return [
            arithmetic("/", a, None if b is None else abs(b))  # type: ignore[arg-type]
            for a, b in zip(self.do_delta(x, k), earlier, strict=True)
        ]

    def do_first(self, x: Node) -> list[Cell]:
        return self.history(x, lambda seen, _: seen[0])

    def do_lowest(self, x: Node) -> list[Cell]:
        return self.history(x, lambda seen, _: min(seen))

    def do_highest(self, x: Node) -> list[Cell]:
        return self.history(x, lambda seen, _: max(seen))

    def do_best(self, m: Name) -> list[Cell]:
        return self.do_lowest(m) if m.id in self.run.lower_is_better else self.do_highest(m)

    def do_at(self, x: Node, moment: Text) -> list[Cell]:
        amount, unit = moment.value.split()
        reached: list[float] = []

        def step(seen: list[float], i: int) -> float | None:
            clock = self.clock(unit)[i]
            start = next((at for at in self.run.times if at is not None), 0.0) if unit == "minutes" else 0.0
            if not reached and clock is not None and clock >= start + self.scaled(float(amount), unit):
                reached.append(seen[-1])
            return reached[0] if reached else None

        return self.history(x, step)

    # Windows.

    def clock(self, unit: str) -> Sequence[float | None]:
        return {"steps": self.run.ticks, "epochs": self.run.epochs, "minutes": self.run.times}[unit]

    @staticmethod
    def scaled(amount: float, unit: str) -> float:
        return amount * 60 if unit == "minutes" else amount

    def windowed(self, node: Call) -> list[Cell]:
        x, window, *options, lag = node.arguments
        assert isinstance(lag, Number)
        assert x is not None
        option = options[0].value if options and isinstance(options[0], Number) else 0.0
        length, unit, least = self.window(window)
        observed, back = self.observed(x), int(lag.value)
        out: list[Cell] = []
        points: list[tuple[int, float]] = []
        results: list[Cell] = []  # at the observations of f(x, w)
        for i, value in enumerate(observed):
            if value is None:
                out.append(None)
                continue
            points.append((i, float(value)))
            held = self.held(points, i, length, unit)
            if node.function == "zscore":
                result: Cell = self.zscore_parts(held, least)
            else:
                result = self.statistic(node.function, held, option) if len(held) >= least else None
            # A window of points that overflowed is unknown k points later too; windows on the clock look past it.
            if result is not None or unit == "points":
                results.append(result)
            late = len(results) <= back or (result is None and unit != "points")
            earlier = None if late else results[-1 - back]
            if node.function == "zscore" and earlier is not None:
                mean, std = earlier  # type: ignore[misc]
                earlier = arithmetic("/", arithmetic("-", value, mean), std)
            out.append(earlier)
        return out

    def window(self, window: Node | None) -> tuple[float, str, int]:
        if isinstance(window, Text):
            amount, unit = window.value.split()
            return float(amount), unit, int(float(amount))
        assert isinstance(window, Name)
        return self.run.windows[window.id]

    def held(self, points: list[tuple[int, float]], i: int, length: float, unit: str) -> list[tuple[float, float]]:
        if unit == "all":
            chosen = points
        elif unit == "points":
            chosen = points[-int(length) :]
        else:
            clock = self.clock(unit)
            now = clock[i]
            if now is None:
                return []
            since = now - self.scaled(length, unit)
            chosen = [(j, v) for j, v in points if (at := clock[j]) is not None and at > since]
        return [(self.run.ticks[j], v) for j, v in chosen]

    def zscore_parts(self, held: list[tuple[float, float]], least: int) -> Cell:
        if len(held) < least:
            return None
        mean, std = self.statistic("mean", held, 0.0), self.statistic("std", held, 0.0)
        return None if mean is None or std is None else (mean, std)  # type: ignore[return-value]

    def statistic(self, name: str, held: list[tuple[float, float]], option: float) -> Cell:
        ticks, values = [t for t, _ in held], [v for _, v in held]
        n, wobble = float(len(values)), self.wobble
        match name:
            case "count":
                return n
            case "minimum":
                return min(values)
            case "maximum":
                return max(values)
            case "any":
                return max(values) > 0
            case "all":
                return min(values) > 0
            case "median":
                return finite(quantile(values, 0.5))
            case "quantile":
                return finite(quantile(values, option))
            case "mad":
                middle = quantile(values, 0.5)
                return finite(quantile([abs(v - middle) for v in values], 0.5))
        mean = finite(average(values))
        if name in ("mean", "share"):
            return None if mean is None else mean * wobble()
        if name == "total":
            return arithmetic("*", mean, n)
        if mean is None or max(abs(v) for v in values) > LARGEST_SQUARED:
            return None
        centre = average(ticks)
        m2 = sum((v - mean) ** 2 for v in values) * wobble()
        sxt = sum((v - mean) * (t - centre) for t, v in held) * wobble()
        stt = sum((t - centre) ** 2 for t in ticks)
        variance = arithmetic("/", m2, n - 1)
        std = root(variance)
        slope = arithmetic("/", sxt, stt)
        match name:
            case "std":
                return std
            case "slope":
                return slope
            case "r2":
                return pointwise("min", (arithmetic("*", arithmetic("/", sxt, m2), slope), 1.0))
        if n < 3:
            return None
        z = statistics.NormalDist().inv_cdf(option)
        if name.startswith("mean_"):
            middle, error = mean, root(arithmetic("/", variance, n))
        else:
            residual = arithmetic("-", m2 * (1 - 1e-12), arithmetic("*", slope, sxt))
            residual = None if residual is None else max(residual, 0.0)
            middle, error = slope, root(arithmetic("/", arithmetic("/", residual, n - 2), stt))
        return arithmetic("-" if name.endswith("lower") else "+", middle, arithmetic("*", z, error))


def average(values: Sequence[float]) -> float:
    return values[0] if min(values) == max(values) else sum(values) / len(values)


def quantile(values: Sequence[float], q: float) -> float:
    ordered, place = sorted(values), q * (len(values) - 1)
    low = math.floor(place)
    high = min(low + 1, len(values) - 1)
    return ordered[low] + (ordered[high] - ordered[low]) * (place - low)


def root(value: Cell) -> Cell:
    return None if value is None or value < 0 else math.sqrt(value)  # type: ignore[operator,arg-type]


def arithmetic(operator: str, a: Cell, b: Cell) -> Cell:
    if a is None or b is None:
        return None
    assert isinstance(a, (int, float))
    assert isinstance(b, (int, float))
    try:
        match operator:
            case "+":
                result = a + b
            case "-":
                result = a - b
            case "*":
                result = a * b
            case "/":
                result = a / b
            case _:
                result = math.pow(a, b)
    except (ZeroDivisionError, OverflowError, ValueError):
        return None
    return finite(result)


def compare(operator: str, a: Cell, b: Cell) -> bool | None:
    if a is None or b is None:
        return None
    return {
        "<": lambda: a < b,  # type: ignore[operator]
        "<=": lambda: a <= b,  # type: ignore[operator]
        ">": lambda: a > b,  # type: ignore[operator]
        ">=": lambda: a >= b,  # type: ignore[operator]
        "==": lambda: a == b,
        "!=": lambda: a != b,
    }[operator]()


def pointwise(name: str, row: Sequence[Cell]) -> Cell:
    if any(a is None for a in row):
        return None
    x = float(row[0])  # type: ignore[arg-type]
    try:
        match name:
            case "abs":
                return abs(x)
            case "sqrt":
                return math.sqrt(x)
            case "exp":
                return finite(math.exp(x))
            case "log":
                return math.log(x)
            case "log10":
                return math.log10(x)
            case "floor":
                return float(math.floor(x))
            case "ceil":
                return float(math.ceil(x))
            case "round":
                return math.copysign(math.floor(abs(x) + 0.5), x) if abs(x) < 2**52 else x
            case "sign":
                return float((x > 0) - (x < 0))
            case "min":
                return min(row)  # type: ignore[type-var]
            case "max":
                return max(row)  # type: ignore[type-var]
            case "clip":
                return min(max(x, row[1]), row[2])  # type: ignore[type-var]
    except (ValueError, OverflowError):
        return None
    raise AssertionError(name)
