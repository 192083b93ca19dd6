"""What a file is that is no log of JSON lines, so that the error can say what to do."""

from __future__ import annotations

import json
from typing import Any

from ..errors import LogError
from .lines import Lines
from .normalise import BINARY, TURN, Source

_WHOLE = 1 << 26  # bytes up to which a file is tried as one document
_HEAD = 1 << 16
CONSOLE_HINT = "give the JSON lines log that the trainer writes"


def other_format(source: Source, path: str, counted: Lines) -> LogError | None:
    """The error for a file that is something else; None if it may still be a log of JSON lines."""
    with open(source.path, encoding="utf-8", errors="replace") as stream:
        head = stream.read(_HEAD)
        whole = head + stream.read() if source.size <= _WHOLE and head.lstrip()[:1] in ("{", "[") else head
    name = _document(whole.replace(TURN, " "))
    if name is not None:
        what, hint = name
        return LogError(f"this looks like {what}, not like JSON lines", path=path, hint=hint)
    if counted.objects:
        return None
    what, hint = BINARY if source.binary else _text(head)
    return LogError(f"no line is a JSON object: {what}", path=path, line=min(counted.bad, default=0), hint=hint)


def may_be_console(source: Source) -> bool:
    """Whether the first lines of a file are no JSON objects."""
    with open(source.path, encoding="utf-8", errors="replace") as stream:
        lines = stream.read(_HEAD).splitlines()
    return not any(line.lstrip()[:1] == "{" and line.lstrip()[1:].lstrip()[:1] in ('"', "}") for line in lines)


def _document(text: str) -> tuple[str, str] | None:
    """What one JSON document is."""
    try:
        document: Any = json.loads(text)
    except (ValueError, RecursionError):
        return None
    if isinstance(document, dict) and "\n" in text.strip():
        return "one JSON document spread over several lines", "write one JSON object for each row: jq -c"
    if isinstance(document, list):
        return "a JSON array", "write its items one a line: jq -c '.[]'"
    return None


def _text(head: str) -> tuple[str, str]:
    if _is_binary(head):
        return BINARY
    lines = [line for line in head.splitlines() if line.strip()]
    if not lines:
        return "the file is blank", "wait until the run has logged something"
    commas = [line.count(",") for line in lines[:3]]
    names = commas[0] - _thousands(lines[0])  # a table's first line has names between its commas
    if len(commas) > 1 and names and len(set(commas)) == 1 and "{" not in lines[0]:
        return "this looks like a table", "read it with --input-format csv: its first line must name the columns"
    if _is_like_json(lines[0].lstrip()):
        if any(line.lstrip().startswith("{'") for line in lines):
            return "these look like Python dictionaries", "write them with json.dumps"
        return "the lines are not valid JSON", "write one JSON object a line"
    return "this looks like console output", CONSOLE_HINT


def _thousands(line: str) -> int:
    """How many commas of a line stand within a number, as in "loss=10,500"."""
    before, after = line.split(",")[:-1], line.split(",")[1:]
    return sum(
        one[-1:].isdigit() and other[:3].isdigit() and len(other[:3]) == 3 and not other[3:4].isalnum()
        for one, other in zip(before, after, strict=True)
    )


def _is_like_json(line: str) -> bool:
    """Whether a line begins as an object or an array does; "[Epoch 1]" and "[12:30:05]" do not."""
    if not line.startswith("["):
        return line.startswith("{")
    rest = line[1:].lstrip()
    first = rest.replace("]", ",").partition(",")[0].strip()
    return not first or first[0] in '[{"' or first in ("true", "false", "null") or _is_number(first)


def _is_number(text: str) -> bool:
    try:
        float(text)
    except ValueError:
        return False
    return True


def _is_binary(head: str) -> bool:
    """Whether a tenth of what is no space stands for nothing that can be read, ANSI codes of a terminal aside."""
    signs = [sign for sign in head if not sign.isspace() and sign != "\x1b"]
    return sum(sign == "\ufffd" or sign < " " or sign == "\x7f" for sign in signs) * 10 > len(signs)
