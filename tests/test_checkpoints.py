# ruff: noqa: E501 - tables of names
"""Finding checkpoints by their names."""

from __future__ import annotations

import math
from pathlib import Path

import pytest

from trainrules.engine import checkpoints
from trainrules.engine.checkpoints import Checkpoint, find_checkpoints, step_pattern_problem
from trainrules.engine.pack import Checkpoints

HF = Checkpoints(("checkpoint-*",), r"checkpoint-(\d+)$")


def make(top: Path, *names: str) -> str:
    """A run below `top` with these files and folders (which end in /), and its log."""
    for name in names:
        place = top / name
        place.parent.mkdir(parents=True, exist_ok=True)
        if name.endswith("/"):
            place.mkdir(exist_ok=True)
        else:
            place.touch()
    (top / "out/logs").mkdir(parents=True, exist_ok=True)
    return str(top / "out/logs/run.jsonl")


def names(found: tuple[Checkpoint, ...] | None) -> list[tuple[str, float]] | None:
    return None if found is None else [(each.name, each.step) for each in found]


@pytest.mark.parametrize(
    ("made", "expected"),
    [
        (["out/logs/checkpoint-50/"], [("checkpoint-50", 50)]),
        (["out/checkpoint-50/"], [("checkpoint-50", 50)]),
        (["out/logs/checkpoints/checkpoint-50/"], [("checkpoint-50", 50)]),
        (["out/checkpoints/checkpoint-50/"], [("checkpoint-50", 50)]),
        (["checkpoint-50/", "out/other/checkpoint-60/", "out/logs/deep/checkpoints/checkpoint-70/"], None),
        (["out/checkpoint-100/", "out/checkpoint-9/"], [("checkpoint-9", 9), ("checkpoint-100", 100)]),
        (["out/checkpoint-100.tmp/", "out/checkpoint-last/", "out/checkpoint-50/"], [("checkpoint-50", 50)]),
        (["out/checkpoint-50"], [("checkpoint-50", 50)]),
        (["out/Checkpoint-50/"], None),
        (["out/checkpoint-" + "1" * 120 + "/"], None),
        ([], None),
    ],
    ids=[
        "beside the log",
        "in its parent",
        "checkpoints beside",
        "checkpoints in the parent",
        "elsewhere",
        "by step",
        "without a step",
        "a file",
        "another case",
        "absurdly long",
        "none",
    ],
)
def test_places_and_names(tmp_path: Path, made: list[str], expected: list[tuple[str, float]] | None) -> None:
    assert names(find_checkpoints(make(tmp_path, *made), HF)) == expected


BEST = Checkpoints(("checkpoint*",), r"checkpoint-(\d+)$", best_glob=("checkpoint_best*", "*best*"))


@pytest.mark.parametrize(
    ("made", "expected"),
    [
        (["out/checkpoint_best.pth"], [("checkpoint_best.pth", math.inf)]),
        (["out/checkpoint-9/", "out/best/", "out/checkpoint_best.pth"], [("checkpoint-9", 9), ("checkpoint_best.pth", math.inf)]),
        (["out/best_b", "out/best_a"], [("best_a", math.inf)]),
        (["out/logs/best", "out/checkpoint_best.pth"], [("best", math.inf)]),
        (["out/checkpoint-9-best/"], [("checkpoint-9-best", math.inf)]),
        (["out/checkpoint.pth"], None),
    ],
    ids=["alone", "the first pattern wins", "then the name", "then the nearer place", "no step at its end", "the last one"],
)  # fmt: skip
def test_what_a_trainer_keeps_as_its_best(
    tmp_path: Path, made: list[str], expected: list[tuple[str, float]] | None
) -> None:
    found = find_checkpoints(make(tmp_path, *made), BEST)
    assert names(found) == expected
    assert [each.is_best for each in found or ()] == [step == math.inf for _, step in expected or ()]


def test_only_the_given_directory_counts(tmp_path: Path) -> None:
    log = make(tmp_path, "out/checkpoint-50/", "else/checkpoint-60/")
    assert names(find_checkpoints(log, HF, str(tmp_path / "else"))) == [("checkpoint-60", 60)]
    assert find_checkpoints(log, HF, str(tmp_path / "missing")) is None


