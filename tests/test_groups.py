# ruff: noqa: E501 - tables of whole messages
"""Groups and twins: which metrics they stand for, where these stand in the file, and what is told of a slip."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from trainrules.engine.errors import PackError
from trainrules.engine.evaluate import evaluate
from trainrules.engine.groups import expand, identifier
from trainrules.engine.lints import lint_pack
from trainrules.engine.load import load_pack
from trainrules.engine.pack import Metric, Pack
from trainrules.engine.problems import Problems
from trainrules.engine.render.packdoc import render_pack_doc
from trainrules.engine.yamlio import compose

HEAD = "schema: 1\npack: demo\nversion: 1.0.0\ntitle: Demo\n"
TWINS = 'twins: {eval: {keys: ["eval_{key}", "eval/{key}"]}}\n'


def pack_of(folder: Path, text: str, parent: str = "") -> Pack:
    path = folder / "p.yaml"
    if parent:
        (folder / "parent.yaml").write_text(HEAD + parent)
        text = "extends: parent.yaml\n" + text
    path.write_text(HEAD + text)
    return load_pack(path)


def told(folder: Path, text: str) -> list[str]:
    with pytest.raises(PackError) as caught:
        pack_of(folder, text)
    return [str(problem).removeprefix(f"{folder.as_posix()}/") for problem in caught.value.problems]


def shown(metric: Metric) -> str:
    parts = [
        metric.id,
        f"line {metric.at.line}:{metric.at.column}",
        ",".join(metric.keys) or f"= {metric.expr and metric.expr.text}",
    ]
    parts += [metric.role] if metric.role != "train" else []
    parts += [f"where {metric.where.text}"] if metric.where else []
    parts += [f"by {','.join(metric.by)}"] if metric.by else []
    parts += [part for part in (metric.unit, metric.better) if part]
    parts += [f"in_loss {metric.in_loss}"] if metric.in_loss is not None else []
    parts += [f"good {metric.good}"] if metric.good else []
    return " | ".join(parts)


@pytest.mark.parametrize(
    ("text", "metrics"),
    [
        (
            'metrics:\n  "rollout/*":\n    unit: share\n    metrics:\n      f1: {better: higher}\n      fp: {unit: objects}',
            ["rollout_f1 | line 9:7 | rollout/f1 | share | higher", "rollout_fp | line 10:7 | rollout/fp | objects"],
        ),
        (
            'metrics:\n  "len*":\n    prefix: a.b/\n    metrics:\n      gen_{mean,p90}:\n      "{x,y}_{1,2}": {}',
            [
                "a_b_gen_mean | line 9:7 | a.b/gen_mean",
                "a_b_gen_p90 | line 9:7 | a.b/gen_p90",
                "a_b_x_1 | line 10:8 | a.b/x_1",
                "a_b_x_2 | line 10:8 | a.b/x_2",
                "a_b_y_1 | line 10:8 | a.b/y_1",
                "a_b_y_2 | line 10:8 | a.b/y_2",
            ],
        ),
        (
            'metrics: {"*": {prefix: ["", old/], metrics: {"memory(GiB)": {}, n: {keys: [n, "{name}_total"]}}}}',
            ["memory_GiB | line 5:48 | memory(GiB),old/memory(GiB)", "n | line 5:66 | n,n_total,old/n,old/n_total"],
        ),
        (
            'metrics: {"a/*": {in_loss: false, metrics: {x: {}, sum: {expr: a_x + 1}, y: {in_loss: true}}}}',
            ["a_x | line 5:45 | a/x | in_loss False", "a_sum | line 5:52 | = a_x + 1 | in_loss False", "a_y | line 5:74 | a/y | in_loss True"],
        ),
        (
            TWINS + 'metrics: {"a/*": {where: step > 1, by: r, twin: eval, unit: s, metrics: {x: {good: [0, 1]}, y: {twin: null, where: null, by: [c, r]}}}}\nlabels: {r: [r], c: [c]}',
            [
                "a_x | line 6:74 | a/x | where step > 1 | by r | s | good (0.0, 1.0)",
                "eval_a_x | line 6:74 | eval_a/x,eval/a/x | eval | s | good (0.0, 1.0)",
                "a_y | line 6:93 | a/y | by c,r | s",
            ],
        ),
        (
            'twins: {val: {keys: ["v/{name}", "{id}_v"], name: "{id}_on_val", where: step > 2, role: train}}\nmetrics: {kl: {keys: [kl, train/kl], twin: val}, "a/*": {twin: val, metrics: {x: {}}}}',
            [
                "kl | line 6:11 | kl,train/kl",
                "kl_on_val | line 6:11 | v/kl,v/train/kl,kl_v | where step > 2",
                "a_x | line 6:79 | a/x",
                "a_x_on_val | line 6:79 | v/x,a_x_v | where step > 2",
            ],
        ),
        (  # braces around one name are a family's
            TWINS + 'families: {layer: ["", _0]}\nmetrics: {"a/*": {twin: eval, metrics: {"{x,y}{layer}": {}}}}',
            [
                "a_x | line 7:42 | a/x{layer}",
                "eval_a_x | line 7:42 | eval_a/x{layer},eval/a/x{layer} | eval",
                "a_y | line 7:42 | a/y{layer}",
                "eval_a_y | line 7:42 | eval_a/y{layer},eval/a/y{layer} | eval",
            ],
        ),
        (  # the later refines the earlier
            'metrics: {"a/*": {metrics: {"{x,y}": {unit: s}, x: {good: [0, 1]}}}, a_y: {keys: [why]}}',
            ["a_x | line 5:49 | a/x | s | good (0.0, 1.0)", "a_y | line 5:70 | why | s"],
        ),
    ],
)  # fmt: skip
def test_what_a_group_stands_for(tmp_path: Path, text: str, metrics: list[str]) -> None:
    assert [shown(metric) for metric in pack_of(tmp_path, text).metrics.values()] == metrics


@pytest.mark.parametrize(
    ("child", "metrics"),
    [
        ('metrics: {"a/*": {where: step > 1}}', ["a_x | line 5:29 | a/x | where step > 1 | s", "a_y | line 5:36 | a/y | where step > 1 | s"]),
        ('metrics: {"a/*": {prefix: [b/, a/]}}', ["b_x | line 5:29 | b/x,a/x | s", "b_y | line 5:36 | b/y,a/y | s"]),
        (
            'metrics: {"a/*": {metrics: {y: {unit: t}, z: {}}}}',
            ["a_x | line 5:29 | a/x | s", "a_y | line 6:29 | a/y | t", "a_z | line 6:43 | a/z | s"],
        ),
        ("metrics: {a_y: {good: [0, 1]}}", ["a_x | line 5:29 | a/x | s", "a_y | line 6:11 | a/y | s | good (0.0, 1.0)"]),
        ("metrics: {a_y: {expr: a_x * 2}}", ["a_x | line 5:29 | a/x | s", "a_y | line 6:11 | = a_x * 2 | s"]),
    ],
)  # fmt: skip
def test_a_child_changes_a_group_or_one_metric_of_it(tmp_path: Path, child: str, metrics: list[str]) -> None:
    pack = pack_of(tmp_path, child, 'metrics: {"a/*": {metrics: {x: {}, y: {}}, unit: s}}\n')
    assert [shown(metric) for metric in pack.metrics.values()] == metrics


@pytest.mark.parametrize(
    ("text", "problems"),
    [
        ('metrics: {"a/*": {}}', ["p.yaml:5:12: group 'a/*' lacks 'metrics'; list the metrics that share its fields"]),
        ('metrics: {"a/*": 3}', ["p.yaml:5:18: 'a/*' must be a group of metrics, not the number 3; give it the metrics of the group, as in {prefix: rollout/, metrics: {length: {}}}"]),
        ('metrics: {"a/*": {prefx: b, metrics: {x: {}}}}', ["p.yaml:5:19: unknown key 'prefx'; did you mean 'prefix'?"]),
        ('metrics: {"a/*": {prefix: 3, metrics: {x: {}}}}', ["p.yaml:5:27: 'prefix' must be a text, or a list of texts, not the number 3; write it in brackets, as in prefix: [3]"]),
        ('metrics: {"a/*": {metrics: {x: {untit: s}}}}', ["p.yaml:5:33: unknown key 'untit'; did you mean 'unit'?"]),
        ('metrics: {"a/*b": {metrics: {x: {}}}}', ["p.yaml:5:12: 'a/*b' is not a name; begin with a letter, then letters, digits and '_'", "p.yaml:5:20: unknown key 'metrics'; known here: keys, expr, where, role, type, by, better, unit, required, good, in_loss, help, source, twin"]),
        (
            'metrics: {"a/*": {where: lss > 1, by: rnk, twin: evl, metrics: {"x_{1,2,3}": {}, y: {}}}}\nlabels: {rank: [r]}\n' + TWINS,
            [
                "p.yaml:5:26: unknown name 'lss'; declare it under metrics or params",
                "p.yaml:5:39: unknown label 'rnk'; did you mean 'rank'?",
                "p.yaml:5:50: unknown twin 'evl'; did you mean 'eval'?",
            ],
        ),
        ('metrics: {"a/*": {metrics: {"x_{1,2}": {unit: [s]}}}}', ["p.yaml:5:47: 'unit' must be a text or null, not a list; write one text; put it in quotes if it holds ': ' or begins with a bracket"]),
        ('metrics: {"a/*": {metrics: {"x_{1,2}": {keys: [x], expr: step}}}}', ["p.yaml:5:52: metric 'a_x_1' has both 'keys' and 'expr'; keep one of them"]),
        ('metrics: {"a/*": {metrics: {"x_{mean,}": {}}}}', ["p.yaml:5:30: a list in 'x_{mean,}' has an empty name; write it as in len_{mean,p90}"]),
        ('metrics: {"a/*": {metrics: {"x_{}": {}}}}', ["p.yaml:5:30: a list in 'x_{}' has an empty name; write it as in len_{mean,p90}"]),
        ('metrics: {"a/*": {metrics: {"x_{mean,p90": {}}}}', ["p.yaml:5:30: the braces of 'x_{mean,p90' do not match; write a list as in len_{mean,p90}"]),
        ('metrics: {"a/*": {metrics: {"x_{a,{b,c}}": {}}}}', ["p.yaml:5:30: the braces of 'x_{a,{b,c}}' do not match; write a list as in len_{mean,p90}"]),
        ('metrics: {"a/*": {metrics: {"' + "{a,b}" * 10 + '": {}}}}', [f"p.yaml:5:30: '{'{a,b}' * 10}' stands for more than 1,000 names; split it"]),
        (
            'metrics: {"a/*": {metrics: {"{x,y}": {unit: s}, "{y,z}": {unit: t}}}}',
            ["p.yaml:5:59: metric 'y' has 'unit' twice, here and in line 5; give it once"],
        ),
        (
            'metrics: {"a/*": {metrics: {x: {}}}, "b*": {prefix: a_, metrics: {x: {}}}}',
            ["p.yaml:5:67: metric 'a_x' comes from group 'a/*' and from 'b*'; take it out of one"],
        ),
        ('metrics: {"1/*": {metrics: {x: {}}}}', ["p.yaml:5:29: '1_x' is not a name; begin it with a letter; other characters than letters, digits and '_' become '_'"]),
        (
            'metrics: {"a/*": {where: a_x > 1, metrics: {x: {}, y: {}}}}',
            ["p.yaml:5:45: metric 'a_x' is defined by itself; give it 'where: null'"],
        ),
        ('metrics: {a: {keys: [a], twin: eval}}\ntwins: {eval: {name: "{id}_e"}}', ["p.yaml:6:9: twin 'eval' lacks 'keys'; say how its keys are formed, as in \"eval_{key}\""]),
        ('metrics: {a: {keys: [a], twin: eval}}', ["p.yaml:5:32: unknown twin 'eval'; declare it under twins"]),
    ],
)  # fmt: skip
def test_problems_are_told_once_at_their_place(tmp_path: Path, text: str, problems: list[str]) -> None:
    found = told(tmp_path, text)
    assert [each for each in found if "neither 'keys'" not in each] == problems


@pytest.mark.parametrize(
    ("text", "id"), [("rollout/f1", "rollout_f1"), ("memory(GiB)", "memory_GiB"), ("a//b.c-d", "a_b_c_d"), ("_x_", "x")]
)
def test_ids(text: str, id: str) -> None:
    assert identifier(text) == id


def test_a_tree_without_groups_is_given_back_as_it_is() -> None:
    tree = compose("metrics: {loss: {keys: [loss]}}\ntwins: {eval: {keys: ['eval_{key}']}}", "f").root
    assert expand(tree, Problems()) is tree


@pytest.mark.parametrize(
    ("metrics", "problems"),
    [
        ("{x: {help: Meaning}}", []),
        ("{x: {good: [0, 1]}}", []),
        ("{'{x,y}': {}, z: {help: Meaning}}", ["metric 'a_x' and 1 more of its line are used nowhere"]),
        ("{x: {help: Meaning, twin: null}}", ["twin 'eval' is used nowhere"]),
    ],
)
def test_a_glossary_may_hold_what_no_rule_uses(tmp_path: Path, metrics: str, problems: list[str]) -> None:
    pack = pack_of(tmp_path, TWINS + f'metrics: {{"a/*": {{twin: eval, metrics: {metrics}}}}}')
    assert [problem.message for problem in lint_pack(pack)] == problems


def test_the_page_of_a_pack_has_a_table_for_each_group(tmp_path: Path) -> None:
    text = (
        TWINS + "labels: {rank: [rank]}\nmetrics:\n  loss: {keys: [loss], help: What falls, in_loss: true}\n"
        '  "a/*":\n    help: About a.\n    source: "2"\n    prefix: [a/, old/a/]\n    where: step > 1\n    by: rank\n    twin: eval\n'
        "    metrics:\n      x_{1,2}: {unit: share, better: higher, help: An x, in_loss: false}\n"
        "      y: {keys: [y, y_total], good: [0, 1], twin: null, source: '3'}\n"
    )  # fmt: skip
    page = render_pack_doc(pack_of(tmp_path, text))
    assert page.partition("## Metrics\n\n")[2] == (
        "| metric | keys of the log, or from | good | meaning |\n| --- | --- | --- | --- |\n"
        "| `loss` | `loss` |  | What falls |\n\n"
        "### `a/*`\n\n"
        "About a. Keys begin with `a/` or `old/a/`. Observations are the rows where `step > 1`. Each rank is a series of its own. *2*\n\n"
        "| metric | after the prefix | unit, good | meaning | in the loss | in evaluation |\n| --- | --- | --- | --- | --- | --- |\n"
        "| `a_x_1` | `x_1` | share, higher is better | An x | no | `eval_a_x_1` |\n"
        "| `a_x_2` | `x_2` | share, higher is better | An x | no | `eval_a_x_2` |\n"
        "| `a_y` | `y`, `y_total` | 0 to 1 |  *3* |  |  |\n"
    )


def test_a_rule_over_a_group_reads_its_rows_ranks_and_twin(tmp_path: Path) -> None:
    """Rows where `where` does not hold are no observations, each rank is a series, the twin needs neither."""
    text = TWINS + (
        "extends: common\nlabels: {rank: [rank]}\n"
        'metrics: {"r/*": {where: "default(r_reuse, 0) == 0", by: rank, twin: eval, metrics: {reuse: {where: null}, f1: {help: F1}}}}\n'
        "rules:\n"
        "  low: {title: Low, cause: info, severity: warning, when: r_f1 < 0.5, for: 2 points}\n"
        "  low_eval: {title: Low in evaluation, cause: info, severity: warning, when: eval_r_f1 < 0.5}\n"
    )  # fmt: skip
    rows: list[dict[str, float]] = []
    for step in range(1, 7):
        reuse = (step + 1) % 2
        for rank in (0, 1):
            rows.append(
                {"step": step, "rank": rank, "loss": 1.0, "r/reuse": reuse, "r/f1": 0.1 if rank or reuse else 0.9}
            )
    rows.append({"step": 6, "eval_r/f1": 0.4})
    log = tmp_path / "run.jsonl"
    log.write_text("".join(json.dumps(row) + "\n" for row in rows))
    report = evaluate(log, pack=pack_of(tmp_path, text))
    found = {finding.rule: finding for finding in report.findings}
    assert found["low"].series == ("rank=1",)
    assert (found["low"].onset.step, found["low"].fired.step) == (1, 3)
    assert found["low_eval"].series == ()
