"""A window that needs more points than it can hold.

`min` is how many points a window takes to be known: one of the last 10 that needs 20 never is, and no rule that looks
at it is ever judged.

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
from math import inf

from ..pack import Pack
from . import Remark
from ._names import is_own
from ._places import value_at
from ._values import every_setting
from ._windows import points

SEVERITY = "warning"


def check(pack: Pack) -> Iterator[Remark]:
    """Windows of the pack's own that never hold what they need, by default or in a variant."""
    settings = list(every_setting(pack))
    for window in pack.windows.values():
        if window.min_points is None or not is_own(pack, window.min_points):
            continue
        sizes = [points(window, values) for values in settings]
        for needed, held in [(needed, held) for needed, held in sizes if held < needed < inf][:1]:
            at = value_at(pack, window.at, "windows", window.id, "min")
            told = f"window {window.id!r} needs {needed:g} points and never holds more than {held:g}"
            yield Remark(at, told, "let it need fewer, or make it longer")
