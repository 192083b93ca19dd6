# ruff: noqa: E501 - tables of whole messages
"""Console output by the formats of a pack: which rows it gives, at which lines, and what is said where it gives none."""

from __future__ import annotations

import json
import math
import time
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from trainrules import evaluate
from trainrules.engine.build import build
from trainrules.engine.errors import LogError, PackError
from trainrules.engine.load import load_pack
from trainrules.engine.pack import Format
from trainrules.engine.problems import Problems
from trainrules.engine.readers.model import Run, Wanted, WantedMetric
from trainrules.engine.readers.reading import read
from trainrules.engine.render.table import render
from trainrules.engine.report import LogFacts
from trainrules.engine.yamlio import compose

HEAD = "schema: 1\npack: p\nversion: 1.0.0\ntitle: P\n"
COMMON = tuple(load_pack("common").formats.values())
KEYS = {
    "loss": ("train_loss", "loss"),
    "val": ("test_loss", "val_loss"),
    "lr": ("train_lr", "lr"),
    "ce": ("train_loss_ce",),
}
Row = dict[str, Any]


def formats_of(text: str) -> tuple[Format, ...]:
    problems = Problems()
    pack = build(compose(HEAD + text, "p.yaml").root, problems)
    problems.raise_any()
    return tuple(pack.formats.values())


def read_log(place: Path, log: str | bytes, formats: tuple[Format, ...] = COMMON, **keys: tuple[str, ...]) -> Run:
    path = place / "console.txt"
    path.write_bytes(log if isinstance(log, bytes) else log.encode())
    wanted = Wanted(
        clock=load_pack("common").clock,
        metrics=tuple(
            WantedMetric(id, names, role="eval" if id == "val" else "train") for id, names in (keys or KEYS).items()
        ),
        sentinels=("loss",) if "loss" in (keys or KEYS) else (),
        formats=formats,
    )
    return read(str(path), wanted)


def rows_of(run: Run) -> list[Row]:
    names = [*run.columns]
    cells = ", ".join(["line", "epoch", *(run.columns[name] for name in names)])
    found = run.con.execute(f"SELECT {cells} FROM {run.table} ORDER BY i").fetchall()
    run.con.close()
    return [
        {name: value for name, value in zip(("line", "epoch", *names), row, strict=True) if value is not None}
        for row in found
    ]


def rows(place: Path, log: str | bytes, formats: tuple[Format, ...] = COMMON, **keys: tuple[str, ...]) -> list[Row]:
    return rows_of(read_log(place, log, formats, **keys))


def facts(place: Path, log: str, formats: tuple[Format, ...] = COMMON) -> LogFacts:
    run = read_log(place, log, formats)
    run.con.close()
    return run.facts


BAR = "Epoch 1: 100%|####| 9/9 [00:01<00:00, 5.2it/s, loss=9]"
METRIC_LOGGER = """Namespace(lr=0.0001, epochs=300, batch_size=2)
Start training
Epoch: [0]  [  0/50]  eta: 0:00:06  lr: 0.000500  class_error: 44.44  loss: 10.4151 (10.4151)  loss_ce: 2.6584 (2.6584)

Epoch: [0]  [ 49/50]  eta: 0:00:00  lr: 0.000500  class_error: 37.50  loss: 5.7758 (6.5600)  loss_ce: 2.3946 (2.6070)
Epoch: [0] Total time: 0:00:03 (0.0695 s / it)
Averaged stats: lr: 0.000500  class_error: 37.50  loss: 5.7758 (6.5600)  loss_ce: 2.3946 (2.6070)
Test:  [0/6]  eta: 0:00:00  class_error: 39.47  loss: 5.6701 (5.6701)
Test: Total time: 0:00:00 (0.0157 s / it)
Averaged stats: class_error: 30.00  loss: 5.3768 (5.4966)
Epoch: [1] Total time: 0:00:03 (0.0695 s / it)
Averaged stats: lr: 0.000500  loss: 5.2786 (5.3206)
"""


def test_the_averages_of_a_metric_logger_are_rows(tmp_path: Path) -> None:
    assert rows(tmp_path, METRIC_LOGGER) == [
        {"line": 7, "epoch": 0.0, "loss": 6.56, "val": 5.4966, "lr": 0.0005, "ce": 2.607},
        {"line": 12, "epoch": 1.0, "loss": 5.3206, "lr": 0.0005},
    ]


@pytest.mark.parametrize("prefix", ["[2025-12-05 10:00:00] ", "INFO:root:", "  ", "12:01:02 | INFO | "])
def test_a_prefix_on_each_line_changes_nothing(tmp_path: Path, prefix: str) -> None:
    prefixed = "".join(f"{prefix}{line}\n" for line in METRIC_LOGGER.splitlines())
    assert rows(tmp_path, prefixed) == rows(tmp_path, METRIC_LOGGER)


def test_a_loss_within_an_epoch_that_is_not_finite_is_a_row(tmp_path: Path) -> None:
    within = "Epoch: [2]  [ 0/50]  eta: 0:00:06  lr: 0.1  loss: {}  loss_ce: nan (nan)\n"
    found = rows(tmp_path, METRIC_LOGGER + within.format("5.1 (nan)") + within.format("nan (nan)"))
    assert repr(found[2:]) == repr([{"line": 14, "epoch": 2.0, "loss": math.nan}])


