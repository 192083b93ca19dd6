# ruff: noqa: E501 - tables of whole messages
"""Files of settings that nobody named: where they are looked for, what they may be, and how to do without."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path

import pytest

from trainrules.engine.errors import OverrideError
from trainrules.engine.found import MAX_BYTES, MAX_PROJECT_BYTES, shown
from trainrules.engine.load import load_pack
from trainrules.engine.pack import Pack
from trainrules.engine.params import resolve
from trainrules.engine.resolved import Resolved

PACK = """\
schema: 1
pack: demo
version: 1.0.0
title: Demo
metrics: {loss: {keys: [loss]}}
params: {floor: {default: 0.5, max: 100}}
rules:
  low: {title: Low, cause: stalled, severity: warning, when: loss < floor}
"""
CHILD = "schema: 1\npack: child\nversion: 1.0.0\ntitle: Child\nextends: ./demo.yaml\n"


@pytest.fixture
def place(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A project with a run, and a folder beside it; the commands are given in the project."""
    for folder in ("project/src", "project/runs/1", "elsewhere/run"):
        (tmp_path / folder).mkdir(parents=True)
    (tmp_path / "demo.yaml").write_text(PACK)
    (tmp_path / "child.yaml").write_text(CHILD)
    monkeypatch.chdir(tmp_path / "project")
    return tmp_path


@pytest.fixture
def pack(place: Path) -> Pack:
    return load_pack(place / "demo.yaml")


def table(value: float) -> str:
    return f"[tool.trainrules.params]\nfloor = {value}\n"


NONE = "[project]\nname = 'x'\n[tool.other]\nabout = 'trainrules'\n"
BROKEN = "this is no TOML, and does not speak of us\n"


@pytest.mark.parametrize(
    ("files", "log", "value", "origin"),
    [
        pytest.param({"project": table(1)}, None, 1, "pyproject.toml", id="here"),
        pytest.param({"project": table(1)}, "runs/1/log.jsonl", 1, "pyproject.toml", id="above the log"),
        pytest.param({"project": table(1), "project/runs": table(2)}, "runs/1/log.jsonl", 2, "runs/pyproject.toml", id="nearer"),
        pytest.param({"project": table(1), "project/runs": NONE}, "runs/1/log.jsonl", 1, "pyproject.toml", id="of another tool"),
        pytest.param({"project": table(1), "project/runs": BROKEN}, "runs/1/log.jsonl", 1, "pyproject.toml", id="none of ours"),
        pytest.param({"project": table(1)}, "../elsewhere/run/log.jsonl", 1, "pyproject.toml", id="a log elsewhere"),
        pytest.param({"project": table(1), "elsewhere": table(3)}, "../elsewhere/run/log.jsonl", 3, "pyproject.toml", id="the project of the log"),
        pytest.param({"project": table(1)}, "-", 1, "pyproject.toml", id="standard input"),
        pytest.param({"": table(4)}, None, 4, "../pyproject.toml", id="above"),
        pytest.param({"project/src": table(5)}, None, 0.5, "", id="not below"),
    ],
)  # fmt: skip
def test_which_project_counts(
    place: Path, pack: Pack, files: dict[str, str], log: str | None, value: float, origin: str
) -> None:
    for folder, text in files.items():
        (place / folder / "pyproject.toml").write_text(text)
    resolved = resolve(pack, log=log)
    assert resolved.values["floor"] == value
    assert [each.origin for each in resolved.overrides] == [origin] * bool(origin)
    assert resolve(pack, log=log, isolated=True).values["floor"] == 0.5


def test_what_is_for_one_pack_comes_after_what_is_for_all(place: Path, pack: Pack) -> None:
    text = "[tool.trainrules]\nparams = {floor = 1}\n[tool.trainrules.packs.demo]\nparams = {floor = 2}\n"
    Path("pyproject.toml").write_text(text)
    (override,) = resolve(pack).overrides
    assert (override.value, [(said.text, str(said.at)) for said in override.over]) == (
        2.0,
        [("1", "pyproject.toml:2:19")],
    )
    assert resolve(load_pack(place / "child.yaml")).values["floor"] == 1.0


