"""Problems of a user's files, collected until all have been found."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from .errors import PackError, Position, Problem

if TYPE_CHECKING:
    from .codes import Code


class Problems:
    """Collects problems; where the shape of a place is known to be wrong, what else is said about it is dropped."""

    def __init__(self, found: Sequence[Problem] = ()) -> None:
        self.found: list[Problem] = list(found)
        self._told = {problem.at for problem in found}

    def add(self, at: Position, code: Code, message: str, hint: str, width: int = 0) -> None:
        """Note one problem, unless one was known at this place beforehand."""
        self.extend([Problem(at, code, message, hint, width)])

    def extend(self, problems: Sequence[Problem]) -> None:
        """Note several."""
        self.found += [problem for problem in problems if problem.at not in self._told]

    def knows(self, at: Position) -> bool:
        """Whether a problem of shape was known at this place beforehand."""
        return at in self._told

    def raise_any(self) -> None:
        """Raise PackError if there is a problem."""
        if self.found:
            raise PackError(list(dict.fromkeys(self.found)))
