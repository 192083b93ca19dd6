"""The model of a rule pack: frozen data, as the loader leaves it and every other room reads it.

`at` is the place of the thing in its file. Expressions are parsed, their names are checked by `check.py`.
"""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType
from typing import TYPE_CHECKING, Any, TypeAlias

from .errors import Position
from .expression import Expression
from .record import Record

if TYPE_CHECKING:
    from .pack_gates import Gate

Scalar: TypeAlias = float | bool | str | None
"""The value of a parameter: a number, a truth, a text, or None while it is unset."""

CAUSES = (
    "non_finite",
    "inverted",
    "diverging",
    "unstable",
    "overfitting",
    "stalled",
    "gate",
    "logging",
    "info",
)
"""The causes in the order in which one explains another."""

EMPTY: Mapping[Any, Any] = MappingProxyType({})
"""No entries, for the default of a field that maps something."""

SEVERITIES = ("info", "warning", "critical")
UNITS = ("points", "steps", "epochs", "minutes")


class Duration(Record):
    """A length on one of the clocks, or a number of observations; `amount` may name parameters."""

    amount: Expression
    unit: str


class KeyPattern(Record):
    """A key of the log; with a pattern, its first group is the value."""

    key: str
    pattern: str | None = None


class Clock(Record):
    """The keys, first come first served, that tell where in the run a row stands."""

    step: tuple[KeyPattern, ...] = ()
    total: tuple[KeyPattern, ...] = ()
    epoch: tuple[KeyPattern, ...] = ()
    time: tuple[KeyPattern, ...] = ()


class Metric(Record):
    """A name that rules may use: the first of `keys` that the log has, or an expression over other metrics."""

    id: str
    at: Position
    keys: tuple[str, ...] = ()
    expr: Expression | None = None
    where: Expression | None = None
    role: str = "train"  # train | eval
    type: str = "number"  # number | text
    by: tuple[str, ...] = ()
    better: str | None = None  # higher | lower
    unit: str | None = None
    required: bool = False
    good: tuple[float | None, float | None] | None = None
    in_loss: bool | None = None
    help: str = ""
    source: str = ""
    twin: str | None = None
    twin_of: str | None = None  # the metric whose twin this is
    group: str | None = None  # the group that it was declared in


class Twin(Record):
    """How a metric is called where it is measured a second time, mostly in evaluation.

    `keys` and `name` are templates over {key}, {name} (the key without its group's prefix) and {id}.
    """

    id: str
    at: Position
    keys: tuple[str, ...] = ()
    name: str | None = None
    role: str = "eval"
    where: Expression | None = None
    by: tuple[str, ...] = ()
    help: str = ""


class Group(Record):
    """What the metrics of one group share, for those who read about them; each has its own copy of every field."""

    id: str
    at: Position
    prefix: tuple[str, ...] = ()
    where: Expression | None = None
    by: tuple[str, ...] = ()
    twin: str | None = None
    help: str = ""
    source: str = ""


class Family(Record):
    """Keys that differ in a piece of text only; `members` maps the name of each member to that text."""

    id: str
    at: Position
    members: Mapping[str, str]


class Param(Record):
    """A threshold that a user may override for one run."""

    id: str
    at: Position
    default: Scalar | Expression
    type: str = "number"  # number | integer | boolean | text
    unit: str | None = None
    min: float | None = None
    max: float | None = None
    help: str = ""
    source: str = ""


class Window(Record):
    """A named window; `last` is None for the whole run so far, `min_points` None for a full window."""

    id: str
    at: Position
    last: Duration | None
    min_points: Expression | None = None
    help: str = ""


class Level(Record):
    """One severity of a rule with its own condition."""

    severity: str
    at: Position
    when: Expression
    for_: Duration | None = None
    until: Expression | None = None
    actions: tuple[str, ...] = ()
    message: str = ""


class Rule(Record):
    """A condition over the run and what it means; `levels` holds one level, or several from low to high."""

    id: str
    at: Position
    title: str
    cause: str
    levels: tuple[Level, ...]
    since: Expression | None = None
    after: Expression | None = None
    while_: Expression | None = None
    sticky: bool = False
    enabled: bool = True
    why: str = ""
    source: str = ""
    advice: Mapping[str, str] = EMPTY  # action → what to say in place of its text


class Invariant(Record):
    """What must hold between the numbers of a row, up to max(abs, rel * larger side): one comparison."""

    id: str
    at: Position
    holds: Expression
    rel: Expression
    abs: Expression
    title: str = ""
    cause: str = "logging"
    severity: str = "warning"
    for_: Duration | None = None
    while_: Expression | None = None
    actions: tuple[str, ...] = ()
    message: str = ""
    enabled: bool = True
    why: str = ""
    source: str = ""
    advice: Mapping[str, str] = EMPTY  # action → what to say in place of its text


