"""The documentation leaves nothing out, is up to date, and links to what exists."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest
from click import Context

import trainrules
from trainrules.cli import rules as commands
from trainrules.engine import bulk, checkpoints, items, parser, report, resolved, yamlio
from trainrules.engine.check import CLOCK, RUN_SCALARS
from trainrules.engine.codes.pages import all_codes
from trainrules.engine.compile import lower
from trainrules.engine.errors import Position
from trainrules.engine.found import BESIDE_LOG
from trainrules.engine.functions import FUNCTIONS
from trainrules.engine.overrides import KEYS
from trainrules.engine.pack import CAUSES, SEVERITIES, UNITS
from trainrules.engine.parser import parse
from trainrules.engine.project import PACKS
from trainrules.engine.readers import normalise, rows
from trainrules.engine.references import MESSAGE_NAMES
from trainrules.engine.scalar import evaluate_scalar
from trainrules.engine.shipped import shipped
from trainrules.engine.verdict import FAIL_ON

from .scripts import loaded

ROOT = Path(__file__).resolve().parents[1]
README, LANGUAGE, REPORTS = ROOT / "README.md", ROOT / "docs" / "language.md", ROOT / "docs" / "reports.md"
TESTING, OVERRIDES = ROOT / "docs" / "testing.md", ROOT / "docs" / "overrides.md"
FORMATS, MANY = ROOT / "docs" / "formats.md", ROOT / "docs" / "many.md"
SPEED = ROOT / "docs" / "speed.md"
PAGES = sorted([README, ROOT / "CHANGELOG.md", ROOT / "examples" / "README.md", *(ROOT / "docs").rglob("*.md")])
FENCED = re.compile(r"^```.*?^```$", re.MULTILINE | re.DOTALL)
LINK = re.compile(r"\]\(([^)\s]+)\)")


def text(page: Path) -> str:
    return page.read_text(encoding="utf-8")


def name_of(page: Path) -> str:
    return str(page.relative_to(ROOT))


def properties(schema: Any) -> Iterator[str]:
    """Every key that a schema allows anywhere."""
    if isinstance(schema, dict):
        yield from schema.get("properties", {})
        for value in schema.values():
            yield from properties(value)
    elif isinstance(schema, list):
        for value in schema:
            yield from properties(value)


def schema_keys(name: str) -> list[str]:
    return sorted(set(properties(json.loads(text(ROOT / "schemas" / f"{name}.schema.json")))))


def quoted(words: str) -> set[str]:
    """What a page sets in code, in pieces: `a.b` is a.b, a and b."""
    spans = re.findall(r"`([^`\n]+)`", FENCED.sub("", words))
    return {*spans, *(piece for span in spans for piece in re.split(r"[^\w-]+", span))}


@pytest.mark.parametrize(
    ("page", "names"),
    [
        pytest.param(LANGUAGE, list(FUNCTIONS), id="functions"),
        pytest.param(LANGUAGE, schema_keys("pack"), id="keys of a pack"),
        pytest.param(OVERRIDES, schema_keys("overrides"), id="keys of an override file"),
        pytest.param(OVERRIDES, [*KEYS, PACKS, BESIDE_LOG], id="settings"),
        pytest.param(LANGUAGE, list(CAUSES), id="causes"),
        pytest.param(LANGUAGE, list(SEVERITIES), id="severities"),
        pytest.param(LANGUAGE, list(UNITS), id="units"),
        pytest.param(LANGUAGE, list(CLOCK), id="names of the clock"),
        pytest.param(LANGUAGE, list(RUN_SCALARS), id="numbers of a run"),
        pytest.param(LANGUAGE, list(MESSAGE_NAMES), id="places of a message"),
        pytest.param(LANGUAGE, ["act", "attention", "wait", "healthy", "unknown"], id="verdicts"),
        pytest.param(README, list(FAIL_ON), id="--fail-on"),
        pytest.param(README, shipped(), id="packs"),
        pytest.param(TESTING, schema_keys("test"), id="keys of a file of tests"),
        pytest.param(REPORTS, schema_keys("report"), id="fields of a report"),
        pytest.param(REPORTS, [name for name in trainrules.__all__ if name != "__version__"], id="public names"),
        pytest.param(
            REPORTS, list(trainrules.evaluate.__annotations__.keys() - {"return"}), id="arguments of evaluate"
        ),
        pytest.param(MANY, list(trainrules.Judged.__annotations__), id="fields of a result"),
        pytest.param(
            MANY,
            list(
                trainrules.evaluate_many.__annotations__.keys() - trainrules.evaluate.__annotations__.keys() - {"logs"}
            ),
            id="arguments of evaluate_many",
        ),
    ],
)
def test_every_name_is_documented(page: Path, names: list[str]) -> None:
    assert names
    known = quoted(text(page))
    assert [name for name in names if name not in known] == []


@pytest.mark.parametrize(
    "kind",
    [
        *(report.Report, report.LogFacts, report.Step, report.SetAside, report.Finding, report.Moment, report.Evidence),
        *(report.GateResult, report.RequirementResult, report.Suggestion),
        *(report.Suppression, report.Threshold, resolved.Override),
        *(report.RuleState, report.StageResult, trainrules.Problem, trainrules.Position),
    ],
    ids=lambda kind: kind.__name__,
)
def test_every_field_of_an_object_is_documented(kind: type) -> None:
    known = quoted(text(REPORTS))
    assert [field for field in kind.__annotations__ if field not in known] == []


def test_every_command_and_option_is_documented() -> None:
    context = Context(commands)
    found = {name: commands.get_command(context, name) for name in commands.list_commands(context)}
    names = [f"rules {name}" for name in found]
    for command in [commands, *filter(None, found.values())]:
        names += [option for param in command.params for option in param.opts if option.startswith("--")]
    assert [name for name in names if f"`{name}" not in text(README)] == []


@pytest.mark.parametrize(
    "words",
    [
        f"{parser.MAX_LENGTH:,} characters and is nested at most {parser.MAX_DEPTH} deep",
        f"a literal exponent of at most {parser.MAX_EXPONENT}",
        f"at most {bulk.MAX_PARTS:,} parts and {bulk.MAX_NESTING} levels",
        f"{yamlio.MAX_BYTES >> 10:,} KiB, {items.MAX_DEPTH} levels of nesting and {yamlio.MAX_NODES:,} values",
        f"has at most {normalise.LONGEST_LINE >> 20} MiB",
        f"above {lower.LARGEST_SQUARED:g}".replace("+", ""),
        f"{checkpoints.MAX_ENTRIES:,} names",
        f"at most {checkpoints.MAX_PATTERN} characters",
        f"in more than {rows.MAX_REWIND_SHARE * 100:g} % of the rows",
    ],
)
def test_the_limits_are_told(words: str) -> None:
    assert words in " ".join(text(LANGUAGE).split())


def test_the_exit_codes_are_the_same_everywhere() -> None:
    tables = [re.findall(r"^\| (\d) \|", text(page), re.MULTILINE) for page in (README, LANGUAGE)]
    assert tables == [["0", "1", "2", "3"]] * 2
    assert re.findall(r"^  (\d)  ", cli_codes(), re.MULTILINE) == tables[0]


def cli_codes() -> str:
    return commands.commands["eval"].epilog or ""


def test_the_truth_table_is_true() -> None:
    """Asked of logic without rows, which test_language holds against that over rows."""
    table = re.search(r"^\| a \| b \| a and b \| a or b \|\n.*?\n((?:\|.*\n)+)", text(LANGUAGE), re.MULTILINE)
    assert table
    words = {"true": True, "false": False, "unknown": None}
    lines = [[words[cell.strip()] for cell in line.strip("|\n ").split("|")] for line in table[1].splitlines()]
    assert len(lines) == 6
    for a, b, both, either in lines:
        for left, right in ((a, b), (b, a)):
            names = {"a": left, "b": right}
            assert evaluate_scalar(parse("a and b", Position("")), names) is both, (left, right)
            assert evaluate_scalar(parse("a or b", Position("")), names) is either, (left, right)


def test_the_table_of_causes_is_that_of_the_code() -> None:
    from trainrules.engine.causes import EXPLAINS

    found = dict(re.findall(r"^\| `(\w+)` \| [^|]+ \| ?([^|]*?) ?\|$", text(LANGUAGE), re.MULTILINE))
    told = {cause: frozenset(re.findall(r"\w+", found[cause])) for cause in CAUSES if found[cause]}
    assert told.pop("non_finite") >= {"every", "cause"}
    assert EXPLAINS["non_finite"] == frozenset(CAUSES)
    assert told == {cause: explained for cause, explained in EXPLAINS.items() if cause != "non_finite"}


def builder() -> ModuleType:
    return loaded(ROOT / "docs" / "build.py")


def test_generated_parts_are_up_to_date() -> None:
    build = builder()
    pages = build.pages()
    assert {path.name for path in pages} == {
        "editors.md",
        "formats.md",
        "language.md",
        "looking.md",
        "many.md",
        "overrides.md",
        "reports.md",
        "speed.md",
        "speed.svg",
        "starting.md",
        "testing.md",
        "trust.md",
        "README.md",
        "validating.md",
        *(f"{name}.md" for name in ["common", *shipped(), *all_codes()]),
    }
    assert [name_of(path) for path, wanted in pages.items() if text(path) != wanted] == []


def test_every_part_that_can_be_generated_is_in_a_page_once() -> None:
    markers = [
        name
        for page in (README, LANGUAGE, OVERRIDES, REPORTS, TESTING, FORMATS, MANY, SPEED)
        for name in re.findall(r"<!-- generated: (\w+)", text(page))
    ]
    assert sorted(markers) == sorted(builder().PARTS)


def anchors(page: Path) -> set[str]:
    """The names of a page's headings, as renderers of Markdown make them."""
    headings = re.findall(r"^#+ (.+)$", FENCED.sub("", text(page)), re.MULTILINE)
    return {re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-") for heading in headings}


@pytest.mark.parametrize("page", PAGES, ids=name_of)
def test_links_lead_somewhere(page: Path) -> None:
    broken = []
    for link in LINK.findall(FENCED.sub("", text(page))):
        if link.startswith("https://"):
            continue
        place, _, anchor = link.partition("#")
        target = page.parent / place if place else page
        if not target.exists() or (anchor and anchor not in anchors(target)):
            broken.append(link)
    assert broken == []


@pytest.mark.parametrize("page", PAGES, ids=name_of)
def test_no_page_names_a_machine_or_a_person(page: Path) -> None:
    """Paths of a machine, mail addresses, hosts and accounts of nobody."""
    words = text(page)
    assert re.findall(r"(?<![\w.}/-])/(?:work|tmp|home|root|Users|usr|var|opt|mnt|etc)\b\S*", words) == []
    assert re.findall(r"[\w.+-]+@[\w-]+\.\w+|(?<!\w)@[A-Za-z]\w+", words) == []
    hosts = set(re.findall(r"https?://([^/)\s]+)", words))
    assert hosts <= {"keepachangelog.com", "semver.org", "pre-commit.com", "pypi.org"}


@pytest.mark.parametrize("page", PAGES, ids=name_of)
def test_pages_read_well_as_text(page: Path) -> None:
    lines = text(page).split("\n")
    assert [number for number, line in enumerate(lines, 1) if line != line.rstrip() or "\t" in line] == []
    assert text(page).endswith("\n")
    assert not text(page).endswith("\n\n")


def test_the_changelog_tells_of_this_version() -> None:
    import tomllib

    version = tomllib.loads(text(ROOT / "pyproject.toml"))["project"]["version"]
    (section,) = re.findall(rf"^## \[{re.escape(version)}\] - .*?(?=^## |\Z)", text(ROOT / "CHANGELOG.md"), re.M | re.S)
    told = [f"rules {name}" for name in commands.commands] + [*shipped(), "common"]
    assert [name for name in told if f"`{name}" not in section] == []
