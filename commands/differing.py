"""The command that judges a log in two ways and tells them apart."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import click

from . import complete
from .options import Settings, form, input_format, settings, surroundings
from .output import complain, page_style, say

if TYPE_CHECKING:
    from ..engine.report import Report

SAME, DIFFERENT, WRONG, UNKNOWN = 0, 1, 2, 3
AGAINST = "--against"
_OF_A_WAY = ("--set", "--variant", "--overrides")
"""The options that either way has for itself."""

DIFF_CODES = """\b
Exit codes:
  0  both ways give the same
  1  they differ
  2  the command, a pack or a setting is wrong
  3  the log could not be judged either way"""


class _TwoWays(click.Command):
    """A command line in two parts: `--against` parts the settings of the first way from those of the second."""

    def parse_args(self, ctx: click.Context, args: list[str]) -> list[str]:
        first, second = _parted(args)
        ctx.meta[AGAINST] = second
        if args.count(AGAINST) > 1:
            raise click.UsageError(f"{AGAINST} is given more than once: a log is judged in two ways", ctx)
        return super().parse_args(ctx, first)


def _parted(args: Sequence[str]) -> tuple[list[str], list[str]]:
    """The arguments of the first way, with all that both share, and the settings of the second."""
    if AGAINST not in args:
        return list(args), []
    cut = args.index(AGAINST)
    first, second = list(args[:cut]), []
    rest = iter(args[cut + 1 :])
    for word in rest:
        if word in _OF_A_WAY:
            second += [word, *([value] if (value := next(rest, None)) is not None else [])]
        elif word.partition("=")[0] in _OF_A_WAY:
            second.append(word)
        elif word != AGAINST:
            first.append(word)
    return first, second


@click.command("--against")
@settings
def _other(**given: Any) -> None:
    """Holds the options of the second way."""


@click.command("diff", cls=_TwoWays, short_help="Judge a log in two ways, and tell them apart.", epilog=DIFF_CODES)
@click.argument("pack", shell_complete=complete.packs_to_judge_by)
@click.argument("log", shell_complete=complete.files)
@settings
@click.option(AGAINST, is_flag=True, expose_value=False, help="The settings after it are those of the second way, B.")
@surroundings
@input_format
@form
@click.pass_context
def diff(
    context: click.Context,
    /,
    pack: str,
    log: str,
    given: Settings,
    form: str,
    **shared: Any,
) -> None:
    """Judge LOG by PACK (or "auto") in two ways, and show in what findings and plan they differ.

    The settings before --against make the first way, A; those after it the second, B. Without settings a way is the
    pack as it is, with what a project or a file beside the log sets for both.
    """
    if log == "-":
        raise click.UsageError("the log is read twice: save standard input to a file first", context)
    second = _other.make_context(f"{context.info_name} {AGAINST}", list(context.meta[AGAINST]), parent=context.parent)
    other = Settings(**second.params)._replace(isolated=given.isolated)
    reports = [
        _judged(context, way, log, pack=pack, **own._asdict(), **shared) for way, own in (("A", given), ("B", other))
    ]
    from ..engine.difference import difference

    both = difference(*reports)
    if form == "json":
        from ..engine.render.diffjson import difference_json
        from ..engine.render.packjson import dumps

        say(dumps(difference_json(both)))
    else:
        from ..engine.render.diffpage import render_difference

        say(render_difference(both, **page_style()))
    if all(report.verdict == "unknown" for report in reports):
        context.exit(UNKNOWN)
    context.exit(SAME if both.is_same else DIFFERENT)


def _judged(context: click.Context, way: str, log: str, **given: Any) -> Report:
    """The report of one way; leaves where there is none."""
    from ..engine.errors import LogError, OverrideError
    from ..engine.evaluate import evaluate
    from ..engine.verdict import settle

    try:
        return settle(evaluate(log, **given), "never")[0]
    except LogError as error:
        complain(str(error))
        context.exit(UNKNOWN)
    except OverrideError as error:
        if way == "A":
            raise
        problems = [
            problem._replace(at=problem.at._replace(file=f"{AGAINST} {problem.at.file}"))
            if problem.at.file.startswith("--")
            else problem
            for problem in error.problems
        ]
        raise OverrideError(problems) from None
