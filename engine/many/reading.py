"""The logs of many runs read in one statement: which of them can be read so, and what their rows look like.

What is unusual about a log (console output, labels, odd bytes, lines that DuckDB cannot count) is left to the reader
of single logs. What is read here has the same columns, facts and notes that it gives.
"""

from __future__ import annotations

import json
import os
import re
import tempfile
from collections.abc import Mapping, Sequence
from contextlib import suppress

from ..database import duckdb
from ..found import contents
from ..readers import registry
from ..readers.cells import RAW, Cells
from ..readers.columns import Columns, Layout, chosen, columns_for, kept_questions, questions, settled
from ..readers.copies import COPY
from ..readers.doubled import doubled
from ..readers.lines import MALFORMED, OBJECT, Lines, rows_sql
from ..readers.model import Run, Wanted
from ..readers.normalise import Source
from ..readers.numberless import of_text
from ..readers.opening import Head
from ..readers.rows import facts_of, starts_midway
from ..readers.survey import Survey
from ..record import Record
from ..report import Known
from ..surroundings import TOTAL
from .rows import Glance, assemble_many

LARGEST = 1 << 23
"""Bytes of a log that is read among others."""
LINE_FORMATS = frozenset({"jsonl", "detr", "ms_swift", "llama_factory"})
"""The formats that are nothing but JSON lines."""

_PLAIN = "jsonl"
_LONGEST_LINE = 1 << 20
_HEAD = 1 << 16
_SHOWN = 5
_NAMES = re.compile(rb'"([^"\\]*)"[ \t]*:')
_ODD = (b"\\", b"\r", b"\x1f", b"\x1e", b"\x1d", b"\0", b"\n\n")


class Text(Record):
    """A log whose lines can be read among those of others: its bytes, its format, and the names of its keys."""

    raw: bytes
    format: str
    names: frozenset[bytes]


class Reading(Record):
    """A run that was read, and what is known of its rows."""

    given: Run
    glance: Glance


class Shape(Record):
    """Runs with the same keys and clock: their table, and each of them by its number."""

    table: str
    runs: Mapping[int, Reading]


def names_in(raw: bytes) -> frozenset[bytes]:
    """The names that stand before a colon in a text without escapes."""
    quoted = raw.split(b'"')[1::2]
    names = frozenset(quoted)
    # Where each quoted text is followed by a colon, and none begins with one, all of them are names.
    if len(quoted) == raw.count(b'":') and not any(name.startswith(b":") for name in names):
        return names
    return frozenset(_NAMES.findall(raw))


class Seen:
    """The formats that earlier logs have shown, by the names of their keys, which most later ones repeat."""

    def __init__(self) -> None:
        self.formats: dict[frozenset[bytes], str] = {}

    def format_of(self, raw: bytes, names: frozenset[bytes]) -> str | None:
        """The format of a text, None where it is not one of LINE_FORMATS."""
        if names not in self.formats:
            head = Head(raw[:_HEAD])
            # Dialects are told by their keys: what is none with all keys of a log is none with the first of them.
            head.keys = frozenset(name.decode() for name in names)
            found = registry.claimed(head)
            if found is None or found.id != _PLAIN:
                found = registry.claimed(Head(raw[:_HEAD]))
                return found.id if found is not None and found.id in LINE_FORMATS else None
            self.formats[names] = found.id
        first, _, rest = raw.partition(b"\n")
        try:
            json.loads(first)
        except (ValueError, RecursionError):
            rest = b""
        if rest.startswith(b'{"'):
            return self.formats[names]
        found = registry.claimed(Head(raw[:_HEAD]))
        return found.id if found is not None and found.id in LINE_FORMATS else None


def text_of(path: str, seen: Seen) -> Text | None:
    """The lines of a log, None where they must be read by themselves."""
    try:
        raw = contents(path, LARGEST)
    except OSError:
        return None
    if len(raw) > LARGEST or not raw.startswith(b'{"') or any(sign in raw for sign in _ODD):
        return None
    if b"%" in raw and b'%"' in raw:
        return None
    raw = raw if raw.endswith(b"\n") else raw + b"\n"
    try:
        raw.decode()
    except UnicodeDecodeError:
        return None
    if len(raw) > _LONGEST_LINE and max(map(len, raw.split(b"\n"))) > _LONGEST_LINE:
        return None
    if doubled(raw.partition(b"\n")[0]) is not None:
        return None
    names = names_in(raw)
    name = seen.format_of(raw, names)
    return Text(raw, name, names) if name is not None else None


