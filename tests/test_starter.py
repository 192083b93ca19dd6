# ruff: noqa: E501 - tables of whole messages
"""`rules init`: from any log a pack that is valid, with tests that pass."""

from __future__ import annotations

import json
import os
import re
import shutil
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner, Result
from hypothesis import given, settings
from hypothesis import strategies as st

from trainrules import LogError, PackError, evaluate
from trainrules.cli import rules
from trainrules.engine.lints import lint_pack
from trainrules.engine.load import load_pack
from trainrules.engine.pack import Clock
from trainrules.engine.packtest.run import run_tests
from trainrules.engine.readers.inventory import Key, inventory
from trainrules.engine.readers.model import Wanted, WantedMetric
from trainrules.engine.starter.guess import guess, guess_all
from trainrules.engine.starter.start import Started, Wish, start
from trainrules.engine.verdict import settle

ROWS = 60


def log_of(path: Path, rows: Sequence[dict[str, Any]]) -> Path:
    path.write_text("".join(json.dumps(row) + "\n" for row in rows), encoding="utf-8")
    return path


def falling(step: int) -> float:
    return round(2 * 0.98**step, 6)


def started(folder: Path, log: Path, name: str = "mine", **wishes: Any) -> Started:
    """Start a pack, and hold what was written against all that is promised of it."""
    done = start(Wish(name, str(log), str(folder), **wishes))
    pack = load_pack(folder / f"{name}.yaml", strict=True)
    assert lint_pack(pack) == []
    outcome = run_tests([str(folder / f"{name}.test.yaml")])
    assert outcome.problems == ()
    assert outcome.failed == 0
    assert outcome.gaps == 0 or done.tried.dropped, "every rule of the new pack is shown both ways"
    assert not done.tried.dropped or done.content.parent.id != "common"
    assert outcome.total == done.tried.cases
    return done


def entries(text: str) -> dict[str, str]:
    """The metrics of a pack's text that are read from keys: id → the rest of the line."""
    return dict(re.findall(r"^ +(\w+): (\{keys: .*)$", text, re.MULTILINE))


def test_the_whole_of_a_small_pack(tmp_path: Path, golden: Callable[[str, str], None]) -> None:
    log = log_of(
        tmp_path / "run.jsonl",
        [
            {
                "step": step,
                "max_steps": 80,
                "loss": falling(step),
                "learning_rate": 1e-3,
                "grad_norm": 1 + step % 3 / 10,
                "phase": "warmup" if step < 20 else "main",
                "sec/it": 0.5,
                "n_tokens": 512 * step,
                **({"eval_f1": round(0.3 + step / 200, 3)} if step % 3 == 0 else {}),
            }
            for step in range(1, ROWS + 1)
        ],
    )
    started(tmp_path, log)
    for suffix in (".yaml", ".test.yaml"):
        golden(f"init/mine{suffix}", (tmp_path / f"mine{suffix}").read_text(encoding="utf-8"))


@pytest.mark.parametrize(
    ("key", "told"),
    [
        ("loss", "loss, lower is better"),
        ("train/total_loss", "loss, lower is better"),
        ("eval_loss", "loss in evaluation, lower is better"),
        ("val/nll", "loss in evaluation, lower is better"),
        ("loss_slope", "number"),
        ("learning_rate", "learning rate"),
        ("lr-AdamW/pg1", "learning rate"),
        ("train/grad_norm", "gradient norm"),
        ("gradientNorm", "gradient norm"),
        ("eval/accuracy", "score in evaluation, higher is better, a share of 1"),
        ("test_f1", "score in evaluation, higher is better, a share of 1"),
        ("metrics/mAP50(B)", "score, higher is better, a share of 1"),
        ("val_mIoU", "score in evaluation, higher is better, a share of 1"),
        ("accuracy_std", "score, a share of 1"),
        ("eval_wer", "error in evaluation, lower is better"),
        ("perplexity", "error, lower is better"),
        ("rewards/margins", "reward, higher is better"),
        ("rewards/rejected", "reward"),
        ("rollout/ep_rew_mean", "number"),
        ("num_tokens", "number"),
        ("train_runtime", "time"),
        ("train_speed(s/it)", "time, lower is better"),
        ("tokens_per_second", "speed, higher is better"),
        ("memory(GiB)", "memory"),
        ("rank", "number"),
        ("whatever", "number"),
        ("損失", "number"),
        ("", "number"),
    ],
)
def test_what_a_name_says(key: str, told: str) -> None:
    seen = Key(key)
    for value in (0.25, 0.75):
        seen.see(value)
    assert guess(seen).told == told