def page_of(place: Path, end: str, *checkpoints: str) -> list[str]:
    log = place / "console.txt"
    log.write_text(METRIC_LOGGER.replace("epochs=300, ", "") + end, encoding="utf-8")
    for name in checkpoints:
        (place / name).mkdir()
    return render(evaluate(log, pack="common"), width=300).splitlines()


def test_a_run_that_an_error_stopped_is_to_be_mended_and_resumed(tmp_path: Path) -> None:
    page = page_of(tmp_path, "RuntimeError: CUDA error\x07\n", "checkpoint-0", "checkpoint-1")
    assert page[:7] == [
        "ACT  console.txt",
        "",
        "Stopped by an error, since epoch 1 (critical)",
        "  an error stopped it: RuntimeError: CUDA error\\x07 (line 13)",
        "",
        "What to do",
        '  1. Find and fix the cause: stopped by an error, since epoch 1. The last line of the traceback names the error, the lines above it the place. "Killed" without more is mostly the system out of memory of its own.',
    ]
    assert page[7] == (
        "  2. Resume from the last checkpoint, checkpoint-1 (epoch 1). If that one is not whole, because it was being"
        " written when the run died, take the one before it."
    )


def test_a_run_that_a_person_stopped_has_no_fault(tmp_path: Path) -> None:
    page = page_of(tmp_path, "KeyboardInterrupt\n")
    assert page[0] == "HEALTHY  console.txt"
    assert "The run ended at epoch 1 (it was interrupted: KeyboardInterrupt (line 13));" in page[1]


def test_what_is_said_of_it(tmp_path: Path) -> None:
    said = facts(tmp_path, METRIC_LOGGER)
    assert (said.format, said.clock, said.rows, said.malformed, said.lines) == ("console", "epoch", 2, 0, 12)
    assert (said.ended, said.ended_because, said.notes) == (False, "", ())


@pytest.mark.parametrize(
    ("end", "why"),
    [
        ("Training time 0:12:01\n", "the trainer says that it is done (line 13)"),
        ("Epoch: [2]  [ 0/50]  loss: 5.1 (5.1)\nLoss is nan, stopping training\n{'loss': tensor(nan)}\n", "the trainer stopped, as the loss was nan (line 14)"),
        ("Loss is inf, stopping training", "the trainer stopped, as the loss was inf (line 13)"),
        ("Traceback (most recent call last):\n  File \"main.py\", line 3\nRuntimeError: CUDA error: device-side assert\n", "an error stopped it: RuntimeError: CUDA error: device-side assert (line 15)"),
        ("[rank0]: torch.distributed.DistBackendError: NCCL\n", "an error stopped it: torch.distributed.DistBackendError: NCCL (line 13)"),
        ("KeyboardInterrupt\n", "it was interrupted: KeyboardInterrupt (line 13)"),
        ("ValueError: a worker failed, retrying\nAveraged stats: loss: 5.2 (5.3)\n", ""),
        ("Mean Absolute Error: 0.5\n", ""),
        ("Loss is nan, stopping training\nEpoch: [1] Total time: 0:01\nAveraged stats: loss: 5.2 (5.3)\n", ""),
        ("\n", ""),
    ],
)  # fmt: skip
def test_a_line_that_says_why_the_run_ended(tmp_path: Path, end: str, why: str) -> None:
    said = facts(tmp_path, METRIC_LOGGER + end)
    assert (said.ended, said.ended_because) == (bool(why), why)


TRACEBACK = 'Traceback (most recent call last):\n  File "main.py", line 3, in <module>\n    main()\n'


