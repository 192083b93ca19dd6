"""`rules eval --profile`: where the time of one evaluation went, on standard error."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from ..engine.profiling import Profile, peak_memory
from .output import complain


@contextmanager
def profiled(began: float) -> Iterator[Profile]:
    """Watch what is evaluated inside, from `began` (a reading of `time.perf_counter`) on; then tell of it."""
    profile = Profile(began)
    try:
        with profile.watching():
            yield profile
    finally:
        profile.end()
        complain(*table(profile, peak_memory()))


def table(profile: Profile, peak: int | None) -> list[str]:
    """The lines: a phase each, and the sum; `peak` are bytes of memory."""
    whole = profile.seconds
    lines = ["seconds  share in DuckDB asked"]
    for phase in profile.phases:
        share = phase.seconds / whole if whole else 0.0
        asked = f"{phase.in_duckdb:10.3f} {phase.statements:4}" if phase.statements else " " * 15
        lines.append(f"{phase.seconds:7.3f} {share:6.1%} {asked}  {phase.title}")
    memory = f"; at most {peak / 1e6:,.0f} MB of memory" if peak is not None else ""
    return [*lines, f"{whole:7.3f} in all, without the start of Python{memory}"]
