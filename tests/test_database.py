"""DuckDB's extension stands for the package: it has all that is used, and the package is not imported."""

from __future__ import annotations

import ast
import subprocess
import sys
from pathlib import Path

import duckdb
import pytest

from trainrules.engine import database

from .scripts import loaded

ROOT = Path(__file__).resolve().parents[1]
SOURCES = sorted([*(ROOT / "engine").rglob("*.py"), *(ROOT / "commands").rglob("*.py"), ROOT / "cli.py"])
LOG = ROOT / "examples" / "kto_healthy" / "training_metrics.jsonl"


def used() -> list[str]:
    """The names that any module takes from `duckdb`."""
    nodes = (node for path in SOURCES for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))))
    return sorted(
        {
            node.attr
            for node in nodes
            if isinstance(node, ast.Attribute) and isinstance(node.value, ast.Name) and node.value.id == "duckdb"
        }
    )


@pytest.mark.parametrize("name", used())
def test_what_is_used_is_what_the_package_has(name: str) -> None:
    assert getattr(database.duckdb, name) == getattr(duckdb, name)


def test_names_are_found() -> None:
    assert {"connect", "DuckDBPyConnection", "Error", "InterruptException", "__version__"} <= {*used()}


@pytest.mark.parametrize("arguments", [("eval", "--pack", "kto", str(LOG)), ("validate", "kto")], ids=lambda it: it[0])
def test_commands_do_not_import_the_package(arguments: tuple[str, ...]) -> None:
    code = (
        "import sys\nfrom trainrules.cli import main\n"
        f"try: main({list(arguments)!r})\nexcept SystemExit: pass\n"
        "print('_duckdb' in sys.modules, 'duckdb' in sys.modules, file=sys.stderr)"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, timeout=120, check=True)
    assert done.stderr.splitlines()[-1] == "True False"


def test_only_one_module_imports_it() -> None:
    found = [
        path.name
        for path in SOURCES
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8")))
        if isinstance(node, ast.Import) and {"duckdb", "_duckdb"} & {name.name for name in node.names}
    ]
    assert {*found} == {"database.py"}


def test_the_package_will_do_where_there_is_no_extension_of_that_name(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "_duckdb", None)
    assert loaded(ROOT / "engine" / "database.py").duckdb is duckdb
