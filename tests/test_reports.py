"""Every report that can be made has the shape of schemas/report.schema.json."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import jsonschema
import pytest

from trainrules import cli, evaluate
from trainrules.engine.render.json import to_json
from trainrules.engine.verdict import settle

from . import test_packs as packs
from .test_bad_input import LOGS
from .test_same_bytes import EXAMPLES, automata, tuned

SCHEMA = json.loads((Path(__file__).parents[1] / "schemas" / "report.schema.json").read_text(encoding="utf-8"))
VALIDATOR = jsonschema.Draft7Validator(SCHEMA)


def valid(data: Any) -> dict[str, Any]:
    """The report as data, once it has been held against the schema."""
    problems = [f"{'/'.join(map(str, each.absolute_path))}: {each.message}" for each in VALIDATOR.iter_errors(data)]
    assert problems == []
    assert json.loads(json.dumps(data, allow_nan=False)) == data
    return dict(data)


def judged(log: Path, pack: str | Path, **options: Any) -> dict[str, Any]:
    report, _ = settle(evaluate(log, pack=pack, **options))
    data = valid(to_json(report))
    assert (data["verdict"] == "unknown") == bool(data.get("reason"))
    named = [each["rule"] for each in data["findings"]] + [rule for each in data["rules"].values() for rule in each]
    explained = data["rules"]["explained"]
    assert len(named) - len(explained) == len(set(named)), "each rule is in one state"
    return data


@pytest.mark.parametrize("example", EXAMPLES)
@pytest.mark.parametrize("pack", ["common", "kto", "examples/my_pack.yaml"])
def test_examples(root: Path, example: str, pack: str) -> None:
    judged(root / "examples" / example, root / pack if "/" in pack else pack)


CHANGES = [
    packs.hidden_nan,
    packs.diverges,
    packs.spikes,
    packs.negative,
    packs.still,
    packs.backwards,
    packs.flipped,
    packs.saturated,
    packs.coin_flips,
    packs.too_slow,
    packs.rough,
    packs.one_class,
]


@pytest.mark.parametrize("change", CHANGES, ids=lambda change: change.__name__)
def test_faults_of_every_kind(tmp_path: Path, change: Callable[[int, packs.Row], None]) -> None:
    run = packs.with_evals(packs.tuned(change), 20, lambda step: 1.5 + 0.002 * abs(step - 60))
    log = tmp_path / "run.jsonl"
    log.write_text("".join(json.dumps(row) + "\n" for row in run))
    for step in (50, 100):
        (tmp_path / f"checkpoint-{step}").mkdir()
    data = judged(log, "kto", settings=["overfit_rise=default * 2"])
    assert data["overrides"][0]["value"] == 0.5


@pytest.mark.parametrize("table", [packs.HEALTHY_TABLE, packs.PROBLEMATIC_TABLE], ids=["healthy", "problematic"])
@pytest.mark.parametrize("pack", ["kto", "common"])
def test_the_tables_of_the_guide(tmp_path: Path, table: str, pack: str) -> None:
    log = tmp_path / "run.jsonl"
    log.write_text("".join(json.dumps(row) + "\n" for row in packs.table(table, learning_rate=5e-7)))
    judged(log, pack)


@pytest.mark.slow
@pytest.mark.parametrize("pack", ["common", "kto"])
def test_bad_logs_get_a_report_as_well(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], pack: str
) -> None:
    monkeypatch.chdir(tmp_path)
    for log, content in LOGS.items():
        Path(log).write_bytes(content)
    with pytest.raises(SystemExit):
        cli.main(["eval", "--pack", pack, "--format", "json", "nope.jsonl", *LOGS])
    reports = json.loads(capsys.readouterr().out)
    assert [valid(report)["log"]["path"] for report in reports] == ["nope.jsonl", *LOGS]


def test_a_pack_of_automata(tmp_path: Path) -> None:
    (tmp_path / "p.yaml").write_text(automata())
    log = tmp_path / "run.jsonl"
    rows = [{"step": i, "pad": 1, "w": i % 5 > 1, "u": i % 7 == 0} for i in range(40)]
    log.write_text("".join(json.dumps(row) + "\n" for row in rows))
    judged(log, tmp_path / "p.yaml")


@pytest.mark.parametrize("pack", ["common", "kto"])
def test_no_report_holds_an_absolute_path(tmp_path: Path, pack: str) -> None:
    log = tmp_path / "run.jsonl"
    log.write_text("".join(json.dumps(row) + "\n" for row in packs.tuned(packs.flipped)))
    (tmp_path / "checkpoint-50").mkdir()
    (tmp_path / "rules.override.yaml").write_text("params: {overfit_rise: 0.3}\n")
    data = judged(log, pack, checkpoints=tmp_path)
    assert str(tmp_path) not in json.dumps(data)


def test_a_long_run(tmp_path: Path) -> None:
    log = tmp_path / "run.jsonl"
    log.write_text("".join(json.dumps(row) + "\n" for row in tuned(4_500)))
    judged(log, "kto", now=1e9)
