"""The hooks for pre-commit, as a repository that keeps packs uses them: installed by pip, run at a commit."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import NamedTuple

import pytest
import yaml

ROOT = Path(__file__).resolve().parents[1]
HOOKS = yaml.safe_load((ROOT / ".pre-commit-hooks.yaml").read_text(encoding="utf-8"))
CI = "TRAINRULES_CI"
"""Where this is set, the network counts as there: what cannot be installed has failed."""

GOOD = """\
schema: 1
pack: {name}
version: 0.1.0
title: Good
extends: common
params: {{loss_high: {{default: 5, help: Above this a loss is high}}}}
rules:
  loss_high:
    title: Loss is high
    cause: info
    severity: info
    when: loss > loss_high
    message: "loss {{loss:.3g}}"
"""
TESTS = """\
schema: 1
tests:
  - name: low
    series: {{loss: 2*0.98x40~0.02}}
    expect: {{rules: {{loss_high: ok}}}}
  - name: high
    series: {{loss: 2*0.98x39~0.02 {last}}}
    expect: {{rules: {{loss_high: firing, loss_spike: firing}}}}
"""


@pytest.mark.parametrize(
    ("path", "hooks"),
    [
        ("rules/kto.yaml", ["rules-test", "rules-validate"]),
        ("some/where/rules/mine.yml", ["rules-test", "rules-validate"]),
        ("packs/mine.yaml", ["rules-test", "rules-validate"]),
        ("rules/mine.test.yaml", ["rules-test", "rules-validate"]),
        ("runs/7/rules.override.yaml", ["rules-validate"]),
        ("rules.override.yaml", ["rules-validate"]),
        ("rules/deeper/mine.yaml", ["rules-test", "rules-validate"]),
        ("a/packs/of/mine.yaml", ["rules-test", "rules-validate"]),
        ("runs/night.overrides.yml", ["rules-validate"]),
        ("pyproject.toml", ["rules-validate"]),
        ("some/where/pyproject.toml", ["rules-validate"]),
        ("rules/pyproject.toml", ["rules-validate"]),
        ("runs/other.toml", []),
        ("my_pyproject.toml", []),
        ("myrules/mine.yaml", []),
        ("rules/README.md", []),
        (".github/workflows/ci.yaml", []),
    ],
)
def test_the_files_that_a_hook_takes(path: str, hooks: list[str]) -> None:
    found = [hook["id"] for hook in HOOKS if re.search(hook["files"], path)]
    assert sorted(found) == hooks


class Repository(NamedTuple):
    """A git repository that has the hooks, and the environment in which git is called."""

    folder: Path
    env: Mapping[str, str]

    def git(self, *arguments: str) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            ["git", *arguments],
            cwd=self.folder,
            env=self.env,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            encoding="utf-8",
            timeout=600,
        )

    def commit(self, files: Mapping[str, str]) -> tuple[bool, str]:
        """Whether the files of a repository that has no others are taken, and what is said; nothing is left of them."""
        for name, text in files.items():
            (self.folder / name).parent.mkdir(parents=True, exist_ok=True)
            (self.folder / name).write_text(text, encoding="utf-8")
        self.git("add", "-A")
        done = self.git("commit", "-m", "packs")
        self.git("reset", "--hard", "start")
        self.git("clean", "-fdq")
        return done.returncode == 0, done.stdout


def environment(place: Path) -> dict[str, str]:
    """The environment of this process, without what would lead the hooks to another copy of the tool."""
    (place / "gitconfig").write_text("[user]\n\tname = T\n\temail = t@example.org\n[init]\n\tdefaultBranch = main\n")
    kept = {
        key: value
        for key, value in os.environ.items()
        if not key.startswith(("GIT_", "PRE_COMMIT")) and key not in ("PYTHONPATH", "VIRTUAL_ENV", "PYTHONHOME")
    }
    return kept | {
        "GIT_CONFIG_GLOBAL": str(place / "gitconfig"),
        "GIT_CONFIG_NOSYSTEM": "1",
        "PRE_COMMIT_HOME": str(place / "cache"),
        "PIP_DISABLE_PIP_VERSION_CHECK": "1",
        "NO_COLOR": "1",
    }


def copied_here(place: Path) -> Path:
    """The tree as it is now, as the commit of a repository of its own: pre-commit takes hooks from nothing else."""
    top = place / "trainrules"
    listed = subprocess.run(
        ["git", "-C", str(ROOT), "ls-files", "-co", "--exclude-standard", "-z"], capture_output=True, text=True
    )
    if listed.returncode == 0:
        for name in filter(None, listed.stdout.split("\0")):
            if (ROOT / name).is_file():
                (top / name).parent.mkdir(parents=True, exist_ok=True)
                shutil.copy2(ROOT / name, top / name)
    else:  # unpacked from an sdist
        shutil.copytree(ROOT, top, ignore=shutil.ignore_patterns("__pycache__", ".*_cache", "build", "*.egg-info"))
    return top


def reachable(env: Mapping[str, str], place: Path) -> None:
    """Skip where pip reaches no index, but where the network counts as there."""
    ask = [sys.executable, "-m", "pip", "download", "-q", "--no-deps", "--retries", "1", "--timeout", "20"]
    done = subprocess.run([*ask, "-d", str(place / "asked"), "simpleeval"], env=env, capture_output=True, text=True)
    if done.returncode != 0 and not os.environ.get(CI):
        pytest.skip(f"pip reaches no index, so that no hook can be installed: {done.stderr.strip()[-200:]}")


@pytest.fixture(scope="module")
def repository(tmp_path_factory: pytest.TempPathFactory) -> Repository:
    """A repository with the hooks of this tree, installed."""
    place = tmp_path_factory.mktemp("precommit")
    env = environment(place)
    reachable(env, place)
    hooks, packs = Repository(copied_here(place), env), Repository(place / "packs", env)
    packs.folder.mkdir()
    for each in (hooks, packs):
        assert each.git("init", "-q").returncode == 0
    for command in (["add", "-A"], ["commit", "-qm", "all"]):
        assert (done := hooks.git(*command)).returncode == 0, done.stdout
    rev = hooks.git("rev-parse", "HEAD").stdout.strip()
    (packs.folder / ".pre-commit-config.yaml").write_text(
        yaml.safe_dump(
            {"repos": [{"repo": hooks.folder.as_uri(), "rev": rev, "hooks": [{"id": each["id"]} for each in HOOKS]}]}
        ),
        encoding="utf-8",
    )
    for command in (["add", "-A"], ["commit", "-qm", "start"], ["tag", "start"]):
        assert (done := packs.git(*command)).returncode == 0, done.stdout
    made = subprocess.run(
        [sys.executable, "-m", "pre_commit", "install", "--install-hooks"],
        cwd=packs.folder,
        env=env,
        capture_output=True,
        text=True,
        timeout=900,
    )
    assert made.returncode == 0, made.stdout + made.stderr
    return packs


@pytest.mark.slow
@pytest.mark.parametrize(
    ("files", "is_taken", "told"),
    [
        pytest.param({"notes.yaml": "no: pack\n"}, True, ["(no files to check)Skipped"], id="no pack"),
        pytest.param(
            {"rules/good.yaml": GOOD.format(name="good"), "rules/good.test.yaml": TESTS.format(last=9)},
            True,
            ["validate rule packs", "test rule packs", "Passed"],
            id="a good pack",
        ),
        pytest.param(
            {
                "rules/bad.yaml": GOOD.format(name="bad").replace("when:", "whne:"),
                "rules/bad.test.yaml": TESTS.format(last=9),
            },
            False,
            ["hook id: rules-validate", "rules/bad.yaml:12:5:", "unknown key 'whne'", "did you mean 'when'?"],
            id="a bad pack",
        ),
        pytest.param(
            {"rules/good.yaml": GOOD.format(name="good"), "rules/good.test.yaml": TESTS.format(last=1)},
            False,
            ["hook id: rules-test", "FAILED  rules/good.test.yaml:6 high"],
            id="a test that fails",
        ),
        pytest.param(
            {
                "a/packs/deep/good.yaml": GOOD.format(name="good"),
                "a/packs/deep/good.test.yaml": TESTS.format(last=1),
                "a/packs/deep/child.yaml": "schema: 1\npack: child\nversion: 1.0.0\ntitle: C\nextends: good.yaml\n",
                "a/packs/deep/child.test.yaml": TESTS.format(last=1),
            },
            False,
            ["hook id: rules-test", "a/packs/deep/good.test.yaml:6 high", "a/packs/deep/child.test.yaml:6 high"],
            id="in any folder",
        ),
        pytest.param(
            {
                "rules/untested.yaml": GOOD.format(name="untested"),
                "rules/alerts.yaml": "groups: [{name: node, rules: [{alert: Down, expr: up == 0}]}]\n",
                "docker-compose.override.yaml": "services: {web: {image: nginx}}\n",
            },
            True,
            ["validate rule packs", "test rule packs", "Passed"],
            id="what other tools keep there, and a pack without tests",
        ),
        pytest.param(
            {
                "pyproject.toml": "[tool.trainrules]\nparms = {}\n",
                "more/pyproject.toml": "[project]\nname = 'x'\n[tool.ruff]\nline-length = 120\n",
                "other/pyproject.toml": "[tool.train_rules]\n",
                "other.toml": "[tool.trainrules]\nparms = {}\n",
            },
            False,
            [
                "hook id: rules-validate", "pyproject.toml:2:1: error[unknown-key]",
                "other/pyproject.toml:1:7: warning[unknown-key]", "1 error and 1 warning in 2 override files",
            ],
            id="settings of projects",
        ),
        pytest.param(
            {"pyproject.toml": "[project]\nname = 'x'\n"},
            True,
            ["validate rule packs", "Passed", "test rule packs", "Skipped"],
            id="a project without settings",
        ),
        pytest.param(
            {
                "rules/one.yaml": GOOD.format(name="one"),
                "rules/one.test.yaml": TESTS.format(last=9),
                "rules/two.yaml": GOOD.format(name="two").replace("loss >", "lss >"),
                "rules/two.test.yaml": TESTS.format(last=9),
                "rules/three.yaml": GOOD.format(name="three").replace("cause: info", "cause: bad"),
                "rules/three.test.yaml": TESTS.format(last=9),
                "runs/rules.override.yaml": "prams: {a: 1}\n",
            },
            False,
            [
                "rules/two.yaml:12:11:", "'lss'", "rules/three.yaml:10:12:", "'cause' must be one of",
                "runs/rules.override.yaml:1:1:", "did you mean 'params'?",
            ],
            id="several at once",
        ),
    ],
)  # fmt: skip
def test_a_commit(repository: Repository, files: Mapping[str, str], is_taken: bool, told: list[str]) -> None:
    taken, said = repository.commit(files)
    assert taken == is_taken, said
    for words in told:
        assert words in said


@pytest.mark.slow
def test_where_there_is_no_index_the_skip_is_seen(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, request: pytest.FixtureRequest
) -> None:
    """A skip says why, and does not happen where `.ci/run` sets its variable."""
    env = {**environment(tmp_path), "PIP_INDEX_URL": "http://127.0.0.1:9/simple", "PIP_CONFIG_FILE": os.devnull}
    env.pop("PIP_EXTRA_INDEX_URL", None)
    monkeypatch.delenv(CI, raising=False)
    with pytest.raises(pytest.skip.Exception, match="pip reaches no index"):
        reachable({**env, "PIP_NO_CACHE_DIR": "1", "PIP_NO_INDEX": "0"}, tmp_path)
    monkeypatch.setenv(CI, "1")
    reachable(env, tmp_path)
