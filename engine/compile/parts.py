"""The kernels of a level of a long run in parts: queries that are run two at a time, each for a table of its own."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field

from ..record import Record
from .halves import halves
from .ir import Kernel
from .lower import LONG, Lowered, lower, varying
from .sources import Source, Sources, arguments_of
from .stream import Stream
from .uneven import Uneven

_SPARSE = 8
"""Where at most one row of so many is of a stream, its values are joined to the other rows."""
_WORK = {"quantile": 6, "mad": 6, "lowest": 2, "highest": 2}
"""What some kernels take beside a mean over a window, over a long run."""


class Part(Record):
    """Columns, and a query of them and `i`, whose rows surely stand as those of the run do if it `is_placed`."""

    columns: list[str]
    query: str
    is_placed: bool


@dataclass(slots=True, eq=False, repr=False)
class Parts:
    """Writes the parts over `sources` with so many `rows`; tables that are `made` for them are of no use afterwards."""

    sources: Sources
    rows: int
    spacing: Mapping[str, float | None]  # of all rows
    lowered: Callable[[Stream, Mapping[Kernel, str]], Lowered]
    long: int = LONG
    made: list[str] = field(default_factory=list)

    def everywhere(self, kernels: Mapping[Kernel, str], items: Sequence[str]) -> Part:
        """The part of kernels that have a value on every row, given as select items."""
        return Part([*kernels.values()], f"SELECT i, {', '.join(items)} FROM {self.sources.table}", is_placed=True)

    def of(self, streams: Sequence[tuple[Stream, Mapping[Kernel, str]]]) -> Iterator[Part]:
        """The parts of the kernels of some streams, each kernel with its column."""
        for stream, own in streams:
            celled = _celled(stream, own)
            yield from self._in_cells(stream, celled)
            others = {kernel: column for kernel, column in own.items() if kernel not in celled}
            along = self._along(stream, others)
            for part in _shared_out(stream, along):
                source = self.sources.all_rows(stream)
                lowered = self.lowered(stream, part)
                # What streams keeps the order of the rows; a frame sorts them, and a join may do as it likes.
                yield Part([*part.values()], _query(lowered, source), is_placed=not lowered.frames)
            rest = {kernel: column for kernel, column in others.items() if kernel not in along}
            if rest:
                yield from self._apart(stream.filtered, rest)

    def _apart(self, stream: Stream, kernels: Mapping[Kernel, str]) -> Iterator[Part]:
        """The parts of kernels over the stream's own rows."""
        source = self._kept(self.sources.rows_of(stream, kernels, self._name()))
        stream = stream._replace(most=source.most)
        fixed = {kernel: column for kernel, column in kernels.items() if kernel.span not in source.most}
        parts = _shared_out(stream, fixed)
        # Where the number of rows varies, everything that blocks are fetched of is in memory at a time.
        for span in source.most:
            parts += _by_argument(stream, {kernel: kernels[kernel] for kernel in kernels if kernel.span == span})
        for part in parts:
            yield self._spread(stream, part, _query(self.lowered(stream, part), source))

    def _in_cells(self, stream: Stream, kernels: Mapping[Kernel, str]) -> Iterator[Part]:
        if not kernels:
            return
        assert stream.cells is not None
        is_beside = self.spacing.get("tick") == stream.cells.apart
        asked = stream._replace(arguments=tuple({kernel.arg: None for kernel in kernels}))
        if is_beside:
            source = self.sources.rows_as_cells(asked)
            cells = asked.in_cells._replace(rows=self.rows)
        else:
            source = self._kept(self.sources.cells(asked, self._name()))
            cells = asked.in_cells
        for part in _shared_out(cells, kernels):
            query = _query(self.lowered(cells, part), source)
            if is_beside:
                yield Part([*part.values()], query, is_placed=True)
            else:
                yield self._spread(asked.filtered, part, f"SELECT * FROM ({query}) WHERE i IS NOT NULL")

    def _spread(self, stream: Stream, kernels: Mapping[Kernel, str], query: str) -> Part:
        """What a query gives for the rows of a stream, for all rows."""
        items, table = ", ".join(["i", *kernels.values()]), self.sources.table
        if stream.rows * _SPARSE < self.rows:
            spread = f"SELECT {items} FROM (SELECT i FROM {table}) LEFT JOIN ({query}) USING (i)"
        elif stream.whole:
            spread = f"{query} ORDER BY i"
        else:
            # Sorting all rows takes half as long as joining many of them to the rest.
            others = f"SELECT i FROM {table} WHERE {self.sources.renderer.observed(stream.arguments[0])} IS NULL"
            spread = f"SELECT {items} FROM ({query} UNION ALL BY NAME {others}) ORDER BY i"
        return Part([*kernels.values()], spread, is_placed=False)

    def _along(self, stream: Stream, kernels: Mapping[Kernel, str]) -> dict[Kernel, str]:
        """The kernels that can be computed over the table as it stands, with rows that the stream lacks at its head."""
        if not stream.full or varying(stream, kernels):
            return {}
        if stream.whole:
            return dict(kernels)
        # A frame is ordered by the stream's own numbers.
        names = arguments_of(stream)
        return {
            kernel: column
            for kernel, column in kernels.items()
            if not lower(stream, {kernel: column}, names, self.long).frames
        }

    def _name(self) -> str:
        return f"stream_{len(self.made)}"

    def _kept(self, source: Source) -> Source:
        self.made += [source.made] if source.made else []
        return source


def _query(lowered: Lowered, source: Source) -> str:
    return lowered.query(source.sql, source.columns, ["i"])


def _celled(stream: Stream, kernels: Mapping[Kernel, str]) -> dict[Kernel, str]:
    """The kernels whose windows are counted in the cells of a stream: those over steps that can be merged so."""
    if stream.cells is None:
        return {}
    cells = Uneven(stream.in_cells)
    return {
        kernel: column
        for kernel, column in kernels.items()
        if kernel.span
        and kernel.span.unit == "steps"
        and (kernel.kind in ("count", "minimum", "maximum") or cells.takes(kernel))
    }


def _shared_out(stream: Stream, own: Mapping[Kernel, str]) -> list[dict[Kernel, str]]:
    """The kernels in two parts of about the same work, those of one argument together."""
    shares = halves(_by_argument(stream, own), lambda group: sum(_WORK.get(kernel.kind, 1) for kernel in group))
    return [{kernel: column for group in share for kernel, column in group.items()} for share in shares]


def _by_argument(stream: Stream, own: Mapping[Kernel, str]) -> list[dict[Kernel, str]]:
    groups = ({kernel: own[kernel] for kernel in own if kernel.arg == argument} for argument in stream.arguments)
    return [group for group in groups if group]
