# ruff: noqa: E501 - tables of whole messages
"""Lints: packs that load and still are not what their author meant."""

from __future__ import annotations

from importlib import import_module
from pathlib import Path

import pytest

from trainrules.cli import main
from trainrules.engine import lints
from trainrules.engine.lints import lint_pack
from trainrules.engine.load import load_pack

HEAD = "schema: 1\npack: demo\nversion: 1.0.0\ntitle: Demo\nmetrics: {loss: {keys: [loss], required: true}}\n"
METRICS = HEAD.splitlines(keepends=True)[-1]
UNBOUNDED = (
    "metrics: {{loss: {{keys: [loss], required: true}}, twice: {{expr: 2 * loss}}, tested: {{keys: [eval], role: eval}}}}\n"
    "windows: {{w: {{last: all, min: 9 points}}, ten: {{last: 10 points}}}}\n"
    "rules:\n  r: {{title: R, cause: info, severity: info, when: '{} > 1'}}\n"
    "  s: {{title: S, cause: info, severity: info, when: 'twice > tested and mean(loss, w) > mean(loss, ten)'}}"
)
RULE = "{title: High, cause: diverging, severity: warning, when: loss > 2}"
WHEN = "rules: {{r: {{title: R, cause: info, severity: info, message: '{{loss}}', when: {}}}}}"
WINDOW = (
    "params: {{n: {{default: {}}}}}\nvariants: {{two: {{set: {{n: 2}}}}}}\nwindows: {{w: {{{}}}}}\n"
    "rules: {{r: {{title: R, cause: info, severity: info, when: 'mean(loss, w) > 1'}}}}"
)
ACC = "metrics: {{loss: {{keys: [loss], required: true}}, acc: {{keys: [acc], unit: share, good: [0, 1]}}, {}}}"
GATE = (
    "windows: {{w: {{last: 5 points}}}}\nparams: {{limit: {{default: 1}}}}\n"
    "gates: {{g: {{require: {{a: {{value: loss, {}}}}}, "
    "stuck: {{when: loss > limit, over: w, actions: [x]}}}}}}\nactions: {{x: {{rank: 1, title: X}}}}"
)


def told(folder: Path, text: str) -> list[str]:
    path = folder / "p.yaml"
    path.write_text((HEAD.replace(METRICS, "") if "metrics:" in text else HEAD) + text)
    found = [f"{each.at} [{each.code}] {each.message}; {each.hint}" for each in lint_pack(load_pack(path))]
    return [each.removeprefix(f"{folder.as_posix()}/") for each in found]