@pytest.mark.parametrize(
    ("end", "by", "why"),
    [
        ("Training time 0:12:01\n", "finish", "the trainer says that it is done (line 13)"),
        ("Loss is nan, stopping training\n", "non_finite", "the trainer stopped, as the loss was nan (line 13)"),
        (TRACEBACK + "RuntimeError: CUDA error: device-side assert\n", "error", "an error stopped it: RuntimeError: CUDA error: device-side assert (line 16)"),
        (TRACEBACK + "\x1b[31mRuntimeError\x1b[0m: \x1b[1mCUDA error\x1b[0m\n", "error", "an error stopped it: RuntimeError: CUDA error (line 16)"),
        (TRACEBACK + "torch.cuda.OutOfMemoryError: CUDA out of memory. Tried 2 GiB\n", "out_of_memory", "it ran out of memory: torch.cuda.OutOfMemoryError: CUDA out of memory. Tried 2 GiB (line 16)"),
        ("[rank1]: RuntimeError: CUDA error: out of memory\n", "out_of_memory", "it ran out of memory: RuntimeError: CUDA error: out of memory (line 13)"),
        ("jaxlib.xla_extension.XlaRuntimeError: RESOURCE_EXHAUSTED: Out of memory while trying to allocate 9 bytes\n", "out_of_memory", "it ran out of memory: jaxlib.xla_extension.XlaRuntimeError: RESOURCE_EXHAUSTED: Out of memory while trying to allocate 9 bytes (line 13)"),
        ("Killed\n", "error", "the system stopped it: Killed (line 13)"),
        ("run.sh: line 7: 4242 Segmentation fault      (core dumped) python main.py\n", "error", "the system stopped it: Segmentation fault (line 13)"),
        (TRACEBACK + "KeyboardInterrupt\n", "interrupt", "it was interrupted: KeyboardInterrupt (line 16)"),
        ("torch.distributed.elastic.multiprocessing.api.SignalException: Process 7 got signal: 15\n", "interrupt", "it was interrupted: torch.distributed.elastic.multiprocessing.api.SignalException: Process 7 got signal: 15 (line 13)"),
        ("slurmstepd: error: *** JOB 7 ON n1 CANCELLED AT 2025-12-05T10:00:00 DUE TO TIME LIMIT ***\n", "interrupt", "the queue stopped it: JOB 7 ON n1 CANCELLED AT 2025-12-05T10:00:00 DUE TO TIME LIMIT (line 13)"),
        # The first of several says why; the others follow from it.
        ("[rank1]: ValueError: bad box\n[rank0]: RuntimeError: NCCL\n", "error", "an error stopped it: ValueError: bad box (line 13)"),
        # Another process prints on for a while, and a bar is drawn once more.
        ("[rank1]: ValueError: bad box\nEpoch: [2]  [ 3/50]  loss: 5 (5)\ntorch.distributed.elastic.multiprocessing.errors.ChildFailedError:\n", "error", "an error stopped it: ValueError: bad box (line 13)"),
        ("ValueError: bad box\nEpoch 2:  16%|#    | 39/234 [00:39<03:14, 3.01it/s]\n", "error", "an error stopped it: ValueError: bad box (line 13)"),
        # What Python passes over, or a trainer has caught.
        ("Exception ignored in: <function _Iter.__del__ at 0x7f>\n" + TRACEBACK + "AssertionError: can only test a child process\n", "", ""),
        ("Exception in thread Thread-3:\n" + TRACEBACK + "ValueError: queue is closed\n", "", ""),
        ("Exception ignored in: <function _Iter.__del__ at 0x7f>\n" + TRACEBACK + "AssertionError: no\n" + TRACEBACK + "ValueError: bad box\n", "error", "an error stopped it: ValueError: bad box (line 21)"),
        (TRACEBACK + "OSError: image 7 cannot be read\nEpoch: [2]  [ 20/50]  loss: 5.1 (5.1)\n", "", ""),
        ("warning: CUDA out of memory, batch skipped\n", "", ""),
    ],
)  # fmt: skip
def test_what_ended_the_run(tmp_path: Path, end: str, by: str, why: str) -> None:
    said = facts(tmp_path, METRIC_LOGGER + end)
    assert (said.ended, said.ended_by, said.ended_because) == (bool(why), by, why)


def test_a_loss_that_stopped_the_trainer_is_a_value_that_is_not_finite(tmp_path: Path) -> None:
    log = tmp_path / "console.txt"
    log.write_text(METRIC_LOGGER + "Epoch: [2]  [ 0/50]  loss: 5 (5)\nLoss is nan, stopping training\n")
    report = evaluate(log, pack="common")
    (finding,) = [each for each in report.findings if each.state == "firing"]
    assert (finding.rule, finding.severity, finding.onset) == ("non_finite", "critical", (2.0, 14))
    assert [step.action for step in report.plan] == ["stop", "revert", "check_config"]
    assert report.plan[0].text.startswith("The run has ended (the trainer stopped, as the loss was nan (line 14)) and")


