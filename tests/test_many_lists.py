"""Lists of runs: their order, their words, and what they make of texts from elsewhere."""

from __future__ import annotations

import csv
import io

import pytest

from trainrules.engine.errors import LogError, PackError, Position, Problem
from trainrules.engine.many.line import Line, line_of, line_of_error, tally, worst_first
from trainrules.engine.render import runscsv, runsmarkdown, runstable
from trainrules.engine.render.escape import cells
from trainrules.engine.render.runswords import reached, told
from trainrules.engine.report import Finding, LogFacts, Moment, Report, Step

AT = Moment(81, 90)
LOG = LogFacts("runs/a/log.jsonl", "jsonl", "step", 3, 0, 0, 0, 1, 300, False, total=500)


def finding(rule: str, severity: str, cause: str = "diverging", state: str = "firing") -> Finding:
    return Finding(rule, rule.upper(), cause, severity, state, AT, AT, None, AT, 1, (), (), "", "", "", ("stop",))


def report(*findings: Finding, action: str = "stop", because: tuple[str, ...] = ()) -> Report:
    return Report("kto", "1", None, "", LOG, "", (Step(action, "info", because, "Do."),), (), findings, (), (), ())


@pytest.mark.parametrize(
    ("given", "worst"),
    [
        (report(), ""),
        (report(finding("a", "warning"), finding("b", "critical")), "b"),
        (report(finding("a", "warning"), finding("b", "critical", state="resolved")), "a"),
        (report(finding("a", "warning"), finding("b", "critical", state="explained")), "a"),
        (report(finding("a", "critical"), finding("b", "critical"), because=("b",)), "b"),
        (report(finding("a", "critical"), finding("b", "critical", "inverted")), "b"),
        (report(finding("a", "info"), action="continue"), "a"),
    ],
)
def test_the_worst_finding(given: Report, worst: str) -> None:
    assert line_of(given).rule == worst


RUNS = [
    Line("well", "healthy", 0),
    Line("late", "wait", 0),
    Line("torn", "unknown", 3, reason="the log is empty"),
    Line("set", "unknown", 2, reason="x"),
    Line("look", "attention", 0, severity="warning", cause="logging"),
    Line("flat", "act", 0, severity="warning", cause="stalled"),
    Line("flat2", "act", 0, severity="warning", cause="stalled"),
    Line("nan", "act", 1, severity="critical", cause="non_finite"),
    Line("up", "act", 1, severity="critical", cause="diverging"),
]


@pytest.mark.parametrize("turn", [1, -1])
def test_the_worst_come_first(turn: int) -> None:
    found = [line.log for line in worst_first(RUNS[::turn])]
    flat = ["flat", "flat2"][::turn]
    assert found == ["nan", "up", *flat, "look", "set", "torn", "late", "well"]
    assert tally(RUNS) == {"act": 4, "attention": 1, "unknown": 2, "wait": 1, "healthy": 1}


@pytest.mark.parametrize(
    ("line", "words"),
    [
        (Line("a", "unknown", 3), "-"),
        (Line("a", "wait", 0, clock="step", rows=9, last_step=90.0), "90"),
        (Line("a", "wait", 0, clock="step", rows=9, last_step=90.0, total=100.0), "90/100"),
        (Line("a", "wait", 0, clock="epoch", rows=9, last_step=4.5), "epoch 4.5"),
        (Line("a", "wait", 0, clock="row", rows=1200, last_step=1200), "1,200 rows"),
    ],
)
def test_how_far_a_run_came(line: Line, words: str) -> None:
    assert reached(line) == words


def test_what_is_told_of_a_run() -> None:
    stop = line_of(report(finding("a", "critical")))
    assert (told(stop), told(stop, since=False)) == ("stop: a, since step 81", "stop: a")
    assert told(line_of(report(finding("a", "info"), action="continue"))) == "continue (a, since step 81)"
    assert told(line_of(report(action="continue"))) == "continue"
    assert told(line_of(report(action="wait"))) == "Do."


@pytest.mark.parametrize(
    ("error", "code", "words"),
    [
        (LogError("the log is empty", path="x", hint="wait"), 3, "the log is empty; wait"),
        (
            PackError([Problem(Position("p", n, 1), "unknown-key", "bad", "mend") for n in (2, 1)]),
            2,
            "p:1:1: bad and 1 more; mend",
        ),
        (ValueError("a\nb"), 2, "internal error: ValueError: a b"),
    ],
    ids=["log", "pack", "bug"],
)
def test_the_line_of_an_error(error: Exception, code: int, words: str) -> None:
    line = line_of_error("x", error)
    assert (line.verdict, line.code, told(line)) == ("unknown", code, words)