@pytest.mark.parametrize(
    ("text", "problems"),
    [
        ("", []),
        (f"rules: {{a: {RULE}}}", []),
        ("params: {a: {default: 1}}", ["p.yaml:6:10 [unused-param] param 'a' is used nowhere; use it in a rule or remove it"]),
        ("params: {a: {default: 1}}\ncommands: {c: 'x {a}'}", []),
        ("params: {a: {default: 1}}\nwindows: {w: {last: a points}}", ["p.yaml:7:11 [unused-window] window 'w' is used nowhere; use it in a rule or remove it"]),
        ("windows: {w: {last: 5 points}}\nrules: {r: {title: R, cause: info, severity: info, when: 'mean(loss, w) > 1'}}", []),
        ("params: {a: {default: 7, max: 5}}\ncommands: {c: 'x {a}'}", ["p.yaml:6:23 [out-of-bounds] the default of param 'a' is 7, above its 'max' 5; mend one"]),
        ("params: {a: {default: 1, min: 0}}\ncommands: {c: 'x {a}'}\nvariants: {v: {set: {a: -1}}}", ["p.yaml:8:25 [out-of-bounds] the value in variant 'v' of param 'a' is -1, below its 'min' 0; mend one"]),
        (f"rules: {{a: {RULE}, b: {RULE.replace('High', 'high ')}}}", ["p.yaml:6:91 [duplicate-title] rule 'b' has the title of 'a'; say what sets them apart"]),
        ("rules: {r: {title: R, cause: info, severity: info, when: loss > 1, message: too high}}", ["p.yaml:6:77 [bare-message] the message of rule 'r' names no value; show a value, as in {loss:.3g} or {onset:g}"]),
        ("rules: {r: {title: R, cause: info, severity: info, when: loss > 1, message: '{loss}'}}", []),
        ("rules: {r: {title: R, cause: info, severity: info, for: 3 points, levels: [{severity: info, when: loss > 1}, {severity: warning, when: loss > 2}]}}", ["p.yaml:6:36 [idle-field] 'severity' of rule 'r' has no effect: each of its levels has its own; remove it"]),
        ("rules: {r: {title: R, cause: info, severity: info, levels: [{when: loss > 1}, {severity: warning, when: loss > 2}]}}", []),
        (UNBOUNDED.format("mad(loss, w)"), ["p.yaml:8:53 [unbounded-mad] mad() over the whole run looks at all earlier rows anew on each row; give it a window with a length"]),
        (UNBOUNDED.format("mad(delta(twice), w)"), ["p.yaml:8:53 [unbounded-mad] mad() over the whole run looks at all earlier rows anew on each row; give it a window with a length"]),
        (UNBOUNDED.format("mean(loss, w) + mad(loss, ten)"), []),
        (UNBOUNDED.format("median(loss, w)"), []),
        (UNBOUNDED.format("mad(tested, w)"), []),
        (WINDOW.format("1", "last: n points, min: 9 points"), ["p.yaml:8:36 [never-full] window 'w' needs 9 points and never holds more than 1; let it need fewer, or make it longer"]),
        (WINDOW.format("9", "last: n points, min: 9 points"), ["p.yaml:8:36 [never-full] window 'w' needs 9 points and never holds more than 2; let it need fewer, or make it longer"]),
        (WINDOW.format("9", "last: 5 points, min: n points"), ["p.yaml:8:36 [never-full] window 'w' needs 9 points and never holds more than 5; let it need fewer, or make it longer"]),
        (WINDOW.format("null", "last: 5 points, min: n points"), []),
        (WINDOW.format("9", "last: n steps, min: 99 points"), []),
        (WINDOW.format("2", "last: 2 * n points, min: n points"), []),
        (WHEN.format("loss > 2 or loss <= 2"), ["p.yaml:6:77 [constant-condition] 'when' of rule 'r' always holds; where one part fails, another one holds"]),
        (WHEN.format("epoch > 3 and (loss > 2 or 2 >= loss)"), ["p.yaml:6:92 [constant-condition] this is always true; where one part fails, another one holds"]),
        (WHEN.format("not (loss > 2 and loss < 1)"), ["p.yaml:6:82 [constant-condition] this is never true; its parts rule each other out"]),
        (WHEN.format("loss > 2 and loss < 1"), ["p.yaml:6:77 [constant-condition] 'when' of rule 'r' never holds; its parts rule each other out"]),
        (WHEN.format("epoch > 3 or (loss > 2 and loss < 1)"), ["p.yaml:6:91 [constant-condition] this is never true; its parts rule each other out"]),
        (WHEN.format("loss > 2 or loss < 2"), []),
        (WHEN.format("loss > 2 or latest(loss) <= 2"), []),
        (WHEN.format("'default(loss > 2 or loss <= 2, false)'"), []),
        (WHEN.format("'nonfinite(loss) and loss > 2'"), ["p.yaml:6:78 [constant-condition] 'when' of rule 'r' never holds; where loss is not finite, nothing else is known of it: join them with 'or'"]),
        (WHEN.format('\'loss > 2 and count(loss, "9 points") > 9\''), ["p.yaml:6:91 [constant-condition] this is never true; that number is always 9"]),
        (WHEN.format("'loss > 1 / 0'"), ["p.yaml:6:85 [constant-condition] this is never known; what is divided by zero is unknown; to find NaN and infinite values, call nonfinite()"]),
        (WHEN.format("'not (loss > log(0))'"), ["p.yaml:6:90 [constant-condition] this is never known; log() is known above 0 only"]),
        (WHEN.format("'loss > sqrt(-1)'"), ["p.yaml:6:85 [constant-condition] this is never known; sqrt() is known from 0 on only"]),
        (WHEN.format("'loss > exp(999)'"), ["p.yaml:6:85 [constant-condition] this is never known; it is too large for a number; write a smaller one"]),
        (WHEN.format('\'zscore(loss, "4 points") > 2\''), ["p.yaml:6:78 [constant-condition] this is never true; that number lies between -1.5 and 1.5"]),
        (WHEN.format("'round(loss) == 0.5'"), ["p.yaml:6:78 [constant-condition] this is never true; that number has no fraction"]),
        (WHEN.format("'loss - loss > 1'"), ["p.yaml:6:78 [constant-condition] this is never true; that number is always 0"]),
        (WHEN.format("'loss > highest(loss)'"), ["p.yaml:6:78 [constant-condition] this is never true; highest() counts the present row: write prev(highest(loss)) for what came before"]),
        (WHEN.format("'loss < lowest(loss) - 0.1'"), ["p.yaml:6:78 [constant-condition] this is never true; lowest() counts the present row: write prev(lowest(loss)) for what came before"]),
        (WHEN.format("'loss > 2 and loss <= highest(loss)'"), ["p.yaml:6:91 [constant-condition] this is always true; highest() counts the present row: write prev(highest(loss)) for what came before"]),
        (WHEN.format('\'loss > maximum(loss, "5 points")\''), ["p.yaml:6:78 [constant-condition] this is never true; maximum() counts the present row: 'lag=1' leaves it out"]),
        (WHEN.format("'loss > max(loss, 3)'"), ["p.yaml:6:78 [constant-condition] this is never true; max(loss, 3) is never below loss"]),
        (WHEN.format('\'minimum(loss, "5 points") > median(loss, "5 points")\''), ["p.yaml:6:78 [constant-condition] this is never true; median(loss, '5 points') is never below minimum(loss, '5 points')"]),
        (WHEN.format("'loss > prev(highest(loss))'"), []),
        (WHEN.format('\'loss > maximum(loss, "5 points", lag=1)\''), []),
        ("params: {low: {default: 3}, high: {default: 2}}\ngates: {g: {require: {a: {value: loss, above: low, below: high}}}}", ["p.yaml:7:59 [constant-condition] requirement 'a' of gate 'g' is never met; no number keeps all of its limits"]),
        ("params: {low: {default: 1}, high: {default: 2}}\ngates: {g: {require: {a: {value: loss, above: low, below: high}}}}", []),
        (WHEN.format('\'count(loss, "9 points") >= 9\''), []),
        (WHEN.format('\'count(loss, "9 points") > 8\''), []),
        (WHEN.format('\'count(loss, "9 points") == 9\''), []),
        (f"families: {{a: [x, y], b: [u, v]}}\nmetrics: {{loss: {{keys: [loss], required: true}}, p: {{keys: ['p{{a}}']}}, q: {{keys: ['q{{b}}']}}}}\nrules: {{a: {RULE.replace('loss > 2', 'p > q')}}}", ["p.yaml:7:9 [unrelated-families] rule 'a' is judged for every pair of the families 'a' and 'b'; no metric has both; make it two rules"]),
        (f"families: {{a: [x, y], b: [u, v]}}\nmetrics: {{loss: {{keys: [loss], required: true}}, p: {{keys: ['p{{a}}']}}, q: {{keys: ['q{{b}}{{a}}']}}}}\nrules: {{a: {RULE.replace('loss > 2', 'p > q')}}}", []),
        ("twins: {eval: {keys: [eval_x, 'eval_{key}']}}\nmetrics: {loss: {keys: [loss], required: true, twin: eval}}", ["p.yaml:5:9 [constant-twin] key 'eval_x' of twin 'eval' is the same for every metric; write {key} where the metric's own key stands, as in eval_{key}"]),
        ("metrics:\n  loss: {keys: [loss], required: true}\n  'len/*': {metrics: {'{mean,p90}': {keys: [mean], help: Length}}}", ["p.yaml:7:24 [shared-key] metrics 'len_mean' and 'len_p90' are both read from 'len/mean'; write {name} in their keys"]),
        ("metrics:\n  loss: {keys: [loss], required: true}\n  'len/*': {metrics: {'{mean,p90}': {help: Length}}}", []),
        ("metrics: {loss: {keys: [loss], required: true}, ce: {keys: [ce]}}\ninvariants: {i: {holds: loss == ce, rel: 1}}", ["p.yaml:6:14 [loose-tolerance] 'rel' of invariant 'i' is 1, a share of the larger side; give less than 1, such as 0.05 for five per cent"]),
        ("metrics: {loss: {keys: [loss], required: true}, ce: {keys: [ce]}}\ninvariants: {i: {holds: loss == ce, rel: 0.5}}", []),
        (GATE.format("above: limit, near: 0.1"), []),
        ("params: {a: {default: 1 / 0}, b: {default: 1}}\ncommands: {c: '{a} {b}'}", ["p.yaml:6:23 [unknown-default] the default of param 'a' is no finite number; rules that use it are not evaluated: mend it, or write null if that is meant"]),
        ("params: {a: {default: 1 / b}, b: {default: null}}\ncommands: {c: '{a} {b}'}", []),
        ("params: {a: {default: null}, b: {default: a + 1}}\ncommands: {c: '{a} {b}'}", []),
        ("params: {a: {default: 1 / b}, b: {default: 0}}\ncommands: {c: '{a} {b}'}", ["p.yaml:6:23 [unknown-default] the default of param 'a' is no finite number; rules that use it are not evaluated: mend it, or write null if that is meant"]),
        ("params: {a: {default: 1 / b}, b: {default: 0}}\nvariants: {v: {set: {b: 2}}}\ncommands: {c: '{a} {b}'}", []),
        ('gates: {g: {require: {a: {value: \'share(loss > 2, "9 points")\', above: 50}}}}', ["p.yaml:6:72 [constant-condition] requirement 'a' of gate 'g' is never met; that number lies between 0 and 1"]),
        ('gates: {g: {require: {a: {value: \'count(loss, "9 points")\', at_least: 10}}}}', ["p.yaml:6:71 [constant-condition] requirement 'a' of gate 'g' is never met; that number is always 9"]),
        ("gates: {g: {require: {a: {value: 'loss / 0', above: 1}}}}", ["p.yaml:6:35 [constant-condition] this is never known; what is divided by zero is unknown; to find NaN and infinite values, call nonfinite()"]),
        ('gates: {g: {require: {a: {value: \'share(loss > 2, "9 points")\', above: 0.5}}}}', []),
        ('gates: {g: {require: {a: {value: \'count(loss, "9 points")\', at_least: 9}}}}', []),
        ("gates: {g: {require: {a: {value: 'step', at_least: 0}}}}", []),
        ("metrics: {loss: {keys: [loss], required: true}, twice: {expr: 2 * loss}}\nrules: {r: {title: R, cause: info, severity: info, message: '{loss}', when: step > 9 and nonfinite(twice)}}", ["p.yaml:6:90 [constant-condition] this is never true; twice is computed, and unknown where it is not finite: write nonfinite(loss)"]),
        (ACC.format("top: {expr: 'mean(acc, \"5 points\")'}") + "\nrules: {r: {title: R, cause: info, severity: info, message: '{loss}', when: '80 < prev(top, 9) and loss > 9'}}", ["p.yaml:6:78 [share-as-percent] top is a share of 1, which is held against 80; write 0.8"]),
        (ACC.format("top: {expr: 100 * acc}") + "\nrules: {r: {title: R, cause: info, severity: info, message: '{loss}', when: 'default(acc, 100) < 80 and top > 80 and acc <= 1.5'}}", []),
        (ACC.format("top: {keys: [top], unit: share, good: [null, 90]}"), ["p.yaml:5:141 [share-as-percent] top is a share of 1, which is held against 90; write 0.9"]),
        (ACC.format("top: {keys: [top], good: [50, 90]}") + "\nstages: {one: {to: 9 steps, expect: {top: [50, 90], acc: [40, 250]}}}", ["p.yaml:6:59 [share-as-percent] acc is a share of 1, which is held against 40; write 0.4"]),
        ("params: {part: {default: 30}}\ngates: {g: {require: {a: {value: progress, at_least: part}}}}", ["p.yaml:7:54 [share-as-percent] progress is a share of 1, which is held against 30; write 0.3"]),
        ("params: {part: {default: 30, max: 1}}\ngates: {g: {require: {a: {value: progress, at_least: part}}}}", ["p.yaml:6:26 [out-of-bounds] the default of param 'part' is 30, above its 'max' 1; mend one"]),
        (WHEN.format("progress > 300"), ["p.yaml:6:88 [share-as-percent] progress is a share of 1, which is held against 300; write a number between 0 and 1"]),
        ("actions: {a: {rank: 1, title: A, set: {lerning_rate: 4}, direction: {learning_rte: up}}}", ["p.yaml:6:40 [misspelt-setting] action 'a' sets 'lerning_rate', which no plan knows; did you mean 'learning_rate'?", "p.yaml:6:70 [misspelt-setting] action 'a' sets 'learning_rte', which no plan knows; did you mean 'learning_rate'?"]),
        ("actions: {a: {rank: 1, title: A, set: {g_learning_rate: 1, weight_decay: 2}, direction: {batch_size: up}}}", []),
        (GATE.format("above: limit"), ["p.yaml:8:56 [never-stuck] gate 'g' can never be stuck; give a requirement 'near'"]),
        (GATE.format("above: limit, below: 9, near: 0.1"), ["p.yaml:8:61 [fixed-limit] requirement 'a' of gate 'g' has a limit that no setting changes; make it a param"]),
    ],
)  # fmt: skip
def test_lints(tmp_path: Path, text: str, problems: list[str]) -> None:
    assert told(tmp_path, text) == problems


