# ruff: noqa: E501 - tables of whole messages
"""`rules validate`: what it tells of files, all of it at once, and comments that silence it."""

from __future__ import annotations

import time
from pathlib import Path

import pytest

from trainrules.engine.validation.check import Checker

from .validating import GOOD, HEAD, METRICS, RULES, TESTS, Run, Write, runner, told, writer


@pytest.fixture
def write(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Write:
    """Writes files by name into a folder of their own, the current one."""
    monkeypatch.chdir(tmp_path)
    return writer(tmp_path)


@pytest.fixture
def run(capsys: pytest.CaptureFixture[str]) -> Run:
    """Runs `rules validate`; gives the exit code, standard output and standard error."""
    return runner(capsys)


def test_all_problems_of_all_files_are_told_at_once(write: Write) -> None:
    write(
        a_DOT_yaml=GOOD.replace("severity: warning", "severity: bad").replace("loss > 5", "los > 5"),
        b_DOT_yaml=GOOD + "ruels: {}\n",
        c_DOT_yaml=GOOD,
        c_DOT_test_DOT_yaml=TESTS.replace("high: ok", "hgih: ok").replace("9x9", "9y9"),
        rules_DOT_override_DOT_yaml="parms: {a: 1}\nseverities: {high: bad}\n",
    )
    assert told(".") == [
        "a.yaml:7:56 unknown-choice",
        "a.yaml:7:67 unknown-name",
        "b.yaml:8:1 unknown-key",
        "c.test.yaml:3:55 unknown-rule",
        "c.test.yaml:4:33 bad-series",
        "rules.override.yaml:1:1 unknown-key",
        "rules.override.yaml:2:20 unknown-choice",
    ]


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        ("a: " + "{" * 60_000, "p.yaml:1:52 too-deep"),
        ("a: " + "[" * 60_000, "p.yaml:1:52 too-deep"),
        ("a: " + "{" * 60_000 + " # rules: disable=unused-param", "p.yaml:1:52 too-deep"),
        ("a:\n" + "\n".join(" " * depth + "a:" for depth in range(1, 900)), "p.yaml:50:50 too-deep"),
    ],
)
def test_what_is_refused_is_refused_quickly(write: Write, text: str, problem: str) -> None:
    write(p_DOT_yaml=text)
    start = time.process_time()
    assert told("p.yaml") == [problem]
    assert time.process_time() - start < 3


def chain(amount: int, of_one: str) -> str:
    """Metrics, or params, that rest on one another."""
    return ", ".join(of_one.format(number, number - 1) for number in range(1, amount + 1))


@pytest.mark.parametrize(
    ("text", "problems"),
    [
        (f"metrics: {{loss: {{keys: [loss]}}, m0: {{expr: loss + 1}}, {chain(40, 'm{0}: {{expr: m{1} * m{1}}}')}}}", "5:256 this comes to 6,142 parts with all that it names, and 5,000 are the most"),
        (f"metrics: {{loss: {{keys: [loss]}}, m0: {{expr: loss + 1}}, {chain(400, 'm{0}: {{expr: m{1} + 1}}')}}}", "5:1654 this comes to 301 levels with all that it names, and 300 are the most"),
        (f"params: {{p0: {{default: 1}}, {chain(40, 'p{0}: {{default: p{1} + p{1}}}')}}}", "5:284 this comes to 6,142 parts with all that it names, and 5,000 are the most"),
        (f"params: {{p0: {{default: 1}}, {chain(400, 'p{0}: {{default: p{1} + 1}}')}}}", "5:1874 this comes to 301 levels with all that it names, and 300 are the most"),
        (f"metrics: {{loss: {{keys: [loss]}}, m0: {{expr: loss + 1}}, {chain(9, 'm{0}: {{expr: m{1} * m{1}}}')}}}", ""),
        (f"metrics: {{loss: {{keys: [loss]}}, m0: {{expr: loss + 1}}, {chain(60, 'm{0}: {{expr: m{1} + 1}}')}}}", ""),
    ],
    ids=["metrics double", "metrics nest", "params double", "params nest", "few metrics double", "few metrics nest"],
)  # fmt: skip
def test_what_comes_to_too_much_is_refused_quickly(write: Write, text: str, problems: str) -> None:
    write(p_DOT_yaml=f"{HEAD}{text}\n" + (METRICS if text.startswith("params") else ""))
    start = time.process_time()
    found = [each for each in Checker(None, prepares=False).outcome(["p.yaml"]).problems if each.severity == "error"]
    assert [f"{each.at.line}:{each.at.column} {each.message}" for each in found] == list(filter(None, [problems]))
    assert {each.code for each in found} <= {"too-long"}
    assert time.process_time() - start < 5


