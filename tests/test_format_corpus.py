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
    others: str = ""  # the keys of the gradient norm and of the learning rate


TRAIN, BOTH = ("train_loss", None), ("train_loss", "test_loss")
LOSS, EVALS, KERAS = ("loss", None), ("loss", "eval_loss"), ("loss", "val_loss")
HF, RATE = "grad_norm learning_rate", "learning_rate"
LOGS = [
    Log("cape-seed/debug_log.txt", "detr", 1, 0, 0, BOTH, others="train_lr"),
    Log("cape-seed/quick_test_log.txt", "detr", 1, 0, 0, BOTH, others="train_lr"),
    Log("cape-seed/results_console.txt", "console", 5, 0, 4, BOTH, others="train_lr"),
    Log("cfvit/log.txt", "detr", 300, 0, 299, TRAIN, "healthy", others="train_lr"),
    Log("console-dp-finetune/app.log", "console", 40, 5000, 200000, ("train_loss", "eval_loss"), "failed"),
    Log("coordexp-seed/control_smallfrac_launch.log", "console", 8, 0.12, 1, LOSS, "healthy", others=HF),
    Log("coordexp-seed/control_smallfrac_logging.jsonl", "ms_swift", 8, 1, 8, LOSS, "healthy", others=HF),
    Log("coordexp-seed/control_vllm_bonly_merged1332_logging.jsonl", "ms_swift", 1, 1, 1, LOSS, "healthy", others=HF),
    Log("detr-holtin/log.txt", "detr", 300, 0, 299, BOTH, "healthy", others="train_lr"),
    Log("detr-moqixis/log.txt", "detr", 2, 0, 1, BOTH, "healthy", others="train_lr"),
    Log("hf-lf-sygoat/trainer_log.jsonl", "llama_factory", 866, 10, 8660, LOSS, "healthy", others=RATE),
    Log("hf-lf-sygoat/trainer_state.json", "trainer_state", 866, 10, 8660, LOSS, "healthy", others=HF),
    Log("hf-stressreg/trainer_state.json", "trainer_state", 61, 50, 3050, EVALS, others=RATE),
    Log("hf-stressreg/trainer_state_first.json", "trainer_state", 41, 50, 2050, EVALS, "failed", others=RATE),
    Log("hf-subjectivity/trainer_state_a.json", "trainer_state", 50, 10, 500, EVALS, "failed", others=HF),
    Log("hf-subjectivity/trainer_state_b.json", "trainer_state", 10, 50, 500, EVALS, others=HF),
    Log("jsonl-mamba-integer/metrics.jsonl", "jsonl", 227, 0, 2260, LOSS),
    Log("jsonl-mamba-integer/snapshot_104rows.jsonl", "jsonl", 104, 0, 1030, LOSS),
    Log("jsonl-mamba-integer/snapshot_82rows.jsonl", "jsonl", 82, 0, 810, LOSS),
    Log("jsonl-slm-akaws/metrics.jsonl", "jsonl", 388, 20, 7760, LOSS, "healthy", others="lr"),
    Log("keras-ptychopinn-nan/gs1_history_healthy.json", "keras", 5, 0, 4, KERAS, "healthy", others=RATE),
    Log("keras-ptychopinn-nan/gs1_history_nan.json", "keras", 5, 0, 4, KERAS, "failed", others=RATE),
    Log("keras-ptychopinn-nan/gs2_history_healthy.json", "keras", 5, 0, 4, KERAS, "healthy", others=RATE),
    Log("lightning-pinn/version_0/metrics.csv", "lightning", 100, 62, 6299, ("train_loss_epoch", None)),
    Log("lightning-pinn/version_18/metrics.csv", "lightning", 1000, 62, 62999, ("train_loss_epoch", None)),
    Log("mae-ft-kyle/disfa_fold2_log.txt", "detr", 20, 0, 19, BOTH, "failed", others="train_lr"),
    Log("mae-ft-kyle/farapy2_log.txt", "detr", 100, 0, 99, BOTH, others="train_lr"),
    Log("mae-ft-kyle/feafa_fold1_log.txt", "detr", 20, 0, 19, BOTH, "failed", others="train_lr"),
    Log("mae-ft-kyle/pretrain_log.txt", "detr", 800, 0, 799, TRAIN, "healthy", others="train_lr"),
    Log("mmengine-duanbo/20230605_200941.log", "console", 789, 1, 132, LOSS, "healthy", others="lr"),
    Log("mmengine-duanbo/second_run_scalars.json", "mmengine", 59, 69, 4071, LOSS, "healthy", others="lr"),
    Log("mmengine-duanbo/vis_data/scalars.json", "mmengine", 789, 1, 789, LOSS, "healthy", others="lr"),
    Log("mmseg-potato/None.log.json", "mmcv", 4000, 10, 40000, LOSS, "healthy", others="lr"),
    Log("nan-excerpts/aqg_indot5_log_history.json", "trainer_state", 5, 28, 84, EVALS, "failed", others=HF),
    Log("nan-excerpts/hf_console_loss_zero.txt", "console", 4, 0.87, 3.48, LOSS, "failed", others=HF),
    Log("nan-excerpts/qwen35_sft_eval_history.json", "trainer_state", 3, 327, 981, (None, "eval_loss"), "failed"),
    Log("swift-deepclima/checkpoint-400_trainer_state.json", "trainer_state", 41, 1, 400, EVALS, "healthy", others=HF),
    Log("swift-deepclima/logging.jsonl", "ms_swift", 45, 1, 438, EVALS, "healthy", others=HF),
    *(
        Log(f"trainproof-{name}/seed{seed}/trainer_state.json", "trainer_state", 60, 5, 300, LOSS, source, HF)
        for name, source in (("healthy", "healthy"), ("lr-hot", "failed"))
        for seed in (42, 43, 44)
    ),
    Log("trl-dpo-silver/trainer_state.json", "trainer_state", 291, 1, 2900, EVALS, "healthy", others=RATE),
    Log("unsloth-dpo-orpo/llama3_8b_orpo_table.csv", "csv", 30, 1, 30, ("training_loss", None)),
    Log("unsloth-dpo-orpo/zephyr_7b_dpo_table.csv", "csv", 114, 1, 114, ("training_loss", None), "healthy"),
    Log("whisper-braj/trainer_state.json", "trainer_state", 25, 132, 2640, EVALS, "failed", others=HF),
    Log("whisper-merlinmy/trainer_state.json", "trainer_state", 200, 25, 5000, EVALS, "failed", others=RATE),
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
    assert (run.keys.pop("loss", None), run.keys.pop("eval_loss", None)) == log.keys
    assert " ".join(run.keys[id] for id in sorted(run.keys)) == log.others


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
