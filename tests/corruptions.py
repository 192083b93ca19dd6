"""Corruptions of sample logs: bytes flipped, lines cut, doubled, swapped, and what each must still leave true.

As a program it takes a seed and a number, and prints what broke:

    python -m tests.corruptions --count 10000 --seed 1
"""

from __future__ import annotations

import argparse
import math
import os
import random
import sys
import tempfile
import time
import traceback
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import NamedTuple

import duckdb

from trainrules.engine.errors import LogError, TrainrulesError
from trainrules.engine.evaluate import wanted
from trainrules.engine.evaluation import Evaluation
from trainrules.engine.params import resolve
from trainrules.engine.readers.finish import Scan
from trainrules.engine.readers.lines import BLANK, MALFORMED, OBJECT
from trainrules.engine.readers.opening import Opening
from trainrules.engine.readers.reading import read
from trainrules.engine.render.json import dumps
from trainrules.engine.render.table import render
from trainrules.engine.report import Report
from trainrules.engine.resolved import Resolved
from trainrules.engine.shelf import load_pack, shipped_formats
from trainrules.engine.verdict import settle, unjudged

from . import formatsamples

EXAMPLES = Path(__file__).resolve().parents[1] / "examples"
SAMPLES: tuple[tuple[str, Path], ...] = (
    ("kto", EXAMPLES / "kto_flipped_labels" / "training_metrics.jsonl"),
    ("kto", EXAMPLES / "kto_hidden_nan" / "training_metrics.jsonl"),
    ("common", EXAMPLES / "sft_divergence" / "log.jsonl"),
)
FORMATS = tuple(sorted(formatsamples.SAMPLES))
"""The formats of which every third corruption is one, each with a small log."""

MOST_LINES = 40
"""Lines that are taken of a sample: a short log is judged in a fraction of the time, and is as broken."""

EVERY = 10
"""Of so many corruptions one is judged by the sample's own pack, the others by a small one, which takes a third."""
JUDGED = 5
"""Of so many one is judged, once there are thousands: the others are only read, which is where lines are lost."""

SMALL = """
schema: 1
pack: small
version: 1.0.0
title: Small
clock: {step: [step], epoch: [epoch], total: [max_steps]}
sentinels: [loss, grad_norm]
metrics:
  loss: {keys: [loss, train_loss, Training Loss, train/box_loss], better: lower, required: true}
  grad_norm: {keys: [grad_norm]}
  eval_loss: {keys: [eval_loss], role: eval, better: lower}
actions:
  stop: {rank: 100, title: Stop the run}
  stop_early: {rank: 70, title: End the run}
rules:
  broken: {title: Broken, cause: non_finite, severity: critical, when: nonfinite(), sticky: true, actions: [stop]}
  rises:
    title: Rises
    cause: diverging
    severity: critical
    when: 'mean(loss, "5 points") > 2 * first(loss)'
    for: 3 points
    actions: [stop]
  worse:
    title: Worse
    cause: overfitting
    severity: warning
    when: latest(eval_loss) > 1.25 * best(eval_loss)
    actions: [stop_early]
"""

Lines = list[bytes]
Corruption = Callable[[random.Random, Lines], Lines]


def flipped(chance: random.Random, lines: Lines) -> Lines:
    """A few bytes are others: any byte, or one with a single bit turned."""
    text = bytearray(b"\n".join(lines))
    for _ in range(chance.choice((1, 1, 2, 5, 40)) if text else 0):
        at = chance.randrange(len(text))
        text[at] = chance.randrange(256) if chance.random() < 0.5 else text[at] ^ (1 << chance.randrange(8))
    return bytes(text).split(b"\n")


def cut(chance: random.Random, lines: Lines) -> Lines:
    """Lines end early."""
    for _ in range(chance.choice((1, 1, 3))):
        at = chance.randrange(len(lines))
        lines[at] = lines[at][: chance.randint(0, len(lines[at]))]
    return lines


def beheaded(chance: random.Random, lines: Lines) -> Lines:
    """Lines begin late."""
    at = chance.randrange(len(lines))
    lines[at] = lines[at][chance.randint(0, len(lines[at])) :]
    return lines


def doubled(chance: random.Random, lines: Lines) -> Lines:
    """Stretches are there twice."""
    at = chance.randrange(len(lines))
    end = min(len(lines), at + chance.choice((1, 1, 2, 10)))
    return lines[:end] + lines[at:end] + lines[end:]