@pytest.mark.parametrize(
    ("key", "values", "told"),
    [
        ("accuracy", [12.5, 80], "score, higher is better, in percent"),
        ("accuracy", [0.125, 1], "score, higher is better, a share of 1"),
        ("score", [-3, 700], "score, higher is better"),
        ("num_tokens", [512, 1024], "count"),
        ("loss_samples", [512, 1024], "count"),
        ("rank", [0, 1, 2, 3], "number, perhaps a label"),
        ("expert", ["a", "b"], "text, perhaps a label"),
        ("phase", ["warmup", "main"], "text"),
        ("loss", ["0.5", "nan"], "loss, lower is better"),
        ("flag", [True, False], "number"),
    ],
)
def test_what_values_say(key: str, values: list[Any], told: str) -> None:
    seen = Key(key)
    for value in values:
        seen.see(value)
    assert guess(seen).told == told


def test_twins_are_found() -> None:
    keys = []
    for name in ("train/f1", "eval/f1", "val_other"):
        keys.append(Key(name))
        keys[-1].see(0.5)
    assert [each.twin for each in guess_all(keys)] == ["", "train/f1", ""]


@pytest.mark.parametrize(
    ("line", "values"),
    [
        ('{"a": 1, "b": {"c": 2, "d": {"e": NaN}}}', {"a": 1, "b/c": 1, "b/d/e": 0}),
        ('{"a": "1.5", "b": "x", "c": null, "d": [1]}', {"a": 1, "b": 0, "c": 0, "d": 0}),
        ('{"a": 1, "a": "x"}', {"a": 1}),
        ('{"a": 1e999, "b": 1' + "0" * 400 + "}", {"a": 0, "b": 0}),
    ],
)
def test_the_values_of_a_line(tmp_path: Path, line: str, values: dict[str, int]) -> None:
    (tmp_path / "log").write_text(line + "\nno JSON\n\n", encoding="utf-8")
    found = inventory(str(tmp_path / "log"), Wanted(Clock(), (WantedMetric("a", ("a",)),)))
    assert ({key.name: key.numbers for key in found.keys}, found.rows) == (values, 1)


@pytest.mark.parametrize(
    ("row", "told"),
    [
        ({"train_step": 7}, ("step: [train_step]   # guessed",)),
        ({"n_iter": 7, "total_iters": 100}, ("step: [n_iter]   # guessed", "total: [total_iters]   # guessed")),
        ({"my step": "7/100"}, (r"step: [{key: \"my step\", pattern: '^(\d+)/'}]   # guessed".replace("\\\"", '"'),)),
        ({"trained_epoch": 0.7}, ("epoch: [trained_epoch]   # guessed",)),
        ({"global_step": 7}, ('# The clock: step from "global_step", as common reads it.',)),
        ({}, ("# No step was found in the log: rows are counted.",)),
    ],
)  # fmt: skip
def test_the_clock_is_found(tmp_path: Path, row: dict[str, Any], told: Sequence[str]) -> None:
    def moved(value: Any, by: int) -> Any:
        return f"{7 + by}/100" if isinstance(value, str) else value if value == 100 else value + by

    rows = [{**{key: moved(value, by) for key, value in row.items()}, "loss": falling(by)} for by in range(30)]
    started(tmp_path, log_of(tmp_path / "run.jsonl", rows))
    text = (tmp_path / "mine.yaml").read_text(encoding="utf-8")
    for line in told:
        assert line in text
    report = evaluate(tmp_path / "run.jsonl", pack=tmp_path / "mine.yaml")
    assert report.log.clock == ("epoch" if "trained_epoch" in row else "step" if row else "row")
    assert report.log.last_step == (29.7 if "trained_epoch" in row else 36 if row else report.log.last_step)


