"""The trainer_state.json that the Hugging Face Trainer keeps in every checkpoint: each logged row once."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ..registry import Reader

if TYPE_CHECKING:
    from ..model import Run
    from ..opening import Head, Opening

_ROWS = "log_history"


def _claims(head: Head) -> bool:
    return head.is_document and head.text.lstrip()[:1] == "{" and f'"{_ROWS}"' in head.text


def _read(opening: Opening) -> Run:
    from ...errors import LogError
    from ...surroundings import is_over, of_trainer_state
    from ..documents import document, text_of, written
    from ..jsonl import read_told

    found = document(text_of(opening), _ROWS)
    if not found.rows:
        hint = "wait until the run has logged something, or name another --input-format"
        raise LogError(f"no rows in {_ROWS!r}", path=opening.path, hint=hint)
    told = opening.stack.enter_context(written(opening, found.rows))
    known = of_trainer_state(found.fields)
    run = read_told(opening, told, READER.id, known=known, malformed=found.malformed, lines=found.lines)
    if is_over(found.fields):
        run.facts = run.facts._replace(ended=True)
    return run


READER = Reader(
    "trainer_state",
    "The state that the Hugging Face Trainer keeps in each checkpoint",
    ("trainer_state.json",),
    _claims,
    _read,
    help="The rows of `log_history`; `max_steps` is the total, and the best checkpoint is what the trainer says it is.",
)
