# ruff: noqa: E501 - tables of whole messages
"""YAML with positions: what scalars mean, where things stand, what is refused."""

from __future__ import annotations

import math
import subprocess
import sys
import time
from pathlib import Path

import pytest

from trainrules.engine.errors import PackError, Position
from trainrules.engine.yamlio import MAX_BYTES, compose, compose_file, read


def told(text: str) -> list[str]:
    """The problems of a document as a user reads them."""
    try:
        return [str(problem) for problem in compose(text, "f").problems]
    except PackError as error:
        return str(error).splitlines()


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("5e-7", 5e-7),
        ("1e3", 1000.0),
        (".5", 0.5),
        ("1.", 1.0),
        ("+12", 12),
        ("-0.0", -0.0),
        ("0x1F", 31),
        ("0o17", 15),
        ("017", 17),
        ("010", 10),
        ("-007", -7),
        ("08", 8),
        ("1e-6", 1e-6),
        ("1E-6", 1e-6),
        ("2e+4", 20000.0),
        ("1e6", 1000000.0),
        ("0e0", 0.0),
        ("-.inf", -math.inf),
        ("on", "on"),
        ("off", "off"),
        ("yes", "yes"),
        ("no", "no"),
        ("y", "y"),
        ("n", "n"),
        ("Y", "Y"),
        ("NO", "NO"),
        ("On", "On"),
        ("Yes", "Yes"),
        ("0b11", "0b11"),
        ("0o9", "0o9"),
        ("1e", "1e"),
        ("e7", "e7"),
        ("1,000", "1,000"),
        ("nan", "nan"),
        ("inf", "inf"),
        ("none", "none"),
        ("None", "None"),
        ("=", "="),
        ("true", True),
        ("False", False),
        ("TRUE", True),
        ("tRUE", "tRUE"),
        ("null", None),
        ("~", None),
        ("", None),
        ("1_000", "1_000"),
        ("12:30", "12:30"),
        ("2024-01-01", "2024-01-01"),
        ("2024-01-01 12:00:00", "2024-01-01 12:00:00"),
        ("2024-01-01T12:00:00Z", "2024-01-01T12:00:00Z"),
        ("1:30:00", "1:30:00"),
        ("1.0.0", "1.0.0"),
        ("'5'", "5"),
        ('"true"', "true"),
        ("loss > 2", "loss > 2"),
    ],
)
def test_scalars_follow_yaml_1_2(text: str, value: object) -> None:
    found = read(f"k: {text}", "f").root.find(["k"]).value
    assert found == value
    assert type(found) is type(value)


def test_nan_is_a_number() -> None:
    found = read("k: .nan", "f").plain()
    assert isinstance(found, dict)
    assert isinstance(found["k"], float)
    assert math.isnan(found["k"])


def test_keys_are_always_text() -> None:
    assert read("{1: a, true: b, null: c, 'on': d}", "f").plain() == {"1": "a", "true": "b", "null": "c", "on": "d"}


POSITIONS = """\
plain: loss > 1
single: 'loss > 1'
double: "loss > 1"
block: |

  loss
   > 1
folded: >-
    loss
list:
  - a
  - {b: 1, "c": é, d: x}
anchor: &a [1]
alias: *a
named: &b "loss > 1"
"""


@pytest.mark.parametrize(
    ("path", "value", "key"),
    [
        (["plain"], (1, 8), (1, 1)),
        (["single"], (2, 10), (2, 1)),
        (["double"], (3, 10), (3, 1)),
        (["block"], (6, 3), (4, 1)),
        (["folded"], (9, 5), (8, 1)),
        (["list"], (11, 3), (10, 1)),
        (["list", 0], (11, 5), (11, 5)),
        (["list", 1, "b"], (12, 9), (12, 6)),
        (["list", 1, "c"], (12, 17), (12, 13)),
        (["list", 1, "d"], (12, 23), (12, 20)),
        (["alias"], (13, 9), (14, 1)),
        (["named"], (15, 12), (15, 1)),
        (["alias", 0], (13, 13), (13, 13)),
    ],
)
def test_positions(path: list[str | int], value: tuple[int, int], key: tuple[int, int]) -> None:
    document = read(POSITIONS, "f")
    assert document.at(path) == Position("f", *value)
    assert document.key_at(path) == Position("f", *key)


