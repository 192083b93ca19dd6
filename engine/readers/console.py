"""The reader of console output: lines that a pack's formats know become JSON lines, and go the way of all JSON lines.

The patterns run in DuckDB alone, whose RE2 takes time that only grows with the length of a line. A file is read in one
format, the one whose lines give the most values: trainers that print the same numbers twice do so in different words.
"""

from __future__ import annotations

import os
from array import array
from collections.abc import Collection, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress

from ..database import duckdb
from ..errors import LogError, PackError, Position, Problem
from ..pack import EMPTY, Format, LinePattern, Pack
from ..patterns import parsed
from ..record import Record
from ..template import Placeholder, pieces
from ..words import counted, lowered
from .cells import literal
from .copies import TOLD, Copy, no_room, remove
from .endings import NO_BAR, End, ended
from .lines import lines_sql
from .normalise import TURN, Source

_BATCH = 10_000
_ESCAPES = "\\x1b(?:\\[[0-?]*[ -/]*[@-~]|\\][^\\x07\\x1b]*(?:\\x07|\\x1b\\\\)?|[@-Z\\\\^_])"
_BAR = f"[0-9]%[|][^|{TURN}]*[|][^\\[{TURN}]*\\[[^\\]{TURN}]*\\]"
_BAR_UP_TO_TIMES = "^(.*[0-9]%[|][^|]*[|][^\\[]*)\\["
_A_LOSS = "(?i)loss['\"]?\\s*[=:]\\s*['\"]?[-+]?(?:[0-9.]|nan|inf)"
_GROUPED = "[-+]?[0-9]{1,3}(?:,[0-9]{3})+(?:\\.[0-9]*)?(?:[eE][-+]?[0-9]+)?"
_PLAIN_KEY = "regexp_replace(lower(key), '\\s+', '_', 'g')"
_ROUNDS = 100
_CARRIED = "OVER (ORDER BY n ROWS UNBOUNDED PRECEDING)"


REST = "rest"
"""The group of a pattern in which its pairs are looked for, in place of what follows the match."""


class _Given(Record):
    """How many values the lines of a format give: those of the keys that are asked for, and all; and whether they tell
    that the log is one of this format."""

    wanted: int
    values: int
    is_told: bool


class Told(Record):
    """What a console log tells: its lines as JSON lines, the format, and how the run ended."""

    source: Source
    format: str
    lines: int
    ended: End
    notes: tuple[str, ...]
    names: tuple[str, ...] = ()  # of the values in the lines, in the order in which they appear
    mentioned: frozenset[str] = frozenset()  # keys of values in lines that are read for the round they name alone


@contextmanager
def told(
    con: duckdb.DuckDBPyConnection, source: Source, path: str, formats: Sequence[Format], keys: Collection[str] = ()
) -> Iterator[Told | None]:
    """Yield what a copied source tells in that of `formats` that gives the most values, those of `keys` before others;
    None where none matches a line.

    Raises LogError where lines match and none gives a value yet.
    """
    if problems := pattern_problems(con, formats):
        raise PackError(problems[:1])
    _find(con, source, formats)
    try:
        given = [_extract(con, number, each, keys) for number, each in enumerate(formats)]
        # Bars repeat what lines say of an epoch many times over.
        rank = [(found.is_told and not each.last_resort, found) for found, each in zip(given, formats, strict=True)]
        most = rank.index(max(rank))
        if not given[most].values:
            if silent := _silent(con, formats):
                message, hint = silent
                raise LogError(message, path=path, hint=hint)
            yield None
            return
        chosen = formats[most]
        if most != len(formats) - 1:
            _extract(con, most, chosen)
        made: list[str] = []
        try:
            with Copy(path, made, prefix=TOLD, suffix=".jsonl") as copy:
                pass
            try:
                found = _written(con, source, copy.name, most, chosen)._replace(
                    mentioned=frozenset() if keys else _mentioned(con, chosen)
                )
            except duckdb.IOException as error:
                raise no_room(str(error).splitlines()[0], path) from None
            yield found
        finally:
            remove(made)
    finally:
        for table in ("found", "marks", "entries"):
            con.execute(f"DROP TABLE IF EXISTS {table}")


def unknown(
    con: duckdb.DuckDBPyConnection,
    source: Source,
    error: LogError,
    tried: Sequence[Format],
    shipped: Mapping[str, Sequence[Format]],
) -> LogError:
    """The error for console output in which none of the pack's formats gives a value: what was tried, and which of the
    `shipped` packs, by name, have one that can read it."""
    others = [each for found in shipped.values() for each in found if each not in tried]
    fit: list[Format] = []
    if others:
        _find(con, source, others)
        fit = [each for number, each in enumerate(others) if _extract(con, number, each).values]
    readers = [id for id, found in shipped.items() if any(each in fit for each in found)]
    names = ", ".join(repr(each.id) for each in tried)
    message = f"none of the known formats ({names}) gives a value" if tried else "the pack has no formats for it"
    hint = f"--pack {' or '.join(readers)} can read it; else {error.hint}" if readers else error.hint
    return LogError(f"{error.message}, and {message}", path=error.position.file, line=error.position.line, hint=hint)


