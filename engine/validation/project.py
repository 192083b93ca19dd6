"""What is wrong with the settings of a project: the table [tool.trainrules] of its pyproject.toml."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from ..errors import PackError, Problem
from ..found import project_table
from ..items import Item
from ..overridden import overridden
from ..overrides import Layer
from ..pack import Pack
from ..problems import Problems
from ..project import general, of_packs


def project_problems(
    path: Path, named: Pack | None, target: Callable[[Item], Pack], problems: Problems
) -> Layer | None:
    """Note what is wrong with a project's settings, held against each pack that they name, and against `named`.

    `target` gives the pack of a name, or raises PackError. What is for all packs is given back where that was held
    against none.
    """
    found = project_table(path.as_posix(), problems)
    if found is not None and found.misspelt is not None:
        name, at = found.misspelt
        told, hint = f"[tool.{name}] is a table of no tool that is known here", "did you mean [tool.trainrules]?"
        at = at._replace(file=path.as_posix())
        problems.extend([Problem(at, "unknown-key", told, hint, len(name), "warning")])
    if found is None or found.root is None:
        return None
    found = found._replace(name=path.as_posix())
    packs = [] if named is None else [named]
    for name, item in of_packs(found, Problems()).items():
        try:
            packs.append(target(Item(name, found.name, item.key_line, item.key_column)))
        except PackError as error:
            problems.extend(error.problems)
    if not packs:
        of_packs(found, problems)
        return general(found, None, problems)
    for pack in packs:
        overridden(pack, problems, None, [found], (), (), {})
    return None
