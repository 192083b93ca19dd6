# ruff: noqa: E501 - tables of whole messages
"""Every message of a faulty pack, with its place and its mend."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from trainrules.engine.errors import PackError
from trainrules.engine.load import RULES, load_pack

HEAD = "schema: 1\npack: demo\nversion: 1.0.0\ntitle: Demo\n"
BASE = HEAD + "metrics: {loss: {keys: [loss]}}\n"  # five lines


@pytest.fixture(autouse=True)
def in_a_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)


def told(text: str) -> list[str]:
    """The problems of a pack as a user reads them."""
    Path("p.yaml").write_text(text)
    try:
        load_pack("p.yaml")
    except PackError as error:
        return str(error).splitlines()
    return []


GATE = "gates:\n  g: {{{}}}\n"  # the gate stands on line 7
ENOUGH = "require: {a: {value: loss, above: 1}}"


@pytest.mark.parametrize(
    ("rest", "problems"),
    [
        (GATE.format("require: {a: {value: loss, above: 1, below: 2}}"), []),
        (GATE.format("title: G"), ["p.yaml:7:3: 'g' lacks 'require'; add it"]),
        (GATE.format("require: {}"), ["p.yaml:7:3: gate 'g' lacks 'require'; name what must hold, as in 'require: {enough: {value: step, at_least: 100}}'"]),
        (GATE.format("require: {a: {above: 1}}"), ["p.yaml:7:17: 'a' lacks 'value'; add it"]),
        (GATE.format("require: {a: {value: loss}}"), ["p.yaml:7:17: requirement 'a' of gate 'g' lacks 'at_least'; say what it must keep: one or more of at_least, at_most, above, below, between"]),
        (GATE.format("require: {a: {value: loss, abov: 1}}"), ["p.yaml:7:34: unknown key 'abov'; did you mean 'above'?"]),
        (GATE.format("require: {a: {value: lss, above: 1}}"), ["p.yaml:7:28: unknown name 'lss'; did you mean 'loss'?"]),
        (GATE.format("require: {a: {value: loss > 1, above: 1}}"), ["p.yaml:7:28: expected a number, found a condition; use share(), any() or all() over conditions"]),
        (GATE.format("require: {a: {value: loss, above: loss}}"), ["p.yaml:7:41: unknown name 'loss'; write a number, or declare it under params"]),
        (GATE.format("require: {a: {value: loss, between: [1]}}"), ["p.yaml:7:43: 'between' must be [low, high], not a list; write two numbers in brackets, as in [0.1, 0.5]; null leaves a side open"]),
        (GATE.format("require: {a: {value: loss, between: [2, 1]}}"), ["p.yaml:7:43: 'between' is upside down: 2 is above 1; write [low, high]"]),
        (GATE.format("require: {a: {value: loss, above: 3, below: 2}}"), ["p.yaml:7:51: no number is above 3 and below 2; swap them, or keep one"]),
        (GATE.format("require: {a: {value: loss, at_most: 0.2, at_least: 0.5}}"), ["p.yaml:7:58: no number is at least 0.5 and at most 0.2; swap them, or keep one"]),
        (GATE.format("require: {a: {value: loss, above: 3, at_most: 3}}"), ["p.yaml:7:53: no number is above 3 and at most 3; swap them, or keep one"]),
        (GATE.format("require: {a: {value: loss, between: [1, 2], above: 4}}"), ["p.yaml:7:58: no number is above 4 and at most 2; swap them, or keep one"]),
        (GATE.format("require: {a: {value: loss, at_least: 3, at_most: 3}}"), []),
        (GATE.format("require: {a: {value: loss, above: 1, near: lss}}"), ["p.yaml:7:50: unknown name 'lss'; write a number, or declare it under params"]),
        (GATE.format("require: {a: {value: loss, above: 1, advisory: 1}}"), ["p.yaml:7:54: expected a condition, found a number; compare it with something, as in 'x > 0'"]),
        (GATE.format(f"while: loss, {ENOUGH}"), ["p.yaml:7:14: expected a condition, found a number; compare it with something, as in 'x > 0'"]),
        (GATE.format(f"passed: changed(lss), {ENOUGH}"), ["p.yaml:7:23: changed() takes the name of a metric; did you mean 'loss'?"]),
        (GATE.format(f"max_age: 5, {ENOUGH}"), ["p.yaml:7:16: 'max_age' must be a length with its unit, such as '30 steps', not the number 5; write '5 steps'"]),
        (GATE.format(f"on_blocked: [wait], {ENOUGH}"), ["p.yaml:7:20: unknown action 'wait'; declare it under actions"]),
        (GATE.format(f"on_passed: [go], {ENOUGH}"), ["p.yaml:7:19: unknown action 'go'; declare it under actions"]),
        (
            GATE.format("stuck: {when: loss > 1, over: w, quantile: 0.5, actions: [x]}, " + ENOUGH),
            [
                "p.yaml:7:37: unknown window 'w'; declare it under windows, as in windows: {recent: {last: 20 points}}",
                "p.yaml:7:50: 'quantile' must lie between 0 and 0.5, not be 0.5; 0.1 suggests what nine values in ten reach",
                "p.yaml:7:65: unknown action 'x'; declare it under actions",
            ],
        ),
        (
            GATE.format("stuck: {when: loss > 1, over: w, actions: [x], out_of_reach: {unless: loss, advice: {y: 1}}, not_taken: {actions: [z]}}, " + ENOUGH),
            [
                "p.yaml:7:37: unknown window 'w'; declare it under windows, as in windows: {recent: {last: 20 points}}",
                "p.yaml:7:50: unknown action 'x'; declare it under actions",
                "p.yaml:7:54: 'out_of_reach' lacks 'actions'; add it",
                "p.yaml:7:77: expected a condition, found a number; compare it with something, as in 'x > 0'",
                "p.yaml:7:92: unknown action 'y'; declare it under actions",
                "p.yaml:7:95: 'y' must be a text, not the number 1; put it in quotes, as in '1'",
                "p.yaml:7:122: unknown action 'z'; declare it under actions",
            ],
        ),
        (GATE.format("stuck: {when: loss > 1}, " + ENOUGH), ["p.yaml:7:7: 'stuck' lacks 'actions'; add it", "p.yaml:7:7: 'stuck' lacks 'over'; add it"]),
        (GATE.format(ENOUGH) + "rules: {g: {title: R, cause: info, severity: info, when: loss > 1}}", ["p.yaml:7:3: gate 'g' has the name of a rule; reports name both; choose another name"]),
    ],
)  # fmt: skip
def test_gates(rest: str, problems: list[str]) -> None:
    assert told(BASE + rest) == problems


RULE = "rules:\n  r: {{title: R, cause: info, severity: info, {}}}\n"  # the rule stands on line 7


@pytest.mark.parametrize(
    ("rest", "problems"),
    [
        ("ruels: {}", ["p.yaml:6:1: unknown key 'ruels'; did you mean 'rules'?"]),
        (RULE.format("whne: loss > 1"), ["p.yaml:7:46: unknown key 'whne'; did you mean 'when'?"]),
        (RULE.format("when: loss > 1, zzz: 1"), ["p.yaml:7:62: unknown key 'zzz'; known here: title, cause, severity, when, "
         "for, until, actions, message, levels, since, after, while, sticky, enabled, why, source, advice"]),
        (RULE.format("for: 3 points"), ["p.yaml:7:3: rule 'r' lacks 'when'; give the condition on which it fires"]),
        (RULE.format("when: lss > 1"), ["p.yaml:7:52: unknown name 'lss'; did you mean 'loss'?"]),
        (RULE.format("when: 'loss > 1 and lss > 1'"), ["p.yaml:7:66: unknown name 'lss'; did you mean 'loss'?"]),
        (RULE.format("when: loss"), ["p.yaml:7:52: expected a condition, found a number; compare it with something, as in 'x > 0'"]),
        (RULE.format("when: loss >"), ["p.yaml:7:58: not an expression: invalid syntax; something is missing at the end"]),
        (RULE.format("when: loss.real > 1"), ["p.yaml:7:52: attributes are not part of the language; give the metric a name without points, its key in 'keys'"]),
        (RULE.format("when: [1]"), ["p.yaml:7:52: 'when' must be an expression, not a list; write a condition or a number, in quotes if it holds a comma or begins with a bracket"]),
        (
            RULE.format("when: mean(lss, w) > 1"),
            [
                "p.yaml:7:52: a comma cuts the unquoted 'mean(lss, w) > 1' in pieces; quote the expression",
                "p.yaml:7:57: unknown name 'lss'; did you mean 'loss'?",
                "p.yaml:7:62: unknown window 'w'; declare it under windows",
            ],
        ),
        (RULE.format("when: loss > 1").replace("title: R", "title: Bad, worse"), ["p.yaml:7:14: a comma cuts the unquoted 'Bad, worse' in pieces; quote the text, or write 'worse: …' if that is a key"]),
        (RULE.format("when: loss > 1, actions: [], why: It was bad, then worse, then bad"), ["p.yaml:7:80: a comma cuts the unquoted 'It was bad, then worse, then bad' in pieces; quote the text"]),
        (RULE.format("when: loss > 1, sticky"), ["p.yaml:7:62: 'sticky' must be true or false, not nothing; fill it in or leave the key out"]),
        (RULE.format("when: loss > 1, actions: stop, b"), ["p.yaml:7:71: 'actions' must be a list, not the text 'stop, b'; write it in brackets, as in actions: [stop, b]"]),
        (GATE.format("require: {a: {value: loss, between: 0.1, 0.5}}"), ["p.yaml:7:43: 'between' must be [low, high], not the text '0.1, 0.5'; write two numbers in brackets, as in [0.1, 0.5]; null leaves a side open"]),
        (RULE.format("when: loss > 1, for: 3"), ["p.yaml:7:67: 'for' must be a length with its unit, such as '30 steps', not the number 3; write '3 steps'"]),
        (RULE.format("when: loss > 1, for: 10 hours"), ["p.yaml:7:67: 'for' must be a length with its unit, such as '30 steps', not the text '10 hours'; write '600 minutes'"]),
        (RULE.format("when: loss > 1, for: 30s"), ["p.yaml:7:67: 'for' must be a length with its unit, such as '30 steps', not the text '30s'; write '0.5 minutes'"]),
        (RULE.format("when: loss > 1, for: 3 weeks"), ["p.yaml:7:67: 'for' must be a length with its unit, such as '30 steps', not the text '3 weeks'; the units are points, steps, epochs and minutes; write '3 points'"]),
        (RULE.format("when: loss > 1, for: 2024-01-01"), ["p.yaml:7:67: 'for' must be a length with its unit, such as '30 steps', not the text '2024-01-01'; the units are points, steps, epochs and minutes; as in '5 points'"]),
        ("params: {a: {default: 2024-01-01}}", ["p.yaml:6:23: not an expression: a number begins with no 0; a date is no number; 'time' is in seconds since 1970: write 1704067200"]),
        ("params: {a: {default: 3, min: 2024-01-01}}", ["p.yaml:6:31: 'min' must be a number, not the text '2024-01-01'; a date is no number; 'time' is in seconds since 1970: write 1704067200"]),
        (RULE.format("when: loss > 1, after: 20 steps"), ["p.yaml:7:69: not an expression: invalid syntax; write the number alone: 20"]),
        (RULE.format("when: loss > 1, after: 2 epochs"), ["p.yaml:7:69: not an expression: invalid syntax; give it in steps, without the unit, or write 'while: epoch > 2' instead"]),
        (RULE.format("when: loss > 1, after: 2 hours"), ["p.yaml:7:69: not an expression: invalid syntax; give it in steps, without the unit"]),
        (RULE.format("when: loss > 1, after: warm up"), ["p.yaml:7:74: not an expression: invalid syntax; an operator is missing before it, such as 'and' or '>'"]),
        ("params: {a: {default: 20 epochs, unit: steps}}", ["p.yaml:6:23: param 'a': '20 epochs' is in epochs, and this is in steps; give it in steps"]),
        ("params: {a: {default: 2 hours, unit: minutes}}", ["p.yaml:6:23: param 'a': '2 hours' is in hours, and this is in minutes; write the number alone: 120"]),
        ("params: {a: {default: 20 steps, unit: step}}", ["p.yaml:6:23: param 'a': '20 steps' is in steps, and its unit stands under 'unit'; write the number alone: 20"]),
        ("params: {a: {default: 20 steps}}", ["p.yaml:6:23: param 'a': '20 steps' is in steps, and this has no unit; write the number alone"]),
        ("params: {a: {default: 30%, unit: nats}}", ["p.yaml:6:23: param 'a': '30%' is a percentage, and this is no share; write 0.3"]),
        ("params: {a: {default: 30%, unit: steps, type: integer}}", ["p.yaml:6:23: param 'a': '30%' is a percentage, and this is no share; write a whole number of steps"]),
        ("params: {a: {default: 30%, unit: percent}}", ["p.yaml:6:23: param 'a': '30%' is a percentage, and this is no share; write the number alone: 30"]),
        ("params: {a: {default: 20:30}}", ["p.yaml:6:25: not an expression: invalid syntax; write a finite number, or an expression over other params"]),
        ("params: {a: {default: 5e-7x, type: integer}}", ["p.yaml:6:26: not an expression: invalid decimal literal; write a whole number, or an expression over other params"]),
        ("params: {a: {default: nan}}", ["p.yaml:6:23: nan is no number of the language; write a finite number, or null for none"]),
        ("actions: {a: {rank: 2024-01-01, title: A}}", ["p.yaml:6:21: 'rank' must be a whole number, not the text '2024-01-01'; a date is no number; write one such as 20"]),
        (RULE.format("when: loss > 1, for: 3 rows"), ["p.yaml:7:67: 'for' must be a length with its unit, such as '30 steps', not the text '3 rows'; write '3 points'"]),
        (RULE.format("when: loss > 1, for: 0 steps"), ["p.yaml:7:67: 'for' must be longer than nothing, not 0 steps; write '1 step' or more"]),
        (RULE.format("when: loss > 1, for: 1.5 points"), ["p.yaml:7:67: 'for' must be a whole number of points, not 1.5; write '2 points'"]),
        (RULE.format("when: loss > 1, for: los + 1 points"), ["p.yaml:7:67: unknown name 'los'; write a number, or declare it under params"]),
        (RULE.format("when: loss > 1, actions: [stop]"), ["p.yaml:7:72: unknown action 'stop'; declare it under actions"]),
        (RULE.format("when: loss > 1, until: loss < 1, sticky: true"), ["p.yaml:7:87: rule 'r' is sticky and has an 'until', which would never count; keep one: a sticky rule fires to the end of the run"]),
        (RULE.format("when: loss > 1, sticky: true"), []),
        (RULE.format("when: loss > 1, until: loss < 1, sticky: false"), []),
        (RULE.format("when: loss > 1, advice: {stopp: x}"), ["p.yaml:7:71: unknown action 'stopp'; declare it under actions"]),
        (RULE.format("when: loss > 1, message: 'x {los:g}'"), ["p.yaml:7:75: unknown placeholder 'los'; did you mean 'loss'?"]),
        (RULE.format("when: loss > 1, message: 'x {loss.a}'"), ["p.yaml:7:74: placeholder '{loss.a}' holds no name; write it as {name} or {name:.3g}"]),
        (RULE.format("when: loss > 1, message: 'x {loss!r}'"), ["p.yaml:7:74: placeholder '{loss!r}' holds no name; write it as {name} or {name:.3g}"]),
        (RULE.format("when: loss > 1, message: 'x {loss:>99}'"), ["p.yaml:7:74: unknown format '>99' of placeholder 'loss'; use one such as g, .3g, .2e, .1f, .0%, d or s"]),
        (RULE.format("when: loss > 1, message: 'x {{{loss}'"), []),
        (RULE.format("when: loss > 1, message: 'x {loss'"), ["p.yaml:7:74: stray '{' in a text; write '{{' or '}}' for a brace"]),
        ("rules: {r: {cause: info, when: loss > 1}}", [
            "p.yaml:6:9: rule 'r' lacks 'severity'; one of info, warning, critical",
            "p.yaml:6:9: rule 'r' lacks 'title'; say in a few words what it found"]),
        ("rules: {r: {title: R, cause: bad, severity: fatal, when: loss > 1}}", [
            "p.yaml:6:30: 'cause' must be one of non_finite, inverted, diverging, unstable, overfitting, stalled, gate, logging, info, not the text 'bad'; write non_finite, inverted, diverging, unstable, overfitting, stalled, gate, logging or info",
            "p.yaml:6:45: 'severity' must be one of info, warning, critical, not the text 'fatal'; write critical"]),
        ("rules: {r: {title: R, cause: info, levels: [{severity: critical, when: loss > 1}, {severity: info, when: loss > 2}]}}",
         ["p.yaml:6:83: level 'info' of rule 'r' stands after 'critical'; order them info, warning, critical, each at most once"]),
        ("rules: {r: {title: R, cause: info, when: loss > 1, levels: [{for: 3 points}]}}",
         ["p.yaml:6:61: a level of rule 'r' lacks 'severity'; one of info, warning, critical"]),
        ("rules: {r: {title: R, cause: info, levels: []}}", ["p.yaml:6:44: 'levels' is empty; fill it in or leave it out"]),
        ("windows: {w: {last: 30 steps}}", ["p.yaml:6:11: window 'w' lacks 'min'; a window in steps needs to know how many points it takes, such as 'min: 3 points'"]),
        ("windows: {w: {min: 3 points}}", ["p.yaml:6:11: window 'w' lacks 'last'; give its length, such as 'last: 30 steps' or 'last: all'"]),
        ("windows: {w: {last: 20}}", ["p.yaml:6:21: 'last' must be a length with its unit, such as '30 steps', or all, not the number 20; write '20 steps'"]),
        ("windows: {w: {last: 20 steps, min: 3 steps}}", ["p.yaml:6:36: 'min' must be a number of points, such as '3 points', not the text '3 steps'; write '3 points'"]),
        ("params: {a: {}}", ["p.yaml:6:10: param 'a' lacks 'default'; give a value, or null for one that must be set"]),
        ("params: {a: {default: b + 1}, b: {default: a}}", ["p.yaml:6:10: the default of param 'a' is defined by itself; give one of them a value of its own: a -> b -> a"]),
        ("params: {a: {default: a + 1}}", ["p.yaml:6:10: the default of param 'a' is defined by itself; give one of them a value of its own: a -> a"]),
        ("params: {a: {default: loss}}", ["p.yaml:6:23: unknown name 'loss'; write a number, or declare it under params"]),
        ("params: {a: {default: 1, min: 3, max: 2}}", ["p.yaml:6:39: 'max' 2 is below 'min' 3; swap them"]),
        ("params: {a: {default: 1.5, type: integer}}", ["p.yaml:6:23: param 'a' must be a whole number, not the number 1.5; write 1 or 2"]),
        ("params: {a: {default: .inf}}", ["p.yaml:6:23: param 'a' must be a finite number, not the number inf; write one number, such as 0.5"]),
        ("params: {loss: {default: 1}}", ["p.yaml:6:10: param 'loss' is already a metric; choose another name"]),
        ("params: {lambda: {default: 1}}", ["p.yaml:6:10: param 'lambda' is a word of the language; choose another name"]),
        ("params: {1a: {default: 1}}", ["p.yaml:6:10: '1a' is not a name; begin with a letter, then letters, digits and '_'"]),
        ("variants: {v: {set: {a: 1}, disable: [x]}}", ["p.yaml:6:22: unknown param 'a'; declare it under params", "p.yaml:6:39: unknown rule 'x'; add it under rules, or take it out here"]),
        ("params: {a: {default: 1}}\nvariants: {v: {set: {a: default * b}}}", ["p.yaml:7:35: param 'a': unknown name 'b'; use other params, and 'default'"]),
        ("sentinels: [lss]", ["p.yaml:6:13: unknown metric 'lss'; did you mean 'loss'?"]),
        ("stages: {a: {}, b: {to: 3 steps}}", ["p.yaml:6:10: stage 'a' has no end; only the last stage may leave 'to' out"]),
        ("stages: {a: {to: 5 steps}, b: {to: 3 steps}}", ["p.yaml:6:36: stage 'b' ends at 3 steps, not after 'a' at 5; list the stages in order"]),
        ("stages: {a: {expect: {lss: [0, 1], loss: [2, 1]}}}", ["p.yaml:6:23: unknown metric 'lss'; did you mean 'loss'?", "p.yaml:6:42: 'loss' is upside down: 2 is above 1; write [low, high]"]),
        ("stages: {a: {expect: {loss: [1]}}}", ["p.yaml:6:29: 'loss' must be a pair [low, high]; null leaves a side open, not a list; write two numbers in brackets, as in [0.1, 0.5]; null leaves a side open"]),
        ("actions: {a: {rank: 1, title: A, conflicts: [b], command: c}}", ["p.yaml:6:46: unknown action 'b'; known are a; declare it under actions", "p.yaml:6:59: unknown command 'c'; declare it under commands"]),
        ("actions: {a: {rank: 1, title: A, set: {lr: lr_peek / 2}}}", ["p.yaml:6:44: unknown name 'lr_peek'; did you mean 'lr_peak'?"]),
        ("commands: {c: 'x {a.b} {c[0]}'}", ["p.yaml:6:18: placeholder '{a.b}' holds no name; write it as {name} or {name:.3g}", "p.yaml:6:24: placeholder '{c[0]}' holds no name; write it as {name} or {name:.3g}"]),
        ("clock: {step: [{key: s, pattern: '\\d+'}]}", [r"p.yaml:6:35: pattern '\\d+' has no groups, it needs one; put the value in parentheses, as in '^(\d+)/'; (?:…) groups without capturing"]),
        ("clock: {step: [{key: s, pattern: '(?=a)(b)'}]}", ["p.yaml:6:35: pattern '(?=a)(b)' is not in the syntax of RE2, which has no look-around; write it without"]),
        ("clock: {step: [{key: s, pattern: 'a{1001}(x)'}]}", ["p.yaml:6:35: pattern 'a{1001}(x)' is not in the syntax of RE2, which has no counted repetitions above 1000; write it without"]),
        (f"clock: {{step: [{{key: s, pattern: '({'a' * 201})'}}]}}", [f"p.yaml:6:35: pattern '({'a' * 39}' is longer than 200 characters; shorten it"]),
        ("checkpoints: {glob: ['../x', 'a/b', c-*]}", [
            "p.yaml:6:23: glob '../x' must be a name without folders; checkpoints are looked for beside the log and in checkpoints/",
            "p.yaml:6:31: glob 'a/b' must be a name without folders; checkpoints are looked for beside the log and in checkpoints/"]),
        ("checkpoints: {step: '(a+)+'}", ["p.yaml:6:22: 'step' cannot be used: a repeated group can take for ever; repeat single characters instead; put the number in parentheses and use nothing that RE2 lacks, as in 'checkpoint-([0-9]+)$'"]),
    ],
)  # fmt: skip
def test_problems(rest: str, problems: list[str]) -> None:
    assert told(BASE + rest) == problems


@pytest.mark.parametrize(
    ("metric", "problems"),
    [
        ("{keys: [a], expr: loss}", ["p.yaml:7:18: metric 'm' has both 'keys' and 'expr'; keep one of them"]),
        ("{help: x}", ["p.yaml:7:3: metric 'm' has neither 'keys' nor 'expr'; name the keys that log it"]),
        ("{keys: []}", ["p.yaml:7:13: 'keys' is empty; fill it in or leave it out"]),
        ("{keys: a}", ["p.yaml:7:13: 'keys' must be a list, not the text 'a'; write it in brackets, as in keys: [a]"]),
        ("\n    keys: train/loss, loss", ["p.yaml:8:11: 'keys' must be a list, not the text 'train/loss, loss'; write it in brackets, as in keys: [train/loss, loss]"]),
        ("\n    keys: a,\n    by: rank, other", [
            "p.yaml:8:11: 'keys' must be a list, not the text 'a,'; write it in brackets, as in keys: [a]",
            "p.yaml:9:9: 'by' must be a name or a list of names, not the text 'rank, other'; write it in brackets, as in by: [rank, other]"]),
        ("{keys: '[a, b/c]'}", ["p.yaml:7:14: 'keys' must be a list, not the text '[a, b/c]'; take the quotes off, as in keys: [a, b/c]"]),
        ("{keys: [a], by: '[rank]'}", ["p.yaml:7:23: 'by' must be a name or a list of names, not the text '[rank]'; take the quotes off, as in by: [rank]"]),
        ("{keys: [a, a]}", ["p.yaml:7:17: 'a' stands in 'keys' twice; keep one"]),
        ("{keys: [a, 3]}", ["p.yaml:7:17: an entry of 'keys' must be a text, not the number 3; put it in quotes, as in '3'"]),
        ("{keys: [a], by: [rank, chanel]}", ["p.yaml:7:23: unknown label 'rank'; declare it under labels, as in labels: {rank: [rank]}", "p.yaml:7:29: unknown label 'chanel'; declare it under labels, as in labels: {rank: [rank]}"]),
        ("{keys: [a], by: [r, r]}", ["p.yaml:7:23: unknown label 'r'; declare it under labels, as in labels: {rank: [rank]}", "p.yaml:7:26: 'r' stands in 'by' twice; keep one"]),
        ("{keys: [a], by: []}", ["p.yaml:7:22: 'by' is empty; fill it in or leave it out"]),
        ("{keys: [a], by: {r: 1}}", ["p.yaml:7:22: 'by' must be a name or a list of names, not a mapping; write its name alone"]),
        ("{keys: [a], by: rank}", ["p.yaml:7:22: unknown label 'rank'; declare it under labels, as in labels: {rank: [rank]}"]),
        ("{keys: [a], required: yes}", ["p.yaml:7:28: 'required' must be true or false, not the text 'yes'; write true"]),
        ("{keys: [a], good: [null, null]}", ["p.yaml:7:24: 'good' is open on both sides; give at least one bound"]),
        ("{keys: [a], role: evl}", ["p.yaml:7:24: 'role' must be one of train, eval, not the text 'evl'; did you mean 'eval'?"]),
        ("{expr: m + 1}", ["p.yaml:7:13: metric 'm' is defined by itself; break the circle"]),
        ("", ["p.yaml:7:3: 'm' must be a mapping, not nothing; fill it in or leave the key out"]),
    ],
)  # fmt: skip
def test_problems_of_metrics(metric: str, problems: list[str]) -> None:
    assert told(f"{HEAD}metrics:\n  loss: {{keys: [loss]}}\n  m: {metric}".rstrip()) == problems


@pytest.mark.parametrize(
    ("text", "problems"),
    [
        ("", ["p.yaml:1:1: a pack is a mapping of keys; begin it with 'schema: 1'"]),
        ("- a", ["p.yaml:1:1: a pack is a mapping of keys; begin it with 'schema: 1'"]),
        ("a: [", ["p.yaml:2:1: not YAML: did not find expected node content; close the bracket, and put commas between what stands in it"]),
        ("schema: 2\npack: a\nversion: 1.0.0\ntitle: A", ["p.yaml:1:9: 'schema' must be 1, not the number 2; write 'schema: 1'"]),
        ("schema: 1\npack: a", ["p.yaml:1:1: the file lacks 'title'; add it", "p.yaml:1:1: the file lacks 'version'; add it"]),
        ("schema: 1\npack: a\nversion: 1\ntitel: A", [
            "p.yaml:3:10: 'version' must be a version such as 1.0.0, not the number 1; write three numbers, as in 1.0.0",
            "p.yaml:4:1: unknown key 'titel'; did you mean 'title'?"]),
        (HEAD.replace("schema: 1", "schema: '1'"), ["p.yaml:1:10: 'schema' must be 1, not the text '1'; write 1 without quotes"]),
        (HEAD.replace("title: Demo", "title: 010"), ["p.yaml:4:8: 'title' must be a text, not the number 10; put it in quotes, as in '010'"]),
        (HEAD.replace("title: Demo", "title: 5e-7 # x"), ["p.yaml:4:8: 'title' must be a text, not the number 5e-07; put it in quotes, as in '5e-7'"]),
        (HEAD.replace("title: Demo", "title: &t 1.10"), ["p.yaml:4:11: 'title' must be a text, not the number 1.1; put it in quotes, as in '1.10'"]),
        (HEAD.replace("title: Demo", "title: 1_0"), []),
        (HEAD.replace("1.0.0", "0.1"), ["p.yaml:3:10: 'version' must be a version such as 1.0.0, not the number 0.1; write three numbers, as in 0.1.0"]),
        (HEAD.replace("1.0.0", "1e3"), ["p.yaml:3:10: 'version' must be a version such as 1.0.0, not the number 1000; write three numbers, as in 1000.0.0"]),
        (HEAD.replace("1.0.0", "-1"), ["p.yaml:3:10: 'version' must be a version such as 1.0.0, not the number -1; write three numbers, as in 1.0.0"]),
        (HEAD.replace("1.0.0", "true"), ["p.yaml:3:10: 'version' must be a version such as 1.0.0, not true; write three numbers, as in 1.0.0"]),
        (HEAD + "pack: b", ["p.yaml:5:1: key 'pack' is given twice; it stands on line 2 already, keep one"]),
    ],
)  # fmt: skip
def test_problems_of_the_top(text: str, problems: list[str]) -> None:
    assert told(text) == problems


def test_all_problems_are_told_at_once() -> None:
    text = HEAD + (
        "sentinels: [lss]\n"
        "metrics:\n"
        "  loss: {keys: [loss], by: rank}\n"
        "  loss: {keys: [other]}\n"
        "params:\n"
        "  limit: {default: 2, mni: 0}\n"
        "windows:\n"
        "  trend: {last: 30 steps}\n"
        "rules:\n"
        "  high: {title: High, cause: diverging, severity: critical, when: mean(loss, trend) > limt}\n"
        "  low:\n"
        "    title: Low\n"
        "    cause: stalled\n"
        "    severity: warning\n"
        "    whne: loss < 1\n"
        "    for: 3\n"
        "    actions: [stop]\n"
        "    message: '{los:g} {onset}'\n"
        "stages: {early: {to: 50 steps, expect: {loss: [2, 1]}}}\n"
    )
    assert told(text) == [
        "p.yaml:5:13: unknown metric 'lss'; did you mean 'loss'?",
        "p.yaml:7:28: unknown label 'rank'; declare it under labels, as in labels: {rank: [rank]}",
        "p.yaml:8:3: key 'loss' is given twice; it stands on line 7 already, keep one",
        "p.yaml:10:23: unknown key 'mni'; did you mean 'min'?",
        "p.yaml:12:3: window 'trend' lacks 'min'; a window in steps needs to know how many points it takes, such as 'min: 3 points'",
        "p.yaml:14:67: a comma cuts the unquoted 'mean(loss, trend) > limt' in pieces; quote the expression",
        "p.yaml:14:87: unknown name 'limt'; did you mean 'limit'?",
        "p.yaml:19:5: unknown key 'whne'; did you mean 'when'?",
        "p.yaml:20:10: 'for' must be a length with its unit, such as '30 steps', not the number 3; write '3 steps'",
        "p.yaml:21:15: unknown action 'stop'; declare it under actions",
        "p.yaml:22:16: unknown placeholder 'los'; did you mean 'loss'?",
        "p.yaml:23:47: 'loss' is upside down: 2 is above 1; write [low, high]",
    ]


def test_a_shipped_parent_is_named_by_where_it_is() -> None:
    Path("between.yaml").write_text(HEAD + "extends: common\nparams: {still_share: {default: true}}\n")
    found = told(HEAD + "extends: between.yaml\n")
    place = re.escape(str(RULES / "common.yaml"))
    told_of = rf"between\.yaml:6:33: 'default' of param 'still_share' does not fit what is inherited: {place}:\d+:\d+,"
    assert {each.partition(":")[0] for each in found} == {"between.yaml"}
    assert re.match(told_of, found[-1])


@pytest.mark.parametrize(
    ("rest", "problems"),
    [
        ("metrics: {loss: {type: text}}", ["p.yaml:6:24: 'type' of metric 'loss' does not fit what is inherited: bases.yaml:7:58; leave it out, or give the metric another name"]),
        ("metrics: {loss: {expr: kl > 1}}", ["p.yaml:6:24: 'expr' of metric 'loss' does not fit what is inherited: bases.yaml:7:58; leave it out, or give the metric another name"]),
        ("metrics: {kl: {type: text}}", ["p.yaml:6:22: 'type' of metric 'kl' does not fit what is inherited: bases.yaml:7:73; leave it out, or give the metric another name"]),
        ("params: {low: {type: text}}", ["p.yaml:6:22: 'type' of param 'low' does not fit what is inherited: bases.yaml:6:25, and 1 more; leave it out, or give the param another name"]),
        ("params: {low: {default: true}}", ["p.yaml:6:25: 'default' of param 'low' does not fit what is inherited: bases.yaml:7:58; leave it out, or give the param another name"]),
        ("metrics: {kl: {type: text}}\nparams: {low: {default: true}}", [
            "p.yaml:6:22: 'type' of metric 'kl' does not fit what is inherited: bases.yaml:7:73; leave it out, or give the metric another name",
            "p.yaml:7:25: 'default' of param 'low' does not fit what is inherited: bases.yaml:7:58; leave it out, or give the param another name",
        ]),
        ("metrics: {kl: {type: text}}\nrules: {s: {title: S, cause: info, severity: info, when: kl > 1}}", [
            "p.yaml:6:22: 'type' of metric 'kl' does not fit what is inherited: bases.yaml:7:73; leave it out, or give the metric another name",
            "p.yaml:7:58: a text cannot be compared with a number; compare kl with a text in quotes, as in kl == 'main'",
        ]),
        ("params: {low: {default: true, type: boolean}}", ["p.yaml:6:37: 'type' of param 'low' does not fit what is inherited: bases.yaml:7:58; leave it out, or give the param another name"]),
        ("metrics: {r/*: {metrics: {a: {type: text}}}}", ["p.yaml:6:37: 'type' of metric 'a' does not fit what is inherited: bases.yaml:7:84; leave it out, or give the metric another name"]),
        ("metrics: {r/*: {type: text, metrics: {b: {}}}}", ["p.yaml:6:23: 'type' of metric 'r/*' does not fit what is inherited: bases.yaml:7:84; leave it out, or give the metric another name"]),
        ("params: {low: {default: 3}}", []),
    ],
)  # fmt: skip
def test_a_type_that_inherited_expressions_cannot_take_is_told_where_it_is_given(
    rest: str, problems: list[str]
) -> None:
    Path("bases.yaml").write_text(
        HEAD
        + "metrics: {loss: {keys: [loss]}, kl: {keys: [kl]}, r/*: {metrics: {a: {}}}}\nparams: {low: {default: 1}}\n"
        "rules: {r: {title: R, cause: info, severity: info, when: loss > low and kl > 1 and r_a > 1}}\n"
    )
    assert told(HEAD + "extends: bases.yaml\n" + rest) == problems
    Path("middle.yaml").write_text(HEAD + "extends: bases.yaml\n" + rest)
    in_middle = [each.replace("p.yaml", "middle.yaml") for each in problems]
    assert told(HEAD + "extends: middle.yaml\n") == in_middle


@pytest.mark.parametrize(
    ("rest", "problems"),
    [
        ("extends: commn\nrules: {a: {title: A, cause: info, severity: info, when: los > 1 and loss > still_share}}", ["p.yaml:5:10: parent pack 'commn' does not exist; did you mean 'common'?", "p.yaml:6:58: unknown name 'los'; did you mean 'loss'?"]),
        ("extends: ../commn.yaml", ["p.yaml:5:10: parent pack '../commn.yaml' does not exist; did you mean 'common'? a shipped pack goes by its name alone"]),
        ("extends: ../other.yaml", ["p.yaml:5:10: parent pack '../other.yaml' does not exist; give a path relative to this file"]),
        ("extends: basis.yaml\nrules: {a: {title: A, cause: info, severity: info, when: los > 1 or kl > 1}}", ["p.yaml:5:10: parent pack 'basis.yaml' does not exist; did you mean 'bases.yaml'?", "p.yaml:6:58: unknown name 'los'; did you mean 'loss'?"]),
        ("extends: nope\nrules: {a: {title: A, cause: info, severity: info, when: los > nan}}", ["p.yaml:5:10: parent pack 'nope' does not exist; shipped packs are alpha_lora, cape_pose, common, coordexp, kto, sam_detr", "p.yaml:6:64: nan is no number of the language; NaN and infinite values are found by nonfinite(), as in nonfinite(loss)"]),
        ("extends: [common]\nrules: {a: {title: A, cause: info, severity: warning, when: los > 1, actions: [stop]}}", ["p.yaml:5:10: 'extends' must be a text, not a list; write one text; put it in quotes if it holds ': ' or begins with a bracket"]),
        ("extends:\nrules: {a: {title: A, cause: info, severity: warning, when: loss > 1, actions: [stop]}}", ["p.yaml:5:1: 'extends' must be a text, not nothing; fill it in or leave the key out"]),
        ("extends: nope\ndisable: [nobody]", ["p.yaml:5:10: parent pack 'nope' does not exist; shipped packs are alpha_lora, cape_pose, common, coordexp, kto, sam_detr"]),
        ("disable: [nobody]", ["p.yaml:5:11: no inherited rule 'nobody' to disable; take it out"]),
        ("disable: [hgh]\nmetrics: {loss: {keys: [loss]}}\nrules: {high: {title: A, cause: info, severity: info, when: loss > 1}}", ["p.yaml:5:11: no inherited rule 'hgh' to disable; did you mean 'high'? write 'enabled: false' in the rule instead"]),
        ("disable: [high]\nmetrics: {loss: {keys: [loss]}}\nrules: {high: {title: A, cause: info, severity: info, when: loss > 1}}", ["p.yaml:5:11: no inherited rule 'high' to disable; write 'enabled: false' in the rule instead"]),
        ("disable: [nobody]\nextends: bases.yaml", ["p.yaml:5:11: no inherited rule 'nobody' to disable; take it out"]),
        ("disable: []", []),
    ],
)  # fmt: skip
def test_what_is_said_of_a_parent(rest: str, problems: list[str]) -> None:
    """What hardly differs from a pack is taken for it, so that its names are known."""
    Path("bases.yaml").write_text(HEAD + "metrics: {loss: {keys: [loss]}, kl: {keys: [kl]}}\n")
    assert told(HEAD + rest) == problems


RULES_OF = "rules: {{r: {{title: R, cause: info, severity: info, when: {}}}}}\n"
TWINS = HEAD + "twins:\n  eval: {}\nmetrics:\n  loss: {{keys: [loss], better: lower, twin: eval}}\n"


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        (HEAD + "metrics:\n  loss: {keys: [loss]}\n  calm: 5\n" + RULES_OF.format("loss > 1 and not calm"), "p.yaml:7:9: 'calm' must be a mapping, not the number 5"),
        (HEAD + "metrics:\n  loss: {keys: [loss]}\n  calm: {expr: loss >}\n" + RULES_OF.format("calm"), "p.yaml:7:22: not an expression: invalid syntax"),
        (TWINS.format("5") + RULES_OF.format("eval_loss > best(eval_loss)"), "p.yaml:6:9: 'eval' must be a mapping, not the number 5"),
        (TWINS.format("[a]") + RULES_OF.format("nonfinite(eval_loss)"), "p.yaml:6:9: 'eval' must be a mapping, not a list"),
    ],
)  # fmt: skip
def test_what_is_declared_and_broken_has_one_problem(text: str, problem: str) -> None:
    """What is said of it elsewhere, such as its name in a condition, follows from that."""
    (line,) = told(text)
    assert line.partition(";")[0] == problem
