"""The whole way from a pack and a log to a report."""

from __future__ import annotations

import sys
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from importlib import import_module
from os import PathLike, fspath
from os.path import isabs, isdir, relpath
from pathlib import Path
from threading import Thread
from typing import TYPE_CHECKING

from .arguments import check_arguments
from .checkpoints import find_checkpoints
from .database import duckdb
from .errors import LogError
from .filenames import SUFFIXES
from .found import PROJECT_FILE
from .judged import IMPROVES, conditions_of, metrics_of
from .opened import AUTO, chosen_by, opened
from .pack import Pack, Scalar
from .params import resolve
from .rate import RATE
from .readers import spill
from .readers.connection import close, is_interrupt
from .readers.deadline import Deadline, OverdueError
from .readers.model import Wanted, WantedMetric
from .resolved import Resolved
from .series import members
from .surroundings import find_known, with_rate
from .template import placeholders

if TYPE_CHECKING:
    from .report import Report

_JUDGING = f"{__package__}.evaluation"


def evaluate(
    log: str | PathLike[str],
    *,
    pack: str | PathLike[str] | Pack = AUTO,
    variant: str | None = None,
    overrides: Mapping[str, Scalar] | None = None,
    override_files: Sequence[str | PathLike[str]] = (),
    settings: Sequence[str] = (),
    checkpoints: str | PathLike[str] | None = None,
    input_format: str | None = None,
    now: float | None = None,
    threads: int | None = None,
    timeout: float | None = None,
    memory_limit: str | None = None,
    project: str | PathLike[str] | None = None,
    isolated: bool = False,
) -> Report:
    """Judge the run that wrote `log` by a pack: a name, a file, a loaded one, or "auto".

    `log` is a file, "-" for standard input, or a folder that holds the log of one run.
    `overrides` set parameters by name, as `settings` ("name=value") and override files do. Unless `isolated`, settings
    are also taken from the pyproject.toml nearest at or above `project` (by default the folder of the log, or else the
    current one) and from `rules.override.yaml` beside the log. `now` is the present time in seconds since 1970, for
    rules about silence and settings that end on a date. `input_format` names the format of the log, which its content
    tells otherwise. A log that takes longer than `timeout` seconds, or more memory than `memory_limit` ("2GB"), is not
    judged. Raises PackError, OverrideError or LogError, each with its position, and TypeError for an argument that is
    of the wrong type.
    """
    check_arguments(pack, overrides, override_files, settings)
    path = located(shown_path(fspath(log)))
    known = find_known(path)
    files = [Path(file) for file in override_files]
    place = None if project is None else Path(project)

    def ready(loaded: Pack) -> Resolved:
        resolved = resolve(
            loaded,
            variant=variant,
            files=files,
            settings=settings,
            values=overrides,
            log=path,
            project=place,
            isolated=isolated,
        )
        return resolved if isolated else with_rate(resolved, known)

    def asked(resolved: Resolved) -> Wanted:
        # What judges the rows is imported while DuckDB reads them.
        if _JUDGING not in sys.modules:
            Thread(target=import_module, args=(_JUDGING,)).start()
        return wanted(resolved)

    with _limited(path, timeout, memory_limit) as deadline:
        resolved, given, detected = opened(
            path,
            pack,
            ready,
            asked,
            input_format=input_format,
            known=known,
            threads=threads,
            memory_limit=memory_limit,
            deadline=deadline,
        )
        try:
            from .evaluation import Evaluation

            place_of = None if checkpoints is None else fspath(checkpoints)
            seen = find_checkpoints(path, resolved.pack.checkpoints, place_of)
            return chosen_by(Evaluation(resolved, given, now).report(seen), detected)
        finally:
            if deadline:
                deadline.close()
            close(given.con)


@contextmanager
def _limited(path: str, timeout: float | None, memory_limit: str | None) -> Iterator[Deadline | None]:
    """Yield what interrupts DuckDB in time; raises LogError where it did, or where the memory did not do."""
    deadline = Deadline(timeout) if timeout is not None else None
    try:
        yield deadline
    except (duckdb.InterruptException, OverdueError):
        if deadline is None or not deadline.is_over:
            raise
        message = f"not read and judged within {timeout:g} seconds"
        raise LogError(message, path=path, hint="give it more time with --timeout") from None
    except (duckdb.OutOfMemoryException, duckdb.IOException) as error:
        is_full = spill.is_full(error)
        if isinstance(error, duckdb.IOException) and not is_full:
            raise
        room = f"the {memory_limit}" if memory_limit else "the memory"
        message = f"reading and judging it takes more than {room} that DuckDB may use"
        hint = "raise --memory-limit, or judge with fewer --threads"
        if is_full:
            message += ", and the disk for temporary files is full"
            hint += ", or make room there (TMPDIR names another place)"
        raise LogError(message, path=path, hint=hint) from None
    except RuntimeError as error:
        if is_interrupt(error):
            raise KeyboardInterrupt from None
        raise
    finally:
        if deadline:
            deadline.close()


def located(path: str) -> str:
    """The log in a folder, where `path` is one.

    Raises LogError where there is none, or more than one, and for a file of rules, tests or settings.
    """
    if path == "-" or not isdir(path):
        if path.endswith((*SUFFIXES, PROJECT_FILE)):
            from .kinds import refuse_rules

            refuse_rules(path)
        return path
    from .readers.directory import log_in

    return log_in(path)


def shown_path(path: str) -> str:
    """A path as reports show it, seen from the current folder where it leads there: a report holds no absolute path."""
    near = relpath(path) if isabs(path) else path
    return path if near.startswith("..") else near


def wanted(resolved: Resolved) -> Wanted:
    """What to read for a pack.

    All its metrics make rows and move the clock, whatever is switched off for one run; values are kept of those that
    its rules (but those that are switched off), stages, gates and plan need.
    """
    pack = resolved.pack
    rules = [rule for rule in pack.rules.values() if rule.id not in resolved.disabled - resolved.suppressed]
    needed = metrics_of(pack, [each for rule in rules for each in conditions_of(rule)])
    needed += [hole.name for rule in rules for level in rule.levels for hole in placeholders(level.message)]
    needed += [
        *pack.sentinels,
        *pack.checkpoints.best,
        RATE,
        IMPROVES,
        *(id for stage in pack.stages.values() for id in stage.expect),
    ]
    needed += [metric.id for metric in pack.metrics.values() if metric.required]
    if pack.gates:
        from .watch import expressions_of

        needed += metrics_of(pack, [each for gate in pack.gates.values() for each in expressions_of(gate)])
    known = [pack.metrics[id] for id in dict.fromkeys(needed) if id in pack.metrics]
    derived = metrics_of(pack, [each for metric in known for each in (metric.expr, metric.where)])
    known += [pack.metrics[id] for id in derived if pack.metrics[id] not in known]
    asked = {metric.id for metric in known}
    known += [metric for metric in pack.metrics.values() if metric.id not in asked]
    return Wanted(
        clock=pack.clock,
        metrics=tuple(
            WantedMetric(member, keys, metric.type, metric.role, metric.unit == "share", metric.id in asked)
            for metric in known
            for member, _, keys in members(pack, metric)
            if keys
        ),
        sentinels=tuple(member for id in pack.sentinels for member, *_ in members(pack, pack.metrics[id])),
        labels={label: pack.labels[label] for label in pack.labels},
        summary=pack.summary,
        required=tuple(member for metric in known if metric.required for member, *_ in members(pack, metric)),
        formats=tuple(pack.formats.values()),
    )
