# ruff: noqa: RUF001 - signs that are mistaken for others
# ruff: noqa: E501 - tables of whole messages
"""What is not in the language: each refused at once, with its place and its mend, and never run."""

from __future__ import annotations

import inspect
import time
from contextlib import suppress
from pathlib import Path

import pytest

from trainrules.engine.errors import ExpressionError, PackError, Position
from trainrules.engine.expression import Expression
from trainrules.engine.load import load_pack
from trainrules.engine.parser import MAX_LENGTH, parse
from trainrules.engine.tree import Among, And, Call, Comparison, Name, Negative, Node, Not, Number, Or, Text, Truth

AT = Position("p.yaml", 3, 5)
SOON = 0.05  # seconds; what is refused is refused by looking at it


def told(text: str) -> str:
    """The one problem of a text, as a user reads it; quick every time, whatever the text."""
    taken = []
    for _ in range(3):
        start = time.perf_counter()
        with pytest.raises(ExpressionError) as refused:
            parse(text, AT)
        taken.append(time.perf_counter() - start)
    assert min(taken) < SOON
    (problem,) = refused.value.problems
    return str(problem).removeprefix("p.yaml:3:")


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        # A lone carriage return is a blank
        ("kl > 1 or \rloss % 2 > 1", "21: only + - * / and ** with a literal exponent are part of the language; write a share as in 0.05, the rest of a division as a - b * floor(a / b)"),
        # Ways into Python
        ("loss.real > 1", "5: attributes are not part of the language; give the metric a name without points, its key in 'keys'"),
        ("kl > 0 and loss.__class__ == 1", "16: attributes are not part of the language; give the metric a name without points, its key in 'keys'"),
        ("'a'.join > 1", "5: attributes are not part of the language; give the metric a name without points, its key in 'keys'"),
        ("loss[0] > 1", "5: subscripts are not part of the language; an earlier value is prev(loss, 3)"),
        ("1 < loss[0:2]", "9: subscripts are not part of the language; an earlier value is prev(loss, 3)"),
        ("().__class__.__bases__[0]", "5: subscripts are not part of the language; an earlier value is prev(loss, 3)"),
        ("__import__('os').system('touch canary')", "5: only the functions of the language can be called; 'rules explain not-in-language' tells what is"),
        ("__import__('os')", "5: unknown function '__import__'; docs/language.md lists the functions"),
        ("loss > __builtins__", "12: unknown name '__builtins__'; a name begins with a letter"),
        ("eval('1')", "5: unknown function 'eval'; docs/language.md lists the functions"),
        ("open('canary', 'w')", "5: unknown function 'open'; did you mean 'slope'?"),
        ("loss > getattr(loss, 'real')", "12: unknown function 'getattr'; docs/language.md lists the functions"),
        ("mean(loss, ten)(1)", "5: only the functions of the language can be called; 'rules explain not-in-language' tells what is"),
        ("mean.real(loss)", "5: only the functions of the language can be called; 'rules explain not-in-language' tells what is"),
        ("'a'(1)", "5: only the functions of the language can be called; 'rules explain not-in-language' tells what is"),
        ("lambda: loss", "5: lambdas are not part of the language; write what is computed as a metric with 'expr'"),
        ("abs(lambda x: x)", "9: lambdas are not part of the language; write what is computed as a metric with 'expr'"),
        ("[x for x in loss]", "5: comprehensions are not part of the language; windows look at many rows, as in any(loss > 2, trend)"),
        ("{x for x in loss}", "5: comprehensions are not part of the language; windows look at many rows, as in any(loss > 2, trend)"),
        ("{x: 1 for x in loss}", "5: comprehensions are not part of the language; windows look at many rows, as in any(loss > 2, trend)"),
        ("any(x for x in loss)", "8: comprehensions are not part of the language; windows look at many rows, as in any(loss > 2, trend)"),
        ("f'{loss}' == phase", "5: f-strings are not part of the language; write a plain text in quotes"),
        ("(x := loss) > 1", "6: assignments are not part of the language; compare with =="),
        ("yield loss", "5: yield is not part of the language; 'rules explain not-in-language' tells what is"),
        ("await loss", "5: await is not part of the language; 'rules explain not-in-language' tells what is"),
        # Ways into SQL
        ("read_csv('/etc/passwd')", "5: unknown function 'read_csv'; docs/language.md lists the functions"),
        ("loss > query('select 1')", "12: unknown function 'query'; docs/language.md lists the functions"),
        # Operators
        ("loss // 2", "10: only + - * / and ** with a literal exponent are part of the language; write floor(a / b)"),
        ("1 + loss % 2", "14: only + - * / and ** with a literal exponent are part of the language; write a share as in 0.05, the rest of a division as a - b * floor(a / b)"),
        ("loss @ 2", "10: only + - * / and ** with a literal exponent are part of the language; multiply with *"),
        ("loss << 1", "10: only + - * / and ** with a literal exponent are part of the language; compare with <"),
        ("loss & 1", "10: only + - * / and ** with a literal exponent are part of the language; write 'and'"),
        ("~loss", "5: '~' is not part of the language; write 'not'"),
        ("loss ** kl", "13: the exponent of ** must be a literal number of at most 64; use exp() and log()"),
        ("loss ** -kl", "13: the exponent of ** must be a literal number of at most 64; use exp() and log()"),
        ("loss ** (1 + 1)", "14: the exponent of ** must be a literal number of at most 64; use exp() and log()"),
        ("loss ** 65", "13: the exponent of ** must be a literal number of at most 64; use exp() and log()"),
        ("9**9**9", "8: the exponent of ** must be a literal number of at most 64; use exp() and log()"),
        ("9**9**9**9", "11: the exponent of ** must be a literal number of at most 64; use exp() and log()"),
        ("loss is None", "5: 'is' is not part of the language; use == or !="),
        ("loss is not kl", "5: 'is' is not part of the language; use == or !="),
        ("kl < 1 and loss < kl is 3", "16: 'is' is not part of the language; use == or !="),
        # Literals
        ("None", "5: None is not part of the language; 'rules explain not-in-language' tells what is"),
        ("...", "5: '...' stands for nothing; write out what is left out here"),
        ("loss > …", "12: not an expression: invalid character '…' (U+2026); write out what is left out here"),
        ("loss > 2024-01-01", "12: not an expression: a number begins with no 0; a date is no number; 'time' is in seconds since 1970: write 1704067200"),
        ("loss > 2024-02-31", "12: not an expression: a number begins with no 0; a date is no number; 'time' is in seconds since 1970"),
        ("time > 2024-01-01T12:30", "12: not an expression: a number begins with no 0; a date is no number; 'time' is in seconds since 1970: write 1704112200"),
        ("step > 10k", "12: not an expression: invalid decimal literal; write 10000"),
        ("step > 1.5M", "12: not an expression: invalid decimal literal; write 1500000"),
        ("step > 5 steps", "12: not an expression: invalid syntax; write the number alone: 5"),
        ("mean(loss, 5 hours)", "16: not an expression: invalid syntax; put it in quotes, as in \"300 minutes\""),
        ("10 hours", "5: not an expression: invalid syntax; write a number alone; lengths with a unit stand under windows and in 'for', as in '600 minutes'"),
        ("isnan(loss)", "5: unknown function 'isnan'; write nonfinite(loss), which finds NaN and infinite values"),
        ("isfinite(2 * loss)", "5: unknown function 'isfinite'; write not nonfinite(x)"),
        ("avg(loss, ten)", "5: unknown function 'avg'; write mean(loss, window)"),
        ("phase == b'x'", "14: b'x' is not part of the language; 'rules explain not-in-language' tells what is"),
        ("loss > 1j", "12: 1j is not part of the language; 'rules explain not-in-language' tells what is"),
        ("loss > 1e999", "12: number is too large; write one below 1.8e308"),
        ("loss > " + "9" * 400, "12: number is too large; write one below 1.8e308"),
        ("loss > 1" + "0" * 1_900, "12: number is too large; write one below 1.8e308"),
        ("{}", "5: dictionaries are not part of the language; put text with braces in quotes"),
        ("{1}", "5: sets are not part of the language; a list stands in brackets, as in phase in ['main', 'late']"),
        ("[1, 2]", "5: a list may only stand after 'in'; as in phase in ['main', 'late']"),
        ("(1, 2)", "5: tuples are not part of the language; write one condition; a list stands in brackets after 'in'"),
        ("loss > 1, 2", "5: tuples are not part of the language; write one condition; a list stands in brackets after 'in'"),
        ("loss in kl", "13: 'in' needs a list of literals; write it as in [1, 2] or in ['a', 'b']"),
        ("loss in []", "13: 'in' needs a list of literals; write it as in [1, 2] or in ['a', 'b']"),
        ("loss in {1, 2}", "13: 'in' needs a list of literals; write it as in [1, 2] or in ['a', 'b']"),
        ("loss not in 3", "17: 'in' needs a list of literals; write it as in [1, 2] or in ['a', 'b']"),
        ("loss in [1, kl + 1]", "17: the list after 'in' may hold literals only; write texts in quotes"),
        # Calls
        ("maen(loss, ten)", "5: unknown function 'maen'; did you mean 'mean' or 'median'?"),
        ("MEAN(loss, ten)", "5: unknown function 'MEAN'; docs/language.md lists the functions"),
        ("1 < mean(loss)", "9: mean() lacks its argument 'w'; it is written mean(x, w, lag=0)"),
        ("mean(loss, ten, 1, 2)", "5: mean() takes at most 3 arguments; it is written mean(x, w, lag=0)"),
        ("mean(loss, ten, k=1)", "21: mean() has no option 'k'; it is written mean(x, w, lag=0)"),
        ("mean(loss, w=ten)", "16: mean() has no option 'w'; leave 'w=' out: it is written mean(x, w, lag=0)"),
        ("mean(loss, ten, 1, lag=2)", "28: mean() is given 'lag' twice; it is written mean(x, w, lag=0)"),
        ("mean(loss, ten, lag=1, lag=2)", "32: mean() is given 'lag' twice; it is written mean(x, w, lag=0)"),
        ("mean(*loss)", "10: starred arguments are not part of the language; write the arguments one by one"),
        ("quantile(loss, ten)", "5: quantile() lacks its argument 'q'; it is written quantile(x, w, q, lag=0)"),
        ("prev(loss, n=2)", "16: prev() has no option 'n'; it is written prev(x, k=1)"),
        ("abs()", "5: abs() lacks its argument 'x'; it is written abs(x)"),
        ("min(loss)", "5: min() takes two or more numbers; it is written min(x, y, …)"),
        ("max(x=1, y=2)", "5: max() takes two or more numbers; it is written max(x, y, …)"),
        ("nonfinite(loss, kl)", "5: nonfinite() takes at most 1 arguments; it is written nonfinite([m])"),
        # Nothing, and places
        ("", "5: expression is empty; write a condition such as 'loss > 2'"),
        (" \n ", "5: expression is empty; write a condition such as 'loss > 2'"),
        ("  loss.x", "7: attributes are not part of the language; give the metric a name without points, its key in 'keys'"),
        ("größe > 1 and (x.y)", "20: attributes are not part of the language; give the metric a name without points, its key in 'keys'"),
        ("'日本' == phase and x.y", "23: attributes are not part of the language; give the metric a name without points, its key in 'keys'"),
        ("loss > 1 and\n  kl.x > 1", "5: attributes are not part of the language; give the metric a name without points, its key in 'keys'"),
        ("phase == '\\ud800'", "14: half a character (a lone surrogate) is no text; write the whole character, in UTF-8"),
    ],
)  # fmt: skip
def test_what_is_not_in_the_language_is_refused(text: str, problem: str) -> None:
    assert told(text) == problem