@pytest.mark.parametrize(
    ("text", "problems"),
    [
        ("a: 1\nb: 2\na: 3", ["f:3:1: key 'a' is given twice; it stands on line 1 already, keep one"]),
        ("a: 1\n'a': 3", ["f:2:1: key 'a' is given twice; it stands on line 1 already, keep one"]),
        (
            "a: 1\nb: {x: 1, y: 2, x: 3, x: 4}",
            [
                "f:2:17: key 'x' is given twice; it stands on line 2 already, keep one",
                "f:2:23: key 'x' is given twice; it stands on line 2 already, keep one",
            ],
        ),
        ("<<: 5", ["f:1:5: '<<' merges mappings only; name one, as in '<<: *defaults'"]),
        ("a: &a [1]\nb: {<<: *a}", ["f:1:8: '<<' merges mappings only; name one, as in '<<: *defaults'"]),
        (
            "a: &a {x: 1}\nb:\n  <<: *a\n  <<: *a",
            ["f:4:3: key '<<' is given twice; merge several as in '<<: [*one, *other]'"],
        ),
        ("a: !x 1", ["f:1:4: tag '!x' is not supported; quote text that starts with '!'"]),
        (
            "a: !!python/object/apply:os.system [ls]",
            [
                "f:1:4: tag 'tag:yaml.org,2002:python/object/apply:os.system' is not supported; quote text that starts with '!'"
            ],
        ),
        ("? [a]\n: 1", ["f:1:3: a key must be text; write 'key: value'"]),
        ("a: 1\n---\nb: 1", ["f:2:1: a second document starts here; keep one document a file"]),
        ("a: *x", ["f:1:4: found undefined alias; define it with '&' above"]),
        ("a: b: c", ["f:1:5: not YAML: mapping values are not allowed in this context; quote text that holds ': '"]),
        (
            "a:\n   b: text\n    c: 1",
            [
                "f:3:6: not YAML: mapping values are not allowed in this context; indent it as the line above, or quote text that holds ': '"
            ],
        ),
        (
            "\ta: 1",
            ["f:1:1: not YAML: found character that cannot start any token; indent with spaces, not with tabs"],
        ),
        ("a: @b", ["f:1:4: not YAML: found character that cannot start any token; quote the text"]),
        ('a: "x', ["f:1:4: not YAML: this quote is never closed; close the quote"]),
        (
            "a: - b",
            [
                "f:1:4: not YAML: block sequence entries are not allowed in this context; quote the text, or begin the list on a line of its own"
            ],
        ),
        ("a: ? b", ["f:1:4: not YAML: mapping keys are not allowed in this context; quote the text"]),
        (
            "a: &",
            [
                "f:1:5: not YAML: did not find expected alphabetic or numeric character; write a name after '&' or '*', or quote the text"
            ],
        ),
        ("a: !x!y z", ["f:1:4: not YAML: found undefined tag handle; quote the text"]),
        ("a: |x", ["f:1:5: not YAML: did not find expected comment or line break; begin the text on the next line"]),
        (
            'a: "\\q"',
            ["f:1:5: not YAML: found unknown escape character; write a backslash twice, or use single quotes"],
        ),
        ("%foo", ["f:1:5: not YAML: found unknown directive name; leave out the line that begins with '%'"]),
        (
            "- a\nb: c",
            [
                "f:2:1: not YAML: did not find expected '-' indicator; indent it as the lines of the same mapping or list above, or as deep as what it belongs to"
            ],
        ),
        ("é: \x01", ["f:1:4: not YAML: control characters are not allowed; save it as plain UTF-8"]),
        ("a: {w: x in [1, 2]}", ["f:1:13: not YAML: did not find expected ',' or '}'; quote the expression"]),
        ("a: x\nrules\n  b: 1\n", ["f:2:6: not YAML: a colon is missing after 'rules'; write 'rules:'"]),
        (
            "r:\n  s:\n    cause stalled\n    why: w\n",
            ["f:3:10: not YAML: a colon is missing after 'cause'; write 'cause: stalled'"],
        ),
        (
            "pack: a\ntitle My runs # mine\nb: {}\n",
            ["f:2:6: not YAML: a colon is missing after 'title'; write 'title: My runs'"],
        ),
        (
            "r:\n  - title The gap\n    cause: x\n",
            ["f:2:10: not YAML: a colon is missing after 'title'; write 'title: The gap'"],
        ),
        (
            "a: {b: 1}\nwhy: A text that\n  goes on, and\nso on here\nc: 1\n",
            [
                "f:4:1: not YAML: a text goes on here and is not indented; indent each line of the text deeper than its key; or write 'so: …' if that is a key"
            ],
        ),
        (
            "why: Both rewards often fall\nwhile they part\nc: 1\n",
            [
                "f:2:1: not YAML: a text goes on here and is not indented; indent each line of the text deeper than its key; or write 'while: …' if that is a key"
            ],
        ),
        (
            "why: Both rewards fall. # so\n\n# why\nThis goes on\n",
            [
                "f:4:1: not YAML: a text goes on here and is not indented; indent each line of the text deeper than its key"
            ],
        ),
        (
            "- why: Both rewards fall\n  and part\n  c: 1\n",
            [
                "f:2:3: not YAML: a text goes on here and is not indented; indent each line of the text deeper than its key"
            ],
        ),
        (
            "why: >-\nBoth\nc: 1\n",
            [
                "f:2:1: not YAML: a text goes on here and is not indented; indent each line of the text deeper than its key"
            ],
        ),
        (
            "when: loss > 1\nand loss < 2\nc: 1\n",
            [
                "f:2:1: not YAML: a text goes on here and is not indented; indent each line of the text deeper than its key"
            ],
        ),
        (
            "why: Both rewards fall in\n5 runs of 6\nc: 1\n",
            [
                "f:2:1: not YAML: a text goes on here and is not indented; indent each line of the text deeper than its key"
            ],
        ),
        (
            "why: Both rewards fall\nwhen loss > 1\nc: 1\n",
            ["f:2:5: not YAML: a colon is missing after 'when'; write 'when: loss > 1'"],
        ),
        (
            "title: High loss\ncause stalled\nc: 1\n",
            ["f:2:6: not YAML: a colon is missing after 'cause'; write 'cause: stalled'"],
        ),
        (
            "keys: [loss, a b]\nhelp Its own words\nc: 1\n",
            ["f:2:5: not YAML: a colon is missing after 'help'; write 'help: Its own words'"],
        ),
        ("schema 1\npack: a\n", ["f:1:7: not YAML: a colon is missing after 'schema'; write 'schema: 1'"]),
        (
            "r:\n  when >-\n    a > b\n    and c\n  why: x\n",
            ["f:2:7: not YAML: a colon is missing after 'when'; write 'when: >-'"],
        ),
        (
            'when: "mean(x, "5 points") < y"\nb: 1\n',
            [
                "f:1:17: not YAML: the text goes on behind its closing quote; use ' around the whole, or for the quotes inside"
            ],
        ),
        (
            "when: 'mean(x, '5 points')'\n",
            [
                'f:1:17: not YAML: the text goes on behind its closing quote; use " around the whole, or for the quotes inside'
            ],
        ),
        (
            "why: 'It's bad'\nb: 2\n",
            [
                'f:1:10: not YAML: the text goes on behind its closing quote; use " around the whole, or for the quotes inside'
            ],
        ),
        (
            "title: 'My' runs\nb: 1\n",
            ["f:1:13: not YAML: the text goes on behind its closing quote; put ' around the whole text"],
        ),
        (
            "{a: 1, help: 'it's'}",
            [
                'f:1:18: not YAML: the text goes on behind its closing quote; use " around the whole, or for the quotes inside'
            ],
        ),
        (
            'a: [{b: x, c: "(\\d+)$"}]',
            ["f:1:17: not YAML: found unknown escape character; write a backslash twice, or use single quotes"],
        ),
        ("{set: {a: 5} disable: [b]}", ["f:1:14: not YAML: did not find expected ',' or '}'; put a comma before it"]),
        ("{a: '5' disable: [b]}", ["f:1:9: not YAML: did not find expected ',' or '}'; put a comma before it"]),
        ("a: [b}", ["f:1:6: not YAML: did not find expected ',' or ']'; write ']' in its place, or before it"]),
        ("a: {b: 1]", ["f:1:9: not YAML: did not find expected ',' or '}'; write '}' in its place, or before it"]),
        ("a: [stop,, b]", ["f:1:10: not YAML: did not find expected node content; leave out a comma"]),
        (
            " schema: 1\npack: a\n",
            ["f:1:1: not YAML: this line is indented, those below it are not; begin it where they begin"],
        ),
        (
            "a: 1\n<<<<<<< HEAD\nb: 1\n=======\nb: 2\n>>>>>>> x\n",
            [
                "f:2:1: not YAML: a merge conflict is left open here; keep one side, and take out the lines '<<<<<<<', '=======' and '>>>>>>>'"
            ],
        ),
        (
            "<<<<<<< HEAD\na: 1\n",
            [
                "f:1:1: not YAML: a merge conflict is left open here; keep one side, and take out the lines '<<<<<<<', '=======' and '>>>>>>>'"
            ],
        ),
        ("a: " + "9" * 5000, ["f:1:4: number has too many digits; quote it if it is text"]),
        ("a: &x [*x]", ["f:1:4: what this anchor names holds an alias of itself; take the alias out"]),
        ("a: &x {<<: *x}", ["f:1:4: what this anchor names holds an alias of itself; take the alias out"]),
        ("[" * 100_000, ["f:1:50: nested more than 50 deep; a pack needs a dozen levels at most"]),
        (
            "\n".join(" " * depth + "a:" for depth in range(60)),
            ["f:50:50: nested more than 50 deep; a pack needs a dozen levels at most"],
        ),
        ("[" * 50 + "]" * 50, []),
        ("- " * 60, ["f:1:99: nested more than 50 deep; a pack needs a dozen levels at most"]),
        (
            "a: 1\nb: [" + "1," * 100_000 + "]",
            ["f:2:4: the file holds more than 100,000 values; split it with 'extends'"],
        ),
        ("#" * (MAX_BYTES + 1), ["f:1:1048577: file is larger than 1024 KiB; split it with 'extends'"]),
        ("é" * (MAX_BYTES // 2 + 1), ["f:1:524289: file is larger than 1024 KiB; split it with 'extends'"]),
        ("a: &x 1\nb: *x", []),
        ("\ufeffa: 1\r\nb: 2\r\n", []),
    ],
)
def test_problems(text: str, problems: list[str]) -> None:
    assert told(text) == problems


BOMB = "\n".join(
    ["a0: &a0 [1, 1, 1, 1, 1, 1, 1, 1, 1, 1]"]
    + [f"a{n}: &a{n} [{', '.join([f'*a{n - 1}'] * 10)}]" for n in range(1, 9)]
)

BASE = """\
base: &base {severity: warning, for: 3 points}
other: &other {severity: info, actions: [wait]}
"""


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("a: {<<: *base}", {"severity": "warning", "for": "3 points"}),
        ("a: {<<: *base, severity: critical}", {"severity": "critical", "for": "3 points"}),
        ("a: {severity: critical, <<: *base}", {"severity": "critical", "for": "3 points"}),
        ("a: {<<: [*base, *other]}", {"severity": "warning", "for": "3 points", "actions": ["wait"]}),
        ("a: {<<: {x: 1}}", {"x": 1}),
        ("a: {'<<': 1}", {"<<": 1}),
        ("a: *other", {"severity": "info", "actions": ["wait"]}),
    ],
)
def test_anchors_and_merge_keys(text: str, value: object) -> None:
    assert read(BASE + text, "f").root.find(["a"]).plain() == value