HOSTILE = [
    'quo"te', "apo'strophe", "new\nline", "tab\tbed", "back\\slash", "colon: #hash", "- dash", "? question", "[list]",
    "*alias", "&anchor", "!tag", "%percent", "@at", "`tick", "#comment", "a,b", "null", "true", "on", "no", "y", "~",
    "1e5", "0x1f", "nan", "and", "lambda", "mean", "step_2", "loss_", "Loss", "LOSS", "lOsS", "a b", "a_b", "a-b",
    "\x1b[31mred", "\u2028separator", "\ufeffbom", "\x85next", "😀", "損失", "ﬀ", "é", "e\u0301", "\x7f", "other*",
    "recent", "level", "x" * 150, "acc" * 40, "<<", "key: {a: 1}", "}{", "{x}", " lead", "trail ", "\x00nul", "a/b/c/d/e/f/g/h",
    "progress", "default", "norm_factor", "eval_f1_best", "eval_f1", "eval_f1_lost", "eval_F1", "accuracy", "Accuracy_", "--- ",
]  # fmt: skip


def test_no_key_breaks_the_file(tmp_path: Path) -> None:
    rows = [
        {"step": step, "loss": falling(step), **{key: round(0.3 + step / 200, 4) for key in HOSTILE}}
        for step in range(1, ROWS + 1)
    ]
    done = started(tmp_path, log_of(tmp_path / "run.jsonl", rows))
    pack = load_pack(tmp_path / "mine.yaml")
    read = {key for metric in pack.metrics.values() for key in metric.keys}
    left_out = {key for key, _ in done.content.left_out}
    assert set(HOSTILE) <= read | left_out
    assert left_out == {"key: {a: 1}", "}{", "{x}", "\x00nul"}
    assert settle(evaluate(tmp_path / "run.jsonl", pack=pack))[0].verdict == "healthy"


@pytest.mark.slow
def test_a_rule_on_any_key_reads_it(tmp_path: Path) -> None:
    """The key is read as it is: what the run shows in it is found, and in no other."""
    keys = [key for key in HOSTILE if not re.search(r"[{}\0]|loss", key, re.IGNORECASE)]
    for first in range(0, len(keys), 6):
        names = [f"eval f1 {key}" for key in keys[first : first + 6]]
        values = [0.3 + min(step, 40) / 100 - (0.4 if step > 40 else 0) for step in range(1, ROWS + 1)]
        rows = [{"step": step, "loss": falling(step), **dict.fromkeys(names, at)} for step, at in enumerate(values, 1)]
        log = log_of(tmp_path / "run.jsonl", rows)
        done = start(Wish("mine", str(log), str(tmp_path), force=True, schemas=False))
        assert len(done.rules) == len(names)
        found = {each.rule: each for each in evaluate(log, pack=tmp_path / "mine.yaml").findings}
        assert [(found[rule].state, found[rule].onset.step) for rule in done.rules] == [("firing", 41)] * len(names)


def test_ten_thousand_keys(tmp_path: Path) -> None:
    row = {f"module.{number}/score": 0.5 for number in range(10_000)}
    log = log_of(tmp_path / "run.jsonl", [{"loss": falling(step), **row} for step in range(3)])
    done = start(Wish("mine", str(log), str(tmp_path)))
    assert done.content.more == 9_700
    assert "# 9,700 more keys of the log are not listed here" in (tmp_path / "mine.yaml").read_text(encoding="utf-8")


