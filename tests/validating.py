"""Packs and files for the tests of `rules validate`: how they are written, validated, and what was told."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from trainrules import cli
from trainrules.engine.validation.check import Checker

ROOT = Path(__file__).resolve().parents[1]
HEAD = "schema: 1\npack: mine\nversion: 1.0.0\ntitle: Mine\n"
METRICS = "metrics: {loss: {keys: [loss], required: true}}\n"
RULES = "rules:\n  high: {title: High loss, cause: diverging, severity: warning, when: loss > 5}\n"
GOOD = HEAD + METRICS + RULES
LIMITED = GOOD.replace("loss > 5", "loss > limit") + "params: {limit: {default: 2, min: 0, max: 9}}\n"
TESTS = (
    "schema: 1\ntests:\n  - {name: low, series: {loss: 1x9}, expect: {rules: {high: ok}}}\n"
    "  - {name: high, series: {loss: 9x9}, expect: {rules: {high: firing}}}\n"
)
OVERRIDES = "params: {limit: 3}\n"
WATCHED = "  low: {title: Low loss, cause: stalled, severity: warning, when: loss < 0}\n"

Write = Callable[..., Path]
Run = Callable[..., tuple[int, str, str]]


def writer(folder: Path) -> Write:
    """Writes files by name into a folder."""

    def files(**texts: str) -> Path:
        for name, text in texts.items():
            path = folder / name.replace("__", "/").replace("_DOT_", ".")
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(text, encoding="utf-8")
        return folder

    return files


def runner(capsys: pytest.CaptureFixture[str]) -> Run:
    """Runs `rules validate`; gives the exit code, standard output and standard error."""

    def validate(*arguments: str) -> tuple[int, str, str]:
        with pytest.raises(SystemExit) as left:
            cli.main(["validate", *arguments])
        out, err = capsys.readouterr()
        return int(left.value.code or 0), out, err

    return validate


def told(*paths: str, pack: str | None = None) -> list[str]:
    outcome = Checker(pack, prepares=False).outcome(paths)
    return [f"{each.at} {each.code}" for each in outcome.problems]