@pytest.mark.parametrize(
    ("text", "column", "hint"),
    [
        ("loss > 1; DROP TABLE run", 13, "an expression is one condition: join two with 'and'"),
        ("loss > 1 union select 1", 14, "an operator is missing before it, such as 'and' or '>'"),
        ("if loss: 1", 5, "write a condition such as 'loss > 2 and step > 100'"),
        ("import os", 12, "an operator is missing before it, such as 'and' or '>'"),
        ("print 'x'", 11, "an operator is missing before it, such as 'and' or '>'"),
        ("loss > > 1", 12, ""),
        ("loss >", 11, "something is missing at the end"),
        ("  loss + ", 13, "something is missing at the end"),
        ("größe >", 12, ""),
        ("loss > 1 and\n  kl >", 5, ""),
        ("loss 1", 10, "an operator is missing before it, such as 'and' or '>'"),
        ("(loss > 1", 5, "close it with ')'"),
        ("loss > {2", 12, "close it with '}'"),
        ("loss in [1, 2", 13, "close it with ']'"),
        ("[loss > (2]", 15, "take the bracket out, or open one for it"),
        ("abs(loss > 2 or (kl", 21, "close it with ')'"),
        ("phase == 'main", 14, "close the quote"),
        ("loss => 1", 10, "write >="),
        ("loss = 1", 10, "compare with =="),
        ("loss && kl > 1", 10, "write 'and'"),
        ("loss > 1 || kl > 1", 14, "write 'or'"),
        ("loss > 1 AND kl > 2", 14, "write 'and'"),
        ("NOT loss > 2", 5, "write 'not'"),
        ("loss > 5% and kl > 2", 12, "write 0.05, or the number alone if the log is in per cent"),
        ("loss > 2 %", 12, "write 0.02, or the number alone if the log is in per cent"),
        ("loss > .5.3", 12, "a number has one point"),
        ("010 < loss", 5, "write 10"),
        ("@loss > 1", 5, "take '@' out"),
        ("if loss > 2 then 3 else 4", 17, "a choice is written 'a if condition else b'"),
        ("loss ≥ 2", 10, "write >="),
        ("loss ＞ 2", 10, "write >"),
        ("phase == “main”", 14, "write straight quotes, as in 'main'"),
        ("loss > 1\xa0and kl > 2", 13, "write a plain blank"),
        ("größe > 1 AND kl > 2", 15, "write 'and'"),
        ("'AND' == phase AND kl > 2", 20, "write 'and'"),
        ("mean(loss, 20 points) > 1", 16, 'put it in quotes, as in "20 points"'),
        ("20 epochs", 5, "write a number alone, in the unit of what it is held against"),
        ("step > 20 epochs", 12, "give it in steps, or compare epoch with 20"),
        ("epoch >= 1 epoch and step > 5", 14, "write the number alone: 1"),
        ("loss > 1 and time > 5 minutes", 25, "write a number alone, in the unit of what it is held against"),
        ("loss) > 1", 9, "take the bracket out, or open one for it"),
        ("loss <> 1", 10, "write !="),
        ("loss is between 1 and 2", 10, "write it as in 1 < loss < 2"),
        ("loss > 1\x00", 5, ""),
        ("phase == 'a\x00'", 5, ""),
        ("\x00", 5, ""),
        ("loss > '\ud800'", 5, ""),
    ],
)
def test_what_is_no_python_either_is_refused_where_it_is_to_be_mended(text: str, column: int, hint: str) -> None:
    problem = told(text)
    assert problem.startswith(f"{column}: not an expression: ")
    assert problem.endswith(f"; {hint}" if hint else problem[-1])


