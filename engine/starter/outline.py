"""What a new pack is to hold: the clock of the log, its metrics by name, and which of them get rules."""

from __future__ import annotations

import keyword
from collections.abc import Collection, Iterable, Iterator, Sequence

from ..check import CLOCK
from ..functions import FUNCTIONS
from ..groups import identifier
from ..pack import KeyPattern, Pack
from ..readers.inventory import Inventory, Key
from ..record import Record
from ..series import members
from . import guess as kinds
from .guess import Guess, guess_all, words_of

MOST_METRICS = 300
MOST_RULES, MOST_PARTS, MOST_TEXTS = 6, 3, 2
LONGEST_KEY, LONGEST_ID = 200, 48
SUMMARY_ROWS = 5
WINDOWS = ("recent", "level", "before")
PARAMS = ("norm_factor", "slow_factor")
TAIL = ("_level", "_best", "_gain", "_lost")
"""What is put behind the name of a metric to name what is computed from it."""

_STEPS = frozenset({"step", "steps", "iter", "iters", "iteration", "iterations", "it", "update", "updates", "batch"})
_TIMES = frozenset({"time", "timestamp", "date", "datetime"})
_SMOOTHED = frozenset({"ema", "ewma", "smooth", "smoothed", "running", "moving"})
_SPLITS = frozenset({"max", "total", "num"})
_RESERVED = frozenset({"true", "false", "default", "null", "none", "on", "off", "yes", "no", "y", "n", "nan", "inf"})


class Named(Record):
    """A metric of the new pack: its id, the key that it is read from, and what that was taken for."""

    id: str
    key: str
    guess: Guess
    seen: Key
    is_inherited: bool = False  # the parent has a metric of this id
    was_known: bool = False  # and reads this key


class Ticks(Record):
    """One field of the clock: the key that it is read from, and whether the parent knows that."""

    field: str
    key: KeyPattern
    was_known: bool


class Outline(Record):
    """The content of a new pack, in the order in which the log has it."""

    parent: Pack
    clock: tuple[Ticks, ...]
    known: tuple[Named, ...]  # metrics of the parent, some of them read from another key now
    judged: tuple[Named, ...]  # with a rule on what they have gained
    parts: tuple[Named, ...]  # without one, for rules yet to be written
    norm: Named | None
    pace: Named | None
    phases: tuple[Named, ...]
    left_out: tuple[tuple[str, str], ...]  # keys, and why
    more: int  # keys beyond those that are listed

    @property
    def own(self) -> list[Named]:
        """The metrics that the new pack adds, those with rules first."""
        extra = [each for each in (self.norm, self.pace) if each is not None and not each.is_inherited]
        return [*self.judged, *extra, *self.phases]

    @property
    def primary(self) -> Named | None:
        """The metric by which a log is told to be one that the pack can judge, if none of the parent's is there."""
        if any(each.is_inherited and self.parent.metrics[each.id].required for each in self.known):
            return None
        numbers = [each for each in (*self.judged, *self.own, *self.parts) if each.guess.kind != kinds.TEXT]
        return numbers[0] if numbers else None

    @property
    def best(self) -> Named | None:
        """The metric of evaluation by which the best checkpoint is chosen, before the parent's."""
        return next((each for each in self.judged if each.guess.is_eval), None)


