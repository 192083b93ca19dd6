"""Writes what the documentation takes from elsewhere; with --check, only says what is out of date.

docs/packs/*.md come from the packs and their guides' statements, docs/checks/*.md from the modules of codes and lints,
the marked parts of the other pages from the registry of functions and the schemas.
"""

from __future__ import annotations

import importlib.util
import json
import re
import sys
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping
from pathlib import Path
from types import ModuleType
from typing import Any

import yaml

from trainrules.engine.codes.pages import all_codes, page
from trainrules.engine.functions import FUNCTIONS, Family, Function, Kind
from trainrules.engine.load import load_pack
from trainrules.engine.readers.registry import Reader, readers
from trainrules.engine.render.packdoc import Statement, render_pack_doc
from trainrules.engine.render.runscsv import COLUMNS

ROOT = Path(__file__).resolve().parents[1]
DOCS = ROOT / "docs"
MEASURED: Mapping[str, Any] = json.loads((DOCS / "speed.json").read_text(encoding="utf-8"))
PART = re.compile(r"(?<=^<!-- generated: )(?P<name>\w+)( by docs/build\.py -->\n).*?(?=^<!-- end -->$)", re.M | re.S)


def pages() -> dict[Path, str]:
    """The text of every page by its path."""
    names = sorted(path.stem for path in (ROOT / "rules").glob("*.yaml") if not path.stem.endswith(".test"))
    packs = {DOCS / "packs" / f"{name}.md": render_pack_doc(load_pack(name), statements(name)) for name in names}
    checks = {DOCS / "checks" / f"{code}.md": check(code) for code in all_codes()}
    index = {DOCS / "checks" / "README.md": checks_index()}
    plot = {DOCS / "speed.svg": speed().plot(MEASURED)}
    marked = [ROOT / "README.md", *sorted(DOCS.glob("*.md"))]
    return packs | checks | index | plot | {path: filled(path.read_text(encoding="utf-8")) for path in marked}


def check(code: str) -> str:
    """The page of one code."""
    found = page(code)
    return f"# {code}\n\n*{found.severity}* · [all checks](README.md)\n\n{found.markdown}"


def checks_index() -> str:
    """The list of all codes: errors, then warnings."""
    parts = ["# Checks", CHECKS]
    found = [page(code) for code in all_codes()]
    for severity in ("error", "warning"):
        rows = ((f"[{each.code}]({each.code}.md)", each.title) for each in found if each.severity == severity)
        parts.append(f"## {severity.capitalize()}s\n\n{_table(('code', 'what is wrong'), rows)}")
    return "\n\n".join(parts) + "\n"


CHECKS = """\
What [`rules validate`](../validating.md) tells, by its codes; `rules explain CODE` shows the same page. The snippets
leave out the head of a file (`schema`, `pack`, `version`, `title`) and a metric `loss`; those of tests and overrides
are for a pack whose rule `high` fires where `loss > limit`."""


def statements(pack: str) -> list[Statement]:
    """What the guide of a pack says; nothing where the pack has none."""
    path = ROOT / "tests" / "guides" / f"{pack}.yaml"
    return [Statement(**entry) for entry in yaml.safe_load(path.read_text(encoding="utf-8"))] if path.exists() else []


def filled(text: str) -> str:
    """A page with its marked parts written anew."""
    return PART.sub(lambda found: f"{found['name']}{found[2]}\n{PARTS[found['name']]()}\n\n", text)


def functions() -> str:
    """The functions, a table for each family."""
    titles = {
        Family.POINTWISE: "Of one row",
        Family.OBSERVATION: "Whether and when something was logged",
        Family.HISTORY: "Against earlier observations",
        Family.WINDOW: "Over a window",
    }
    blocks = []
    for family, title in titles.items():
        found = [each for each in FUNCTIONS.values() if each.family is family]
        (usual, times), *_ = Counter(each.missing for each in found).most_common(1)
        shared = usual if times > 1 else ""
        rows = (
            (f"`{each.signature}`", _result(each), each.help, _beyond(each.missing, shared).removeprefix("; "))
            for each in found
        )
        blocks.append(f"### {title}")
        blocks += [f"If the last column says no more: {shared}."] if shared else []
        blocks.append(_table(("function", "gives", "meaning", "on missing data"), rows))
    return "\n\n".join(blocks)


def _beyond(text: str, shared: str) -> str:
    return text.removeprefix(shared) if shared else text


def _result(function: Function) -> str:
    return "as x" if function.returns is Kind.VALUE else str(function.returns.value)


