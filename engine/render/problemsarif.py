"""Problems as SARIF 2.1.0, the format in which code scanning takes the findings of a tool."""

from __future__ import annotations

import json
import os
from typing import Any
from urllib.parse import quote

from ..codes.pages import page
from ..errors import Problem
from ..validation import Note, Outcome

SCHEMA = "https://json.schemastore.org/sarif-2.1.0.json"


def render(outcome: Outcome) -> str:
    """One run with one result a problem, and the page of each code that occurs."""
    codes = sorted({each.code for each in outcome.problems})
    run = {
        "tool": {"driver": {"name": "trainrules", "rules": [_rule(code) for code in codes]}},
        "columnKind": "unicodeCodePoints",
        "results": [_result(each, codes.index(each.code)) for each in outcome.problems],
    }
    if outcome.notes:
        told = [_notification(each) for each in outcome.notes]
        run["invocations"] = [{"executionSuccessful": True, "toolExecutionNotifications": told}]
    return json.dumps({"$schema": SCHEMA, "version": "2.1.0", "runs": [run]}, indent=2, ensure_ascii=False) + "\n"


def _rule(code: str) -> dict[str, Any]:
    found = page(code)
    return {
        "id": code,
        "shortDescription": {"text": found.title},
        "fullDescription": {"text": " ".join(found.why.split()) or found.title},
        "help": {"text": found.text, "markdown": found.markdown},
        "defaultConfiguration": {"level": found.severity},
    }


def _result(problem: Problem, index: int) -> dict[str, Any]:
    text = f"{problem.message}; {problem.hint}" if problem.hint else problem.message
    return {
        "ruleId": problem.code,
        "ruleIndex": index,
        "level": problem.severity,
        "message": {"text": text},
        "locations": [{"physicalLocation": _place(problem)}],
    }


def _place(problem: Problem) -> dict[str, Any]:
    file, line, column = problem.at
    place: dict[str, Any] = {"artifactLocation": _artifact(file)}
    if line:
        place["region"] = {"startLine": line}
    if line and column:
        place["region"] |= {"startColumn": column, "endColumn": column + max(problem.width, 1)}
    return place


def _notification(note: Note) -> dict[str, Any]:
    return {
        "level": "note",
        "message": {"text": f"{note.message}; {note.hint}"},
        "locations": [{"physicalLocation": {"artifactLocation": _artifact(note.file)}}],
    }


def _artifact(file: str) -> dict[str, str]:
    return {"uri": quote(os.path.normpath(file).replace(os.sep, "/"))}
