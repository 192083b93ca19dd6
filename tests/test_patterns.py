"""What Python's regular expressions have and DuckDB's do not."""

from __future__ import annotations

import re

import duckdb
import pytest

from trainrules.engine.patterns import foreign


@pytest.mark.parametrize(
    ("pattern", "found"),
    [
        (r"^(\d+)/", ""),
        (r"(?i)step (?P<n>[0-9]{1,1000})", ""),
        (r"(?:a|b)+?(c)\b", ""),
        (r"(\++)", ""),
        (r"(a)(?=b)", "look-around"),
        (r"(?<!a)(b)", "look-around"),
        (r"(a)\1", "back references"),
        (r"(?P<n>a)(?P=n)", "back references"),
        (r"(a++)", "possessive groups and repetitions"),
        (r"(?>a)(b)", "possessive groups and repetitions"),
        (r"(a)(?(1)b|c)", "conditions"),
        (r"(?#c)(a)", "comments"),
        (r"(?x)(a)", "flags but i, m and s"),
        (r"(?a:x)(a)", "flags but i, m and s"),
        (r"(a)\Z", r"\Z (write $)"),
        (r"(\u0041)", "escapes by code or name (write the character)"),
        (r"(\N{DIGIT ONE})", "escapes by code or name (write the character)"),
        (r"a{1001}(x)", "counted repetitions above 1000"),
        (r"a{2,1001}(x)", "counted repetitions above 1000"),
    ],
)
def test_what_re2_lacks_is_named(pattern: str, found: str) -> None:
    re.compile(pattern)
    assert foreign(pattern) == found
    query = duckdb.connect().execute
    if found:
        with pytest.raises(duckdb.Error):
            query("SELECT regexp_extract('x', $1, 1)", [pattern])
    else:
        query("SELECT regexp_extract('x', $1, 1)", [pattern])
