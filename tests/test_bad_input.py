# ruff: noqa: E501 - tables of whole messages
"""Bad input: one or two lines that name the file, the line, what is wrong and the mend; the exit code; nothing touched."""

from __future__ import annotations

import gzip
import hashlib
import json
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from trainrules import cli

Command = Callable[..., tuple[int, str, str]]
GOOD = [json.dumps({"step": step, "loss": 5 - step / 100}) for step in range(1, 41)]
GARBAGE = ["garbage", "{", "[1]", '{"step": 1, "loss"', '"x"', "\x1b[31mred\x1b[0m", '{"loss": }', "{'loss': 1}"]


def lines(*texts: str) -> bytes:
    return "".join(f"{text}\n" for text in texts).encode()


LOGS = {
    "good.jsonl": lines(*GOOD),
    "empty.jsonl": b"",
    "blank.jsonl": b"\n \n\n",
    "console.txt": lines("hello", "world"),
    "binary.bin": bytes(range(256)) * 20,
    "model.pt": b"\x80\x04\x95\x10\0\0\0\0\0\0\0}\x94K\x01\x8c\x01loss: 3\n",
    "words.jsonl": lines('{"step": 1, "loss": "low"}', '{"step": 2, "loss": "low", "eval_loss": [1]}'),
    "array.json": lines("[1, 2]"),
    "document.json": json.dumps({"step": 1, "loss": 2}, indent=2).encode(),
    "damaged.gz": gzip.compress(lines(*GOOD), mtime=0)[:60],
    "interleaved.jsonl": lines(*(json.dumps({"step": s, "loss": 1}) for i in range(30) for s in (i + 2, 1))),
    "other.jsonl": lines('{"step": 1, "foo": 2}', '{"step": 2, "foo": 2}'),
    "half.jsonl": lines(*(text for pair in zip(GOOD, GARBAGE * 5, strict=True) for text in pair)),
    "cut.jsonl": lines(*GOOD)[:-20],
    "latin.jsonl": b'{"step": 1, "loss": 4.99, "n": "\xff\xfe"}\n' + lines(*GOOD[1:]),
    "windows.jsonl": b"\xef\xbb\xbf" + lines(*GOOD).replace(b"\n", b"\r\n"),
}
HEAD = "schema: 1\npack: p\nversion: 1.0.0\ntitle: P\nmetrics: {loss: {keys: [loss]}}\n"
RULE = HEAD + "rules: {r: {title: R, cause: info, severity: info, when: 'WHEN'}}\n"
PACKS = {
    "syntax.yaml": "a: [1\nb: 2\n",
    "list.yaml": "- 1\n",
    "empty.yaml": "",
    "latin.yaml": b"title: \xff\n",
    "typo.yaml": HEAD + "ruels: {}\n",
    "code.yaml": RULE.replace("WHEN", "loss.x > 1"),
    "name.yaml": RULE.replace("WHEN", "lss > 1"),
    "two.yaml": RULE.replace("WHEN", "lss > 1").replace("title: P\n", ""),
    "parent.yaml": HEAD + "extends: comon\n",
    "circle.yaml": HEAD + "extends: circle.yaml\n",
    "tag.yaml": HEAD + "help: !!python/object/apply:os.system ['touch canary']\n",
    "twice.yaml": HEAD + "title: Q\n",
    "deep.yaml": "a: " + "[" * 5_000 + "]" * 5_000,
    "moment.yaml": RULE.replace("WHEN", 'at(loss, "5 points") > 1'),
    "window.yaml": RULE.replace("WHEN", 'mean(loss, "99999999999999999999999 points") > 1'),
}
SETTINGS = {
    "syntax_o.yaml": "params: {x: 1\n",
    "unknown_o.yaml": "params:\n  overfit_ris: 0.5\n",
    "bound_o.yaml": "params:\n  overfit_rise: -1\n",
    "type_o.yaml": "params:\n  overfit_rise: [1]\n",
    "code_o.yaml": "params:\n  overfit_rise: default.real\n",
    "rule_o.yaml": "disable: [overfiting]\n",
    "p.test.yaml": "schema: 1\ntests: []\n",
}


def state_of(folder: Path) -> dict[str, str]:
    """Every file below a folder, with a hash of what it holds."""
    files = sorted(path for path in folder.rglob("*") if path.is_file())
    return {str(path.relative_to(folder)): hashlib.sha256(path.read_bytes()).hexdigest() for path in files}


