"""Where a checkpoint stands on the clock of its log: by its number, or by the epoch that its step is in."""

from __future__ import annotations

import re
from collections.abc import Iterable

from .checkpoints import Checkpoint
from .record import Record
from .report import LogFacts
from .surroundings import PER_EPOCH


class Placing(Record):
    """How the numbers of a run's checkpoints are read: `per_epoch` is how many of them make an epoch of its clock.

    1 where they are those of the clock; None where they count steps and nothing tells how many make an epoch.
    `first` is the number of the log's first epoch, None where its clock counts something else: Lightning counts the
    epochs in its names from 0, whatever the log does.
    """

    per_epoch: float | None = 1.0
    first: float | None = None

    def placed(self, checkpoint: Checkpoint) -> Checkpoint:
        """The checkpoint at its place on the clock."""
        epoch = _named_epoch(checkpoint.name) if self.first is not None and not checkpoint.is_best else None
        if epoch is not None and checkpoint.number is None:
            return checkpoint._replace(step=epoch + (self.first != 0), number=epoch)
        is_told = checkpoint.is_best or checkpoint.number is not None or _tells_epoch(checkpoint.name)
        if self.per_epoch == 1 or is_told:
            return checkpoint
        if self.per_epoch is None:
            return checkpoint._replace(is_placed=False)
        return checkpoint._replace(step=float(f"{checkpoint.step / self.per_epoch:.6g}"), number=checkpoint.step)

    def is_saved_at(self, checkpoint: Checkpoint, at: float) -> bool:
        """Whether a moment on the clock, as rounded as a log prints it, is that of a checkpoint."""
        if checkpoint.number is None or self.per_epoch is None or _named_epoch(checkpoint.name) is not None:
            return checkpoint.is_placed and checkpoint.step == at
        return round(at * self.per_epoch) == checkpoint.number


def placing_of(seen: Iterable[Checkpoint] | None, log: LogFacts) -> Placing:
    """How the numbers of these checkpoints are to be read.

    Where the log counts in epochs, a Trainer's checkpoints count in steps all the same: `trainer_state.json` tells how
    many make an epoch; without one, a number beyond the last epoch that the run has or is to have shows it, and so do
    epochs with fractions, which only Trainers print.
    """
    if log.clock != "epoch":
        return Placing()
    names = [each for each in seen or () if not each.is_best and not _tells_epoch(each.name)]
    known = next((each.value for each in log.known if each.name == PER_EPOCH), None)
    first = log.first_step if log.first_step is not None else 1.0
    if known is not None:
        return Placing(float(known), first)
    ends = [each for each in (log.first_step, log.last_step, log.last_epoch) if each is not None]
    # The total that a trainer_state.json tells is one of steps.
    planned = log.total if log.total is not None and not any(each.value == log.total for each in log.known) else 0.0
    last = max([*ends, planned]) + 1  # a log may count from 0 and the names from 1
    if any(end != round(end) for end in ends) or any(each.step > last for each in names):
        return Placing(None, first)
    return Placing(1.0, first)


def placed(seen: tuple[Checkpoint, ...] | None, log: LogFacts) -> tuple[Checkpoint, ...] | None:
    """The checkpoints that were seen, at their places on the clock of the log."""
    placing = placing_of(seen, log)
    return seen if seen is None else tuple(placing.placed(each) for each in seen)


def _tells_epoch(name: str) -> bool:
    """Whether the name says that its number is an epoch, as `epoch_12` does, and DETR's checkpoint0012.pth."""
    return "epoch" in name.lower() or re.match(r"checkpoint\d", name) is not None


def _named_epoch(name: str) -> float | None:
    """The epoch, from 0, in a name as Lightning gives them: `epoch=3-step=702.ckpt`, `last-epoch=3.ckpt`."""
    found = re.search(r"(?:^|[-_.])epoch=(\d{1,9})(?=[-_.]|$)", name)
    return float(found[1]) if found else None
