# ruff: noqa: E501 - tables of whole messages
"""`rules validate` in several processes: they tell what one does. Packs that others extend are loaded once."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from threading import Event, Thread

import pytest

from trainrules.engine import validation
from trainrules.engine.shipped import RULES as RULES_FOLDER
from trainrules.engine.shipped import shipped_files
from trainrules.engine.validation import sharing
from trainrules.engine.validation.check import Checker
from trainrules.engine.validation.files import Found, files_in
from trainrules.engine.validation.pieces import pieces_of

from .validating import GOOD, HEAD, METRICS, OVERRIDES, RULES, TESTS, Run, Write, runner, writer


@pytest.fixture
def write(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Write:
    """Writes files by name into a folder of their own, the current one."""
    monkeypatch.chdir(tmp_path)
    return writer(tmp_path)


@pytest.fixture
def run(capsys: pytest.CaptureFixture[str]) -> Run:
    """Runs `rules validate`; gives the exit code, standard output and standard error."""
    return runner(capsys)


PARENT = HEAD.replace("mine", "base") + METRICS + "windows: {ten: {last: 10 points}}\n" + RULES
CHILDREN = {
    "a": "rules:\n  low: {title: Low, cause: stalled, severity: warning, when: 'mean(loss, ten) < lo'}\n",
    "b": "params: {limit: {default: 2, max: 9}, idle: {default: 1}}\nrules:\n  high: {when: loss > limit}\n",
    "c": "rules:\n  high: {severity: critcal}\n",
    "d": "rules:\n  low: {title: Low, cause: stalled, severity: warning, when: 'mean(loss, ten) < 0'}  # rules: disable=no-action\n",
}
BOTH_WAYS = """
import json, os, sys
from trainrules.engine import validation
from trainrules.engine.validation import check, pieces, sharing

forks, fork, broken, told = [], os.fork, sys.argv[1:], []
def counted():
    if broken == ["refused"] and forks:
        raise BlockingIOError
    forks.append(fork())
    if not forks[-1] and broken == ["dies"]:
        os._exit(1)
    return forks[-1]
os.fork, pieces.MUCH = counted, 0
sharing.os.sched_getaffinity = lambda process: {0, 1, 2}
may = sharing.may_share()
for alone in (False, True):  # in this order: a connection that is being closed is a thread, beside which nothing is forked
    outcome = validation.validate(["."], alone=alone)
    told.append([outcome.files, outcome.problems, outcome.notes, outcome.sources])
assert told[0] == told[1], told
print(may, len(forks), *sorted(each.code for each in outcome.problems))
"""


@pytest.mark.parametrize(("broken", "forks"), [("", 2), ("refused", 1), ("dies", 2)])
def test_several_processes_tell_what_one_does(write: Write, broken: str, forks: int) -> None:
    """Also where some cannot be had, or die: then what they were at is done here."""
    write(
        base_DOT_yaml=PARENT,
        base_DOT_test_DOT_yaml=TESTS,
        b_DOT_test_DOT_yaml=TESTS.replace("high: ok", "hihg: ok"),
        x_DOT_override_DOT_yaml="pack: b\n" + OVERRIDES.replace("3", "30"),
        y_DOT_override_DOT_yaml="pack: base\nparams: {none: 3}\n",
        again_DOT_yaml=HEAD.replace("mine", "d") + "extends: base.yaml\n",
        **{
            f"{name}_DOT_yaml": HEAD.replace("mine", name) + f"extends: base.yaml\n{text}"
            for name, text in CHILDREN.items()
        },
    )
    run = subprocess.run([sys.executable, "-c", BOTH_WAYS, *filter(None, [broken])], capture_output=True, text=True)
    assert (run.stderr, run.returncode) == ("", 0)
    may_fork = sys.platform == "linux"
    assert run.stdout.split() == [
        *(("3", str(forks)) if may_fork else ("1", "0")),
        *("duplicate-pack", "out-of-bounds", "unknown-choice", "unknown-name", "unknown-param", "unknown-rule"),
        *("unused-disable", "unused-param", "unused-window"),
    ]


def test_shipped_packs_can_be_validated_from_anywhere(write: Write) -> None:
    """Their parent is one of them, by whatever path it is given."""
    folder = os.path.relpath(RULES_FOLDER, write())
    run = subprocess.run([sys.executable, "-m", "trainrules", "validate", folder], capture_output=True, text=True)
    amount = len(shipped_files())
    assert (run.stderr, run.stdout) == ("", f"{amount} packs and {amount} files of tests are valid\n")


def test_a_shipped_parent_is_named_by_where_it_is(write: Write, run: Run) -> None:
    """What a pack breaks in a parent that it does not have in its own folders; the line is shown as well."""
    write(
        p_DOT_yaml=HEAD
        + "extends: common\nparams: {still_share: {default: true, type: boolean, min: null, max: null}}\n"
    )
    common = RULES_FOLDER / "common.yaml"
    line = next(n for n, text in enumerate(common.read_text().splitlines(), 1) if "still_share *" in text)
    problems = validation.validate(["p.yaml"]).problems
    assert {each.at.file for each in problems} == {"p.yaml", common.as_posix()}
    assert (common.as_posix(), line) in {each.at[:2] for each in problems}
    shown = run("p.yaml", "--color", "always")[1]
    assert f"{common.as_posix()}:{line}:" in shown
    assert f"{line} | " in shown


def test_a_shipped_parent_below_the_current_folder_is_named_from_there(
    write: Write, monkeypatch: pytest.MonkeyPatch
) -> None:
    write(p_DOT_yaml=HEAD + "extends: common\nparams: {still_share: {default: true, type: boolean, min: null}}\n")
    path = os.path.relpath("p.yaml", RULES_FOLDER.parent)
    monkeypatch.chdir(RULES_FOLDER.parent)
    assert {each.at.file for each in validation.validate([path]).problems} == {path, "rules/common.yaml"}


def test_a_parent_is_called_as_it_was_given(write: Write) -> None:
    folder = os.path.relpath(RULES_FOLDER, write())
    packs = [Found(f"{folder}/{name}.yaml", "pack") for name in ("alpha_lora", "common")]
    checker = Checker(None, prepares=False)
    checker.outcome([each.path for each in packs])
    assert [head.file for _, head in sorted(checker._given.items())] == [each.path for each in packs]
    assert checker._known("common") is checker._known(Path(packs[1].path))


def test_pieces_are_done_once() -> None:
    assert sorted(piece for done in sharing.share(500, list, 3) for piece in done) == list(range(500))


def test_a_process_that_fails_takes_its_pieces_with_it() -> None:
    here = os.getpid()

    def work(pieces: Iterator[int]) -> list[int]:
        if os.getpid() != here:
            raise ValueError(next(pieces))
        return list(pieces)

    (done,) = sharing.share(500, work, 2)
    assert set(done) < set(range(500)) or done == [*range(500)]
    assert len(done) >= 499


def test_a_process_with_threads_is_not_forked() -> None:
    release = Event()
    thread = Thread(target=release.wait)
    thread.start()
    assert sharing.may_share() == 1
    release.set()
    thread.join()


def test_a_pack_goes_with_its_tests(write: Write) -> None:
    write(a_DOT_yaml=GOOD, a_DOT_test_DOT_yaml=TESTS, b_DOT_yaml=GOOD + "#" * 999, o_DOT_override_DOT_yaml=OVERRIDES)
    files, _ = files_in(["."])
    assert [[files[place].path for place in piece] for piece in pieces_of(files)] == [
        ["./b.yaml"],
        ["./a.test.yaml", "./a.yaml"],
    ]