SOUND = "actions: {stop: {rank: 1, title: Stop}}\nclock: {epoch: [epoch]}\n"
HIDING = "rules:\n  high: {title: High loss, cause: diverging, severity: warning, when: WHEN, message: bad}\n"


@pytest.mark.parametrize(
    ("when", "text", "problems"),
    [
        ("loss > lss", "params: {a: {default: 1}}", ["8:78 unknown-name", "8:92 bare-message", "9:10 unused-param"]),
        ("loss > lss and loss > a", "params: {a: {default: 1}}", ["8:78 unknown-name", "8:105 bare-message"]),
        ("loss > a_lng", "params: {a_long: {default: 1}}", ["8:78 unknown-name", "8:94 bare-message"]),
        ("loss >", "params: {a: {default: 1}}", ["8:77 expression-syntax", "8:88 bare-message"]),
        ("loss > b", "params: {a: {default: 50, min: 0, max: 1}}\nvariants: {v: {set: {a: 9}}}", ["8:78 unknown-name", "8:90 bare-message", "9:23 out-of-bounds", "10:25 out-of-bounds"]),
        ("loss > b", "params: {a: {default: 50 *, max: 1}, c: {default: 5, max: 1}}\ncommands: {c: '{a} {checkpont} {c}'}", ["8:78 unknown-name", "8:90 bare-message", "9:27 expression-syntax", "9:51 out-of-bounds", "10:21 misspelt-place"]),
        ("loss > 1, actions: [stpo], severity: critical", "params: {a: {default: 5, max: 1}}", ["8:91 unknown-action", "8:98 duplicate-key", "8:127 bare-message", "9:10 unused-param", "9:23 out-of-bounds"]),
        ("loss > 1", "windows: {w: {last: 5}}\ngates: {g: {require: {a: {value: mean(loss, w), above: 1}}}}", ["8:90 bare-message", "9:21 bad-length", "10:34 unquoted-comma"]),
        ("loss > x", "metrics: {loss: {keys: [loss]}, x: {expr: lss}}\nparams: {b: {default: 5, max: 1}}", ["8:90 bare-message", "9:43 unknown-name", "10:10 unused-param", "10:23 out-of-bounds"]),
        ("loss > x", "metrics: {loss: {keys: [loss]}, x: {expr: x + 1}}\nparams: {b: {default: 5, max: 1}}", ["8:90 bare-message", "9:43 circular-definition", "10:10 unused-param", "10:23 out-of-bounds"]),
        ("loss > x", "params: {x: {default: 2, min: 3, max: 1}, y: {default: 2, max: 1}}\ncommands: {c: '{y}'}", ["8:90 bare-message", "9:39 bad-range", "9:56 out-of-bounds"]),
        ("loss > x", "params: {x: {default: 2, mx: 1}, y: {default: 2, max: 1}}\ncommands: {c: '{y}'}", ["8:90 bare-message", "9:26 unknown-key", "9:47 out-of-bounds"]),
    ],
)  # fmt: skip
def test_a_fault_hides_nothing_that_is_wrong_elsewhere(write: Write, when: str, text: str, problems: list[str]) -> None:
    """And nothing is told of what is lacking only because of the fault."""
    metrics = "" if "metrics" in text else METRICS
    write(p_DOT_yaml=f"{HEAD}{SOUND}{HIDING.replace('WHEN', when)}{text}\n{metrics}")
    found = [each.removeprefix("p.yaml:") for each in told("p.yaml")]
    assert found == problems


