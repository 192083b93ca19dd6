"""The command line: options in, text and exit codes out."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Callable
from importlib import import_module
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from trainrules import cli
from trainrules.engine.errors import LogError, OverrideError, PackError, Position, Problem
from trainrules.engine.report import Finding, LogFacts, Moment, Report, Step

ROOT = Path(__file__).resolve().parents[1]
AT = Moment(3, 3)
FINDING = Finding("r", "R", "diverging", "warning", "firing", AT, AT, None, AT, 1, (), (), "", "", "", ("stop",))
LOG = LogFacts("run.jsonl", "jsonl", "step", 3, 0, 0, 0, 1, 3, False)
HEALTHY = Report("kto", "1", None, "", LOG, "healthy", (Step("continue", "info", (), "Go on."),), (), (), (), ())
WARNED = HEALTHY._replace(verdict="act", plan=(Step("stop", "warning", ("r",), "Stop → now."),), findings=(FINDING,))
HEALTHY_PAGE = "HEALTHY  run.jsonl\nGo on.\nlog                3 rows, steps 1 to 3; pack kto 1\n"

Run = Callable[..., tuple[int, str, str]]


def problem(line: int, message: str, hint: str) -> Problem:
    return Problem(Position("p.yaml", line, 2), "unknown-key", message, hint)


@pytest.fixture
def calls(monkeypatch: pytest.MonkeyPatch) -> list[dict[str, Any]]:
    """What `evaluate` was called with; it answers by the name of the log."""
    seen: list[dict[str, Any]] = []
    answers: dict[str, Report | BaseException] = {
        "healthy": HEALTHY,
        "warned": WARNED,
        "critical": WARNED._replace(findings=(FINDING._replace(severity="critical"),)),
        "empty": LogError("the log is empty", path="empty", hint="wait"),
        "pack": PackError([problem(3, "unknown key 'whem'", "did you mean 'when'?"), problem(9, "worse", "mend it")]),
        "override": OverrideError([Problem(Position("--set"), "unknown-param", "unknown param 'x'", "known are y")]),
        "bug": RuntimeError("a\nb"),
        "stop": KeyboardInterrupt(),
    }

    def evaluate(log: str, **options: Any) -> Report:
        seen.append({"log": log, **options})
        answer = answers[log]
        if isinstance(answer, BaseException):
            raise answer
        return answer

    import_module("trainrules.engine.many.batch")  # with all that it takes of the real one
    monkeypatch.setitem(sys.modules, "trainrules.engine.evaluate", SimpleNamespace(evaluate=evaluate))
    monkeypatch.delenv("TRAINRULES_DEBUG", raising=False)
    return seen


@pytest.fixture
def run(calls: list[dict[str, Any]], capsys: pytest.CaptureFixture[str]) -> Run:
    def command(*arguments: str) -> tuple[int, str, str]:
        with pytest.raises(SystemExit) as left:
            cli.main(list(arguments))
        printed = capsys.readouterr()
        assert isinstance(left.value.code, int)
        return left.value.code, printed.out, printed.err

    return command


@pytest.mark.parametrize(
    ("arguments", "code"),
    [
        ("healthy", 0),
        ("warned", 0),
        ("critical", 1),
        ("--fail-on warning warned", 1),
        ("--fail-on never critical", 0),
        ("empty", 3),
        ("pack", 2),
        ("override", 2),
        ("healthy empty", 3),
        ("empty critical healthy", 1),
        ("critical override empty", 2),
        ("bug", 2),
        ("stop", 130),
    ],
)
def test_exit_codes(run: Run, arguments: str, code: int) -> None:
    assert run("eval", *arguments.split())[0] == code


def test_options_reach_the_engine(run: Run, calls: list[dict[str, Any]], tmp_path: Path) -> None:
    run(
        "eval",
        "--pack",
        "kto",
        "--variant",
        "short",
        "--set",
        "a=1",
        "--set",
        "b=default * 2",
        "--overrides",
        "o.yaml",
        "--checkpoints",
        str(tmp_path),
        "--input-format",
        "csv",
        "--now",
        "1970-01-02T00:00:00",
        "--threads",
        "2",
        "--memory-limit",
        "2GB",
        "--isolated",
        "--timeout",
        "60",
        "healthy",
    )
    run("eval", "healthy")
    defaults = {
        "pack": "auto",
        "variant": None,
        "settings": (),
        "override_files": (),
        "checkpoints": None,
        "now": None,
        "threads": None,
        "memory_limit": None,
        "isolated": False,
        "input_format": None,
        "timeout": None,
    }
    assert calls == [
        {
            "log": "healthy",
            "pack": "kto",
            "variant": "short",
            "settings": ("a=1", "b=default * 2"),
            "override_files": ("o.yaml",),
            "checkpoints": str(tmp_path),
            "now": 86400.0,
            "threads": 2,
            "memory_limit": "2GB",
            "isolated": True,
            "input_format": "csv",
            "timeout": 60.0,
        },
        {"log": "healthy", **defaults},
    ]


@pytest.mark.parametrize(
    ("time", "seconds"),
    [
        ("86400", 86400),
        ("1970-01-02", 86400),
        ("1970-01-02T00:00:00Z", 86400),
        ("1970-01-02T02:00:00+02:00", 86400),
        ("1.5", 1.5),
    ],
)
def test_now(run: Run, calls: list[dict[str, Any]], time: str, seconds: float) -> None:
    run("eval", "--now", time, "healthy")
    assert calls[0]["now"] == seconds


@pytest.mark.parametrize(
    ("arguments", "error"),
    [
        (("evl",), "rules: no such command 'evl'"),
        (("eval",), "rules eval: missing argument 'LOG...'; see 'rules eval --help'\n"),
        (
            ("eval", "--set", "x", "healthy"),
            "rules eval: invalid value for '--set': 'x' is not NAME=VALUE; see 'rules eval --help'\n",
        ),
        (
            ("eval", "--set", "=1", "healthy"),
            "rules eval: invalid value for '--set': '=1' is not NAME=VALUE; see 'rules eval --help'\n",
        ),
        (
            ("eval", "--now", "noon", "healthy"),
            "rules eval: invalid value for '--now': 'noon' is not a time; write 2026-01-31T12:00:00Z",
        ),
        (
            ("eval", "--now", "nan", "healthy"),
            "rules eval: invalid value for '--now': 'nan' is not a time; see 'rules eval --help'\n",
        ),
        (
            ("eval", "--format", "xml", "healthy"),
            "rules eval: invalid value for '--format': 'xml' is not one of 'table', 'json', 'jsonl', 'csv', 'junit',"
            " 'markdown', 'github'",
        ),
        (("eval", "--checkpoints", "missing", "healthy"), "rules eval: invalid value for '--checkpoints': "),
        (
            ("eval", "--memory-limit", "much", "healthy"),
            "rules eval: invalid value for '--memory-limit': 'much' is not a size; write 500MB or 2GB;"
            " see 'rules eval --help'\n",
        ),
        (
            ("eval", "--timeout", "0", "healthy"),
            "rules eval: invalid value for '--timeout': 0.0 is not in the range x>0; see 'rules eval --help'\n",
        ),
        (
            ("eval", "--threads", "0", "healthy"),
            "rules eval: invalid value for '--threads': 0 is not in the range x>=1",
        ),
        (("eval", "--bogus", "healthy"), "rules eval: no such option '--bogus'"),
        (("validate",), "rules validate: missing argument 'PATH...'; see 'rules validate --help'\n"),
    ],
)
def test_a_wrong_command_is_one_line(run: Run, arguments: tuple[str, ...], error: str) -> None:
    code, out, err = run(*arguments)
    assert (code, out, err.count("\n")) == (2, "", 1)
    assert err.replace("option: --bogus", "option '--bogus'").startswith(error)


@pytest.mark.parametrize(
    ("log", "err"),
    [
        ("empty", "empty: the log is empty; wait\n"),
        ("pack", "p.yaml:3:2: unknown key 'whem'; did you mean 'when'?\np.yaml:9:2: worse; mend it\n"),
        ("override", "--set: unknown param 'x'; known are y\n"),
        (
            "bug",
            "internal error: RuntimeError: a b; please report it, with the traceback that TRAINRULES_DEBUG=1 shows\n",
        ),
    ],
)
def test_errors_are_told_with_place_and_mend(run: Run, log: str, err: str) -> None:
    assert run("eval", "--pack", "nothing", log)[2] == err


def test_an_interrupted_command(run: Run) -> None:
    code, out, err = run("eval", "stop")
    assert (code, out, err.strip()) == (130, "", "interrupted")


def test_a_wrong_pack_is_told_once(run: Run) -> None:
    code, out, err = run("eval", "--format", "json", "pack", "pack", "./pack", "healthy")
    assert (code, err.count("\n")) == (2, 2)
    assert [each["verdict"] for each in json.loads(out)] == ["healthy"]


def test_a_bug_shows_its_traceback_only_on_demand(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    assert "Traceback" not in run("eval", "bug")[2]
    monkeypatch.setenv("TRAINRULES_DEBUG", "1")
    code, _, err = run("eval", "bug")
    assert code == 2
    assert err.startswith("Traceback")


@pytest.mark.parametrize(
    ("arguments", "verdicts"),
    [
        (("--format", "json", "healthy"), "healthy"),
        (("--format", "json", "healthy", "warned"), ["healthy", "act"]),
        (("--format", "json", "empty"), "unknown"),
        (("--format", "json", "pack", "override"), []),
        (("--format", "json", "empty", "healthy"), ["unknown", "healthy"]),
    ],
)
def test_json(run: Run, arguments: tuple[str, ...], verdicts: str | list[str]) -> None:
    data = json.loads(run("eval", *arguments)[1])
    assert (data["verdict"] if isinstance(data, dict) else [each["verdict"] for each in data]) == verdicts


def test_json_lines(run: Run) -> None:
    lines = run("eval", "--format", "jsonl", "healthy", "empty", "pack", "warned")[1].splitlines()
    assert [json.loads(line)["verdict"] for line in lines] == ["healthy", "unknown", "act"]


def test_a_log_that_cannot_be_judged_still_gets_a_report(run: Run) -> None:
    data = json.loads(run("eval", "--pack", "nothing", "--format", "json", "empty")[1])
    assert data["pack"] == {"id": "nothing", "version": "", "variant": None, "chosen": "given"}
    assert (data["log"]["path"], data["reason"], data["plan"]) == ("empty", "the log is empty", [])


def test_pages_of_several_logs_are_set_apart(run: Run) -> None:
    page = run("eval", "-v", "healthy")[1]
    assert page == HEALTHY_PAGE
    assert run("eval", "-v", "healthy", "./healthy", "warned", "empty")[1].startswith(
        f"{HEALTHY_PAGE}\nACT  run.jsonl\n"
    )


@pytest.mark.parametrize(
    ("is_terminal", "environment", "is_coloured"),
    [
        (False, {}, False),
        (True, {}, True),
        (True, {"NO_COLOR": "1"}, False),
        (True, {"TERM": "dumb"}, False),
    ],
)
def test_colour_only_on_a_terminal(
    run: Run, monkeypatch: pytest.MonkeyPatch, is_terminal: bool, environment: dict[str, str], is_coloured: bool
) -> None:
    monkeypatch.delenv("NO_COLOR", raising=False)
    monkeypatch.setenv("TERM", "xterm")
    monkeypatch.setenv("COLUMNS", "60")
    for name, value in environment.items():
        monkeypatch.setenv(name, value)
    monkeypatch.setattr(sys.stdout, "isatty", lambda: is_terminal)
    assert ("\x1b[" in run("eval", "healthy")[1]) is is_coloured


# Validate


# Whole processes


def start(
    *arguments: str, code: str = "from trainrules.cli import main; main()", **options: Any
) -> subprocess.CompletedProcess[str]:
    environment = {**os.environ, **options.pop("env", {})}
    return subprocess.run(
        [sys.executable, "-c", code, *arguments], capture_output=True, text=True, timeout=60, env=environment, **options
    )


@pytest.mark.parametrize("arguments", [("--help",), ("eval", "--help"), ("validate", "--help"), ("--version",), ()])
def test_help_and_version_import_nothing_heavy(arguments: tuple[str, ...]) -> None:
    code = """