@pytest.mark.parametrize(
    ("log", "found"),
    [
        ("Epoch 1: loss=10,500\nEpoch 2: loss=8,200   ← Down by 22%!\n", [(1, 1, 10500, None), (2, 2, 8200, None)]),
        ("Epoch 1: loss=10,500, val_loss=11,000\n", [(1, 1, 10500, 11000)]),
        ("Epoch 1: loss=1,016,064.5\n", [(1, 1, 1016064.5, None)]),
        ("Epoch 3: loss=1e-05, val_loss=-3.5\n", [(1, 3, 1e-5, -3.5)]),
        ("Epoch 1: loss=5\nEpoch 2: loss=nan  ← Numerical instability!\n", [(1, 1, 5, None), (2, 2, math.nan, None)]),
        ("Epoch 1: loss=5\nEpoch 2: loss=?   ← Wait and see\n", [(1, 1, 5, None)]),
        ("Epoch 1: val_loss=11,000\nEpoch 2: val_loss=8,500\n", [(1, 1, None, 11000), (2, 2, None, 8500)]),
        ("Epoch [4/50], loss: 0.25, val_loss: 0.5\n", [(1, 4, 0.25, 0.5)]),
        ("2024-01-01 10:00:00 INFO Epoch 4/50 - loss: 0.25 - val_loss: 0.5\n", [(1, 4, 0.25, 0.5)]),
        ("Epoch: 2 | Step: 35 | Train loss: 1.9\nEpoch: 3 | loss: 2\n", [(1, 2, 1.9, None)]),
        ("\x1b[1mEpoch 1\x1b[0m: loss=\x1b[32m10\x1b[0m\n", [(1, 1, 10, None)]),
        ("\x1b]0;a title\x07Epoch 1: loss=10\n", [(1, 1, 10, None)]),
        ("Epoch 1:  10%|#   | 1/9\rEpoch 1: 100%|####| 9/9 [00:01<00:00, loss=99]\nEpoch 1: loss=10\n", [(2, 1, 10, None)]),
        (BAR + "Epoch 1: loss=10\n", [(1, 1, 10, None)]),
        (BAR + "2024-01-01 10:00:00 INFO Epoch 1: loss=10\nval_loss=11\n", [(1, 1, 10, 11)]),
        ("Epoch 1: loss=10\nval_loss: 11, val_acc: 0.5\nEpoch 2: loss=9\n  val loss: 12\n", [(1, 1, 10, 11), (3, 2, 9, 12)]),
        (BAR + BAR.replace("loss=9", "loss=8") + "\n" + BAR.replace("1:", "2:").replace("loss=9", "loss=7.5") + "\n", [(1, 1, 8, None), (2, 2, 7.5, None)]),
        ("Epoch 1:  50%|## | 1/2 [00:01<00:01, loss=9]\rEpoch 1: 100%|####| 2/2 [00:01<00:00, loss=8]", [(1, 1, 8, None)]),
        (" 50%|## | 1/2 [00:01<00:01, 1.5it/s, lr=0.1, loss=9]\r100%|####| 2/2 [00:01<00:00, loss=nan]\n", [(1, None, 9, None), (1, None, math.nan, None)]),
        # Of bars beside lines of epochs, and of bars that are not finished, a loss that is not finite counts.
        ("Epoch 1: loss=10\nEpoch 2/9: 100%|####| 9/9 [00:01<00:00, loss=nan]\n", [(1, 1, 10, None), (2, 2, math.nan, None)]),
        ("Epoch 1: loss=10\nEpoch 2:  50%|##  | 4/9 [00:01<00:01, loss=nan, lr=0.1]", [(1, 1, 10, None), (2, 2, math.nan, None)]),
        ("Epoch 1: loss=10\nEpoch 2:  50%|##  | 4/9 [00:01<00:01, loss=9, nan_loss=nan]", [(1, 1, 10, None)]),
        (BAR + "\nEpoch 2:  50%|##  | 4/9 [00:01<00:01, loss=NaN]", [(1, 1, 9, None), (2, 2, math.nan, None)]),
        ("x\r\nEpoch 1: loss=10\r\n\r\nEpoch 2: loss=9\r\n", [(2, 1, 10, None), (4, 2, 9, None)]),
        ("a\rEpoch 1: loss=10\rb\rEpoch 2: loss=9\rc\nEpoch 3: loss=8", [(1, 1, 10, None), (1, 2, 9, None), (2, 3, 8, None)]),
        ("\n\n\n\nEpoch 1: loss=10\n\n\nEpoch 2: loss=9", [(5, 1, 10, None), (8, 2, 9, None)]),
        ("\ufeffEpoch 1: loss=10\n\x00\nEpoch 2: loss=9\x1f\n", [(1, 1, 10, None), (3, 2, 9, None)]),
    ],
)  # fmt: skip
def test_lines_of_epochs(tmp_path: Path, log: str, found: list[tuple[float | None, ...]]) -> None:
    got = [(row["line"], row.get("epoch"), row.get("loss"), row.get("val")) for row in rows(tmp_path, log)]
    assert repr(got) == repr([(line, *(v if v is None else float(v) for v in more)) for line, *more in found])


def test_lines_with_a_loss_that_are_not_read_are_told(tmp_path: Path) -> None:
    log = "Epoch 1: loss=5\nstep 5 | loss=4\nloss_coef=3\nstep 6 | loss=3 | x\nEpoch 2: loss=4\n"
    told = "2 lines with a loss are not of the format 'epoch_lines' and not read, the first is line 2"
    assert facts(tmp_path, log).notes == (told,)
    assert facts(tmp_path, log.replace("step 5 | loss=4", BAR).replace("step 6 | loss=3", "")).notes == ()


def test_a_file_is_read_in_one_format(tmp_path: Path) -> None:
    """A console that tells each epoch twice, in two ways and counted from 0 and from 1, gives each epoch once."""
    twice = METRIC_LOGGER.replace("Epoch: [1]", "Epoch 1: loss=6.56\nEpoch: [1]") + "Epoch 2: loss=5.3206\n"
    assert [(row["epoch"], row["loss"]) for row in rows(tmp_path, twice)] == [(0.0, 6.56), (1.0, 5.3206)]


@pytest.mark.parametrize(
    ("log", "found"),
    [
        ("{'loss': 0.5, 'grad_norm': 1.5, 'learning_rate': 2e-05, 'epoch': 0.5}\n", [(1, 0.5, 0.5, 2e-5)]),
        ("{'loss': '0.5', 'lr': '2e-05', 'epoch': '0.5'}\n", [(1, 0.5, 0.5, 2e-5)]),
        ("\r 10%|#  | 1/9\r\r{'loss': nan, 'epoch': 1.0}\n\n{'loss': 0.25, 'epoch': 2.0}", [(1, 1.0, math.nan, None), (3, 2.0, 0.25, None)]),
        ("2024-06-17 22:33:00 - INFO - {'loss': 0.5, 'note': 'a, b', 'epoch': 1.0}\n", [(1, 1.0, 0.5, None)]),
        ("Epoch: 1 | Step: 5 | Train loss: 9 | Eval: 1 | b: 3\n{'loss': 0.5, 'epoch': 1}\n", [(2, 1.0, 0.5, None)]),
    ],
)  # fmt: skip
def test_dictionaries_that_a_trainer_prints(tmp_path: Path, log: str, found: list[tuple[float | None, ...]]) -> None:
    keys = {"loss": ("loss",), "lr": ("learning_rate", "lr")}
    got = [(row["line"], row["epoch"], row["loss"], row.get("lr")) for row in rows(tmp_path, log, **keys)]
    assert repr(got) == repr(found)