def test_what_an_unknown_parent_leaves_unchecked_is_noted(write: Write, run: Run) -> None:
    write(p_DOT_yaml=GOOD.replace("loss > 5", "ppl > 5") + "extends: nope\n")
    code, out, err = run("p.yaml")
    assert (code, out.splitlines()[0]) == (1, "p.yaml:8:10: error[unknown-parent] parent pack 'nope' does not exist")
    assert err == (
        "1 error in 1 pack\nnote: p.yaml: names that it may inherit were not checked: its parent cannot be used; "
        "mend what is said of 'extends'\n"
    )


def test_a_broken_pack_is_told_once_for_itself_and_its_tests(write: Write) -> None:
    write(b_DOT_yaml=GOOD + "ruels: {}\n", b_DOT_test_DOT_yaml=TESTS, c_DOT_yaml=HEAD + "extends: b.yaml\n")
    assert told(".") == ["b.yaml:8:1 unknown-key"]


@pytest.mark.parametrize(
    ("pack", "problem"),
    [
        ("", "p.test.yaml:1:1 unknown-pack"),
        ("pack: nobody\n", "p.test.yaml:1:7 unknown-pack"),
        ("pack: b.yaml\n", "b.yaml:8:1 unknown-key"),
    ],
)
def test_tests_of_a_pack_that_cannot_be_used_are_looked_at_all_the_same(
    write: Write, run: Run, pack: str, problem: str
) -> None:
    """And that their names were held against nothing is told once."""
    cases = (
        "schema: 1\ntests:\n"
        "  - {name: a, series: {lss: 2~~1, loss: 1x5}, now: noon, expect: {rules: {hgh: ok}}}\n"
        "  - {name: a, log: no.jsonl, overrides: [no.yaml], expect: {}}\n"
        "  - {name: b, table: 'loss 1', log: no.jsonl, set: {limt: 3}, expect: {}}\n"
        "  - {name: c, series: {lss: {values: 3-, from: 2}}, expect: {}}\n"
    )
    write(b_DOT_yaml=GOOD + "ruels: {}\n", p_DOT_test_DOT_yaml=pack + cases)
    line = 3 + bool(pack)
    places = [
        *((0, 29, "bad-series"), (0, 52, "bad-time")),
        *((1, 12, "name-clash"), (1, 20, "no-file"), (1, 42, "no-file")),
        *((2, 23, "bad-table"), (2, 32, "contradiction")),
        (3, 38, "bad-series"),
    ]
    assert sorted(told("p.test.yaml")) == sorted(
        [problem, *(f"p.test.yaml:{line + row}:{column} {code}" for row, column, code in places)]
    )
    assert "note: p.test.yaml: names were not checked: pack " in run("p.test.yaml")[2]


@pytest.mark.parametrize(
    ("text", "place"),
    [
        *((f"{section}:\n#  one: {{}}\n", "6:1") for section in ("metrics", "windows", "actions", "params", "rules", "clock")),
        *((f"{section}: [a]\n", f"6:{len(section) + 3}") for section in ("metrics", "windows", "actions", "params")),
        *((f"{section}: some text\n", f"6:{len(section) + 3}") for section in ("metrics", "windows", "actions", "params")),
        ("metrics:\n  loss:\n", "7:3"),
        ("windows: {ten: 5}\n", "6:16"),
        ("params: {overfit_rise: [1]}\n", "6:24"),
    ],
)  # fmt: skip
def test_a_section_that_is_none_hides_nothing_that_is_inherited(write: Write, text: str, place: str) -> None:
    rule = "rules: {r: {title: R, cause: info, severity: info, when: loss > 3, message: '{loss}'}}\n"
    write(p_DOT_yaml=HEAD + "extends: common\n" + text + ("" if "rules" in text else rule))
    assert told("p.yaml") == [f"p.yaml:{place} wrong-type"]


