"""A pack and the settings of one run → the final value of every parameter, and where it came from."""

from __future__ import annotations

from collections.abc import Container, Mapping, Sequence
from pathlib import Path

from .errors import OverrideError, Position, Problem, did_you_mean, some_of
from .found import found_files
from .pack import Pack, Scalar, Variant
from .problems import Problems
from .resolved import Resolved
from .suppress import with_switches
from .values import Values


def resolve(
    pack: Pack,
    *,
    variant: str | None = None,
    files: Sequence[Path] = (),
    settings: Sequence[str] = (),
    values: Mapping[str, Scalar] | None = None,
    log: str | None = None,
    project: Path | None = None,
    isolated: bool = False,
) -> Resolved:
    """The pack made ready for one run.

    Later wins: the pack's defaults, `variant`, `[tool.trainrules]` in the pyproject.toml nearest at or above the folder
    of `log` or else the current one (with `project`, at or above that folder only), `rules.override.yaml` beside `log`,
    `files`, `settings` (each `name=value`), `values`. Those that nobody names are left out where `isolated`. A value
    may be an expression over other params and `default`, the pack's own. Raises OverrideError with every unknown name,
    wrong type, value out of bounds and circle.
    """
    problems = Problems()
    chosen = _variant(pack, variant, problems)
    found = [] if isolated else [*found_files(log, None if project is None else str(project), problems)]
    if chosen or found or files or settings or values:
        from .overridden import overridden

        resolved = overridden(pack, problems, chosen, found, files, settings, values or {})
    else:
        resolved = with_switches(Resolved(pack, None, Values(pack, {}, problems).all()))
    if problems.found:
        nobodys = {each.name for each in found}
        raise OverrideError([_hinted(each, nobodys) for each in dict.fromkeys(problems.found)])
    return resolved


def _hinted(problem: Problem, nobodys: Container[str]) -> Problem:
    """A problem of a file that nobody named, with the way to do without the file."""
    if problem.at.file not in nobodys:
        return problem
    return problem._replace(hint="; ".join(filter(None, (problem.hint, "--isolated ignores the file"))))


def _variant(pack: Pack, name: str | None, problems: Problems) -> Variant | None:
    if name is None or name in pack.variants:
        return pack.variants[name] if name else None
    hint = (
        did_you_mean(name, list(pack.variants))
        or some_of(list(pack.variants))
        or f"leave it out: pack {pack.id!r} has none"
    )
    problems.add(Position("--variant"), "unknown-variant", f"unknown variant {name!r}", hint)
    return None
