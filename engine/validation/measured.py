"""How long what stands wrong is: the key, value or word at a place of a file."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from ..errors import Problem
from ..items import MAX_DEPTH

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
                widths[file] = {} if file.endswith(".toml") else _scalars(source)
            width = widths[file].get((line, column), 0)
        if not width:
            word = _WORD.match(text, column - 1)
            width = len(word[0]) if word else 1
        found.append(problem._replace(width=max(1, min(width, len(text) - column + 1))))
    return found


def _scalars(source: str) -> dict[tuple[int, int], int]:
    """The keys and values of a file by the place of their first character, each with its length in its first line."""
    lines = source.split("\n")
    found: dict[tuple[int, int], int] = {}
    for start, end, style in scalars(source):
        if style in ("|", ">"):
            continue
        quote = bool(style)
        last = end.column if end.line == start.line else len(lines[start.line].rstrip())
        is_closed = quote and end.line == start.line
        found[start.line + 1, start.column + 1 + quote] = last - start.column - quote - is_closed
    return found


def scalars(source: str) -> Iterator[tuple[Any, Any, str | None]]:
    """The marks of the start and the end of each scalar of a file, and its style; none behind what is refused.

    What is nested deeper than a file may be takes the scanner longer with each level.
    """
    import yaml

    opening = (
        yaml.FlowSequenceStartToken,
        yaml.FlowMappingStartToken,
        yaml.BlockSequenceStartToken,
        yaml.BlockMappingStartToken,
    )
    closing = (yaml.FlowSequenceEndToken, yaml.FlowMappingEndToken, yaml.BlockEndToken)
    depth = 0
    try:
        for token in yaml.scan(source, Loader=getattr(yaml, "CSafeLoader", yaml.SafeLoader)):
            if isinstance(token, yaml.ScalarToken):
                yield token.start_mark, token.end_mark, token.style
            elif isinstance(token, opening):
                depth += 1
            elif isinstance(token, closing):
                depth -= 1
            if depth > MAX_DEPTH:
                return
    except yaml.YAMLError:
        return
