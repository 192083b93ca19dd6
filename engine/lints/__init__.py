"""What a schema and the loader cannot say: a pack that loads, and still is not what its author meant."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import NamedTuple

from ..errors import Problem
from ..pack import Pack
from . import bounds, gates, idle, texts, unused


class Lint(NamedTuple):
    """One lint: its id, and the function that finds its problems; the function's docstring is its documentation."""

    id: str
    find: Callable[[Pack], Iterator[Problem]]

    @property
    def documentation(self) -> str:
        """What it finds, with a snippet that passes and one that fails."""
        return self.find.__doc__ or ""


LINTS: tuple[Lint, ...] = (
    Lint("unused-param", unused.unused_param),
    Lint("unused-metric", unused.unused_metric),
    Lint("unused-twin", unused.unused_twin),
    Lint("unused-window", unused.unused_window),
    Lint("unused-family", unused.unused_family),
    Lint("idle-invariant", idle.idle_invariant),
    Lint("out-of-bounds", bounds.out_of_bounds),
    Lint("duplicate-title", texts.duplicate_title),
    Lint("bare-message", texts.bare_message),
    Lint("never-stuck", gates.never_stuck),
    Lint("fixed-limit", gates.fixed_limit),
)


def lint_pack(pack: Pack) -> list[Problem]:
    """Every finding of every lint, sorted by place; each message ends with the lint's id in brackets."""
    return sorted(
        Problem(problem.at, f"{problem.message} [{lint.id}]", problem.hint)
        for lint in LINTS
        for problem in lint.find(pack)
    )
