"""A log that takes too long, or too much memory."""

from __future__ import annotations

import json
from pathlib import Path
from time import monotonic
from types import SimpleNamespace

import duckdb
import pytest

from trainrules import LogError, evaluate
from trainrules.engine import evaluation
from trainrules.engine.readers import connection
from trainrules.engine.readers.deadline import Deadline

ENDLESS = "SELECT sum(a.range * b.range % 7) FROM range(1000000) a, range(1000000) b"


@pytest.fixture(scope="module")
def long_log(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("long") / "run.jsonl"
    path.write_text(
        "".join(json.dumps({"step": i, "loss": 1 / i, "grad_norm": i % 7}) + "\n" for i in range(1, 30_001))
    )
    return path


def test_a_statement_is_interrupted_in_time() -> None:
    con, deadline, start = connection.connect(), Deadline(0.2), monotonic()
    deadline.watch(con)
    with pytest.raises(duckdb.InterruptException):
        con.execute(ENDLESS)
    assert deadline.is_over
    assert 0.2 <= monotonic() - start < 10
    deadline.close()


def test_a_statement_on_a_cursor_is_interrupted_in_time() -> None:
    con, deadline, start = connection.connect(), Deadline(0.2), monotonic()
    cursor = deadline.watch(deadline.watch(con).cursor()).cursor()
    with pytest.raises(duckdb.InterruptException):
        cursor.execute(ENDLESS)
    assert deadline.is_over
    assert 0.2 <= monotonic() - start < 10
    deadline.close()


def test_a_statement_that_starts_after_the_deadline_is_interrupted() -> None:
    con, deadline = connection.connect(), Deadline(0.0)
    deadline.watch(con)
    with pytest.raises(duckdb.InterruptException):
        con.execute(ENDLESS)
    deadline.close()


def test_a_deadline_that_is_closed_interrupts_nothing() -> None:
    con, deadline = connection.connect(), Deadline(0.05)
    deadline.watch(con)
    deadline.close()
    assert con.execute("SELECT sum(range) FROM range(30000000)").fetchall() == [(449999985000000,)]
    assert not deadline.is_over


@pytest.mark.parametrize(
    ("limits", "message"),
    [
        ({"timeout": 1e-3}, "not read and judged within 0.001 seconds; give it more time with --timeout"),
        (
            {"memory_limit": "5MB"},
            "reading and judging it takes more than the 5MB that DuckDB may use; raise --memory-limit, or judge with"
            " fewer --threads",
        ),
    ],
)
def test_a_log_beyond_its_limits_is_not_judged(long_log: Path, limits: dict[str, object], message: str) -> None:
    with pytest.raises(LogError) as caught:
        evaluate(long_log, pack="common", **limits)  # type: ignore[arg-type]
    assert f"{caught.value.message}; {caught.value.hint}" == message


def test_limits_that_suffice_change_nothing(long_log: Path) -> None:
    plain = evaluate(long_log, pack="common")
    assert evaluate(long_log, pack="common", timeout=600, memory_limit="4GB") == plain


def test_closing_does_not_wait_for_a_statement_that_was_given_up(monkeypatch: pytest.MonkeyPatch) -> None:
    """DuckDB goes on with a statement that Ctrl-C has ended for Python."""
    calls: list[str] = []
    con = SimpleNamespace(interrupt=lambda: calls.append("interrupt"), close=lambda: calls.append("close"))
    monkeypatch.setattr(connection.spill, "remove", lambda con: calls.append("remove"))
    connection.closed(con)  # type: ignore[arg-type]
    assert calls == ["interrupt", "close", "remove"]


@pytest.mark.parametrize(
    ("error", "raised"),
    [(RuntimeError("Query interrupted"), KeyboardInterrupt), (RuntimeError("a bug"), RuntimeError)],
    ids=["interrupt", "bug"],
)
def test_ctrl_c_while_a_run_is_judged(
    error: RuntimeError, raised: type[BaseException], long_log: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def interrupted(*_: object) -> None:
        raise error

    monkeypatch.setattr(evaluation.Evaluation, "report", interrupted)
    with pytest.raises(raised):
        evaluate(long_log, pack="common")
