"""The command that checks packs, their tests and override files."""

from __future__ import annotations

import sys
from collections import Counter
from collections.abc import Iterator
from typing import TYPE_CHECKING

import click

from . import complete
from .options import skip_others
from .output import complain, page_style, say

if TYPE_CHECKING:
    from ..engine.validation import Outcome

FORMATS = ("text", "json", "github", "sarif")

VALIDATE_CODES = """\b
Exit codes:
  0  nothing is wrong
  1  there are problems, warnings among them unless --fail-on is error
  2  a file or folder cannot be read, or the command is wrong"""


@click.command("validate", short_help="Check packs, their tests and override files.", epilog=VALIDATE_CODES)
@click.argument("paths", metavar="PATH...", nargs=-1, required=True, shell_complete=complete.files)
@click.option(
    "--format",
    "form",
    type=click.Choice(FORMATS),
    default="text",
    show_default=True,
    help="Lines to read, data, or what GitHub shows in a pull request: as annotations or as SARIF.",
)
@click.option(
    "--color",
    type=click.Choice(["auto", "always", "never"]),
    default="auto",
    show_default=True,
    help="Show the lines that are wrong, in colours; auto: on a terminal.",
)
@click.option(
    "--fail-on",
    type=click.Choice(["warning", "error"]),
    default="warning",
    show_default=True,
    help="The least severity that makes the exit code 1.",
)
@click.option(
    "--pack",
    metavar="NAME|FILE",
    shell_complete=complete.packs,
    help="The pack that override files are for, if they do not say so; else their names are not checked.",
)
@skip_others
@click.pass_context
def validate_files(
    context: click.Context,
    paths: tuple[str, ...],
    form: str,
    color: str,
    fail_on: str,
    pack: str | None,
    skip_others: bool,
) -> None:
    """Check rule packs, files of pack tests and override files, and name every problem with its place and the mend.

    PATH is a file, or a folder, which is walked. 'rules explain CODE' tells more of a problem.
    """
    from ..engine.validation import validate

    outcome = validate(paths, pack, skip_others=skip_others, alone=False)
    if form == "text":
        from ..engine.render.problemtext import render

        style = page_style()
        is_shown = color == "always" or (color == "auto" and sys.stdout.isatty())
        is_painted = color == "always" or (color == "auto" and style["colour"])
        text = render(outcome, show=is_shown, width=style["width"], colour=is_painted, ascii_only=style["ascii_only"])
        say(text + ("" if outcome.problems else f"{_all_well(outcome)}\n"))
    else:
        from importlib import import_module

        module = import_module(f"..engine.render.problem{form}", __package__)
        say(module.render(outcome), commands=form == "github")
    if outcome.problems:
        complain(_amounts(outcome))
    if form == "text":
        complain(*_notes(outcome))
    is_failed = any(fail_on == "warning" or each.severity == "error" for each in outcome.problems)
    context.exit(2 if outcome.unread else 1 if is_failed else 0)


def _all_well(outcome: Outcome) -> str:
    if not outcome.files:
        return "nothing to validate"
    return f"{_files(outcome)} {'is' if len(outcome.files) == 1 else 'are'} valid"


def _amounts(outcome: Outcome) -> str:
    """How many problems there are, in how many files that were looked at."""
    from ..engine.words import counted, listed

    counts = Counter(each.severity for each in outcome.problems)
    told = [counted(counts[severity], severity) for severity in ("error", "warning") if counts[severity]]
    return f"{listed(told)} in {_files(outcome) or 'no file'}"


def _files(outcome: Outcome) -> str:
    from ..engine.words import counted, listed

    counts = Counter(each.kind for each in outcome.files)
    nouns = {"pack": ("pack",), "tests": ("file of tests", "files of tests"), "overrides": ("override file",)}
    return listed([counted(counts[kind], *noun) for kind, noun in nouns.items() if counts[kind]])  # type: ignore[index]


def _notes(outcome: Outcome) -> Iterator[str]:
    """What was not checked, what is the same of several files told once."""
    files: dict[tuple[str, str], list[str]] = {}
    for note in outcome.notes:
        files.setdefault((note.message, note.hint), []).append(note.file)
    for (message, hint), names in files.items():
        yield f"note: {', '.join(names)}: {message}; {hint}"
