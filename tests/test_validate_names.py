"""Files and packs that are named, and are not there: which is meant."""

from __future__ import annotations

from pathlib import Path

import pytest

from trainrules.engine.filenames import file_meant

BESIDE = ("my_pack.yaml", "my_pack.test.yaml", "night.override.yml", "loss.jsonl", "notes.txt")


@pytest.mark.parametrize(
    ("name", "meant"),
    [
        ("my_pac.yaml", "my_pack.yaml"),
        ("my_pack.yml", "my_pack.yaml"),
        ("my_pack", "my_pack.yaml"),
        ("mypack.yaml", "my_pack.yaml"),
        ("my_pac.test.yaml", "my_pack.test.yaml"),
        ("nigth.override.yaml", "night.override.yml"),
        ("./my_pac.yaml", "./my_pack.yaml"),
        ("sub/../my_pac.yaml", "sub/../my_pack.yaml"),
        ("note.txt", None),
        ("los.yaml", None),
        ("nope.yaml", None),
        ("none/my_pack.yaml", None),
    ],
)
def test_which_file_is_meant(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, name: str, meant: str | None) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "sub").mkdir()
    for each in BESIDE:
        (tmp_path / each).touch()
    assert file_meant(Path(name), name) == ("" if meant is None else f"did you mean {meant!r}?")
