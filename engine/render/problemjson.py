"""Problems as data: `schemas/problems.schema.json` describes it."""

from __future__ import annotations

import json
from typing import Any

from ..validation import Outcome

SCHEMA = "trainrules/problems/1"


def render(outcome: Outcome) -> str:
    """The files and their problems as JSON text."""
    return json.dumps(data(outcome), indent=2, ensure_ascii=False) + "\n"


def data(outcome: Outcome) -> dict[str, Any]:
    """The files and their problems as plain data."""
    return {
        "schema": SCHEMA,
        "files": [{"path": each.path, "kind": each.kind} for each in outcome.files],
        "problems": [
            {
                "file": each.at.file,
                "line": each.at.line or None,
                "column": each.at.column or None,
                "width": each.width or None,
                "severity": each.severity,
                "code": each.code,
                "message": each.message,
                "hint": each.hint,
            }
            for each in outcome.problems
        ],
        "notes": [each._asdict() for each in outcome.notes],
    }
