"""What a shell offers when Tab is pressed, and the schemas that a command prints."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from trainrules import cli
from trainrules.engine.shipped import shipped


def offered(line: str, place: Path) -> list[str]:
    """The words that bash would offer for the last word of a command line, each with its kind."""
    words = line.split(" ")
    done = subprocess.run(
        [sys.executable, "-m", "trainrules"],
        cwd=place,
        env={**os.environ, "_RULES_COMPLETE": "bash_complete", "COMP_WORDS": line, "COMP_CWORD": str(len(words) - 1)},
        capture_output=True,
        text=True,
        timeout=60,
    )
    assert done.stderr == ""
    return done.stdout.split()


@pytest.mark.parametrize(
    ("line", "expected"),
    [
        ("rules sho", ["plain,show"]),
        ("rules show kt", ["plain,kto"]),
        ("rules show mine", ["file,mine"]),
        ("rules eval --pack com", ["plain,common"]),
        ("rules eval --pack kto --variant ", ["plain,sparse"]),
        ("rules eval --pack kto --set margin_f", ["plain,margin_floor="]),
        ("rules eval --pack kto --set kl_far.", ["plain,kl_far.enabled=", "plain,kl_far.severity="]),
        ("rules eval --set margin_f", []),
        ("rules eval --pack nothing --set a", []),
        ("rules eval run", ["file,run"]),
        ("rules explain kto margin_n", ["plain,margin_negative", "plain,margin_not_rising"]),
        ("rules schema re", ["plain,report"]),
    ],
)
def test_a_shell_offers(line: str, expected: list[str], tmp_path: Path) -> None:
    assert offered(line, tmp_path) == expected


def test_all_packs_are_offered(tmp_path: Path) -> None:
    assert offered("rules explain ", tmp_path) == [
        f"plain,{name}" for name in [*sorted(["common", *shipped()]), "auto"]
    ]


@pytest.mark.parametrize("name", ["pack", "test", "overrides", "report", "diff"])
def test_a_schema_is_printed_as_it_ships(name: str, root: Path, capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as left:
        cli.main(["schema", name])
    out, err = capsys.readouterr()
    assert (left.value.code, err) == (0, "")
    assert out == (root / "schemas" / f"{name}.schema.json").read_text(encoding="utf-8")
    assert json.loads(out)["$schema"].startswith("http://json-schema.org/draft-07")


def test_every_schema_that_ships_can_be_printed(root: Path, capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as left:
        cli.main(["schema", "pakc"])
    assert left.value.code == 2
    told = capsys.readouterr().err
    names = [path.name.removesuffix(".schema.json") for path in (root / "schemas").glob("*.schema.json")]
    assert len(names) == 5
    assert all(f"'{name}'" in told for name in names)
