"""What the YAML reader complains of, in the words of this package, at its place in the file."""

from __future__ import annotations

import re
from typing import Any

import yaml

from .errors import Position, Problem


def place(file: str, mark: Any) -> Position:
    """Where a mark of the reader stands; the start of the file without one."""
    return Position(file, mark.line + 1, mark.column + 1) if mark is not None else Position(file, 1, 1)


def at_offset(text: str, file: str, offset: int) -> Position:
    """Where a character of a text stands, in lines as an editor counts them."""
    before = text[:offset].replace("\r\n", "\n").replace("\r", "\n")
    return Position(file, before.count("\n") + 1, len(before) - before.rfind("\n"))


def bomb_at(text: str, limit: int) -> Any:
    """The mark of the first alias with which a file comes to hold more than `limit` values; None where it does not."""
    sizes: dict[str, int] = {}
    inside: list[tuple[str | None, int]] = []
    count = 0
    for event in yaml.parse(text, Loader=getattr(yaml, "CSafeLoader", yaml.SafeLoader)):
        if isinstance(event, yaml.AliasEvent):
            count += sizes.get(event.anchor or "", 1)
            if count > limit:
                return event.start_mark
        elif isinstance(event, yaml.ScalarEvent):
            count += 1
            if event.anchor:
                sizes[event.anchor] = 1
        elif isinstance(event, yaml.CollectionStartEvent):
            inside.append((event.anchor, count))
            count += 1
        elif isinstance(event, yaml.CollectionEndEvent):
            anchor, before = inside.pop()
            if anchor:
                sizes[anchor] = count - before
    return None


def unreadable_at(text: str, file: str, error: yaml.YAMLError) -> Position:
    """Where the reader met a character that no YAML file may hold."""
    place = getattr(error, "position", None)
    if not isinstance(place, int) or place > len(text):
        return Position(file, 1, 1)
    # The position is in characters for the Python reader, in bytes for libyaml.
    before = text[:place] if not getattr(error, "encoding", None) else text.encode()[:place].decode(errors="replace")
    return Position(file, before.count("\n") + 1, len(before) - before.rfind("\n"))


def outdented(key: str, at: Position, home: str, *, is_empty: bool) -> Problem:
    """That a key is not indented below what it belongs to, of which nothing else may be there."""
    hint = f"begin it where the other keys of {home} begin"
    hint = f"indent all that belongs to {home} below it" if is_empty else hint
    return Problem(at, "wrong-depth", f"{key!r} is not indented as a part of {home}", hint)


def syntax_problem(error: yaml.MarkedYAMLError, text: str, file: str) -> Problem:
    """A fault of syntax, with a mend where one is likely."""
    mark = error.problem_mark or error.context_mark
    message = (error.problem or "it cannot be read").replace("<file>", file)
    if "another document" in message:
        return Problem(
            place(file, mark), "several-documents", "a second document starts here", "keep one document a file"
        )
    if "undefined alias" in message:
        return Problem(place(file, mark), "unknown-anchor", message, "define it with '&' above")
    if "duplicate anchor" in f"{error.context} {message}":
        hint = "give each its own name"
        return Problem(place(file, mark), "duplicate-anchor", "an anchor of this name is there already", hint)
    lines = text.split("\n")
    if (slip := _slip(error, text, lines)) is not None:
        return slip._replace(at=Position(file, slip.at.line, slip.at.column))
    line = lines[mark.line] if mark is not None and mark.line < len(lines) else ""
    return Problem(
        place(file, mark), "yaml-syntax", f"not YAML: {message}", _mend(message, error.context or "", line, mark)
    )


def _mend(message: str, context: str, line: str, mark: Any) -> str:
    """What likely mends a fault of syntax that was told in these words, at a place of this line."""
    if "\t" in line[: len(line) - len(line.lstrip())] or "'\\t'" in message:
        return "indent with spaces, not with tabs"
    if "mapping values are not allowed" in message:
        is_key = mark is not None and re.fullmatch(r"\s*[\w./-]+", line[: mark.column])
        return "indent it as the line above, or quote text that holds ': '" if is_key else "quote text that holds ': '"
    told = f"{context}: {message}"
    if "{" in line or "[" in line:
        return _in_brackets(told, line[: mark.column].rstrip(), line[mark.column :]) if mark else "quote the expression"
    return next((mend for words, mend in _MENDS if re.search(words, told)), "quote the text")


