# ruff: noqa: E501 - tables of whole messages
"""The pack coordexp: every key of its guide is in the glossary, and what it says of logs as ms-swift writes them."""

from __future__ import annotations

import json
import math
import random
from collections.abc import Callable
from itertools import product
from pathlib import Path
from typing import Any

import pytest

from trainrules import evaluate
from trainrules.engine.evaluate import wanted
from trainrules.engine.judged import metrics_of
from trainrules.engine.load import load_pack
from trainrules.engine.pack import Rule
from trainrules.engine.params import resolve
from trainrules.engine.report import Report
from trainrules.engine.series import members

PACK = load_pack("coordexp")
Row = dict[str, Any]


def spread(prefix: str, text: str) -> list[str]:
    """Keys as the guide writes them: `len_mean|p90` after a prefix."""
    keys = []
    for word in text.split():
        first, *others = word.split("|")
        stem = first[: first.rindex("_") + 1] if others else ""
        keys += [prefix + first, *(prefix + stem + other for other in others)]
    return keys


ROLLOUT = spread(
    "rollout/",
    "buffer_reuse buffer_window_step0 buffer_completed_steps gen_new_tokens_total|mean|p90|p99 gen_tokens_per_s "
    "parse_dropped_invalid|ambiguous parse_truncated parse_truncated_rate parse_obj_total parse_obj_valid_frac "
    "parse_obj_drop_frac sample_valid_pred_rate sample_any_match_rate gt_objects valid_pred_objects "
    "matched_for_supervision excluded_from_supervision fn_appended fn gating_rejections gating_rejection_rate "
    "precision recall f1 match_rate matched_maskiou_mean|count desc_pairs_total desc_exact_acc_on_matched "
    "desc_sem_enabled desc_sem_acc_on_matched desc_sem_sim_mean|count excluded_rate prefix_coord_targets_total "
    "prefix_coord_targets_per_matched tail_ignore_frac prompt_len_mean|p90 rollout_len_mean|p90 train_len_mean|p90 "
    "append_len_mean|p90 encoded_len_mean|p90",
)
STAGE2 = [
    *spread("time/", "rollout_generate_s rollout_parse_match_s rollout_teacher_encode_s"),
    *spread("packing/", "post_rollout_fill post_rollout_segments post_rollout_buffer"),
]
EVAL = spread(
    "eval_rollout_",
    "precision recall f1 pred_objects gt_objects matched fp fn parse_truncated_rate parse_dropped_invalid|ambiguous "
    "sample_valid_pred_rate sample_any_match_rate matched_maskiou_mean desc_pairs_total desc_exact_acc_on_matched "
    "desc_sem_enabled desc_sem_acc_on_matched desc_sem_sim_mean|count",
)
STAGE1 = [
    *spread("base_ce/", "loss noncoord_tokens noncoord_tokens_per_sample loss_per_sample"),
    *spread(
        "coord_softce_w1/",
        "loss soft_ce w1 gate coord_vocab_mass coord_tokens acc_top5 p_gt_mean margin_mean coord_tokens_per_sample "
        "loss_per_sample",
    ),
    *("stage1/total_loss_per_sample_est", "pack/num_samples", "accum/grad_steps", "accum/current_grad_steps"),
    *("token_acc", "token_acc_top5", "text_token_acc"),
    *("_token_".join(pair) for pair in product(("desc", "format", "coord"), ("frac", "acc", "acc_top5"))),
    *spread("coord_monitor/flip_", "coord_to_noncoord text_to_coord format_to_coord desc_to_coord"),
    *(f"coord_monitor/coord_vocab_mass_at_gt_{kind}" for kind in ("coord", "text", "format", "desc")),
]
KEYS = [*ROLLOUT, *STAGE2, *EVAL, *STAGE1, *(f"eval_{key}" for key in STAGE1)]
IN_LOSS = {
    "loss",
    "eval_loss",
    "base_ce_loss",
    *(f"coord_softce_w1_{part}" for part in ("loss", "soft_ce", "w1", "gate")),
}


def test_every_key_of_the_guide_is_in_the_glossary() -> None:
    known = {key for metric in PACK.metrics.values() for key in metric.keys}
    assert [key for key in KEYS if key not in known] == []
    assert len(set(KEYS)) == len(KEYS) > 140


