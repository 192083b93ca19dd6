# ruff: noqa: E501 - tables of whole messages
"""The JSON Schemas: every key described, nothing open by accident, and in step with the loader."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner
from jsonschema import Draft7Validator

from trainrules.cli import rules
from trainrules.engine import groups, held_up, invariants, overrides, pack, pack_gates
from trainrules.engine.errors import Position
from trainrules.engine.fields import duration, expression
from trainrules.engine.items import Item
from trainrules.engine.load import load_pack
from trainrules.engine.packtest.load import load_suite
from trainrules.engine.packtest.model import Case
from trainrules.engine.problems import Problems
from trainrules.engine.schema import SCHEMAS, shape_problems
from trainrules.engine.yamlio import compose

ROOT = SCHEMAS.parent
NAMES = ["pack", "overrides", "test", "report", "reports", "diff"]
EDITED = ["pack", "overrides", "test"]
PRINTED = ["report", "diff", "problems"]


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
    "gate": pack_gates.Gate,
    "stuck": pack_gates.Stuck,
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
        ("params: {a: [1]}", ["f:1:13: 'a' must be a number, true, false, a text or null, not a list; write one number, such as 0.5"]),
        ("prams: {a: 1}", ["f:1:1: unknown key 'prams'; did you mean 'params'?"]),
        (
            "severities: {r: fatal}",
            ["f:1:17: 'r' must be one of info, warning, critical, not the text 'fatal'; write critical"],
        ),
        ("disable: [a, b, a]", ["f:1:17: 'a' stands in 'disable' twice; keep one"]),
        ("disable: [1a]", ["f:1:11: an entry of 'disable' must be a name: a letter, then letters, digits and '_', not the text '1a'; such as loss_high"]),
        ("[]", ["f:1:1: the file must be an override file, not a list; write keys and values, as in 'params: {name: 0.5}'"]),
    ],
)  # fmt: skip
def test_shapes_of_overrides(text: str, problems: list[str]) -> None:
    assert [str(problem) for problem in shape_problems(compose(text, "f"), "overrides")] == problems


@pytest.mark.parametrize(
    ("text", "problems"),
    [
        ("clock: {step: [{kee: a}]}", ["f:1:17: unknown key 'kee'; did you mean 'key'?"]),
        ("clock: {step: [{pattern: a}]}", ["f:1:16: an entry of 'step' lacks 'key'; add it"]),
        ("clock: {step: [3]}", ["f:1:16: an entry of 'step' must be a key of the log, or {key, pattern}, not the number 3; as in step, or {key: progress, pattern: '^([0-9]+)/'}"]),
        ("commands: {a: {txt: x}}", ["f:1:16: unknown key 'txt'; did you mean 'text'?"]),
        ("commands: {a: 3}", ["f:1:15: 'a' must be a command line, or {text, help}, not the number 3; put it in quotes, as in '3'"]),
        ("notes: {a: ''}", ["f:1:13: 'a' must be a text, or {text, source}, not the text ''; fill it in or leave the key out"]),
        ("labels: {rank: rank}", ["f:1:16: 'rank' must be a list of keys, not the text 'rank'; write it in brackets, as in rank: [rank]"]),
        ("stages: {a: {share: 2}}", ["f:1:21: 'share' must be at most 1, not 2; write a number at most 1"]),
        ("actions: {a: {rank: 1.5}}", ["f:1:21: 'rank' must be a whole number, not the number 1.5; write 1 or 2"]),
        ("actions: {a: {direction: {lr: left}}}", ["f:1:31: 'lr' must be one of up, down, not the text 'left'; write up or down"]),
        ("rules: {r: {sticky: 'true'}}", ["f:1:22: 'sticky' must be true or false, not the text 'true'; write true"]),
        ("rules: {r: {message: 3}}", ["f:1:22: 'message' must be a text, not the number 3; put it in quotes, as in '3'"]),
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


# What editors show


def references(node: dict[str, Any]) -> list[str]:
    """The definitions that a schema refers to by itself."""
    return [each["$ref"].rpartition("/")[2] for each in [node, *node.get("allOf", [])] if "$ref" in each]


def resolved(node: dict[str, Any], top: dict[str, Any]) -> Iterator[dict[str, Any]]:
    """A schema and those that it refers to."""
    yield node
    for ref in references(node):
        yield from resolved(top["definitions"][ref], top)


def keys_of(name: str) -> Iterator[tuple[str, str, dict[str, Any]]]:
    """Every key that a schema allows: the definition that it stands in, its name, its schema."""
    for path, part in parts(schema(name)):
        if isinstance(part.get("properties"), dict) and "description" not in part["properties"]:
            owner = path.split("/")[2] if path.startswith("/definitions/") else path.rpartition("/")[2]
            yield from ((owner, key, value) for key, value in part["properties"].items())


@pytest.mark.parametrize("name", EDITED)
def test_every_key_has_examples_that_fit(name: str) -> None:
    """Beside the key itself, however deep: editors do not all show what stands behind a reference."""
    top = schema(name)
    for owner, key, value in keys_of(name):
        examples = value.get("examples", [])
        assert examples, f"{owner}.{key}"
        assert value["description"], f"{owner}.{key}"
        check = Draft7Validator({**value, "definitions": top["definitions"]})
        for example in [*examples, *([value["default"]] if "default" in value else [])]:
            assert not list(check.iter_errors(example)), f"{owner}.{key}: {example!r}"


def test_every_key_of_an_override_file_has_a_default_that_fits_or_is_required() -> None:
    top = schema("overrides")
    needed = {path: part.get("required", ()) for path, part in parts(top) if "properties" in part}
    optional = [
        (f"{path}/{key}", value)
        for path, required in needed.items()
        for key, value in next(part for place, part in parts(top) if place == path)["properties"].items()
        if key not in required
    ]
    assert len(optional) == 7
    for path, value in optional:
        check = Draft7Validator({**value, "definitions": top["definitions"]})
        assert not list(check.iter_errors(value["default"])), path


def is_made_of_keys(node: dict[str, Any], top: dict[str, Any]) -> bool:
    """Whether what a schema describes is made of keys, which have examples of their own; or a list of such."""
    for each in resolved(node, top):
        kinds = each.get("type", ())
        inner = [each[key] for key in ("items", "additionalProperties") if isinstance(each.get(key), dict)]
        inner += [part for key in ("anyOf", "oneOf") for part in each.get(key, ())]
        if "object" in ([kinds] if isinstance(kinds, str) else kinds) or any(is_made_of_keys(n, top) for n in inner):
            return True
    return False


@pytest.mark.parametrize("name", PRINTED)
def test_every_value_that_is_printed_has_examples_that_fit(name: str) -> None:
    """Or is one of a list, or true or false."""
    top = schema(name)
    lacking = []
    for owner, key, value in keys_of(name):
        told = list(resolved(value, top))
        if any({"enum", "const"} & set(each) or each.get("type") in ("boolean", ["boolean", "null"]) for each in told):
            continue
        examples = [example for each in told for example in each.get("examples", [])]
        if not examples and not is_made_of_keys(value, top):
            lacking.append(f"{owner}.{key}")
        check = Draft7Validator({**value, "definitions": top["definitions"]})
        for example in examples:
            assert not list(check.iter_errors(example)), f"{owner}.{key}: {example!r}"
    assert lacking == []


def test_examples_of_expressions_and_lengths_are_read() -> None:
    top, read = schema("pack"), 0
    for owner, key, value in keys_of("pack"):
        refs = {ref for each in resolved(value, top) for ref in references(each)}
        for example in value.get("examples", []):
            item = Item(example, "f", 1, 1)
            problems = Problems()
            if "expression" in refs:
                assert expression(item, key, problems) is not None, f"{owner}.{key}: {example}"
            elif refs & {"duration", "window_length"} and example != "all":
                assert duration(item, key, problems) is not None, f"{owner}.{key}: {example}"
            else:
                continue
            read += 1
            assert problems.found == []
    assert read > 40


DEFAULTS = {
    **THINGS,
    "requirement": pack_gates.Requirement,
    "group": pack.Group,
    "clock": pack.Clock,
    "checkpoints": pack.Checkpoints,
    "command": pack.Command,
    "note": pack.Note,
    "pack.schema.json": pack.Pack,
}
TOLD_ELSEWHERE: dict[str, dict[str, Any]] = {
    "stuck": {"quantile": held_up.QUANTILE},
    "invariant": {"rel": invariants.REL, "abs": invariants.ABS, "for": "3 points"},
    "group": {"role": "train", "type": "number"},
    "pack.schema.json": {"disable": []},
}
"""Defaults that the model has not: those that are filled in where a thing is used, or that its metrics have."""

COMPUTED = {("param", "type")}
"""Keys whose default depends on another one."""


def written(value: object) -> Any:
    """A default of the model as a file would have it; None where a file cannot say it."""
    if isinstance(value, tuple) and hasattr(value, "_fields"):
        return {}
    if isinstance(value, Mapping):
        return dict(value)
    return list(value) if isinstance(value, tuple) else value


def owner_of(path: str) -> str:
    """The definition that a part of a schema stands in, or the key at the top; the schema itself."""
    parts = path.split("/")
    if len(parts) < 2 or parts[1] == "":
        return "pack.schema.json"
    return parts[2]


@pytest.mark.parametrize("name", DEFAULTS)
def test_defaults_are_those_of_the_model(name: str) -> None:
    """Each default that a file can say is told, and no other is."""
    top = schema("pack")
    keys = {
        key: value
        for path, part in parts(top)
        if isinstance(part.get("properties"), dict)
        and "description" not in part["properties"]
        and owner_of(path) == name
        for key, value in part["properties"].items()
    }
    assert keys
    wanted: dict[str, Any] = dict(TOLD_ELSEWHERE.get(name, {}))
    for field, value in DEFAULTS[name]._field_defaults.items():
        key, default = RENAMED.get(field, field), written(value)
        if key not in keys or (name, key) in COMPUTED or default is None or key in wanted:
            continue
        if Draft7Validator({**keys[key], "definitions": top["definitions"]}).is_valid(default):
            wanted[key] = default
    assert {key: value["default"] for key, value in keys.items() if "default" in value} == wanted


def test_defaults_of_a_rule_are_those_of_the_model() -> None:
    told = {key: value["default"] for owner, key, value in keys_of("pack") if owner == "rule" and "default" in value}
    own = {key: written(value) for key, value in pack.Rule._field_defaults.items() if value is not None}
    assert told == {**own, "actions": []}


def test_what_settings_say_by_default_changes_nothing(tmp_path: Path) -> None:
    defaults = {key: value["default"] for owner, key, value in keys_of("overrides") if "default" in value}
    assert defaults.pop("until") is None
    assert set(defaults) == {*overrides.KEYS}
    problems = Problems()
    layers = [
        overrides.from_item(compose(json.dumps(text), "o").root, "o", "file", None, problems) for text in ({}, defaults)
    ]
    assert layers[0] == layers[1]
    assert problems.found == []


def test_what_tests_say_by_default_changes_nothing(tmp_path: Path) -> None:
    (tmp_path / "p.yaml").write_text("schema: 1\npack: p\nversion: 1.0.0\ntitle: P\nmetrics: {loss: {keys: [loss]}}\n")
    of_case = {key: value["default"] for owner, key, value in keys_of("test") if owner == "case" and "default" in value}
    assert set(of_case) == {"source", "constants", "ended", "set", "overrides"}
    names = next(value["default"] for owner, key, value in keys_of("test") if key == "names")
    suites = []
    for more, top in (({}, {}), (of_case, {"names": names})):
        case = {"name": "a", "series": {"loss": 1}, "expect": {"verdict": "healthy"}, **more}
        (tmp_path / "p.test.yaml").write_text(json.dumps({"schema": 1, **top, "tests": [case]}))
        suite, problems = load_suite(tmp_path / "p.test.yaml")
        assert suite is not None, problems
        suites.append([(each.data, each._replace(at=case_at(each), expects=())) for each in suite.cases])
    assert suites[0] == suites[1]


def case_at(case: Case) -> Position:
    """A place that does not differ with what is written before it."""
    return Position(case.at.file)


@pytest.mark.parametrize(
    ("owner", "key", "text"),
    [
        ("invariant", "rel", "invariants: {{i: {{holds: loss <= 1{}}}}}"),
        ("invariant", "abs", "invariants: {{i: {{holds: loss <= 1{}}}}}"),
        ("invariant", "for", "invariants: {{i: {{holds: loss <= 1{}}}}}"),
    ],
)
def test_a_default_means_the_same_as_its_absence(tmp_path: Path, owner: str, key: str, text: str) -> None:
    (default,) = (value["default"] for of, name, value in keys_of("pack") if (of, name) == (owner, key))
    found = []
    for given in ("", f", {key}: {default}"):
        path = tmp_path / "p.yaml"
        path.write_text(f"schema: 1\npack: p\nversion: 1.0.0\ntitle: P\nextends: common\n{text.format(given)}\n")
        loaded = load_pack(path)
        thing, level = loaded.invariants["i"], loaded.rules["i"].levels[0]
        assert level.for_ is not None
        found.append((thing.rel.tree, thing.abs.tree, level.for_.amount.tree, level.for_.unit))
    assert found[0] == found[1]


SHIPPED = sorted([*(ROOT / "rules").glob("*.yaml"), *(ROOT / "examples").glob("*.yaml")])


@pytest.mark.parametrize("path", SHIPPED, ids=lambda path: str(path.relative_to(ROOT)))
def test_every_shipped_file_names_its_schema(path: Path) -> None:
    kind = "test" if path.stem.endswith(".test") else "pack"
    first = path.read_text(encoding="utf-8").splitlines()[0]
    assert first == f"# yaml-language-server: $schema=../schemas/{kind}.schema.json"


@pytest.mark.parametrize("kind", ["pack", "test"])
def test_shipped_files_have_their_shape(kind: str) -> None:
    """By a checker that is not ours, as it reads YAML and the schema."""
    files = [str(path) for path in SHIPPED if path.stem.endswith(".test") == (kind == "test")]
    command = [sys.executable, "-m", "check_jsonschema", "--schemafile", str(SCHEMAS / f"{kind}.schema.json"), *files]
    done = subprocess.run(command, capture_output=True, text=True, timeout=120)
    assert (done.returncode, done.stderr) == (0, ""), done.stdout


def test_another_checker_refuses_what_is_wrong(tmp_path: Path) -> None:
    (tmp_path / "p.yaml").write_text("schema: 1\npack: p\nversion: 1.0.0\ntitle: P\nrulse: {}\n", encoding="utf-8")
    command = [sys.executable, "-m", "check_jsonschema", "--schemafile", str(SCHEMAS / "pack.schema.json")]
    done = subprocess.run([*command, str(tmp_path / "p.yaml")], capture_output=True, text=True, timeout=120)
    assert done.returncode == 1
    assert "'rulse' was unexpected" in done.stdout


@pytest.mark.parametrize("name", NAMES)
def test_the_command_prints_a_schema(name: str) -> None:
    done = CliRunner().invoke(rules, ["schema", name])
    assert (done.exit_code, done.stdout) == (0, (SCHEMAS / f"{name}.schema.json").read_text(encoding="utf-8"))