N = 10_000


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        ("(" * N + "1" + ")" * N, "5: expression is 20,001 characters long, 2,000 are allowed; split it into metrics"),
        ("-" * N + "1", "5: expression is 10,001 characters long, 2,000 are allowed; split it into metrics"),
        ("not " * N + "x", "5: expression is 40,001 characters long, 2,000 are allowed; split it into metrics"),
        ("[" * N + "]" * N, "5: expression is 20,000 characters long, 2,000 are allowed; split it into metrics"),
        ("x" * 2_001, "5: expression is 2,001 characters long, 2,000 are allowed; split it into metrics"),
        ("-" * 1_900 + "x", "66: expression is nested more than 60 deep; split it into metrics"),
        ("-" * 61 + "x", "66: expression is nested more than 60 deep; split it into metrics"),
        ("not " * 400 + "x", "249: expression is nested more than 60 deep; split it into metrics"),
        ("1" + "+1" * 900, "5: expression is nested more than 60 deep; split it into metrics"),
        ("2**" * 600 + "2", "185: expression is nested more than 60 deep; split it into metrics"),
        ("x." * 900 + "x", "5: attributes are not part of the language; give the metric a name without points, its key in 'keys'"),
        ("x" + "[0]" * 600, "5: subscripts are not part of the language; an earlier value is prev(loss, 3)"),
    ],
    ids=lambda value: value[:12],
)  # fmt: skip
def test_what_is_too_long_or_too_deep_is_refused(text: str, problem: str) -> None:
    assert told(text) == problem


