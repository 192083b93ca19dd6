"""Each guide against its pack: every statement is carried, every rule has a statement, and docs/packs says both."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple

import pytest
import yaml

from trainrules.engine.expression import Expression
from trainrules.engine.judged import conditions_of, metrics_of
from trainrules.engine.load import load_pack
from trainrules.engine.pack import Invariant, Pack, Rule
from trainrules.engine.pack_gates import Requirement
from trainrules.engine.series import members

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


def named_metrics(pack: Pack, says: str) -> set[str]:
    """The metrics that a statement names by a key of the log, by its last part, or by their id."""
    words = {word.strip(".,:;()\"'") for word in says.replace("`", " ").split()}
    words = {word for word in words if "_" in word or "/" in word}
    return {
        metric.id
        for metric in pack.metrics.values()
        for _, _, keys in members(pack, metric)
        if words & {metric.id, *metric.keys, *keys, *(key.rpartition("/")[2] for key in keys)}
    }


def read_keys(pack: Pack, expressions: Sequence[Expression | None]) -> set[str]:
    """The keys that expressions look at, those of all members of families."""
    read = [pack.metrics[id] for id in metrics_of(pack, expressions)]
    return {key for metric in read for *_, keys in members(pack, metric) for key in keys}


def expressions_of(thing: object) -> list[Expression | None] | None:
    """The conditions of a rule, an invariant or a requirement; None for a thing that reads nothing."""
    match thing:
        case Rule():
            return conditions_of(thing)
        case Invariant():
            return [thing.holds, thing.while_]
        case Requirement():
            return [thing.value]
    return None


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


def test_every_carrying_rule_reads_what_the_statement_names(guide: tuple[Pack, list[Statement]]) -> None:
    """Where a statement names keys, each rule that is said to carry it looks at one of them."""
    pack, said = guide
    blind = [
        f"{name} reads nothing of {sorted(named)}: {one.says}"
        for one in said
        if (named := named_metrics(pack, one.says))
        for name in one.carried_by
        if (conditions := expressions_of(carrier(pack, name))) is not None
        and not read_keys(pack, conditions)
        & {key for id in named for *_, keys in members(pack, pack.metrics[id]) for key in keys}
        and not named & set(metrics_of(pack, conditions))
    ]
    assert blind == []


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


@pytest.mark.parametrize("name", ["common", *(guide.stem for guide in GUIDES)])
def test_what_stands_alone_in_explain_is_a_whole_sentence(name: str) -> None:
    """A help that goes on where the one above it ended is understood in the file, and nowhere else."""
    pack = load_pack(name)
    things = [*pack.params.values(), *pack.metrics.values(), *pack.windows.values(), *pack.variants.values()]
    assert [
        each.id for each in things if each.help.split(" ")[0] in ("and", "but", "or", "then", "which", "that")
    ] == []