def outline(found: Inventory, parent: Pack) -> Outline:
    """Decide what a pack for a log with these keys holds."""
    logged = [key for key in found.keys if key.rows]
    usable, left_out = _usable(logged)
    clock = _clock(usable, parent)
    taken = {each.key.key for each in clock} | set(parent.summary)
    keys = [key for key in usable if key.name not in taken]
    late = {key.name for key in keys if key.rows == 1 and found.rows >= SUMMARY_ROWS}
    left_out += [(name, "it is on one row only, as in a summary") for name in _names(keys) if name in late]
    keys = [key for key in keys if key.name not in late]
    guesses = {each.key: each for each in guess_all(keys)}
    seen = {key.name: key for key in keys}
    known = list(_known(parent, keys, guesses))
    rest = [key for key in keys if key.name not in {each.key for each in known}]
    more = max(0, len(rest) - MOST_METRICS)
    ids = _Ids(parent, _names(logged))
    named = [
        Named(ids.take(key.name, guesses[key.name].kind), key.name, guesses[key.name], seen[key.name])
        for key in rest[:MOST_METRICS]
    ]
    judged = _judged(named)
    norm = next((each for each in (*known, *named) if each.guess.kind == kinds.NORM and not each.guess.is_eval), None)
    pace = next((each for each in named if _is_pace(each)), None)
    phases = tuple(each for each in named if _is_phase(each))[:MOST_TEXTS]
    used = {each.key for each in (*judged, *phases, *(each for each in (norm, pace) if each))}
    parts = tuple(each for each in named if each.key not in used)
    return Outline(parent, clock, tuple(known), judged, parts, norm, pace, phases, tuple(left_out), more)


def _names(keys: Iterable[Key]) -> list[str]:
    return [key.name for key in keys]


def _usable(keys: Sequence[Key]) -> tuple[list[Key], list[tuple[str, str]]]:
    """The keys that a pack can name, and the others with the reason."""
    usable, others = [], []
    for key in keys:
        if not key.name.strip():
            others.append((key.name, "its name is empty"))
        elif "{" in key.name or "}" in key.name:
            others.append((key.name, "braces stand for families of keys in a pack"))
        elif len(key.name) > LONGEST_KEY:
            others.append((key.name, f"its name has more than {LONGEST_KEY} characters"))
        elif "\0" in key.name or any("\ud800" <= sign <= "\udfff" for sign in key.name):
            others.append((key.name, "its name is no text that YAML can hold"))
        else:
            usable.append(key)
    return usable, others


def _clock(keys: Sequence[Key], parent: Pack) -> tuple[Ticks, ...]:
    """Where the rows of the log stand in the run, as far as its keys tell."""
    by_name = {key.name: key for key in keys}
    found: list[Ticks] = []
    for field in ("step", "total", "epoch", "time"):
        of_parent = [each for each in getattr(parent.clock, field) if each.key in by_name]
        ticks = next((Ticks(field, each, True) for each in of_parent), None)
        taken = {each.key.key for each in found}
        for key in () if ticks else keys:
            if key.name not in taken and (pattern := _ticks(field, key)) is not None:
                ticks = Ticks(field, pattern, False)
                break
        if ticks is not None:
            found.append(ticks)
    return tuple(found)


def _ticks(field: str, key: Key) -> KeyPattern | None:
    """How a key is read as a field of the clock, None if it is none."""
    words = set(words_of(key.name))
    is_number = key.numbers > 0 and not key.is_text and key.low >= 0
    moves = is_number and key.high > key.low
    match field:
        case "step" if words & _STEPS and key.is_text and key.are_ratios:
            return KeyPattern(key.name, r"^(\d+)/")
        case "total" if words & _STEPS and key.is_text and key.are_ratios:
            return KeyPattern(key.name, r"/(\d+)$")
        case "step" if words & _STEPS and not words & {"time", "per", "s"} and moves and key.is_whole:
            return KeyPattern(key.name) if key.never_falls or len(words) <= 2 else None
        case "total" if words & _STEPS and words & _SPLITS and is_number and key.is_whole and key.low == key.high > 1:
            return KeyPattern(key.name)
        case "epoch" if words & {"epoch"} and not words & _SPLITS and moves and key.never_falls:
            return KeyPattern(key.name)
        case "time" if words & _TIMES and (key.is_text or (moves and key.never_falls and key.low > 1e9)):
            return KeyPattern(key.name)
    return None


