"""How far long work has come: a bar on the terminal, of which nothing is left in the end."""

from __future__ import annotations

import os
import sys
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from click._termui_impl import ProgressBar

_GONE = "\x1b[1A\x1b[2K"  # up to the line of the bar, and that line empty


class Progress:
    """A bar on standard error, if that is a terminal that can show one and there is more than one thing to do.

    Where results are printed on the same terminal meanwhile (`is_between`), they show by themselves how far it is.
    """

    def __init__(self, length: int, label: str, is_between: bool) -> None:
        self._length, self._label = length, label
        self._is_wanted = length > 1 and not (is_between and sys.stdout.isatty())
        self._bar: ProgressBar[int] | None = None

    def __enter__(self) -> Progress:
        if self._is_wanted and sys.stderr.isatty() and os.environ.get("TERM") != "dumb":
            import click

            # Runs are done by the hundred at once, from which it would make a time that is wrong by hours.
            self._bar = click.progressbar(
                length=self._length, label=self._label, show_pos=True, show_eta=False, file=sys.stderr
            )
            self._bar.__enter__()
        return self

    def step(self) -> None:
        """One more thing is done."""
        if self._bar is not None:
            self._bar.update(1)

    def __exit__(self, *_: object) -> None:
        if self._bar is not None:
            self._bar.__exit__(None, None, None)
            sys.stderr.write(_GONE)
            sys.stderr.flush()
            self._bar = None