@pytest.mark.parametrize(
    ("parent", "first"),
    [
        (None, "mine.yaml:5:10 unknown-parent"),
        ("a: [\n", "up.yaml:2:1 yaml-syntax"),
        ("- a\n", "up.yaml:1:1 wrong-file"),
        ("extends: mine.yaml\n", "up.yaml:1:10 circular-extends"),
    ],
)
def test_a_broken_parent_hides_nothing_else(write: Write, parent: str | None, first: str) -> None:
    """And what the parent may bring is not told to be missing."""
    if parent is not None:
        write(up_DOT_yaml=parent if parent.startswith(("a", "-")) else HEAD + METRICS + parent)
    write(
        mine_DOT_yaml=HEAD + "extends: up.yaml\nmetrics: {mine: {keys: [mine], beter: lower}}\nrules:\n"
        "  inherited: {severity: critical}\n"
        "  own: {title: Own, cause: diverging, severity: warning, when: phase == 'main' and mine > 1 and mine.x > 2, actions: [stop]}\n"
        "  other: {title: Other, cause: divergng, severity: warning, when: theirs > mine and mine}\n"
    )  # fmt: skip
    found = told("mine.yaml")
    assert first.replace("up.yaml:1", "up.yaml:6" if parent and parent.startswith("ext") else "up.yaml:1") in found
    assert [each for each in found if each.startswith("mine.yaml:") and "extends" not in each and "parent" not in each] == [
        "mine.yaml:6:32 unknown-key",
        "mine.yaml:9:97 not-in-language",
        "mine.yaml:10:32 unknown-choice",
        "mine.yaml:10:85 type-mismatch",
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        (GOOD.replace("title: Mine", 'title: "Mine'), "p.yaml:4:8 yaml-syntax"),
        (GOOD + "  b:\n    when:loss > 1\n    title: B\n", "p.yaml:9:10 yaml-syntax"),
        (GOOD.replace("title: Mine", "title: 'a\u2028b\x85c'").replace("loss >", "lss >"), "p.yaml:7:71 unknown-name"),
        (GOOD.replace("loss >", "lss >").replace("\n", "\r"), "p.yaml:7:71 unknown-name"),
        (GOOD.replace("loss >", "lss >").replace("\n", "\r\n"), "p.yaml:7:71 unknown-name"),
        (GOOD + "# " + "x" * 1_048_576, "p.yaml:8:1048394 too-large"),
        ("a: &a [1,1,1,1]\nb: &b [*a,*a,*a]\n" + "".join(f"{k}: &{k} [{','.join([f'*{j}'] * 9)}]\n" for j, k in zip("bcdefg", "cdefgh", strict=True)), "p.yaml:6:29 too-large"),
    ],
)  # fmt: skip
def test_a_fault_of_the_text_is_told_where_it_is_to_be_mended(write: Write, text: str, problem: str) -> None:
    with (write() / "p.yaml").open("w", encoding="utf-8", newline="") as stream:
        stream.write(text)
    assert told("p.yaml") == [problem]


@pytest.mark.parametrize(
    ("series", "problem"),
    [
        ("{loss: 2x39, 9x5}", "3:32: a comma cuts the unquoted '2x39, 9x5' in pieces; write '2x39 9x5': blanks part the values of a series"),
        ("{loss: [2x39, 9x5]}", "3:32: 'loss' must be a series, such as '0.65-0.001x145', or {values, from, every}, not a list; write '2x39 9x5': blanks part the values of a series"),
        ("{loss: '2x39, 9x5'}", "3:33: '2x39,' is no piece of a series; blanks part the values, without commas: write '2x39'"),
    ],
)  # fmt: skip
def test_commas_in_a_series(write: Write, series: str, problem: str) -> None:
    write(p_DOT_yaml=GOOD, p_DOT_test_DOT_yaml=TESTS.replace("{loss: 1x9}", series))
    found = [str(each) for each in Checker(None, prepares=False).outcome(["p.test.yaml"]).problems]
    assert found == [f"p.test.yaml:{problem}"]