def _known(parent: Pack, keys: Sequence[Key], guesses: dict[str, Guess]) -> Iterator[Named]:
    """The metrics of the parent that the log has, those first whose keys it knows."""
    by_name = {key.name: key for key in keys}
    read: set[str] = set()
    missing = []
    for metric in parent.metrics.values():
        names = [name for _, _, of in members(parent, metric) for name in of]
        found = next((name for name in names if name in by_name), None)
        if found is None:
            missing.append(metric.id)
        else:
            read.add(found)
            yield Named(metric.id, found, guesses[found], by_name[found], True, True)
    rest = [guesses[key.name] for key in keys if key.name not in read]
    for id, kind, is_eval in (
        ("loss", kinds.LOSS, False),
        ("eval_loss", kinds.LOSS, True),
        ("grad_norm", kinds.NORM, False),
        ("learning_rate", kinds.RATE, False),
    ):
        if id in missing:
            chosen = _whole([each for each in rest if (each.kind, each.is_eval) == (kind, is_eval)])
            if chosen is not None:
                yield Named(id, chosen.key, chosen, by_name[chosen.key], True)


def _whole(guesses: Sequence[Guess]) -> Guess | None:
    """Of several losses the one that is all of it, where that can be told: the only one, or the one that says so."""
    plain = {"loss", "total", "overall", "sum", "avg", "mean", "grad", "gradient", "norm", "lr", "learning", "rate"}
    whole = [each for each in guesses if set(each.stem.split("_")) <= plain]
    return guesses[0] if len(guesses) == 1 else whole[0] if whole else None


def _judged(named: Sequence[Named]) -> tuple[Named, ...]:
    """The metrics that get a rule: those with a direction, of the task and of evaluation before parts of a loss."""
    order = (kinds.SCORE, kinds.REWARD, kinds.ERROR, kinds.LOSS)
    found = [
        each
        for each in named
        if each.guess.kind in order
        and each.guess.better
        and each.seen.high > each.seen.low
        and not _SMOOTHED & set(words_of(each.key))
    ]
    found.sort(key=lambda each: (each.guess.kind == kinds.LOSS, not each.guess.is_eval, order.index(each.guess.kind)))
    parts = [each for each in found if each.guess.kind == kinds.LOSS][:MOST_PARTS]
    return tuple([each for each in found if each.guess.kind != kinds.LOSS or each in parts][:MOST_RULES])


def _is_pace(named: Named) -> bool:
    """Whether this is how fast the run goes."""
    return named.guess.kind in (kinds.TIME, kinds.SPEED) and bool(named.guess.better) and not named.guess.is_eval


def _is_phase(named: Named) -> bool:
    """Whether this is a text that stays the same for many rows, such as the name of a phase."""
    few = named.seen.few
    return (
        named.guess.kind == kinds.TEXT
        and not named.guess.is_label
        and 1 < len(few) <= named.seen.rows / 10
        and len(few) < 6
    )


class _Ids:
    """Names for metrics that clash with nothing: not with the parent's, and not with other keys of the log."""

    def __init__(self, parent: Pack, keys: Collection[str]) -> None:
        reserved = {*_RESERVED, *CLOCK, *FUNCTIONS, *WINDOWS, *PARAMS, *keyword.kwlist, *keyword.softkwlist}
        reserved |= {*parent.metrics, *parent.params, *parent.windows}
        of_parent = {key for metric in parent.metrics.values() for _, _, of in members(parent, metric) for key in of}
        of_clock = {each.key for field in parent.clock for each in field}
        self.taken = {name.lower() for name in reserved}
        self.keys: dict[str, int] = {}
        for key in {*keys, *of_parent, *of_clock, *parent.summary}:
            self.keys[key.lower()] = self.keys.get(key.lower(), 0) + 1

    def take(self, key: str, kind: str) -> str:
        """A name for what is read from a key."""
        stem = identifier(key).lower()[:LONGEST_ID].strip("_")
        if not stem or not stem[0].isalpha():
            stem = f"{identifier(kind)}_{stem}".strip("_")
        number = 1
        while not self._is_free(id := stem if number == 1 else f"{stem}_{number}", key):
            number += 1
        self.taken |= {id, *(id + tail for tail in TAIL)}
        return id

    def _is_free(self, id: str, key: str) -> bool:
        others = self.keys.get(id, 0) - (key.lower() == id)
        return not others and not self.taken & {id, *(id + tail for tail in TAIL)}
