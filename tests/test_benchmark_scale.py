"""The benchmark of one log runs, finds what is in it, writes what it measured, and does not let a difference pass."""

from __future__ import annotations

import importlib
import importlib.util
import json
import subprocess
import sys
import xml.etree.ElementTree as ET
from collections.abc import Callable
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest

from .scripts import loaded

ROOT = Path(__file__).resolve().parents[1]
SCRIPTS = ROOT / "benchmarks"
EVAL, LOOP, SCAN = "rules eval --pack kto", "a json.loads loop", "DuckDB's bare scan"
HAS_POLARS = importlib.util.find_spec("polars") is not None
Script = Callable[[str], ModuleType]


@pytest.fixture
def script(monkeypatch: pytest.MonkeyPatch) -> Script:
    """Import a module that lies in benchmarks/."""
    monkeypatch.syspath_prepend(str(SCRIPTS))
    return importlib.import_module


def run(script: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, str(script), *arguments]
    return subprocess.run(command, capture_output=True, text=True, timeout=300)


@pytest.mark.slow
def test_it_writes_what_it_measured(tmp_path: Path) -> None:
    file = tmp_path / "speed.json"
    sizes = ("--rows", "500", "--wide-rows", "200", "--faulty-rows", "0", "--rounds", "1")
    done = run(SCRIPTS / "scale.py", *sizes, "--json", str(file))
    assert (done.returncode, done.stderr.count("\n")) == (0, 0 if HAS_POLARS else 1)
    heads = [line for line in done.stdout.splitlines() if not line.startswith(" ")]
    assert [head.partition(" rows, ")[0] for head in heads] == ["kto, 500", "coordexp, 200"]
    found = json.loads(file.read_text(encoding="utf-8"))
    with_what = {"python", "duckdb", "trainrules", "cores", *(["polars"] if HAS_POLARS else [])}
    assert set(found) == {"schema", *with_what, "rounds", "measured"}
    assert [(each["pack"], each["rows"]) for each in found["measured"]] == [("kto", 500), ("coordexp", 200)]
    kto = [EVAL, LOOP, SCAN, *(["Polars by hand"] if HAS_POLARS else [])]
    for each in found["measured"]:
        assert list(each["commands"]) == (kto if each["pack"] == "kto" else ["rules eval --pack coordexp", LOOP])
        for runs in each["commands"].values():
            assert [len(runs["seconds"]), len(runs["megabytes"])] == [1, 1]
            assert min(*runs["seconds"], *runs["megabytes"]) > 0


@pytest.mark.parametrize(
    ("seconds", "wanted"),
    [
        ((1.0, 2.0, 8.0), "from 500: rows to 4,000 are 7.0 x those to 1,000, their time 7.0 x: linear"),
        ((1.0, 2.0, 12.0), "from 500: rows to 4,000 are 7.0 x those to 1,000, their time 11.0 x: MORE THAN LINEAR"),
    ],
)
def test_growth_leaves_out_what_a_start_costs(script: Script, seconds: tuple[float, ...], wanted: str) -> None:
    sizes = zip((500, 1000, 4000), seconds, strict=True)
    assert script("scale").growth([measured(rows, **{EVAL: [taken]}) for rows, taken in sizes]) == wanted


def test_what_changed_from_an_earlier_measurement_is_told(script: Script) -> None:
    before = {"measured": [measured(1000, **{EVAL: [2.0], LOOP: [1.0]}), {"rows": 9}]}
    found = {"measured": [measured(rows, **{EVAL: [3.0], LOOP: [2.0]}) for rows in (500, 1000)]}
    told = list(script("scale").since(before, found))
    assert told == [f"{EVAL}, 1,000 rows: 1.50 x a json.loads loop, before 2.00 x"]


def report(*findings: dict[str, Any], **states: list[str]) -> dict[str, Any]:
    empty: dict[str, list[str]] = {"ok": [], "pending": [], "waiting": [], "not_evaluated": []}
    return {"findings": list(findings), "rules": empty | states}


