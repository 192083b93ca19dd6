"""Runs that are judged together: the reports are those of single calls, byte for byte, however odd the logs are."""

from __future__ import annotations

import os
import re
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import pytest

from trainrules.engine.evaluate import evaluate
from trainrules.engine.many.batch import FEW, batch_of, together
from trainrules.engine.many.model import Asked
from trainrules.engine.readers.connection import watched
from trainrules.engine.render.json import dumps
from trainrules.engine.report import Report
from trainrules.engine.shelf import load_pack

from . import manylogs

ROOT = Path(__file__).resolve().parents[1]
CORPUS = os.environ.get("TRAINRULES_CORPUS")
PACKS_OF_CORPUS = {"kto": "kto", "detr": "sam_detr", "pose": "cape_pose", "sft": "common"}


def asked(pack: str, **more: Any) -> Asked:
    plain = Asked(pack, None, {}, (), (), None, None, 1, None, None, None, isolated=False)
    return plain._replace(**more)


def judged(logs: list[str], pack: str, **more: Any) -> dict[int, Report]:
    """The reports of the runs that were judged together, by their places."""
    return {
        place: report
        for place, (_, report) in enumerate(together(logs, batch_of(asked(pack, **more))))
        if report is not None
    }


def assert_same(logs: list[str], found: dict[int, Report], pack: str, *, every: int = 1, **more: Any) -> None:
    given = asked(pack, **more)._asdict()
    for place in sorted(found)[::every]:
        alone = evaluate(logs[place], **given)
        assert dumps(found[place]) == dumps(alone), logs[place]
        assert repr(found[place]) == repr(alone), logs[place]


@pytest.mark.slow
@pytest.mark.parametrize(
    ("pack", "start", "every"),
    [("kto", 0, 3), ("common", 0, 9), ("sam_detr", 1, 9), ("cape_pose", 2, 9), ("coordexp", 3, 9)],
    ids=lambda each: str(each),
)
def test_odd_runs(pack: str, start: int, every: int, tmp_path: Path) -> None:
    twists = manylogs.TWISTS if pack == "kto" else manylogs.TWISTS[start::3]
    logs = manylogs.write(tmp_path, load_pack(pack), twists, each=FEW, rows=45)
    found = judged(logs, pack)
    assert len(found) > 0.7 * len(logs)
    assert_same(logs, found, pack, every=every)


@pytest.mark.slow
@pytest.mark.parametrize("seed", [1, 2])
@pytest.mark.parametrize("pack", ["kto", "common", "sam_detr", "cape_pose", "coordexp"])
def test_more_odd_runs(pack: str, seed: int, tmp_path: Path) -> None:
    logs = manylogs.write(tmp_path, load_pack(pack), manylogs.TWISTS, each=FEW + 2, seed=seed)
    found = judged(logs, pack)
    assert len(found) > 0.7 * len(logs)
    assert_same(logs, found, pack)


WINDOWS = {
    "few": "10 points, min: 3 points",
    "many": "60 points, min: 4 points",
    "near": "8 steps, min: 2 points",
    "run": "all",
}
OVER_WINDOWS = [
    *["mean(x, {})", "median(x, {})", "quantile(x, {}, 0.1)", "minimum(x, {})", "maximum(x, {})", "total(x, {})"],
    *["std(x, {})", "slope(x, {})", "mad(x, {})", "zscore(x, {})", "mean_lower(x, {})", "slope_upper(x, {})"],
    *["count(x, {})", "share(x > 0.5, {})", "share(x > 0.5 or y > 0.5, {})", "std(1 if x > 0.5 else 0, {})"],
    *["mean(x, {}, lag=3)", "median(x, {}, lag=2)", "share(y > 0.5, {}, lag=4)"],
]
RUNNING = ["prev(x, 3)", "first(x)", "lowest(x)", "highest(y)", "latest(y)", "delta(x)"]
RUNNING += ["at(x, '7 steps')", "at(x, '12 steps') - at(y, '30 steps')"]


@pytest.fixture(scope="module")
def everything(tmp_path_factory: pytest.TempPathFactory) -> str:
    """A pack whose rules tell what every function comes to."""
    expressions = [each.format(window) for window in WINDOWS for each in OVER_WINDOWS]
    expressions = [each for each in expressions if "lag" not in each or "run" not in each] + RUNNING
    lines = ["schema: 1", "pack: everything", "version: 1.0.0", "title: Everything", "clock: {step: [step]}"]
    lines += ["windows:", *(f"  {name}: {{last: {last}}}" for name, last in WINDOWS.items())]
    lines += ["metrics:", *(f"  {name}: {{keys: [{name}], help: A metric.}}" for name in "xy"), "rules:"]
    for number, expression in enumerate(expressions):
        lines += [f"  r{number}:", "    title: A rule", f"    when: {expression} > -1e200", "    severity: info"]
        lines += ["    cause: info", "    message: It is."]
    path = tmp_path_factory.mktemp("pack") / "everything.yaml"
    path.write_text("\n".join(lines) + "\n", encoding="utf-8")
    return str(path)


