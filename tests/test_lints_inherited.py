# ruff: noqa: E501 - tables of whole messages
"""Lints of what a pack makes of inherited conditions, by the values that it changes, and a variant by those it sets."""

from __future__ import annotations

from pathlib import Path

import pytest

from trainrules.engine.lints import lint_pack
from trainrules.engine.load import load_pack

HEAD = "schema: 1\npack: {}\nversion: 1.0.0\ntitle: Demo\n"
PARENT = (
    HEAD.format("parent")
    + """\
metrics:
  loss: {keys: [loss], required: true}
  acc: {keys: [acc]}
  often: {expr: 'share(loss > low, run)'}
params: {low: {default: 1}, high: {default: 3}, size: {default: 5}, limit: {default: 0.5}, off: {default: 0}}
windows: {run: {last: 20 points}, late: {last: size points}, half: {last: 20 points, min: 10 points}}
variants: {short: {set: {high: 4}}, wide: {set: {high: 9}}}
rules:
  between: {title: Between, cause: info, severity: info, when: loss > low and loss < high}
  steep: {title: Steep, cause: info, severity: info, when: 'slope_lower(loss, run) > 0'}
  flat: {title: Flat, cause: info, severity: info, when: 'slope_lower(loss, late) < 0 and mean(acc, half) > 0'}
  many: {title: Many, cause: info, severity: info, when: often > limit}
  high: {title: High, cause: info, severity: info, when: loss > high, until: loss < high - low, since: loss > low}
  grave: {title: Grave, cause: info, levels: [{severity: info, when: acc > low}, {severity: warning, when: acc > high}]}
  switch: {title: Switch, cause: info, severity: info, when: off > 0 and loss > off}
  far: {title: Far, cause: info, severity: info, when: abs(loss) >= limit}
  after: {title: After, cause: info, severity: info, after: size, when: step < 30}
gates:
  open: {require: {enough: {value: often, at_least: limit}}}
"""
)
OFF = "; to switch the rule off, name it under 'disable'"
APART = f"its parts rule each other out{OFF}"
SHARE = f"that number lies between 0 and 1{OFF}"
HOLDS = "'warning' holds wherever it does: give that one the stricter 'when'"
SIDES = "on the other side of 'when'"


def told(folder: Path) -> list[str]:
    found = [f"{each.at} [{each.code}] {each.message}; {each.hint}" for each in lint_pack(load_pack(folder / "p.yaml"))]
    return [each.removeprefix(f"{folder.as_posix()}/p.yaml:") for each in found]


