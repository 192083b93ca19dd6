"""The report on a log that could not be judged, with what is known of the pack all the same."""

from __future__ import annotations

from os.path import basename

from .errors import LogError, TrainrulesError
from .opened import AUTO
from .report import Report
from .shelf import load_pack
from .verdict import unjudged


def report_on(log: str, error: LogError, pack: str) -> Report:
    """The report on a log with the pack's own name and version where it can be read, and the reason."""
    if pack == AUTO:
        from .detect import NoPackError

        fits = error.fits if isinstance(error, NoPackError) else ()
        return unjudged(log, error.message, pack=pack)._replace(chosen=pack, candidates=fits)
    try:
        known = load_pack(pack)
    except TrainrulesError:
        return unjudged(log, error.message, pack=basename(pack))
    return unjudged(log, error.message, pack=known.id, version=known.version, title=known.title)
