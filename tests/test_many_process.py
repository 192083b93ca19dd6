"""Many runs as a process: Ctrl-C, a bar on a terminal, a reader that goes away, processes that die."""

from __future__ import annotations

import csv
import io
import json
import os
import re
import select
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any

import pytest
from junitparser import JUnitXml

from trainrules import cli
from trainrules.commands import many
from trainrules.commands.interrupt import Interrupts
from trainrules.engine.errors import LogError
from trainrules.engine.many import evaluate_many, pool
from trainrules.engine.many.model import Asked, Judged
from trainrules.engine.many.pool import pooled
from trainrules.engine.many.spreading import in_order

ROOT = Path(__file__).resolve().parents[1]
AMOUNT = 24
pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(os.name == "nt", reason="signals and terminals are others there"),
]


@pytest.fixture(autouse=True)
def ctrl_c_counts() -> Iterator[None]:
    """Shells have Ctrl-C ignored by what they start in the background, and so by what that starts."""
    before = signal.signal(signal.SIGINT, signal.default_int_handler)
    yield
    signal.signal(signal.SIGINT, before)


@pytest.fixture(scope="module")
def place(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with many short runs, and a pack that is quick to load."""
    place = tmp_path_factory.mktemp("runs")
    (place / "p.yaml").write_text(
        "schema: 1\npack: p\nversion: 1.0.0\ntitle: P\nclock: {step: [step]}\n"
        "metrics: {loss: {keys: [loss], required: true}}\n"
        "rules: {high: {title: Loss is high, cause: diverging, severity: critical, when: loss > 3, actions: [stop]}}\n"
        "actions: {stop: {rank: 100, title: Stop, conflicts: []}}\n"
    )
    for run in range(AMOUNT):
        rows = [{"step": step, "loss": 9 if run % 5 == 4 else 1 / step} for step in range(1, 9)]
        (place / f"{run:02}.jsonl").write_text("".join(json.dumps(row) + "\n" for row in rows))
    return place


def command(*arguments: str) -> list[str]:
    return [sys.executable, "-m", "trainrules", "eval", "--pack", "p.yaml", *arguments]


def start(place: Path, *arguments: str, **options: Any) -> subprocess.Popen[str]:
    options = {"stdout": subprocess.PIPE, "stderr": subprocess.PIPE, **options}
    return subprocess.Popen(command(*arguments), cwd=place, text=True, **options)


@pytest.mark.parametrize("form", ["jsonl", "json"])
def test_ctrl_c_leaves_whole_what_is_done(place: Path, form: str) -> None:
    """Pressed at a terminal it reaches the whole group of the command, once its first result is there."""
    # With a time limit runs are judged one by one, so that there is something left to interrupt.
    process = start(place, "--timeout", "600", "--format", form, "*.jsonl", process_group=0)
    assert process.stdout is not None
    assert process.stderr is not None
    with process:
        first = process.stdout.readline()
        os.killpg(process.pid, signal.SIGINT)
        rest, err = process.stdout.read(), process.stderr.read()
    whole = json.loads(first + rest) if form == "json" else [json.loads(line) for line in (first + rest).splitlines()]
    found = re.fullmatch(rf"interrupted: (\d+) of {AMOUNT} runs were judged\n", err)
    assert found, err
    assert process.returncode == 130
    assert 0 < len(whole) == int(found[1]) < AMOUNT
    names = [each["log"]["path"] for each in whole]
    assert names == sorted(names)


def judged(log: str) -> Judged:
    return Judged(log, error=LogError("the log is empty", path=log))


@pytest.fixture
def interrupted(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Callable[..., tuple[str, str]]:
    """Runs the command over six logs; Ctrl-C comes after some of them, which are done in this order."""

    def run(form: str, done: Sequence[int]) -> tuple[str, str]:
        def results(logs: Sequence[str], asked: Asked, each: Callable[[Judged], Any]) -> Iterator[tuple[int, Any]]:
            for place in done:
                yield place, each(judged(logs[place]))
            os.kill(os.getpid(), signal.SIGINT)
            raise AssertionError("not interrupted")

        monkeypatch.setattr(many, "spread", results)
        with pytest.raises(SystemExit) as left:
            cli.main(["eval", "--format", form, *"abcdef"])
        assert left.value.code == 130
        assert signal.getsignal(signal.SIGINT) is signal.default_int_handler
        printed = capsys.readouterr()
        return printed.out, printed.err

    return run


NAMES: dict[str, Callable[[str], list[str]]] = {
    "table": lambda out: re.findall(r"^UNKNOWN    (\w)", out, re.M),
    "csv": lambda out: [row["log"] for row in csv.DictReader(io.StringIO(out))],
    "junit": lambda out: [case.name for case in next(iter(JUnitXml.fromstring(out.encode())))],
    "markdown": lambda out: re.findall(r"`(\w)`", out),
    "github": lambda out: re.findall(r"file=(\w)", out),
    "json": lambda out: [each["log"]["path"] for each in json.loads(out)],
    "jsonl": lambda out: [json.loads(line)["log"]["path"] for line in out.splitlines()],
}


@pytest.mark.parametrize("form", NAMES)
@pytest.mark.parametrize("done", [[], [0, 1], [1, 0, 4, 3]], ids=str)
def test_every_form_is_complete_when_interrupted(
    interrupted: Callable[..., tuple[str, str]], form: str, done: list[int]
) -> None:
    """What was done out of turn counts as well, in the order of the logs."""
    out, err = interrupted(form, done)
    assert NAMES[form](out) == ["abcdef"[place] for place in sorted(done)]
    assert err.splitlines()[-1] == f"interrupted: {len(done)} of 6 runs were judged"


def test_an_interrupt_waits_for_what_is_held() -> None:
    done = []

    def held(interrupts: Interrupts, what: str) -> None:
        with interrupts.held():
            signal.raise_signal(signal.SIGINT)
            done.append(what)

    with Interrupts() as interrupts:
        with pytest.raises(KeyboardInterrupt):
            held(interrupts, "whole")
        assert interrupts.came
        with pytest.raises(KeyboardInterrupt):
            held(interrupts, "a second one does not wait")
    assert done == ["whole"]
    assert signal.getsignal(signal.SIGINT) is signal.default_int_handler


def test_who_ignores_interrupts_goes_on_doing_so() -> None:
    before = signal.signal(signal.SIGINT, signal.SIG_IGN)
    try:
        with Interrupts() as interrupts:
            signal.raise_signal(signal.SIGINT)
        assert not interrupts.came
        assert signal.getsignal(signal.SIGINT) is signal.SIG_IGN
    finally:
        signal.signal(signal.SIGINT, before)


def on_terminal(place: Path, *arguments: str, **environment: str) -> tuple[str, str]:
    """What a command prints to a pipe, and to a terminal for its standard error."""
    import pty

    terminal, end = pty.openpty()
    told = b""
    with start(place, *arguments, stderr=end, env={**os.environ, "TERM": "xterm", **environment}) as process:
        os.close(end)
        assert process.stdout is not None
        out = ""
        while True:
            ready, _, _ = select.select([terminal], [], [], 30)
            try:
                part = os.read(terminal, 65536) if ready else b""
            except OSError:  # how Linux says that the other end is closed
                part = b""
            if not part:
                break
            told += part
        out = process.stdout.read()
    os.close(terminal)
    return out, told.decode()


def test_a_bar_on_a_terminal_is_gone_at_the_end(place: Path) -> None:
    out, told = on_terminal(place, "*.jsonl")
    assert out.splitlines()[-1] == f"{AMOUNT} runs: {AMOUNT // 5} act, {AMOUNT - AMOUNT // 5} healthy."
    assert told.startswith("\r\x1b[?25ljudging ")
    assert f"{AMOUNT}/{AMOUNT}" in told
    assert told.endswith("\x1b[?25h\r\n\x1b[1A\x1b[2K")
    assert told.count("\n") == 1


@pytest.mark.parametrize(
    ("arguments", "environment"), [(["0[0-2].jsonl"], {"TERM": "dumb"}), (["00.jsonl"], {})], ids=["dumb", "one log"]
)
def test_no_bar(place: Path, arguments: list[str], environment: dict[str, str]) -> None:
    assert on_terminal(place, *arguments, **environment)[1] == ""


def test_a_reader_that_goes_away_is_no_error(place: Path) -> None:
    process = start(place, "--format", "jsonl", "*.jsonl")
    assert process.stdout is not None
    assert process.stderr is not None
    assert json.loads(process.stdout.readline())["log"]["path"] == "00.jsonl"
    process.stdout.close()
    assert process.stderr.read() == ""
    assert process.wait(30) in (0, 1)


# Processes that judge runs

DEADLY = """
import os, sys
def each(judged):
    if "die" in judged.log and "no such file" in str(judged.error):
        os._exit(7)
    if "bad" in judged.log:
        raise ValueError("bad")
    return judged.log, str(judged.error)
def never(judged):
    if "pytest" not in sys.modules:
        os._exit(7)
"""


@pytest.fixture
def deadly(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Any:
    (tmp_path / "deadly_runs.py").write_text(DEADLY)
    monkeypatch.syspath_prepend(tmp_path)
    monkeypatch.delitem(sys.modules, "deadly_runs", raising=False)
    import deadly_runs

    return deadly_runs


@pytest.mark.parametrize(("parcel", "first"), [(4, 0), (4, 1), (2, 3), (1, 9)])
def test_a_process_that_dies_takes_only_its_run_with_it(deadly: Any, parcel: int, first: int) -> None:
    logs = ["a", "b", "die1", "c", "d", "e", "die2"]
    found = dict(pooled(logs, Asked("kto"), deadly.each, workers=2, parcel=parcel, first=first))
    assert [found[place][0] for place in range(len(logs))] == logs
    dead = [log for place, log in enumerate(logs) if "the process that judged it ended with code 7" in found[place][1]]
    assert dead == ["die1", "die2"]
    assert {error for log, error in found.values() if log not in dead} == {
        f"{log}: there is no such file; check the path to the log" for log in logs if log not in dead
    }


def test_processes_that_cannot_even_start_are_an_error(deadly: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(pool, "MOST_DEATHS", 2)
    with pytest.raises(RuntimeError, match="that judge runs end at once, with 7"):
        list(pooled(["a"] * 9, Asked("kto"), deadly.never, workers=1, parcel=1))


def children() -> int:
    """How many processes this one has started that are still there."""
    listed = subprocess.run(["ps", "-o", "ppid=,args="], capture_output=True, text=True, check=True).stdout
    return sum(line.split()[0] == str(os.getpid()) and ".worker" in line for line in listed.splitlines())


def test_ending_early_ends_the_processes(place: Path) -> None:
    logs = [str(path) for path in sorted(place.glob("*.jsonl"))]
    found = evaluate_many(logs, pack=place / "p.yaml", workers=2)
    assert next(found).log == logs[0]
    found.close()  # type: ignore[attr-defined]
    assert children() == 0


def test_processes_and_none_give_the_same(place: Path) -> None:
    logs = [*(str(path) for path in sorted(place.glob("0*.jsonl"))), "no_such.jsonl"]
    one, two = (list(evaluate_many(logs, pack=place / "p.yaml", workers=workers)) for workers in (1, 2))
    assert [(each.log, each.report, str(each.error)) for each in one] == [
        (each.log, each.report, str(each.error)) for each in two
    ]
    assert [each.report.verdict for each in one if each.report].count("act") == 2


def test_nothing_is_imported_from_the_folder_that_it_runs_in(place: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (place / "pickle.py").write_text("raise SystemExit('taken over')")
    monkeypatch.chdir(place)
    try:
        found = list(evaluate_many(["00.jsonl", "01.jsonl"], pack="p.yaml", workers=2))
    finally:
        (place / "pickle.py").unlink()
    assert [each.error for each in found] == [None, None]


def test_results_are_put_in_order() -> None:
    def found() -> Any:
        yield from [(2, "c"), (0, "a"), (1, "b"), (3, "d")]

    assert list(in_order(found())) == ["a", "b", "c", "d"]


def test_standard_input_is_that_of_this_process(place: Path) -> None:
    text = (place / "04.jsonl").read_text()
    process = start(place, "--format", "jsonl", "-", "*.jsonl", stdin=subprocess.PIPE)
    out, err = process.communicate(text, timeout=60)
    first, *rest = (json.loads(line) for line in out.splitlines())
    assert (err, process.returncode, len(rest)) == ("", 1, AMOUNT)
    assert (first["log"]["path"], first["verdict"]) == ("-", "act")


def test_what_is_sent_is_what_comes(place: Path) -> None:
    """An error keeps its message, its place and its mend on the way from another process."""
    log = str(place / "no_such.jsonl")
    here, there = (next(evaluate_many([log, log], workers=workers)).error for workers in (1, 2))
    assert isinstance(here, LogError)
    assert isinstance(there, LogError)
    assert (there.message, there.hint, there.position, str(there)) == (
        here.message,
        here.hint,
        here.position,
        str(here),
    )