@pytest.mark.parametrize("rows", [40, 90])
@pytest.mark.parametrize("twist", manylogs.TWISTS[:6], ids=lambda each: each.__name__)
def test_every_function(everything: str, twist: manylogs.Twist, rows: int, tmp_path: Path) -> None:
    logs = manylogs.write(tmp_path, load_pack(everything), [twist], each=FEW + 1, rows=rows)
    found = judged(logs, everything)
    assert len(found) > FEW
    assert all(len(report.findings) > 60 for report in found.values())
    assert_same(logs, found, everything, every=2)


@pytest.mark.parametrize(
    "more",
    [{"settings": ("margin_floor=-0.1",), "now": 2e9}, {"variant": "sparse", "overrides": {"warmup_steps": 30}}],
    ids=["settings", "variant"],
)
def test_settings_count_for_all(more: dict[str, Any], tmp_path: Path) -> None:
    logs = manylogs.write(tmp_path, load_pack("kto"), manylogs.TWISTS[:2], each=FEW)
    found = judged(logs, "kto", **more)
    assert len(found) == len(logs)
    assert_same(logs, found, "kto", every=3, **more)


def test_what_lies_beside_a_log_counts_for_it_alone(tmp_path: Path) -> None:
    logs = manylogs.write(tmp_path, load_pack("kto"), manylogs.TWISTS[:1], each=2 * FEW + 2)
    for number, log in enumerate(logs):
        beside = Path(log).parent
        if number % 2:
            (beside / "checkpoint-10").mkdir()
            (beside / "trainer_state.json").write_text('{"max_steps": 500, "save_steps": 10}')
        if number == 2:
            (beside / "rules.override.yaml").write_text("params: {margin_floor: 0.5}\n")
    found = judged(logs, "kto")
    assert {0, 1} <= set(found)
    assert 2 not in found
    assert [found[place].log.total for place in (0, 1)] == [None, 500]
    assert_same(logs, found, "kto", every=3)


def test_runs_of_different_rates_are_judged_together(tmp_path: Path) -> None:
    twists = [manylogs.TWISTS[0], manylogs.with_a_nan, manylogs.with_gaps]
    logs = manylogs.write(tmp_path, load_pack("kto"), twists, each=FEW, rows=30)
    for number, log in enumerate(logs):
        text = Path(log).read_text(encoding="utf-8")
        text = re.sub(r'"learning_rate": [^,}]+', '"learning_rate": 5e-07', text) if number % 4 else text
        Path(log).write_text(text, encoding="utf-8")
        if number % 5 < 4:
            rate = {0: "1e-7", 1: "5e-7", 2: "1e-300", 3: "1e200"}.get(number % 5, "3e-7")
            (Path(log).parent / "args.json").write_text(f'{{"learning_rate": {rate}}}', encoding="utf-8")
    found = judged(logs, "kto")
    rates = {report.overrides[0].value for report in found.values() if report.overrides}
    assert rates == {1e-7, 5e-7, 1e-300}
    assert any(finding.rule == "rate_not_applied" for report in found.values() for finding in report.findings)
    assert_same(logs, found, "kto")
    given = {"settings": ("lr_configured=2e-7",)}
    assert_same(logs, judged(logs, "kto", **given), "kto", every=5, **given)


def cuts(path: Path, folder: Path) -> Iterator[str]:
    """The log as it was at four times."""
    lines = path.read_bytes().splitlines(keepends=True)
    for number, share in enumerate((0.7, 0.8, 0.9, 1.0)):
        place = folder / f"{path.parent.name}_{path.stem}_{number}"
        place.mkdir(parents=True)
        (place / path.name).write_bytes(b"".join(lines[: int(share * len(lines))]))
        yield str(place / path.name)


def test_the_examples(tmp_path: Path) -> None:
    logs = [log for path in sorted((ROOT / "examples").glob("*/*.jsonl")) for log in cuts(path, tmp_path)]
    found = judged(logs, "kto")
    assert found
    assert_same(logs, found, "kto", every=5)


