"""What a file, an option or a program may give as the value of a parameter."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import replace
from functools import partial

from .check import UNDECLARED, Scope, check
from .errors import ExpressionError, Problem
from .expression import Expression
from .fields import kind, number
from .items import Item
from .pack import Pack, Param, Scalar
from .parser import NO_TEXT, NO_TEXT_HINT, is_text, parse
from .problems import Problems
from .values import DEFAULT, type_words

PARAM_TYPES = ("number", "integer", "boolean", "text")

_PERCENT = partial(re.fullmatch, r"([-+]?[0-9]+(?:[.][0-9]*)?)\s*%")
_MEASURED = r"([-+]?[0-9]+(?:[.][0-9]+)?(?:[eE][-+]?[0-9]+)?)\s+([A-Za-z]+)"
_COMMA = partial(re.fullmatch, r"[-+]?[0-9]+,[0-9]+")
_IN_EXPRESSIONS = {"number": "number", "integer": "number", "boolean": "condition", "text": "text"}


def is_given(item: Item, name: str, problems: Problems) -> bool:
    """Whether a param is given a value; to unset one takes a word, so that a value that was forgotten unsets none."""
    if item.is_empty:
        hint = "write one, or null: rules that use it are not evaluated then"
        problems.add(item.key_at, "empty-value", f"param {name!r} is given no value", hint)
    return not item.is_empty


def setting(
    item: Item, name: str, type_: str, problems: Problems, *, unit: str | None = None, in_run: bool = False
) -> Scalar | Expression:
    """The value of a param of type `type_`: a literal, or an expression where it is text and the type is not.

    "47%" of a param whose unit is share is 0.47. What is set for one run (`in_run`) may have the param's unit with it:
    "30 steps".
    """
    value = item.value
    if not is_given(item, name, problems) or value is None:
        return None
    if isinstance(value, str) and not is_text(value):
        problems.add(item.at, "not-text", f"param {name!r}: {NO_TEXT}", NO_TEXT_HINT)
        return None
    if type_ == "text" and isinstance(value, str):
        return value
    if type_ == "boolean" and isinstance(value, bool):
        return value
    amount = number(item)
    if amount is not None and (type_ == "number" or (type_ == "integer" and amount.is_integer())):
        return amount
    if isinstance(value, str) and type_ != "text":
        percent = _PERCENT(value.strip())
        if percent is not None and unit == "share" and type_ == "number":
            return float(percent[1]) / 100
        measured = re.fullmatch(_MEASURED, value.strip())
        if measured is not None:
            is_own = unit is not None and measured[2].rstrip("s") == unit.rstrip("s")
            if is_own and in_run:
                return setting(replace(item, value=float(measured[1])), name, type_, problems)
            from .mends import measured as mended

            told = "its unit stands under 'unit'" if is_own else f"this is in {unit}" if unit else "this has no unit"
            message = f"param {name!r}: {value!r} is in {measured[2]}, and {told}"
            hint = f"write the number alone: {measured[1]}" if is_own else mended(measured[1], measured[2], unit)
            problems.add(item.at, "bad-setting", message, hint)
            return None
        if slip := _slip(value.strip(), percent, type_, unit):
            problems.add(item.at, "bad-setting", f"param {name!r}: {value!r} {slip[0]}", slip[1])
            return None
        try:
            return parse(value, item.at)
        except ExpressionError as error:
            from .slips import NO_SLIP

            told = "" if item.line else f"param {name!r}: "
            plain = f"write {type_words(type_)}, or an expression over other params"
            for each in error.problems:
                hint = plain if each.hint == NO_SLIP and type_ != "boolean" else each.hint
                problems.extend([each._replace(message=f"{told}{each.message}", hint=hint)])
            return None
    from .mends import mend

    expected = type_words(type_)
    problems.add(
        item.at, "wrong-type", f"param {name!r} must be {expected}, not {kind(item)}", mend(item, name, expected)
    )
    return None


def _slip(text: str, percent: re.Match[str] | None, type_: str, unit: str | None) -> tuple[str, str] | None:
    """What is wrong with a value that is written as one often writes it by mistake, and how it is written."""
    if percent is not None:
        from .mends import percentage

        return "is a percentage, and this is no share", percentage(percent[1], type_, unit)
    if text[:1] in ("=", "<", ">"):
        return "is a comparison, not a value", f"write {text.lstrip('=<> ') or 'a number'}"
    if _COMMA(text):
        whole, _, rest = text.partition(",")
        more = f", or {whole}{rest} if it sets the thousands apart" if len(rest) == 3 and whole.strip("+-0") else ""
        return "has a comma", f"write {whole}.{rest}{more}"
    return None


def setting_problems(value: Expression, param: Param, pack: Pack) -> Iterator[Problem]:
    """What is wrong with the names and types of an expression that sets a param."""
    types = {other.id: _IN_EXPRESSIONS[other.type] for other in pack.params.values()}
    wanted = _IN_EXPRESSIONS[param.type]
    for problem in check(value, Scope(params={**types, DEFAULT: wanted}, rows=False), wanted):
        hint = problem.hint.replace(UNDECLARED, "use other params, and 'default'")
        yield problem._replace(message=f"param {param.id!r}: {problem.message}", hint=hint)