@pytest.mark.parametrize("opening", ["(", "[", "{", "abs(", "abs(-(", "not(", "f'{"])
def test_brackets_that_python_itself_refuses_are_refused_as_quickly(opening: str) -> None:
    assert ": " in told(opening * (MAX_LENGTH // len(opening)))


def test_nothing_is_run_on_the_way(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    for text in (
        "open('canary', 'w')",
        "__import__('pathlib').Path('canary').touch()",
        "(lambda: open('canary', 'w'))()",
    ):
        told(text)
    assert not list(tmp_path.iterdir())


LOSS, KL = Name("loss"), Name("kl")


@pytest.mark.parametrize(
    ("text", "tree"),
    [
        ("loss", LOSS),
        ("  loss  ", LOSS),
        ("+loss", LOSS),
        ("-loss", Negative(LOSS)),
        ("-1", Number(-1.0)),
        ("--1", Number(1.0)),
        ("0x10", Number(16.0)),
        ("1_000", Number(1000.0)),
        ("true", Truth(True)),
        ("False", Truth(False)),
        ("'a' 'b'", Text("ab")),
        ("'; DROP TABLE run; --'", Text("; DROP TABLE run; --")),
        ("loss > 1  # a remark", Comparison(">", LOSS, Number(1.0))),
        ("loss\n > 1", Comparison(">", LOSS, Number(1.0))),
        ("0 < loss <= 1", And((Comparison("<", Number(0.0), LOSS), Comparison("<=", LOSS, Number(1.0))))),
        ("loss not in [1, -2]", Not(Among(LOSS, (Number(1.0), Number(-2.0))))),
        ("prev(loss)", Call("prev", (LOSS, Number(1.0)))),
        ("prev(loss, k=2)", Call("prev", (LOSS, Number(2.0)))),
        ("mean(loss, ten)", Call("mean", (LOSS, Name("ten"), Number(0.0)))),
        ("mean_upper(loss, ten, lag=3)", Call("mean_upper", (LOSS, Name("ten"), Number(0.95), Number(3.0)))),
        ("nonfinite()", Call("nonfinite", (None,))),
        ("max(loss, kl, 1)", Call("max", (LOSS, KL, Number(1.0)))),
    ],
)
def test_what_is_in_the_language_becomes_a_tree(text: str, tree: Node) -> None:
    assert parse(text, AT).tree == tree


def test_the_deepest_and_the_longest_that_are_allowed_pass() -> None:
    assert isinstance(parse("-" * 60 + "x", AT).tree, Negative)
    assert isinstance(parse("(" * 60 + "x" + ")" * 60, AT).tree, Name)
    assert len(parse("x > 1 " + "and x > 1 " * 199, AT).text) == 1_996


def test_each_node_knows_its_place() -> None:
    expression: Expression = parse("größe > 1 and mean(kl, ten) < 'x'", AT)
    places = {type(node).__name__: expression.position(node).column for node in expression.tree.walk()}
    assert places == {"And": 5, "Comparison": 19, "Name": 28, "Number": 19, "Call": 19, "Text": 35}


@pytest.mark.parametrize(
    ("one", "other"),
    [
        (LOSS, Text("loss")),
        (Number(1.0), Truth(True)),
        (And((LOSS, KL)), Or((LOSS, KL))),
        (Negative(LOSS), Not(LOSS)),
        (Call("mean", (LOSS,)), Call("median", (LOSS,))),
    ],
)
def test_nodes_of_two_kinds_are_never_equal(one: Node, other: Node) -> None:
    assert one != other
    assert len({one, other}) == 2


def test_where_a_node_stands_does_not_change_what_it_means() -> None:
    assert parse("loss > 1", AT).tree == parse("   loss >  1", AT).tree


PACK = """schema: 1
pack: demo
version: 1.0.0
title: Demo
metrics:
  loss: {keys: [loss]}
"""
RULE = PACK + "rules:\n  r:\n    title: R\n    cause: info\n    severity: info\n"  # eleven lines


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        (RULE + "    when: loss.real > 1", "p.yaml:12:11: attributes are not part of the language; give the metric a name without points, its key in 'keys'"),
        (RULE + "    when: 'loss > open(1)'", "p.yaml:12:19: unknown function 'open'; did you mean 'slope'?"),
        (RULE + '    when: "loss > 1 and loss[0]"', "p.yaml:12:25: subscripts are not part of the language; an earlier value is prev(loss, 3)"),
        (RULE + "    when: loss > 1\n    since: loss ** loss > 1", "p.yaml:13:20: the exponent of ** must be a literal number of at most 64; use exp() and log()"),
        (RULE + "    when: >-\n      loss > 9**9**9", "p.yaml:13:17: the exponent of ** must be a literal number of at most 64; use exp() and log()"),
        (RULE + "    when: |\n      loss > 1\n      and loss.x", "p.yaml:14:11: attributes are not part of the language; give the metric a name without points, its key in 'keys'"),
        (RULE + "    when: '" + "-" * N + "loss > 1'", "p.yaml:12:12: expression is 10,008 characters long, 2,000 are allowed; split it into metrics"),
        (RULE + "    when: 'loss > 1'\n    for: loss.x points", "p.yaml:13:10: attributes are not part of the language; give the metric a name without points, its key in 'keys'"),
        (RULE + "    when: loss > 1\n    after: loss()", "p.yaml:13:12: unknown function 'loss'; did you mean 'lowest'?"),
        (RULE + "    when: mm < 0 and foo(m) > mean(m, '10')", "p.yaml:12:11: unknown name 'mm'; declare it under metrics or params\np.yaml:12:22: unknown function 'foo'; did you mean 'floor'?\np.yaml:12:26: unknown name 'm'; declare it under metrics or params\np.yaml:12:36: unknown name 'm'; declare it under metrics or params\np.yaml:12:39: '10' is not a window; write \"10 points\""),
        (RULE + "    when: foo(loss) > 1 and baz(loss > 1, loss)", "p.yaml:12:11: unknown function 'foo'; did you mean 'floor'?\np.yaml:12:29: unknown function 'baz'; docs/language.md lists the functions"),
        (RULE + "    when: mean(los) > 1 and not loss", "p.yaml:12:11: mean() lacks its argument 'w'; it is written mean(x, w, lag=0)\np.yaml:12:16: unknown name 'los'; did you mean 'loss'?\np.yaml:12:33: expected a condition, found a number; compare it with something, as in 'x > 0'"),
        (RULE + "    when: foo(los) > 1 or loss[0] > ls", "p.yaml:12:11: unknown function 'foo'; did you mean 'floor'?\np.yaml:12:15: unknown name 'los'; did you mean 'loss'?\np.yaml:12:27: subscripts are not part of the language; an earlier value is prev(loss, 3)\np.yaml:12:37: unknown name 'ls'; did you mean 'loss'?"),
        (RULE + "    when: losss / 2 > limm and loss.x > 1 and los[0] > 2", "p.yaml:12:11: unknown name 'losss'; did you mean 'loss'?\np.yaml:12:23: unknown name 'limm'; declare it under metrics or params\np.yaml:12:32: attributes are not part of the language; give the metric a name without points, its key in 'keys'\np.yaml:12:47: subscripts are not part of the language; an earlier value is prev(loss, 3)\np.yaml:12:47: unknown name 'los'; did you mean 'loss'?"),
        (RULE + "    when: los // 2 > 1 and loss is lss and 2 ** los > 1 and ~los and los in x", "p.yaml:12:11: unknown name 'los'; did you mean 'loss'?\np.yaml:12:15: only + - * / and ** with a literal exponent are part of the language; write floor(a / b)\np.yaml:12:28: 'is' is not part of the language; use == or !=\np.yaml:12:36: unknown name 'lss'; did you mean 'loss'?\np.yaml:12:49: the exponent of ** must be a literal number of at most 64; use exp() and log()\np.yaml:12:49: unknown name 'los'; did you mean 'loss'?\np.yaml:12:61: '~' is not part of the language; write 'not'\np.yaml:12:62: unknown name 'los'; did you mean 'loss'?\np.yaml:12:70: unknown name 'los'; did you mean 'loss'?\np.yaml:12:77: 'in' needs a list of literals; write it as in [1, 2] or in ['a', 'b']"),
        (PACK + "  a: {expr: foo(loss)}\nrules:\n  r: {title: R, cause: info, severity: info, when: a > 1}", "p.yaml:7:13: unknown function 'foo'; did you mean 'floor'?"),
        (RULE + "    when: loss > 1\n    while: f'{loss}'", "p.yaml:13:12: f-strings are not part of the language; write a plain text in quotes"),
        (RULE + "    when: loss > 1\n    until: loss // 2 > 1", "p.yaml:13:17: only + - * / and ** with a literal exponent are part of the language; write floor(a / b)"),
        (PACK + "  a: {expr: 'loss is 1'}", "p.yaml:7:14: 'is' is not part of the language; use == or !="),
        (PACK + "  a: {keys: [a], where: 'x := 1'}", "p.yaml:7:26: assignments are not part of the language; compare with =="),
        (PACK + "windows:\n  w: {last: 'open(1) points'}", "p.yaml:8:14: unknown function 'open'; did you mean 'slope'?"),
    ],
    ids=lambda value: value[-24:],
)  # fmt: skip
def test_in_a_pack_the_file_the_line_and_the_column_are_named(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, text: str, problem: str
) -> None:
    monkeypatch.chdir(tmp_path)
    Path("p.yaml").write_text(text, encoding="utf-8")
    with pytest.raises(PackError) as refused:
        load_pack("p.yaml")
    assert str(refused.value).splitlines() == problem.splitlines()


@pytest.mark.parametrize("text", ["1if loss > 2 else 3", "1(2) > 1", "'a' is 'b'", "phase == '\\d'", "0x1for x in y"])
def test_python_warns_of_nothing(text: str, recwarn: pytest.WarningsRecorder) -> None:
    import warnings

    warnings.simplefilter("always")
    with suppress(ExpressionError):
        parse(text, AT)
    assert [str(warning.message) for warning in recwarn] == []


@pytest.mark.parametrize("kind", Node.__subclasses__(), ids=lambda kind: kind.__name__)
def test_a_node_knows_which_of_its_parts_are_nodes(kind: type[Node]) -> None:
    parts = inspect.signature(kind.__init__).parameters
    assert kind.inside == tuple(name for name in kind.__match_args__ if "Node" in str(parts[name].annotation))
