"""The page that a person reads."""

from __future__ import annotations

import pytest

from trainrules.engine.render.escape import cells, encodable, printable
from trainrules.engine.render.layout import wrap
from trainrules.engine.render.proof import approach
from trainrules.engine.render.sparkline import column, sparkline
from trainrules.engine.render.table import render
from trainrules.engine.report import (
    Evidence,
    Finding,
    LogFacts,
    Moment,
    Report,
    RuleState,
    SetAside,
    StageResult,
    Step,
)
from trainrules.engine.resolved import Override
from trainrules.engine.verdict import exit_note

LOG = LogFacts(
    "out/logs/run.jsonl", "jsonl", "step", 200, 3, 0, 36, 1, 200, False, total=300, bad_lines=(12, 40, 41), rewinds=1
)
MARGIN = Finding(
    "margin_negative",
    "Margin is negative after warm-up",
    "inverted",
    "critical",
    "firing",
    Moment(81, 81),
    Moment(95, 95),
    None,
    Moment(200, 200),
    1,
    (),
    (Evidence("mean_upper(margin, trend, 0.99)", 0.0, -0.76123, -0.9, -0.4),),
    "margin -0.432: below 0 since step 81",
    "The model learns to prefer the answers people rejected.",
    "When to Stop and Revert, 1",
    ("stop", "revert", "halve_lr"),
    metrics=("margin",),
    spark=(*(step / 40 for step in range(20)), None, None, *(-0.8 + step / 60 for step in range(26))),
)
FLAT = MARGIN._replace(
    rule="loss_flat",
    title="Loss does not fall",
    cause="stalled",
    severity="warning",
    state="explained",
    explained_by="margin_negative",
    onset=Moment(90, 90),
)
KL = MARGIN._replace(
    rule="kl_high",
    title="KL is above the guide's band",
    cause="info",
    severity="info",
    onset=Moment(30, 30),
    evidence=(Evidence("kl", 0.5, 0.6, 1.2, 0.7),),
)
SPIKE = MARGIN._replace(
    rule="loss_spike",
    title="Loss spike",
    cause="unstable",
    severity="warning",
    state="resolved",
    onset=Moment(40, 40),
    end=Moment(44, 44),
    episodes=2,
)
PLAN = (
    Step("stop", "critical", ("margin_negative",), "Stop the run: margin is negative after warm-up, since step 81."),
    Step(
        "revert",
        "critical",
        ("margin_negative",),
        "Go back to checkpoint-50 (step 50), the newest one from before the fault began at step 81.",
        {"checkpoint": "checkpoint-50", "step": 50.0},
        None,
        "python train_kto.py --model-size <model_size> --learning-rate 2.5e-07 --resume-from checkpoint-50",
    ),
    Step(
        "halve_lr",
        "critical",
        ("margin_negative",),
        "Halve the learning rate: 5e-07 → 2.5e-07.",
        None,
        {"learning_rate": 2.5e-7},
    ),
)
OK = tuple(
    RuleState(rule, "ok", "", Evidence("x", 50.0, None, worst, None, is_upward=True), "warning")
    for rule, worst in [("grad_norm_high", 47.0), ("loss_rising", 1.0), ("non_finite", 0.0), ("kl_stuck", 9.0)]
)
STATES = (
    *OK,
    RuleState("margin_stuck", "waiting", "after step 250", None, "warning", 250),
    RuleState("overfit", "not_evaluated", "no eval_loss in the log"),
    RuleState("overfit_mild", "not_evaluated", "no eval_loss in the log"),
    RuleState("lr_off", "not_evaluated", "lr_configured is not set"),
    RuleState("noise", "disabled"),
)
STAGES = (
    StageResult("start", "Start", "loss", (0.6, 0.7), 0.5, False),
    StageResult("start", "Start", "margin", (-0.1, 0.1), 0.05, True),
    StageResult("end", "End", "margin", (0.3, None), 0.05, False),
)
ACT = Report(
    "kto",
    "1.0.0",
    None,
    "KTO preference tuning",
    LOG,
    "act",
    PLAN,
    (SetAside("raise_lr", ("loss_flat",), "explained by margin_negative"),),
    (MARGIN, FLAT, KL, SPIKE),
    STAGES,
    STATES,
    (Override("margin_floor", -0.05, 0.0, "--set"),),
)
HEALTHY = Report(
    "kto",
    "1.0.0",
    "short",
    "KTO preference tuning",
    LOG._replace(ended=True, last_step=300, malformed=0, superseded=0),
    "healthy",
    (Step("continue", "info", (), "The run finished at step 300 of 300; 4 rules found no fault."),),
    (),
    (),
    STAGES,
    (*OK, *STATES[5:]),
)

