"""Fuzzes the parser of expressions, its checks and the evaluation over single values.

Whatever the text: a tree, or an ExpressionError with its place inside the text; checked without rows, a value.

    python tests/fuzz/fuzz_expression.py tests/fuzz/corpus/expression -max_total_time=600
"""

from __future__ import annotations

import math
import sys

import atheris

with atheris.instrument_imports(include=["trainrules"]):
    from trainrules.engine.check import Scope, check
    from trainrules.engine.check_pack import pack_scope
    from trainrules.engine.errors import ExpressionError, Position
    from trainrules.engine.parser import parse
    from trainrules.engine.scalar import evaluate_scalar
    from trainrules.engine.shelf import load_pack

AT = Position("pack.yaml", 1, 1)
PACK = load_pack("kto")
OVER_ROWS = pack_scope(PACK)
WITHOUT_ROWS = Scope(params={"a": "number", "b": "number", "yes": "condition", "word": "text"}, rows=False)
VALUES = {"a": 0.5, "b": None, "yes": True, "word": "main"}


def one(data: bytes) -> None:
    """Parse, check and evaluate one text."""
    text = data.decode("utf-8", "surrogatepass" if b"\xed" in data else "replace") if _is_text(data) else ""
    try:
        found = parse(text, AT)
    except ExpressionError as error:
        problems = list(error.problems)
    else:
        problems = check(found, OVER_ROWS, "condition")
        more = check(found, WITHOUT_ROWS, "value")
        if not more:
            value = evaluate_scalar(found, VALUES)
            assert not isinstance(value, float) or math.isfinite(value), value
        problems += more
    for problem in problems:
        assert problem.message
        assert 0 < problem.at.column <= len(text) + 1, (problem, len(text))
        assert str(problem).encode("utf-8", "backslashreplace")


def _is_text(data: bytes) -> bool:
    try:
        data.decode("utf-8", "surrogatepass" if b"\xed" in data else "replace")
    except UnicodeDecodeError:
        return False
    return True


def main() -> None:
    atheris.Setup(sys.argv, one)
    atheris.Fuzz()


if __name__ == "__main__":
    main()
