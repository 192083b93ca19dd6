"""Where a run was at its best, by the metric that its pack chooses checkpoints by, and that moment's checkpoint."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from math import isfinite
from typing import TYPE_CHECKING

from .checkpoints import Checkpoint, step_of
from .pack import Pack, Scalar
from .placing import Placing, placing_of
from .readers.model import Run
from .record import Record
from .surroundings import BEST
from .timeline import is_long
from .words import as_written, number, unit_of

if TYPE_CHECKING:
    from .compile.program import Program

_LOOKED_AT = 1000
"""How many of the best values are looked at for one that a checkpoint belongs to."""


class Best(Record):
    """The best value of a metric and its step (the epoch where no step is logged), out of `among` values.

    `metric` is what the log calls it. `saved` is the best value at whose step a checkpoint was seen, with it: the same
    one, or a worse, or None. `kept` is what the trainer keeps as its best, under a name that tells no step.
    """

    metric: str
    value: float
    step: float
    among: int
    saved: tuple[Checkpoint, float] | None = None
    kept: Checkpoint | None = None

    @property
    def checkpoint(self) -> Checkpoint | None:
        """The one to take: that of the best step, else what the trainer kept as its best, else the best saved."""
        saved = self.saved[0] if self.saved else None
        if self.kept is not None and (saved is None or saved.step != self.step):
            return self.kept._replace(step=self.step)
        return saved

    def text(self, clock: str) -> str:
        """The whole of it as sentences, for a plan."""
        told = f"{self.metric} was best at {unit_of(clock)} {as_written(self.step)} ({number(self.value, 4)})"
        if self.checkpoint is not None and self.checkpoint.is_best:
            return f"{told}; {self.checkpoint.name} is what the trainer kept as its best."
        if self.saved is None:
            return f"{told}."
        checkpoint, value = self.saved
        if checkpoint.step == self.step:
            return f"{told}: {checkpoint.name}."
        return f"{told}, which was not saved; the best that was is {checkpoint.name} ({number(value, 4)})."

    def target(self) -> Mapping[str, Scalar] | None:
        """The checkpoint to keep, as the target of a step of the plan."""
        return {"checkpoint": self.checkpoint.name, "step": self.checkpoint.numbered} if self.checkpoint else None


def find_best(program: Program, pack: Pack, run: Run, seen: Sequence[Checkpoint] | None) -> Best | None:
    """The best moment of a run by the first of the pack's metrics for it that was ever finite; None where none was."""
    clock = run.facts.clock
    for id in pack.checkpoints.best:
        metric, shown = pack.metrics.get(id), run.columns.get(id)
        if metric is None or metric.better is None or shown is None or clock == "row":
            continue
        column = "epoch" if clock == "epoch" else "step"
        found = _ordered(program, shown, column, is_higher=metric.better == "higher")
        if found:
            numbered = [checkpoint for checkpoint in seen or () if not checkpoint.is_best]
            kept = next((checkpoint for checkpoint in seen or () if checkpoint.is_best), None)
            saved = _saved(found, numbered or _told(run, pack), placing_of(seen, run.facts))
            value, at, among = found[0]
            return Best(run.keys.get(id, id), value, at, among, saved, kept)
    return None


def _saved(
    found: Sequence[tuple[float, float, int]], numbered: Sequence[Checkpoint], placing: Placing
) -> tuple[Checkpoint, float] | None:
    """The first of the moments, the best ones first, at which a checkpoint was saved, with that checkpoint."""
    if placing.per_epoch == 1:
        steps = {checkpoint.step: checkpoint for checkpoint in numbered}
        return next(((steps[at], value) for value, at, _ in found if at in steps), None)
    placed = [placing.placed(checkpoint) for checkpoint in numbered]
    pairs = (
        (each._replace(step=at), value) for value, at, _ in found for each in placed if placing.is_saved_at(each, at)
    )
    return next(pairs, None)


def _ordered(program: Program, shown: str, clock: str, *, is_higher: bool) -> list[tuple[float, float, int]]:
    """The best finite values of a column, each with where it stands on a clock, and the number of all."""
    if not is_long(program):
        pairs = zip(*program.cells([shown, clock], program.source), strict=True)
        known = [(value, at) for value, at in pairs if value is not None and isfinite(value) and at is not None]
        known.sort(key=lambda pair: -pair[0] if is_higher else pair[0])
        return [(value, at, len(known)) for value, at in known[:_LOOKED_AT]]
    return program.con.execute(
        f"SELECT {shown}, {clock}, count(*) OVER () FROM {program.source} WHERE isfinite({shown})"
        f" AND {clock} IS NOT NULL ORDER BY {shown} {'DESC' if is_higher else 'ASC'}, i LIMIT {_LOOKED_AT}"
    ).fetchall()


def _told(run: Run, pack: Pack) -> tuple[Checkpoint, ...]:
    """The checkpoint that the trainer calls its best, where none was seen: the log may be a copy from elsewhere."""
    names = [str(each.value) for each in run.facts.known if each.name == BEST]
    steps = [(name, step_of(name, pack.checkpoints)) for name in names]
    return tuple(Checkpoint(name, step) for name, step in steps if step is not None)