def test_the_same_log_gives_the_same_bytes(tmp_path: Path) -> None:
    rows = [{"step": step, "eval/f1": step / 90, "b": {"c": 1, "a": "x"}, "loss": falling(step)} for step in range(30)]
    texts = []
    for place in ("one", "two"):
        (tmp_path / place).mkdir()
        log = log_of(tmp_path / place / "run.jsonl", rows)
        start(Wish("mine", str(log), str(tmp_path / place)))
        texts.append({path.name: path.read_bytes() for path in sorted((tmp_path / place).iterdir())})
    assert texts[0] == texts[1]
    assert sorted(texts[0]) == ["mine.test.yaml", "mine.yaml", "pack.schema.json", "run.jsonl", "test.schema.json"]
    assert str(tmp_path).encode() not in b"".join(texts[0].values())


EXAMPLES = ["kto_healthy/training_metrics.jsonl", "kto_hidden_nan/training_metrics.jsonl", "sft_divergence/log.jsonl"]


@pytest.mark.parametrize(
    ("log", "verdict", "actions"),
    [
        (EXAMPLES[0], "healthy", ["continue"]),
        (EXAMPLES[1], "act", ["stop", "revert", "check_config"]),
        (EXAMPLES[2], "act", ["stop", "revert", "halve_lr"]),
    ],
)
def test_a_real_log_is_judged_sensibly(root: Path, tmp_path: Path, log: str, verdict: str, actions: list[str]) -> None:
    started(tmp_path, root / "examples" / log)
    report = settle(evaluate(root / "examples" / log, pack=tmp_path / "mine.yaml"))[0]
    assert (report.verdict, [step.action for step in report.plan]) == (verdict, actions)


def test_console_output(tmp_path: Path) -> None:
    lines = [f"Epoch {n}/40 - Train Loss: {falling(n)} - Val Acc: {40 + n}%" for n in range(1, 31)]
    (tmp_path / "out.log").write_text("\n".join(lines), encoding="utf-8")
    done = started(tmp_path, tmp_path / "out.log")
    assert [each.id for each in done.content.known] == ["loss"]
    assert entries((tmp_path / "mine.yaml").read_text(encoding="utf-8"))["val_acc"].startswith(
        "{keys: [val_acc], role: eval, better: higher, unit: share, help: Score in evaluation}"
    )


def test_a_trainer_state(tmp_path: Path) -> None:
    rows = [{"epoch": step / 10, "step": step, "loss": falling(step), "eval_accuracy": step / 90} for step in range(30)]
    (tmp_path / "trainer_state.json").write_text(json.dumps({"log_history": rows, "max_steps": 50}, indent=1))
    done = started(tmp_path, tmp_path / "trainer_state.json")
    assert done.rules == ("eval_accuracy_lost_gain",)
    assert done.rows == 30


def test_a_table(tmp_path: Path) -> None:
    lines = [f"{epoch},{falling(epoch)},{0.3 + epoch / 100:.2f},0.01" for epoch in range(1, 31)]
    (tmp_path / "results.csv").write_text("\n".join(["epoch,train/loss,metrics/mAP50(B),lr/pg0", *lines]) + "\n")
    done = started(tmp_path, tmp_path / "results.csv")
    assert {each.id: each.key for each in done.content.known} == {"loss": "train/loss", "learning_rate": "lr/pg0"}
    assert done.rules == ("metrics_map50_b_lost_gain",)


def test_a_log_without_a_loss(tmp_path: Path) -> None:
    """The first metric with a direction is what such logs are told by."""
    rows = [{"iteration": step, "reward/mean": step / 30, "note": "x"} for step in range(40)]
    done = started(tmp_path, log_of(tmp_path / "run.jsonl", rows))
    assert done.rules == ("reward_mean_lost_gain",)
    report, code = settle(evaluate(tmp_path / "run.jsonl", pack=tmp_path / "mine.yaml"))
    assert (report.verdict, code) == ("healthy", 0)