def test_what_is_merged_keeps_its_place() -> None:
    document = read(BASE + "a:\n  <<: *base\n  for: 5 points", "f")
    assert document.at(["a", "severity"]) == Position("f", 1, 24)
    assert document.key_at(["a", "severity"]) == Position("f", 1, 14)
    assert document.at(["a", "for"]) == Position("f", 5, 8)


REFUSED = {
    "a bomb of aliases": BOMB,
    "a file of more than 1 MiB": "a: " + "x" * MAX_BYTES,
    "lists in lists": "[" * 1_000_000,
    "mappings in mappings": "\n".join(" " * depth + "a:" for depth in range(1_400)),
    "as many values as fit": "[" + "1," * 500_000 + "]",
    "one key again and again": "a: 1\n" * 200_000,
    "merge keys that double": "a0: &a0 {x: 1}\n"
    + "\n".join(f"a{n}: &a{n} {{<<: [*a{n - 1}, *a{n - 1}]}}" for n in range(1, 40)),
}


@pytest.mark.parametrize("what", REFUSED)
def test_what_would_take_long_is_refused_quickly(what: str) -> None:
    before = time.process_time()
    with pytest.raises(PackError) as caught:
        compose(REFUSED[what], "f")
    assert time.process_time() - before < 2
    assert caught.value.position.line


