"""DuckDB itself: its extension module, without the Python package around it.

`import duckdb` spends most of its time on relations, expressions and data frames. The connection and the errors, which
are all that is used here, it re-exports from the extension.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import duckdb
else:
    try:
        import _duckdb as duckdb
    except ImportError:  # nobody has promised that it stays where it is
        import duckdb

IS_DUCKDB_1 = duckdb.__version__.startswith("1.")
"""Whether this is the line before 2.0, whose optimizer is not trusted with everything."""

__all__ = ["IS_DUCKDB_1", "duckdb"]
