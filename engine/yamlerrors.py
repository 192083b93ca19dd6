"""What the YAML reader complains of, in the words of this package, at its place in the file."""

from __future__ import annotations

from typing import Any

import yaml

from .errors import Position, Problem


def place(file: str, mark: Any) -> Position:
    """Where a mark of the reader stands; the start of the file without one."""
    return Position(file, mark.line + 1, mark.column + 1) if mark is not None else Position(file, 1, 1)


def unreadable_at(text: str, file: str, error: yaml.YAMLError) -> Position:
    """Where the reader met a character that no YAML file may hold."""
    place = getattr(error, "position", None)
    if not isinstance(place, int) or place > len(text):
        return Position(file, 1, 1)
    # The position is in characters for the Python reader, in bytes for libyaml.
    before = text[:place] if not getattr(error, "encoding", None) else text.encode()[:place].decode(errors="replace")
    return Position(file, before.count("\n") + 1, len(before) - before.rfind("\n"))


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
    lines = text.splitlines()
    line = lines[min(mark.line, len(lines) - 1)] if mark is not None and lines else ""
    hint = ""
    if "\t" in line[: len(line) - len(line.lstrip())] or "'\\t'" in message:
        hint = "indent with spaces, not with tabs"
    elif "mapping values are not allowed" in message:
        hint = "quote text that holds ': '"
    elif "{" in line or "[" in line:
        hint = "quote the expression"
    elif "end of stream" in message:
        hint = "close the quote"
    elif "cannot start any token" in message:
        hint = "quote the text"
    return Problem(place(file, mark), "yaml-syntax", f"not YAML: {message}", hint)
