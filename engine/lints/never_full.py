"""A window that needs more points than it can hold.

`min` is how many points a window takes to be known: one of the last 10 that needs 20 never is, and no rule that looks
at it is ever judged. Of an inherited window, the length that a pack gives it anew is told.

fails::

    windows: {recent: {last: 10 points, min: 20 points}}
                                             ^^^^^^^^^
    rules:
      high: {title: High loss, cause: diverging, severity: warning, when: "mean(loss, recent) > 2"}

passes::

    windows: {recent: {last: 20 points, min: 10 points}}
    rules:
      high: {title: High loss, cause: diverging, severity: warning, when: "mean(loss, recent) > 2"}
"""

from __future__ import annotations

from collections.abc import Iterator
from functools import partial
from math import inf

from ..pack import Pack
from ..tree import Name
from . import Remark
from ._changed import changes_of
from ._conditions import logics_of
from ._logic import Logic
from ._names import is_own
from ._places import value_at
from ._windows import points, points_of

SEVERITY = "warning"


def check(pack: Pack) -> Iterator[Remark]:
    """Windows that never hold what they need, by default or in a variant."""
    logics, changes = logics_of(pack), changes_of(pack)
    for window in pack.windows.values():
        if window.min_points is None:
            continue
        if is_own(pack, window.min_points):
            at = value_at(pack, window.at, "windows", window.id, "min")
            logic = next((each for each in logics if _is_short(window.id, each)), None)
        else:
            blame = changes.blamed((window.min_points,), partial(_is_short, window.id), named=(window.id,))
            at, logic = (blame.at, blame.logic) if blame is not None else (window.at, None)
        if logic is not None:
            needed, held = points(window, logic.values)
            told = f"window {window.id!r} needs {needed:g} points and never holds more than {held:g}"
            yield Remark(at, told, "let it need fewer, or make it longer")


def _is_short(id: str, logic: Logic) -> bool:
    needed, held = points_of(Name(id), logic.pack, logic.values)
    return held < needed < inf
