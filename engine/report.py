"""The report: everything that an evaluation says, as typed objects; schemas/report.schema.json has its form as JSON."""

from __future__ import annotations

from collections.abc import Mapping

from .errors import Position
from .pack import Scalar
from .record import Record
from .resolved import Override
from .settings import Source


class Moment(Record):
    """A row of the log: its step (as logged; None where none is) and the number of its first line in the file."""

    step: float | None
    row: int


class Evidence(Record):
    """One comparison of a rule's condition: its left side at onset, at its worst and last, against its right side."""

    expression: str
    threshold: float | None
    at_onset: float | None
    worst: float | None
    last: float | None
    worst_at: Moment | None = None
    is_upward: bool | None = None  # of a quiet rule: whether larger values are the worse ones


class Finding(Record):
    """What one rule found: its open episode, else its last one. `state` is firing, resolved or explained."""

    rule: str
    title: str
    cause: str
    severity: str
    state: str
    onset: Moment
    fired: Moment
    end: Moment | None
    last: Moment
    episodes: int
    series: tuple[str, ...]
    evidence: tuple[Evidence, ...]
    message: str
    why: str
    source: str
    actions: tuple[str, ...]
    metrics: tuple[str, ...] = ()  # the metrics of its condition, the one to draw first
    train_only: bool = False  # rests on train metrics alone
    longest_window: float = 0.0  # of its condition, on the clock; how far back its onset may lie
    explained_by: str | None = None
    spark: tuple[float | None, ...] = ()  # its first metric over the run, thinned, for the table
    spark_key: str = ""  # what the log calls the metric that is drawn
    drawn: str = ""  # the series that is drawn, whose numbers its message and evidence tell


class RuleState(Record):
    """How a rule stands that found nothing, and why: what it waits for, what it lacks, how near it came."""

    rule: str
    state: str  # ok | pending | waiting | not_evaluated | disabled
    reason: str = ""
    closest: Evidence | None = None
    severity: str = "info"
    until: float | None = None  # where on the clock it can first be judged, if that is known


class Step(Record):
    """One recommended action of the plan."""

    action: str
    severity: str
    because: tuple[str, ...]
    text: str
    target: Mapping[str, Scalar] | None = None
    set: Mapping[str, float] | None = None
    command: str | None = None


class SetAside(Record):
    """An action that a finding asks for and the plan leaves out, and why."""

    action: str
    because: tuple[str, ...]
    reason: str


class StageResult(Record):
    """The medians of a stage that is over against what the guide expects."""

    stage: str
    title: str
    metric: str
    expected: tuple[float | None, float | None]
    median: float | None
    within: bool | None
    source: str = ""


class InvariantResult(Record):
    """How an invariant stands: holds, broken, mended (it broke, and holds again), pending, not_evaluated or disabled.

    `rows` were checked, over all its series, and `failed` of them are beyond the tolerance, the first at `first`.
    """

    invariant: str
    holds: str
    status: str
    reason: str
    series: tuple[str, ...]
    broken: tuple[str, ...]
    rows: int
    failed: int
    first: Moment | None
    largest_gap: float | None
    source: str = ""


class Suggestion(Record):
    """A limit that the run would keep: a param's new value, from what a requirement's value really reached."""

    requirement: str
    param: str
    value: float
    now: float
    reached: float  # what all but a few of the values in the window reach
    setting: str = ""  # what the trainer's own configuration calls the limit


class RequirementResult(Record):
    """One line of a gate's checklist. `status` is met, not met, near or unknown; `reason` says why it is unknown."""

    name: str
    title: str
    target: str
    value: float | None
    status: str
    reason: str = ""
    advisory: bool = False
    at: Moment | None = None  # where the value was logged
    until: float | None = None  # where on the clock it will be met, if that is known
    is_lacking: bool = False  # whether this log can never tell it
    setting: str = ""
    why: str = ""
    source: str = ""