def swapped(chance: random.Random, lines: Lines) -> Lines:
    """Lines stand in each other's place."""
    for _ in range(chance.choice((1, 1, 3))):
        a, b = chance.randrange(len(lines)), chance.randrange(len(lines))
        lines[a], lines[b] = lines[b], lines[a]
    return lines


def lost(chance: random.Random, lines: Lines) -> Lines:
    """Lines are gone."""
    at = chance.randrange(len(lines))
    return lines[:at] + lines[at + chance.choice((1, 1, 5)) :] or [b""]


def joined(chance: random.Random, lines: Lines) -> Lines:
    """The end of a line is gone, as where two processes write at once."""
    at = chance.randrange(len(lines))
    return [*lines[:at], b"".join(lines[at : at + 2]), *lines[at + 2 :]]


def torn(chance: random.Random, lines: Lines) -> Lines:
    """The file ends in the middle of a line."""
    text = b"\n".join(lines)
    return text[: chance.randint(0, len(text))].split(b"\n")


def holed(chance: random.Random, lines: Lines) -> Lines:
    """A block of zeros, or of another file, is in the middle, as after a crash."""
    text = b"\n".join(lines)
    at, size = chance.randrange(len(text) + 1), chance.choice((1, 16, 512, 4096))
    hole = bytes(size) if chance.random() < 0.7 else chance.randbytes(size)
    return (text[:at] + hole + text[at + (size if chance.random() < 0.5 else 0) :]).split(b"\n")


def ended(chance: random.Random, lines: Lines) -> Lines:
    """Lines end in another way."""
    end = chance.choice((b"\r", b" ", b"\r\r", b"\t", b"\0", b","))
    return [line + end if chance.random() < 0.5 else line for line in lines]


def valued(chance: random.Random, lines: Lines) -> Lines:
    """A number is another thing."""
    odd = (b"NaN", b"null", b'"x"', b"1e999", b"-Infinity", b"[]", b"{}", b"1e308", b"5e-324", b"9" * 400, b'"\\ud800"')
    at = chance.randrange(len(lines))
    head, colon, rest = lines[at].partition(b": ")
    _, comma, tail = rest.partition(b",")
    lines[at] = head + colon + chance.choice(odd) + comma + tail
    return lines


CORRUPTIONS: tuple[Corruption, ...] = (
    flipped, cut, beheaded, doubled, swapped, lost, joined, torn, holed, ended, valued
)  # fmt: skip


class Case(NamedTuple):
    """One corrupted log: its number, the pack that judges it, what was done to it, and its bytes; of what format."""

    number: int
    pack: str
    done: tuple[str, ...]
    content: bytes
    format: str = "jsonl"