def _in_brackets(told: str, before: str, rest: str) -> str:
    """What likely mends a line with brackets, which breaks between these two parts of it."""
    if "escape" in told or "hexdec" in told:
        return "write a backslash twice, or use single quotes"
    if not rest.strip() and before.endswith(("[", "{", ",")):
        return "close the bracket, and put commas between what stands in it"
    if "node content" in told and rest.startswith(",") and before.endswith(("[", "{", ",")):
        return "leave out a comma"
    if (wrong := rest[:1]) in ("]", "}") and "',' or" in told and f"',' or '{wrong}'" not in told:
        return f"write {'}' if wrong == ']' else ']'!r} in its place, or before it"
    if "',' or" in told and before.endswith(("]", "}", "'", '"')) and _KEY(rest):
        return "put a comma before it"
    return "quote the expression"


_KEY = re.compile(r"[\"']?[\w./*-]+[\"']?\s*:").match

_MENDS = (
    ("end of stream|quoted scalar: .*document", "close the quote"),
    ("sequence entries are not allowed", "quote the text, or begin the list on a line of its own"),
    ("an anchor|an alias", "write a name after '&' or '*', or quote the text"),
    ("block scalar", "begin the text on the next line"),
    ("escape|hexdec", "write a backslash twice, or use single quotes"),
    ("directive|document", "leave out the line that begins with '%'"),
    ("expected ':'", "write 'key: value'"),
    ("node content|',' or", "close the bracket, and put commas between what stands in it"),
    (
        "while parsing a block .*expected",
        "indent it as the lines of the same mapping or list above, or as deep as what it belongs to",
    ),
)
"""What the reader says (libyaml, or its own Python), as a pattern, and the mend. Anything else is text to be quoted."""


def _slip(error: yaml.MarkedYAMLError, text: str, lines: list[str]) -> Problem | None:
    """A fault that the reader notices only behind its place: a blank that is missing, a quote left open."""
    context, mark = error.context_mark, error.problem_mark
    if (conflict := next((number for number, line in enumerate(lines, 1) if _CONFLICT(line)), 0)) > 0:
        mend = "keep one side, and take out the lines '<<<<<<<', '=======' and '>>>>>>>'"
        return Problem(
            Position("", conflict, 1), "yaml-syntax", "not YAML: a merge conflict is left open here", mend, 7
        )
    if "<document start>" in (error.problem or ""):
        first = next((number for number, line in enumerate(lines, 1) if line.split("#")[0].strip()), 1)
        if lines[first - 1].startswith(" "):
            message = "not YAML: this line is indented, those below it are not"
            return Problem(Position("", first, 1), "yaml-syntax", message, "begin it where they begin")
    if "could not find expected ':'" in (error.problem or "") and context is not None:
        found = _NO_BLANK(lines[context.line], context.column) if context.line < len(lines) else None
        if found is not None:
            return _no_blank(found, context.line + 1)
        if (bare := _no_colon(lines, context.line, context.column)) is not None:
            return bare
    if "mapping values are not allowed" in (error.problem or "") and mark is not None and 0 < mark.line < len(lines):
        above = lines[mark.line - 1]
        found = _NO_BLANK(above, len(above) - len(above.lstrip(" -")))
        if found is not None:
            return _no_blank(found, mark.line)
        start = last.start_mark if (last := _last(text, mark)) is not None and not _is_quoted(last) else mark
        is_first = start.line < mark.line and not lines[start.line][: start.column].strip(" -")
        if is_first and (bare := _no_colon(lines, start.line, start.column)) is not None:
            return bare
    if "quoted scalar" in (error.context or "") and "end of stream" in (error.problem or "") and context is not None:
        at = Position("", context.line + 1, context.column + 1)
        return Problem(at, "yaml-syntax", "not YAML: this quote is never closed", "close the quote", 1)
    last = _last(text, mark)
    if mark is None or last is None or not _is_quoted(last) or last.end_mark.line != mark.line:
        return None
    if last.start_mark.line != mark.line:
        at = Position("", last.start_mark.line + 1, last.start_mark.column + 1)
        return Problem(at, "yaml-syntax", "not YAML: this quote is not closed on its line", "close the quote", 1)
    line, end = lines[mark.line], last.end_mark.column
    if line[end : mark.column].strip() or _KEY(line, mark.column) or not line[mark.column :].strip():
        return None
    quote, other = ("'", '"') if last.style == "'" else ('"', "'")
    mend = f"use {other} around the whole, or for the quotes inside"
    mend = mend if quote in line[mark.column :] else f"put {quote} around the whole text"
    at = Position("", mark.line + 1, mark.column + 1)
    return Problem(at, "yaml-syntax", "not YAML: the text goes on behind its closing quote", mend)


