"""Where a plan goes back to: the newest checkpoint from before the fault, or the beginning, and in which words."""

from __future__ import annotations

from math import ceil

from .best import Best
from .checkpoints import Checkpoint
from .record import Record
from .report import Moment
from .words import as_written, moment, number, position


class GoBack(Record):
    """What the choice rests on.

    `bound` is where the fault began; `seen` are the checkpoints beside the log, None where none was seen; `interval` is
    the usual distance between two rows on the clock; `first` is the first row, where none
    is missing before it.
    `saves` is how many steps lie between two checkpoints, where that is known.
    `sign` is what began there, where that is not what the plan is made for. `best` is where the run was at its best,
    with what the trainer keeps as that.
    """

    bound: Moment | None
    clock: str
    interval: float = 0.0
    seen: tuple[Checkpoint, ...] | None = None
    first: Moment | None = None
    saves: float | None = None
    sign: str = ""
    best: Best | None = None

    @property
    def comparable(self) -> tuple[Checkpoint, ...]:
        """The checkpoints that were seen, where the log counts in the steps that their names tell."""
        if self.bound is None or self.bound.step is None or self.clock == "row":
            return ()
        return tuple(each for each in self.seen or () if not each.is_best and each.is_placed)

    @property
    def older(self) -> list[Checkpoint]:
        """Those from before the fault, oldest first.

        A row tells of all updates since the row before it: one saved in between is among them only if no other is.
        """
        limit = self.bound.step if self.bound and self.bound.step is not None else 0.0
        return [each for each in self._before if each.step <= limit - self.interval] or self._before

    @property
    def passed_over(self) -> Checkpoint | None:
        """The newest from before the fault, where it is not gone back to."""
        return self._before[-1] if self._before and self._before[-1] is not self.older[-1] else None

    @property
    def _before(self) -> list[Checkpoint]:
        limit = self.bound.step if self.bound and self.bound.step is not None else 0.0
        return [each for each in sorted(self.comparable, key=lambda each: each.step) if each.step < limit]

    @property
    def kept(self) -> Checkpoint | None:
        """What the trainer keeps as its best, where the run was at its best at least a row before the fault."""
        if self.best is None or self.best.kept is None or self.bound is None or self.bound.step is None:
            return None
        is_before = self.best.step < self.bound.step and self.best.step <= self.bound.step - self.interval
        return self.best.kept._replace(step=self.best.step) if is_before and self.clock != "row" else None

    @property
    def checkpoint(self) -> Checkpoint | None:
        """The one to go back to, where it is known by name: the newest by its number, else the trainer's best."""
        return older[-1] if (older := self.older) else self.kept

    @property
    def last(self) -> Checkpoint | None:
        """The newest of all that were seen, by its number."""
        return max((each for each in self.seen or () if not each.is_best), key=lambda each: each.step, default=None)

    @property
    def is_whole_log(self) -> bool:
        """Whether the fault is there from the first row on."""
        return self.bound is not None and self.first is not None and position(self.bound) <= position(self.first)

    @property
    def is_whole_run(self) -> bool:
        """Whether that row is the first of the run as well, so that nothing can have been saved before it."""
        return self.is_whole_log and self.first is not None and (self.clock == "row" or position(self.first) <= 1)

    @property
    def is_restart(self) -> bool:
        """Whether there is nothing to go back to but the beginning."""
        return self.checkpoint is None and (bool(self.comparable) or self.is_whole_run)

    def revert_text(self) -> str:
        """Go back to which checkpoint, and why to that one."""
        began, checkpoint = self._began(), self.checkpoint
        if checkpoint is None and self.is_whole_run:
            return self.restart_text("Go back to the beginning")  # a pack without `restart`
        if checkpoint is None:
            unnamed = f"Go back to the newest checkpoint saved before {began}, where the fault began"
            rest = ", and that is its first row: if nothing was saved by then, restart from the beginning"
            doubtful = next((each.name for each in self.seen or () if each.is_best), None)
            seen = "none was seen beside the log"
            if any(not each.is_placed for each in self.seen or ()):
                seen = "those beside the log are numbered by steps, and nothing tells how many make an epoch"
            elif doubtful:
                seen = f"none was seen but {doubtful}, which may hold the fault"
            return f"{unnamed}; {seen}{self._by_saves() or (rest if self.is_whole_log else '')}."
        if checkpoint.is_best and self.best is not None:
            best = f"{self.best.metric} was best at {self._at(checkpoint.step)} ({number(self.best.value, 4)})"
            told = f"Go back to {checkpoint.name}, which the trainer kept as its best"
            return f"{told}: {best}, before the fault began at {began}."
        if self.passed_over:
            told = f"Go back to {self._named(checkpoint)}, from before the fault began at {began}"
            return f"{told}: {self._named(self.passed_over)} was saved after the last sound row."
        text = f"Go back to {self._named(checkpoint)}, the newest one from before the fault began at {began}."
        older = self.older[:-1]
        step = self.bound.step if self.bound else None
        if older and step is not None and step - checkpoint.step <= max(self.interval, 1):
            # The fault may lie in the very update that this checkpoint ends with.
            text += f" If the fault comes back, take {self._named(older[-1])}."
        elif step is not None and step - checkpoint.step < self.interval:
            text += " It was saved after the last sound row: if the fault comes back, restart from the beginning."
        return text

    def restart_text(self, title: str) -> str:
        """Why to go back to the beginning: no checkpoint that was seen is old enough, or none can be."""
        began = self._began()
        if self.is_whole_run:
            return f"{title}: the fault is there from the first row on ({began}), so nothing was saved before it."
        oldest = min(self.comparable, key=lambda each: each.step)
        told = f"{title}: no checkpoint is from before {began}, where the fault began"
        return f"{told}; the oldest is {self._named(oldest)}."

    def last_text(self) -> str:
        """Which one is the newest, to follow what is to be done with it."""
        return f", {self._named(self.last)}" if self.last else " (none was seen beside the log)"

    def _by_saves(self) -> str:
        """Which one that was, where it is known how often checkpoints are saved."""
        if self.saves is None or self.clock != "step" or not self.bound or self.bound.step is None:
            return ""
        step = (ceil(self.bound.step / self.saves) - 1) * self.saves
        return (
            f", but by save_steps = {as_written(self.saves)} it is that of step {as_written(step)}" if step > 0 else ""
        )

    def _began(self) -> str:
        if self.bound is None:
            return "the fault"
        return moment(self.bound, self.clock) + (f" ({self.sign})" if self.sign else "")

    def _named(self, checkpoint: Checkpoint) -> str:
        return f"{checkpoint.name} ({self._at(checkpoint.step)})" if checkpoint.is_placed else checkpoint.name

    def _at(self, step: float) -> str:
        return f"{'epoch' if self.clock == 'epoch' else 'step'} {as_written(step)}"