def cases(seed: int, count: int, start: int = 0) -> Iterator[Case]:
    """Corrupted logs: the same for the same seed, each a different one."""
    samples = [(pack, path.read_bytes().splitlines()) for pack, path in SAMPLES]
    for number in range(start, start + count):
        chance = random.Random(f"{seed}/{number}")
        pack, lines = samples[number % len(samples)]
        format = "jsonl"
        if number % 3 == 2:
            format = FORMATS[number // 3 % len(FORMATS)]
            pack, lines = "common", formatsamples.SAMPLES[format].content.split(b"\n")
        at = chance.randrange(max(1, len(lines) - MOST_LINES))
        part = lines[at : at + MOST_LINES]
        done = []
        for _ in range(chance.choice((1, 1, 2, 3))):
            corruption = chance.choice(CORRUPTIONS)
            part = corruption(chance, list(part)) or [b""]
            done.append(corruption.__name__)
        pack = "small" if number // len(samples) % EVERY else pack
        yield Case(number, pack, tuple(done), b"\n".join(part) + (b"\n" if chance.random() < 0.8 else b""), format)


class Counts(NamedTuple):
    """How many lines of each kind a log has."""

    objects: int
    malformed: int
    blank: int


class Judge:
    """Judges corrupted logs, with the packs made ready once."""

    def __init__(self, place: Path) -> None:
        self.path = place / "log.jsonl"
        (place / "small.yaml").write_text(SMALL, encoding="utf-8")
        packs = {pack: pack for pack, _ in SAMPLES} | {"small": str(place / "small.yaml")}
        self.packs: dict[str, Resolved] = {
            pack: resolve(load_pack(path), isolated=True) for pack, path in packs.items()
        }
        self.own = duckdb.connect()

    def judged(self, case: Case, *, wholly: bool = True) -> tuple[Report, int, Counts | None]:
        """The report, the exit code, and the lines that the reader counted where it read JSON lines.

        Not `wholly`: the log is read, and the report says no more of it than its facts.
        """
        self.path.write_bytes(case.content)
        resolved = self.packs[case.pack]
        counted: list[Counts] = []

        def count(opening: Opening, scan: Scan) -> None:
            kinds = dict(opening.con.execute("SELECT kind, count(*) FROM raw GROUP BY kind").fetchall())
            counted.append(Counts(*(kinds.get(kind, 0) for kind in (OBJECT, MALFORMED, BLANK))))

        try:
            run = read(str(self.path), wanted(resolved), shipped=shipped_formats, witness=count, threads=1)
        except LogError as error:
            return *settle(unjudged("log.jsonl", error.message, pack=case.pack), "critical"), None
        if not wholly:
            run.con.close()
            report = unjudged("log.jsonl", "", pack=case.pack)._replace(log=run.facts, verdict="healthy")
            return report, 0, counted[-1] if run.facts.format == "jsonl" else None
        try:
            report, code = settle(Evaluation(resolved, run, None).report(None), "critical")
        finally:
            run.con.close()
        return report, code, counted[-1] if report.log.format == "jsonl" else None

    def lines(self, content: bytes) -> Counts:
        """The lines of a log by a way of its own: an editor's lines, each asked by itself whether it is an object."""
        text = content.decode("utf-8-sig", "replace").replace("\r\n", "\n")
        lines = text.removesuffix("\n").split("\n")
        shown = [line.translate({0x0D: " ", 0x1E: " ", 0x1F: " ", 0: " "}) for line in lines]
        is_object = [line.lstrip(" \t")[:1] == "{" and self._is_valid(line) for line in shown]
        is_blank = [not line.strip(" \t\v\f\r") for line in shown]
        return Counts(sum(is_object), len(lines) - sum(is_object) - sum(is_blank), sum(is_blank))

    def _is_valid(self, line: str) -> bool:
        (found,) = self.own.execute("SELECT json_valid(?)", [line]).fetchall()[0]
        return bool(found)


def problem(judge: Judge, case: Case, *, wholly: bool = True) -> str:
    """What is wrong with how a corrupted log is judged; empty where all is as it must be."""
    try:
        report, code, counted = judge.judged(case, wholly=wholly)
        shown = render(report, width=80, colour=False, ascii_only=False) + dumps(report)
    except TrainrulesError as error:
        return f"{type(error).__name__}: {error}"
    except Exception:
        return traceback.format_exc()
    if code not in (0, 1, 3):
        return f"exit code {code}"
    if (code == 3) != (report.verdict == "unknown"):
        return f"exit code {code} and verdict {report.verdict}"
    if any(ord(sign) < 32 and sign != "\n" for sign in shown):
        return "a control character in the output"
    if counted is None:
        return "" if code == 3 or report.log.format != "jsonl" else "no lines counted"
    if report.log.malformed != counted.malformed:
        return f"{report.log.malformed} malformed lines told of {counted.malformed}"
    expected = judge.lines(case.content)
    if counted != expected:
        return f"counted {counted}, has {expected}"
    told = (report.log.first_step, report.log.last_step)
    if any(step is not None and not math.isfinite(step) for step in told):
        return f"steps {told}"
    return ""


def main() -> None:
    ask = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    ask.add_argument("--count", type=int, default=1_000)
    ask.add_argument("--seed", type=int, default=1)
    ask.add_argument("--start", type=int, default=0, help="the number of the first")
    given = ask.parse_args()
    began, broken = time.monotonic(), 0
    with tempfile.TemporaryDirectory() as place:
        judge = Judge(Path(place))
        for case in cases(given.seed, given.count, given.start):
            wholly = given.count <= 1_000 or case.number % JUDGED == 0
            if told := problem(judge, case, wholly=wholly):
                broken += 1
                print(
                    f"{case.number} {case.format} {case.pack} {'+'.join(case.done)}: {told.strip().splitlines()[-1]}",
                    flush=True,
                )
                if os.environ.get("KEEP"):
                    Path(os.environ["KEEP"], f"{case.number}.jsonl").write_bytes(case.content)
            if (case.number + 1) % 500 == 0:
                print(f"{case.number + 1 - given.start} done, {broken} problems", file=sys.stderr, flush=True)
    print(f"{given.count} corruptions, {broken} problems, {time.monotonic() - began:.0f} s")
    sys.exit(1 if broken else 0)


if __name__ == "__main__":
    main()
