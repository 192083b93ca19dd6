"""Comments that silence a warning where it is meant: `# rules: disable=CODE[,CODE] why`.

A comment is for what is told of its line; behind a key whose value stands on the lines below, also for these. What is
nearly such a comment is told, for it silences nothing.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Iterator, Sequence
from typing import TYPE_CHECKING

from ..errors import Position, Problem, did_you_mean
from ..record import Record
from .measured import scalars

if TYPE_CHECKING:
    from ..codes import Code

_LIKELY = re.compile(r"#\s*(?:train)?rules?\s*:", re.IGNORECASE).search
_COMMENT = re.compile(
    r"(?:^|(?<=\s))#\s*(?P<name>(?:train)?rules?)\s*:\s*(?P<verb>disable[\w-]*|ignore|noqa|silence|skip|suppress)"
    r"(?:\s*(?P<sign>[=:])\s*|\s+|$)(?P<rest>[^#\n]*)",
    re.IGNORECASE,
)
_BELOW = re.compile(r"(?::|(?:^|[:-]\s+)(?:&\S+|(?:&\S+\s+)?[|>][-+\d]*)|[\[{(,])\s*$").search
"""What a line ends in whose value stands on the lines below."""
_DASHES = re.compile(r"\s*(?:-\s+)*").match
_CODES = re.compile(r"[\w-]+(?:\s*,\s*[\w-]+)*")
_CODE = re.compile(r"[\w-]+")

OF_SEVERAL = frozenset({"duplicate-pack"})
"""What is told of a file only where others are validated with it: a comment for it is of use all the same."""


_NOWHERE = (0, 0)


class Disabled(Record):
    """One code of a comment: where it stands, and the lines (first, last) that it is for; no code in what is a slip.

    What is for no line is no comment, but a part of a text.
    """

    code: str
    at: Position
    lines: tuple[int, int]

    def silences(self, problem: Problem) -> bool:
        """Whether this is about the problem."""
        first, last = self.lines
        is_here = problem.at.file == self.at.file and first <= problem.at.line <= last
        return is_here and problem.code == self.code and problem.severity == "warning"


def silenced(problems: Sequence[Problem], file: str, text: str, *, looked: bool) -> list[Problem]:
    """The problems that no comment of the file silences, and those of the comments.

    `looked` says whether the file could be looked at for warnings; if not, no comment is known to be of no use.
    """
    if not _LIKELY(text):
        return list(problems)
    from ..codes.pages import all_codes

    codes = all_codes()
    comments = list(_comments(file, text, codes))
    left = [each for each in problems if not any(comment.silences(each) for comment in comments)]
    told = {each.code for each in problems if each.severity == "error"}
    for comment in comments:
        if comment.lines == _NOWHERE:
            message = f"this is a part of the text, and disables nothing: {comment.code!r}"
            hint = "put it on the line of the key, behind the sign that the text begins with"
            left.append(_warning(comment, "unused-disable", message, hint))
        elif not comment.code:
            hint = "write '# rules: disable=CODE', several codes with commas between them"
            left.append(_warning(comment, "unused-disable", "this comment disables nothing", hint))
        elif comment.code not in codes:
            hint = "name each: a comment disables the codes that it names" if comment.code.lower() == "all" else ""
            hint = hint or did_you_mean(comment.code, codes) or "'rules explain CODE' tells of one"
            left.append(_warning(comment, "unknown-code", f"unknown code {comment.code!r}", hint))
        elif comment.code in told:
            hint = "mend what it is for; only warnings can be disabled"
            left.append(_warning(comment, "unused-disable", f"{comment.code!r} is an error", hint))
        elif looked and comment.code not in OF_SEVERAL and not any(comment.silences(each) for each in problems):
            hint = "remove it, or put it on the line that it is for"
            left.append(_warning(comment, "unused-disable", f"nothing to disable here: {comment.code!r}", hint))
    return left


def _warning(comment: Disabled, code: Code, message: str, hint: str) -> Problem:
    return Problem(comment.at, code, message, hint, len(comment.code), "warning")


def _comments(file: str, text: str, known: Collection[str]) -> Iterator[Disabled]:
    lines = text.split("\n")
    inside: list[_Text] | None = None
    for number, line in enumerate(lines, 1):
        comment = _COMMENT.search(line)
        if comment is None:
            continue
        inside = _texts(text) if inside is None else inside
        at, codes = (number, comment.start() + 1), _codes(comment, known)
        around = next((each for each in inside if each.first <= at < each.end), None)
        if around is not None:
            listed = codes or () if around.is_block and _is_exact(comment) else ()
            for start, code in listed:
                if code in known:
                    yield Disabled(code, Position(file, number, start + 1), _NOWHERE)
            continue
        reach = (number, _last(lines, number, line[: comment.start()]))
        for start, code in codes or ():
            yield Disabled(code, Position(file, number, start + 1), reach)
        if codes is not None and not codes:
            yield Disabled("", Position(file, number, comment.start("verb") + 1), reach)


def _codes(comment: re.Match[str], known: Collection[str]) -> list[tuple[int, str]] | None:
    """The codes of a comment with their offsets, none where it is a slip; None where it is about something else.

    Behind the codes, which have commas between them, may stand why; what is a code there is one all the same.
    """
    rest, sign = comment["rest"], comment["sign"]
    words = [(comment.start("rest") + each.start(), each[0]) for each in _CODE.finditer(rest)]
    if _is_exact(comment):
        listed = _CODES.match(rest)
        end = comment.start("rest") + (listed.end() if listed else 0)
        return [(start, word) for start, word in words if start < end or word in known]
    is_meant = sign or not words or words[0][1] in known
    return [] if is_meant else None


def _is_exact(comment: re.Match[str]) -> bool:
    """Whether a comment begins with the words by which one disables something."""
    return comment["name"].lower() == "rules" and comment["verb"].lower() == "disable" and comment["sign"] == "="


class _Text(Record):
    """Where a scalar begins and ends (line, column); in it, a hash begins no comment."""

    first: tuple[int, int]
    end: tuple[int, int]
    is_block: bool


def _texts(text: str) -> list[_Text]:
    """The scalars of a file; behind the sign of a block, a hash begins a comment."""
    places = []
    for start, end, style in scalars(text):
        is_block = style in ("|", ">")
        first = (start.line + 2, 1) if is_block else (start.line + 1, start.column + 1)
        places.append(_Text(first, (end.line + 1, end.column + 1), is_block))
    return places


def _last(lines: Sequence[str], number: int, before: str) -> int:
    """The last line of the value whose key stands on line `number`; that line itself where the value does."""
    if not _BELOW(before):
        return number
    dashes = _DASHES(before)
    indent = dashes.end() if dashes else 0
    if ":" not in before[indent:]:  # an entry of a list, not a key in one
        indent = before.find("-")
    last = number
    for place, line in enumerate(lines[number:], number + 1):
        body = line.strip()
        own = len(line) - len(line.lstrip())
        if body and own <= indent and not (own == indent and body.startswith(("- ", "}", "]"))):
            break
        last = place if body else last
    return last
