"""What is asked of the rows of many runs, and fetched for all that ask it at once.

A conclusion that lacks an answer is put off until those of all runs have been fetched, and is then drawn anew.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Sequence
from functools import partial
from itertools import groupby
from operator import itemgetter
from typing import Any

from ..compile.ir import Value
from ..compile.program import Program
from ..compile.sql import Renderer
from ..database import duckdb
from ..rowbook import Row, RowBook
from .flags import sign_of, texts_of
from .program import ManyProgram

_run_of = itemgetter(0)


class UnansweredError(Exception):
    """Raised where a run is asked something that has not been fetched yet."""


class Answers:
    """Aggregates of each run; cells, and conditions as texts, of those that asked for them."""

    def __init__(self, con: duckdb.DuckDBPyConnection) -> None:
        self.con = con
        self.totals: dict[tuple[str, str], dict[int, Any]] = {}
        self.cells: dict[tuple[str, str], dict[int, Sequence[Any]]] = {}
        self.flags: dict[Value, dict[int, str]] = {}
        self._totals: dict[tuple[str, str], None] = {}
        self._cells: dict[tuple[str, str], set[int]] = {}
        self._flags: dict[Value, set[int]] = {}

    def ask_totals(self, table: str, items: Iterable[str]) -> bool:
        """Whether some aggregates over a table are not known yet; they will be fetched of all runs."""
        missing = [(table, item) for item in items if (table, item) not in self.totals]
        self._totals.update(dict.fromkeys(missing))
        return bool(missing)

    def ask_cells(self, run: int, table: str, items: Iterable[str]) -> bool:
        """Whether some cells of a run are not known yet; they will be fetched."""
        missing = [(table, item) for item in items if run not in self.cells.get((table, item), ())]
        for each in missing:
            self._cells.setdefault(each, set()).add(run)
        return bool(missing)

    def ask_flags(self, run: int, conditions: Iterable[Value]) -> bool:
        """Whether some conditions of a run are not known yet; they will be fetched."""
        missing = [condition for condition in conditions if run not in self.flags.get(condition, ())]
        for condition in missing:
            self._flags.setdefault(condition, set()).add(run)
        return bool(missing)

    def fetch(self, program: ManyProgram) -> None:
        """Fetch what was asked and is not known."""
        tables: dict[str, list[str]] = {}
        for table, item in self._totals:
            tables.setdefault(table, []).append(item)
        self._totals.clear()
        for table, items in tables.items():
            rows = self.con.execute(f"SELECT run, {', '.join(items)} FROM {table} GROUP BY run").fetchall()
            for place, item in enumerate(items, 1):
                self.totals[table, item] = {row[0]: row[place] for row in rows}
        groups: dict[tuple[str, frozenset[int]], list[str]] = {}
        for (table, item), runs in self._cells.items():
            groups.setdefault((table, frozenset(runs)), []).append(item)
        self._cells.clear()
        for (table, some), items in groups.items():
            self._fetch_cells(table, some, items)
        if self._flags:
            self._fetch_flags(program, list(self._flags), set().union(*self._flags.values()))
            self._flags.clear()

    def _fetch_cells(self, table: str, runs: frozenset[int], items: Sequence[str]) -> None:
        rows = self.con.execute(f"SELECT run, {', '.join(items)} FROM {table} WHERE {_among(runs)}").fetchall()
        found = [self.cells.setdefault((table, item), {}) for item in items]
        for run, its in groupby(rows, _run_of):
            _, *columns = zip(*its, strict=True)
            for known, column in zip(found, columns, strict=True):
                known[run] = column

    def _fetch_flags(self, program: ManyProgram, conditions: Sequence[Value], runs: Collection[int]) -> None:
        render = program.renderer
        signs = ", ".join(sign_of(render.observed(condition)) for condition in conditions)
        rows = self.con.execute(
            f"SELECT run, string_agg(concat({signs}), '' ORDER BY i) FROM {program.table}"
            f" WHERE {_among(runs)} GROUP BY run"
        ).fetchall()
        found = [self.flags.setdefault(condition, {}) for condition in conditions]
        for run, text in rows:
            for known, own in zip(found, texts_of(text, len(conditions)), strict=True):
                known[run] = own


def _among(runs: Collection[int]) -> str:
    """SQL of whether a row is of one of some runs: a long list would be joined, and the rows not kept in order."""
    bits = "".join("01"[run in runs] for run in range(max(runs) + 2))
    return f"get_bit('{bits}'::BIT, least(run, {len(bits) - 1})) = 1"


class OneProgram(Program):
    """The program of many runs, as one of them sees it."""

    def __init__(self, program: ManyProgram, answers: Answers, run: int, rows: int) -> None:
        super().__init__(program.con, program.source, program.long, program.largest, rows=rows)
        self.table, self.columns, self.observations = program.table, program.columns, program.observations
        self._render, self._answers, self._run = program.renderer, answers, run

    @property
    def renderer(self) -> Renderer:
        return self._render

    def totals(self, items: Sequence[str], source: str = "") -> tuple[Any, ...]:
        """As `Program.totals`; raises UnansweredError."""
        table, known = source or self.table, self._answers.totals
        if self._answers.ask_totals(table, items):
            raise UnansweredError
        return tuple(known[table, item][self._run] for item in items)

    def totals_ahead(self, items: Sequence[str], source: str = "") -> Callable[[], tuple[Any, ...]]:
        """As `Program.totals_ahead`; what is given raises UnansweredError."""
        return partial(self.totals, items, source)

    def cells(self, items: Sequence[str], source: str = "") -> Sequence[Sequence[Any]]:
        """As `Program.cells`; raises UnansweredError."""
        table, known = source or self.table, self._answers.cells
        if self._answers.ask_cells(self._run, table, items):
            raise UnansweredError
        return [known[table, item][self._run] for item in items]


class OneBook(RowBook):
    """The rows of one of many runs: of most, nothing is asked but where the first stands."""

    def row(self, i: int) -> Row:
        """As `RowBook.row`; raises UnansweredError."""
        if i not in self.known:
            cells = self.program.cells(Row._fields, self.program.source)
            self.known[i] = Row(*(column[i - 1] for column in cells))
        return self.known[i]

    def prefetch(self, wanted: Iterable[int]) -> None:
        """Nothing to do: the rows of a run are fetched together."""
