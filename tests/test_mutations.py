"""Packs with slips of the hand: `validate` never crashes, and never passes what `eval` then refuses.

It is to hold of 500 random edits of each shipped pack, the same ones for as long as the pack stays the same. They take
ten minutes and more, so that one run of the tests makes one share of twenty: the first, or that of TRAINRULES_SHARE.
`.ci/run` gives the number of the commit, so that twenty commits make them all. TRAINRULES_SHARE=all makes them at once,
TRAINRULES_SEED draws others.
"""

from __future__ import annotations

import io
import json
import os
import re
from collections.abc import Iterator
from contextlib import chdir, redirect_stderr, redirect_stdout
from pathlib import Path

import pytest

from trainrules import cli
from trainrules.engine.load import RULES, load_pack, shipped_files
from trainrules.engine.pack import Pack
from trainrules.engine.series import members

from .mutations import Mutation, mutations

AMOUNT, SHARES = 500, 20
SHARE = os.environ.get("TRAINRULES_SHARE", "0")
SEED = int(os.environ.get("TRAINRULES_SEED", "2"))


def command(*arguments: str) -> tuple[int, str]:
    """The exit code of a command, and all that it said."""
    said = io.StringIO()
    with redirect_stdout(said), redirect_stderr(said):
        code = cli._guarded(lambda: cli.rules.main(list(arguments), prog_name="rules", standalone_mode=False))
    return code, said.getvalue()


def run_of(pack: Pack) -> str:
    """A log with every metric of a pack, so that all its rules are judged."""
    texts = {metric.id for metric in pack.metrics.values() if metric.type == "text"}
    keys = [(metric.id, keys[0]) for metric in pack.metrics.values() for *_, keys in members(pack, metric) if keys]
    rows = []
    for step in range(1, 31):
        row: dict[str, object] = {"step": step, "epoch": step, "total_steps": 30, "timestamp": 60.0 * step}
        row |= {key: "main" if id in texts else 0.5 + step % 7 / 100 for id, key in keys if key not in row}
        rows.append(json.dumps(row))
    return "\n".join(rows) + "\n"


def refused(mutation: Mutation, place: Path) -> str:
    """What is wrong with how the tool takes a pack that has been edited; empty where it does as it should."""
    path = place / "pack.yaml"
    path.write_text(mutation.text, encoding="utf-8")
    code, said = command("validate", path.name)
    if code not in (0, 1, 2) or "internal error" in said:
        return f"validate crashes with {code}: {said}"
    if code == 2 or "error[" in said:
        has_place = re.search(r"^pack\.yaml:\d+:\d+: ", said, re.MULTILINE)
        return "" if has_place else f"validate tells no place: {said}"
    variants = list(load_pack(path).variants)
    for arguments in ((), *(("--variant", variant) for variant in variants)):
        code, said = command("eval", "--pack", path.name, *arguments, "run.jsonl")
        if code not in (0, 1, 3) or "internal error" in said:
            return f"validate passes what eval {' '.join(arguments)} refuses with {code}: {said}"
    return ""


def share(text: str, chosen: str) -> list[Mutation]:
    """Those of the edits of a pack that a run of the tests makes: `all`, or one share by its number."""
    edits = list(mutations(text, AMOUNT, SEED))
    return edits if chosen == "all" else edits[int(chosen) % SHARES :: SHARES]


def broken(name: str, place: Path) -> Iterator[str]:
    """Each edit of a shipped pack that is not taken as it should be."""
    (place / "run.jsonl").write_text(run_of(load_pack(name)), encoding="utf-8")
    text = (RULES / f"{name}.yaml").read_text(encoding="utf-8")
    with chdir(place):
        for mutation in share(text, SHARE):
            fault = refused(mutation, place)
            if fault:
                yield f"{name}.yaml:{mutation.line} {mutation.what}: {fault}"


@pytest.fixture(autouse=True)
def tells_where_it_crashed(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TRAINRULES_DEBUG", "1")


def test_the_shares_are_all_edits() -> None:
    text = (RULES / "common.yaml").read_text(encoding="utf-8")
    shares = [share(text, str(number)) for number in range(SHARES)]
    assert [len(each) for each in shares] == [AMOUNT // SHARES] * SHARES
    assert sorted(edit for each in shares for edit in each) == sorted(share(text, "all"))
    assert share(text, str(SHARES + 3)) == shares[3]


@pytest.mark.slow
@pytest.mark.parametrize("pack", shipped_files())
def test_every_single_edit_is_told_or_harmless(pack: str, tmp_path: Path) -> None:
    assert not list(broken(pack, tmp_path))
