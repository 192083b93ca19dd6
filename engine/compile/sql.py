"""Values of the logical plan → SQL text over the columns of a working table.

Only this module and its neighbours write SQL. Everything in it is made here: columns are named by the engine, numbers
are written as DOUBLE, texts are quoted. A value that is unknown or not finite is NULL.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from .ir import CONDITION, NUMBER, TEXT, Clock, Const, Kernel, Op, Raw, Value, free, rows_of

_TYPES = {NUMBER: "DOUBLE", CONDITION: "BOOLEAN", TEXT: "VARCHAR"}
_LARGEST = "1.7976931348623157e308"
_TOO_LONG = 1_500
_CHECKED = {
    # What a function needs of its operand; DuckDB 1.4 raises where 2.0 answers NaN.
    "sqrt": ("sqrt", ">= 0e0"),
    "log": ("ln", "> 0e0"),
    "log10": ("log10", "> 0e0"),
}
_PLAIN = {"abs": "abs", "exp": "exp", "floor": "floor", "ceil": "ceil", "round": "round"}


def number(value: float) -> str:
    """A finite number as a DOUBLE literal (with an exponent: DuckDB reads 0.1 as a DECIMAL)."""
    text = repr(float(value))
    return text if "e" in text else f"{text}e0"


def text(value: str) -> str:
    """A quoted text literal."""
    return "'" + value.replace("'", "''") + "'"


def literal(const: Const) -> str:
    match const.value:
        case None:
            return f"CAST(NULL AS {_TYPES[const.type]})"
        case bool():
            return "true" if const.value else "false"
        case str():
            return text(const.value)
        case _:
            return f"({number(const.value)})"


@dataclass(frozen=True, slots=True)
class Renderer:
    """Writes values as SQL; `kernels` names the columns that already hold a kernel's results."""

    kernels: Mapping[Kernel, str]

    def value(self, value: Value) -> str:
        """SQL of the value, NULL where it is unknown; numbers are finite."""
        sql, finite = self._render(value)
        return sql if finite else _known(sql, f"isfinite({{0}})")

    def observed(self, value: Value) -> str:
        """As `value`, and NULL on the rows that do not belong to it (see `rows_of`)."""
        sql = self.value(value)
        rows = rows_of(value)
        return f"CASE WHEN {self.on_row(rows)} THEN {sql} END" if rows and free(value) else sql

    def on_row(self, leaves: frozenset[Value]) -> str:
        """Whether any of the metric leaves is logged on the row."""
        return "(" + " OR ".join(sorted(self._logged(leaf) for leaf in leaves)) + ")"

    def _logged(self, leaf: Value) -> str:
        if isinstance(leaf, Raw):
            return f"{leaf.column} IS NOT NULL"
        assert isinstance(leaf, Op)
        condition, raw = leaf.args
        assert isinstance(raw, Raw)
        return f"({raw.column} IS NOT NULL AND coalesce({self.value(condition)}, false))"

    def _render(self, value: Value) -> tuple[str, bool]:
        """SQL, and whether a known result is surely finite."""
        match value:
            case Const():
                return literal(value), True
            case Raw(column=column, wild=wild):
                return column, not wild
            case Clock(column=column):
                return column, True
            case Kernel():
                return self.kernels[value], True
            case Op(name="+" | "-" | "*" | "/" as name, args=(left, right)):
                # Sums and products of what is not finite are not finite either; only a divisor can hide it.
                divisor = self.value(right) if name == "/" else self._render(right)[0]
                return f"({self._render(left)[0]} {name} {divisor})", False
            case Op(name="neg", args=(operand,)):
                sql, finite = self._render(operand)
                return f"(-{sql})", finite
            case Op(name="**", args=(base, exponent)):
                return f"pow({self.value(base)}, {self.value(exponent)})", False
            case Op():
                return self._operator(value)

    def _operator(self, op: Op) -> tuple[str, bool]:
        name, args = op.name, op.args
        match name:
            case "<" | "<=" | ">" | ">=" | "==" | "!=":
                symbol = {"==": "=", "!=": "<>"}.get(name, name)
                return f"({self.value(args[0])} {symbol} {self.value(args[1])})", True
            case "among":
                choices = ", ".join(self.value(choice) for choice in args[1:])
                return f"({self.value(args[0])} IN ({choices}))", True
            case "not":
                return f"(NOT {self.value(args[0])})", True
            case "and":
                return self._and(op), True
            case "or":
                return self._or(op), True
            case "choose":
                condition, then, otherwise = (self.value(arg) for arg in args)
                return f"CASE {condition} WHEN true THEN {then} WHEN false THEN {otherwise} END", True
            case "where":
                return f"CASE WHEN {self.value(args[0])} THEN {self.value(args[1])} END", True
            case "default":
                return f"coalesce({self.value(args[0])}, {self.value(args[1])})", True
            case "known":
                return f"({self.value(args[0])} IS NOT NULL)", True
            case "number":
                return f"CAST({self.value(args[0])} AS DOUBLE)", True
            case "nonfinite":
                return self._nonfinite(args[0]), True
            case "sign":
                return f"CAST(sign({self.value(args[0])}) AS DOUBLE)", True
            case "min" | "max":
                return self._extreme(name, args), True
        if name in _CHECKED:
            function, domain = _CHECKED[name]
            sql = _known(self._render(args[0])[0], f"{{0}} {domain} AND {{0}} <= {_LARGEST}")
            return f"{function}({sql})", True
        return f"{_PLAIN[name]}({self.value(args[0])})", name != "exp"

    def _nonfinite(self, cell: Value) -> str:
        if isinstance(cell, Raw):
            return f"(NOT isfinite({cell.column}))" if cell.wild else f"CASE WHEN {cell.column} IS NOT NULL THEN false END"
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
            sql = f"CASE WHEN {sql} {sign} {other} THEN {sql} WHEN {other} {sign}= {sql} THEN {other} END"
        return sql

    def _and(self, op: Op) -> str:
        return self._logic(op, "(" + " AND ".join(self.value(arg) for arg in op.args) + ")")

    def _or(self, op: Op) -> str:
        parts = [(self.value(arg), rows_of(arg)) for arg in op.args]
        if len({rows for _, rows in parts}) == 1:
            return self._logic(op, "(" + " OR ".join(sql for sql, _ in parts) + ")")
        # An operand whose metrics are not on this row is left out; with none known the whole is unknown.
        kept = [
            f"coalesce({sql}, CASE WHEN {self.on_row(rows)} THEN NULL ELSE false END)" if rows else sql
            for sql, rows in parts
        ]
        known = " OR ".join(f"{sql} IS NOT NULL" for sql, _ in parts)
        return self._logic(op, f"CASE WHEN {known} THEN ({' OR '.join(kept)}) END")

    def _logic(self, op: Op, sql: str) -> str:
        """A part without metrics of its own (the clock, latest()) does not make a row an observation."""
        rows = rows_of(op)
        return f"CASE WHEN {self.on_row(rows)} THEN {sql} END" if rows and any(free(arg) for arg in op.args) else sql


def _known(sql: str, condition: str) -> str:
    """`sql` where the condition on it holds, else NULL; long texts are written once, so that nesting stays linear."""
    if len(sql) > _TOO_LONG:
        return f"list_filter([{sql}], lambda v: {condition.format('v')})[1]"
    return f"CASE WHEN {condition.format(sql)} THEN {sql} END"
