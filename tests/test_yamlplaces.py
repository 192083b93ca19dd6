"""Problems inside texts stand where the file has them, however YAML wrote the text."""

from __future__ import annotations

from pathlib import Path

import pytest

from trainrules.engine.errors import PackError
from trainrules.engine.load import load_pack

HEAD = "schema: 1\npack: p\nversion: 1.0.0\ntitle: P\nmetrics: {loss: {keys: [loss]}, phase: {keys: [p], type: text}}\n"


def marked(folder: Path, text: str) -> str:
    """The text with carets below what the one problem of a pack points at."""
    path = folder / "p.yaml"
    path.write_text(HEAD + text, encoding="utf-8")
    with pytest.raises(PackError) as caught:
        load_pack(path)
    (problem,) = caught.value.problems
    lines = text.splitlines()
    place = problem.at.line - HEAD.count("\n")
    lines.insert(place, " " * (problem.at.column - 1) + "^" * problem.width)
    return "\n".join(lines) + "\n"


RULE = "rules:\n  r:\n    title: R\n    cause: info\n    severity: info\n"


@pytest.mark.parametrize(
    "text",
    [
        # plain, in one line and folded
        """\
    when: loss > 1 and lss > 1
                       ^^^
""",
        """\
    when: loss > 1
      and lss > 1
          ^^^
""",
        """\
    when:
      loss > 1

      and   (lss > 1
             ^^^
      or loss < 0)
""",
        # in quotes
        """\
    when: 'phase == ''main'' and lss > 1'
                                 ^^^
""",
        """\
    when: "phase == \\"main\\" and lss > 1"
                                 ^^^
""",
        """\
    when: "phase == '\\u00e9\\x41\\U0001F600' and lss > 1"
                                               ^^^
""",
        """\
    when: "loss > 1\\tand lss > 1"
                         ^^^
""",
        """\
    when: "loss > 1 \\
           and lss > 1"
               ^^^
""",
        """\
    when: 'loss > 1
      and lss > 1'
          ^^^
""",
        # block texts
        """\
    when: |
      loss > 1
      and lss > 1
          ^^^
""",
        """\
    when: >
      loss > 1
        and lss > 1
            ^^^

      and loss > 2
""",
        """\
    when: >-  # folded
      loss > 1

      and lss > 1
          ^^^
""",
        """\
    when: |2+
        loss > 1 and
        lss > 1
        ^^^

""",
        # other characters, and anchors
        """\
    when: &a "phase == 'größe 日本' and lss > 1"
                                      ^^^
""",
        # other problems of expressions
        """\
    when: >
      loss > 1
      and abss(loss) > 1
          ^^^^
""",
        """\
    when: |
      loss > 1
      and loss.x > 1
          ^^^^^^
""",
        """\
    when: |
      loss > 1
      and phase == loss
          ^^^^^^^^^^^^^
""",
        """\
    when: |
      loss > 1
      and (phase ==
           ^^^^^^^^
        loss)
""",
        # texts with placeholders
        """\
    when: loss > 1
    message: >
      loss {loss:g}
      is {los:g}
          ^^^
""",
        """\
    when: loss > 1
    message: "\\"loss\\" is {los:g}"
                           ^^^
""",
        """\
    when: loss > 1
    message: "\\"loss\\" is {loss:>9}"
                          ^^^^^^^^^
""",
    ],
)
def test_places(tmp_path: Path, text: str) -> None:
    given = "".join(f"{line}\n" for line in text.splitlines() if not line.strip() or line.strip().strip("^"))
    assert marked(tmp_path, RULE + given) == RULE + text


def test_a_comma_that_tears_an_expression_apart_moves_nothing(tmp_path: Path) -> None:
    path = tmp_path / "p.yaml"
    path.write_text(HEAD + "rules: {r: {title: R, cause: info, severity: info, when: min(loss,2) > lss}}\n")
    with pytest.raises(PackError) as caught:
        load_pack(path)
    assert [(each.code, each.at.column, each.width) for each in caught.value.problems] == [
        ("unquoted-comma", 58, 17),
        ("unknown-name", 72, 3),
    ]