def keys() -> str:
    """The keys of a pack, a table for each kind of mapping."""
    schema = _schema("pack")
    top, definitions = schema["properties"], schema["definitions"]
    blocks = [_keys("At the top", schema)]
    blocks += [_keys(f"Under `{name}`", top[name]) for name in ("clock", "checkpoints")]
    blocks.append(_keys("An entry of `clock` that is taken from a text", definitions["key"]["anyOf"][1]))
    for section in ("metrics", "twins", "params", "variants", "windows", "rules"):
        blocks.append(_keys(f"Under `{section}`, for each name", definitions[section.removesuffix("s")]))
        if section == "metrics":
            blocks.append(_keys("A group under `metrics`", definitions["group"]))
    blocks.append(_keys("An entry of `levels`", definitions["level"]))
    blocks.append(_keys("Under `stages`, for each name", definitions["stage"]))
    blocks.append(_keys("Under `gates`, for each name", definitions["gate"]))
    blocks.append(_keys("Under `require`, for each name", definitions["requirement"]))
    blocks.append(_keys("Under `stuck`", definitions["stuck"]))
    blocks.append(_keys("Under `out_of_reach` and `not_taken`", definitions["standstill"]))
    blocks.append(_keys("Under `invariants`, for each name", definitions["invariant"]))
    for section in ("actions", "commands", "notes", "formats"):
        found = definitions[section.removesuffix("s")]
        blocks.append(_keys(f"Under `{section}`, for each name", found.get("anyOf", [None, found])[1]))
    blocks.append(_keys("An entry of `lines`", definitions["line"]))
    return "\n\n".join(blocks)


def tests() -> str:
    """The keys of a file of pack tests, a table for each kind of mapping."""
    schema = _schema("test")
    definitions = schema["definitions"]
    blocks = [_keys("At the top", schema), _keys("An entry of `tests`", definitions["case"])]
    blocks.append(_keys("Under `step` and `epoch`", definitions["spacing"]))
    blocks.append(_keys("An entry of `series` that has its own place on the clock", definitions["series"]["anyOf"][1]))
    blocks.append(_keys("Under `expect`", definitions["expect"]))
    for title, name in _EXPECTED.items():
        blocks.append(_keys(title, definitions[name].get("anyOf", [None, definitions[name]])[1]))
    return "\n\n".join(blocks)


def overrides() -> str:
    """The keys of an override file, a table for each kind of mapping."""
    schema = _schema("overrides")
    definitions = schema["definitions"]
    return "\n\n".join(
        [
            _keys("At the top", schema),
            _keys("Under `disable`, for each name", definitions["suppression"]["anyOf"][1]),
            _keys(
                "Under `severities`, for a rule of which more is said than its severity",
                definitions["weight"]["anyOf"][1],
            ),
        ]
    )


_EXPECTED = {
    "An entry of `plan` of which more is expected than its action": "action",
    "Under `rules`, for a rule of which more is expected than its state": "rule",
    "Under `stages`, for each metric of a stage": "stage",
    "Under `gates`, for a gate of which more is expected than its status": "gate",
    "Under `requirements`, for a line of which more is expected than its status": "requirement",
    "Under `invariants`, for an invariant of which more is expected than its status": "invariant",
    "Under `log`": "log",
}


def _keys(title: str, schema: Mapping[str, Any]) -> str:
    needed = schema.get("required", ())
    rows = (
        (f"`{key}`" + (" (required)" if key in needed else ""), _value(found), found["description"])
        for key, found in schema["properties"].items()
    )
    return f"### {title}\n\n{_table(('key', 'value', 'meaning'), rows)}"


_WORDS = {
    "id": "name",
    "text": "text",
    "expression": "expression",
    "duration": "length",
    "window_length": "length or `all`",
    "number_of_points": "number of points",
    "scalar": "number, truth, text or null",
    "band": "[low, high]",
    "key": "key or {key, pattern}",
    "level": "level",
    "line": "line",
    "reason": "text",
    "until": "step, epoch or date",
    "severity": "info, warning or critical",
    "pack": "name",
    "disable": "list of names, or mapping",
    "string": "text",
    "number": "number",
    "integer": "whole number",
    "boolean": "true or false",
    "null": "null",
    "name": "text",
    "spacing": "{from, every}",
    "case": "case",
    "expect": "mapping",
    "state": "state",
    "action": "action or {action, …}",
    "object": "mapping",
    "array": "list",
}