ACT_PAGE = """\
ACT  out/logs/run.jsonl

Margin is negative after warm-up, since step 81 (critical)
  margin  ▆▆▆▆▆▆▆▇▇▇▇▇▇███████  ▁▁▁▁▁▁▁▁▁▁▂▂▂▂▂▂▂▂▂▂▃▃▃▃▃▃
                             ^ step 81
  margin -0.432: below 0 since step 81

What to do
  1. Stop the run: margin is negative after warm-up, since step 81.
  2. Go back to checkpoint-50 (step 50), the newest one from before the fault
     began at step 81.
     $ python train_kto.py --model-size <model_size> --learning-rate 2.5e-07 \\
         --resume-from checkpoint-50
  3. Halve the learning rate: 5e-07 → 2.5e-07.

Findings
  critical  Margin is negative after warm-up (margin_negative)
            Since step 81, confirmed at step 95, still so at step 200.
            mean_upper(margin, trend, 0.99): -0.7612 at onset, -0.9 at worst,
              -0.4 last, limit 0
            Why: The model learns to prefer the answers people rejected.
            Source: When to Stop and Revert, 1
  info      KL is above the guide's band, since step 30: margin -0.432: below 0
            since step 81 (kl_high)
  explained Loss does not fall, since step 90: explained by margin_negative
            (loss_flat)
  resolved  Loss spike (warning), from step 40 to step 44, the last of 2
            episodes (loss_spike)

set aside (1)      raise_lr (explained by margin_negative)
ok (4)             grad_norm_high (47 at most, fires above 50), loss_rising,
                   non_finite, kl_stuck
waiting (1)        margin_stuck (after step 250)
not evaluated (3)  overfit, overfit_mild (no eval_loss in the log); lr_off
                   (lr_configured is not set)
disabled (1)       noise
overrides (1)      margin_floor = -0.05 (default 0, --set)
stages (2)         start loss 0.5 (below the guide's 0.6 to 0.7), end margin
                   0.05 (below the guide's 0.3)
log                200 rows, steps 1 to 200 of 300; 3 malformed lines (12, 40,
                   41); 36 rows superseded by 1 resume; pack kto 1.0.0
"""

HEALTHY_PAGE = """\
HEALTHY  out/logs/run.jsonl
The run finished at step 300 of 300; 4 rules found no fault.
ok (4)             grad_norm_high (47 at most, fires above 50) and 3 more
not evaluated (3)  no eval_loss in the log (2 rules) and 1 more reason
disabled (1)       noise
stages (2)         start loss 0.5 (below the guide's 0.6 to 0.7) and 1 more
log                200 rows, steps 1 to 300 of 300, ended; pack kto 1.0.0,
                   variant short
"""

WAIT_PAGE = """\
WAIT  out/logs/run.jsonl
Let the run go on.
  info      KL is above the guide's band, since row 30: margin -0.432: below 0
            since step 81 (kl_high)
waiting (1)        margin_stuck (after step 250)
log                1 row; pack kto 1.0.0
"""

UNKNOWN_PAGE = """\
UNKNOWN  empty.jsonl
This run could not be judged: the log is empty.
log                no row was judged; pack kto 1.0.0
"""

ASCII_PAGE = """\
ATTENTION  out/logs/run.jsonl

Margin is negative after warm-up in ranks 0, 1, since step 81 (warning)
  margin  +++++++******#######  __________..........------
                             ^ step 81
  margin -0.432: below 0 since step 81

What to do
  1. Check it: 1 -> 2.

Findings
  warning   Margin is negative after warm-up (margin_negative)
            Since step 81, confirmed at step 95, still so at step 200; in ranks
            0, 1; 3 episodes in all.
            mean_upper(margin, trend, 0.99): -0.7612 at onset, -0.9 at worst,
              -0.4 last, limit 0

log                200 rows, steps 1 to 200 of 300; 3 malformed lines (12, 40,
                   41); 36 rows superseded by 1 resume; pack kto 1.0.0
"""


def test_a_run_that_needs_action() -> None:
    assert render(ACT) == ACT_PAGE


@pytest.mark.parametrize(
    ("is_upward", "worst", "limit", "told"),
    [
        (True, 47.0, 50.0, "47 at most, fires above 50"),
        (True, 10514.3, 12000.0, "10,510 at most, fires above 12,000"),
        (True, 1.2, 1.2, "1.2 at most, fires above 1.2"),
        (True, 1.23, 1.2, "reached 1.23; above 1.2 alone is not enough"),
        (False, 0.5485, 0.5, "0.5485 at least, fires below 0.5"),
        (False, 0.45, 0.5, "reached 0.45; below 0.5 alone is not enough"),
        (None, 1.1, 1.2, "nearest: 1.1, limit 1.2"),
    ],
)
def test_how_near_a_quiet_rule_came(is_upward: bool | None, worst: float, limit: float, told: str) -> None:
    assert approach(Evidence("x", limit, None, worst, None, is_upward=is_upward), limit) == told


