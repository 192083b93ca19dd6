"""Readers: log formats → a typed DuckDB table, one row a log row."""

from __future__ import annotations

from .model import Run, Wanted, WantedMetric

__all__ = ["Run", "Wanted", "WantedMetric", "read"]


def read(path: str, wanted: Wanted, *, threads: int | None = None, memory_limit: str | None = None) -> Run:
    """Read the log at `path` (`-`: standard input) into a table; raises LogError when it cannot be judged."""
    from .jsonl import read as read_jsonl

    return read_jsonl(path, wanted, threads=threads, memory_limit=memory_limit)