def _value(schema: Mapping[str, Any]) -> str:
    """What a value may be, in a few words."""
    reference = schema.get("$ref") or next((each["$ref"] for each in schema.get("allOf", ()) if "$ref" in each), None)
    if reference:
        return _WORDS.get(reference.rsplit("/", 1)[1], "mapping")
    if "const" in schema:
        return f"`{schema['const']}`"
    if "enum" in schema:
        return ", ".join(f"`{each}`" for each in schema["enum"])
    type_ = schema.get("type", "object")
    if type_ == "array":
        return f"list of {_plural(_value(schema['items']))}"
    return " or ".join(_WORDS[each] for each in ([type_] if isinstance(type_, str) else type_))


def report() -> str:
    """The fields of the JSON report, each by its path."""
    schema = _schema("report")
    return _table(("field", "value", "meaning"), _fields(schema, schema["definitions"], ""))


def _fields(schema: Mapping[str, Any], definitions: Mapping[str, Any], path: str) -> Iterator[tuple[str, str, str]]:
    for name, found in schema["properties"].items():
        here = f"{path}{name}"
        resolved = _resolved(found, definitions)
        optional = "" if name in schema.get("required", ()) else " (may be absent)"
        yield f"`{here}`{optional}", _shape(found, definitions), found.get("description") or resolved["description"]
        inner, step = resolved, "."
        if resolved.get("type") == "array":
            inner, step = _resolved(resolved["items"], definitions), "[]."
        if "properties" in inner and "$ref" not in found:
            yield from _fields(inner, definitions, here + step)


def _resolved(schema: Mapping[str, Any], definitions: Mapping[str, Any]) -> Mapping[str, Any]:
    found: Mapping[str, Any] = definitions[schema["$ref"].rsplit("/", 1)[1]] if "$ref" in schema else schema
    return found


def _shape(schema: Mapping[str, Any], definitions: Mapping[str, Any]) -> str:
    name = schema.get("$ref", "").rsplit("/", 1)[-1]
    if name == "moment":
        return "moment"
    resolved = _resolved(schema, definitions)
    if resolved.get("type") == "array":
        return f"list of {_plural(_shape(resolved['items'], definitions))}"
    return _value({key: value for key, value in resolved.items() if key != "$ref"})


def _plural(words: str) -> str:
    first, _, rest = words.partition(" or ")
    return f"{first}s" + (f" or {rest}" if rest else "")


def _schema(name: str) -> dict[str, Any]:
    found: dict[str, Any] = json.loads((ROOT / "schemas" / f"{name}.schema.json").read_text(encoding="utf-8"))
    return found


def _table(heads: Iterable[str], rows: Iterable[Iterable[str]]) -> str:
    heads = list(heads)
    lines = [heads, ["---"] * len(heads)]
    lines += [[cell.replace("|", "\\|").replace("<", "\\<") for cell in row] for row in rows]
    return "\n".join(f"| {' | '.join(line)} |" for line in lines)


def formats() -> str:
    """The formats of logs, one a line."""
    rows = (
        (f"`{each.id}`", each.title, ", ".join(f"`{name}`" for name in each.files), _told(each))
        for each in sorted(readers(), key=lambda each: each.id)
    )
    return _table(("name", "what it is", "usual names", "how it is read"), rows)


def _told(reader: Reader) -> str:
    needs = f" Needs `pip install 'trainrules[{reader.extra}]'`." if reader.extra else ""
    return f"{reader.help}{needs}"


def columns() -> str:
    """The columns of a list of runs in CSV."""
    return _table(("column", "what it says"), ((f"`{name}`", told) for name, told in COLUMNS.items()))


def speed() -> ModuleType:
    """docs/speed.py, which lies beside this file and in no package."""
    spec = importlib.util.spec_from_file_location("docs_speed", DOCS / "speed.py")
    assert spec
    assert spec.loader
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


PARTS: dict[str, Callable[[], str]] = {
    "functions": functions,
    "keys": keys,
    "tests": tests,
    "report": report,
    "formats": formats,
    "overrides": overrides,
    "columns": columns,
    **speed().parts(MEASURED, _table),
}
"""What can be generated into a page, by the name in its marker."""


def main(arguments: list[str]) -> int:
    """Write the pages; with --check, write nothing and give 1 if one differs."""
    stale = [(path, text) for path, text in pages().items() if not path.exists() or path.read_text("utf-8") != text]
    if "--check" in arguments:
        for path, _ in stale:
            print(f"{path.relative_to(ROOT)} is out of date; run python docs/build.py", file=sys.stderr)
        return 1 if stale else 0
    for path, text in stale:
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")
        print(f"wrote {path.relative_to(ROOT)}")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