def test_a_parent_that_knows_more(root: Path, tmp_path: Path) -> None:
    done = started(tmp_path, root / "examples" / EXAMPLES[0], parent="kto")
    assert {"margin", "loss", "kl"} <= {each.id for each in done.content.known}
    assert load_pack(tmp_path / "mine.yaml").extends == "kto"


SCALARS = st.one_of(
    st.none(), st.booleans(), st.integers(-(10**20), 10**20), st.floats(), st.text(max_size=8), st.just([1])
)
KEYS = st.one_of(
    st.sampled_from([*HOSTILE, "step", "loss", "eval_loss", "eval_f1", "grad_norm", "lr", "epoch", "time", "sec/it"]),
    st.text(max_size=12),
)
LOGS = st.lists(
    st.dictionaries(KEYS, st.one_of(SCALARS, st.dictionaries(KEYS, SCALARS, max_size=2)), max_size=6),
    min_size=1,
    max_size=12,
)


@pytest.mark.slow
@settings(max_examples=25)
@given(rows=LOGS)
def test_any_log_that_can_be_read_gives_a_pack(
    tmp_path_factory: pytest.TempPathFactory, rows: list[dict[str, Any]]
) -> None:
    folder = tmp_path_factory.mktemp("any")
    try:
        log = log_of(folder / "run.jsonl", rows)
        refused = ""
        try:
            started(folder, log, schemas=False)
        except LogError as error:
            refused = error.message
        if refused:
            values = [
                each
                for row in rows
                for value in row.values()
                for each in (value.values() if isinstance(value, dict) else [value])
            ]
            told = ("no number to judge", "no line of this log has a value", "no line is a JSON object", "interleaved")
            assert not any(isinstance(value, (int, float, str)) for value in values) or any(
                text in refused for text in told
            ), refused
    finally:
        shutil.rmtree(folder)


# The command


def run(*arguments: str, given: bytes | None = None) -> Result:
    return CliRunner().invoke(rules, ["init", *arguments], input=given)