class GateResult(Record):
    """How a gate stands at the end of the log: passed, open, blocked, unknown or out of scope."""

    gate: str
    title: str
    status: str
    requirements: tuple[RequirementResult, ...]
    series: str = ""
    advisory: bool = False
    reason: str = ""  # why the whole gate is unknown
    passed: Moment | None = None  # where it was passed last
    passes: int = 0
    waits: bool = False  # whether waiting may open it
    suggestions: tuple[Suggestion, ...] = ()
    veto: str = ""  # why a gate that is late is not held up by a near miss
    delay: str = ""  # of a late one: near_miss, out_of_reach, or not_taken where it is open all the time
    why: str = ""
    source: str = ""


class Known(Record):
    """A fact about a run that the rows of its log do not tell: total_steps, save_steps, best_checkpoint,
    learning_rate or steps_per_epoch, with the place that says so: a field of the log, or `file: field`."""

    name: str
    value: Scalar
    source: str


class LogFacts(Record):
    """What the reader found out about a log; counts are of rows, `malformed` of lines."""

    path: str
    format: str
    clock: str  # step | epoch | row
    rows: int
    malformed: int
    repeated: int
    superseded: int
    first_step: float | None
    last_step: float | None
    ended: bool
    total: float | None = None
    last_epoch: float | None = None
    lines: int = 0
    rewinds: int = 0
    bad_lines: tuple[int, ...] = ()  # the numbers of the first few malformed lines
    notes: tuple[str, ...] = ()  # what a user should know about the reading, a sentence each
    ended_because: str = ""  # what the log says about why it ended, and the line that says so
    ended_by: str = ""  # what kind of end that is: finish, interrupt, error, out_of_memory or non_finite
    numberless: int = 0  # lines at the end in which the key of a sentinel holds no number, though it held one before
    numberless_from: int = 0  # the first of them
    numberless_because: str = ""  # which keys these are, and what they hold
    doubled: int = 0  # lines that hold a key twice, of which the first counts; looked for where the first line does
    known: tuple[Known, ...] = ()  # what the log, or a file beside it, says of the run besides its rows
    counts_rows: bool = False  # the clock is that of epochs, and lengths in steps count rows

    @property
    def row_length(self) -> float:
        """How far a row moves a position where rows are counted; else 1, as lengths and positions count the same."""
        if not self.counts_rows or self.first_step is None or self.last_step is None:
            return 1.0
        return (self.last_step - self.first_step) / max(1, self.rows - 1)


class Suppression(Record):
    """A rule or a gate that the user, not the pack, switched off for this run, and what that hides.

    `status` is hides (a finding), unused (it found nothing), expired (the end is passed, so that it is judged again) or
    applies (what it hides cannot be told: a gate, a rule that waits for data).
    """

    rule: str
    origin: str
    at: Position | None
    reason: str
    until: str
    status: str
    hides: Finding | None = None
    warning: str = ""


class Threshold(Record):
    """A param with its value in this run; `origin` is the pack that declares it, or what set it."""

    param: str
    value: Scalar
    default: Scalar
    unit: str | None
    origin: str
    override: Override | None = None


class Fit(Record):
    """How far a log has the keys that tell the logs of a pack."""

    pack: str
    found: tuple[str, ...]
    missing: tuple[str, ...]


class Report(Record):
    """The result of evaluating one log with one pack."""

    pack: str
    version: str
    variant: str | None
    title: str
    log: LogFacts
    verdict: str  # healthy | wait | attention | act | unknown
    plan: tuple[Step, ...]
    set_aside: tuple[SetAside, ...]
    findings: tuple[Finding, ...]
    stages: tuple[StageResult, ...]
    rules: tuple[RuleState, ...]  # but for those that find an invariant broken
    overrides: tuple[Override, ...] = ()
    reason: str = ""  # why nothing could be judged, where the verdict is unknown
    chosen: str = "given"  # how the pack was chosen: given | auto
    detected: tuple[str, ...] = ()  # the keys of the log by which it was chosen
    invariants: tuple[InvariantResult, ...] = ()
    gates: tuple[GateResult, ...] = ()
    suppressions: tuple[Suppression, ...] = ()
    sources: tuple[Source, ...] = ()  # the files that settings were read from
    thresholds: tuple[Threshold, ...] = ()  # all that the pack has
    candidates: tuple[Fit, ...] = ()  # where none could be chosen: the packs that share a key with the log
