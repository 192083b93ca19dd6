"""`--pack auto`: the pack that fits the keys of a log, and what is said where none does."""

from __future__ import annotations

import io
import json
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from trainrules import LogError, cli, evaluate
from trainrules.engine import detect, load, shelf
from trainrules.engine import shipped as shipping
from trainrules.engine.detect import NoPackError, choose, heads, occurs
from trainrules.engine.load import load_pack
from trainrules.engine.render.json import to_json
from trainrules.engine.render.table import render
from trainrules.engine.shipped import RULES, shipped

PACK = """\
# A comment, and a rule whose text looks like a head.
schema: 1
pack: {name}
version: 1.0.0
title: {name} of a test
{extends}
detect:
  - {keys}

clock: {{step: [step]}}
metrics:
  loss: {{keys: [loss], required: true, help: "title: none"}}
rules:
  high: {{title: Loss is high, cause: info, severity: info, when: loss > 5}}
"""

KEYS = {
    "boxes": ["*loss_giou", "*loss_bbox"],
    "masks": ["*loss_giou", "*loss_bbox", "*loss_mask"],
    "masks_too": ["*loss_mask", "*loss_bbox", "*class_error"],
    "experts": ["expert", "phase"],
    "rollouts": ["rollout/*", "loss"],
    "games": ["score"],
    "chess": ["elo"],
}
PARENTS = {"games": "rollouts", "chess": "games.yaml"}


