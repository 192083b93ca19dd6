"""The reader against a plain model of the semantics, on logs of weird lines."""

from __future__ import annotations

import json
import math
import tempfile
from collections import Counter
from dataclasses import dataclass, field
from itertools import pairwise
from pathlib import Path
from typing import Any

from hypothesis import assume, example, given
from hypothesis import strategies as st

from trainrules.engine.errors import LogError
from trainrules.engine.pack import Clock, KeyPattern
from trainrules.engine.readers.model import Wanted, WantedMetric
from trainrules.engine.readers.reading import read

METRICS = (
    WantedMetric("loss", ("loss", "train_loss")),
    WantedMetric("grad", ("grad_norm", "grad/norm")),
    WantedMetric("acc", ("acc",), share=True),
    WantedMetric("eval_loss", ("eval_loss",), role="eval"),
    WantedMetric("phase", ("phase",), type="text"),
)
WANTED = Wanted(
    clock=Clock(
        step=(KeyPattern("step"), KeyPattern("done", r"^(\d+)/")),
        total=(KeyPattern("done", r"/(\d+)$"),),
        epoch=(KeyPattern("epoch"),),
        time=(KeyPattern("time"),),
    ),
    metrics=METRICS,
    sentinels=("grad", "eval_loss"),
    labels={"rank": ("rank",)},
    summary=("train_runtime",),
)

# What stands in a line, and what it means: as a number, as text.
VALUES: dict[str, tuple[float | None, str | None]] = {
    "0.0": (0.0, "0.0"),
    "0": (0.0, "0"),
    "1": (1.0, "1"),
    "0.25": (0.25, "0.25"),
    "75": (75.0, "75"),
    "-2.5e-3": (-0.0025, "-0.0025"),
    "NaN": (math.nan, "NaN"),
    "-Infinity": (-math.inf, "-Infinity"),
    "1e400": (math.inf, "1e400"),
    '"nan"': (math.nan, "nan"),
    '" 3.5 "': (3.5, " 3.5 "),
    "true": (1.0, "true"),
    "null": (None, None),
    '"high"': (None, "high"),
    "[1]": (None, "[1]"),
}
RAW_LINES = [
    "", " ", "\t", "{", "}", "[1, 2]", "7", "null", '"loss"', '{"loss": 1}{"loss": 2}', "{'loss': 1}", '{"loss": 1',
    "{}", '{"other": 1}', '{"loss": 1, "loss": 2}', '  {"loss": 1}\t', '{"grad": {"norm": 2}}', "\u2028",
]  # fmt: skip


def lines() -> st.SearchStrategy[str]:
    values = st.sampled_from(sorted(VALUES))
    steps = st.one_of(st.just("@"), st.just("@"), st.integers(0, 12).map(str))  # @: as the log goes on
    fields = {
        "loss": values,
        "train_loss": values,
        "grad_norm": values,
        "acc": values,
        "eval_loss": values,
        "phase": values,
        "epoch": st.sampled_from(["0", "1", "2", "0.5", "null", "NaN"]),
        "time": st.sampled_from(["5", "1700000000000", '"2023-11-14T22:13:20Z"', '"x"', "null"]),
        "rank": st.sampled_from(["0", "1", '"0"', "null"]),
        "done": st.sampled_from(['"1/9"', '"2/9"', '"x"', "3"]),
        "train_runtime": st.just("1.5"),
    }
    plain = st.fixed_dictionaries({"step": steps, "loss": values}, optional={"eval_loss": values, "grad_norm": values})
    wild = st.fixed_dictionaries({}, optional={"step": st.one_of(steps, values), **fields})
    shown = st.one_of(plain, plain, wild)
    objects = shown.map(lambda found: "{" + ", ".join(f'"{key}": {value}' for key, value in found.items()) + "}")
    return st.one_of(objects, objects, objects, st.sampled_from(RAW_LINES))


ENDS = st.sampled_from(["\n", "\n", "\n", "\r\n"])
PACES = st.sampled_from([0, 0, 1, 1, 1, 2, -2])