@pytest.mark.parametrize("is_absolute", [False, True])
def test_names_tell_nothing_of_the_machine(place: Path, pack: Pack, is_absolute: bool) -> None:
    """A path given by the user is shown as given; of a far one that is absolute, only the name."""
    (place / "elsewhere" / "run" / "rules.override.yaml").write_text("params: {floor: 9}\n")
    log = str(place / "elsewhere" / "run" / "log.jsonl") if is_absolute else "../elsewhere/run/log.jsonl"
    resolved = resolve(pack, log=log)
    assert resolved.sources[0].name == (
        "rules.override.yaml" if is_absolute else "../elsewhere/run/rules.override.yaml"
    )
    assert resolved.overrides[0].origin == "rules.override.yaml"
    assert str(resolved.overrides[0].at) == "rules.override.yaml:1:17"


@pytest.mark.parametrize(
    ("path", "name"),
    [("a/b.yaml", "a/b.yaml"), ("./a.yaml", "a.yaml"), ("../a.yaml", "../a.yaml"), ("/far/away/a.yaml", "a.yaml")],
)
def test_how_a_path_is_shown(place: Path, path: str, name: str) -> None:
    assert shown(path) == name


def test_a_log_that_is_a_folder_or_a_link(place: Path, pack: Pack) -> None:
    """Beside the log is where the user says that it is, not where a link leads."""
    Path("runs/1/rules.override.yaml").write_text("params: {floor: 9}\n")
    Path("runs/1/log.jsonl").write_text("")
    Path("src/log.jsonl").symlink_to(Path("runs/1/log.jsonl").absolute())
    assert resolve(pack, log="runs/1").values["floor"] == 9.0
    assert resolve(pack, log="src/log.jsonl").values["floor"] == 0.5


def linked(path: Path) -> None:
    (path.parent / "real.yaml").write_text("params: {floor: 7}\n")
    path.symlink_to("real.yaml")


@pytest.mark.parametrize(
    ("make", "outcome"),
    [
        pytest.param(linked, 7.0, id="a link to a file"),
        pytest.param(lambda path: path.symlink_to("nowhere"), "file is a link that leads nowhere", id="a broken link"),
        pytest.param(lambda path: path.symlink_to(path.name), "file is a link that leads nowhere", id="a link to itself"),
        pytest.param(lambda path: path.symlink_to("/dev/zero"), "file is not a regular file", id="a device"),
        pytest.param(lambda path: path.mkdir(), "file is a directory", id="a folder"),
        pytest.param(os.mkfifo, "file is not a regular file", id="a pipe"),
        pytest.param(lambda path: path.write_text("#" * (MAX_BYTES + 1)), "file is larger than 1024 KiB", id="too large"),
        pytest.param(lambda path: path.write_bytes(b"params:\n  \xff"), "file is not UTF-8 text; save it as UTF-8", id="bytes"),
        pytest.param(lambda path: path.write_text("a: b: c"), "not YAML", id="no YAML"),
        pytest.param(lambda path: path.write_text("params: {floor: 101}"), "param 'floor' must be at most 100, not 101", id="out of bounds"),
        pytest.param(lambda path: path.write_text(""), 0.5, id="empty"),
    ],
)  # fmt: skip
def test_what_lies_beside_a_log(place: Path, pack: Pack, make: Callable[[Path], object], outcome: float | str) -> None:
    """Nothing blocks, nothing is read without end, and what cannot be read is told, with the way to do without it."""
    make(Path("runs/1/rules.override.yaml"))
    if isinstance(outcome, float):
        assert resolve(pack, log="runs/1/log.jsonl").values["floor"] == outcome
        return
    with pytest.raises(OverrideError) as caught:
        resolve(pack, log="runs/1/log.jsonl")
    (problem,) = caught.value.problems
    assert str(problem).startswith("runs/1/rules.override.yaml")
    assert outcome in str(problem)
    assert str(problem).endswith("; --isolated ignores the file")
    assert resolve(pack, log="runs/1/log.jsonl", isolated=True).values["floor"] == 0.5


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("[tool.trainrules]\nparams.floor = 1\n", 1.0),
        ("\ufeff[tool.trainrules.params]\nfloor = 1\n", 1.0),
        ("x = 1\r\n\t[ tool . 'trainrules' ]\r\nparams = {floor = 1}\r\n", 1.0),
        ('["tool"."trainrules".params]\nfloor = 1\n', 1.0),
        ("tool.trainrules.params.floor = 1\n", 1.0),
        ("'tool' . \"trainrules\" = {params = {floor = 1}}\n", 1.0),
        ("[ tool ] # of others\ntrainrules.params.floor = 1\n", 1.0),
        ("[tool]\n[tool.x]\n[tool.trainrules.params]\nfloor = 1\n", 1.0),
        ("tool = {trainrules = {params = {floor = 1}}}\n", 1.0),
        ("[project]\ndependencies = [\n'trainrules',\n]\n[project.scripts]\ntrainrules = 'tool.trainrules:run'\n", 0.5),
        ("[tool.other]\ntrainrules.params.floor = 1\n", 0.5),
        ("# [tool.trainrules.params]\n# floor = 1\n", 0.5),
    ],
)  # fmt: skip
def test_the_table_counts_however_it_is_written(place: Path, pack: Pack, text: str, value: float) -> None:
    Path("pyproject.toml").write_bytes(text.encode())
    assert resolve(pack).values["floor"] == value


