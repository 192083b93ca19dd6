"""How long what stands wrong is: the key, value or word at a place of a file."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence

from ..errors import Problem

_WORD = re.compile(r"[\w.]+|\S")


def measured(problems: Sequence[Problem], sources: Mapping[str, str]) -> list[Problem]:
    """The problems with their widths, those of the texts at their places where they were not known."""
    widths: dict[str, dict[tuple[int, int], int]] = {}
    found = []
    for problem in problems:
        file, line, column = problem.at
        source = sources.get(file)
        if source is None or not line or not column:
            found.append(problem)
            continue
        lines = source.split("\n")
        text = lines[line - 1].rstrip("\r") if line <= len(lines) else ""
        width = problem.width
        if not width:
            if file not in widths:
                widths[file] = _scalars(source)
            width = widths[file].get((line, column), 0)
        if not width:
            word = _WORD.match(text, column - 1)
            width = len(word[0]) if word else 1
        found.append(problem._replace(width=max(1, min(width, len(text) - column + 1))))
    return found


def _scalars(source: str) -> dict[tuple[int, int], int]:
    """The keys and values of a file by the place of their first character, each with its length in its first line."""
    import yaml

    lines = source.split("\n")
    found: dict[tuple[int, int], int] = {}
    try:
        for token in yaml.scan(source, Loader=getattr(yaml, "CSafeLoader", yaml.SafeLoader)):
            if not isinstance(token, yaml.ScalarToken) or token.style in ("|", ">"):
                continue
            start, end, quote = token.start_mark, token.end_mark, bool(token.style)
            last = end.column if end.line == start.line else len(lines[start.line].rstrip())
            is_closed = quote and end.line == start.line
            found[start.line + 1, start.column + 1 + quote] = last - start.column - quote - is_closed
    except yaml.YAMLError:
        pass
    return found
