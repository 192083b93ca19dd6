"""The data of a case in the file → rows as the log would have them, or the text or the path of a log."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from functools import partial
from pathlib import Path
from typing import TypeAlias

from ..errors import Position
from ..fields import Fields
from ..items import Item
from ..pack import Clock
from ..problems import Problems
from .model import Cell, Data, Row
from .names import Names, UnknownNameError
from .notation import NotationError, length, read_series, tidy
from .table import Spot, TableCell, read_cell, read_table

Written: TypeAlias = Callable[[Item], str]

SOURCES = ("table", "series", "lines", "log")
"""The keys that bring a case its data; each case has one of them."""

MADE = ("constants", "step", "epoch", "total", "ended")
"""The keys that go with a table or series only: what is added to the rows that they make."""


_A_SERIES = "such as '0.65-0.001x145'"


def read_data(
    fields: Fields, names: Names, folder: Path, problems: Problems, written: Written, wanted: bool = True
) -> Data:
    """The data of one case; what is wrong with it is added to `problems`. Paths of logs are relative to `folder`.

    `written` gives the text of a bare value as it stands in the file. Rows that are not `wanted` are checked only.
    """
    source = _source(fields, problems)
    if source is None:
        return Data()
    if source == "lines":
        return Data(text=_text(fields, source).rstrip("\n") + "\n")
    if source == "log":
        return Data(path=_log(fields, folder, problems))
    rows = _Rows(fields, names, problems, written, wanted)
    return Data(rows=tuple(rows.of_table() if source == "table" else rows.of_series()))


def check_data(fields: Fields, folder: Path, problems: Problems, written: Written) -> None:
    """Note what is wrong with the data of one case whatever its pack, which nobody knows."""
    match _source(fields, problems):
        case "lines":
            _text(fields, "lines")
        case "log":
            _log(fields, folder, problems)
        case "table":
            _table(fields, problems)
        case "series":
            for name, item in fields.mapping("series").items():
                found = Fields(item, problems, f"'{name}'") if isinstance(item.value, dict) else None
                _values(found.items.get("values", item) if found else item, problems, written, wanted=False)


def _source(fields: Fields, problems: Problems) -> str | None:
    """The key that brings a case its data; None where there is none. What does not go with it is noted."""
    given = [source for source in SOURCES if fields.has(source)]
    if not given:
        fields.missing("table", f"give it data: {', '.join(SOURCES[:-1])} or {SOURCES[-1]}")
        return None
    for extra in given[1:]:
        problems.add(
            fields.items[extra].key_at,
            "contradiction",
            f"{given[0]!r} and {extra!r} in one case",
            "give it one kind of data",
        )
    source = given[0]
    if source in ("lines", "log"):
        for key in MADE:
            if fields.has(key):
                message = f"{key!r} does not go with {source!r}"
                problems.add(
                    fields.items[key].key_at,
                    "contradiction",
                    message,
                    "it adds to a table or to series; write it in the log",
                )
    return source


def _text(fields: Fields, key: str) -> str:
    item = fields.items[key]
    if not isinstance(item.value, str):
        fields.wrong(item, key, "a text")
        return ""
    return item.value


def _log(fields: Fields, folder: Path, problems: Problems) -> str:
    name = _text(fields, "log").strip()
    path = folder / name
    if name and not path.is_file():
        problems.add(fields.place("log"), "no-file", f"no log {name!r}", "give a path relative to this file")
    return str(path)


def _in_text(item: Item, spot: Spot) -> Position:
    """Where a place of a table stands in the file."""
    return Position(item.file, item.line + spot.line, item.column + spot.column)


def _table(fields: Fields, problems: Problems) -> list[list[TableCell]]:
    item = fields.items["table"]
    if not isinstance(item.value, str):
        fields.wrong(item, "table", "a text")
        return []
    table, wrong = read_table(item.value)
    for fault in wrong:
        problems.add(_in_text(item, fault.at), "bad-table", fault.message, fault.hint)
    return table


def _values(item: Item, problems: Problems, written: Written, *, wanted: bool) -> list[Cell | None]:
    """The values of a series; those that are not `wanted` are missing, and as many."""
    if not isinstance(item.value, (int, float, str)):
        problems.add(item.at, "bad-series", "a series is a text", _A_SERIES)
        return []
    text = written(item)
    try:
        return read_series(text) if wanted else [None] * length(text)
    except NotationError as error:
        problems.add(item.at.within(text, error.offset), "bad-series", error.message, error.hint)
        return []


class _Rows:
    """Makes the rows of one case."""

    def __init__(self, fields: Fields, names: Names, problems: Problems, written: Written, wanted: bool) -> None:
        self.fields, self.names, self.problems, self.written = fields, names, problems, written
        self.wanted = wanted
        self.clock: Clock = names.pack.clock
        self.constants: Row = {}
        for name, item in fields.mapping("constants").items():
            key = self.key(name, item.key_at)
            if key is not None and isinstance(item.value, (int, float, str)):
                self.constants[key] = item.value
        total = fields.number("total")
        if total is not None:
            key = names.clock_key(self.clock.total)
            if key is None:
                problems.add(
                    fields.place("total"),
                    "contradiction",
                    f"pack {names.pack.id!r} reads no total from a key of its own",
                    "leave it out, or write the rows as they are logged",
                )
            else:
                self.constants[key] = tidy(total)

    def key(self, name: str, at: Position) -> str | None:
        try:
            return self.names.key(name)
        except UnknownNameError as error:
            self.problems.add(
                at,
                "unknown-column",
                f"{name!r} is neither a key nor a metric of pack {self.names.pack.id!r}",
                error.hint,
            )
            return None

    # Tables

    def of_table(self) -> list[Row]:
        item = self.fields.items["table"]
        at = partial(_in_text, item)
        keys: dict[str, str | None] = {}
        rows: list[Row] = []
        for place, cells in enumerate(_table(self.fields, self.problems)):
            row: Row = self.clocked(place)
            for cell in cells:
                if cell.head not in keys:
                    keys[cell.head] = self.key(cell.head, at(cell.head_at))
                key = keys[cell.head]
                if key is None:
                    continue
                try:
                    value = read_cell(cell.text, is_text=self.names.is_text(key))
                except ValueError:
                    message = f"{cell.text!r} under {cell.head!r} is no number"
                    self.problems.add(
                        at(cell.at), "bad-table", message, "write - where it is missing; a range is no value"
                    )
                    continue
                if value is not None:
                    row[key] = value
            rows.append(row | self.constants)
        return self.finished(rows)

    def clocked(self, place: int) -> Row:
        """The clock that `step` and `epoch` of the case give its row at `place` (from 0)."""
        row: Row = {}
        for name, keys in (("step", self.clock.step), ("epoch", self.clock.epoch)):
            key = self.names.clock_key(keys)
            if self.fields.has(name) and key is not None:
                first, every = self.spacing(name)
                row[key] = tidy(first + every * place)
        return row

    def spacing(self, name: str) -> tuple[float, float]:
        found = Fields(self.fields.items[name], self.problems, f"'{name}'")
        return _or(found.number("from"), 1.0), _or(found.number("every"), 1.0)

    # Series

    def of_series(self) -> list[Row]:
        clocks = {each.key for each in (*self.clock.step, *self.clock.epoch)}
        dense: dict[str, list[Cell | None]] = {}
        sparse: list[tuple[str, float, float, list[Cell | None]]] = []
        places: dict[str, Position] = {}
        for name, item in self.fields.mapping("series").items():
            key = self.key(name, item.key_at)
            found = Fields(item, self.problems, f"'{name}'") if isinstance(item.value, dict) else None
            given = found.items.get("values", item) if found else item
            values = _values(given, self.problems, self.written, wanted=self.wanted)
            if key is None or not values:
                continue
            places[key] = item.key_at
            if found and (found.has("from") or found.has("every")):
                every = _or(found.number("every"), 1.0)
                sparse.append((key, _or(found.number("from"), every), every, values))
            else:
                dense[key] = values
        self.same_length(dense, places)
        own = [key for key in dense if key in clocks]
        if own and sparse:
            hint = f"leave the series {own[0]!r} out, and give the case 'step: {{from: 1, every: 1}}'"
            self.problems.add(
                places[sparse[0][0]],
                "contradiction",
                f"{sparse[0][0]!r} cannot be placed on a clock that is a series",
                hint,
            )
            return []
        return self.finished(list(self.merged(dense, sparse, has_clock=bool(own))) if self.wanted else [])

    def same_length(self, dense: Mapping[str, list[Cell | None]], places: Mapping[str, Position]) -> None:
        longest = max(dense, key=lambda key: len(dense[key]), default="")
        for key, values in dense.items():
            lack = len(dense[longest]) - len(values)
            if lack:
                message = f"{key!r} has {len(values)} values, {longest!r} has {len(dense[longest])}"
                hint = f"write _x{lack} for those that are missing, or say where they are with 'from' and 'every'"
                self.problems.add(places[key], "bad-series", message, hint)

    def merged(
        self,
        dense: Mapping[str, list[Cell | None]],
        sparse: list[tuple[str, float, float, list[Cell | None]]],
        *,
        has_clock: bool,
    ) -> Iterator[Row]:
        """One row for each place on the clock at which a series has a value, in the clock's order."""
        name = "epoch" if self.fields.has("epoch") and not self.fields.has("step") else "step"
        first, every = self.spacing(name) if self.fields.has(name) else (1.0, 1.0)
        key = self.names.clock_key(self.clock.epoch if name == "epoch" else self.clock.step) or name
        rows: dict[float, Row] = {}
        length = max(map(len, dense.values()), default=0)
        for place in range(length):
            row = {
                id: value
                for id, values in dense.items()
                if place < len(values) and (value := values[place]) is not None
            }
            if row:
                at = float(tidy(first + every * place))
                stamp: Row = {} if has_clock else {key: tidy(at)}
                rows[at] = {**stamp, **self.clocked(place), **row, **self.constants}
        for id, first, every, values in sparse:
            for place, value in enumerate(values):
                if value is not None:
                    at = float(tidy(first + every * place))
                    rows.setdefault(at, {key: tidy(at)})[id] = value
        return (rows[at] for at in sorted(rows))

    # Both

    def finished(self, rows: list[Row]) -> list[Row]:
        """The rows, and behind them the summary that a trainer writes at the end of a run that is `ended`."""
        if not self.fields.flag("ended"):
            return rows
        summary = self.names.pack.summary
        if not summary:
            message = f"pack {self.names.pack.id!r} knows no summary row"
            hint = "leave 'ended' out, or name the keys of such a row in the pack's 'summary'"
            self.problems.add(self.fields.place("ended"), "contradiction", message, hint)
            return rows
        steps = {each.key for each in self.clock.step}
        row: Row = {key: value for key, value in rows[-1].items() if key in steps} if rows else {}
        row[summary[0]] = 1.0
        return [*rows, row]


def _or(value: float | None, default: float) -> float:
    return default if value is None else value