def test_bytes_that_are_no_text_do_not_matter(tmp_path: Path) -> None:
    log = b"\xff\xfe\x00 noise\nEpoch 1: loss=10\xff\nEpoch 2: loss=9\n"
    assert [(row["line"], row["loss"]) for row in rows(tmp_path, log)] == [(2, 10.0), (3, 9.0)]


OWN = r"""
formats:
  own:
    lines:
      - {match: '^# run (?P<run>\w+)', remember: {run: "{run}", phase: warm}}
      - {match: '^phase: (?P<phase>\w*)', remember: {phase: "{phase}"}}
      - {match: '^skip'}
      - match: '^\[(?P<step>\d+)\](?P<lr> lr)?'
        values: {step: "{step}", rate: "{lr}", kind: "{phase}-{run}"}
        pairs: '(?P<value>[\d,.]+) (?P<name>\w+)'
        key: "{phase}/{name}"
      - {match: '^done in (?P<time>\S+)', ends: "it took {time} for {run}"}
"""


def test_every_part_of_a_line_pattern(tmp_path: Path) -> None:
    log = (
        "[0] 7 loss\n"  # nothing is remembered yet, so there is no key; the step is one
        "# run a1\n[1] 5 loss 0,5 kl\nskip [2] 1 loss\nphase: main\n[3] lr 4,000.5 loss\nphase: \n[4] 3 loss\ndone in 5s\n"
    )
    run = read_log(
        tmp_path, log, formats_of(OWN), warm=("warm/loss",), main=("main/loss",), kl=("warm/kl",), lr=("rate",)
    )
    assert run.facts.ended_because == "it took 5s for a1 (line 9)"
    assert run.facts.clock == "step"
    steps = run.con.execute("SELECT step FROM run ORDER BY i").fetchall()
    assert steps == [(1.0,), (3.0,), (4.0,)]
    assert rows_of(run) == [{"line": 3, "warm": 5.0}, {"line": 6, "main": 4000.5}, {"line": 8, "main": 3.0}]


@pytest.mark.parametrize(
    ("log", "message"),
    [
        ("Epoch: [0]  [ 0/50]  eta: 0:00:06  loss: 10.4 (10.4)\n" * 3, 'console.txt: 3 lines are of the format \'metric_logger\', and none gives a value yet; wait until the run has logged more, if it does print what is read of them: each epoch ends with a line of "Averaged stats:", first of training, then of the evaluation; the keys are those of the log.txt that these trainers write'),
        ("  5%|# | 1/20\nEpoch 1: 10%|## | 2/20\n" * 6, "console.txt:1: no line is a JSON object: this looks like console output, and none of the known formats ('metric_logger', 'printed_dicts', 'mmengine', 'epoch_lines', 'progress_bars') gives a value; give the JSON lines log that the trainer writes"),
        ("[Epoch 1] begins\n", "console.txt: 1 line is of the format 'epoch_lines', and none gives a value yet; wait until the run has logged more, if it does print what is read of them: the numbers after the epoch, each with its name and = or a colon; of progress bars, only a loss that is not finite"),
        ("[12:30:05] hello\n", "console.txt:1: no line is a JSON object: this looks like console output, and none of the known formats ('metric_logger', 'printed_dicts', 'mmengine', 'epoch_lines', 'progress_bars') gives a value; give the JSON lines log that the trainer writes"),
        ("[3, 4\n", "console.txt:1: no line is a JSON object: the lines are not valid JSON; write one JSON object a line"),
        ("Epoch [1/200] Loss: 10,500\nEpoch [2/200] Loss: 12,000\n", "console.txt:1: no line is a JSON object: this looks like console output, and none of the known formats ('metric_logger', 'printed_dicts', 'mmengine', 'epoch_lines', 'progress_bars') gives a value; give the JSON lines log that the trainer writes"),
        ("hello\nworld\n", "console.txt:1: no line is a JSON object: this looks like console output, and none of the known formats ('metric_logger', 'printed_dicts', 'mmengine', 'epoch_lines', 'progress_bars') gives a value; give the JSON lines log that the trainer writes"),
        ("Epoch 1: loss=5\nEpoch 2: loss=4\n" + "Epoch 1: loss=5\n" * 2 + "Epoch 2: loss=4\nEpoch 1: loss=5\n" * 20, "console.txt:3: the epoch goes back 21 times in 44 rows: the lines of several runs or ranks are interleaved; name the label that tells them apart under 'labels' in the pack, or give a log of one run"),
    ],
)  # fmt: skip
def test_what_cannot_be_read(tmp_path: Path, log: str, message: str) -> None:
    with pytest.raises(LogError) as raised:
        read_log(tmp_path, log)
    assert str(raised.value).replace(f"{tmp_path}/", "") == message