def test_many_words_without_values_are_put_together_quickly() -> None:
    before = time.process_time()
    assert len(compose("{a: x" + ", b" * 40_000 + "}", "f").problems) == 1
    assert time.process_time() - before < 2


def test_aliases_expand_to_a_limit() -> None:
    assert told(BOMB) == ["f:5:45: aliases expand to more than 100,000 values; use fewer aliases"]


EXPRESSION = "quote the expression"
KEY = ", or write '{}: …' if that is a key"


@pytest.mark.parametrize(
    ("text", "value", "column", "hint"),
    [
        ("{when: mean(loss, 20) > 1, to: 3}", {"when": "mean(loss, 20) > 1", "to": 3}, 8, EXPRESSION),
        ("{when: f(a, b, c) > max(x, y)}", {"when": "f(a, b, c) > max(x, y)"}, 8, EXPRESSION),
        ("{text: Stop, then wait}", {"text": "Stop, then wait"}, 8, "quote the text"),
        ("{text: Wait, please, b: 1}", {"text": "Wait, please", "b": 1}, 8, f"quote the text{KEY.format('please')}"),
        ("{text: Wait, now, then go}", {"text": "Wait, now, then go"}, 8, "quote the text"),
        (
            "{a: [x], text: Wait\n  , now\n, b: , c}",
            {"a": ["x"], "text": "Wait, now", "b": None, "c": None},
            16,
            f"quote the text{KEY.format('now')}",
        ),
        ("{a: f(x, b: , c)}", {"a": "f(x, b, c)"}, 5, EXPRESSION),
        ("{between: [-1, max(a, b, 3)], near: 1}", {"between": [-1, "max(a, b, 3)"], "near": 1}, 16, EXPRESSION),
        ("[mean(loss, 20)]", ["mean(loss, 20)"], 2, EXPRESSION),
    ],
)
def test_a_comma_that_cuts_a_text_is_told_and_mended(text: str, value: object, column: int, hint: str) -> None:
    document = compose(text, "f")
    assert document.plain() == value
    [problem] = document.problems
    assert (problem.at, problem.hint) == (Position("f", 1, column), hint)
    assert problem.message.startswith("a comma cuts the unquoted ")


