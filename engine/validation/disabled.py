"""Comments that silence a warning where it is meant: `# rules: disable=CODE[,CODE]`.

A comment is for what is told of its line; behind a key whose value stands on the lines below, also for these.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Iterator, Sequence
from typing import NamedTuple, cast

from ..errors import Position, Problem, did_you_mean
from .measured import scalars

_COMMENT = re.compile(r"(?:^|(?<=\s))#\s*rules:\s*disable\s*=\s*(?P<codes>[^#\n]*)")
_CODE = re.compile(r"[^\s,]+")

OF_SEVERAL = frozenset({"duplicate-pack"})
"""What is told of a file only where others are validated with it: a comment for it is of use all the same."""


class Disabled(NamedTuple):
    """One code of a comment: where it stands, and the lines (first, last) that it is for."""

    code: str
    at: Position
    lines: tuple[int, int]

    def silences(self, problem: Problem) -> bool:
        """Whether this is about the problem."""
        first, last = self.lines
        is_here = problem.at.file == self.at.file and first <= problem.at.line <= last
        return is_here and problem.code == self.code and problem.severity == "warning"


def silenced(
    problems: Sequence[Problem], file: str, text: str, codes: Collection[str], *, looked: bool
) -> list[Problem]:
    """The problems that no comment of the file silences, and those of the comments.

    `looked` says whether the file could be looked at for warnings; if not, no comment is known to be of no use.
    """
    if "disable" not in text:
        return list(problems)
    comments = list(_comments(file, text))
    left = [each for each in problems if not any(comment.silences(each) for comment in comments)]
    told = {each.code for each in problems if each.severity == "error"}
    for comment in comments:
        hint = ""
        if comment.code not in codes:
            hint = did_you_mean(comment.code, sorted(codes)) or "'rules explain CODE' tells of one"
            left.append(_warning(comment, "unknown-code", f"unknown code {comment.code!r}", hint))
        elif comment.code in told:
            hint = "mend what it is for; only warnings can be disabled"
            left.append(_warning(comment, "unused-disable", f"{comment.code!r} is an error", hint))
        elif looked and comment.code not in OF_SEVERAL and not any(comment.silences(each) for each in problems):
            hint = "remove it, or put it on the line that it is for"
            left.append(_warning(comment, "unused-disable", f"nothing to disable here: {comment.code!r}", hint))
    return left


def _warning(comment: Disabled, code: str, message: str, hint: str) -> Problem:
    from ..codes import Code

    return Problem(comment.at, cast(Code, code), message, hint, len(comment.code), "warning")


def _comments(file: str, text: str) -> Iterator[Disabled]:
    lines = text.split("\n")
    inside: list[tuple[int, int, int, int]] | None = None
    for number, line in enumerate(lines, 1):
        comment = _COMMENT.search(line)
        if comment is None:
            continue
        inside = _texts(text) if inside is None else inside
        if _is_inside(inside, number, comment.start() + 1):
            continue
        reach = (number, _last(lines, number, line[: comment.start()]))
        for code in _CODE.finditer(comment["codes"]):
            yield Disabled(code[0], Position(file, number, comment.start("codes") + code.start() + 1), reach)


def _texts(text: str) -> list[tuple[int, int, int, int]]:
    """Where scalars stand: in a text, a hash begins no comment."""
    return [(start.line + 1, start.column + 1, end.line + 1, end.column + 1) for start, end, _ in scalars(text)]


def _is_inside(texts: Sequence[tuple[int, int, int, int]], line: int, column: int) -> bool:
    return any(place[:2] <= (line, column) < place[2:] for place in texts)


def _last(lines: Sequence[str], number: int, before: str) -> int:
    """The last line of the value whose key stands on line `number`; that line itself where the value does."""
    if not re.search(r"(?::|:\s+[|>][-+\d]*|:\s+&\S+|[\[{(,])\s*$", before):
        return number
    indent = len(before) - len(before.lstrip())
    last = number
    for place, line in enumerate(lines[number:], number + 1):
        body = line.strip()
        own = len(line) - len(line.lstrip())
        if body and own <= indent and not (own == indent and body.startswith(("- ", "}", "]"))):
            break
        last = place if body else last
    return last
