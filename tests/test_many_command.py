"""`rules eval` over many runs: what is said of each and of all, in every form."""

from __future__ import annotations

import csv
import gzip
import io
import json
import os
import re
import shutil
from collections.abc import Callable, Generator, Iterator, Sequence
from pathlib import Path
from typing import TypeVar

import pytest
from jsonschema import Draft7Validator
from junitparser import Error, Failure, JUnitXml
from referencing import Registry

from trainrules import cli
from trainrules.commands import many
from trainrules.engine.many import spreading
from trainrules.engine.many.model import Asked, Judged
from trainrules.engine.many.sequence import judge
from trainrules.engine.pack import Pack
from trainrules.engine.shelf import kept_in

ROOT = Path(__file__).resolve().parents[1]
EXAMPLES = ROOT / "examples"
KTO = ("kto_flipped_labels", "kto_healthy", "kto_hidden_nan")
CONSOLE = "".join(f"Epoch {epoch}/20 - Train Loss: {3 / epoch:.3f}\n" for epoch in range(1, 13))
EVIL = "a\x1b[31mred\n|<b>`x`.jsonl"

Run = Callable[..., tuple[int, str, str]]
T = TypeVar("T")


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder of runs as they are found: good ones, bad ones, broken ones, packed and printed ones."""
    place = tmp_path_factory.mktemp("many")
    runs = place / "runs"
    for name in KTO:
        shutil.copytree(EXAMPLES / name, runs / name)
    healthy = (runs / "kto_healthy" / "training_metrics.jsonl").read_bytes()

    def put(path: str, content: bytes | str) -> None:
        file = runs / path
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_bytes(content.encode() if isinstance(content, str) else content)

    put("early/training_metrics.jsonl", b"".join(healthy.splitlines(keepends=True)[:8]))
    put("empty/training_metrics.jsonl", "")
    put("none/training_metrics.jsonl", '{"step": 1, "other": 2}\n')
    put("packed/training_metrics.jsonl", gzip.compress(healthy))
    put("console/training_metrics.jsonl", CONSOLE)
    put("set/training_metrics.jsonl", healthy)
    put("set/rules.override.yaml", "params: {warmup_steps: 30}\n")
    put("wrong/training_metrics.jsonl", healthy)
    put("wrong/rules.override.yaml", "params: {warmup_stepz: 30}\n")
    return place


PACKS: dict[str, Pack] = {}


@pytest.fixture(autouse=True)
def packs_are_loaded_once() -> Iterator[None]:
    with kept_in(PACKS):
        yield


@pytest.fixture
def place(made: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(made)
    return made


@pytest.fixture
def run(capsys: pytest.CaptureFixture[str]) -> Run:
    def command(*arguments: str) -> tuple[int, str, str]:
        with pytest.raises(SystemExit) as left:
            cli.main(["eval", *arguments])
        printed = capsys.readouterr()
        assert isinstance(left.value.code, int)
        return left.value.code, printed.out, printed.err

    return command


JUDGED: dict[tuple[str, str], Judged] = {}


@pytest.fixture
def judged_once(monkeypatch: pytest.MonkeyPatch) -> None:
    """For tests of how runs are told: each is judged for the first of them only."""

    def again(logs: Sequence[str], asked: Asked, each: Callable[[Judged], T]) -> Generator[tuple[int, T]]:
        for place, log in enumerate(logs):
            key = (log, repr(asked))
            if key not in JUDGED:
                (JUDGED[key],) = judge([log], asked)
            yield place, each(JUDGED[key])

    monkeypatch.setattr(many, "spread", again)


def logs(place: Path) -> list[str]:
    return sorted(str(path.relative_to(place)) for path in place.glob("runs/*/training_metrics.jsonl"))


def test_the_table(place: Path, run: Run, golden: Callable[[str, str], None]) -> None:
    code, out, err = run("--pack", "kto", "runs/*/*.jsonl")
    golden("many/table.txt", out)
    told = (
        "unknown param 'warmup_stepz'; did you mean 'warmup_steps' or 'lr_warmup_share'?; --isolated ignores the file"
    )
    assert (code, err) == (2, f"runs/wrong/rules.override.yaml:1:10: {told}\n")


def test_lines_are_those_of_single_calls(place: Path, run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    """Byte for byte, from processes of their own, whatever is beside a log and whatever is wrong with it."""
    monkeypatch.setattr(spreading, "_cpus", lambda: 2)
    found = [*logs(place), "runs/no_such.jsonl"]
    alone = [run("--format", "jsonl", log) for log in found]
    code, out, err = run("--format", "jsonl", *found)
    assert (code, out) == (2, "".join(out for _, out, _ in alone))
    assert sorted(err.splitlines()) == sorted("".join(err for *_, err in alone).splitlines())
    assert [code for code, *_ in alone].count(2) == 1


def test_a_sample_of_lines_with_settings(place: Path, run: Run) -> None:
    asked = ("--format", "jsonl", "--pack", "kto", "--set", "margin_floor=-0.1", "--isolated", "--now", "2026-01-31")
    found = ["runs/set", "runs/wrong", "runs/kto_flipped_labels/training_metrics.jsonl"]
    assert run(*asked, *found)[1] == "".join(run(*asked, log)[1] for log in found)


def test_an_array(place: Path, run: Run, report_schema: Draft7Validator) -> None:
    code, out, _ = run("--format", "json", "runs/k*")
    whole = json.loads(out)
    assert (code, out) == (1, json.dumps(whole, indent=2) + "\n")
    array = json.loads((ROOT / "schemas" / "reports.schema.json").read_text(encoding="utf-8"))
    reports = Registry().with_contents([("trainrules/report/1", report_schema.schema)])
    Draft7Validator.check_schema(array)
    Draft7Validator(array, registry=reports).validate(whole)
    assert not Draft7Validator(array, registry=reports).is_valid([{**whole[0], "verdict": "fine"}])
    assert [each["log"]["path"] for each in whole] == [f"runs/{name}/training_metrics.jsonl" for name in KTO]
    assert whole[1] == json.loads(run("--format", "json", "runs/kto_healthy")[1])
    assert json.loads(run("--format", "json", "runs/kto_healthy*")[1]) == [whole[1]]
    assert (
        json.loads(run("--format", "json", "runs/wrong", "runs/nothing*", "--isolated")[1])[1]["verdict"] == "unknown"
    )


@pytest.mark.usefixtures("judged_once")
def test_csv(place: Path, run: Run) -> None:
    rows = list(csv.DictReader(io.StringIO(run("--format", "csv", "--pack", "kto", "runs/*/*.jsonl")[1])))
    assert [(row["verdict"], row["exit_code"], row["action"], row["rule"], row["onset"]) for row in rows] == [
        ("act", "1", "stop", "non_finite", "101"),
        ("act", "1", "stop", "labels_flipped", "81"),
        ("unknown", "2", "", "", ""),
        ("unknown", "3", "", "", ""),
        ("unknown", "3", "", "", ""),
        ("unknown", "3", "", "", ""),
        ("wait", "0", "wait", "", ""),
        *[("healthy", "0", "continue", "", "")] * 3,
    ]
    assert [row["last_step"] for row in rows] == ["145", "160", "", "12", "", "", "8", "145", "145", "145"]


@pytest.mark.usefixtures("judged_once")
def test_junit(place: Path, run: Run) -> None:
    suite = next(iter(JUnitXml.fromstring(run("--format", "junit", "--pack", "kto", "runs/*/*.jsonl")[1].encode())))
    assert (suite.tests, suite.failures, suite.errors) == (10, 2, 4)
    found = {case.name.split("/")[1]: [type(result) for result in case.result] for case in suite}
    assert found["kto_hidden_nan"] == found["kto_flipped_labels"] == [Failure]
    assert {name for name, kinds in found.items() if kinds == [Error]} == {"wrong", "console", "empty", "none"}
    assert [name for name, kinds in found.items() if not kinds] == ["early", "kto_healthy", "packed", "set"]
    (failure,) = next(case for case in suite if "nan" in case.name).result
    assert (failure.type, failure.message) == ("non_finite", "stop: values are not finite, since step 101")


@pytest.mark.parametrize(
    ("form", "text"),
    [
        (
            "markdown",
            """\