@pytest.mark.parametrize(("metric", "told_of"), [("{keys: [kl]}", True), ("{keys: [kl], good: [0, 1]}", False)])
def test_unused_metrics(tmp_path: Path, metric: str, told_of: bool) -> None:
    path = tmp_path / "p.yaml"
    path.write_text(HEAD.replace("metrics: {", f"metrics: {{kl: {metric}, "))
    found = [problem.message for problem in lint_pack(load_pack(path))]
    assert found == (["metric 'kl' is used nowhere"] if told_of else [])


@pytest.mark.parametrize(
    ("text", "problems"),
    [
        ("params: {limt: {default: 1}}", ["p.yaml:7:10 [unused-param] param 'limt' is used nowhere; did you mean 'limit', which is inherited? else use it in a rule or remove it"]),
        ("params: {other: {default: 1}}", ["p.yaml:7:10 [unused-param] param 'other' is used nowhere; use it in a rule or remove it"]),
        ("windows: {tne: {last: 1 point}}", ["p.yaml:7:11 [unused-window] window 'tne' is used nowhere; use it in a rule or remove it"]),
        ("windows: {twnty: {last: 1 point}}", ["p.yaml:7:11 [unused-window] window 'twnty' is used nowhere; did you mean 'twenty', which is inherited? else use it in a rule or remove it"]),
        ("metrics: {los: {keys: [lss]}}", ["p.yaml:7:11 [unused-metric] metric 'los' is used nowhere; did you mean 'loss', which is inherited? else use it, give it 'good', or remove it"]),
        ("windows: {twenty: {last: 9 points}}", []),
        ("windows: {twenty: {last: 9 points}}\n" + WHEN.format("'mean(loss, twenty) > 2'"), ["p.yaml:7:11 [changed-window] window 'twenty' takes the place of an inherited one, which inherited rules look at; give it a name of its own"]),
        (WHEN.format("'mean(loss, twenty) > 2'"), []),
    ],
)  # fmt: skip
def test_names_that_are_nearly_those_of_a_parent_or_its_own(tmp_path: Path, text: str, problems: list[str]) -> None:
    (tmp_path / "parent.yaml").write_text(
        HEAD + "params: {limit: {default: 1}}\nwindows: {twenty: {last: 20 points}}\n"
        "rules: {up: {title: Up, cause: info, severity: info, when: 'mean(loss, twenty) > limit'}}\n"
    )
    path = tmp_path / "p.yaml"
    path.write_text(HEAD.replace(METRICS, "extends: parent.yaml\n\n") + text + "\n")
    found = [f"{each.at} [{each.code}] {each.message}; {each.hint}" for each in lint_pack(load_pack(path))]
    assert [each.removeprefix(f"{tmp_path.as_posix()}/") for each in found] == problems