_REWRITE = "write it without; a sign that means itself is written with a backslash, as in \\("


def unusable(pack: Pack) -> list[Problem]:
    """The patterns of a pack that RE2 refuses, found by trying each."""
    clock = [(key.pattern, pack.at) for keys in pack.clock for key in keys if key.pattern]
    if not (clock or pack.formats):
        return []
    con = duckdb.connect()
    try:
        return pattern_problems(con, tuple(pack.formats.values()), clock)
    finally:
        con.close()


def pattern_problems(
    con: duckdb.DuckDBPyConnection, formats: Sequence[Format], more: Sequence[tuple[str, Position]] = ()
) -> list[Problem]:
    """The patterns of formats, and `more` with their places, that RE2 refuses: only it knows how much it can hold."""
    given = [(sign, line.at) for each in formats for line in each.lines for sign in (line.match, line.pairs) if sign]
    given = list(dict.fromkeys((*given, *more)))
    if not given:
        return []
    tries = {sign: f"regexp_matches('', {literal(sign)})" for sign, _ in given}
    with suppress(duckdb.Error):  # which one it refuses is found below
        con.execute(f"SELECT {', '.join(tries.values())}")
        return []
    problems = []
    for sign, at in given:
        try:
            con.execute(f"SELECT {tries[sign]}")
        except duckdb.Error as error:
            said = str(error).splitlines()[0].rpartition("Error: ")[2]
            shown = sign if len(sign) <= 60 else f"{sign[:59]}…"
            problems.append(
                Problem(at, "bad-pattern", f"pattern {shown!r} is not in the syntax of RE2: {said}", _REWRITE)
            )
    return problems


def _find(con: duckdb.DuckDBPyConnection, source: Source, formats: Sequence[Format]) -> None:
    """Make the table `found` of the lines that any format knows, or that have a loss: n, place (line of the file),
    text, and for each format which of its patterns is the first to match (w0, w1, …)."""
    tests = (((i, literal(line.match)) for i, line in _lines(each)) for each in formats)
    which = [
        f"CASE {' '.join(f'WHEN regexp_matches(text, {sign}) THEN {i}' for i, sign in test)} END" for test in tests
    ]
    con.execute(
        "CREATE OR REPLACE TEMP TABLE found AS SELECT row_number() OVER (ORDER BY place, part) AS n, * FROM"
        f" (SELECT *, {', '.join(f'{sql} AS w{number}' for number, sql in enumerate(which))}"
        f" FROM ({_texts(source, bars=_has_bars(con, source))}))"
        f" WHERE {' OR '.join(f'w{number} IS NOT NULL' for number in range(len(which)))}"
        f" OR regexp_matches(text, {literal(_A_LOSS)})",
        [source.path],
    )


def _may_bar(column: str) -> str:
    return f"contains({column}, '%|') AND contains({column}, '[')"


def _has_bars(con: duckdb.DuckDBPyConnection, source: Source) -> bool:
    (found,) = con.execute(
        f"SELECT count(*) FROM (SELECT 1 FROM {lines_sql(source)} WHERE {_may_bar('line')} LIMIT 1)",
        [source.path],
    ).fetchall()[0]
    return bool(found)


def _texts(source: Source, *, bars: bool) -> str:
    """A query of what each line of a terminal would show, place and part of it (the file's name is the parameter).

    Carriage returns part lines, and so does the end of a progress bar, after which others may write on. A bar that is
    drawn again where it stood counts once, as it was last.
    """
    numbered = f"SELECT row_number() OVER () AS place, line FROM {lines_sql(source, turns=True)}"
    torn = f"regexp_replace(line, {literal(_BAR)}, '\\0{TURN}', 'g')"
    whole = f"CASE WHEN contains(line, '%|') THEN {torn} ELSE line END" if bars else "line"
    parts = f"SELECT place, string_split({whole}, {literal(TURN)}) AS parts FROM ({numbered})"
    texts = f"SELECT place, unnest(range(len(parts))) AS part, unnest(parts) AS text FROM ({parts})"
    plain = f"CASE WHEN contains(text, chr(27)) THEN regexp_replace(text, {literal(_ESCAPES)}, '', 'g') ELSE text END"
    shown = f"SELECT place, part, rtrim({plain}) AS text FROM ({texts}) WHERE text <> ''"
    if not bars:
        return shown
    bar = f"CASE WHEN {_may_bar('text')} THEN nullif(regexp_extract(text, {literal(_BAR_UP_TO_TIMES)}, 1), '') END"
    return (
        f"SELECT place, part, text FROM (SELECT *, {bar} AS bar FROM ({shown}))"
        " QUALIFY bar IS NULL OR bar IS DISTINCT FROM lead(bar) OVER (PARTITION BY place ORDER BY part)"
    )


