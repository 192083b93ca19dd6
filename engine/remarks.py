"""Comments in expressions: where lines are folded into one, what follows a comment on them would be left out unseen."""

from __future__ import annotations

import re

from .errors import Position, Problem

_PARTS = re.compile(r"""'(?:[^'\\]|\\.)*'|"(?:[^"\\]|\\.)*"|#[^\n]*""")
"""A text in quotes, or a comment."""


def hiding(text: str, at: Position) -> Problem | None:
    """The comment in an expression at `at` that hides what stands on the lines below it, if there is one."""
    for found in _PARTS.finditer(text):
        if not found[0].startswith("#"):
            continue
        place = at.within(text, found.start())
        if place.line != at.within(text, found.start() + len(found[0].rstrip()) - 1).line:
            message = "not an expression: a comment hides the rest of it, as these lines are folded into one"
            hint = "put the comment above the key, or write the expression after '|', which keeps its lines"
            return Problem(place, "expression-syntax", message, hint, 1)
    return None