@pytest.mark.parametrize(
    ("text", "problems"),
    [
        # what it does not touch, and what stays sound
        ("", []),
        ("params: {low: {default: 2}}", []),
        ("windows: {run: {last: 9 points}}", []),
        ("params: {off: {default: -1}}", []),
        ("variants: {loose: {set: {low: 0.5}}}", []),
        ("params: {low: {default: 5}}\ndisable: [between, grave]", []),
        ("variants: {late: {set: {low: 5}, disable: {between: too late, grave: too late}}}", []),
        # a default
        ("params: {low: {default: 5}}", [f"6:25 [constant-condition] with this, 'when' of rule 'between' never holds; {APART}", f"6:25 [unreachable-level] with this, level 'info' of rule 'grave' is never shown; {HOLDS}"]),
        ("params: {low: {default: 2 * high}}\ndisable: [grave]", [f"6:25 [constant-condition] with this, 'when' of rule 'between' never holds; {APART}"]),
        ("params: {low: {default: 7}, high: {default: 6}}\ndisable: [grave]", [f"6:25 [constant-condition] with this, 'when' of rule 'between' never holds; {APART}"]),
        ("params: {limit: {default: 80}}", [f"6:27 [constant-condition] with this, 'when' of rule 'many' never holds, and 1 more; {SHARE}"]),
        ("params: {limit: {default: 80}}\ndisable: [many]", ["6:27 [constant-condition] with this, requirement 'enough' of gate 'open' is never met; that number lies between 0 and 1"]),
        ("params: {limit: {default: 0}}", [f"6:27 [constant-condition] with this, 'when' of rule 'far' always holds; that number is never below 0{OFF}"]),
        ("params: {size: {default: 50}}", [f"6:26 [constant-condition] with this, 'when' of rule 'after' never holds; its 'while' or 'after' rules it out{OFF}"]),
        ("params: {low: {default: -5}}", [f"6:25 [until-side] with this, 'until' of rule 'high' can hold where 'when' does; it is to hold once the fault is over, {SIDES}"]),
        # a window
        ("windows: {run: {last: 2 points}}", ["6:23 [too-few-points] with this, share() in 'expr' of metric 'often' may rest on 2 points only, and 1 more; let the window need more, as with 'min: 5 points'"]),
        ("params: {size: {default: 2}}", ["6:26 [too-few-points] with this, slope_lower() in 'when' of rule 'flat' is unknown over 2 points; it takes at least 3"]),
        ("windows: {half: {last: 5 points}}", ["6:24 [never-full] window 'half' needs 10 points and never holds more than 5; let it need fewer, or make it longer"]),
        # a computed metric
        ("metrics: {often: {expr: abs(loss) + 2}}", [f"6:25 [constant-condition] with this, 'when' of rule 'many' always holds; that number is never below 2{OFF}"]),
        # a 'while' or 'after' beside an inherited 'when'
        ("rules: {between: {while: loss > 2}, after: {after: 20}}", []),
        ("rules: {between: {while: loss > 9}}", ["6:26 [constant-condition] 'when' of rule 'between', which is inherited, never holds where it is looked at; this rules it out"]),
        ("rules: {after: {after: 40}}", ["6:24 [constant-condition] 'when' of rule 'after', which is inherited, never holds where it is looked at; this rules it out"]),
        # a variant, of its own or an inherited one
        ("variants: {late: {set: {low: 5}}}\ndisable: [grave]", [f"6:30 [constant-condition] with this, 'when' of rule 'between' never holds in variant 'late'; {APART}"]),
        ("variants: {short: {set: {low: 5}}}\ndisable: [grave]", [f"6:31 [constant-condition] with this, 'when' of rule 'between' never holds in variant 'short'; {APART}"]),
        ("variants: {tiny: {set: {size: 2}}}", ["6:31 [too-few-points] with this, slope_lower() in 'when' of rule 'flat' is unknown over 2 points in variant 'tiny'; it takes at least 3"]),
        ("params: {high: {default: -1}, low: {default: -4}}\ndisable: [high]", []),
        ("params: {high: {default: -3}, low: {default: -4}}\ndisable: [high, grave]", []),
        ("params: {high: {default: -3}, low: {default: -4}}\nvariants: {back: {set: {low: 3}}}\ndisable: [high, grave]", [f"7:30 [constant-condition] with this, 'when' of rule 'between' never holds in variant 'back'; {APART}"]),
    ],
)  # fmt: skip
def test_what_is_inherited_is_told_where_the_pack_changes_it(tmp_path: Path, text: str, problems: list[str]) -> None:
    (tmp_path / "parent.yaml").write_text(PARENT)
    (tmp_path / "p.yaml").write_text(HEAD.format("p") + f"extends: parent.yaml\n{text}\n")
    assert told(tmp_path) == problems


@pytest.mark.parametrize(
    ("variant", "problems"),
    [
        ("{set: {low: 2}}", []),
        ("{set: {low: 5}, disable: [between, grave]}", []),
        ("{set: {low: 5}, disable: [grave]}", [f"11:79 [constant-condition] with this, 'when' of rule 'between' never holds in variant 'late'; {APART}"]),
        ("{set: {limit: 80}, disable: [many]}", ["11:81 [constant-condition] with this, requirement 'enough' of gate 'open' is never met in variant 'late'; that number lies between 0 and 1"]),
        ("{set: {size: 2}}", ["11:80 [too-few-points] with this, slope_lower() in 'when' of rule 'flat' is unknown over 2 points in variant 'late'; it takes at least 3"]),
    ],
)  # fmt: skip
def test_a_variant_that_makes_a_condition_impossible(tmp_path: Path, variant: str, problems: list[str]) -> None:
    text = PARENT.replace("wide: {set: {high: 9}}", f"late: {variant}")
    text = text.replace("{set: {high: 4}}, ", "{set: {high: 4}},                         ")
    (tmp_path / "p.yaml").write_text(text)
    assert told(tmp_path) == problems


def test_what_a_pack_in_the_middle_changes_is_its_own_business(tmp_path: Path) -> None:
    (tmp_path / "parent.yaml").write_text(PARENT)
    middle = HEAD.format("p") + "extends: parent.yaml\nparams: {low: {default: 5}}\ndisable: [grave]\n"
    (tmp_path / "p.yaml").write_text(middle)
    (tmp_path / "kid.yaml").write_text(HEAD.format("kid") + "extends: p.yaml\n")
    assert told(tmp_path) == [f"6:25 [constant-condition] with this, 'when' of rule 'between' never holds; {APART}"]
    assert lint_pack(load_pack(tmp_path / "kid.yaml")) == []
