"""TOML with positions: the values are those of the standard library, the places those of the text."""

from __future__ import annotations

import tomllib

import pytest
from hypothesis import given
from hypothesis import strategies as st

from trainrules.engine.errors import PackError
from trainrules.engine.tomlio import compose_toml
from trainrules.engine.yamlio import Item

TEXT = """\
# a comment = [with] "signs"
top = 1
[tool.x]   # and a comment
"quoted key" = "te]xt # no comment"
'literal.key' = 'c:\\new'
dotted.inner.leaf = true
date = 2026-12-31
inline = { a = 1, b = { c = "d" } }
list = [
  "one", # 1
  [2, 3], { k = 4 },
]
many = \"\"\"
first "quotes" here\"\"\"
[tool."y.z"]
a = -1.5e3
[[rows]]
n = 1
[[rows]]
n = 2
[rows.sub]
m = 3
"""


@pytest.mark.parametrize(
    ("path", "key", "value"),
    [
        (["top"], (2, 1), (2, 7)),
        (["tool", "x"], (3, 7), (3, 7)),
        (["tool", "x", "quoted key"], (4, 2), (4, 17)),
        (["tool", "x", "literal.key"], (5, 2), (5, 18)),
        (["tool", "x", "dotted"], (6, 1), (6, 1)),
        (["tool", "x", "dotted", "inner", "leaf"], (6, 14), (6, 21)),
        (["tool", "x", "date"], (7, 1), (7, 8)),
        (["tool", "x", "inline", "a"], (8, 12), (8, 16)),
        (["tool", "x", "inline", "b", "c"], (8, 25), (8, 30)),
        (["tool", "x", "list", 0], (10, 4), (10, 4)),
        (["tool", "x", "list", 1, 1], (11, 7), (11, 7)),
        (["tool", "x", "list", 2, "k"], (11, 13), (11, 17)),
        (["tool", "x", "many"], (13, 1), (14, 1)),
        (["tool", "y.z", "a"], (16, 1), (16, 5)),
        (["rows", 0, "n"], (18, 1), (18, 5)),
        (["rows", 1, "n"], (20, 1), (20, 5)),
        (["rows", 1, "sub", "m"], (22, 1), (22, 5)),
    ],
)
def test_places(path: list[str | int], key: tuple[int, int], value: tuple[int, int]) -> None:
    found = compose_toml(TEXT, "f").find(path)
    assert (found.key_at[1:], found.at[1:]) == (key, value)


def test_values() -> None:
    expected = tomllib.loads(TEXT)
    expected["tool"]["x"]["date"] = "2026-12-31"
    assert compose_toml(TEXT, "f").plain() == expected
    assert compose_toml("\ufeffa = 1", "f").plain() == {"a": 1}
    assert compose_toml("", "f").plain() == {}


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        ("a = 1\nb = \n", "f:2:5: not TOML: invalid value; a value is 5, 'text', true or [1, 2]"),
        ("a = 1\na = 2\n", "f:2:6: not TOML: cannot overwrite a value; keep one of the two"),
        (
            "[tool.trainrules\n",
            "f:1:17: not TOML: expected ']' at the end of a table declaration; write it as in [tool.trainrules]",
        ),
        ("a = [1,\n", "f: not TOML: invalid value (at end of document); a value is 5, 'text', true or [1, 2]"),
        ("a = " + "[" * 5000 + "]" * 5000, "f: nested more than 50 deep; split it"),
        ("a." * 60 + "b = 1", "f: nested more than 50 deep; split it"),
    ],
)
def test_what_is_no_toml(text: str, problem: str) -> None:
    with pytest.raises(PackError) as caught:
        compose_toml(text, "f")
    assert str(caught.value) == problem


keys = st.text(st.characters(codec="utf-8", categories=("L", "N", "P", "S", "Zs")), min_size=1, max_size=6)
leaves = st.one_of(st.integers(-99, 99), st.booleans(), st.text(max_size=8))
trees = st.recursive(leaves, lambda inner: st.lists(inner, max_size=3) | st.dictionaries(keys, inner, max_size=3))


def quoted(text: str) -> str:
    escaped = "".join(c if c.isprintable() and c not in '"\\' else f"\\U{ord(c):08x}" for c in text)
    return f'"{escaped}"'


def written(value: object) -> str:
    if isinstance(value, dict):
        return "{" + ", ".join(f"{quoted(key)} = {written(inner)}" for key, inner in value.items()) + "}"
    if isinstance(value, list):
        return "[" + ", ".join(map(written, value)) + "]"
    return quoted(value) if isinstance(value, str) else str(value).lower()


@given(st.dictionaries(keys, trees, max_size=4))
def test_every_place_is_where_the_text_stands(tree: dict[str, object]) -> None:
    lines = [f"{quoted(key)} = {written(value)} # {{[" for key, value in tree.items()]
    root = compose_toml("[table]\n" + "\n".join(lines), "f").find(["table"])
    assert root.plain() == tree
    hold(root, ["[table]", *lines])


def hold(item: Item, lines: list[str]) -> None:
    """Every key and every leaf below an item begins at its place."""
    if isinstance(item.value, dict):
        for key, inner in item.value.items():
            assert lines[inner.key_line - 1][inner.key_column - 2 :].startswith(quoted(key))
            hold(inner, lines)
    elif isinstance(item.value, list):
        for inner in item.value:
            hold(inner, lines)
    else:
        is_text = isinstance(item.value, str)
        assert lines[item.line - 1][item.column - 1 - is_text :].startswith(written(item.value))
