"""The statements by which a log is judged, recorded while it is judged, with what their columns stand for."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from os import PathLike, fspath
from os.path import abspath, join
from pathlib import Path
from tempfile import gettempdir
from typing import TYPE_CHECKING, Any, TypeAlias, cast

from . import phases
from .compile.ir import Const, Kernel, Value, walk
from .compile.lower import STREAMING, Lowered
from .compile.program import Program
from .compile.sql import Renderer
from .compile.stream import Stream
from .compile.told import told
from .evaluate import located, shown_path, wanted
from .evaluation import Evaluation
from .opened import opened
from .pack import Pack
from .params import resolve
from .readers.connection import close, watched
from .readers.copies import COPY, TOLD
from .readers.model import Run
from .record import Record
from .report import LogFacts
from .resolved import Resolved
from .surroundings import find_known, with_rate

if TYPE_CHECKING:
    from .database import duckdb


_COPY_TO = re.compile(rf" TO '{re.escape(join(gettempdir(), TOLD))}[^']*' ").sub

Legend: TypeAlias = tuple[tuple[str, str], ...]
"""Columns, each with what it holds."""


class Statement(Record):
    """One statement with its parameters, and what some of its columns are: (column, what it holds)."""

    sql: str
    parameters: tuple[object, ...] = ()
    legend: Legend = ()


@dataclass(slots=True)
class Chapter:
    """Statements that serve one purpose, in their order."""

    title: str
    statements: list[Statement] = field(default_factory=list)


@dataclass(slots=True)
class Trace:
    """Everything that was asked of DuckDB to judge one log; `keys` are the log's keys by column of the table `run`."""

    path: str
    chapters: list[Chapter] = field(default_factory=list)
    pack: Pack | None = None
    facts: LogFacts | None = None
    keys: dict[str, tuple[str, str]] = field(default_factory=dict)
    is_copied: bool = False  # the log had to be mended before it could be read
    is_told: bool = False  # its rows were written to a file of JSON lines first
    _legends: list[tuple[str, Legend]] = field(default_factory=list)

    @property
    def told(self) -> str:
        """A name for the file of JSON lines that console output is turned into."""
        return f"{self.path}.told.jsonl"

    def open(self, title: str) -> None:
        """Begin a chapter."""
        self.chapters.append(Chapter(title))

    def explain(self, legend: Iterable[tuple[str, str]], inside: str = "") -> None:
        """Say what columns of the next statement are, or of the next that has the text `inside`."""
        self._legends.append((inside, tuple(legend)))

    def record(self, sql: str, parameters: Sequence[object]) -> None:
        """Note a statement that is about to be run, with the path of the log as it was given."""
        parameters = [self._named(value) for value in parameters]
        sql = _COPY_TO(lambda found: f" TO {_literal(self.told)} ", sql)
        told = [each for each in self._legends if each[0] in sql]
        self._legends = [each for each in self._legends if each not in told]
        legend = tuple(pair for _, legend in told for pair in legend)
        self.chapters[-1].statements.append(Statement(sql, tuple(parameters), legend))

    def _named(self, value: object) -> object:
        if not isinstance(value, str):
            return value
        if value.startswith(join(gettempdir(), TOLD)):
            self.is_told = True
            return self.told
        is_copy = value.startswith(join(gettempdir(), COPY))
        self.is_copied = self.is_copied or is_copy
        return self.path if is_copy or value == abspath(self.path) else value


class Recorder:
    """A connection that writes down what it is asked."""

    def __init__(self, con: duckdb.DuckDBPyConnection, trace: Trace) -> None:
        self._con, self._trace = con, trace

    def execute(self, sql: str, parameters: Sequence[object] = ()) -> duckdb.DuckDBPyConnection:
        """Record the statement, then run it."""
        self._trace.record(sql, parameters)
        return self._con.execute(sql, parameters) if parameters else self._con.execute(sql)

    def cursor(self) -> Recorder:
        """A second connection to the same data, recorded in the same place."""
        return Recorder(self._con.cursor(), self._trace)

    def __getattr__(self, name: str) -> Any:
        return getattr(self._con, name)


def trace(
    log: str | PathLike[str],
    *,
    pack: str | PathLike[str] | Pack,
    variant: str | None = None,
    override_files: Sequence[str | PathLike[str]] = (),
    settings: Sequence[str] = (),
    input_format: str | None = None,
    isolated: bool = False,
) -> Trace:
    """Judge a log as `evaluate` does, on one thread, and give the statements that it took.

    What is asked next depends on what was found before (which keys there are, which rows share their metrics), so the
    log is read and judged for it. Raises PackError, OverrideError or LogError.
    """
    path = located(shown_path(fspath(log)))
    known = find_known(path)
    files = [Path(file) for file in override_files]

    def ready(loaded: Pack) -> Resolved:
        resolved = resolve(loaded, variant=variant, files=files, settings=settings, log=path, isolated=isolated)
        return resolved if isolated else with_rate(resolved, known)

    found = Trace(path)
    with phases.watched(found.open):
        with watched(lambda con: cast("duckdb.DuckDBPyConnection", Recorder(con, found))):
            resolved, given, _ = opened(path, pack, ready, wanted, input_format=input_format, known=known, threads=1)
        try:
            found.pack = resolved.pack
            found.keys = {column: (id, given.keys[id]) for id, column in given.columns.items()}
            evaluation = _Traced(resolved, given, found)
            evaluation.report(None)
            found.facts = evaluation.given.facts
        finally:
            close(given.con)
    return found