@pytest.mark.slow
@pytest.mark.skipif(CORPUS is None, reason="TRAINRULES_CORPUS is not set")
@pytest.mark.parametrize("regime", sorted(PACKS_OF_CORPUS))
def test_the_runs_of_the_corpus(regime: str, tmp_path: Path) -> None:
    assert CORPUS is not None
    paths = sorted((Path(CORPUS) / "runs" / regime).glob("**/*.jsonl"))
    logs = [log for path in paths for log in cuts(path, tmp_path)]
    found = judged(logs, PACKS_OF_CORPUS[regime])
    assert_same(logs, found, PACKS_OF_CORPUS[regime], every=2)


@pytest.mark.parametrize(
    "spoil",
    [
        lambda text: text.replace("\n", "\r\n"),
        lambda text: text.replace("\n", "\n\n", 3),
        lambda text: text.replace('"loss"', '"l\\u006fss"', 1),
        lambda text: "\ufeff" + text,
        lambda text: "Loading the model\n" + text,
        lambda text: f"[{','.join(text.splitlines())}]",
        lambda text: "",
        lambda text: text.replace('"loss": ', '"loss": "much", "x": '),
    ],
    ids=["line ends", "blank lines", "escapes", "byte order mark", "console", "array", "empty", "no number"],
)
def test_what_is_rare_is_judged_by_itself(spoil: Any, tmp_path: Path) -> None:
    logs = manylogs.write(tmp_path, load_pack("kto"), manylogs.TWISTS[:1], each=FEW + 1, rows=20)
    odd = Path(logs[2])
    odd.write_text(spoil(odd.read_text()), newline="")
    assert sorted(judged(logs, "kto")) == [0, 1, 3, 4]


def test_few_runs_of_one_kind_are_judged_by_themselves(tmp_path: Path) -> None:
    logs = manylogs.write(tmp_path, load_pack("kto"), manylogs.TWISTS[:1], each=FEW - 1, rows=20)
    assert judged(logs, "kto") == {}


@pytest.mark.parametrize(
    ("pack", "more", "is_possible"),
    [
        ("kto", {}, True),
        ("auto", {}, True),
        ("kto", {"timeout": 10.0}, False),
        ("kto", {"input_format": "jsonl"}, False),
        ("alpha_lora", {}, False),  # it has gates
        ("no_such_pack", {}, False),
    ],
)
def test_where_runs_can_be_judged_together(pack: str, more: dict[str, Any], is_possible: bool) -> None:
    assert (batch_of(asked(pack, **more)) is not None) is is_possible


def mixed(folder: Path, twists: Sequence[manylogs.Twist], **more: Any) -> list[str]:
    """Logs of several packs, of none, and of one with gates, in turn."""
    packs = [load_pack(name) for name in ("kto", "sam_detr", "common", "alpha_lora")]
    found = [manylogs.write(folder / pack.id, pack, twists, each=FEW + 1, **more) for pack in packs]
    return [log for logs in zip(*found, strict=True) for log in logs]


def test_each_run_gets_the_pack_that_fits_it(tmp_path: Path) -> None:
    logs = mixed(tmp_path, manylogs.TWISTS[:1], rows=30)
    found = judged(logs, "auto")
    assert {report.pack for report in found.values()} == {"kto", "sam_detr"}
    assert all(report.chosen == "auto" and report.detected for report in found.values())
    assert {logs[place].split(os.sep)[-3] for place in set(range(len(logs))) - set(found)} == {"common", "alpha_lora"}
    assert_same(logs, found, "auto", every=3)


@pytest.mark.slow
def test_odd_runs_of_several_packs(tmp_path: Path) -> None:
    logs = mixed(tmp_path, manylogs.TWISTS[1:], rows=40)
    found = judged(logs, "auto")
    assert len(found) > 0.3 * len(logs)
    assert_same(logs, found, "auto", every=7)


class Listened:
    """A connection, and what it is asked."""

    def __init__(self, con: Any, said: list[str]) -> None:
        self.con, self.said = con, said

    def execute(self, sql: str, *given: Any) -> Any:
        self.said.append(sql)
        return self.con.execute(sql, *given)

    def __getattr__(self, name: str) -> Any:
        return getattr(self.con, name)


def test_settings_are_locked_before_anything_of_a_pack_runs(tmp_path: Path) -> None:
    logs = manylogs.write(tmp_path, load_pack("kto"), manylogs.TWISTS[:1], each=FEW, rows=20)
    said: list[str] = []
    with watched(lambda con: Listened(con, said)):  # type: ignore[arg-type,return-value]
        assert len(judged(logs, "kto")) == len(logs)
    places = {name: next(n for n, sql in enumerate(said) if name in sql) for name in ("lock_configuration", "part_0")}
    assert said[places["lock_configuration"]].endswith("lock_configuration = true")
    assert places["lock_configuration"] < places["part_0"]
