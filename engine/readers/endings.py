"""How a run ended that was read from console output, and which errors there end none."""

from __future__ import annotations

from collections.abc import Mapping

from ..database import duckdb
from ..pack import Format
from ..record import Record
from .cells import literal
from .lines import lines_sql
from .normalise import Source

NO_BAR = "NOT contains(text, '%|')"
"""SQL for a line that is no progress bar."""

_AT_MOST = 50
"""How many lines that tell of an end are looked at."""

_TRACEBACK = "Traceback \\(most recent call last\\)"
_PASSED_OVER = "Exception (?:ignored in|in thread)\\b"


class End(Record):
    """How a run ended: why, in words with the line that says so, and by what (one of ENDINGS); empty: it may go on."""

    because: str = ""
    by: str = ""


def ended(con: duckdb.DuckDBPyConnection, source: Source, format_: Format, reasons: Mapping[int, str]) -> End:
    """How the run ended, by the tables `marks` and `entries` of one format; `reasons` is SQL for why, by kind of line.

    The first line after the last values tells it, of a run that has no lines of rounds after the last such line. An
    error that Python passed over is no end.
    """
    if not reasons:
        return End()
    whys = " ".join(f"WHEN {i} THEN {sql}" for i, sql in reasons.items())
    says = f"w IN ({', '.join(map(str, reasons))})"
    rounds = [str(i) for i, line in enumerate(format_.lines) if line.remember and i not in reasons]
    # A bar is often drawn once more when an error has ended its loop.
    goes_on = f"w IN ({', '.join(rounds)}) AND {NO_BAR}" if rounds else "false"
    found = con.execute(
        f"SELECT place, w, why FROM (SELECT n, place, w, CASE w {whys} END AS why,"
        f" max(CASE WHEN {goes_on} THEN n END) OVER () AS went_on, max(CASE WHEN {says} THEN n END) OVER () AS said"
        " FROM marks) WHERE why IS NOT NULL AND n >= (SELECT max(n) FROM entries) AND said > coalesce(went_on, 0)"
        f" ORDER BY n LIMIT {_AT_MOST}"
    ).fetchall()
    for place, which, why in found:
        by = format_.lines[which].ended_by
        if by != "error" or not _is_passed_over(con, source, place):
            return End(f"{why} (line {place})", by)
    return End()


def _is_passed_over(con: duckdb.DuckDBPyConnection, source: Source, place: int) -> bool:
    """Whether the traceback that ends at this line is of an exception that Python ignored, or that ended a thread.

    Such a traceback begins with a line that says so; workers of a data loader leave one now and then while all is well.
    """
    numbered = f"SELECT row_number() OVER () AS place, line FROM {lines_sql(source, turns=True)}"
    found = con.execute(
        f"SELECT regexp_matches(line, {literal(_PASSED_OVER)}) FROM ({numbered}) WHERE place < ?"
        f" AND regexp_matches(line, {literal(f'{_TRACEBACK}|{_PASSED_OVER}')}) ORDER BY place DESC LIMIT 2",
        [source.path, place],
    ).fetchall()
    return any(says_so for (says_so,) in found)
