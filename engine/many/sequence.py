"""Some runs judged in this process, one after the other."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from ..errors import TrainrulesError
from ..evaluate import evaluate
from ..opened import AUTO
from ..shelf import load_pack
from .model import Asked, Judged


def judge(logs: Iterable[str], asked: Asked) -> Iterator[Judged]:
    """What becomes of each run, in the order of the logs."""
    known = asked
    for log in logs:
        try:
            if isinstance(known.pack, str) and known.pack != AUTO:
                known = asked._replace(pack=load_pack(known.pack))
            yield Judged(log, evaluate(log, **known._asdict()))
        except TrainrulesError as error:
            yield Judged(log, error=error)