def test_a_healthy_run_takes_a_few_lines() -> None:
    assert render(HEALTHY) == HEALTHY_PAGE
    assert HEALTHY_PAGE.count("\n") <= 8


def test_a_run_to_wait_for() -> None:
    step = Step("wait", "info", ("margin_stuck",), "Let the run go on.")
    log = LogFacts("out/logs/run.jsonl", "jsonl", "row", 1, 0, 0, 0, None, None, False)
    report = ACT._replace(
        verdict="wait", log=log, plan=(step,), set_aside=(), findings=(KL,), stages=(), rules=STATES[4:5]
    )
    assert render(report._replace(overrides=())) == WAIT_PAGE


def test_a_log_that_could_not_be_judged() -> None:
    log = LogFacts("empty.jsonl", "unknown", "row", 0, 0, 0, 0, None, None, False)
    report = Report("kto", "1.0.0", None, "", log, "unknown", (), (), (), (), (), reason="the log is empty")
    assert render(report) == UNKNOWN_PAGE
    read = render(report._replace(log=log._replace(lines=20, malformed=1, bad_lines=(3,))))
    assert read.splitlines()[-2:] == [
        "log                20 lines read, none with a value that the pack judges; 1",
        "                   malformed line (3); pack kto 1.0.0",
    ]


def test_a_terminal_without_unicode() -> None:
    finding = MARGIN._replace(severity="warning", episodes=3, series=("rank=0", "rank=1"), why="", source="")
    report = Report(
        "kto",
        "1.0.0",
        None,
        "",
        LOG,
        "attention",
        (Step("check_data", "warning", ("margin_negative",), "Check it: 1 → 2."),),
        (),
        (finding,),
        (),
        (),
    )
    page = render(report, ascii_only=True)
    assert page == ASCII_PAGE
    assert page.isascii()


@pytest.mark.parametrize("width", [40, 41, 60, 72, 80, 100, 200])
@pytest.mark.parametrize("report", [ACT, HEALTHY], ids=["act", "healthy"])
def test_no_line_is_wider_than_asked(report: Report, width: int) -> None:
    for ascii_only in (False, True):
        lines = render(report, width=width, ascii_only=ascii_only).splitlines()
        assert [line for line in lines if cells(line) > width] == []
        assert [line for line in lines if line != line.rstrip()] == []


def test_colour_adds_nothing_but_colour() -> None:
    import re

    painted = render(ACT, colour=True)
    assert re.sub(r"\x1b\[[0-9;]*m", "", painted) == ACT_PAGE
    assert painted.startswith("\x1b[1;31mACT\x1b[0m  out/logs/run.jsonl\n")
    assert "\x1b" not in render(ACT)


def test_text_of_a_log_cannot_steer_the_terminal() -> None:
    evil = "\x1b[2J\u202eevil\r\n\x9b31m\x07 \ud800"
    finding = MARGIN._replace(
        title=evil,
        message=evil,
        series=(evil,),
        metrics=(evil,),
        why=evil,
        source=evil,
        evidence=(Evidence(evil, 0.0, 1.0, 1.0, 1.0),),
    )
    log = LOG._replace(path=evil, notes=(evil,))
    step = PLAN[1]._replace(text=evil, command=evil)
    report = ACT._replace(
        log=log,
        plan=(step,),
        findings=(finding, KL._replace(title=evil), SPIKE._replace(title=evil)),
        set_aside=(SetAside(evil, (), evil),),
        rules=(RuleState(evil, "ok"), RuleState(evil, "waiting", evil)),
        stages=(STAGES[0]._replace(stage=evil, metric=evil),),
        overrides=(Override(evil, evil, evil, evil),),
        pack=evil,
    )
    for verdict in ("act", "healthy"):
        page = render(report._replace(verdict=verdict))
        assert [character for character in page if not character.isprintable() and character != "\n"] == []
        page.encode()
        assert "\\x1b[2J\\u202eevil" in page


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("plain", "plain"),
        ("a\tb\r\nc", "a b  c"),
        ("\x1b[31m\x00\x7f\x9b", "\\x1b[31m\\x00\\x7f\\x9b"),
        ("\u202e\u2066\u200f\u200b\ufeff\u2028", "\\u202e\\u2066\\u200f\\u200b\\ufeff\\u2028"),
        ("\ud800\U000e0041", "\\ud800\\U000e0041"),
        ("损失 → é", "损失 → é"),
    ],
)
def test_printable(text: str, shown: str) -> None:
    assert printable(text) == shown
    assert printable(text, ascii_only=True).isascii()