def paced(found: list[tuple[tuple[str, str], int]]) -> list[tuple[str, str]]:
    """Lines with the steps of a run filled in."""
    step, log = 1, []
    for (text, end), pace in found:
        step = max(0, step + pace)
        log.append((text.replace("@", str(step)), end))
    return log


LOGS = st.integers(0, 40).flatmap(
    lambda size: st.lists(st.tuples(st.tuples(lines(), ENDS), PACES), min_size=min(size, 25), max_size=25).map(paced)
)


def parsed(line: str) -> dict[str, Any] | None:
    """A line's object with nested keys flattened and each value as its JSON text; None if it is none."""

    def pairs(found: list[tuple[str, Any]]) -> dict[str, Any]:
        first: dict[str, Any] = {}
        for key, value in found:
            first.setdefault(key, value)
        return first

    def number(text: str) -> Any:
        return ("raw", text)

    try:
        found = json.loads(line, object_pairs_hook=pairs, parse_float=number, parse_int=number, parse_constant=number)
    except ValueError:
        return None
    if not isinstance(found, dict):
        return None
    flat = {}
    for key, value in found.items():
        for inner, nested in value.items() if isinstance(value, dict) else [("", value)]:
            text = nested[1] if isinstance(nested, tuple) else json.dumps(nested)
            text = "[1]" if text == '[["raw", "1"]]' else text
            flat[f"{key}/{inner}" if inner else key] = text
    return flat


def as_number(text: str | None) -> float | None:
    if text is None or text in VALUES:
        return VALUES[text][0] if text else None
    try:
        return float(json.loads(text))
    except (ValueError, TypeError):
        return None


def as_text(text: str | None) -> str | None:
    if text is None or text in VALUES:
        return VALUES[text][1] if text else None
    return json.loads(text) if text.startswith('"') else text


def finite(value: float | None) -> float | None:
    return value if value is not None and math.isfinite(value) else None


def as_time(text: str | None) -> float | None:
    if text is None:
        return None
    return {"5": 5.0, "1700000000000": 1.7e9, '"2023-11-14T22:13:20Z"': 1.7e9}.get(text)


def of_pattern(text: str | None, group: int) -> float | None:
    parts = (as_text(text) or "").split("/")
    return float(parts[group]) if len(parts) == 2 else None


@dataclass
class Line:
    number: int
    metrics: dict[str, Any]
    rank: str | None
    step: float | None
    epoch: float | None
    time: float | None


@dataclass
class Expected:
    rows: list[tuple[Any, ...]] = field(default_factory=list)
    facts: dict[str, Any] = field(default_factory=dict)