@pytest.fixture
def place(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """A folder with all of the above, left exactly as it was."""
    for name, content in {**LOGS, **PACKS, **SETTINGS}.items():
        (tmp_path / name).write_bytes(content if isinstance(content, bytes) else content.encode())
    (tmp_path / "folder").mkdir()
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("TRAINRULES_DEBUG", raising=False)
    before = state_of(tmp_path)
    yield tmp_path
    assert state_of(tmp_path) == before


@pytest.fixture
def rules(place: Path, capsys: pytest.CaptureFixture[str]) -> Command:
    """Runs a command and holds what it says against what every failure must keep to."""

    def command(*arguments: str) -> tuple[int, str, str]:
        with pytest.raises(SystemExit) as left:
            cli.main(list(arguments))
        out, err = capsys.readouterr()
        assert "Traceback" not in out + err
        assert "internal error" not in err
        assert isinstance(left.value.code, int)
        return left.value.code, out, err

    return command


@pytest.mark.parametrize(
    ("log", "error"),
    [
        ("nope.jsonl", "nope.jsonl: there is no such file; check the path to the log"),
        ("folder", "folder: this is a directory, and no log was found in it; name the metrics log in it"),
        ("empty.jsonl", "empty.jsonl: the log is empty; wait until the run has logged something"),
        ("blank.jsonl", "blank.jsonl: no line is a JSON object: the file is blank; wait until the run has logged something"),
        ("console.txt", "console.txt:1: no line is a JSON object: this looks like console output, and none of the known formats ('metric_logger', 'printed_dicts', 'mmengine', 'epoch_lines', 'progress_bars') gives a value; give the JSON lines log that the trainer writes"),
        ("binary.bin", "binary.bin:1: no line is a JSON object: this is a binary file, not text; name the metrics log, not a checkpoint or an archive"),
        ("model.pt", "model.pt:1: no line is a JSON object: this is a binary file, not text; name the metrics log, not a checkpoint or an archive"),
        ("words.jsonl", "words.jsonl: the log has no number for what pack 'common' needs (loss: 'loss' is text in all 2 rows, first at line 1 ('low'), never a number; eval_loss: 'eval_loss' is a list in 1 of 2 rows, first at line 2 ('[1]'), never a number)"),
        ("array.json", "array.json: this looks like a JSON array, not like JSON lines; write its items one a line: jq -c '.[]'"),
        ("document.json", "document.json: this looks like one JSON document spread over several lines, not like JSON lines; write one JSON object for each row: jq -c"),
        ("damaged.gz", "damaged.gz: the gzip file is damaged: "),
        ("interleaved.jsonl", "interleaved.jsonl:2: the step goes back 30 times in 60 rows: the lines of several runs or ranks are interleaved; name the label that tells them apart under 'labels' in the pack, or give a log of one run"),
        ("typo.yaml", "typo.yaml: this is a rule pack, not a log; 'rules eval --pack typo.yaml LOG' judges a log by it"),
        ("p.test.yaml", "p.test.yaml: this is a file of pack tests, not a log; 'rules test p.test.yaml' runs them"),
        ("rule_o.yaml", "rule_o.yaml: this is an override file, not a log; 'rules eval --overrides rule_o.yaml LOG' judges a log with it"),
        ("other.jsonl", "other.jsonl: the log has none of the keys that pack 'common' needs ('loss', 'eval_loss', or another name for them)"),
    ],
)  # fmt: skip
def test_a_log_that_cannot_be_judged(rules: Command, log: str, error: str) -> None:
    code, out, err = rules("eval", "--pack", "common", "--format", "json", log)
    report = json.loads(out)
    assert (code, report["verdict"], report["plan"], report["findings"]) == (3, "unknown", [], [])
    assert report["reason"] in error + err
    assert err.startswith(error)
    assert len(err.splitlines()) <= 2


@pytest.mark.parametrize(
    ("log", "rows", "malformed"),
    [
        ("good.jsonl", 40, 0),
        ("half.jsonl", 40, 40),
        ("cut.jsonl", 39, 1),
        ("latin.jsonl", 40, 0),
        ("windows.jsonl", 40, 0),
    ],
)
def test_the_good_part_of_a_log_is_judged_and_the_rest_counted(
    rules: Command, log: str, rows: int, malformed: int
) -> None:
    code, out, err = rules("eval", "--pack", "common", "--format", "json", log)
    report = json.loads(out)
    assert (code, err) == (0, "")
    assert (report["log"]["rows"], report["log"]["malformed"]) == (rows, malformed)
    assert report["log"]["last_step"] == rows
    assert (report["verdict"], report["findings"]) == ("healthy", [])


def test_the_page_counts_what_was_left_out(rules: Command) -> None:
    assert "40 malformed" in rules("eval", "--pack", "common", "half.jsonl")[1]


@pytest.mark.parametrize(
    ("pack", "errors"),
    [
        ("comon", ["--pack: unknown pack 'comon'; did you mean 'common'?"]),
        ("nope.yaml", ["nope.yaml: file does not exist; give the path of a YAML file"]),
        ("folder/", ["folder: file is a directory; give the path of a YAML file"]),
        ("list.yaml", ["list.yaml:1:1: a pack is a mapping of keys; begin it with 'schema: 1'"]),
        ("empty.yaml", ["empty.yaml:1:1: a pack is a mapping of keys; begin it with 'schema: 1'"]),
        ("typo.yaml", ["typo.yaml:6:1: unknown key 'ruels'; did you mean 'rules'?"]),
        ("code.yaml", ["code.yaml:6:59: attributes are not part of the language; give the metric a name without points, its key in 'keys'"]),
        ("name.yaml", ["name.yaml:6:59: unknown name 'lss'; did you mean 'loss'?"]),
        ("two.yaml", ["two.yaml:1:1: the file lacks 'title'; add it", "two.yaml:5:59: unknown name 'lss'; did you mean 'loss'?"]),
        ("parent.yaml", ["parent.yaml:6:10: parent pack 'comon' does not exist; did you mean 'common'?"]),
        ("circle.yaml", ["circle.yaml:6:10: pack extends itself through 'circle.yaml'; remove one 'extends'"]),
        ("twice.yaml", ["twice.yaml:6:1: key 'title' is given twice; it stands on line 4 already, keep one"]),
        ("deep.yaml", ["deep.yaml:1:52: nested more than 50 deep; a pack needs a dozen levels at most"]),
    ],
)  # fmt: skip
def test_a_pack_that_is_wrong(rules: Command, pack: str, errors: list[str]) -> None:
    assert rules("eval", "--pack", pack, "good.jsonl") == (2, "", "".join(f"{error}\n" for error in errors))


@pytest.mark.parametrize(
    ("pack", "start"),
    [
        ("syntax.yaml", "syntax.yaml:2:"),
        ("latin.yaml", "latin.yaml:1:"),
        ("tag.yaml", "tag.yaml:6:7: "),
        ("moment.yaml", "moment.yaml:6:"),
        ("window.yaml", "window.yaml:6:"),
    ],
)
def test_a_pack_that_is_wrong_is_named_with_its_place(rules: Command, pack: str, start: str) -> None:
    code, out, err = rules("eval", "--pack", pack, "good.jsonl")
    assert (code, out) == (2, "")
    assert all(line.startswith(start) for line in err.splitlines())
    assert 1 <= len(err.splitlines()) <= 2
    assert rules("validate", pack)[0] == 1


@pytest.mark.parametrize(
    ("arguments", "error"),
    [
        ("--overrides nope.yaml", "nope.yaml: file does not exist; give the path of a YAML file"),
        ("--overrides folder", "folder: file is a directory; give the path of a YAML file"),
        ("--overrides syntax_o.yaml", "syntax_o.yaml:2:1: not YAML: "),
        ("--overrides unknown_o.yaml", "unknown_o.yaml:2:3: unknown param 'overfit_ris'; did you mean 'overfit_rise' or "),
        ("--overrides bound_o.yaml", "bound_o.yaml:2:17: param 'overfit_rise' must be at least 0.01, not -1"),
        ("--overrides type_o.yaml", "type_o.yaml:2:17: param 'overfit_rise' must be a finite number, not a list"),
        ("--overrides code_o.yaml", "code_o.yaml:2:17: attributes are not part of the language"),
        ("--overrides rule_o.yaml", "rule_o.yaml:1:11: unknown rule 'overfiting'; did you mean 'overfitting'?"),
        ("--set x=1", "--set: unknown param 'x'; 'rules show PACK' lists them"),
        ("--set overfit_ris=1", "--set: unknown param 'overfit_ris'; did you mean 'overfit_rise' or "),
        ("--set overfit_rise=-1", "--set: param 'overfit_rise' must be at least 0.01, not -1"),
        ("--set overfit_rise=abc", "--set: param 'overfit_rise': unknown name 'abc'; use other params, and 'default'"),
        ("--set overfit_rise=9**9**9", "--set: param 'overfit_rise': the exponent of ** must be a literal number of at most 64; use exp() and log()"),
        ("--set overfit_rise=__import__('os')", "--set: param 'overfit_rise': unknown function '__import__'; docs/language.md lists the functions"),
        ("--set overfit_patience=1.5", "--set: param 'overfit_patience' must be a whole number, not the number 1.5"),
        ("--set overfit_rise=1/0", "--set: param 'overfit_rise' has no value: '1/0', its result is unknown"),
        ("--set overfit_rise=", "--set: 'overfit_rise=' is no setting; write --set name=value"),
        ("--set overfit_rise", "rules eval: invalid value for '--set': 'overfit_rise' is not NAME=VALUE; see 'rules eval --help'"),
        ("--set overfit_rise==0.3", "--set: param 'overfit_rise': '=0.3' is a comparison, not a value; write 0.3"),
        ("--set rate_floor=5%", "--set: param 'rate_floor': '5%' is a percentage, and this is no share; write 0.05"),
        ("--variant a --variant b", "rules eval: invalid value for '--variant': it is given more than once: 'a', 'b'; a run has one variant; see 'rules eval --help'"),
        ("- -", "rules eval: \"-\" is given more than once: standard input can be read only once; see 'rules eval --help'"),
        ("--variant x", "--variant: unknown variant 'x'; leave it out: pack 'common' has none"),
        ("--checkpoints nope", "rules eval: invalid value for '--checkpoints': "),
        ("--format xml", "rules eval: invalid value for '--format': 'xml' is not one of "),
        ("--fail-on bad", "rules eval: invalid value for '--fail-on': 'bad' is not one of "),
        ("--now soon", "rules eval: invalid value for '--now': 'soon' is not a time; write 2026-01-31T12:00:00Z or seconds since 1970; see 'rules eval --help'"),
        ("--threads 0", "rules eval: invalid value for '--threads': "),
        ("--nope", "rules eval: no such option"),
    ],
)  # fmt: skip
def test_a_command_or_a_setting_that_is_wrong(rules: Command, arguments: str, error: str) -> None:
    code, out, err = rules("eval", "--pack", "common", *arguments.split(), "good.jsonl")
    assert (code, out) == (2, "")
    assert err.startswith(error)
    assert len(err.splitlines()) == 1


@pytest.mark.parametrize(
    ("name", "content", "error"),
    [
        ("rules.override.yaml", "params: {x: 1\n", "rules.override.yaml:2:1: not YAML: "),
        ("rules.override.yaml", "params: {x: 1}\n", "rules.override.yaml:1:10: unknown param 'x'"),
        ("pyproject.toml", "[tool.trainrules\n", "pyproject.toml:1:17: not TOML: "),
        ("pyproject.toml", "[tool.trainrules.packs.common.params]\nx = 1\n", "pyproject.toml:2:1: unknown param 'x'"),
    ],
)
def test_settings_that_lie_about_are_checked_as_well(
    rules: Command, place: Path, name: str, content: str, error: str
) -> None:
    (place / name).write_text(content)
    code, out, err = rules("eval", "--pack", "common", "good.jsonl")
    (place / name).unlink()
    assert (code, out) == (2, "")
    assert err.startswith(error)
    assert len(err.splitlines()) == 1


def test_a_project_file_is_no_log(rules: Command, place: Path) -> None:
    (place / "pyproject.toml").write_text("[tool.trainrules.packs.kto]\nparams = {}\n")
    code, _, err = rules("eval", "--pack", "common", "pyproject.toml")
    (place / "pyproject.toml").unlink()
    assert code == 3
    assert (
        err == "pyproject.toml: this is a project file, not a log; its settings count for the logs below its folder\n"
    )


def test_one_bad_log_does_not_keep_the_others_from_being_judged(rules: Command) -> None:
    code, out, err = rules("eval", "--pack", "common", "--format", "jsonl", "empty.jsonl", "half.jsonl", "nope.jsonl")
    assert code == 3
    assert [json.loads(line)["verdict"] for line in out.splitlines()] == ["unknown", "healthy", "unknown"]
    assert [line.split(":")[0] for line in err.splitlines()] == ["empty.jsonl", "nope.jsonl"]


def test_a_program_sees_the_same(place: Path) -> None:
    run = "from trainrules.cli import main; main()"
    done = subprocess.run(
        [sys.executable, "-c", run, "eval", "--pack", "common", "--format", "json", "-"],
        input=LOGS["half.jsonl"] + b"\xff\xfe\x00garbage",
        capture_output=True,
        timeout=60,
        check=False,
    )
    assert (done.returncode, done.stderr) == (0, b"")
    assert json.loads(done.stdout)["log"]["malformed"] == 41
