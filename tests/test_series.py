# ruff: noqa: E501 - tables of logs, packs and what they give
"""Series: a metric split by a label or over a family of keys is judged series by series, and found once."""

from __future__ import annotations

import json
import re
from pathlib import Path

import pytest

from trainrules import LogError, PackError, evaluate
from trainrules.engine import series
from trainrules.engine.lints import lint_pack
from trainrules.engine.load import load_pack
from trainrules.engine.render.json import to_json
from trainrules.engine.render.packdoc import render_pack_doc
from trainrules.engine.render.table import render
from trainrules.engine.report import Report
from trainrules.engine.words import in_series, plural

HEAD = """
schema: 1
pack: tiny
version: 1.0.0
title: Tiny
clock: {step: [step], epoch: [epoch]}
labels: {rank: [rank], channel: [ch]}
families:
  layer: ["", _0, _1, _2]
  half: {left: -l, right: -r}
metrics:
  ce: {keys: ["ce{layer}", "train_ce{layer}"], better: lower}
  raw: {keys: ["raw{layer}"]}
  side: {keys: ["side{half}{layer}"]}
  twice: {expr: 2 * ce}
  lr: {keys: [lr]}
  by_rank: {keys: [by_rank], by: rank}
  by_both: {keys: [by_both], by: [channel, rank]}
"""
RULE = "rules: {{r: {{title: CE is high, cause: info, severity: warning, when: '{when}', message: '{message}'{more}}}}}"


def pack(place: Path, when: str, message: str = "ce {ce:g}", more: str = "", head: str = HEAD) -> Path:
    path = place / "tiny.yaml"
    path.write_text(head + RULE.format(when=when, message=message, more=f", {more}" if more else ""))
    return path


def report(place: Path, rows: list[dict[str, object]], when: str, **options: str) -> Report:
    log = place / "run.jsonl"
    log.write_text("".join(json.dumps({"step": step, **row}) + "\n" for step, row in enumerate(rows, 1)))
    return evaluate(log, pack=pack(place, when, **options))


def columns(**series: list[float | None]) -> list[dict[str, object]]:
    length = max(map(len, series.values()))
    return [
        {key: cells[row] for key, cells in series.items() if cells[row : row + 1] != [None]} for row in range(length)
    ]


THREE = columns(ce=[1, 1, 9, 9], ce_0=[1, 9, 9, 9], ce_2=[1, 1, 1, 1])


def told(found: Report) -> list[tuple[object, ...]]:
    return [(f.series, f.onset.step, f.fired.step, f.episodes, f.message) for f in found.findings]


