"""The commands that look into packs: which there are, what one holds, what a name means, the SQL that judges a log."""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING

import click

from ..engine.errors import PackError, Position, Problem
from . import complete
from .options import Settings, as_file, form, input_format, pack_files, settings
from .output import complain, page_style, say

if TYPE_CHECKING:
    from ..engine.pack import Pack
    from ..engine.resolved import Resolved

WRONG, UNKNOWN = 2, 3

SQL_CODES = """\b
Exit codes:
  0  the SQL was printed
  2  the command, a pack or a setting is wrong
  3  the log cannot be judged"""


@click.command("packs", short_help="List the rule packs.")
@click.argument("paths", metavar="[PATH]...", nargs=-1, shell_complete=complete.files)
@form
@click.pass_context
def list_packs(context: click.Context, paths: tuple[str, ...], form: str) -> None:
    """List the packs that come with the tool, or those in files and folders of your own."""
    from ..engine.shelf import load_pack
    from ..engine.shipped import shipped_files

    files, problems = pack_files(paths)
    found: list[tuple[str, Pack]] = []
    for name in dict.fromkeys(map(os.path.normpath, files)) if paths else shipped_files():
        try:
            found.append((name, load_pack(as_file(name) if paths else name)))
        except PackError as error:
            problems += error.problems
    if form == "json":
        from ..engine.render.packjson import dumps, packs_json

        say(dumps(packs_json(found)))
    elif found:
        from ..engine.render.packlist import render_packs

        say(render_packs(found, **page_style()))
    if problems:
        complain(*dict.fromkeys(map(str, problems)))
        context.exit(WRONG)


@click.command("show", short_help="Show what a pack holds.")
@click.argument("pack", shell_complete=complete.packs)
@click.argument("log", required=False, shell_complete=complete.files)
@settings
@form
@click.pass_context
def show(
    context: click.Context,
    pack: str,
    log: str | None,
    given: Settings,
    form: str,
) -> None:
    """Show the thresholds of PACK with where each comes from, its rules, gates, stages and actions.

    With LOG, a file rules.override.yaml beside it counts as it does for 'rules eval'.
    """
    from ..engine.errors import LogError

    resolved = _resolved(pack, given, log)
    if log not in (None, "-") and not os.path.exists(log):
        complain(str(LogError("there is no such file", path=log, hint="check the path to the log")))
        context.exit(UNKNOWN)
    if form == "json":
        from ..engine.render.packjson import dumps, show_json

        say(dumps(show_json(resolved)))
        return
    from ..engine.render.packpage import render_pack

    say(render_pack(resolved, pack, **page_style()))


@click.command("explain", short_help="Explain a metric, a rule, a threshold, … or the code of a problem.")
@click.argument("pack", metavar="PACK|CODE", shell_complete=complete.packs_and_codes)
@click.argument("name", metavar="NAME", required=False, shell_complete=complete.names)
@settings
@form
@click.pass_context
def explain(
    context: click.Context,
    pack: str,
    name: str | None,
    given: Settings,
    form: str,
) -> None:
    """Explain what NAME means in PACK: a metric, a rule, a threshold, an action, a gate, …, or a key of the log.

    Without NAME, explain what 'rules validate' means by CODE.
    """
    if name is None:
        _explain_code(context, pack, form)
        return
    from ..engine.catalog import entries, named, unknown_name

    resolved = _resolved(pack, given, None)
    everything = entries(resolved.pack)
    found = named(everything, resolved.pack, name)
    if not found:
        hint = unknown_name(everything, resolved.pack, pack, name)
        complain(str(Problem(Position(pack), "unknown-name", f"unknown name {name!r}", hint)))
        context.exit(WRONG)
    if form == "json":
        from ..engine.render.packjson import dumps, explain_json

        say(dumps(explain_json(resolved, name, found)))
        return
    from ..engine.render.entrypage import render_entries

    say(render_entries(resolved, found, **page_style()))


