"""What Python's syntax has and the language of expressions has not, with what is written in its place."""

from __future__ import annotations

import ast
from collections.abc import Mapping

_COMPREHENSIONS = ("comprehensions", "windows look at many rows, as in any(loss > 2, trend)")
_NO_PART = {
    ast.Attribute: ("attributes", "give the metric a name without points, its key in 'keys'"),
    ast.Subscript: ("subscripts", "an earlier value is prev(loss, 3)"),
    ast.Lambda: ("lambdas", "write what is computed as a metric with 'expr'"),
    ast.JoinedStr: ("f-strings", "write a plain text in quotes"),
    ast.NamedExpr: ("assignments", "compare with =="),
    ast.Starred: ("starred arguments", "write the arguments one by one"),
    ast.Dict: ("dictionaries", "put text with braces in quotes"),
    ast.Set: ("sets", "a list stands in brackets, as in phase in ['main', 'late']"),
    ast.Tuple: ("tuples", "write one condition; a list stands in brackets after 'in'"),
    **dict.fromkeys((ast.ListComp, ast.SetComp, ast.DictComp, ast.GeneratorExp), _COMPREHENSIONS),
}

REFUSED: Mapping[type[ast.AST], tuple[str, str]] = {
    **{kind: (f"{what} are not part of the language", hint) for kind, (what, hint) in _NO_PART.items()},
    ast.List: ("a list may only stand after 'in'", "as in phase in ['main', 'late']"),
}
"""What is said of a node that has no place in the language, and how it is mended."""

INSTEAD: Mapping[type[ast.operator], tuple[str, str]] = {
    ast.FloorDiv: ("//", "write floor(a / b)"),
    ast.Mod: ("%", "write a share as in 0.05, the rest of a division as a - b * floor(a / b)"),
    ast.LShift: ("<<", "compare with <"),
    ast.RShift: (">>", "compare with >"),
    ast.BitAnd: ("&", "write 'and'"),
    ast.BitOr: ("|", "write 'or'"),
    ast.BitXor: ("^", "a power is written **"),
    ast.MatMult: ("@", "multiply with *"),
}
"""Operators of Python that are none here, their signs, and what is written in their place."""

_WILD = "write nonfinite({0}), which finds NaN and infinite values"
CALLED: Mapping[str, str] = {
    **dict.fromkeys(("isnan", "is_nan", "isinf", "is_inf", "isnull", "is_null", "isna"), _WILD),
    **dict.fromkeys(("isfinite", "is_finite"), "write not nonfinite({0})"),
    **dict.fromkeys(("avg", "average", "moving_average", "rolling_mean"), "write mean({0}, window)"),
    **dict.fromkeys(("sum", "cumsum"), "write total({0}, window)"),
    **dict.fromkeys(("stdev", "stddev", "rolling_std"), "write std({0}, window)"),
    **dict.fromkeys(("len", "length"), "write count({0}, window)"),
    **dict.fromkeys(("fraction", "frequency"), "write share(condition, window)"),
    **dict.fromkeys(("percentile", "pctile"), "write quantile({0}, window, q=0.9)"),
    **dict.fromkeys(("shift", "previous"), "write prev({0})"),
    **dict.fromkeys(("diff", "difference"), "write delta({0})"),
    "ln": "write log({0})",
    "pow": "a power is written {0} ** 2",
}
"""Functions of other languages, and what is written in their place; {0} is the name that they are called with."""

NUMBERS = frozenset({"nan", "NaN", "inf", "Infinity", "infinity", "Inf", "NAN", "INF"})
"""Names of numbers that are not finite, which the language does not have."""
