"""Values of the logical plan in words, for those who read the SQL that computes them."""

from __future__ import annotations

from .ir import Clock, Const, Kernel, Op, Raw, Span, Value

_INFIX = ("+", "-", "*", "/", "<", "<=", ">", ">=", "==", "!=", "and", "or")


def told(value: Value, length: int = 160) -> str:
    """A value as an expression over metrics and windows, cut to a length."""
    text = _told(value)
    return text if len(text) <= length else text[: length - 1] + "…"


def _told(value: Value) -> str:
    match value:
        case Const(value=None):
            return "unknown"
        case Const(value=bool(truth)):
            return "true" if truth else "false"
        case Const(value=float(number) | int(number)):
            return f"{number:g}"
        case Const(value=text):
            return repr(text)
        case Raw(metric=metric):
            return metric
        case Clock(column=column):
            return column
        case Op(name=name, args=args) if name in _INFIX:
            return f" {name} ".join(_inner(arg) for arg in args)
        case Op(name="where", args=(condition, operand)):
            return f"{_inner(operand)} where {_inner(condition)}"
        case Op(name=name, args=args):
            return f"{name}({', '.join(map(_told, args))})"
        case Kernel():
            return _kernel(value)
    raise AssertionError(value)


def _inner(value: Value) -> str:
    text = _told(value)
    return f"({text})" if isinstance(value, Op) and (value.name in _INFIX or value.name == "where") else text


def _kernel(kernel: Kernel) -> str:
    parts = [_told(kernel.arg)]
    if kernel.span:
        parts.append(_span(kernel.span))
    parts += [f"k={kernel.k}"] if kernel.k else []
    parts += [f"lag={kernel.lag}"] if kernel.lag else []
    parts += (
        [f"{'at' if kernel.unit else 'q'}={kernel.q:g}{f' {kernel.unit}' if kernel.unit else ''}"] if kernel.q else []
    )
    return f"{kernel.kind}({', '.join(parts)})"


def _span(span: Span) -> str:
    told = "the run so far" if span.unit == "all" else f"the last {span.last:g} {span.unit}"
    return f"{told}, at least {span.least:g} points"