def test_a_pack_without_formats_is_told_which_packs_can_read_it(tmp_path: Path) -> None:
    log, pack = tmp_path / "console.txt", tmp_path / "p.yaml"
    log.write_text("Epoch 1: loss=5\n")
    pack.write_text(
        HEAD + "metrics: {loss: {keys: [loss]}}\nrules: {r: {title: R, cause: info, severity: info, when: loss > 1}}\n"
    )
    with pytest.raises(LogError) as raised:
        evaluate(log, pack=pack)
    message = "no line is a JSON object: this looks like console output, and the pack has no formats for it"
    assert raised.value.message == message
    hint = "--pack common can read it; else give the JSON lines log that the trainer writes"
    assert raised.value.hint == hint


def test_json_lines_remain_json_lines(tmp_path: Path) -> None:
    run = read_log(tmp_path, '{"loss": 5, "epoch": 1}\nEpoch 2: loss=4\n{"loss": 3, "epoch": 2}\n')
    assert (run.facts.format, run.facts.malformed) == ("jsonl", 1)
    assert [row["loss"] for row in rows_of(run)] == [5.0, 3.0]


def test_json_objects_among_console_lines_are_told(tmp_path: Path) -> None:
    filler = "noise\n" * 20_000
    run = read_log(tmp_path, f'Epoch 1: loss=5\n{filler}{{"loss": 3}}\nEpoch 2: loss=4\n')
    assert run.facts.notes == ("1 lines are JSON objects and were passed over: the console lines were read",)
    assert [row["line"] for row in rows_of(run)] == [1, 20_003]


