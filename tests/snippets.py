"""Runs the snippets of the pages of codes, each put into the file that it is a piece of."""

from __future__ import annotations

import re
from pathlib import Path

from trainrules.engine.codes.pages import Snippet
from trainrules.engine.validation.check import Checker

HEAD = {"schema": "schema: 1", "pack": "pack: demo", "version": "version: 1.0.0", "title": "title: Demo"}
METRICS = "metrics: {loss: {keys: [loss], required: true}}"
TESTED = "\n".join(
    [
        *HEAD.values(),
        "clock: {step: [step]}",
        METRICS,
        "params: {limit: {default: 2, min: 0, max: 9}}",
        "rules:",
        "  high: {title: Loss is high, cause: diverging, severity: warning, when: loss > limit}",
        "gates: {calm: {require: {low_loss: {value: loss, below: limit}}}}",
        "variants: {late: {set: {limit: 3}}}",
    ]
)
"""The pack that the pieces of tests and overrides are for."""

Told = tuple[int, int, str, int]
"""A line and a column of a snippet, the code that is reported there, and the width of what is wrong."""


def told(snippet: Snippet, folder: Path) -> list[Told]:
    """What is reported of a snippet in `folder`, by its own lines; what is wrong elsewhere has a line below 1."""
    text, above = _whole(snippet)
    path = folder / {"pack": "demo.yaml", "tests": "demo.test.yaml", "overrides": "demo.override.yaml"}[snippet.kind]
    if snippet.kind != "pack":
        (folder / "demo.yaml").write_text(TESTED, encoding="utf-8")
    # Control characters are shown by their pictures.
    path.write_text(re.sub("[\u2400-\u241f]", lambda found: chr(ord(found[0]) - 0x2400), text), encoding="utf-8")
    outcome = Checker(str(folder / "demo.yaml"), prepares=False).outcome([str(path)])
    return [(each.at.line - above, each.at.column, each.code, each.width) for each in outcome.problems]


def _whole(snippet: Snippet) -> tuple[str, int]:
    """A whole file with the snippet at its end, and how many lines stand above it."""
    own = set(re.findall(r"^(\w+):", snippet.text, re.M))
    if snippet.kind == "overrides" or snippet.text.startswith("-"):
        return snippet.text, 0
    if snippet.kind == "tests":
        lines = [] if "schema" in own else ["schema: 1"]
    else:
        lines = [line for key, line in HEAD.items() if key not in own]
        lines += [] if "metrics" in own or "extends" in own else [METRICS]
    return "".join(f"{line}\n" for line in lines) + snippet.text, len(lines)
