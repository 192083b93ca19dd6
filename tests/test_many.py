"""Many runs in one call: each report is that of a call for this run alone."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from trainrules.engine.errors import LogError, OverrideError, PackError, TrainrulesError
from trainrules.engine.evaluate import evaluate
from trainrules.engine.many import Judged, evaluate_many
from trainrules.engine.render.json import dumps

ROOT = Path(__file__).resolve().parents[1]
EXAMPLES = ROOT / "examples"
LOGS = [str(path) for path in sorted(EXAMPLES.glob("*/*.jsonl"))]


def alone(log: str, **asked: Any) -> str:
    """What a call for one run gives, as text: its report, or its error."""
    try:
        return dumps(evaluate(log, **asked))
    except TrainrulesError as error:
        return f"{type(error).__name__}: {error}"


def told(judged: Judged) -> str:
    assert (judged.report is None) != (judged.error is None)
    return dumps(judged.report) if judged.report else f"{type(judged.error).__name__}: {judged.error}"


@pytest.mark.parametrize(
    "asked",
    [
        {"pack": "kto"},
        {"pack": "kto", "settings": ["margin_floor=-0.1"], "now": 2e9},
        {"pack": "kto", "variant": "short", "overrides": {"warmup_steps": 30}},
        {"input_format": "jsonl"},
    ],
    ids=str,
)
def test_the_reports_are_those_of_single_calls(asked: dict[str, Any]) -> None:
    logs = [*LOGS, "no_such_log.jsonl"]
    found = list(evaluate_many(logs, **asked))
    assert [each.log for each in found] == logs
    assert [told(each) for each in found] == [alone(log, **asked) for log in logs]


@pytest.mark.parametrize(
    ("asked", "kind"),
    [
        ({"pack": "kot"}, PackError),
        ({"pack": "kto", "settings": ["margn_floor=1"]}, OverrideError),
        ({"pack": "kto", "input_format": "parquet"}, LogError),
    ],
    ids=["pack", "setting", "format"],
)
def test_what_is_wrong_is_told_of_each_run(asked: dict[str, Any], kind: type[Exception]) -> None:
    assert [type(each.error) for each in evaluate_many(LOGS[:2], **asked)] == [kind, kind]


PACKS = "pack must be the name of a pack, the path of its file, or a Pack that load_pack gave, not "
VALUES = 'overrides must be a mapping of params and their values, such as {"warmup_steps": 30}, not '
FILES = 'override_files must be a list of paths, such as ["settings.yaml"], not '
SETTINGS = 'settings must be a list of texts, such as ["warmup_steps=30"], not '


@pytest.mark.parametrize("called", [evaluate, lambda log, **asked: list(evaluate_many([log], **asked))])
@pytest.mark.parametrize(
    ("asked", "error"),
    [
        ({"pack": None}, f"{PACKS}None"),
        ({"pack": 3}, f"{PACKS}3"),
        ({"overrides": [1]}, f"{VALUES}[1]"),
        ({"overrides": "warmup_steps=30"}, f"{VALUES}'warmup_steps=30'"),
        ({"overrides": {1: 2}}, f"{VALUES}{{1: 2}}"),
        ({"overrides": ["x" * 60]}, f"{VALUES}list"),
        ({"override_files": "settings.yaml"}, f"{FILES}'settings.yaml'"),
        ({"override_files": [None]}, f"{FILES}[None]"),
        ({"settings": "warmup_steps=30"}, f"{SETTINGS}'warmup_steps=30'"),
        ({"settings": {"warmup_steps": 30}}, f"{SETTINGS}{{'warmup_steps': 30}}"),
        ({"settings": None}, f"{SETTINGS}None"),
    ],
)
def test_an_argument_of_a_wrong_type_is_named(called: Callable[..., object], asked: dict[str, Any], error: str) -> None:
    with pytest.raises(TypeError) as refused:
        called(LOGS[0], **asked)
    assert str(refused.value) == error
