"""Lints: a file that loads, and still is not what its author meant.

One lint a module. The module's name is the code of its problems, its docstring the page that explains them (as those in
`codes/`), its `SEVERITY` "error" or "warning". Its function `check(pack)` gives remarks on a pack, `check_tests(suite)`
on a file of pack tests. Modules whose names begin with `_` help several lints.
"""

from __future__ import annotations

from collections.abc import Iterator
from functools import cache
from importlib import import_module
from pkgutil import iter_modules
from types import ModuleType
from typing import TYPE_CHECKING, cast

from ..errors import Position, Problem
from ..pack import Pack
from ..record import Record

if TYPE_CHECKING:
    from ..codes import Code
    from ..packtest.model import Suite


ERRORS = ("out-of-bounds",)
"""The codes of all lints whose severity is "error"."""


class Remark(Record):
    """What a lint says of a place: as a `Problem`, whose code and severity are those of the lint."""

    at: Position
    message: str
    hint: str
    width: int = 0


def lint_pack(pack: Pack) -> list[Problem]:
    """Every remark of every lint on a pack, sorted by place."""
    return sorted(
        _problem(lint, remark)
        for lint in _modules()
        if hasattr(lint, "check")
        for remark in cast("Iterator[Remark]", lint.check(pack))
    )


def refused(pack: Pack) -> list[Problem]:
    """What only lints tell and still keeps a pack from being used, sorted by place: all remarks that are errors."""
    lints = (import_module(f"{__name__}.{name.replace('-', '_')}") for name in ERRORS)
    return sorted(_problem(lint, remark) for lint in lints for remark in lint.check(pack))


def lint_tests(suite: Suite) -> list[Problem]:
    """Every remark of every lint on a file of pack tests, sorted by place."""
    return sorted(
        _problem(lint, remark)
        for lint in _modules()
        if hasattr(lint, "check_tests")
        for remark in cast("Iterator[Remark]", lint.check_tests(suite))
    )


def names() -> tuple[str, ...]:
    """The codes of all lints, sorted."""
    found = (each.name for each in iter_modules(__path__))
    return tuple(sorted(name.replace("_", "-") for name in found if not name.startswith("_")))


@cache
def _modules() -> tuple[ModuleType, ...]:
    return tuple(import_module(f"{__name__}.{name.replace('-', '_')}") for name in names())


def _problem(lint: ModuleType, remark: Remark) -> Problem:
    code = cast("Code", lint.__name__.rpartition(".")[2].replace("_", "-"))
    return Problem(remark.at, code, remark.message, remark.hint, remark.width, lint.SEVERITY)
