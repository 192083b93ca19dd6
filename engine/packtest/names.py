"""What a column or a series of a test is called in the log: a key as it is, a metric, or what the file says it is."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from ..errors import did_you_mean
from ..pack import KeyPattern, Pack
from ..series import members


class UnknownNameError(LookupError):
    """A name that is neither a key nor a metric of the pack; `hint` says how to mend it."""

    def __init__(self, name: str, hint: str) -> None:
        super().__init__(name)
        self.hint = hint


class Names:
    """The keys that a log for `pack` may have, and `given` names for some of them (None: leave it out)."""

    def __init__(self, pack: Pack, given: Mapping[str, str | None]) -> None:
        self.pack, self.given = pack, given
        clock = [*pack.clock.step, *pack.clock.total, *pack.clock.epoch, *pack.clock.time]
        self.keys: dict[str, str] = {}  # key → the metric that reads it, "" for none
        for key in (*(each.key for each in clock), *pack.summary, *(k for keys in pack.labels.values() for k in keys)):
            self.keys.setdefault(key, "")
        self.metrics: dict[str, str] = {}  # metric in lower case → its first key
        for metric in pack.metrics.values():
            for key in (key for _, _, keys in members(pack, metric) for key in keys):
                if not self.keys.get(key):
                    self.keys[key] = metric.id
                self.metrics.setdefault(metric.id.lower(), key)
        self.lower: dict[str, str] = {}  # key in lower case → the first such key
        for key in self.keys:
            self.lower.setdefault(key.lower(), key)

    def key(self, name: str) -> str | None:
        """The key that `name` stands for, None where it is to be left out; raises UnknownNameError."""
        if name in self.given:
            return self.given[name]
        if name in self.keys:
            return name
        low = name.lower()
        found = self.lower.get(low, self.metrics.get(low))
        if found is not None:
            return found
        hint = did_you_mean(name, list(dict.fromkeys([*self.keys, *self.pack.metrics])))
        raise UnknownNameError(
            name, hint or f"say what it is in the log: 'names: {{{name}: KEY}}', or null for nothing"
        )

    def is_text(self, key: str) -> bool:
        """Whether the metric that reads `key` is a text, or a label is read from it."""
        if any(key in keys for keys in self.pack.labels.values()):
            return True
        metric = self.pack.metrics.get(self.keys.get(key, ""))
        return metric is not None and metric.type == "text"

    def clock_key(self, clock: Iterable[KeyPattern]) -> str | None:
        """The first key of a clock that holds a bare number."""
        return next((each.key for each in clock if each.pattern is None), None)