@pytest.mark.parametrize(("text", "width"), [("abc", 3), ("损失", 4), ("e\u0301", 1), ("→▁█", 3)])
def test_cells(text: str, width: int) -> None:
    assert cells(text) == width


def test_encodable() -> None:
    assert encodable("▁ é", "latin-1") == "\\u2581 é"
    assert encodable("▁ é", None) == "\\u2581 \\xe9"


@pytest.mark.parametrize(
    ("text", "width", "lines"),
    [
        ("", 10, ["-"]),
        ("one two three", 9, ["- one two", "  three"]),
        ("one twothree", 8, ["- one", "  twothr", "  ee"]),
        ("损失损失损失", 8, ["- 损失损", "  失损失"]),
    ],
)
def test_wrap(text: str, width: int, lines: list[str]) -> None:
    assert wrap(text, width, "- ", "  ") == lines


NAN, INF = float("nan"), float("inf")


@pytest.mark.parametrize(
    ("values", "line", "plain"),
    [
        ([], "", ""),
        ([None, NAN, INF], "", ""),
        ([0, 1, 2, 3, 4, 5, 6, 7], "▁▂▃▄▅▆▇█", "_.-:=+*#"),
        ([1, 1, 1], "▄▄▄", ":::"),
        ([0, None, NAN, 7, -INF], "▁  █ ", "_  # "),
        ([-1e308, 1e308], "▁█", "_#"),
        ([0.0, 5e-324], "▄▄", "::"),
    ],
)
def test_sparkline(values: list[float | None], line: str, plain: str) -> None:
    assert sparkline(values) == line
    assert sparkline(values, ascii_only=True) == plain


def test_a_thinned_sparkline_keeps_its_spikes_and_its_gaps() -> None:
    values: list[float | None] = [1.0] * 1000
    values[500] = 9.0
    values[600:700] = [None] * 100
    assert sparkline(values, 20) == "▁▁▁▁▁▁▁▁▁▁█▁  ▁▁▁▁▁▁"


@pytest.mark.parametrize(("position", "place"), [(1, 0), (50, 4), (100, 9), (200, 9), (-5, 0)])
def test_column(position: float, place: int) -> None:
    assert column(position, 1, 100, 10) == place
    assert column(position, 5, 5, 10) == 0


@pytest.mark.parametrize(
    ("repeated", "told"),
    [
        (0, []),
        (10, ["; 10 repeated rows; pack kto 1.0.0"]),
        (
            11,
            [
                "with the step of the row before",
                "name the label that tells them apart under 'labels' in the pack; pack",
            ],
        ),
    ],
)
def test_rows_that_repeat_a_step_are_told(repeated: int, told: list[str]) -> None:
    report = HEALTHY._replace(
        log=LogFacts("a.jsonl", "jsonl", "step", 200, 0, repeated, 0, 1, 100, False), variant=None
    )
    text = " ".join(render(report).split())
    assert ("repeated" in text) == bool(told)
    assert [part for part in told if part not in text] == []


@pytest.mark.parametrize(
    ("rows", "repeated", "told"), [(200, 100, True), (200, 150, True), (200, 60, False), (8, 4, False)]
)
def test_ranks_that_double_every_row_are_told_at_the_top(rows: int, repeated: int, told: bool) -> None:
    log = LogFacts("a.jsonl", "jsonl", "step", rows, 0, repeated, 0, 1, 100, False)
    text = render(HEALTHY._replace(log=log, variant=None))
    assert text.splitlines()[1].startswith("Name the label: most steps have several rows") == told
    assert " ".join(text.split()).count("ame the label") == (told or repeated > 10)


def test_a_run_that_a_pack_does_not_fit_is_said_to_be_judged_in_part() -> None:
    page = render(ACT._replace(reason="the log has none of the keys that pack 'kto' needs ('kl')")).splitlines()
    assert page[1] == "Judged only in part: the log has none of the keys that pack 'kto' needs ('kl')."


@pytest.mark.parametrize(
    ("report", "fail_on", "note"),
    [
        (ACT, "critical", ""),
        (HEALTHY, "critical", ""),
        (ACT, "never", "0: --fail-on never"),
        (
            ACT._replace(findings=(FLAT._replace(state="firing"), KL)),
            "critical",
            "0: nothing critical was found (--fail-on warning makes it 1)",
        ),
        (ACT._replace(findings=(FLAT._replace(state="firing"), KL)), "warning", ""),
    ],
)
def test_an_exit_code_of_0_beside_a_plan_is_explained(report: Report, fail_on: str, note: str) -> None:
    assert exit_note(report, fail_on) == note
    page = " ".join(render(report, exit_note=note).split())
    assert page.endswith(
        f"exit code {note}" if note else "pack kto 1.0.0, variant short" if report is HEALTHY else "1.0.0"
    )
