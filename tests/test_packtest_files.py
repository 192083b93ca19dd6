"""Which tests `rules test` runs: of files, folders and packs, and of whatever a hook names."""

from __future__ import annotations

from pathlib import Path

import pytest

from trainrules.cli import main
from trainrules.engine.packtest.files import files_of

PACK = "schema: 1\npack: {}\nversion: 1.0.0\ntitle: T\nmetrics: {{loss: {{keys: [loss], required: true}}}}\n"
CHILD = "schema: 1\npack: {}\nversion: 1.0.0\ntitle: T\nextends: {}\n"
TESTS = "schema: 1\ntests: [{name: low, series: {loss: 1x9}, expect: {log: {rows: 9}}}]\n"
FILES = {
    "rules/base.yaml": PACK.format("base"),
    "rules/base.test.yaml": TESTS,
    "rules/child.yaml": CHILD.format("child", "base.yaml"),
    "rules/child.test.yaml": TESTS,
    "rules/grandchild.yaml": CHILD.format("grandchild", "./child.yaml"),
    "rules/grandchild.test.yaml": TESTS,
    "rules/other.yaml": PACK.format("other"),
    "rules/other.test.yaml": TESTS,
    "rules/broken.yaml": "schema: 1\npack: broken\nextends: base.yaml\na: [\n",
    "rules/broken.test.yaml": TESTS,
    "rules/deep/lonely.yaml": PACK.format("lonely"),
    "rules/alerts.yaml": "groups: []\n",
    "runs/night.override.yaml": "params: {a: 1}\n",
}


@pytest.fixture(autouse=True)
def files(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    for name, text in FILES.items():
        Path(name).parent.mkdir(parents=True, exist_ok=True)
        Path(name).write_text(text, encoding="utf-8")


@pytest.mark.parametrize(
    ("paths", "found"),
    [
        ("rules/other.test.yaml", "other"),
        ("rules/other.yaml", "other"),
        ("rules/base.yaml", "base child grandchild"),
        ("rules/child.yaml", "child grandchild"),
        ("rules/grandchild.yaml rules/child.test.yaml rules/grandchild.test.yaml", "grandchild child"),
        ("rules", "base broken child grandchild other"),
        ("rules/broken.yaml", "broken"),
    ],
)
def test_a_pack_stands_for_its_tests_and_those_of_packs_that_extend_it(paths: str, found: str) -> None:
    wanted = [f"rules/{name}.test.yaml" for name in found.split()]
    for skip_others in (False, True):
        assert files_of(paths.split(), skip_others=skip_others) == (wanted, [])


@pytest.mark.parametrize("path", ["rules/deep/lonely.yaml", "rules/alerts.yaml", "runs/night.override.yaml"])
def test_what_has_no_tests_is_refused_or_passed_over(path: str, capsys: pytest.CaptureFixture[str]) -> None:
    outcomes = []
    for options in ((), ("--skip-others",)):
        with pytest.raises(SystemExit) as left:
            main(["test", *options, path])
        outcomes.append((left.value.code, capsys.readouterr().out))
    assert outcomes == [(2, ""), (0, "nothing to test\n")]


def test_what_is_not_there_is_never_passed_over(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as left:
        main(["test", "--skip-others", "rules/missing.yaml"])
    assert left.value.code == 2
    assert capsys.readouterr().err.startswith("rules/missing.yaml: file does not exist")