@pytest.mark.parametrize(
    ("text", "name"),
    [
        ("[tool.trainrule.params]\nfloor = 1\n", "trainrule"),
        ("[tool.train_rules]\nparams.floor = 1\n", "train_rules"),
        ("[tool.trainRules.params]\nfloor = 1\n", "trainRules"),
        ("[tool.train-rules]\n", "train-rules"),
        ("\ufeff[ tool . 'trianrules' ]\n", "trianrules"),
        ("[tool.ruff]\n[[tool.trainruels]]\n", "trainruels"),
        ("tool.train_rules.params.floor = 1\n", "train_rules"),
        ("[tool.ruff]\n[tool.trailrunner]\n[tool.trainrules2go]\n[tool.trainer]\n", ""),
        ("[tool.trainrules_for_us]\n[other.train_rules]\n# [tool.train_rules]\n", ""),
    ],
)
def test_a_table_that_is_nearly_called_so(place: Path, pack: Pack, text: str, name: str) -> None:
    """It does not count, which is said once; the nearest one above it does."""
    (place / "pyproject.toml").write_text(table(4))
    Path("pyproject.toml").write_bytes(text.encode())
    resolved = resolve(pack, log="runs/1/log.jsonl")
    assert resolved.values["floor"] == 4
    near = [("pyproject.toml", f"has [tool.{name}] in place of [tool.trainrules]")] if name else []
    assert [(each.name, each.note) for each in resolved.sources] == [*near, ("../pyproject.toml", "")]


@pytest.mark.parametrize("make", [os.mkfifo, os.mkdir, lambda path: path.symlink_to("/dev/zero")])
def test_a_project_file_that_is_no_file_is_none(place: Path, pack: Pack, make: Callable[[Path], object]) -> None:
    make(Path("runs/pyproject.toml"))
    Path("pyproject.toml").write_text(table(1))
    assert resolve(pack, log="runs/1/log.jsonl").values["floor"] == 1.0


def test_a_project_file_without_end_is_refused(place: Path, pack: Pack) -> None:
    Path("pyproject.toml").write_text("[tool.trainrules]\n" + "#" * MAX_PROJECT_BYTES)
    with pytest.raises(OverrideError, match=r"^pyproject\.toml: file is larger than 256 KiB; shorten it; --isolated"):
        resolve(pack)


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        (
            "[tool.trainrules]\nparms = {}\n",
            "pyproject.toml:2:1: unknown key 'parms'; did you mean 'params' or 'packs'?",
        ),
        (
            "[tool.trainrules]\npack = 'demo'\n[tool.trainrules.params]\nflor = 1\n",
            "pyproject.toml:4:1: unknown param 'flor'; did you mean 'floor'?",
        ),
        (
            "[tool.trainrules.params]\nfloor = '2 * deflt'\n",
            "pyproject.toml:2:14: param 'floor': unknown name 'deflt'; did you mean 'default'?",
        ),
        (
            "[tool]\ntrainrules = 3\n",
            "pyproject.toml:2:1: [tool.trainrules] must be a table, not the number 3; write it as a table",
        ),
        (
            "[tool.trainrules]\npacks = 3\n",
            "pyproject.toml:2:9: 'packs' must be a table, not the number 3; as in [tool.trainrules.packs.kto]",
        ),
        (
            "[tool.trainrules.packs.demmo.params]\nfloor = 1\n",
            "pyproject.toml:1:24: no pack is called 'demmo'; did you mean 'demo'?",
        ),
        (
            "[tool.trainrules]\npacks.dem.params.floor = 1\n",
            "pyproject.toml:2:7: no pack is called 'dem'; did you mean 'demo'?",
        ),
        ("[tool.trainrules]\ndisable = ['lo']\n", "pyproject.toml:2:13: unknown rule 'lo'; did you mean 'low'?"),
    ],
)
def test_mistakes_in_a_project_have_their_place(place: Path, pack: Pack, text: str, problem: str) -> None:
    Path("pyproject.toml").write_text(text)
    with pytest.raises(OverrideError) as caught:
        resolve(pack)
    assert str(caught.value) == f"{problem}; --isolated ignores the file"


