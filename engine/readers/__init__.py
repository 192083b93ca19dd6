"""Readers: log formats → a typed DuckDB table, one row a log row."""