@pytest.fixture
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder with a log, the current one."""
    monkeypatch.chdir(tmp_path)
    log_of(tmp_path / "run.jsonl", [{"step": step, "loss": falling(step), "acc": step / 90} for step in range(30)])
    return tmp_path


def test_what_the_command_says(here: Path) -> None:
    result = run("my_runs", "run.jsonl")
    assert result.exit_code == 0
    assert result.stdout == (
        "wrote my_runs.yaml\n"
        "wrote my_runs.test.yaml\n"
        "wrote pack.schema.json\n"
        "wrote test.schema.json\n"
        "clock     step from step\n"
        "metrics   1 that common knows, 1 more\n"
        "rules     acc_lost_gain\n"
        "tests     3 cases, all pass\n"
        "\n"
        "Read what was guessed, in the comments of the pack. Then:\n"
        "  rules validate my_runs.yaml\n"
        "  rules test my_runs.test.yaml\n"
        "  rules eval --pack ./my_runs.yaml run.jsonl\n"
    )


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["1st", "run.jsonl"], "NAME: '1st' is not a name; begin with a letter, then letters, digits and '_'"),
        (["../x", "run.jsonl"], "NAME: '../x' is not a name; begin with a letter, then letters, digits and '_'"),
        (["", "run.jsonl"], "NAME: '' is not a name; begin with a letter, then letters, digits and '_'"),
        (["x" * 61, "run.jsonl"], "NAME: a name has at most 60 characters, this one 61; choose a shorter one"),
        (["KTO", "run.jsonl"], "NAME: 'KTO' is the name of a pack that comes with the tool; choose another name; to build on that pack, add --extends kto"),
        (["mine", "run.jsonl", "--into", "run.jsonl"], "--into: 'run.jsonl' is not a folder; name a folder"),
        (["mine", "run.jsonl", "--extends", "kt"], "--extends: unknown pack 'kt'; did you mean 'kto'?"),
    ],
)  # fmt: skip
def test_what_is_refused(here: Path, arguments: list[str], message: str) -> None:
    with pytest.raises(PackError) as refused:
        CliRunner().invoke(rules, ["init", *arguments], standalone_mode=False, catch_exceptions=False)
    assert str(refused.value) == message
    assert sorted(path.name for path in here.iterdir()) == ["run.jsonl"]


def test_nothing_is_replaced_without_force(here: Path) -> None:
    (here / "mine.test.yaml").write_text("mine\n", encoding="utf-8")
    with pytest.raises(PackError, match=r"NAME: mine\.test\.yaml exists already; choose another name, or replace"):
        CliRunner().invoke(rules, ["init", "mine", "run.jsonl"], standalone_mode=False, catch_exceptions=False)
    assert (here / "mine.test.yaml").read_text(encoding="utf-8") == "mine\n"
    assert not (here / "mine.yaml").exists()
    assert run("mine", "run.jsonl", "--force").exit_code == 0
    assert (here / "mine.test.yaml").read_text(encoding="utf-8") != "mine\n"


def test_a_schema_that_is_there_stays(here: Path) -> None:
    (here / "pack.schema.json").write_text("{}", encoding="utf-8")
    result = run("mine", "run.jsonl")
    assert "wrote pack.schema.json" not in result.stdout
    assert (here / "pack.schema.json").read_text(encoding="utf-8") == "{}"


def test_another_folder(here: Path) -> None:
    result = run("mine", "run.jsonl", "--into", "packs/new", "--no-schemas")
    assert result.exit_code == 0
    assert sorted(path.name for path in (here / "packs/new").iterdir()) == ["mine.test.yaml", "mine.yaml"]
    assert "    log: ../../run.jsonl\n" in (here / "packs/new/mine.test.yaml").read_text(encoding="utf-8")
    assert "yaml-language-server" not in (here / "packs/new/mine.yaml").read_text(encoding="utf-8")
    assert run_tests([str(here / "packs/new")]).failed == 0
    assert "--pack packs/new/mine.yaml run.jsonl\n" in result.stdout


@pytest.mark.skipif(os.name == "nt", reason="links need rights there")
def test_a_folder_behind_a_link(here: Path) -> None:
    (here / "far/away").mkdir(parents=True)
    (here / "link").symlink_to(here / "far/away")
    assert run("mine", "run.jsonl", "--into", "link").exit_code == 0
    assert run_tests([str(here / "link/mine.test.yaml")]).failed == 0


def test_standard_input(here: Path) -> None:
    result = run("mine", "-", given=(here / "run.jsonl").read_bytes())
    assert result.exit_code == 0
    text = (here / "mine.test.yaml").read_text(encoding="utf-8")
    assert '    lines: |\n      {"step": 0, "loss": 2.0, "acc": 0.0}\n' in text
    assert run_tests(["mine.test.yaml"]).failed == 0


@pytest.mark.parametrize(
    ("text", "message"),
    [
        (None, "run.log: there is no such file; check the path to the log"),
        ("", "run.log: the log is empty; wait until the run has logged something"),
        ('{"a": "x"}\n', "run.log: this log has no number to judge a run by; name the log that has the metrics"),
        ("{}\n", "run.log: no line of this log has a value; name the log that has the metrics"),
    ],
)
def test_logs_that_cannot_be_judged(here: Path, text: str | None, message: str) -> None:
    if text is not None:
        (here / "run.log").write_text(text, encoding="utf-8")
    result = run("mine", "run.log")
    assert (result.exit_code, result.stderr) == (3, f"{message}\n")
    assert not (here / "mine.yaml").exists()