@pytest.mark.parametrize(
    ("rows", "when", "more", "expected"),
    [
        (THREE, "ce > 5", "", [(("layer=main", "layer=0"), 2, 2, 2, "ce 9")]),
        (THREE, "ce > 5", "for: 3 points", [(("layer=0",), 2, 4, 1, "ce 9")]),
        (THREE, 'mean(ce, "3 points") > 6', "", [(("layer=main", "layer=0"), 3, 3, 2, "ce 9")]),
        (THREE, "twice > 10", "", [(("layer=main", "layer=0"), 2, 2, 2, "ce 9")]),
        (THREE, "ce - first(ce) > 5", "since: ce > 1", [(("layer=main", "layer=0"), 2, 2, 2, "ce 9")]),
        (THREE, "ce < 5", "", [(("layer=2",), 1, 1, 3, "ce 1")]),
        (THREE, "ce > 99", "", []),
        (columns(train_ce_1=[1, 9]), "ce > 5", "", [(("layer=1",), 2, 2, 1, "ce 9")]),
        (columns(ce_0=[1, 9], raw_0=[1, 1], raw_1=[1, 1]), "ce > 5 * raw", "", [(("layer=0",), 2, 2, 1, "ce 9")]),
        (columns(ce_0=[9, 1], lr=[1, 1]), "ce > 5 * lr", "until: ce < 0", [(("layer=0",), 1, 1, 1, "ce 1")]),
        ([{"ce": 9, "rank": 1, "by_rank": 9}], "ce > 5 and by_rank > 5", "", [(("rank=1 layer=main",), 1, 1, 1, "ce 9")]),
        ([{"rank": r, "by_rank": 9} for r in (10, 2, 1)], "by_rank > 5", "", [(("rank=1", "rank=2", "rank=10"), 1, 1, 3, "ce ?")]),
        ([{"rank": r, "ch": c, "by_both": v} for r, c, v in ((0, "a", 9), (0, "b", 1), (1, "a", 1), (1, "b", 9))], "by_both > 5", "", [(("channel=a rank=0", "channel=b rank=1"), 1, 1, 2, "ce ?")]),
        ([{"rank": r, "ch": c, "by_both": v} for r, c, v in ((0, "a", 9), (0, "b", 1), (0, "a", 9), (1, "a", 1))], "by_both > 5", "for: 2 points", [(("channel=a rank=0",), 1, 3, 1, "ce ?")]),
        ([{"rank": r, "by_both": v} for r, v in ((0, 9), (1, 1))], "by_both > 5", "", [(("rank=0",), 1, 1, 1, "ce ?")]),
        ([{"rank": r, "ch": "a", "by_both": v, "by_rank": 9} for r, v in ((0, 9), (1, 1))], "by_both > 5 and by_rank > 5", "", [(("channel=a rank=0",), 1, 1, 1, "ce ?")]),
        ([{"by_both": 9}], "by_both > 5", "", [((), 1, 1, 1, "ce ?")]),
        ([{"side-r_0": 9, "side-l": 9, "side-r": 1}], "side > 5", "", [(("half=left layer=main", "half=right layer=0"), 1, 1, 2, "ce ?")]),
    ],
)  # fmt: skip
def test_each_series_has_windows_and_episodes_of_its_own(
    tmp_path: Path, rows: list[dict[str, object]], when: str, more: str, expected: list[tuple[object, ...]]
) -> None:
    assert told(report(tmp_path, rows, when, more=more)) == expected


def test_the_finding_is_one_and_names_its_series(tmp_path: Path) -> None:
    found = report(tmp_path, THREE, "ce > 5", message="ce rises in {series}, {ce:g}")
    (finding,) = to_json(found)["findings"]  # type: ignore[misc, attr-defined]
    assert (finding["series"], finding["message"]) == (["layer=main", "layer=0"], "ce rises in layers main, 0, 9")
    page = render(found)
    assert "CE is high in layers main, 0, since step 2 (warning)" in page
    assert "Since step 2, still so at step 4; in layers main, 0." in page
    assert re.search(r"^  ce_0 \(layer 0\)  \S+$", page, re.M), "which of them is drawn"


def test_what_no_member_has_is_not_evaluated(tmp_path: Path) -> None:
    found = report(tmp_path, columns(ce=[1.0], side=[1.0]), "raw > 1")
    assert [(each.state, each.reason) for each in found.rules] == [("not_evaluated", "no raw in the log")]
    assert report(tmp_path, columns(ce_1=[1.0]), "ce > raw").rules[0].reason == "no raw in the log"


NAN = """sentinels: [ce, lr]
rules: {r: {title: Not finite, cause: non_finite, severity: critical, when: nonfinite(), message: "{nonfinite}"}}"""


@pytest.mark.parametrize(
    ("row", "message"),
    [
        ({"ce": None, "ce_0": "NaN", "ce_1": "NaN", "lr": 1}, "ce_0, ce_1"),
        ({"ce": 1, "lr": "NaN"}, "lr"),
        ({"ce": "NaN", "ce_0": 1, "lr": "Infinity"}, "ce, lr"),
    ],
)
def test_sentinels_are_all_members_together(tmp_path: Path, row: dict[str, object], message: str) -> None:
    (tmp_path / "run.jsonl").write_text(json.dumps({"step": 1, **row}) + "\n")
    (tmp_path / "tiny.yaml").write_text(HEAD + NAN)
    found = evaluate(tmp_path / "run.jsonl", pack=tmp_path / "tiny.yaml")
    assert [(finding.series, finding.message) for finding in found.findings] == [((), message)]