def _no_blank(found: re.Match[str], line: int) -> Problem:
    at = Position("", line, found.end() + 1)
    mend = f"write '{found[1]}: {found.string[found.end() :].strip()}'"
    return Problem(at, "yaml-syntax", "not YAML: a blank is missing after the colon", mend)


_NO_BLANK = re.compile(r"(\w+):(?=\S)").match


def _no_colon(lines: list[str], line: int, column: int) -> Problem | None:
    """What is wrong with a line without a colon, from a column on: it goes on with a text, or lacks the colon."""
    found = _FIRST(lines[line], column) if line < len(lines) else None
    if found is None:
        return None
    first, rest = found[1], found[2].rstrip()
    is_name = _NAME(first) is not None
    if _goes_on(first, rest, lines[:line], is_name=is_name):
        may_be_key = is_name and first[0].islower() and first not in _JOINING
        more = f"; or write '{first}: …' if that is a key" if may_be_key else ""
        hint = f"indent each line of the text deeper than its key{more}"
        at = Position("", line + 1, found.start() + 1)
        return Problem(at, "yaml-syntax", "not YAML: a text goes on here and is not indented", hint)
    at = Position("", line + 1, found.end(1) + 1)
    hint = f"write '{f'{first}: {rest}'.rstrip()}'"
    return Problem(at, "yaml-syntax", f"not YAML: a colon is missing after {first!r}", hint) if is_name else None


def _goes_on(first: str, rest: str, before: list[str], *, is_name: bool) -> bool:
    """Whether a line that begins with a word goes on with the text in the lines before."""
    above = next((each for each in reversed(before) if each.split("#")[0].strip()), "")
    entry = _ENTRY(above)
    text = ((entry[1] or "") if entry else above).strip()
    if _BLOCK(text) or (text and first in _JOINING):
        return True
    words = 0 if text.startswith(("'", '"', "[", "{")) else len(text.split())
    is_prose = not is_name or first[0].isupper() or len(rest.split()) > 1
    return words > 1 and is_prose and _IN_VALUES(rest) is None


_ENTRY = re.compile(r"[ \t-]*[\"']?[\w./*-]+[\"']?[ \t]*:(?:[ \t]+(.*)|$)").match
_BLOCK = re.compile(r"[|>][-+\d]*$").match
_IN_VALUES = re.compile(r"[<>=(\[{]").search
_JOINING = ("and", "or", "not", "if", "else", "in")
_FIRST = re.compile(r"([^\s#]\S*)[ \t]*((?:(?! #).)*)").match
_NAME = re.compile(r"[A-Za-z_][\w-]*").fullmatch
_CONFLICT = re.compile(r"<{7}(?: |$)").match


def _is_quoted(token: yaml.ScalarToken) -> bool:
    return token.style in ("'", '"')


def _last(text: str, mark: Any) -> Any:
    """The last scalar before the place where the syntax breaks; None without one."""
    last = None
    if mark is None:
        return None
    try:
        for token in yaml.scan(text[: mark.index], Loader=getattr(yaml, "CSafeLoader", yaml.SafeLoader)):
            if isinstance(token, yaml.ScalarToken):
                last = token
    except yaml.YAMLError:
        pass
    return last