def test_a_cause_that_is_forgotten_is_told_once(write: Write) -> None:
    write(p_DOT_yaml=GOOD.replace("cause: diverging", "cause: "))
    (problem,) = Checker(None, prepares=False).outcome(["p.yaml"]).problems
    assert (problem.at.line, problem.at.column, problem.code) == (7, 28, "unknown-choice")
    assert problem.hint.startswith("write non_finite, inverted")


@pytest.mark.parametrize(
    ("text", "problems"),
    [
        ("params: {a: {default: 1}}", ["5:10 unused-param"]),
        ("params: {a: {default: 1}}  # rules: disable=unused-param", []),
        ("params: {a: {default: 1}} #rules:disable = unused-param, unused-window", ["5:58 unused-disable"]),
        ("params:\n  a: {default: 1}  # rules: disable=unused-param\n  b: {default: 1}", ["7:3 unused-param"]),
        ("params:  # rules: disable=unused-param\n  a: {default: 1}\n\n  b: {default: 1}\nwindows: {w: {last: 3 points}}", ["9:11 unused-window"]),
        ("params: {  # rules: disable=unused-param\n  a: {default: 1},\n}", []),
        ("params: {a: {default: 1}}  # rules: disable=unused-parm", ["5:10 unused-param", "5:45 unknown-code"]),
        ("params: {a: {default: 1, mix: 2}}  # rules: disable=unknown-key", ["5:10 unused-param", "5:26 unknown-key", "5:53 unused-disable"]),
        ("params: {a: {default: 1, mix: 2}}  # rules: disable=unused-param", ["5:26 unknown-key"]),
        ("params: {a: {default: 1}}  # rules: disable=unused-param the night runs set it", []),
        ("params: {a: {default: 1}}  # rules: disable=unused-param,unused-window: we like it", ["5:58 unused-disable"]),
        ("params: {a: {default: 1}}  # rules: disable=unused-param unused-window", ["5:58 unused-disable"]),
        ("params: {a: {default: 1}}  # Rules: Disable=unused-param", []),
        ("params: {a: {default: 1}}  # rules : disable = unused-param , unused-window", ["5:63 unused-disable"]),
        ("params: {a: {default: 1}}  # rules: disabled=unused-param", ["5:10 unused-param", "5:37 unused-disable"]),
        ("params: {a: {default: 1}}  # rules: disable unused-param", ["5:10 unused-param", "5:37 unused-disable"]),
        ("params: {a: {default: 1}}  # rules: disable: unused-param", ["5:10 unused-param", "5:37 unused-disable"]),
        ("params: {a: {default: 1}}  # rules: disable", ["5:10 unused-param", "5:37 unused-disable"]),
        ("params: {a: {default: 1}}  # rules: ignore=unused-param", ["5:10 unused-param", "5:37 unused-disable"]),
        ("params: {a: {default: 1}}  # rules: disable-next-line=unused-param", ["5:10 unused-param", "5:37 unused-disable"]),
        ("params: {a: {default: 1}}  # rules: disable these by night", ["5:10 unused-param"]),
        ("params: {a: {default: 1}}  # rules: what follows", ["5:10 unused-param"]),
        ("params: {a: {default: 1}}  # rules: disable=", ["5:10 unused-param", "5:37 unused-disable"]),
        ('help: "a # rules: disable=unused-param"', []),
        ("help: >\n  text # rules: disable=unused-param", ["6:25 unused-disable"]),
        ("help: |\n  text\n\n  # rules: disable=unused-param,unused-window", ["8:20 unused-disable", "8:33 unused-disable"]),
        ("help: |\n  write '# rules: disable=unused-param'", []),
        ("help: |\n  write # rules: disable=CODE, or # rule: disable=unused-param", []),
        ("help: |\n  write\n# rules: disable=unused-param", ["7:18 unused-disable"]),
        ("params: {a: {default: 1}}  # rule: disable=unused-param", ["5:10 unused-param", "5:36 unused-disable"]),
        ("params: {a: {default: 1}}  # trainrules: disable=unused-param", ["5:10 unused-param", "5:42 unused-disable"]),
        ("params: {a: {default: 1}}  # rule: disable it by night", ["5:10 unused-param"]),
        ("# rules: disable=unused-param\nparams: {a: {default: 1}}", ["5:18 unused-disable", "6:10 unused-param"]),
    ],
)  # fmt: skip
def test_comments_disable_warnings(write: Write, text: str, problems: list[str]) -> None:
    write(p_DOT_yaml=f"{HEAD}{text}\n{METRICS}{RULES}")
    assert [each.removeprefix("p.yaml:") for each in told("p.yaml")] == problems


