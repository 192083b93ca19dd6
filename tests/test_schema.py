# ruff: noqa: E501 - tables of whole messages
"""The JSON Schemas: every key described, nothing open by accident, and in step with the loader."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from jsonschema import Draft7Validator

from trainrules.engine import groups, overrides, pack
from trainrules.engine.load import load_pack
from trainrules.engine.schema import SCHEMAS, shape_problems
from trainrules.engine.yamlio import compose

NAMES = ["pack", "overrides", "test", "report", "diff"]


def schema(name: str) -> dict[str, Any]:
    found = json.loads((SCHEMAS / f"{name}.schema.json").read_text(encoding="utf-8"))
    assert isinstance(found, dict)
    return found


def parts(node: Any, path: str = "") -> Iterator[tuple[str, dict[str, Any]]]:
    """Every schema within a schema, with its path."""
    if isinstance(node, list):
        for place, entry in enumerate(node):
            yield from parts(entry, f"{path}/{place}")
    elif isinstance(node, dict):
        yield path, node
        for key, entry in node.items():
            yield from parts(entry, f"{path}/{key}")


@pytest.mark.parametrize("name", NAMES)
def test_is_a_schema_of_draft_7(name: str) -> None:
    assert schema(name)["$schema"] == "http://json-schema.org/draft-07/schema#"
    Draft7Validator.check_schema(schema(name))


def definition(name: str, ref: str) -> dict[str, Any]:
    """What a reference within a schema leads to."""
    found = schema(name)["definitions"].get(ref.removeprefix("#/definitions/"), {})
    assert isinstance(found, dict)
    return found


@pytest.mark.parametrize("name", NAMES)
def test_every_key_has_a_description(name: str) -> None:
    bare = [
        f"{path}/{key}"
        for path, part in parts(schema(name))
        if isinstance(part.get("properties"), dict) and "description" not in part["properties"]
        for key, value in part["properties"].items()
        if not (value.get("description") or definition(name, value.get("$ref", "")).get("description", "")).strip()
    ]
    assert bare == []


@pytest.mark.parametrize("name", NAMES)
def test_every_object_is_closed(name: str) -> None:
    objects = [(path, part) for path, part in parts(schema(name)) if part.get("type") == "object"]
    assert [path for path, part in objects if part.get("additionalProperties", True) is True] == []
    assert [path for path, part in objects if "properties" in part and part["additionalProperties"] is not False] == []


RENAMED = {"for_": "for", "while_": "while", "min_points": "min", "id": "pack"}
UNWRITTEN = {  # what the loader adds
    "stage": {"unit"},
    "metric": {"twin_of", "group"},
    "line": {"groups", "pair_groups"},
}
THINGS = {
    "metric": pack.Metric,
    "twin": pack.Twin,
    "param": pack.Param,
    "variant": pack.Variant,
    "window": pack.Window,
    "level": pack.Level,
    "invariant": pack.Invariant,
    "stage": pack.Stage,
    "action": pack.Action,
    "gate": pack.Gate,
    "stuck": pack.Stuck,
    "format": pack.Format,
    "line": pack.LinePattern,
}


@pytest.mark.parametrize("name", THINGS)
def test_keys_are_those_of_the_model(name: str) -> None:
    fields = {RENAMED.get(field, field) for field in THINGS[name].__annotations__} - {"pack", "at"}
    keys = set(schema("pack")["definitions"][name]["properties"])
    assert keys == fields - UNWRITTEN.get(name, set())


def test_the_keys_of_a_pack_and_a_rule_are_those_of_the_model() -> None:
    fields = {RENAMED.get(field, field) for field in pack.Pack._fields} - {"at", "tree"}
    assert set(schema("pack")["properties"]) == fields - {"groups"} | {"schema", "disable"}
    rule, level = (schema("pack")["definitions"][name]["properties"] for name in ("rule", "level"))
    fields = {RENAMED.get(field, field) for field in pack.Rule._fields} - {"pack", "at"}
    assert set(rule) == fields | set(level)


def test_a_group_shares_fields_of_its_metrics() -> None:
    definitions = schema("pack")["definitions"]
    group, metric = (set(definitions[name]["properties"]) for name in ("group", "metric"))
    assert group & metric == {*groups.SHARED, "help"}
    assert group - metric == {"prefix", "metrics"}
    assert set(definitions["metric_of_group"]["properties"]) == metric


def test_the_schema_of_overrides_has_the_keys_of_the_loader() -> None:
    assert tuple(schema("overrides")["properties"]) == overrides.KEYS


@pytest.mark.parametrize(
    ("text", "problems"),
    [
        ("params: {a: 1, b: default * 2, c: null, d: true}", []),
        ("params: {a: [1]}", ["f:1:13: 'a' must be a number, true, false, a text or null, not a list"]),
        ("prams: {a: 1}", ["f:1:1: unknown key 'prams'; did you mean 'params'?"]),
        (
            "severities: {r: fatal}",
            ["f:1:17: 'r' must be one of info, warning, critical, not the text 'fatal'"],
        ),
        ("disable: [a, b, a]", ["f:1:17: 'a' stands in 'disable' twice; keep one"]),
        ("disable: [1a]", ["f:1:11: an entry of 'disable' must be a name: a letter, then letters, digits and '_', not the text '1a'"]),
        ("[]", ["f:1:1: the file must be an override file, not a list"]),
    ],
)  # fmt: skip
def test_shapes_of_overrides(text: str, problems: list[str]) -> None:
    assert [str(problem) for problem in shape_problems(compose(text, "f"), "overrides")] == problems


@pytest.mark.parametrize(
    ("text", "problems"),
    [
        ("clock: {step: [{kee: a}]}", ["f:1:17: unknown key 'kee'; did you mean 'key'?"]),
        ("clock: {step: [{pattern: a}]}", ["f:1:16: an entry of 'step' lacks 'key'; add it"]),
        ("clock: {step: [3]}", ["f:1:16: an entry of 'step' must be a key of the log, or {key, pattern}, not the number 3"]),
        ("commands: {a: {txt: x}}", ["f:1:16: unknown key 'txt'; did you mean 'text'?"]),
        ("commands: {a: 3}", ["f:1:15: 'a' must be a command line, or {text, help}, not the number 3"]),
        ("notes: {a: ''}", ["f:1:13: 'a' must be a text, or {text, source}, not the text ''"]),
        ("labels: {rank: rank}", ["f:1:16: 'rank' must be a list of keys, not the text 'rank'"]),
        ("stages: {a: {share: 2}}", ["f:1:21: 'share' must be at most 1, not 2"]),
        ("actions: {a: {rank: 1.5}}", ["f:1:21: 'rank' must be a whole number, not the number 1.5"]),
        ("actions: {a: {direction: {lr: left}}}", ["f:1:31: 'lr' must be one of up, down, not the text 'left'"]),
        ("rules: {r: {sticky: 'true'}}", ["f:1:22: 'sticky' must be true or false, not the text 'true'"]),
        ("rules: {r: {message: 3}}", ["f:1:22: 'message' must be a text, not the number 3"]),
        ("metrics: {loss: {keys: null}}", ["f:1:24: 'keys' must be a list, not nothing; fill it in or leave the key out"]),
        ("windows: {w: {size: 3}}", ["f:1:15: unknown key 'size'; known here: last, min, help"]),
    ],
)  # fmt: skip
def test_shapes_of_packs(text: str, problems: list[str]) -> None:
    head = "\nschema: 1\npack: p\nversion: 1.0.0\ntitle: P"
    assert [str(problem) for problem in shape_problems(compose(text + head, "f"), "pack")] == problems


def test_a_slip_stands_for_the_key_it_was_meant_to_be(tmp_path: Path) -> None:
    """So that the rest of the file is judged as its author meant it."""
    document = compose("rules: {r: {whne: loss > 1}}", "f")
    shape_problems(document, "pack")
    assert document.root.find(["rules", "r", "when"]).value == "loss > 1"


def test_the_first_line_of_common_names_the_schema() -> None:
    text = (SCHEMAS.parent / "rules" / "common.yaml").read_text(encoding="utf-8")
    assert text.startswith("# yaml-language-server: $schema=../schemas/pack.schema.json\n")
    assert load_pack("common", strict=True).id == "common"
