"""The command that starts a new pack from a log."""

from __future__ import annotations

import click

from . import complete
from .output import complain, page_style, say

UNKNOWN = 3

INIT_CODES = """\b
Exit codes:
  0  the files were written
  2  the command is wrong, or a file is there already
  3  the log cannot be read, or has no number to judge a run by"""


@click.command("init", short_help="Start a pack of your own from a log.", epilog=INIT_CODES)
@click.argument("name")
@click.argument("log", shell_complete=complete.files)
@click.option("--into", metavar="DIR", default=".", help="The folder to write to; it is made if it is not there.")
@click.option("--force", is_flag=True, help="Replace files that are there already.")
@click.option(
    "--extends",
    "parent",
    metavar="PACK",
    default="common",
    show_default=True,
    shell_complete=complete.packs,
    help="The shipped pack to build on.",
)
@click.option("--embed", is_flag=True, help="Write the text of the log into the tests instead of its path.")
@click.option(
    "--schemas/--no-schemas",
    default=True,
    help="Write pack.schema.json and test.schema.json beside the pack, for editors; by default yes.",
)
@click.pass_context
def init(
    context: click.Context, name: str, log: str, into: str, force: bool, parent: str, embed: bool, schemas: bool
) -> None:
    """Write NAME.yaml, a pack with the metrics of LOG and rules to start with, and NAME.test.yaml, its tests.

    What each key of the log is taken for stands in the comments. LOG may be of any format that 'rules eval' reads;
    "-" is standard input.
    """
    from ..engine.errors import LogError
    from ..engine.starter.start import Wish, start

    wish = Wish(name, log, into, parent, force, embed, schemas)
    try:
        done = start(wish)
    except LogError as error:
        complain(str(error))
        context.exit(UNKNOWN)
    from ..engine.render.startpage import render_start

    say(render_start(done, wish, width=page_style()["width"]))