@pytest.mark.parametrize(
    ("names", "parts"),
    [
        (["a/x/log", "a/y/log"], ("a/", "/log")),
        (["long/x/log", "long/y/log"], ("long/", "/log")),
        (["runs/x/log", "runs/x/y/log"], ("runs/x/", "")),
        (["runs/x", "runs/x/log"], ("runs/", "")),
        (["runs/log", "runs/log"], ("", "")),
        (["x", "y"], ("", "")),
        (["/r/uns/1.log", "/r/uns/2.log"], ("/r/uns/", "")),
    ],
)
def test_what_names_share(names: list[str], parts: tuple[str, str]) -> None:
    before, after = runstable.shared(names)
    assert (before, after) == (parts if sum(map(len, parts)) >= runstable.SAVES else ("", ""))
    assert all(name.startswith(before) and name.endswith(after) for name in names)
    assert all(len(name) > len(before) + len(after) for name in names) or not before + after


@pytest.mark.parametrize("width", [60, 80, 100])
@pytest.mark.parametrize("ascii_only", [False, True])
def test_a_table_keeps_to_its_width(width: int, ascii_only: bool) -> None:
    names = ["x" * 90, "短い名前/log.jsonl", "runs/a\x1b[2J/training_metrics.jsonl", "é" * 30]
    lines = [RUNS[place]._replace(log=name, reason="why not " * 30) for place, name in enumerate(names)]
    lines.append(line_of(report(finding("a rule with a long title " * 4, "critical")), log="runs/b"))
    text = runstable.render(lines, width=width, ascii_only=ascii_only)
    assert max(map(cells, text.splitlines())) <= width
    assert "\x1b" not in text
    assert text.isascii() is ascii_only
    assert " ".join(text.split()).count("why not") == 60


def test_names_that_do_not_fit_are_those_of_their_folders() -> None:
    names = [f"out/{run}/2026-01-01/logs/training_2026-01-01_{run}.jsonl" for run in "abc"]
    text = runstable.render([Line(name, "healthy", 0, action="continue") for name in names])
    assert text.splitlines() == [
        "logs       out/*/2026-01-01/logs/…",
        "verdict    log           step  what to do, and why",
        *(f"HEALTHY    {run}                -  continue" for run in "abc"),
        "",
        "3 runs: 3 healthy.",
    ]


@pytest.mark.parametrize(
    ("name", "cell"),
    [
        ("runs/a_b-c.jsonl", "`runs/a_b-c.jsonl`"),
        ("a|b", "`a\\|b`"),
        ("a`b|c", "<code>a&#96;b&#124;c</code>"),
        ("<b>", "`<b>`"),
        ("<b>\\", "<code>&#60;b&#62;&#92;</code>"),
        ("a\x1b[2Jb", "`a\\x1b[2Jb`"),
    ],
)
def test_names_in_markdown(name: str, cell: str) -> None:
    shown = runsmarkdown.render([Line(name, "healthy", 0)]).splitlines()[-1]
    if "\x1b" in name:
        cell = "<code>a&#92;x1b&#91;2Jb</code>"
    assert shown == f"| healthy | {cell} | - |  |"


@pytest.mark.parametrize(
    ("text", "cell"),
    [
        ("a_b needs <i>x</i> | [l](http://x) & *y* _z_ ~w~", None),
        ("check_config: 5 > 3", "check_config: 5 &#62; 3"),
    ],
)
def test_texts_in_markdown(text: str, cell: str | None) -> None:
    shown = runsmarkdown.plain(text)
    assert not any(sign in shown for sign in "<>|[]*`~")
    assert "://" not in shown
    assert cell is None or shown == cell


def test_no_cell_of_csv_is_a_formula() -> None:
    line = Line("=cmd", "unknown", 3, title="+1", message="@x", reason="-2\n=3")
    (row,) = csv.DictReader(io.StringIO(runscsv.render([line])))
    assert (row["log"], row["title"], row["message"], row["reason"]) == ("./=cmd", "'+1", "'@x", "'-2 =3")
    assert set(row) == set(runscsv.COLUMNS)
