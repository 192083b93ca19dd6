"""A pack of a few metrics, parameters and windows, and a run of it as the engine has one: the table `run`."""

from __future__ import annotations

import duckdb

from trainrules.engine.check_pack import pack_scope
from trainrules.engine.compile.bind import Names
from trainrules.engine.errors import Position
from trainrules.engine.pack import Duration, Metric, Pack, Param, Window
from trainrules.engine.parser import parse
from trainrules.engine.resolved import Resolved

from .oracle import Cell, OracleRun

AT = Position("drawn.yaml", 1, 1)
NUMBERS = ("loss", "margin", "kl")
WINDOWS = {
    "ten": (10, "points", 3),
    "full": (4, "points", 4),
    "trend": (5, "steps", 2),
    "longer": (30, "steps", 3),
    "evals": (2, "epochs", 1),
    "hour": (3, "minutes", 2),
    "everything": (0, "all", 3),
}
PARAMS: dict[str, Cell] = {"floor_value": 0.5, "factor": -2.0, "unset": None, "strict": True}


def make_window(id: str, length: float, unit: str, least: int) -> Window:
    last = None if unit == "all" else Duration(parse(str(length), AT), unit)
    return Window(id, AT, last, parse(str(least), AT))


PACK = Pack(
    "drawn",
    AT,
    "1.0.0",
    "Drawn",
    metrics={
        **{id: Metric(id, AT, keys=(id,), better="lower" if id == "loss" else "higher") for id in NUMBERS},
        "phase": Metric("phase", AT, keys=("phase",), type="text"),
    },
    params={id: Param(id, AT, None) for id in PARAMS},
    windows={id: make_window(id, *window) for id, window in WINDOWS.items()},
    sentinels=("loss", "kl"),
)
SCOPE = pack_scope(
    Pack(
        "drawn",
        AT,
        "1",
        "Drawn",
        metrics=PACK.metrics,
        windows=PACK.windows,
        params={id: Param(id, AT, None, type="boolean" if id == "strict" else "number") for id in PARAMS},
    )
)
RESOLVED = Resolved(PACK, None, PARAMS)


def loaded(con: duckdb.DuckDBPyConnection, run: OracleRun) -> Names:
    for (table,) in con.execute("SELECT table_name FROM information_schema.tables").fetchall():
        con.execute(f"DROP TABLE {table}")
    con.execute(
        "CREATE OR REPLACE TABLE run (i BIGINT, line BIGINT, step DOUBLE, tick DOUBLE, epoch DOUBLE, time DOUBLE,"
        " moves BOOLEAN, is_last BOOLEAN, m0 DOUBLE, m1 DOUBLE, m2 DOUBLE, m3 VARCHAR)"
    )
    n = len(run)
    rows = [
        [i + 1, i + 1, run.ticks[i], run.ticks[i], run.epochs[i], run.times[i], run.moves[i], i == n - 1]
        + [run.cells[id][i] for id in (*NUMBERS, "phase")]
        for i in range(n)
    ]
    if rows:
        con.execute(
            f"INSERT INTO run VALUES {', '.join('(' + ', '.join('?' * 12) + ')' for _ in rows)}",
            [cell for row in rows for cell in row],
        )
    columns = {id: f"m{place}" for place, id in enumerate((*NUMBERS, "phase"))}
    return Names(RESOLVED, columns, wild=frozenset({"m0", "m1", "m2"}), started=run.times[0] if len(run) else None)
