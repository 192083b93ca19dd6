"""Every block of the README, of docs/ and of the examples is run or loaded.

TRAINRULES_REWRITE=1 writes into them what the tool really printed. A block of `console` holds commands after `$ ` and
what they print; one of `python` is run and, where a block of `text` follows, printed exactly that; one of `sh` holds
the commands that a newcomer pastes; one of `yaml` is loaded. The comment `<!-- file: NAME -->` before a block makes it
a file that the commands of its page find, `<!-- overrides of PACK -->` settings for a pack; other blocks of `yaml` are
parts of a pack.
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
import yaml

from trainrules.engine.load import load_pack
from trainrules.engine.params import resolve

ROOT = Path(__file__).resolve().parents[1]
README = ROOT / "README.md"
EXAMPLES = ROOT / "examples" / "README.md"
PAGES = (
    README,
    *(
        ROOT / "docs" / f"{name}.md"
        for name in ("language", "looking", "many", "overrides", "reports", "starting", "testing")
    ),
    EXAMPLES,
)
REWRITE = os.environ.get("TRAINRULES_REWRITE") == "1"
FENCE = re.compile(r"(?:^<!-- (?P<mark>[^\n]*?) -->\n)?^```(?P<kind>\w*)\n(?P<body>.*?)^```$", re.MULTILINE | re.DOTALL)
HEAD = "schema: 1\npack: part\nversion: 0.0.0\ntitle: A part of a pack\n"


@dataclass(frozen=True, slots=True)
class Block:
    """A fenced block: its page, what it is written in, the comment before it, its text, its place, its first line."""

    page: Path
    kind: str
    mark: str
    body: str
    index: int
    line: int

    @property
    def file(self) -> str:
        """The name of the file that the block is, or an empty text."""
        return self.mark.removeprefix("file: ") if self.mark.startswith("file: ") else ""


def read_blocks(page: Path) -> list[Block]:
    text = page.read_text(encoding="utf-8")
    return [
        Block(
            page, found["kind"], found["mark"] or "", found["body"], index, text.count("\n", 0, found.start("kind")) + 1
        )
        for index, found in enumerate(FENCE.finditer(text))
    ]


BLOCKS = {page: read_blocks(page) for page in PAGES}


def blocks(kind: str) -> list[object]:
    """Tests of the blocks of a kind; those that only say that many commands run are slow."""
    return [
        pytest.param(
            block,
            id=f"{page.relative_to(ROOT)} line {block.line}",
            marks=[pytest.mark.slow] if kind == "sh" and block.body.count("rules ") > 3 else [],
        )
        for page, found in BLOCKS.items()
        for block in found
        if block.kind == kind
    ]


def furnished(place: Path, page: Path) -> Path:
    """The folder in which the commands of a page are run: with the examples, and the files that the page shows."""
    shutil.copytree(EXAMPLES.parent, place / "examples")
    for block in BLOCKS[page]:
        if block.file:
            (place / block.file).write_text(block.body, encoding="utf-8")
    return place / "examples" if page == EXAMPLES else place


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
        text = block.page.read_text(encoding="utf-8")
        start, end = list(FENCE.finditer(text))[block.index].span("body")
        block.page.write_text(text[:start] + printed + text[end:], encoding="utf-8")
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
            assert "internal error" not in printed, printed
        yield printed


@pytest.mark.parametrize("block", blocks("console"))
def test_a_session_prints_what_is_shown(block: Block, tmp_path: Path) -> None:
    place = furnished(tmp_path, block.page)
    commands = (line.removeprefix("$ ") for line in block.body.splitlines() if line.startswith("$ "))
    hold(block, "".join(replay(commands, place)))


@pytest.mark.parametrize("block", blocks("python"))
def test_a_program_runs_and_prints_what_is_shown(block: Block, tmp_path: Path) -> None:
    printed, code = run([sys.executable, "-c", block.body], furnished(tmp_path, block.page))
    assert code == 0, printed
    follower = next((each for each in BLOCKS[block.page] if each.index == block.index + 1), None)
    if follower and follower.kind == "text":
        hold(follower, printed)
    else:
        assert printed == ""


@pytest.mark.parametrize("block", blocks("sh"))
def test_a_command_to_paste_is_one_that_is_tested(block: Block, tmp_path: Path) -> None:
    """Installing and the test run itself are for `.ci/run`, which takes them from the README; the rest runs here."""
    place = furnished(tmp_path, block.page)
    for command in (part.strip() for line in block.body.splitlines() for part in line.split("&&")):
        if command.startswith("rules "):
            printed, code = run(rules(command), place)
            assert code in (0, 1), printed
        else:
            assert command in {
                "pip install .",
                "pip install '.[test]'",
                "pip install -e '.[dev]'",
                "python -m pytest -n auto -m 'not slow'",
            }


@pytest.mark.parametrize("block", blocks("yaml"))
def test_what_is_shown_of_a_pack_loads(block: Block, tmp_path: Path) -> None:
    """A file is loaded by the command that follows it; parts and settings are loaded here."""
    path = tmp_path / "part.yaml"
    if block.file:
        used = [each for each in BLOCKS[block.page] if each.kind in ("console", "python") and block.file in each.body]
        assert used, f"nothing on the page uses {block.file}"
    elif block.mark == "configuration of pre-commit":
        known = {hook["id"] for hook in yaml.safe_load((ROOT / ".pre-commit-hooks.yaml").read_text(encoding="utf-8"))}
        assert {hook["id"] for repo in yaml.safe_load(block.body)["repos"] for hook in repo["hooks"]} == known
    elif block.mark.startswith("overrides of "):
        path.write_text(block.body, encoding="utf-8")
        resolve(load_pack(block.mark.removeprefix("overrides of ")), files=[path], project=tmp_path)
    else:
        path.write_text(HEAD + block.body, encoding="utf-8")
        load_pack(path)


def test_the_two_commands_that_ci_runs_are_marked() -> None:
    marked = {block.mark: block.body.strip() for block in BLOCKS[README] if block.mark.startswith("ci: ")}
    assert set(marked) == {"ci: main, exit 1", "ci: test"}
    assert marked["ci: main, exit 1"].startswith("pip install . && rules eval --pack kto examples/")
    assert marked["ci: test"] == "pip install '.[test]' && python -m pytest -n auto -m 'not slow'"


@pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(ROOT)))
def test_no_block_escapes_the_tests(page: Path) -> None:
    assert page.read_text(encoding="utf-8").count("\n```") == 2 * len(BLOCKS[page])
    assert {block.kind for block in BLOCKS[page] if not block.file} <= {"console", "python", "sh", "text", "yaml"}
    assert {BLOCKS[page][block.index - 1].kind for block in BLOCKS[page] if block.kind == "text"} <= {"python"}
