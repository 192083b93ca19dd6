"""The command that runs the tests of packs, and writes them from real runs."""

from __future__ import annotations

from typing import Any, NoReturn

import click

from . import complete
from .options import form, moment, once, pairs, skip_others
from .output import complain, page_style, say

FAILED, WRONG = 1, 2

TEST_CODES = """\b
Exit codes:
  0  every case passed
  1  a case failed, or coverage is required and lacking
  2  something is wrong with a file or a pack"""


@click.command("test", short_help="Run the tests of rule packs.", epilog=TEST_CODES)
@click.argument("paths", metavar="PATH...", nargs=-1, required=True, shell_complete=complete.files)
@click.option("--only", metavar="TEXT", help="Run the cases whose name has this in it, and leave coverage out.")
@click.option("--require-coverage", is_flag=True, help="Fail where a rule or a gate is not shown both ways by a case.")
@skip_others
@form
@click.option(
    "--record", "log", metavar="LOG", help="Write a case that expects what is said of this run today to PATH."
)
@click.option("--name", metavar="NAME", help="With --record: what the case is called; by default as the log.")
@click.option("--embed", is_flag=True, help="With --record: write the text of the log down instead of its path.")
@click.option(
    "--pack", metavar="NAME|FILE", help="With --record: the pack that a new file tests, if none is beside it."
)
@click.option(
    "--variant",
    metavar="NAME",
    multiple=True,
    callback=once,
    help="With --record: the variant in which the run is judged.",
)
@click.option(
    "--set", "settings", metavar="NAME=VALUE", multiple=True, callback=pairs, help="With --record: a setting."
)
@click.option("--now", metavar="TIME", callback=moment, help="With --record: the present time.")
@click.pass_context
def run_pack_tests(
    context: click.Context,
    /,
    paths: tuple[str, ...],
    only: str | None,
    require_coverage: bool,
    skip_others: bool,
    form: str,
    log: str | None,
    **recording: Any,
) -> None:
    """Judge the runs in files of pack tests, and tell where the reports are not as expected.

    PATH is a file of tests, a pack with tests beside it, or a folder with *.test.yaml files. With --record it is the
    file that a case is added to; no case that is there is changed.
    """
    if only is not None and (log is not None or require_coverage):
        other = "--record" if log is not None else "--require-coverage"
        raise click.UsageError(f"--only does not go with {other}", context)
    if log is not None:
        _record(context, paths, log, recording)
    elif any(recording.values()):
        option = next(name for name, value in recording.items() if value)
        raise click.UsageError(f"--{'set' if option == 'settings' else option} goes with --record", context)
    from ..engine.packtest.render import dumps, render
    from ..engine.packtest.run import run_tests

    outcome = run_tests(paths, only, skip_others=skip_others)
    if outcome.problems:
        complain(*map(str, outcome.problems))
        context.exit(WRONG)
    say(dumps(outcome) if form == "json" else render(outcome, **page_style()))
    context.exit(FAILED if outcome.failed or (require_coverage and outcome.gaps) else 0)


def _record(context: click.Context, paths: tuple[str, ...], log: str, recording: dict[str, Any]) -> NoReturn:
    from ..engine.packtest.record import Recording, record

    if len(paths) != 1:
        raise click.UsageError("--record writes to one file", context)
    name, problems = record(paths[0], Recording(log, **recording))
    if problems:
        complain(*map(str, problems))
        context.exit(WRONG)
    say(f"{paths[0]}: recorded {name!r}, it passes\n")
    context.exit(0)
