"""Ctrl-C while results are written: it waits until what was begun is complete."""

from __future__ import annotations

import signal
from collections.abc import Iterator
from contextlib import contextmanager
from threading import current_thread, main_thread
from types import FrameType


class Interrupts:
    """Within it, Ctrl-C raises KeyboardInterrupt, but not in the midst of what is `held`; `came` tells that it did."""

    def __init__(self) -> None:
        self.came = False
        self._is_held = False

    def __enter__(self) -> Interrupts:
        # A shell has it ignored by what runs in the background, and a program may see to it in its own way.
        self._is_ours = (
            current_thread() is main_thread() and signal.getsignal(signal.SIGINT) is signal.default_int_handler
        )
        if self._is_ours:
            signal.signal(signal.SIGINT, self._on_signal)
        return self

    def __exit__(self, *_: object) -> None:
        if self._is_ours:
            signal.signal(signal.SIGINT, signal.default_int_handler)

    @contextmanager
    def held(self) -> Iterator[None]:
        """Whoever presses it once is made to wait for the end of this; twice, and it is over at once."""
        before, self._is_held = self.came, True
        try:
            yield
        finally:
            self._is_held = False
        if self.came and not before:
            raise KeyboardInterrupt

    def _on_signal(self, number: int, frame: FrameType | None) -> None:
        is_second, self.came = self.came, True
        if is_second or not self._is_held:
            raise KeyboardInterrupt