def model(texts: list[str]) -> Expected | None:
    """What the semantics say about a log; None where it cannot be judged."""
    objects = [(number, found) for number, text in enumerate(texts, 1) if (found := parsed(text)) is not None]
    blank = sum(not text.strip(" \t") for text in texts)
    if not objects:
        return None

    def convert(metric: WantedMetric, text: str | None) -> Any:
        return as_text(text) if metric.type == "text" else as_number(text)

    keys = {}
    for metric in METRICS:
        for key in metric.keys:
            if any(convert(metric, found.get(key)) is not None for _, found in objects):
                keys[metric.id] = key
                break
    cells = [{m.id: convert(m, found.get(keys[m.id])) for m in METRICS if m.id in keys} for _, found in objects]
    kept = [any(value is not None for value in row.values()) for row in cells]

    def first(*readings: list[Any]) -> list[Any]:
        for reading in readings:
            if any(value is not None for value, keep in zip(reading, kept, strict=True) if keep):
                return reading
        return [None] * len(objects)

    rank = first([as_text(found.get("rank")) for _, found in objects])
    most = max((sum(row[m] is not None for row in cells) for m in keys), default=0)

    def moving(reading: list[float | None]) -> list[float | None]:
        """The steps; none where they stand still through ten rows that no label tells apart."""
        some = {value for value, keep in zip(reading, kept, strict=True) if keep and value is not None}
        stands = len(some) == 1 and most >= 10 and not any(rank[i] is not None for i, keep in enumerate(kept) if keep)
        return [None] * len(reading) if stands else reading

    step = first(
        moving([finite(as_number(found.get("step"))) for _, found in objects]),
        moving([of_pattern(found.get("done"), 0) for _, found in objects]),
    )
    epoch = first([finite(as_number(found.get("epoch"))) for _, found in objects])
    time = first([as_time(found.get("time")) for _, found in objects])
    totals = [of_pattern(found.get("done"), 1) for _, found in objects]
    total = max((value for value in totals if value is not None), default=None)
    clock = "step" if any(s is not None for s in step) else "epoch" if any(e is not None for e in epoch) else "row"

    # Lines of one step become one row.
    items: list[Line] = []
    for index, (number, _) in enumerate(objects):
        items.append(Line(number, dict(cells[index]), rank[index], step[index], epoch[index], time[index]))
    heads: list[Line] = []
    followers: set[int] = set()
    before: Line | None = None
    for line, keep in zip(items, kept, strict=True):
        if not keep:
            continue
        head = heads[-1] if heads else None
        if (
            clock == "step"
            and before is not None
            and head is not None
            and line.step is not None
            and (before.step, before.rank) == (line.step, line.rank)
            and not any(line.metrics[m] is not None and head.metrics[m] is not None for m in line.metrics)
        ):
            for m, value in line.metrics.items():
                head.metrics[m] = value if head.metrics[m] is None else head.metrics[m]
            for name in ("epoch", "time"):
                candidates = [v for v in (getattr(head, name), getattr(line, name)) if v is not None]
                if getattr(head, name) is None and candidates:
                    setattr(head, name, candidates[0])
            followers.add(line.number)
        else:
            heads.append(line)
        before = line

    # The clock is carried over all lines that are left, also those without a metric.
    logged = {line.number: line.step for line in heads}
    known: dict[str, float | None] = {"step": None, "epoch": None, "time": None}
    for line in items:
        if line.number in followers:
            continue
        for name in known:
            if getattr(line, name) is None:
                setattr(line, name, known[name])
            known[name] = getattr(line, name)
    epochs = [e for e, keep in zip(epoch, kept, strict=True) if keep and e is not None]
    plus = 1 if epochs and min(epochs) == 0 and all(e == int(e) for e in epochs) else 0
    train = [m.id for m in METRICS if m.role != "eval"]
    moved = sum(any(row.get(m) is not None for m in train) for row in cells)
    moves = [any(line.metrics.get(m) is not None for m in train) for line in heads]
    moves = moves if any(moves) else [True] * len(heads)
    own: list[float] = []
    for index, line in enumerate(heads):
        if clock == "row":
            own.append(float(index + 1))
        else:
            start = next(getattr(x, clock) for x in heads if getattr(x, clock) is not None)
            value = getattr(line, clock)
            own.append((start if value is None else value) + (plus if clock == "epoch" else 0))
    if heads:
        first_moving = own[moves.index(True)]
    ticks: list[float] = []
    for value, move in zip(own, moves, strict=True):
        ticks.append(value if move else ticks_before(ticks, moves, own, min(value, first_moving)))

    # Rewinds.
    last: dict[str | None, float] = {}
    rewinds: list[tuple[int, str | None, float]] = []
    for index, line in enumerate(heads):
        if moves[index]:
            if line.rank in last and own[index] < last[line.rank] and clock != "row":
                rewinds.append((index, line.rank, own[index]))
            last[line.rank] = own[index]
    if len(rewinds) > 10 and len(rewinds) > 0.05 * sum(moves):
        return None
    percent = max((v for line in heads if (v := finite(line.metrics.get("acc"))) is not None), default=0) > 1.5
    labelled = any(line.rank is not None for line in heads)
    expected = Expected()
    survivors = []
    for index, line in enumerate(heads):
        mine = [r for r in rewinds if not labelled or line.rank is None or r[1] == line.rank]
        if any(r[0] > index and max(own[index], ticks[index]) >= r[2] for r in mine):
            continue
        passed = Counter(r[1] for r in mine if r[0] <= index)
        hidden = any((v := line.metrics.get(m)) is not None and not math.isfinite(v) for m in WANTED.sentinels)
        values = []
        for metric in METRICS:
            if metric.id not in keys:
                continue
            value = line.metrics[metric.id]
            if metric.type == "number" and hidden and value == 0:
                value = None
            if metric.id == "acc" and percent and value is not None:
                value /= 100
            values.append(value)
        stepped = line.step if clock == "step" else None
        survivors.append((line, index))
        expected.rows.append(
            (len(expected.rows) + 1, line.number, stepped, ticks[index], line.epoch, line.time, moves[index],
             max(passed.values(), default=0), *([line.rank] if labelled else []), *values)
        )  # fmt: skip
    told = [e for e, keep in zip(epoch, kept, strict=True) if keep and e is not None]
    covered = max(told, default=0.0) - min(told, default=0.0)
    is_broken = clock == "epoch" and any(e != int(e) for e in told)
    if counts_rows := is_broken and (covered == 0 or moved - 1 > 2 * covered):
        passed_rows = 0
        for place, row in enumerate(expected.rows):
            passed_rows += row[6]
            expected.rows[place] = (*row[:3], float(max(passed_rows, 1)), *row[4:])
    shown = [row[2] for row in expected.rows if row[2] is not None]
    summaries = [number for number, found in objects if found.get("train_runtime") is not None]
    moving = [line.number for line, index in survivors if moves[index]]
    ends = [row[4] if counts_rows else row[3] for row in expected.rows]
    last_at = max((end for end in ends if end is not None), default=-math.inf)
    reached = total is not None and clock != "row" and last_at >= total
    expected.facts = {
        "clock": clock,
        "rows": len(expected.rows),
        "lines": len(texts),
        "malformed": len(texts) - blank - len(objects),
        "superseded": len(heads) - len(expected.rows),
        "rewinds": len(rewinds),
        "repeated": sum(
            logged[a.number] is not None and logged[a.number] == logged[b.number] and a.rank == b.rank
            for (a, _), (b, _) in pairwise(survivors)
        ),
        "first_step": shown[0] if shown else None,
        "last_step": max(shown, default=None),
        "total": total,
        "counts_rows": counts_rows,
        "ended": reached or (bool(summaries) and max(summaries) >= max(moving, default=0)),
    }
    return expected


