"""What docs/editors.md says of editors: its commands run, its settings name schemas that they write."""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from trainrules.engine.kinds import kind_of
from trainrules.engine.schema import SCHEMAS

ROOT = Path(__file__).resolve().parents[1]
PAGE = (ROOT / "docs" / "editors.md").read_text(encoding="utf-8")
BLOCKS = re.findall(r"^```(\w+)\n(.*?)^```$", PAGE, re.MULTILINE | re.DOTALL)
WRITTEN = {"pack.schema.json", "test.schema.json", "overrides.schema.json"}


def blocks(kind: str) -> list[str]:
    return [body for each, body in BLOCKS if each == kind]


def test_the_commands_run(tmp_path: Path) -> None:
    """In one folder, one after the other, as someone would who has activated the environment."""
    shutil.copy(ROOT / "examples" / "my_pack.yaml", tmp_path)
    modules = {"rules": "trainrules", "check-jsonschema": "check_jsonschema"}
    for line in "".join(blocks("sh")).splitlines():
        name, _, rest = line.partition(" ")
        words, _, target = rest.partition(" > ")
        done = subprocess.run(
            [sys.executable, "-m", modules[name], *words.split()],
            cwd=tmp_path,
            env=dict(os.environ),
            capture_output=True,
            encoding="utf-8",
            timeout=120,
        )
        assert (done.returncode, done.stderr) == (0, ""), line + done.stdout
        if target:
            (tmp_path / target).write_text(done.stdout, encoding="utf-8")
    for name in WRITTEN:
        assert (tmp_path / name).read_text(encoding="utf-8") == (SCHEMAS / name).read_text(encoding="utf-8")


def test_the_settings_name_schemas_that_are_written() -> None:
    (settings,) = (json.loads(body)["yaml.schemas"] for body in blocks("json"))
    assert {name.removeprefix("./") for name in settings} == WRITTEN
    (lua,) = blocks("lua")
    named = dict(re.findall(r'\["\./([\w.]+)"\] = "([^"]+)"', lua))
    assert named.keys() <= WRITTEN
    assert all(settings[f"./{name}"] == pattern for name, pattern in named.items())
    assert lua.count("{") == lua.count("}")


@pytest.mark.parametrize("line", [body.strip() for body in blocks("yaml")])
def test_a_comment_names_a_schema_and_breaks_no_pack(tmp_path: Path, line: str) -> None:
    assert re.search(r"\$schema[=:] ?([\w.]+)$", line)[1] in WRITTEN  # type: ignore[index]
    text = (ROOT / "examples" / "my_pack.yaml").read_text(encoding="utf-8")
    (tmp_path / "my_pack.yaml").write_text(f"{line}\n{text}", encoding="utf-8")
    assert kind_of(str(tmp_path / "my_pack.yaml")) == "pack"