def test_every_key_has_a_meaning_and_says_whether_it_is_in_the_loss() -> None:
    listed = [metric for metric in PACK.metrics.values() if metric.group]
    assert [metric.id for metric in listed if not metric.help or metric.in_loss is None] == []
    assert {metric.id for metric in PACK.metrics.values() if metric.in_loss and not metric.twin_of} == IN_LOSS


def test_quality_of_rollouts_is_that_of_fresh_ones_by_rank() -> None:
    for key in ROLLOUT:
        metric = PACK.metrics[key.replace("/", "_")]
        assert (metric.where is None) == metric.id.startswith("rollout_buffer")
        assert (metric.by, metric.role) == (("rank",), "train")
    for key in EVAL:
        assert (PACK.metrics[key].role, PACK.metrics[key].where, PACK.metrics[key].by) == ("eval", None, ())


def test_the_glossary_takes_a_line_for_a_key_or_for_several() -> None:
    lines = {metric.at.line for metric in PACK.metrics.values() if metric.group and not metric.twin_of}
    assert len(lines) < 100 < len([metric for metric in PACK.metrics.values() if metric.group])


def test_only_what_rules_need_is_kept() -> None:
    read = {metric.id for metric in wanted(resolve(PACK)).metrics if metric.judged}
    assert "rollout_prompt_len_p90" not in read
    assert "eval_token_acc" not in read
    assert {"rollout_f1", "rollout_buffer_reuse", "eval_rollout_f1"} <= read
    assert len(read) < len(PACK.metrics) / 2


def reads(rule: Rule) -> set[str]:
    """The log's keys that the conditions of a rule look at, those of all members of families."""
    named = [PACK.metrics[id] for id in metrics_of(PACK, [level.when for level in rule.levels])]
    return {key for metric in named for *_, keys in members(PACK, metric) for key in keys}


def test_what_tells_where_a_metric_counts_is_named_last_and_so_not_drawn() -> None:
    named = metrics_of(PACK, [level.when for level in PACK.rules["objects_dropped"].levels])
    counts = ["rollout_parse_dropped_invalid", "rollout_parse_dropped_ambiguous", "rollout_valid_pred_objects"]
    assert named[-1] == "rollout_buffer_reuse"
    assert [id for id in named if id in counts] == counts
    assert "dropped_share" in named


def test_every_key_of_the_guide_has_a_unit_or_a_range() -> None:
    lacking = {
        key
        for metric in PACK.metrics.values()
        if metric.group and not metric.unit and metric.good is None and metric.type == "number"
        for key in metric.keys[:1]
    }
    assert not lacking


@pytest.mark.parametrize("variant", ["stage1", "stage2"])
def test_what_a_variant_switches_off_it_gives_a_reason_for(variant: str) -> None:
    one = PACK.variants[variant]
    assert all(({**one.disable, **one.advise}).values())


def test_stage_1_has_no_rule_on_rollouts_and_every_other() -> None:
    named = ("rollout/", "time/rollout", "packing/", "eval_rollout_")
    of_rollouts = {
        rule.id
        for rule in PACK.rules.values()
        if rule.id not in PACK.invariants and any(key.startswith(named) for key in reads(rule))
    }
    assert set(PACK.variants["stage1"].disable) == of_rollouts


def test_every_key_of_coord_monitor_is_read_by_a_rule() -> None:
    read = {key for rule in PACK.rules.values() for key in reads(rule)}
    assert [key for key in STAGE1 if key.startswith("coord_monitor/") and key not in read] == []


# Runs


