"""Whatever a pack and a log are: no traceback, nothing that validate passes and eval refuses, always the same bytes."""

from __future__ import annotations

import io
import json
import re
from collections import Counter
from contextlib import chdir, redirect_stderr, redirect_stdout
from pathlib import Path

import pytest
from hypothesis import given, settings

from trainrules import cli

from .packdraws import Drawn, drawn

EXAMPLES = 4
"""Of a hundred that other properties look at; each is a pack that is validated, and judged twice."""


def command(*arguments: str) -> tuple[int, str, str]:
    """The exit code of a command, and what it wrote to either stream."""
    out, err = io.StringIO(), io.StringIO()
    with redirect_stdout(out), redirect_stderr(err):
        code = cli._guarded(lambda: cli.rules.main(list(arguments), prog_name="rules", standalone_mode=False))
    return code, out.getvalue(), err.getvalue()


def outcome(case: Drawn, place: Path) -> str:
    """What became of a pack and a log, where all went as it must: refused, judged, or a log that is none."""
    (place / "pack.yaml").write_text(case.pack, encoding="utf-8")
    (place / "run.jsonl").write_text(case.log, encoding="utf-8")
    code, said, told = command("validate", "pack.yaml")
    assert code in (0, 1, 2), (code, said, told)
    assert "internal error" not in said + told
    evaluation = ("eval", "--isolated", "--pack", "pack.yaml", "--format", "json")
    found = command(*evaluation, "run.jsonl")
    assert "internal error" not in found[2], found[2]
    if code == 2 or "error[" in said:
        assert re.search(r"^pack\.yaml:\d+:\d+: ", said, re.MULTILINE), said
        return "refused"
    assert found[0] in (0, 1, 3), (found, said)
    assert command(*evaluation, "--threads", "1", "run.jsonl") == found
    report = json.loads(found[1])
    variant = command(*evaluation, "--variant", "other", "run.jsonl")
    assert variant[0] in (0, 1, 3) or case.is_bent, variant
    return "judged" if report["verdict"] != "unknown" else "not judged"


def looked_at(place: Path, amount: int) -> Counter[str]:
    """What became of so many drawn packs, by whether they were bent."""
    seen: Counter[str] = Counter()

    @settings(max_examples=amount)
    @given(drawn())
    def holds(case: Drawn) -> None:
        seen[f"{'bent' if case.is_bent else 'whole'} {outcome(case, place)}"] += 1

    with chdir(place):
        holds()
    return seen


@pytest.fixture(autouse=True)
def tells_where_it_crashed(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TRAINRULES_DEBUG", "1")


def test_a_few_drawn_packs(tmp_path: Path) -> None:
    looked_at(tmp_path, max(EXAMPLES * settings.default.max_examples // 100, 1))


@pytest.mark.slow
def test_many_drawn_packs_of_which_most_are_judged(tmp_path: Path) -> None:
    seen = looked_at(tmp_path, 20)
    whole = sum(count for name, count in seen.items() if name.startswith("whole"))
    assert seen["whole judged"] > 0.3 * whole, seen
    assert seen["bent refused"] > 0, seen