class Stage(Record):
    """What a guide expects of a part of the run; judged on medians once the part is over, for information only.

    Where the total is known and `share` is given, the stage ends at share · total instead of `to`.
    """

    id: str
    at: Position
    to: float | None
    unit: str = "steps"
    share: float | None = None
    title: str = ""
    expect: Mapping[str, tuple[float | None, float | None]] = EMPTY
    source: str = ""


class Action(Record):
    """Something a plan can recommend; `set` gives new values of settings, computed from the run's scalars."""

    id: str
    at: Position
    rank: int
    title: str
    text: str = ""
    alone: bool = False
    conflicts: tuple[str, ...] = ()
    set: Mapping[str, Expression] = EMPTY
    direction: Mapping[str, str] = EMPTY
    target: str | None = None  # checkpoint | best_checkpoint | last_checkpoint
    command: str | None = None


class Command(Record):
    """A command line as a template over the run's scalars; printed, never run."""

    id: str
    at: Position
    text: str
    help: str = ""
    source: str = ""


class Checkpoints(Record):
    """How checkpoints are named: globs beside the log, and a pattern whose first group is the step.

    `best` are the metrics by which the best one is chosen: the first that a log has; `best_glob` are names under which
    a trainer keeps its best, which tell no step.
    """

    glob: tuple[str, ...] = ()
    step: str | None = None
    best: tuple[str, ...] = ()
    best_glob: tuple[str, ...] = ()


class Variant(Record):
    """A named way to run a pack: parameters to set, rules to switch off or to make advisory."""

    id: str
    at: Position
    set: Mapping[str, Scalar | Expression] = EMPTY
    disable: Mapping[str, str] = EMPTY  # rule → the reason, empty where none is given
    advise: Mapping[str, str] = EMPTY
    help: str = ""
    source: str = ""


ENDINGS = ("finish", "interrupt", "error", "out_of_memory", "non_finite")
"""What may end a run: its last step, a person or a time limit, an error, lack of memory, a loss that is no number."""


class LinePattern(Record):
    """One kind of line of a console log. `groups` are the named groups of `match`, and their numbers.

    The texts of `remember`, `values`, `key` and `ends` are templates over these groups and what lines before
    remembered; `pairs` (with the numbers of its groups `name` and `value`) is looked for in the group `rest`, or else
    in the rest of the line.
    """

    match: str
    at: Position
    groups: Mapping[str, int] = EMPTY
    remember: Mapping[str, str] = EMPTY
    values: Mapping[str, str] = EMPTY
    pairs: str | None = None
    pair_groups: tuple[int, int] = (0, 0)
    key: str = "{name}"
    ends: str = ""
    ended_by: str = ""  # one of ENDINGS, where the line tells what kind of end it is


class Format(Record):
    """How a trainer prints: the kinds of lines that tell something; of each line, the first that matches decides.

    One of `last_resort` is read only where no other gives a value.
    """

    id: str
    at: Position
    lines: tuple[LinePattern, ...] = ()
    title: str = ""
    help: str = ""
    source: str = ""
    last_resort: bool = False


class Note(Record):
    """A statement of the guide that no metric, rule or stage can carry: advice, a layout, a habit."""

    id: str
    at: Position
    text: str
    source: str = ""


class Pack(Record):
    """A whole rule pack, its parent merged in."""

    id: str
    at: Position
    version: str
    title: str
    source: str = ""
    help: str = ""
    extends: str | None = None
    detect: tuple[str, ...] = ()
    clock: Clock = Clock()
    sentinels: tuple[str, ...] = ()
    checkpoints: Checkpoints = Checkpoints()
    labels: Mapping[str, tuple[str, ...]] = EMPTY
    families: Mapping[str, Family] = EMPTY
    summary: tuple[str, ...] = ()  # keys of a summary row: the run ended
    metrics: Mapping[str, Metric] = EMPTY
    groups: Mapping[str, Group] = EMPTY
    twins: Mapping[str, Twin] = EMPTY
    params: Mapping[str, Param] = EMPTY
    variants: Mapping[str, Variant] = EMPTY
    windows: Mapping[str, Window] = EMPTY
    rules: Mapping[str, Rule] = EMPTY  # those that find an invariant broken included
    invariants: Mapping[str, Invariant] = EMPTY
    stages: Mapping[str, Stage] = EMPTY
    gates: Mapping[str, Gate] = EMPTY
    actions: Mapping[str, Action] = EMPTY
    commands: Mapping[str, Command] = EMPTY
    notes: Mapping[str, Note] = EMPTY
    formats: Mapping[str, Format] = EMPTY
    tree: Any = None  # the file as it stands, its parents merged in (an `items.Item`): where everything is