@pytest.mark.parametrize("name", ["kto", "other", "demo2", "demo3", "demo4"])
def test_settings_for_other_packs_are_passed_over(place: Path, pack: Pack, name: str) -> None:
    """Also where their names are nearly this one's: of shipped packs, of the project's own, and beside settings for both."""
    for path, id in (("demo2.yaml", "demo2"), ("packs/demo3.yaml", "demo3")):
        Path(path).parent.mkdir(exist_ok=True)
        Path(path).write_text(PACK.replace("demo", id))
    both = "[tool.trainrules.packs.demo.params]\nfloor = 1\n" if name == "demo4" else ""
    Path("pyproject.toml").write_text(f"{both}[tool.trainrules.packs.{name}.params]\nfloor = 5\n")
    assert resolve(pack).values["floor"] == (1 if both else 0.5)


def test_a_file_for_another_pack_is_passed_over(place: Path, pack: Pack) -> None:
    beside = Path("runs/1/rules.override.yaml")
    beside.write_text("pack: kto\nparams: {margin_floor: 3}\n")
    resolved = resolve(pack, log="runs/1/log.jsonl")
    assert resolved.overrides == ()
    assert [(each.name, each.note) for each in resolved.sources] == [
        (beside.as_posix(), "is for pack 'kto', not 'demo'")
    ]
    with pytest.raises(
        OverrideError,
        match=r"^runs/1/rules\.override\.yaml:1:7: these settings are for pack 'kto', not 'demo'; give --pack kto, or make them for 'demo'$",
    ):
        resolve(pack, files=[beside])  # fmt: skip


@pytest.mark.parametrize(
    ("name", "near"),
    [
        ("demmo", "demo"),
        ("ktoo", "kto"),
        ("thairs", "theirs"),
        ("mien", "mine"),
        ("theirs", ""),
        ("mine", ""),
        ("nobodys", ""),
    ],
)
def test_a_file_for_a_pack_that_nobody_has(place: Path, pack: Pack, name: str, near: str) -> None:
    """Of the packs in use, shipped, beside the file and in the current folder one is surely meant, or the file is passed over."""
    Path("runs/1/theirs.yaml").write_text(PACK.replace("demo", "theirs"))
    Path("mine.yaml").write_text(PACK.replace("demo", "mine"))
    beside = Path("runs/1/rules.override.yaml")
    beside.write_text(f"pack: {name}\nparams: {{floor: 3}}\n")
    if not near:
        assert [each.note for each in resolve(pack, log="runs/1/log.jsonl").sources] == [
            f"is for pack {name!r}, not 'demo'"
        ]
        return
    told = f"runs/1/rules.override.yaml:1:7: no pack is called {name!r}; did you mean {near!r}?"
    with pytest.raises(OverrideError) as caught:
        resolve(pack, log="runs/1/log.jsonl")
    assert str(caught.value) == f"{told}; --isolated ignores the file"
    with pytest.raises(OverrideError) as caught:
        resolve(pack, files=[beside])
    assert str(caught.value) == told


@pytest.mark.parametrize(("target", "value"), [("demo", 3.0), ("child", 3.0), ("common", 0.5)])
def test_settings_for_a_pack_are_for_those_that_extend_it(place: Path, target: str, value: float) -> None:
    Path("runs/1/rules.override.yaml").write_text(f"pack: {target}\nparams: {{floor: 3}}\n")
    resolved: Resolved = resolve(load_pack(place / "child.yaml"), log="runs/1/log.jsonl")
    assert resolved.values["floor"] == value
