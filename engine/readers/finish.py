"""The end of every reader's way: from the loaded table `raw` to the run."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from ..errors import LogError
from ..record import Record
from ..report import Known
from ..surroundings import TOTAL
from . import rows
from .columns import Columns, Layout
from .diagnose import wrong_types
from .lines import Lines
from .model import Run, Wanted
from .normalise import Source
from .numberless import Numberless, numberless
from .opening import Opening


class Scan(Record):
    """How the rows of a log are read again: `rows` gives SQL for these cells (and a LIMIT), whose only parameter is
    the path of the source; it gives nothing where no cell can occur."""

    source: Source
    rows: Callable[..., str]
    is_lines: bool = False  # the source has JSON lines


def finished(
    opening: Opening,
    scan: Scan,
    wanted: Wanted,
    columns: Columns,
    counted: Lines,
    layout: Layout,
    *,
    name: str,
    notes: Sequence[str] = (),
    known: Sequence[Known] = (),
) -> Run:
    """The run, in the format `name`; what is `known` of it stands above what files beside the log say.

    Raises LogError where the rows of several runs are interleaved.
    """
    source = scan.source
    if opening.witness is not None:
        opening.witness(opening, scan)
    own = {each.name for each in known}
    known = (*known, *(each for each in opening.known if each.name not in own))
    layout = _with_total(opening, layout, known)
    never = dict(wrong_types(opening.con, source, scan.rows, wanted, layout, columns.cells.lacks))
    layout = layout._replace(notes=(*layout.notes, *notes, *never.values()))
    gone = numberless(opening.con, source, layout, counted) if scan.is_lines else Numberless()
    try:
        run = rows.assemble(opening.con, opening.path, counted, layout)
    except LogError as error:
        line = source.place(error.position.line)
        raise LogError(error.message, path=opening.path, line=line, hint=error.hint) from None
    if source.places:
        rows.renumber(opening.con, source.places)
    run.never = never
    run.facts = run.facts._replace(
        format=name, known=known, numberless=gone.lines, numberless_from=gone.first, numberless_because=gone.because
    )
    return run


def _with_total(opening: Opening, layout: Layout, known: Sequence[Known]) -> Layout:
    """The layout with the known total, where its rows do not tell one and none of them lies beyond it."""
    total = next((each.value for each in known if each.name == TOTAL), None)
    if total is None or layout.total is not None or layout.clock != "step" or layout.step is None:
        return layout
    (last,) = opening.con.execute(f"SELECT max({layout.step.sql}) FROM raw WHERE {layout.kept}").fetchall()[0]
    return layout._replace(total=float(total)) if last is not None and last <= float(total) else layout