def test_standard_input_keeps_its_carriage_returns(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    import io
    import sys

    class Input(io.TextIOWrapper):
        pass

    monkeypatch.setattr(sys, "stdin", Input(io.BytesIO(b"bar\rEpoch 1: loss=10\r\nEpoch 2: loss=9\n")))
    wanted = Wanted(load_pack("common").clock, (WantedMetric("loss", ("loss",)),), formats=COMMON)
    assert [row["loss"] for row in rows_of(read("-", wanted))] == [10.0, 9.0]


# What a pack's formats may be


@pytest.mark.parametrize(
    ("line", "problem"),
    [
        ("{match: 'a(?=b)', values: {a: 1}}", "p.yaml:8:18: pattern 'a(?=b)' is not in the syntax of RE2, which has no look-around; write it without"),
        (r"{match: '(a)\1', values: {a: 1}}", "p.yaml:8:18: pattern '(a)\\\\1' is not in the syntax of RE2, which has no back references; write it without"),
        (r"{match: 'a++b', values: {a: 1}}", "p.yaml:8:18: pattern 'a++b' is not in the syntax of RE2, which has no possessive groups and repetitions; write it without"),
        (r"{match: 'a{1001}', values: {a: 1}}", "p.yaml:8:18: pattern 'a{1001}' is not in the syntax of RE2, which has no counted repetitions above 1000; write it without"),
        ("{match: 'a(', values: {a: 1}}", "p.yaml:8:18: pattern 'a(' is no regular expression: missing ), unterminated subpattern at position 1; a sign that means itself is written with a backslash, as in \\("),
        ("{match: 'a*', values: {a: 1}}", "p.yaml:8:18: pattern 'a*' matches every line; say what such a line begins with"),
        ("{values: {a: 1}}", "p.yaml:8:9: a line of format 'f' lacks 'match'; give the pattern of such a line"),
        ("{match: a, pairs: '(?P<name>x)'}", "p.yaml:8:28: pattern '(?P<name>x)' lacks the group 'value'; write it as '(?P<name>\\w+): (?P<value>\\S+)'"),
        ("{match: a, pairs: '(x)'}", "p.yaml:8:28: pattern '(x)' lacks the group 'name' and 'value'; write it as '(?P<name>\\w+): (?P<value>\\S+)'"),
        ("{match: a}", "p.yaml:6:3: format 'f' gives no values; give a line 'pairs' or 'values'"),
        ("{match: '(?P<epoch>a)', values: {a: '{epch}'}}", "p.yaml:8:47: unknown group 'epch'; did you mean 'epoch'?"),
        ("{match: a, values: {a: '{b}'}}", "p.yaml:8:34: unknown group 'b'; name a group of the pattern: (?P<name>…)"),
        ("{match: '(?P<b>a)', values: {a: '{b:g}'}}", "p.yaml:8:43: placeholder 'b' has a format, 'g'; write {b}"),
        ("{match: a, values: {a: '{'}}", "p.yaml:8:33: stray '{' in a text; write '{{' or '}}' for a brace"),
        ("{match: a, values: {a: 1}, ended_by: error}", "p.yaml:8:46: 'ended_by' says what ended the run, and no 'ends' says that it is over; add 'ends', the reason in words"),
        ("{match: a, values: {a: 1}, ends: x, ended_by: oom}", "p.yaml:8:55: 'ended_by' must be one of finish, interrupt, error, out_of_memory, non_finite, not the text 'oom'; write out_of_memory"),
        ("{match: a, values: {a: 1}, key: '{name}'}", "p.yaml:8:42: 'key' forms the names of 'pairs', and there are none; remove it"),
        ("{match: a, values: {a: 1}, ends: '{why}'}", "p.yaml:8:44: unknown group 'why'; name a group of the pattern: (?P<name>…)"),
        ("{match: a, values: {a: 1}, remember: {1x: b}}", "p.yaml:8:47: '1x' cannot be remembered: it is no name; a letter, then letters, digits and '_'"),
        ("{match: a, values: {a: [1]}}", "p.yaml:8:32: 'a' in 'values' must be a text, not a list; write it as \"{group}\""),
    ],
)  # fmt: skip
def test_a_problem_of_a_pattern_is_told_at_its_place(line: str, problem: str) -> None:
    with pytest.raises(PackError) as raised:
        formats_of(f"formats:\n  f:\n    lines:\n      - {line}\n")
    assert [str(each) for each in raised.value.problems] == [problem]


def test_a_pattern_that_only_the_engine_refuses_is_told_at_its_place(tmp_path: Path) -> None:
    formats = formats_of("formats: {f: {lines: [{match: '(?:a{999}){999}', values: {a: 1}}]}}")
    with pytest.raises(PackError, match=r"p\.yaml:5:32: pattern .* is not in the syntax of RE2: "):
        read_log(tmp_path, "text\n", formats)


def test_formats_are_inherited_by_name(tmp_path: Path) -> None:
    child = tmp_path / "child.yaml"
    child.write_text(
        "schema: 1\npack: child\nversion: 1.0.0\ntitle: C\nextends: common\nformats:\n"
        "  epoch_lines: {lines: [{match: '^E(?P<epoch>\\d+)', remember: {epoch: '{epoch}'}, values: {loss: 1}}]}\n"
        "  mine: {lines: [{match: '^M', values: {loss: 2}}]}\n"
    )
    formats = load_pack(child).formats
    assert list(formats) == ["metric_logger", "printed_dicts", "mmengine", "epoch_lines", "progress_bars", "mine"]
    assert [line.match for line in formats["epoch_lines"].lines] == [r"^E(?P<epoch>\d+)"]
    assert formats["metric_logger"] == load_pack("common").formats["metric_logger"]


# Hostile and random input


@pytest.mark.parametrize(
    "log",
    [
        "Epoch 1: loss=10\n" + "x" * (10 << 20) + "\nEpoch 2: loss=9\n",
        "Epoch 1: loss=10\n" + "Epoch 1: 50%|## | 5/9\r" * 200_000 + "\nEpoch 2: loss=9\n",
        "Epoch 1: loss=10\n" + "a=1 " * (1 << 20) + "\nEpoch 2: loss=9\n",
        "Epoch 1: loss=10\n" + "\x1b[31m" * (1 << 20) + "\nEpoch 2: loss=9\n",
        "Epoch 1: loss=10\n" + "\x1b[" * (1 << 20) + "\nEpoch 2: loss=9\n",
        "Epoch 1: loss=10\n" + "Epoch " * (1 << 20) + "\nEpoch 2: loss=9\n",
        "Epoch 1: loss=10\n" + "1," * (1 << 20) + "\nEpoch 2: loss=9\n",
    ],
    ids=["long line", "carriage returns", "pairs", "escapes", "broken escapes", "words", "groups of digits"],
)
def test_hostile_input_stays_fast(tmp_path: Path, log: str) -> None:
    began = time.perf_counter()
    assert [row["loss"] for row in rows(tmp_path, log)] == [10.0, 9.0]
    assert time.perf_counter() - began < 20  # a second or so; a pattern that backtracks would take days


NOISE = st.sampled_from(
    ["", "loading annotations into memory...", "Epoch: [7", "Test", "  warnings.warn(", "loss: 5", "100%|####| 9/9"]
)
NUMBER = st.floats(-1e6, 1e6).map(lambda value: round(value, 4))


def coloured(text: str, code: int) -> str:
    return f"\x1b[{code}m{text}\x1b[0m" if code else text


@settings(max_examples=25)
@given(
    st.lists(st.tuples(NUMBER, NUMBER, st.lists(NOISE, max_size=3), st.sampled_from([0, 1, 32]), st.booleans()), min_size=1, max_size=8),
    st.sampled_from(["\n", "\r\n"]),
)  # fmt: skip
def test_metric_logger_gives_a_row_an_epoch(
    tmp_path_factory: pytest.TempPathFactory,
    epochs: list[tuple[float, float, list[str], int, bool]],
    newline: str,
) -> None:
    lines: list[str] = []
    expected: list[Row] = []
    for epoch, (loss, val, noise, code, bar) in enumerate(epochs):
        lines += [*noise, f"Epoch: [{epoch}]  [0/9]  eta: 0:00:01  loss: 1.0 (2.0)"]
        bars = "".join(f"{n * 10}%|#| {n}/9\r" for n in range(9)) if bar else ""
        lines.append(bars + coloured(f"Epoch: [{epoch}] Total time: 0:01", code))
        lines.append(coloured("Averaged stats:", code) + f" lr: 0.1  loss: {loss / 2:.4f} ({loss:.4f})  x: nan")
        expected.append({"line": len(lines), "epoch": float(epoch), "loss": loss, "val": val, "lr": 0.1})
        lines += ["Test: Total time: 0:01", *noise, bars + f"Averaged stats: loss: 1.0 ({val:.4f})"]
    place = tmp_path_factory.mktemp("console")
    assert rows(place, newline.join(lines).encode()) == expected


# Real runs


@pytest.mark.parametrize("run", ["detr_healthy_s2", "sam_first3_epochs", "sam_healthy_s0", "sam_increasing", "sam_nan_epoch12", "sam_overfit"])  # fmt: skip
def test_the_console_says_what_the_json_log_beside_it_says(corpus: Any, run: str) -> None:
    place = corpus(f"runs/detr/{run}")
    log = next(path for path in (place / "log.txt", place / "metrics.jsonl") if path.exists())
    told, written = (evaluate(path, pack="sam_detr") for path in (place / "console.txt", log))
    assert told.log.format == "console"
    assert written.log.format == ("detr" if log.name == "log.txt" else "jsonl")
    assert [step.action for step in told.plan] == [step.action for step in written.plan]
    assert (told.verdict, told.log.rows) == (written.verdict, written.log.rows)
    # The console has the total alone, the log its parts as well.
    unasked = {each.rule for each in told.rules if each.state == "not_evaluated"}
    assert [(each.rule, each.onset.step) for each in told.findings] == [
        (each.rule, each.onset.step) for each in written.findings if each.rule not in unasked
    ]


def test_a_report_of_console_output_has_its_shape(tmp_path: Path, report_schema: Any) -> None:
    from trainrules.engine.render.json import to_json

    log = tmp_path / "console.txt"
    log.write_text(METRIC_LOGGER + "Training time 0:12:01\n")
    data = to_json(evaluate(log, pack="common"))
    report_schema.validate(data)
    assert json.loads(json.dumps(data["log"])) == {
        "path": data["log"]["path"], "format": "console", "clock": "epoch", "rows": 2, "malformed": 0, "repeated": 0,
        "superseded": 0, "first_step": 0, "last_step": 1, "ended": True,
        "ended_because": "the trainer says that it is done (line 13)", "ended_by": "finish",
    }  # fmt: skip


@pytest.mark.parametrize(
    ("line", "row"),
    [
        ("Epoch [1/100], Loss: 0.5", {"loss": 0.5}),
        ("Epoch 1/50 - Train Loss: 0.8 - Val Loss: 0.85", {"loss": 0.8, "val": 0.85}),
        ("Epoch 1 | train loss: 2.0 | val loss: 2.1", {"loss": 2.0, "val": 2.1}),
        ("[Epoch 1] train loss: 2.5, LR: 0.1", {"loss": 2.5, "lr": 0.1}),
        ("[Epoch 1/8] Train loss=1,234", {"loss": 1234.0}),
    ],
)
def test_names_are_known_in_small_letters_and_joined(tmp_path: Path, line: str, row: Row) -> None:
    run = read_log(tmp_path, f"{line}\n")
    assert rows_of(run) == [{"line": 1, "epoch": 1.0, **row}]


def test_a_name_that_a_pack_knows_as_it_stands_is_taken_so(tmp_path: Path) -> None:
    run = read_log(tmp_path, "Epoch 1: Loss=5, loss=4\n", high=("Loss",), loss=("loss",))
    assert rows_of(run) == [{"line": 1, "epoch": 1.0, "high": 5.0, "loss": 4.0}]


def test_the_names_that_lines_give_are_told_where_none_is_wanted(tmp_path: Path) -> None:
    path = tmp_path / "console.txt"
    path.write_text("Epoch 1: Error=5, other thing=4\nEpoch 2: Error=5, last=4\n", encoding="utf-8")
    assert evaluate(path, pack="common").reason.endswith("; its lines give 'Error', 'other thing' and 'last'")


def test_a_json_line_does_not_hide_console_output(tmp_path: Path) -> None:
    path = tmp_path / "console.txt"
    path.write_text('{"lr": 0.1, "seed": 5}\nEpoch 1: loss=5\nEpoch 2: loss=4\n', encoding="utf-8")
    report = evaluate(path, pack="common")
    assert (report.log.format, report.log.rows) == ("console", 2)
    assert report.log.notes == ("1 lines are JSON objects and were passed over: the console lines were read",)


def test_neither_json_nor_console_lines_have_what_is_wanted(tmp_path: Path) -> None:
    path = tmp_path / "console.txt"
    path.write_text('{"lr": 0.1, "step": 5}\nEpoch 1: lr=5\nEpoch 2: lr=4\n', encoding="utf-8")
    report = evaluate(path, pack="common")
    assert (report.verdict, report.log.format, report.log.malformed) == ("unknown", "jsonl", 2)


def test_json_lines_without_a_wanted_key_stay_json_lines(tmp_path: Path) -> None:
    run = read_log(tmp_path, '{"step": 1, "other": 5}\nhello\n{"step": 2, "other": 4}\n', loss=("loss",))
    assert (run.facts.format, run.facts.rows, run.facts.malformed) == ("jsonl", 0, 1)


@pytest.mark.filterwarnings("error")
def test_patterns_are_read_without_warnings() -> None:
    formats_of("formats: {own: {lines: [{match: '^[[a]--[b]x', values: {loss: 1}}]}}\n")
    with pytest.raises(
        PackError, match="has a POSIX class, which is not read the same everywhere; write the characters"
    ):
        formats_of("formats: {own: {lines: [{match: '^[[:alpha:]]x', values: {loss: 1}}]}}\n")
