"""Single faults in shipped packs, tests and overrides: each is reported at its exact place; what is no fault is not.

All go through the command that `.pre-commit-hooks.yaml` runs, most of them in this process.
"""

from __future__ import annotations

import io
import re
import shlex
import shutil
import subprocess
import sys
from contextlib import chdir, redirect_stderr, redirect_stdout
from pathlib import Path

import pytest
import yaml

from trainrules import cli
from trainrules.engine.kinds import kind_of
from trainrules.engine.load import RULES

from .faulty import Edit, Report, edits

HOOKS = yaml.safe_load((Path(__file__).parents[1] / ".pre-commit-hooks.yaml").read_text(encoding="utf-8"))
HOOK = next(hook for hook in HOOKS if hook["id"] == "rules-validate")
ENTRY = [*shlex.split(HOOK["entry"])[1:], *HOOK.get("args", ())]

FAULTS = list(edits("faults", RULES))
GOOD = list(edits("good", RULES))
PLACE = re.compile(r"(?P<file>[^:]+):(?P<line>\d+):(?P<column>\d+): (?:error|warning)\[(?P<code>[a-z0-9-]+)\] ")

MEND = re.compile(r"  (?!'rules explain [a-z-]+' shows how)\S")
"""The second line of what is told: how it is mended."""


def named(edit: Edit) -> str:
    return f"{edit.file}: {edit.what}"


def written(edit: Edit, folder: Path) -> str:
    """The path of the file of an edit, in a folder where a hook would look; the pack of a file of tests beside it."""
    place = folder / "rules"
    place.mkdir()
    if edit.file.endswith(".test.yaml"):
        shutil.copy(RULES / edit.file.replace(".test.", "."), place)
    (place / edit.file).write_text(edit.text, encoding="utf-8")
    return f"rules/{edit.file}"


def hooked(path: str) -> tuple[int, str]:
    """The exit code of the hook for one file, and what it prints."""
    said, code = io.StringIO(), 0
    with redirect_stdout(said), redirect_stderr(io.StringIO()):
        code = cli._guarded(lambda: cli.rules.main([*ENTRY, path], prog_name="rules", standalone_mode=False))
    return code, said.getvalue()


def reported(text: str) -> list[tuple[str, Report]]:
    """The problems of a page, each with its file."""
    found = [PLACE.match(line) for line in text.splitlines()]
    return [(each["file"], Report(int(each["line"]), int(each["column"]), each["code"])) for each in found if each]


def test_there_are_enough() -> None:
    assert len(FAULTS) >= 120
    assert len(GOOD) >= 30
    for table in (FAULTS, GOOD):
        assert len({named(edit) for edit in table}) == len(table)


@pytest.mark.parametrize("file", sorted({edit.file for edit in FAULTS if edit.file.count(".") == 1}))
def test_the_hook_takes_the_file(file: str, tmp_path: Path) -> None:
    path = written(next(edit for edit in GOOD if edit.file == file), tmp_path)
    assert re.search(HOOK["files"], path)
    assert not re.search(HOOK.get("exclude") or "^$", path)
    assert kind_of(str(tmp_path / path))


@pytest.mark.parametrize("edit", FAULTS, ids=named)
def test_a_fault_is_reported_at_its_place(edit: Edit, tmp_path: Path) -> None:
    path = written(edit, tmp_path)
    with chdir(tmp_path):
        code, said = hooked(path)
    assert reported(said) == [(path, report) for report in edit.reports], said
    assert code == 1
    lines = said.splitlines()
    assert [
        line for line, mend in zip(lines, [*lines[1:], ""], strict=True) if PLACE.match(line) and not MEND.match(mend)
    ] == []


@pytest.mark.parametrize("edit", GOOD, ids=named)
def test_what_is_good_is_silent(edit: Edit, tmp_path: Path) -> None:
    path = written(edit, tmp_path)
    with chdir(tmp_path):
        code, said = hooked(path)
    assert (reported(said), code) == ([], 0), said


@pytest.mark.slow
@pytest.mark.parametrize("edit", [*FAULTS[::60], *GOOD[::20]], ids=named)
def test_the_real_command_says_the_same(edit: Edit, tmp_path: Path) -> None:
    path = written(edit, tmp_path)
    run = subprocess.run(
        [sys.executable, "-m", "trainrules", *ENTRY, path], cwd=tmp_path, capture_output=True, text=True, timeout=60
    )
    assert reported(run.stdout) == [(path, report) for report in edit.reports]
    assert run.returncode == (1 if edit.reports else 0)
