"""Which logs are meant by files, folders and patterns."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from trainrules.commands.logs import is_pattern, meant

ROW = '{"step": 1, "loss": 0.5}\n'
FILES = (
    "runs/a/log.jsonl",
    "runs/b/log.jsonl",
    "runs/b/logs/more.jsonl",
    "runs/b10/log.jsonl",
    "runs/.hidden/log.jsonl",
    "runs/c[1]/log.jsonl",
    "runs/c1/log.jsonl",
    "star*.jsonl",
    "stars.jsonl",
    "top.jsonl",
)


@pytest.fixture(autouse=True)
def place(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    for name in FILES:
        path = tmp_path / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(ROW)
    (tmp_path / "runs/notes.txt").write_text("nothing")
    (tmp_path / "runs/void").mkdir()
    monkeypatch.chdir(tmp_path)
    return tmp_path


@pytest.mark.parametrize(
    ("arguments", "logs", "absent"),
    [
        ("top.jsonl", "top.jsonl", ""),
        ("top.jsonl ./top.jsonl runs/../top.jsonl", "top.jsonl", ""),
        ("top.jsonl - stars.jsonl", "top.jsonl - stars.jsonl", ""),
        ("runs/a", "runs/a", ""),
        ("top.jsonl gone.jsonl", "top.jsonl gone.jsonl", "gone.jsonl"),
        ("gone*", "gone*", "gone*"),
        ("runs/?/log.jsonl", "runs/a/log.jsonl runs/b/log.jsonl", ""),
        ("runs/[ab]/*.jsonl", "runs/a/log.jsonl runs/b/log.jsonl", ""),
        ("runs/[!a]/*.jsonl", "runs/b/log.jsonl", ""),
        (
            "runs/**/*.jsonl",
            "runs/a/log.jsonl runs/b/log.jsonl runs/b/logs/more.jsonl runs/b10/log.jsonl runs/c1/log.jsonl"
            " runs/c[1]/log.jsonl",
            "",
        ),
        ("runs/b*/**", "runs/b/log.jsonl runs/b/logs/more.jsonl runs/b10/log.jsonl", ""),
        ("**/more.jsonl", "runs/b/logs/more.jsonl", ""),
        # Folders stand for the logs in them; one without a log is passed over beside other things.
        ("runs/*", "runs/a runs/b runs/b10 runs/c1 runs/c[1] runs/notes.txt", ""),
        ("runs/*/", "runs/a runs/b runs/b10 runs/c1 runs/c[1] runs/void", ""),
        ("runs/void*", "runs/void", ""),
        ("runs/a runs/a/log.jsonl", "runs/a/log.jsonl", ""),
        # What exists is itself, and so is the folder that a pattern begins with.
        ("star*.jsonl", "star*.jsonl", ""),
        ("runs/c[1]/log.jsonl", "runs/c[1]/log.jsonl", ""),
        ("runs/c[1]/*.jsonl", "runs/c[1]/log.jsonl", ""),
        ("runs/c[[]1]/*.jsonl", "runs/c[1]/log.jsonl", ""),
        ("runs/.h*/*", "runs/.hidden/log.jsonl", ""),
        ("**.jsonl", "**.jsonl", "**.jsonl"),
        ("top.jsonl *.jsonl", "top.jsonl star*.jsonl stars.jsonl", ""),
    ],
)
def test_what_arguments_stand_for(arguments: str, logs: str, absent: str) -> None:
    assert meant(arguments.split()) == (logs.split(), absent.split())


def test_a_pattern_from_the_root(place: Path) -> None:
    assert meant([f"{place}/r*/?/*.jsonl"]).logs == [f"{place}/runs/a/log.jsonl", f"{place}/runs/b/log.jsonl"]


@pytest.mark.skipif(os.name == "nt", reason="links need rights there")
def test_links_that_lead_round_are_not_followed(place: Path) -> None:
    for name in ("one", "two"):
        (place / "runs" / "a" / name).symlink_to(place / "runs")
    assert meant(["runs/**/log.jsonl"]).logs == [f"runs/{name}/log.jsonl" for name in ("a", "b", "b10", "c1", "c[1]")]


@pytest.mark.skipif(os.name == "nt", reason="links need rights there")
def test_a_link_that_leads_nowhere_is_named_all_the_same(place: Path) -> None:
    (place / "runs" / "lost.jsonl").symlink_to(place / "nothing")
    assert meant(["runs/l*"]) == (["runs/lost.jsonl"], [])
    assert meant(["runs/lost.jsonl"]) == (["runs/lost.jsonl"], ["runs/lost.jsonl"])


@pytest.mark.parametrize(
    ("text", "found"), [("a*", True), ("a[b", True), ("a?", True), ("star*.jsonl", False), ("a", False)]
)
def test_what_a_pattern_is(text: str, found: bool) -> None:
    assert is_pattern(text) is found