FOUND = {
    "rule": "plateau",
    "severity": "info",
    "onset": {"step": 5},
    "fired": {"step": 7},
    "end": {"step": 9},
    "last": {"step": 9},
    "episodes": 2,
    "evidence": [{"worst": 0.25}],
}
TOLD = {"severity": "info", "state": "resolved", "onset": 5, "fired": 7, "end": 9, "last": 9, "episodes": 2}


@pytest.mark.parametrize(
    ("theirs", "wanted"),
    [
        ({"plateau": TOLD, "zeroed": {"state": "ok"}}, []),
        ({"plateau": TOLD | {"worst": 0.25 + 1e-9}}, []),
        ({"plateau": TOLD | {"worst": 0.2501}}, ["plateau: worst is 0.25 in the report, 0.2501 in the script"]),
        ({"plateau": TOLD | {"onset": 6}}, ["plateau: onset is 5 in the report, 6 in the script"]),
        ({"plateau": TOLD | {"end": None}}, ["plateau: end is 9 in the report, None in the script"]),
        ({"plateau": {"state": "ok"}}, ["plateau: state is 'resolved' in the report, 'ok' in the script"]),
        (
            {"zeroed": TOLD},
            [
                "zeroed: severity is None in the report, 'info' in the script",
                "zeroed: state is 'ok' in the report, 'resolved' in the script",
                "zeroed: onset is None in the report, 5 in the script",
                "zeroed: fired is None in the report, 7 in the script",
                "zeroed: end is None in the report, 9 in the script",
                "zeroed: last is None in the report, 9 in the script",
                "zeroed: episodes is None in the report, 2 in the script",
            ],
        ),
        ({"other": {"state": "ok"}}, ["other: not in the report"]),
        ({"late": {"state": "unknown"}}, []),
    ],
    ids=["same", "rounding", "worst", "onset", "open", "nothing found", "found alone", "unknown rule", "not judged"],
)
def test_every_difference_is_told(script: Script, theirs: dict[str, Any], wanted: list[str]) -> None:
    found = report(FOUND, ok=["zeroed"], waiting=["late"])
    assert script("agree").differences(found, theirs) == wanted


def test_what_the_script_lacks_is_told(script: Script) -> None:
    found = report(FOUND, ok=["zeroed"], waiting=["late"])
    assert script("agree").left_out(found, {"zeroed": {"state": "ok"}}) == ["plateau"]


def test_a_worn_log_lacks_rows_and_numbers(script: Script, tmp_path: Path) -> None:
    kto_log, scale = script("kto_log"), script("scale")
    log, worn = tmp_path / "log.jsonl", tmp_path / "worn.jsonl"
    kto_log.write_log(log, 1000)
    kto_log.worn(log, worn)
    whole, left = ([json.loads(line) for line in each.read_text(encoding="utf-8").splitlines()] for each in (log, worn))
    assert (len(whole), len(left)) == (1002, 992)
    assert sum("loss" in row for row in left) == 990
    assert [sum(key in row for row in left) for key in ("grad_norm", "rewards/margins")] == [975, 965]
    assert [row for row in left if "loss" not in row] == [row for row in whole if "loss" not in row]
    command = scale.judged("kto", worn)
    scale.same_rules(command, evaluated(log))
    with pytest.raises(SystemExit, match="finds saturated alone, or does not"):
        scale.same_rules(command, {"findings": [*evaluated(log)["findings"], {"rule": "saturated"}]})


