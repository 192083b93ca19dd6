"""What a wheel and a source archive hold: nothing stray, nothing missing."""

from __future__ import annotations

import shutil
import subprocess
import sys
import tarfile
import zipfile
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from trainrules.engine.shipped import shipped_files

pytestmark = pytest.mark.slow

BUILD = """
import sys
from setuptools import build_meta
into = sys.argv[1]  # each build replaces sys.argv
build_meta.build_wheel(into)
build_meta.build_sdist(into)
"""
LEFT_BEHIND = shutil.ignore_patterns(
    ".git", "build", "dist", "*.egg-info", "__pycache__", ".*_cache", ".hypothesis", ".venv", "venv"
)


@dataclass(frozen=True, slots=True)
class Built:
    """A clean copy of the tree, and what was built from it."""

    tree: Path
    wheel: zipfile.ZipFile
    sdist: tarfile.TarFile


def build(tree: Path, into: Path) -> None:
    done = subprocess.run(
        [sys.executable, "-c", BUILD, str(into)], cwd=tree, capture_output=True, text=True, timeout=300
    )
    assert done.returncode == 0, done.stderr[-3000:]


@pytest.fixture(scope="module")
def built(tmp_path_factory: pytest.TempPathFactory, root: Path) -> Iterator[Built]:
    """The wheel and the source archive, built from a clean copy of the tree in a folder with a hyphen in its name."""
    pytest.importorskip("setuptools", minversion="77", reason="older ones cannot build this package")
    place = tmp_path_factory.mktemp("packaging")
    tree, into = place / "trainrules-copy", place / "dist"
    shutil.copytree(root, tree, ignore=LEFT_BEHIND)
    into.mkdir()
    build(tree, into)
    (wheel,) = into.glob("*.whl")
    (sdist,) = into.glob("*.tar.gz")
    with zipfile.ZipFile(wheel) as opened_wheel, tarfile.open(sdist) as opened_sdist:
        yield Built(tree, opened_wheel, opened_sdist)


def files_of(wheel: zipfile.ZipFile) -> list[str]:
    """The names in a wheel, the version left out."""
    names = (name for name in wheel.namelist() if not name.endswith("/"))
    return sorted("trainrules.dist-info/" + name.partition("/")[2] if ".dist-info/" in name else name for name in names)


def test_the_wheel_holds_exactly_the_golden_list(built: Built, golden: Callable[[str, str], None]) -> None:
    golden("wheel.txt", "\n".join(files_of(built.wheel)) + "\n")


def test_the_wheel_installs_one_package_and_two_commands(built: Built) -> None:
    names = built.wheel.namelist()
    assert {name.partition("/")[0].partition("-")[0] for name in names} == {"trainrules"}
    (entry_points,) = (name for name in names if name.endswith("entry_points.txt"))
    assert built.wheel.read(entry_points).decode().split() == [
        "[console_scripts]",
        *("rules", "=", "trainrules.cli:run"),
        *("trainrules", "=", "trainrules.cli:run"),
    ]


def test_every_module_and_data_file_of_the_tree_ships(built: Built) -> None:
    """A room that is missing from the list of packages would be missing from the wheel without a word."""
    patterns = ("*.py", "commands/*.py", "engine/**/*.py", "rules/*.yaml", "schemas/*.json", "py.typed")
    tree = {path.relative_to(built.tree).as_posix() for pattern in patterns for path in built.tree.glob(pattern)}
    shipped = {name.removeprefix("trainrules/") for name in built.wheel.namelist() if name.startswith("trainrules/")}
    made = {f"rules/loaded/{name}.pickle" for name in [*shipped_files(), "heads"]}
    assert shipped == tree - {"setup.py"} | made


def test_an_installed_wheel_judges_a_run_without_reading_yaml(built: Built, root: Path, tmp_path: Path) -> None:
    built.wheel.extractall(tmp_path)
    judge = "print(trainrules.evaluate(sys.argv[1]).pack, trainrules.__file__, 'yaml' in sys.modules)"
    log = root / "examples" / "kto_healthy" / "training_metrics.jsonl"
    done = subprocess.run(
        [sys.executable, "-c", f"import sys, trainrules; {judge}", str(log)],
        cwd=tmp_path,
        env={"PYTHONPATH": str(tmp_path)},
        capture_output=True,
        text=True,
        check=True,
    )
    assert done.stdout.split() == ["kto", str(tmp_path / "trainrules" / "__init__.py"), "False"]


def test_only_the_command_stands_at_the_top(built: Built) -> None:
    top = {name for name in built.wheel.namelist() if name.startswith("trainrules/") and name.count("/") == 1}
    assert top == {f"trainrules/{name}" for name in ("__init__.py", "__main__.py", "cli.py", "py.typed")}


def test_the_source_archive_holds_what_its_tests_need(built: Built) -> None:
    members = [member.name.partition("/")[2] for member in built.sdist.getmembers() if member.isfile()]
    wanted = {"README.md", "LICENSE", "CHANGELOG.md", "pyproject.toml", "setup.py", ".pre-commit-hooks.yaml", ".ci/run"}
    for folder in ("benchmarks", "docs", "engine", "examples", "rules", "schemas", "tests"):
        files = (path for path in (built.tree / folder).rglob("*") if path.is_file())
        wanted |= {path.relative_to(built.tree).as_posix() for path in files}
    assert wanted - set(members) == set()


def test_a_wheel_built_from_the_source_archive_is_the_same(built: Built, tmp_path: Path) -> None:
    built.sdist.extractall(tmp_path, filter="data")
    (tree,) = tmp_path.iterdir()
    into = tmp_path / "dist"
    into.mkdir()
    build(tree, into)
    (again,) = into.glob("*.whl")
    with zipfile.ZipFile(again) as wheel:
        assert files_of(wheel) == files_of(built.wheel)
