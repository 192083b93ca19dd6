"""Values of the logical plan → SQL text over the columns of a working table.

Only this module and its neighbours write SQL. Everything in it is made here: columns are named by the engine, numbers
are written as DOUBLE, texts are quoted. A value that is unknown or not finite is NULL.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from ..pack import EMPTY
from .domains import SAFE, magnitude
from .ir import CONDITION, NUMBER, TEXT, Clock, Const, Kernel, Op, Raw, Value, children, free, rows_of
from .layers import Layer

_TYPES = {NUMBER: "DOUBLE", CONDITION: "BOOLEAN", TEXT: "VARCHAR"}
_LARGEST = "1.7976931348623157e308"
_TOO_LONG = 1_500
_CHECKED = {
    # What a function needs of its operand; DuckDB 1.4 raises where 2.0 answers NaN.
    "sqrt": ("sqrt", ">= 0e0"),
    "log": ("ln", "> 0e0"),
    "log10": ("log10", "> 0e0"),
}
_NEGATED = {"true": "false", "false": "true"}
_COMPARED = frozenset({"<", "<=", ">", ">=", "==", "!="})
_BRACKETED = _COMPARED | {"+", "-", "*", "/", "neg", "among", "not", "and", "or", "known"}
_PLAIN = {"abs": "abs", "exp": "exp", "floor": "floor", "ceil": "ceil", "round": "round"}


def number(value: float) -> str:
    """A finite number as a DOUBLE literal (with an exponent: DuckDB reads 0.1 as a DECIMAL)."""
    text = repr(float(value)).removesuffix(".0")
    return text if "e" in text else f"{text}e0"


def text(value: str) -> str:
    """A quoted text literal; DuckDB 1 ends a statement at the sign 0."""
    quoted = "'" + value.replace("'", "''") + "'"
    return "(" + quoted.replace("\0", "' || chr(0) || '") + ")" if "\0" in quoted else quoted


def literal(const: Const) -> str:
    match const.value:
        case None:
            return f"CAST(NULL AS {_TYPES[const.type]})"
        case bool():
            return "true" if const.value else "false"
        case str():
            return text(const.value)
        case _:
            return number(const.value) if const.value >= 0 else f"({number(const.value)})"


class Renderer:
    """Writes values as SQL.

    `columns` names what a column already holds (kernels always, other values where that pays), `observations` what one
    holds as `observed`; `largest` is the largest magnitude in each column. A column may still be added for a value as
    long as nothing that holds the value has been written.
    """

    __slots__ = ("_written", "columns", "largest", "observations")

    def __init__(
        self,
        columns: Mapping[Value, str],
        observations: Mapping[Value, str] = EMPTY,
        largest: Mapping[str, float] = EMPTY,
    ) -> None:
        self.columns, self.observations, self.largest = columns, observations, largest
        self._written: dict[Value, tuple[str, bool]] = {}

    def value(self, value: Value) -> str:
        """SQL of the value, NULL where it is unknown; numbers are finite."""
        sql, finite = self._render(value)
        return sql if finite else _known(self._bare(value, sql), "isfinite({0})")

    def alone(self, value: Value) -> str:
        """As `value`, without brackets around the whole: between commas or keywords they only take time to parse."""
        return self._bare(value, self.value(value))

    def observed(self, value: Value) -> str:
        """As `value`, and NULL on the rows that do not belong to it (see `rows_of`)."""
        if value in self.observations:
            return self.observations[value]
        rows = rows_of(value)
        if rows and free(value):
            return f"CASE WHEN {self.on_row(rows)} THEN {self.alone(value)} END"
        return self.value(value)

    def on_row(self, leaves: frozenset[Value]) -> str:
        """Whether any of the metric leaves is logged on the row; for between two keywords."""
        return " OR ".join(sorted(self._logged(leaf) for leaf in leaves))

    def _logged(self, leaf: Value) -> str:
        if isinstance(leaf, Raw):
            return f"{leaf.column} IS NOT NULL"
        assert isinstance(leaf, Op)
        condition, raw = leaf.args
        assert isinstance(raw, Raw)
        return f"({raw.column} IS NOT NULL AND coalesce({self.alone(condition)}, false))"

    def _render(self, value: Value) -> tuple[str, bool]:
        """SQL, and whether a known result is surely finite."""
        if value in self.columns:
            return self.columns[value], True
        if value not in self._written:
            self._written[value] = self._write(value)
        return self._written[value]

    def _write(self, value: Value) -> tuple[str, bool]:
        match value:
            case Const():
                return literal(value), True
            case Raw(column=column, wild=wild):
                # A non-finite cell stays so through sums and products, but its column's largest does not count it.
                return (_known(column, "isfinite({0})"), True) if wild else (column, True)
            case Clock(column=column):
                return column, True
            case Kernel():
                raise AssertionError(f"kernel not computed yet: {value}")
            case Op(name="+" | "-" | "*" | "/" as name, args=(left, right)):
                # Sums and products of what is not finite are not finite either; only a divisor can hide it.
                divisor = self.value(right) if name == "/" else self._render(right)[0]
                finite = magnitude(value, self.largest) < SAFE
                return f"({self._render(left)[0]} {name} {divisor})", finite
            case Op(name="neg", args=(operand,)):
                sql, finite = self._render(operand)
                return f"(-{sql})", finite
            case Op(name="**", args=(base, exponent)):
                return f"pow({self.alone(base)}, {self.alone(exponent)})", False
            case Op():
                return self._operator(value)

    def _operator(self, op: Op) -> tuple[str, bool]:
        name, args = op.name, op.args
        match name:
            case "<" | "<=" | ">" | ">=" | "==" | "!=":
                symbol = {"==": "=", "!=": "<>"}.get(name, name)
                return f"({self.value(args[0])} {symbol} {self.value(args[1])})", True
            case "among":
                choices = ", ".join(self.alone(choice) for choice in args[1:])
                return f"({self.value(args[0])} IN ({choices}))", True
            case "not":
                return _NEGATED.get(sql := self.value(args[0])) or f"(NOT {sql})", True
            case "and":
                return self._and(op), True
            case "or":
                return self._or(op), True
            case "choose":
                condition = self.value(args[0])
                if condition in _NEGATED:
                    return self.value(args[1 if condition == "true" else 2]), True
                then, otherwise = self.alone(args[1]), self.alone(args[2])
                return f"CASE {condition} WHEN true THEN {then} WHEN false THEN {otherwise} END", True
            case "where":
                condition = self.alone(args[0])
                if condition == "true":
                    return self.value(args[1]), True
                return f"CASE WHEN {condition} THEN {self.alone(args[1])} END", True
            case "default":
                return f"coalesce({self.alone(args[0])}, {self.alone(args[1])})", True
            case "known":
                return f"({self.value(args[0])} IS NOT NULL)", True
            case "number":
                return f"CAST({self.alone(args[0])} AS DOUBLE)", True
            case "nonfinite":
                return self._nonfinite(args[0]), True
            case "sign":
                return f"CAST(sign({self.alone(args[0])}) AS DOUBLE)", True
            case "min" | "max":
                return self._extreme(name, args), True
        if name in _CHECKED:
            function, domain = _CHECKED[name]
            sql = _known(self._render(args[0])[0], f"{{0}} {domain} AND {{0}} <= {_LARGEST}")
            return f"{function}({sql})", True
        return f"{_PLAIN[name]}({self.alone(args[0])})", name != "exp"

    def _nonfinite(self, cell: Value) -> str:
        if isinstance(cell, Raw):
            return (
                f"(NOT isfinite({cell.column}))" if cell.wild else f"CASE WHEN {cell.column} IS NOT NULL THEN false END"
            )
        sql = self.value(cell)
        return f"CASE WHEN {sql} IS NOT NULL THEN false END"

    def _extreme(self, name: str, args: tuple[Value, ...]) -> str:
        # greatest() and least() skip NULL; an unknown operand makes the result unknown.
        sign, sql = "<" if name == "min" else ">", self.value(args[0])
        for arg in args[1:]:
            other = self.value(arg)
            if len(sql) + len(other) > _TOO_LONG:
                return (
                    f"list_reduce([{', '.join(self.value(each) for each in args)}],"
                    f" lambda a, b: CASE WHEN a {sign} b THEN a WHEN b {sign}= a THEN b END)"
                )
            sql = (
                f"CASE WHEN {other} {sign}= {sql} THEN {other} ELSE {sql} END"
                if isinstance(arg, Const) and arg.value is not None
                else f"CASE WHEN {other} {sign}= {sql} THEN {other} WHEN {other} IS NOT NULL THEN {sql} END"
            )
        return sql

    def _and(self, op: Op) -> str:
        return self._logic(op, "(" + " AND ".join(self._side(arg) for arg in op.args) + ")")

    def _or(self, op: Op) -> str:
        parts = [(arg, self.value(arg), rows_of(arg)) for arg in op.args]
        if len({rows for *_, rows in parts}) == 1:
            return self._logic(op, "(" + " OR ".join(self._side(arg) for arg in op.args) + ")")
        # An operand whose metrics are not on this row is left out; with none known the whole is unknown.
        known, kept = [], []
        for arg, sql, rows in parts:
            cell = arg.args[0] if isinstance(arg, Op) and arg.name == "nonfinite" else None
            if isinstance(cell, Raw) and arg not in self.columns:  # known on its own rows, and so seldom true
                known.append(f"{cell.column} IS NOT NULL")
                kept += [f"coalesce({sql}, false)"] if cell.wild else []
                continue
            known.append(f"{sql} IS NOT NULL")
            is_left_out = f"CASE WHEN {self.on_row(rows)} THEN NULL ELSE false END" if rows else ""
            kept.append(f"coalesce({sql}, {is_left_out})" if rows else sql)
        return self._logic(op, f"CASE WHEN {' OR '.join(known)} THEN ({' OR '.join(kept) or 'false'}) END")

    def _logic(self, op: Op, sql: str) -> str:
        """A part without metrics of its own (the clock, latest()) does not make a row an observation."""
        rows = rows_of(op)
        if rows and any(free(arg) for arg in op.args):
            return f"CASE WHEN {self.on_row(rows)} THEN {self._bare(op, sql)} END"
        return sql

    def _side(self, value: Value) -> str:
        """A value beside AND or OR, which bind weaker than a comparison does."""
        return self.alone(value) if isinstance(value, Op) and value.name in _COMPARED else self.value(value)

    def _bare(self, value: Value, sql: str) -> str:
        """The SQL of a value without the brackets that are made around it."""
        is_bracketed = isinstance(value, Op) and value.name in _BRACKETED and value not in self.columns
        return sql[1:-1] if is_bracketed and sql[0] == "(" else sql


def _known(sql: str, condition: str) -> str:
    """`sql` where the condition on it holds, else NULL; long texts are written once, so that nesting stays linear."""
    if len(sql) > _TOO_LONG:
        return f"list_filter([{sql}], lambda v: {condition.format('v')})[1]"
    return f"CASE WHEN {condition.format(sql)} THEN {sql} END"


def layers(values: Iterable[Value], renderer: Renderer, prefix: str) -> tuple[list[dict[str, str]], Renderer]:
    """Select items, layer upon layer, for what the values share or would otherwise write out over and over.

    Returns the layers (column → SQL over the table and the layers before) and a renderer that knows their columns.
    """
    uses: dict[Value, int] = {}
    order: list[Value] = []

    def visit(value: Value) -> None:
        uses[value] = uses.get(value, 0) + 1
        if uses[value] == 1 and value not in renderer.columns:
            for child in children(value):
                visit(child)
            order.append(value)

    for value in values:
        visit(value)
    depth: dict[Value, int] = {}
    found: list[dict[str, str]] = []
    columns = dict(renderer.columns)
    above: dict[str, int] = {}  # column → the first layer that may read it
    render = Renderer(columns, dict(renderer.observations), renderer.largest)
    for value in order:  # what stands in a value comes before it
        depth[value] = max((depth.get(child, 0) for child in children(value)), default=0)
        if not isinstance(value, Op):
            continue
        sql = render.alone(value)
        if len(sql) * uses[value] < _WORTH_A_COLUMN:
            continue
        # The rows that it may be observed on are told by metrics that need not stand in it: behind a kernel, say.
        depth[value] = max(depth[value], *(above.get(word, 0) for word in Layer({"": sql}).reads()))
        while len(found) <= depth[value]:
            found.append({})
        columns[value] = f"{prefix}{len(columns)}"
        found[depth[value]][columns[value]] = sql
        depth[value] += 1
        above[columns[value]] = depth[value]
    return found, render


_WORTH_A_COLUMN = 200
"""Characters of SQL from which on a value is computed once, in a layer of its own."""