def test_what_a_parent_declares_is_the_parents_business(tmp_path: Path) -> None:
    (tmp_path / "parent.yaml").write_text(HEAD + "params: {a: {default: 1}}\n")
    assert told(tmp_path, "extends: parent.yaml\n") == []


def test_the_lints_that_are_errors_are_known_by_name() -> None:
    modules = {name: import_module(f"trainrules.engine.lints.{name.replace('-', '_')}") for name in lints.names()}
    assert tuple(name for name, module in modules.items() if module.SEVERITY == "error") == lints.ERRORS


OUT_OF_BOUNDS = (
    "schema: 1\npack: p\nversion: 1.0.0\ntitle: T\nmetrics: {loss: {keys: [loss]}}\n"
    "params: {a: {default: -5, min: 0}, b: {default: a * 2, max: -20}}\n"
    "rules:\n  high: {title: High, cause: diverging, severity: warning, when: loss > a + b}\n"
)
REFUSED = (
    "p.yaml:6:23: the default of param 'a' is -5, below its 'min' 0; mend one\n"
    "p.yaml:6:49: the default of param 'b' is -10, above its 'max' -20; mend one\n"
)


@pytest.mark.parametrize("command", ["eval --pack p.yaml run.jsonl", "test p.test.yaml", "show p.yaml"])
def test_what_a_lint_calls_an_error_is_refused_by_all(
    command: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    Path("p.yaml").write_text(OUT_OF_BOUNDS, encoding="utf-8")
    Path("p.test.yaml").write_text("schema: 1\ntests: [{name: a, series: {loss: 1x9}, expect: {}}]\n", encoding="utf-8")
    Path("run.jsonl").write_text('{"step": 1, "loss": 1}\n', encoding="utf-8")
    with pytest.raises(SystemExit) as left:
        main(command.split())
    printed = capsys.readouterr()
    assert (left.value.code, printed.out, printed.err) == (2, "", REFUSED)