def load(con: duckdb.DuckDBPyConnection, texts: Mapping[int, Text], wanted: Wanted) -> Columns:
    """Make the table `raw` with the lines of all texts, by `run`, and say what its columns hold."""
    names = frozenset().union(*(text.names for text in texts.values()))
    columns = columns_for(wanted, Survey(names).lacks, percent=False)
    handle, path = tempfile.mkstemp(prefix=COPY, suffix=".jsonl")
    try:
        with os.fdopen(handle, "wb") as out:
            size = sum(out.write(text.raw) for text in texts.values())
        lines = rows_sql(Source(path, size, copied=False, longest=_LONGEST_LINE), columns.cells)
        counts = ", ".join(f"({run}, {text.raw.count(10)})" for run, text in texts.items())
        places = f"SELECT run, unnest(range(1, n + 1)) AS line FROM (VALUES {counts}) t(run, n)"
        con.execute(
            "CREATE OR REPLACE TABLE raw AS"
            f" SELECT p.run::INTEGER AS run, p.line, l.* FROM ({lines}) l POSITIONAL JOIN ({places}) p",
            [path],
        )
    finally:
        with suppress(OSError):
            os.unlink(path)
    return columns


class Reader:
    """Finds out what the runs in the table `raw` are, as the reader of single logs does."""

    def __init__(
        self,
        con: duckdb.DuckDBPyConnection,
        columns: Columns,
        wanted: Wanted,
        texts: Mapping[int, Text],
        paths: Mapping[int, str],
        known: Mapping[int, tuple[Known, ...]],
    ) -> None:
        self.con, self.columns, self.wanted = con, columns, wanted
        self.texts, self.paths, self.known = texts, paths, known
        self._silent: dict[tuple[frozenset[bytes], tuple[str, ...]], bool] = {}

    def shapes(self, prefix: str) -> list[Shape]:
        """The runs that can be judged together, in tables whose names begin so; what is left out needs more."""
        counted = self._counted()
        layouts = self._settled(self._layouts(counted))
        groups: dict[tuple[object, ...], list[int]] = {}
        for run, layout in layouts.items():
            key = (
                layout.metrics,
                layout.clock,
                layout.step,
                layout.epoch,
                layout.time,
                layout.epochs_completed,
                layout.counts_rows,
            )
            groups.setdefault(key, []).append(run)
        found = []
        for number, runs in enumerate(groups.values()):
            shared = _shared([layouts[run] for run in runs])
            table = f"{prefix}{number}"
            glances = assemble_many(self.con, table, shared, runs)
            readings = {
                run: self._reading(run, layouts[run], counted[run], glances[run]) for run in runs if run in glances
            }
            found.append(Shape(table, readings))
        return found

    def _counted(self) -> dict[int, Lines]:
        """The lines of each run, but of those of which DuckDB lost some."""
        asked = ", ".join(questions(self.columns, "line"))
        rows = self.con.execute(
            f"SELECT run, count(*), count(*) + coalesce(sum(bytes), 0), count(CASE WHEN kind = {OBJECT} THEN 1 END),"
            f" count(CASE WHEN kind = {MALFORMED} THEN 1 END), {asked} FROM raw GROUP BY run ORDER BY run"
        ).fetchall()
        bad: dict[int, list[int]] = dict(
            self.con.execute(
                f"SELECT run, list(line ORDER BY line)[1:{_SHOWN}] FROM raw WHERE kind = {MALFORMED} GROUP BY run"
            ).fetchall()
        )
        sizes = {run: len(text.raw) for run, text in self.texts.items()}
        if {row[0] for row in rows} != set(sizes):
            return {}
        return {
            run: Lines(total, objects, malformed, tuple(bad.get(run, ())), answers=tuple(answers))
            for run, total, size, objects, malformed, *answers in rows
            if size == sizes[run]
        }

    def _layouts(self, counted: Mapping[int, Lines]) -> dict[int, Layout]:
        """Which metrics each run has, but for runs that have none, or too few good lines."""
        columns = sorted({column for pairs in self.columns.metrics.values() for _, column in pairs})
        cells = len(columns)
        known: dict[tuple[bool, ...], Layout] = {}
        found = {}
        for run, lines in counted.items():
            logged = tuple(map(bool, lines.answers[:cells]))
            if logged not in known:
                known[logged] = chosen(self.columns, self.wanted, lines.answers)
            layout = known[logged]._replace(
                logged=dict(zip(columns, lines.answers, strict=False)),
                total=next((value for value in lines.answers[cells:-1] if value is not None), None),
                summary_line=lines.answers[-1] or 0,
            )
            is_few = lines.malformed and not self._suffices(layout)
            is_good = layout.metrics and lines.malformed < lines.objects and not is_few
            if is_good and self._is_silent(run, layout, lines):
                found[run] = layout
        return found

    def _suffices(self, layout: Layout) -> bool:
        required = set(self.wanted.required)
        return not required or any(metric.id in required for metric in layout.metrics)

    def _is_silent(self, run: int, layout: Layout, lines: Lines) -> bool:
        """Whether there is nothing to say of metrics that may have been logged, but not as numbers."""
        if of_text(self.texts[run].raw, layout, lines.objects).lines:
            return False
        names, read = self.texts[run].names, tuple(metric.id for metric in layout.metrics)
        if (names, read) not in self._silent:
            cells = Cells(Survey(names).lacks)
            missing = [m for m in self.wanted.metrics if m.id not in read and m.type == "number" and m.judged]
            self._silent[names, read] = not any(cells.column(key, RAW) for metric in missing for key in metric.keys)
        return self._silent[names, read]

    def _settled(self, layouts: Mapping[int, Layout]) -> dict[int, Layout]:
        """The layouts with what depends on the rows."""
        groups: dict[str, list[int]] = {}
        for run, layout in layouts.items():
            groups.setdefault(layout.kept, []).append(run)
        steps = self.columns.clock["step"]
        tops = "".join(f", max({each.sql})" for each in steps)
        found = {}
        for kept, runs in groups.items():
            asked = ", ".join(kept_questions(self.columns, layouts[runs[0]]))
            rows = self.con.execute(
                f"SELECT run, {asked}{tops} FROM raw WHERE {kept} AND run IN ({', '.join(map(str, runs))}) GROUP BY run"
            ).fetchall()
            for run, *answers in rows:
                layout = settled(self.columns, layouts[run], answers)
                moving = answers[1]
                if layout.labels or not moving:
                    continue
                last = answers[len(answers) - len(steps) + list(steps).index(layout.step)] if layout.step else None
                found[run] = self._with_total(run, layout, last)
        return {run: found[run] for run in layouts if run in found}

    def _with_total(self, run: int, layout: Layout, last: float | None) -> Layout:
        total = next((each.value for each in self.known[run] if each.name == TOTAL), None)
        if total is None or layout.total is not None or layout.clock != "step" or last is None or last > float(total):
            return layout
        return layout._replace(total=float(total))

    def _reading(self, run: int, layout: Layout, lines: Lines, glance: Glance) -> Reading:
        facts = facts_of(self.paths[run], lines, layout, glance.superseded, glance.rewinds, glance[:7])
        facts = facts._replace(format=self.texts[run].format, known=self.known[run])
        midway = layout.clock != "row" and starts_midway(glance.first_ticks or [])
        names = {metric.id: f"m{number}" for number, metric in enumerate(layout.judged)}
        keys = {metric.id: metric.key for metric in layout.judged}
        return Reading(Run(self.con, names, keys, {}, facts, midway), glance)


def _shared(layouts: Sequence[Layout]) -> Layout:
    """One layout for runs that have the same but for what makes no difference where it is not needed."""
    return layouts[0]._replace(
        carried=frozenset().union(*(layout.carried for layout in layouts)),
        hidden=next((layout.hidden for layout in layouts if layout.hidden), None),
        moves=next((layout.moves for layout in layouts if layout.moves != "true"), "true"),
    )
