"""The examples say what their README says of them."""

from __future__ import annotations

from pathlib import Path

import pytest

from trainrules import evaluate, load_pack


@pytest.mark.parametrize(
    ("log", "pack", "verdict", "actions", "onset"),
    [
        ("kto_healthy/training_metrics.jsonl", "kto", "healthy", ["continue"], None),
        ("kto_flipped_labels/training_metrics.jsonl", "kto", "act", ["stop", "revert"], 81),
        ("kto_hidden_nan/training_metrics.jsonl", "kto", "act", ["stop", "revert"], 101),
        ("sft_divergence/log.jsonl", "common", "act", ["stop", "revert"], 115),
        ("sft_divergence/log.jsonl", "examples/my_pack.yaml", "act", ["stop", "revert"], 115),
    ],
)
def test_an_example_is_judged_as_described(
    root: Path, log: str, pack: str, verdict: str, actions: list[str], onset: float | None
) -> None:
    report = evaluate(root / "examples" / log, pack=root / pack if "/" in pack else pack)
    serious = [each for each in report.findings if each.state == "firing" and each.severity != "info"]
    assert report.verdict == verdict
    assert [step.action for step in report.plan][: len(actions)] == actions
    assert min((each.onset.step for each in serious if each.onset.step is not None), default=None) == onset


def test_the_pack_to_edit_adds_a_rule_to_its_parent(root: Path) -> None:
    mine, parent = load_pack(root / "examples" / "my_pack.yaml"), load_pack("common")
    assert set(mine.rules) - set(parent.rules) == {"my_grad_norm_often_high"}
    report = evaluate(root / "examples" / "sft_divergence" / "log.jsonl", pack=mine)
    (finding,) = (each for each in report.findings if each.rule == "my_grad_norm_often_high")
    assert (finding.onset.step, finding.message) == (115, "grad_norm 169: often above 5 since step 115")