ALWAYS = "  b:\n    title: B\n    cause: stalled\n    severity: warning\n"


@pytest.mark.parametrize(
    ("text", "problems"),
    [
        ("    when: >-\n      0 < 1\n", ["13:7 constant-condition"]),
        ("    when: >-  # rules: disable=constant-condition\n      0 < 1\n", []),
        ("    when: |  # rules: disable=constant-condition\n\n      0 < 1\n", []),
        ("    when: &w >2-  # rules: disable=constant-condition\n      0 < 1\n", []),
        ("    when: # rules: disable=constant-condition\n      0 < 1\n", []),
        (
            "    when: >-\n      0 < 1 # rules: disable=constant-condition\n",
            ["13:7 constant-condition", "13:30 unused-disable"],
        ),
        ("    when: |  # rules: disable=nevr-full\n      0 < 1\n", ["12:31 unknown-code", "13:7 constant-condition"]),
        ("    when: |  # rules: disable=no-action\n      loss < 1\n", ["12:31 unused-disable"]),
        ("    when: loss < 0\n    why: |\n      # rules: disable=no-action\n", ["14:24 unused-disable"]),
    ],
)
def test_a_comment_behind_the_sign_of_a_block_is_for_its_lines(write: Write, text: str, problems: list[str]) -> None:
    write(p_DOT_yaml=GOOD + ALWAYS + text)
    assert [each.removeprefix("p.yaml:") for each in told("p.yaml")] == problems


@pytest.mark.parametrize(
    ("comment", "hint"),
    [
        ("disable=all", "name each: a comment disables the codes that it names"),
        ("disable=unused-parm", "did you mean 'unused-param'"),
        ("disable=xyz", "'rules explain CODE' tells of one"),
    ],
)
def test_an_unknown_code_in_a_comment_is_told_with_what_to_write(write: Write, comment: str, hint: str) -> None:
    write(p_DOT_yaml=GOOD + f"# rules: {comment}\n")
    [problem] = Checker(None, prepares=False).outcome(["p.yaml"]).problems
    assert problem.code == "unknown-code"
    assert problem.hint.startswith(hint)


def test_a_comment_behind_the_sign_of_a_block_is_not_for_the_keys_beside_it(write: Write) -> None:
    level = "      - when: >-  # rules: disable=constant-condition,bare-message\n          0 < 1\n        severity: warning\n"
    rule = ALWAYS.replace("    severity: warning\n", "    levels:\n")
    write(p_DOT_yaml=GOOD + rule + level + "        message: High\n")
    assert told("p.yaml") == ["p.yaml:12:55 unused-disable", "p.yaml:15:18 bare-message"]
