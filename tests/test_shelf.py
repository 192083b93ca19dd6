"""The shelf: what a wheel carries loaded is what loading gives, and is left where the files are no longer the same."""

from __future__ import annotations

import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from trainrules.engine import load, shelf
from trainrules.engine.detect import heads_of
from trainrules.engine.fill_shelf import fill
from trainrules.engine.shipped import RULES, pack_files, shipped_files


@pytest.fixture(scope="module")
def filled(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A copy of the shipped packs with a full shelf."""
    folder = tmp_path_factory.mktemp("shelf") / "rules"
    folder.mkdir()
    for path in pack_files(RULES):
        shutil.copy(path, folder)
    written = fill(folder)
    assert [path.name for path in written] == sorted(f"{name}.pickle" for name in [*shipped_files(), "heads"])
    return folder


def nothing() -> None:
    """What is loaded where nothing lies on the shelf."""


@pytest.mark.parametrize("name", shipped_files())
def test_a_pack_from_the_shelf_is_the_pack_that_its_file_gives(filled: Path, name: str) -> None:
    assert shelf.taken(name, filled, nothing) == load.load_pack(name)._replace(tree=None)


def test_the_heads_from_the_shelf_are_those_of_the_files(filled: Path) -> None:
    assert shelf.taken("heads", filled, nothing) == heads_of(RULES)


@pytest.mark.parametrize("name", ["kto", "common"])
def test_nothing_is_taken_once_any_pack_is_another(filled: Path, tmp_path: Path, name: str) -> None:
    folder = Path(shutil.copytree(filled, tmp_path / "rules"))
    assert shelf.taken("kto", folder, nothing) is not None
    with (folder / f"{name}.yaml").open("a") as stream:
        stream.write("# edited\n")
    assert shelf.taken("kto", folder, nothing) is None


@pytest.mark.parametrize("name", ["nosuch", "./kto", "loaded/kto", "kto.yaml", "../rules/loaded/kto", ""])
def test_only_a_bare_name_is_looked_up(filled: Path, name: str) -> None:
    assert shelf.taken(name, filled, nothing) is None


@pytest.mark.parametrize("left", [0, 31, 32])
def test_a_file_that_was_cut_short_is_left(filled: Path, tmp_path: Path, left: int) -> None:
    folder = Path(shutil.copytree(filled, tmp_path / "rules"))
    path = folder / "loaded" / "kto.pickle"
    path.write_bytes(b"\0" * left)
    assert shelf.taken("kto", folder, nothing) is None


def test_a_pack_without_a_shelf_is_loaded() -> None:
    assert shelf.load_pack("kto")._replace(tree=None) == load.load_pack("kto")._replace(tree=None)


def test_the_same_packs_fill_a_shelf_with_the_same_bytes(filled: Path, tmp_path: Path) -> None:
    def fill_anew(name: str) -> bytes:
        folder = Path(shutil.copytree(filled, tmp_path / name))
        code = f"from pathlib import Path; from trainrules.engine.fill_shelf import fill; fill(Path({str(folder)!r}))"
        subprocess.run([sys.executable, "-c", code], env={"PYTHONHASHSEED": "0", **environment()}, check=True)
        return b"".join(path.read_bytes() for path in sorted((folder / "loaded").iterdir()))

    assert fill_anew("one") == fill_anew("two")


def environment() -> dict[str, str]:
    return {"PYTHONPATH": ":".join(path for path in sys.path if path)}