@pytest.fixture
def packs(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder of packs that takes the place of the shipped ones."""
    folder = tmp_path / "rules"
    folder.mkdir()
    for name, keys in KEYS.items():
        listed = "\n  - ".join(f'"{key}"' for key in keys)
        extends = f"extends: {PARENTS[name]}" if name in PARENTS else ""
        (folder / f"{name}.yaml").write_text(PACK.format(name=name, keys=listed, extends=extends), encoding="utf-8")
    common = PACK.format(name="common", keys="x", extends="").replace("detect:\n  - x\n", "")
    (folder / "common.yaml").write_text(common, "utf-8")
    (folder / "boxes.test.yaml").write_text("pack: boxes\ndetect: [loss]\n", encoding="utf-8")
    monkeypatch.setattr(load, "RULES", folder)
    for module in (detect, shelf, shipping):
        monkeypatch.setattr(module, "RULES", folder)
    return folder


def log_of(path: Path, *rows: dict[str, Any]) -> str:
    path.write_text("".join(json.dumps(row) + "\n" for row in rows), encoding="utf-8")
    return str(path)


@pytest.mark.parametrize(
    ("key", "names", "expected"),
    [
        ("kl", {"kl"}, True),
        ("kl", {"eval_kl", "kls"}, False),
        ("*kl", {"eval_kl"}, True),
        ("*kl", {"kl"}, True),
        ("rollout/*", {"rollout/mean"}, True),
        ("rollout/*", {"rollout", "mean"}, True),
        ("rewards/margins", {"rewards", "margins"}, True),
        ("rewards/margins", {"rewards"}, False),
        ("a*b*c", {"abc"}, True),
        ("a*b*c", {"a_b_b_c"}, True),
        ("a*b*c", {"acb"}, False),
        ("a*a", {"a"}, False),
        ("[ab]", {"a"}, False),
        ("", {""}, False),
    ],
)
def test_a_key_occurs_flat_or_nested(key: str, names: set[str], expected: bool) -> None:
    assert occurs(key, names) == (key if expected else "")


@pytest.mark.parametrize(
    ("key", "names", "expected"),
    [
        ("{a,b}", {"b"}, "b"),
        ("{a,b}", {"a", "b"}, "a"),
        ("{a,b}", {"ab", "c"}, ""),
        ("{a/*, b}/{c,d}", {"b/d"}, "b/d"),
        ("{a/*, b}/{c,d}", {"a", "x", "d"}, "a/*/d"),
        ("x{,_y}", {"x_y"}, "x_y"),
        ("{a", {"{a"}, "{a"),
        ("a}", {"a}"}, "a}"),
    ],
)
def test_of_several_keys_the_first_that_occurs(key: str, names: set[str], expected: str) -> None:
    assert occurs(key, names) == expected


@pytest.mark.parametrize(
    ("key", "found"),
    [
        ("coord_softce_w1/loss", "coord_softce_w1/*"),
        ("coord_token_acc", "coord_token_*"),
        ("rollout/f1", "rollout/f1"),
        ("packing/post_rollout_fill", "packing/post_rollout_*"),
        ("coord_mae", ""),
        ("coord_loss", ""),
        ("x_coord_mae", ""),
        ("rollout/ep_rew_mean", ""),
        ("rollout", ""),
    ],
)
def test_what_tells_coordexp(key: str, found: str) -> None:
    if found:
        assert choose("run.jsonl", {"loss", "grad_norm", key})[:2] == ("coordexp", (found,))
    else:
        with pytest.raises(NoPackError):
            choose("run.jsonl", {"loss", "grad_norm", key})


def test_stage_2_of_coordexp_is_known_by_nested_rollouts_as_well() -> None:
    assert choose("run.jsonl", {"loss", "rollout", "f1", "precision"}).pack == "coordexp"


@pytest.mark.parametrize(
    ("names", "pack", "found"),
    [
        ({"expert", "phase", "loss"}, "experts", ("expert", "phase")),
        ({"train_loss_giou", "test_loss_bbox"}, "boxes", ("*loss_giou", "*loss_bbox")),
        # The keys of one are among those of the other, which is the more specific one.
        ({"loss_giou", "loss_bbox", "loss_mask"}, "masks", ("*loss_giou", "*loss_bbox", "*loss_mask")),
        # One key short of a pack is none of its logs, however many it has.
        ({"loss_mask", "loss_bbox", "expert", "phase"}, "experts", ("expert", "phase")),
        ({"rollout/len", "loss"}, "rollouts", ("rollout/*", "loss")),
        # A pack that extends another, over however many, is the more specific one, with fewer keys as well.
        ({"rollout/len", "loss", "score"}, "games", ("score",)),
        ({"rollout/len", "loss", "elo"}, "chess", ("elo",)),
        ({"rollout/len", "loss", "elo", "score"}, "chess", ("elo",)),
    ],
)
def test_the_most_specific_pack_that_fits_is_chosen(
    packs: Path, names: set[str], pack: str, found: tuple[str, ...]
) -> None:
    assert choose("run.jsonl", names)[:2] == (pack, found)


@pytest.mark.parametrize(
    ("names", "error", "nearest"),
    [
        (
            {"loss_mask", "loss_bbox", "loss_giou", "class_error"},
            "run.jsonl: more than one pack fits this log (masks: *loss_giou, *loss_bbox and *loss_mask; masks_too: "
            "*loss_mask, *loss_bbox and *class_error); give --pack masks or --pack masks_too",
            ["masks", "masks_too", "boxes"],
        ),
        (  # A greater number of keys makes no pack the right one.
            {"loss_mask", "loss_bbox", "loss_giou", "expert", "phase"},
            "run.jsonl: more than one pack fits this log (masks: *loss_giou, *loss_bbox and *loss_mask; experts: "
            "expert and phase); give --pack masks or --pack experts",
            ["masks", "boxes", "experts", "masks_too"],
        ),
        (
            {"phase", "step"},
            "run.jsonl: no pack fits this log by its keys (experts would also need expert); --pack common judges any "
            "log with a loss, 'rules packs' lists the others",
            ["experts"],
        ),
        (
            {"loss_bbox", "loss"},
            "run.jsonl: no pack fits this log by its keys (boxes would also need *loss_giou; rollouts would also need "
            "rollout/*; masks would also need *loss_giou and *loss_mask; masks_too would also need *loss_mask and "
            "*class_error); --pack common judges any log with a loss, 'rules packs' lists the others",
            ["boxes", "rollouts", "masks", "masks_too"],
        ),
        (
            {"accuracy"},
            "run.jsonl: no pack fits this log by its keys; say what is trained, with --pack boxes, chess, "
            "experts, games, masks, masks_too or rollouts; --pack common judges any log with a loss",
            [],
        ),
    ],
)
def test_where_none_fits_or_several_the_candidates_are_named(
    packs: Path, names: set[str], error: str, nearest: list[str]
) -> None:
    with pytest.raises(NoPackError) as raised:
        choose("run.jsonl", names)
    assert str(raised.value) == error
    assert [fit.pack for fit in raised.value.fits] == nearest


@pytest.mark.parametrize("name", ["common", *shipped()])
def test_the_head_of_a_shipped_pack_is_what_loading_all_of_it_gives(name: str) -> None:
    pack = load_pack(name)
    known = [head for head in heads(RULES) if head.pack == name]
    assert known == ([(name, pack.title, pack.detect, ("common",))] if pack.detect else [])
    assert bool(known) is (name != "common")


ROWS = [{"step": step, "expert": 1, "phase": "a", "loss": 1.0} for step in range(1, 4)]


@pytest.mark.parametrize("text", ["plain", 'with \\"escapes\\u0020', "a/b"])
def test_the_report_says_which_pack_was_chosen_and_why(packs: Path, tmp_path: Path, text: str) -> None:
    log = log_of(tmp_path / "run.jsonl", *({**row, "note": json.loads(f'"{text}"')} for row in ROWS))
    report = evaluate(log)
    assert (report.pack, report.chosen, report.detected) == ("experts", "auto", ("expert", "phase"))
    assert to_json(report)["pack"] == {
        "id": "experts",
        "version": "1.0.0",
        "variant": None,
        "chosen": "auto",
        "detected": ["expert", "phase"],
    }
    assert render(report, width=100).endswith("3 rows, steps 1 to 3; pack experts 1.0.0, chosen by expert and phase\n")


def test_a_pack_that_is_given_is_not_called_chosen(packs: Path, tmp_path: Path) -> None:
    log = log_of(tmp_path / "run.jsonl", *ROWS)
    report = evaluate(log, pack="rollouts")
    assert to_json(report)["pack"] == {"id": "rollouts", "version": "1.0.0", "variant": None, "chosen": "given"}
    assert render(report, width=100).endswith("3 rows, steps 1 to 3; pack rollouts 1.0.0\n")


def test_keys_in_nested_objects_and_in_the_last_line_of_many_count(packs: Path, tmp_path: Path) -> None:
    rows = [{"step": step, "loss": 1.0} for step in range(200)]
    log = log_of(tmp_path / "run.jsonl", *rows, {"step": 200, "loss": 1.0, "rollout": {"mean": 2}})
    assert evaluate(log).pack == "rollouts"


def test_a_large_log_is_known_by_its_pieces(packs: Path, tmp_path: Path) -> None:
    filler = "x" * 500
    rows = [{"step": step, "expert": 1, "phase": "a", "loss": 1.0, "text": filler} for step in range(10_000)]
    assert evaluate(log_of(tmp_path / "run.jsonl", *rows)).detected == ("expert", "phase")


def test_standard_input_is_read_once(packs: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    data = io.BytesIO("".join(json.dumps(row) + "\n" for row in ROWS).encode())
    monkeypatch.setattr("sys.stdin", SimpleNamespace(buffer=data))
    assert evaluate("-").pack == "experts"


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("", "the log is empty"),
        ("\n\n", "no line is a JSON object: the file is blank"),
        ("a,b\n1,2\n2,3\n", "no pack fits this log by its keys"),
        ('[{"a": 1}]\n', "no pack fits this log by its keys"),
        ('{"a": 1}\n{"a": 2}\n', "no pack fits this log by its keys"),
    ],
)
def test_what_is_no_log_is_told_as_that(packs: Path, tmp_path: Path, text: str, message: str) -> None:
    path = tmp_path / "run.jsonl"
    path.write_text(text, encoding="utf-8")
    with pytest.raises(LogError) as raised:
        evaluate(path)
    assert raised.value.message == message


def test_the_command_leaves_with_3_and_a_report_on_each_log(
    packs: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    log_of(tmp_path / "known.jsonl", *ROWS)
    log_of(tmp_path / "unknown.jsonl", {"step": 1, "phase": "a", "loss": 1.0})
    with pytest.raises(SystemExit) as left:
        cli.main(["eval", "--strict", "--format", "jsonl", "known.jsonl", "unknown.jsonl"])
    out, err = capsys.readouterr()
    known, unknown = map(json.loads, out.splitlines())
    assert left.value.code == 3
    assert (known["pack"]["id"], known["verdict"]) == ("experts", "healthy")
    candidates = [
        {"pack": "experts", "found": ["phase"], "missing": ["expert"]},
        {"pack": "rollouts", "found": ["loss"], "missing": ["rollout/*"]},
    ]
    assert unknown["pack"] == {
        "id": "auto", "version": "", "variant": None, "chosen": "auto", "candidates": candidates
    }  # fmt: skip
    assert unknown["reason"] == (
        "no pack fits this log by its keys (experts would also need expert; rollouts would also need rollout/*)"
    )
    assert err == (
        "unknown.jsonl: no pack fits this log by its keys (experts would also need expert; rollouts would also need "
        "rollout/*); --pack common judges any log with a loss, 'rules packs' lists the others\n"
    )


@pytest.mark.parametrize(
    ("keys", "pack"),
    [
        (("x_coord_mae",), None),
        (("train_loss_giou", "train_loss_bbox", "train_coord_error"), "sam_detr"),
        (("coord_monitor/flip_coord_to_noncoord",), "coordexp"),
    ],
)
def test_a_coordinate_in_the_name_of_a_key_is_no_coordexp(
    tmp_path: Path, keys: tuple[str, ...], pack: str | None
) -> None:
    log = log_of(
        tmp_path / "run.jsonl", *({"step": step, "loss": 2.0, **dict.fromkeys(keys, 1.0)} for step in range(20))
    )
    if pack is None:
        with pytest.raises(NoPackError, match="no pack fits"):
            evaluate(log)
    else:
        assert evaluate(log).pack == pack


@pytest.mark.parametrize(
    ("keys", "candidates"),
    [
        (("rewards/margins", "rewards/chosen", "kl", "loss_giou", "loss_bbox"), ["kto", "sam_detr"]),
        (
            ("rewards/margins", "rewards/chosen", "kl", "loss_giou", "loss_bbox", "gradient_stability"),
            ["kto", "sam_detr", "alpha_lora"],
        ),
        (("gradient_stability", "coord_softce_w1/loss"), ["alpha_lora", "coordexp"]),
        (("train_loss_coords", "train_loss_ce_room", "train_loss_giou", "train_loss_bbox"), ["cape_pose", "sam_detr"]),
    ],
)
def test_a_log_with_the_keys_of_several_shipped_packs_is_ambiguous(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], keys: tuple[str, ...], candidates: list[str]
) -> None:
    log = log_of(
        tmp_path / "run.jsonl", *({"step": step, "loss": 2.0, **dict.fromkeys(keys, 1.0)} for step in range(20))
    )
    with pytest.raises(SystemExit) as left:
        cli.main(["eval", "--format", "json", log])
    out, err = capsys.readouterr()
    found = json.loads(out)["pack"]["candidates"]
    assert left.value.code == 3
    assert [each["pack"] for each in found if not each["missing"]] == candidates
    assert "more than one pack fits this log" in err


PACK_OF = {"detr": "sam_detr", "kto": "kto", "lora": "alpha_lora", "pose": "cape_pose", "sft": None}


@pytest.mark.parametrize("regime", list(PACK_OF))
def test_every_run_of_the_corpus_gets_the_pack_of_its_regime(corpus: Callable[[str], Path], regime: str) -> None:
    logs = [
        path
        for path in corpus(f"runs/{regime}").glob("*/*")
        if path.suffix == ".jsonl" or path.name in ("log.txt", "console.txt")
    ]
    expected = PACK_OF[regime] if PACK_OF[regime] in shipped() else None
    assert logs
    for log in logs:
        if log.name == "console.txt":  # may print too little to tell; another pack must not be taken
            with suppress(NoPackError):
                assert evaluate(log).pack == expected
        elif expected is None:
            with pytest.raises(NoPackError, match="--pack common"):
                evaluate(log)
        else:
            assert evaluate(log).pack == expected


@pytest.mark.parametrize(
    ("log", "pack"),
    [
        ("coordexp-seed/control_smallfrac_logging.jsonl", "coordexp"),
        ("coordexp-seed/control_vllm_bonly_merged1332_logging.jsonl", "coordexp"),
        ("cape-seed/debug_log.txt", "cape_pose"),
        ("cape-seed/results_console.txt", "cape_pose"),
        ("detr-moqixis/log.txt", "sam_detr"),
        ("detr-holtin/log.txt", "sam_detr"),
        ("cfvit/log.txt", None),
        ("hf-lf-sygoat/trainer_log.jsonl", None),
        ("jsonl-mamba-integer/metrics.jsonl", None),
        ("mae-ft-kyle/pretrain_log.txt", None),
        ("mmengine-duanbo/vis_data/scalars.json", None),
        ("swift-deepclima/logging.jsonl", None),
    ],
)
def test_a_log_from_elsewhere_gets_its_pack_or_none(corpus: Callable[[str], Path], log: str, pack: str | None) -> None:
    path = corpus(f"logs/{log}")
    if pack in shipped():
        assert evaluate(path).pack == pack
    else:
        with pytest.raises(NoPackError, match="--pack common"):
            evaluate(path)


@pytest.mark.parametrize(
    ("parts", "pack", "detected"),
    [
        ("loss_ce: 1 (1)  loss_coords: 2 (2)  loss_ce_room: 0 (0)", "cape_pose", ["*loss_ce_room", "*loss_coords"]),
        ("loss_ce: 1 (1)  loss_bbox: 2 (2)  loss_giou: 1 (1)", "sam_detr", ["*loss_giou", "*loss_bbox"]),
    ],
)
def test_a_run_that_died_within_its_first_epoch(tmp_path: Path, parts: str, pack: str, detected: list[str]) -> None:
    log = tmp_path / "console.txt"
    line = f"Epoch: [1]  [ 0/60]  eta: 0:01:00  lr: 0.0001  loss: 62.3 (60.3)  {parts}  time: 0.4  max mem: 5133\n"
    log.write_text("Start training\n" + line * 3 + "Loss is nan, stopping training\n", encoding="utf-8")
    report = evaluate(log)
    assert (report.pack, report.chosen, list(report.detected)) == (pack, "auto", detected)
    assert report.plan[0].action == "stop"