def stage2(steps: int, *, fault_at: int = 10**9, window: int = 1, ranks: int = 1, channels: bool = True) -> list[Row]:
    """A log of stage 2 as ms-swift writes it, whose rollouts collapse from a step on; made up from one seed."""
    noise = random.Random(7)
    rows: list[Row] = []
    for step in range(1, steps + 1):
        clock = {"epoch": step / steps, "global_step/max_steps": f"{step}/{steps}", "memory(GiB)": 52.05}
        clock |= {"train_speed(iter/s)": 0.005, "percentage": f"{step / steps:.2%}"}
        on_b = not channels or step % 4 != 1
        reuse = float((step - 1) % window != 0)
        f1 = 0.3 + 0.2 * (1 - math.exp(-2 * step / steps))
        for rank in range(ranks):
            row: Row = {"loss": (1.0 if on_b else 0.7) - 0.1 * step / steps + noise.gauss(0, 0.1 if on_b else 0.02)}
            row |= {"grad_norm": abs(noise.gauss(1, 0.5)), "learning_rate": 2e-5, "packing/post_rollout_fill": 0.92}
            row |= {"stage2/channel_a": 1.0 - on_b, "stage2/channel_b": 1.0 * on_b} if channels else {}
            row |= {"rank": rank} if ranks > 1 else {}
            row |= {"rollout/buffer_reuse": reuse} if window > 1 else {}
            if on_b:
                kept = 0.2 if step >= fault_at else 1.0
                row["rollout/f1"] = max(0.0, kept * f1 + noise.gauss(0, 0.03)) * (1 - reuse)
                row["rollout/sample_valid_pred_rate"] = min(1.0, kept * 0.95 + noise.gauss(0, 0.03))
                row["rollout/parse_truncated_rate"] = 0.5 + noise.gauss(0, 0.05)
                row["rollout/gen_new_tokens_mean"] = 1500 + noise.gauss(0, 80)
                row |= {"rollout/gen_new_tokens_p90": 3084.0, "rollout/gen_new_tokens_p99": 3084.0}
            rows.append(row | clock)
        if step % 20 == 0:
            rows.append({"eval/detection/f1": f1 + 0.2, "eval/runtime/runtime_s": 56.9} | clock)
    rows.append({"train_runtime": 1611.1, "train_loss": 0.95, "global_step/max_steps": f"{steps}/{steps}"})
    rows.append(
        {"last_model_checkpoint": "v0/checkpoint", "best_metric": 0.6, "log_history": [{"loss": 9.0, "step": 1}]}
    )
    return rows


def judge(place: Path, rows: list[Row]) -> Report:
    log = place / "logging.jsonl"
    log.write_text("".join(json.dumps(row) + "\n" for row in rows), encoding="utf-8")
    return evaluate(log, pack=PACK)


SHAPES = [
    pytest.param({}, id="channels in turn"),
    pytest.param({"channels": False, "window": 4}, id="buffered"),
    pytest.param({"channels": False, "window": 2, "ranks": 2}, id="two ranks"),
]


@pytest.mark.parametrize("shape", SHAPES)
def test_a_sound_run_goes_on_wherever_it_is_cut(tmp_path: Path, shape: dict[str, Any]) -> None:
    rows = stage2(120, **shape)
    for end in (3, 17, 50, 101, len(rows)):
        report = judge(tmp_path, rows[:end])
        assert report.plan[0].action in ("continue", "wait"), (end, report.findings)
    assert report.plan[0].text.endswith("eval/detection/f1 was best at step 120 (0.6729).")


@pytest.mark.parametrize("shape", SHAPES)
def test_a_collapse_of_rollouts_is_found_where_it_began(tmp_path: Path, shape: dict[str, Any]) -> None:
    report = judge(tmp_path, stage2(140, fault_at=70, **shape))
    assert [step.action for step in report.plan] == ["stop", "revert", "halve_lr"]
    found = {finding.rule: finding for finding in report.findings}
    assert 66 <= (found["rollout_collapse"].onset.step or 0) <= 76
    ranks = ("rank=0", "rank=1") if shape.get("ranks") else ()
    assert found["rollout_collapse"].series == ranks


@pytest.mark.parametrize(
    ("log", "holding", "told"),
    [
        ("coordexp-seed/control_smallfrac_logging.jsonl", 18, "The run finished at step 8 of 8; 44 rules found no fault."),
        ("coordexp-seed/control_vllm_bonly_merged1332_logging.jsonl", 13, "The run finished at step 1 of 1; 29 rules found no fault."),
        ("swift-deepclima/logging.jsonl", 0, "The run finished at step 438 of 438; 19 rules found no fault. eval_loss was best at step 400 (0.1293)."),
    ],
)  # fmt: skip
def test_real_logs_of_sound_runs_stay_quiet(corpus: Callable[[str], Path], log: str, holding: int, told: str) -> None:
    report = evaluate(corpus(f"logs/{log}"), pack=PACK)
    assert (report.verdict, report.plan[0].text) == ("healthy", told)
    assert sum(result.status == "holds" for result in report.invariants) == holding
    assert [result.invariant for result in report.invariants if result.failed] == []
