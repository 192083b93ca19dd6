"""Each code has a page, and what its snippets show is true."""

from __future__ import annotations

from pathlib import Path

import pytest

from trainrules.engine.codes.pages import Page, Snippet, all_codes, page

from .snippets import told

UNSHOWN = {"sql-refused", "duplicate-pack"}
"""What no pack is known to bring about (test_validate holds statements that strain it), and what takes two packs."""

PAGES = [page(code) for code in all_codes()]
CASES = [(each, snippet) for each in PAGES for snippet in each.snippets]
IDS = [f"{each.code} {'fails' if snippet.fails else 'passes'}" for each, snippet in CASES]


@pytest.mark.parametrize(("each", "snippet"), CASES, ids=IDS)
def test_snippets(tmp_path: Path, each: Page, snippet: Snippet) -> None:
    found = told(snippet, tmp_path)
    if not snippet.fails:
        assert found == []
        return
    assert {code for _, _, code, _ in found} == {each.code}
    assert [(line, column, width) for line, column, _, width in found] == list(snippet.places)


@pytest.mark.parametrize("each", PAGES, ids=lambda each: each.code)
def test_pages_say_what_and_why(each: Page) -> None:
    assert each.title.endswith(".")
    assert each.why
    assert {snippet.fails for snippet in each.snippets} == (set() if each.code in UNSHOWN else {True, False})
