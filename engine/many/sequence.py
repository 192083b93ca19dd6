"""Some runs judged in this process: together where they can be, else one after the other."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import TYPE_CHECKING

from ..shelf import kept_in
from .model import Asked, Judged

if TYPE_CHECKING:
    from ..pack import Pack


def judge(logs: Iterable[str], asked: Asked) -> Iterator[Judged]:
    """What becomes of each run, in the order of the logs; whatever goes wrong is the error of one of them."""
    from ..evaluate import evaluate
    from .batch import batch_of, together

    given = asked._asdict()
    packs: dict[str, Pack] = {}
    with kept_in(packs):
        batch = batch_of(asked)
    for log, report in together(logs, batch):
        if report is not None:
            yield Judged(log, report)
            continue
        with kept_in(packs):
            try:
                judged = Judged(log, evaluate(log, **given))
            except Exception as error:
                judged = Judged(log, error=error)
        yield judged