def _home(name: str) -> str:
    """The shipped pack that has something of this name, `common` before those that inherit it; empty where none has."""
    from ..engine.catalog import entries, named
    from ..engine.shelf import load_pack
    from ..engine.shipped import shipped_files

    for pack in sorted(shipped_files(), key=lambda pack: pack != "common"):
        loaded = load_pack(pack)
        if named(entries(loaded), loaded, name):
            return pack
    return ""


def _explain_code(context: click.Context, code: str, form: str) -> None:
    from ..engine.codes.pages import all_codes, page
    from ..engine.errors import did_you_mean
    from ..engine.shipped import shipped_files

    if code not in all_codes():
        near = did_you_mean(code, all_codes())
        if code in shipped_files() or os.path.exists(code) or "." in code:
            raise click.MissingParameter(ctx=context, param=context.command.params[1])
        if home := _home(code):
            near = f"it stands in pack {home!r}; try 'rules explain {home} {code}'"
        hint = near or "docs/checks lists the codes; of a pack, 'rules explain PACK NAME'"
        complain(f"unknown code {code!r}; {hint}")
        context.exit(WRONG)
    found = page(code)
    if form == "json":
        from ..engine.render.packjson import dumps

        snippets = [{"fails": each.fails, "kind": each.kind, "text": each.text} for each in found.snippets]
        said = {"code": code, "severity": found.severity, "title": found.title, "why": found.why}
        say(dumps({**said, "snippets": snippets}))
    else:
        say(f"{code} ({found.severity})\n\n{found.text}")


def _resolved(pack: str, given: Settings, log: str | None) -> Resolved:
    from ..engine.params import resolve

    loaded = _loaded(pack)
    files = [Path(file) for file in given.override_files]
    return resolve(
        loaded, variant=given.variant, files=files, settings=given.settings, log=log, isolated=given.isolated
    )


def _loaded(pack: str) -> Pack:
    """The pack; one that does not exist stands on the line as PACK, not behind an option."""
    from ..engine.shelf import load_pack

    try:
        return load_pack(pack)
    except PackError as error:
        if error.position.file != "--pack":
            raise
        raise PackError([each._replace(at=Position("PACK")) for each in error.problems]) from None


@click.command("sql", short_help="Show the SQL by which a log is judged.", epilog=SQL_CODES)
@click.argument("pack", shell_complete=complete.packs_to_judge_by)
@click.argument("log", shell_complete=complete.files)
@settings
@input_format
@form
@click.pass_context
def show_sql(
    context: click.Context,
    pack: str,
    log: str,
    given: Settings,
    input_format: str | None,
    form: str,
) -> None:
    """Print the SQL that judging LOG by PACK runs in DuckDB, as a script with comments; PACK may be "auto".

    What is asked depends on what the log holds, so the log is read and judged for it.
    """
    from ..engine.errors import LogError
    from ..engine.opened import AUTO
    from ..engine.render.sqlpage import render_trace, trace_json
    from ..engine.tracing import trace

    try:
        meant = pack if pack == AUTO else _loaded(pack)
        found = trace(log, pack=meant, input_format=input_format, **given._asdict())
    except LogError as error:
        complain(str(error))
        context.exit(UNKNOWN)
    if form == "json":
        from ..engine.render.packjson import dumps

        say(dumps(trace_json(found)))
    else:
        say(render_trace(found, width=page_style()["width"]))


@click.command("schema", short_help="Print a JSON Schema.")
@click.argument("name", type=click.Choice(["pack", "test", "overrides", "report", "reports", "diff", "problems"]))
def print_schema(name: str) -> None:
    """Print the JSON Schema of a pack, of pack tests, of an override file, of reports, a difference or of problems."""
    from ..engine.schema import SCHEMAS

    say((SCHEMAS / f"{name}.schema.json").read_text(encoding="utf-8"))
