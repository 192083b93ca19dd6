"""Every public log of the corpus: the format that it is told to be in, its rows, where they stand, the verdict."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path
from typing import NamedTuple

import pytest

from trainrules.engine.evaluate import evaluate, wanted
from trainrules.engine.load import load_pack
from trainrules.engine.params import resolve
from trainrules.engine.readers.model import Wanted
from trainrules.engine.readers.reading import read


class Log(NamedTuple):
    """A log: what reading it must give, and whether its source calls the run healthy or failed (else neither)."""

    path: str
    format: str
    rows: int  # in which the general pack finds a metric
    first: float
    last: float
    keys: tuple[str | None, str | None]  # the loss and that of the evaluation
    source: str = ""


TRAIN, BOTH = ("train_loss", None), ("train_loss", "test_loss")
LOSS, EVALS, KERAS = ("loss", None), ("loss", "eval_loss"), ("loss", "val_loss")
LOGS = [
    Log("cape-seed/debug_log.txt", "detr", 1, 0, 0, BOTH),
    Log("cape-seed/quick_test_log.txt", "detr", 1, 0, 0, BOTH),
    Log("cape-seed/results_console.txt", "console", 5, 0, 4, BOTH),
    Log("cfvit/log.txt", "detr", 300, 0, 299, TRAIN, "healthy"),
    Log("console-dp-finetune/app.log", "console", 40, 5000, 200000, ("train_loss", "eval_loss"), "failed"),
    Log("coordexp-seed/control_smallfrac_launch.log", "console", 8, 0.12, 1, LOSS, "healthy"),
    Log("coordexp-seed/control_smallfrac_logging.jsonl", "ms_swift", 8, 1, 8, LOSS, "healthy"),
    Log("coordexp-seed/control_vllm_bonly_merged1332_logging.jsonl", "ms_swift", 1, 1, 1, LOSS, "healthy"),
    Log("detr-holtin/log.txt", "detr", 300, 0, 299, BOTH, "healthy"),
    Log("detr-moqixis/log.txt", "detr", 2, 0, 1, BOTH, "healthy"),
    Log("hf-lf-sygoat/trainer_log.jsonl", "llama_factory", 866, 10, 8660, LOSS, "healthy"),
    Log("hf-lf-sygoat/trainer_state.json", "trainer_state", 866, 10, 8660, LOSS, "healthy"),
    Log("hf-stressreg/trainer_state.json", "trainer_state", 61, 50, 3050, EVALS),
    Log("hf-stressreg/trainer_state_first.json", "trainer_state", 41, 50, 2050, EVALS, "failed"),
    Log("hf-subjectivity/trainer_state_a.json", "trainer_state", 50, 10, 500, EVALS, "failed"),
    Log("hf-subjectivity/trainer_state_b.json", "trainer_state", 10, 50, 500, EVALS),
    Log("jsonl-mamba-integer/metrics.jsonl", "jsonl", 227, 0, 2260, LOSS),
    Log("jsonl-mamba-integer/snapshot_104rows.jsonl", "jsonl", 104, 0, 1030, LOSS),
    Log("jsonl-mamba-integer/snapshot_82rows.jsonl", "jsonl", 82, 0, 810, LOSS),
    Log("jsonl-slm-akaws/metrics.jsonl", "jsonl", 388, 20, 7760, LOSS, "healthy"),
    Log("keras-ptychopinn-nan/gs1_history_healthy.json", "keras", 5, 0, 4, KERAS, "healthy"),
    Log("keras-ptychopinn-nan/gs1_history_nan.json", "keras", 5, 0, 4, KERAS, "failed"),
    Log("keras-ptychopinn-nan/gs2_history_healthy.json", "keras", 5, 0, 4, KERAS, "healthy"),
    Log("lightning-pinn/version_0/metrics.csv", "lightning", 100, 62, 6299, ("train_loss_epoch", None)),
    Log("lightning-pinn/version_18/metrics.csv", "lightning", 1000, 62, 62999, ("train_loss_epoch", None)),
    Log("mae-ft-kyle/disfa_fold2_log.txt", "detr", 20, 0, 19, BOTH, "failed"),
    Log("mae-ft-kyle/farapy2_log.txt", "detr", 100, 0, 99, BOTH),
    Log("mae-ft-kyle/feafa_fold1_log.txt", "detr", 20, 0, 19, BOTH, "failed"),
    Log("mae-ft-kyle/pretrain_log.txt", "detr", 800, 0, 799, TRAIN, "healthy"),
    Log("mmengine-duanbo/20230605_200941.log", "console", 789, 1, 132, LOSS, "healthy"),
    Log("mmengine-duanbo/second_run_scalars.json", "mmengine", 59, 69, 4071, LOSS, "healthy"),
    Log("mmengine-duanbo/vis_data/scalars.json", "mmengine", 789, 1, 789, LOSS, "healthy"),
    Log("mmseg-potato/None.log.json", "mmcv", 4000, 10, 40000, LOSS, "healthy"),
    Log("nan-excerpts/aqg_indot5_log_history.json", "trainer_state", 5, 28, 84, EVALS, "failed"),
    Log("nan-excerpts/hf_console_loss_zero.txt", "console", 4, 0.87, 3.48, LOSS, "failed"),
    Log("nan-excerpts/qwen35_sft_eval_history.json", "trainer_state", 3, 327, 981, (None, "eval_loss"), "failed"),
    Log("swift-deepclima/checkpoint-400_trainer_state.json", "trainer_state", 41, 1, 400, EVALS, "healthy"),
    Log("swift-deepclima/logging.jsonl", "ms_swift", 45, 1, 438, EVALS, "healthy"),
    *(
        Log(f"trainproof-{name}/seed{seed}/trainer_state.json", "trainer_state", 60, 5, 300, LOSS, source)
        for name, source in (("healthy", "healthy"), ("lr-hot", "failed"))
        for seed in (42, 43, 44)
    ),
    Log("trl-dpo-silver/trainer_state.json", "trainer_state", 291, 1, 2900, EVALS, "healthy"),
    Log("unsloth-dpo-orpo/llama3_8b_orpo_table.csv", "csv", 30, 1, 30, ("training_loss", None)),
    Log("unsloth-dpo-orpo/zephyr_7b_dpo_table.csv", "csv", 114, 1, 114, ("training_loss", None), "healthy"),
    Log("whisper-braj/trainer_state.json", "trainer_state", 25, 132, 2640, EVALS, "failed"),
    Log("whisper-merlinmy/trainer_state.json", "trainer_state", 200, 25, 5000, EVALS, "failed"),
    Log("yolov5-masked/results.csv", "yolo", 70, 0, 69, ("train/loss", "val/loss")),
]


@pytest.fixture(scope="module")
def asked() -> Wanted:
    return wanted(resolve(load_pack("common")))


@pytest.mark.parametrize("log", LOGS, ids=lambda log: log.path)
def test_public_logs_are_read(log: Log, asked: Wanted, corpus: Callable[[str], Path]) -> None:
    run = read(str(corpus(f"logs/{log.path}")), asked)
    facts = run.facts
    clock = "epoch" if facts.clock == "epoch" else "step"
    found = run.con.execute(f"SELECT arg_min({clock}, i), max({clock}) FROM run").fetchone()
    assert (facts.format, facts.rows, facts.malformed, found) == (log.format, log.rows, 0, (log.first, log.last))
    assert (run.keys.get("loss"), run.keys.get("eval_loss")) == log.keys


@pytest.mark.parametrize("log", [log for log in LOGS if log.source], ids=lambda log: log.path)
def test_public_logs_are_judged_as_their_sources_say(log: Log, corpus: Callable[[str], Path]) -> None:
    report = evaluate(corpus(f"logs/{log.path}"), pack="common")
    if log.source == "failed":
        assert report.verdict not in ("healthy", "unknown")
    else:
        assert report.plan[0].action in ("continue", "wait")


def test_no_public_log_is_left_out(corpus: Callable[[str], Path]) -> None:
    root = corpus("logs")
    files = {os.path.relpath(path, root) for path in root.rglob("*") if path.is_file() and path.name != "SOURCES.md"}
    assert files == {log.path for log in LOGS}