def ticks_before(ticks: list[float], moves: list[bool], own: list[float], start: float) -> float:
    """The clock of the last row that moved it."""
    return next((own[k] for k in reversed(range(len(ticks))) if moves[k]), start)


def is_history(texts: list[str]) -> bool:
    """Whether a log of one line is a document of lists: the history of a Keras training, and no row."""
    written = [text for text in texts if text.strip()]
    try:
        found = json.loads(written[0]) if len(written) == 1 else None
    except ValueError:
        return False
    return isinstance(found, dict) and all(isinstance(value, list) for value in found.values())


@example(log=[('{"step": 1, "eval_loss": 1}', "\n"), ('{"step": 1, "loss": 1}', "\n")], bom=False, last=True)
@example(log=[('{"step": 3, "loss": 1}', "\n"), ("", "\n"), ('{"step": 2, "loss": 1}', "")], bom=True, last=False)
@example(log=[('{"step": 1, "loss": [1]}', "\n")], bom=False, last=False)
@example(log=[('{"loss": [1], "step": 1}', "\n")], bom=False, last=False)
@given(log=LOGS, bom=st.booleans(), last=st.booleans())
def test_the_reader_does_what_the_semantics_say(log: list[tuple[str, str]], bom: bool, last: bool) -> None:
    content = ("\ufeff" if bom else "") + "".join(text + end for text, end in log)
    if not last and log and log[-1][0]:
        content = content.removesuffix("\n").removesuffix("\r")
    assume(not is_history([text for text, _ in log]))
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "run.jsonl"
        path.write_bytes(content.encode())
        expected = model([text for text, _ in log])
        run, refusal = None, ""
        try:
            run = read(str(path), WANTED, threads=1)
        except LogError as error:
            refusal = str(error)
    if run is None:
        assert expected is None or "this looks like" in refusal
        return
    assert expected is not None
    found = run.con.execute("SELECT * FROM run ORDER BY i").fetchall()
    run.con.close()
    assert repr(found) == repr(expected.rows)
    assert {name: getattr(run.facts, name) for name in expected.facts} == expected.facts