def test_standard_input_has_no_place(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    make(tmp_path, "checkpoint-50/")
    monkeypatch.chdir(tmp_path)
    assert find_checkpoints("-", HF) is None
    assert names(find_checkpoints("-", HF, ".")) == [("checkpoint-50", 50)]


def test_of_two_with_one_step_the_nearer_place_wins(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    make(tmp_path, "out/checkpoint-50/", "out/checkpoints/checkpoint-50/", "out/checkpoints/checkpoint-60/")
    monkeypatch.chdir(tmp_path)
    found = find_checkpoints("out/logs/run.jsonl", HF)
    assert found
    assert [each.path for each in found] == ["out/checkpoint-50", "out/checkpoints/checkpoint-60"]


@pytest.mark.parametrize(
    ("folder", "log", "path"),
    [
        (".", "out/logs/run.jsonl", "out/checkpoint-50"),
        ("out", "logs/run.jsonl", "checkpoint-50"),
        ("out/logs", "run.jsonl", "../checkpoint-50"),
        ("out/logs", "./run.jsonl", "../checkpoint-50"),
    ],
)
def test_the_path_is_the_one_from_where_the_command_is_given(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, folder: str, log: str, path: str
) -> None:
    make(tmp_path, "out/checkpoint-50/")
    monkeypatch.chdir(tmp_path / folder)
    assert find_checkpoints(log, HF) == (Checkpoint("checkpoint-50", 50.0, path),)


def test_no_absolute_path_is_shown(tmp_path: Path) -> None:
    assert find_checkpoints(make(tmp_path, "out/checkpoint-50/"), HF) == (
        Checkpoint("checkpoint-50", 50.0, "checkpoint-50"),
    )


def test_links_are_seen_but_not_those_that_lead_nowhere(tmp_path: Path) -> None:
    log = make(tmp_path, "store/checkpoint-50/", "out/")
    (tmp_path / "out/checkpoint-50").symlink_to(tmp_path / "store/checkpoint-50")
    (tmp_path / "out/checkpoint-60").symlink_to(tmp_path / "gone")
    (tmp_path / "out/checkpoint-70").symlink_to("checkpoint-70")
    assert names(find_checkpoints(log, HF)) == [("checkpoint-50", 50)]


def test_a_huge_folder_is_not_read_to_its_end(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    log = make(tmp_path, *(f"out/checkpoint-{step}/" for step in range(10)))
    monkeypatch.setattr(checkpoints, "MAX_ENTRIES", 4)
    found = find_checkpoints(log, HF)
    assert found
    assert len(found) <= 4


@pytest.mark.parametrize(
    ("globs", "pattern", "name", "step"),
    [
        (("checkpoint*.pth",), r"checkpoint(\d+)\.pth$", "checkpoint0049.pth", 49),
        (("*.safetensors",), r"_(\d+)\.safetensors$", "job_000000500.safetensors", 500),
        (("*.ckpt",), r"epoch=(\d+)-step=\d+", "epoch=3-step=120.ckpt", 3),
        (("epoch-*",), r"epoch-([\d.]+)", "epoch-1.5", 1.5),
        (("a*", "b*"), r"(\d+)", "b7", 7),
        (("x*",), r"x(\w+)", "xinf", None),
        (("x*",), r"x(\w+)", "xnan", None),
        (("x*",), r"x(\w+)", "xy", None),
    ],
)
def test_the_packs_names(tmp_path: Path, globs: tuple[str, ...], pattern: str, name: str, step: float | None) -> None:
    found = find_checkpoints(make(tmp_path, f"out/{name}"), Checkpoints(globs, pattern))
    assert names(found) == (None if step is None else [(name, step)])


@pytest.mark.parametrize(
    ("pattern", "problem"),
    [
        (None, "a pattern for the step is missing"),
        ("x" * 201, "the pattern is longer than 200 characters"),
        ("(", "not a regular expression: missing ), unterminated subpattern at position 0"),
        (r"checkpoint-\d+", "the pattern needs a group around the step, such as '(\\d+)'"),
        (r"(\d+)+$", "a repeated group can take for ever; repeat single characters instead"),
        (r"(?:a*){9}(\d)", "a repeated group can take for ever; repeat single characters instead"),
        (r".*.*.*(\d+)", "the pattern repeats more than three parts"),
        (r"checkpoint-(\d+)$", None),
        (r"[)+*]\)*(\d+)", None),
    ],
)
def test_patterns_that_cannot_be_used(tmp_path: Path, pattern: str | None, problem: str | None) -> None:
    assert step_pattern_problem(pattern) == problem
    if problem:
        log = make(tmp_path, "out/checkpoint-11111111111111111111111111111x/")
        assert find_checkpoints(log, Checkpoints(("checkpoint-*",), pattern)) is None
