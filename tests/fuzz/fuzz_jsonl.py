"""Fuzzes the reader of logs: whatever the bytes, a run or a LogError, and every line counted.

python tests/fuzz/fuzz_jsonl.py tests/fuzz/corpus/jsonl -max_total_time=600
"""

from __future__ import annotations

import sys
import tempfile
import zlib
from contextlib import ExitStack
from pathlib import Path

import atheris

with atheris.instrument_imports(include=["trainrules"]):
    from trainrules.engine.errors import LogError
    from trainrules.engine.pack import Clock, KeyPattern
    from trainrules.engine.readers import registry
    from trainrules.engine.readers.documents import array_rows, document
    from trainrules.engine.readers.finish import Scan
    from trainrules.engine.readers.model import Wanted, WantedMetric
    from trainrules.engine.readers.normalise import copied, opened
    from trainrules.engine.readers.opening import Head, Opening, head_of
    from trainrules.engine.readers.reading import read
    from trainrules.engine.readers.survey import names, survey
    from trainrules.engine.shelf import load_pack

WANTED = Wanted(
    clock=Clock(
        step=(KeyPattern("step"), KeyPattern("global_step/max_steps", r"^(\d+)/")),
        total=(KeyPattern("max_steps"),),
        epoch=(KeyPattern("epoch"),),
        time=(KeyPattern("time"),),
    ),
    metrics=(
        WantedMetric("loss", ("loss", "train_loss")),
        WantedMetric("deep", ("a/b/c", "rewards/margins")),
        WantedMetric("share", ("acc",), share=True),
        WantedMetric("eval_loss", ("eval_loss",), role="eval"),
        WantedMetric("phase", ("phase",), type="text"),
    ),
    sentinels=("loss",),
    labels={"rank": ("rank",)},
    formats=tuple(load_pack("common").formats.values()),
)
PLACE = Path(tempfile.mkdtemp(prefix="fuzz-", dir="/dev/shm" if Path("/dev/shm").is_dir() else None)) / "log"
EVERY = 8
JSON_LINES = ("jsonl", "detr", "llama_factory", "ms_swift")


def one(data: bytes) -> None:
    """Read one log: one in EVERY all the way, the others as far as Python does it."""
    PLACE.write_bytes(data)
    if zlib.crc32(data) % EVERY:
        try:
            prepared()
        except LogError as error:
            str(error)
        return
    whole(data)


def prepared() -> None:
    """What is done with a log before DuckDB sees it, by each reader that may claim it."""
    with ExitStack() as stack:
        source = stack.enter_context(opened(str(PLACE), lambda head: registry.claimed_bytes(Head(head)) is not None))
        if not source.size:
            return
        head = head_of(source)
        registry.claimed(head)
        names(source, survey(source))
        if source.kept:
            return
        mended = stack.enter_context(copied(source, str(PLACE)))
        with open(mended.path, encoding="utf-8") as stream:
            text = stream.read()
        for found in (document(text, "log_history"), array_rows(text)):
            assert all("\n" not in row.text for row in found.rows)


def whole(data: bytes) -> None:
    """Read one log all the way."""
    kinds: list[int] = []

    def count(opening: Opening, scan: Scan) -> None:
        if scan.is_lines:
            kinds.extend(n for (n,) in opening.con.execute("SELECT count(*) FROM raw GROUP BY kind").fetchall())

    try:
        run = read(str(PLACE), WANTED, witness=count, threads=1)
    except LogError as error:
        str(error)
        return
    run.con.close()
    facts = run.facts
    assert facts.rows + facts.superseded <= facts.lines or facts.format not in JSON_LINES
    if facts.format in JSON_LINES:
        text = data.decode("utf-8-sig", "replace") if data[:2] not in (b"\xff\xfe", b"\xfe\xff") else None
        if text is not None and b"\0" not in data:
            lines = text.replace("\r\n", "\n").removesuffix("\n").count("\n") + 1
            assert facts.lines == lines == sum(kinds), (facts.lines, lines, kinds)


def main() -> None:
    atheris.Setup(sys.argv, one)
    atheris.Fuzz()


if __name__ == "__main__":
    main()
