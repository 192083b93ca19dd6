"""The history of a Keras training: a list for each metric, with a value for each epoch."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from ..registry import Reader

if TYPE_CHECKING:
    from collections.abc import Mapping

    from ..model import Run
    from ..opening import Head, Opening

_INSIDE = ("metrics", "history")
_EPOCHS = ("epoch", "epochs")


def _claims(head: Head) -> bool:
    """Whether the first field of an object is a list of numbers, or an object of such lists, and it is no row."""
    text = head.text.lstrip()
    if not head.is_document or text[:1] != "{" or _is_row(text):
        return False
    for _ in range(2):
        _, colon, rest = text[1:].partition(":")
        rest = rest.lstrip()
        if colon and rest[:1] == "[":
            value = rest[1:].lstrip()[:3]
            return (value[:1] in "-0123456789" and bool(value)) or value in ("NaN", "Inf")
        if rest[:1] != "{":
            return False
        text = rest
    return False


def _is_row(text: str) -> bool:
    """Whether the text is an object with a number or a text in it, as rows have and histories have not."""
    try:
        found = json.loads(text)
    except (ValueError, RecursionError):
        return False
    return not all(isinstance(value, (list, dict)) for value in found.values())


def _read(opening: Opening) -> Run:
    from ...errors import LogError
    from ..documents import Row, text_of, written
    from ..jsonl import read_told

    text = text_of(opening)
    try:
        given = json.loads(text)
    except (ValueError, RecursionError) as error:
        raise LogError(f"the JSON is broken: {error}", path=opening.path, hint="write the file anew") from None
    columns = _columns(given)
    if not columns:
        hint = "give an object with a list for each metric, or name another --input-format"
        raise LogError("no lists of one value for each epoch", path=opening.path, hint=hint)
    epochs = next((columns.pop(name) for name in _EPOCHS if name in columns), None)
    length = max(len(values) for values in columns.values())
    rows = []
    for n in range(length):
        row = {name: values[n] for name, values in columns.items() if n < len(values)}
        epoch = epochs[n] if epochs is not None and n < len(epochs) else n
        rows.append(Row(json.dumps({"epoch": epoch, **row}), 0))
    told = opening.stack.enter_context(written(opening, rows))
    return read_told(opening, told, READER.id, lines=text.count("\n"))


def _columns(given: Any) -> dict[str, list[Any]]:
    """The lists of a history by their names, those of an inner object among them."""
    if not isinstance(given, dict):
        return {}
    found: Mapping[str, Any] = given
    for name in _INSIDE:
        if isinstance(given.get(name), dict):
            found = {**given[name], **{key: given[key] for key in _EPOCHS if key in given}}
    return {str(name): values for name, values in found.items() if isinstance(values, list) and values}


READER = Reader(
    "keras",
    "The history of a Keras training, a list for each metric",
    ("history.json",),
    _claims,
    _read,
    rank=1,
    help="Epochs count from 0 where the file has no list of them; the lists may be under `metrics` or `history`.",
)
