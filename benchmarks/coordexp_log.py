"""A deterministic log of a CoordExp run in its second stage, as ms-swift writes it: 120 keys a row, no fault.

Its counts and shares follow from each other, so that the pack's invariants hold; the last keys are ones that the pack
does not know, as there are in every log.
"""

from __future__ import annotations

import json
import math
import random
from pathlib import Path

KEYS = 120
Row = dict[str, float | str]


def rollout(learned: float, noise: random.Random) -> Row:
    """What the present model generates, by counts."""
    truth, samples = noise.randint(380, 420), 64
    found = noise.randint(390, 410)
    matched = round(truth * min(0.95, 0.45 + 0.25 * learned + noise.gauss(0, 0.02)))
    dropped, unclear, excluded = noise.randint(4, 8), noise.randint(0, 3), noise.randint(1, 3)
    parsed, tokens, seconds = found + dropped + unclear, 9000 + noise.randint(0, 900), 3 + noise.random() / 5
    precision, recall, targets = matched / found, matched / truth, 4 * matched
    row: Row = {
        "buffer_reuse": 0.0,
        "buffer_window_step0": 0.0,
        "buffer_completed_steps": 1.0,
        "gen_new_tokens_total": float(tokens),
        "gen_new_tokens_mean": tokens / samples,
        "gen_new_tokens_p90": 190 + noise.gauss(0, 4),
        "gen_new_tokens_p99": 240 + noise.gauss(0, 4),
        "gen_tokens_per_s": tokens / seconds,
        "parse_dropped_invalid": float(dropped),
        "parse_dropped_ambiguous": float(unclear),
        "parse_truncated": 1.0,
        "parse_truncated_rate": 1 / samples,
        "parse_obj_total": float(parsed),
        "parse_obj_valid_frac": found / parsed,
        "parse_obj_drop_frac": (dropped + unclear) / parsed,
        "sample_valid_pred_rate": 62 / samples,
        "sample_any_match_rate": 60 / samples,
        "gt_objects": float(truth),
        "valid_pred_objects": float(found),
        "matched_for_supervision": float(matched),
        "excluded_from_supervision": float(excluded),
        "fn_appended": float(truth - matched),
        "fn": float(truth - matched),
        "gating_rejections": 40.0,
        "gating_rejection_rate": 0.05,
        "precision": precision,
        "recall": recall,
        "f1": 2 * precision * recall / (precision + recall),
        "match_rate": recall,
        "matched_maskiou_mean": 0.7 + 0.05 * learned + noise.gauss(0, 0.01),
        "matched_maskiou_count": float(matched),
        "desc_pairs_total": float(matched),
        "desc_exact_acc_on_matched": 0.6 + noise.gauss(0, 0.02),
        "desc_sem_enabled": 1.0,
        "desc_sem_acc_on_matched": 0.8 + noise.gauss(0, 0.02),
        "desc_sem_sim_mean": 0.85 + noise.gauss(0, 0.01),
        "desc_sem_sim_count": float(matched),
        "excluded_rate": excluded / (matched + excluded),
        "prefix_coord_targets_total": float(targets),
        "prefix_coord_targets_per_matched": targets / matched,
        "tail_ignore_frac": 0.2,
    }
    for name, usual in (("prompt", 800), ("rollout", 150), ("train", 900), ("append", 60), ("encoded", 1700)):
        row |= {f"{name}_len_mean": usual + noise.gauss(0, 5), f"{name}_len_p90": 1.2 * usual + noise.gauss(0, 5)}
    times = {"generate": seconds, "parse_match": 0.4 + noise.random() / 50, "teacher_encode": 0.2}
    return {f"rollout/{name}": value for name, value in row.items()} | {
        f"time/rollout_{name}_s": value for name, value in times.items()
    }


def supervised(learned: float, noise: random.Random) -> Row:
    """The two parts of the loss, and how well tokens of each kind are predicted."""
    soft, distance, gate = 0.5 - 0.08 * learned, 0.3 - 0.05 * learned, 0.02 + abs(noise.gauss(0, 0.002))
    text, coord = 0.7 - 0.1 * learned + noise.gauss(0, 0.02), soft + distance + gate + noise.gauss(0, 0.02)
    row: Row = {"loss": text + coord, "base_ce/loss": text, "base_ce/noncoord_tokens": 20_000.0}
    inside = {"loss": coord, "soft_ce": soft, "w1": distance, "gate": gate, "coord_vocab_mass": math.exp(-gate) + 1e-4}
    inside |= {"coord_tokens": 6_000.0, "acc_top5": 0.6 + 0.05 * learned, "p_gt_mean": 0.2, "margin_mean": 1.5}
    row |= {f"coord_softce_w1/{name}": value for name, value in inside.items()}
    accuracy = 0.75 + 0.03 * learned + noise.gauss(0, 0.01)
    row |= {"token_acc": accuracy, "token_acc_top5": accuracy + 0.1, "text_token_acc": accuracy + 0.02}
    for kind, share in (("desc", 0.2), ("format", 0.5), ("coord", 0.23)):
        row |= {f"{kind}_token_frac": share, f"{kind}_token_acc": accuracy, f"{kind}_token_acc_top5": accuracy + 0.1}
    row |= {f"coord_monitor/flip_{kind}_to_coord": 0.001 for kind in ("text", "format", "desc")}
    row |= {f"coord_monitor/coord_vocab_mass_at_gt_{kind}": 0.002 for kind in ("text", "format", "desc")}
    row |= {"coord_monitor/flip_coord_to_noncoord": 0.01, "coord_monitor/coord_vocab_mass_at_gt_coord": 0.97}
    return row | {"accum/grad_steps": 8.0, "accum/current_grad_steps": 8.0}


def row_of(step: int, total: int, noise: random.Random) -> Row:
    """One row of the log."""
    learned = math.log1p(step / 50) / 10
    row = supervised(learned, noise) | rollout(learned, noise)
    row |= {"grad_norm": abs(noise.gauss(1.2, 0.2)), "learning_rate": 0.00001, "memory(GiB)": 61.5}
    row |= {f"packing/post_rollout_{name}": 0.9 for name in ("fill", "segments", "buffer")}
    row |= {"train_speed(s/it)": 4.2, "epoch": step / total, "global_step/max_steps": f"{step}/{total}"}
    return row | {f"debug/layer_{number}/norm": 1 + noise.random() for number in range(KEYS - len(row))}


def write_log(path: Path, rows: int) -> None:
    """A log of so many rows."""
    noise = random.Random(0)
    with path.open("w", encoding="utf-8") as log:
        for step in range(1, rows + 1):
            row = {
                key: round(value, 8) if isinstance(value, float) else value
                for key, value in row_of(step, rows, noise).items()
            }
            log.write(json.dumps(row) + "\n")