3 runs: 1 act, 1 unknown, 1 healthy.

| verdict | log | last step | what to do, and why |
| --- | --- | --- | --- |
| **act** | `runs/kto_hidden_nan/training_metrics.jsonl` | 145 | stop: values are not finite, since step 101 |
| **unknown** | `runs/empty` | - | the log is empty; wait until the run has logged something |
| healthy | `runs/kto_healthy/training_metrics.jsonl` | 145 | continue |
""",
        ),
        (
            "github",
            "::error file=runs/kto_hidden_nan/training_metrics.jsonl,line=101,title=act%3A non_finite::stop: values are"
            " not finite, since step 101%0Agrad_norm, entropy, kl, logits/chosen: NaN or infinite since step 101; every"
            " checkpoint from there on is broken\n"
            "::warning file=runs/empty,title=unknown::the log is empty; wait until the run has logged something\n"
            "::notice title=rules eval::3 runs: 1 act, 1 unknown, 1 healthy\n",
        ),
    ],
    ids=["markdown", "github"],
)
@pytest.mark.usefixtures("judged_once")
def test_remarks(place: Path, run: Run, form: str, text: str) -> None:
    found = ("runs/kto_healthy", "runs/empty/training_metrics.jsonl", "runs/kto_hidden_nan")
    code, out, err = run("--format", form, "--pack", "kto", *found)
    assert (code, out.replace("runs/empty/training_metrics.jsonl", "runs/empty"), err) == (1, text, "")


@pytest.mark.parametrize("form", ["csv", "junit", "markdown", "github"])
@pytest.mark.usefixtures("judged_once")
def test_a_list_of_one(place: Path, run: Run, form: str) -> None:
    code, out, err = run("--format", form, "--pack", "kto", "runs/kto_hidden_nan")
    assert (code, err) == (1, "")
    assert (out.count("non_finite"), out.count("alues are not finite")) in ((2, 1), (1, 3), (0, 1), (1, 1))
    assert out == run("--format", form, "--pack", "kto", "runs/kto_hidden_n*")[1]


@pytest.mark.parametrize(
    ("arguments", "code"),
    [
        ("runs/kto_healthy runs/packed", 0),
        ("runs/kto_healthy runs/empty/training_metrics.jsonl", 0),
        ("--strict runs/kto_healthy runs/empty/training_metrics.jsonl", 3),
        ("--strict runs/kto_hidden_nan runs/empty/training_metrics.jsonl", 3),
        ("runs/kto_hidden_nan runs/empty/training_metrics.jsonl", 1),
        ("--fail-on never runs/kto_hidden_nan runs/empty/training_metrics.jsonl", 0),
        ("runs/empty/training_metrics.jsonl runs/none", 3),
        ("runs/kto_healthy runs/no_such", 3),
        ("runs/kto_healthy runs/no_such*", 3),
        ("runs/kto_hidden_nan runs/no_such", 1),
        ("runs/no_such*", 3),
        ("runs/kto_hidden_nan runs/wrong", 2),
        ("--pack kot runs/kto_healthy runs/packed", 2),
        ("--set x=1 --pack kto runs/kto_healthy runs/packed", 2),
    ],
)
def test_exit_codes(place: Path, run: Run, arguments: str, code: int) -> None:
    assert run(*arguments.split())[0] == code


def test_wrong_settings_are_told_once(place: Path, run: Run) -> None:
    code, out, err = run("--set", "margn_floor=1", "--pack", "kto", "runs/kto_*")
    assert (code, err) == (
        2,
        "--set: unknown param 'margn_floor'; did you mean 'margin_floor' or 'margin_good' or 'margin_clear'?\n",
    )
    assert out.count("unknown param 'margn_floor'") == 3


@pytest.mark.parametrize("option", ["--checkpoints=runs", "--write-overrides=new.yaml"])
def test_what_one_log_takes_is_refused_for_several(place: Path, run: Run, option: str) -> None:
    code, out, err = run(option, "runs/k*")
    assert (code, out, err.count("\n")) == (2, "", 1)
    assert f"{option.partition('=')[0]} takes one log: " in err


@pytest.mark.skipif(os.name == "nt", reason="names that no file can have there")
@pytest.mark.parametrize("form", ["table", "csv", "junit", "markdown", "github", "json", "jsonl"])
def test_a_name_is_no_command_to_a_terminal_or_a_page(
    tmp_path: Path, run: Run, monkeypatch: pytest.MonkeyPatch, form: str
) -> None:
    monkeypatch.chdir(tmp_path)
    for name in (EVIL, "=1+1", "-x", "\u202etxt.exe", "ok\udcff"):
        Path(name).write_text("")
    _, out, err = run("--format", form, "*", "./-x", "gone\x1b[2J*")
    assert re.findall(r"[^\n -~…]", out + err) == []
    assert "UNKNOWN" in out or "unknown" in out
    if form == "csv":
        assert [line[0] for line in csv.reader(io.StringIO(out)) if line[0].startswith(("=", "+", "-", "@"))] == []
    if form == "junit":
        assert len(list(next(iter(JUnitXml.fromstring(out.encode()))))) == 6
    if form == "markdown":
        assert "<b>" not in out
        assert [line.replace("\\|", "").count("|") for line in out.splitlines()[2:]] == [5] * 8
    if form == "github":
        assert all(line.startswith(("::warning file=", "::notice ")) for line in out.splitlines())


@pytest.mark.usefixtures("judged_once")
def test_the_worst_come_first_whatever_the_order(place: Path, run: Run) -> None:
    found = logs(place)
    turned = run("--pack", "kto", "--format", "csv", *reversed(found))[1].splitlines()
    straight = run("--pack", "kto", "--format", "csv", *found)[1].splitlines()
    assert sorted(turned) == sorted(straight)
    assert [line.split(",")[1] for line in turned] == [line.split(",")[1] for line in straight]
