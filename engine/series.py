"""Series: a metric may be split by a label of the log's rows or over the members of a family of keys.

Both are one idea. A rule whose metrics are split is judged for each series on its own: windows, episodes and gates look
at the observations of one series only. A member of a family has its own column, a value of a label its own rows.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from itertools import product
from typing import TYPE_CHECKING

from .errors import LogError
from .pack import EMPTY, Metric, Pack
from .record import Record

if TYPE_CHECKING:
    from .database import duckdb

_PLACE = re.compile(r"\{([A-Za-z][A-Za-z0-9_]*)\}")
_AFFIX = "_-./ "
MOST_VALUES = 100
"""Values of a label from which on it is none: what a rule takes, it takes for each of them."""
UNNAMED = "main"
"""What a family's member with an empty text is called in a list."""


class Series(Record):
    """One of the series that a rule is judged over: label or family → value; with no split, `name` is empty."""

    name: str = ""
    values: Mapping[str, str] = EMPTY


WHOLE = (Series(),)
"""What is not split is one series."""


def families_in(key: str) -> tuple[str, ...]:
    """The families that a key such as "loss_ce{layer}" names."""
    return tuple(dict.fromkeys(_PLACE.findall(key)))


def called(text: str) -> str:
    """The name of a family's member that is given by its text alone: "_0" is called 0."""
    return text.strip(_AFFIX) or UNNAMED


def families_of(metric: Metric) -> tuple[str, ...]:
    """The families over which a metric is split, in the order in which its keys name them."""
    return tuple(dict.fromkeys(family for key in metric.keys for family in families_in(key)))


def spelled(key: str, texts: Mapping[str, str]) -> str:
    """A key with the text of a member for each family that it names."""
    return _PLACE.sub(lambda found: texts.get(found[1], found[0]), key)


def member_id(id: str, values: Iterable[str]) -> str:
    """What the reader calls one member of a metric: "loss_ce[0]"; a metric without families keeps its name."""
    inner = "][".join(values)
    return f"{id}[{inner}]" if inner else id


def metric_id(member: str) -> str:
    """The metric that a member belongs to."""
    return member.partition("[")[0]


def members(pack: Pack, metric: Metric) -> Iterator[tuple[str, Series, tuple[str, ...]]]:
    """Each member of a metric with its id, its series and its keys; a metric without families is its only member."""
    families = families_of(metric) if pack.families else ()
    for names in product(*(pack.families[family].members for family in families)):
        texts = {family: pack.families[family].members[name] for family, name in zip(families, names, strict=True)}
        keys = tuple(spelled(key, texts) for key in metric.keys) if families else metric.keys
        yield member_id(metric.id, names), _series(zip(families, names, strict=True)), keys


def first_key(pack: Pack, id: str) -> str:
    """What a log is expected to call a metric: its first key; the id of one that is computed."""
    return next((keys[0] for *_, keys in members(pack, pack.metrics[id]) if keys), id)


def member_of(pack: Pack, id: str, values: Mapping[str, str]) -> str:
    """The member of a metric that one series looks at."""
    families = families_of(pack.metrics[id]) if pack.families and id in pack.metrics else ()
    return member_id(id, (values[family] for family in families)) if all(f in values for f in families) else id


def _series(pairs: Iterable[tuple[str, str]]) -> Series:
    values = dict(pairs)
    return Series(" ".join(f"{name}={value}" for name, value in values.items()), values)


class Splitter:
    """Finds the series of one run: the values of its labels, and the members of families that occur in it."""

    __slots__ = ("_con", "_labels", "_path", "_table", "_values", "columns", "pack")

    def __init__(
        self,
        pack: Pack,
        columns: Mapping[str, str],
        labels: Mapping[str, str],
        con: duckdb.DuckDBPyConnection,
        table: str,
        path: str = "",
    ) -> None:
        self.pack, self.columns, self._path = pack, columns, path
        self._labels, self._con, self._table = labels, con, table
        self._values: dict[str, list[str]] = {}

    def over(self, metrics: Sequence[str]) -> Sequence[Series]:
        """The series over which something with these metrics is judged, in order; `WHOLE` where none is split.

        Members of a family of which none of the metrics occurs in the log are left out.
        """
        splits: dict[str, list[str]] = {}
        for label in sorted({by for id in metrics for by in self.pack.metrics[id].by if by in self._labels}):
            splits[label] = self._label(label)
        if self.pack.families:
            for family in dict.fromkeys(f for id in metrics for f in families_of(self.pack.metrics[id])):
                splits[family] = self._members(family, metrics)
        if not splits:
            return WHOLE
        names = list(splits)
        found = [_series(zip(names, values, strict=True)) for values in product(*splits.values())]
        return found or WHOLE

    def present(self, id: str) -> list[tuple[str, Series]]:
        """The members of a metric that occur in the log: each column with its series."""
        if not self.pack.families:
            return [(self.columns[id], Series())] if id in self.columns else []
        return [
            (self.columns[member], series)
            for member, series, _ in members(self.pack, self.pack.metrics[id])
            if member in self.columns
        ]

    def _members(self, family: str, metrics: Sequence[str]) -> list[str]:
        occurring = {
            series.values[family]
            for id in metrics
            if family in families_of(self.pack.metrics[id])
            for _, series in self.present(id)
        }
        return [name for name in self.pack.families[family].members if name in occurring]

    def _label(self, label: str) -> list[str]:
        if label not in self._values:
            column = self._labels[label]
            found = self._con.execute(
                f"SELECT DISTINCT {column} FROM {self._table} WHERE {column} IS NOT NULL"
            ).fetchall()
            if len(found) > MOST_VALUES:
                raise LogError(
                    f"label {label!r} has {len(found):,} values, and each is judged by itself, {MOST_VALUES} at most",
                    path=self._path,
                    hint="have the pack name another key for it, or leave that key out of the log",
                )
            self._values[label] = sorted((value for (value,) in found), key=_natural)
        return self._values[label]


def _natural(value: str) -> tuple[tuple[int, int, str], ...]:
    """Sorts 2 before 10, and numbers before words."""
    parts = re.findall(r"[0-9]{1,18}|[^0-9]+|[0-9]+", value)
    return tuple((0, int(part), "") if part.isdecimal() and len(part) < 19 else (1, 0, part) for part in parts)