def test_a_label_restricts_nonfinite_to_its_series(tmp_path: Path) -> None:
    head = HEAD.replace("metrics:\n", "sentinels: [by_rank]\nmetrics:\n")
    path = pack(tmp_path, "nonfinite() and default(by_rank != by_rank, true)", head=head)
    log = tmp_path / "run.jsonl"
    log.write_text('{"step": 1, "rank": 0, "by_rank": NaN}\n{"step": 2, "rank": 1, "by_rank": 7}\n')
    found = evaluate(log, pack=path)
    assert [finding.series for finding in found.findings] == [("rank=0",)]


def test_stages_have_a_result_for_each_member(tmp_path: Path) -> None:
    path = pack(tmp_path, "ce > 99")
    path.write_text(path.read_text() + "\nstages: {early: {to: 2 steps, expect: {ce: [0, 5], lr: [0, 1]}}}\n")
    log = tmp_path / "run.jsonl"
    log.write_text("".join(json.dumps({"step": n, "ce": 1, "ce_0": 9, "lr": 1}) + "\n" for n in (1, 2, 3)))
    results = evaluate(log, pack=path).stages
    assert [(one.metric, one.median, one.within) for one in results] == [
        ("ce (layer main)", 1, True),
        ("ce (layer 0)", 9, False),
        ("lr", 1, True),
    ]


def test_a_required_family_is_there_with_any_member(tmp_path: Path) -> None:
    head = HEAD.replace("better: lower", "better: lower, required: true")
    path = pack(tmp_path, "ce > 5", head=head)
    log = tmp_path / "run.jsonl"
    log.write_text('{"step": 1, "ce_2": 1}\n')
    assert evaluate(log, pack=path).verdict == "healthy"
    log.write_text('{"step": 1, "lr": 1}\n')
    assert (
        evaluate(log, pack=path).reason
        == "the log has none of the keys that pack 'tiny' needs ('ce', or another name for them); its lines give 'lr' and 'step'"
    )


@pytest.mark.parametrize(
    ("head", "problems"),
    [
        (HEAD.replace("raw{layer}", "raw{lair}"), ["13:21: unknown family 'lair'; did you mean 'layer'?"]),
        (HEAD.replace('"train_ce{layer}"', "train_ce"), ["12:28: only some keys of this metric have {layer}; all must name the same"]),
        (HEAD.replace("[\"\", _0, _1, _2]", "[]"), ["9:10: 'layer' is empty; fill it in or leave it out"]),
        (HEAD.replace("[\"\", _0, _1, _2]", "[_0, '0']"), ["9:16: two members of family 'layer' are called '0'; name them, as in {first: _0, second: '0'}"]),
        (HEAD.replace("-l,", "3,"), ["10:16: 'left' must be a text, not the number 3; put it in quotes, as in '3'"]),
    ],
)  # fmt: skip
def test_problems_have_their_place(tmp_path: Path, head: str, problems: list[str]) -> None:
    with pytest.raises(PackError) as caught:
        load_pack(pack(tmp_path, "lr > 5", head=head))
    assert [str(problem).partition("tiny.yaml:")[2] for problem in caught.value.problems] == problems


def test_a_family_is_no_value_of_a_message(tmp_path: Path) -> None:
    with pytest.raises(PackError) as caught:
        load_pack(pack(tmp_path, "ce > 1", message="ce {ce:g} in {layer}"))
    assert "unknown placeholder 'layer'; {series} names the series that fire" in str(caught.value)


