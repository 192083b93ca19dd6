"""One case → the report on its run: the data become a log in a folder of its own, which `evaluate` judges."""

from __future__ import annotations

import json
from pathlib import Path
from tempfile import TemporaryDirectory

from ..errors import LogError
from ..evaluate import evaluate
from ..pack import Pack
from ..report import Report
from ..verdict import settle, unjudged
from .model import Case


def judge(pack: Pack, case: Case) -> Report:
    """The report on the run of a case; raises OverrideError where its settings contradict one another."""
    with TemporaryDirectory(prefix="trainrules-", ignore_cleanup_errors=True) as name:
        place = Path(name).resolve()
        log = place / "run.jsonl" if case.data.path is None else Path(case.data.path)
        if case.data.path is None:
            text = (
                "".join(json.dumps(row) + "\n" for row in case.data.rows) if case.data.text is None else case.data.text
            )
            log.write_text(text, encoding="utf-8", newline="")
        checkpoints = place / "checkpoints"
        checkpoints.mkdir()
        for checkpoint in case.checkpoints or ():
            (checkpoints / checkpoint).mkdir()
        try:
            report = evaluate(
                log,
                pack=pack,
                variant=case.variant,
                settings=case.settings,
                override_files=case.override_files,
                checkpoints=None if case.checkpoints is None else checkpoints,
                now=case.now,
                project=place,
            )
        except LogError as error:
            report = unjudged(log.name, error.message, pack=pack.id, version=pack.version, title=pack.title)
        return settle(report)[0]
