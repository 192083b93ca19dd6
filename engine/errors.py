"""Where a thing stands, what is wrong with it, and the exceptions that say so."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from .record import Record

if TYPE_CHECKING:
    from .codes import Code, Severity


class Position(Record):
    """A place in a user's file; `line` and `column` count from 1, 0 means unknown."""

    file: str
    line: int = 0
    column: int = 0

    def __str__(self) -> str:
        if not self.line:
            return self.file
        return f"{self.file}:{self.line}:{self.column}" if self.column else f"{self.file}:{self.line}"

    def within(self, text: str, offset: int) -> Position:
        """Where the character `offset` of a text stands that begins here; here, where only its first line is known."""
        if not self.column or "\n" in text[:offset]:
            return self
        return Position(self.file, self.line, self.column + offset)

    def reach(self, text: str, offset: int, width: int) -> int:
        """How far `width` characters of that text, from `offset` on, reach in the line of the first of them."""
        newline = text.find("\n", offset, offset + width)
        return width if newline < 0 else newline - offset


class Problem(Record):
    """One thing that is wrong in a user's file, and how to mend it. Collected, never raised by itself.

    `code` names the kind of fault, and its page; `hint`, never empty, what to write instead; `width` is how many
    characters stand wrong at `at`, 0 where that was not measured. What is only doubtful has the severity "warning".
    """

    at: Position
    code: Code
    message: str
    hint: str
    width: int = 0
    severity: Severity = "error"

    def __str__(self) -> str:
        return f"{self.at}: {self.message}" + (f"; {self.hint}" if self.hint else "")


class TrainrulesError(Exception):
    """The root of everything this package raises on purpose."""


class ProblemsError(TrainrulesError):
    """Raised with all the problems found in a user's file or setting, sorted by place."""

    def __init__(self, problems: Sequence[Problem]) -> None:
        self.problems: tuple[Problem, ...] = tuple(sorted(problems, key=lambda problem: (problem.at, problem.message)))
        super().__init__("\n".join(str(problem) for problem in self.problems))

    def __reduce__(self) -> tuple[Any, ...]:
        # By itself an exception would be made anew from its text.
        return type(self), (self.problems,)

    @property
    def position(self) -> Position:
        """The place of the first problem."""
        return self.problems[0].at


class ExpressionError(ProblemsError):
    """Raised when the text of an expression is not in the language."""


class PackError(ProblemsError):
    """Raised when a pack cannot be used as it is written, or does not exist."""


class OverrideError(ProblemsError):
    """Raised when an override names nothing, has the wrong type or lies out of bounds."""


class LogError(TrainrulesError):
    """Raised when a log cannot be judged: unreadable, empty, interleaved, or without any required key."""

    def __init__(self, message: str, *, path: str, line: int = 0, hint: str = "") -> None:
        self.message, self.position, self.hint = message, Position(path, line), hint
        super().__init__(f"{self.position}: {message}" + (f"; {hint}" if hint else ""))

    def __reduce__(self) -> tuple[Any, ...]:
        return _made_anew, (type(self), str(self), self.__dict__)


def _made_anew(kind: type[LogError], text: str, fields: dict[str, Any]) -> LogError:
    error = kind.__new__(kind, text)
    error.__dict__.update(fields)
    return error


def did_you_mean(name: str, known: Sequence[str]) -> str:
    """A hint that names up to three of `known` that look like `name`, or an empty string."""
    if not known:
        return ""
    from difflib import get_close_matches

    near = get_close_matches(name, known, n=3, cutoff=0.6)
    return f"did you mean {' or '.join(repr(other) for other in near)}?" if near else ""


def some_of(known: Sequence[str], at_most: int = 8) -> str:
    """Names that are known, as a hint tells them: all where they are few, else the first and how many more."""
    shown = list(known) if len(known) <= at_most else list(known)[: at_most // 2]
    more = f" and {len(known) - len(shown)} more" if len(shown) < len(known) else ""
    return f"known are {', '.join(shown)}{more}" if shown else ""


def surely_meant(name: str, known: Sequence[str]) -> str | None:
    """The one of `known` that `name` hardly differs from; None where there is none."""
    from difflib import get_close_matches

    return next(iter(get_close_matches(name, known, n=1, cutoff=0.75)), None)
