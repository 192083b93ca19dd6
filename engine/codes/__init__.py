"""The codes of problems: what each is called, and one module a code whose docstring is its page.

`rules explain CODE` and docs/checks/ show these pages; `pages.py` reads them. The module of a code has the code's name,
with `_` for `-`; the pages of lints stand with the lints. A docstring says in its first line what is wrong, then why
that matters, and has a snippet that `fails::` with carets under what is reported, and one that `passes::`.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Literal, TypeAlias

Severity: TypeAlias = Literal["error", "warning"]

Code: TypeAlias = Literal[
    # the file
    "no-file",
    "not-text",
    "too-large",
    "too-deep",
    "wrong-file",
    # YAML
    "yaml-syntax",
    "several-documents",
    "duplicate-key",
    "bad-key",
    "yaml-tag",
    "unknown-anchor",
    "duplicate-anchor",
    "unquoted-comma",
    # the shape of a value
    "unknown-key",
    "missing-key",
    "empty-value",
    "wrong-type",
    "wrong-depth",
    "unknown-choice",
    "duplicate-entry",
    "out-of-range",
    "bad-range",
    "bad-length",
    "bad-name",
    "bad-time",
    "wrong-order",
    "contradiction",
    # expressions
    "expression-syntax",
    "not-in-language",
    "too-long",
    "unknown-name",
    "unknown-function",
    "wrong-arguments",
    "type-mismatch",
    "not-constant",
    "no-rows",
    "no-direction",
    "bad-window",
    "misplaced-window",
    "bad-invariant",
    "circular-definition",
    "no-value",
    # texts and patterns
    "bad-placeholder",
    "unknown-placeholder",
    "bad-pattern",
    "bad-glob",
    "uneven-keys",
    # names
    "name-clash",
    "reserved-name",
    "unknown-metric",
    "unknown-param",
    "unknown-window",
    "unknown-rule",
    "unknown-action",
    "unknown-command",
    "unknown-label",
    "unknown-family",
    "unknown-twin",
    "unknown-gate",
    "unknown-stage",
    "unknown-requirement",
    "unknown-variant",
    "computed-metric",
    # packs of one another
    "unknown-pack",
    "unknown-parent",
    "circular-extends",
    "duplicate-pack",
    # settings
    "bad-setting",
    "out-of-bounds",
    # the database
    "sql-refused",
    # comments
    "unknown-code",
    "unused-disable",
    # tests of packs
    "bad-table",
    "bad-series",
    "unknown-column",
]
"""What is found while a file is read; lints have codes of their own, those of their modules."""

UNKNOWN: Mapping[str, Code] = {
    "metric": "unknown-metric",
    "param": "unknown-param",
    "window": "unknown-window",
    "rule": "unknown-rule",
    "invariant": "unknown-rule",
    "action": "unknown-action",
    "command": "unknown-command",
    "label": "unknown-label",
    "family": "unknown-family",
    "gate": "unknown-gate",
    "stage": "unknown-stage",
}
"""The code for a name that nothing has, by the noun for what it should name."""