def test_an_empty_value_in_a_flow_mapping_is_null() -> None:
    assert read("{a: x, b: , c}", "f").plain() == {"a": "x", "b": None, "c": None}
    assert read("{a: 1, b, c: true, d, e: null, f}", "f").plain() == {
        "a": 1,
        "b": None,
        "c": True,
        "d": None,
        "e": None,
        "f": None,
    }


def test_an_empty_file_is_null() -> None:
    assert read("# nothing\n", "f").plain() is None


@pytest.mark.parametrize(
    ("data", "problem"),
    [
        (b"a: 1\nb: \xff\n", "bad.yaml:2:4: file is not UTF-8 text; save it as UTF-8"),
        (b"#" * (MAX_BYTES + 1), "bad.yaml:1:1048577: file is larger than 1024 KiB; split it with 'extends'"),
    ],
)
def test_files_that_cannot_be_read(tmp_path: Path, data: bytes, problem: str) -> None:
    path = tmp_path / "bad.yaml"
    path.write_bytes(data)
    with pytest.raises(PackError) as caught:
        compose_file(path, "bad.yaml")
    assert str(caught.value) == problem


def test_missing_files_and_folders(tmp_path: Path) -> None:
    with pytest.raises(PackError, match=r"^x.yaml: file does not exist; give the path of a YAML file$"):
        compose_file(tmp_path / "x.yaml", "x.yaml")
    with pytest.raises(PackError, match=r"^here: file is a directory; give the path of a YAML file$"):
        compose_file(tmp_path, "here")


def test_the_python_composer_reads_the_same() -> None:
    """Where PyYAML was built without libyaml."""
    code = (
        "import sys; sys.modules['yaml.cyaml'] = None\n"
        "from trainrules.engine.yamlio import compose\n"
        "document = compose(sys.stdin.read(), 'f')\n"
        "print(document.plain(), document.at(['list', 1, 'c']), document.problems)"
    )
    run = subprocess.run([sys.executable, "-c", code], input=POSITIONS, text=True, capture_output=True, check=True)
    document = read(POSITIONS, "f")
    assert run.stdout == f"{document.plain()} f:12:17 ()\n"
