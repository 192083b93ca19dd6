"""The formats of logs: each module is one, and has its reader in READER (see `registry`)."""
