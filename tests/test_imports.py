"""What starting costs: nothing is imported that the command does not need."""

from __future__ import annotations

import ast
import subprocess
import sys
from pathlib import Path

import pytest

ENGINE = Path(__file__).resolve().parent.parent / "engine"
PROBE = """
import sys
{code}
print(*sorted({{name.partition(".")[0] for name in sys.modules}}), sep="\\n", file=sys.stderr)
"""


def imported_by(code: str) -> set[str]:
    """The top-level modules that a fresh interpreter holds after `code`."""
    done = subprocess.run(
        [sys.executable, "-c", PROBE.format(code=code)], capture_output=True, text=True, timeout=60, check=True
    )
    return set(done.stderr.split())


def command(*arguments: str) -> str:
    return f"""
from trainrules.cli import main
try:
    main({list(arguments)!r})
except SystemExit as exit:
    assert not exit.code, exit.code
"""


@pytest.mark.parametrize(
    ("code", "absent"),
    [
        ("import trainrules", {"click", "duckdb", "jsonschema", "simpleeval", "yaml"}),
        ("from trainrules import TrainrulesError", {"click", "duckdb", "jsonschema", "simpleeval", "yaml"}),
        ("from trainrules import Report", {"click", "duckdb", "jsonschema", "yaml"}),
        (command("--help"), {"duckdb", "jsonschema", "simpleeval", "yaml"}),
        (command("eval", "--help"), {"duckdb", "jsonschema", "simpleeval"}),
        (command("--version"), {"duckdb", "jsonschema", "simpleeval"}),
    ],
    ids=["package", "errors", "report", "help", "eval help", "version"],
)
def test_heavy_modules_are_not_imported(code: str, absent: set[str]) -> None:
    assert imported_by(code) & absent == set()


def test_the_package_alone_imports_nothing_of_its_own() -> None:
    done = subprocess.run(
        [
            sys.executable,
            "-c",
            "import sys, trainrules; print([m for m in sys.modules if m.startswith('trainrules.')])",
        ],
        capture_output=True,
        text=True,
        timeout=60,
        check=True,
    )
    assert done.stdout.strip() == "[]"


def test_every_public_name_exists_and_no_other() -> None:
    import trainrules

    for name in trainrules.__all__:
        assert getattr(trainrules, name) is not None
        assert name in dir(trainrules)
    with pytest.raises(AttributeError, match="module 'trainrules' has no attribute 'evalute'"):
        _ = trainrules.evalute


def test_the_tree_is_imported_once(root: Path) -> None:
    """Pytest must not take the repository root for a package beside `trainrules`: `tests` has no `__init__.py`."""
    import trainrules.engine.errors

    def named(*files: Path) -> set[str]:
        paths = {str(file) for file in files}
        return {name for name, module in sys.modules.items() if getattr(module, "__file__", None) in paths}

    package = Path(str(trainrules.__file__))
    assert named(package, root / "__init__.py") == {"trainrules"}
    assert named(package.parent / "engine" / "errors.py", root / "engine" / "errors.py") == {"trainrules.engine.errors"}


BEHIND = (
    "best",
    "detect",
    "evaluate",
    "evaluation",
    "findings",
    "load",
    "opened",
    "params",
    "plan",
    "render",
    "shelf",
    "shipped",
    "tracing",
)


@pytest.mark.parametrize("path", sorted(ENGINE.joinpath("readers").rglob("*.py")), ids=lambda path: path.name)
def test_readers_know_nothing_of_what_stands_behind_them(path: Path) -> None:
    """Readers get what they need of packs handed over; imports within functions count too."""
    dots = len(path.relative_to(ENGINE).parts)
    found = [
        (node.module or "").partition(".")[0]
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8")))
        if isinstance(node, ast.ImportFrom) and node.level == dots
    ]
    assert sorted({*found} & {*BEHIND}) == []
