# ruff: noqa: E501 - tables of whole messages
"""From a pack and settings to final values: what wins, what is refused, and what the report says of it."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

import pytest

from trainrules.engine.errors import OverrideError, Position
from trainrules.engine.load import load_pack
from trainrules.engine.pack import Pack, Scalar
from trainrules.engine.params import resolve
from trainrules.engine.resolved import Override, Resolved
from trainrules.engine.settings import Said

PACK = """\
schema: 1
pack: demo
version: 1.0.0
title: Demo
metrics: {loss: {keys: [loss]}}
params:
  warmup: {default: 20, type: integer, unit: steps, min: 0, max: 100}
  patience: {default: warmup * 2, max: 90}
  floor: {default: 0.5}
  strict: {default: true}
  phase: {default: main, type: text}
  rate: {default: null}
variants:
  short: {set: {warmup: default / 2, floor: 0.25}, disable: [low], advise: [high]}
rules:
  high:
    title: High
    cause: diverging
    levels: [{severity: warning, when: loss > 1}, {severity: critical, when: loss > 2}]
  low: {title: Low, cause: stalled, severity: warning, when: loss < floor, after: warmup}
  off: {title: Off, cause: info, severity: info, when: loss < patience, enabled: false}
"""
DEFAULTS: dict[str, Scalar] = {
    "warmup": 20.0,
    "patience": 40.0,
    "floor": 0.5,
    "strict": True,
    "phase": "main",
    "rate": None,
}


ISOLATED = "; --isolated ignores the file"


@pytest.fixture
def pack(tmp_path: Path) -> Pack:
    path = tmp_path / "demo.yaml"
    path.write_text(PACK)
    return load_pack(path)


def with_settings(pack: Pack, tmp_path: Path, *settings: str) -> Resolved:
    return resolve(pack, settings=settings, project=tmp_path)


def test_defaults(pack: Pack, tmp_path: Path) -> None:
    resolved = resolve(pack, project=tmp_path)
    assert resolved == Resolved(pack, None, DEFAULTS, {}, frozenset({"off"}), ())


@pytest.mark.parametrize(
    ("settings", "changed"),
    [
        (["warmup=10"], {"warmup": 10.0, "patience": 20.0}),
        (["warmup=10 steps"], {"warmup": 10.0, "patience": 20.0}),
        (["warmup=1e1 step"], {"warmup": 10.0, "patience": 20.0}),
        ([" warmup = 1e1 "], {"warmup": 10.0, "patience": 20.0}),
        (["warmup=default * 2"], {"warmup": 40.0, "patience": 80.0}),
        (["patience=default + 1"], {"patience": 41.0}),
        (["patience=default + 1", "warmup=1"], {"warmup": 1.0, "patience": 3.0}),
        (["floor=warmup / 40", "warmup=40"], {"warmup": 40.0, "patience": 80.0, "floor": 1.0}),
        (["floor=1", "floor=2"], {"floor": 2.0}),
        (["floor=null"], {"floor": None}),
        (["strict=false"], {"strict": False}),
        (["strict=not default"], {"strict": False}),
        (["strict=floor > 1"], {"strict": False}),
        (["phase=a = b"], {"phase": "a = b"}),
        (["phase=3"], {"phase": "3"}),
        (["phase=1.50"], {"phase": "1.50"}),
        (["phase=true"], {"phase": "true"}),
        (["phase=null"], {"phase": None}),
        (["rate=1e-5"], {"rate": 1e-5}),
        (["rate=default(default, 3)"], {"rate": 3.0}),
    ],
)
def test_settings(pack: Pack, tmp_path: Path, settings: list[str], changed: Mapping[str, Scalar]) -> None:
    assert with_settings(pack, tmp_path, *settings).values == {**DEFAULTS, **changed}


@pytest.mark.parametrize(
    ("text", "value"),
    [("47%", 0.47), ("0.5 %", 0.005), ("120%", 1.2), ("-2.%", -0.02), ("0.47", 0.47), ("default * 2", 1.0)],
)
def test_a_percentage_of_a_share(tmp_path: Path, text: str, value: float) -> None:
    """Wherever it is written: on the command line, in a file of overrides, in a variant, as the default."""
    path, file = tmp_path / "p.yaml", tmp_path / "o.yaml"
    path.write_text(PACK.replace("floor: {default: 0.5}", "floor: {default: 50%, unit: share}")
                    .replace("floor: 0.25", f"floor: {text}"))  # fmt: skip
    file.write_text(f"params: {{floor: {text}}}\n")
    loaded = load_pack(path)
    assert with_settings(loaded, tmp_path).values["floor"] == 0.5
    assert with_settings(loaded, tmp_path, f"floor={text}").values["floor"] == value
    assert resolve(loaded, files=[file], project=tmp_path).values["floor"] == value
    assert resolve(loaded, variant="short", project=tmp_path).values["floor"] == value


@pytest.mark.parametrize(
    ("settings", "problems"),
    [
        (["warmpu=3"], ["--set: unknown param 'warmpu'; did you mean 'warmup'?"]),
        (
            ["zzz=3"],
            ["--set: unknown param 'zzz'; known are warmup, patience, floor, strict, phase, rate"],
        ),
        (["low=3"], ["--set: unknown param 'low'; 'low' is a rule; write low.severity=… or low.enabled=…"]),
        (["low=off"], ["--set: unknown param 'low'; 'low' is a rule; write low.enabled=false"]),
        (
            ["rules.low=off"],
            ["--set: 'rules.low=off' is no setting: rules go by their names alone; write low.enabled=false"],
        ),
        (
            ["rules.low=On"],
            ["--set: 'rules.low=On' is no setting: rules go by their names alone; write low.enabled=true"],
        ),
        (
            ["rules.low=info"],
            ["--set: 'rules.low=info' is no setting: rules go by their names alone; write low.severity=info"],
        ),
        (
            ["rules.low=3"],
            [
                "--set: 'rules.low=3' is no setting: rules go by their names alone; write low.severity=… or low.enabled=…"
            ],
        ),
        (
            ["rules.low.enabled=no"],
            ["--set: 'rules.low.enabled=no' is no setting: rules go by their names alone; write low.enabled=false"],
        ),
        (["params.floor=3"], ["--set: 'params.floor=3' is no setting: params go by their names alone; write floor=3"]),
        (["low.enabled=on"], ["--set: 'low.enabled' must be true or false, not the text 'on'; write low.enabled=true"]),
        (["low.enable=off"], ["--set: rule 'low' has no setting 'enable'; write low.enabled=false"]),
        (
            ["loss=3"],
            [
                "--set: unknown param 'loss'; 'loss' is a metric; params of this pack are "
                "warmup, patience, floor, strict, phase, rate"
            ],
        ),
        (["floor"], ["--set: 'floor' is no setting; write --set name=value"]),
        (["floor="], ["--set: 'floor=' is no setting; write --set name=value"]),
        (["floor=true"], ["--set: param 'floor' must be a finite number, not true; write one number, such as 0.5"]),
        (
            ["floor=.inf"],
            ["--set: param 'floor' must be a finite number, not the number inf; write one number, such as 0.5"],
        ),
        (["warmup=2.5"], ["--set: param 'warmup' must be a whole number, not the number 2.5; write 2 or 3"]),
        (
            ["warmup=default / 3"],
            ["--set: param 'warmup' must be a whole number, not 6.66667; mend the expression, or set a whole number"],
        ),
        (["strict=1"], ["--set: param 'strict' must be true or false, not the number 1; write true"]),
        (
            ["strict=floor"],
            ["--set: param 'strict': expected a condition, found a number; compare it with something, as in 'x > 0'"],
        ),
        (["warmup=-1"], ["--set: param 'warmup' must be at least 0, not -1; the pack allows 0 to 100"]),
        (["warmup=101"], ["--set: param 'warmup' must be at most 100, not 101; the pack allows 0 to 100"]),
        (["warmup=50"], ["{file}:8:23: param 'patience' must be at most 90, not 100; set 90 or less"]),
        (["floor=lss * 2"], ["--set: param 'floor': unknown name 'lss'; use other params, and 'default'"]),
        (["floor=2 >"], ["--set: param 'floor': not an expression: invalid syntax; something is missing at the end"]),
        (
            ["warmup=5 epochs"],
            ["--set: param 'warmup': '5 epochs' is in epochs, and this is in steps; give it in steps"],
        ),
        (
            ["floor=5 steps"],
            ["--set: param 'floor': '5 steps' is in steps, and this has no unit; write the number alone"],
        ),
        (["warmup=2.5 steps"], ["--set: param 'warmup' must be a whole number, not the number 2.5; write 2 or 3"]),
        (["warmup=101 steps"], ["--set: param 'warmup' must be at most 100, not 101; the pack allows 0 to 100"]),
        (["floor=1 / 0"], ["--set: param 'floor' has no value: '1 / 0', its result is unknown; give a number"]),
        (
            ["phase=a\udcffb"],
            [
                "--set: param 'phase': half a character (a lone surrogate) is no text; write the whole character, in UTF-8"
            ],
        ),
        (["floor==3"], ["--set: param 'floor': '=3' is a comparison, not a value; write 3"]),
        (["floor=>= 0.3"], ["--set: param 'floor': '>= 0.3' is a comparison, not a value; write 0.3"]),
        (["strict=="], ["--set: param 'strict': '=' is a comparison, not a value; write a number"]),
        (["floor=0,5"], ["--set: param 'floor': '0,5' has a comma; write 0.5"]),
        (
            ["floor=1,500"],
            ["--set: param 'floor': '1,500' has a comma; write 1.500, or 1500 if it sets the thousands apart"],
        ),
        (["floor=47%"], ["--set: param 'floor': '47%' is a percentage, and this is no share; write 0.47"]),
        (
            ["floor=rate * 2"],
            ["--set: param 'floor' has no value: 'rate * 2', rate is not set; set rate, or give a number"],
        ),
        (["rate=default * 2"], ["--set: param 'rate' has no value: 'default * 2', default is not set; give a number"]),
        (
            ["floor=floor * 2"],
            ["--set: param 'floor' is defined by itself; write 'default' for the pack's own value"],
        ),
        (
            ["warmup=patience"],
            ["--set: param 'warmup' is defined by itself; give one of them a number: warmup -> patience -> warmup"],
        ),
        (["low.severty=info"], ["--set: rule 'low' has no setting 'severty'; write low.severity=info"]),
        (
            ["low.severity=fatal", "lwo.enabled=false", "low.enabled=3"],
            [
                "--set: 'low.enabled' must be true or false, not the number 3; write low.enabled=false",
                "--set: severity of 'low' must be one of info, warning, critical, not the text 'fatal'; write critical",
                "--set: unknown rule 'lwo'; did you mean 'low'?",
            ],
        ),
    ],
)
def test_bad_settings(pack: Pack, tmp_path: Path, settings: list[str], problems: list[str]) -> None:
    with pytest.raises(OverrideError) as caught:
        with_settings(pack, tmp_path, *settings)
    assert str(caught.value).splitlines() == [problem.format(file=pack.at.file) for problem in problems]


def test_a_variant(pack: Pack, tmp_path: Path) -> None:
    resolved = resolve(pack, variant="short", project=tmp_path)
    assert resolved.values == {**DEFAULTS, "warmup": 10.0, "patience": 20.0, "floor": 0.25}
    assert (resolved.variant, resolved.severities) == ("short", {"high": "info"})
    assert resolved.disabled == frozenset({"low", "off"})
    assert resolved.overrides == (
        Override("warmup", 10.0, 20.0, "variant short", given="default / 2"),
        Override("floor", 0.25, 0.5, "variant short"),
        Override("high.severity", "info", "critical", "variant short"),
        Override("low.enabled", False, True, "variant short"),
    )


def test_an_unknown_variant(pack: Pack, tmp_path: Path) -> None:
    with pytest.raises(OverrideError, match=r"^--variant: unknown variant 'shrt'; did you mean 'short'\?$"):
        resolve(pack, variant="shrt", project=tmp_path)


SAID = [
    Said("variant short", "0.25"),
    Said("../pyproject.toml", "1", Position("../pyproject.toml", 3, 19)),
    Said("rules.override.yaml", "2", Position("rules.override.yaml", 1, 17)),
    Said("mine.yaml", "3", Position("mine.yaml", 1, 17)),
    Said("--set", "4"),
    Said("values", "5"),
]
"""What each source says of `floor`; the places are those of the values."""


@pytest.mark.parametrize("count", range(1, 7))
def test_later_sources_win(pack: Pack, tmp_path: Path, count: int, monkeypatch: pytest.MonkeyPatch) -> None:
    """The first `count` sources set `floor` to 1, 2, …; the last of them decides."""
    run = tmp_path / "project" / "run"
    run.mkdir(parents=True)
    if count > 1:
        (run.parent / "pyproject.toml").write_text("\n[tool.trainrules.packs.demo]\nparams = {floor = 1}\n")
    if count > 2:
        (run / "rules.override.yaml").write_text("params: {floor: 2}\n")
    (run / "mine.yaml").write_text("params: {floor: 3}\n")
    monkeypatch.chdir(run)
    resolved = resolve(
        pack,
        variant="short",
        log="log.jsonl",
        files=[run / "mine.yaml"] if count > 3 else [],
        settings=["floor=4"] if count > 4 else [],
        values={"floor": 5} if count > 5 else None,
    )
    value = 0.25 if count == 1 else count - 1.0
    over = tuple(reversed(SAID[: count - 1]))
    assert resolved.values["floor"] == value
    assert resolved.overrides[1] == Override("floor", value, 0.5, SAID[count - 1].origin, SAID[count - 1].at, over=over)
    assert [(each.name, each.kind) for each in resolved.sources] == [
        ("../pyproject.toml", "project"),
        ("rules.override.yaml", "log"),
        ("mine.yaml", "file"),
    ][: max(0, count - 1)]


def test_a_setting_equal_to_the_default_is_no_override(pack: Pack, tmp_path: Path) -> None:
    assert with_settings(pack, tmp_path, "floor=0.5", "warmup=default").overrides == ()


def test_rules_are_switched_and_weighed(pack: Pack, tmp_path: Path) -> None:
    path = tmp_path / "o.yaml"
    path.write_text("severities: {high: warning}\ndisable: [low]\nenable: [off]\n")
    resolved = resolve(pack, files=[path], settings=["low.enabled=true", "low.severity=critical"], project=tmp_path)
    assert resolved.disabled == frozenset()
    assert resolved.severities == {"high": "warning", "low": "critical"}
    assert resolved.overrides == (
        Override("high.severity", "warning", "critical", "o.yaml", Position("o.yaml", 1, 14)),
        Override("low.severity", "critical", "warning", "--set"),
        Override("off.enabled", True, False, "o.yaml", Position("o.yaml", 3, 10)),
    )


@pytest.mark.parametrize(
    ("text", "problems"),
    [
        ("", []),
        ("floor: 3", ["o.yaml:1:1: unknown key 'floor'; write it under 'params', as in 'params: {floor: …}'"]),
        (
            "low: warning",
            [
                "o.yaml:1:1: unknown key 'low'; write it under 'severities', 'disable' or 'enable', as in 'disable: [low]'"
            ],
        ),
        ("parms: {floor: 3}", ["o.yaml:1:1: unknown key 'parms'; did you mean 'params'?"]),
        (
            "- a",
            [
                "o.yaml:1:1: overrides must be a mapping, not a list; with the keys pack, params, severities, disable, enable"
            ],
        ),
        ("params: [floor]", ["o.yaml:1:9: 'params' must be a mapping, not a list; as in 'params: {name: value}'"]),
        (
            "disable: low",
            ["o.yaml:1:10: 'disable' must be a list of rules, not the text 'low'; as in 'disable: [rule]'"],
        ),
        (
            "disable: {low: {reason: x, until: 200}}",
            ["o.yaml:1:35: 'until' must be a step, an epoch or a date, not the number 200; write 'step 200'"],
        ),
        (
            "disable: [low]\nenable: [low]",
            ["o.yaml:2:10: rule 'low' is both disabled and enabled; keep one"],
        ),
        (
            "params:\n  flor: 1\n  floor: 'lss'\n  warmup: -3\nseverities: {low: bad, x: info}\ndisable: [lo]",
            [
                "o.yaml:2:3: unknown param 'flor'; did you mean 'floor'?",
                "o.yaml:3:11: param 'floor': unknown name 'lss'; use other params, and 'default'",
                "o.yaml:4:11: param 'warmup' must be at least 0, not -3; the pack allows 0 to 100",
                "o.yaml:5:19: severity of 'low' must be one of info, warning, critical, not the text 'bad'; write info, warning or critical",
                "o.yaml:5:24: unknown rule 'x'; known are high, low, off",
                "o.yaml:6:11: unknown rule 'lo'; did you mean 'low'?",
            ],
        ),
        (
            "a: b: c",
            ["o.yaml:1:5: not YAML: mapping values are not allowed in this context; quote text that holds ': '"],
        ),
    ],
)
def test_override_files(
    pack: Pack, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, text: str, problems: list[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    Path("o.yaml").write_text(text)
    if not problems:
        assert resolve(pack, files=[Path("o.yaml")]).overrides == ()
        return
    with pytest.raises(OverrideError) as caught:
        resolve(pack, files=[Path("o.yaml")])
    assert str(caught.value).splitlines() == problems


@pytest.mark.parametrize(
    ("text", "outcome"),
    [
        ("[project]\nname = 'x'\n", 0.5),
        ("[tool.trainrules.packs.demo.params]\nfloor = 2\n", 2.0),
        ("[tool.trainrules.packs.demo.params]\nfloor = 'default * 3'\n", 1.5),
        ("[tool.trainrules.packs.other.params]\nfloor = 2\n", 0.5),
        (
            "[tool.trainrules.packs.demo]\nfloor = 2\n",
            "pyproject.toml:2:1: unknown key 'floor'; write it under 'params', as in 'params: {floor: …}'" + ISOLATED,
        ),
        (
            "[tool.trainrules.pack.demo]\n",
            "pyproject.toml:1:18: 'pack' must be the name of a pack, not a mapping; settings for one pack stand in "
            "[tool.trainrules.packs.NAME]" + ISOLATED,
        ),
        (
            "[tool.trainrules\n",
            "pyproject.toml:1:17: not TOML: expected ']' at the end of a table declaration; write it as in [tool.trainrules]"
            + ISOLATED,
        ),
    ],
)
def test_the_project_file(pack: Pack, tmp_path: Path, text: str, outcome: float | str) -> None:
    below = tmp_path / "a" / "b"
    below.mkdir(parents=True)
    (tmp_path / "pyproject.toml").write_text(text)
    try:
        found: Scalar = resolve(pack, project=below).values["floor"]
    except OverrideError as error:
        found = str(error)
    assert found == outcome


@pytest.mark.parametrize(
    ("severity", "levels", "problem"),
    [
        ("critical", "warning", "rule 'r' has the levels info and warning, and a severity is the most that they may have; write info or warning, or leave it out"),
        ("warning", "warning", ""),
        ("info", "warning", ""),
        ("critical", "critical", ""),
    ],
)  # fmt: skip
def test_a_severity_caps_levels_and_raises_none(tmp_path: Path, severity: str, levels: str, problem: str) -> None:
    (tmp_path / "p.yaml").write_text(
        "schema: 1\npack: p\nversion: 1.0.0\ntitle: P\nmetrics: {loss: {keys: [loss]}}\nrules: {r: {title: R, cause: info, "
        f"levels: [{{severity: info, when: loss > 1}}, {{severity: {levels}, when: loss > 2}}]}}}}\n"
    )
    found = ""
    try:
        resolve(load_pack(tmp_path / "p.yaml"), settings=[f"r.severity={severity}"], isolated=True)
    except OverrideError as error:
        found = str(error).removeprefix("--set: ")
    assert found == problem


def test_the_unit_of_a_param_is_a_plural(tmp_path: Path) -> None:
    text = PACK.replace("unit: steps", "unit: step")
    (tmp_path / "p.yaml").write_text(text)
    assert load_pack(tmp_path / "p.yaml").params["warmup"].unit == "steps"
