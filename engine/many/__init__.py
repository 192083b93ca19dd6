"""Many runs in one call: the same reports as single calls give, byte for byte, and one broken run stops no other."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from os import PathLike, fspath

from ..arguments import check_arguments
from ..opened import AUTO
from ..pack import Pack, Scalar
from .model import Asked, Judged
from .spreading import in_order, spread

__all__ = ["Judged", "evaluate_many"]


def evaluate_many(
    logs: Iterable[str | PathLike[str]],
    *,
    pack: str | PathLike[str] | Pack = AUTO,
    variant: str | None = None,
    overrides: Mapping[str, Scalar] | None = None,
    override_files: Sequence[str | PathLike[str]] = (),
    settings: Sequence[str] = (),
    input_format: str | None = None,
    now: float | None = None,
    threads: int | None = None,
    timeout: float | None = None,
    memory_limit: str | None = None,
    project: str | PathLike[str] | None = None,
    isolated: bool = False,
    workers: int | None = None,
) -> Iterator[Judged]:
    """Judge the runs that wrote `logs`, each as `evaluate` would with these arguments; yields in the order of the logs.

    What keeps a run from being judged is the `error` of its result, and no exception: a LogError, or the PackError or
    OverrideError of its settings. What a run is judged with besides (`rules.override.yaml` beside the log, a project's
    pyproject.toml, with `pack="auto"` the pack) is found for each run by itself.

    Many logs are judged in `workers` processes, by default one for each CPU, and at most `threads`; 1 is this process.
    `timeout` and `memory_limit` are for each run. Raises TypeError for an argument of the wrong type.
    """
    check_arguments(pack, overrides, override_files, settings)
    asked = Asked(
        pack=pack if isinstance(pack, Pack) else fspath(pack),
        variant=variant,
        overrides=dict(overrides or {}),
        override_files=tuple(fspath(file) for file in override_files),
        settings=tuple(settings),
        input_format=input_format,
        now=now,
        threads=threads,
        timeout=timeout,
        memory_limit=memory_limit,
        project=None if project is None else fspath(project),
        isolated=isolated,
    )
    return in_order(spread([fspath(log) for log in logs], asked, _itself, workers=workers))


def _itself(judged: Judged) -> Judged:
    return judged
