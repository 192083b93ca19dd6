"""The quick look at a file's shape says what jsonschema says."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from jsonschema import Draft7Validator

from trainrules.engine.shape import compiled
from trainrules.engine.yamlio import compose_file

ROOT = Path(__file__).resolve().parents[1]
NAMES = ["pack", "test", "overrides"]


def schema(name: str) -> Any:
    return json.loads((ROOT / "schemas" / f"{name}.schema.json").read_text(encoding="utf-8"))


QUICK = {name: compiled(schema(name)) for name in NAMES}
SLOW = {name: Draft7Validator(schema(name)) for name in NAMES}


def words(found: Any) -> set[str]:
    """Every key and text of a schema: what documents are drawn from."""
    if isinstance(found, dict):
        return set(found) | {word for value in found.values() for word in words(value)}
    if isinstance(found, list):
        return {word for value in found for word in words(value)}
    return {found} if isinstance(found, str) else set()


@pytest.mark.parametrize("path", sorted((ROOT / "rules").glob("*.yaml")), ids=lambda path: path.name)
def test_shipped_files_fit(path: Path) -> None:
    assert QUICK["test" if path.stem.endswith(".test") else "pack"](compose_file(path).plain())


@pytest.mark.parametrize("name", NAMES)
def test_it_agrees_with_jsonschema(name: str) -> None:
    known = sorted(
        {word for key in schema(name).get("properties", {}) for word in [key]} | {"a", "A b", "1x", "30 steps"}
    )
    inner = sorted(words(schema(name)))
    leaves = (
        st.none()
        | st.booleans()
        | st.integers(-2, 3)
        | st.sampled_from([0.5, 1.0])
        | st.sampled_from([*inner, "3 points"])
    )
    values = st.recursive(
        leaves,
        lambda part: (
            st.lists(part, max_size=3) | st.dictionaries(st.sampled_from([*inner, "a", "b"]), part, max_size=3)
        ),
        max_leaves=8,
    )

    @settings(max_examples=150, deadline=None, derandomize=True)
    @given(st.dictionaries(st.sampled_from(known), values, max_size=4))
    def agrees(document: dict[str, Any]) -> None:
        assert QUICK[name](document) == SLOW[name].is_valid(document)

    agrees()


def edits(value: Any, path: tuple[Any, ...] = ()) -> Any:
    """The places in a document at which something can be changed."""
    yield path
    for key, inner in value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ():
        yield from edits(inner, (*path, key))


@pytest.mark.parametrize("name", ["kto.yaml", "kto.test.yaml"])
def test_it_agrees_on_files_with_one_fault(name: str) -> None:
    kind = "test" if ".test" in name else "pack"
    whole = compose_file(ROOT / "rules" / name).plain()
    for number, path in enumerate(edits(whole)):
        if not path or number % 37:
            continue
        document = json.loads(json.dumps(whole))
        holder = document
        for part in path[:-1]:
            holder = holder[part]
        holder[path[-1]] = [None, 3, "x y", ["a", "a"], {"b": 1}][number % 5]
        assert QUICK[kind](document) == SLOW[kind].is_valid(document), path


def test_a_keyword_that_is_not_known_is_no_guess() -> None:
    with pytest.raises(ValueError, match="'not' is not known"):
        compiled({"not": {}})
