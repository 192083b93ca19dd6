"""Every block of the README is run; TRAINRULES_REWRITE=1 writes what the tool really printed into it.

A block of `console` holds commands after `$ ` and what they print; one of `python` is run and, where a block of `text`
follows, printed exactly that; one of `sh` holds the commands that a newcomer pastes. The comment `<!-- file: NAME -->`
before a block makes it a file that the commands find.
"""

from __future__ import annotations

import os
import re
import shlex
import shutil
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

README = Path(__file__).resolve().parents[1] / "README.md"
REWRITE = os.environ.get("TRAINRULES_REWRITE") == "1"
FENCE = re.compile(r"(?:^<!-- (?P<mark>[^\n]*?) -->\n)?^```(?P<kind>\w*)\n(?P<body>.*?)^```$", re.MULTILINE | re.DOTALL)


@dataclass(frozen=True, slots=True)
class Block:
    """A fenced block: what it is written in, the comment before it, its text, its place among all, its first line."""

    kind: str
    mark: str
    body: str
    index: int
    line: int


def read_blocks() -> list[Block]:
    text = README.read_text(encoding="utf-8")
    return [
        Block(found["kind"], found["mark"] or "", found["body"], index, text.count("\n", 0, found.start("kind")) + 1)
        for index, found in enumerate(FENCE.finditer(text))
    ]


BLOCKS = read_blocks()


def blocks(kind: str) -> list[object]:
    return [pytest.param(block, id=f"line {block.line}") for block in BLOCKS if block.kind == kind]


@pytest.fixture
def place(tmp_path: Path) -> Path:
    """A folder with the examples and the files that the README shows."""
    shutil.copytree(README.parent / "examples", tmp_path / "examples")
    for block in BLOCKS:
        if block.mark.startswith("file: "):
            (tmp_path / block.mark.removeprefix("file: ")).write_text(block.body, encoding="utf-8")
    return tmp_path


def run(arguments: list[str], place: Path) -> tuple[str, int]:
    """What a command prints on a terminal of 80 columns without colour, and its exit code."""
    done = subprocess.run(
        arguments,
        cwd=place,
        env={**os.environ, "COLUMNS": "80", "NO_COLOR": "1", "PYTHONIOENCODING": "utf-8"},
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        encoding="utf-8",
        timeout=120,
    )
    return done.stdout, done.returncode


def rules(command: str) -> list[str]:
    words = shlex.split(command)
    assert words[0] == "rules", f"not a command of this tool: {command}"
    return [sys.executable, "-m", "trainrules", *words[1:]]


def hold(block: Block, printed: str) -> None:
    """The block's text is what was printed; or it becomes that."""
    if REWRITE:
        text = README.read_text(encoding="utf-8")
        start, end = list(FENCE.finditer(text))[block.index].span("body")
        README.write_text(text[:start] + printed + text[end:], encoding="utf-8")
    else:
        assert printed == block.body


def replay(commands: Iterator[str], place: Path) -> Iterator[str]:
    """The transcript of `commands`, line by line; `echo $?` prints the exit code of the command before."""
    code = 0
    for command in commands:
        yield f"$ {command}\n"
        if command == "echo $?":
            printed, code = f"{code}\n", 0
        else:
            printed, code = run(rules(command), place)
            assert code in range(4), printed
        yield printed


@pytest.mark.parametrize("block", blocks("console"))
def test_a_session_prints_what_is_shown(block: Block, place: Path) -> None:
    commands = (line.removeprefix("$ ") for line in block.body.splitlines() if line.startswith("$ "))
    hold(block, "".join(replay(commands, place)))


@pytest.mark.parametrize("block", blocks("python"))
def test_a_program_runs_and_prints_what_is_shown(block: Block, place: Path) -> None:
    printed, code = run([sys.executable, "-c", block.body], place)
    assert code == 0, printed
    follower = BLOCKS[block.index + 1] if block.index + 1 < len(BLOCKS) else None
    if follower and follower.kind == "text":
        hold(follower, printed)
    else:
        assert printed == ""


@pytest.mark.parametrize("block", blocks("sh"))
def test_a_command_to_paste_is_one_that_is_tested(block: Block, place: Path) -> None:
    """Installing and the test run itself are for `.ci/run`, which takes them from the README; the rest runs here."""
    for command in (part.strip() for line in block.body.splitlines() for part in line.split("&&")):
        if command.startswith("rules "):
            printed, code = run(rules(command), place)
            assert code in (0, 1), printed
        else:
            assert command in {"pip install .", "pip install '.[test]'", "pip install -e '.[dev]'", "python -m pytest"}


def test_the_two_commands_that_ci_runs_are_marked() -> None:
    marked = {block.mark: block.body.strip() for block in BLOCKS if block.mark.startswith("ci: ")}
    assert set(marked) == {"ci: main, exit 1", "ci: test"}
    assert marked["ci: main, exit 1"].startswith("pip install . && rules eval --pack kto examples/")
    assert marked["ci: test"] == "pip install '.[test]' && python -m pytest"


def test_no_block_escapes_the_tests() -> None:
    kinds = {"console", "python", "sh", "text"}
    assert [block for block in BLOCKS if block.kind not in kinds and not block.mark.startswith("file: ")] == []
    followers = [BLOCKS[block.index - 1].kind for block in BLOCKS if block.kind == "text"]
    assert set(followers) <= {"python"}


def test_links_into_the_tree_lead_somewhere() -> None:
    text = README.read_text(encoding="utf-8")
    targets = re.findall(r"\]\((?!https?://|#)([^)#]+)", text)
    assert [target for target in targets if not (README.parent / target).exists()] == []


def test_every_command_and_option_is_documented() -> None:
    from trainrules.cli import rules as group

    text = README.read_text(encoding="utf-8")
    names = [f"rules {name}" for name in group.commands]
    for command in [group, *group.commands.values()]:
        names += [option for param in command.params for option in param.opts if option.startswith("--")]
    assert [name for name in names if f"`{name}" not in text] == []
