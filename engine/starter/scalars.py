"""Texts of a log as YAML holds them: in scalars and in comments, whatever characters they have."""

from __future__ import annotations

import json
import re

_PLAIN = re.compile(r"[A-Za-z][\w./-]*[A-Za-z0-9]|[A-Za-z]", re.ASCII).fullmatch
_WORDS = frozenset({"true", "false", "null", "nan", "inf", "yes", "no", "on", "off", "y", "n"})
SHOWN = 60


def scalar(text: str) -> str:
    """A text as a scalar of a flow mapping: plain where nothing could take it for something else, else in quotes."""
    return text if _PLAIN(text) and text.lower() not in _WORDS else quoted(text)


def quoted(text: str) -> str:
    """A text in double quotes, on one line, what cannot be printed as escapes."""
    return "".join(_escaped(sign) for sign in json.dumps(text, ensure_ascii=False))


def shown(text: str) -> str:
    """A text in a comment: in quotes, and cut where it is long."""
    return quoted(text if len(text) <= SHOWN else f"{text[: SHOWN - 1]}…")


def _escaped(sign: str) -> str:
    if sign.isprintable():
        return sign
    return f"\\u{ord(sign):04x}" if ord(sign) < 0x10000 else f"\\U{ord(sign):08x}"
