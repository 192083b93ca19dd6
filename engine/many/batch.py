"""Many runs judged together: read in one statement, computed in a few, each concluded by itself.

Runs that share the pack's settings, the keys of their logs and their clock are one group. Whatever is rare (see
`reading`), and a group too small to be worth it, is left to be judged one by one: it gets no result here.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import suppress
from itertools import islice
from pathlib import Path

from ..checkpoints import Checkpoint, Looked, find_checkpoints
from ..compile.lower import LONG
from ..database import duckdb
from ..errors import TrainrulesError
from ..evaluate import located, shown_path, wanted
from ..found import found_files
from ..opened import AUTO, chosen_by
from ..pack import Pack
from ..params import resolve
from ..problems import Problems
from ..readers.connection import connect, plan_quickly
from ..record import Record
from ..report import Known, Report
from ..resolved import Resolved
from ..shelf import load_pack
from ..surroundings import find_known, with_rate
from .choice import Choice, can_be_shared
from .evaluation import Together
from .model import Asked
from .rates import Rates, Settings, settings_of
from .reading import Reader, Reading, Seen, Text, load, text_of

FEW = 4
"""Runs of one group below which each is judged by itself."""
TOGETHER = 500
"""Runs that are judged together, at most."""
MOST_BYTES = 1 << 25
"""Bytes of logs that are judged together, at most."""
_RECENT = 8
"""Different settings that are compared with those of the next run."""
_LOCK = "SET enable_external_access = false; SET lock_configuration = true"


def together(logs: Iterable[str], batch: Batch | None) -> Iterator[tuple[str, Report | None]]:
    """Each log, in order, with its report, or None where it has to be judged by itself, as it always can be."""
    for some in _chunks(logs, TOGETHER if batch is not None else 1):
        reports = batch.reports(some) if batch is not None else {}
        for place, log in enumerate(some):
            yield log, reports.pop(place, None)


def batch_of(asked: Asked) -> Batch | None:
    """What judges runs together; None where the pack cannot be loaded, or more is asked than is done here."""
    if asked.timeout is not None or asked.input_format is not None:
        return None
    if isinstance(asked.pack, str) and asked.pack == AUTO:
        return Batch(None, asked)
    try:
        pack = load_pack(asked.pack) if isinstance(asked.pack, str) else asked.pack
    except TrainrulesError:  # told of each log
        return None
    return Batch(pack, asked) if can_be_shared(pack) else None


def _chunks(logs: Iterable[str], size: int) -> Iterator[list[str]]:
    rest = iter(logs)
    while some := list(islice(rest, size)):
        yield some


class _Log(Record):
    """A log that may be judged among others."""

    path: str
    text: Text
    known: tuple[Known, ...]
    resolved: Resolved
    detected: tuple[str, ...] | None  # the keys by which its pack was chosen, None where that is given


class Batch:
    """What is asked of some runs, by a pack or (None) by that which fits each; it remembers what it has seen."""

    def __init__(self, pack: Pack | None, asked: Asked) -> None:
        self.pack, self.asked = pack, asked
        self.looked: Looked = {}
        self.folders: dict[str, list[str]] = {}
        self.settings: list[Settings] = []
        self.plain: dict[str, Resolved] = {}
        self.seen = Seen()
        self.choice = Choice()

    def reports(self, logs: Sequence[str]) -> dict[int, Report]:
        """The reports of the runs that can be judged together, by their places among the logs."""
        groups: dict[int, dict[int, _Log]] = {}
        for place, log in enumerate(logs):
            # Whatever goes wrong with one of them is told when it is judged by itself.
            with suppress(Exception):
                if (found := self._log(log)) is not None:
                    number, one = found
                    groups.setdefault(number, {})[place] = one
        reports: dict[int, Report] = {}
        for number, ready in groups.items():
            for some in _parts(ready):
                with suppress(Exception):
                    reports.update(self._judged(self.settings[number].resolved, some))
        return reports

    def _log(self, log: str) -> tuple[int, _Log] | None:
        path = located(shown_path(log))
        text = text_of(path, self.seen) if path != "-" else None
        if text is None:
            return None
        pack, detected = self.pack, None
        if pack is None:
            if (chosen := self.choice.of(path, text)) is None:
                return None
            pack, detected = chosen
        known = find_known(path, looked=self.folders)
        plain = self._resolved(pack, path)
        if any(switch.until is not None for switch in plain.switches):
            return None
        own = plain if self.asked.isolated else with_rate(plain, known)
        return self._number(settings_of(plain, own)), _Log(path, text, known, own, detected)

    def _resolved(self, pack: Pack, path: str) -> Resolved:
        asked = self.asked
        problems = Problems()
        is_plain = asked.isolated or (not [*found_files(path, asked.project, problems)] and not problems.found)
        if is_plain and pack.id in self.plain:
            resolved = self.plain[pack.id]
        else:
            resolved = resolve(
                pack,
                variant=asked.variant,
                files=[Path(file) for file in asked.override_files],
                settings=asked.settings,
                values=asked.overrides,
                log=path,
                project=None if asked.project is None else Path(asked.project),
                isolated=asked.isolated,
            )
            if is_plain:
                self.plain[pack.id] = resolved
        return resolved

    def _number(self, settings: Settings) -> int:
        """The place of equal settings among those that were seen."""
        for number in range(len(self.settings) - 1, max(-1, len(self.settings) - 1 - _RECENT), -1):
            if self.settings[number] == settings:
                return number
        self.settings.append(settings)
        return len(self.settings) - 1

    def _judged(self, resolved: Resolved, logs: dict[int, _Log]) -> Iterator[tuple[int, Report]]:
        what = wanted(resolved)
        con = connect(1, self.asked.memory_limit)
        try:
            texts = {place: log.text for place, log in logs.items()}
            columns = load(con, texts, what)
            # Frames are to be reduced one by one, from their first row to their last, as they are in a single run.
            con.execute("PRAGMA debug_window_mode = 'separate'")
            # Joins are to leave the rows as they stand.
            plan_quickly(con, "build_side_probe_side", "compressed_materialization")
            con.execute(_LOCK)
            paths = {place: log.path for place, log in logs.items()}
            known = {place: log.known for place, log in logs.items()}
            reader = Reader(con, columns, what, texts, paths, known)
            shapes = reader.shapes("rows_")
            con.execute("DROP TABLE raw")
            for shape in shapes:
                for number, runs in enumerate(_alike(shape.runs)):
                    if len(runs) < FEW:
                        continue
                    found = self._of_group(con, shape.table, f"{shape.table}_{number}", runs, logs)
                    for place, report in found:
                        yield place, chosen_by(report, logs[place].detected)
        finally:
            con.close()

    def _of_group(
        self,
        con: duckdb.DuckDBPyConnection,
        source: str,
        table: str,
        runs: dict[int, Reading],
        logs: Mapping[int, _Log],
    ) -> Iterator[tuple[int, Report]]:
        settings = {run: logs[run].resolved for run in runs}
        rates = Rates(settings)
        some = f"run IN ({', '.join(map(str, runs))})"
        con.execute(
            f"CREATE TABLE {table} AS SELECT row_number() OVER () AS g, * EXCLUDE (logged){rates.item}"
            f" FROM (SELECT * FROM {source} WHERE {some} ORDER BY run, i)"
        )

        def seen(run: int) -> tuple[Checkpoint, ...] | None:
            return find_checkpoints(logs[run].path, settings[run].pack.checkpoints, looked=self.looked)

        judging = Together(con, table, settings, rates, runs, self.asked.now)
        yield from judging.reports(seen)
        judging.program.drop()
        con.execute(f"DROP TABLE {table}")


def _parts(logs: Mapping[int, _Log]) -> Iterator[dict[int, _Log]]:
    """Logs in parts that fit into the memory together; what would be alone is left out."""
    part: dict[int, _Log] = {}
    size = 0
    for place, log in logs.items():
        if part and size + len(log.text.raw) > MOST_BYTES:
            if len(part) >= FEW:
                yield part
            part, size = {}, 0
        part[place] = log
        size += len(log.text.raw)
    if len(part) >= FEW:
        yield part


def _alike(runs: Mapping[int, Reading]) -> list[dict[int, Reading]]:
    """The runs of one shape, those together that a pack's expressions are bound to in the same way."""
    groups: dict[tuple[object, ...], dict[int, Reading]] = {}
    for run, reading in runs.items():
        facts, glance = reading.given.facts, reading.glance
        if glance.rows >= LONG:
            continue
        key = (facts.total, facts.ended, reading.given.starts_midway, glance.interval or 0.0, glance.started is None)
        groups.setdefault(key, {})[run] = reading
    return list(groups.values())