def test_families_merge_one_by_one(tmp_path: Path) -> None:
    (tmp_path / "base.yaml").write_text(HEAD)
    child = tmp_path / "child.yaml"
    child.write_text("schema: 1\npack: c\nversion: 1.0.0\ntitle: C\nextends: base.yaml\nfamilies: {layer: [_7]}\n")
    merged = load_pack(child)
    assert {id: dict(family.members) for id, family in merged.families.items()} == {
        "layer": {"7": "_7"},
        "half": {"left": "-l", "right": "-r"},
    }
    assert [keys for *_, keys in series.members(merged, merged.metrics["ce"])] == [("ce_7", "train_ce_7")]


def test_a_family_that_no_key_names_is_told(tmp_path: Path) -> None:
    head = HEAD.replace("side{half}{layer}", "side{layer}")
    remarks = [remark.message for remark in lint_pack(load_pack(pack(tmp_path, "ce > 1", head=head)))]
    assert "family 'half' is used nowhere" in remarks


@pytest.mark.parametrize(
    ("names", "expected"),
    [
        (["rank=0"], "rank 0"),
        (["layer=0", "layer=1", "layer=4"], "layers 0, 1, 4"),
        (["class=a", "class=b"], "classes a, b"),
        (["rank=0 layer=1", "rank=0 layer=2"], "rank 0, layers 1, 2"),
        (["layer=1 rank=0", "layer=2 rank=0"], "rank 0, layers 1, 2"),
        (["rank=0 layer=1", "rank=1 layer=2"], "rank=0 layer=1, rank=1 layer=2"),
        ([f"split={s} layer={n}" for s in ("train", "test") for n in range(6)], "splits train, test and layers 0 to 5"),
        ([f"host=h split={s} layer={n}" for s in "ab" for n in range(2)], "host h, splits a, b and layers 0, 1"),
        ([f"split={s} layer={n}" for s in "ab" for n in range(6)][1:], "split=a layer=1, split=a layer=2, split=a layer=3 and 8 more"),
        ([f"rank={n}" for n in (*range(7), 9)], "ranks 0, 1, 2 and 5 more"),
        ([f"rank={n}" for n in range(5)], "ranks 0 to 4"),
        ([f"rank={n}" for n in range(4)], "ranks 0, 1, 2, 3"),
        ([f"class={c}" for c in "abcdefg"], "classes a, b, c and 4 more"),
        (["host=a b"], "host=a b"),
        (["rank=0", "layer=1"], "rank=0, layer=1"),
        (["x=a=b"], "x=a=b"),
    ],
)  # fmt: skip
def test_series_in_words(names: list[str], expected: str) -> None:
    assert in_series(names) == expected


@pytest.mark.parametrize(("noun", "expected"), [("entry", "entries"), ("key", "keys"), ("batch", "batches")])
def test_plurals(noun: str, expected: str) -> None:
    assert plural(noun) == expected


def test_the_page_of_a_pack_says_what_a_family_stands_for(tmp_path: Path) -> None:
    page = render_pack_doc(load_pack(pack(tmp_path, "ce > 1")))
    assert "`{half}` in a key stands for `-l` (left), `-r` (right); each is a series of its own." in page
    assert "`{layer}` in a key stands for nothing (main), `_0` (0), `_1` (1), `_2` (2); each" in page


@pytest.mark.parametrize(("values", "is_label"), [(3, True), (4, False)])
def test_a_label_of_too_many_values_is_none(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, values: int, is_label: bool
) -> None:
    """What a rule takes it takes for each value: a real number in place of a rank would take for ever."""
    monkeypatch.setattr(series, "MOST_VALUES", 3)
    rows: list[dict[str, object]] = [{"rank": place % values + 0.5, "by_rank": 9} for place in range(12)]
    if is_label:
        assert len(report(tmp_path, rows, "by_rank > 5", message="high").findings[0].series) == values
        return
    with pytest.raises(LogError) as caught:
        report(tmp_path, rows, "by_rank > 5", message="high")
    assert str(caught.value).endswith(
        "run.jsonl: label 'rank' has 4 values, and each is judged by itself, 3 at most;"
        " have the pack name another key for it, or leave that key out of the log"
    )
