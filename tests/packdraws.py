"""Whole packs and logs for them, drawn by hypothesis: well-formed ones, and such as a slip of the hand has bent."""

from __future__ import annotations

import json
import math
from typing import Any, NamedTuple

import yaml
from hypothesis import strategies as st

from .drawnruns import NUMBERS, WINDOWS
from .mutations import mutations
from .test_language import CONDITION, NUMBER, grown

Mapping = dict[str, Any]
small_number, small_condition = grown(1)
numbers = st.one_of(small_number, small_number, NUMBER)
conditions = st.one_of(small_condition, small_condition, CONDITION)
lengths = st.sampled_from(
    ["1 points", "3 points", "5 steps", "0.5 epochs", "2 minutes", "lasting points", "2 * lasting steps"]
)
texts = st.sampled_from(["as it is", "{loss:.3g} at {step}", "{onset:g}: {value:.2f}, {threshold:g}", "{phase} {{x}}"])
actions = st.lists(
    st.sampled_from(["stop", "revert", "again", "faster", "wait", "check_config"]), max_size=3, unique=True
)
severities = st.sampled_from(["info", "warning", "critical"])
causes = st.sampled_from(["non_finite", "inverted", "diverging", "unstable", "overfitting", "stalled", "info"])


class Drawn(NamedTuple):
    """A pack as YAML, whether a slip bent it, and the log of a run."""

    pack: str
    is_bent: bool
    log: str


def fields(**strategies: st.SearchStrategy[Any]) -> st.SearchStrategy[Mapping]:
    """Any of these fields."""
    return st.fixed_dictionaries({}, optional=strategies)


@st.composite
def levels(draw: st.DrawFn, *, is_rule: bool) -> Mapping:
    """What a rule says, or a level of one."""
    level = {"when": draw(conditions)} | draw(fields(message=texts, actions=actions, until=conditions))
    level |= {"for": draw(lengths)} if draw(st.booleans()) else {}
    return level if is_rule and draw(st.booleans()) else level | {"severity": draw(severities)}


@st.composite
def rules(draw: st.DrawFn, id: str) -> Mapping:
    rule: Mapping = {"title": f"Rule {id}", "cause": draw(causes)}
    after = st.sampled_from([3, "lasting", "floor_value * 4"])
    rule |= draw(fields(since=conditions, after=after, why=st.just("So it is.")))
    rule |= {"while": draw(conditions)} if draw(st.integers(0, 3)) == 0 else {}
    if draw(st.integers(0, 3)) == 0:
        order = draw(st.sampled_from([["info", "warning"], ["warning", "critical"]]))
        return rule | {"levels": [draw(levels(is_rule=False)) | {"severity": each} for each in order]}
    level = {"severity": draw(severities)} | draw(levels(is_rule=True))
    if "until" not in level and draw(st.integers(0, 4)) == 0:
        level["sticky"] = True
    return rule | level


@st.composite
def requirements(draw: st.DrawFn) -> Mapping:
    limit = draw(
        st.sampled_from(
            [
                {"at_least": 0.5},
                {"at_most": "floor_value"},
                {"above": -1},
                {"below": "factor"},
                {"between": [-1, "lasting"]},
            ]
        )
    )
    return {"value": draw(numbers)} | limit | draw(fields(near=st.sampled_from([0.05, 1])))


@st.composite
def gates(draw: st.DrawFn) -> Mapping:
    gate: Mapping = {
        "title": "A gate",
        "require": {f"need_{n}": draw(requirements()) for n in range(draw(st.integers(1, 3)))},
    }
    gate |= draw(fields(passed=st.just("changed(phase)"), max_age=st.just("5 points"), on_passed=st.just(["continue"])))
    return gate | ({"while": "phase != 'end'"} if draw(st.booleans()) else {})


@st.composite
def invariants(draw: st.DrawFn) -> Mapping:
    sides = f"{draw(numbers)} {draw(st.sampled_from(['==', '<=', '>=']))} {draw(numbers)}"
    return {"title": "An identity", "holds": sides} | draw(fields(rel=st.just(0.01), abs=st.sampled_from([0, 0.5])))


