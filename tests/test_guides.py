"""Each guide against its pack: every statement is carried, every rule has a statement, and docs/packs says both."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path
from typing import NamedTuple

import pytest
import yaml

from trainrules.engine.load import load_pack
from trainrules.engine.pack import Pack

ROOT = Path(__file__).resolve().parents[1]
GUIDES = sorted((ROOT / "tests" / "guides").glob("*.yaml"))
SECTIONS = ("rules", "metrics", "params", "stages", "gates", "invariants", "commands", "notes", "actions", "variants")


class Statement(NamedTuple):
    says: str
    section: str
    carried_by: list[str]


def statements(guide: Path) -> list[Statement]:
    return [Statement(**entry) for entry in yaml.safe_load(guide.read_text(encoding="utf-8"))]


def carrier(pack: Pack, name: str) -> object | None:
    """The thing that an id such as "rules.margin_negative" names, or None."""
    section, _, id = name.partition(".")
    if section == "gates" and "." in id:
        gate, _, requirement = id.partition(".")
        return pack.gates[gate].require.get(requirement) if gate in pack.gates else None
    return getattr(pack, section).get(id) if section in SECTIONS else None


def names_section(source: str, section: str) -> bool:
    """Whether one part of a source, such as "Summary; When to Stop and Revert, 1", lies in a section of the guide."""
    return any(
        part and (part.startswith(section) or section.startswith(part)) for part in map(str.strip, source.split(";"))
    )


@pytest.fixture(params=GUIDES, ids=lambda guide: guide.stem)
def guide(request: pytest.FixtureRequest) -> tuple[Pack, list[Statement]]:
    return load_pack(request.param.stem), statements(request.param)


def test_there_are_guides() -> None:
    assert [guide.stem for guide in GUIDES]


def test_every_statement_is_carried(guide: tuple[Pack, list[Statement]]) -> None:
    pack, said = guide
    unknown = [(name, one.says) for one in said for name in one.carried_by if carrier(pack, name) is None]
    assert unknown == []
    assert [one.says for one in said if not one.carried_by] == []


def test_every_carrier_names_the_section(guide: tuple[Pack, list[Statement]]) -> None:
    pack, said = guide
    silent = [
        f"{name}: {source!r} does not name {one.section!r}"
        for one in said
        for name in one.carried_by
        if (source := getattr(carrier(pack, name), "source", None)) is not None
        and not names_section(source, one.section)
    ]
    assert silent == []


def test_every_own_rule_has_a_statement(guide: tuple[Pack, list[Statement]]) -> None:
    pack, said = guide
    carried = {name for one in said for name in one.carried_by}
    parent = load_pack(pack.extends) if pack.extends else None
    inherited = set(parent.rules) if parent else set()
    own = {f"{'invariants' if id in pack.invariants else 'rules'}.{id}" for id in pack.rules if id not in inherited}
    assert sorted(own - carried) == []


def test_every_own_rule_says_why_and_whence(guide: tuple[Pack, list[Statement]]) -> None:
    """But for invariants, which say what they mean: a definition needs no reason."""
    pack, _ = guide
    assert [rule.id for rule in pack.rules.values() if not rule.why and rule.id not in pack.invariants] == []
    parent = load_pack(pack.extends) if pack.extends else None
    inherited = set(parent.rules) if parent else set()
    assert [rule.id for rule in pack.rules.values() if rule.id not in inherited and not rule.source] == []
    assert [command.id for command in pack.commands.values() if not command.source] == []


def test_statements_are_said_once(guide: tuple[Pack, list[Statement]]) -> None:
    _, said = guide
    assert sorted({one.says for one in said}) == sorted(one.says for one in said)


def test_docs_are_up_to_date() -> None:
    done = subprocess.run(
        [sys.executable, str(ROOT / "docs" / "build.py"), "--check"], capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stdout + done.stderr