def _extract(con: duckdb.DuckDBPyConnection, number: int, format_: Format, keys: Collection[str] = ()) -> _Given:
    """Make the tables `marks` (known lines with what is remembered there) and `entries` (n, part, k, key, value) for
    one format; returns how many values its lines give."""
    names = list(dict.fromkeys(name for line in format_.lines for name in line.remember))
    sets = []
    for name in names:
        whens = (
            f"WHEN {i} THEN {_filled(line.remember[name], line)}"
            for i, line in _lines(format_)
            if name in line.remember
        )
        sets.append(f"CASE w{number} {' '.join(whens)} END")
    own = "".join(f", {sql} AS s{k}" for k, sql in enumerate(sets))
    carried = "".join(f", last_value(s{k} IGNORE NULLS) {_CARRIED} AS r{k}" for k in range(len(names)))
    con.execute(
        f"CREATE OR REPLACE TEMP TABLE marks AS SELECT n, place, text, w{carried}"
        f" FROM (SELECT n, place, text, w{number} AS w{own} FROM found WHERE w{number} IS NOT NULL)"
    )
    known = {name: f"r{k}" for k, name in enumerate(names)}
    entries = []
    for i, line in _lines(format_):
        for k, (key, value) in enumerate(line.values.items()):
            sql = _filled(value, line, known)
            entries.append(
                f"SELECT n, 0 AS part, {k} AS k, {literal(key)} AS key, {sql} AS value FROM marks WHERE w = {i}"
            )
        if line.pairs:
            at_name, at_value = line.pair_groups
            rest = f"regexp_extract(text, {literal(f'(?:{line.match})(.*)')}, {parsed(line.match).groups + 1})"
            if REST in line.groups:
                rest = f"regexp_extract(text, {literal(line.match)}, {line.groups[REST]})"
            found = {each: f"regexp_extract_all(rest, {literal(line.pairs)}, {each})" for each in (at_name, at_value)}
            pairs = (
                f"SELECT *, unnest(range(len({found[at_name]}))) AS k, unnest({found[at_name]}) AS name,"
                f" unnest({found[at_value]}) AS value FROM (SELECT *, {rest} AS rest FROM marks WHERE w = {i})"
            )
            key = _filled(line.key, line, {**known, "name": "name"})
            entries.append(f"SELECT n, 1 AS part, k, {key} AS key, value FROM ({pairs})")
    if not entries:
        return _Given(0, 0, is_told=False)
    number_ = f"CASE WHEN regexp_full_match(value, {literal(_GROUPED)}) THEN replace(value, ',', '') ELSE value END"
    con.execute(
        f"CREATE OR REPLACE TEMP TABLE entries AS SELECT n, part, k, key, {number_} AS value"
        f" FROM ({' UNION ALL '.join(entries)}) WHERE key <> '' AND value <> ''"
    )
    known_keys = f"({', '.join(map(literal, sorted(keys)))})"
    among = f"key IN {known_keys} OR {_PLAIN_KEY} IN {known_keys}" if keys else "false"
    # An error or a loss that is not finite is told in many formats: alone it does not make a log one of theirs.
    own = "part = 1" if any(line.pairs for line in format_.lines) else "true"
    asked = f"({among})" if keys else "true"
    wanted, given, told = con.execute(
        f"SELECT count(CASE WHEN {among} THEN 1 END), count(*), count(CASE WHEN {own} AND {asked} THEN 1 END)"
        " FROM entries"
    ).fetchall()[0]
    # "Train Loss" is known as train_loss too, which comes after what the lines say themselves.
    con.execute(
        f"INSERT INTO entries SELECT n, 3, k, {_PLAIN_KEY} AS plain, value FROM entries"
        f" WHERE part < 2 AND {_PLAIN_KEY} <> key"
    )
    for k, name in enumerate(names):
        con.execute(
            f"INSERT INTO entries SELECT n, 2, {k}, {literal(name)}, r{k} FROM marks"
            f" WHERE r{k} IS NOT NULL AND n IN (SELECT n FROM entries WHERE part < 2)"
        )
    return _Given(int(wanted), int(given), is_told=bool(told))