@st.composite
def packs(draw: st.DrawFn) -> Mapping:
    """A pack of the names that drawn expressions use."""
    split = draw(st.sampled_from([None, None, None, "rank"]))
    metrics: Mapping = {id: {"keys": [id], "better": draw(st.sampled_from(["lower", "higher"]))} for id in NUMBERS}
    metrics["phase"] = {"keys": ["phase"], "type": "text"}
    metrics["eval_loss"] = {"keys": ["eval_loss"], "role": "eval", "better": "lower"}
    if split:
        metrics["kl"] |= {"by": split}
    if draw(st.booleans()):
        metrics["margin"] |= {"where": draw(st.sampled_from(["step > 2", "default(loss, 0) < 2", "phase == 'main'"]))}
    metrics |= {f"made_{n}": {"expr": draw(numbers)} for n in range(draw(st.integers(0, 2)))}
    windows = {
        id: {"last": "all" if unit == "all" else f"{length} {unit}", "min": f"{least} points"}
        for id, (length, unit, least) in WINDOWS.items()
    }
    params: Mapping = {
        "floor_value": {"default": 0.5},
        "factor": {"default": draw(st.sampled_from([-2, "floor_value * -4"])), "max": 3},
        "unset": {"default": None},
        "strict": {"default": True, "type": "boolean"},
        "lasting": {"default": 2, "type": "integer", "min": 1},
    }
    pack: Mapping = {"schema": 1, "pack": "drawn", "version": "1.0.0", "title": "Drawn"}
    pack["clock"] = {"step": ["step"], "epoch": ["epoch"], "time": ["time"]}
    pack |= {"labels": {"rank": ["rank"]}, "sentinels": ["loss", "kl"], "metrics": metrics, "params": params}
    pack |= {"windows": windows, "rules": {f"rule_{n}": draw(rules(f"{n}")) for n in range(draw(st.integers(1, 3)))}}
    pack["actions"] = {
        "stop": {"title": "Stop", "rank": 100},
        "revert": {"title": "Go back", "rank": 80, "target": "checkpoint"},
        "again": {"title": "Again", "rank": 60, "set": {"rate": "last_step / 3"}, "direction": {"rate": "down"}},
        "faster": {"title": "Faster", "rank": 60, "set": {"rate": "last_step * 3"}, "direction": {"rate": "up"}},
        "check_config": {"title": "Check the configuration", "rank": 40},
        "check_logging": {"title": "Check the log", "rank": 40},
        "wait": {"title": "Wait", "rank": 10, "alone": True},
        "continue": {"title": "Go on", "rank": 0, "alone": True},
    }
    pack["variants"] = {"other": {"set": {"floor_value": "default * 2"}, "disable": ["rule_0"]}}
    if draw(st.booleans()):
        pack["gates"] = {"ready": draw(gates())}
    if draw(st.booleans()):
        pack["invariants"] = {"same": draw(invariants())}
    if draw(st.booleans()):
        pack["stages"] = {
            "early": {"to": "6 steps", "expect": {"loss": [0, 1]}},
            "late": {"expect": {"margin": [0, None]}},
        }
    return pack


cells = st.one_of(
    st.sampled_from([0.0, 0.5, 1.0, -1.0, 2.0, -3.25, 0.125]),
    st.sampled_from([math.nan, math.inf, 1e155, -1e-7, None]),
)


@st.composite
def logs(draw: st.DrawFn) -> str:
    """The log of a run of up to 20 rows, with what logs have: NaN, gaps, evaluations, ranks, resumes, a torn line."""
    lines, step = [], 0
    for n in range(draw(st.integers(1, 20))):
        step = max(0, step + draw(st.sampled_from([1, 1, 1, 1, 2, 5, 0, -3])))
        row: Mapping = {"step": step, "epoch": step / 8, "time": 60 * step, "rank": n % 2}
        row |= {id: draw(cells) for id in NUMBERS if draw(st.integers(0, 4))}
        row |= {"phase": draw(st.sampled_from(["main", "end", "it's", None]))} if draw(st.booleans()) else {}
        row |= {"eval_loss": draw(cells)} if n % 4 == 3 else {}
        lines.append(json.dumps(row))
    torn = draw(st.sampled_from(["", "", "", '{"step": 3, "lo']))
    return "\n".join(lines) + f"\n{torn}"


@st.composite
def drawn(draw: st.DrawFn) -> Drawn:
    """A pack, one in three of them bent, and a log."""
    text, seed = yaml.safe_dump(draw(packs()), sort_keys=False, width=1000), draw(st.integers(0, 10**6))
    is_bent = seed % 3 == 0
    if is_bent:
        (mutation,) = mutations(text, 1, seed)
        text = mutation.text
    return Drawn(text, is_bent, draw(logs()))