@pytest.mark.slow
@pytest.mark.skipif(not HAS_POLARS, reason="polars is not installed: pip install '.[bench]'")
def test_the_rules_by_hand_come_to_the_same_and_a_changed_one_does_not(script: Script, tmp_path: Path) -> None:
    kto_log, agree = script("kto_log"), script("agree")
    log = tmp_path / "log.jsonl"
    kto_log.write_log(log, 7000, kto_log.TOGETHER)
    found = evaluated(log)
    by_hand = json.loads(run(SCRIPTS / "polars_kto.py", str(log)).stdout)
    assert agree.differences(found, by_hand) == []
    assert agree.left_out(found, by_hand) == []
    assert len([each for each in by_hand.values() if "severity" in each]) > 20
    text = (SCRIPTS / "polars_kto.py").read_text(encoding="utf-8")
    for name in ("polars_columns", "polars_windows"):
        (tmp_path / f"{name}.py").write_text((SCRIPTS / f"{name}.py").read_text(encoding="utf-8"), encoding="utf-8")
    changed = tmp_path / "changed.py"
    changed.write_text(text.replace('(col("loss_10") > 0.8 * first)', '(col("loss_10") > 0.9 * first)'), "utf-8")
    assert changed.read_text("utf-8") != text
    told = agree.differences(found, json.loads(run(changed, str(log)).stdout))
    assert told
    assert {line.partition(":")[0] for line in told} == {"saturated"}


def evaluated(log: Path) -> dict[str, Any]:
    command = [sys.executable, "-m", "trainrules", "eval", "--isolated", "--pack", "kto", "--format", "json", str(log)]
    done = subprocess.run(command, capture_output=True, text=True, timeout=120)
    assert done.returncode in (0, 1), done.stderr
    found: dict[str, Any] = json.loads(done.stdout)
    return found


def test_each_row_of_the_wide_log_has_as_many_keys(script: Script, tmp_path: Path) -> None:
    coordexp_log = script("coordexp_log")
    log = tmp_path / "logging.jsonl"
    coordexp_log.write_log(log, 20)
    rows = [json.loads(line) for line in log.read_text(encoding="utf-8").splitlines()]
    assert [len(row) for row in rows] == [120] * 20


def drawn() -> ModuleType:
    return loaded(ROOT / "docs" / "speed.py")


def measured(rows: int, **seconds: list[float]) -> dict[str, Any]:
    commands = {name: {"seconds": each, "megabytes": [100] * len(each)} for name, each in seconds.items()}
    return {"pack": "kto", "rows": rows, "megabytes": rows / 1000, "commands": commands}


MEASURED = {"measured": [measured(10_000, ours=[1, 2, 9], loop=[1, 1, 3]), measured(100_000, ours=[4, 4, 4])]}


def test_the_ratio_is_the_median_of_those_of_the_rounds() -> None:
    assert list(drawn().short(MEASURED["measured"])) == [
        ["10,000", "10 MB", "2.00 s", "100 MB", "2.00"],
        ["100,000", "100 MB", "4.00 s", "100 MB", ""],
    ]


def test_the_plot_has_a_line_for_each_command_and_a_point_for_each_size() -> None:
    plot = drawn().plot(MEASURED)
    root = ET.fromstring(plot)
    kinds = [element.tag.rpartition("}")[2] for element in root]
    assert kinds.count("circle") == 3
    assert [element.get("d", "").count("L") for element in root if element.get("stroke")] == [1, 0]
    words = [element.text for element in root if element.tag.endswith("text")]
    assert {"ours", "loop", "10,000", "100,000", "rows of the log", "1 s", "10 s"} <= set(words)
    assert plot == drawn().plot(MEASURED)


def test_fewer_rounds_and_a_memory_limit_are_told(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.syspath_prepend(str(SCRIPTS.parent / "docs"))
    speed = importlib.import_module("speed")
    short = measured(1000, **{EVAL: [1.0, 2.0, 3.0], LOOP: [2.0, 2.0, 2.0]})
    long = measured(
        9000, **{EVAL: [8.0, 9.0], LOOP: [4.0, 3.0], "--memory-limit": [16.0, 18.0], "with rows missing": [9.0, 9.0]}
    )
    long["memory_limit"] = "500MB"
    assert speed.names([short, long]) == [EVAL, LOOP]
    assert [row[2:4] for row in speed.rows([long])] == [
        [f"`{EVAL}`", "8.50 s"],
        [LOOP, "3.50 s"],
        ["within `--memory-limit 500MB`", "17.00 s"],
        ["with rows missing", "9.00 s"],
    ]
    assert speed._fewer({"measured": [short], "rounds": 3}) == ""
    assert speed._fewer({"measured": [short, long], "rounds": 3}) == " (2 from 9 MB on)"