def _mentioned(con: duckdb.DuckDBPyConnection, format_: Format) -> frozenset[str]:
    """The keys that the first lines of rounds would give if they were read as those with pairs are: a run that has not
    finished its first round has no other sign of what is trained."""
    rounds = ", ".join(str(i) for i, line in _lines(format_) if line.remember and not line.pairs)
    names = list(dict.fromkeys(name for line in format_.lines for name in line.remember))
    known = {name: f"r{k}" for k, name in enumerate(names)} | {"name": "name"}
    found: set[str] = set()
    for _, line in _lines(format_) if rounds else ():
        if line.pairs:
            name = f"unnest(regexp_extract_all(text, {literal(line.pairs)}, {line.pair_groups[0]}))"
            some = f"SELECT * FROM marks WHERE w IN ({rounds}) ORDER BY n LIMIT {_ROUNDS}"
            sql = f"SELECT DISTINCT {_filled(line.key, line, known)} FROM (SELECT *, {name} AS name FROM ({some}))"
            found.update(key for (key,) in con.execute(sql).fetchall() if key)
    return frozenset(found)


def _lines(format_: Format) -> Iterator[tuple[int, LinePattern]]:
    return enumerate(format_.lines)


def _filled(text: str, line: LinePattern, known: Mapping[str, str] = EMPTY) -> str:
    """SQL for a template: what is not known makes all of it unknown."""
    parts = []
    for piece in pieces(text):
        if not isinstance(piece, Placeholder):
            parts.append(literal(piece))
        elif piece.name in line.groups and known.get(piece.name) != "name":
            parts.append(f"nullif(regexp_extract(text, {literal(line.match)}, {line.groups[piece.name]}), '')")
        else:
            parts.append(known[piece.name])
    return " || ".join(parts) or "''"


def _silent(con: duckdb.DuckDBPyConnection, formats: Sequence[Format]) -> tuple[str, str] | None:
    """What to say of lines that are known and give no value, and what would give one; None where there are none."""
    counts = []
    for number, each in enumerate(formats):
        telling = ", ".join(str(i) for i, line in _lines(each) if line.pairs or line.values or line.remember)
        sql = f"SELECT count(*) FROM found WHERE w{number} IN ({telling}) AND {NO_BAR}"
        counts.append(con.execute(sql).fetchall()[0][0] if telling else 0)
    most = max(range(len(formats)), key=lambda number: counts[number])
    if not counts[most]:
        return None
    amount = f"{counted(counts[most], 'line')} {'is' if counts[most] == 1 else 'are'}"
    read = formats[most].help.partition(". ")[0].rstrip(".")
    hint = "wait until the run has logged more" + (
        f", if it does print what is read of them: {lowered(read)}" if read else ""
    )
    return f"{amount} of the format {formats[most].id!r}, and none gives a value yet", hint


def _written(con: duckdb.DuckDBPyConnection, source: Source, name: str, number: int, format_: Format) -> Told:
    con.execute(
        "COPY (SELECT '{' || string_agg(to_json(key)::VARCHAR || ':' || to_json(value)::VARCHAR, ',' ORDER BY part, k)"
        f" || '}}' AS line FROM entries GROUP BY n ORDER BY n) TO {literal(name)} (FORMAT csv, HEADER false,"
        " DELIMITER '\x1f', QUOTE '', ESCAPE '')"
    )
    size = os.path.getsize(name)
    places = array("q")
    cursor = con.execute("SELECT any_value(place) FROM entries JOIN marks USING (n) GROUP BY n ORDER BY n")
    while batch := cursor.fetchmany(_BATCH):
        places.extend(at for (at,) in batch)
    lines, objects = con.execute(
        "SELECT count(*), count(CASE WHEN starts_with(line, '{') AND json_valid(line) THEN 1 END)"
        f" FROM {lines_sql(source)}",
        [source.path],
    ).fetchall()[0]
    notes = [f"{objects} lines are JSON objects and were passed over: the console lines were read"] if objects else []
    passed, first = con.execute(
        f"SELECT count(*), min(place) FROM found WHERE w{number} IS NULL AND regexp_matches(text, {literal(_A_LOSS)})"
        " AND NOT starts_with(text, '{\"')"
    ).fetchall()[0]
    if passed:
        amount = f"{counted(passed, 'line')} with a loss {'is' if passed == 1 else 'are'}"
        notes.append(f"{amount} not of the format {format_.id!r} and not read, the first is line {first}")
    names = con.execute(
        "SELECT key FROM (SELECT key, min((n, k)) AS first FROM entries WHERE part < 2 GROUP BY key) ORDER BY first"
    ).fetchall()
    given = tuple(key for (key,) in names)
    carried = list(dict.fromkeys(name for line in format_.lines for name in line.remember))
    known = {name: f"r{k}" for k, name in enumerate(carried)}
    end = ended(con, source, format_, {i: _filled(line.ends, line, known) for i, line in _lines(format_) if line.ends})
    return Told(Source(name, size, copied=True, places=places), format_.id, lines, end, tuple(notes), given)