import sys
from trainrules.cli import main
try:
    main()
finally:
    print(*sorted({"duckdb", "jsonschema", "yaml", "simpleeval"} & set(sys.modules)), file=sys.stderr)
"""
    done = start(*arguments, code=code)
    assert (done.returncode, done.stderr.strip()) == (0, "")
    assert done.stdout.startswith("trainrules " if arguments == ("--version",) else "Usage: rules ")


def test_help_names_every_option_and_the_exit_codes() -> None:
    shown = start("eval", "--help", env={"COLUMNS": "100"}).stdout
    for option in cli.evaluate_logs.params:
        assert max(option.opts, key=len) in shown or option.name == "logs"
    assert (
        """\
  Exit codes:
    0  nothing found at or above --fail-on
    1  a finding at or above --fail-on holds
    2  the command, a pack or a setting is wrong
    3  the run could not be judged: the log is unreadable, empty or
       interleaved, or has none of the metrics that the pack needs
  With several logs: 2 or 1 where that is so of any, else 3 where none could
  be judged or a LOG names nothing, else 0; with --strict, 3 before 1 where
  any could not be judged.
"""
        in shown
    )


FAKE = """
import sys
from types import SimpleNamespace
from trainrules.engine.report import LogFacts, Report, Step
log = LogFacts("run.jsonl", "jsonl", "step", 3, 0, 0, 0, 1, 3, False, notes=("\u2192 x",))
report = Report("kto", "1", None, "", log, "healthy", (Step("continue", "info", (), "Go \u2192 on."),), (), (), (), ())
sys.modules["trainrules.engine.evaluate"] = SimpleNamespace(evaluate=lambda log, **options: report)
from trainrules.cli import main
main()
"""


@pytest.mark.parametrize(
    ("encoding", "text"), [("utf-8", "Go → on."), ("ascii", "Go -> on."), ("latin-1", "Go -> on.")]
)
def test_an_output_without_unicode(encoding: str, text: str) -> None:
    done = start("eval", "run.jsonl", code=FAKE, env={"PYTHONIOENCODING": encoding}, encoding=encoding)
    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout.splitlines()[1] == text


@pytest.mark.skipif(os.name == "nt", reason="pipes close differently")
def test_a_reader_that_has_gone_away_changes_nothing() -> None:
    reading, writing = os.pipe()
    os.close(reading)
    with os.fdopen(writing, "w") as out:
        done = subprocess.run(
            [sys.executable, "-c", FAKE, "eval", *["run.jsonl"] * 3],
            stdout=out,
            stderr=subprocess.PIPE,
            text=True,
            timeout=60,
        )
    assert (done.returncode, done.stderr) == (0, "")