class _Traced(Evaluation):
    """An evaluation that says, before each of its parts, what the statements to come are for."""

    def __init__(self, resolved: Resolved, given: Run, trace: Trace) -> None:
        self.trace = trace
        super().__init__(resolved, given, None)
        plain = self.program
        self.program = TracedProgram(plain.con, plain.source, largest=plain.largest, spacing=plain.spacing, trace=trace)

    def _judged(self) -> Any:
        judged, lacks = super()._judged()
        roles: dict[Value, list[str]] = {}
        for each in judged:
            name = f"{each.rule.id} ({each.level.severity}{f', {each.series}' if each.series else ''})"
            for part in ("when", "until", "since"):
                if value := getattr(each, part):
                    roles.setdefault(value, []).append(f"{part} of {name}")
        cast(TracedProgram, self.program).roles = roles
        return judged, lacks


@dataclass(slots=True, eq=False, repr=False)
class TracedProgram(Program):
    """A program that says what each column is; `roles` are the conditions of rules and what they are there."""

    trace: Trace = field(default_factory=lambda: Trace(""))
    roles: dict[Value, list[str]] = field(default_factory=dict)

    def anew(self) -> TracedProgram:
        """As `Program.anew`, with the same legend."""
        other = Program.anew(self)
        other.trace, other.roles = self.trace, self.roles
        return other

    def lowered(self, stream: Stream, kernels: Mapping[Kernel, str]) -> Lowered:
        """As `Program.lowered`, with a legend."""
        lowered = Program.lowered(self, stream, kernels)
        self._legend_of_kernels(kernels, lowered.ways)
        return lowered

    def latest(self, everywhere: Mapping[Kernel, str]) -> list[str]:
        """As `Program.latest`, with a legend."""
        self._legend_of_kernels(everywhere, dict.fromkeys(everywhere.values(), STREAMING))
        return Program.latest(self, everywhere)

    def _legend_of_kernels(self, kernels: Mapping[Kernel, str], ways: Mapping[str, str]) -> None:
        # The statements of a long run are written before the first of them is run.
        inside = "" if self.rows < self.long else f"CREATE TABLE part_{len(self._appended)} "
        self.trace.explain(((column, self._used(kernel, ways[column])) for kernel, column in kernels.items()), inside)

    def settle(self, conditions: Iterable[Value], values: Iterable[Value]) -> None:
        """As `Program.settle`, with a legend."""
        conditions, values = list(dict.fromkeys(conditions)), list(dict.fromkeys(values))
        if self.rows < self.long:
            self._legend_of(conditions, values)
        Program.settle(self, conditions, values)

    def columns_for(self, conditions: Sequence[Value], values: Sequence[Value]) -> tuple[str, Renderer]:
        """As `Program.columns_for`, with a legend."""
        source, renderer = Program.columns_for(self, conditions, values)
        if self.rows >= self.long:
            self._legend_of(conditions, values, source)
        return source, renderer

    def _legend_of(self, conditions: Sequence[Value], values: Sequence[Value], inside: str = "") -> None:
        columns = [(f"o{place}", self._role(value)) for place, value in enumerate(conditions)]
        columns += [
            (f"v{place}", told(value))
            for place, value in enumerate(values)
            if value not in self.columns and not isinstance(value, Const)
        ]
        self.trace.explain(columns, inside)

    def _role(self, value: Value) -> str:
        return "; ".join(self.roles.get(value, ())) or told(value)

    def _used(self, kernel: Kernel, way: str) -> str:
        rules = dict.fromkeys(
            role.split(" of ", 1)[1].split(" ", 1)[0]
            for value, roles in self.roles.items()
            if kernel in walk(value)
            for role in roles
        )
        return f"{told(kernel)}, {way}" + (f" [{', '.join(rules)}]" if rules else "")


def literals(parameters: Sequence[object]) -> list[str]:
    """The parameters of a statement as SQL."""
    return [_literal(value) for value in parameters]


def _literal(value: object) -> str:
    if value is None:
        return "NULL"
    if isinstance(value, bool | int | float):
        return repr(value)
    if isinstance(value, list | tuple):
        return f"[{', '.join(map(_literal, value))}]"
    return "'" + str(value).replace("'", "''") + "'"
